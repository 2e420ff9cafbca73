"""The report as data: its sections, that their numbers are the comparison's, and its cautions."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from explain.views_toys import write_explanation
from mtlv.errors import ProtocolError, StoreError
from mtlv.report.page import Evidence, gather, make_report
from mtlv.report.page_cautions import cautions
from mtlv.report.page_explanations import explanations
from mtlv.report.page_facts import environment, protocol, question, reproduction
from mtlv.report.page_figures import OF_TWO, ORDER, TEXTS, figures
from mtlv.report.page_parts import Listing, Picture, Points, Report, Section, Words
from mtlv.report.page_tables import tables
from mtlv.report.tables import Table
from mtlv.store import CellRecord, Store
from mtlv.store.comparison import CompareSettings
from mtlv.store.record import EffectRecord, GroupingRecord, TransferRecord
from store.fakes import FINISHED, MIXED, TASKS, fake_study

pytestmark = pytest.mark.slow

QUICK = CompareSettings(draws=200)
WORDS = {"plan": "mtl", "task": TASKS[0], "seed": 0, "word": "secret", "count": 3, "mean": 0.5}
ALIKE: dict[str, object] = {"task": TASKS[0], "first": "stl", "second": "mtl", "layer": 1}
ALIKE |= {"first_seed": 0, "second_seed": 1, "texts": 4, "cka": 0.5}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("runs"))
    fake_study(made, folds=3, tuned=True)
    fake_study(made, "fixed", folds=1, seeds=(0, 1, 2))
    fake_study(made, "mixed", tasks=MIXED)
    fake_study(made, "one", plans=("mtl",), folds=1)
    return made


@pytest.fixture(scope="module")
def evidence(store: Store) -> Evidence:
    return gather(store, "fake")


@pytest.fixture(scope="module")
def report(evidence: Evidence) -> Report:
    return make_report(evidence)


def titled(sections: list[Section], start: str) -> Table:
    (table,) = (
        part
        for section in sections
        for part in section.parts
        if isinstance(part, Table) and part.title.startswith(start)
    )
    return table


def facts(section: Section) -> dict[str, str]:
    return {
        row[0]: row[1] for part in section.parts if isinstance(part, Table) for row in part.rows
    }


def said(evidence: Evidence) -> str:
    (part,) = cautions(evidence).parts
    return "\n".join(part.items) if isinstance(part, Points) else ""


class TestReport:
    def test_sections_are_in_reading_order(self, report: Report) -> None:
        assert [section.name for section in report.sections] == [
            *("question", "answer", "comparison", "plans", "tasks", "groups", "figures"),
            *("protocol", "careful", "environment", "reproduce"),
        ]
        assert len(report.section("answer").parts) == 3
        assert report.about.startswith(f"finished, last changed {FINISHED}")

    def test_one_plan_is_described_and_not_compared(self, store: Store) -> None:
        one = gather(store, "one")
        assert [section.name for section in tables(one)] == ["plans", "tasks"]
        assert "there is nothing to compare it with" in said(one)
        assert question(one).startswith("How does `mtl` learn 4 binary tasks of `fake`")

    def test_the_question(self, evidence: Evidence) -> None:
        assert question(evidence) == (
            "Which of the plans `stl`, `mtl`, `gmhl` and `gmtl` learns 4 binary tasks of `fake` "
            "(240 examples) best, and at what cost, with the encoder `tiny`?"
        )

    @pytest.mark.parametrize("sample", [0.06, {"fake": 0.06, "other": 0.5}])
    def test_the_question_says_what_was_sampled(self, evidence: Evidence, sample: Any) -> None:
        config = evidence.study.config | {"evaluation": {"sample": sample}}
        study = evidence.study.model_copy(update={"config": config})
        asked = question(replace(evidence, outcome=replace(evidence.outcome, study=study)))
        assert "`fake` (240 examples, a sample of 6 % of them)" in asked


class TestNumbers:
    """Every number of the tables is that of `mtlv compare --json`, formatted here once more."""

    @pytest.mark.parametrize("study", ["fake", "fixed", "mixed"])
    def test_of_plans(self, store: Store, study: str) -> None:
        evidence = gather(store, study, settings=replace(QUICK, margin=2.0))
        document = json.loads(json.dumps(evidence.comparison.to_json()))
        table = titled(tables(evidence), f"Study {study} against mtl")
        assert len(table.rows) == len(document["plans"]) == 4
        for row, plan in zip(table.rows, document["plans"], strict=True):
            shown = dict(zip(table.header, row, strict=True))
            assert shown["plan"] == plan["plan"]
            assert shown[document["metric"]] == spread(plan["value"], 100)
            assert shown["cost ratio"] == f"{plan['cost_ratio']:.2f}"
            counts = plan["tasks_better"], plan["tasks_equal"], plan["tasks_worse"]
            assert shown["tasks + / = / -"] == "{} / {} / {}".format(*counts)
            assert_tested(shown, plan["test"], plan["delta"], 100)

    @pytest.mark.parametrize("study", ["fake", "mixed"])
    def test_of_tasks(self, store: Store, study: str) -> None:
        evidence = gather(store, study, "stl", settings=QUICK)
        document = json.loads(json.dumps(evidence.comparison.to_json()))
        for plan in document["plans"]:
            if plan["test"] is None:
                continue
            table = titled(tables(evidence), f"Study {study}: {plan['plan']} against stl by task")
            for row, (task, own) in zip(table.rows, plan["per_task"].items(), strict=True):
                shown = dict(zip(table.header, row, strict=True))
                assert row[0] == (task if study == "fake" else f"{task}, {own['metric']}")
                assert shown["positives"] == str(own["positives"] or "")
                assert shown[plan["plan"]] == spread(own["value"], 100)
                assert shown["stl"] == spread(own["baseline"], 100)
                assert_tested(shown, own["test"], own, 100)

    def test_of_cost_and_ranks(self, evidence: Evidence) -> None:
        document = evidence.comparison.to_json()
        time = titled(tables(evidence), "Time of the plans")
        for row, plan in zip(time.rows, document["plans"], strict=True):
            assert row[1:4] == (
                f"{plan['seconds'] / 60:.1f} min",
                f"{plan['cost_ratio']:.2f}",
                f"{plan['models']:g}",
            )
        ranks = titled(tables(evidence), "Ranks")
        found = document["friedman"]
        shown = {row[0]: row[1:] for row in ranks.rows}
        assert {plan: f"{rank:.2f}" for plan, rank in found["mean_ranks"].items()} == {
            plan: row[0] for plan, row in shown.items()
        }
        assert shown["stl"][1] == f"{found['p_holm']['stl']:.3f}"
        assert f"p = {found['p']:.3f}" in ranks.note

    def test_of_the_answer(self, evidence: Evidence, report: Report) -> None:
        document = evidence.comparison.to_json()
        rivals = [plan for plan in document["plans"] if plan["plan"] != "mtl"]
        best = max(rivals, key=lambda plan: plan["value"]["mean"])
        first, second, third = (
            part.text for part in report.section("answer").parts if isinstance(part, Words)
        )
        assert f"`{best['plan']}`" in first
        low, high = best["test"]["interval"]
        assert f"{100 * low:+.1f} to {100 * high:+.1f}" in first
        assert f"p = {best['test']['p_corrected']:.3f}" in first
        unshown = sum(
            own["test"]["verdict"] == "no difference shown" for own in best["per_task"].values()
        )
        assert f"with no difference shown on {unshown or 'none'}" in second
        assert f"{best['cost_ratio']:.2f} times the seconds" in third


def spread(summary: dict[str, Any], scale: float) -> str:
    if summary["n"] == 0:
        return "-"
    return f"{scale * summary['mean']:.1f} ± {scale * summary['sd']:.1f}"


def assert_tested(
    shown: dict[str, str], test: dict[str, Any] | None, delta: dict[str, Any], scale: float
) -> None:
    assert shown["difference"] == f"{scale * delta['mean']:+.1f} ± {scale * delta['sd']:.1f}"
    if test is None:
        assert [shown[name] for name in ("interval", "p", "verdict")] == ["-", "-", "-"]
        return
    low, high = test["interval"]
    assert shown["interval"] == f"{scale * low:+.1f} to {scale * high:+.1f}"
    assert shown["p"] == p_text(test["p"])
    assert shown["p corrected"] == p_text(test["p_corrected"])
    assert shown["effect"] == f"{test['effect']['value']:+.2f}"
    assert shown["verdict"] == test["verdict"]


def p_text(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "<0.001"


class TestTables:
    def test_groups_have_members_and_how_they_were_found(self, evidence: Evidence) -> None:
        table = titled(tables(evidence), "gmtl: kmedoids on label_description")
        assert [row[-1] for row in table.rows] == ["edema, nodule", "opacity, effusion"]

    def test_groups_that_differ_by_fold_are_all_shown(self, tmp_path: Path) -> None:
        evidence = regrouped(tmp_path, "kmedoids on phi")
        names = [part.title for part in tables(evidence)[-1].parts if isinstance(part, Table)]
        assert "gmtl, fold 1: kmedoids on phi" in names
        assert "gmtl, fold 2: kmedoids on phi" in names
        assert "`gmtl` has 2 different groupings in 2 folds." in said(evidence)

    def test_settings_and_published_figures(self, tmp_path: Path) -> None:
        published = {"source": "a paper", "metrics": ["f1_macro"], "rows": {"mtl": [50.0]}}
        store = Store(tmp_path)
        fake_study(store, plans=("mtl",), tuned=True, config={"published": published})
        found = tables(gather(store, "fake"))
        assert titled(found, "Chosen on validation").rows[0][:2] == ("mtl", "learning_rate 0.001")
        assert titled(found, "Published").rows[0][:2] == ("mtl", "50.00")

    def test_pairs_are_shown_where_they_were_measured(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        fake_study(store, plans=("mtl",))
        effects = [
            EffectRecord(source=s, target=t, effect=0.1, low=0.05, high=0.2, verdict="improves")
            for s, t in (("edema", "nodule"), ("nodule", "edema"))
        ]
        record = TransferRecord(
            name="fake", config={}, tasks=["edema", "nodule"], runs=2, margin=0.0, jobs=[],
            metrics=dict.fromkeys(("edema", "nodule"), "f1"), effects=effects, finished=FINISHED,
            alone={"edema": 0.5, "nodule": 0.4},
        )  # fmt: skip
        store.transfers.write(record)
        assert (
            titled(tables(gather(store, "fake")), "Transfer").rows[1][2] == "+10.0* (+5.0, +20.0)"
        )
        (tmp_path / "transfers" / "fake.json").write_text("{")
        (part,) = tables(gather(store, "fake"))[-1].parts
        assert isinstance(part, Words)
        assert part.text.startswith("Left out: The record of the transfer 'fake' is damaged.")


class TestFacts:
    def test_protocol_of_folds(self, evidence: Evidence) -> None:
        found = facts(protocol(evidence))
        assert found["test parts"] == "3, of 40 examples with a target (of the task that has most)"
        assert found["seeds"] == "1: 0"
        assert found["runs"] == "stl 3 of 3, mtl 3 of 3, gmhl 3 of 3 and gmtl 3 of 3"
        assert found["test"].startswith("corrected_t: 3 test parts whose training data overlap")
        assert "rule of thumb" in found["corrected_t assumes"]
        assert found["signature"] == evidence.comparison.signature
        assert "margin of equivalence" not in found

    def test_protocol_of_one_test_part(self, store: Store) -> None:
        settings = replace(QUICK, margin=1.5, correction="bh")
        found = facts(protocol(gather(store, "fixed", settings=settings)))
        assert found["test parts"].startswith("1, of 40")
        assert found["seeds"] == "3: 0, 1 and 2"
        assert found["test"].startswith("bootstrap: one test part, 3 runs")
        assert found["draws"] == "200"
        assert found["correction"].startswith("Benjamini-Hochberg")
        assert found["margin of equivalence"] == "1.5, by two one-sided tests"

    def test_environments_that_differ_are_counted(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        record = fake_study(store, plans=("mtl",), folds=3)
        change_job(store, record.cells[0].jobs[0], environment={"torch": "2.8", "threads": "1"})
        evidence = gather(store, "fake")
        assert facts(environment(evidence))["torch"] == "2.9 (2 jobs); 2.8 (1 job)"
        assert "Jobs ran on 2 different machines or numbers of threads" in said(evidence)

    def test_the_config_is_whole_and_without_passwords(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        tracking = {"mlflow": False, "uri": "postgresql://ann:secret@host/db", "experiment": "e"}
        record = fake_study(store, plans=("mtl",), config={"tracking": tracking})
        listing = listings(reproduction(gather(store, "fake")))["fake.yaml"]
        assert "secret" not in listing
        tracking["uri"] = "postgresql://ann:***@host/db"
        assert yaml.safe_load(listing) == record.config | {"tracking": tracking}

    def test_the_commands_give_the_same_comparison(
        self, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from mtlv.cli.app import main

        settings = CompareSettings("randomisation", "bh", 3.0, 150)
        evidence = gather(store, "fixed", "stl", "f1_micro", settings)
        run, report, compare = listings(reproduction(evidence))["Commands"].splitlines()
        assert run == "mtlv run fixed.yaml"
        assert shlex.split(report)[2:] == shlex.split(compare)[2:-2]
        monkeypatch.setattr(sys, "argv", [*shlex.split(compare), "--store", str(store.root)])
        with pytest.raises(SystemExit):
            main()
        assert json.loads(capsys.readouterr().out) == json.loads(
            json.dumps(evidence.comparison.to_json())
        )


class TestGather:
    def test_a_damaged_job_is_named_and_the_rest_goes_on(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        record = fake_study(store, folds=3)
        job = record.cells[-1].jobs[0]  # of gmtl, fold 3
        (store.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
        evidence = gather(store, "fake")
        (told,) = evidence.damaged
        assert told.startswith(f"1 cell of gmtl left out: A file of the job '{job}' cannot be")
        assert "remove the job's folder" in told
        assert [len(plan.cells) for plan in evidence.outcome.plans] == [3, 3, 3, 2]
        assert told in said(evidence)
        assert "`gmtl` lacks 1 run of 3: fold 3, seed 0." in said(evidence)

    def test_a_plan_without_partners_is_not_tested(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        wanted = {("stl", 0): False, ("mtl", 1): False}
        fake_study(
            store,
            plans=("stl", "mtl"),
            trained=lambda cell, model: wanted.get((cell.plan, cell.fold), True),
        )
        evidence = gather(store, "fake")
        assert "`stl` and `mtl` have no runs of equal fold and seed to compare." in said(evidence)
        assert [section.name for section in tables(evidence)] == ["plans", "tasks"]
        assert facts(protocol(evidence))["test"].startswith("none:")

    @pytest.mark.parametrize(
        ("study", "baseline", "metric", "error", "words"),
        [
            ("faek", None, None, StoreError, "did you mean 'fake'"),
            ("none", None, None, StoreError, "0 of 2 runs"),
            ("fake", "mlt", None, ProtocolError, "did you mean 'mtl'"),
            ("fake", None, "f1", ProtocolError, "f1_macro"),
        ],
    )
    def test_mistakes(
        self,
        tmp_path: Path,
        study: str,
        baseline: str | None,
        metric: str | None,
        error: type[Exception],
        words: str,
    ) -> None:
        store = Store(tmp_path)
        fake_study(store, plans=("stl", "mtl"), folds=1)
        fake_study(store, "none", plans=("gmtl",), trained=lambda *_: False)
        with pytest.raises(error, match=words):
            gather(store, study, baseline, metric)


class TestCautions:
    def test_one_seed_on_folds(self, evidence: Evidence) -> None:
        told = said(evidence)
        assert "Every fold was trained with one seed (0)" in told
        assert "The t-test has 3 differences, one per test part, so 2 degrees of freedom" in told
        assert "same 40 examples" not in told

    def test_some_seeds_on_one_test_part(self, store: Store) -> None:
        told = said(gather(store, "fixed", settings=QUICK))
        assert "The spread between runs is estimated from 3 seeds." in told
        assert "All runs are tested on the same 40 examples" in told
        assert "degrees of freedom" not in told

    def test_labels_that_are_rare_in_a_test_part(self, store: Store, evidence: Evidence) -> None:
        fewest = {
            task: min(part[task].positives or 0 for part in evidence.test_parts) for task in TASKS
        }
        told = said(evidence)
        for task, positives in fewest.items():
            assert (f"{task} ({positives})" in told) == (positives < 10)

    def test_a_test_that_can_show_nothing(self, store: Store) -> None:
        settings = CompareSettings(test="wilcoxon")
        told = said(gather(store, "fake", settings=settings))
        assert "all tasks together: wilcoxon with so few pairs gives no corrected p below" in told
        assert "it can show no difference, whatever its size" in told

    def test_a_margin_set_afterwards(self, store: Store, evidence: Evidence) -> None:
        assert "The margin of 2 was given to this report" in said(
            gather(store, "fake", settings=CompareSettings(margin=2.0))
        )
        assert "margin" not in said(evidence)

    def test_random_groupings_that_do_as_well(self, tmp_path: Path) -> None:
        """Two random groupings have the groups of gmtl, so they do exactly as well."""
        store = Store(tmp_path)
        record = fake_study(store, plans=("mtl", "gmtl"))
        found = GroupingRecord(origin="random", groups=[["edema", "nodule"], ["opacity"]])
        drawn = [
            cell.model_copy(update={"plan": f"random-{draw}", "grouping": found})
            for draw in range(2)
            for cell in record.cells
            if cell.plan == "gmtl"
        ]
        store.write_study(record.model_copy(update={"cells": [*record.cells, *drawn]}))
        evidence = gather(store, "fake")
        assert "100 % of random groupings in as many models do as well as `gmtl`" in said(evidence)
        assert "No random grouping was trained" not in said(evidence)
        assert question(evidence).endswith(", beside 2 random groupings?")
        assert [row[0] for row in titled(tables(evidence), "Study fake against").rows] == [
            *("mtl", "gmtl"),
        ]

    def test_groups_without_a_null(self, evidence: Evidence) -> None:
        rival = max(
            (row for row in evidence.comparison.rows if row.plan != "mtl"),
            key=lambda row: row.value.mean,
        )
        assert (f"whether these groups of `{rival.plan}`" in said(evidence)) == (
            rival.plan in ("gmhl", "gmtl")
        )

    def test_validation_prefers_another_plan(self, evidence: Evidence) -> None:
        best = max(evidence.plans, key=lambda plan: plan.summary.metrics["f1_macro"].mean).name
        chosen = max(evidence.plans, key=lambda plan: plan.validation_value).name
        told = (
            f"`{best}` has the best mean f1_macro on test, `{chosen}` the best value on validation"
        )
        assert (told in said(evidence)) == (best != chosen)

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("running", "`fake` is still running: this is what was finished so far."),
            ("failed", "The last run of `fake` stopped: KeyboardInterrupt; run it again to go on."),
        ],
    )
    def test_a_study_that_is_not_finished(self, tmp_path: Path, status: str, words: str) -> None:
        store = Store(tmp_path)
        trained: Callable[[CellRecord, int], bool] = lambda cell, _: cell.plan != "gmtl"  # noqa: E731
        warned = fake_study(store, folds=1, status=status, trained=trained)
        store.write_study(warned.model_copy(update={"warnings": ["label 'x' has 3 positives"]}))
        told = said(gather(store, "fake", settings=QUICK))
        assert words in told
        assert "No run of `gmtl` is finished." in told
        assert "label 'x' has 3 positives" in told

    def test_jobs_at_a_time(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        fake_study(store, plans=("mtl",), config={"executor": {"workers": 2}})
        assert "2 jobs ran at a time" in said(gather(store, "fake"))


class TestExplanations:
    """What `mtlv explain` found stands in the report; texts and their words only if asked for."""

    def _explained(self, folder: Path) -> Evidence:
        store = Store(folder)
        fake_study(store, folds=1)
        rows = {"words": [WORDS], "similarity": [ALIKE]}
        write_explanation(store, "e1", "fake", FINISHED, rows=rows, tasks=[TASKS[0]])
        return gather(store, "fake", settings=QUICK)

    @pytest.mark.parametrize("texts", [False, True])
    def test_tables_of_the_latest_explanation(self, texts: bool, tmp_path: Path) -> None:
        evidence = self._explained(tmp_path / "runs")
        (section,) = explanations(evidence, texts=texts)
        names = [part.title for part in section.parts if isinstance(part, Table)]
        assert names == [*["Words that matter"] * texts, "Similarity of encoders"]
        assert ("secret" in str(section)) == texts
        assert "explanations" in [own.name for own in make_report(evidence).sections]

    def test_a_text_is_there_only_if_texts_are_asked_for(self, tmp_path: Path) -> None:
        evidence = self._explained(tmp_path / "runs")
        named = {"plan": "stl", "task": TASKS[0], "seed": 0}
        text = named | {"label": None, "score": 0.5, "probability": 0.5, "decision": "1"}
        rows = {
            "texts": [text | {"delta": 0.0, "difference": 1.0, "steps": 16}],
            "attributions": [named | {"place": 0, "word": "no", "value": 1.0, "state": "read"}],
        }
        write_explanation(evidence.store, "e2", "fake", FINISHED, rows=rows, text="no `secret`")
        (section,) = explanations(evidence, texts=True)
        told = "What the words of the text that was last explained add: no 'secret'"
        assert section.parts[-2] == Words(told)
        assert isinstance(section.parts[-1], Table)
        assert "no 'secret'" not in str(explanations(evidence, texts=False))

    def test_there_is_none(self, evidence: Evidence) -> None:
        assert explanations(evidence, texts=True) == []


class TestFigures:
    def test_texts_stay_on_the_machine(self, report: Report) -> None:
        section = report.section("figures")
        names = [part.name for part in section.parts if isinstance(part, Picture)]
        assert names[:6] == list(ORDER)
        assert not set(names) & set(TEXTS)
        (left_out,) = (part for part in section.parts if isinstance(part, Points))
        assert "`affinity`: no grouping with an affinity" in left_out.items
        last = section.parts[-1]
        assert isinstance(last, Words)
        assert all(name in last.text for name in TEXTS)

    def test_texts_are_shown_where_they_are_asked_for(self, evidence: Evidence) -> None:
        (left_out,) = (p for p in figures(evidence, texts=True).parts if isinstance(p, Points))
        assert all(any(name in item for item in left_out.items) for name in TEXTS)

    def test_figures_show_the_comparison_of_the_report(self, store: Store) -> None:
        evidence = gather(store, "fake", "stl", settings=CompareSettings(correction="bh"))
        drawn = {part.name: part for part in figures(evidence).parts if isinstance(part, Picture)}
        (caption,) = (a for a in drawn["forest"].figure.layout.annotations if a.name == "caption")
        assert "over tasks (Benjamini-Hochberg)" in caption.text.replace("<br>", " ")
        for name in OF_TWO:
            assert "stl" in drawn[name].figure.to_json()


def listings(section: Section) -> dict[str, str]:
    return {part.title: part.text for part in section.parts if isinstance(part, Listing)}


def change_job(store: Store, job: str, **changes: object) -> None:
    path = store.job_folder(job) / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def regrouped(folder: Path, origin: str) -> Evidence:
    """Return a study whose plan gmtl says that its groups came about otherwise in every fold."""
    store = Store(folder)
    record = fake_study(store, plans=("mtl", "gmtl"))
    cells = []
    for cell in record.cells:
        if cell.plan == "gmtl":
            groups = [["edema", "nodule"], ["opacity", "effusion"]][:: 1 if cell.fold else -1]
            found = GroupingRecord(origin=origin, groups=groups)
            cells.append(cell.model_copy(update={"grouping": found}))
        else:
            cells.append(cell)
    store.write_study(record.model_copy(update={"cells": cells}))
    return gather(store, "fake")
