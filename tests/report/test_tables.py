"""Tables: what stands in each cell, with its note, on any screen."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.report import quality
from mtlv.report.group_tables import group_table, number_table
from mtlv.report.tables import (
    Table,
    chosen_table,
    fitting,
    markdown,
    plan_table,
    published_table,
    task_table,
)
from mtlv.store import Store
from mtlv.store.outcome import PlanOutcome, StudyOutcome, load_outcome
from mtlv.store.record import GroupingRecord, NumberRecord
from store.fakes import MIXED, TASKS, fake_study

pytestmark = pytest.mark.slow

WORDS = st.text("abc", min_size=1, max_size=9)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("runs"))
    fake_study(made, "tuned", plans=("mtl", "gmtl"), tuned=True)
    fake_study(made, "once", plans=("mtl",), folds=1)
    fake_study(made)
    return made


@pytest.fixture(scope="module")
def outcome(store: Store) -> StudyOutcome:
    return load_outcome(store, "fake")


class TestPlans:
    def test_quality_and_cost_stand_side_by_side(self, outcome: StudyOutcome) -> None:
        table = plan_table(outcome)
        assert table.header[:2] == ("plan", "macro-F1")
        assert [row[0] for row in table.rows] == ["stl", "mtl", "gmhl", "gmtl"]
        mtl = outcome["mtl"].summary.metrics["f1_macro"]
        assert mtl.sd is not None
        assert table.rows[1][1] == f"{100 * mtl.mean:.1f} ± {100 * mtl.sd:.1f}"
        seconds = {row[0]: row[4] for row in table.rows}
        assert seconds == {"stl": "42", "mtl": "42", "gmhl": "47", "gmtl": "47"}
        assert [row[5] for row in table.rows] == ["4", "1", "1", "2"]
        assert [row[6] for row in table.rows] == ["101", "104", "104", "102"]

    def test_no_number_stands_without_its_signature(self, outcome: StudyOutcome) -> None:
        note = plan_table(outcome).note
        for word in ("test part", "percent", "thresholds:per_label", "n:40", "tasks:4", "runs:2"):
            assert word in note

    def test_one_run_has_no_spread(self, store: Store) -> None:
        (row,) = plan_table(load_outcome(store, "once")).rows
        assert "±" not in "".join(row)

    def test_short_times_keep_a_digit(self, outcome: StudyOutcome) -> None:
        def seconds(value: float) -> str:
            plan = outcome["mtl"]
            cost = dataclasses.replace(plan.cost, train_seconds=value)
            changed = dataclasses.replace(outcome, plans=(dataclasses.replace(plan, cost=cost),))
            return plan_table(changed).rows[0][4]

        assert [seconds(x) for x in (0.04, 3.14, 9.4, 9.6, 1234.5)] == [
            "0.0", "3.1", "9.4", "10", "1,234",
        ]  # fmt: skip

    def test_what_is_not_finished_is_counted(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        fake_study(store, plans=("mtl",), trained=lambda cell, model: cell.fold == 0)
        assert plan_table(load_outcome(store, "fake")).rows[0][-1] == "1 of 2"

    def test_nothing_finished_is_an_empty_table(self, outcome: StudyOutcome) -> None:
        table = plan_table(dataclasses.replace(outcome, plans=()))
        assert (table.rows, table.note) == ((), "")


class TestOtherKinds:
    @pytest.fixture(scope="class")
    @staticmethod
    def mixed(tmp_path_factory: pytest.TempPathFactory) -> StudyOutcome:
        store = Store(tmp_path_factory.mktemp("mixed"))
        fake_study(store, tasks=(*MIXED, "question"))
        return load_outcome(store, "fake")

    def test_columns_are_the_mean_and_what_each_task_is_judged_by(
        self, mixed: StudyOutcome
    ) -> None:
        table = plan_table(mixed)
        assert table.header[:2] == ("plan", "mean")
        assert table.header[2:9] == (*MIXED, "question")
        own = mixed["mtl"].summary.primary("relation")
        assert own.sd is not None
        assert table.rows[1][5] == f"{100 * own.mean:.1f} ± {100 * own.sd:.1f}"
        assert "relation: f1_micro_positive" in table.note
        assert "of:2*accuracy+entity_f1+2*f1+f1_micro_positive+pearson" in table.note

    def test_many_labels_are_one_column(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        fake_study(store, tasks=(*TASKS, "nli"))
        table = plan_table(load_outcome(store, "fake"))
        assert table.header[:4] == ("plan", "mean", "macro-F1 of 4", "nli")

    def test_of_many_tasks_only_means_are_shown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(quality, "FEW", 2)
        store = Store(tmp_path)
        fake_study(store, tasks=MIXED)
        assert plan_table(load_outcome(store, "fake")).header[:3] == ("plan", "mean", "seconds")

    def test_a_plan_without_binary_tasks_has_dashes(self, mixed: StudyOutcome) -> None:
        plan = mixed["mtl"]
        metrics = {"primary_mean": plan.summary.metrics["primary_mean"]}
        summary = dataclasses.replace(plan.summary, metrics=metrics)
        partial = dataclasses.replace(plan, summary=summary)
        column = quality.Column("macro-F1", "f1_macro")
        assert column.of(partial) is None
        assert plan_table(dataclasses.replace(mixed, plans=(partial,))).rows[0][1] != "-"

    def test_every_task_is_shown_by_its_own_metric(self, mixed: StudyOutcome) -> None:
        table = task_table(mixed)
        assert table.header[:2] == ("task, metric", "positives")
        assert [row[:2] for row in table.rows] == [
            ("edema, f1", "9"),
            ("nodule, f1", "9"),
            ("nli, accuracy", ""),
            ("relation, f1_micro_positive", ""),
            ("similarity, pearson", ""),
            ("disease, entity_f1", ""),
            ("question, accuracy", "9"),
        ]
        assert all("-" not in row[2:] for row in table.rows)
        assert {row[2] for row in task_table(mixed, "log_loss").rows if row[0] == "similarity"} == {
            "-"
        }

    def test_errors_are_no_percent(self, mixed: StudyOutcome) -> None:
        rows = {row[0]: row for row in task_table(mixed, "mse").rows}
        own = mixed["stl"].summary.per_task["similarity"]["mse"]
        assert rows["similarity"][2].startswith(f"{own.mean:.3f} ± ")

    def test_published_figures_may_be_of_tasks(self, mixed: StudyOutcome) -> None:
        published = {"source": "Table 3", "metrics": ["nli"], "rows": {"mtl": [84.6, 0.0]}}
        study = mixed.study.model_copy(
            update={"config": mixed.study.config | {"published": published}}
        )
        table = published_table(dataclasses.replace(mixed, study=study))
        assert table is not None
        assert table.rows == (("mtl", "84.60 ± 0.00", plan_table(mixed).rows[1][4]),)


def test_every_task_under_every_plan(outcome: StudyOutcome) -> None:
    table = task_table(outcome)
    assert table.header == ("task", "positives", "stl", "mtl", "gmhl", "gmtl")
    assert [row[:2] for row in table.rows] == [(task, "9") for task in TASKS]
    own = outcome["gmtl"].summary.per_task["nodule"]["f1"]
    assert table.rows[1][5].startswith(f"{100 * own.mean:.1f} ± ")


def test_a_task_that_a_plan_does_not_serve_has_a_dash(outcome: StudyOutcome) -> None:
    plan = outcome["mtl"]
    per_task = {name: own for name, own in plan.summary.per_task.items() if name != "edema"}
    summary = dataclasses.replace(plan.summary, per_task=per_task)
    partial = dataclasses.replace(plan, summary=summary)
    assert task_table(dataclasses.replace(outcome, plans=(partial,))).rows[0][2] == "-"


class TestChosen:
    def test_equal_choices_are_told_once(self, store: Store) -> None:
        table = chosen_table(load_outcome(store, "tuned"))
        assert table is not None
        assert table.rows == (
            ("mtl", "learning_rate 0.001", "all"),
            ("gmtl", "learning_rate 0.001", "all"),
        )

    def test_other_choices_are_told_by_fold(self, store: Store) -> None:
        outcome = load_outcome(store, "tuned")
        plan = outcome["mtl"]
        first = plan.cells[0]
        assert first.cell.tuning is not None
        other = first.cell.tuning.model_copy(update={"chosen": 0})
        cell = dataclasses.replace(first, cell=first.cell.model_copy(update={"tuning": other}))
        changed: PlanOutcome = dataclasses.replace(plan, cells=(cell, *plan.cells[1:]))
        table = chosen_table(dataclasses.replace(outcome, plans=(changed,)))
        assert table is not None
        assert table.rows == (
            ("mtl", "learning_rate 0.0001", "1"),
            ("mtl", "learning_rate 0.001", "2"),
        )

    def test_nothing_was_chosen(self, outcome: StudyOutcome) -> None:
        assert chosen_table(outcome) is None


class TestPublished:
    def test_published_figures_stand_beside_ours(self, outcome: StudyOutcome) -> None:
        published = {
            "source": "Table 1",
            "metrics": ["f1_macro"],
            "rows": {"mtl": [85.72, 1.66], "other": [90.0, 0.5]},
        }
        study = outcome.study.model_copy(
            update={"config": outcome.study.config | {"published": published}}
        )
        table = published_table(dataclasses.replace(outcome, study=study))
        assert table is not None
        assert table.header == ("plan", "f1_macro published", "ours")
        ours = plan_table(outcome).rows[1][1]
        assert table.rows == (("mtl", "85.72 ± 1.66", ours), ("other", "90.00 ± 0.50", "-"))
        assert table.note == "Table 1"

    def test_nothing_was_published(self, outcome: StudyOutcome) -> None:
        assert published_table(outcome) is None


def test_groups_and_elbow() -> None:
    grouping = GroupingRecord(
        origin="k-medoids on label, 2 groups",
        groups=[["edema", "effusion"], ["nodule"]],
    )
    elbow = NumberRecord(method="elbow", groups=[1, 2, 4], values=[4.0, 2.0, 1.0], chosen=2)
    table = group_table("gmtl", grouping, fold=1)
    assert table.title == "gmtl, fold 2: k-medoids on label, 2 groups"
    assert table.rows == (("1", "2", "edema, effusion"), ("2", "1", "nodule"))
    table = number_table(grouping.origin, elbow)
    assert table.title == "Elbow of k-medoids on label, 2 groups"
    assert table.rows == (("1", "4.000", ""), ("2", "2.000", "suggested"), ("4", "1.000", ""))
    gap = NumberRecord(method="gap", groups=[1], values=[0.5], errors=[0.25])
    assert number_table("x", gap).rows == (("1", "0.500 ± 0.250", ""),)


def test_markdown_keeps_figures_right_and_bars_out() -> None:
    table = Table("title", ("plan", "F1", "about"), (("a|b", "1.0", "x"),), "a note", words=(0, 2))
    assert markdown(table).splitlines() == [
        "| plan | F1 | about |",
        "|---|--:|---|",
        "| a&#124;b | 1.0 | x |",
        "",
        "a note",
    ]


class TestFitting:
    @given(
        st.integers(1, 6).flatmap(
            lambda n: st.lists(
                st.lists(WORDS, min_size=n + 1, max_size=n + 1), min_size=2, max_size=5
            )
        ),
        st.integers(10, 80),
    )
    def test_every_part_fits_and_nothing_is_lost(self, cells: list[list[str]], width: int) -> None:
        table = Table("title", tuple(cells[0]), tuple(map(tuple, cells[1:])), "note")
        parts = fitting(table, width)
        for part in parts:
            needed = sum(own + 2 for own in part.widths)
            assert needed <= width or len(part.header) == 2, "one column is the least"
            assert [row[0] for row in part.rows] == [row[0] for row in table.rows]
        assert [name for part in parts for name in part.header[1:]] == list(table.header[1:])
        for index, row in enumerate(table.rows):
            assert [cell for part in parts for cell in part.rows[index][1:]] == list(row[1:])
        assert [part.note for part in parts] == [""] * (len(parts) - 1) + ["note"]

    def test_words_may_wrap(self) -> None:
        table = Table("title", ("name", "about"), (("a", "b" * 99),), words=(0, 1))
        assert fitting(table, 20) == [table]
