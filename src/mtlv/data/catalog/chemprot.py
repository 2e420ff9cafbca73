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

These are not one task: figures of one form say nothing of another. `form` pins one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

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
from mtlv.errors import DataError

__all__ = ["GROUPS", "PUBLISHED", "RELATIONS", "ChemprotSettings"]

Form = Literal["official", "blue", "scibert"]

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


class ChemprotSettings(RelationSettings):
    """Settings of ChemProt."""

    form: Form | None = Field(None, exclude_if=lambda own: own is None)
    """The form that the files must have; None takes whichever is there. Five groups or no relation
    in `official` and `blue`, with pairs that differ a little; 13 relations in `scibert`."""


def read(settings: ChemprotSettings, source: Path) -> Corpus:
    """Read the form that the folder holds.

    Raises:
        DataError: it is not the form that is asked for, or a file is not right.
    """
    form = _form(source)
    if settings.form not in (None, form):
        raise DataError(
            "The files of ChemProt are of another form.",
            where=str(source),
            found=form,
            expected=str(settings.form),
            hint=f"get the files of that form; or set `form: {form}`, which is another task, and "
            "beside which figures of this one say nothing",
        )
    blue = RelationSet("chemprot", GROUPS, DESCRIPTION, PUBLISHED["blue"])
    if form == "official":
        found = official_relations(source, settings.arguments or "replace", GROUPS)
        return relation_corpus(blue, found.relations, source, found.notes)
    if form == "blue":
        rows = blue_relations(source, settings)
        return relation_corpus(blue, rows.relations, source, rows.notes)
    found = scibert_relations(source, settings.arguments or "mark")
    dataset = RelationSet("chemprot", RELATIONS, DESCRIPTION, PUBLISHED["scibert"], negative=None)
    return relation_corpus(dataset, found.relations, source, found.notes, found.tokens)


def _form(source: Path) -> Form:
    if any(OFFICIAL.fullmatch(path.name) for path in source.rglob("*.tsv")):
        return "official"
    return "blue" if source.suffix == ".tsv" or any(source.glob("*.tsv")) else "scibert"


DATASETS.register("chemprot")(
    KnownDataset(
        name="chemprot",
        about="relations of chemicals and genes in PubMed abstracts (BioCreative VI)",
        address="https://biocreative.bioinformatics.udel.edu/ (official, after registration), or "
        "https://github.com/allenai/scibert (data/text_classification/chemprot)",
        licence="research use; SciBERT's repository is under Apache 2.0",
        settings=ChemprotSettings,
        read=read,
        published=PUBLISHED["scibert"],
        places=("chemprot", "ChemProt", "ChemProt_Corpus"),
    )
)
