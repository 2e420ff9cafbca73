"""Pairwise transfer: every task alone and with every other one, and what a rule makes of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mtlv.errors import ConfigError, ProtocolError
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.pairs import _drawn, _effect, _rows_by_unit, _sign, transfer
from mtlv.tasks import Task
from small import LABELS, Counter, small_config

RUNS = [(0, seed) for seed in range(4)]


def values(alone: list[float], together: list[float]) -> Any:
    """Return values of t alone and with s, one per run."""
    table = {(("t",), run): {"t": v} for run, v in zip(RUNS, alone, strict=True)}
    return table | {
        (("s", "t"), run): {"s": 0.5, "t": v} for run, v in zip(RUNS, together, strict=True)
    }


def never() -> tuple[float, float]:
    raise AssertionError("several runs need no bootstrap")


def test_the_interval_is_students_by_hand() -> None:
    """Differences 0.01, 0.03, 0.02, 0.02: mean 0.02, sd 0.008165, t(3) = 3.1824."""
    given = values([0.5] * 4, [0.51, 0.53, 0.52, 0.52])
    effect = _effect("s", "t", given, RUNS, 0.0, never)
    reach = 3.182446 * 0.00816497 / 2
    assert effect.effect == pytest.approx(0.02)
    assert (effect.low, effect.high) == pytest.approx((0.02 - reach, 0.02 + reach), abs=1e-6)
    assert effect.verdict == "improves"


@pytest.mark.parametrize(
    ("together", "margin", "verdict"),
    [
        ([0.51, 0.53, 0.52, 0.52], 0.0, "improves"),
        ([0.51, 0.53, 0.52, 0.52], 0.05, "none"),
        ([0.49, 0.47, 0.48, 0.48], 0.0, "decreases"),
        ([0.40, 0.60, 0.45, 0.58], 0.0, "none"),
        ([0.5, 0.5, 0.5, 0.5], 0.0, "none"),
    ],
)
def test_no_effect_is_a_rule(together: list[float], margin: float, verdict: str) -> None:
    effect = _effect("s", "t", values([0.5] * 4, together), RUNS, margin, never)
    assert effect.verdict == verdict


def test_a_run_whose_metric_is_undefined_is_left_out() -> None:
    effect = _effect("s", "t", values([0.5] * 4, [0.51, np.nan, 0.53, 0.52]), RUNS, 0.0, never)
    assert effect.effect == pytest.approx(0.02)
    assert effect.high - effect.effect == pytest.approx(4.302653 * 0.01 / np.sqrt(3))
    with pytest.raises(ProtocolError, match="in no run"):
        _effect("s", "t", values([np.nan] * 4, [0.5] * 4), RUNS, 0.0, never)


@pytest.mark.parametrize(
    ("kind", "metric", "sign"),
    [("regression", "mse", -1), ("regression", "pearson", 1), ("binary", "f1", 1)],
)
def test_an_error_that_falls_is_an_effect_above_zero(kind: Any, metric: str, sign: int) -> None:
    task = Task("t", kind, "reports", (), metric, None)
    arm: Any = SimpleNamespace(inputs=SimpleNamespace(tasks={"t": task}))
    assert _sign(arm, "t") == sign


@pytest.mark.slow
class TestTransfer:
    def test_every_task_alone_and_every_pair_once(self, tmp_path: Path) -> None:
        config = parse_config(small_config(tmp_path, evaluation={"seeds": [0, 1]}))
        store, counter = Store(tmp_path / "runs"), Counter()
        record = transfer(config, store, tmp_path, watcher=counter)
        assert len(counter.jobs) == len(set(counter.jobs)) == 2 * (3 + 3)
        assert len(record.effects) == 3 * 2
        assert record.runs == 2
        assert store.transfer("small") == record
        matrix = np.asarray(record.matrix(), float)
        assert np.isnan(np.diag(matrix)).all()
        assert np.isfinite(matrix[~np.eye(3, dtype=bool)]).all()
        again = Counter()
        transfer(config, store, tmp_path, watcher=again)
        assert again.jobs == []

    def test_one_run_is_judged_by_its_test_examples(self, tmp_path: Path) -> None:
        config = parse_config(small_config(tmp_path))
        record = transfer(config, Store(tmp_path / "runs"), tmp_path)
        assert all(each.low - 1e-9 <= each.effect <= each.high + 1e-9 for each in record.effects)
        assert any(each.low < each.high for each in record.effects)

    def test_the_matrix_can_drive_a_grouping(self, tmp_path: Path) -> None:
        from mtlv.report.transfer import transfer_csv
        from mtlv.studies.group import group

        config = parse_config(small_config(tmp_path))
        store = Store(tmp_path / "runs")
        (tmp_path / "known.csv").write_text(transfer_csv(transfer(config, store, tmp_path)))
        how = {"method": "search", "affinity_file": "known.csv", "budget": 2}
        searched = small_config(tmp_path, plans=[{"gmtl": {"grouping": how}}])
        (found,) = group(parse_config(searched), store, tmp_path)
        assert sorted(t for g in found.grouping.groups for t in g) == sorted(LABELS)


def test_one_task_has_no_pair(tmp_path: Path) -> None:
    config = parse_config(small_config(tmp_path, tasks=["edema"]))
    with pytest.raises(ConfigError, match="needs two tasks"):
        transfer(config, Store(tmp_path / "runs"), tmp_path)


def test_sentences_of_a_document_are_drawn_together() -> None:
    ids = np.array(["d1_s0", "d1_s1", "d2_s0", "d2_s1", "d2_s2"], object)
    own = TaskPredictions("t", "binary", ids, np.arange(5.0), np.arange(5.0), "c")
    units = _rows_by_unit(own)
    assert [rows.tolist() for rows in units] == [[0, 1], [2, 3, 4]]
    drawn = _drawn(own, np.concatenate([units[1], units[1]])).tasks["t"]
    assert drawn.scores.tolist() == [2, 3, 4, 2, 3, 4]
    assert len(set(drawn.ids)) == 6
