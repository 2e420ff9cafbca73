"""Run stores that have something for every page: texts, groups, affinities, transfer, explanations.

    world = write_world(folder)     # a store with a finished study and a running one

`python tests/explorer/screenshots.py` draws pages of the same store at a larger size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mtlv.data import CorpusBuilder, Example, Target
from mtlv.store import Store, StudyRecord
from mtlv.store.record import (
    AffinityRecord,
    CorpusRecord,
    EffectRecord,
    ExplanationRecord,
    FoundGrouping,
    GroupingRecord,
    NumberRecord,
    RecommendationRecord,
    TransferRecord,
)
from store.fake_kinds import predicted
from store.fakes import FINISHED, PLANS, TASKS, fake_study, write_fake_job

__all__ = ["EVIL", "affinity_of", "finish_a_cell", "write_texts", "write_world"]

EVIL = '<script>document.title = "owned"</script>'
"""What must be shown and never run, in a text and in the name of a label."""
FILLERS = [
    "there",
    "is",
    "no",
    "change",
    "since",
    "the",
    "last",
    "study",
    "heart",
    "size",
    "is",
    "normal",
    "lungs",
    "are",
    "clear",
]


def write_world(
    folder: Path,
    tasks: Sequence[str] = TASKS,
    *,
    folds: int = 2,
    seeds: Sequence[int] = (0,),
    epochs: int = 3,
    examples: int = 20,
) -> Store:
    """Write a store with a study `reports` that has everything, and a running study `going`."""
    store = Store(folder)
    study = fake_study(
        store, "reports", tasks=tasks, folds=folds, seeds=seeds, epochs=epochs, examples=examples
    )
    study = write_texts(store, study, examples)
    _write_affinities(store, study)
    _write_grouping(store, study)
    _write_transfer(store, study)
    _write_explanation(store, study)
    half = [plan for plan in PLANS if plan in ("stl", "mtl")]
    going = fake_study(
        store,
        "going",
        plans=half,
        tasks=tasks,
        folds=folds,
        seeds=(7,),
        epochs=epochs,
        examples=examples,
        status="running",
        trained=lambda cell, model: cell.plan == "stl" and cell.fold == 0,
    )
    write_texts(store, going, examples)
    return store


def finish_a_cell(store: Store, study: StudyRecord) -> None:
    """Train what is missing of a study's first unfinished cell."""
    for cell in study.cells:
        if not all(store.has_job(job) for job in cell.jobs):
            for model in cell.architecture["models"]:
                write_fake_job(store, model, cell.fold, cell.seed)
            return


def write_texts(store: Store, study: StudyRecord, examples: int) -> StudyRecord:
    """Write the corpus of a fake study into the cache, and name it in the study's record."""
    tasks = [task.name for task in study.tasks]
    folds = sorted({cell.fold for cell in study.cells})
    builder = CorpusBuilder("reports", [Target(task) for task in tasks])
    for fold in folds:
        for part in ("validation", "test"):
            own = {task: predicted(task, part, fold, "", examples) for task in tasks}  # type: ignore[arg-type]
            for i in range(examples):
                values = {task: int(own[task].targets[i]) for task in tasks}
                builder.add(Example(f"{fold}-{part}-{i}", _text(values, fold, i), targets=values))
    corpus = builder.build()
    record = CorpusRecord(name="fake", fingerprint=corpus.fingerprint, examples=len(corpus))
    named = [
        own.model_copy(update={"positives": int(corpus.values(own.name).sum())})
        for own in study.tasks
    ]
    changed = study.model_copy(update={"corpora": [record], "tasks": named})
    store.write_study(changed)
    return changed


def affinity_of(tasks: Sequence[str]) -> AffinityRecord:
    """Return an affinity in which the halves of the tasks help their own."""
    random = np.random.default_rng(0)
    half = len(tasks) // 2
    matrix: list[list[float | None]] = []
    for s in range(len(tasks)):
        same = [(s < half) == (t < half) for t in range(len(tasks))]
        row = [0.8 if alike else -0.5 for alike in same] + 0.3 * random.normal(size=len(tasks))
        matrix.append([None if s == t else round(float(v), 3) for t, v in enumerate(row)])
    errors = [[None if v is None else 0.1 for v in row] for row in matrix]
    return AffinityRecord(
        name="lookahead",
        unit="points of average precision",
        tasks=list(tasks),
        matrix=matrix,
        errors=errors,
        seconds=42.0,
        runs=1.3,
        note="measured in one run",
    )


