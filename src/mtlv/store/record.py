"""Records: what the run store says of jobs and studies. Typed, versioned JSON; the source of truth.

A record of a newer version than this package knows is refused by name, never guessed at.
"""

from mtlv.store.record_base import RECORD_VERSION
from mtlv.store.record_explain import ExplanationRecord, MissingView
from mtlv.store.record_grouping import (
    AffinityRecord,
    FoundGrouping,
    GroupingRecord,
    NumberRecord,
    RecommendationRecord,
)
from mtlv.store.record_job import JobCost, JobRecord
from mtlv.store.record_study import (
    CellRecord,
    CorpusRecord,
    InputForm,
    StudyRecord,
    TaskRecord,
    TuningRecord,
)
from mtlv.store.record_transfer import EffectRecord, TransferRecord

__all__ = [
    "RECORD_VERSION",
    "AffinityRecord",
    "CellRecord",
    "CorpusRecord",
    "EffectRecord",
    "ExplanationRecord",
    "FoundGrouping",
    "GroupingRecord",
    "InputForm",
    "JobCost",
    "JobRecord",
    "MissingView",
    "NumberRecord",
    "RecommendationRecord",
    "StudyRecord",
    "TaskRecord",
    "TransferRecord",
    "TuningRecord",
]
