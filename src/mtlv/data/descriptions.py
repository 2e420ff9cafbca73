"""Descriptions of labels in words: written in the config, or in a small file beside the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mtlv.data.tables import TableOptions
from mtlv.data.text_files import open_text, records
from mtlv.errors import DataError
from mtlv.words import counted

__all__ = ["read_descriptions"]


def read_descriptions(path: Path) -> dict[str, str]:
    """Read a mapping from label to description: YAML, JSON, or two columns of CSV or TSV.

    Raises:
        DataError: the file is not there, of another kind, or does not hold such a mapping.
    """
    if not path.is_file():
        raise DataError(
            "There is no file with descriptions.",
            where=str(path),
            hint="give a path relative to the config, or write the descriptions into the config",
        )
    match path.suffix.lower():
        case ".yaml" | ".yml" | ".json":
            return _mapping(path)
        case ".csv" | ".tsv":
            return _two_columns(path, "," if path.suffix.lower() == ".csv" else "\t")
        case _:
            raise DataError(
                "Descriptions cannot be read from this kind of file.",
                where=str(path),
                found=path.suffix or "no suffix",
                expected=".yaml, .yml, .json, .csv or .tsv",
            )


def _mapping(path: Path) -> dict[str, str]:
    with open_text(path, "utf-8") as file:
        text = file.read()
    try:
        value: Any = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise DataError(
            "The file with descriptions cannot be read.", where=str(path), found=str(error)
        ) from error
    if not isinstance(value, Mapping):
        raise DataError(
            "The file with descriptions holds no mapping.",
            where=str(path),
            found=type(value).__name__,
            expected="label: description in every line",
        )
    for label, description in value.items():
        if not isinstance(description, str):
            raise DataError(
                f"The description of '{label}' is not a text.",
                where=str(path),
                found=repr(description),
                expected="label: description in every line",
            )
    return {str(label): description for label, description in value.items()}


def _two_columns(path: Path, delimiter: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, fields in records(path, TableOptions(), delimiter):
        where = f"{path}, line {line}"
        if len(fields) != 2:
            raise DataError(
                "A line is not a label and its description.",
                where=where,
                found=counted(len(fields), "field"),
                expected=f"two fields separated by {delimiter!r}",
            )
        label, description = (field.strip() for field in fields)
        if label in found:
            raise DataError(f"The label '{label}' is described twice.", where=where)
        found[label] = description
    return found
