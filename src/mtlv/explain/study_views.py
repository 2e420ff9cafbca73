"""The views of a study: each gives rows of a stored table, or says why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import Any

from mtlv.errors import DataError, MtlvError
from mtlv.explain.asked import Asked
from mtlv.explain.attribution import Attribution, Explained, attribute
from mtlv.explain.conflict import conflict_rows
from mtlv.explain.data_maps import data_map_rows
from mtlv.explain.disagreement import disagreement_rows, judgements
from mtlv.explain.models import Models, Served, asked_plans, asked_tasks, served
from mtlv.explain.similarity import cka
from mtlv.explain.states import layer_states
from mtlv.explain.texts import StudyTexts
from mtlv.explain.view_results import ThreeViews
from mtlv.explain.views import three_views
from mtlv.explain.word_attributions import agreement_rows, word_rows
from mtlv.store import JobRecord, Store
from mtlv.store.outcome import StudyOutcome
from mtlv.store.record import MissingView

__all__ = ["StudyViews", "text_row"]

SEEDS = 2
"""Of each plan, so many models are looked at: two say what one plan agrees with itself."""
Rows = list[dict[str, Any]]
Say = Callable[[str], None]


class StudyViews:
    """The views of one study.

    Args:
        store: has its models and predictions.
        outcome: of the study.
        asked: plans, tasks and settings.
        say: is told what is going on.

    Raises:
        StoreError: there is no such plan, or no plan has a model for a task.
        DataError: there is no such task.
    """

    def __init__(self, store: Store, outcome: StudyOutcome, asked: Asked, say: Say) -> None:
        self._store, self._outcome, self._asked, self._say = store, outcome, asked, say
        self._plans = asked_plans(outcome, asked.plans)
        self.tasks = asked_tasks(outcome, self._plans, asked.tasks)
        self.plan_names = [plan.name for plan in self._plans]
        self._models = Models(store, outcome.study)
        self._texts = StudyTexts(store, outcome.study, asked.base)
        self.article: dict[str, Any] | None = None

    @property
    def jobs(self) -> list[str]:
        """Ids of the jobs of all cells, those of their groupings included."""
        cells = [own.cell for plan in self._outcome.plans for own in plan.cells]
        own = [job for cell in cells for job in cell.jobs]
        asked = [job for cell in cells if cell.grouping for job in cell.grouping.jobs]
        return list(dict.fromkeys([*own, *asked]))

    def frames(self) -> tuple[dict[str, Rows], list[MissingView]]:
        """Return the tables of all views that are possible, and the other views."""
        frames: dict[str, Rows] = {}
        missing: list[MissingView] = []
        for name, view in self._all():
            self._say(f"{name} …")
            try:
                frames |= {key: rows for key, rows in view().items() if rows}
            except (MtlvError, NotImplementedError) as error:
                missing.append(_missing(name, error))
        return frames, missing

    def _all(self) -> Iterator[tuple[str, Callable[[], Mapping[str, Rows]]]]:
        yield "disagreement of plans", self._disagreement
        yield "gradient conflict", lambda: {"conflict": conflict_rows(self._store, self._records)}
        yield "data map", self._data_map
        yield "three views of the article", self._article
        if not self._is_bow:
            yield "word importance", self._words
            yield "similarity of encoders", self._similarity

    @property
    def _is_bow(self) -> bool:
        return bool(self._outcome.study.config["encoder"]["name"] == "bow")

    @cached_property
    def _records(self) -> list[JobRecord]:
        return [self._store.job(job) for job in self.jobs if self._store.has_job(job)]

    def _served(self) -> list[Served]:
        """Return the models of all plans and tasks, of the first seeds alone."""
        kinds = {task.name: task.kind for task in self._models.tasks}
        return [
            own
            for task in self.tasks
            if kinds[task] != "tagging"
            for plan in self._plans
            for own in served(plan, task)[:SEEDS]
        ]

    def _disagreement(self) -> Mapping[str, Rows]:
        fold = min(own.cell.fold for plan in self._plans for own in plan.cells)
        judged = {p.name: judgements(self._store, p, self.tasks, fold) for p in self._plans}
        if len(judged) < 2:
            raise DataError("One plan alone cannot disagree.", hint="name two plans with --plan")
        tasks = dict.fromkeys(task for own in judged.values() for task in own)
        return {"disagreement": disagreement_rows(judged, {t: self._texts.shown(t) for t in tasks})}

    def _data_map(self) -> Mapping[str, Rows]:
        return {"data_map": data_map_rows(self._store, self._records, self._texts.trained)}

    def _article(self) -> Mapping[str, Rows]:
        single, multi = self._single_and_multi()
        found = three_views(
            self._store,
            self._outcome.study.name,
            single=single,
            multi=multi,
            wanted=self.tasks,
            base=self._asked.base,
            say=self._say,
        )
        self.article = found.to_json()
        return {"cross_task": _cross_task_rows(found)}

    def _single_and_multi(self) -> tuple[str, str]:
        """Return a plan with a model for every task and one with one model for all."""
        targets = len(self._outcome.study.targets)
        sizes = {p.name: len(p.cells[0].cell.as_plan().models) for p in self._plans}
        single = [name for name, size in sizes.items() if size == targets > 1]
        multi = [name for name, size in sizes.items() if size == 1]
        if not single or not multi:
            raise DataError(
                "It needs a plan with a model for every task, and one with one model for all.",
                found=", ".join(sizes),
                hint="add `stl` and `mtl` to the plans",
            )
        return single[0], multi[0]

    def _words(self) -> Mapping[str, Rows]:
        models = self._served()
        words: dict[tuple[str, int, str], Rows] = {}
        texts: Rows = []
        done: dict[tuple[str, str], list[Attribution]] = {}
        for own in models:
            key = (own.job, own.task)
            if key not in done:
                self._say(f"  {own.task} under {own.plan}, seed {own.seed}")
                done[key] = self._attributions(own)
            words[own.plan, own.seed, own.task] = word_rows(done[key])
            texts += [text_row(own, one) for one in done[key]]
        by_word = {key: {row["word"]: row for row in rows} for key, rows in words.items()}
        return {
            "words": [
                {"plan": plan, "task": task, "seed": seed, **row}
                for (plan, seed, task), rows in words.items()
                for row in rows
            ],
            "texts": texts,
            "agreement": agreement_rows(list(words), by_word),
        }

    def _attributions(self, own: Served) -> list[Attribution]:
        network, source = self._models.network(own.job)
        plan = self._outcome[own.plan]
        examples = self._texts.tested(plan, own.task, self._asked.texts)
        explained = Explained(network, source, self._models.max_length(own.job), own.task)
        return attribute(explained, examples, self._asked.attribution)

    def _similarity(self) -> Mapping[str, Rows]:
        rows: Rows = []
        for task in self.tasks:
            models = [own for own in self._served() if own.task == task]
            states = {own: self._states(own) for own in {one.job: one for one in models}.values()}
            by_job = {own.job: state for own, state in states.items()}
            for one, other in combinations(models, 2):
                layers = zip(by_job[one.job], by_job[other.job], strict=False)
                rows += [
                    {
                        "task": task,
                        "first": one.plan,
                        "second": other.plan,
                        "first_seed": one.seed,
                        "second_seed": other.seed,
                        "layer": layer,
                        "cka": cka(a, b),
                        "texts": len(a),
                    }
                    for layer, (a, b) in enumerate(layers, start=1)
                ]
        return {"similarity": rows}

    def _states(self, own: Served) -> Any:
        network, source = self._models.network(own.job)
        examples = self._texts.tested(self._outcome[own.plan], own.task, 4 * self._asked.texts)
        length = self._models.max_length(own.job)
        return layer_states(network, source, examples, own.task, length)


def text_row(own: Served, found: Attribution) -> dict[str, Any]:
    """Return a row of the table `texts` of an attribution."""
    return {
        "plan": own.plan,
        "task": own.task,
        "seed": own.seed,
        "text": found.text.id,
        "label": found.label,
        "score": found.score,
        "difference": found.difference,
        "delta": found.delta,
        "relative_delta": found.relative_delta,
        "steps": found.steps,
        "cut": found.text.cut,
        "unknown": list(found.text.unknown),
    }


def _cross_task_rows(found: ThreeViews) -> Rows:
    return [
        {
            "plan": own.plan,
            "metric": own.metric,
            "texts": row,
            "layer": column,
            "mean": own.mean[i][j],
            "sd": own.sd[i][j],
            "runs": len(own.runs),
        }
        for own in found.cross_task
        for i, row in enumerate(own.tasks)
        for j, column in enumerate(own.tasks)
    ]


def _missing(view: str, error: Exception) -> MissingView:
    if not isinstance(error, MtlvError):
        return MissingView(view=view, reason="It is not implemented.")
    found = "" if error.found is None else f" ({error.found})"
    return MissingView(view=view, reason=error.what + found, setting=error.hint or "")
