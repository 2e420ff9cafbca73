"""Small studies: a CSV of forty rows, an encoder of one layer, one or two epochs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtlv.studies.watching import StudyWatcher

__all__ = ["LABELS", "Counter", "small_config", "write_csv"]

LABELS = ("edema", "effusion", "fracture")
SCRATCH = {
    "name": "scratch",
    "scratch": {"layers": 1, "hidden_size": 16, "attention_heads": 2, "vocabulary": 200},
}


def write_csv(path: Path, rows: int = 40, header: Sequence[str] | None = None) -> Path:
    """Write reports in which every label has positives and negatives."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header or ("id", "report", *LABELS))
        for i in range(rows):
            present = [i % 2 == 0, i % 3 == 0, i % 4 == 1]
            said = [
                f"{label} seen" for label, is_there in zip(LABELS, present, strict=True) if is_there
            ]
            text = f"report {i}: {', '.join(said) or 'all clear'}"
            writer.writerow([f"r{i}", text, *map(int, present)])
    return path


def small_config(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return a config of a study that takes a second; changes replace whole sections."""
    config: dict[str, Any] = {
        "study": "small",
        "data": {"reports": small_source(write_csv(folder / "reports.csv"))},
        "encoder": SCRATCH,
        "plans": ["stl", "mtl"],
        "train": {"epochs": 1, "learning_rate": 1e-3, "max_length": 32, "precision": "fp32"},
        "tracking": {"mlflow": False},
    }
    return config | changes


def small_source(path: Path) -> dict[str, Any]:
    """Return the `data` entry of a CSV of `write_csv`."""
    return {"path": str(path), "id": "id", "text": "report", "labels": list(LABELS)}


class Counter(StudyWatcher):
    """Counts the jobs that are run."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def on_job_end(self, job: Any, record: Any) -> None:
        self.jobs.append(job.id)


def cells_by_plan(study: Any) -> Mapping[str, list[Any]]:
    """Return a study record's cells by plan."""
    plans: dict[str, list[Any]] = {}
    for cell in study.cells:
        plans.setdefault(cell.plan, []).append(cell)
    return plans
