"""`mtlv group`: groupings of a config on one fold, found, kept, and found again without work."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtlv.errors import ConfigError
from mtlv.fingerprint import fingerprint
from mtlv.grouping.methods import find_stability, resolved
from mtlv.grouping.settings import GroupingSettings
from mtlv.store import Store
from mtlv.store.record import FoundGrouping
from mtlv.studies.arms import Arm
from mtlv.studies.config import StudyConfig
from mtlv.studies.grouping import Instruments, find
from mtlv.studies.grouping_records import record_of
from mtlv.studies.inputs import read_inputs
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.processes import make_executor
from mtlv.studies.watching import StudyWatcher
from mtlv.training.processes import is_main_process

__all__ = ["group"]


def group(
    config: StudyConfig,
    store: Store,
    base: Path,
    wanted: Sequence[GroupingSettings] = (),
    *,
    fold: int = 0,
    watcher: StudyWatcher | None = None,
) -> list[FoundGrouping]:
    """Group a config's tasks on one fold.

    Args:
        config: of a study; of a sweep, the settings without it.
        store: keeps what is found, and the jobs that an affinity needs.
        base: folder that the config's paths are relative to.
        wanted: groupings, for models as the config's first plan has them; those of the config's
            plans, for models as theirs, if there is none.
        fold: from 0.
        watcher: is told of progress.

    Raises:
        GroupingError: the tasks cannot be grouped so.
        ConfigError: there is no such fold, or nothing to group by.
    """
    inputs = read_inputs(config, base)
    if not 0 <= fold < inputs.folds:
        raise ConfigError(
            "There is no such fold.", where="fold", found=fold + 1, expected=f"1 to {inputs.folds}"
        )
    executor = make_executor(config.executor.workers)
    arm = Arm(config, {}, inputs, store, executor, watcher or StudyWatcher())
    first = config.settings_of(config.specs()[0])
    asked = dict.fromkeys(wanted, first) or _of_plans(config)
    return [_one(arm, settings, models, fold) for settings, models in asked.items()]


def _of_plans(config: StudyConfig) -> dict[GroupingSettings, ModelSettings]:
    """Return the groupings of a config's plans, and the settings of the first plan with each."""
    named: dict[GroupingSettings, ModelSettings] = {}
    for spec in config.specs():
        if spec.how is not None:
            named.setdefault(spec.how, config.settings_of(spec))
    if not named:
        raise ConfigError(
            "No plan of the config groups its tasks.",
            where="plans",
            hint="say what to group by, as in `--features label_description --groups elbow`",
        )
    return named


def _one(arm: Arm, settings: GroupingSettings, models: ModelSettings, fold: int) -> FoundGrouping:
    settings = resolved(settings)
    name = _id(arm, settings, models, fold)
    if name in arm.store.groupings:
        return arm.store.groupings[name]
    instruments = Instruments(arm.worker, fold, models, arm.run_jobs)
    found, took = find(settings, instruments)
    stable = find_stability(instruments.context(settings), settings, found)
    kept = FoundGrouping(
        id=name,
        study=arm.config.study,
        fold=fold,
        settings=settings.model_dump(mode="json"),
        grouping=record_of(found, instruments.jobs, took),
        stability=None if stable is None else dataclasses.asdict(stable),
        warnings=[
            f"{corpus}: {warning}"
            for corpus, splits in arm.inputs.splits.items()
            for warning in splits[fold].warnings
        ],
    )
    if is_main_process():
        arm.store.groupings.write(kept, found.features)
    return kept


def _id(arm: Arm, settings: GroupingSettings, models: ModelSettings, fold: int) -> str:
    """Return the fingerprint of everything that decides what is found."""
    inputs = arm.inputs
    spec: dict[str, Any] = {
        "settings": settings.model_dump(mode="json"),
        "data": {
            name: [corpus.fingerprint, inputs.splits[name][fold].fingerprint]
            for name, corpus in inputs.corpora.items()
        },
        "tasks": sorted(
            [t.name, t.kind, t.corpus, t.metric, list(t.labels), t.description or ""]
            for t in inputs.tasks
        ),
        "encoder": arm.worker.sources.source(models.encoder, fold).fingerprint,
        "models": [
            models.head.model_dump(mode="json"),
            models.train.model_dump(mode="json", exclude={"save_every"}),
        ],
    }
    for file in (settings.file, settings.affinity_file):
        if file is not None:
            path = inputs.base / file
            spec[file] = path.read_text(encoding="utf-8") if path.is_file() else None
    return fingerprint(spec)
