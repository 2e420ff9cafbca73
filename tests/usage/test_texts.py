"""Texts in and predictions out: every format says the same, every mistake says where."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtlv.errors import DataError
from mtlv.store import StudyRecord
from mtlv.usage.decided import Decided
from mtlv.usage.texts import Reading, Texts, read_texts, rendered

TEXTS = ("edema seen, and more", "all clear")
RESULTS = Decided(
    ("edema", "effusion"), np.array([[0.9, 0.25], [0.1, 0.2]]), np.array([[1, 1], [0, 0]])
)


def write(path: Path, texts: tuple[str, ...] = TEXTS, column: str = "text") -> Path:
    rows = [{column: text} for text in texts]
    match path.suffix:
        case ".csv" | ".tsv":
            with path.open("w", newline="") as file:
                delimiter = "," if path.suffix == ".csv" else "\t"
                writer = csv.DictWriter(file, [column], delimiter=delimiter)
                writer.writeheader()
                writer.writerows(rows)
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case ".json":
            path.write_text(json.dumps(rows))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        case _:
            path.write_text("\n".join(texts) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_every_format_gives_the_same_texts(tmp_path: Path, suffix: str) -> None:
    texts = read_texts(write(tmp_path / f"texts{suffix}"))
    assert texts == Texts(("1", "2"), TEXTS)


def test_a_list_of_strings_is_enough(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
    assert read_texts(tmp_path / "texts.json").texts == TEXTS


def test_ids_of_lines_are_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("one\n\n \ntwo\n")
    assert read_texts(tmp_path / "texts.txt") == Texts(("1", "4"), ("one", "two"))


def test_columns_are_called_as_in_the_study(tmp_path: Path) -> None:
    source = {
        "path": "old.csv",
        "text": ["title", "body"],
        "text_b": "reply",
        "id": "key",
        "labels": ["edema"],
        "encoding": "latin-1",
        "delimiter": ";",
    }
    path = tmp_path / "new.csv"
    path.write_bytes("key;title;body;reply\nk1;föhn;;yes\nk2;a;b;no\n".encode("latin-1"))
    reading = Reading.of_study(study_of({"reports": source}))
    assert read_texts(path, reading) == Texts(("k1", "k2"), ("föhn", "a\n\nb"), ("yes", "no"))


def test_another_column_can_be_named(tmp_path: Path) -> None:
    source = {"path": "old.csv", "text": "report", "id": "key", "labels": ["edema"]}
    reading = Reading.of_study(study_of({"reports": source}), "note")
    path = write(tmp_path / "new.csv", column="note")
    assert read_texts(path, reading) == Texts(("1", "2"), TEXTS), "an absent id column is no matter"


@pytest.mark.parametrize("data", [{"demo": {}}, {"a": {"text": "x"}, "b": {"text": "y"}}])
def test_known_datasets_have_the_column_text(data: dict) -> None:
    assert Reading.of_study(study_of(data)) == Reading(("text",))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("texts.csv", "txt\nhello\n", ["no column 'text'", "did you mean 'txt'"]),
        ("texts.csv", "text,other\nhello,1\n,2\n", ["text is empty", "line 3", "'text'"]),
        ("texts.csv", 'text\n"never closed\n', ["quoted field", "line 2"]),
        ("texts.csv", "text\nhello\nh\xe9\n", ["encoding", "line 3"]),
        ("texts.txt", "\n \n", ["holds no text"]),
        ("texts.csv", "text\n", ["holds no text"]),
        ("texts.jsonl", '{"text": "a"}\n{broken\n', ["not valid JSON", "line 2"]),
        ("texts.jsonl", '{"text": 3}\n', ["no text", "3"]),
        ("texts.json", "{", ["not valid JSON", ".jsonl"]),
        ("texts.json", '{"text": "a"}', ["no list of texts"]),
        ("texts.xlsx", "whatever", ["cannot be told", ".csv"]),
        ("texts.parquet", "whatever", ["not a Parquet file"]),
    ],
)
def test_unusable_files_are_refused(
    tmp_path: Path, name: str, content: str, words: list[str]
) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError) as caught:
        read_texts(tmp_path / name)
    for word in [name, *words]:
        assert word in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_texts(tmp_path / "nowhere.txt")


def test_predictions_are_written_in_every_form() -> None:
    given = Texts(("a", "b"), TEXTS)
    assert rendered(RESULTS, given, "csv") == (
        "id,edema,effusion,p(edema),p(effusion)\na,1,1,0.9000,0.2500\nb,0,0,0.1000,0.2000\n"
    )
    assert rendered(RESULTS, given, "txt") == "edema;effusion\n\n"
    rows = [
        {
            "id": "a",
            "labels": ["edema", "effusion"],
            "probabilities": {"edema": 0.9, "effusion": 0.25},
        },
        {"id": "b", "labels": [], "probabilities": {"edema": 0.1, "effusion": 0.2}},
    ]
    assert json.loads(rendered(RESULTS, given, "json")) == rows
    assert [json.loads(line) for line in rendered(RESULTS, given, "jsonl").splitlines()] == rows


def study_of(data: dict) -> StudyRecord:
    return StudyRecord(
        name="study",
        config={"data": data},
        status="finished",
        started="",
        updated="",
        tasks=[],
        corpora=[],
    )
