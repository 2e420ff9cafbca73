"""One text under several plans: scores, decisions and attributions side by side, word by word."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa

from mtlv.data import Example
from mtlv.errors import DataError
from mtlv.explain.asked import Asked
from mtlv.explain.attribution import Attribution, Explained, attribute
from mtlv.explain.models import Models, Served, asked_plans, asked_tasks, served
from mtlv.explain.study_views import text_row
from mtlv.fingerprint import fingerprint
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.store.record import ExplanationRecord
from mtlv.studies.environment import now
from mtlv.tasks import Task

__all__ = ["explain_text"]

VERSION = 2
ID = "text"


def explain_text(
    store: Store, study: str, text: str, asked: Asked | None = None, label: str | None = None
) -> ExplanationRecord:
    """Score a text with every plan and say what each word adds, or find what was said before.

    Of each plan, the model of the first seed on the first fold is asked.

    Args:
        store: has the study, and takes the explanation.
        study: its name.
        text: to explain.
        asked: plans, tasks and settings.
        label: of multiclass tasks, the class to explain; None means the likeliest.

    Raises:
        StoreError: there is no such study or plan, no plan has a model for a task, or weights were
            not kept.
        DataError: the text is empty or holds no known word, or no task takes a single text.
    """
    asked = asked or Asked()
    if not text.strip():
        raise DataError("The text is empty.", where="--text", expected="some words")
    outcome = load_outcome(store, study)
    plans = asked_plans(outcome, asked.plans)
    models = Models(store, outcome.study)
    tasks = _of_texts(asked_tasks(outcome, plans, asked.tasks), models, outcome.study.corpora)
    wanted = [own for task in tasks for plan in plans for own in served(plan, task)[:1]]
    if label is not None and not any(models.tasks[task].kind == "multiclass" for task in tasks):
        raise DataError(
            "Only multiclass tasks have classes to explain.",
            where="--label",
            found=f"{label}, for {', '.join(f'{t} ({models.tasks[t].kind})' for t in tasks)}",
            hint="leave it out, or name a multiclass task with --task",
        )
    names = [plan.name for plan in plans]
    settings = asked.attribution.model_dump() | {"label": label}
    name = fingerprint([VERSION, study, text, settings, [vars(own) for own in wanted]])
    if store.has_explanation(name):
        return store.explanation(name)
    started = time.process_time()
    frames = _frames(models, wanted, text, asked, label)
    record = ExplanationRecord(
        id=name,
        study=study,
        text=text,
        plans=names,
        tasks=tasks,
        settings=settings,
        frames={key: len(rows) for key, rows in frames.items()},
        seconds=time.process_time() - started,
        created=now(),
    )
    store.write_explanation(record, {key: pa.Table.from_pylist(v) for key, v in frames.items()})
    return record


def _of_texts(tasks: list[str], models: Models, corpora: list[Any]) -> list[str]:
    """Return the tasks that a single text has attributions for."""
    forms = {own.name: own.input or "text" for own in corpora}
    found = [
        name
        for name in tasks
        if models.tasks[name].kind != "tagging" and forms[models.tasks[name].corpus] == "text"
    ]
    if not found:
        raise DataError(
            "No task takes a single text and has one score to explain.",
            found=", ".join(f"{name} ({models.tasks[name].kind})" for name in tasks),
            expected="a binary, multiclass or regression task on texts",
            hint="name another task with --task",
        )
    return found


def _frames(
    models: Models, wanted: list[Served], text: str, asked: Asked, label: str | None
) -> dict[str, list[dict[str, Any]]]:
    texts, words = [], []
    done: dict[tuple[str, str], Attribution] = {}
    for own in wanted:
        task = models.tasks[own.task]
        if (own.job, own.task) not in done:
            network, source = models.network(own.job)
            chosen = label if task.kind == "multiclass" else None
            explained = Explained(network, source, models.max_length(own.job), own.task, chosen)
            found = attribute(explained, [Example(ID, text)], asked.attribution)
            done[own.job, own.task] = found[0]
        one = done[own.job, own.task]
        texts.append(text_row(own, one) | _decided(task, own, one))
        pairs = zip(one.text.words, one.values.tolist(), strict=True)
        words += [
            {"plan": own.plan, "task": own.task, "seed": own.seed, "text": ID}
            | {"place": place, "word": word, "value": value, "state": one.text.state(place)}
            for place, (word, value) in enumerate(pairs)
        ]
    return {"texts": texts, "attributions": words}


def _decided(task: Task, own: Served, found: Attribution) -> dict[str, Any]:
    """Return probability and decision of a text."""
    if task.kind == "binary":
        decision = str(int(found.decoded >= own.threshold))
        return {"probability": found.decoded, "decision": decision}
    if task.kind == "regression":
        return {"probability": None, "decision": f"{found.decoded:.4g}"}
    return {"probability": found.decoded, "decision": found.label or ""}
