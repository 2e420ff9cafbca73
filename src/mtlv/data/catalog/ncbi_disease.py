"""NCBI disease: disease mentions in 793 PubMed abstracts (Doğan et al. 2014).

Read from CoNLL files named train, devel and test, such as those of Crichton et al. (2017).
"""

from __future__ import annotations

from pathlib import Path

from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.mention_sets import (
    Explained,
    MentionSet,
    TaggingSettings,
    mention_corpus,
    sentences_of_files,
)
from mtlv.data.corpus import Corpus

__all__ = ["NCBI_DISEASE"]

NCBI_DISEASE = MentionSet(
    "ncbi-disease",
    "Disease",
    "words that name a disease or a class of diseases in an abstract",
    {"train mentions": 5145, "validation mentions": 787, "test mentions": 960},
    (
        Explained(
            "train mentions",
            5134,
            "one abstract stands twice in the official training set, and once in the CoNLL files "
            "of Crichton et al. (2017), which have 11 mentions less",
        ),
    ),
)
"""Counts of the corpus paper."""


def read(settings: TaggingSettings, source: Path) -> Corpus:
    """Read the sentences of all parts."""
    return mention_corpus(NCBI_DISEASE, sentences_of_files(source), settings, source)


DATASETS.register(NCBI_DISEASE.name)(
    KnownDataset(
        name=NCBI_DISEASE.name,
        about="793 PubMed abstracts with tagged diseases",
        address="https://github.com/cambridgeltl/MTL-Bioinformatics-2016 (data/NCBI-disease-IOB); "
        "the original is at https://www.ncbi.nlm.nih.gov/CBBresearch/Dogan/DISEASE/",
        licence="a work of the US government; the CoNLL files are under CC BY 4.0",
        settings=TaggingSettings,
        read=read,
        published=NCBI_DISEASE.published,
        places=("ncbi_disease_ner/NCBI-disease-IOB", "NCBI-disease-IOB", "NCBI-disease"),
    )
)
