"""Soft parameter sharing: every head has an encoder of its own, and a penalty ties them.

Plans say which tasks share a head; a setting says whether heads share one encoder or have one each:

    plans:
      - mtl: {name: soft, train: {soft_sharing: 1.0e-3}}   # an encoder per corpus and kind
      - gmhl: {groups: [[cough, fever], [rash]], name: tied, train: {soft_sharing: 1.0e-3}}

With M encoders, the loss of every step has one more term (after Duong et al. 2015, who tie the
parsers of two languages; MT-BERT names it as future work):

    strength * sum_i ||theta_i - mean||^2,    mean = (theta_1 + ... + theta_M) / M,

- theta_i all parameters of encoder i that learn, embeddings, biases and norms included; of
  adapters, their factors, not the product.

For two encoders this is half of strength * ||theta_1 - theta_2||^2. All start from the same
weights, where it is 0. A strength of 0 lets them learn by themselves; a large one lets them differ
little, as if there were one. A step moves all of them towards their mean, also those of other
corpora than its batch's, so accumulated batches count it once. Parameters that do not learn (frozen
layers, what adapters adapt) are there once, whatever the number of encoders.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["TiedEncoders", "members_of", "spread", "tied_copies"]

ENCODER = "encoder."
MEMBERS = "encoder.members."
"""What names of parameters in a network begin with."""


class TiedEncoders(nn.Module):
    """Encoders of one architecture, one for each head of a network.

    Args:
        members: in the order of the heads.
        strength: of the penalty, at least 0.
    """

    def __init__(self, members: Sequence[nn.Module], strength: float) -> None:
        super().__init__()
        # No ModuleList: one with as many members as an encoder has layers would be taken for them.
        self.members = nn.ModuleDict({str(i): member for i, member in enumerate(members)})
        self.strength = strength

    @property
    def config(self) -> Any:
        """The transformers configuration that all share."""
        return self.members["0"].config

    def penalty(self) -> Tensor | None:
        """Return strength * sum_i ||theta_i - mean||^2, (), or None where the strength is 0.

        The mean is taken as a constant: its own gradient is the sum of the differences, which is 0.
        """
        if self.strength == 0.0:
            return None
        squares = []
        for same in zip(*(member.parameters() for member in self.members.values()), strict=True):
            if same[0].requires_grad:
                mean = torch.stack([own.detach() for own in same]).mean(dim=0)
                squares += [(own - mean).square().sum() for own in same]
        return self.strength * torch.stack(squares).sum()


def tied_copies(encoder: nn.Module, count: int, strength: float) -> TiedEncoders:
    """Return an encoder and copies of it; parameters that do not learn are shared by all."""
    fixed = {id(own): own for own in encoder.parameters() if not own.requires_grad}
    copies = [copy.deepcopy(encoder, dict(fixed)) for _ in range(count - 1)]
    return TiedEncoders([encoder, *copies], strength)


def members_of(
    parameters: Collection[str], heads: Sequence[Collection[str]]
) -> dict[str, frozenset[str]]:
    """Return what the names of each encoder's parameters begin with, and the tasks of its heads.

    Args:
        parameters: names in a network, or in its checkpoint.
        heads: tasks of each head.

    >>> members_of(["encoder.w"], [["a"], ["b"]]) == {"encoder.": {"a", "b"}}
    True
    """
    if any(name.startswith(MEMBERS) for name in parameters):
        return {f"{MEMBERS}{index}.": frozenset(tasks) for index, tasks in enumerate(heads)}
    return {ENCODER: frozenset(task for tasks in heads for task in tasks)}


def spread(
    state: Mapping[str, Tensor],
    before: Mapping[str, Collection[str]],
    after: Mapping[str, Collection[str]],
    learned: Collection[str],
) -> dict[str, Tensor]:
    """Return the encoders that a network starts from, made of those of an earlier one.

    An encoder starts from the earlier one that learned its tasks, or from the mean of those that
    learned some of them. What the network's encoders share starts so for the tasks of all.

    Args:
        state: of the earlier encoders, by name.
        before: what their names begin with, and their tasks, as `members_of` gives them.
        after: the same of the network.
        learned: names of those parameters of the network that learn; the others are shared.
    """
    everything = frozenset(task for tasks in after.values() for task in tasks)
    shared = _mean(state, before, everything)
    result: dict[str, Tensor] = {}
    for start, tasks in after.items():
        for name, value in _mean(state, before, tasks).items():
            result[start + name] = value if start + name in learned else shared[name]
    return result


def _mean(
    state: Mapping[str, Tensor], members: Mapping[str, Collection[str]], tasks: Collection[str]
) -> dict[str, Tensor]:
    """Return the mean of the members that learned some of the tasks, by names without a start."""
    chosen = [start for start, own in members.items() if set(own) & set(tasks)] or list(members)
    names = [key.removeprefix(chosen[0]) for key in state if key.startswith(chosen[0])]
    if len(chosen) == 1:
        return {name: state[chosen[0] + name] for name in names}
    return {
        name: torch.stack([state[start + name] for start in chosen]).mean(dim=0) for name in names
    }
