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
    assert list(corpus.ids) == ["0.a", "1.b", "2.a", "3.b"]
    assert list(corpus.parts) == ["train", "train", "validation", "validation"]
    assert corpus.values("acts").tolist() == [1, 0, 1, 0]
    assert corpus.notes[:2] == ("train pairs: 2", "train positives: 1")
    assert noted_tokens(corpus.notes) == ("@DRUG$", "@GENE$")


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
        (ROWS.replace("8.b", "7.a"), {}, "'7.a' stands twice", ", line 3"),
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
