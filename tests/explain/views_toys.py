"""Small results of the article's views and stored explanations of them, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mtlv.explain.importance import MEASURES
from mtlv.explain.view_results import CrossTask, ThreeViews
from mtlv.explain.word_view import WordModel, word_view
from mtlv.store import Store
from mtlv.store.record import ExplanationRecord

__all__ = ["WORDS", "toy_views", "write_explanation"]

WORDS = ("good", "bad", "plot", "the")


def toy_views(tasks: Sequence[str], seeds: Sequence[int] = (0, 1, 2)) -> ThreeViews:
    """Return views of a bag of four words, under `stl` and `mtl`, on one fold."""
    random = np.random.default_rng(0)
    models = [
        WordModel(plan, task, 0, seed, WORDS, {name: random.normal(size=4) for name in MEASURES})
        for plan in ("stl", "mtl")
        for task in tasks
        for seed in seeds
    ]
    values = tuple((0.75,) * len(tasks) for _ in tasks)
    shared: Any = (tuple(tasks), values, values, (values,), (0.5,) * len(tasks))
    matrices = [CrossTask(plan, "accuracy", *shared) for plan in ("stl", "mtl")]
    return ThreeViews("s", "stl", "mtl", (), word_view(models, "stl", "mtl"), tuple(matrices), ())


def write_explanation(
    store: Store, key: str, study: str, created: str, **more: Any
) -> ExplanationRecord:
    """Write an explanation; `rows` are those of its tables, the rest goes to its record."""
    rows: dict[str, list[dict[str, Any]]] = more.pop("rows", {})
    record = ExplanationRecord(
        id=key,
        study=study,
        plans=more.pop("plans", ["stl", "mtl"]),
        tasks=more.pop("tasks", ["edema"]),
        settings={"texts": 4, "baseline": "mask"},
        frames={name: len(own) for name, own in rows.items()},
        seconds=1.0,
        created=created,
        **more,
    )
    tables = {name: pa.Table.from_pylist(own) for name, own in rows.items()}
    store.explanations.write(record, tables)
    return record
