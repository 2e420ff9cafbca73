"""BC5CDR and NCBI disease: the three forms of the files, and the real counts."""

import os
from pathlib import Path

import pytest
from official_files import CHEMICAL, DISEASE, PUBTATOR, pubtator_files, three, write_files

from mtlv.data import Corpus
from mtlv.data.catalog import read_known
from mtlv.data.catalog.bc5cdr import CHEMICAL as CHEMICAL_SET
from mtlv.data.catalog.bc5cdr import DISEASE as DISEASE_SET
from mtlv.data.catalog.known import DATASETS
from mtlv.data.part_files import part_files
from mtlv.data.tags import part_runs
from mtlv.errors import DataError

FOLDERS = {
    "bc5cdr-chemical": "bc5cdr_ner/BC5CDR-chem-IOB",
    "bc5cdr-disease": "bc5cdr_ner/BC5CDR-disease-IOB",
    "ncbi-disease": "ncbi_disease_ner/NCBI-disease-IOB",
}


def tags(corpus: Corpus) -> list[str]:
    [target] = corpus.targets
    rows = corpus.table[f"target:{target.name}"].to_pylist()
    return [" ".join(target.labels[tag] for tag in row) for row in rows]


@pytest.mark.parametrize("name", FOLDERS)
def test_conll_files(name: str, tmp_path: Path) -> None:
    text = CHEMICAL if name == "bc5cdr-chemical" else DISEASE
    write_files(tmp_path / FOLDERS[name], three(text))
    corpus = read_known(name, {}, tmp_path)
    kind = "Chemical" if name == "bc5cdr-chemical" else "Disease"
    assert corpus.targets[0].labels == ("O", f"B-{kind}", f"I-{kind}")
    assert corpus.parts is not None
    assert list(corpus.parts) == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    assert corpus.ids[2] == "devel-1"
    published = DATASETS[name].published["validation mentions"]
    assert f"validation mentions: 1 (published {published:,})" in corpus.notes
    assert "validation sentences: 2" in corpus.notes
    assert not any("Crichton" in note for note in corpus.notes)


@pytest.mark.parametrize("folder", ["BC5CDR/disease", "bc5cdr-disease"])
def test_files_of_blue(folder: str, tmp_path: Path) -> None:
    lines = ["Hay\t1\t0\tB", "fever\t-\t4\tI", "", '""""\t1\t10\tO', "now\t-\t12\tO", ""]
    write_files(tmp_path / folder, three("\n".join(lines)))
    corpus = read_known("bc5cdr-disease", {}, tmp_path)
    assert tags(corpus)[:2] == ["B-Disease I-Disease", "O O"]
    assert corpus.token_lists([1]) == [['"', "now"]]
    assert list(corpus.ids[:3]) == ["1_s1", "1_s2", "1_s3"]


def test_chemicals_where_mt_bluebert_has_them(tmp_path: Path) -> None:
    write_files(tmp_path / "bc5cdr-chemical", three(CHEMICAL))
    assert len(read_known("bc5cdr-chemical", {}, tmp_path)) == 6


def test_pubtator_files(tmp_path: Path) -> None:
    write_files(tmp_path, pubtator_files())
    chemical = read_known("bc5cdr-chemical", {"path": str(tmp_path)})
    disease = read_known("bc5cdr-disease", {"path": str(tmp_path)})
    assert list(chemical.ids[:4]) == ["227508_s1", "227508_s2", "227508_s3", "227509_s1"]
    assert chemical.parts is not None
    assert list(chemical.parts) == ["train"] * 3 + ["validation"] * 3 + ["test"] * 3
    words = ["Pain", ",", *"e.g.", "Headache", ",", "was", "less", "."]
    assert chemical.token_lists([2]) == [words] == disease.token_lists([2])
    chem, dis = "B-Chemical", "B-Disease"
    assert tags(chemical)[:3] == [f"{chem} O O O O", f"{chem} O O O O O", " ".join("O" * 11)]
    assert tags(disease)[:2] == [f"O O {dis} I-Disease O", f"O O O O {dis} O"]
    assert tags(disease)[2] == f"{dis} O O O O O {dis} O O O O"
    assert "train mentions: 4 (published 4,182)" in disease.notes


