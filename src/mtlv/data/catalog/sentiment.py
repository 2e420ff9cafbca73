"""Sentences with a sentiment, from three sites (Kotzias et al. 2015): three datasets of one task.

Each file has 1,000 lines, half of them positive: a sentence, a tab, and 0 or 1. What trips readers:
quotation marks are never closed, and the IMDB file has control characters that Unicode counts among
the ends of a line. So lines end at a line feed and nowhere else, the last tab parts sentence and
value, and quotes mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import DATASETS, KnownDataset, found_beside_published
from mtlv.data.corpus import Corpus, Example, Target
from mtlv.data.text_files import open_text
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["SentimentSettings"]

FOLDER = "sentiment_labelled_sentences"
SITES = {
    "sentiment-imdb": ("imdb_labelled.txt", "films"),
    "sentiment-yelp": ("yelp_labelled.txt", "restaurants"),
    "sentiment-amazon": ("amazon_cells_labelled.txt", "phones and their accessories"),
}
PUBLISHED = {"sentences": 1000, "positive": 500}


class SentimentSettings(Settings):
    """Settings of the datasets `sentiment-imdb`, `sentiment-yelp` and `sentiment-amazon`."""

    path: Path | None = None
    """The file, or a folder that holds it."""


def _reader(name: str, things: str) -> Callable[[SentimentSettings, Path], Corpus]:
    def read(settings: SentimentSettings, source: Path) -> Corpus:
        words = f"Whether a sentence of a review of {things} speaks well of them"
        builder = CorpusBuilder(name, [Target(name, description=words)], source=str(source))
        counts = {"sentences": 0, "positive": 0}
        for example, value in _sentences(name, source):
            builder.add(example)
            counts["sentences"] += 1
            counts["positive"] += value
        return builder.build(found_beside_published(counts, PUBLISHED))

    return read


def _sentences(name: str, path: Path) -> Iterator[tuple[Example, int]]:
    with open_text(path, "utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}, line {number}"
            text, tab, value = line.rstrip("\r\n").rpartition("\t")
            if not tab or value.strip() not in ("0", "1"):
                raise DataError(
                    "A line does not end with its sentiment.",
                    where=where,
                    found=repr(line[-40:]),
                    expected="a sentence, a tab, and 0 or 1",
                )
            positive = int(value)
            yield (
                Example(str(number), text.strip(), targets={name: positive}, where=where),
                positive,
            )


for _name, (_file, _things) in SITES.items():
    DATASETS.register(_name)(
        KnownDataset(
            name=_name,
            about=f"1,000 sentences of reviews of {_things}, half of them positive",
            address="https://archive.ics.uci.edu/dataset/331/sentiment+labelled+sentences",
            licence="CC BY 4.0; cite Kotzias et al. 2015",
            settings=SentimentSettings,
            read=_reader(_name, _things),
            published=PUBLISHED,
            places=(f"{FOLDER}/{_file}", f"sentiment labelled sentences/{_file}"),
        )
    )
