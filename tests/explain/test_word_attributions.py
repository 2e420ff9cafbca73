"""Attributions put together by word, and ranks compared between models."""

from __future__ import annotations

import numpy as np
import pytest

from mtlv.explain.attribution import Attribution
from mtlv.explain.attribution_texts import EncodedText
from mtlv.explain.word_attributions import agreement_rows, word_rows


def attribution(words: str, *values: float) -> Attribution:
    text = EncodedText("1", (), (), tuple(words.split()), (), "", frozenset(), ())
    return Attribution(text, np.array(values), 1.0, 0.0, 0.0, 16, 0.7)


def test_means_are_signed_and_absolute_and_capitals_do_not_count() -> None:
    rows = word_rows([attribution("No edema no", 0.1, 0.6, -0.3), attribution("edema", 0.2)])
    assert [(row["word"], row["count"]) for row in rows] == [("edema", 2), ("no", 2)]
    assert [row["mean"] for row in rows] == pytest.approx([0.4, -0.1])
    assert [row["mean_absolute"] for row in rows] == pytest.approx([0.4, 0.2])


def test_words_that_were_cut_off_do_not_count() -> None:
    rows = word_rows([attribution("edema seen", 0.5, np.nan)])
    assert [row["word"] for row in rows] == ["edema"]


def test_models_of_one_task_are_compared_two_by_two() -> None:
    def ranked(*values: float) -> dict[str, dict[str, float]]:
        names = "abcd"
        return {w: {"mean_absolute": v, "count": 2} for w, v in zip(names, values, strict=True)}

    models = [("stl", 0, "t"), ("stl", 1, "t"), ("mtl", 0, "t"), ("mtl", 0, "other")]
    words = dict(
        zip(
            models,
            [ranked(4, 3, 2, 1), ranked(4, 3, 2, 1), ranked(1, 2, 3, 4), ranked(1, 2, 3, 4)],
            strict=True,
        )
    )
    rows = agreement_rows(models, words)
    assert [(row["first"], row["second"]) for row in rows] == [
        ("stl", "stl"), ("stl", "mtl"), ("stl", "mtl"),
    ]  # fmt: skip
    assert [row["rho"] for row in rows] == pytest.approx([1, -1, -1])
    assert rows[0]["overlap"] == pytest.approx(1)
    assert all(row["words"] == 4 for row in rows)


def test_words_of_a_single_place_are_not_ranked() -> None:
    one = {"a": {"mean_absolute": 1.0, "count": 1}, "b": {"mean_absolute": 2.0, "count": 2}}
    rows = agreement_rows([("x", 0, "t"), ("y", 0, "t")], {("x", 0, "t"): one, ("y", 0, "t"): one})
    assert rows[0]["words"] == 1
    assert np.isnan(rows[0]["rho"])
