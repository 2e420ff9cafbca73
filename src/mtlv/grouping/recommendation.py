"""What to do: the best groups that a search found, against one model for all tasks.

A grouping in several models costs several times as much at each text, so it is recommended only
where it is predicted to gain more over one model than the uncertainty of that prediction. The
uncertainty is that of the affinity's measurements. It leaves out that the best of many groupings
was taken, and that gain models are approximations: a recommendation is to be tried, not believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.affinity_value import Affinity
from mtlv.grouping.context import Array
from mtlv.grouping.gains import GainModel
from mtlv.grouping.search import FoundGroups, search
from mtlv.plans import Grouping
from mtlv.randomness import generator
from mtlv.tasks import TaskSet

__all__ = ["Recommendation", "recommend"]


@dataclass(frozen=True)
class Recommendation:
    """The best groups under a budget, and whether they are worth leaving one model for.

    Args:
        tasks: the tasks.
        groups: the best that were found, whether or not they are recommended.
        serves: index of the group that serves each task.
        predicted: gain of each task in that group over being learned alone.
        gain_over_mtl: predicted mean gain over one model for all tasks.
        error: its standard error; None if the affinity does not say how sure it is.
        leave_mtl: whether the gain exceeds its uncertainty.
        words: the recommendation in a sentence or two.
    """

    tasks: TaskSet
    groups: tuple[tuple[str, ...], ...]
    serves: Mapping[str, int]
    predicted: Mapping[str, float]
    gain_over_mtl: float
    error: float | None
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
    threshold: float = 1.0,
) -> Recommendation:
    """Search for the best groups, and compare them with one model for all tasks.

    Args:
        affinity: of the tasks.
        tasks: to group.
        budget: at most so many models.
        overlap: whether a task may be learned by several models.
        seed: of random starts and draws.
        threshold: how many standard errors the gain must exceed.

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
    stays = found.groups == (tasks.names,)
    leave = not stays and error is not None and gain > threshold * error
    return Recommendation(
        tasks=tasks,
        groups=found.groups,
        serves=found.serves,
        predicted=found.predicted,
        gain_over_mtl=gain,
        error=error,
        leave_mtl=leave,
        words=_words(affinity, found, budget, (gain, error), threshold),
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


def _over_last(values: Array, serves: Array) -> Array:
    """Return the mean over tasks of values (…, G, T) where served, less those of the last group."""
    served = values[..., serves, np.arange(len(serves))]  # (…, T)
    mean: Array = (served - values[..., -1, :]).mean(axis=-1)
    return mean


def _words(
    affinity: Affinity,
    found: FoundGroups,
    budget: int,
    gain: tuple[float, float | None],
    threshold: float,
) -> str:
    unit, (value, error) = affinity.gains.unit, gain
    tasks, models = len(affinity.tasks), len(found.groups)
    keep = f"Keep one model for all {tasks} tasks"
    if models == 1:
        nothing = "no grouping" if found.exact else "no grouping was found that"
        verdict = f"{keep}: {nothing} in at most {budget} models is predicted to do better."
        if budget == 1:
            verdict = f"{keep}: the budget is one model."
        return _with_caution(verdict, unit.caution)
    size = f"{models} models"
    if error is not None and value > threshold * error:
        spread = f"{unit.factor * error:.2g}"
        verdict = (
            f"Learn the {tasks} tasks in {size}: predicted to gain, per task, {unit.say(value)} "
            f"over one model for all, with an uncertainty of {spread}."
        )
        return _with_caution(verdict, unit.caution)
    best = f"{keep}: the best grouping in {size} is predicted to gain, per task, {unit.say(value)}"
    if error is None:
        verdict = f"{best} over it, but the affinity does not say how sure that is."
    else:
        times = "" if threshold == 1 else f"{threshold:g} times "
        verdict = f"{best} over it, less than {times}the uncertainty of {unit.factor * error:.2g}."
    return _with_caution(verdict, unit.caution)


def _with_caution(verdict: str, caution: str) -> str:
    return f"{verdict} {caution}".strip()
