"""Pairwise transfer: what learning one task beside another did to it, as `mtlv pairs` measured."""

from __future__ import annotations

from mtlv.errors import StoreError
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.grids import Cell, Column, Grid, from_table, number, word
from mtlv.explorer.library import Damage, Library
from mtlv.explorer.pages.page import Page, drawings
from mtlv.explorer.progress import progress_of
from mtlv.report.numbers import p_value
from mtlv.report.transfer import transfer_table
from mtlv.store.record import TransferRecord

__all__ = ["transfer"]


def transfer(library: Library, asked: Asked) -> Page:
    """Pairwise transfer between a study's tasks."""
    study = library.study(asked.study)
    record, damaged = _record(library, asked.study)
    data = {
        "progress": progress_of(library, study),
        "damaged": damaged,
        "matrix": from_table("matrix", transfer_table(record)) if record else None,
        "pairs": _pairs(record, asked.study) if record else None,
        "drawings": drawings(asked.study, ["transfer", "transfer-matrix"]) if record else [],
    }
    return Page("Transfer", "transfer.html", data, asked.study)


def _record(library: Library, name: str) -> tuple[TransferRecord | None, list[Damage]]:
    if name not in library.store.transfers:
        return None, []
    try:
        return library.store.transfers[name], []
    except StoreError as error:
        return None, [Damage(f"transfer {name}", error)]


def _pairs(record: TransferRecord, study: str) -> Grid:
    columns = (
        Column("source", "word", "the task that is learned beside"),
        Column("target", "word", "the task that is looked at"),
        Column("effect (points)"),
        Column("low"),
        Column("high"),
        Column("p", help="of no effect"),
        Column("p corrected", help="for the number of effects, by Holm"),
        Column("verdict", "word", f"an effect: {record.rule}"),
    )
    tones = {"improves": "good", "decreases": "bad", "none": "quiet"}
    words = {"none": "no effect shown"}
    rows = tuple(
        (
            word(own.source, study_address(study, "tasks", own.source)),
            word(own.target, study_address(study, "tasks", own.target)),
            _points(own.effect),
            _points(own.low),
            _points(own.high),
            number(own.p, p_value),
            number(own.p_corrected, p_value),
            word(words.get(own.verdict, own.verdict), tone=tones[own.verdict]),
        )
        for own in record.effects
    )
    note = f"test part, {record.interval}; an effect: {record.rule}"
    return Grid("pairs", "Pairs of tasks", columns, rows, note)


def _points(value: float | None) -> Cell:
    return number(None if value is None else 100 * value, "+.1f")
