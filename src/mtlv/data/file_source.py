"""What a config says about flat files: where they are, which columns are text, labels and parts."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from mtlv.data.corpus import Part
from mtlv.data.labels import LabelColumn
from mtlv.data.tables import PART_NAMES
from mtlv.data.task_columns import TaskColumn
from mtlv.errors import nearest
from mtlv.settings import Settings

__all__ = ["SUFFIXES", "FileSource", "Format", "PathOrParts"]

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
    if value is None:
        return "none"
    if isinstance(value, LabelColumn) or (isinstance(value, Mapping) and "column" in value):
        return "list"
    return "mapping" if isinstance(value, Mapping) else "columns"


# The tags keep the message about a wrong value to the one shape that was meant.
LabelSettings = Annotated[
    Annotated[LabelColumn, Tag("list")]
    | Annotated[dict[str, str], Field(min_length=1), Tag("mapping")]
    | Annotated[tuple[str, ...], Field(min_length=1), Tag("columns")]
    | Annotated[None, Tag("none")],
    Discriminator(_shape_of_labels),
]


def _known_parts(value: Any) -> Any:
    """Give the files of a config the names of their parts: `dev` becomes `validation`."""
    if not isinstance(value, Mapping):
        return value
    named: dict[Any, Any] = {}
    for name, path in value.items():
        part = PART_NAMES.get(str(name).strip().lower())
        if part is None:
            raise ValueError(f"'{name}' is no part; {nearest(str(name), PART_NAMES)}")
        if part in named:
            raise ValueError(f"the part '{part}' has two files")
        named[part] = path
    return named


PathOrParts = Annotated[
    str | Annotated[dict[Part, str], Field(min_length=1)], BeforeValidator(_known_parts)
]
"""One path, or a path for each part."""


class FileSource(Settings):
    """A file of texts, or one for each part, with binary labels or tasks of other kinds."""

    path: PathOrParts
    """File, folder or hub name; relative to the config's folder, else to the current one. `~` and
    `$VARIABLES` are replaced. Or a file for each official part: `{train: a.tsv, test: b.tsv}`."""
    format: Format | None = None
    """Of the file; None means by its suffix (a folder or a hub name: huggingface)."""
    text: str | Annotated[tuple[str, ...], Field(min_length=1)]
    """Column of the text, or several that are joined by a blank line."""
    text_b: str | None = None
    """Column of the second text, where examples are pairs."""
    id: str | None = None
    """Column of the example ids; None numbers the rows from 1. Where every part has a file of its
    own, the part comes before it: `test-1`."""
    labels: LabelSettings = None
    """0/1 columns (`[cough, fever]`, or `{cough: column}` to rename), or one column with a list of
    names (`{column: tags, separator: ";", names: [...], min_count: 1}`)."""
    tasks: dict[str, TaskColumn] | None = Field(None, min_length=1)
    """Tasks with a column each: `{similarity: {column: score, kind: regression, range: [0, 5]},
    relation: {column: gold, kind: multiclass}}`; beside the labels or in place of them."""
    descriptions: dict[str, str] | str | None = None
    """What labels and tasks mean in words: `{label: description}`, or a YAML, JSON, CSV or TSV
    file."""
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
    def _something_to_learn(self) -> Self:
        if self.labels is None and self.tasks is None:
            raise ValueError("`labels`, `tasks`, or both")
        return self

    @model_validator(mode="after")
    def _splits_of_hub_only(self) -> Self:
        paths = [self.path] if isinstance(self.path, str) else self.path.values()
        known = {self.format or SUFFIXES.get(Path(path).suffix.lower()) for path in paths}
        if known.isdisjoint({None, "huggingface"}) and (self.split or self.subset):
            raise ValueError("split and subset are for Hugging Face datasets only")
        if self.parts is not None and "huggingface" in known:
            raise ValueError("a file for each part; a Hugging Face dataset has splits of its own")
        if self.parts is not None and self.part is not None:
            raise ValueError("either a file for each part, or a column that names the part")
        return self

    @property
    def parts(self) -> dict[Part, str] | None:
        """The file of each official part; None where there is one path for all."""
        return None if isinstance(self.path, str) else self.path

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns of the first text segment."""
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, once each."""
        match self.labels:
            case None:
                labels: tuple[str, ...] = ()
            case LabelColumn(column=column):
                labels = (column,)
            case dict():
                labels = tuple(self.labels.values())
            case _:
                labels = self.labels
        others = [name for name in (self.text_b, self.id, self.part) if name is not None]
        tasks = [task.column for task in (self.tasks or {}).values()]
        return tuple(dict.fromkeys([*self.text_columns, *others, *labels, *tasks]))
