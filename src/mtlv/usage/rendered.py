"""Predictions as text: CSV, JSON, JSON lines, or the bare answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence

from mtlv.data import Kind
from mtlv.usage.decided import Decided, DecidedTask

__all__ = ["rendered"]


def rendered(results: Decided, ids: Sequence[str], form: str) -> str:
    """Return predictions as text.

    Args:
        results: of N examples.
        ids: of the examples.
        form: `csv` (a column of answers for every task, then the probabilities), `json`, `jsonl`,
            or `txt` (the answers of an example with a semicolon between them).
    """
    if form == "txt":
        return "".join(f"{_answers(results, index)}\n" for index in range(len(ids)))
    if form == "csv":
        return _csv(results, ids)
    rows = results.to_json(ids)
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _csv(results: Decided, ids: Sequence[str]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    tasks = list(results.tasks.values())
    writer.writerow(["id", *results.tasks, *(name for own in tasks for name in _headings(own))])
    for index, example in enumerate(ids):
        cells = [CELLS[own.task.kind](own, index) for own in tasks]
        chances = [f"{score:.4f}" for own in tasks for score in _chances(own, index)]
        writer.writerow([example, *cells, *chances])
    return file.getvalue()


def _headings(task: DecidedTask) -> list[str]:
    """Return the names of a task's columns of probabilities."""
    own = task.task
    if own.kind == "binary":
        return [f"p({own.name})"]
    return [f"p({own.name}={label})" for label in own.labels] if own.kind == "multiclass" else []


def _chances(task: DecidedTask, index: int) -> list[float]:
    """Return the probabilities that stand in those columns."""
    if task.task.kind == "binary":
        return [float(task.scores[index])]
    return list(task.probabilities(index).values()) if task.task.kind == "multiclass" else []


def _spans_cell(task: DecidedTask, index: int) -> str:
    """Return a JSON list, as spans may hold any sign that could part them."""
    return json.dumps([own.to_json() for own in task.spans(index)], ensure_ascii=False)


CELLS: dict[Kind, Callable[[DecidedTask, int], str]] = {
    "binary": lambda task, index: str(int(task.decisions[index])),
    "multiclass": lambda task, index: task.label(index),
    "regression": lambda task, index: f"{task.scores[index]:.4f}",
    "tagging": _spans_cell,
}


def _answers(results: Decided, index: int) -> str:
    """Return the binary tasks decided 1, `TASK=ANSWER` of others, `TASK=TYPE:WORDS` of spans."""
    answers: list[str] = []
    for name, own in results.tasks.items():
        if own.task.kind == "binary":
            answers += [name] if own.decisions[index] else []
        elif own.task.kind == "tagging":
            answers += [f"{name}={found.type}:{found.text}" for found in own.spans(index)]
        else:
            answers.append(f"{name}={CELLS[own.task.kind](own, index)}")
    return ";".join(answers)
