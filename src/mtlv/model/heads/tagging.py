"""A tag for every word: a linear output on the first piece of each word, softmax, cross entropy.

The other pieces of a word have no target and are not scored (Devlin et al. 2019, section 5.3).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mtlv.model.heads.base import HEADS, Features, Head, soft_cross_entropy

__all__ = ["TaggingHead"]


@HEADS.register("tagging")
class TaggingHead(Head):
    """One tagging task: logits for every token, of which those of first pieces count."""

    @property
    def outputs(self) -> int:
        """One logit per tag."""
        return len(self.tasks[0].labels)

    def forward(self, features: Features) -> Tensor:
        """Return logits, (B, L, C)."""
        logits: Tensor = self.layers(features.tokens)
        return logits  # (B, L, C)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross entropy over all words that have a tag, (); 0 if there is none.

        Args:
            outputs: logits, (B, L, C).
            targets: index of the tag where a word begins, else NaN, (B, L).
        """
        present = ~targets.isnan()  # (B, L)
        classes = torch.where(present, targets, 0.0).long()
        losses = functional.cross_entropy(
            outputs.float().flatten(0, 1), classes.flatten(), reduction="none"
        )  # (B * L,)
        return (losses * present.flatten()).sum() / present.sum().clamp(min=1)

    def soft_loss(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean cross entropy against probabilities of words, (B, 1, L, C), ()."""
        return soft_cross_entropy(outputs.flatten(0, 1), scores[:, 0].flatten(0, 1))

    def decode(self, outputs: Tensor) -> Tensor:
        """Return probabilities of the tags, (B, 1, L, C)."""
        return outputs.float().softmax(dim=-1).unsqueeze(1)
