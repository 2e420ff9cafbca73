"""Tables of explanations from stored rows: what is shown of them, and what is not possible."""

from __future__ import annotations

from typing import Any

import pytest

from mtlv.report.explain_texts import text_tables
from mtlv.report.explain_views import study_tables
from mtlv.report.tables import Table
from mtlv.store.record import ExplanationRecord, MissingView


def record(**changes: Any) -> ExplanationRecord:
    given: dict[str, Any] = {"plans": ["stl", "mtl"], "tasks": ["edema"], "settings": {"texts": 4}}
    return ExplanationRecord(id="e", study="s", seconds=1.0, created="now", **(given | changes))


def table(name: str, rows: list[dict[str, Any]]) -> Table:
    (found,) = study_tables(record(), {name: rows})
    return found


def pair(first: tuple[str, int], second: tuple[str, int], **values: float) -> dict[str, Any]:
    names = {"task": "edema", "first": first[0], "second": second[0]}
    return names | {"first_seed": first[1], "second_seed": second[1]} | values


def test_agreement_is_over_unequal_seeds_and_names_the_ceiling() -> None:
    rows = [
        pair(("stl", 0), ("stl", 1), rho=0.8, overlap=0.9),
        pair(("stl", 0), ("mtl", 0), rho=1.0, overlap=1.0),
        pair(("stl", 0), ("mtl", 1), rho=0.2, overlap=0.5),
        pair(("stl", 1), ("mtl", 0), rho=0.4, overlap=0.7),
    ]
    assert table("agreement", rows).rows == (
        ("edema", "stl, two seeds", "0.80", "0.90"),
        ("edema", "stl / mtl", "0.30", "0.60"),
    )


def test_one_seed_is_compared_as_it_is() -> None:
    rows = [pair(("stl", 0), ("mtl", 0), rho=0.25, overlap=0.5)]
    assert table("agreement", rows).rows == (("edema", "stl / mtl", "0.25", "0.50"),)


def test_similarity_has_a_column_for_each_layer() -> None:
    rows = [pair(("stl", 0), ("mtl", 1), layer=i, cka=1 / i) for i in (1, 2)]
    found = table("similarity", rows)
    assert found.header == ("task", "models", "layer 1", "layer 2")
    assert found.rows == (("edema", "stl / mtl", "1.00", "0.50"),)


def test_top_words_leave_out_those_of_a_single_place() -> None:
    named = {"plan": "mtl", "task": "edema", "seed": 0}
    rows = [
        named | {"word": "edema", "mean": 0.5, "mean_absolute": 0.5, "count": 3},
        named | {"word": "once", "mean": 0.4, "mean_absolute": 0.4, "count": 1},
        named | {"word": "no", "mean": -0.3, "mean_absolute": 0.3, "count": 2},
    ]
    assert table("words", rows).rows == (("edema", "mtl", "edema +0.50, no -0.30"),)


def test_conflict_is_counted() -> None:
    rows = [{"first": "a", "second": "b", "cosine": c} for c in (-0.2, 0.4)]
    assert table("conflict", rows).rows == (("a / b", "+0.100", "50 %", "2"),)


def test_disagreements_are_counted_and_ties_are_told() -> None:
    counts = {"both_right": 3, "both_wrong": 1, "first_alone": 2, "second_alone": 0, "tied": 4}
    named = {"task": "edema", "first": "stl", "second": "mtl", "fold": 1, "texts": 10}
    found = table("judged", [named | counts | {"first_seeds": 2, "second_seeds": 2}])
    assert found.rows == (("edema: stl / mtl", "10", "3", "1", "2", "0", "4"),)
    assert "test texts of fold 2 alone" in found.note
    assert "more than half of its 2 seeds" in found.note
    assert "half of a plan's seeds are right and half wrong" in found.note


def test_texts_on_which_seeds_differ_most_are_shown() -> None:
    named = {"task": "edema", "first": "stl", "second": "mtl", "words": "long " * 40, "target": 1.0}
    shares = [(0.75, 0.25), (0.0, 1.0), (1.0, 0.25)]
    rows = [named | {"first_right": a, "second_right": b} for a, b in shares]
    found = table("disagreement", rows).rows
    assert [row[1:4] for row in found] == [
        ("mtl (100%)", "stl (0%)", "1"),
        ("stl (100%)", "mtl (25%)", "1"),
        ("stl (75%)", "mtl (25%)", "1"),
    ]
    assert found[0][4].endswith("…")


