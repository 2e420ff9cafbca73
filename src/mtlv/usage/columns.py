"""Columns: where in a file of new examples each corpus of a study finds what it takes.

A column is called as in the study's own data, or else `text`, `text_b` or `tokens`. Whoever names
another one means that one alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mtlv.data.file_source import FileSource
from mtlv.data.relation_source import RelationSource
from mtlv.data.tables import TableOptions
from mtlv.errors import nearest
from mtlv.store.record import InputForm, StudyRecord
from mtlv.studies.roles import without_role

__all__ = ["FORMS", "OPTIONS", "Reading", "Slot", "study_readings", "table_options"]

Slot = Literal["text", "text_b", "tokens"]
FORMS: dict[InputForm, str] = {
    "text": "single texts",
    "pair": "pairs of texts",
    "tokens": "lists of words",
}
"""What the forms of examples are called."""
OPTIONS: dict[Slot, str] = {"text": "--text", "text_b": "--text-b", "tokens": "--tokens"}
"""By which option of the command a column is named."""
SLOTS_OF: dict[InputForm, tuple[Slot, ...]] = {
    "text": ("text",),
    "pair": ("text", "text_b"),
    "tokens": ("tokens",),
}


@dataclass(frozen=True)
class Reading:
    """Where the examples of a corpus stand in a file.

    Args:
        input: what they are.
        columns: for each slot, what may fill it, best first; the columns of one choice make a text
            together.
        id: column of the ids; rows are numbered where it is absent.
        options: encoding, delimiter and quotes.
        named: columns that were named for this file, which must be there.
    """

    input: InputForm = "text"
    columns: Mapping[Slot, tuple[tuple[str, ...], ...]] = field(
        default_factory=lambda: {"text": (("text",),)}
    )
    id: str | None = None
    options: TableOptions = field(default_factory=TableOptions)
    named: tuple[str, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What an example is made of."""
        return SLOTS_OF[self.input]

    @property
    def wanted(self) -> str:
        """The columns that are looked for first, for people."""
        names = [name for slot in self.slots for name in self.columns[slot][0]]
        return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"

    def found(self, there: Sequence[str]) -> dict[Slot, tuple[str, ...]]:
        """Return the columns of every slot that can be filled from those of a file."""
        filled: dict[Slot, tuple[str, ...]] = {}
        for slot in self.slots:
            choices = [own for own in self.columns[slot] if set(own) <= set(there)]
            filled |= {slot: choices[0]} if choices else {}
        return filled

    def missing(self, there: Sequence[str]) -> str | None:
        """Return the first column that a file lacks, None if every slot can be filled."""
        filled = self.found(there)
        for slot in self.slots:
            if slot not in filled:
                return next(name for name in self.columns[slot][0] if name not in there)
        return None

    def advice(self, there: Sequence[str]) -> str:
        """Return what to do about the column that is missing."""
        slot = next(slot for slot in self.slots if slot not in self.found(there))
        return f"{nearest(self.columns[slot][0][0], there)}; {OPTIONS[slot]} names another column"


def study_readings(
    study: StudyRecord,
    corpora: Sequence[str] | None = None,
    named: Mapping[Slot, str] | None = None,
) -> dict[str, Reading]:
    """Return where the examples of some corpora of a study stand, by corpus.

    Where nothing but lists of words is wanted, they may also stand in the column of the texts, as
    words with blanks between them.

    Args:
        study: its record.
        corpora: those that are wanted; None means all that have tasks.
        named: columns of the file that hold something in place of the study's own. Where texts and
            pairs are wanted, a column of texts that is named without one of second texts is that of
            the single texts.
    """
    wanted = dict.fromkeys(corpora or (task.corpus for task in study.tasks))
    sources = {n: _source(without_role(study.config["data"].get(n) or {})) for n in wanted}
    inputs = {name: _input(study, name, source) for name, source in sources.items()}
    forms = set(inputs.values())
    readings: dict[str, Reading] = {}
    for name, source in sources.items():
        columns = _choices(source, only_tokens=forms == {"tokens"})
        own = _named(named or {}, inputs[name], beside_texts="text" in forms)
        columns |= {slot: ((column,),) for slot, column in own.items()}
        readings[name] = Reading(
            inputs[name], columns, _id_column(source), _options(source), tuple(own.values())
        )
    return readings


def table_options(readings: Mapping[str, Reading]) -> TableOptions:
    """Return how a file is read: as the study's own files, if those are all read alike."""
    options = {reading.options for reading in readings.values()}
    return options.pop() if len(options) == 1 else TableOptions()


def _source(settings: Mapping[str, Any]) -> FileSource | RelationSource | None:
    """Return what a config says of a corpus's columns; None for a known dataset or CoNLL files."""
    if settings.get("format") == "relations":
        own = {key: value for key, value in settings.items() if key != "format"}
        return RelationSource.model_validate(own)
    return FileSource.model_validate(settings) if "text" in settings else None


def _input(
    study: StudyRecord, corpus: str, source: FileSource | RelationSource | None
) -> InputForm:
    """Return what the examples of a corpus are; records did not always say it."""
    for record in study.corpora:
        if record.name == corpus and record.input is not None:
            return record.input
    if any(task.kind == "tagging" for task in study.tasks if task.corpus == corpus):
        return "tokens"
    return "pair" if isinstance(source, FileSource) and source.text_b else "text"


def _named(named: Mapping[Slot, str], form: InputForm, *, beside_texts: bool) -> dict[Slot, str]:
    """Return the columns that were named for a corpus."""
    own = {slot: column for slot, column in named.items() if slot in SLOTS_OF[form]}
    return {} if form == "pair" and beside_texts and "text_b" not in own else own


def _choices(
    source: FileSource | RelationSource | None, *, only_tokens: bool
) -> dict[Slot, tuple[tuple[str, ...], ...]]:
    """Return the columns that may fill each slot: those of the study's own data, the usual ones."""
    own: dict[Slot, tuple[str, ...]] = {}
    if isinstance(source, RelationSource):
        own = {"text": (source.columns.sentence,)}
    elif source is not None:
        own = {"text": source.text_columns}
        own |= {"text_b": (source.text_b,)} if source.text_b is not None else {}
    usual: dict[Slot, tuple[tuple[str, ...], ...]] = {
        "text": (("text",),),
        "text_b": (("text_b",),),
        "tokens": (("tokens",), ("text",)) if only_tokens else (("tokens",),),
    }
    return {
        slot: tuple(dict.fromkeys([*([own[slot]] if slot in own else []), *choices]))
        for slot, choices in usual.items()
    }


def _id_column(source: FileSource | RelationSource | None) -> str | None:
    if isinstance(source, RelationSource):
        return source.columns.index
    return None if source is None else source.id


def _options(source: FileSource | RelationSource | None) -> TableOptions:
    if source is None:
        return TableOptions()
    return TableOptions(source.encoding, source.delimiter, source.quotes)
