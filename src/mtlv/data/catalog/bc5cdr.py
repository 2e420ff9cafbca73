"""BC5CDR: chemicals and diseases in 1,500 PubMed abstracts (Li et al. 2016), as two datasets.

Read from the CoNLL files of Crichton et al. (2017), from the TSV files of BLUE, or from the
official PubTator files. The latter are cut into sentences and words by this project's own rules, so
sentences differ from those of the other two forms; the mentions are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from mtlv.data.annotated import Sentences, tagged_sentences
from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.mention_sets import (
    Explained,
    MentionSet,
    TaggingSettings,
    mention_corpus,
    sentences_of_files,
)
from mtlv.data.catalog.pubtator import read_pubtator
from mtlv.data.corpus import Corpus, Part

__all__ = ["CHEMICAL", "DISEASE"]

CHEMICAL = MentionSet(
    "bc5cdr-chemical",
    "Chemical",
    "words that name a chemical or a drug in an abstract",
    {"train mentions": 5203, "validation mentions": 5347, "test mentions": 5385},
)
DISEASE = MentionSet(
    "bc5cdr-disease",
    "Disease",
    "words that name a disease or a symptom in an abstract",
    {"train mentions": 4182, "validation mentions": 4244, "test mentions": 4424},
    (
        Explained(
            "validation mentions",
            4246,
            "the CoNLL files of Crichton et al. (2017) cut 'St. Anthony's fire' in two sentences, "
            "twice: two mentions more than the paper's 4,244",
        ),
    ),
)
"""Counts of the corpus paper, which are those of BLUE too."""

RAW: dict[str, Part] = {
    "CDR_TrainingSet.PubTator.txt": "train",
    "CDR_DevelopmentSet.PubTator.txt": "validation",
    "CDR_TestSet.PubTator.txt": "test",
}


def _reader(dataset: MentionSet) -> Callable[[TaggingSettings, Path], Corpus]:
    def read(settings: TaggingSettings, source: Path) -> Corpus:
        raw = [(source / name, part) for name, part in RAW.items() if (source / name).is_file()]
        if raw:
            found = _from_pubtator(dataset, raw)
            return mention_corpus(dataset, found.sentences, settings, source, found.notes)
        return mention_corpus(dataset, sentences_of_files(source), settings, source)

    return read


def _from_pubtator(dataset: MentionSet, files: Iterable[tuple[Path, Part]]) -> Sentences:
    known = (CHEMICAL.type, DISEASE.type)
    texts = [
        text for path, part in files for text in read_pubtator(path, [dataset.type], known, part)
    ]
    return tagged_sentences(texts)


for _dataset, _folder in ((CHEMICAL, "chem"), (DISEASE, "disease")):
    DATASETS.register(_dataset.name)(
        KnownDataset(
            name=_dataset.name,
            about=f"1,500 PubMed abstracts with tagged {_dataset.type.lower()}s (BioCreative V)",
            address="https://biocreative.bioinformatics.udel.edu/tasks/biocreative-v/track-3-cdr/ "
            "(PubTator), or https://github.com/cambridgeltl/MTL-Bioinformatics-2016 (CoNLL, "
            f"data/BC5CDR-{_folder}-IOB)",
            licence="free for research; the CoNLL files are under CC BY 4.0",
            settings=TaggingSettings,
            read=_reader(_dataset),
            published=_dataset.published,
            places=(
                f"bc5cdr_ner/BC5CDR-{_folder}-IOB",
                f"BC5CDR/{_folder}",
                "CDR_Data/CDR.Corpus.v010516",
                _dataset.name,
            ),
        )
    )
