"""Small parts: addresses, tables, texts, and whether an answer is right."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mtlv.data import CorpusBuilder, Example, Target
from mtlv.errors import ExplorerError
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.summary import Summary
from mtlv.explorer.answers import _answers
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.grids import Column, Grid, from_table, number, summary, word
from mtlv.explorer.pages.page import plain
from mtlv.explorer.texts import Texts, open_texts
from mtlv.report.tables import Table


def test_addresses_are_quoted() -> None:
    assert study_address("a b", "tasks", "x?&#", plan="p q") == (
        "/studies/a%20b/tasks/x%3F%26%23?plan=p+q"
    )
    assert study_address("s", "groups", move=["a:1", "b:2"]) == (
        "/studies/s/groups?move=a%3A1&move=b%3A2"
    )


def test_what_was_asked() -> None:
    asked = Asked("/x", {}, [("plan", "a"), ("plan", "b"), ("page", "3"), ("empty", "")])
    assert asked.many("plan") == ["a", "b"]
    assert asked.one("plan") == "b"
    assert asked.one("empty", "other") == "other"
    assert asked.number("page", 1) == 3
    assert asked.changed(page=None, plan="c") == "/x?plan=c"
    assert asked.choice("plan", ["b", "c"]) == "b"
    with pytest.raises(ExplorerError, match="no plan 'b' here"):
        asked.choice("plan", ["c"])


def test_cells() -> None:
    assert number(None).value is None
    assert number(math.nan).text == "-"
    assert number(1234.5).text == "1,234"
    assert summary(Summary(0.5, 0.1, 3)).text == "50.0 ± 10.0"
    assert summary(Summary(0.5, 0.1, 3)).value == 50.0
    grid = Grid("g", "caption", (Column("a", "word"), Column("b")), ((word("x"), number(2)),))
    assert grid.to_json()["rows"] == [{"a": "x", "b": 2.0}]


def test_a_table_of_the_report_is_sorted_by_leading_numbers() -> None:
    table = Table("t", ("plan", "f1", "said"), (("x", "+1,234.5 ± 2", "better"), ("y", "-", "-")))
    grid = from_table("t", table, (lambda text: f"/{text}",))
    first, second = grid.rows
    assert [cell.value for cell in first] == ["x", 1234.5, "better"]
    assert first[0].href == "/x"
    assert first[2].tone == "good"
    assert second[1].value is None


def test_plain_data() -> None:
    assert plain({"a": math.nan, "b": (1, 2), "c": number(1)})["a"] is None
    assert plain(ExplorerError("what", hint="do"))["hint"] == "do"


def corpus(*examples: Example) -> Texts:
    built = CorpusBuilder("texts", [Target("a")]).extend(examples).build()
    found = open_texts(built.fingerprint)
    assert found is not None
    return found


def test_texts_are_found_by_words_in_any_case() -> None:
    texts = corpus(
        Example("1", "No acute Disease", "a second.* text", targets={"a": 1}),
        Example("2", "disease, acute", targets={"a": 0}),
    )
    assert texts.having("acute disease") == {"1", "2"}
    assert texts.having('"acute disease"') == {"1"}
    assert texts.having("SECOND disease") == {"1"}
    assert texts.having("d.*e") == frozenset()  # no pattern
    assert texts.of(["1", "9"]) == [["No acute Disease", "a second.* text"], []]


def test_token_lists_are_texts_too() -> None:
    texts = corpus(
        Example("1", tokens=("Aspirin", "helps"), targets={"a": 1}),
        Example("2", tokens=("no", "drug"), targets={"a": 0}),
    )
    assert texts.having("aspirin helps") == {"1"}
    assert texts.of(["2"]) == [["no drug"]]


def test_texts_that_are_not_here(tmp_path: Path) -> None:
    assert open_texts("0" * 16) is None


def test_answers_of_every_kind() -> None:
    ids = np.array(["1", "2"], object)
    binary = TaskPredictions("b", "binary", ids, np.array([1.0, 0.0]), np.array([0.7, 0.6]))
    assert [(a.text, a.right, a.why) for a in _answers(binary, 0.65).values()] == [
        ("yes", True, "70.0 % ≥ 65.0 %"),
        ("no", True, "60.0 % < 65.0 %"),
    ]
    about = About(("cat", "dog"))
    scores = np.array([[0.9, 0.1], [0.8, 0.2]])
    classes = TaskPredictions("m", "multiclass", ids, np.array([0.0, 1.0]), scores, about=about)
    first, second = _answers(classes, 0.5).values()
    assert (first.text, first.score, first.right) == ("cat", 0.9, True)
    assert first.why == "90.0 %"  # no threshold decides it
    assert (second.text, second.right) == ("cat", False)
    values = TaskPredictions("r", "regression", ids, np.array([1.0, 2.0]), np.array([1.234, 2.0]))
    assert [(a.text, a.right) for a in _answers(values, 0.5).values()] == [
        ("1.23", None),
        ("2.00", None),
    ]
    assert _answers(values, 0.5)["1"].why == ""
