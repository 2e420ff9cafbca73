"""ChemProt: the official files, those of BLUE and of SciBERT, and the real counts."""

import os
from pathlib import Path

import pytest
from official_files import blue_rows, chemprot_files, scibert_files, write_files

from mtlv.data.catalog import read_known
from mtlv.data.catalog.chemprot import GROUPS, PUBLISHED, RELATIONS
from mtlv.data.relations import noted_tokens
from mtlv.errors import DataError


def classes(corpus):
    [target] = corpus.targets
    return [target.labels[int(value)] for value in corpus.values(target.name)]


def test_scibert(tmp_path: Path) -> None:
    write_files(tmp_path / "chemprot", scibert_files())
    corpus = read_known("chemprot", {}, tmp_path)
    [target] = corpus.targets
    assert (target.labels, target.negative) == (RELATIONS, None)
    assert classes(corpus) == ["INHIBITOR", "SUBSTRATE"] * 3
    assert corpus.texts([0]) == ["<< EGFR >> inhibitors such as [[ gefitinib ]] (Iressa)."]
    assert list(corpus.ids[:3]) == ["train-1", "train-2", "validation-1"]
    assert "validation pairs: 2 (published 2,427)" in corpus.notes
    assert noted_tokens(corpus.notes) == ("<<", ">>", "[[", "]]")


def test_scibert_with_placeholders(tmp_path: Path) -> None:
    write_files(tmp_path / "chemprot", scibert_files())
    corpus = read_known("chemprot", {"arguments": "replace"}, tmp_path)
    assert corpus.texts([0, 1]) == [
        "@ARG1$ inhibitors such as @ARG2$ (Iressa).",
        "@ARG1-ARG2$ a[[b]c binds to >>3.",
    ]
    assert noted_tokens(corpus.notes) == ("@ARG1$", "@ARG1-ARG2$", "@ARG2$")


def official(folder: Path, **settings: str):
    write_files(folder, chemprot_files())
    # The same abstract in every part would be the same pairs.
    for part, number in (("development", "101"), ("test_gs", "102")):
        for path in (folder / f"chemprot_{part}").iterdir():
            path.write_text(path.read_text().replace("100\t", f"{number}\t"))
    return read_known("chemprot", {"path": str(folder), **settings})


def test_official_files(tmp_path: Path) -> None:
    corpus = official(tmp_path)
    [target] = corpus.targets
    assert (target.labels, target.negative) == (GROUPS, "false")
    assert list(corpus.ids[:3]) == ["100.T1.T3", "100.T2.T4", "100.T6.T5"]
    assert corpus.texts([0, 1, 2]) == [
        "@CHEMICAL$ inhibits @GENE$.",
        "@CHEMICAL$ did not act on @GENE$.",
        "An @CHEM-GENE$ did.",
    ]
    assert classes(corpus)[:3] == ["CPR:4", "false", "CPR:4"]
    assert corpus.parts is not None
    assert list(corpus.parts) == ["train"] * 3 + ["validation"] * 3 + ["test"] * 3
    assert "train pairs: 3 (published 19,460)" in corpus.notes
    assert "train positives: 2 (published 4,154)" in corpus.notes
    assert "3 gold relations cross sentences and were left out" in corpus.notes
    assert "3 pairs have a second group, which was left out" in corpus.notes
    assert noted_tokens(corpus.notes) == ("@CHEM-GENE$", "@CHEMICAL$", "@GENE$")


def test_official_files_with_marks(tmp_path: Path) -> None:
    corpus = official(tmp_path, arguments="mark")
    assert corpus.texts([0, 2]) == [
        "<e1> Aspirin </e1> inhibits <e2> COX-2 </e2>.",
        "An <e1> <e2> EGFR </e2>-inhibitor </e1> did.",
    ]


@pytest.mark.parametrize("wanted", ["official", "blue", "scibert"])
def test_a_form_that_is_pinned_is_read_and_no_other(tmp_path: Path, wanted: str) -> None:
    write_files(tmp_path / "chemprot", scibert_files())
    if wanted == "scibert":
        assert read_known("chemprot", {"form": wanted}, tmp_path).targets[0].labels == RELATIONS
        return
    with pytest.raises(DataError, match="another form") as told:
        read_known("chemprot", {"form": wanted}, tmp_path)
    assert (told.value.found, told.value.expected) == ("scibert", wanted)


def test_the_official_form_may_be_pinned(tmp_path: Path) -> None:
    assert official(tmp_path, form="official").targets[0].labels == GROUPS
    with pytest.raises(DataError, match="another form"):
        read_known("chemprot", {"path": str(tmp_path), "form": "blue"}, tmp_path)


@pytest.mark.parametrize("name", ["mtbert-biomedical", "mtbert-all"])
def test_configs_with_published_figures_pin_the_form_of_these(name: str) -> None:
    written = (Path(__file__).parents[3] / f"configs/{name}.yaml").read_text()
    assert "chemprot: {form: blue}" in written


