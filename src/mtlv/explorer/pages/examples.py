"""Examples: search the test texts, and see what two plans say of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mtlv.errors import ExplorerError
from mtlv.explorer.answers import SHOWN, Example, answers_of, chosen
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Page
from mtlv.explorer.pages.study import header_of
from mtlv.explorer.texts import Texts, open_texts
from mtlv.report.baseline import usual_baseline
from mtlv.store.outcome import PlanOutcome, StudyOutcome

__all__ = ["examples"]

PER_PAGE = 25


@dataclass(frozen=True)
class Row:
    """One text with what is said of it.

    Args:
        id: of the example.
        corpus: its name.
        fold: from 0, where it is in the test part.
        segments: its texts; none where they cannot be had.
        answers: task by task.
        quiet: how many tasks are left out, as both plans rightly say no.
    """

    id: str
    corpus: str
    fold: int
    segments: Sequence[str]
    answers: Sequence[Example]
    quiet: int


def examples(library: Library, asked: Asked) -> Page:
    """Test examples of a study under two plans."""
    outcome = library.outcome(asked.study)
    header = header_of(library, asked.study)
    if not outcome.plans:
        data = {"rows": [], "plans": [], "total": 0, "form": []}
        return Page("Examples", "examples.html", header | data, asked.study)
    first, second = _plans(outcome, asked)
    seed = _seed(first, second, asked)
    every = library.kept(
        ("answers", asked.study, first.name, second.name, seed),
        asked.study,
        lambda: answers_of(library.store, _cells(first, seed), _cells(second, seed)),
    )
    task = asked.choice("task", ["", *(own.name for own in outcome.study.tasks)], "")
    shown = asked.choice("show", list(SHOWN))
    texts = {own.name: open_texts(own.fingerprint) for own in outcome.study.corpora}
    found = _searched(chosen(every, task, shown), texts, asked.one("text"))  # type: ignore[arg-type]
    rows = _rows(found)
    page = _page_number(asked, len(rows))
    part = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    data = {
        "form": _form(outcome, asked, (first.name, second.name), seed, task, shown),
        "search": asked.one("text"),
        "plans": [first.name, second.name],
        "rows": _with_texts(part, texts),
        "links": {
            own.name: study_address(asked.study, "tasks", own.name) for own in outcome.study.tasks
        },
        "total": len(rows),
        "number": page,
        "pages": max(1, -(-len(rows) // PER_PAGE)),
        "previous": asked.changed(page=page - 1) if page > 1 else None,
        "next": asked.changed(page=page + 1) if page * PER_PAGE < len(rows) else None,
        "missing": [name for name, own in texts.items() if own is None],
    }
    return Page("Examples", "examples.html", header | data, asked.study)


def _plans(outcome: StudyOutcome, asked: Asked) -> tuple[PlanOutcome, PlanOutcome]:
    names = [plan.name for plan in outcome.plans]
    base = usual_baseline(names)
    other = next((name for name in names if name != base), base)
    return (
        outcome[asked.choice("first", names, other)],
        outcome[asked.choice("second", names, base)],
    )


def _seed(first: PlanOutcome, second: PlanOutcome, asked: Asked) -> int:
    seeds = [sorted({cell.cell.seed for cell in plan.cells}) for plan in (first, second)]
    both = [str(seed) for seed in seeds[0] if seed in seeds[1]]
    if not both:
        raise ExplorerError(
            "The two plans have no seed in common.",
            found=f"seeds {seeds[0]} and {seeds[1]}",
            hint="choose other plans",
        )
    return int(asked.choice("seed", both))


def _cells(plan: PlanOutcome, seed: int) -> dict[int, Any]:
    return {cell.cell.fold: cell for cell in plan.cells if cell.cell.seed == seed}


def _searched(
    found: Sequence[Example], texts: dict[str, Texts | None], words: str
) -> Sequence[Example]:
    """Return the examples whose text holds all words, or whose id is what was typed."""
    if not words.strip():
        return found
    held = {name: own.having(words) if own else frozenset() for name, own in texts.items()}
    return [e for e in found if e.id in held.get(e.corpus, ()) or e.id == words.strip()]


def _rows(found: Sequence[Example]) -> list[Row]:
    """Bring the tasks of a text together; what both rightly deny is only counted."""
    by_text: dict[tuple[str, int, str], list[Example]] = {}
    for own in found:
        by_text.setdefault((own.corpus, own.fold, own.id), []).append(own)
    rows = []
    for (corpus, fold, name), answers in by_text.items():
        told = [own for own in answers if not _is_quiet(own)] if len(answers) > 1 else answers
        rows.append(Row(name, corpus, fold, (), told, len(answers) - len(told)))
    return rows


def _is_quiet(own: Example) -> bool:
    return own.target == "no" and all(answer.text == "no" for answer in own.answers)


def _page_number(asked: Asked, total: int) -> int:
    last = max(1, -(-total // PER_PAGE))
    return min(max(1, asked.number("page", 1)), last)


def _with_texts(rows: Sequence[Row], texts: dict[str, Texts | None]) -> list[Row]:
    filled = []
    for row in rows:
        own = texts.get(row.corpus)
        filled.append(replace(row, segments=own.of([row.id])[0] if own else ()))
    return filled


def _form(
    outcome: StudyOutcome, asked: Asked, plans: tuple[str, str], seed: int, task: str, shown: str
) -> list[Choice]:
    names = [plan.name for plan in outcome.plans]
    seeds = sorted({cell.cell.seed for plan in outcome.plans for cell in plan.cells})
    tasks = [("", "all tasks"), *((own.name, own.name) for own in outcome.study.targets)]
    return [
        Choice.of("first", "First plan", names, plans[0]),
        Choice.of("second", "Second plan", names, plans[1]),
        Choice("task", "Task", tasks, [task]),
        Choice("show", "Show", list(SHOWN.items()), [shown]),
        Choice.of("seed", "Seed", [str(own) for own in seeds], str(seed)),
    ]
