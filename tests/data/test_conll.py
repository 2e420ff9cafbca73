"""CoNLL files by configuration: every layout, every part, and every way to be wrong."""

import pytest
from pydantic import ValidationError

from mtlv.data.conll import ConllSource, read_conll
from mtlv.errors import DataError

TWO = "Aspirin\tB-Drug\nhelps\tO\n\nIt\tO\ndoes\tO\n"
BLUE = (
    "Aspirin\t227508\t0\tB\nhelps\t-\t8\tO\n\n"
    'It\t227508\t15\tO\n""""\t-\t18\tO\nis\t-\t20\tO\n\n'
    "Iron\t300\t0\tB\nsulfate\t-\t5\tI\n"
)


def write(folder, **files):
    for name, content in files.items():
        (folder / f"{name}.tsv").write_text(content, encoding="utf-8")
    return folder


def read(path, **settings):
    return read_conll("drugs", ConllSource.model_validate({"path": str(path), **settings}), path)


def tags(corpus):
    [target] = corpus.targets
    rows = corpus.table[f"target:{target.name}"].to_pylist()
    return [" ".join(target.labels[tag] for tag in row) for row in rows]


def refused(path, **settings):
    with pytest.raises(DataError) as caught:
        read(path, **settings)
    return caught.value


def test_two_columns_of_one_file(tmp_path):
    corpus = read(write(tmp_path, words=TWO) / "words.tsv")
    [target] = corpus.targets
    assert (target.name, target.kind) == ("drugs", "tagging")
    assert target.labels == ("O", "B-Drug", "I-Drug")
    assert corpus.token_lists() == [["Aspirin", "helps"], ["It", "does"]]
    assert tags(corpus) == ["B-Drug O", "O O"]
    assert list(corpus.ids) == ["words-1", "words-2"]
    assert corpus.parts is None
    assert corpus.notes == ("sentences: 2", "mentions: 1")


@pytest.mark.parametrize("dev", ["dev", "devel", "development", "validation", "Development"])
def test_parts_from_the_names_of_files(tmp_path, dev):
    write(tmp_path, train=TWO, test=TWO, **{dev: TWO})
    (tmp_path / "README.md").write_text("no data")
    corpus = read(tmp_path)
    assert list(corpus.parts) == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    assert "validation mentions: 1" in corpus.notes


def test_parts_named_by_the_config(tmp_path):
    write(tmp_path, a=TWO, b=TWO)
    source = ConllSource.model_validate({"path": {"test": "b.tsv", "Training": "a.tsv"}})
    assert list(read_conll("x", source, tmp_path).parts) == ["train", "train", "test", "test"]


def test_four_columns_of_blue(tmp_path):
    corpus = read(write(tmp_path, train=BLUE), bare="Drug")
    assert list(corpus.ids) == ["227508_s1", "227508_s2", "300_s1"]
    assert corpus.token_lists() == [["Aspirin", "helps"], ["It", '"', "is"], ["Iron", "sulfate"]]
    assert tags(corpus) == ["B-Drug O", "O O O", "B-Drug I-Drug"]


@pytest.mark.parametrize(
    "columns", [["token", "pos", "chunk", "tag"], {"token": 0, "tag": -1}, {"token": 0, "tag": 3}]
)
def test_columns_of_conll_2003(tmp_path, columns):
    text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP I-ORG\nrejects VBZ B-VP O\n\nHe X Y O\n"
    text += "-DOCSTART- -X- -X- O\n\nUN  NNP \t B-NP I-ORG\n"
    corpus = read(write(tmp_path, train=text), columns=columns, separator=" ")
    assert list(corpus.ids) == ["train.d1_s1", "train.d1_s2", "train.d2_s1"]
    assert tags(corpus) == ["B-ORG O", "O", "B-ORG"]
    assert "tags were read as IOB1 and are IOB2 here" in corpus.notes


def test_document_column_of_another_layout(tmp_path):
    text = "d1 a B-X\n- b O\n\nd1 c O\n\nd2 d O\n"
    corpus = read(write(tmp_path, train=text), columns=["document", "token", "tag"])
    assert list(corpus.ids) == ["d1_s1", "d1_s2", "d2_s1"]


def test_words_with_quotes_and_odd_signs(tmp_path):
    words = ['"', '""""', '"a"', '"5"""', '"""', "\u2028x", "#", "a b"]
    text = "".join(f"{word}\tO\n" for word in words) + "\nx\tB-X\n"
    assert read(write(tmp_path, train=text)).token_lists()[0] == [
        *('"', '"', '"a"', '5"', '"""', "\u2028x", "#", "a b"),
    ]


def test_windows_line_ends_and_blank_lines(tmp_path):
    text = "\n\n" + TWO.replace("\n\n", "\n \t\n\n") + "\n\n"
    (tmp_path / "train.tsv").write_bytes(text.replace("\n", "\r\n").encode())
    assert read(tmp_path).token_lists() == [["Aspirin", "helps"], ["It", "does"]]


