"""The views of a study: each gives rows of stored tables, or says why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mtlv.errors import DataError, MtlvError
from mtlv.explain.asked import Asked
from mtlv.explain.conflict import conflict_rows
from mtlv.explain.data_maps import data_map_rows
from mtlv.explain.disagreement import disagreement_rows, judged_rows, judgements
from mtlv.explain.model_views import ModelViews
from mtlv.explain.models import Models, chosen
from mtlv.explain.roles import left_out, roles_of
from mtlv.explain.texts import StudyTexts
from mtlv.explain.view_results import ThreeViews
from mtlv.explain.views import three_views
from mtlv.store import JobRecord, Store
from mtlv.store.outcome import StudyOutcome
from mtlv.store.record import ExplanationRecord, MissingView

__all__ = ["Answers", "StudyViews"]

Rows = list[dict[str, Any]]
View = Callable[[], Mapping[str, Rows]]


@dataclass(frozen=True)
class Answers:
    """What could be answered.

    Args:
        frames: rows of each table that has some, by name.
        missing: views that the study does not allow.
        article: the article's views, `ThreeViews` as JSON; None where they cannot be made.
    """

    frames: dict[str, Rows]
    missing: list[MissingView]
    article: dict[str, Any] | None


class StudyViews:
    """Views of one study; `chosen` are its plans and tasks, `models` the views of single models.

    Args:
        store: has its models and predictions.
        outcome: of the study.
        asked: plans, tasks and settings.
        say: is told what is going on.

    Raises:
        StoreError: there is no such plan, or no plan has a model for a task.
        DataError: there is no such task.
    """

    def __init__(
        self, store: Store, outcome: StudyOutcome, asked: Asked, say: Callable[[str], None]
    ) -> None:
        self._store, self._outcome, self._say = store, outcome, say
        self.chosen = chosen(outcome, asked.plans, asked.tasks)
        self._texts = StudyTexts(store, outcome.study, asked.base)
        models = Models(store, outcome.study)
        self.models = ModelViews(models, self._texts, self.chosen, asked, say)
        self._article: dict[str, Any] | None = None
        self._missing: list[MissingView] = []

    @property
    def jobs(self) -> list[str]:
        """Ids of the jobs of all cells, those of their groupings included."""
        cells = [own.cell for plan in self._outcome.plans for own in plan.cells]
        own = [job for cell in cells for job in cell.jobs]
        asked = [job for cell in cells if cell.grouping for job in cell.grouping.jobs]
        return list(dict.fromkeys([*own, *asked]))

    def answers(self, before: ExplanationRecord | None = None) -> Answers:
        """Make all views that are possible, or of an earlier answer those that were missing.

        Args:
            before: the earlier answer; what it has is not made again.
        """
        earlier = {own.view: own for own in before.missing} if before is not None else {}
        self._article = None if before is None else before.article
        never = [*self.chosen.missing, *self.models.left_out]
        self._missing = [] if before is not None else never
        frames: dict[str, Rows] = {}
        for name, view in self._views():
            if before is None or earlier.pop(name, None) is not None:
                self._say(f"{name} …")
                frames |= self._made(name, view)
        return Answers(frames, [*earlier.values(), *self._missing], self._article)

    def _views(self) -> Iterator[tuple[str, View]]:
        yield "disagreement of plans", self._disagreement
        yield "gradient conflict", self._conflict
        yield "data map", self._data_map
        yield "three views of the article", self._three_views
        yield "word importance", self._words
        yield "similarity of encoders", self.models.similarity

    def _made(self, name: str, view: View) -> dict[str, Rows]:
        try:
            return {key: rows for key, rows in view().items() if rows}
        except MtlvError as error:
            found = "" if error.found is None else f" ({error.found})"
            missing = MissingView(view=name, reason=error.what + found, setting=error.hint or "")
            self._missing.append(missing)
            return {}

    @cached_property
    def _records(self) -> list[JobRecord]:
        return [self._store.job(job) for job in self.jobs if self._store.has_job(job)]

    def _disagreement(self) -> Mapping[str, Rows]:
        if len(self.chosen.plans) < 2:
            alone = len(self._outcome.plans) < 2
            hint = "add another plan" if alone else "name two plans with --plan, or none"
            raise DataError("One plan alone cannot disagree.", hint=hint)
        judged = {
            plan.name: judgements(self._store, plan, self.chosen.tasks, self.chosen.fold)
            for plan in self.chosen.plans
        }
        counts = judged_rows(judged, self.chosen.fold)
        if not counts:
            raise DataError("No task of classes is served by two of the plans.")
        texts = {task: self._texts.shown(task) for task in {row["task"] for row in counts}}
        return {"judged": counts, "disagreement": disagreement_rows(judged, texts)}

    def _conflict(self) -> Mapping[str, Rows]:
        return {"conflict": conflict_rows(self._store, self._records)}

    def _data_map(self) -> Mapping[str, Rows]:
        return {"data_map": data_map_rows(self._store, self._records, self._texts.trained)}

    def _three_views(self) -> Mapping[str, Rows]:
        missing = left_out(self.chosen.plans, self._outcome.plans)
        roles = roles_of(self.chosen.plans)
        found = three_views(
            self._store,
            self._outcome,
            self._texts,
            single=roles.single,
            multi=roles.multi,
            wanted=self.chosen.tasks,
            say=self._say,
        )
        self._article = found.to_json()
        self._missing += missing
        return {"cross_task": _cross_task_rows(found)}

    def _words(self) -> Mapping[str, Rows]:
        """Return the words of attributions where the weights themselves do not say them."""
        return {} if (self._article or {}).get("words") else self.models.words()


def _cross_task_rows(found: ThreeViews) -> Rows:
    return [
        {
            "plan": own.plan,
            "metric": own.metric,
            "texts": row,
            "layer": column,
            "mean": own.mean[i][j],
            "sd": own.sd[i][j],
            "guess": own.guess[i],
            "runs": len(own.runs),
        }
        for own in found.cross_task
        for i, row in enumerate(own.tasks)
        for j, column in enumerate(own.tasks)
    ]
