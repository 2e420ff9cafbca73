"""Tagging with a tokenizer that cannot say which piece belongs to which word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from transformers import ByT5Tokenizer

from cli.shell import Shell
from small import small_config
from toys import write_encoder


def test_it_is_refused_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_encoder(tmp_path / "bytes", tokenizer=False)
    ByT5Tokenizer().save_pretrained(folder)
    sentences = [f"the\tO\nheart\tB-part\n{number}\tO\n" for number in range(30)]
    (tmp_path / "tags.conll").write_text("\n".join(sentences))
    data = {"parts": {"format": "conll", "path": "tags.conll"}}
    config = small_config(tmp_path, data=data, encoder={"name": str(folder)}, plans=["mtl"])
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    shell = Shell(tmp_path, capsys)
    assert shell.failing("run", "study.yaml") == 2
    said = " ".join(shell.err.split())
    for part in ("no fast tokenizer", "encoder", "ByT5Tokenizer", "tokenizer.json", "minilm"):
        assert part in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("runs/jobs/*"))
