"""Pairwise transfer shown: the table, and the matrix as a file."""

from __future__ import annotations

import csv
import io

from mtlv.report.transfer import transfer_csv, transfer_table
from mtlv.store.record import EffectRecord, TransferRecord

TASKS = ["a<b", "c, d", "e"]


def record(tasks: list[str] = TASKS) -> TransferRecord:
    verdicts = ("improves", "decreases", "none")
    pairs = [(s, t) for s in tasks for t in tasks if s != t]
    effects = [
        EffectRecord(
            source=s, target=t, effect=0.01 * i, low=0.0, high=0.1, verdict=verdicts[i % 3]
        )
        for i, (s, t) in enumerate(pairs)
    ]
    return TransferRecord(
        name="toy",
        config={},
        tasks=tasks,
        metrics=dict.fromkeys(tasks, "f1"),
        alone=dict.fromkeys(tasks, 0.5),
        effects=effects,
        runs=3,
        margin=0.0,
        jobs=[],
        finished="2026-01-01T00:00:00+00:00",
    )


def test_rows_are_what_is_learned_and_columns_what_it_does() -> None:
    table = transfer_table(record())
    assert table.header == ("learning … does", *TASKS)
    assert table.rows[0] == ("(alone)", "50.0", "50.0", "50.0")
    assert table.rows[1][1] == ""
    assert table.rows[1][2] == "+0.0* (+0.0, +10.0)"
    assert table.rows[2][1] == "+2.0 (+0.0, +10.0)"
    assert "3 runs" in table.note


def test_the_matrix_is_read_back_as_it_was() -> None:
    rows = list(csv.reader(io.StringIO(transfer_csv(record()))))
    assert rows[0] == ["task", *TASKS]
    assert [row[0] for row in rows[1:]] == TASKS
    assert rows[1][1] == ""
    assert float(rows[3][1]) == 0.04
