"""Fake studies: whole run stores in milliseconds, of NumPy arrays instead of trained models.

    study = fake_study(store, plans=("stl", "mtl", "gmtl"), folds=2, seeds=(0, 1))

Everything follows from names, folds and seeds, so equal calls give equal stores. Models that are
equal in two plans are one job, as in a real study. Tasks are binary, but for those that
`fake_kinds` names: `tasks=MIXED` gives a study of all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mtlv.evaluation.curves import CurvePoint, curves_table
from mtlv.evaluation.predictions import Predictions, ScoredPart
from mtlv.fingerprint import fingerprint
from mtlv.plans import Plan
from mtlv.store import CellRecord, JobRecord, Store, StudyRecord
from mtlv.store.record import (
    CorpusRecord,
    GroupingRecord,
    JobCost,
    NumberRecord,
    TaskRecord,
    TuningRecord,
)
from store.fake_kinds import MIXED, kind_of, predicted

__all__ = [
    "MIXED",
    "PLANS",
    "TASKS",
    "fake_cell",
    "fake_job",
    "fake_job_id",
    "fake_study",
    "write_fake_job",
]

Model = Sequence[Sequence[str]]
"""Heads of task names."""
Wanted = Callable[[CellRecord, int], bool]
"""Tells whether a model of a cell is trained, given its index."""

TASKS = ("edema", "nodule", "opacity", "effusion")
PLANS = ("stl", "mtl", "gmhl", "gmtl")
ELBOW = NumberRecord(method="elbow", groups=[1, 2, 3, 4], values=[4.0, 2.0, 4 / 3, 1.0], chosen=2)
STARTED, FINISHED = "2026-01-02T03:04:05+00:00", "2026-01-02T03:14:05+00:00"


def fake_study(
    store: Store,
    name: str = "fake",
    *,
    plans: Sequence[str] = PLANS,
    tasks: Sequence[str] = TASKS,
    folds: int = 2,
    seeds: Sequence[int] = (0,),
    epochs: int = 3,
    examples: int = 40,
    tuned: bool = False,
    trained: Wanted = lambda cell, model: True,
    status: str = "finished",
    config: Mapping[str, Any] | None = None,
) -> StudyRecord:
    """Write a study and its jobs, and return its record.

    Args:
        store: to write to.
        name: of the study.
        plans: of `stl`, `mtl`, `gmhl` and `gmtl`; those that group make two groups of the tasks.
        tasks: their names.
        folds: how many.
        seeds: of the jobs.
        epochs: of every job.
        examples: in each of the two predicted parts of a fold.
        tuned: whether two learning rates were tried for every cell; the second is chosen.
        trained: which models of which cells are finished.
        status: of the study.
        config: keys to change in its configuration.
    """
    cells = [
        fake_cell(plan, fold, seed, tasks, tuned=tuned)
        for seed in seeds
        for fold in range(folds)
        for plan in plans
    ]
    for cell in cells:
        for index, model in enumerate(cell.architecture["models"]):
            if trained(cell, index):
                write_fake_job(store, model, cell.fold, cell.seed, epochs=epochs, examples=examples)
        for trial in cell.tuning.trials[:1] if cell.tuning else []:
            for job, model in zip(trial["jobs"], cell.architecture["models"], strict=True):
                write_fake_job(
                    store, model, cell.fold, cell.seed, epochs=1, examples=examples, job=job
                )
    record = StudyRecord(
        name=name,
        config=fake_config(name, plans, folds, seeds) | dict(config or {}),
        status=status,  # type: ignore[arg-type]
        started=STARTED,
        updated=FINISHED,
        tasks=[_task(name) for name in tasks],
        corpora=[CorpusRecord(name="fake", fingerprint="c0ffee", examples=2 * folds * examples)],
        cells=cells,
        planned=len(cells),
        failure="KeyboardInterrupt" if status == "failed" else None,
    )
    store.write_study(record)
    return record


def fake_config(
    name: str, plans: Sequence[str], folds: int, seeds: Sequence[int]
) -> dict[str, Any]:
    """Return the configuration that a fake study says it had."""
    return {
        "study": name,
        "data": {"fake": {}},
        "encoder": {"name": "tiny", "pooling": "mean"},
        "head": {"layers": 1},
        "plans": list(plans),
        "train": {"epochs": 3, "learning_rate": 0.001, "freeze_layers": 0},
        "evaluation": {
            "folds": folds,
            "seeds": list(seeds),
            "thresholds": "per_label",
            "shrinkage": 20.0,
        },
        "tune": None,
        "sweep": {},
        "tracking": {"mlflow": True, "uri": "sqlite:///mlflow.db", "experiment": "mtlv"},
        "published": None,
    }


def fake_cell(
    plan: str, fold: int, seed: int, tasks: Sequence[str] = TASKS, *, tuned: bool = False
) -> CellRecord:
    """Return a cell of one of the four plans; `gmhl` and `gmtl` group first half and second."""
    half = len(tasks) // 2
    groups = [list(tasks[:half]), list(tasks[half:])]
    models: dict[str, list[Model]] = {
        "stl": [[[task]] for task in tasks],
        "mtl": [[list(tasks)]],
        "gmhl": [groups],
        "gmtl": [[group] for group in groups],
    }
    jobs = [fake_job_id(model, fold, seed) for model in models[plan]]
    return CellRecord(
        plan=plan,
        fold=fold,
        seed=seed,
        architecture=_architecture(plan, models[plan]),
        jobs=jobs,
        grouping=_grouping(groups) if plan.startswith("gm") else None,
        tuning=_tuning(jobs) if tuned else None,
    )


def fake_job_id(model: Model, fold: int, seed: int) -> str:
    """Return the id of a fake job."""
    return fingerprint({"model": model, "fold": fold, "seed": seed})


def write_fake_job(
    store: Store,
    model: Model,
    fold: int = 0,
    seed: int = 0,
    *,
    epochs: int = 3,
    examples: int = 40,
    preparation: float = 2.0,
    job: str | None = None,
    scores: Callable[[str, ScoredPart], np.ndarray[Any, Any]] | None = None,
) -> JobRecord:
    """Write one finished job and return its record; one that is there already stays.

    Args:
        store: to write to.
        model: heads of task names.
        fold: from 0.
        seed: of the scores.
        epochs: of the curves.
        examples: in each part.
        preparation: seconds that its preparation took, which all jobs of a fold share.
        job: its id, if not that of `fake_job_id`.
        scores: of a task on a part, if not noisy targets.
    """
    record = fake_job(model, fold, seed, epochs=epochs, preparation=preparation, job=job)
    tasks = [task for head in model for task in head]
    parts = [
        Predictions(
            part, {task: predicted(task, part, fold, record.id, examples) for task in tasks}
        )
        for part in ("validation", "test")
    ]
    if scores is not None:
        parts = [_rescored(part, scores) for part in parts]
    store.write_job(record, parts, curves_table(_curves(model, record)))
    return record


def fake_job(
    model: Model,
    fold: int = 0,
    seed: int = 0,
    *,
    epochs: int = 3,
    preparation: float = 2.0,
    job: str | None = None,
) -> JobRecord:
    """Return the record of a job: ten seconds of training for every task, 100 MB, 1000 weights."""
    tasks = sum(len(head) for head in model)
    return JobRecord(
        id=job or fake_job_id(model, fold, seed),
        spec={
            "version": 1,
            "model": [list(head) for head in model],
            "seed": seed,
            "data": {"fake": ["c0ffee", f"split {fold}"]},
            "train": {"epochs": epochs, "learning_rate": 0.001},
            "starts_from": None,
        },
        model=[list(head) for head in model],
        fold=fold,
        seed=seed,
        epoch=epochs,
        epochs=epochs,
        precision="fp32",
        checkpoint=False,
        cost=JobCost(
            wall_seconds=10.0 * tasks,
            cpu_seconds=20.0 * tasks,
            preparation_seconds=preparation,
            peak_memory_mb=100.0 + tasks,
            peak_device_mb=0.0,
            parameters=1000,
            trainable_parameters=100,
            texts_seen=80 * epochs,
        ),
        finished=FINISHED,
        environment={"torch": "2.9", "python": "3.11"},
    )


def _task(name: str) -> TaskRecord:
    own = kind_of(name)
    positives = 9 if own.kind == "binary" else None
    labels = list(own.about.labels)
    return TaskRecord(name=name, kind=own.kind, corpus="fake", labels=labels, positives=positives)


def _architecture(plan: str, models: Sequence[Model]) -> dict[str, Any]:
    serves = {task: i for i, model in enumerate(models) for head in model for task in head}
    listed = [[list(head) for head in model] for model in models]
    return Plan.from_json({"name": plan, "models": listed, "serves": serves}).to_json()


def _grouping(groups: list[list[str]]) -> GroupingRecord:
    return GroupingRecord(
        origin="kmedoids on label_description",
        groups=groups,
        medoids=[group[0] for group in groups],
        numbers=[ELBOW],
        seconds=5.0,
    )


def _tuning(jobs: list[str]) -> TuningRecord:
    trials = [
        {"changes": {"learning_rate": 0.0001}, "jobs": [f"{j}-tried" for j in jobs], "value": 0.4},
        {"changes": {"learning_rate": 0.001}, "jobs": list(jobs), "value": 0.6},
    ]
    return TuningRecord(metric="average_precision_macro", trials=trials, chosen=1)


def _rescored(
    part: Predictions, scores: Callable[[str, ScoredPart], np.ndarray[Any, Any]]
) -> Predictions:
    return Predictions(
        part.part,
        {name: replace(own, scores=scores(name, part.part)) for name, own in part.tasks.items()},
    )


def _curves(model: Model, record: JobRecord) -> list[CurvePoint]:
    points = []
    for epoch in range(1, record.epochs + 1):
        share = epoch / (record.epochs + 1)
        points += [CurvePoint(epoch, "train", "model", "model", "loss", 1 - share)]
        scopes = [("model", "model"), *(("head", f"head {i + 1}") for i in range(len(model)))]
        for scope, name in scopes:
            for metric in ("f1_macro", "f1_micro", "average_precision_macro", "log_loss"):
                points.append(CurvePoint(epoch, "validation", scope, name, metric, share))  # type: ignore[arg-type]
        for i in range(len(model)):
            points.append(CurvePoint(epoch, "train", "head", f"head {i + 1}", "loss", 1 - share))
        for task in (task for head in model for task in head):
            for metric in kind_of(task).metrics:
                points.append(CurvePoint(epoch, "validation", "label", task, metric, share))
    return points