def test_deltas_are_the_median_and_the_largest() -> None:
    named = {"plan": "mtl", "task": "edema", "steps": 16, "cut": ""}
    rows = [named | {"delta": d, "relative_delta": abs(d)} for d in (0.01, -0.03, 0.02)]
    rows[0] |= {"cut": "the rest", "steps": 32}
    assert table("texts", rows).rows == (
        ("edema", "mtl", "3", "0.0200", "0.0300", "2.0 %", "32", "1"),
    )


def test_views_that_are_missing_say_why_and_what_would_help() -> None:
    own = MissingView(view="data map", reason="No probe.", setting="features: data_map")
    (found,) = study_tables(record(missing=[own]), {})
    assert found.rows == (("data map", "No probe.", "features: data_map"),)


@pytest.mark.parametrize("label", [None, "urgent"])
def test_one_text_has_a_row_for_each_word_and_a_column_for_each_plan(label: str | None) -> None:
    texts = [
        {
            "task": "edema",
            "plan": plan,
            "label": label,
            "score": score,
            "probability": 0.5,
            "seed": 3,
        }
        | {"decision": "1", "delta": 0.001, "difference": 1.0, "steps": 16}
        for plan, score in (("stl", 0.5), ("mtl", -0.25))
    ]
    words = [
        {
            "task": "edema",
            "plan": plan,
            "place": place,
            "word": word,
            "value": value,
            "state": state,
        }
        for plan in ("stl", "mtl")
        for place, word, value, state in (
            (0, "no", -0.5, "read"),
            (1, "un-read", 0.25, "cut off"),
            (2, "rest", float("nan"), "cut off"),
            (3, ".", float("nan"), "not read"),
        )
    ]
    (found,) = text_tables({"texts": texts, "attributions": words})
    assert found.title == ("edema" if label is None else "edema, urgent")
    assert found.header == ("word", "stl", "mtl")
    assert found.rows == (
        ("no", "-0.500", "-0.500"),
        ("un-read", "+0.250, cut off", "+0.250, cut off"),
        ("rest", "cut off", "cut off"),
        (".", "not read", "not read"),
        ("= score", "0.500", "-0.250"),
        ("= probability", "0.500", "0.500"),
        ("= decision", "1", "1"),
    )
    assert "of the first fold and seed 3" in found.note


def one(plan: str, value: float, label: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the row of a text of one word under a plan, and that of its word."""
    named = {"task": "edema", "plan": plan, "seed": 0}
    text = named | {"label": label, "score": 0.5, "probability": 0.5, "decision": "1"}
    word = named | {"place": 0, "word": "no", "value": value, "state": "read"}
    return text | {"delta": 0.0, "difference": 1.0, "steps": 16}, word


def difference(first: tuple[str, int], second: tuple[str, int], value: float) -> dict[str, Any]:
    return pair(first, second, value=value) | {"place": 0, "word": "no", "state": "read"}


def test_differences_stand_behind_the_plans_and_their_noise_beside_them() -> None:
    texts, words = zip(one("stl", -0.5), one("mtl", -0.25), strict=True)
    rows = [
        difference(("stl", 0), ("mtl", 0), 0.25),
        difference(("stl", 0), ("stl", 1), -0.125),
    ]
    (found,) = text_tables({"texts": texts, "attributions": words, "differences": rows})
    assert found.header == ("word", "stl", "mtl", "mtl less stl", "stl, seed 1 less 0")
    assert found.rows[0] == ("no", "-0.500", "-0.250", "+0.250", "-0.125")
    assert found.rows[1] == ("= score", "0.500", "0.500", "", "")
    assert "two seeds of one plan" in found.note
    (alone,) = text_tables({"texts": texts, "attributions": words, "differences": rows[:1]})
    assert "is not known here" in alone.note


def test_a_plan_without_a_model_for_a_task_is_named() -> None:
    texts, words = zip(one("stl", -0.5), one("mtl", -0.25), strict=True)
    texts = (*texts, texts[0] | {"task": "lungs"})
    words = (*words, words[0] | {"task": "lungs"})
    both, alone = text_tables({"texts": texts, "attributions": words})
    assert "no model for this task" not in both.note
    assert alone.header == ("word", "stl")
    assert "no model for this task: mtl" in alone.note


def test_a_plan_that_finds_another_class_has_no_difference_and_is_named() -> None:
    texts, words = zip(one("stl", -0.5, "urgent"), one("mtl", -0.25, "routine"), strict=True)
    (found,) = text_tables({"texts": texts, "attributions": words})
    assert found.header == ("word", "stl", "mtl")
    assert "no difference for mtl, which finds another class likeliest" in found.note
