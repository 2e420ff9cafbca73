"""The command `group`: which tasks belong together, without a study around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mtlv.cli.options import CONFIG, JSON, SET, STORE
from mtlv.cli.show import note, print_json, print_table, warn
from mtlv.report.group_tables import affinity_table, group_table, number_table, predicted_table

if TYPE_CHECKING:
    from mtlv.store.record import FoundGrouping

__all__ = ["add_to"]

METHOD = typer.Option(None, help="Clustering, affinity, `search` or `random`.", show_default=False)
GROUPS = typer.Option(None, help="How many groups; or elbow, silhouette, gap.", show_default=False)
SEEDS = typer.Option(None, help="Seed of every training; may be repeated.", show_default=False)
OUTPUT = typer.Option(
    None, "-o", "--output", help="Write the grouping to a YAML file that a plan can name."
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(group)


def group(  # noqa: PLR0913
    config: Path = CONFIG,
    method: str | None = METHOD,
    features: str | None = typer.Option(None, help="Task features to cluster."),
    affinity: str | None = typer.Option(None, help="Affinity to cluster or to search with."),
    groups: str | None = GROUPS,
    budget: int | None = typer.Option(None, help="At most so many models."),
    overlap: bool = typer.Option(False, help="Let a search give a task to several models."),
    every: int | None = typer.Option(None, help="Measuring runs: steps between measurements."),
    seeds: list[int] = SEEDS,
    fold: int = typer.Option(1, help="Fold whose training part is looked at, from 1."),
    output: Path | None = OUTPUT,
    set_: list[str] = SET,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Group the tasks of a config: by features, by an affinity, or by a search under a budget.

    Without options, the groupings that the config's plans name are found.
    """
    from mtlv.studies.config import load_config

    checked = load_config(config, set_ or [])  # a mistake is told before torch is waited for
    given = {
        "method": method,
        "features": features,
        "affinity": affinity,
        "groups": _number(groups),
        "budget": budget,
        "overlap": overlap or None,
        "every": every,
        "seeds": seeds or None,
    }
    wanted = _settings({key: value for key, value in given.items() if value is not None})

    from mtlv.cli.progress import ProgressBar
    from mtlv.store import Store
    from mtlv.studies.group import group as find

    with ProgressBar() as bar:
        found = find(checked, Store(store), config.parent, wanted, fold=fold - 1, watcher=bar)
    for warning in dict.fromkeys(text for each in found for text in each.warnings):
        warn(warning)
    if output is not None:
        _write(output, found)
    if json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    for each in found:
        _show(each)


def _settings(given: dict[str, Any]) -> list[Any]:
    if not given:
        return []
    from pydantic import ValidationError

    from mtlv.grouping.methods import resolved
    from mtlv.grouping.settings import GroupingSettings
    from mtlv.settings import explained

    try:
        return [resolved(GroupingSettings.model_validate(given))]
    except ValidationError as error:
        raise explained(error, GroupingSettings, "command line") from error


def _number(groups: str | None) -> int | str | None:
    return int(groups) if groups is not None and groups.isdigit() else groups


def _show(found: FoundGrouping) -> None:
    grouping = found.grouping
    print_table(group_table(f"Fold {found.fold + 1}", grouping))
    for table in grouping.numbers:
        print_table(number_table(grouping.origin, table))
    if grouping.affinity is not None:
        print_table(affinity_table(grouping.affinity))
    if grouping.recommendation is not None:
        print_table(predicted_table(grouping))
        typer.echo(grouping.recommendation.words)
    if found.stability is not None:
        typer.echo(
            "Found again on resampled texts: adjusted Rand index "
            f"{found.stability['mean']:.2f} ± {found.stability['sd']:.2f} "
            f"over {found.stability['draws']:.0f} draws ({found.stability['failed']:.0f} failed)."
        )
    if grouping.jobs and grouping.affinity is None:  # an affinity's table says what it took
        jobs = f"{len(grouping.jobs)} job" + "s" * (len(grouping.jobs) > 1)
        note(f"measured with {jobs}; the seconds of each are in its record")
    note(f"kept in the run store, with plots, as groupings/{found.id}")


def _write(path: Path, found: list[FoundGrouping]) -> None:
    from mtlv.errors import ConfigError
    from mtlv.grouping.file import write_grouping
    from mtlv.groups import Grouping

    if len(found) > 1:
        raise ConfigError(
            "One file holds one grouping.",
            where="--output",
            found=f"{len(found)} groupings that the config's plans name",
            hint="say which with --method, --features and --groups",
        )
    grouping = found[0].grouping
    groups = tuple(tuple(group) for group in grouping.groups)
    write_grouping(path, Grouping(groups, grouping.origin, grouping.serves))
    advice = grouping.recommendation
    if advice is not None and len(groups) > 1 and not advice.leave_mtl:
        warn("the search does not advise to leave one model; the file holds its best groups")
    note(f"written to {path}; a plan uses it as  gmtl: {{grouping: {path}}}")
