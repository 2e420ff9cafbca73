"""Whole reviews with a sentiment: the IMDB tree of Maas et al. (2011), and reviews of Yelp.

The tree holds a file per review, `train/pos/0_9.txt`: its number, and the stars that it gave out of
ten. Its line breaks are HTML (`<br />`) and become spaces. Reviews without a label (`unsup`) are
passed over.

Yelp publishes its reviews anew every year, so there are no counts to compare with. They come as
JSON lines, or as CSV with the same names. One and two stars are negative, four and five positive;
what three are is a setting, and they are left out unless it says otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import Literal

from pydantic import Field

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.archives import files_of
from mtlv.data.catalog.known import DATASETS, KnownDataset, found_beside_published
from mtlv.data.corpus import Corpus, Example, Part, Target
from mtlv.data.tables import PART_NAMES, Row, TableOptions
from mtlv.data.text_files import open_csv, open_json_lines
from mtlv.data.values import number_in
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["AclImdbSettings", "YelpSettings"]

FILM = Target("aclimdb", description="Whether a review on IMDB speaks well of its film")
PLACE = Target("yelp", description="Whether a review on Yelp speaks well of a place or a service")
PARTS: tuple[Part, ...] = ("train", "test")
SIDES = {"neg": 0, "pos": 1}
NAME = re.compile(r"\d+_\d+\.txt")
BREAK = re.compile(r"(\s*<br\s*/?>\s*)+")
PUBLISHED = {"train": 25000, "train, positive": 12500, "test": 25000, "test, positive": 12500}
MIDDLE = 3


class AclImdbSettings(Settings):
    """Settings of the dataset `aclimdb`."""

    path: Path | None = None
    """The folder aclImdb, the archive aclImdb_v1.tar.gz, or a folder that holds one of them."""


class YelpSettings(Settings):
    """Settings of the dataset `yelp`."""

    path: Path | None = None
    """The file of reviews (JSON lines or CSV), or a folder that holds it."""
    three_stars: Literal["drop", "negative", "positive"] = "drop"
    """What reviews with three stars are."""
    limit: int | None = Field(None, ge=2)
    """Read so many reviews from the start of the file; None reads them all."""


def read_aclimdb(settings: AclImdbSettings, source: Path) -> Corpus:
    """Read the reviews of the four folders, in the order of their numbers."""
    found = _from_folder(source) if source.is_dir() else _from_archive(source)
    builder = CorpusBuilder("aclimdb", [FILM], source=str(source))
    counts: Counter[str] = Counter()
    for example in sorted(found, key=_order):
        builder.add(example)
        counts[str(example.part)] += 1
        counts[f"{example.part}, positive"] += example.targets["aclimdb"] == 1
    for part in PARTS:
        if not counts[part]:
            raise DataError(
                f"There is no review in the part '{part}'.",
                where=str(source),
                expected=f"text files in {part}/pos and {part}/neg, named like 0_9.txt",
                hint="set `path` to the folder aclImdb, or unpack the archive again",
            )
    return builder.build(found_beside_published(counts, PUBLISHED))


def read_yelp(settings: YelpSettings, source: Path) -> Corpus:
    """Read the reviews, in the order of the file."""
    table = (open_csv if source.suffix == ".csv" else open_json_lines)(source, TableOptions())
    table.require(["text", "stars"])
    key = "review_id" if "review_id" in table.columns else None
    builder = CorpusBuilder("yelp", [PLACE], source=str(source))
    counts = {"reviews": 0, "positive": 0, "negative": 0}
    columns = ["text", "stars", *([key] if key else [])]
    for row in islice(table.rows(columns), settings.limit):
        counts["reviews"] += 1
        value = _sentiment(row, settings)
        if value is not None:
            counts["positive" if value else "negative"] += 1
            name = str(row.values[key]) if key else str(row.number)
            text = str(row.values.get("text") or "")
            builder.add(Example(name, text, targets={"yelp": value}, where=row.where))
    counts["three stars, left out"] = counts["reviews"] - counts["positive"] - counts["negative"]
    return builder.build(found_beside_published(counts, {}))


def _from_folder(source: Path) -> Iterator[Example]:
    for part in PARTS:
        for side in SIDES:
            if (source / part / side).is_dir():
                for path, data in files_of(source / part / side, ".txt"):
                    yield _review(path, data)


def _from_archive(source: Path) -> Iterator[Example]:
    for path, data in files_of(source, ".txt"):
        if len(path.parts) > 2 and path.parts[-3] in PARTS and path.parts[-2] in SIDES:
            yield _review(path, data)


def _review(path: PurePath, data: bytes) -> Example:
    part, side, name = PART_NAMES[path.parts[-3]], *path.parts[-2:]
    if not NAME.fullmatch(name):
        raise DataError(
            "This is not a review of the IMDB tree.",
            where=str(path),
            expected="files named by number and stars, such as 0_9.txt",
        )
    try:
        text = BREAK.sub(" ", data.decode("utf-8")).strip()
    except UnicodeDecodeError as error:
        raise DataError("A review is not UTF-8.", where=str(path), found=error.reason) from error
    key = f"{part}/{side}/{PurePath(name).stem}"
    return Example(key, text, targets={"aclimdb": SIDES[side]}, part=part, where=str(path))


def _order(example: Example) -> tuple[bool, str, int]:
    _, side, name = example.id.split("/")
    return example.part == "test", side, int(name.split("_")[0])


def _sentiment(row: Row, settings: YelpSettings) -> int | None:
    stars = number_in(row, "stars", (1, 5))
    if stars is None:
        raise DataError(
            "A review has no stars.", where=row.at("stars"), expected="a number from 1 to 5"
        )
    if stars == MIDDLE:
        return {"drop": None, "negative": 0, "positive": 1}[settings.three_stars]
    return int(stars > MIDDLE)


DATASETS.register("aclimdb")(
    KnownDataset(
        name="aclimdb",
        about="50,000 reviews of films on IMDB, half of them positive, in two official parts",
        address="https://ai.stanford.edu/~amaas/data/sentiment (aclImdb_v1.tar.gz)",
        licence="free for research; cite Maas et al. 2011",
        settings=AclImdbSettings,
        read=read_aclimdb,
        published=PUBLISHED,
        places=("aclImdb", "aclImdb_v1.tar.gz", "aclimdb/aclImdb", "aclimdb/aclImdb_v1.tar.gz"),
    )
)
DATASETS.register("yelp")(
    KnownDataset(
        name="yelp",
        about="Reviews on Yelp, positive or negative by their stars",
        address="https://www.yelp.com/dataset",
        licence="Yelp Dataset Terms of Use: for academic use; may not be passed on",
        settings=YelpSettings,
        read=read_yelp,
        published={},
        places=("yelp/yelp_academic_dataset_review.json", "yelp/reviews.jsonl", "yelp/yelp.csv"),
    )
)
