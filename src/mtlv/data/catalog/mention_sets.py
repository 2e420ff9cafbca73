"""What the datasets of tagged mentions share: their settings, and how a corpus is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import found_beside_published
from mtlv.data.conll_files import Layout, read_sentences
from mtlv.data.corpus import Corpus, Target
from mtlv.data.part_files import part_files
from mtlv.data.tagging import Invalid, TaggedSentence, TaggingOptions, tagged_examples
from mtlv.settings import Settings

__all__ = ["Explained", "MentionSet", "TaggingSettings", "mention_corpus", "sentences_of_files"]


class TaggingSettings(Settings):
    """Settings of a dataset of tagged mentions."""

    path: Path | None = None
    """The folder of its files, or a folder that holds it."""
    invalid: Invalid = "repair"
    """An I- that continues nothing becomes B- and is counted (`repair`), or is an error
    (`refuse`)."""
    max_words: int | None = Field(30, ge=1)
    """Longer sentences are cut at O tags; None cuts none."""


@dataclass(frozen=True)
class Explained:
    """Why a count that is found in some files is not the published one."""

    count: str
    found: int
    why: str


@dataclass(frozen=True)
class MentionSet:
    """A dataset with mentions of one type.

    Args:
        name: of the dataset, its corpus and its task.
        type: of the mentions.
        description: of the task, in words.
        published: counts.
        explained: differences that are known.
    """

    name: str
    type: str
    description: str
    published: Mapping[str, int]
    explained: tuple[Explained, ...] = ()


def sentences_of_files(source: Path) -> list[TaggedSentence]:
    """Read train, dev and test files of two or, as in BLUE, four columns."""
    return read_sentences(part_files(source), Layout())


def mention_corpus(
    dataset: MentionSet,
    sentences: Sequence[TaggedSentence],
    settings: TaggingSettings,
    source: Path,
    notes: Sequence[str] = (),
) -> Corpus:
    """Make a corpus of tagged sentences, with what was found beside what was published."""
    options = TaggingOptions(
        scheme="iob2",
        invalid=settings.invalid,
        max_words=settings.max_words,
        types=(dataset.type,),
        bare=dataset.type,
    )
    tagged = tagged_examples(dataset.name, sentences, options)
    target = Target(dataset.name, "tagging", tagged.labels, dataset.description)
    builder = CorpusBuilder(dataset.name, [target], source=str(source)).extend(tagged.examples)
    found = dict.fromkeys(dataset.published, 0) | tagged.counts
    known = [e.why for e in dataset.explained if found[e.count] == e.found]
    beside = found_beside_published(found, dataset.published)
    return builder.build([*beside, *known, *notes, *tagged.notes])
