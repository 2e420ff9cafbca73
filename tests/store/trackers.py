"""A tracker in memory, which keeps MLflow's rules and can be made to fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mtlv.store.tracking_memory import Status
from mtlv.store.tracking_values import Number


@dataclass
class Run:
    name: str
    tags: dict[str, str]
    parent: str | None
    status: Status = "RUNNING"
    ended: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    numbers: set[Number] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)


class TrackerDownError(Exception):
    """What a tracker throws that cannot be reached."""


class FakeTracker:
    """Runs in a dictionary.

    Args:
        calls_left: so many calls, and it is down; None for one that never is.
    """

    def __init__(self, calls_left: int | None = None) -> None:
        self.runs: dict[str, Run] = {}
        self.calls = 0
        self.calls_left = calls_left
        self._count = 0

    def start(self, name: str, tags: Mapping[str, str], time: int, parent: str | None) -> str:
        self._call()
        assert parent is None or parent in self.runs
        self._count += 1
        self.runs[f"run{self._count}"] = Run(name, dict(tags), parent)
        return f"run{self._count}"

    def tell(
        self,
        run: str,
        params: Mapping[str, str] | None = None,
        numbers: Sequence[Number] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._call()
        own = self.runs[run]
        for name, text in (params or {}).items():
            assert own.params.setdefault(name, text) == text, "MLflow's parameters cannot change"
        own.numbers |= set(numbers)
        own.tags |= tags or {}

    def attach(self, run: str, files: Mapping[str, str]) -> None:
        self._call()
        self.runs[run].files |= files

    def set_status(self, run: str, status: Status, time: int) -> None:
        self._call()
        self.runs[run].status, self.runs[run].ended = status, time

    def has(self, run: str) -> bool:
        self._call()
        return run in self.runs

    def remove(self, run: str) -> None:
        self._call()
        del self.runs[run]

    def tree(self) -> dict[str, dict[str, list[str]]]:
        """Return the names of studies, cells and models."""
        names: dict[str, dict[str, list[str]]] = {}
        for study, own in self._under(None).items():
            cells = self._under(study)
            names[own.name] = {
                cell.name: [model.name for model in self._under(run).values()]
                for run, cell in cells.items()
            }
        return names

    def named(self, *names: str) -> Run:
        """Return the run of a path of names."""
        parent, found = None, None
        for name in names:
            ((parent, found),) = (
                (run, own) for run, own in self._under(parent).items() if own.name == name
            )
        assert found is not None
        return found

    def content(self) -> list[tuple[object, ...]]:
        """Return all that was told, without the ids of runs."""
        return sorted(
            (
                own.name,
                None if own.parent is None else self.runs[own.parent].name,
                own.status,
                sorted(own.tags.items()),
                sorted(own.params.items()),
                sorted((n.name, n.step, n.value, n.time) for n in own.numbers),
                sorted(own.files.items()),
            )
            for own in self.runs.values()
        )

    def _under(self, parent: str | None) -> dict[str, Run]:
        return {run: own for run, own in self.runs.items() if own.parent == parent}

    def _call(self) -> None:
        self.calls += 1
        if self.calls_left is not None:
            if self.calls_left == 0:
                raise TrackerDownError("down")
            self.calls_left -= 1
