"""Known encoders by short name; importable without torch.

Any other hub id and any local folder in transformers' format are accepted in place of a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["KNOWN_ENCODERS", "KnownEncoder"]


@dataclass(frozen=True)
class KnownEncoder:
    """A public encoder.

    Args:
        hub_id: its name on the model hub.
        pooling: what its authors use.
        about: corpus and case, in a few words.
    """

    hub_id: str
    pooling: Literal["cls", "mean"]
    about: str


KNOWN_ENCODERS: dict[str, KnownEncoder] = {
    "minilm": KnownEncoder(
        "sentence-transformers/all-MiniLM-L6-v2", "mean", "6 layers, 384 wide; installed offline"
    ),
    "bert-base": KnownEncoder("google-bert/bert-base-uncased", "cls", "general, uncased"),
    "bert-base-uncased": KnownEncoder("google-bert/bert-base-uncased", "cls", "general, uncased"),
    "biobert": KnownEncoder("dmis-lab/biobert-v1.1", "cls", "PubMed, cased, v1.1"),
    "bluebert": KnownEncoder(
        "bionlp/bluebert_pubmed_mimic_uncased_L-12_H-768_A-12", "cls", "PubMed + MIMIC-III, uncased"
    ),
    "bluebert-pubmed": KnownEncoder(
        "bionlp/bluebert_pubmed_uncased_L-12_H-768_A-12", "cls", "PubMed, uncased"
    ),
    "clinicalbert": KnownEncoder(
        "emilyalsentzer/Bio_ClinicalBERT", "cls", "BioBERT + MIMIC-III notes, cased"
    ),
    "pubmedbert": KnownEncoder(
        "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext", "cls", "PubMed only"
    ),
    "biomedbert": KnownEncoder(
        "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext", "cls", "PubMed only"
    ),
    "modernbert": KnownEncoder("answerdotai/ModernBERT-base", "cls", "general, 8,192 tokens"),
    "roberta-base": KnownEncoder("FacebookAI/roberta-base", "cls", "general, cased"),
    "distilbert": KnownEncoder("distilbert/distilbert-base-uncased", "cls", "general, 6 layers"),
    "electra": KnownEncoder("google/electra-base-discriminator", "cls", "general, uncased"),
    "deberta": KnownEncoder("microsoft/deberta-v3-base", "cls", "general, cased"),
}
