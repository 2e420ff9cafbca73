from __future__ import annotations

import json

import pytest

from mtlv.evaluation.about import About, about_metadata, read_about
from mtlv.tasks import Task

FULL = About(("no", "yes"), "no", (0.0, 5.0), "pearson")


def test_it_is_what_the_task_says() -> None:
    task = Task("t", "multiclass", "c", ("no", "yes"), "pearson", None, "no", (0.0, 5.0))
    assert About.of(task) == FULL


@pytest.mark.parametrize("about", [About(), FULL, About(range=(-1.0, 1.0)), About(("ä|b",))])
def test_json_keeps_all_of_it(about: About) -> None:
    assert About.from_json(json.loads(json.dumps(about.to_json()))) == about


def test_only_what_is_known_is_written() -> None:
    assert about_metadata({"a": About()}) is None
    metadata = about_metadata({"a": About(), "b": FULL})
    assert metadata is not None
    assert read_about(metadata) == {"b": FULL}


def test_an_older_file_says_nothing() -> None:
    assert read_about(None) == {}
    assert read_about({b"other": b"1"}) == {}
