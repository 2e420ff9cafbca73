"""Kept heads: what the heads of a network take over from those of an earlier job.

Heads are matched by the names of their tasks. A binary head has an output row for each task, so
one of some tasks takes their rows out of one of more:

- without hidden layers, every task's row comes from the head that learned it;
- with hidden layers, rows mean something above these alone: they come from the one head that
  learned most of the tasks. Its hidden layers are taken from below for as long as their shapes are
  equal, and its rows where all hidden layers are.

A head of another kind has one task, and is taken whole where all its shapes are equal. Weights of
positives are not taken: they are set from the training part.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mtlv.errors import PlanError
from mtlv.model.heads import Head
from mtlv.model.network import Network
from mtlv.training import checkpoint
from mtlv.words import counted, listed

__all__ = ["EarlierHead", "Kept", "keep_heads", "kept_by"]

log = logging.getLogger(__name__)

WEIGHT = ".weight"
PARTS = (WEIGHT, ".bias")
"""Of a linear layer."""


@dataclass(frozen=True)
class EarlierHead:
    """A head that was trained before.

    Args:
        tasks: their names, in the order of its outputs.
        state: its parameters and buffers, by their names in the head.
    """

    tasks: tuple[str, ...]
    state: Mapping[str, Tensor]


@dataclass(frozen=True)
class Kept:
    """What one head takes over.

    Args:
        state: parameters and buffers, by their names in the head.
        tasks: those whose outputs are taken.
        hidden: how many hidden layers are taken.
    """

    state: Mapping[str, Tensor]
    tasks: tuple[str, ...] = ()
    hidden: int = 0


NOTHING = Kept({})


def keep_heads(network: Network, folder: Path, model: Sequence[Sequence[str]]) -> None:
    """Let the heads of a network start from those of a trained job; what is left out is logged.

    Args:
        network: to change.
        folder: of the job.
        model: heads of that job, as lists of task names.

    Raises:
        StoreError: the job kept no weights.
        PlanError: nothing of its heads fits any head of the network.
    """
    states = checkpoint.head_states(folder, len(model))
    earlier = [EarlierHead(tuple(own), state) for own, state in zip(model, states, strict=True)]
    heads = [network.head(index) for index in range(len(network.heads))]
    kept = [kept_by(head, earlier) for head in heads]
    if not any(own.state for own in kept):
        raise _nothing_fits(heads, earlier, folder)
    for head, own in zip(heads, kept, strict=True):
        head.load_state_dict(dict(own.state), strict=False)
        if own.tasks != _names(head):
            log.warning(_left_out(head, own))


def kept_by(head: Head, earlier: Sequence[EarlierHead]) -> Kept:
    """Return what a head takes over from earlier heads, as the module says."""
    if head.tasks[0].kind == "binary":
        return _rows(head, earlier)
    own = head.state_dict()
    for other in earlier:
        if other.tasks == _names(head) and _shapes(other.state) == _shapes(own):
            return Kept(other.state, other.tasks, len(_linears(own)) - 1)
    return NOTHING


def _rows(head: Head, earlier: Sequence[EarlierHead]) -> Kept:
    """Return the hidden layers and the rows of the output layer that a binary head takes."""
    own, wanted = head.state_dict(), set(_names(head))
    givers = [other for other in earlier if wanted & set(other.tasks)]
    *hidden, last = _linears(own)
    if hidden and givers:
        givers = [max(givers, key=lambda other: len(wanted & set(other.tasks)))]
    state = _equal_from_below(own, givers[0].state, hidden) if givers else {}
    taken = len(state) // len(PARTS)
    rows: dict[str, tuple[Tensor, Tensor]] = {}
    if taken == len(hidden):
        rows = {t: row for other in givers for t, row in _rows_of(other, last, own).items()}
    tasks = tuple(name for name in _names(head) if name in rows)
    if tasks:
        state |= {last + part: own[last + part].clone() for part in PARTS}
    for task in tasks:
        place = _names(head).index(task)
        for part, value in zip(PARTS, rows[task], strict=True):
            state[last + part][place] = value
    return Kept(state, tasks, taken)


def _equal_from_below(
    own: Mapping[str, Tensor], other: Mapping[str, Tensor], hidden: Sequence[str]
) -> dict[str, Tensor]:
    """Return the other head's hidden layers, up to the first that is missing or differs."""
    state: dict[str, Tensor] = {}
    for name in hidden:
        if name not in _linears(other)[:-1]:
            break
        if own[name + WEIGHT].shape != other[name + WEIGHT].shape:
            break
        state |= {name + part: other[name + part] for part in PARTS}
    return state


def _rows_of(
    other: EarlierHead, last: str, own: Mapping[str, Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return weight (H,) and bias () of each task of a head that is as deep and as wide."""
    if _linears(other.state)[-1] != last:
        return {}
    weight, bias = (other.state[last + part] for part in PARTS)  # (T, H), (T,)
    if weight.shape[1] != own[last + WEIGHT].shape[1]:
        return {}
    return {task: (weight[i], bias[i]) for i, task in enumerate(other.tasks)}


def _linears(state: Mapping[str, Tensor]) -> list[str]:
    """Return the names of a head's linear layers, from below."""
    names = [key.removesuffix(WEIGHT) for key in state if key.endswith(WEIGHT)]
    return sorted(names, key=lambda name: int(name.rpartition(".")[2]))


def _names(head: Head) -> tuple[str, ...]:
    return tuple(task.name for task in head.tasks)


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}


def _left_out(head: Head, kept: Kept) -> str:
    fresh = [name for name in _names(head) if name not in kept.tasks]
    hidden = counted(kept.hidden, "hidden layer")
    return (
        f"keep_heads: the head of {listed(_names(head))} takes {hidden} and starts with fresh "
        f"outputs for {listed(fresh)}: the earlier heads of these are not of the same layers"
    )


def _nothing_fits(heads: Sequence[Head], earlier: Sequence[EarlierHead], folder: Path) -> PlanError:
    return PlanError(
        "`keep_heads` is set, and nothing of the earlier heads fits the new ones.",
        where=str(folder),
        found="; ".join(_described(own.tasks, own.state) for own in earlier) or "no head",
        expected="; ".join(_described(_names(head), head.state_dict()) for head in heads),
        hint="give both plans the same `layers` and `hidden_size` of `head`, or leave "
        "`keep_heads` out",
    )


def _described(tasks: Sequence[str], state: Mapping[str, Tensor]) -> str:
    """Return a head's tasks and the widths of its layers: `[a, b] 384 > 2`."""
    shapes = [tuple(state[name + WEIGHT].shape) for name in _linears(state)]
    widths = [shapes[0][1], *(shape[0] for shape in shapes)]
    return f"[{', '.join(tasks)}] {' > '.join(map(str, widths))}"
