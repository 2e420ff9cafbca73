"""The seam of all weightings: what one is given, and the registry that it joins."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from mtlv.registry import Registry
from mtlv.training.weighting_settings import WeightingSettings

__all__ = ["WEIGHTINGS", "Units", "Weighting"]


@dataclass(frozen=True)
class Units:
    """What is weighted: the heads or the tasks of one network.

    Args:
        names: one per unit; their places are the indices that a weighting is given.
        positives: of each unit in the training part, (U,); of a head, the mean over its tasks.
        shares: of the tasks of one corpus that share an encoder, how many are the unit's, 0 to 1,
            (U,).
    """

    names: tuple[str, ...]
    positives: Tensor
    shares: Tensor

    def __len__(self) -> int:
        return len(self.names)


class Weighting(nn.Module):
    """Base of all weightings.

    Its parameters, if it has any, are trained together with the network, at `learning_rate` and
    without weight decay. Under data parallel every process weighs its own batches: weights that
    depend on losses then differ a little between processes, whose gradients are averaged.

    What it remembers between steps must be in its `state_dict`, as a buffer or through
    `get_extra_state`, so that a killed job can go on in the middle.
    """

    learning_rate = 0.01
    """Of the parameters."""
    looks_back = False
    """Whether it wants to see the losses of the last batch again after each update."""

    @abstractmethod
    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the loss whose gradient is the update, ().

        Args:
            losses: of the units that had targets in this step, (K,).
            present: indices of these units.
            shared: what all heads saw, (B, L, H), with its graph.
        """

    def on_epoch(self) -> None:
        """Hear that an epoch has ended."""

    def look_back(self, losses: Tensor, present: Sequence[int]) -> None:
        """See the losses of the last batch after the update.

        Args:
            losses: as in `forward`, of the changed network and without a graph, (K,).
            present: indices of their units.
        """


WEIGHTINGS: Registry[Callable[[WeightingSettings, Units], Weighting]] = Registry("weighting")
