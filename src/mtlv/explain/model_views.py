"""Views of single models: the words that matter to them, and how similar their encoders are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from mtlv.data import Example
from mtlv.errors import DataError
from mtlv.explain.asked import Asked
from mtlv.explain.attribution import Attribution, attribute
from mtlv.explain.attribution_texts import readable
from mtlv.explain.models import Chosen, Models, Served
from mtlv.explain.similarity import cka
from mtlv.explain.states import layer_states
from mtlv.explain.texts import StudyTexts
from mtlv.explain.word_attributions import agreement_rows, word_rows
from mtlv.store.record import MissingView
from mtlv.words import counted

__all__ = ["ModelViews", "text_row"]

SEEDS = 2
"""Of each plan, so many models are looked at: two say what one plan agrees with itself."""
STATES = 4
"""So many times as many texts are read for similarity as for words, as they cost less."""
Array = np.ndarray[Any, Any]
Rows = list[dict[str, Any]]


class ModelViews:
    """Views of the models of the first seeds, on the fold that is chosen.

    Args:
        models: of the study.
        texts: of the study.
        chosen: plans and tasks.
        asked: settings.
        say: is told what is going on.
    """

    def __init__(
        self,
        models: Models,
        texts: StudyTexts,
        chosen: Chosen,
        asked: Asked,
        say: Callable[[str], None],
    ) -> None:
        self._models, self._texts, self._chosen = models, texts, chosen
        self._asked, self._say = asked, say
        self._encoded: dict[tuple[str, str, tuple[str, ...]], Array] = {}

    def words(self) -> Mapping[str, Rows]:
        """Return what words add to scores, and how far models agree on which matter."""
        words: dict[tuple[str, int, str], Rows] = {}
        texts: Rows = []
        done: dict[tuple[str, str], list[Attribution]] = {}
        each = counted(self._asked.texts_each(self.count), "text")
        self._say(f"  {each} each of {counted(self.count, 'task of a model', 'tasks of models')}")
        for own in self._served:
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

    def similarity(self) -> Mapping[str, Rows]:
        """Return how similar the encoders of every two models of a task are, layer by layer.

        Raises:
            DataError: no task has two models, or there are too few texts.
        """
        rows = [row for task in self._chosen.tasks for row in self._similar(task)]
        if not rows:
            raise DataError(
                "No task has two models to compare.", hint="name two plans, or train two seeds"
            )
        return {"similarity": rows}

    @cached_property
    def count(self) -> int:
        """How many pairs of a model and a task of it there are."""
        return len({(own.job, own.task) for own in self._found})

    @property
    def left_out(self) -> list[MissingView]:
        """Tasks that have no words and layers here while others have, each with the reason."""
        if not self._found:
            return []
        return [
            MissingView(
                view=f"task {task}",
                reason=f"Words and layers of '{task}' are left out: it has a score for every word, "
                "and no single one to explain.",
                setting="",
            )
            for task in self._chosen.tasks
            if self._is_tagging(task)
        ]

    def _is_tagging(self, task: str) -> bool:
        return self._models.tasks[task].kind == "tagging"

    @cached_property
    def _found(self) -> list[Served]:
        return [
            own
            for task in self._chosen.tasks
            if not self._is_tagging(task)
            for plan in self._chosen.plans
            for own in self._chosen.served(plan, task)[:SEEDS]
        ]

    @property
    def _served(self) -> list[Served]:
        if not self._found:
            raise DataError(
                "A tagging task has a score for every word, and no single one to explain.",
                found=", ".join(self._chosen.tasks),
                hint="name a task of another kind with --task",
            )
        return self._found

    def _attributions(self, own: Served) -> list[Attribution]:
        explained = self._models.explained(own.job, own.task)
        tested = self._tested(own, self._asked.texts_each(self.count), balanced=True)
        examples = readable(tested, explained.source, explained.max_length)
        return attribute(explained, examples, self._asked.attribution)

    def _similar(self, task: str) -> Iterator[dict[str, Any]]:
        models = [own for own in self._served if own.task == task]
        if len(models) < 2:
            return
        pairs = combinations([(own, self._states(own)) for own in models], 2)
        for (one, states), (other, others) in pairs:
            layers = zip(states, others, strict=False)
            for layer, (first, second) in enumerate(layers, start=1):
                yield {
                    "task": task,
                    "first": one.plan,
                    "second": other.plan,
                    "first_seed": one.seed,
                    "second_seed": other.seed,
                    "layer": layer,
                    "cka": cka(first, second),
                    "texts": len(first),
                }

    def _states(self, own: Served) -> Array:
        """Return the states of a model, once for all tasks that share its encoder and texts."""
        examples = self._tested(own, STATES * self._asked.texts_each(1))
        texts = (self._models.tasks[own.task].corpus, *(each.id for each in examples))
        record = self._models.record(own.job)
        key = (own.job, own.task if record.spec["train"].get("soft_sharing") else "", texts)
        if key not in self._encoded:
            network, source = self._models.network(own.job)
            length = self._models.max_length(own.job)
            self._encoded[key] = layer_states(network, source, examples, own.task, length)
        return self._encoded[key]

    def _tested(self, own: Served, count: int, *, balanced: bool = False) -> list[Example]:
        plan = self._chosen.plans[self._chosen.names.index(own.plan)]
        return self._texts.tested(plan, own.task, own.fold, count, balanced=balanced)


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
