"""What metrics must know of a task: names of classes or tags, the negative class, the range.

It travels with the predictions, so that a stored file can be scored without the corpus. In a file
it stands in the schema's metadata, as JSON by task; files from before it was written have none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mtlv.tasks import Task

__all__ = ["About", "about_metadata", "read_about"]

KEY = b"mtlv.about"


@dataclass(frozen=True)
class About:
    """What metrics must know of a task.

    Args:
        labels: names of the C classes or tags, in the order of the scores; empty if not known.
        negative: the class that says nothing is there, which F1 does not count.
        range: smallest and largest value of a regression target.
        metric: name of the metric that the task is judged by; None means the usual one of its kind.
    """

    labels: tuple[str, ...] = ()
    negative: str | None = None
    range: tuple[float, float] | None = None
    metric: str | None = None

    @classmethod
    def of(cls, task: Task) -> About:
        """Return what metrics must know of a task of a study."""
        return cls(task.labels, task.negative, task.range, task.metric)

    def to_json(self) -> dict[str, Any]:
        """Return what is known, as JSON-like data."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> About:
        """Return what `to_json` wrote."""
        low_high = data.get("range")
        return cls(
            tuple(data.get("labels", ())),
            data.get("negative"),
            None if low_high is None else (low_high[0], low_high[1]),
            data.get("metric"),
        )


def about_metadata(about: Mapping[str, About]) -> dict[bytes, bytes] | None:
    """Return the metadata of a schema that says what is known of tasks; None if nothing is."""
    known = {task: own.to_json() for task, own in about.items()}
    known = {task: own for task, own in known.items() if own}
    return {KEY: json.dumps(known, ensure_ascii=False).encode()} if known else None


def read_about(metadata: Mapping[bytes, bytes] | None) -> dict[str, About]:
    """Return what the metadata of a schema say, by task."""
    known = json.loads((metadata or {}).get(KEY, b"{}"))
    return {task: About.from_json(own) for task, own in known.items()}
