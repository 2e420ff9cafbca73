"""The three sentences, of comparisons made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mtlv.evaluation.significance import Choice, Effect, Finding
from mtlv.evaluation.summary import Summary
from mtlv.report.answer import answer, rival_of
from mtlv.store.comparison import CompareSettings, Comparison, Row, TaskRow
from mtlv.store.comparison_claims import Claim
from mtlv.store.comparison_settings import PlanFindings
from mtlv.store.null import Null
from mtlv.store.outcome import PlanCost

WHY = Choice("bootstrap", "one test part, 3 runs")


def claim(low: float, high: float, p: float, verdict: str) -> Claim:
    effect = Effect("error_reduction", 0.1)
    finding = Finding("bootstrap", p / 2, low, high, 0.95, effect, 200, "example")
    return Claim(finding, p, None, verdict)


def task(delta: float, found: Claim | None, metric: str = "f1") -> TaskRow:
    own = Summary(0.5 + delta, 0.01, 3), Summary(0.5, 0.01, 3), Summary(delta, 0.01, 3)
    return TaskRow(metric, *own, 40, found)


def cost(seconds: float, models: int) -> PlanCost:
    zeros = dict.fromkeys(PlanCost.__dataclass_fields__, 0.0)
    spent = {"train_seconds": seconds, "models": models, "forward_passes": models}
    return PlanCost(**zeros | spent)  # type: ignore[arg-type]


def row(
    plan: str,
    value: float,
    found: Claim | None = None,
    tasks: dict[str, TaskRow] | None = None,
    seconds: float = 60.0,
    models: int = 1,
) -> Row:
    by_task = tasks or {}
    return Row(
        plan,
        Summary(value, 0.012, 3),
        Summary(0.6, 0.012, 3),
        Summary(value - 0.6, 0.01, 3),
        {},
        *(0, 0, 0),
        cost_ratio=seconds / 40,
        tasks=4,
        claim=found,
        by_task=by_task,
        cost=cost(seconds, models),
        findings=None if found is None else PlanFindings((WHY,), found.finding, {}),
    )


BASE = row("mtl", 0.6, seconds=40)
TASKS = {
    "edema": task(0.052, claim(0.01, 0.091, 0.01, "better")),
    "nodule": task(0.03, claim(0.01, 0.05, 0.02, "better")),
    "opacity": task(-0.02, claim(-0.03, -0.01, 0.0001, "worse")),
    "effusion": task(0.2, claim(-0.1, 0.3, 0.4, "no difference shown")),
    "cyst": task(math.nan, None),
}


def compared(*rows: Row, **more: object) -> Comparison:
    made = Comparison("study", "mtl", "f1_macro", (BASE, *rows))
    return replace(made, **more)  # type: ignore[arg-type]


class TestBest:
    def test_a_difference_that_is_shown(self) -> None:
        gmtl = row("gmtl", 0.624, claim(0.004, 0.044, 0.031, "better"))
        assert answer(compared(gmtl)).best == (
            "Of 2 plans `gmtl` has the highest mean f1_macro, 62.4 ± 1.2 percent (mean ± sd of 3 "
            "runs); against `mtl` that is +2.4 points (95 % interval +0.4 to +4.4; bootstrap over "
            "200 examples, p = 0.031 after Holm): it is better."
        )

    def test_one_that_is_not_shown_is_not_called_better(self) -> None:
        gmtl = row("gmtl", 0.624, claim(-0.01, 0.05, 0.3, "no difference shown"))
        said = answer(compared(gmtl)).best
        assert said.endswith("p = 0.300 after Holm): no difference between the two is shown.")
        assert "better" not in said

    def test_the_baseline_is_best(self) -> None:
        stl = row("stl", 0.59, claim(-0.03, -0.001, 0.0002, "worse"))
        said = answer(compared(stl, row("gmhl", 0.55))).best
        assert said.startswith(
            "Of 3 plans no mean f1_macro is better than that of the baseline `mtl`, 60.0 ± 1.2 "
            "percent (mean ± sd of 3 runs); the nearest, `stl`, is at -1.0 points"
        )
        assert said.endswith("p < 0.001 after Holm): it is worse.")

    def test_equivalence_and_the_other_plans(self) -> None:
        gmtl = row("gmtl", 0.602, claim(-0.001, 0.004, 0.9, "equivalent within 0.5"))
        stl = row("stl", 0.5, claim(-0.12, -0.08, 0.001, "worse"))
        found = compared(gmtl, stl, settings=CompareSettings(correction="bh", margin=0.5))
        assert answer(found).best.endswith(
            "after Benjamini-Hochberg): the two are equivalent within 0.5; of the others worse: "
            "`stl`."
        )

    def test_a_plan_that_was_not_tested(self) -> None:
        said = answer(compared(row("gmtl", 0.7))).best
        assert said.endswith("that is +10.0 points, which could not be tested.")

    def test_of_a_loss_the_lowest_is_best(self) -> None:
        gmtl, stl = row("gmtl", 0.5), row("stl", 0.7)
        said = answer(compared(gmtl, stl, metric="hamming_loss")).best
        assert said.startswith("Of 3 plans `gmtl` has the lowest mean hamming_loss")


class TestRival:
    def test_random_groupings_and_plans_of_fewer_tasks_are_passed_over(self) -> None:
        few = replace(row("few", 0.9), tasks=2)
        null = Null(2, ("random-0", "random-1"), (0.8, 0.7))
        rows = row("gmtl", 0.5), few, row("random-0", 0.8), row("random-1", 0.7)
        found = rival_of(compared(*rows, nulls=(null,)))
        assert found is not None
        assert found.plan == "gmtl"

    def test_there_may_be_none(self) -> None:
        assert rival_of(compared()) is None


class TestTasks:
    def test_only_shown_differences_count(self) -> None:
        gmtl = row("gmtl", 0.624, claim(0.004, 0.044, 0.031, "better"), TASKS)
        assert answer(compared(gmtl)).tasks == (
            "By task, corrected over 4 tasks (Holm), `gmtl` against `mtl` is better on 2, worse on "
            "1, with no difference shown on 1, and 1 could not be tested; the largest gain shown "
            "is edema, f1 +5.2 points (95 % interval +1.0 to +9.1, p = 0.010) and the largest loss "
            "shown is opacity, f1 -2.0 points (95 % interval -3.0 to -1.0, p < 0.001)."
        )

    def test_nothing_is_shown(self) -> None:
        tasks = {"effusion": TASKS["effusion"]}
        said = answer(compared(row("gmtl", 0.624, tasks=tasks))).tasks
        assert "better on none, worse on none, with no difference shown on 1" in said
        assert "the largest mean difference, not shown, is effusion, f1 +20.0 points" in said

    def test_errors_are_in_their_own_unit(self) -> None:
        tasks = {"similarity": task(-0.25, claim(-0.4, -0.1, 0.01, "better"), "mse")}
        said = answer(compared(row("gmtl", 0.624, tasks=tasks))).tasks
        assert "the largest gain shown is similarity, mse -0.250 (95 % interval -0.400 to" in said

    def test_equivalent_tasks_are_counted(self) -> None:
        tasks = {"edema": task(0.001, claim(-0.002, 0.003, 0.8, "equivalent within 1"))}
        said = answer(compared(row("gmtl", 0.624, tasks=tasks))).tasks
        assert "worse on none, equivalent within 1 on 1, with no difference shown on none" in said

    def test_no_task_could_be_tested(self) -> None:
        said = answer(compared(row("gmtl", 0.624, tasks={"cyst": TASKS["cyst"]}))).tasks
        assert said == "No task could be tested between `gmtl` and `mtl`."


def test_cost() -> None:
    assert answer(compared(row("gmtl", 0.7, seconds=50, models=2))).cost == (
        "One fold and seed of `gmtl` takes 1.25 times the seconds of `mtl` (50.0 s against 40.0 s, "
        "choosing settings and groups included), 2 models against 1, and 2 encoder passes per text "
        "against 1."
    )


class TestOnePlan:
    def test_it_is_described(self) -> None:
        tasks = {name: task(delta, None) for name, delta in (("a", 0.3), ("b", -0.1))}
        base = replace(BASE, by_task=tasks)
        said = answer(Comparison("study", "mtl", "f1_macro", (base,)))
        assert said.best == (
            "`mtl` is the only finished plan, so nothing is compared; its f1_macro is 60.0 ± 1.2 "
            "percent (mean ± sd of 3 runs)."
        )
        assert said.tasks == "By task, f1 goes from 40.0 ± 1.0 (b) to 80.0 ± 1.0 (a)."
        assert said.cost == "One fold and seed takes 40.0 s, 1 model and 1 encoder pass per text."

    @pytest.mark.parametrize("metrics", [("f1", "accuracy"), ("f1",)])
    def test_metrics_that_differ_are_not_ranked(self, metrics: tuple[str, ...]) -> None:
        tasks = {name: task(0.1, None, name) for name in metrics}
        said = answer(Comparison("s", "mtl", "primary_mean", (replace(BASE, by_task=tasks),)))
        assert "each by its own metric" in said.tasks

    def test_nothing_is_defined(self) -> None:
        nothing = Summary(math.nan, None, 0)
        own = TaskRow("f1", nothing, nothing, nothing, 0, None)
        base = replace(BASE, value=nothing, by_task={"cyst": own})
        said = answer(Comparison("study", "mtl", "f1_macro", (base,)))
        assert said.best.endswith("its f1_macro is undefined.")
        assert said.tasks == "No task has a defined value."
