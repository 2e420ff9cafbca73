"""The encoder `bow`: a bag of words and one fully connected hidden layer.

    h = φ(b + Σ_v x_v W_v)

- x_v: whether the text has word v, or how often.
- W: (V, H), a row for each word; only the rows of a text's words are touched.
- φ: sigmoid by default, which lets one say what a hidden unit is about.

The vocabulary is made of the training texts, by default of the words that occur in all corpora, so
that models of different tasks have the same inputs. Words outside it count for nothing. It is a
transformers model like any other, whose only token state is h: its folder holds a configuration and
a tokenizer, no weights; every job starts them at random from its own seed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput

from mtlv.errors import EncoderError
from mtlv.files import cache_folder, write_folder
from mtlv.fingerprint import fingerprint
from mtlv.model.settings import BowSettings, EncoderSettings
from mtlv.model.source import EncoderSource, pooling_of_random, with_special_tokens
from mtlv.tasks import TaskSet

__all__ = [
    "ACTIVATIONS",
    "BowConfig",
    "BowModel",
    "bow_source",
    "check_bow",
    "check_pretraining",
    "vocabulary",
]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[MASK]")
"""Their rows are 0, always; [CLS] opens every text, so that none is without a token."""
WORD = r"\w+(?:'\w+)*"
FEWEST_WORDS = 10
VERSION = 2
"""Raised when the same texts give another vocabulary."""
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


class BowConfig(PreTrainedConfig):  # type: ignore[misc]
    """Configuration of a bag of words.

    Args:
        vocab_size: V, special tokens included.
        hidden_size: H.
        activation: of the hidden layer.
        counts: `binary` or `counts`.
        rest: what transformers keeps of every model.
    """

    model_type = "mtlv-bow"

    def __init__(
        self,
        vocab_size: int = len(SPECIAL),
        hidden_size: int = 100,
        activation: str = "sigmoid",
        counts: str = "binary",
        **rest: Any,
    ) -> None:
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.activation, self.counts = activation, counts
        self.num_hidden_layers = 0
        super().__init__(**{"pad_token_id": 0, **rest})


class BowModel(PreTrainedModel):  # type: ignore[misc]
    """A bag of words and its hidden layer, in the form of a transformers encoder."""

    config_class = BowConfig

    def __init__(self, config: BowConfig) -> None:
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.bias = nn.Parameter(torch.zeros(config.hidden_size))
        self.post_init()

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        **_: Any,
    ) -> BaseModelOutput:
        """Return the hidden layer as the state of one token, (B, 1, H).

        Args:
            input_ids: (B, L); padding counts for nothing.
            attention_mask: 1 where there is a row of `inputs_embeds`, (B, L).
            inputs_embeds: rows of words in place of ids, (B, L, H); repeated ones count too.
        """
        if input_ids is not None:
            summed = self._summed(input_ids)  # (B, H)
        elif inputs_embeds is not None:
            mask = 1 if attention_mask is None else attention_mask.unsqueeze(-1)  # (B, L, 1)
            summed = (inputs_embeds * mask).sum(dim=1)  # (B, H)
        else:
            raise ValueError("a bag of words needs input_ids or inputs_embeds")
        hidden = ACTIVATIONS[self.config.activation](summed + self.bias)  # (B, H)
        return BaseModelOutput(last_hidden_state=hidden.unsqueeze(1))  # (B, 1, H)

    def get_input_embeddings(self) -> nn.Module:
        """Return the table of the words' rows."""
        return self.embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        """Replace the table of the words' rows."""
        self.embeddings = value

    def _summed(self, ids: Tensor) -> Tensor:
        """Return the sum of the words' rows, (B, H); special tokens, and repeated ones, have none.

        Padding is special too, so no mask is needed; and a sum does not know an order.
        """
        binary = self.config.counts == "binary"
        ids = ids.sort(dim=1).values if binary else ids  # (B, L)
        counted = ids >= len(SPECIAL)  # (B, L)
        if binary:
            counted[:, 1:] &= ids[:, 1:] != ids[:, :-1]
        table = self.embeddings.weight
        weights = counted.to(table.dtype)  # (B, L)
        return functional.embedding_bag(ids, table, per_sample_weights=weights, mode="sum")

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.weight[: len(SPECIAL)])


AutoConfig.register(BowConfig.model_type, BowConfig)
AutoModel.register(BowConfig, BowModel)


def bow_source(settings: EncoderSettings, texts: Mapping[str, Sequence[str]]) -> EncoderSource:
    """Make (or find) the folder of a bag of words.

    Args:
        settings: its size and vocabulary.
        texts: of the training part, and no others, by corpus.

    Raises:
        EncoderError: fewer than ten words are left.
    """
    words = vocabulary(texts, settings.bow)
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
    folder = cache_folder() / "bow" / name
    if not folder.exists():
        with write_folder(folder) as scrap:
            BowConfig(vocab_size=len(SPECIAL) + len(words), **size).save_pretrained(scrap)
            _tokenizer(words).save_pretrained(scrap)
    source = EncoderSource(str(folder), pooling_of_random(settings), name, random=True)
    return with_special_tokens(source, settings)


def vocabulary(texts: Mapping[str, Iterable[str]], settings: BowSettings) -> list[str]:
    """Return the words of some texts, the most frequent first, equally frequent ones by letter.

    Args:
        texts: by corpus.
        settings: which words to keep.
    """
    counts = {name: _count(own) for name, own in texts.items()}
    total: Counter[str] = sum(counts.values(), Counter())
    kept = [
        word
        for word, count in total.items()
        if count >= settings.min_count
        and not (settings.shared and any(word not in own for own in counts.values()))
    ]
    return sorted(kept, key=lambda word: (-total[word], word))[: settings.vocabulary]


def check_bow(settings: EncoderSettings, freeze_layers: int | str, tasks: TaskSet) -> None:
    """Make sure that a bag of words can do what is asked of it; other encoders pass.

    Raises:
        EncoderError: it cannot, as it has no layers and no state for each word.
    """
    if settings.name != "bow":
        return
    tagging = [task.name for task in tasks if task.kind == "tagging"]
    if tagging:
        raise EncoderError(
            "A bag of words has no state for each word, so it cannot tag them.",
            found=f"the tagging task '{tagging[0]}'",
            hint="leave it out with `tasks`, or use an encoder such as `minilm` or `scratch`",
        )
    if freeze_layers != 0:
        raise EncoderError(
            "A bag of words starts at random and has no layers to freeze.",
            where="train.freeze_layers",
            found=freeze_layers,
            expected="0",
        )
    if settings.lora is not None:
        raise EncoderError(
            "A bag of words has no layers for adapters.", where="encoder.lora", hint="remove it"
        )


def check_pretraining(settings: EncoderSettings) -> None:
    """Make sure that an encoder can learn to fill in hidden words.

    Raises:
        EncoderError: it is a bag of words.
    """
    if settings.name == "bow":
        raise EncoderError(
            "A bag of words has no state for each word, so it cannot be pretrained.",
            where="stages.pretrain",
            hint="remove the stage, or use an encoder such as `minilm` or `scratch`",
        )


def _count(texts: Iterable[str]) -> Counter[str]:
    word, normalise = re.compile(WORD), _normaliser().normalize_str
    return Counter(found for text in texts for found in word.findall(normalise(text)))


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
