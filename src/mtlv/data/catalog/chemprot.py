"""ChemProt: relations of chemicals and genes in PubMed abstracts (BioCreative VI track 5).

Three forms, told by the files in the folder:

- official: abstracts, entities and gold standard of each part. Abstracts are cut into sentences by
  this project's own rules, and every chemical and gene of one sentence are an example, as in BLUE;
  so the number of pairs differs a little, and gold relations across sentences are counted and left
  out. Five groups of relations (CPR:3, 4, 5, 6, 9), or none.
- BLUE: TSV files of the same, made with other rules; a pair with two groups is two rows.
- SciBERT: JSON lines with 13 relations and no pair without one. `<< >>` and `[[ ]]` stand around
  the arguments and stay unless placeholders are asked for; these are `@ARG1$` and `@ARG2$`, because
  the marks do not tell which one is the chemical.
"""

from __future__ import annotations

from pathlib import Path

from mtlv.data.catalog.chemprot_files import OFFICIAL, official_relations, scibert_relations
from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.relation_sets import (
    NEGATIVE,
    RelationSet,
    RelationSettings,
    blue_relations,
    relation_corpus,
)
from mtlv.data.corpus import Corpus

__all__ = ["GROUPS", "PUBLISHED", "RELATIONS"]

GROUPS = ("CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9", NEGATIVE)
RELATIONS = (
    "ACTIVATOR",
    "AGONIST",
    "AGONIST-ACTIVATOR",
    "AGONIST-INHIBITOR",
    "ANTAGONIST",
    "DOWNREGULATOR",
    "INDIRECT-DOWNREGULATOR",
    "INDIRECT-UPREGULATOR",
    "INHIBITOR",
    "PRODUCT-OF",
    "SUBSTRATE",
    "SUBSTRATE_PRODUCT-OF",
    "UPREGULATOR",
)
PUBLISHED = {
    "scibert": {"train pairs": 4169, "validation pairs": 2427, "test pairs": 3469},
    "blue": {
        "train pairs": 19460,
        "train positives": 4154,
        "validation positives": 2416,
        "test positives": 3458,
    },
}
"""Counts of the SciBERT paper; counts of BLUE, and of the rows of its released training file."""
DESCRIPTION = "how a chemical acts on a gene or protein in a sentence of an abstract"


def read(settings: RelationSettings, source: Path) -> Corpus:
    """Read the form that the folder holds."""
    blue = RelationSet("chemprot", GROUPS, DESCRIPTION, PUBLISHED["blue"])
    if any(OFFICIAL.fullmatch(path.name) for path in source.rglob("*.tsv")):
        found = official_relations(source, settings.arguments or "replace", GROUPS)
        return relation_corpus(blue, found.relations, source, found.notes)
    if source.suffix == ".tsv" or any(source.glob("*.tsv")):
        rows = blue_relations(source, settings)
        return relation_corpus(blue, rows.relations, source, rows.notes)
    found = scibert_relations(source, settings.arguments or "mark")
    dataset = RelationSet("chemprot", RELATIONS, DESCRIPTION, PUBLISHED["scibert"], negative=None)
    return relation_corpus(dataset, found.relations, source, found.notes, found.tokens)


DATASETS.register("chemprot")(
    KnownDataset(
        name="chemprot",
        about="relations of chemicals and genes in PubMed abstracts (BioCreative VI)",
        address="https://biocreative.bioinformatics.udel.edu/ (official, after registration), or "
        "https://github.com/allenai/scibert (data/text_classification/chemprot)",
        licence="research use; SciBERT's repository is under Apache 2.0",
        settings=RelationSettings,
        read=read,
        published=PUBLISHED["scibert"],
        places=("chemprot", "ChemProt", "ChemProt_Corpus"),
    )
)
