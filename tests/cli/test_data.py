"""Commands about data: counts for people and for programs, and tokens made ahead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli.shell import Shell
from mtlv.files import cache_folder
from small import LABELS, small_config
from toys import write_encoder


@pytest.fixture
def mtlv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
    return Shell(tmp_path, capsys)


def test_a_config_is_counted(mtlv: Shell) -> None:
    shown = mtlv("data", "check", "study.yaml")
    for word in ("reports", "examples", "40", "texts cut at 32 tokens", *LABELS, "phi"):
        assert word in shown
    found = json.loads(mtlv("data", "check", "study.yaml", "--max-length", "4", "--json"))
    assert found["reports"]["lengths"]["texts_cut"] == 1.0


def test_a_known_dataset_is_counted_with_any_encoder(mtlv: Shell, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder")
    shown = mtlv("data", "check", "demo", "--encoder", str(folder), "--max-length", "16")
    assert "texts cut at 16 tokens" in shown
    assert "1,200" in shown


def test_tokens_are_made_ahead(
    mtlv: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTLV_CACHE", str(tmp_path / "cache"))
    folder = write_encoder(tmp_path / "encoder")
    mtlv("data", "prepare", "study.yaml", "--encoder", str(folder))
    assert "reports: 40 texts" in mtlv.err
    assert "at most 32 a text" in mtlv.err
    assert len(list((cache_folder() / "tokens").iterdir())) == 1


def test_a_config_is_counted_with_its_own_encoder(mtlv: Shell, tmp_path: Path) -> None:
    """A folder beside the config is found from anywhere; all else is as the study has it."""
    (tmp_path / "sub").mkdir()
    write_encoder(tmp_path / "sub/own")
    config = small_config(tmp_path, encoder="./own")
    (tmp_path / "sub/study.yaml").write_text(yaml.safe_dump(config))
    assert "reports" in mtlv("data", "check", "sub/study.yaml")
    mtlv("data", "prepare", "sub/study.yaml")
    assert "tokens of ./own" in mtlv.err


def test_the_special_tokens_of_a_config_are_kept_whole(mtlv: Shell, tmp_path: Path) -> None:
    means = []
    for tokens in ([], ["edema seen"]):
        config = small_config(tmp_path, encoder={"name": "scratch", "special_tokens": tokens})
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
        found = json.loads(mtlv("data", "check", "study.yaml", "--json"))
        means.append(found["reports"]["lengths"]["mean"])
    assert means[1] < means[0]


def test_scratch_has_nothing_to_prepare(mtlv: Shell) -> None:
    mtlv("data", "prepare", "study.yaml")
    assert "nothing to prepare" in mtlv.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "dmeo"], "did you mean 'demo'"),
        (["check", "sudy.yaml"], "did you mean 'study.yaml'"),
        (["check", "study.yaml", "--encoder", "bert-bse"], "did you mean 'bert-base'"),
        (["check", "openi"], "MTLV_DATA"),
    ],
)
def test_what_is_not_there_is_explained(
    arguments: list[str], words: str, mtlv: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MTLV_DATA", raising=False)
    assert mtlv.failing("data", *arguments) == 2
    assert words in mtlv.err
