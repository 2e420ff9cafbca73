"""Tagged sentences from any file, made into examples: one scheme, no long sentence, all counted.

Sentences of more than 30 words are cut into shorter examples (Peng et al. 2019), so that an encoder
need not truncate any; `mtlv.data.tags.part_runs` finds them again for scoring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mtlv.data.corpus import Example, Part
from mtlv.data.tags import (
    Normalised,
    Scheme,
    Tag,
    cuts,
    detect_scheme,
    mentions,
    parse_tag,
    part_id,
    tag_names,
    to_iob2,
)
from mtlv.errors import DataError, nearest

__all__ = ["Invalid", "Tagged", "TaggedSentence", "TaggingOptions", "tagged_examples"]

Invalid = Literal["repair", "refuse"]


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence as its file has it.

    Args:
        id: unique in its dataset, ending in `_s` and a number.
        tokens: its words.
        tags: one per word, in the scheme of the file.
        where: the file, for errors.
        lines: the line of each word; empty where words have none.
        part: the official part, if there is one.
    """

    id: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    where: str
    lines: tuple[int, ...] = ()
    part: Part | None = None

    def at(self, word: int) -> str:
        """Return the place of a word, for errors."""
        return f"{self.where}, line {self.lines[word]}" if self.lines else self.where


@dataclass(frozen=True)
class TaggingOptions:
    """How sentences become examples.

    Args:
        scheme: of the tags; None detects it.
        invalid: what to do with an I- that continues nothing: make it B- and count it, or refuse.
        max_words: longer sentences are cut; None cuts none.
        types: of mentions that may stand in the data; None takes those found.
        bare: type of tags that are only a letter.
    """

    scheme: Scheme | None = None
    invalid: Invalid = "repair"
    max_words: int | None = 30
    types: tuple[str, ...] | None = None
    bare: str = "entity"


@dataclass(frozen=True)
class Tagged:
    """Examples, and what was counted while they were made.

    Args:
        examples: with the indices of their tags.
        labels: the names of the tags, in the order of their indices.
        counts: sentences and mentions by part (and by type, if there are several).
        notes: of repaired tags and of sentences that were cut.
    """

    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]


def tagged_examples(
    task: str, sentences: Sequence[TaggedSentence], options: TaggingOptions
) -> Tagged:
    """Make examples of sentences.

    Args:
        task: name of the target.
        sentences: in their order.
        options: how.

    Raises:
        DataError: a tag that is none, is of another type or scheme, or continues nothing where
            that is refused; names file and line.
    """
    parsed = [_parsed(sentence, options) for sentence in sentences]
    scheme = options.scheme or detect_scheme(parsed)
    types = options.types or sorted({tag.type for tags in parsed for tag in tags if tag.type})
    labels = tag_names(types)
    examples: list[Example] = []
    counts: Counter[str] = Counter()
    repaired = cut = 0
    for sentence, given in zip(sentences, parsed, strict=True):
        normal = _normal(sentence, given, scheme, options.invalid)
        parts = _cut(task, replace(sentence, tags=normal.tags), options.max_words, labels)
        examples += parts
        counts.update(_counts(sentence.part, normal.tags, len(types) > 1))
        repaired += len(normal.repaired)
        cut += len(parts) > 1
    notes = [] if scheme == "iob2" else [f"tags were read as {scheme.upper()} and are IOB2 here"]
    if repaired:
        notes.append(f"{repaired:,} tags continued nothing (I- without B-) and became B-")
    if cut and options.max_words is not None:
        notes.append(_note_of_cuts(cut, examples, options.max_words))
    return Tagged(tuple(examples), labels, dict(counts), tuple(notes))


def _parsed(sentence: TaggedSentence, options: TaggingOptions) -> list[Tag]:
    tags: list[Tag] = []
    for word, text in enumerate(sentence.tags):
        tag = parse_tag(text, options.bare)
        if tag is None:
            raise DataError(
                "This is no tag.",
                where=sentence.at(word),
                found=repr(text),
                expected="O, or B-TYPE, I-TYPE (E- and S- in BIOES)",
                hint="name the column of the tags in `columns`",
            )
        if options.types is not None and tag.type and tag.type not in options.types:
            raise DataError(
                "A tag is not in the set of tags.",
                where=sentence.at(word),
                found=text,
                expected=", ".join(tag_names(options.types)),
                hint=nearest(tag.type, options.types),
            )
        tags.append(tag)
    return tags


def _normal(
    sentence: TaggedSentence, tags: Sequence[Tag], scheme: Scheme, invalid: Invalid
) -> Normalised:
    _check_prefixes(sentence, tags, scheme)
    normal = to_iob2(tags, scheme)
    if normal.repaired and invalid == "refuse":
        raise _continues_nothing(sentence, normal.repaired[0])
    return normal


def _check_prefixes(sentence: TaggedSentence, tags: Iterable[Tag], scheme: Scheme) -> None:
    known = "OBI" if scheme != "bioes" else "OBIESLU"
    for word, tag in enumerate(tags):
        if tag.prefix not in known:
            raise DataError(
                f"A tag is not in the set of tags of {scheme.upper()}.",
                where=sentence.at(word),
                found=sentence.tags[word],
                expected="O, B-TYPE or I-TYPE",
                hint="set `scheme: bioes`",
            )


def _continues_nothing(sentence: TaggedSentence, word: int) -> DataError:
    before = sentence.tags[word - 1] if word else "the start of the sentence"
    return DataError(
        "A tag continues a mention that is not there.",
        where=sentence.at(word),
        found=f"{sentence.tags[word]} after {before}",
        expected="a B- before it",
        hint="mend the line, or set `invalid: repair` to read it as B-",
    )


def _cut(
    task: str, sentence: TaggedSentence, limit: int | None, labels: Sequence[str]
) -> list[Example]:
    found = cuts(sentence.tags, limit)
    values = [labels.index(tag) for tag in sentence.tags]
    return [
        Example(
            part_id(sentence.id, number, len(found)),
            tokens=sentence.tokens[start:end],
            targets={task: values[start:end]},
            part=sentence.part,
            where=sentence.at(start),
            group=sentence.id if len(found) > 1 else None,
        )
        for number, (start, end) in enumerate(found, 1)
    ]


def _counts(part: Part | None, tags: Iterable[str], by_type: bool) -> Counter[str]:
    before = f"{part} " if part else ""
    found = mentions(tags)
    counts = Counter({f"{before}sentences": 1, f"{before}mentions": found.total()})
    if by_type:
        counts.update({f"{before}mentions of {name}": n for name, n in found.items()})
    return counts


def _note_of_cuts(cut: int, examples: Sequence[Example], limit: int) -> str:
    longer = sum(len(example.tokens or ()) > limit for example in examples)
    note = f"{cut:,} sentences of more than {limit} words were cut at O tags; "
    note += f"there are {len(examples):,} examples"
    return f"{note}, {longer:,} of them longer, for want of an O" if longer else note
