"""The page of explanations: what is shown is of the one that is chosen; what probes recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from explain.views_toys import toy_views, write_explanation
from explorer.conftest import asking
from mtlv.evaluation.curves import curves_table
from mtlv.store import Store
from mtlv.store.record import StudyRecord
from store.fakes import TASKS, fake_job, fake_study

PAGE = "/studies/fake/explanations"


def crossed(mean: float) -> dict[str, Any]:
    named = {"plan": "stl", "metric": "accuracy", "texts": "edema", "layer": "nodule"}
    return named | {"mean": mean, "sd": 0.0, "runs": 3, "guess": 0.5}


def said(plan: str, value: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a text of one word under a plan, and the word."""
    named = {"plan": plan, "task": "edema", "seed": 0, "text": "text"}
    text = named | {"label": None, "score": 0.5, "difference": 1.0, "delta": 0.0, "cut": ""}
    text |= {"relative_delta": 0.0, "steps": 16, "probability": 0.5, "decision": "1", "unknown": []}
    return text, named | {"place": 0, "word": "no", "value": value, "state": "read"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("explained") / "runs")
    _probed(made, fake_study(made, plans=("stl", "mtl", "gmtl")))
    fake_study(made, "bare", plans=("stl", "mtl"))
    article = toy_views(TASKS[:2]).to_json()
    early, late = ({"cross_task": [crossed(mean)]} for mean in (0.7, 0.8))
    tasks = list(TASKS[:2])
    write_explanation(made, "e1", "fake", "2026-01-01", rows=early, article=article, tasks=tasks)
    write_explanation(made, "e2", "fake", "2026-01-02", rows=late, tasks=tasks)
    texts, words = zip(said("stl", -0.5), said("mtl", 0.5), strict=True)
    differences = {"task": "edema", "first": "stl", "second": "mtl", "first_seed": 0}
    differences |= {"second_seed": 0, "text": "text", "place": 0, "word": "no", "value": 1.0}
    rows = {"texts": list(texts), "attributions": list(words)}
    rows |= {"differences": [differences | {"state": "read"}]}
    write_explanation(made, "e3", "fake", "2025-12-31", rows=rows, text="no")
    return made


def _probed(store: Store, study: StudyRecord) -> None:
    """Let the groups of a plan rest on a job in which gradients were measured."""
    job = fake_job([[task] for task in TASKS], job="probed")
    job = job.model_copy(update={"spec": job.spec | {"probe": {"name": "gradient"}}})
    products = np.broadcast_to(np.eye(4), (2, 1, 4, 4))
    store.write_job(job, [], curves_table([]), measured={"products": products})
    cells = [
        cell.model_copy(
            update={
                "grouping": cell.grouping and cell.grouping.model_copy(update={"jobs": [job.id]})
            }
        )
        for cell in study.cells
    ]
    store.write_study(study.model_copy(update={"cells": cells}))


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[TestClient]:
    with asking(store.root) as client:
        yield client


def data(client: TestClient, path: str) -> Any:
    address, mark, query = path.partition("?")
    answer = client.get(f"{address}.json{mark}{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(client: TestClient, query: str = "") -> dict[str, str]:
    return {own["name"]: own["href"] for own in data(client, PAGE + query)["drawings"]}


def test_figures_are_those_of_the_explanation_that_is_chosen(client: TestClient) -> None:
    assert set(figures(client)) == {"cross-task", "gradient-conflict"}
    chosen = figures(client, "?explanation=e1")
    assert set(chosen) == {"word-ranks", "cross-task", "gradient-conflict"}
    for key, value in (("e1", "70"), ("e2", "80")):
        href = figures(client, f"?explanation={key}")["cross-task"]
        drawn = data(client, href)["figure"]["data"][0]
        assert drawn["text"] == [[value]]


def test_a_task_can_be_chosen_for_the_figures(client: TestClient) -> None:
    href = figures(client, "?explanation=e1&task=nodule")["word-ranks"]
    assert "task=nodule" in href
    titles = str(data(client, href)["figure"]["layout"])
    assert "stl: nodule" in titles
    assert "stl: edema" not in titles
    assert client.get(f"{PAGE}?explanation=e1&task=gone").status_code == 200


def test_a_text_shows_what_plans_differ_by_and_no_figure_of_another(client: TestClient) -> None:
    found = data(client, f"{PAGE}?explanation=e3")
    assert [own["name"] for own in found["drawings"]] == ["gradient-conflict"]
    shown = [(own["plan"], own["words"][0]["shade"]) for own in found["texts"]]
    assert shown == [("stl", -4), ("mtl", 4), ("mtl less stl", 4)]
    assert "edema, mtl less stl" in client.get(f"{PAGE}?explanation=e3").text


def test_conflict_is_drawn_where_a_probe_recorded_it(client: TestClient) -> None:
    drawn = data(client, figures(client)["gradient-conflict"])
    assert drawn["figure"]["data"]
    bare = data(client, "/studies/bare/explanations")
    assert bare["drawings"] == []
