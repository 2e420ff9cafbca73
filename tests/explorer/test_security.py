"""Who may ask: the host header, tokens, and the headers on every answer."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mtlv.explorer.app import Site, make_app
from mtlv.explorer.security import Access
from mtlv.explorer.serving import token_for
from mtlv.store import Store

BASE = "http://127.0.0.1"


def client_of(root: Path, access: Access) -> TestClient:
    app = make_app(Site(root, access, patience=60))
    return TestClient(app, base_url=BASE, follow_redirects=False)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8642", 200),
        ("localhost", 200),
        ("[::1]:8642", 200),
        ("evil.example:8642", 400),
        ("127.0.0.1.evil.example", 400),
        ("192.168.0.7", 400),
        ("", 400),
    ],
)
def test_only_names_of_this_machine_are_answered(host: str, status: int, tmp_path: Path) -> None:
    client = client_of(tmp_path, Access())
    assert client.get("/studies", headers={"host": host}).status_code == status


def test_a_server_for_others_answers_to_addresses_and_its_own_name() -> None:
    access = Access("0.0.0.0", "secret")
    assert access.allows_host("192.168.0.7:8642")
    assert access.allows_host("localhost:8642")
    assert not access.allows_host("rebound.example:8642")
    assert Access("box.lan", "secret").allows_host("box.lan:80")


def test_a_token_is_needed_once(tmp_path: Path) -> None:
    client = client_of(tmp_path, Access("127.0.0.1", "secret"))
    assert client.get("/studies").status_code == 401
    assert client.get("/static/explorer.js").status_code == 401
    assert client.get("/studies?token=wrong").status_code == 401
    welcome = client.get("/compare?study=a%20b&token=secret")
    assert (welcome.status_code, welcome.headers["location"]) == (303, "/compare?study=a+b")
    cookie = welcome.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/studies").status_code == 200  # the client keeps the cookie


def test_an_address_with_two_slashes_leads_nowhere_else(tmp_path: Path) -> None:
    client = client_of(tmp_path, Access("127.0.0.1", "secret"))
    answer = client.get(f"{BASE}//evil.example/?token=secret")
    assert not answer.headers["location"].startswith("//")


def test_a_token_is_made_where_others_can_reach_the_server() -> None:
    assert token_for("127.0.0.1", None) is None
    assert token_for("::1", None) is None
    assert token_for("127.0.0.1", "mine") == "mine"
    first, second = token_for("0.0.0.0", None), token_for("0.0.0.0", None)
    assert first is not None
    assert first != second
    assert len(first) >= 20


@pytest.mark.parametrize("path", ["/studies", "/studies.json", "/nothing", "/static/explorer.css"])
def test_headers_on_every_answer(path: str, tmp_path: Path) -> None:
    Store(tmp_path)
    headers = client_of(tmp_path, Access()).get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy  # no other server
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_nothing_can_be_written(tmp_path: Path) -> None:
    client = client_of(tmp_path, Access())
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, "/studies").status_code == 405


@pytest.mark.parametrize("name", ["..%2Fapp.py", "%2e%2e/app.py", "app.py", "explorer.css%00.js"])
def test_no_file_but_the_pages_own(name: str, tmp_path: Path) -> None:
    assert client_of(tmp_path, Access()).get(f"/static/{name}").status_code == 404


def test_no_job_but_the_studys_own(client: TestClient, world: Store, tmp_path: Path) -> None:
    jobs = world.root / "jobs"
    other = next(job for cell in world.study("going").cells for job in cell.jobs)
    outside = shutil.copytree(jobs / other, tmp_path / "job")
    for job in (other, str(outside), os.path.relpath(outside, jobs), "..", ""):
        found = client.get("/studies/reports/figures/curves-job.json", params={"job": job}).json()
        assert found["figure"] is None
        assert "no job" in found["missing"]["what"]
        assert found["missing"]["where"] is None, "no path of this machine is told"


@pytest.mark.parametrize("name", ["a%00b", "..", "..%5C..", "%2e%2e"])
def test_no_study_out_of_the_store(name: str, client: TestClient) -> None:
    answer = client.get(f"/studies/{name}/jobs.json")
    assert answer.status_code == 404
    assert str(Path.cwd()) not in answer.text


def test_plotly_comes_from_the_installed_package(tmp_path: Path) -> None:
    answer = client_of(tmp_path, Access()).get("/static/plotly.js")
    assert answer.status_code == 200
    assert "plotly.js v" in answer.text[:300]
    assert "immutable" in answer.headers["cache-control"]


def test_pages_name_no_other_server(client: TestClient) -> None:
    for path in ("/studies", "/studies/reports", "/studies/reports/groups"):
        assert "http://" not in client.get(path).text.replace("http://www.w3.org", "")
        assert "https://" not in client.get(path).text


def test_no_figure_offers_to_send_itself_away(tmp_path: Path) -> None:
    """Plotly shows a button that uploads the figure, unless it is told not to."""
    script = client_of(tmp_path, Access()).get("/static/explorer.js").text
    assert script.count("newPlot(") == script.count("showSendToCloud: false") == 1
    assert 'plotlyServerURL: ""' in script
