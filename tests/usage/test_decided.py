"""Decisions of every kind as JSON, CSV and plain answers, by hand."""

from __future__ import annotations

import csv
import io
import json

import numpy as np

from mtlv.tasks import Task
from mtlv.usage.decided import Decided, DecidedTask, TaggedSpan
from mtlv.usage.rendered import rendered

IDS = ("a", "b")
TOKENS = (("no", "heart", "failure", "or", "COX2"), ("fine",))


def boxed(*rows: list[int]) -> np.ndarray:
    result = np.empty(len(rows), object)
    result[:] = [np.array(row) for row in rows]
    return result


def binary(name: str, scores: list[float], decisions: list[int]) -> DecidedTask:
    return DecidedTask(Task(name, "binary", "c", (), "f1"), np.array(scores), np.array(decisions))


EDEMA, EFFUSION = binary("edema", [0.9, 0.1], [1, 0]), binary("effusion", [0.25, 0.2], [1, 0])
ACT = DecidedTask(
    Task("act", "multiclass", "c", ("no", "yes"), "accuracy"),
    np.array([[0.75, 0.25], [0.5, 0.5]]),
    np.array([0, 0]),
)
LIKE = DecidedTask(
    Task("like", "regression", "c", (), "pearson"), np.array([3.25, 0]), np.array([3.25, 0])
)
TAGS = ("O", "B-Disease", "I-Disease", "B-Gene", "I-Gene")
NER = DecidedTask(
    Task("ner", "tagging", "c", TAGS, "entity_f1"),
    boxed([0], [0]),
    boxed([0, 1, 2, 0, 3], [0]),
    TOKENS,
)
BINARY = Decided({"edema": EDEMA, "effusion": EFFUSION})
ALL = Decided({"edema": EDEMA, "act": ACT, "like": LIKE, "ner": NER}, {"late": "it takes texts"})
FAILURE = {"type": "Disease", "start": 1, "end": 3, "text": "heart failure"}
COX2 = {"type": "Gene", "start": 4, "end": 5, "text": "COX2"}


def test_binary_predictions_are_written_in_every_form() -> None:
    assert rendered(BINARY, IDS, "csv") == (
        "id,edema,effusion,p(edema),p(effusion)\na,1,1,0.9000,0.2500\nb,0,0,0.1000,0.2000\n"
    )
    assert rendered(BINARY, IDS, "txt") == "edema;effusion\n\n"
    rows = [
        {
            "id": "a",
            "labels": ["edema", "effusion"],
            "probabilities": {"edema": 0.9, "effusion": 0.25},
        },
        {"id": "b", "labels": [], "probabilities": {"edema": 0.1, "effusion": 0.2}},
    ]
    assert json.loads(rendered(BINARY, IDS, "json")) == rows
    assert [json.loads(line) for line in rendered(BINARY, IDS, "jsonl").splitlines()] == rows


def test_all_kinds_as_json() -> None:
    first, second = ALL.to_json(IDS)
    assert first == {
        "id": "a",
        "labels": ["edema"],
        "probabilities": {"edema": 0.9},
        "classes": {"act": {"class": "no", "probabilities": {"no": 0.75, "yes": 0.25}}},
        "values": {"like": 3.25},
        "tokens": list(TOKENS[0]),
        "spans": {"ner": [FAILURE, COX2]},
    }
    assert (second["spans"], second["tokens"]) == ({"ner": []}, ["fine"])
    assert json.loads(rendered(ALL, IDS, "json")) == [first, second]


def test_all_kinds_as_csv() -> None:
    header, first, second = csv.reader(io.StringIO(rendered(ALL, IDS, "csv")))
    assert header == ["id", "edema", "act", "like", "ner", "p(edema)", "p(act=no)", "p(act=yes)"]
    assert first[:4] == ["a", "1", "no", "3.2500"]
    assert json.loads(first[4]) == [FAILURE, COX2]
    assert first[5:] == ["0.9000", "0.7500", "0.2500"]
    assert second == ["b", "0", "no", "0.0000", "[]", "0.1000", "0.5000", "0.5000"]


def test_all_kinds_as_answers() -> None:
    assert rendered(ALL, IDS, "txt").splitlines() == [
        "edema;act=no;like=3.2500;ner=Disease:heart failure;ner=Gene:COX2",
        "act=no;like=0.0000",
    ]


def test_an_inside_tag_alone_starts_a_span_as_in_conlleval() -> None:
    tags = boxed([2, 4, 4, 3, 1], [2])
    task = DecidedTask(NER.task, NER.scores, tags, TOKENS)
    found = [(span.type, span.start, span.end) for span in task.spans(0)]
    assert found == [("Disease", 0, 1), ("Gene", 1, 3), ("Gene", 3, 4), ("Disease", 4, 5)]
    assert task.spans(1) == [TaggedSpan("Disease", 0, 1, "fine")]


def test_tags_without_a_type_have_one_name_and_plain_names_are_types() -> None:
    for labels, name in ((("O", "B", "I"), "entity"), (("O", "drug"), "drug")):
        task = Task("ner", "tagging", "c", labels, "entity_f1")
        (span,) = DecidedTask(task, NER.scores, boxed([0, 1], [0]), TOKENS).spans(0)
        assert span == TaggedSpan(name, 1, 2, "heart")
