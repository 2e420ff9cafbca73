"""The encoder `scratch`: a small BERT that knows nothing, with a vocabulary of the training texts.

Its folder holds a configuration and a tokenizer, no weights; every job starts them at random from
its own seed. The same texts always give the same vocabulary, which the trainer of `tokenizers`
alone does not promise: it numbers the pieces that continue a word in the order of a hash table, and
breaks ties by those numbers. Here those pieces are known to it from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import BertConfig, PreTrainedTokenizerFast

from mtlv.fingerprint import fingerprint
from mtlv.model.cache import cached
from mtlv.model.settings import EncoderSettings
from mtlv.model.source import EncoderSource, pooling_of_random, with_special_tokens

__all__ = ["scratch_source"]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CONTINUED = "##"
MAX_POSITIONS = 512
VERSION = 2
"""Raised when the same texts give another vocabulary."""


def scratch_source(settings: EncoderSettings, texts: Sequence[str]) -> EncoderSource:
    """Make (or find) the folder of a scratch encoder; special tokens are not part of it.

    Args:
        settings: its size.
        texts: of the training part, and no others.
    """
    name = fingerprint([VERSION, settings.scratch.model_dump(), fingerprint(list(texts))])
    folder = cached("scratch", name, partial(_write, settings, texts))
    source = EncoderSource(str(folder), pooling_of_random(settings), name, random=True)
    return with_special_tokens(source, settings)


def _write(settings: EncoderSettings, texts: Sequence[str], folder: Path) -> None:
    tokenizer = _trained_tokenizer(texts, settings.scratch.vocabulary)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    fast.save_pretrained(folder)
    size = settings.scratch
    BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=size.hidden_size,
        num_hidden_layers=size.layers,
        num_attention_heads=size.attention_heads,
        intermediate_size=4 * size.hidden_size,
        max_position_embeddings=MAX_POSITIONS,
    ).save_pretrained(folder)


def _trained_tokenizer(texts: Sequence[str], vocabulary: int) -> Tokenizer:
    trained = _tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces = _continuing_letters(trained, texts)
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=[*SPECIAL, *pieces], show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    # A fresh one, as to the trained one those pieces are special tokens.
    tokenizer = _tokenizer(models.WordPiece(trained.get_vocab(), unk_token="[UNK]"))
    tokenizer.add_special_tokens(SPECIAL)
    start, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", start), ("[SEP]", end)],
    )
    return tokenizer


def _tokenizer(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _continuing_letters(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """Return the pieces of one letter that can continue a word, as punctuation cannot."""
    normalise, part = tokenizer.normalizer.normalize_str, tokenizer.pre_tokenizer.pre_tokenize_str
    letters = sorted({letter for text in texts for letter in normalise(text)})
    return [CONTINUED + own for own in letters if part(f"a{own}") == [(f"a{own}", (0, 2))]]
