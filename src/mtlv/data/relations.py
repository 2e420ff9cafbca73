"""Relations between two arguments in one text: how the arguments are shown to an encoder.

A pair is one example, and what tells it from the other pairs of its sentence are its arguments:
either a placeholder stands in their place (`@CHEMICAL$`; BLUE), or marks stand around them
(`<e1> … </e1>`; Baldini Soares et al. 2019). Other entities of the sentence stay as they are. Where
the two overlap or touch, one placeholder stands for both (`@CHEM-GENE$`).

Placeholders and marks should be tokens of their own in the encoder's vocabulary, so a note of the
corpus lists those that occur; `noted_tokens` reads it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mtlv.data.corpus import Example, Part, Target
from mtlv.errors import DataError, nearest

__all__ = [
    "MARKS",
    "Argument",
    "Arguments",
    "Related",
    "Relation",
    "joined",
    "noted_tokens",
    "placeholder",
    "related_examples",
    "relation_target",
    "show_arguments",
]

Arguments = Literal["replace", "mark"]

MARKS = (("<e1>", "</e1>"), ("<e2>", "</e2>"))
"""Around the first and the second argument, with a blank on the inner side."""
SHOWN = re.compile(r"@[A-Za-z][\w-]*\$|</?e[12]>")
NOTE = "special tokens: "
UNKNOWN = "without a class"


@dataclass(frozen=True)
class Argument:
    """A stretch of a text, end excluded, and what stands in its place between `@` and `$`."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Relation:
    """A pair in its sentence.

    Args:
        id: unique in its dataset.
        text: the sentence, its arguments replaced or marked.
        label: name of the class; None where it is missing.
        where: file and line, for errors.
        part: the official part, if there is one.
        document: that it stands in; a document is not divided.
    """

    id: str
    text: str
    label: str | None
    where: str
    part: Part | None = None
    document: str | None = None


@dataclass(frozen=True)
class Related:
    """Examples, and what was counted while they were made.

    Args:
        examples: with the indices of their classes.
        counts: pairs and positives by part, then the pairs of each class.
        notes: the special tokens.
    """

    examples: tuple[Example, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]


def relation_target(
    name: str, labels: Sequence[str], description: str | None, negative: str | None = "false"
) -> Target:
    """Return a target that is judged by micro-F1 over the classes that are not the negative one."""
    return Target(
        name,
        "multiclass",
        tuple(labels),
        description,
        negative=negative,
        metric="f1_micro_positive",
    )


def placeholder(kind: str) -> str:
    """Return what stands in the place of an argument.

    >>> placeholder("GENE")
    '@GENE$'
    """
    return f"@{kind}$"


def joined(first: Argument, second: Argument) -> bool:
    """Whether two arguments overlap or touch."""
    return first.start <= second.end and second.start <= first.end


def show_arguments(
    text: str, first: Argument, second: Argument, how: Arguments, both: str | None = None
) -> str:
    """Return the text with its arguments replaced or marked.

    Args:
        text: that holds them.
        first: gets `<e1>`; which one that is, the dataset says, not the order in the text.
        second: gets `<e2>`.
        how: `replace` or `mark`.
        both: type of the placeholder for arguments that overlap or touch; None joins their types.

    >>> first, second = Argument(0, 7, "DRUG"), Argument(17, 21, "GENE")
    >>> show_arguments("Aspirin inhibits COX2.", first, second, "replace")
    '@DRUG$ inhibits @GENE$.'
    >>> show_arguments("Aspirin inhibits COX2.", first, second, "mark")
    '<e1> Aspirin </e1> inhibits <e2> COX2 </e2>.'
    """
    if how == "mark":
        return _marked(text, first, second)
    if joined(first, second):
        start, end = min(first.start, second.start), max(first.end, second.end)
        return text[:start] + placeholder(both or f"{first.type}-{second.type}") + text[end:]
    for argument in sorted((first, second), key=lambda a: a.start, reverse=True):
        text = text[: argument.start] + placeholder(argument.type) + text[argument.end :]
    return text


def related_examples(
    target: Target, relations: Iterable[Relation], tokens: Sequence[str] = ()
) -> Related:
    """Make examples of pairs.

    Args:
        target: with all classes.
        relations: the pairs, in their order.
        tokens: special tokens that cannot be told from the texts.

    Raises:
        DataError: a class that is not among the target's; names file and line.
    """
    examples: list[Example] = []
    counts: Counter[str] = Counter()
    shown = set(tokens)
    for relation in relations:
        examples.append(_example(relation, target))
        counts.update(_counts(relation, target))
        shown.update(SHOWN.findall(relation.text))
    notes = (f"{NOTE}{' '.join(sorted(shown))}",) if shown else ()
    return Related(tuple(examples), _ordered(counts, target), notes)


def noted_tokens(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the special tokens that a corpus's notes list.

    >>> noted_tokens(["train pairs: 3", "special tokens: @DRUG$ @GENE$"])
    ('@DRUG$', '@GENE$')
    """
    return tuple(t for note in notes if note.startswith(NOTE) for t in note[len(NOTE) :].split())


def _example(relation: Relation, target: Target) -> Example:
    label = relation.label
    if label is not None and label not in target.labels:
        raise DataError(
            "The class of a relation is not known.",
            where=relation.where,
            found=repr(label),
            expected=", ".join(target.labels),
            hint=nearest(label, target.labels),
        )
    return Example(
        relation.id,
        relation.text,
        targets={target.name: None if label is None else target.labels.index(label)},
        part=relation.part,
        where=relation.where,
        group=relation.document,
    )


def _marked(text: str, first: Argument, second: Argument) -> str:
    """Put marks in from the end; of two at one place, an end stands before a start."""
    marks: list[tuple[int, int, int, str]] = []
    for argument, (opening, closing) in zip((first, second), MARKS, strict=True):
        length = argument.end - argument.start
        marks.append((argument.start, 1, -length, f"{opening} "))
        marks.append((argument.end, 0, length, f" {closing}"))
    for place, _, _, mark in sorted(marks, reverse=True):
        text = text[:place] + mark + text[place:]
    return text


def _counts(relation: Relation, target: Target) -> Counter[str]:
    """Count a pair; one without a class is positive, for negatives are never in doubt."""
    before = f"{relation.part} " if relation.part else ""
    counts = Counter([f"{before}pairs"])
    if target.negative is not None:
        counts[f"{before}positives"] = int(relation.label != target.negative)
    counts[f"{before}{relation.label or UNKNOWN}"] += 1
    return counts


def _ordered(counts: Counter[str], target: Target) -> dict[str, int]:
    names = ("pairs", "positives", *target.labels, UNKNOWN)
    keys = [before + name for before in ("train ", "validation ", "test ", "") for name in names]
    return {key: counts[key] for key in keys if key in counts}
