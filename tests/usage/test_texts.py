"""Files of new examples: every format says the same, every mistake says where."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtlv.data.corpus import Example
from mtlv.errors import DataError
from mtlv.store.record import StudyRecord, TaskRecord
from mtlv.usage.columns import Reading, study_readings
from mtlv.usage.texts import Given, read_examples

TEXTS = ("edema seen, and more", "all clear")
CONLL = {"format": "conll", "path": "tags.conll"}
PAIRS = {"path": "old.csv", "text": "one", "text_b": "two", "labels": ["same"]}
REPORTS = {"path": "old.csv", "text": "report", "labels": ["edema"]}


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


def read(path: Path) -> Given:
    return read_examples(path, {"new": Reading()})


def texts_of(given: Given) -> list[str | None]:
    return [example.text for example in given.examples["new"]]


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_every_format_gives_the_same_texts(tmp_path: Path, suffix: str) -> None:
    given = read(write(tmp_path / f"texts{suffix}"))
    assert given == Given(("1", "2"), {"new": (Example("1", TEXTS[0]), Example("2", TEXTS[1]))})


def test_a_list_of_strings_is_enough(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
    assert texts_of(read(tmp_path / "texts.json")) == list(TEXTS)


def test_ids_of_lines_are_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("one\n\n \ntwo\n")
    given = read(tmp_path / "texts.txt")
    assert (given.ids, texts_of(given)) == (("1", "4"), ["one", "two"])


def test_a_column_called_id_has_the_ids(tmp_path: Path) -> None:
    (tmp_path / "texts.csv").write_text("text,id\none,k1\ntwo,\n")
    assert read(tmp_path / "texts.csv").ids == ("k1", "2")


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
    given = read_examples(path, study_readings(study_of({"reports": source})))
    assert given.examples["reports"] == (
        Example("k1", "föhn", "yes"),
        Example("k2", "a\n\nb", "no"),
    )


def test_another_column_can_be_named(tmp_path: Path) -> None:
    source = {"path": "old.csv", "text": "report", "id": "key", "labels": ["edema"]}
    readings = study_readings(study_of({"new": source}), named={"text": "note"})
    given = read_examples(write(tmp_path / "new.csv", column="note"), readings)
    assert given.ids == ("1", "2"), "an absent id column is no matter"
    assert texts_of(given) == list(TEXTS)
    with pytest.raises(DataError, match="no column 'note'"):
        read_examples(write(tmp_path / "other.csv", column="report"), readings)


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
        ("texts.json", "[3]", ["no list of texts"]),
    ],
)
def test_unusable_files_are_refused(
    tmp_path: Path, name: str, content: str, words: list[str]
) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    for word in [name, *words]:
        assert word in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("words.jsonl", '{"tokens": ["a", "b."]}\n{"tokens": "c  d"}\n'),
        ("words.json", '[["a", "b."], ["c", "d"]]'),
        ("words.csv", "tokens\na b.\nc d\n"),
        ("words.txt", "a b.\nc d\n"),
        ("words.conll", "a\tO\nb.\tO\n\n-DOCSTART-\n\n\nc\nd\n"),
    ],
)
def test_words_come_as_lists_and_with_blanks(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    given = read_examples(tmp_path / name, study_readings(tagged()))
    found = [(example.id, example.tokens) for example in given.examples["ner"]]
    assert found == [("1", ("a", "b.")), ("2", ("c", "d"))]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"tokens": ["a"]}\n{"tokens": []}\n', ["list of words is empty", "line 2"]),
        ('{"tokens": ["a"]}\n{"tokens": " "}\n', ["list of words is empty", "line 2"]),
        ('{"tokens": ["a"]}\n{"words": ["a"]}\n', ["list of words is empty", "line 2"]),
        ('{"tokens": ["a", 1]}\n', ["no list of words", "'tokens'"]),
        ('{"tokens": 1}\n', ["no list of words", "1"]),
        ('{"token": ["a"]}\n', ["no column 'tokens'", "did you mean 'token'", "--tokens"]),
    ],
)
def test_unusable_words_are_refused(tmp_path: Path, content: str, words: list[str]) -> None:
    (tmp_path / "words.jsonl").write_text(content)
    with pytest.raises(DataError) as caught:
        read_examples(tmp_path / "words.jsonl", study_readings(tagged()))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("one,two\na,b\n,c\n", ["The text is empty", "line 3", "'one'"]),
        ("one,two\na,b\nc,\n", ["second text is empty", "line 3", "'two'"]),
        ("one,tow\na,b\n", ["no column 'two'", "did you mean 'tow'", "--text-b"]),
        ("on,two\na,b\n", ["no column 'one'", "did you mean 'on'", "--text "]),
    ],
)
def test_half_a_pair_is_refused(tmp_path: Path, content: str, words: list[str]) -> None:
    (tmp_path / "pairs.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        read_examples(tmp_path / "pairs.csv", study_readings(study_of({"p": PAIRS})))
    for word in words:
        assert word in str(caught.value)


def test_each_corpus_of_a_study_finds_its_own(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("id,report,one,two\nx,r,a,b\n")
    given = read_examples(path, study_readings(several()))
    assert given.examples == {
        "p": (Example("x", "a", "b"),),
        "reports": (Example("x", "r"),),
    }
    assert given.missing == {"ner": "it takes lists of words, and there is no column 'tokens'"}
    with pytest.raises(DataError, match="no column 'tokens'"):
        read_examples(path, study_readings(several()), every=True)


def test_a_file_that_gives_no_corpus_what_it_takes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as caught:
        read_examples(tmp_path / "other.csv", study_readings(several()))
    for word in ("pairs of texts for 'p' (columns one, two)", "'ner' (column tokens)", "a, b"):
        assert word in str(caught.value)


def study_of(data: dict, kinds: dict[str, str] | None = None) -> StudyRecord:
    """Return a study of one task, called as its corpus, for every entry of `data`."""
    kinds = kinds or {}
    return StudyRecord(
        name="study",
        config={"data": data},
        status="finished",
        started="",
        updated="",
        tasks=[TaskRecord(name=name, kind=kinds.get(name, "binary"), corpus=name) for name in data],
        corpora=[],
    )


def tagged() -> StudyRecord:
    return study_of({"ner": CONLL}, {"ner": "tagging"})


def several() -> StudyRecord:
    return study_of({"p": PAIRS, "ner": CONLL, "reports": REPORTS}, {"ner": "tagging"})
