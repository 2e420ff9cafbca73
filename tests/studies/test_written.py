"""Configs as they are written: YAML that means what it says, and errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.errors import ConfigError
from mtlv.studies.config import load_config
from mtlv.studies.written import Written, overridden, parse_override, read_yaml

CONFIG = """\
study: reports
data:
  reports: {path: reports.csv, text: report, labels: [yes, no]}
plans:
  - stl
  - gmhl:
      groups: 2
      featurs: label
train:
  epochs: 3
  learning_rate: 2e-5
"""


def written(folder: Path, text: str = CONFIG) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


class TestYaml:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("2e-5", 2e-5),
            ("2E-5", 2e-5),
            ("-1e3", -1000.0),
            ("2.0e-5", 2e-5),
            ("12", 12),
            ("1e", "1e"),
            ("yes", "yes"),
            ("No", "No"),
            ("on", "on"),
            ("true", True),
            ("False", False),
            ("~", None),
            ("[a, 1]", ["a", 1]),
        ],
    )
    def test_values_are_read_as_people_mean_them(self, text: str, value: Any) -> None:
        assert parse_override(f"key={text}") == ("key", value)

    def test_a_key_that_stands_twice_is_refused_with_its_line(self, tmp_path: Path) -> None:
        path = written(tmp_path, "study: a\ntrain:\n  epochs: 1\n  epochs: 2\n")
        with pytest.raises(ConfigError) as caught:
            read_yaml(path)
        assert caught.value.where == f"{path}, line 4"
        assert "'epochs' stands twice" in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("study: a\nplans: [stl\ntrain: {}\n", 3, ["flow sequence"]),
            ("study: a\n\tplans: [stl]\n", 2, ["'\\t'"]),
            ('study: "a\n', 2, ["scanning a quoted scalar"]),
            ("study: a: b\n", 1, ["mapping values are not allowed"]),
        ],
    )
    def test_broken_yaml_names_its_line(
        self, tmp_path: Path, text: str, line: int, words: list[str]
    ) -> None:
        with pytest.raises(ConfigError, match="not valid YAML") as caught:
            read_yaml(written(tmp_path, text))
        assert str(caught.value.where).endswith(f"line {line}")
        for word in words:
            assert word in str(caught.value.found)

    @pytest.mark.parametrize(("text", "found"), [("", "an empty file"), ("- a\n", "a list")])
    def test_what_is_no_mapping_is_refused(self, tmp_path: Path, text: str, found: str) -> None:
        with pytest.raises(ConfigError, match="not a mapping") as caught:
            read_yaml(written(tmp_path, text))
        assert caught.value.found == found

    def test_another_encoding_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "study.yaml").write_bytes(b"study: \xe9\n")
        with pytest.raises(ConfigError, match="UTF-8"):
            read_yaml(tmp_path / "study.yaml")

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            read_yaml(tmp_path)

    def test_a_missing_file_names_its_neighbours(self, tmp_path: Path) -> None:
        written(tmp_path)
        with pytest.raises(ConfigError, match=r"did you mean 'study\.yaml'"):
            read_yaml(tmp_path / "stdy.yaml")
        with pytest.raises(ConfigError) as caught:
            read_yaml(tmp_path / "elsewhere" / "study.yaml")
        assert caught.value.hint is None


class TestPlaces:
    def test_every_key_and_item_knows_its_line(self, tmp_path: Path) -> None:
        path = written(tmp_path)
        config = read_yaml(path)
        lines = {"study": 1, "data.reports": 3, "plans.0": 5, "plans.1.gmhl.groups": 7}
        for key, line in lines.items():
            assert config.origin(key.split(".")) == f"{path}, line {line}"

    def test_what_is_absent_stands_where_its_section_stands(self, tmp_path: Path) -> None:
        path = written(tmp_path)
        assert read_yaml(path).origin(("train", "warmup")) == f"{path}, line 9"
        assert read_yaml(path).origin(("encoder",)) == str(path)

    def test_what_was_overridden_stands_in_the_override(self, tmp_path: Path) -> None:
        config = read_yaml(written(tmp_path)).changed(["train.epochs=0"])
        assert config.origin(("train", "epochs")) == "--set train.epochs=0"

    @pytest.mark.parametrize(
        ("old", "new", "line", "words"),
        [
            ("train:", "trian:", 9, ["'trian'", "did you mean 'train'"]),
            ("epochs: 3", "epoch: 3", 10, ["train.epoch", "did you mean 'epochs'"]),
            ("epochs: 3", "epochs: many", 10, ["train.epochs", "'many'"]),
            ("study: reports", "study: my reports", 1, ["letters, digits", "'my reports'"]),
            ("- stl", "- slt", 5, ["did you mean 'stl'"]),
            ("groups: 2", "groups: [a, b]", 6, ["plan 'gmhl'", "groups", "lists of task names"]),
            ("", "", 6, ["'featurs'", "plan 'gmhl'", "did you mean 'features'"]),
        ],
    )
    def test_an_error_names_line_key_and_next_step(
        self, tmp_path: Path, old: str, new: str, line: int, words: list[str]
    ) -> None:
        text = CONFIG.replace(old, new)
        if old:
            text = text.replace("      featurs: label\n", "")
            line = line - 1 if line > 7 else line
        with pytest.raises(ConfigError) as caught:
            load_config(written(tmp_path, text))
        assert f"study.yaml, line {line}" in str(caught.value)
        for word in words:
            assert word in str(caught.value)

    def test_an_error_in_an_override_names_it(self, tmp_path: Path) -> None:
        path = written(tmp_path, CONFIG.replace("featurs", "features"))
        with pytest.raises(ConfigError, match=r"--set train\.epochs=-1, key 'train\.epochs'"):
            load_config(path, ["train.epochs=-1"])


VALUES = {
    "encoder": "minilm",
    "data": {"my.reports": {"path": "a.csv"}},
    "plans": ["stl", {"gmhl": {"groups": 2}}],
    "train": {"epochs": 3},
}


class TestOverrides:
    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("train.epochs", {"train": {"epochs": 9}}),
            ("train.warmup", {"train": {"epochs": 3, "warmup": 9}}),
            ("head.layers", {"head": {"layers": 9}}),
            ("encoder.pooling", {"encoder": {"name": "minilm", "pooling": 9}}),
            ("encoder", {"encoder": 9}),
            ("plans.1.gmhl.groups", {"plans": ["stl", {"gmhl": {"groups": 9}}]}),
            ("plans.0.stl.tune", {"plans": [{"stl": {"tune": 9}}, {"gmhl": {"groups": 2}}]}),
            ("plans.0", {"plans": [9, {"gmhl": {"groups": 2}}]}),
            ("data.my.reports.path", {"data": {"my.reports": {"path": 9}}}),
            ("data.other.path", {"data": {"my.reports": {"path": "a.csv"}, "other": {"path": 9}}}),
            ("tune.space.head.layers", {"tune": {"space": {"head.layers": 9}}}),
            ("tune.models", {"tune": {"models": 9}}),
            ("sweep.train.epochs", {"sweep": {"train.epochs": 9}}),
        ],
    )
    def test_a_dotted_key_reaches_its_place(self, key: str, expected: dict[str, Any]) -> None:
        assert overridden(VALUES, {key: 9}) == VALUES | expected

    @pytest.mark.parametrize(("data", "name"), [("demo", "demo"), (["demo", "openi"], "demo")])
    def test_short_forms_of_data_are_written_out(self, data: Any, name: str) -> None:
        changed = overridden({"data": data}, {f"data.{name}.size": 50})
        names = [data] if isinstance(data, str) else data
        assert changed["data"] == {own: {"size": 50} if own == name else {} for own in names}

    @pytest.mark.parametrize(
        ("override", "words"),
        [
            ("train.epochs", ["not understood", "--set train.epochs=3"]),
            ("=3", ["not understood"]),
            ("train..epochs=3", ["not understood"]),
            ("train.epochs=[1", ["not valid YAML", "--set train.epochs=[1"]),
            ("plans.2=mtl", ["no item '2'", "0 to 1"]),
            ("plans.first=mtl", ["no item 'first'"]),
            ("train.epochs.more=3", ["'train.epochs' has no parts", "3"]),
        ],
    )
    def test_what_leads_nowhere_is_refused(self, override: str, words: list[str]) -> None:
        with pytest.raises(ConfigError) as caught:
            Written(VALUES).changed([override])
        for word in words:
            assert word in str(caught.value)

    def test_later_overrides_win_and_nothing_given_is_changed(self) -> None:
        before = repr(VALUES)
        config = Written(VALUES).changed(["train.epochs=4", "train.epochs=5"])
        assert config.values["train"]["epochs"] == 5
        assert repr(VALUES) == before

    @given(
        st.dictionaries(st.text("abc", min_size=1), st.integers() | st.lists(st.integers())),
        st.integers(),
    )
    def test_only_the_named_key_changes(self, values: dict[str, Any], value: int) -> None:
        changed = overridden(values, {"new.key": value})
        assert changed == values | {"new": {"key": value}}
