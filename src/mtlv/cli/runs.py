"""Commands that run: `run`, `demo`, `check`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtlv.cli.options import CONFIG, JSON, SET, STORE
from mtlv.cli.show import note, print_json, print_table, warn
from mtlv.report.tables import Table

if TYPE_CHECKING:
    from mtlv.studies.forecast import Forecast, PlanForecast

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(run)
    app.command()(demo)
    app.command()(check)


def run(
    config: Path = CONFIG,
    set_: list[str] = SET,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Run what is missing of a study, then show it."""
    _run(config, set_ or [], store, json)


def demo(set_: list[str] = SET, store: Path = STORE, json: bool = JSON) -> None:
    """Run the main job on the embedded synthetic corpus: four architectures in a few minutes."""
    from mtlv.studies.shipped import shipped_config

    _run(shipped_config("demo"), set_ or [], store, json)


def check(
    config: Path = CONFIG, set_: list[str] = SET, store: Path = STORE, json: bool = JSON
) -> None:
    """Read the config and the data, expand every plan, and say what a run would do."""
    import tempfile

    from mtlv.studies.config import load_config

    checked = load_config(config, set_ or [])  # a mistake is told before torch is waited for

    from mtlv.store import Store
    from mtlv.studies.forecast import forecast
    from mtlv.studies.study import Study

    _quiet_threads()
    with tempfile.TemporaryDirectory() as scrap:
        place = Store(store if (store / "store.json").exists() else scrap)
        study = Study(checked, place, config.parent)
        expected = forecast(study.plan())
    if json:
        print_json(expected.to_json())
        return
    for warning in expected.warnings:
        warn(warning)
    print_table(_forecast_table(expected))
    for corpus, notes in expected.notes.items():
        for line in notes:
            note(f"{corpus}: {line}")
    for plan in expected.plans:
        if plan.epoch:
            note(_epoch_words(plan))


def _forecast_table(expected: Forecast) -> Table:
    rows = tuple(
        (p.plan, *map(_count, (p.models, p.heads, p.training_jobs, p.tuning_jobs)))
        for p in expected.plans
    )
    header = ("plan", "models", "heads", "training jobs", "tuning jobs")
    told = (
        f"different jobs: about {expected.different_jobs}, as equal ones are trained once; "
        f"finished of them: {expected.finished_jobs}"
    )
    if any(p.models is None for p in expected.plans):
        told += "; ?: groups that training has to find first, whose jobs are not counted"
    return Table(f"Study {expected.study} would train", header, rows, told)


def _epoch_words(plan: PlanForecast) -> str:
    """Return what an epoch is where batches come from several corpora."""
    parts = [
        f"{first} of {name}" if first == last else f"{first} of {name} ({last} in the last epoch)"
        for name, (first, last) in plan.epoch.items()
    ]
    batches = sum(first for first, _ in plan.epoch.values())
    return f"an epoch of {plan.plan} has {batches} batches: {', '.join(parts)}"


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def _run(config: Path, overrides: list[str], store: Path, json: bool) -> None:
    from mtlv.studies.config import load_config

    load_config(config, overrides)  # a mistake is told before torch is waited for
    from mtlv.api import run as run_study
    from mtlv.cli.look import show_outcome
    from mtlv.cli.progress import ProgressBar
    from mtlv.training.processes import is_main_process

    _quiet_threads()
    if not is_main_process():
        run_study(config, store=store, overrides=overrides)
        return
    try:
        with _stopped_politely(), ProgressBar() as bar:
            outcome = run_study(config, store=store, overrides=overrides, watcher=bar)
    except KeyboardInterrupt:
        note("interrupted; finished jobs are kept, the same command goes on with the rest")
        raise
    for warning in outcome.study.cautions:
        warn(warning)
    if json:
        print_json(outcome.to_json())
    else:
        show_outcome(outcome)
        note(_more(outcome.study.name, store))


@contextmanager
def _stopped_politely() -> Iterator[None]:
    """Let SIGTERM, as batch systems send it, end a run as Ctrl-C does: the record says so."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _more(study: str, store: Path) -> str:
    where = "" if store == Path("runs") else f" --store {store}"
    return f"more: mtlv show {study} --tasks{where}, mtlv compare {study}{where}"


def _quiet_threads() -> None:
    """Keep tokenizers from complaining about forks, and transformers from drawing bars."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
