"""Equal rows in every format give equal corpora; every mistake gives an error that says where."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from mtlv.data.corpus import Corpus
from mtlv.data.sources import READERS, FileSource, read_source
from mtlv.errors import DataError

ROWS = [
    {"key": "r1", "text": "severe cough,\nno fever", "cough": 1, "fever": 0, "part": "train"},
    {"key": "r2", "text": 'says "fine"', "cough": 0, "fever": None, "part": "dev"},
    {"key": "r3", "text": "föhn and fever", "cough": 0, "fever": 1, "part": "test"},
    {"key": "r4", "text": "cough; fever", "cough": 1, "fever": 1, "part": "train"},
]
FORMATS = [*READERS, "huggingface"]


def write_delimited(path: Path, rows: list[dict], delimiter: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write(folder: Path, form: str, rows: list[dict]) -> Path:
    """Write rows in a format, and return where."""
    path = folder / f"data.{form}"
    if form in ("csv", "tsv"):
        return write_delimited(path, rows, "," if form == "csv" else "\t")
    if form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        import datasets

        datasets.Dataset.from_list(rows).save_to_disk(str(path))
    return path


def source(path: Path | str | dict = "data.csv", **fields) -> FileSource:
    given = path if isinstance(path, dict) else str(path)
    return FileSource(**{"path": given, "text": "text", "labels": ("cough", "fever")} | fields)


def read(folder: Path, content: str | None = None, **fields) -> Corpus:
    """Read `data.csv` of a folder, after writing it where its content is given."""
    if content is not None:
        (folder / "data.csv").write_text(content, encoding="utf-8")
    return read_source("toy", source(**fields), folder)


def refused(folder: Path, content: str | None = None, **fields) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, content, **fields)
    return caught.value


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Corpus:
    path = write(tmp_path_factory.mktemp("expected"), "jsonl", ROWS)
    return read_source("toy", source(path, id="key", part="part"), path.parent)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_corpus(form, tmp_path, expected):
    path = write(tmp_path, form, ROWS)
    given = None if form != "huggingface" else "huggingface"
    corpus = read_source("toy", source(path, format=given, id="key", part="part"), tmp_path)
    assert corpus.fingerprint == expected.fingerprint
    assert corpus.texts() == [row["text"] for row in ROWS]
    assert corpus.parts.tolist() == ["train", "validation", "test", "train"]
    assert corpus.values("fever").tolist()[2:] == [1, 1]
    assert corpus.target_names == ("cough", "fever")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_names_the_nearest_column(form, tmp_path):
    path = write(tmp_path, form, ROWS)
    with pytest.raises(DataError) as caught:
        read_source("toy", source(path, format=form, text="txt"), tmp_path)
    assert caught.value.what == "There is no column 'txt'."
    assert caught.value.where == str(path)
    assert "did you mean 'text'?" in caught.value.hint


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_refuses_other_values_and_says_where(form, tmp_path):
    rows = [*ROWS[:2], ROWS[2] | {"fever": 3}]
    path = write(tmp_path, form, rows)
    with pytest.raises(DataError) as caught:
        read_source("toy", source(path, format=form), tmp_path)
    # The first text of a CSV file holds a line break, so its third row starts in line 5.
    place = {"csv": "line 5", "tsv": "line 5", "jsonl": "line 3"}.get(form, "row 3")
    assert caught.value.where == f"{path}, {place}, column 'fever'"
    assert caught.value.found in ("3", "'3'")
    assert caught.value.expected.startswith("0, 1, or empty")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_finds_labels_in_a_list(form, tmp_path):
    rows = [{"text": f"t{i}", "tags": tags} for i, tags in enumerate(["b; a", "a", "", "c;a;a"])]
    path = write(tmp_path, form, rows)
    corpus = read_source(
        "toy", source(path, format=form, labels={"column": "tags", "min_count": 1}), tmp_path
    )
    assert corpus.target_names == ("a", "b", "c")
    assert corpus.matrix().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("form", ["jsonl", "parquet", "huggingface"])
def test_labels_may_be_real_lists_and_real_booleans(form, tmp_path):
    rows = [
        {"text": "x", "tags": ["a", "b"], "ok": True},
        {"text": "y", "tags": [], "ok": False},
        {"text": "z", "tags": None, "ok": None},
    ]
    path = write(tmp_path, form, rows)
    tags = read_source("t", source(path, format=form, labels={"column": "tags"}), tmp_path)
    assert tags.matrix().tolist() == [[1, 1], [0, 0], [0, 0]]
    ok = read_source("t", source(path, format=form, labels=["ok"]), tmp_path)
    assert str(ok.values("ok").tolist()) == "[1.0, 0.0, nan]"


def test_ids_count_rows_and_stay_when_rows_are_dropped(tmp_path):
    corpus = read(tmp_path, "text,cough,fever\nx,1,0\n ,1,1\ny,0.0,1.0\n", empty="drop")
    assert corpus.ids.tolist() == ["1", "3"]
    assert corpus.notes == ("1 of 3 rows have no text and were dropped",)


def test_several_text_columns_are_joined_and_empty_ones_skipped(tmp_path):
    text = "a,b,cough\nfindings,impression,1\n,only impression,0\n"
    corpus = read(tmp_path, text, text=["a", "b"], labels=["cough"])
    assert corpus.texts() == ["findings\n\nimpression", "only impression"]


def test_pairs_need_both_texts(tmp_path):
    text = "text,other,cough\nx,y,1\nu,,0\nv,w,0\n"
    assert (
        refused(tmp_path, text, text_b="other", labels=["cough"]).what
        == "The second text is empty."
    )
    corpus = read(tmp_path, text_b="other", labels=["cough"], empty="drop")
    assert corpus.pairs() == ["y", "w"]


def test_labels_can_be_renamed(tmp_path):
    corpus = read(tmp_path, "text,c1\nx,1\ny,0\n", labels={"severe cough": "c1"})
    assert corpus.target_names == ("severe cough",)


TAGGED = "text,tags\nw,a|b\nx,a|c\ny,c|\nz,b|a\n"


def test_found_labels_can_be_limited(tmp_path):
    corpus = read(
        tmp_path, TAGGED + "v,d\n", labels={"column": "tags", "separator": "|", "min_count": 2}
    )
    assert corpus.target_names == ("a", "b", "c")
    assert corpus.notes == ("1 of 4 labels are left out: fewer than 2 examples have them",)


def test_found_labels_come_by_frequency_then_name(tmp_path):
    content = "text,tags\nx,c;b\ny,c;b;a\nz,c;d\n"
    assert read(tmp_path, content + "v,\n", labels={"column": "tags"}).target_names == tuple("cbad")


def test_labels_can_be_chosen_in_an_order(tmp_path):
    labels = {"column": "tags", "separator": "|", "names": ["c", "a"]}
    corpus = read(tmp_path, TAGGED, labels=labels)
    assert corpus.target_names == ("c", "a")
    assert corpus.notes == ("1 of 3 labels are left out: they are not in `names`",)


def test_labels_of_dropped_rows_do_not_count(tmp_path):
    text = "text,tags\nx,a\n,b\ny,\n"
    corpus = read(tmp_path, text, labels={"column": "tags"}, empty="drop")
    assert corpus.target_names == ("a",)


def test_descriptions_inline_and_unused_ones_are_noted(tmp_path):
    text = "text,cough,fever\nx,1,0\ny,0,1\n"
    corpus = read(tmp_path, text, descriptions={"cough": "sudden expulsion of air", "fevr": "?"})
    assert corpus.target("cough").description == "sudden expulsion of air"
    assert corpus.target("fever").description is None
    assert corpus.notes == ("descriptions of no label that is used: fevr",)


def test_descriptions_of_no_label_at_all_are_refused(tmp_path):
    error = refused(tmp_path, "text,cough,fever\nx,1,0\ny,0,1\n", descriptions={"fevr": "?"})
    assert "None of the descriptions" in error.what
    assert "did you mean 'fever'?" in error.hint


def test_descriptions_from_a_file(tmp_path):
    (tmp_path / "words.yaml").write_text("cough: air\nfever: heat\n")
    corpus = read(tmp_path, "text,cough,fever\nx,1,0\ny,0,1\n", descriptions="words.yaml")
    assert [target.description for target in corpus.targets] == ["air", "heat"]


@pytest.mark.parametrize("name", ["train", "dev", "devel", "val", "Validation", "TEST"])
def test_names_of_parts(tmp_path, name):
    text = f"text,cough,p\nx,1,train\ny,0,{name}\n"
    part = read(tmp_path, text, labels=["cough"], part="p").parts[1]
    assert part == {"train": "train", "TEST": "test"}.get(name, "validation")


def test_an_unknown_part_is_refused(tmp_path):
    error = refused(tmp_path, "text,cough,p\nx,1,train\ny,0,hold\n", labels=["cough"], part="p")
    assert error.where == f"{tmp_path / 'data.csv'}, line 3, column 'p'"
    assert error.found == "'hold'"
    assert error.expected.startswith("train, validation")


def test_paths_are_tried_from_the_config_then_from_here(tmp_path, monkeypatch):
    here, config = tmp_path / "here", tmp_path / "config"
    here.mkdir()
    config.mkdir()
    monkeypatch.chdir(here)
    (here / "data.csv").write_text("text,cough\nhere,1\ny,0\n")
    assert read(config, labels=["cough"]).texts()[0] == "here"
    (config / "data.csv").write_text("text,cough\nconfig,1\ny,0\n")
    assert read(config, labels=["cough"]).texts()[0] == "config"
    monkeypatch.setenv("SOME_FOLDER", str(here))
    assert read(config, labels=["cough"], path="$SOME_FOLDER/data.csv").texts()[0] == "here"


def test_a_missing_file_names_both_folders_and_the_nearest_name(tmp_path):
    error = refused(tmp_path, "text,cough\nx,1\ny,0\n", path="daat.csv")
    assert error.what == "There is no file 'daat.csv'."
    assert str(tmp_path) in error.expected
    assert str(Path.cwd()) in error.expected
    assert error.hint == "did you mean 'data.csv'?"
    assert refused(tmp_path, path="elsewhere/x.csv").hint == "correct `path`"


def test_a_folder_in_place_of_a_file(tmp_path):
    error = refused(tmp_path, path=".", format="csv")
    assert error.found == "a folder"


def test_an_unknown_suffix_asks_for_the_format(tmp_path):
    (tmp_path / "data.txt").write_text("text,cough\nx,1\ny,0\n")
    error = refused(tmp_path, path="data.txt", labels=["cough"])
    assert error.found == ".txt"
    assert "set `format`" in error.hint
    assert len(read(tmp_path, path="data.txt", format="csv", labels=["cough"])) == 2


@pytest.mark.parametrize("cell", ["2", "yes", "NA", "0.5", "-1", "true"])
def test_cells_that_are_no_label(tmp_path, cell):
    error = refused(tmp_path, f"text,cough,fever\nx,1,{cell}\ny,0,1\n")
    assert error.what == "The label column 'fever' holds a value that is neither 0 nor 1."
    assert error.where == f"{tmp_path / 'data.csv'}, line 2, column 'fever'"
    assert error.found == repr(cell)
    assert error.expected == "0, 1, or empty where the label is not known"
    assert "labels: {column: fever" in error.hint


def test_an_empty_text_names_its_line(tmp_path):
    error = refused(tmp_path, "text,cough,fever\nx,1,0\n  ,0,1\n")
    assert error.what == "The text is empty."
    assert error.where == f"{tmp_path / 'data.csv'}, line 3"
    assert "empty: drop" in error.hint


def test_a_text_that_is_no_text(tmp_path):
    path = write(tmp_path, "jsonl", [{"text": 5, "cough": 1}])
    error = refused(tmp_path, path=path.name, labels=["cough"])
    assert error.where == f"{path}, line 1, column 'text'"
    assert (error.found, error.expected) == ("5", "text")


def test_ids_must_be_there_and_differ(tmp_path):
    text = "i,text,cough\n7,x,1\n{},y,0\n"
    twice = refused(tmp_path, text.format("7"), labels=["cough"], id="i")
    path = tmp_path / "data.csv"
    assert twice.what == "The id '7' stands twice."
    assert twice.where == f"{path}, line 3; first at {path}, line 2"
    empty = refused(tmp_path, text.format(""), labels=["cough"], id="i")
    assert empty.what == "An example has no id."
    assert empty.where == f"{path}, line 3, column 'i'"


def test_a_label_cannot_be_named_twice(tmp_path):
    text = "text,cough,tags\nx,1,a\ny,0,b\n"
    error = refused(tmp_path, text, labels=["cough", "cough"])
    assert error.what == "The label 'cough' is named twice."
    error = refused(tmp_path, text, labels={"column": "tags", "names": ["a", "a"]})
    assert error.what == "The label 'a' is named twice."


def test_a_column_cannot_stand_twice(tmp_path):
    error = refused(tmp_path, "text,cough,cough,z,z\nx,1,0,,\ny,0,1,,\n", labels=["cough"])
    assert error.what == "The column 'cough' stands 2 times."
    assert "rename" in error.hint


def test_a_name_that_no_row_has(tmp_path):
    error = refused(
        tmp_path, "text,tags\nx,cough\ny,fever\n", labels={"column": "tags", "names": ["coughs"]}
    )
    assert error.what == "No row has the label 'coughs'."
    assert "did you mean 'cough'?" in error.hint


def test_labels_that_are_too_rare_or_absent(tmp_path):
    text = "text,tags,none\nx,a;b,\ny,a,\nz,,\n"
    error = refused(tmp_path, text, labels={"column": "tags", "min_count": 3})
    assert error.found == "'a' in 2 examples, all others in fewer"
    assert error.expected == "at least 3 (`min_count`)"
    assert refused(tmp_path, text, labels={"column": "none"}).what == "No row has a label."


def test_a_list_of_labels_must_hold_names(tmp_path):
    path = write(tmp_path, "jsonl", [{"text": "x", "tags": [0.5]}])
    error = refused(tmp_path, path=path.name, labels={"column": "tags"})
    assert error.where == f"{path}, line 1, column 'tags'"
    assert (error.found, error.expected) == (
        "[0.5]",
        "names separated by ';', or a list of names",
    )


def test_a_file_without_rows(tmp_path):
    error = refused(tmp_path, "text,cough\n", labels=["cough"])
    assert error.what == "The file holds no example."
    assert error.found == "column names and no row"
    error = refused(tmp_path, "text,cough\n ,1\n", labels=["cough"], empty="drop")
    assert error.found == "1 rows, none with text"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"encoding": "utf8x"}, "no encoding of that name"),
        ({"split": "train"}, "Hugging Face datasets only"),
        ({"labels": []}, "at least 1"),
        ({"labels": {}}, "at least 1"),
        ({"labels": {"column": "tags", "seperator": ","}}, "seperator"),
        ({"text": []}, "at least 1"),
        ({"delimiter": ";;"}, "at most 1"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_be(fields, message):
    with pytest.raises(ValidationError, match=message):
        source(**fields)


def test_settings_survive_a_round_trip():
    for labels in (["a"], {"a": "b"}, {"column": "tags", "names": ["x"]}):
        given = source(labels=labels)
        assert FileSource.model_validate_json(given.model_dump_json()) == given


PAIRS = "s1\ts2\tscore\tgold\na\tb\t1.5\tyes\nc\td\t\tno\ne\tf\t4\t\n"
TASKS = {
    "similarity": {"column": "score", "kind": "regression", "range": [0, 5]},
    "relation": {"column": "gold", "kind": "multiclass"},
}


def pairs(folder: Path, content: str = PAIRS, **fields) -> Corpus:
    (folder / "pairs.tsv").write_text(content, encoding="utf-8")
    given = {"path": "pairs.tsv", "text": "s1", "text_b": "s2", "tasks": TASKS} | fields
    return read_source("toy", FileSource(**given), folder)


def test_pairs_with_tasks_of_several_kinds(tmp_path):
    corpus = pairs(tmp_path, descriptions={"relation": "what the first says of the second"})
    similarity, relation = corpus.targets
    assert (similarity.kind, similarity.range) == ("regression", (0, 5))
    assert (relation.kind, relation.labels) == ("multiclass", ("no", "yes"))
    assert relation.description == "what the first says of the second"
    assert corpus.pairs() == ["b", "d", "f"]
    assert str(corpus.matrix().tolist()) == "[[1.5, 1.0], [nan, 0.0], [4.0, nan]]"
    assert corpus.notes == ("gold: classes found: no, yes",)


def test_tasks_stand_beside_labels(tmp_path):
    content = "s1\ts2\tscore\tgold\ttags\na\tb\t1\tyes\tx\nc\td\t2\tno\ty\n"
    corpus = pairs(tmp_path, content, labels={"column": "tags"})
    assert corpus.target_names == ("x", "y", "similarity", "relation")
    assert corpus.matrix().tolist() == [[1, 0, 1, 1], [0, 1, 2, 0]]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_finds_classes(form, tmp_path):
    rows = [{"text": f"t{i}", "gold": gold} for i, gold in enumerate(["b", "a", None, "c", "a"])]
    path = write(tmp_path, form, rows)
    task = {"t": {"column": "gold", "kind": "multiclass", "negative": "a"}}
    corpus = read_source("toy", source(path, format=form, labels=None, tasks=task), tmp_path)
    assert corpus.target("t").labels == ("a", "b", "c")
    assert str(corpus.values("t").tolist()) == "[1.0, 0.0, nan, 2.0, 0.0]"


def test_classes_of_a_hugging_face_dataset(tmp_path):
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "gold": datasets.ClassLabel(names=["no", "yes"])}
    )
    own = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "gold": [1, 0, -1]}, features)
    own.save_to_disk(str(tmp_path / "own"))
    task = {"t": {"column": "gold", "kind": "multiclass"}}
    corpus = read_source("toy", source("own", labels=None, tasks=task), tmp_path)
    assert corpus.target("t").labels == ("no", "yes")
    assert str(corpus.values("t").tolist()) == "[1.0, 0.0, nan]"


@pytest.mark.parametrize(
    ("row", "what", "column"),
    [
        ("x\ty\t6\tyes", "The column 'score' holds a number out of its range.", "score"),
        ("x\ty\tlow\tyes", "The column 'score' holds something that is no number.", "score"),
    ],
)
def test_wrong_scores_name_their_line(row, what, column, tmp_path):
    with pytest.raises(DataError) as caught:
        pairs(tmp_path, PAIRS + row + "\n")
    assert caught.value.what == what
    assert caught.value.where == f"{tmp_path / 'pairs.tsv'}, line 5, column '{column}'"


def test_a_class_that_is_none_of_those_given(tmp_path):
    tasks = {"relation": TASKS["relation"] | {"labels": ["yes", "maybe"]}}
    with pytest.raises(DataError, match="not known") as caught:
        pairs(tmp_path, tasks=tasks)
    assert caught.value.where == f"{tmp_path / 'pairs.tsv'}, line 3, column 'gold'"
    assert caught.value.expected == "one of yes, maybe"


def test_a_pair_with_one_side_is_refused_or_dropped(tmp_path):
    content = PAIRS + "x\t\t1\tperhaps\n"
    with pytest.raises(DataError, match="second text is empty") as caught:
        pairs(tmp_path, content)
    assert caught.value.where == f"{tmp_path / 'pairs.tsv'}, line 5"
    corpus = pairs(tmp_path, content, empty="drop")
    assert corpus.target("relation").labels == ("no", "yes")


def test_the_column_of_a_task_must_be_there(tmp_path):
    tasks = {"t": {"column": "scores", "kind": "regression"}}
    with pytest.raises(DataError, match="no column 'scores'") as caught:
        pairs(tmp_path, tasks=tasks)
    assert "did you mean 'score'" in caught.value.hint


PARTS = {"train": "a.tsv", "dev": "b.tsv", "test": "c.tsv"}


def in_parts(folder: Path, last: str = "text\tcough\nw\t1\n", **fields) -> Corpus:
    (folder / "a.tsv").write_text("i\tcough\ttext\n0\t1\tx\n1\t0\ty\n", encoding="utf-8")
    (folder / "b.tsv").write_text("i\ttext\tcough\tmore\n0\tz\t0\t?\n", encoding="utf-8")
    (folder / "c.tsv").write_text(last, encoding="utf-8")
    return read(folder, **({"path": PARTS, "labels": ["cough"]} | fields))


def test_a_file_for_each_part(tmp_path):
    corpus = in_parts(tmp_path)
    assert corpus.ids.tolist() == ["train-1", "train-2", "validation-1", "test-1"]
    assert corpus.parts.tolist() == ["train", "train", "validation", "test"]
    assert corpus.texts() == ["x", "y", "z", "w"]
    assert corpus.values("cough").tolist() == [1, 0, 0, 1]


def test_ids_may_start_again_in_every_part(tmp_path):
    corpus = in_parts(tmp_path, "i\ttext\tcough\n0\tw\t1\n", id="i")
    assert corpus.ids.tolist() == ["train-0", "train-1", "validation-0", "test-0"]


def test_classes_are_found_in_all_parts(tmp_path):
    tasks = {"t": {"column": "cough", "kind": "multiclass"}}
    corpus = in_parts(tmp_path, "text\tcough\nw\tmild\n", labels=None, tasks=tasks)
    assert corpus.target("t").labels == ("0", "1", "mild")


def test_a_missing_part_file_is_named(tmp_path):
    with pytest.raises(DataError) as caught:
        in_parts(tmp_path, path={"train": "a.tsv", "test": "d.tsv"})
    assert caught.value.what == "There is no file 'd.tsv'."
    assert caught.value.where == str(tmp_path / "d.tsv")


def test_a_part_without_rows_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no example") as caught:
        in_parts(tmp_path, "text\tcough\n")
    assert caught.value.where == str(tmp_path / "c.tsv")


def test_a_column_must_be_in_every_part(tmp_path):
    with pytest.raises(DataError, match="no column 'cough'") as caught:
        in_parts(tmp_path, "text\tcoughs\nw\t1\n")
    assert caught.value.where == str(tmp_path / "c.tsv")


def test_a_wrong_cell_names_the_file_of_its_part(tmp_path):
    with pytest.raises(DataError) as caught:
        in_parts(tmp_path, "text\tcough\nw\t7\n")
    assert caught.value.where == f"{tmp_path / 'c.tsv'}, line 2, column 'cough'"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": None}, "`labels`, `tasks`, or both"),
        ({"labels": None, "tasks": {}}, "at least 1"),
        ({"path": {}}, "at least 1"),
        ({"path": {"trian": "a.tsv"}}, "'trian' is no part; did you mean 'train'"),
        ({"path": {"dev": "a.tsv", "val": "b.tsv"}}, "the part 'validation' has two files"),
        ({"path": {"train": "a.tsv"}, "part": "p"}, "either a file for each part"),
        ({"path": {"train": "a"}, "format": "huggingface"}, "splits of its own"),
        ({"path": {"train": "a.tsv"}, "split": "x"}, "Hugging Face datasets only"),
    ],
)
def test_parts_and_tasks_that_cannot_be(fields, message):
    with pytest.raises(ValidationError, match=message):
        source(**fields)


def test_settings_of_tasks_and_parts_survive_a_round_trip():
    given = FileSource(path=PARTS, text="s1", text_b="s2", tasks=TASKS)
    assert FileSource.model_validate_json(given.model_dump_json()) == given
