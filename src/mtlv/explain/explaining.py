"""Explaining a study: every view that its models and records allow, written beside it.

A view that is not possible (no weights kept, no probe, data gone) is named with the reason and the
setting that would allow it, and the others are made. Nothing is computed twice: an explanation is
stored under the fingerprint of all that decides it. A view that was missing is tried again when it
is asked for again, as what it lacked, such as data, may be there by now.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa

from mtlv.errors import StoreError
from mtlv.explain.asked import Asked
from mtlv.explain.study_views import Answers, StudyViews
from mtlv.fingerprint import fingerprint
from mtlv.store import Store
from mtlv.store.outcome import load_readable
from mtlv.store.record import ExplanationRecord
from mtlv.studies.environment import now

__all__ = ["Asked", "explain_study"]

VERSION = 4
"""Of the way in which views are made; a new one makes stored explanations be made anew."""


def explain_study(
    store: Store,
    study: str,
    asked: Asked | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> ExplanationRecord:
    """Make every view that a study allows, or find the ones that were made before.

    Args:
        store: has the study, and takes the explanation.
        study: its name.
        asked: plans, tasks and settings.
        say: is told what is going on.

    Raises:
        StoreError: there is no such study or plan, no plan has a model for a task, or no view is
            possible at all; nothing is stored then.
        DataError: there is no such task.
    """
    asked = asked or Asked()
    outcome = load_readable(store, study)
    views = StudyViews(store, outcome, asked, say)
    plans, tasks = views.chosen.names, list(views.chosen.tasks)
    settings = asked.settings(views.models.count)
    name = fingerprint([VERSION, study, plans, tasks, settings, views.jobs])
    before = None
    if name in store.explanations:
        before = store.explanations[name]
        if not before.missing:
            return before
    started = time.process_time()
    answers = views.answers(before)
    if before is not None and not answers.frames:
        return before
    if not answers.frames:
        raise _nothing(study, answers)
    tables = {key: pa.Table.from_pylist(rows) for key, rows in answers.frames.items()}
    if before is not None:
        tables = {key: store.explanations.frame(name, key) for key in before.frames} | tables
    record = ExplanationRecord(
        id=name,
        study=study,
        plans=plans,
        tasks=tasks,
        settings=settings,
        frames={key: table.num_rows for key, table in tables.items()},
        missing=answers.missing,
        article=answers.article,
        seconds=time.process_time() - started + (0.0 if before is None else before.seconds),
        created=now(),
    )
    store.explanations.write(record, tables)
    return record


def _nothing(study: str, answers: Answers) -> StoreError:
    settings = dict.fromkeys(own.setting for own in answers.missing if own.setting)
    return StoreError(
        f"Nothing of the study '{study}' can be explained as it was asked.",
        found="; ".join(f"{own.view}: {own.reason}" for own in answers.missing),
        hint="; ".join(settings) or None,
    )
