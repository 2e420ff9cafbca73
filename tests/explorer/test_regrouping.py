"""What-if: moves, predicted gains reckoned by hand, and YAML that reads back as the same groups."""

from __future__ import annotations

import pytest
import yaml

from mtlv.errors import ExplorerError
from mtlv.explorer.regrouping import Move, moved, of_transfer, plan_yaml, predicted
from mtlv.store.record import AffinityRecord, EffectRecord, TransferRecord

GROUPS = [["a", "b"], ["c", "d"]]


def affinity(errors: float | None = None) -> AffinityRecord:
    matrix = [
        [None, 1.0, 2.0, 3.0],
        [4.0, None, 5.0, 6.0],
        [7.0, 8.0, None, 9.0],
        [10.0, 11.0, 12.0, None],
    ]
    spread = None
    if errors is not None:
        spread = [[None if v is None else errors for v in row] for row in matrix]
    return AffinityRecord(
        name="given", unit="points", tasks=list("abcd"), matrix=matrix, errors=spread
    )


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([], [["a", "b"], ["c", "d"]]),
        (["b:2"], [["a"], ["b", "c", "d"]]),
        (["b:3"], [["a"], ["c", "d"], ["b"]]),
        (["b:2", "a:2"], [[], ["a", "b", "c", "d"]]),
        (["b:2", "b:1"], [["a", "b"], ["c", "d"]]),
    ],
)
def test_moves(moves: list[str], expected: list[list[str]]) -> None:
    assert moved(GROUPS, [Move.read(text) for text in moves]) == expected


def test_a_task_of_two_groups_leaves_both() -> None:
    assert moved([["a", "b"], ["b", "c"]], [Move("b", 3)]) == [["a"], ["c"], ["b"]]


def test_a_name_may_hold_a_colon() -> None:
    assert Move.read("CPR:3:2") == Move("CPR:3", 2)
    assert str(Move("CPR:3", 2)) == "CPR:3:2"


@pytest.mark.parametrize("text", ["", "a", ":1", "a:x", "a:-1", "a:²", "a:" + 5000 * "9"])
def test_what_is_no_move_is_refused(text: str) -> None:
    with pytest.raises(ExplorerError, match="no move"):
        Move.read(text)


def test_gains_are_means_over_the_others_of_a_group() -> None:
    found = predicted(affinity(), GROUPS, moved(GROUPS, [Move("b", 2)]))
    assert found is not None
    assert found.before == {"a": 4.0, "b": 1.0, "c": 12.0, "d": 9.0}
    # a alone gains nothing; b: (8 + 11) / 2, c: (5 + 12) / 2, d: (6 + 9) / 2
    assert found.after == {"a": 0.0, "b": 9.5, "c": 8.5, "d": 7.5}
    assert (found.mean_before, found.mean_after) == (6.5, 6.375)
    assert found.low is None


def test_errors_give_an_interval_of_the_difference() -> None:
    found = predicted(affinity(0.1), GROUPS, moved(GROUPS, [Move("b", 2)]))
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    # variance of the difference: of each task, (1/4)^2 times that of what it gains newly or no more
    # a: 0.01; b: 0.01 + 0.005; c and d: one pair's 0.5 is left, one comes with 0.5: 0.005 each
    spread = (0.01 + 0.015 + 0.005 + 0.005) ** 0.5 / 4
    assert found.high - found.low == pytest.approx(2 * 1.96 * spread, rel=0.1)


def test_nothing_changed_has_no_uncertainty() -> None:
    found = predicted(affinity(0.1), GROUPS, GROUPS)
    assert found is not None
    assert (found.low, found.high) == (0.0, 0.0)


def test_an_affinity_of_other_tasks_predicts_nothing() -> None:
    assert predicted(affinity(), [["a", "z"]], [["a"], ["z"]]) is None


def test_transfer_is_an_affinity_in_points() -> None:
    effects = [
        EffectRecord(source=s, target=t, effect=e, low=e - 0.0196, high=e + 0.0196, verdict="none")
        for s, t, e in (("a", "b", 0.03), ("b", "a", -0.01))
    ]
    record = TransferRecord(
        name="x", config={}, tasks=["a", "b"], metrics={"a": "f1", "b": "f1"},
        alone={"a": 0.5, "b": 0.5}, effects=effects, runs=3, margin=0.0, jobs=[], finished="",
    )  # fmt: skip
    own = of_transfer(record)
    assert own.matrix == [[None, 3.0], [-1.0, None]]
    assert own.errors is not None
    assert own.errors[0][1] == pytest.approx(1.0)
    unknown = [effects[0], effects[1].model_copy(update={"low": None, "high": None})]
    assert of_transfer(record.model_copy(update={"effects": unknown})).errors is None


@pytest.mark.parametrize(
    "groups",
    [[["a", "b"], ["c"]], [["yes", "1", "a: b"], ["#x", "é <script>"]], [["a"], [], ["b"]]],
)
def test_yaml_reads_back(groups: list[list[str]]) -> None:
    read = yaml.safe_load(plan_yaml(groups))
    assert read["plans"] == [{"gmtl": {"name": "what-if", "groups": [g for g in groups if g]}}]
