"""OHSUMED: MEDLINE abstracts of 1991 with 23 categories of diseases (Hersh et al. 1994).

Read from the official ohsumed-all-docs.tar.gz or its unpacked folder, where a document lies in the
folder of each of its categories. Tasks bear the categories' readable names and not the codes C01 …
C23: groupings embed task names, and a code means nothing to an encoder. The notes, like the
thesis's tables, go by code, with the name beside it.

Where this departs from the thesis: its split into 27,556 and 6,833 documents was drawn by its own
code and its ids were not published, so it cannot be had again. The default is the official split of
the first 20,000 documents (Joachims 1998), whose parts follow from the ids alone. `sample` is the
thesis's 20 % sample, stratified in the same way: every category has exactly the count of table A.2,
in 6,800 to 6,900 documents, as the seed falls (the thesis: 6,891).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.archives import files_of
from mtlv.data.catalog.known import DATASETS, KnownDataset, describe, found_beside_published
from mtlv.data.corpus import Corpus, Example, Part
from mtlv.errors import DataError
from mtlv.randomness import derive_seed
from mtlv.settings import Settings

__all__ = ["CATEGORIES", "PUBLISHED", "OhsumedSettings", "official_part"]

Subset = Literal["first-20000", "sample", "all"]


class Category(NamedTuple):
    """One category: its name (table A.3), and its documents in two published subsets."""

    name: str
    first: int
    sample: int


CATEGORIES: Mapping[str, Category] = {
    "C01": Category("Bacterial Infections and Mycoses", 929, 508),
    "C02": Category("Virus Diseases", 391, 234),
    "C03": Category("Parasitic Diseases", 135, 85),
    "C04": Category("Neoplasms", 2630, 1265),
    "C05": Category("Musculoskeletal Diseases", 712, 336),
    "C06": Category("Digestive System Diseases", 1220, 598),
    "C07": Category("Stomatognathic Diseases", 246, 105),
    "C08": Category("Respiratory Tract Diseases", 1073, 518),
    "C09": Category("Otorhinolaryngologic Diseases", 254, 143),
    "C10": Category("Nervous System Diseases", 1562, 770),
    "C11": Category("Eye Diseases", 364, 200),
    "C12": Category("Urologic and Male Genital Diseases", 1039, 504),
    "C13": Category("Female Genital Diseases and Pregnancy Complications", 667, 325),
    "C14": Category("Cardiovascular Diseases", 2550, 1220),
    "C15": Category("Hemic and Lymphatic Diseases", 535, 255),
    "C16": Category("Neonatal Diseases and Abnormalities", 428, 217),
    "C17": Category("Skin and Connective Tissue Diseases", 643, 323),
    "C18": Category("Nutritional and Metabolic Diseases", 788, 384),
    "C19": Category("Endocrine Diseases", 382, 173),
    "C20": Category("Immunologic Diseases", 1220, 623),
    "C21": Category("Disorders of Environmental Origin", 1263, 587),
    "C22": Category("Animal Diseases", 183, 101),
    "C23": Category("Pathological Conditions, Signs and Symptoms", 3952, 1922),
}

PUBLISHED: Mapping[Subset, Mapping[str, int]] = {
    "first-20000": {"documents": 13929, "train": 6286, "test": 7643}
    | {f"{code} {c.name}": c.first for code, c in CATEGORIES.items()},
    "sample": {"documents": 6891} | {f"{k} {c.name}": c.sample for k, c in CATEGORIES.items()},
    "all": {"documents": 34389},
}
"""Counts by subset: Joachims (1998) and Moschitti; table A.2 of the thesis; table 4.1."""


class OhsumedSettings(Settings):
    """Settings of the dataset `ohsumed`."""

    path: Path | None = None
    """The archive, the folder of category folders, or a folder that holds one of them."""
    subset: Subset = "first-20000"
    """`first-20000`: with the official parts; `sample`: the thesis's 20 %, without parts; `all`:
    every document, without parts."""
    seed: int = 0
    """Seed of the sample."""


@dataclass
class _Document:
    text: str
    codes: set[str]


def read(settings: OhsumedSettings, source: Path) -> Corpus:
    """Read the documents of a subset, in the order of their ids."""
    documents = _documents(source)
    chosen = _chosen(documents, settings)
    official = settings.subset == "first-20000"
    parts = {name: official_part(name) for name in chosen} if official else {}
    names = [category.name for category in CATEGORIES.values()]
    builder = CorpusBuilder("ohsumed", describe("ohsumed", names), source=str(source))
    for name in chosen:
        codes = documents[name].codes
        targets = {category.name: int(code in codes) for code, category in CATEGORIES.items()}
        builder.add(Example(name, documents[name].text, targets=targets, part=parts.get(name)))
    counts = Counter(code for name in chosen for code in documents[name].codes)
    counts.update(parts.values())
    found = {"documents": len(chosen)} | {
        part: counts[part] for part in sorted(set(parts.values()))
    }
    found |= {f"{code} {category.name}": counts[code] for code, category in CATEGORIES.items()}
    return builder.build(found_beside_published(found, PUBLISHED[settings.subset]))


def official_part(name: str) -> Part:
    """Return the official part of one of the first 20,000 documents.

    The split is published as folders of files; this rule on the ids gives the same parts.

    >>> [official_part(name) for name in ("0000011", "0002000", "0002001", "0019999")]
    ['test', 'train', 'test', 'test']
    """
    number = int(name)
    thousands = number % 1000 == 1 and 2 <= number // 1000 <= 9
    return "test" if thousands or str(number).startswith("1") else "train"


def _documents(source: Path) -> dict[str, _Document]:
    documents: dict[str, _Document] = {}
    for path, data in files_of(source):
        name, code = path.name, path.parent.name
        if code not in CATEGORIES or not name.isdecimal():
            raise DataError(
                "This is not a document of OHSUMED.",
                where=str(path),
                expected="files named by their number, in folders C01 … C23",
                hint="set `path` to ohsumed-all-docs.tar.gz or to the folder 'ohsumed-all'",
            )
        text = " ".join(data.decode("utf-8", "replace").split())
        document = documents.setdefault(name, _Document(text, set()))
        if document.text != text:
            raise DataError(
                f"The document '{name}' has two texts.",
                where=str(path),
                expected=f"the text that it has under {', '.join(sorted(document.codes))}",
                hint="unpack the archive again",
            )
        document.codes.add(code)
    missing = sorted(CATEGORIES.keys() - {code for d in documents.values() for code in d.codes})
    if missing:
        raise DataError(
            "Categories of OHSUMED are missing.",
            where=str(source),
            found=f"no document in {', '.join(missing)}",
            expected="folders C01 … C23, each with documents",
            hint="unpack the archive again",
        )
    return documents


def _chosen(documents: Mapping[str, _Document], settings: OhsumedSettings) -> list[str]:
    names = sorted(documents, key=int)
    if settings.subset == "first-20000":
        return [name for name in names if int(name) <= 20_000]
    return names if settings.subset == "all" else _sample(documents, names, settings.seed)


def _sample(documents: Mapping[str, _Document], names: list[str], seed: int) -> list[str]:
    """Return 20 % of the names by iterative stratification, as the thesis did."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    codes = [[code in documents[name].codes for code in CATEGORIES] for name in names]
    labels = np.asarray(codes, dtype=int)  # (N, T)
    random_state = derive_seed(seed, "ohsumed sample")
    splitter = MultilabelStratifiedShuffleSplit(1, test_size=0.2, random_state=random_state)
    _, sample = next(splitter.split(np.zeros((len(names), 1)), labels))
    return [names[index] for index in sorted(sample)]


DATASETS.register("ohsumed")(
    KnownDataset(
        name="ohsumed",
        about="34,389 MEDLINE abstracts of 1991 with 23 categories of diseases as binary labels",
        address="A. Moschitti, http://disi.unitn.eu/moschitti/corpora.htm "
        "(ohsumed-all-docs.tar.gz)",
        licence="free for research; not for clinical or library use; abstracts belong to their "
        "publishers, so do not redistribute",
        settings=OhsumedSettings,
        read=read,
        published=PUBLISHED["first-20000"],
        places=("ohsumed/ohsumed-all", "ohsumed/ohsumed-all-docs.tar.gz"),
    )
)
