"""The encoder `bow`: a bag of words and one fully connected hidden layer.

    h = φ(b + Σ_v x_v W_v)

- x_v: whether the text has word v, or how often.
- W: (V, H), a row for each word; only the rows of a text's words are touched.
- φ: sigmoid by default, which lets one say what a hidden unit is about.

It is a transformers model like any other, whose only token state is h. What one word is stands in
`words`, which of them are kept in `bow_words`; words outside the vocabulary count for nothing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput

from mtlv.errors import EncoderError
from mtlv.model.settings import EncoderSettings
from mtlv.tasks import TaskSet

__all__ = [
    "ACTIVATIONS",
    "SPECIAL",
    "BowConfig",
    "BowModel",
    "check_bow",
    "check_pretraining",
]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[MASK]")
"""Their rows are 0, always; [CLS] opens every text, so that none is without a token."""
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

        In evaluation the rows come through their table, where attributions can watch them.
        """
        weights = self._weights(ids)  # (B, L)
        if self.training:
            table = self.embeddings.weight
            return functional.embedding_bag(ids, table, per_sample_weights=weights, mode="sum")
        return torch.einsum("bl,blh->bh", weights, self.embeddings(ids))

    def _weights(self, ids: Tensor) -> Tensor:
        """Return how much each token counts, (B, L); padding is special, so no mask is needed."""
        counted = ids >= len(SPECIAL)  # (B, L)
        if self.config.counts == "binary":
            order = ids.sort(dim=1, stable=True)
            first = torch.ones_like(counted)
            first[:, 1:] = order.values[:, 1:] != order.values[:, :-1]
            counted &= torch.zeros_like(first).scatter(1, order.indices, first)
        return counted.to(self.embeddings.weight.dtype)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.weight[: len(SPECIAL)])


AutoConfig.register(BowConfig.model_type, BowConfig)
AutoModel.register(BowConfig, BowModel)


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
