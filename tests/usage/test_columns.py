"""Which columns hold what the corpora of a study take."""

from __future__ import annotations

import pytest

from mtlv.data.tables import TableOptions
from mtlv.store.record import CorpusRecord, InputForm
from mtlv.usage.columns import Slot, study_readings, table_options
from usage.test_texts import CONLL, PAIRS, REPORTS, several, study_of, tagged

RELATIONS = {
    "format": "relations",
    "path": "r.tsv",
    "columns": {"index": "key", "sentence": "said", "label": "gold"},
}


def test_own_columns_stand_before_the_usual_ones() -> None:
    readings = study_readings(study_of({"reports": REPORTS, "acts": RELATIONS, "demo": {}}))
    choices = {name: reading.columns["text"] for name, reading in readings.items()}
    assert choices == {
        "reports": (("report",), ("text",)),
        "acts": (("said",), ("text",)),
        "demo": (("text",),),
    }
    assert readings["acts"].id == "key"
    there = ["text", "said"]
    assert readings["acts"].found(there) == {"text": ("said",)}
    assert readings["reports"].found(there) == {"text": ("text",)}


@pytest.mark.parametrize("form", ["text", "pair", "tokens"])
def test_the_record_of_a_corpus_says_what_it_takes(form: InputForm) -> None:
    study = study_of({"known": {}})
    corpus = CorpusRecord(name="known", fingerprint="f", examples=1, input=form)
    readings = study_readings(study.model_copy(update={"corpora": [corpus]}))
    assert readings["known"].input == form


def test_older_records_leave_it_to_the_config() -> None:
    assert {name: own.input for name, own in study_readings(several()).items()} == {
        "p": "pair",
        "ner": "tokens",
        "reports": "text",
    }


def test_words_may_stand_in_a_text_where_nothing_else_is_wanted() -> None:
    alone = study_readings(tagged())["ner"]
    assert alone.found(["text"]) == {"tokens": ("text",)}
    assert alone.found(["text", "tokens"]) == {"tokens": ("tokens",)}
    assert study_readings(several())["ner"].missing(["text"]) == "tokens"
    assert study_readings(several(), ["ner"])["ner"].missing(["text"]) is None


@pytest.mark.parametrize(
    ("named", "single", "pair"),
    [
        ({}, (("report",), ("text",)), (("one",), ("text",))),
        ({"text": "x"}, (("x",),), (("one",), ("text",))),
        ({"text": "x", "text_b": "y"}, (("x",),), (("x",),)),
    ],
)
def test_a_named_text_is_half_of_a_pair_only_if_the_other_half_is_named(
    named: dict[Slot, str], single: tuple, pair: tuple
) -> None:
    readings = study_readings(several(), named=named)
    assert readings["reports"].columns["text"] == single
    assert readings["p"].columns["text"] == pair
    assert readings["reports"].named == tuple(value for key, value in named.items())[:1]


def test_pairs_alone_take_a_named_text() -> None:
    reading = study_readings(study_of({"p": PAIRS}), named={"text": "x"})["p"]
    assert reading.found(["x", "two"]) == {"text": ("x",), "text_b": ("two",)}


def test_files_are_read_as_the_studys_own_if_those_are_alike() -> None:
    odd = REPORTS | {"delimiter": ";", "quotes": False}
    assert table_options(study_readings(study_of({"reports": odd}))) == TableOptions(
        delimiter=";", quotes=False
    )
    two = study_readings(study_of({"reports": odd, "ner": CONLL}, {"ner": "tagging"}))
    assert table_options(two) == TableOptions()