def test_given_labels_fix_the_order(tmp_path):
    write(tmp_path, train=TWO)
    for labels in (["Gene", "Drug"], ["O", "B-Gene", "I-Gene", "B-Drug", "I-Drug"]):
        corpus = read(tmp_path, labels=labels)
        assert corpus.targets[0].labels == ("O", "B-Gene", "I-Gene", "B-Drug", "I-Drug")
        assert tags(corpus) == ["B-Drug O", "O O"]


def test_long_sentences_are_cut(tmp_path):
    text = "".join(
        f"w{n}\t{'I-X' if n in (4, 5) else 'B-X' if n == 3 else 'O'}\n" for n in range(8)
    )
    write(tmp_path, train=text + "\nend\tO\n")
    corpus = read(tmp_path, max_words=4)
    assert list(corpus.ids) == ["train-1#part1", "train-1#part2", "train-1#part3", "train-2"]
    assert [len(row) for row in corpus.token_lists()] == [3, 4, 1, 1]
    assert "1 sentences of more than 4 words were cut at O tags; there are 4 examples" in (
        corpus.notes
    )
    assert len(read(tmp_path, max_words=None)) == 2


def test_counts_by_type(tmp_path):
    corpus = read(write(tmp_path, train="a\tB-X\nb\tB-Y\nc\tB-Y\n\nd\tO\n"))
    assert corpus.notes == (
        *("train sentences: 2", "train mentions: 3"),
        *("train mentions of X: 1", "train mentions of Y: 2"),
    )


class TestInvalid:
    TEXT = "a\tB-X\nb\tO\nc\tI-X\n\nd\tI-X\n"

    def test_is_repaired_and_counted(self, tmp_path):
        corpus = read(write(tmp_path, train=self.TEXT))
        assert tags(corpus) == ["B-X O B-X", "B-X"]
        assert "2 tags continued nothing (I- without B-) and became B-" in corpus.notes

    def test_is_refused(self, tmp_path):
        error = refused(write(tmp_path, train=self.TEXT), invalid="refuse")
        assert error.where == f"{tmp_path / 'train.tsv'}, line 3"
        assert error.found == "I-X after O"

    def test_is_valid_in_iob1(self, tmp_path):
        corpus = read(write(tmp_path, train=self.TEXT), scheme="iob1", invalid="refuse")
        assert tags(corpus) == ["B-X O B-X", "B-X"]


@pytest.mark.parametrize(
    ("text", "settings", "what", "line"),
    [
        ("a\tO\nb\n", {}, "too few columns", 2),
        ("a\tO\n\nb\tO\tX\n", {}, "too many columns", 3),
        ("a\nb\n", {}, "too few columns", 1),
        ("a O\n", {"columns": ["token", "pos", "tag"]}, "too few columns", 1),
        ("a O\n", {"columns": {"token": 0, "tag": 2}}, "too few columns", 1),
        ("a\tO\n\tO\n", {}, "a tag and no word", 2),
        ("a\tO\nb\tdrug\n", {}, "no tag", 2),
        ("a\tO\nb\tB-Dose\n", {"labels": ["Drug"]}, "not in the set of tags", 2),
        ("a\tB-X\nb\tE-X\n", {"scheme": "bio"}, "not in the set of tags of IOB2", 2),
        ("\n\n", {}, "holds no sentence", None),
        ("-DOCSTART-\tO\n", {}, "holds no sentence", None),
    ],
)
def test_what_is_wrong_names_file_and_line(tmp_path, text, settings, what, line):
    error = refused(write(tmp_path, train=text), **settings)
    assert what in error.what
    assert error.where == str(tmp_path / "train.tsv") + (f", line {line}" if line else "")


def test_other_encodings_are_an_error(tmp_path):
    (tmp_path / "train.tsv").write_bytes("é\tO\n\nb\tO\n".encode("latin-1"))
    assert "line 1" in str(refused(tmp_path))
    assert read(tmp_path, encoding="latin-1", labels=["X"]).token_lists([0]) == [["é"]]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"columns": ["token", "pos"]}, "'token' and 'tag'"),
        ({"columns": {"token": 0}}, "'token' and 'tag'"),
        ({"labels": ["O", "drug"]}, "beside 'O', 'drug' is no tag"),
        ({"path": {"training": "a", "tset": "b"}}, "did you mean 'test'"),
        ({"path": {"dev": "a", "devel": "b"}}, "'validation' has two files"),
        ({"max_words": 0}, "greater than or equal"),
        ({"invalid": "ignore"}, "'repair' or 'refuse'"),
    ],
)
def test_settings_that_are_not_valid(settings, what):
    with pytest.raises(ValidationError, match=what):
        ConllSource.model_validate({"path": "x", **settings})
