"""All groupings and affinities of a study: of its plans, of `mtlv group`, and of `mtlv pairs`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mtlv.errors import StoreError
from mtlv.explorer.library import Damage, Library
from mtlv.explorer.regrouping import of_transfer
from mtlv.store.record import AffinityRecord, GroupingRecord, StudyRecord

__all__ = ["Known", "Named", "known_groupings"]

ALL = "all"
"""Key of the grouping in which all tasks are learned together."""


@dataclass(frozen=True)
class Named:
    """A grouping and where it comes from.

    Args:
        key: in addresses.
        title: in words.
        grouping: its record.
        plan: that uses it, if one does.
        stability: agreement with groupings on resampled texts, where it is known.
    """

    key: str
    title: str
    grouping: GroupingRecord
    plan: str | None = None
    stability: dict[str, float] | None = None


@dataclass(frozen=True)
class Known:
    """What is known of the groups of a study.

    Args:
        groupings: by their keys; at least the one with all tasks in one group.
        affinities: by their keys.
        damaged: records that cannot be read.
    """

    groupings: dict[str, Named]
    affinities: dict[str, AffinityRecord]
    damaged: list[Damage]


def known_groupings(library: Library, name: str) -> Known:
    """Return the groupings of a study's plans (first seed), those found for it, and affinities."""
    study = library.study(name)
    damaged: list[Damage] = []
    groupings = [*_of_plans(study), *_asked_for(library, name, damaged)]
    tasks = [task.name for task in study.targets]
    together = GroupingRecord(origin="one model for all", groups=[tasks])
    groupings.append(Named(ALL, "all tasks in one group", together))
    affinities = {
        f"{own.key}": own.grouping.affinity
        for own in groupings
        if own.grouping.affinity is not None
    }
    transfer = _transfer(library, name, damaged)
    if transfer is not None:
        affinities["transfer"] = transfer
    return Known({own.key: own for own in groupings}, affinities, damaged)


def _of_plans(study: StudyRecord) -> Iterator[Named]:
    seen = set()
    for cell in study.cells:
        place = (cell.plan, cell.fold)
        if cell.grouping is not None and place not in seen:
            seen.add(place)
            title = f"{cell.plan}, fold {cell.fold + 1}"
            yield Named(f"{cell.plan}:{cell.fold + 1}", title, cell.grouping, cell.plan)


def _asked_for(library: Library, name: str, damaged: list[Damage]) -> Iterator[Named]:
    """Yield the groupings that `mtlv group` found for a study, newest first."""
    shelf = library.store.groupings.contents()
    damaged += [Damage(f"grouping {key}", error) for key, error in shelf.damaged.items()]
    for found in shelf.records:
        if found.study == name:
            title = f"mtlv group: {found.grouping.origin}, fold {found.fold + 1}"
            yield Named(found.id, title, found.grouping, None, found.stability)


def _transfer(library: Library, name: str, damaged: list[Damage]) -> AffinityRecord | None:
    if name not in library.store.transfers:
        return None
    try:
        return of_transfer(library.store.transfers[name])
    except StoreError as error:
        damaged.append(Damage(f"transfer {name}", error))
        return None
