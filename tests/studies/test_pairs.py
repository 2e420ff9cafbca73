"""Pairwise transfer: every task alone and with every other one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtlv.errors import ConfigError
from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.pairs import transfer
from small import LABELS, Counter, small_config


@pytest.mark.slow
class TestTransfer:
    def test_every_task_alone_and_every_pair_once(self, tmp_path: Path) -> None:
        config = parse_config(small_config(tmp_path, evaluation={"seeds": [0, 1]}))
        store, counter = Store(tmp_path / "runs"), Counter()
        record = transfer(config, store, tmp_path, watcher=counter)
        assert len(counter.jobs) == len(set(counter.jobs)) == 2 * (3 + 3)
        assert len(record.effects) == 3 * 2
        assert record.runs == 2
        assert store.transfers["small"] == record
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
