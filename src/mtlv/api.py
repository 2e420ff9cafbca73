"""The Python front door: what `import mtlv` offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlv.store import Store
from mtlv.store.outcome import StudyOutcome, load_outcome

if TYPE_CHECKING:
    from mtlv.studies.config import StudyConfig

__all__ = ["run"]


def run(
    config: StudyConfig | Mapping[str, Any] | Path | str,
    *,
    store: Store | Path | str = "runs",
    overrides: Sequence[str] = (),
) -> StudyOutcome:
    """Run what is missing of a study and return its scores and costs.

    Args:
        config: a config, the same as a mapping, or the path of a YAML file.
        store: the run store, or its folder.
        overrides: settings as `a.b=c`, for a YAML file.

    Raises:
        MtlvError: the config, the data or the store do not allow it.
    """
    from mtlv.studies.config import StudyConfig, load_config, parse_config
    from mtlv.studies.study import Study

    base = Path()
    if isinstance(config, Path | str):
        base, config = Path(config).parent, load_config(config, overrides)
    elif not isinstance(config, StudyConfig):
        config = parse_config(config)
    place = store if isinstance(store, Store) else Store(store)
    Study(config, place, base).run()
    return load_outcome(place, config.study)
