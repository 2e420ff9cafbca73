"""The encoder `scratch`: a small BERT that knows nothing, with a vocabulary of the training texts.

Its folder holds a configuration and a tokenizer, no weights; every job starts them at random from
its own seed.
"""

from __future__ import annotations

from collections.abc import Sequence
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

from mtlv.files import cache_folder, write_folder
from mtlv.fingerprint import fingerprint
from mtlv.model.encoders import EncoderSource
from mtlv.model.settings import EncoderSettings

__all__ = ["scratch_source"]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_POSITIONS = 512


def scratch_source(settings: EncoderSettings, texts: Sequence[str]) -> EncoderSource:
    """Make (or find) the folder of a scratch encoder.

    Args:
        settings: its size.
        texts: of the training part, and no others.
    """
    name = fingerprint([settings.scratch.model_dump(), fingerprint(list(texts))])
    folder = cache_folder() / "scratch" / name
    if not folder.exists():
        with write_folder(folder) as scrap:
            _write(settings, texts, scrap)
    pooling = "mean" if settings.pooling == "auto" else settings.pooling
    return EncoderSource(str(folder), pooling, name, random=True)


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
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=SPECIAL, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    start, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", start), ("[SEP]", end)],
    )
    return tokenizer
