"""The protocol's checks: what predictions must be before a number may be made of them.

Thresholds come from validation and are judged on test; the two share no example; every target has a
score; and plans are compared on the same targets only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.predictions import LabelMatrix, Predictions, TaskPredictions
from mtlv.words import counted

__all__ = ["check_parts", "check_scored", "check_task_scored", "same_targets"]

Array = np.ndarray[Any, Any]


def check_parts(validation: Predictions, test: Predictions) -> None:
    """Make sure that what is chosen on and what is scored are different parts of the data.

    Raises:
        ProtocolError: a part is not what it should be, or a task has an example in both.
    """
    for expected, found in (("validation", validation.part), ("test", test.part)):
        if found != expected:
            raise ProtocolError(
                f"The {expected} predictions are not of the {expected} part.",
                found=f"the {found} part",
                hint="thresholds are chosen on validation predictions and judged on test ones",
            )
    checked: list[tuple[Array, Array]] = []  # the tasks of one corpus have equal ids
    for name in [name for name in test.tasks if name in validation.tasks]:
        pair = validation.tasks[name].ids, test.tasks[name].ids
        if not any(all(map(np.array_equal, pair, known)) for known in checked):
            _check_disjoint(name, set(pair[0]) & set(pair[1]))
            checked.append(pair)


def check_scored(matrix: LabelMatrix) -> None:
    """Make sure that every target has a score; leaving some out would flatter the rest.

    Raises:
        ProtocolError: the first task of which a score is missing or not finite.
    """
    missing = np.count_nonzero(~np.isnan(matrix.targets) & ~np.isfinite(matrix.scores), axis=0)
    for task, count in zip(matrix.tasks, missing.tolist(), strict=True):
        if count:
            raise _unscored(task, matrix.part, count)


def check_task_scored(task: TaskPredictions, part: str) -> None:
    """Make sure that every target of a task of another kind has a score.

    A word that did not fit into the model has none, but the first word of a sentence always has.

    Raises:
        ProtocolError: a score is missing or not finite.
    """
    if task.kind == "tagging":
        pairs = zip(task.targets, task.scores, strict=True)
        missing = sum(
            len(tags) > 0 and not np.isnan(tags).all() and not np.isfinite(chances[0]).all()
            for tags, chances in pairs
        )
    else:
        scored = np.isfinite(task.scores.reshape(len(task.ids), -1)).all(axis=1)  # (N,)
        missing = int(np.count_nonzero(~np.isnan(task.targets) & ~scored))
    if missing:
        raise _unscored(task.task, part, missing)


def same_targets(a: Predictions, b: Predictions) -> None:
    """Make sure that two sets of predictions are of the same examples with the same targets.

    The order of tasks and of examples may differ. Targets are compared in float32, as stored.

    Raises:
        ProtocolError: the first difference: part, tasks, kind, ids, or one target.
    """
    if a.part != b.part:
        raise _unequal("They are of different parts", f"'{a.part}' and '{b.part}'")
    odd = [name for name in (*a.tasks, *b.tasks) if name not in a.tasks or name not in b.tasks]
    if odd:
        side = "first" if odd[0] in a.tasks else "second"
        raise _unequal("They are of different tasks", f"'{odd[0]}' only in the {side}")
    for name, task in a.tasks.items():
        _check_same(task, b.tasks[name])


def _check_disjoint(task: str, both: set[str]) -> None:
    if both:
        raise ProtocolError(
            "Validation and test have examples in common.",
            where=f"task '{task}'",
            found=f"{counted(len(both), 'example')}, such as '{min(both)}'",
            hint="split the corpus again: an example belongs to one part",
        )


def _check_same(a: TaskPredictions, b: TaskPredictions) -> None:
    where = f"task '{a.task}'"
    if a.kind != b.kind:
        raise _unequal("The task is of different kinds", f"{a.kind} and {b.kind}", where)
    names = a.about.labels, b.about.labels
    if all(names) and names[0] != names[1]:
        raise _unequal("The task has different labels", f"{names[0]} and {names[1]}", where)
    judged = a.about.metric, b.about.metric
    if all(judged) and judged[0] != judged[1]:
        raise _unequal("The task is judged differently", f"by {judged[0]} and {judged[1]}", where)
    if not np.array_equal(a.ids, b.ids):
        _check_same_ids(a, b, where)
        row = {example: index for index, example in enumerate(b.ids)}
        order = np.array([row[example] for example in a.ids], np.intp)
    else:
        order = np.arange(len(a.ids))
    wrong = _first_difference(a.targets, b.targets[order])
    if wrong is not None:
        pair = f"{a.targets[wrong]} and {b.targets[order[wrong]]}"
        raise _unequal("A target differs", pair, f"{where}, example '{a.ids[wrong]}'")


def _check_same_ids(a: TaskPredictions, b: TaskPredictions, where: str) -> None:
    for side, here, other in (("first", a.ids, b.ids), ("second", b.ids, a.ids)):
        known = set(other)
        only = [example for example in here if example not in known]
        if only:
            found = f"{counted(len(only), 'example')} only in the {side}, such as '{only[0]}'"
            raise _unequal("They are of different examples", found, where)
    if len(a.ids) != len(b.ids):
        found = f"{len(a.ids)} and {len(b.ids)} rows of the same examples"
        raise _unequal("An example stands twice", found, where)


def _first_difference(a: Array, b: Array) -> int | None:
    """Return the first row that differs; rows are numbers, or lists of tags."""
    if a.dtype != object and b.dtype != object:
        same = (a.astype(np.float32) == b.astype(np.float32)) | (np.isnan(a) & np.isnan(b))
        return None if same.all() else int(np.argmin(same))
    for i, (first, second) in enumerate(zip(a, b, strict=True)):
        if not np.array_equal(np.asarray(first, float), np.asarray(second, float), equal_nan=True):
            return i
    return None


def _unscored(task: str, part: str, count: int) -> ProtocolError:
    return ProtocolError(
        f"The task '{task}' has targets without a score.",
        where=f"{part} predictions",
        found=f"{counted(count, 'score')} missing or not finite",
        hint="if the model diverged, train it again with a lower learning rate",
    )


def _unequal(problem: str, found: str, where: str | None = None) -> ProtocolError:
    return ProtocolError(
        f"These predictions cannot be compared. {problem}.",
        where=where,
        found=found,
        hint="compare plans that were scored on the same split of the same corpora",
    )
