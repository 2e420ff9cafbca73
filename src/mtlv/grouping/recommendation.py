"""What to do: the best groups that a search found, against one model for all tasks.

A grouping in several models costs several times as much at each text, so it is recommended only
where it is predicted to gain more over one model than the uncertainty of that prediction. An
affinity that only ranks groupings (`Unit.predicts_gain`) finds groups, and recommends none.

The best of many groupings seems to gain something even if no grouping does: the search finds the
noise. How much is seen by searching noise alone, with draws of the gain model less their mean
(White's reality check, Econometrica 2000), and only what exceeds it counts. What remains unseen is
that gain models are approximations: a recommendation is to be tried, not believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mtlv.errors import GroupingError
from mtlv.grouping.affinity_value import Affinity
from mtlv.grouping.context import Array
from mtlv.grouping.gains import GainModel, Unit
from mtlv.grouping.search import FoundGroups, search
from mtlv.groups import Grouping
from mtlv.randomness import derive_seed, generator
from mtlv.tasks import TaskSet

__all__ = ["Recommendation", "recommend"]

LUCKY_DRAWS = 20


@dataclass(frozen=True)
class Recommendation:
    """The best groups under a budget, and whether they are worth leaving one model for.

    Args:
        tasks: the tasks.
        groups: the best that were found, whether or not they are recommended.
        serves: index of the group that serves each task.
        predicted: gain of each task in that group over being learned alone.
        gain_over_mtl: predicted mean gain over one model for all tasks.
        error: its standard error, or the spread of luck where that is larger; None if the affinity
            does not say how sure it is.
        luck: what the best groups would seem to gain over one model by noise alone; None likewise.
        leave_mtl: whether the gain less luck exceeds its uncertainty; never where the affinity
            predicts no gain.
        words: the recommendation in a sentence or two.
    """

    tasks: TaskSet
    groups: tuple[tuple[str, ...], ...]
    serves: Mapping[str, int]
    predicted: Mapping[str, float]
    gain_over_mtl: float
    error: float | None
    luck: float | None
    leave_mtl: bool
    words: str

    def grouping(self, origin: str) -> Grouping:
        """Return the best groups as a grouping of the tasks."""
        return Grouping.of(self.groups, self.tasks, origin, serves=self.serves)


def recommend(
    affinity: Affinity,
    tasks: TaskSet,
    budget: int,
    *,
    overlap: bool = False,
    seed: int = 0,
    level: float = 0.05,
) -> Recommendation:
    """Search for the best groups, and compare them with one model for all tasks.

    Args:
        affinity: of the tasks.
        tasks: to group.
        budget: at most so many models.
        overlap: whether a task may be learned by several models.
        seed: of random starts and draws.
        level: how often groups among which nothing differs may be recommended, if the errors of the
            affinity are what it says: the gain less luck must exceed so much of its uncertainty as
            Student's t does with this probability.

    Raises:
        GroupingError: the affinity is for other tasks, or the budget is below one model.
    """
    if affinity.tasks != tasks.names:
        raise GroupingError(
            f"The affinity '{affinity.name}' is for other tasks.",
            found=", ".join(affinity.tasks),
            expected=", ".join(tasks.names),
        )
    found = search(affinity.gains, tasks.names, budget, overlap=overlap, seed=seed)
    gain, error = gain_over_mtl(affinity.gains, found, tasks, seed)
    luck = None if error is None else 0.0
    if error is not None and len(found.groups) > 1:
        luck, spread = gain_by_luck(affinity.gains, tasks, budget, overlap=overlap, seed=seed)
        error = max(error, spread)
    leave = False
    if error is not None and luck is not None and affinity.gains.unit.predicts_gain:
        leave = bool(gain - luck > stats.t.isf(level, affinity.gains.freedom) * error)
    return Recommendation(
        tasks=tasks,
        groups=found.groups,
        serves=found.serves,
        predicted=found.predicted,
        gain_over_mtl=gain,
        error=error,
        luck=luck,
        leave_mtl=leave,
        words=_words(affinity, found, budget, _Verdict(gain, error, luck, leave)),
    )


def gain_over_mtl(
    gains: GainModel, found: FoundGroups, tasks: TaskSet, seed: int, draws: int = 1000
) -> tuple[float, float | None]:
    """Return the mean gain of groups over one model for all tasks, and its standard error.

    The error is the standard deviation of the difference over joint draws of both.
    """
    if found.groups == (tasks.names,):
        return 0.0, 0.0
    groups = [[name in group for name in tasks.names] for group in (*found.groups, tasks.names)]
    members = np.array(groups)  # (G + 1, T), the last being all tasks
    serves = np.array([found.serves[name] for name in tasks.names])
    difference = float(_over_last(gains.mean(members), serves))
    if not gains.has_errors:
        return difference, None
    drawn = gains.draws(members, draws, generator(seed, "gain over mtl"))  # (R, G + 1, T)
    return difference, float(_over_last(drawn, serves).std(ddof=1))


def gain_by_luck(
    gains: GainModel, tasks: TaskSet, budget: int, *, overlap: bool = False, seed: int = 0
) -> tuple[float, float]:
    """Return what the best groups seem to gain over one model where all that differs is noise.

    Returns:
        Mean and standard deviation over some searches, each with the noise of one draw for gains.
    """
    best = []
    for turn in range(LUCKY_DRAWS):
        noise = _Noise(gains, derive_seed(seed, "luck", turn))
        found = search(noise, tasks.names, budget, overlap=overlap, seed=seed, light=True)
        together = noise.mean(np.ones((1, len(tasks)), bool))  # (1, T)
        best.append(found.gain - float(together.mean()))
    return float(np.mean(best)), float(np.std(best, ddof=1))


@dataclass(frozen=True, eq=False)
class _Noise:
    """A gain model that predicts one draw of another, less its mean."""

    model: GainModel
    seed: int

    @property
    def unit(self) -> Unit:
        return self.model.unit

    @property
    def has_errors(self) -> bool:
        return False

    @property
    def freedom(self) -> float:
        return self.model.freedom

    @property
    def size(self) -> int:
        return self.model.size

    def mean(self, members: Array) -> Array:
        drawn = self.model.draws(members, 1, generator(self.seed))[0]
        noise: Array = drawn - self.model.mean(members)  # (P, T)
        return noise

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        return np.repeat(self.mean(members)[None], count, axis=0)  # (R, P, T)


@dataclass(frozen=True)
class _Verdict:
    gain: float
    error: float | None
    luck: float | None
    leave: bool


def _over_last(values: Array, serves: Array) -> Array:
    """Return the mean over tasks of values (…, G, T) where served, less those of the last group."""
    served = values[..., serves, np.arange(len(serves))]  # (…, T)
    mean: Array = (served - values[..., -1, :]).mean(axis=-1)
    return mean


def _words(affinity: Affinity, found: FoundGroups, budget: int, verdict: _Verdict) -> str:
    unit = affinity.gains.unit
    tasks, models = f"the {len(affinity.tasks)} tasks", f"{len(found.groups)} models"
    keep = f"Keep one model for {tasks}"
    gain = f"predicted to gain, per task, {unit.say(verdict.gain)} over one model for all"
    if budget == 1:
        words = f"{keep}: the budget is one model."
    elif len(found.groups) == 1:
        better = "is predicted to do better" if unit.predicts_gain else "ranks above it"
        best = better if found.exact else f"was found that {better}"
        words = f"{keep}: no grouping in at most {budget} models {best}."
    elif not unit.predicts_gain:
        words = (
            f"The best split by this ranking is in {models}. It predicts no gain: train it beside "
            f"one model for {tasks} to know."
        )
    elif verdict.error is None or verdict.luck is None:
        words = f"{keep}: the best grouping, in {models}, is {gain}, but nothing says how sure."
    else:
        spread, luck = (f"{unit.factor * each:.2g}" for each in (verdict.error, verdict.luck))
        unsure = f"with an uncertainty of {spread}; by noise alone it would seem to gain {luck}"
        advice = f"Learn {tasks} in {models}: they are"
        if not verdict.leave:
            advice = f"{keep}: the best grouping, in {models}, is"
        words = f"{advice} {gain}, {unsure}."
    return f"{words} {unit.caution}".strip()
