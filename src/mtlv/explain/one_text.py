"""One text under several plans: scores, decisions and attributions side by side, word by word.

Plans are compared with the first one that is asked: what a word adds under another plan less what
it adds under the first. Two seeds of the first plan differ too; what they differ by stands beside
it, as less than that is no difference between plans.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa

from mtlv.data import Example
from mtlv.errors import DataError
from mtlv.explain.asked import Asked
from mtlv.explain.attribution import Attribution, attribute
from mtlv.explain.attribution_texts import WordState
from mtlv.explain.model_views import text_row
from mtlv.explain.models import Chosen, Models, Served, chosen
from mtlv.fingerprint import fingerprint
from mtlv.store import Store
from mtlv.store.outcome import load_readable
from mtlv.store.record import CorpusRecord, ExplanationRecord, MissingView
from mtlv.studies.environment import now
from mtlv.tasks import Task

__all__ = ["explain_text"]

log = logging.getLogger(__name__)

VERSION = 4
ID = "text"
STATES: tuple[WordState, ...] = ("read", "not read", "cut off")
"""Of a word under two models, the last of its two states is told."""
Found = dict[Served, Attribution]


def explain_text(
    store: Store, study: str, text: str, asked: Asked | None = None, label: str | None = None
) -> ExplanationRecord:
    """Score a text with every plan and say what each word adds, or find what was said before.

    Of each plan, the model of the first seed on the first fold is asked; of the first plan, that of
    the second seed too, for the differences alone. Tasks of other inputs, and those of tags, are
    left out with a warning, and named in the record.

    Args:
        store: has the study, and takes the explanation.
        study: its name.
        text: to explain.
        asked: plans, tasks and settings.
        label: of multiclass tasks, the class to explain; None means the likeliest.

    Raises:
        StoreError: there is no such study or plan, no plan has a model for a task, a named plan has
            one for no task, or weights were not kept.
        DataError: the text is empty or holds no known word, or no task takes a single text.
    """
    asked = asked or Asked()
    if not text.strip():
        raise DataError("The text is empty.", where="--text", expected="some words")
    outcome = load_readable(store, study)
    own = chosen(outcome, asked.plans, asked.tasks)
    models = Models(store, outcome.study)
    left_out = _left_out(own.tasks, models, outcome.study.corpora)
    tasks = _others(own.tasks, left_out, models)
    wanted = [one for task in tasks for one in _served(own, task)]
    if label is not None and not any(models.tasks[task].kind == "multiclass" for task in tasks):
        raise DataError(
            "Only multiclass tasks have classes to explain.",
            where="--label",
            found=f"{label}, for {', '.join(f'{t} ({models.tasks[t].kind})' for t in tasks)}",
            hint="leave it out, or name a multiclass task with --task",
        )
    settings = asked.attribution.model_dump() | {"label": label}
    missing = [*own.missing, *left_out.values()]
    for gap in left_out.values():
        log.warning("%s", gap.reason)
    gaps = [gap.model_dump() for gap in missing]
    name = fingerprint([VERSION, study, text, settings, [vars(one) for one in wanted], gaps])
    if name in store.explanations:
        return store.explanations[name]
    started = time.process_time()
    found = _attributions(models, wanted, text, asked, label)
    frames = _frames(models, found)
    record = ExplanationRecord(
        id=name,
        study=study,
        text=text,
        plans=own.names,
        tasks=tasks,
        settings=settings,
        frames={key: len(rows) for key, rows in frames.items()},
        missing=missing,
        seconds=time.process_time() - started,
        created=now(),
    )
    store.explanations.write(record, {key: pa.Table.from_pylist(v) for key, v in frames.items()})
    return record


def _served(looked_at: Chosen, task: str) -> list[Served]:
    """Return a model of each plan that serves a task, and last the second one of the first plan."""
    by_plan = [looked_at.served(plan, task) for plan in looked_at.plans]
    by_plan = [own for own in by_plan if own]
    return [own[0] for own in by_plan] + by_plan[0][1:2]


def _left_out(
    tasks: Sequence[str], models: Models, corpora: Sequence[CorpusRecord]
) -> dict[str, MissingView]:
    """Return the tasks that a single text has no attributions for, each with the reason."""
    forms = {own.name: own.input or "text" for own in corpora}
    found: dict[str, MissingView] = {}
    for name in tasks:
        form = forms[models.tasks[name].corpus]
        why, setting = None, ""
        if models.tasks[name].kind == "tagging":
            why = "has a score for every word, and no single one to explain"
        elif form == "pair":
            why = "takes pairs of texts, and one text was given"
            setting = "leave --text out: test pairs of the study are attributed then"
        elif form == "tokens":
            why = "takes lists of words, and one text was given"
        if why is not None:
            reason = f"The task '{name}' is left out: it {why}."
            found[name] = MissingView(view=f"task {name}", reason=reason, setting=setting)
    return found


def _others(tasks: Sequence[str], left_out: Collection[str], models: Models) -> list[str]:
    """Return the tasks that are not left out.

    Raises:
        DataError: all are.
    """
    found = [name for name in tasks if name not in left_out]
    if not found:
        raise DataError(
            "No task takes a single text and has one score to explain.",
            found=", ".join(f"{name} ({models.tasks[name].kind})" for name in tasks),
            expected="a binary, multiclass or regression task on texts",
            hint="name another task with --task",
        )
    return found


def _attributions(
    models: Models, wanted: Sequence[Served], text: str, asked: Asked, label: str | None
) -> Found:
    """Return what the words add under each model; one that two plans share is asked once."""
    done: dict[tuple[str, str], Attribution] = {}
    for own in wanted:
        if (own.job, own.task) not in done:
            wished = label if models.tasks[own.task].kind == "multiclass" else None
            explained = models.explained(own.job, own.task, wished)
            (found,) = attribute(explained, [Example(ID, text)], asked.attribution)
            done[own.job, own.task] = found
    return {own: done[own.job, own.task] for own in wanted}


def _frames(models: Models, found: Found) -> dict[str, list[dict[str, Any]]]:
    """Return rows of the tables that have some; models are compared with the first of a task."""
    texts, words, differences = [], [], []
    base: dict[str, Served] = {}
    for own, one in found.items():
        first = base.setdefault(own.task, own)
        if own == first or own.plan != first.plan:
            texts.append(text_row(own, one) | _decided(models.tasks[own.task], own, one))
            words += _word_rows(own, one)
        if own != first and _comparable(found[first], one):
            differences += _difference_rows((first, found[first]), (own, one))
    frames = {"texts": texts, "attributions": words, "differences": differences}
    return {name: rows for name, rows in frames.items() if rows}


def _word_rows(own: Served, found: Attribution) -> list[dict[str, Any]]:
    return [
        {
            "plan": own.plan,
            "task": own.task,
            "seed": own.seed,
            "text": ID,
            "place": place,
            "word": word,
            "value": value,
            "state": found.text.state(place),
        }
        for place, (word, value) in enumerate(
            zip(found.text.words, found.values.tolist(), strict=True)
        )
    ]


def _comparable(one: Attribution, other: Attribution) -> bool:
    """Tell whether two models were asked for the same score, and read the same words."""
    return one.label == other.label and one.text.words == other.text.words


def _difference_rows(
    first: tuple[Served, Attribution], second: tuple[Served, Attribution]
) -> list[dict[str, Any]]:
    """Return what each word adds under the second model less what it adds under the first."""
    (base, one), (own, other) = first, second
    return [
        {
            "task": own.task,
            "first": base.plan,
            "second": own.plan,
            "first_seed": base.seed,
            "second_seed": own.seed,
            "text": ID,
            "place": place,
            "word": word,
            "value": float(other.values[place] - one.values[place]),
            "state": max(one.text.state(place), other.text.state(place), key=STATES.index),
        }
        for place, word in enumerate(one.text.words)
    ]


def _decided(task: Task, own: Served, found: Attribution) -> dict[str, Any]:
    """Return probability and decision of a text."""
    if task.kind == "binary":
        decision = str(int(found.decoded >= own.threshold))
        return {"probability": found.decoded, "decision": decision}
    if task.kind == "regression":
        return {"probability": None, "decision": f"{found.decoded:.4g}"}
    return {"probability": found.decoded, "decision": found.label or ""}
