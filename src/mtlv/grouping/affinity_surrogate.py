"""The affinity `surrogate`: train some groups for a short while, and predict all others.

1. Draw K groups: every task alone (what gains are counted from), all tasks together, and groups of
   all sizes between, in which every two tasks meet about equally often.
2. Train them shortly; train the most promising third for three times as long, and so on up to the
   study's epochs or the last three groups (successive halving, Jamieson and Talwalkar 2016).
3. Fit a ridge regression from members, and from what they are known to have in common before any
   training, to gains (`surrogate.py`).

What is known is phi of the targets and the cosines of three task features: the embeddings of the
name, of the description, and of the positive texts. What a context cannot give is left out, and the
note of the affinity names what was used: phi and texts need binary tasks with positives (phi: on
the same texts), descriptions must be there, words need an encoder that is trained. What is the same
for all pairs says nothing and is left out too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mtlv.errors import EncoderError, GroupingError
from mtlv.grouping.affinity_trained import points_of, train_all, trained_values
from mtlv.grouping.affinity_value import Affinity, check_several, cost_of_training, pairwise
from mtlv.grouping.context import Array, TaskContext, Trained
from mtlv.grouping.cooccurrence import phi
from mtlv.grouping.features import task_features
from mtlv.grouping.gains import only_members
from mtlv.grouping.settings import GroupingSettings
from mtlv.grouping.surrogate import fit_ridge
from mtlv.randomness import generator

__all__ = ["balanced_groups", "surrogate"]

SHORTER = 3  # by what halving cuts the groups, and by what it lengthens their training
FEWEST = 3
CANDIDATES = 200
SAME = 1e-9  # range below which a similarity does not tell pairs apart


def surrogate(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Gains in any group, by a regression on some that were trained (Li et al. 2023)."""
    names = context.tasks.names
    check_several(names)
    by_name = np.argsort(np.argsort(names))  # (T,), so that the groups follow names, not places
    known = _similarities(context, settings)
    count = min(settings.trainings or 2 * len(names), 2 ** len(names) - 1)
    members = balanced_groups(len(names), count, settings.seed)[:, by_name]  # (K, T)
    table = _halved(context, settings, members)
    eye = np.flatnonzero(members.sum(axis=1) == 1)  # rows of single tasks
    alone = np.nansum(table.values[eye], axis=0)  # (T,)
    gains = only_members(table.values - alone, members)  # (K, T)
    model = fit_ridge(members, gains, tuple(known.values()), points_of(context.tasks))
    matrix, errors = pairwise(model)
    cost = cost_of_training(table.trained, context)
    epochs = " and ".join(str(each) for each in table.epochs)
    form = f"ridge on the {model.form} of co-members, penalty {model.penalty:.2g}"
    form += f", with likeness by {', '.join(known)}" * bool(known)
    note = f"validation of {count} groups trained for {epochs} epochs; {form}"
    return Affinity("surrogate", names, matrix, errors, model, cost, note)


def balanced_groups(size: int, count: int, seed: int) -> Array:
    """Draw groups of which every task alone and all tasks together are some, (K, T) bool.

    The others have sizes spread evenly over 2 … T-1. One after the other is the best of some random
    ones: that whose pairs have met least so far.

    Args:
        size: number of tasks T.
        count: number of groups K.
        seed: of the draw.

    Raises:
        GroupingError: there are too few groups to learn from.
    """
    least = min(size + 2, 2**size - 1)
    if count < least:
        raise GroupingError(
            "There are too few groups to train a surrogate on.",
            where="trainings",
            found=count,
            expected=f"at least {least} for {size} tasks: each alone, all together, and others",
        )
    draw = generator(seed, "surrogate groups")
    groups = [*np.eye(size, dtype=bool), np.ones(size, bool)]
    met = np.ones((size, size))
    sizes = np.linspace(2, size - 1, count - size - 1).round().astype(int)
    for wanted in draw.permutation(sizes):
        chosen = _least_met(draw, int(wanted), met, groups)
        groups.append(chosen)
        met += np.outer(chosen, chosen)
    return np.array(groups)


@dataclass(frozen=True, eq=False)
class _Table:
    """Values after short trainings, longer ones where there are any.

    Args:
        values: of members, mean over seeds, on the scale of the shortest training, (K, T).
        trained: all trainings.
        epochs: of each round.
    """

    values: Array
    trained: list[Trained]
    epochs: tuple[int, ...]


