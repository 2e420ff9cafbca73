"""What a config says about a flat file: where it is, which columns are text, labels and parts."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from mtlv.data.labels import LabelColumn
from mtlv.settings import Settings

__all__ = ["SUFFIXES", "FileSource", "Format"]

Format = Literal["csv", "tsv", "jsonl", "parquet", "huggingface"]

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def _shape_of_labels(value: Any) -> str:
    if isinstance(value, LabelColumn) or (isinstance(value, Mapping) and "column" in value):
        return "list"
    return "mapping" if isinstance(value, Mapping) else "columns"


# The tags keep the message about a wrong value to the one shape that was meant.
LabelSettings = Annotated[
    Annotated[LabelColumn, Tag("list")]
    | Annotated[dict[str, str], Field(min_length=1), Tag("mapping")]
    | Annotated[tuple[str, ...], Field(min_length=1), Tag("columns")],
    Discriminator(_shape_of_labels),
]


class FileSource(Settings):
    """A file of texts with binary labels."""

    path: str
    """File, folder or hub name; relative to the config's folder, else to the current one. `~` and
    `$VARIABLES` are replaced."""
    format: Format | None = None
    """Of the file; None means by its suffix (a folder or a hub name: huggingface)."""
    text: str | Annotated[tuple[str, ...], Field(min_length=1)]
    """Column of the text, or several that are joined by a blank line."""
    text_b: str | None = None
    """Column of the second text, where examples are pairs."""
    id: str | None = None
    """Column of the example ids; None numbers the rows from 1."""
    labels: LabelSettings
    """0/1 columns (`[cough, fever]`, or `{cough: column}` to rename), or one column with a list of
    names (`{column: tags, separator: ";", names: [...], min_count: 1}`)."""
    descriptions: dict[str, str] | str | None = None
    """What the labels mean in words: `{label: description}`, or a YAML, JSON, CSV or TSV file."""
    part: str | None = None
    """Column of the official part: train, validation (or dev, devel, val) or test."""
    empty: Literal["error", "drop"] = "error"
    """What to do with rows without text."""
    encoding: str = "utf-8"
    """Of CSV, TSV and JSON lines."""
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """Of CSV and TSV; None means a comma or a tab."""
    quotes: bool = True
    """Whether `"` quotes fields of CSV and TSV."""
    split: str | None = None
    """Of a Hugging Face dataset; None reads all splits as official parts."""
    subset: str | None = None
    """Of a Hugging Face dataset: its configuration."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise ValueError("no encoding of that name; try utf-8, latin-1 or cp1252") from error
        return value

    @model_validator(mode="after")
    def _splits_of_hub_only(self) -> FileSource:
        known = self.format or SUFFIXES.get(Path(self.path).suffix.lower(), "huggingface")
        if known != "huggingface" and (self.split or self.subset):
            raise ValueError("split and subset are for Hugging Face datasets only")
        return self

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns of the first text segment."""
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, once each."""
        match self.labels:
            case LabelColumn(column=column):
                labels: tuple[str, ...] = (column,)
            case dict():
                labels = tuple(self.labels.values())
            case _:
                labels = self.labels
        others = [name for name in (self.text_b, self.id, self.part) if name is not None]
        return tuple(dict.fromkeys([*self.text_columns, *others, *labels]))
