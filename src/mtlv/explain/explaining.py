"""Explaining a study: every view that its models and records allow, written beside it.

A view that is not possible (no weights kept, no probe, data gone) is named with the reason and the
setting that would allow it, and the others are made. Nothing is computed twice: an explanation is
stored under the fingerprint of all that decides it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa

from mtlv.explain.asked import Asked
from mtlv.explain.study_views import StudyViews
from mtlv.fingerprint import fingerprint
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.store.record import ExplanationRecord
from mtlv.studies.environment import now

__all__ = ["Asked", "explain_study"]

VERSION = 1
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
        StoreError: there is no such study or plan, or no plan has a model for a task.
        DataError: there is no such task.
    """
    asked = asked or Asked()
    outcome = load_outcome(store, study)
    views = StudyViews(store, outcome, asked, say)
    name = fingerprint(
        [VERSION, study, views.plan_names, views.tasks, asked.settings(), views.jobs]
    )
    if store.has_explanation(name):
        return store.explanation(name)
    started = time.process_time()
    frames, missing = views.frames()
    record = ExplanationRecord(
        id=name,
        study=study,
        plans=views.plan_names,
        tasks=views.tasks,
        settings=asked.settings(),
        frames={key: len(rows) for key, rows in frames.items()},
        missing=missing,
        article=views.article,
        seconds=time.process_time() - started,
        created=now(),
    )
    store.write_explanation(record, {key: pa.Table.from_pylist(v) for key, v in frames.items()})
    return record
