"""Commands that run: `run`, `demo`, `check`, `predict`."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from mtlv.cli.show import note, print_json, print_table, warn
from mtlv.report.tables import Table

__all__ = ["add_to"]

CONFIG = typer.Argument(help="YAML file of the study.", show_default=False)
SET = typer.Option(None, "--set", help="Change a setting: train.epochs=3. May be repeated.")
STORE = typer.Option(Path("runs"), "--store", envvar="MTLV_STORE", help="Folder of the run store.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(run)
    app.command()(demo)
    app.command()(check)
    app.command()(predict)


def run(
    config: Path = CONFIG,
    set_: list[str] = SET,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Run what is missing of a study, then show it."""
    from mtlv.studies.config import load_config

    _run(load_config(config, set_ or []), config.parent, store, json)


def demo(set_: list[str] = SET, store: Path = STORE, json: bool = JSON) -> None:
    """Run the main job on the embedded synthetic corpus: four architectures in a few minutes."""
    from mtlv.studies.config import load_config
    from mtlv.studies.shipped import shipped_config

    _run(load_config(shipped_config("demo"), set_ or []), Path(), store, json)


def check(config: Path = CONFIG, set_: list[str] = SET, json: bool = JSON) -> None:
    """Read the config and the data, expand every plan, and say what a run would do."""
    import tempfile

    from mtlv.store import Store
    from mtlv.studies.config import load_config
    from mtlv.studies.forecast import forecast
    from mtlv.studies.study import Study

    _quiet_threads()
    with tempfile.TemporaryDirectory() as scrap:
        study = Study(load_config(config, set_ or []), Store(scrap), config.parent)
        expected = forecast(study.plan())
    if json:
        print_json(expected.to_json())
        return
    for warning in expected.warnings:
        warn(warning)
    rows = tuple(
        (p.plan, str(p.models), str(p.heads), str(p.training_jobs), str(p.tuning_jobs))
        for p in expected.plans
    )
    header = ("plan", "models", "heads", "training jobs", "tuning jobs")
    told = f"{expected.different_jobs} different jobs at most; equal jobs are trained once"
    print_table(Table(f"Study {expected.study} would train", header, rows, told))


def predict(
    study: str = typer.Argument(help="STUDY or STUDY:PLAN.", show_default=False),
    file: Path = typer.Argument(help="Texts: .txt (a text per line), .csv, .tsv or .jsonl."),
    output: Path | None = typer.Option(None, "--output", "-o", help="CSV file; stdout if absent."),
    text: str = typer.Option("text", help="Column of the texts."),
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Score new texts with a study's stored models, at the stored thresholds."""
    from mtlv.store import Store
    from mtlv.usage.predict import load_predictor, read_texts, to_csv

    name, _, plan = study.partition(":")
    predictor = load_predictor(Store(store, create=False), name, plan or None)
    given = read_texts(file, text)
    results = predictor(given.texts)
    if json:
        print_json({"study": name, "plan": predictor.plan, "predictions": results.to_json(given)})
    else:
        to_csv(results, given, output)
        if output is not None:
            note(f"{len(given.texts):,} texts scored by {predictor.plan}; written to {output}")


def _run(config: object, base: Path, store: Path, json: bool) -> None:
    from mtlv.cli.look import show_outcome
    from mtlv.cli.progress import ProgressBar
    from mtlv.store import Store
    from mtlv.store.outcome import load_outcome
    from mtlv.store.tracking import Mirror
    from mtlv.studies.config import StudyConfig
    from mtlv.studies.mirroring import MirrorWatcher
    from mtlv.studies.study import Study
    from mtlv.studies.watching import StudyWatcher, Watchers
    from mtlv.training.processes import is_main_process

    assert isinstance(config, StudyConfig)
    _quiet_threads()
    place = Store(store)
    if not is_main_process():
        Study(config, place, base).run()
        return
    with ProgressBar() as bar:
        watchers: list[StudyWatcher] = [bar]
        if config.tracking.mlflow:
            mirror = Mirror(place, config.tracking.uri, config.tracking.experiment)
            watchers.append(MirrorWatcher(mirror))
        record = Study(config, place, base, Watchers(watchers)).run()
    for warning in record.warnings:
        warn(warning)
    outcome = load_outcome(place, config.study)
    if json:
        print_json(outcome.to_json())
    else:
        show_outcome(outcome)
        note(f"more: mtlv show {config.study}, mtlv compare {config.study}, mtlv ui")


def _quiet_threads() -> None:
    """Keep tokenizers from complaining about forks, and transformers from drawing bars."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
