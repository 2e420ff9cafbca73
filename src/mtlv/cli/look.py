"""Commands that look: `list`, `show`, `compare`, `track`, `ui`. None of them imports torch."""

from __future__ import annotations

import subprocess
from pathlib import Path

import typer

from mtlv.cli.show import note, print_json, print_table, warn
from mtlv.report.tables import (
    Table,
    comparison_table,
    elbow_table,
    markdown,
    plan_table,
    published_table,
    task_table,
)
from mtlv.store.comparison import compare as compare_plans
from mtlv.store.outcome import StudyOutcome, load_outcome
from mtlv.store.store import Store

__all__ = ["add_to", "show_outcome"]

STUDY = typer.Argument(help="Name of the study.", show_default=False)
STORE = typer.Option(Path("runs"), "--store", envvar="MTLV_STORE", help="Folder of the run store.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(name="list")(list_studies)
    app.command()(show)
    app.command()(compare)
    app.command()(track)
    app.command()(ui)


def list_studies(store: Path = STORE, json: bool = JSON) -> None:
    """List the studies in the run store."""
    place = Store(store, create=False)
    studies = list(place.studies())
    if json:
        print_json([s.model_dump(mode="json", exclude={"cells", "config"}) for s in studies])
        return
    rows = tuple(
        (s.name, s.status, f"{len(s.cells)} of {s.planned}", str(len(s.tasks)), s.updated)
        for s in studies
    )
    header = ("study", "status", "cells", "tasks", "updated (UTC)")
    print_table(Table(f"Studies in {store}", header, rows))


def show(
    study: str = STUDY,
    tasks: bool = typer.Option(False, "--tasks", help="Show every task too."),
    groups: bool = typer.Option(False, "--groups", help="Show groups and elbow tables too."),
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Show what a study found: quality and cost of every plan."""
    outcome = load_outcome(Store(store, create=False), study)
    if json:
        print_json(outcome.to_json())
        return
    show_outcome(outcome)
    if tasks:
        print_table(task_table(outcome))
    if groups:
        _show_groups(outcome)


def compare(
    study: str = STUDY,
    baseline: str = typer.Option("mtl", help="Plan to compare with."),
    metric: str = typer.Option("f1_macro", help="Metric to compare."),
    format_: str = typer.Option("table", "--format", help="table or markdown."),
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Compare the plans of a study with one of them, paired by fold and seed."""
    place = Store(store, create=False)
    comparison = compare_plans(place, load_outcome(place, study), baseline, metric)
    if json:
        print_json(comparison.to_json())
    elif format_ == "markdown":
        typer.echo(markdown(comparison_table(comparison)))
    else:
        print_table(comparison_table(comparison))


def track(
    study: str = STUDY,
    uri: str | None = typer.Option(None, help="MLflow tracking URI; the study's if absent."),
    store: Path = STORE,
) -> None:
    """Mirror a study to MLflow, as when the tracker was down while it ran."""
    from mtlv.store.tracking import Mirror

    place = Store(store, create=False)
    record = place.study(study)
    tracking = record.config["tracking"]
    mirror = Mirror(place, uri or tracking["uri"], tracking["experiment"])
    mirror.mirror(record)
    note(f"{study} is in {uri or tracking['uri']}; look at it with `mtlv ui`")


def ui(
    uri: str = typer.Option("sqlite:///mlflow.db", help="MLflow tracking URI."),
    port: int = typer.Option(5000, help="On 127.0.0.1."),
) -> None:
    """Open MLflow's own pages on the tracked studies."""
    from mtlv.store.tracking import ui_command

    note(f"MLflow on http://127.0.0.1:{port} (stop with Ctrl-C)")
    raise typer.Exit(subprocess.call([*ui_command(uri), "--port", str(port)]))


def show_outcome(outcome: StudyOutcome) -> None:
    """Print the tables of a study."""
    if not outcome.plans:
        warn(f"no plan of '{outcome.study.name}' is finished yet")
    if outcome.study.status == "failed":
        warn(f"the last run stopped: {outcome.study.failure}; run it again to go on")
    print_table(plan_table(outcome))
    for plan in outcome.plans:
        chosen = [c.cell.tuning.best for c in plan.cells if c.cell.tuning is not None]
        if chosen:
            settings = dict.fromkeys(_settings(changes) for changes in chosen)
            typer.echo(f"chosen on validation for {plan.name}: {'; '.join(settings)}")
    published = published_table(outcome)
    if published is not None:
        print_table(published)


def _settings(changes: dict[str, object]) -> str:
    return " ".join(f"{key}={value}" for key, value in changes.items())


def _show_groups(outcome: StudyOutcome) -> None:
    for plan in outcome.plans:
        for each in plan.cells[:1]:
            grouping = each.cell.grouping
            if grouping is None:
                continue
            rows = tuple((str(i), ", ".join(g)) for i, g in enumerate(grouping.groups, start=1))
            print_table(Table(f"{plan.name}: {grouping.origin}", ("group", "tasks"), rows))
            if grouping.elbow:
                print_table(elbow_table(grouping))
