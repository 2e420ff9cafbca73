"""Runs `mtlv` in this process, as a shell would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mtlv.cli.app import main

__all__ = ["Shell"]


class Shell:
    """Runs `mtlv` in a folder.

    Args:
        folder: where it runs.
        capsys: what it prints goes to; stderr of the last command is kept in `err`.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.err = folder, capsys, ""

    def __call__(self, *arguments: str) -> str:
        """Return stdout of a command that succeeds."""
        code, out = self._run(*arguments)
        assert code == 0, self.err
        return out

    def failing(self, *arguments: str) -> int:
        """Return the exit code of a command that fails, and prints nothing to stdout."""
        code, out = self._run(*arguments)
        assert code != 0
        assert out == ""
        return code

    def _run(self, *arguments: str) -> tuple[int, str]:
        self.capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["mtlv", *arguments])
            with pytest.raises(SystemExit) as stopped:
                main()
        captured = self.capsys.readouterr()
        self.err = captured.err
        return int(stopped.value.code or 0), captured.out
