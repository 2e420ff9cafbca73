"""The front door: whatever form a config has, the same study comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import mtlv
from mtlv.errors import ConfigError
from mtlv.store import Store
from mtlv.studies.config import parse_config
from small import Counter, small_config, write_csv


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    return small_config(tmp_path, plans=["mtl"])


@pytest.mark.parametrize("form", ["mapping", "config", "path", "text"])
def test_every_form_of_a_config_gives_the_same(
    form: str, config: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(config))
    forms = {"mapping": config, "config": parse_config(config), "path": path, "text": str(path)}
    outcome = mtlv.run(forms[form], store=tmp_path / "runs")
    assert outcome.study.name == "small"
    assert [plan.name for plan in outcome.plans] == ["mtl"]
    assert 0 <= outcome["mtl"].summary.metrics["f1_macro"].mean <= 1
    assert outcome["mtl"].cost.train_seconds > 0


def test_paths_in_a_file_are_relative_to_it(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    write_csv(tmp_path / "configs" / "own.csv")
    config["data"]["reports"]["path"] = "own.csv"
    (tmp_path / "configs" / "study.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.chdir(tmp_path)
    assert mtlv.run("configs/study.yaml", store="runs").study.status == "finished"


@pytest.mark.parametrize("form", ["mapping", "config", "path"])
def test_overrides_change_every_form(form: str, config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(config))
    given = {"mapping": config, "config": parse_config(config), "path": path}[form]
    outcome = mtlv.run(given, store=tmp_path / "runs", overrides=["study=other", "plans=[stl]"])
    assert (outcome.study.name, [plan.name for plan in outcome.plans]) == ("other", ["stl"])
    with pytest.raises(ConfigError, match="did you mean 'epochs'"):
        mtlv.run(given, store=tmp_path / "runs", overrides=["train.epoch=1"])


def test_an_open_store_and_a_watcher_are_used(config: dict[str, Any], tmp_path: Path) -> None:
    store, counter = Store(tmp_path / "runs"), Counter()
    mtlv.run(config, store=store, watcher=counter)
    assert len(counter.jobs) == 1
    assert store.has_job(counter.jobs[0])
    mtlv.run(config, store=store, watcher=counter)
    assert len(counter.jobs) == 1, "nothing is run twice"


def test_the_mirror_follows_the_config(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mtlv.store import tracking

    seen: list[tuple[str, str, str]] = []

    class Recorder:
        def __init__(self, store: Store, uri: str, experiment: str) -> None:
            self.place = uri, experiment

        def sync(self, study: Any) -> None:
            seen.append((*self.place, study.status))

    monkeypatch.setattr(tracking, "Mirror", Recorder)
    mtlv.run(config, store=tmp_path / "runs")
    assert seen == []
    told = {"tracking": {"uri": "sqlite:///x.db", "experiment": "here"}}
    mtlv.run(config | told, store=tmp_path / "runs")
    assert seen[0] == ("sqlite:///x.db", "here", "running")
    assert seen[-1] == ("sqlite:///x.db", "here", "finished")


def test_nothing_else_is_offered() -> None:
    assert mtlv.__all__ == ["__version__", "run"]
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        mtlv.rum  # noqa: B018
