"""A context of twelve texts to group tasks in, with everything made from the tasks' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtlv.grouping.context import Measured, TaskContext
from mtlv.tasks import Task, TaskSet

TEXTS = 12
NAMES = ("pleural_effusion", "edema", "rib_fracture", "scar")
PROBES = ("data_map", "fisher")


def binary(name: str, corpus: str = "reports", description: str | None = None) -> Task:
    return Task(name, "binary", corpus, (), "f1", description or f"about {name}")


def letters(texts: Sequence[str], pooling: str = "mean") -> np.ndarray:
    """Embed texts as counts of their letters; the other poolings are told apart by a factor."""
    factor = {"mean": 1, "content": 2, "cls": 3}[pooling]
    return factor * np.array([[t.count(c) for c in "abcdefghijklmnop"] for t in texts], float)


def context(names: Sequence[str] = NAMES, **changes: Any) -> TaskContext:
    """Return a context whose targets, vectors and measurements go with the tasks' names."""
    tasks = TaskSet(tuple(binary(name) for name in names))
    given: dict[str, Any] = {
        "tasks": tasks,
        "targets": {name: targets(name) for name in names},
        "embed": letters,
        "text_vectors": lambda corpus: _random(corpus, (TEXTS, 5)),
        "measure": lambda probe, settings: _measured(probe, names),
    }
    return TaskContext(**(given | changes))


def targets(name: str) -> np.ndarray:
    """Return targets with both classes and, as the third, a missing one."""
    drawn = (_random(name, TEXTS) > 0).astype(float)
    drawn[:3] = [1, 0, np.nan]
    return drawn


def _measured(probe: str, names: Sequence[str]) -> Measured:
    assert probe in PROBES
    by_task = np.stack([np.abs(_random(f"{probe} {name}", (2, TEXTS))) for name in names])
    arrays: Mapping[str, np.ndarray] = {
        "data_map": {"mean": by_task[:, 0].T, "spread": by_task[:, 1].T},
        "fisher": {"information": by_task[:, 0]},
    }[probe]
    return Measured("job", arrays, 1.0, 0.0)


def _random(purpose: str, shape: int | tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(sum(purpose.encode())).normal(size=shape)
