"""The Python front door: what `import mtlv` offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlv.store import Store
from mtlv.store.outcome import StudyOutcome, load_outcome

if TYPE_CHECKING:
    from mtlv.studies.config import StudyConfig
    from mtlv.studies.watching import StudyWatcher

__all__ = ["run"]


def run(
    config: StudyConfig | Mapping[str, Any] | Path | str,
    *,
    store: Store | Path | str = "runs",
    overrides: Sequence[str] = (),
    watcher: StudyWatcher | None = None,
) -> StudyOutcome:
    """Run what is missing of a study and return its scores and costs.

    Args:
        config: a config, the same as a mapping, or the path of a YAML file; paths in a file are
            relative to its folder, others to the current one.
        store: the run store, or its folder.
        overrides: settings to change, as `a.b=c`.
        watcher: is told of progress; the MLflow mirror too is one, if the config wants it.

    Raises:
        MtlvError: the config, the data or the store do not allow it; what was finished is kept.
    """
    from mtlv.studies.config import StudyConfig, load_config, parse_config
    from mtlv.studies.study import Study
    from mtlv.studies.written import Written

    base = Path()
    if isinstance(config, Path | str):
        base, checked = Path(config).parent, load_config(config, overrides)
    else:
        given = config.model_dump(mode="json") if isinstance(config, StudyConfig) else config
        checked = parse_config(Written(given).changed(overrides))
    place = store if isinstance(store, Store) else Store(store)
    Study(checked, place, base, _watchers(checked, place, watcher)).run()
    return load_outcome(place, checked.study)


def _watchers(config: StudyConfig, store: Store, watcher: StudyWatcher | None) -> StudyWatcher:
    from mtlv.studies.watching import Watchers
    from mtlv.training.processes import is_main_process

    watchers = [watcher] if watcher is not None else []
    if config.tracking.mlflow and is_main_process():
        from mtlv.store.tracking import Mirror
        from mtlv.studies.mirroring import MirrorWatcher

        mirror = Mirror(store, config.tracking.uri, config.tracking.experiment)
        watchers.append(MirrorWatcher(mirror))
    return Watchers(watchers)
