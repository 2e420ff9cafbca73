"""Bad input: exit code 2, a clear error, no traceback, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from transformers import BertConfig

from mtlv.cli.app import main
from small import LABELS, small_config, small_source, write_csv

Config = dict[str, Any]
Case = tuple[Callable[[Path], Config], list[str]]


def _lines(folder: Path, change: Callable[[list[str]], None], **more: Any) -> Config:
    path = write_csv(folder / "broken.csv")
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")
    return small_config(folder, data={"reports": small_source(path)}, **more)


def _set(number: int, text: str) -> Callable[[list[str]], None]:
    return lambda lines: lines.__setitem__(number - 1, text)


def _source(folder: Path, **changes: Any) -> Config:
    source = small_source(write_csv(folder / "reports.csv")) | changes
    return small_config(folder, data={"reports": source})


def _parts(folder: Path, *parts: str) -> Config:
    """Return a config of a file for each part."""
    files = {part: write_csv(folder / f"{part}.csv") for part in parts}
    for part, path in files.items():
        path.write_text(path.read_text().replace("report ", f"{part} "))
    return _source(folder, path={part: str(path) for part, path in files.items()})


def _latin(folder: Path) -> Config:
    path = write_csv(folder / "broken.csv")
    path.write_bytes(path.read_bytes().replace(b"report 3", b"\xe9t\xe9", 1))
    return small_config(folder, data={"reports": small_source(path)})


def _encoder_without_weights(folder: Path) -> Config:
    BertConfig(hidden_size=16, num_attention_heads=2).save_pretrained(folder / "encoder")
    return small_config(folder, encoder=str(folder / "encoder"))


def _last_label(folder: Path, positives: int, **more: Any) -> Config:
    def change(lines: list[str]) -> None:
        values = [",1" if i < positives else ",0" for i in range(len(lines) - 1)]
        lines[1:] = [line.rsplit(",", 1)[0] + v for line, v in zip(lines[1:], values, strict=True)]

    return _lines(folder, change, **more)


def _range(**given: Any) -> Config:
    return {"method": "optuna", "space": {"learning_rate": given}}


CASES: dict[str, Case] = {
    "missing file": (lambda f: _source(f, path="nowhere.csv"), ["nowhere.csv"]),
    "missing column": (lambda f: _source(f, text="reprot"), ["'reprot'", "did you mean 'report'"]),
    "label that is not 0 or 1": (
        lambda f: _lines(f, _set(5, "r3,report 3,2,0,0")),
        ["broken.csv", "line 5", "edema", "2"],
    ),
    "corpus of one example": (
        lambda f: _lines(f, lambda lines: lines.__delitem__(slice(2, None))),
        ["1 example", "at least two"],
    ),
    "label without positives": (lambda f: _last_label(f, 0), ["'fracture'", "no positive"]),
    "empty text": (lambda f: _lines(f, _set(4, "r2,,1,0,0")), ["line 4", "empty", "empty: drop"]),
    "duplicate id": (lambda f: _lines(f, _set(6, "r1,text,1,0,0")), ["'r1'", "twice", "line 6"]),
    "label named twice": (
        lambda f: _source(f, labels=["edema", "edema", "fracture"]),
        ["'edema'", "twice"],
    ),
    "wrong encoding": (_latin, ["broken.csv", "line 5", "encoding"]),
    "broken quote": (lambda f: _lines(f, _set(7, 'r5,"never closed,1,0,0')), ["line 7", "quote"]),
    "grouping misses a task": (
        lambda f: small_config(f, plans=[{"gmtl": {"groups": [["edema"], ["effusion"]]}}]),
        ["'fracture' is missing"],
    ),
    "grouping repeats a task": (
        lambda f: small_config(f, plans=[{"gmhl": {"groups": [list(LABELS), ["edema"]]}}]),
        ["'edema' stands twice"],
    ),
    "more groups than tasks": (
        lambda f: small_config(f, plans=[{"gmtl": {"groups": 4, "method": "random"}}]),
        ["4 groups for 3 tasks"],
    ),
    "more folds than positives": (
        lambda f: _last_label(f, 2, evaluation={"folds": 4}),
        ["fracture", "2", "folds"],
    ),
    "parts without a test part": (
        lambda f: _parts(f, "train", "dev"),
        ["corpus 'reports'", "train and validation", "set `scheme: holdout`"],
    ),
    "encoder without weights": (_encoder_without_weights, ["no weights", "safetensors"]),
    "hub name while offline": (
        lambda f: small_config(f, encoder="biobert"),
        ["offline", "hf download", "minilm", "scratch"],
    ),
    "label features of a scratch encoder": (
        lambda f: small_config(f, plans=[{"gmtl": {"groups": 2}}]),
        ["scratch", "method: random"],
    ),
    "format that is no word": (lambda f: _source(f, format=["csv"]), ["'reports'", "format"]),
    "endless shrinkage": (
        lambda f: small_config(f, evaluation={"shrinkage": float("inf")}),
        ["evaluation.shrinkage", "inf", "finite"],
    ),
    "endless learning rate": (
        lambda f: small_config(f, train={"learning_rate": float("inf")}),
        ["train.learning_rate", "inf", "finite"],
    ),
    "range that is empty": (
        lambda f: small_config(f, tune=_range(low=1e-2, high=1e-4)),
        ["tune.space.learning_rate", "`low` below `high`"],
    ),
    "range with a typo": (
        lambda f: small_config(f, tune=_range(low=1e-4, high=1e-2, lgo=True)),
        ["tune.space.learning_rate.lgo", "(known: high, log, low)"],
    ),
    "weights of found groups": (
        lambda f: small_config(
            f, plans=[{"gmhl": {"groups": 2, "method": "random", "train": {"weighting": [2, 1]}}}]
        ),
        ["gmhl-2-random-0", "train.weighting", "found"],
    ),
    "weights in another order": (
        lambda f: small_config(
            f,
            plans=[{"gmhl": {"groups": [["fracture"], list(LABELS[:2])]}}],
            train={"weighting": [2, 1]},
        ),
        ["plan 'gmhl-given-2'", "[edema, effusion], [fracture]"],
    ),
    "corpus named twice": (
        lambda f: small_config(f, data=["demo", "demo"]),
        ["key 'data'", "'demo' stands twice"],
    ),
    "settings in a list of corpora": (
        lambda f: small_config(f, data=["demo", {"sick": {}}]),
        ["key 'data'", "{'sick': {}}", "mapping"],
    ),
    "typo": (lambda f: small_config(f, trian={}), ["did you mean 'train'"]),
    "too many frozen layers": (
        lambda f: small_config(f, train={"freeze_layers": 9, "max_length": 32}),
        ["9 layers", "1 layers"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_explained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build, words = CASES[name]
    config = build(tmp_path)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    code, error = _main(["run", "study.yaml", "--store", "runs"], tmp_path, monkeypatch, capsys)
    assert code == 2, error
    assert error.startswith("error: ")
    assert "Traceback" not in error
    for word in words:
        assert word in error
    assert not list((tmp_path / "runs").glob("jobs/*"))
    assert not list(tmp_path.rglob(".partial-*"))
    if name != "too many frozen layers":  # found when the first model is built
        assert not (tmp_path / "runs" / "studies").exists()


def test_an_unwritable_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
    (tmp_path / "runs").write_text("a file in the way")
    code, error = _main(["run", "study.yaml", "--store", "runs"], tmp_path, monkeypatch, capsys)
    assert code == 2
    assert "Cannot write" in error
    assert "runs" in error


def test_a_full_disk_keeps_finished_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
    write, calls = pq.write_table, []

    def full(*given: Any, **more: Any) -> None:
        calls.append(given)
        if len(calls) > 4:  # two files a job: the third job finds no space
            raise OSError(28, "No space left on device")
        write(*given, **more)

    monkeypatch.setattr(pq, "write_table", full)
    code, error = _main(["run", "study.yaml", "--store", "runs"], tmp_path, monkeypatch, capsys)
    assert code == 2
    assert "No space left on device" in error
    assert "finished work is kept" in error
    names = [path.name for path in (tmp_path / "runs" / "jobs").iterdir()]
    assert len(names) == 2
    assert not any(name.startswith(".partial") for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [1, 6])
def test_a_disk_that_takes_no_more(tmp_path: Path, kilobytes: int) -> None:
    """The system refuses: first the corpus, then the weights, which a library in Rust writes."""
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes * 1024},) * 2)\n"
        "sys.argv = ['mtlv', 'run', 'study.yaml']\n"
        "from mtlv.cli.app import main\nmain()\n"
    )
    environment = os.environ | {"MTLV_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr
    assert "error: Cannot write to disk." in done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob(".partial-*"))


def test_a_store_of_a_newer_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "store.json").write_text(json.dumps({"version": 99}))
    code, error = _main(["list", "--store", "runs"], tmp_path, monkeypatch, capsys)
    assert code == 2
    assert "newer version" in error
    assert "pip install -U" in error


@pytest.mark.parametrize("command", [["show", "nothing"], ["compare", "nothing"], ["list"]])
def test_no_store_says_what_to_do(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, error = _main(command, tmp_path, monkeypatch, capsys)
    assert code == 2
    assert "no run store" in error
    assert "mtlv run" in error


@pytest.mark.slow
def test_the_real_command_exits_with_two_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mtlv", "run", "nowhere.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: There is no such config file.")


def _main(
    arguments: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["mtlv", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0), capsys.readouterr().err
