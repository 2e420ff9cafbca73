"""Toys to train on: encoders of two tiny layers, of every family, and a corpus of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModel,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)
from transformers.utils.logging import disable_progress_bar

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.files import cache_folder
from mtlv.model.encoders import EncoderSource, locate
from mtlv.model.network import Network, build_network
from mtlv.model.scratch import _trained_tokenizer
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.tokens import table_key, tokenise
from mtlv.plans import HeadPlan, ModelPlan
from mtlv.tasks import Task, TaskSet
from mtlv.training.data import CorpusData, TrainingData
from mtlv.training.settings import TrainSettings

LABELS = ("heart", "lung", "bone", "skin")
torch.set_num_threads(1)  # models this small gain nothing from more

FILLERS = ("the", "patient", "shows", "no", "other", "change", "since", "may", "and", "today")
HIDDEN, LAYERS, ATTENTION_HEADS, POSITIONS = 16, 2, 2, 64
ROWS = {"train": (0, 16), "validation": (16, 20), "test": (20, 24)}

Config = Callable[[int], Any]


def _modernbert(vocabulary: int) -> ModernBertConfig:
    """One global and one local layer, whose window is shorter than the texts."""
    return ModernBertConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=ATTENTION_HEADS,
        intermediate_size=2 * HIDDEN,
        max_position_embeddings=POSITIONS,
        local_attention=4,
        layer_types=["full_attention", "sliding_attention"],
        attention_dropout=0.1,
        mlp_dropout=0.1,
        **{f"{name}_token_id": 0 for name in ("pad", "bos", "eos", "cls", "sep")},
    )


def _sized(kind: type[Any], **extra: Any) -> Config:
    return lambda vocabulary: kind(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=ATTENTION_HEADS,
        intermediate_size=2 * HIDDEN,
        max_position_embeddings=POSITIONS,
        pad_token_id=0,
        **extra,
    )


FAMILIES: dict[str, Config] = {
    "bert": _sized(BertConfig),
    "roberta": _sized(RobertaConfig, type_vocab_size=1, bos_token_id=2, eos_token_id=3),
    "distilbert": lambda vocabulary: DistilBertConfig(
        vocab_size=vocabulary,
        dim=HIDDEN,
        n_layers=LAYERS,
        n_heads=ATTENTION_HEADS,
        hidden_dim=2 * HIDDEN,
        max_position_embeddings=POSITIONS,
    ),
    "electra": _sized(ElectraConfig, embedding_size=8),
    "deberta-v2": _sized(
        DebertaV2Config,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_buckets=8,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        position_biased_input=False,
        type_vocab_size=0,
    ),
    "modernbert": _modernbert,
    "mpnet": _sized(MPNetConfig),
}


def write_encoder(folder: Path, family: str = "bert", tokenizer: bool = True) -> Path:
    """Write a tiny checkpoint with random weights, as `save_pretrained` does."""
    disable_progress_bar()
    pieces = _trained_tokenizer([example.text or "" for example in toy_examples()], 200)
    config = FAMILIES[family](pieces.get_vocab_size())
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    if tokenizer:
        special = {
            f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")
        }
        PreTrainedTokenizerFast(tokenizer_object=pieces, **special).save_pretrained(folder)
    return folder


@cache
def tiny_source(family: str = "bert", pooling: str = "cls") -> EncoderSource:
    """Return a tiny encoder of a family, written once per session."""
    folder = cache_folder() / "tiny" / family
    if not folder.exists():
        write_encoder(folder, family)
    return locate(EncoderSettings(name=str(folder), pooling=pooling))


def toy_examples(
    labels: Sequence[str] = LABELS, count: int = 24, *, every: int | None = None
) -> list[Example]:
    """Return texts whose labels are the words in them.

    Args:
        labels: that are also the words to look for.
        count: of examples; their lengths differ.
        every: leave out each label in every so many examples.
    """
    examples = []
    for i in range(count):
        present = [(i * 7 + i // 4) >> k & 1 for k in range(len(labels))]
        words = [label for label, here in zip(labels, present, strict=True) if here]
        words += [FILLERS[(i * 3 + j) % len(FILLERS)] for j in range(1 + (i * 5) % 9)]
        targets = {
            label: None if every and (i + k) % every == 0 else here
            for k, (label, here) in enumerate(zip(labels, present, strict=True))
        }
        examples.append(Example(f"{i}", " ".join(words), targets=targets))
    return examples


def toy_corpus(
    name: str = "toy",
    labels: Sequence[str] = LABELS,
    count: int = 24,
    *,
    every: int | None = None,
) -> Corpus:
    """Return a corpus of short texts with a binary label per word."""
    builder = CorpusBuilder(name, [Target(label) for label in labels])
    return builder.extend(toy_examples(labels, count, every=every)).build()


def toy_tasks() -> TaskSet:
    """Return the tasks of the toy corpus, without making it."""
    return TaskSet(tuple(Task(name, "binary", "toy", (), "f1") for name in LABELS))


def toy_data(
    corpora: Sequence[Corpus], source: EncoderSource, max_length: int = 32
) -> TrainingData:
    """Return corpora as a training run sees them: 16 rows to train, 4 to validate, 4 to test."""
    rows = {part: np.arange(*span) for part, span in ROWS.items()}
    return TrainingData(
        {
            corpus.name: CorpusData(
                corpus.name,
                corpus.ids,
                tokenise(corpus, source, max_length),
                {name: corpus.values(name) for name in corpus.target_names},
                rows,  # type: ignore[arg-type]
                table_key(corpus, source, max_length),
            )
            for corpus in corpora
        }
    )


def model_plan(*heads: Sequence[str]) -> ModelPlan:
    """Return a model of heads of task names."""
    return ModelPlan(tuple(HeadPlan(tuple(head)) for head in heads))


def toy_network(
    source: EncoderSource,
    *heads: Sequence[str],
    seed: int = 0,
    freeze_layers: int = 0,
    encoder: EncoderSettings | None = None,
    head: HeadSettings | None = None,
    tasks: TaskSet | None = None,
) -> Network:
    """Return a network on the toy corpus; one head of all labels unless heads are given."""
    return build_network(
        model_plan(*(heads or (LABELS,))),
        tasks or toy_tasks(),
        source,
        encoder or EncoderSettings(),
        head or HeadSettings(),
        seed=seed,
        freeze_layers=freeze_layers,
    )


def toy_settings(**changes: Any) -> TrainSettings:
    """Return settings of a short run in fp32."""
    given = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "precision": "fp32"}
    return TrainSettings(**(given | changes))
