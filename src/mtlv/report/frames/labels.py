"""Frames of labels, as the study's stored targets say them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from mtlv.evaluation.predictions import LabelMatrix
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.outcome import cell_predictions
from mtlv.words import counted

__all__ = ["label_correlation", "label_frequency"]


@FRAMES.register("label-frequency")
def label_frequency(wanted: Wanted) -> Data:
    """Positives of every binary task in the whole corpus."""
    study = wanted.outcome.study
    sizes = {corpus.name: corpus.examples for corpus in study.corpora}
    tasks = set(wanted.chosen_tasks)
    rows = [
        {"task": task.name, "positives": task.positives, "n": sizes[task.corpus]}
        for task in study.tasks
        if task.positives is not None and task.name in tasks
    ]
    if not rows:
        raise no_data(wanted, "label-frequency", "no binary task", "it counts binary tasks only")
    counts = ", ".join(f"{name} n:{size}" for name, size in sizes.items())
    return Data(pd.DataFrame(rows), wanted.signed(f"whole corpus, {counts}"))


@FRAMES.register("label-correlation")
def label_correlation(wanted: Wanted) -> Data:
    """Correlation phi of every pair of binary tasks, over the texts whose predictions are stored.

    phi = (n·n_ab - n_a·n_b) / √(n_a (n-n_a) n_b (n-n_b)), over the n texts with both targets.
    """
    matrices = _matrices(wanted)
    tasks = [task for task in wanted.chosen_tasks if matrices and task in matrices[0].tasks]
    if len(tasks) < 2:
        found = f"{counted(len(tasks), 'binary task')} in one plan"
        raise no_data(wanted, "label-correlation", found, "it takes two binary tasks")
    ids = np.concatenate([matrix.ids for matrix in matrices])
    _, first = np.unique(ids.astype(str), return_index=True)
    columns = [list(matrices[0].tasks).index(task) for task in tasks]
    targets = np.concatenate([matrix.targets for matrix in matrices])[first][:, columns]  # (N, T)
    rows = [
        {"first": tasks[i], "second": tasks[j], **_together(targets[:, i], targets[:, j])}
        for i, j in combinations(range(len(tasks)), 2)
    ]
    words = f"validation and test parts of all folds, n:{len(first)}"
    return Data(pd.DataFrame(rows), wanted.signed(words))


def _matrices(wanted: Wanted) -> list[LabelMatrix]:
    """Return the targets of the plan with most binary tasks, by fold and part of its first seed."""
    plan = max(wanted.chosen_plans, key=lambda each: len(each.summary.per_task))
    seed = plan.cells[0].cell.seed
    parts = [
        predictions.labels()
        for cell in plan.cells
        if cell.cell.seed == seed
        for predictions in cell_predictions(wanted.store, cell.cell).values()
    ]
    return [part for part in parts if part.tasks]


def _together(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    known = ~np.isnan(a) & ~np.isnan(b)
    n, both = known.sum(), (a[known] * b[known]).sum()
    n_a, n_b = a[known].sum(), b[known].sum()
    spread = np.sqrt(n_a * (n - n_a)) * np.sqrt(n_b * (n - n_b))
    phi = (n * both - n_a * n_b) / spread if spread else np.nan
    return {"phi": float(phi), "both": float(both), "n": float(n)}
