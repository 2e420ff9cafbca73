import pytest

from mtlv.data.descriptions import read_descriptions
from mtlv.errors import DataError

EXPECTED = {"cough": "air, expelled", "fever": "heat"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.yaml", "cough: air, expelled\nfever: heat\n"),
        ("d.yml", "cough: air, expelled\nfever: heat\n"),
        ("d.json", '{"cough": "air, expelled", "fever": "heat"}'),
        ("d.csv", 'cough,"air, expelled"\nfever, heat\n'),
        ("d.tsv", "cough\tair, expelled\nfever\theat\n"),
    ],
)
def test_every_kind_of_file(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert read_descriptions(tmp_path / name) == EXPECTED


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("d.yaml", "a: [", "cannot be read"),
        ("d.json", "{", "cannot be read"),
        ("d.yaml", "- a\n", "holds no mapping"),
        ("d.yaml", "a: 5\n", "The description of 'a' is not a text."),
        ("d.csv", "a,b,c\n", "not a label and its description"),
        ("d.csv", "a,b\na,c\n", "'a' is described twice"),
        ("d.txt", "a", "this kind of file"),
    ],
)
def test_what_is_wrong_and_where(tmp_path, name, content, what):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as caught:
        read_descriptions(tmp_path / name)
    assert what in caught.value.what
    assert str(tmp_path / name) in caught.value.where


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no file with descriptions") as caught:
        read_descriptions(tmp_path / "d.yaml")
    assert "relative to the config" in caught.value.hint
