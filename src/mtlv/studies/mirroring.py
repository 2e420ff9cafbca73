"""Mirroring while a study runs: the watcher that keeps a tracker up to date after every job."""

from __future__ import annotations

from mtlv.store import StudyRecord
from mtlv.store.tracking import Mirror
from mtlv.studies.watching import StudyWatcher

__all__ = ["MirrorWatcher"]


class MirrorWatcher(StudyWatcher):
    """Mirrors a study whenever its record is published.

    Args:
        mirror: of the run store; a tracker that cannot be reached does not stop the study.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def on_study(self, study: StudyRecord) -> None:
        """Mirror what is new."""
        self._mirror.sync(study)
