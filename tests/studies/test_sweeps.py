"""Sweeps: every combination, under names that tell them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import ConfigError
from mtlv.studies.config import parse_config
from mtlv.studies.sweeps import point_title, sweep_points
from small import SCRATCH, small_config


def test_every_combination_is_a_point() -> None:
    points = sweep_points({"encoder": ["minilm", "biobert"], "train.epochs": [1, 2]})
    assert [point_title(point) for point in points] == [
        "minilm,1",
        "minilm,2",
        "biobert,1",
        "biobert,2",
    ]


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("biobert", "biobert"),
        ("/models/biobert", "biobert"),
        ("dmis-lab/biobert-v1.1", "biobert-v1.1"),
        (SCRATCH, "scratch-1-16-2-200"),
        ([0.0, 4.0], "0.0+4.0"),
        (None, "None"),
        (1e-4, "0.0001"),
    ],
)
def test_titles_are_short(value: Any, title: str) -> None:
    assert point_title({"some.key": value}) == title


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ({"train.epochs": []}, ["at least one value", "sweep.train.epochs"]),
        ({"train.epochs": [1, 1]}, ["'1'", "two points"]),
        ({"encoder": ["/a/bert", "/b/bert"]}, ["'bert'"]),
        ({"train.epoch": [1]}, ["'epoch'", "sweep", "did you mean 'epochs'"]),
        ({"train.epochs": [0]}, ["train.epochs", "greater than or equal to 1"]),
    ],
)
def test_what_cannot_be_swept_is_refused_at_once(
    tmp_path: Path, sweep: dict[str, list[Any]], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(small_config(tmp_path, sweep=sweep))
    for word in words:
        assert word.lower() in str(caught.value).lower()


def test_each_point_is_a_config_of_its_own(tmp_path: Path) -> None:
    config = parse_config(small_config(tmp_path, sweep={"train.epochs": [1, 2]}))
    assert [(point, own.train.epochs) for point, own in config.variants()] == [
        ({"train.epochs": 1}, 1),
        ({"train.epochs": 2}, 2),
    ]
    assert all(own.sweep == {} for _, own in config.variants())