def _least_met(draw: np.random.Generator, wanted: int, met: Array, groups: list[Array]) -> Array:
    """Return a new group whose pairs have met least; of another size if all of that size are in."""
    size = len(met)
    taken = {group.tobytes() for group in groups}
    sizes = sorted(range(2, size), key=lambda each: abs(each - wanted))
    for each in sizes:
        ranks = draw.random((CANDIDATES, size)).argsort(axis=1)
        drawn = ranks < each  # (CANDIDATES, T)
        new = np.array([group.tobytes() not in taken for group in drawn])
        if new.any():
            pairs = np.einsum("ps,st,pt->p", drawn, met**2, drawn)
            chosen: Array = drawn[np.argmin(np.where(new, pairs, np.inf))]
            return chosen
    raise GroupingError("No new group could be drawn.", where="trainings", hint="use fewer")


def _halved(context: TaskContext, settings: GroupingSettings, members: Array) -> _Table:
    """Train all groups shortly and the most promising ones for longer.

    A longer training changes all values, so what it changes on average, for each task over the
    groups that went on, is taken off: what stays is what it says about one group against another.
    Tasks alone do not go on: their gain is 0 by definition.
    """
    trained: list[Trained] = []
    values = np.full(members.shape, np.nan)  # (K, T)
    rounds = tuple(_epochs(context, settings))
    rows = np.arange(len(members))
    for turn, epochs in enumerate(rounds):
        if turn > 0:
            rows = _promising(values, members, rows)
        by_seed = train_all(context, members[rows], settings.seeds, epochs)
        trained += [each for results in by_seed for each in results]
        longer = trained_values(context, members[rows], by_seed).mean(axis=-1)  # (rows, T)
        values[rows] = longer if turn == 0 else _shifted(longer, values[rows])
        if turn > 0 and len(rows) <= FEWEST:
            rounds = rounds[: turn + 1]
            break
    return _Table(values, trained, rounds)


def _epochs(context: TaskContext, settings: GroupingSettings) -> Iterator[int]:
    epochs = settings.epochs or max(1, context.epochs // SHORTER)
    yield epochs
    while epochs < context.epochs:
        epochs = min(epochs * SHORTER, context.epochs)
        yield epochs


def _promising(values: Array, members: Array, rows: Array) -> Array:
    """Return the rows with the highest mean gain per member, and that of all tasks together."""
    single = members.sum(axis=1) == 1
    alone = np.nansum(values[single], axis=0)  # (T,)
    several = [int(row) for row in rows if not single[row]]
    keep = max(FEWEST, len(several) // SHORTER)
    mean = np.nanmean(np.where(members, values - alone, np.nan), axis=1)  # (K,)
    best = sorted(several, key=lambda row: (-round(mean[row], 12), row))[:keep]
    together = int(np.flatnonzero(members.all(axis=1))[0])
    return np.array(sorted({*best, together}))


def _shifted(longer: Array, shorter: Array) -> Array:
    """Return longer trainings on the scale of the shorter ones, (rows, T).

    The promising ones did well by luck too, so what they grew by is told too low. That is one
    number per task, the same for one model for all tasks, which always goes on: groups are compared
    with it without that error. Taking its growth alone would cost more in noise than it saves.
    """
    shift = np.nansum(longer - shorter, axis=0) / np.maximum((~np.isnan(longer)).sum(axis=0), 1)
    corrected: Array = longer - shift
    return corrected


def _similarities(context: TaskContext, settings: GroupingSettings) -> dict[str, Array]:
    """Return what tasks are known to have in common before any training, by name, (T, T) each.

    Raises:
        EncoderError: the encoder that the settings name is not to be had.
    """
    found = {}
    for name, similarity in _ways(context).items():
        try:
            matrix = similarity(context)
        except GroupingError:
            continue
        except EncoderError:
            if settings.encoder is not None:
                raise
            continue
        if np.ptp(matrix[~np.eye(len(matrix), dtype=bool)]) > SAME:
            found[name] = matrix
    return found


def _ways(context: TaskContext) -> dict[str, Callable[[TaskContext], Array]]:
    """Return what similarities may be had of such tasks, by name."""
    features = ["label", "label_description"]
    ways: dict[str, Callable[[TaskContext], Array]] = {}
    if all(name in context.targets for name in context.tasks.names):  # all are binary
        features.append("text_embedding")
        if len({task.corpus for task in context.tasks}) == 1:
            ways["phi"] = phi
    return ways | {name: partial(_cosines, name) for name in features}


def _cosines(features: str, context: TaskContext) -> Array:
    """Return the cosines of task features, (T, T)."""
    rows = task_features(features, context, scaling="unit")  # (T, D)
    return np.asarray(rows @ rows.T)