def _text(values: dict[str, int], fold: int, i: int) -> str:
    if (fold, i) == (0, 3):
        return f"A text of its own: {EVIL} & more."
    random = np.random.default_rng([fold, i])
    words = " ".join(random.choice(FILLERS, 12 + i % 9))
    found = [task for task, value in values.items() if value]
    said = ", ".join(f"{task} is seen" for task in found) or "no acute disease"
    return f"{words}. {said.capitalize()}. {' '.join(random.choice(FILLERS, 8))}."


def _write_affinities(store: Store, study: StudyRecord) -> None:
    tasks = [task.name for task in study.tasks]
    affinity = affinity_of(tasks)
    advice = RecommendationRecord(
        words="Train 2 models: predicted 0.6 points above one model for all.",
        predicted={task: 0.5 + 0.1 * i for i, task in enumerate(tasks)},
        gain_over_mtl=0.6,
        error=0.2,
        luck=0.1,
        leave_mtl=True,
    )
    cells = []
    for cell in study.cells:
        if cell.plan == "gmtl" and cell.grouping is not None:
            own = cell.grouping.model_copy(update={"affinity": affinity, "recommendation": advice})
            cell = cell.model_copy(update={"grouping": own})
        cells.append(cell)
    store.write_study(study.model_copy(update={"cells": cells}))


def _write_grouping(store: Store, study: StudyRecord) -> None:
    tasks = [task.name for task in study.tasks]
    random = np.random.default_rng(1)
    features = random.normal(size=(len(tasks), 8)) + 3 * (np.arange(len(tasks)) % 3)[:, None]
    groups = [[task for i, task in enumerate(tasks) if i % 3 == k] for k in range(3)]
    number = NumberRecord(
        method="silhouette", groups=[2, 3, 4], values=[0.31, 0.52, 0.40], chosen=3
    )
    grouping = GroupingRecord(
        origin="kmedoids on label_description",
        groups=groups,
        medoids=[group[0] for group in groups],
        numbers=[number],
    )
    found = FoundGrouping(
        id="f00d", study=study.name, fold=0, settings={}, grouping=grouping, stability={"ari": 0.8}
    )
    store.groupings.write(found, features)


def _write_transfer(store: Store, study: StudyRecord) -> None:
    tasks = [task.name for task in study.tasks][:6]
    random = np.random.default_rng(2)
    effects = []
    for s in tasks:
        for t in tasks:
            if s != t:
                effect = float(random.normal(0, 0.03))
                verdict = "improves" if effect > 0.02 else "decreases" if effect < -0.02 else "none"
                own: Any = {"source": s, "target": t, "effect": effect, "verdict": verdict}
                effects.append(EffectRecord(low=effect - 0.02, high=effect + 0.02, **own))
    store.transfers.write(
        TransferRecord(
            name=study.name,
            config={},
            tasks=tasks,
            metrics=dict.fromkeys(tasks, "f1"),
            alone=dict.fromkeys(tasks, 0.6),
            effects=effects,
            runs=3,
            margin=0.0,
            jobs=[],
            finished=FINISHED,
        )
    )


def _write_explanation(store: Store, study: StudyRecord) -> None:
    task = study.tasks[0].name
    place = {"plan": "mtl", "task": task, "seed": 0}
    said = ["there", "is", "no", task, "but", EVIL]
    attributions = [
        place | {"text": "t", "place": i, "word": word, "value": value, "state": "read"}
        for i, (word, value) in enumerate(zip(said, [0.05, 0.0, -0.9, 1.2, 0.2, 0.4], strict=True))
    ]
    texts = [
        place
        | {"text": "t", "label": "", "score": 0.8, "difference": 1.0, "delta": 0.01}
        | {"relative_delta": 0.01, "steps": 32, "probability": 0.7, "decision": "yes"}
        | {"cut": "", "unknown": ["sic"]}
    ]
    frames = {"attributions": attributions, "texts": texts}
    record = ExplanationRecord(
        id="e1",
        study=study.name,
        text=" ".join(said),
        plans=["mtl"],
        tasks=[task],
        settings={"texts": 1, "baseline": "mask"},
        frames={name: len(rows) for name, rows in frames.items()},
        seconds=1.0,
        created=FINISHED,
    )
    store.explanations.write(record, {k: pa.Table.from_pylist(rows) for k, rows in frames.items()})
