"""Commands that look: `list`, `show`, `compare`, `track`. None of them imports torch."""

from __future__ import annotations

from pathlib import Path

import typer

from mtlv.cli.compare import compare
from mtlv.cli.options import JSON, STORE, STUDY
from mtlv.cli.show import note, print_json, print_table, warn
from mtlv.cli.ui import TRACKER
from mtlv.report.group_tables import affinity_table, group_table, number_table
from mtlv.report.tables import (
    Table,
    chosen_table,
    plan_table,
    published_table,
    task_table,
)
from mtlv.store.outcome import StudyOutcome, load_whole
from mtlv.store.record import StudyRecord
from mtlv.store.store import Store

__all__ = ["add_to", "show_outcome"]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(name="list")(list_studies)
    app.command()(show)
    app.command()(compare)
    app.command()(track)


def list_studies(store: Path = STORE, json: bool = JSON) -> None:
    """List the studies in the run store."""
    place = Store(store, create=False)
    studies = list(place.studies())
    if json:
        print_json([s.model_dump(mode="json", exclude={"cells", "config"}) for s in studies])
        return
    rows = tuple(
        (s.name, s.status, f"{_finished(place, s)} of {s.planned}", str(len(s.tasks)), s.updated)
        for s in studies
    )
    header = ("study", "status", "cells", "tasks", "updated (UTC)")
    note = "cells: plans x folds x seeds that are finished; `mtlv show STUDY` for the results"
    print_table(Table(f"Studies in {store}", header, rows, note, words=(0, 1, 2, 4)))


def show(
    study: str = STUDY,
    tasks: bool = typer.Option(False, "--tasks", help="Show every task too."),
    groups: bool = typer.Option(
        False, "--groups", help="Show groups, and tables over their number."
    ),
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Show what a study found: quality and cost of every plan."""
    outcome, left_out = load_whole(Store(store, create=False), study)
    for text in left_out:
        warn(text)
    if json:
        print_json(outcome.to_json())
        return
    show_outcome(outcome)
    if tasks:
        print_table(task_table(outcome))
    if groups:
        _show_groups(outcome)


def track(
    study: str = STUDY,
    uri: str | None = typer.Option(None, help="MLflow tracking URI; the study's if absent."),
    store: Path = STORE,
) -> None:
    """Mirror a study to MLflow, as when the tracker was down while it ran."""
    from mtlv.store.tracking import Mirror
    from mtlv.store.tracking_uri import without_password

    place = Store(store, create=False)
    record = place.study(study)
    tracking = record.config["tracking"]
    chosen = uri or tracking["uri"]
    Mirror(place, chosen, tracking["experiment"]).mirror(record)
    told = without_password(chosen)
    where = "" if chosen == TRACKER else f" --uri {told}"
    note(f"{study} is in {told}; look at it with `mtlv ui --mlflow{where}`")


def show_outcome(outcome: StudyOutcome) -> None:
    """Print the tables of a study."""
    if outcome.study.status == "failed":
        warn(f"the last run stopped: {outcome.study.failure}; run it again to go on")
    if not outcome.plans:
        warn(f"no plan of '{outcome.study.name}' is finished yet")
        return
    print_table(plan_table(outcome))
    chosen = chosen_table(outcome)
    if chosen is not None:
        print_table(chosen)
    published = published_table(outcome)
    if published is not None:
        print_table(published)


def _finished(store: Store, study: StudyRecord) -> int:
    return sum(all(store.has_job(job) for job in cell.jobs) for cell in study.cells)


def _show_groups(outcome: StudyOutcome) -> None:
    for plan in outcome.plans:
        found = {c.cell.fold: c.cell.grouping for c in plan.cells if c.cell.grouping is not None}
        alike = len({str(grouping.groups) for grouping in found.values()}) == 1
        for fold, grouping in list(found.items())[: 1 if alike else None]:
            print_table(group_table(plan.name, grouping, None if alike else fold))
            for table in grouping.numbers:
                print_table(number_table(grouping.origin, table))
            if grouping.affinity is not None:
                print_table(affinity_table(grouping.affinity))
            if grouping.recommendation is not None:
                typer.echo(grouping.recommendation.words + "\n")
