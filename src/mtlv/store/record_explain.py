"""Records of explanations: what was asked of a study's models, and what could be answered.

The answers themselves are tables beside the record, one Parquet file each; `FRAMES` says what each
of them holds. Nothing here needs torch.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mtlv.store.record_base import RECORD_VERSION, Record

__all__ = ["FRAMES", "ExplanationRecord", "MissingView"]

FRAMES = {
    "attributions": "a word of a text: plan, task, seed, text, place, word, value, state",
    "differences": "a word of a text under two models, the second less the first: task, first, "
    "second, first_seed, second_seed, text, place, word, value, state",
    "texts": "a text under a model: plan, task, seed, text, label, score, difference, delta, "
    "relative_delta, steps, probability, decision, cut, unknown",
    "words": "a word over many texts: plan, task, seed, word, mean, mean_absolute, count",
    "agreement": "two models' ranks of words: task, first, second, first_seed, second_seed, rho, "
    "low, high, overlap, words",
    "similarity": "two encoders in a layer: task, first, second, first_seed, second_seed, layer, "
    "cka, texts",
    "conflict": "two tasks at a moment: job, seed, first, second, layer, time, clock, cosine",
    "data_map": "a training text of a task: job, task, text, confidence, variability, region, "
    "words",
    "judged": "a task under two plans, numbers of test texts: task, first, second, fold, "
    "first_seeds, second_seeds, texts, both_right, both_wrong, first_alone, second_alone, tied",
    "disagreement": "a test text: task, text, target, first, second, first_right, second_right, "
    "seeds, words",
    "cross_task": "a task's texts through a task's output layer: plan, metric, texts, layer, mean, "
    "sd, guess, runs",
}
"""What a row of each table is, and its columns."""


class MissingView(Record):
    """A view that a study does not allow, or what is left out of one.

    Args:
        view: its name; or the plan or task that is left out: `plan stl`, `task ner`.
        reason: in a sentence.
        setting: what would allow it; "" where nothing would.
    """

    view: str
    reason: str
    setting: str = ""


class ExplanationRecord(Record):
    """What was asked of a study's models.

    Args:
        id: fingerprint of the study's jobs and of all that was asked.
        study: its name.
        text: typed by a user; None for the views of a whole study.
        plans: names of those that were asked.
        tasks: names of those that were asked.
        settings: of texts and attributions.
        frames: number of rows of each table, by name.
        missing: views that the study does not allow, and what is left out of the others.
        article: the three views of two plans, `ThreeViews` as JSON; None where the study does not
            allow them.
        seconds: processor time that it took.
        created: when.
    """

    version: int = RECORD_VERSION
    id: str
    study: str
    text: str | None = None
    plans: list[str]
    tasks: list[str]
    settings: dict[str, Any]
    frames: dict[str, int] = Field(default_factory=dict)
    missing: list[MissingView] = Field(default_factory=list)
    article: dict[str, Any] | None = None
    seconds: float
    created: str
