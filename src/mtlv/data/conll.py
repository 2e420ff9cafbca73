"""Tagged words in lines by configuration alone: which files, which columns, which tags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from mtlv.data.builder import CorpusBuilder
from mtlv.data.conll_files import Columns, Layout, read_sentences
from mtlv.data.corpus import Corpus, Target
from mtlv.data.part_files import PathOrParts, part_files
from mtlv.data.tagging import Invalid, TaggingOptions, tagged_examples
from mtlv.data.tags import OUTSIDE, Scheme, parse_tag
from mtlv.settings import Settings

__all__ = ["ConllSource", "read_conll"]


class ConllSource(Settings):
    """Files of tagged words."""

    path: PathOrParts
    """One file, a folder of files named train, dev (or devel, development, validation) and test, or
    `{train: FILE, validation: FILE, test: FILE}`."""
    task: str | None = None
    """Name of the task; None takes the name of the corpus."""
    description: str | None = None
    """What the task means, in words."""
    columns: Columns | None = None
    """Names of the columns in their order (`[token, pos, tag]`), or indices from 0, from the end if
    negative (`{token: 0, tag: -1}`); `document` is known too. None: the word first, the tag last,
    or the four columns of BLUE."""
    separator: str | None = Field(None, min_length=1)
    """Between columns; None: a tab if the first line has one, else blanks."""
    labels: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Types of mentions (`[Disease]`) or all tags (`[O, B-Disease, I-Disease]`); None: those in the
    files."""
    scheme: Literal["bio", "iob1", "iob2", "bioes"] | None = None
    """Of the tags; `bio` is another name of `iob2`. None finds it out."""
    bare: str = "entity"
    """Type of tags that are only a letter."""
    invalid: Invalid = "repair"
    """An I- that continues nothing becomes B- and is counted (`repair`), or is an error
    (`refuse`)."""
    max_words: int | None = Field(30, ge=1)
    """Longer sentences are cut at O tags; None cuts none."""
    encoding: str = "utf-8"
    """Of the files."""

    @field_validator("columns")
    @classmethod
    def _token_and_tag(cls, value: Columns | None) -> Columns | None:
        if value is not None and not {"token", "tag"} <= set(value):
            raise ValueError("columns must name both 'token' and 'tag'")
        return value

    @field_validator("labels")
    @classmethod
    def _types_of_mentions(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None or OUTSIDE not in value:
            return value
        tags = {label: parse_tag(label, "") for label in value}
        if wrong := [label for label, tag in tags.items() if tag is None]:
            raise ValueError(f"beside 'O', '{wrong[0]}' is no tag such as 'B-{wrong[0]}'")
        return tuple(dict.fromkeys(tag.type for tag in tags.values() if tag and tag.type))

    @property
    def options(self) -> TaggingOptions:
        """How sentences become examples."""
        scheme: Scheme | None = "iob2" if self.scheme == "bio" else self.scheme
        return TaggingOptions(scheme, self.invalid, self.max_words, self.labels, self.bare)


def read_conll(name: str, source: ConllSource, base: Path) -> Corpus:
    """Read a corpus of tagged words.

    Args:
        name: of the corpus.
        source: what to read.
        base: folder that relative paths start from; the current folder is tried after it.

    Raises:
        DataError: something is wrong with a file; the message names file and line.
    """
    layout = Layout(source.columns, source.separator, source.encoding)
    files = part_files(source.path, base)
    task = source.task or name
    tagged = tagged_examples(task, read_sentences(files, layout), source.options)
    target = Target(task, "tagging", tagged.labels, source.description)
    builder = CorpusBuilder(name, [target], source=str(source.path))
    counts = [f"{what}: {count:,}" for what, count in tagged.counts.items()]
    return builder.extend(tagged.examples).build([*counts, *tagged.notes])
