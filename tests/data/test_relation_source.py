"""Relation TSV by configuration alone."""

import pytest

from mtlv.data.relation_source import RelationSource, read_relations
from mtlv.data.relations import noted_tokens
from mtlv.errors import DataError

ROWS = "index\tsentence\tlabel\n7.a\t@GENE$ binds\tup\n8.b\t@GENE$ and @DRUG$\tfalse\n"


def read(folder, **settings):
    source = RelationSource.model_validate({"path": str(folder), **settings})
    return read_relations("acts", source, folder)


def refused(folder, **settings):
    with pytest.raises(DataError) as caught:
        read(folder, **settings)
    return caught.value


def test_form_of_blue(tmp_path):
    for name, start in (("train", 0), ("dev", 2)):
        rows = ROWS.replace("7.", f"{start}.").replace("8.", f"{start + 1}.")
        (tmp_path / f"{name}.tsv").write_text(rows)
    corpus = read(tmp_path)
    [target] = corpus.targets
    assert (target.kind, target.labels, target.negative) == ("multiclass", ("false", "up"), "false")
    assert list(corpus.ids) == ["train-0.a", "train-1.b", "validation-2.a", "validation-3.b"]
    assert list(corpus.parts) == ["train", "train", "validation", "validation"]
    assert corpus.values("acts").tolist() == [1, 0, 1, 0]
    assert corpus.notes[:2] == ("train pairs: 2", "train positives: 1")
    assert noted_tokens(corpus.notes) == ("@DRUG$", "@GENE$")


def test_an_index_may_count_anew_in_each_part_and_stand_twice(tmp_path):
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text(ROWS + "7.a\t@GENE$ binds\tdown\n")
    corpus = read(tmp_path)
    assert list(corpus.ids[:3]) == ["train-7.a", "train-8.b", "train-7.a#2"]
    assert list(corpus.ids[3:]) == ["validation-7.a", "validation-8.b", "validation-7.a#2"]
    assert corpus.values("acts").tolist() == [2, 1, 0] * 2
    [note] = [note for note in corpus.notes if "repeat" in note]
    assert note.startswith("2 rows repeat an index")
    assert corpus.groups is None


def test_one_file_without_a_part_keeps_its_indices(tmp_path):
    (tmp_path / "all.tsv").write_text(ROWS)
    corpus = read(tmp_path / "all.tsv")
    assert list(corpus.ids) == ["7.a", "8.b"]
    assert not any("repeat" in note for note in corpus.notes)


def test_other_columns_and_classes(tmp_path):
    (tmp_path / "a.csv").write_text('n,text,gold\n1,"@A$, @B$",no\n2,@A$ @B$,yes\n')
    corpus = read(
        tmp_path / "a.csv",
        columns={"index": None, "sentence": "text", "label": "gold"},
        labels=["yes", "no"],
        negative="no",
        task="t",
    )
    assert list(corpus.ids) == ["a-1", "a-2"]
    assert corpus.texts() == ["@A$, @B$", "@A$ @B$"]
    assert corpus.values("t").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "settings", "what", "where"),
    [
        (ROWS.replace("label", "class"), {}, "no column 'label'", ""),
        (ROWS.replace("\tup", "\t"), {}, "'label' is empty", ", line 2, column 'label'"),
        (ROWS.replace("\tup", ""), {}, "too few fields", ", line 2"),
        (ROWS.replace("@GENE$ binds", '"binds'), {}, "quoted field", ", line 2"),
        (ROWS, {"labels": ["down", "false"]}, "class of a relation", ", line 2"),
        (ROWS, {"negative": "none"}, "negative class", ""),
    ],
)
def test_what_is_wrong_names_file_and_line(tmp_path, text, settings, what, where):
    (tmp_path / "train.tsv").write_text(text)
    error = refused(tmp_path, **settings)
    assert what in str(error)
    if where:
        assert error.where.startswith(str(tmp_path / "train.tsv") + where)


def test_quotes_may_mean_nothing(tmp_path):
    (tmp_path / "train.tsv").write_text(ROWS.replace("@GENE$ binds", '"binds'))
    assert read(tmp_path, quotes=False).texts([0]) == ['"binds']