@pytest.mark.parametrize(
    ("old", "new", "what", "line"),
    [
        ("\t62\t70\t", "\t62\t700\t", "beyond the text", 8),
        ("\t62\t70\t", "\t63\t71\t", "is not the mention", 8),
        ("\t62\t70\t", "\t62\tx\t", "none of PubTator's", 8),
        ("\tDisease\tD006255", "\tGene\tD006255", "type of a mention is not known", 4),
        ("{id}|t|", "", "none of PubTator's", 1),
        ("{id}\t0\t7", "9\t0\t7", "none of PubTator's", 3),
    ],
)
def test_pubtator_that_is_wrong(tmp_path: Path, old: str, new: str, what: str, line: int) -> None:
    files = pubtator_files()
    files["CDR_TestSet.PubTator.txt"] = PUBTATOR.replace(old, new).format(id=5)
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=what) as caught:
        read_known("bc5cdr-disease", {"path": str(tmp_path)})
    assert caught.value.where == f"{tmp_path / 'CDR_TestSet.PubTator.txt'}, line {line}"


def test_settings_reach_the_reader(tmp_path: Path) -> None:
    write_files(tmp_path, three("Hay\tO\nfever\tI-Disease\n\nYes\tO\nhe\tO\n"))
    path = {"path": str(tmp_path)}
    assert tags(read_known("bc5cdr-disease", path))[0] == "O B-Disease"
    with pytest.raises(DataError, match="continues a mention") as caught:
        read_known("bc5cdr-disease", {**path, "invalid": "refuse"})
    assert caught.value.where == f"{tmp_path / 'train.tsv'}, line 2"
    assert len(read_known("bc5cdr-disease", {**path, "max_words": 1})) == 3 * 4


def test_mentions_of_another_type_are_an_error(tmp_path: Path) -> None:
    write_files(tmp_path, three(CHEMICAL))
    with pytest.raises(DataError, match="not in the set of tags") as caught:
        read_known("bc5cdr-disease", {"path": str(tmp_path)})
    assert caught.value.where == f"{tmp_path / 'train.tsv'}, line 1"


def test_published_counts() -> None:
    assert tuple(CHEMICAL_SET.published.values()) == (5203, 5347, 5385)
    assert tuple(DISEASE_SET.published.values()) == (4182, 4244, 4424)


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
@pytest.mark.parametrize(
    ("name", "mentions", "sentences", "tokens"),
    [
        ("bc5cdr-chemical", (5203, 5347, 5385), (4560, 4581, 4797), (118170, 117453, 124750)),
        ("bc5cdr-disease", (4182, 4246, 4424), (4560, 4581, 4797), (118170, 117453, 124750)),
        ("ncbi-disease", (5134, 787, 960), (5424, 923, 940), None),
    ],
)
class TestRealFiles:
    def test_counts(
        self,
        name: str,
        mentions: tuple[int, ...],
        sentences: tuple[int, ...],
        tokens: tuple[int, ...] | None,
    ) -> None:
        corpus = read_known(name)
        notes = " | ".join(corpus.notes)
        assert corpus.parts is not None
        rows = corpus.table[f"target:{name}"].to_pylist()
        for number, part in enumerate(("train", "validation", "test")):
            assert f"{part} mentions: {mentions[number]:,} " in notes
            assert f"{part} sentences: {sentences[number]:,}" in notes
            own = [row for row, p in zip(rows, corpus.parts, strict=True) if p == part]
            assert sum(row.count(1) for row in own) == mentions[number]
            assert tokens is None or sum(map(len, own)) == tokens[number]
        known = mentions != tuple(DATASETS[name].published.values())
        assert ("Crichton" in notes) is known

    def test_no_word_is_lost(
        self,
        name: str,
        mentions: tuple[int, ...],
        sentences: tuple[int, ...],
        tokens: tuple[int, ...] | None,
    ) -> None:
        corpus = read_known(name)
        labels = corpus.targets[0].labels
        runs = part_runs(corpus.ids.tolist())
        words, joined = (
            {sentence: [own for row in rows for own in column[row]] for sentence, rows in runs}
            for column in (corpus.token_lists(), corpus.table[f"target:{name}"].to_pylist())
        )
        found = {"train": "train", "validation": "devel", "test": "test"}
        source = Path(os.environ["MTLV_DATA"]) / FOLDERS[name]
        for part, path in part_files(source):
            blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
            for number, block in enumerate(blocks, 1):
                own = f"{found[str(part)]}-{number}"
                lines = zip(words[own], joined[own], strict=True)
                assert "\n".join(f"{word}\t{labels[tag]}" for word, tag in lines) == block
        assert len(words) == sum(sentences)
        # A name of so many words has no O where it could be cut.
        rows = corpus.table[f"target:{name}"].to_pylist()
        assert all(0 not in row[:30] for row in rows if len(row) > 30)
