"""Configs: strict, with errors that name the place and the nearest known key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mtlv.errors import ConfigError
from mtlv.studies.config import load_config, parse_config
from mtlv.studies.schema import json_schema
from mtlv.studies.written import read_yaml
from small import small_config

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trian": {}}, ["'trian'", "did you mean 'train'"]),
        ({"train": {"epoch": 3}}, ["'epoch'", "train.epoch", "did you mean 'epochs'"]),
        ({"encoder": {"nam": "x"}}, ["did you mean 'name'"]),
        ({"plans": ["slt"]}, ["'slt'", "did you mean 'stl'"]),
        ({"plans": [{"gmtl": {"group": 3}}]}, ["'group'", "did you mean 'groups'"]),
        ({"plans": ["gmtl"]}, ["needs `groups`"]),
        ({"plans": [{"stl": {"groups": 2}}]}, ["stl has no groups"]),
        ({"plans": ["mtl", "mtl"]}, ["Two plans are called 'mtl'"]),
        ({"plans": [{"mtl": {"train": {"epcohs": 1}}}]}, ["did you mean 'epochs'"]),
        ({"train": {"learning_rate": -1}}, ["train.learning_rate", "-1", "greater than 0"]),
        ({"evaluation": {"seeds": []}}, ["evaluation.seeds"]),
        ({"evaluation": {"seeds": [1, 1]}}, ["every seed once"]),
        ({"tune": {"space": {"lr": [1]}}}, ["'lr'", "tune.space.lr"]),
        ({"tune": {"space": {"learning_rate": ["fast"]}}}, ["tune.space.learning_rate", "fast"]),
        ({"study": "no/slash"}, ["study", "no/slash"]),
        ({"data": {}}, ["data"]),
    ],
)
def test_errors_name_place_and_nearest_key(
    tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(small_config(tmp_path, **changes))
    for word in words:
        assert word in str(caught.value)


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("study: a\nplans: [stl\ntrain: {}\n")
    with pytest.raises(ConfigError, match=r"study.yaml, line 3"):
        load_config(path)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("study: a\nstudy: b\n")
    with pytest.raises(ConfigError, match="stands twice"):
        load_config(path)


def test_overrides_and_numbers_without_a_dot(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "study: a\ndata: demo\nencoder: minilm\nplans: [mtl]\ntrain: {learning_rate: 2e-5}\n"
    )
    changes = ["train.epochs=3", "data.demo.size=50", "encoder.pooling=cls", "plans=[stl, mtl]"]
    config = load_config(path, changes)
    assert config.train.learning_rate == 2e-5
    assert (config.train.epochs, config.data["demo"]["size"]) == (3, 50)
    assert (config.encoder.name, config.encoder.pooling) == ("minilm", "cls")
    assert [spec.title for spec in config.specs()] == ["stl", "mtl"]
    with pytest.raises(ConfigError, match="not understood"):
        load_config(path, ["train.epochs"])


def test_lists_stand_for_several_plans(tmp_path: Path) -> None:
    plans = [{"gmtl": {"groups": [2, 3], "features": ["label", "label_description"]}}]
    config = parse_config(small_config(tmp_path, plans=plans))
    assert [spec.title for spec in config.specs()] == [
        "gmtl-2-label",
        "gmtl-2-label_description",
        "gmtl-3-label",
        "gmtl-3-label_description",
    ]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_valid_and_open_with_their_command(path: Path) -> None:
    assert path.read_text().startswith("#")
    assert re.search(rf"mtlv (run|pairs) configs/{path.name}", path.read_text())
    config = load_config(path)
    assert config.study == path.stem
    variants = [settings for settings, _ in config.variants()]
    published = config.published
    if published is not None:
        names = {f"{s.title}@{v['encoder']}" for s in config.specs() for v in variants}
        assert set(published.rows) <= names


@pytest.mark.slow
def test_the_schema_accepts_what_we_accept_and_describes_every_field(tmp_path: Path) -> None:
    schema = json_schema()
    for path in CONFIGS.glob("*.yaml"):
        jsonschema.validate(load_config(path).model_dump(mode="json"), schema)
    for name, field in schema["properties"].items():
        assert field.get("description") or "$ref" in str(field), name
    for definition in schema["$defs"].values():
        for name, field in definition["properties"].items():
            assert field.get("description"), name


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_accepts_configs_as_they_are_written(path: Path) -> None:
    jsonschema.validate(read_yaml(path).values, json_schema())


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"encoder": "minilm"},
        {"data": "demo"},
        {"data": ["demo", "openi"]},
        {"data": {"demo": None}},
        {"data": {"mine": {"path": "a.csv", "text": "t", "labels": {"column": "c"}}}},
        {"plans": [{"mtl": None}, {"gmhl": {"groups": [2, 3], "features": ["label"]}}]},
        {"plans": [{"gmtl": {"groups": [["a", "b"], ["c"]]}}]},
        {"plans": [{"plan": {"models": [[["a"], {"tasks": ["b"], "layers": 2}]]}}]},
    ],
)
def test_the_schema_knows_the_short_forms(tmp_path: Path, changes: dict[str, Any]) -> None:
    jsonschema.validate(small_config(tmp_path, **changes), json_schema())


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"trian": {}},
        {"train": {"epoch": 1}},
        {"plans": ["slt"]},
        {"plans": [{"gmtl": {"group": 2}}]},
        {"plans": [{"plan": {"models": [[{"tasks": ["b"], "layer": 2}]]}}]},
        {"data": {"mine": {"path": "a.csv", "txt": "t", "labels": ["a"]}}},
        {"data": {"demo": {"sise": 3}}},
        {"study": "a b"},
    ],
)
def test_the_schema_refuses_what_we_refuse(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(small_config(tmp_path, **changes), json_schema())


def test_the_schema_in_the_docs_is_this_one() -> None:
    path = CONFIGS.parent / "docs" / "config.schema.json"
    assert json.loads(path.read_text()) == json_schema(), "write it anew with `make docs`"


def test_the_resolved_config_is_a_config(tmp_path: Path) -> None:
    config = parse_config(small_config(tmp_path))
    assert parse_config(yaml.safe_load(yaml.safe_dump(config.model_dump(mode="json")))) == config
