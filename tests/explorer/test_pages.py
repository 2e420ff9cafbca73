"""Every page and its JSON twin, over a small store that has something for each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from explorer.conftest import asking
from explorer.worlds import EVIL, write_world
from mtlv.explorer.pages import plan as plan_page
from mtlv.report.figures import FIGURES
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.studies.specs import PlanSpec
from store.fakes import MIXED, fake_study

pytestmark = pytest.mark.slow

PATHS = [
    "/studies",
    "/compare",
    "/compare?study=reports",
    "/compare?study=reports&test=randomisation&correction=bh&margin=0.5&plan=stl",
    "/studies/reports",
    "/studies/reports?baseline=stl",
    "/studies/reports/progress",
    "/studies/reports/plans/gmtl?fold=2&baseline=stl",
    "/studies/reports/tasks/edema?plan=stl&plan=mtl",
    "/studies/reports/groups",
    "/studies/reports/groups?grouping=f00d",
    "/studies/reports/groups?plan=gmtl&affinity=transfer&move=edema:2&move=nodule:3",
    "/studies/reports/transfer",
    "/studies/reports/jobs",
    "/studies/reports/examples?text=edema&task=edema&show=disagree",
    "/studies/reports/explanations",
    "/studies/reports/figures/forest?baseline=stl",
    "/studies/reports/what-if?grouping=gmtl:1&move=edema:2",
    "/studies/going",
    "/studies/going/transfer",
    "/studies/going/explanations",
]


def twin(path: str) -> str:
    path, mark, query = path.partition("?")
    return f"{path}.json{mark}{query}"


def data(client: TestClient, path: str) -> Any:
    answer = client.get(twin(path))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_and_its_twin(path: str, client: TestClient) -> None:
    page, twin_page = client.get(path), client.get(twin(path))
    assert page.status_code == twin_page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert twin_page.headers["content-type"] == "application/json"
    assert re.search(r"<title>.+ mtlv</title>", page.text)
    assert "title" in twin_page.json()
    link = re.search(r'href="([^"]+)">This page as JSON', page.text)
    assert link is not None
    assert client.get(link[1].replace("&amp;", "&")).json() == twin_page.json()


def test_the_root_is_the_list_of_studies(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert answer.headers["location"] == "/studies"
    rows = data(client, "/studies")["grid"]["rows"]
    assert {row["study"]: row["runs finished"] for row in rows} == {"reports": 8, "going": 1}


def test_numbers_are_those_of_the_outcome(client: TestClient, world: Store) -> None:
    outcome = load_outcome(world, "reports")
    rows = {row["plan"]: row for row in data(client, "/studies/reports")["plans"]["rows"]}
    for plan in outcome.plans:
        mean = plan.summary.metrics["f1_macro"].mean
        assert rows[plan.name]["macro-F1 (%)"] == pytest.approx(100 * mean)
        assert rows[plan.name]["seconds"] == pytest.approx(plan.cost.train_seconds)


BOOTSTRAP = "/compare?study=reports&test=bootstrap&metric=average_precision_macro"


def test_a_page_draws_as_often_as_it_has_time_for(
    world: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtlv.store.comparison_tests.seconds_of", lambda pairs, n: 0.0005 * n)
    with asking(world.root) as client:
        found = data(client, BOOTSTRAP)  # a quarter of a second for three plans
        assert {plan["draws"] for plan in found["comparison"]["plans"]} == {None, 166}
        assert found["rough"]["why"].startswith("drawn 166 times instead of 10,000")
        assert found["rough"]["command"] == (
            "mtlv compare reports --baseline mtl --metric average_precision_macro "
            "--test bootstrap --correction holm --draws 10000"
        )
        assert found["rough"]["command"] in client.get(BOOTSTRAP).text
        assert "166 draws" in found["grid"]["note"]


def test_a_page_does_not_test_what_would_take_too_long(
    world: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtlv.store.comparison_tests.seconds_of", lambda pairs, n: 1.0 * n)
    with asking(world.root) as client:
        found = data(client, BOOTSTRAP)
        assert found["rough"]["why"].startswith("not tested here")
        rows = {row["plan"]: row for row in found["grid"]["rows"]}
        assert rows["stl"]["verdict"] == "-"
        assert rows["stl"]["difference"] is not None


def test_enough_time_is_no_caution(client: TestClient) -> None:
    assert data(client, "/compare?study=reports")["rough"] is None


def test_a_test_that_folds_mislead_is_warned_of(client: TestClient) -> None:
    (told,) = data(client, BOOTSTRAP)["warnings"]
    assert told.startswith("'stl', 'gmhl' and 'gmtl': overlapping folds")
    assert "overlapping folds" in client.get(BOOTSTRAP).text
    assert data(client, "/compare?study=reports")["warnings"] == []


def test_plans_are_ranked_beside_their_comparison(client: TestClient) -> None:
    found = data(client, "/compare?study=reports&margin=0.5")
    assert {row["plan"] for row in found["ranks"]["rows"]} == {"stl", "mtl", "gmhl", "gmtl"}
    assert "Friedman over 4 tasks" in found["ranks"]["note"]
    assert "p equivalence" in found["grid"]["rows"][0]


def test_transfer_says_its_rule(client: TestClient, tmp_path: Path) -> None:
    path = "/studies/reports/transfer"
    grid = data(client, path)["pairs"]  # of a record from before p was kept
    assert grid["note"].endswith("; an effect: interval without 0")
    assert {row["p corrected"] for row in grid["rows"]} == {None}
    world = write_world(tmp_path)
    known = world.transfers["reports"]
    given = {"p": 0.0002, "p_corrected": 0.006, "test": "bootstrap"}
    effects = [own.model_copy(update=given) for own in known.effects]
    effects[0] = effects[0].model_copy(update={"low": None, "high": None})
    world.transfers.write(known.model_copy(update={"effects": effects}))
    with asking(world.root) as later:
        grid, page = data(later, path)["pairs"], later.get(path).text
    assert "p < .05 after Holm's correction over 12 effects" in grid["note"]
    assert (grid["rows"][0]["low"], grid["rows"][0]["p corrected"]) == (None, 0.006)
    assert "(no interval)" in page


def test_the_forest_is_drawn_from_the_comparison_of_the_page(client: TestClient) -> None:
    found = data(client, "/studies/reports/figures/forest")
    assert "corrected_t over 2 test parts" in found["caption"]


def test_the_baseline_can_be_chosen(client: TestClient) -> None:
    rows = data(client, "/studies/reports?baseline=stl")["comparison"]["rows"]
    assert {row["plan"]: row["difference"] for row in rows}["stl"] == 0.0


def test_every_figure_is_drawn_or_says_why_not(client: TestClient) -> None:
    drawn = {}
    for name in FIGURES:
        found = data(client, f"/studies/reports/figures/{name}?theme=dark")
        drawn[name] = found["figure"] is not None
        if drawn[name]:
            assert found["figure"]["data"]
            assert "study reports" in found["caption"]
        else:
            assert found["missing"]["hint"]
    missing = {name for name, there in drawn.items() if not there}
    explained = {"cross-task", "data-map", "encoder-similarity", "word-ranks"}
    assert missing - explained == {"gradient-conflict"}


def test_a_figure_of_no_name(client: TestClient) -> None:
    found = data(client, "/studies/reports/figures/nothing")
    assert "no figure 'nothing'" in found["missing"]["what"]


def test_a_job_in_detail(client: TestClient, world: Store) -> None:
    job = world.study("reports").cells[0].jobs[0]
    found = data(client, f"/studies/reports/jobs?job={job}")
    assert found["job"]["record"]["id"] == job
    curves = data(client, f"/studies/reports/figures/curves-job?job={job}")
    assert curves["figure"]["data"]
    waiting = next(j for c in world.study("going").cells for j in c.jobs if not world.has_job(j))
    assert data(client, f"/studies/going/jobs?job={waiting}")["job"]["record"] is None


def test_every_job_stands_once_with_what_it_took(client: TestClient, world: Store) -> None:
    rows = data(client, "/studies/reports/jobs")["grid"]["rows"]
    known = {job for cell in world.study("reports").cells for job in cell.jobs}
    assert len(rows) == len(known) == 2 * (4 + 1 + 1 + 2)
    assert {row["time (s)"] for row in rows} == {10.0, 20.0, 40.0}


def test_a_move_is_part_of_the_address(client: TestClient) -> None:
    path = "/studies/reports/groups?plan=gmtl&label=edema&to=2"
    answer = client.get(path, follow_redirects=False)
    assert answer.headers["location"].endswith("?plan=gmtl&move=edema%3A2#what-if")
    found = client.get(twin(path)).json()["what_if"]
    assert found["groups"] == [["nodule"], ["edema", "opacity", "effusion"]]


def test_gains_of_a_what_if_have_equal_digits(client: TestClient) -> None:
    page = client.get("/studies/reports/groups?plan=gmtl&move=edema:3").text
    table = page[page.index('data-key="gains"') :]
    shown = re.findall(r">([+-][0-9.]+)</td>", table[: table.index("</table>")])
    assert len(shown) > 6
    assert len({len(own.partition(".")[2]) for own in shown}) == 1


def test_the_plan_of_a_what_if_is_one_that_a_config_takes(client: TestClient) -> None:
    found = data(client, "/studies/reports/groups?plan=gmtl&move=edema:3")["what_if"]
    (entry,) = yaml.safe_load(found["yaml"])["plans"]
    spec = PlanSpec(kind="gmtl", **entry["gmtl"])
    assert spec.groups == (("nodule",), ("opacity", "effusion"), ("edema",))


def test_what_if_predicts_where_an_affinity_is_known(client: TestClient) -> None:
    found = data(client, "/studies/reports/groups?plan=gmtl&move=edema:2")["what_if"]["prediction"]
    assert found["mean_after"] < found["mean_before"]  # halves help their own
    assert found["low"] < found["mean_after"] - found["mean_before"] < found["high"]
    other = data(client, "/studies/going/groups")
    assert other["what_if"]["prediction"] is None


def test_examples_are_searched_and_paged(client: TestClient) -> None:
    every = data(client, "/studies/reports/examples?task=edema")
    assert (every["total"], len(every["rows"]), every["pages"]) == (40, 25, 2)
    second = data(client, "/studies/reports/examples?task=edema&page=2")
    assert len(second["rows"]) == 15
    found = data(client, "/studies/reports/examples?text=nodule")
    assert found["total"] > 0
    assert all("nodule" in row["segments"][0].lower() for row in found["rows"])
    one = data(client, "/studies/reports/examples?text=0-test-7&task=edema")
    assert [row["id"] for row in one["rows"]] == ["0-test-7"]


def test_a_decision_stands_beside_its_threshold(client: TestClient, world: Store) -> None:
    path = "/studies/reports/examples?text=0-test-7&task=edema&first=stl&second=mtl"
    ((answers,),) = (
        [own["answers"] for own in row["answers"]] for row in data(client, path)["rows"]
    )
    outcome = load_outcome(world, "reports")
    page = client.get(path).text
    for plan, answer in zip(("stl", "mtl"), answers, strict=True):
        limit = outcome[plan].cells[0].scores.thresholds.values["edema"]
        assert answer["threshold"] == limit
        sign = "≥" if answer["text"] == "yes" else "&lt;"
        assert f"{100 * answer['score']:.1f} % {sign} {100 * limit:.1f} %" in page


def test_examples_on_which_plans_disagree(client: TestClient) -> None:
    rows = data(client, "/studies/reports/examples?show=disagree&first=stl&second=gmtl")["rows"]
    assert rows
    for row in rows:
        assert all(a["answers"][0]["text"] != a["answers"][1]["text"] for a in row["answers"])
    path = "/studies/reports/examples?show=only first right&task=edema"
    for row in data(client, path)["rows"]:
        assert [a["right"] for a in row["answers"][0]["answers"]] == [True, False]


def test_texts_and_names_are_shown_and_never_run(tmp_path: Path, client: TestClient) -> None:
    page = client.get("/studies/reports/examples?text=script")
    assert EVIL not in page.text
    assert "&lt;script&gt;document.title" in page.text
    assert EVIL not in client.get("/studies/reports/explanations").text
    store = Store(tmp_path / "runs")
    fake_study(store, "named", tasks=[EVIL, "a/b?c", "x & y", 'q"uote'])
    with asking(store.root) as other:
        (quoted,) = set(
            re.findall(
                r'href="(/studies/named/tasks/[^"]*script[^"]*)"', other.get("/studies/named").text
            )
        )
        assert EVIL not in other.get(quoted).text
        assert other.get(quoted).status_code == 200
        for path in ("", "/groups", "/jobs", "/examples", "/plans/gmtl"):
            assert EVIL not in other.get(f"/studies/named{path}").text
        assert other.get("/studies/named/tasks/a/b%3Fc").status_code == 200
        figure = other.get("/studies/named/figures/label-frequency.json").text
        assert "<script" not in figure


def test_all_kinds_of_tasks(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    fake_study(store, "mixed", tasks=MIXED)
    with asking(store.root) as client:
        for task in MIXED:
            assert client.get(f"/studies/mixed/tasks/{task}").status_code == 200
        rows = data(client, "/studies/mixed/examples?task=similarity")["rows"]
        assert all(a["right"] is None for a in rows[0]["answers"][0]["answers"])
        (answer, _) = data(client, "/studies/mixed/examples?task=disease")["rows"][0]["answers"][0][
            "answers"
        ]
        assert set(answer["text"].split()) <= {"O", "B", "I"}


def test_studies_are_compared_with_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    fake_study(store, "one", plans=["stl", "mtl"])
    fake_study(store, "two", plans=["gmtl"])
    with asking(store.root) as client:
        found = data(client, "/compare?study=one&study=two")
        assert [row["plan"] for row in found["grid"]["rows"]] == ["one:stl", "one:mtl", "two:gmtl"]
        problem = data(client, "/compare?study=one&study=two&baseline=none")["problem"]
        assert "no baseline 'none'" in problem["what"]
        assert data(client, "/compare?study=one&margin=much")["problem"]["found"] == "'much'"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/studies/nothing", "There is no study named 'nothing'."),
        ("/studies/reports/plans/nothing", "no finished plan 'nothing'"),
        ("/studies/reports/tasks/nothing", "no task 'nothing'"),
        ("/studies/reports/jobs?job=nothing", "no job 'nothing'"),
        ("/studies/reports/groups?move=nothing:1", "No group holds 'nothing'"),
        ("/studies/reports/groups?move=edema", "no move"),
        ("/studies/reports/groups?move=edema:9", "no group 9"),
        ("/studies/reports/groups?move=edema:²", "no move"),
        ("/studies/reports/examples?page=two", "no number"),
        ("/studies/reports/examples?show=nothing", "no show 'nothing'"),
        ("/nothing", "no such page"),
    ],
)
def test_what_is_not_there_is_told(path: str, said: str, client: TestClient) -> None:
    answer = client.get(twin(path))
    assert answer.status_code == 404
    assert said in answer.json()["problem"]["what"]
    assert client.get(path).status_code == 404


def test_a_slow_page_tells_the_browser_to_come_back(world: Store) -> None:
    from mtlv.explorer.app import Site, make_app

    app = make_app(Site(world.root, patience=0.0))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        first = client.get("/studies/reports")
        assert (first.status_code, first.headers["refresh"]) == (202, "1")
        assert "being scored" in first.text
        for _ in range(200):
            later = client.get("/studies/reports")
            if later.status_code == 200:
                break
        assert "Plans: quality and cost" in later.text
        assert "plans" in json.loads(client.get("/studies/reports.json").text)


def test_settings_of_a_plan_are_those_that_its_models_were_trained_with(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dict(data(client, "/studies/reports/plans/mtl")["settings"])
    assert (found["train.learning_rate"], found["train.epochs"]) == ("0.001", "3")
    common = {"layers": 0, "dropout": 0.1}
    spec = {"model": [["edema", "nodule"], ["mass"]], "head": common, "train": {"clip": None}}
    spec["heads"] = [common, common | {"layers": 2}]
    monkeypatch.setattr(plan_page, "_spec", lambda library, jobs: spec)
    found = dict(data(client, "/studies/reports/plans/mtl")["settings"])
    assert (found["head.layers"], found["head.layers (mass)"]) == ("0", "2")
    assert {"head.layers (edema, nodule)", "head.dropout (mass)", "train.clip"}.isdisjoint(found)