def test_files_of_blue(tmp_path: Path) -> None:
    rows = {
        "train.tsv": blue_rows("CPR:3", "false"),
        "dev.tsv": blue_rows("false", start=10),
        "test.tsv": blue_rows("CPR:9", start=20),
    }
    write_files(tmp_path / "ChemProt", rows)
    corpus = read_known("chemprot", {}, tmp_path)
    assert classes(corpus) == ["CPR:3", "false", "false", "CPR:9"]
    assert corpus.texts([0]) == ["@GENE$ acts on @CHEMICAL$"]
    assert "validation positives: 0 (published 2,416)" in corpus.notes


def test_a_pair_with_two_groups_is_two_rows_of_blue(tmp_path: Path) -> None:
    rows = blue_rows("CPR:3", "false")
    twice = rows + "0.T1.T2\t@GENE$ acts on @CHEMICAL$\tCPR:9\n"
    write_files(tmp_path / "ChemProt", {"train.tsv": twice, "dev.tsv": rows, "test.tsv": twice})
    corpus = read_known("chemprot", {}, tmp_path)
    assert list(corpus.ids[:3]) == ["train-0.T1.T2", "train-1.T1.T2", "train-0.T1.T2#2"]
    assert corpus.ids[3] == "validation-0.T1.T2"
    assert corpus.groups is not None
    assert list(corpus.groups[:3]) == ["0", "1", "0"]
    assert classes(corpus)[:3] == ["CPR:3", "false", "CPR:9"]
    assert "train positives: 2 (published 4,154)" in corpus.notes
    assert any(note.startswith("2 rows repeat an index") for note in corpus.notes)


TRAIN = "chemprot_training/chemprot_training_"


@pytest.mark.parametrize(
    ("kind", "old", "new", "what", "line"),
    [
        ("entities", "\t0\t7\t", "\t0\t700\t", "beyond the text", 1),
        ("entities", "\t0\t7\t", "\t1\t8\t", "is not the mention", 1),
        ("entities", "\t0\t7\t", "\t-1\t7\t", "no numbers", 1),
        ("entities", "GENE-Y", "PROTEIN", "type of an entity", 3),
        ("entities", "100\tT2", "99\tT2", "'99' is annotated", 2),
        ("entities", "\tAspirin", "", "too few columns", 1),
        ("gold_standard", "CPR:9", "CPR:1", "group of a relation", 2),
        ("gold_standard", "Arg2:T4", "Arg2:T9", "not of a chemical and a gene", 4),
        ("gold_standard", "Arg2:T4", "Arg2:T2", "not of a chemical and a gene", 4),
    ],
)
def test_official_files_that_are_wrong(
    tmp_path: Path, kind: str, old: str, new: str, what: str, line: int
) -> None:
    files = chemprot_files()
    name = f"{TRAIN}{kind}.tsv"
    files[name] = files[name].replace(old, new, 1)
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=what) as caught:
        read_known("chemprot", {"path": str(tmp_path)})
    assert caught.value.where == f"{tmp_path / name}, line {line}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    files = chemprot_files()
    del files[f"{TRAIN}entities.tsv"]
    write_files(tmp_path, files)
    with pytest.raises(DataError, match="is missing") as caught:
        read_known("chemprot", {"path": str(tmp_path)})
    assert "_entities.tsv" in str(caught.value)
    assert "chemprot_training_abstracts.tsv" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"text": "no marks", "label": "INHIBITOR"}', "SciBERT's form"),
        ('{"text": "<< a >> [[ b ]]"}', "SciBERT's form"),
        ('{"text": "<< a >> [[ b ]]", "label": "EATS"}', "class of a relation"),
        ("{", "not valid JSON"),
    ],
)
def test_lines_that_are_wrong(tmp_path: Path, line: str, what: str) -> None:
    files = scibert_files()
    files["dev.txt"] += line + "\n"
    write_files(tmp_path / "chemprot", files)
    with pytest.raises(DataError, match=what) as caught:
        read_known("chemprot", {}, tmp_path)
    assert caught.value.where == f"{tmp_path / 'chemprot/dev.txt'}, line 3"


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
class TestRealFiles:
    def test_counts(self) -> None:
        corpus = read_known("chemprot")
        for name, count in PUBLISHED["scibert"].items():
            assert f"{name}: {count:,} (published {count:,})" in corpus.notes
        for count, kind in ((1642, "train INHIBITOR"), (812, "validation INHIBITOR")):
            assert f"{kind}: {count:,}" in corpus.notes
        assert "test AGONIST-INHIBITOR: 12" in corpus.notes

    def test_every_argument_becomes_a_placeholder(self) -> None:
        corpus = read_known("chemprot", {"arguments": "replace"})
        for text in corpus.texts():
            shown = [text.count(f"@{name}$") for name in ("ARG1", "ARG2", "ARG1-ARG2")]
            assert shown in ([1, 1, 0], [0, 0, 1])
