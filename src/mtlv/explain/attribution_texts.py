"""Texts on their way to attributions: tokenised as in training, with what belongs to which word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mtlv.data import Example
from mtlv.errors import DataError, EncoderError
from mtlv.explain.words import Word, owner, words_of
from mtlv.model.encoders import load_tokenizer
from mtlv.model.source import EncoderSource

__all__ = ["EncodedText", "WordState", "baseline_token", "encode_texts", "readable"]

WordState = Literal["read", "cut off", "not read"]
PADDING_DECIDES_POSITIONS = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Families that count the places of tokens without those that are padding."""


@dataclass(frozen=True)
class EncodedText:
    """A text or a pair of texts as an encoder is given it.

    Args:
        id: of the example.
        ids: token ids, L of them.
        types: segment numbers, L of them.
        words: of the text, then of the second text of a pair.
        owners: by token, the index of the word that it belongs to; None for special tokens.
        cut: what the encoder is not given whole, as the input would be too long; "" for nothing.
        cut_words: indices of the words in it; of a pair, of both texts.
        unknown: words that the vocabulary has nothing for.
    """

    id: str
    ids: tuple[int, ...]
    types: tuple[int, ...]
    words: tuple[str, ...]
    owners: tuple[int | None, ...]
    cut: str
    cut_words: frozenset[int]
    unknown: tuple[str, ...]

    def state(self, word: int) -> WordState:
        """Return whether a word was read, cut off (in part, too), or has no piece to be read."""
        if word in self.cut_words:
            return "cut off"
        return "read" if word in self.owners else "not read"


def encode_texts(
    examples: Sequence[Example], source: EncoderSource, max_length: int
) -> list[EncodedText]:
    """Tokenise examples as training does.

    Args:
        examples: texts or pairs.
        source: of the encoder.
        max_length: of an input, in tokens; of a pair, the longer text is cut.

    Raises:
        DataError: a text is empty, is a list of words, or holds no word of the vocabulary.
        EncoderError: the tokenizer cannot be loaded.
    """
    tokenizer = load_tokenizer(source)
    return [_encoded(example, tokenizer, source, max_length) for example in examples]


def readable(examples: Sequence[Example], source: EncoderSource, max_length: int) -> list[Example]:
    """Return the examples that hold a word of the vocabulary: a bag of words may know none.

    Args:
        examples: texts or pairs.
        source: of the encoder.
        max_length: of an input, in tokens.

    Raises:
        DataError: there is none at all.
    """
    found, why = [], DataError("There is no text.")
    for example in examples:
        try:
            encode_texts([example], source, max_length)
        except DataError as error:
            why = error
        else:
            found.append(example)
    if not found:
        raise why
    return found


def baseline_token(source: EncoderSource, baseline: str, family: str) -> int:
    """Return the id of the token that stands for every word where a path begins.

    Args:
        source: of the encoder.
        baseline: `mask` or `pad`.
        family: of the encoder, as its configuration calls it.

    Raises:
        EncoderError: the tokenizer has no such token, or it would move the others.
    """
    if baseline == "pad" and family in PADDING_DECIDES_POSITIONS:
        raise EncoderError(
            "The baseline `pad` would change the positions of all other tokens.",
            where=source.address,
            found=f"an encoder of the family {family}",
            hint="use the baseline `mask`",
        )
    found = getattr(load_tokenizer(source), f"{baseline}_token_id")
    if found is None:
        other = "pad" if baseline == "mask" else "mask"
        raise EncoderError(
            f"The tokenizer has no {baseline} token.",
            where=source.address,
            hint=f"use the baseline `{other}`",
        )
    return int(found)


@dataclass
class _Segment:
    """A text of an input while its tokens are taken in.

    Args:
        text: as it was given.
        words: of it.
        first: index of its first word among those of all texts.
        whole: where its last piece ends when nothing is cut.
        end: where its last piece ends that was taken in.
    """

    text: str
    words: Sequence[Word]
    first: int
    whole: int
    end: int = 0

    def take(self, start: int, end: int) -> int | None:
        """Take a piece in, and return the index of the word that it belongs to."""
        self.end = max(self.end, end)
        own = owner(self.words, self.text, start, end)
        return None if own is None else self.first + own

    @property
    def kept(self) -> int:
        """How many of its words were taken in whole."""
        if self.end >= self.whole:
            return len(self.words)
        return sum(word.end <= self.end for word in self.words)

    @property
    def cut_words(self) -> range:
        """Indices of the words that were cut, in part or whole."""
        return range(self.first + self.kept, self.first + len(self.words))

    @property
    def rest(self) -> str:
        """The text from its first word on that was cut; "" for none."""
        return self.text[self.words[self.kept].start :] if self.kept < len(self.words) else ""


def _encoded(
    example: Example, tokenizer: Any, source: EncoderSource, max_length: int
) -> EncodedText:
    texts = _texts(example)
    encoded = tokenizer(
        *texts,
        truncation="longest_first",
        max_length=max_length,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    segments: list[_Segment] = []
    for text in texts:
        first = sum(len(own.words) for own in segments)
        found = words_of(text, source.special_tokens)
        segments.append(_Segment(text, found, first, _whole_end(text, tokenizer)))
    pieces = zip(encoded.sequence_ids(0), encoded["offset_mapping"], strict=True)
    owners = tuple(None if i is None else segments[i].take(*offsets) for i, offsets in pieces)
    words = [word.text for own in segments for word in own.words]
    unknown = _unknown(encoded["input_ids"], owners, words, tokenizer)
    _check_known(example.id, owners, unknown)
    return EncodedText(
        example.id,
        tuple(encoded["input_ids"]),
        tuple(encoded["token_type_ids"]),
        tuple(words),
        owners,
        " … ".join(own.rest for own in segments if own.rest),
        frozenset(index for own in segments for index in own.cut_words),
        unknown,
    )


def _whole_end(text: str, tokenizer: Any) -> int:
    """Return where the last piece of a text ends when nothing is cut."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return max((end for _, end in offsets["offset_mapping"]), default=0)


def _texts(example: Example) -> list[str]:
    if example.tokens is not None:
        raise DataError(
            "A list of words has no attributions: each of its words is decided by itself.",
            where=f"example '{example.id}'",
            hint="name a task on texts or pairs with --task",
        )
    texts = [own for own in (example.text, example.text_b) if own is not None]
    if not texts or not all(own.strip() for own in texts):
        raise DataError(
            "The text is empty.", where=f"example '{example.id}'", expected="some words"
        )
    return texts


def _unknown(
    ids: Sequence[int], owners: Sequence[int | None], words: Sequence[str], tokenizer: Any
) -> tuple[str, ...]:
    """Return the words of which some piece is the token for what is unknown."""
    pairs = zip(ids, owners, strict=True)
    lacking = {own for token, own in pairs if token == tokenizer.unk_token_id and own is not None}
    return tuple(words[index] for index in sorted(lacking))


def _check_known(example: str, owners: Sequence[int | None], unknown: Sequence[str]) -> None:
    read = {own for own in owners if own is not None}
    if len(read) > len(unknown):
        return
    raise DataError(
        "The text holds no word that the encoder knows.",
        where=f"example '{example}'",
        found=", ".join(unknown) or "no word at all",
        expected="words of the encoder's vocabulary",
    )
