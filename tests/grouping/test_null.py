"""Among tasks that do nothing to each other, one model is kept: nineteen times in twenty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mtlv.grouping.affinities import AFFINITIES
from mtlv.grouping.context import TaskContext, Trained
from mtlv.grouping.recommendation import recommend
from mtlv.grouping.settings import GroupingSettings
from mtlv.tasks import Task, TaskSet

from .worlds import context, measuring

pytestmark = pytest.mark.slow

WORLDS = 40
MOST = 6
"""More than so many of 40 happen once in 70 times where the rate is .05."""


def null_world(tasks: int, seed: int) -> TaskContext:
    """Tasks whose value is the same in any group, but for noise."""
    random = np.random.default_rng(seed)
    names = tuple(f"task {i}" for i in range(tasks))
    done: dict[tuple[frozenset[str], int, int | None], dict[str, float]] = {}

    def train(
        groups: Sequence[tuple[str, ...]], seed: int, epochs: int | None = None
    ) -> list[Trained]:
        for group in groups:
            key = frozenset(group), seed, epochs
            done.setdefault(key, {task: 0.7 + 0.02 * random.normal() for task in sorted(group)})
        return [
            Trained(group, done[frozenset(group), seed, epochs], f"{group} {seed} {epochs}", 1, 900)
            for group in groups
        ]

    targets = {name: (random.random(200) < 0.3).astype(float) for name in names}
    set_ = TaskSet(tuple(Task(name, "binary", "reports", (), "f1", None) for name in names))
    return TaskContext(set_, targets, train=train, mtl_texts=900, epochs=9)


@pytest.mark.parametrize(
    ("affinity", "tasks", "seeds"),
    [
        ("surrogate", 5, (0,)),
        ("surrogate", 8, (0, 1, 2)),
        ("pairs", 5, (0, 1, 2)),
        ("exhaustive", 5, (0, 1, 2)),
    ],
)
def test_one_model_is_kept_where_nothing_differs(
    affinity: str, tasks: int, seeds: tuple[int, ...]
) -> None:
    settings = GroupingSettings(method="search", affinity=affinity, budget=3, seeds=seeds)
    left = 0
    for seed in range(WORLDS):
        context = null_world(tasks, seed)
        left += recommend(AFFINITIES[affinity](context, settings), context.tasks, 3).leave_mtl
    assert left <= MOST


def measured_world(tasks: int, seed: int, common: float) -> TaskContext:
    """Tasks whose gradients are noise around one signal; 0 of it is no effect on each other."""
    draw = np.random.default_rng(seed)
    steps, places = 30, 20
    signal = common * np.eye(places)[0]
    own, held_out = signal + draw.normal(size=(2, steps, tasks, places))  # (M, T, D) each
    products = np.einsum("msd,mtd->mst", own, own)
    arrays = {
        "lookahead": {"effects": np.einsum("msd,mtd->mst", own, held_out), "products": products},
        "pooled": {"products": products, "losses": np.full((steps, tasks), 0.5)},
        "gradient": {"products": products[:, None]},
    }
    names = [f"task {i}" for i in range(tasks)]
    return context(names, measure=lambda probe, wanted: measuring(arrays[probe])(probe, wanted))


@pytest.mark.parametrize("common", [0.0, 1.0])
@pytest.mark.parametrize("affinity", ["gradient_cosine", "gradient_dot", "lookahead", "pooled"])
def test_what_only_ranks_never_advises_to_leave_one_model(affinity: str, common: float) -> None:
    settings = GroupingSettings(method="search", affinity=affinity, budget=3)
    for seed in range(5):
        here = measured_world(5, seed, common)
        assert not recommend(AFFINITIES[affinity](here, settings), here.tasks, 3).leave_mtl


def test_pooled_finds_nothing_wrong_with_tasks_that_agree() -> None:
    """By their own steps on their own texts, groups could only lose."""
    here = measured_world(5, 0, common=3.0)
    found = AFFINITIES["pooled"](here, GroupingSettings())
    assert (found.gains.mean(np.ones((1, 5), bool)) > 0).all()
