"""Whole reviews: the IMDB tree as a folder and as an archive, and Yelp's two forms."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from tiny import write_tar
from tiny_pairs import REVIEWS, write_aclimdb, write_lines, write_yelp

from mtlv.data.catalog import read_known
from mtlv.errors import DataError


class TestAclImdb:
    def test_reviews_in_order(self, tmp_path: Path) -> None:
        corpus = read_known("aclimdb", {"path": str(write_aclimdb(tmp_path / "aclImdb"))})
        assert corpus.ids.tolist() == [
            "train/neg/0_3",
            "train/pos/0_9",
            "train/pos/2_7",
            "train/pos/10_8",
            "test/neg/0_1",
            "test/pos/0_10",
        ]
        assert corpus.texts()[1] == "A joy. See it!"
        assert corpus.values("aclimdb").tolist() == [0, 1, 1, 1, 0, 1]
        assert corpus.parts is not None
        assert corpus.parts.tolist() == ["train"] * 4 + ["test"] * 2
        assert "train, positive: 3 (published 12,500)" in corpus.notes

    def test_archive_gives_the_same(self, tmp_path: Path) -> None:
        archive = tmp_path / "aclImdb_v1.tar.gz"
        write_tar(archive, {f"aclImdb/{name}": f"{text}\n" for name, text in REVIEWS.items()})
        folder = write_aclimdb(tmp_path / "aclImdb")
        corpora = [read_known("aclimdb", {"path": str(path)}) for path in (archive, folder)]
        assert corpora[0].fingerprint == corpora[1].fingerprint

    def test_a_missing_part(self, tmp_path: Path) -> None:
        shutil.rmtree(write_aclimdb(tmp_path) / "test")
        with pytest.raises(DataError, match="no review in the part 'test'"):
            read_known("aclimdb", {"path": str(tmp_path)})

    def test_other_files(self, tmp_path: Path) -> None:
        path = write_lines(write_aclimdb(tmp_path) / "test" / "pos" / "notes.txt", ["x"])
        with pytest.raises(DataError, match="not a review") as caught:
            read_known("aclimdb", {"path": str(tmp_path)})
        assert caught.value.where == str(path)

    def test_bytes_that_are_not_utf8(self, tmp_path: Path) -> None:
        path = write_aclimdb(tmp_path) / "test" / "pos" / "1_8.txt"
        path.write_bytes(b"caf\xe9")
        with pytest.raises(DataError, match="not UTF-8") as caught:
            read_known("aclimdb", {"path": str(tmp_path)})
        assert caught.value.where == str(path)


class TestYelp:
    @pytest.mark.parametrize(
        ("three_stars", "values"),
        [("drop", [0, 0, 1, 1]), ("negative", [0, 0, 0, 1, 1]), ("positive", [0, 0, 1, 1, 1])],
    )
    def test_stars_become_a_sentiment(
        self, three_stars: str, values: list[int], tmp_path: Path
    ) -> None:
        path = write_yelp(tmp_path / "yelp_academic_dataset_review.json")
        corpus = read_known("yelp", {"path": str(path), "three_stars": three_stars})
        assert corpus.values("yelp").tolist() == values
        assert corpus.ids[0] == "r0"
        assert corpus.notes[0] == "reviews: 5"
        assert corpus.notes[-1] == f"three stars, left out: {5 - len(values)}"

    def test_csv_gives_the_same(self, tmp_path: Path) -> None:
        lines = write_yelp(tmp_path / "reviews.jsonl")
        rows = [json.loads(line) for line in lines.read_text().splitlines()]
        with (tmp_path / "yelp.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["review_id", "stars", "text"])
            writer.writeheader()
            writer.writerows(rows)
        corpora = [
            read_known("yelp", {"path": str(path)}) for path in (lines, tmp_path / "yelp.csv")
        ]
        assert corpora[0].fingerprint == corpora[1].fingerprint

    def test_limit(self, tmp_path: Path) -> None:
        path = write_yelp(tmp_path / "reviews.jsonl")
        assert len(read_known("yelp", {"path": str(path), "limit": 4})) == 3

    @pytest.mark.parametrize(("stars", "words"), [("6", "out of its range"), ("null", "no stars")])
    def test_stars_that_cannot_be(self, stars: str, words: str, tmp_path: Path) -> None:
        path = write_yelp(tmp_path / "reviews.jsonl")
        path.write_text(path.read_text().replace('"stars": 2.0', f'"stars": {stars}'))
        with pytest.raises(DataError, match=words) as caught:
            read_known("yelp", {"path": str(path)})
        assert caught.value.where == f"{path}, line 2, column 'stars'"

    def test_a_file_of_something_else(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "reviews.jsonl", ['{"text": "x", "rating": 3}'])
        with pytest.raises(DataError, match="no column 'stars'"):
            read_known("yelp", {"path": str(path)})
