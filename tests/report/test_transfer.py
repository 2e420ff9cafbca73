"""Pairwise transfer shown: the table, and the matrix as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from mtlv.report.figures import FIGURES
from mtlv.report.figures.words import plain
from mtlv.report.frames.affinities import transfer_data
from mtlv.report.transfer import transfer_csv, transfer_table
from mtlv.store.record import EffectRecord, TransferRecord

TASKS = ["a<b", "c, d", "e"]


def record(tasks: list[str] = TASKS, margin: float = 0.0) -> TransferRecord:
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
        margin=margin,
        jobs=[],
        finished="2026-01-01T00:00:00+00:00",
    )


def with_tests() -> TransferRecord:
    """Five effects with a test, and one on parts that all differ by the same."""
    *some, last = record(margin=0.02).effects
    given = {"p": 0.02, "p_corrected": 0.04, "test": "bootstrap"}
    effects = [own.model_copy(update=given) for own in some]
    none = {"low": None, "high": None, "test": "bootstrap"}
    return record(margin=0.02).model_copy(
        update={"effects": [*effects, last.model_copy(update=none)]}
    )


def test_rows_are_what_is_learned_and_columns_what_it_does() -> None:
    table = transfer_table(record())
    assert table.header == ("learning … does", *TASKS)
    assert table.rows[0] == ("(alone)", "50.0", "50.0", "50.0")
    assert table.rows[1][1] == ""
    assert table.rows[1][2] == "+0.0* (+0.0, +10.0)"
    assert table.rows[2][1] == "+2.0 (+0.0, +10.0)"
    assert "3 runs" in table.note


def test_the_rule_stands_beside_the_star() -> None:
    note = transfer_table(with_tests()).note
    rule = "interval without 0, p < .05 after Holm's correction over 5 effects and beyond a margin"
    assert f"* is an effect: {rule} of 2 (points); metrics:" in note
    assert "95 % interval over test examples and 3 runs (paired bootstrap)" in note


def test_an_effect_without_an_interval_is_shown_without() -> None:
    assert transfer_table(with_tests()).rows[3][2] == "+5.0 (no interval)"


def test_records_from_before_p_was_kept_have_the_rule_of_their_time() -> None:
    old = record().model_dump(mode="json")
    for effect in old["effects"]:
        for key in ("p", "p_corrected", "test"):
            del effect[key]
    read = TransferRecord.model_validate(old)
    assert read == record()
    assert (read.rule, record(margin=0.02).rule) == (
        "interval without 0",
        "interval without 0 and beyond a margin of 2 (points)",
    )
    assert "* is an effect: interval without 0; metrics:" in transfer_table(read).note


@pytest.mark.parametrize(
    ("tests", "runs", "parts", "words"),
    [
        (["bootstrap"], 1, 1, "test examples (paired bootstrap); a single run says nothing of"),
        (["bootstrap"], 3, 1, "test examples and 3 runs (paired bootstrap)"),
        (["corrected_t"], 6, 3, "3 test parts (corrected resampled t-test)"),
        (["bootstrap", "corrected_t"], 6, 3, "or over test parts where there are several"),
        ([None], 1, 1, "resampled test examples"),
        ([None], 3, 1, "3 runs on the same test examples"),
    ],
)
def test_what_the_intervals_are_over(tests: list[Any], runs: int, parts: int, words: str) -> None:
    effects = [
        own.model_copy(update={"test": tests[i % len(tests)]})
        for i, own in enumerate(record().effects)
    ]
    given = {"effects": effects, "runs": runs, "test_parts": parts}
    assert words in record().model_copy(update=given).interval


def test_the_figure_and_its_signature_say_the_rule() -> None:
    data = transfer_data(with_tests())
    assert f"|an effect: {with_tests().rule}" in data.signature
    figure = FIGURES["transfer"](data.frame, data.signature)
    assert figure.layout.legend.title.text == f"an effect: {plain(with_tests().rule)}"
    said = [text for trace in figure.data for text in trace.hovertext or ()]
    assert any("p corrected: 0.040" in text for text in said)


def test_the_drawn_matrix_marks_what_the_rule_calls_an_effect() -> None:
    data = transfer_data(with_tests())
    figure = FIGURES["transfer-matrix"](data.frame, data.signature)
    (heat,) = figure.data
    names = list(figure.layout.yaxis.ticktext)
    shown = {
        (source, target): text
        for source, row in zip(names, heat.text, strict=True)
        for target, text in zip(names, row, strict=True)
    }
    effects = {
        (plain(own.source), plain(own.target)): own.verdict != "none"
        for own in with_tests().effects
    }
    assert any(effects.values())
    assert not all(effects.values())
    assert {pair: text.endswith("*") for pair, text in shown.items() if text} == effects
    assert "* is an effect" in figure.layout.title.text


def test_the_matrix_is_read_back_as_it_was() -> None:
    rows = list(csv.reader(io.StringIO(transfer_csv(record()))))
    assert rows[0] == ["task", *TASKS]
    assert [row[0] for row in rows[1:]] == TASKS
    assert rows[1][1] == ""
    assert float(rows[3][1]) == 0.04
