"""The command `ui`: it starts soon and without torch, and says what is in its way."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from cli.shell import Shell
from mtlv.explorer import serving
from mtlv.store import Store
from store.fakes import fake_study


@pytest.fixture
def mtlv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    fake_study(Store(tmp_path / "runs"))
    return Shell(tmp_path, capsys)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be served."""
    sites: list[Any] = []
    monkeypatch.setattr(serving, "_run", lambda site, bound: (sites.append(site), bound.close()))
    return sites


def test_it_listens_on_this_machine_alone(mtlv: Shell, served: list[Any]) -> None:
    assert mtlv("ui", "--port", "0") == ""
    assert "http://127.0.0.1:" in mtlv.err
    assert "token" not in mtlv.err
    assert (served[0].access.host, served[0].access.token) == ("127.0.0.1", None)


def test_others_need_a_token(mtlv: Shell, served: list[Any]) -> None:
    mtlv("ui", "--port", "0", "--host", "0.0.0.0")
    here, others = re.findall(r"http://(\S+)", mtlv.err)
    assert here.startswith("127.0.0.1:")
    assert others.partition(":")[0] not in ("0.0.0.0", "127.0.0.1")
    for address in (here, others):
        assert address.endswith(f"/?token={served[0].access.token}")
    mtlv("ui", "--port", "0", "--host", "0.0.0.0", "--token", "mine")
    assert served[1].access.token == "mine"


def test_a_port_in_use_is_told(mtlv: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert mtlv.failing("ui", "--port", str(port)) == 2
    assert "The port is in use." in mtlv.err
    assert f"127.0.0.1:{port}" in mtlv.err
    assert "--port" in mtlv.err


def test_a_host_of_another_machine_is_told(mtlv: Shell) -> None:
    assert mtlv.failing("ui", "--port", "0", "--host", "192.0.2.1") == 2
    assert "cannot listen there" in mtlv.err


def test_mlflow_is_started_beside_it(
    mtlv: Shell, served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []

    class Process:
        def __init__(self, command: list[str], **_: Any) -> None:
            started.append(command)

        def terminate(self) -> None:
            started.append("stopped")

    monkeypatch.setattr(serving.subprocess, "Popen", Process)

    def run(site: Any, bound: socket.socket) -> None:
        served.append(site)
        bound.close()
        end = time.monotonic() + 20
        while not started and time.monotonic() < end:
            time.sleep(0.01)

    monkeypatch.setattr(serving, "_run", run)
    mtlv("ui", "--port", "0", "--mlflow")
    command, stopped = started
    assert command[1:4] == ["-m", "mlflow", "ui"]
    assert served[0].mlflow == f"http://127.0.0.1:{command[-1]}"
    assert stopped == "stopped"


def test_a_tracking_server_has_pages_of_its_own(mtlv: Shell, served: list[Any]) -> None:
    mtlv("ui", "--port", "0", "--mlflow", "--uri", "https://me:secret@host")
    assert served[0].mlflow == "https://me:***@host"
    assert "secret" not in mtlv.err


def test_a_newer_store_is_shown_as_such(tmp_path: Path, mtlv: Shell) -> None:
    (tmp_path / "runs" / "store.json").write_text(json.dumps({"version": 99}))
    from explorer.conftest import asking

    with asking(tmp_path / "runs") as client:
        assert "newer version" in client.get("/studies").text


PROBE = """
import sys
from pathlib import Path
from mtlv.cli.app import app
from mtlv.explorer import serving
from mtlv.explorer.app import Site, make_app
slow = [name for name in ("torch", "transformers", "pandas", "scipy.stats", "mlflow", "plotly")
        if name in sys.modules]
print(slow)
"""


def test_it_starts_without_what_is_slow() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_real_server_answers_and_stops(tmp_path: Path) -> None:
    fake_study(Store(tmp_path / "runs"))
    command = [sys.executable, "-m", "mtlv", "ui", "--port", "0", "--store", "runs"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = process.stderr.readline().split(" on ")[1].split()[0]
        with urlopen(f"{address}/studies/fake.json") as answer:
            assert len(json.load(answer)["plans"]["rows"]) == 4
    finally:
        process.terminate()
        process.communicate(timeout=10)
