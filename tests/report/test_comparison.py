"""Tables of a comparison: for the screen, for a paper, and for programs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from mtlv.evaluation.summary import Summary
from mtlv.report.comparison import comparison_table, comparison_task_table, rank_table
from mtlv.report.comparison_paper import (
    comparison_csv,
    comparison_latex,
    comparison_markdown,
    paper_tables,
)
from mtlv.store import CellRecord, Store
from mtlv.store.comparison import CompareSettings, Comparison, Row, compare
from mtlv.store.outcome import StudyOutcome, load_outcome
from store.fakes import MIXED, TASKS, fake_study

pytestmark = pytest.mark.slow

QUICK = CompareSettings(draws=200)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("runs"))
    fake_study(made)
    fake_study(made, "fixed", folds=1, seeds=(0, 1, 2))
    return made


@pytest.fixture(scope="module")
def outcome(store: Store) -> StudyOutcome:
    return load_outcome(store, "fake")


@pytest.fixture(scope="module")
def comparison(store: Store, outcome: StudyOutcome) -> Comparison:
    return compare(store, outcome, "mtl", "f1_macro", QUICK)


@pytest.fixture(scope="module")
def fixed(store: Store) -> Comparison:
    return compare(store, load_outcome(store, "fixed"), "mtl", "f1_macro", QUICK)


class TestScreen:
    def test_differences_have_signs(self, comparison: Comparison) -> None:
        table = comparison_table(comparison)
        rows = {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}
        base = rows["mtl"]
        assert (base["difference"], base["cost ratio"], base["n"]) == ("+0.0 ± 0.0", "1.00", "2")
        assert base["tasks + / = / -"] == "0 / 4 / 0"
        assert base["p"] == base["verdict"] == "-", "nothing is tested against itself"
        assert rows["gmtl"]["difference"][0] in "+-"
        assert rows["gmtl"]["cost ratio"] == f"{47 / 42:.2f}"
        assert "higher is better" in table.note
        assert "paired by fold and seed" in table.note

    def test_a_claim_stands_beside_its_difference(self, comparison: Comparison) -> None:
        table = comparison_table(comparison)
        row = dict(zip(table.header, table.rows[0], strict=True))
        own = comparison.rows[0].claim
        assert own is not None
        low, high = 100 * own.finding.low, 100 * own.finding.high
        assert row["interval"] == f"{low:+.1f} to {high:+.1f}"
        assert row["p"] == f"{own.finding.p:.3f}"
        assert row["p corrected"] == f"{own.p_corrected:.3f}"
        assert row["effect"] == f"{own.finding.effect.value:+.2f}"
        assert row["verdict"] == own.verdict
        for word in ("corrected_t over 2 test parts", "Holm", "mean over sd", "tasks:4"):
            assert word in table.note

    def test_draws_and_seeds_are_told(self, fixed: Comparison) -> None:
        note = comparison_table(fixed).note
        for word in ("bootstrap over 40 examples, 200 draws", "3 runs", "over runs and examples"):
            assert word in note

    def test_a_margin_adds_the_p_of_the_equivalence(
        self, store: Store, outcome: StudyOutcome, comparison: Comparison
    ) -> None:
        found = compare(store, outcome, "mtl", None, CompareSettings(margin=60, draws=200))
        row = found.rows[0]
        table = comparison_table(found)
        shown = dict(zip(table.header, table.rows[0], strict=True))
        assert row.claim is not None
        assert row.claim.equivalence_p is not None
        assert shown["p equivalence"] == f"{row.claim.equivalence_p:.3f}"
        assert shown["verdict"] == "equivalent within 60"
        assert "two one-sided tests against a margin of ± 60" in table.note
        for other in (comparison_task_table(found, row), paper_tables(found, outcome)["tests"]):
            assert "p equivalence" in other.header
            assert {len(line) for line in other.rows} == {len(other.header)}
        assert "p equivalence" not in comparison_table(comparison).header

    def test_plans_are_ranked_from_three_on(self, store: Store, comparison: Comparison) -> None:
        table, ranks = rank_table(comparison), comparison.ranks
        assert table is not None
        assert ranks is not None
        best = min(ranks.mean_ranks, key=lambda plan: ranks.mean_ranks[plan])
        assert table.rows[0][:2] == (best, f"{ranks.mean_ranks[best]:.2f}")
        assert {row[0]: row[2] for row in table.rows}["mtl"] == "-"
        assert f"further apart than {ranks.critical_difference:.2f} differ (Nemenyi)" in table.note
        two = load_outcome(store, "fake")
        two = replace(two, plans=two.plans[:2])
        assert rank_table(compare(store, two, "mtl", None, QUICK)) is None

    def test_losses_are_no_percent(self, store: Store, outcome: StudyOutcome) -> None:
        table = comparison_table(compare(store, outcome, "mtl", "log_loss", QUICK))
        own = outcome["stl"].summary.metrics["log_loss"]
        assert table.rows[0][1].startswith(f"{own.mean:.3f} ± ")
        assert "lower is better" in table.note
        assert "percent" not in table.note

    def test_what_is_not_known_has_a_dash(self) -> None:
        nothing = Summary.of([])
        row = Row("mtl", nothing, nothing, nothing, {}, better=0, equal=0, worse=0, cost_ratio=None)
        table = comparison_table(Comparison("study", "mtl", "f1_macro", (row,)))
        assert table.rows == (("mtl", "-", "-", *"-----", "0 / 0 / 0", "", "0"),)

    def test_it_says_how_tasks_are_judged(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        fake_study(store, tasks=MIXED)
        found = compare(store, load_outcome(store, "fake"), "mtl", None, QUICK)
        table = comparison_table(found)
        assert table.header[1] == "primary_mean"
        assert "better, equal and worse primary metric" in table.note
        assert comparison_task_table(found, found.rows[0]).rows[2][0] == "nli, accuracy"

    def test_every_task_has_a_row(self, comparison: Comparison) -> None:
        row = comparison.rows[-1]
        table = comparison_task_table(comparison, row)
        assert table.header[:4] == ("task", "positives", "gmtl", "mtl")
        assert [line[:2] for line in table.rows] == [(task, "9") for task in TASKS]
        own = row.by_task["nodule"]
        assert table.rows[1][4].startswith(f"{100 * own.delta.mean:+.1f} ± ")

    def test_the_floor_of_few_pairs_is_stated(self, store: Store, outcome: StudyOutcome) -> None:
        settings = CompareSettings(test="wilcoxon")
        note = comparison_table(compare(store, outcome, "mtl", None, settings)).note
        assert "cannot give a p below 0.5" in note
        assert "level 0.5, as so few pairs can give" in note


class TestPaper:
    def test_there_is_a_table_of_each_form(
        self, comparison: Comparison, outcome: StudyOutcome
    ) -> None:
        tables = paper_tables(comparison, outcome)
        assert list(tables) == [
            *("quality", "tests", "ranks", "tasks-stl", "tasks-gmhl", "tasks-gmtl", "time"),
        ]
        assert tables["quality"].header[:3] == ("architecture", "groups", "macro-F1")
        assert [row[1] for row in tables["quality"].rows] == [
            *("-", "-", "2 (kmedoids on label_description)", "2 (kmedoids on label_description)"),
        ]
        assert [row[:2] for row in tables["tests"].rows] == [
            (plan, "mtl") for plan in ("stl", "gmhl", "gmtl")
        ]
        assert [row[:3] for row in tables["time"].rows][:2] == [
            ("stl", "42.0 s", "1.00"),
            ("mtl", "42.0 s", "1.00"),
        ]

    def test_the_better_mean_is_bold(self, comparison: Comparison, outcome: StudyOutcome) -> None:
        tables = paper_tables(comparison, outcome)
        row = comparison.rows[-1]
        for task, line in zip(TASKS, tables["tasks-gmtl"].rows, strict=False):
            own = row.by_task[task]
            wins = (own.value.mean > own.base.mean, own.value.mean < own.base.mean)
            assert tuple(cell.startswith("**") for cell in line[1:3]) == wins
        best = max(comparison.rows, key=lambda each: each.value.mean).plan
        bold = [line[0] for line in tables["quality"].rows if line[2].startswith("**")]
        assert bold == [best]

    def test_the_last_row_is_of_all_tasks(
        self, comparison: Comparison, outcome: StudyOutcome
    ) -> None:
        *tasks, last = paper_tables(comparison, outcome)["tasks-stl"].rows
        assert [line[-1] for line in tasks] == ["9 (25.0)"] * 4
        assert last[0] == "all, f1_macro"
        assert last[-1] == "36 (100.0)"

    def test_markdown_has_a_heading_for_each(
        self, comparison: Comparison, outcome: StudyOutcome
    ) -> None:
        text = comparison_markdown(comparison, outcome)
        assert text.count("### ") == 7
        assert "Friedman over 4 tasks" in text
        assert "| stl | mtl |" in text

    def test_latex_can_be_set(self, comparison: Comparison, outcome: StudyOutcome) -> None:
        text = comparison_latex(comparison, outcome)
        assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 7
        assert r"f1\_macro" in text
        assert r"\textbf{" in text
        assert r"\label{tab:fake-tasks-gmtl}" in text
        for line in text.splitlines():
            bare = line.replace(r"\_", "").replace(r"\%", "").replace(r"\&", "")
            assert "_" not in bare
            assert "%" not in bare or line.startswith("% needs")

    def test_csv_has_a_line_per_plan_and_task(self, comparison: Comparison) -> None:
        lines = list(csv.DictReader(io.StringIO(comparison_csv(comparison))))
        assert len(lines) == 3 * (1 + len(TASKS))
        row = comparison.rows[0]
        assert row.claim is not None
        first = lines[0]
        assert (first["plan"], first["baseline"], first["task"]) == ("stl", "mtl", "all")
        assert float(first["difference"]) == row.delta.mean
        assert float(first["p"]) == row.claim.finding.p
        assert float(first["low"]) == row.claim.finding.low
        assert first["verdict"] == row.claim.verdict
        assert float(first["cost_ratio"]) == row.cost_ratio
        own = row.by_task["edema"]
        assert lines[1]["metric"] == "f1"
        assert float(lines[1]["difference"]) == own.delta.mean
        assert lines[1]["positives"] == "9"

    def test_values_are_those_of_the_runs_that_are_compared(self, store: Store) -> None:
        """GMTL lacks a fold: its baseline is MTL in the other folds, in every table."""
        there = fake_study(store, "lacking", folds=3)
        kept = [cell for cell in there.cells if (cell.plan, cell.fold) != ("gmtl", 1)]
        store.write_study(there.model_copy(update={"cells": kept}))
        outcome = load_outcome(store, "lacking")
        comparison = compare(store, outcome, "mtl")
        lines = list(csv.DictReader(io.StringIO(comparison_csv(comparison))))
        row = next(own for own in comparison.rows if own.plan == "gmtl")
        own = next(line for line in lines if (line["plan"], line["task"]) == ("gmtl", "all"))
        assert float(own["value"]) - float(own["baseline_value"]) == pytest.approx(row.delta.mean)
        assert row.base.mean != comparison.base.value.mean
        last = paper_tables(comparison, outcome)["tasks-gmtl"].rows[-1]
        assert f"{100 * row.base.mean:.1f}" in last[2]

    def test_a_plan_of_fewer_tasks_says_so_and_wins_nothing(self, store: Store) -> None:
        there = fake_study(store, "part", folds=2)
        cells = [_with_one_task(cell) if cell.plan == "stl" else cell for cell in there.cells]
        store.write_study(there.model_copy(update={"cells": cells}))
        outcome = load_outcome(store, "part")
        tables = paper_tables(compare(store, outcome, "mtl"), outcome)
        names = [line[0] for line in tables["quality"].rows]
        assert names == ["stl (1 task)", "mtl", "gmhl", "gmtl"]
        assert "among plans of all 4 tasks" in tables["quality"].note
        assert not any("**" in cell for cell in tables["quality"].rows[0])


def _with_one_task(cell: CellRecord) -> CellRecord:
    """Return a cell of STL that serves its first task alone."""
    models = cell.architecture["models"][:1]
    serves = {models[0][0][0]: 0}
    architecture = cell.architecture | {"models": models, "serves": serves}
    return cell.model_copy(update={"architecture": architecture, "jobs": cell.jobs[:1]})
