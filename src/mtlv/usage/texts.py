"""New examples of every corpus of a study, read from one file or given as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtlv.data.corpus import Example
from mtlv.data.tables import Row, Table
from mtlv.errors import DataError
from mtlv.store.record import InputForm
from mtlv.usage.columns import FORMS, Reading, Slot, table_options
from mtlv.usage.files import open_examples

__all__ = ["Given", "given_lists", "read_examples"]

USUAL_ID = "id"


@dataclass(frozen=True)
class Given:
    """N new examples, as each corpus takes them.

    Args:
        ids: what to call them.
        examples: N for every corpus that is given what it takes, by corpus.
        missing: what is missing for the other corpora, in words, by corpus.
    """

    ids: tuple[str, ...]
    examples: Mapping[str, tuple[Example, ...]]
    missing: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def read_examples(path: Path, readings: Mapping[str, Reading], *, every: bool = False) -> Given:
    """Read new examples from a file: .txt, .csv, .tsv, .jsonl, .json, .parquet or .conll.

    Args:
        path: of the file.
        readings: where the examples of each corpus stand.
        every: whether all corpora must be given what they take; else one is enough.

    Raises:
        DataError: the file or a column is not there, a text is empty, or there is none at all.
    """
    table = open_examples(path, table_options(readings))
    table.require(name for reading in readings.values() for name in reading.named)
    served = {
        name: reading
        for name, reading in readings.items()
        if reading.missing(table.columns) is None
    }
    absent = {name: reading for name, reading in readings.items() if name not in served}
    if absent and (every or not served):
        raise _missing(table, absent)
    columns = {name: reading.found(table.columns) for name, reading in served.items()}
    for own in columns.values():
        table.require(column for names in own.values() for column in names)
    id_column = _id_column(table, served)
    ids, found = _read(table, columns, id_column)
    if not ids:
        raise DataError("The file holds no text.", where=str(path))
    missing = {name: _lack(reading, table) for name, reading in absent.items()}
    return Given(tuple(ids), {name: tuple(own) for name, own in found.items()}, missing)


def given_lists(
    inputs: Mapping[str, InputForm],
    texts: Sequence[str] | None,
    pairs: Sequence[str] | None,
    tokens: Sequence[Sequence[str]] | None,
) -> Given:
    """Return lists as what corpora take.

    Args:
        inputs: what each corpus takes.
        texts: single texts, or the first of pairs.
        pairs: the second of pairs.
        tokens: lists of words.

    Raises:
        DataError: nothing is given, lists differ in length, or no corpus takes what is given.
    """
    sides: dict[InputForm, Sequence[Any] | None] = {"text": texts, "pair": pairs, "tokens": tokens}
    given = {form: side for form, side in sides.items() if side is not None}
    count = _count(given)
    _check_taken(set(inputs.values()), set(given))
    ids = tuple(str(number) for number in range(1, count + 1))
    examples: dict[InputForm, tuple[Example, ...]] = {
        form: tuple(_listed(form, own, i, texts) for i, own in enumerate(side))
        for form, side in given.items()
    }
    return Given(
        ids,
        {corpus: examples[form] for corpus, form in inputs.items() if form in examples},
        {c: f"it takes {FORMS[form]}" for c, form in inputs.items() if form not in examples},
    )


def _count(given: Mapping[InputForm, Sequence[Any]]) -> int:
    counts = {form: len(side) for form, side in given.items()}
    if not any(counts.values()):
        raise DataError("There is no text to score.")
    if len(set(counts.values())) > 1 or ("pair" in given and "text" not in given):
        found = {"text": "texts", "pair": "second texts", "tokens": "lists of words"}
        raise DataError(
            "Every example needs all that it is made of.",
            found=", ".join(f"{count} {found[form]}" for form, count in counts.items()),
            expected="as many of each",
        )
    return next(iter(counts.values()))


def _check_taken(taken: set[InputForm], given: set[InputForm]) -> None:
    """Refuse what no corpus takes; the texts beside second texts are half of the pairs."""
    if given & taken and not given - taken - ({"text"} if "pair" in given else set()):
        return
    raise DataError(
        f"The study learned from {' and '.join(FORMS[form] for form in FORMS if form in taken)}.",
        found=" and ".join(FORMS[form] for form in FORMS if form in given),
    )


def _listed(form: InputForm, own: Any, index: int, texts: Sequence[str] | None) -> Example:
    name, where = str(index + 1), f"example {index + 1}"
    if form == "tokens":
        return Example(name, tokens=_words(own, where))
    if form == "text" or texts is None:
        return Example(name, _filled(own, "text", where))
    return Example(name, _filled(texts[index], "text", where), _filled(own, "second text", where))


def _read(
    table: Table, columns: Mapping[str, Mapping[Slot, tuple[str, ...]]], id_column: str | None
) -> tuple[list[str], dict[str, list[Example]]]:
    wanted = [name for own in columns.values() for names in own.values() for name in names]
    wanted += [id_column] if id_column is not None else []
    ids: list[str] = []
    found: dict[str, list[Example]] = {corpus: [] for corpus in columns}
    for row in table.rows(list(dict.fromkeys(wanted))):
        own_id = None if id_column is None else row.values.get(id_column)
        ids.append(str(row.number if own_id in (None, "") else own_id))
        for corpus, own in columns.items():
            found[corpus].append(_example(row, ids[-1], own))
    return ids, found


def _example(row: Row, example: str, columns: Mapping[Slot, tuple[str, ...]]) -> Example:
    if "tokens" in columns:
        (column,) = columns["tokens"]
        return Example(example, tokens=_words(row.values.get(column), row.at(column)))
    second = _segment(row, columns["text_b"], "second text") if "text_b" in columns else None
    return Example(example, _segment(row, columns["text"], "text"), second)


def _segment(row: Row, columns: tuple[str, ...], what: str) -> str:
    where = row.at(" and ".join(columns))
    values = [row.values.get(column) for column in columns]
    for column, value in zip(columns, values, strict=True):
        if not isinstance(value, str | None):
            raise DataError(
                "This is no text.", where=row.at(column), found=repr(value), expected="text"
            )
    filled = [value for value in values if value and value.strip()]
    return _filled("\n\n".join(filled), what, where)


def _filled(text: Any, what: str, where: str) -> str:
    if not isinstance(text, str):
        raise DataError("This is no text.", where=where, found=repr(text), expected="text")
    if not text.strip():
        raise DataError(
            f"The {what} is empty.",
            where=where,
            expected="some text in every row",
            hint="remove the row",
        )
    return text


def _words(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of words; a text is split at its blanks."""
    words = value.split() if isinstance(value, str) else value
    if words is None or (isinstance(words, list | tuple) and not words):
        raise DataError(
            "The list of words is empty.",
            where=where,
            expected="some words in every row",
            hint="remove the row",
        )
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise DataError(
            "This is no list of words.",
            where=where,
            found=repr(value),
            expected='["some", "words"], or words with blanks between them',
        )
    return tuple(words)


def _id_column(table: Table, readings: Mapping[str, Reading]) -> str | None:
    """Return the first column of ids that the study's corpora know and the file has."""
    known = [*(reading.id for reading in readings.values()), USUAL_ID]
    return next((name for name in known if name is not None and name in table.columns), None)


def _lack(reading: Reading, table: Table) -> str:
    column = reading.missing(table.columns)
    return f"it takes {FORMS[reading.input]}, and there is no column '{column}'"


def _missing(table: Table, absent: Mapping[str, Reading]) -> DataError:
    first = next(iter(absent.values()))
    return DataError(
        f"There is no column '{first.missing(table.columns)}'.",
        where=table.where,
        found=", ".join(table.columns) or "no columns",
        expected="; ".join(
            f"{FORMS[own.input]} for '{name}' ({own.wanted})" for name, own in absent.items()
        ),
        hint=first.advice(table.columns),
    )
