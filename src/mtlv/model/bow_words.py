"""The words of the encoder `bow`, its tokenizer and its folder.

The vocabulary is made of the training texts, by default of the words that occur in all corpora, so
that models of different tasks have the same inputs. What one word is stands in `words`; a special
token is none, as the tokenizer keeps it whole. The folder holds a configuration and a tokenizer, no
weights; every job starts them at random from its own seed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from mtlv.errors import EncoderError
from mtlv.fingerprint import fingerprint
from mtlv.model.bow import SPECIAL, BowConfig
from mtlv.model.cache import cached
from mtlv.model.settings import BowSettings, EncoderSettings
from mtlv.model.source import EncoderSource, pooling_of_random, with_special_tokens
from mtlv.model.words import WORD

__all__ = ["bow_source", "vocabulary"]

FEWEST_WORDS = 10
VERSION = 2
"""Raised when the same texts give another vocabulary or tokenizer."""


def bow_source(settings: EncoderSettings, texts: Mapping[str, Sequence[str]]) -> EncoderSource:
    """Make (or find) the folder of a bag of words.

    Args:
        settings: its size and vocabulary.
        texts: of the training part, and no others, by corpus.

    Raises:
        EncoderError: fewer than ten words are left.
    """
    special = settings.special_tokens
    words = vocabulary(texts, settings.bow, () if special == "noted" else special)
    if len(words) < FEWEST_WORDS:
        raise EncoderError(
            f"The bag of words has {len(words) or 'no'} words.",
            where="encoder.bow",
            found=f"training texts of {', '.join(texts)}",
            expected=f"at least {FEWEST_WORDS} words",
            hint="set `bow: {shared: false}` to keep words that only some corpora have, or lower "
            "`min_count`",
        )
    size = settings.bow.model_dump(include={"hidden_size", "activation", "counts"})
    name = fingerprint([VERSION, size, words])
    folder = cached("bow", name, partial(_write, size, words))
    source = EncoderSource(str(folder), pooling_of_random(settings), name, random=True)
    return with_special_tokens(source, settings)


def _write(size: Mapping[str, Any], words: Sequence[str], folder: Path) -> None:
    BowConfig(vocab_size=len(SPECIAL) + len(words), **size).save_pretrained(folder)
    _tokenizer(words).save_pretrained(folder)


def vocabulary(
    texts: Mapping[str, Iterable[str]], settings: BowSettings, passed_over: Iterable[str] = ()
) -> list[str]:
    """Return the words of some texts, the most frequent first, equally frequent ones by letter.

    Args:
        texts: by corpus.
        settings: which words to keep.
        passed_over: special tokens, whose letters are no words.
    """
    counts = {name: _count(own, list(passed_over)) for name, own in texts.items()}
    total: Counter[str] = sum(counts.values(), Counter())
    kept = [
        word
        for word, count in total.items()
        if count >= settings.min_count
        and not (settings.shared and any(word not in own for own in counts.values()))
    ]
    return sorted(kept, key=lambda word: (-total[word], word))[: settings.vocabulary]


def _count(texts: Iterable[str], special: Sequence[str]) -> Counter[str]:
    word, normalise = re.compile(WORD), _normaliser().normalize_str
    tokens = "|".join(map(re.escape, sorted(special, key=len, reverse=True)))
    plain = (re.sub(tokens, " ", text) for text in texts) if tokens else texts
    return Counter(found for text in plain for found in word.findall(normalise(text)))


def _normaliser() -> normalizers.Normalizer:
    return normalizers.Sequence([normalizers.Replace("\u2019", "'"), normalizers.Lowercase()])


def _tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    ids = {word: index for index, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.normalizer = _normaliser()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), "removed", invert=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", pair="[CLS] $A $B", special_tokens=[("[CLS]", ids["[CLS]"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        mask_token="[MASK]",
    )
