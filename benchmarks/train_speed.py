"""Training speed: the same multi-task training by mtlv and by transformers' Trainer, in one run.

    python benchmarks/train_speed.py [--json] [--data openi|demo] [--steps 60] [--repeats 3]

The work: MiniLM, all layers trained, one head for all labels, binary cross entropy, AdamW,
batch 16, at most 128 tokens. Three ways, taken in turn in every repeat, so that a drifting machine
hits all of them:

- `mtlv`: its own loop as a study would run it (bf16 where it is native, bucketed batches);
- `trainer_default`: transformers' Trainer as it comes: fp32, random batches, padded to the longest;
- `trainer_tuned`: the Trainer with bf16 and its own grouping by length.

Utilisation is mtlv's arithmetic over what the machine's fastest bf16 matrix product reaches:
6 floating-point operations per encoder weight and token, and 12 L H per layer, token and pass for
attention (forward 1, backward 2), padding not counted as work.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import tempfile
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments

from mtlv.data import Corpus
from mtlv.data.catalog import read_known
from mtlv.model.encoders import load_encoder, load_tokenizer, locate
from mtlv.model.network import build_network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.tokens import table_key, tokenise
from mtlv.plans import mtl
from mtlv.tasks import TaskSet
from mtlv.training.data import CorpusData, TrainingData
from mtlv.training.loop import train
from mtlv.training.observing import Step
from mtlv.training.settings import TrainSettings

BATCH, LENGTH, RATE = 16, 128, 2e-5
WARMUP_STEPS = 5


@dataclass(frozen=True)
class Work:
    """The texts and targets that all three ways train on."""

    corpus: Corpus
    rows: np.ndarray[Any, Any]
    targets: np.ndarray[Any, Any]


class Timer:
    """Counts texts from after the warm-up to the end."""

    def __init__(self) -> None:
        self.texts, self.steps = 0, 0
        self.started = self.ended = 0.0

    def on_step(self, step: Step) -> None:
        self.count(step.examples)

    def on_epoch(self, epoch: int, points: list[Any]) -> None:
        """Nothing: validation is not timed."""

    def count(self, texts: int) -> None:
        self.ended = time.perf_counter()
        self.steps += 1
        if self.steps == WARMUP_STEPS:
            self.started = self.ended
        elif self.steps > WARMUP_STEPS:
            self.texts += texts

    @property
    def speed(self) -> float:
        return self.texts / (self.ended - self.started)


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    work = _work(arguments.data, arguments.steps * BATCH)
    ways = {
        "mtlv": lambda: _mtlv(work),
        "trainer_default": lambda: _trainer(work, tuned=False),
        "trainer_tuned": lambda: _trainer(work, tuned=True),
    }
    peaks, speeds = [], {name: [] for name in ways}
    for _ in range(arguments.repeats):
        peaks.append(_gemm_gflops())
        for name, way in ways.items():
            speeds[name].append(way())
    result = _result(work, speeds, peaks)
    print(json.dumps(result, indent=2) if arguments.json else _table(result))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", default="demo", choices=("demo", "openi"))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _work(name: str, texts: int) -> Work:
    corpus = read_known(name)
    rows = np.random.default_rng(0).permutation(len(corpus))[:texts]
    return Work(corpus, np.sort(rows), corpus.matrix().astype(np.float32))


def _mtlv(work: Work) -> float:
    tasks, settings = TaskSet.of([work.corpus]), EncoderSettings()
    source = locate(settings)
    network = build_network(mtl(tasks).models[0], tasks, source, settings, HeadSettings(), seed=0)
    parts = {"train": work.rows, "validation": work.rows[:2], "test": work.rows[:2]}
    targets = {name: work.corpus.values(name) for name in tasks.names}
    tokens = tokenise(work.corpus, source, LENGTH)
    key = table_key(work.corpus, source, LENGTH)
    data = CorpusData(work.corpus.name, work.corpus.ids, tokens, targets, parts, key)
    timer = Timer()
    train(
        network,
        TrainingData({work.corpus.name: data}),
        TrainSettings(epochs=1, batch_size=BATCH, learning_rate=RATE, max_length=LENGTH),
        seed=0,
        observer=timer,
    )
    return timer.speed


class Reference(nn.Module):
    """What a user of the Trainer would write: encoder, mean pooling, linear layer, BCE."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        source = locate(EncoderSettings())
        from transformers import AutoModel

        self.encoder = AutoModel.from_pretrained(source.address, add_pooling_layer=False)
        self.head = nn.Linear(self.encoder.config.hidden_size, labels)

    def forward(self, input_ids: Any, attention_mask: Any, labels: Any = None) -> dict[str, Any]:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        logits = self.head((states * mask).sum(1) / mask.sum(1))
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), labels)
        return {"loss": loss, "logits": logits}


def _trainer(work: Work, *, tuned: bool) -> float:
    tokenizer = load_tokenizer(locate(EncoderSettings()))
    texts = work.corpus.texts(work.rows)
    encoded = tokenizer(texts, truncation=True, max_length=LENGTH)["input_ids"]
    examples = [
        {"input_ids": ids, "labels": target, "length": len(ids)}
        for ids, target in zip(encoded, work.targets[work.rows], strict=True)
    ]

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        padded = tokenizer.pad(
            {"input_ids": [row["input_ids"] for row in batch]}, return_tensors="pt"
        )
        labels = torch.from_numpy(np.stack([row["labels"] for row in batch]))
        return {"labels": labels, **padded}

    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"bf16": True} if tuned else {}
        if tuned:
            options["train_sampling_strategy"] = "group_by_length"
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            num_train_epochs=1,
            save_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            logging_strategy="no",
            **options,
        )
        timer = Timer()
        trainer = _Timed(timer, Reference(work.targets.shape[1]), arguments, collate, examples)
        trainer.train()
    return timer.speed


class _Timed(Trainer):
    def __init__(
        self, timer: Timer, model: nn.Module, arguments: Any, collate: Any, examples: list[Any]
    ) -> None:
        super().__init__(model, arguments, data_collator=collate, train_dataset=examples)
        self._timer = timer
        self.remove_callback(PrinterCallback)  # stdout is for the result

    def training_step(self, model: nn.Module, inputs: Any, *rest: Any, **more: Any) -> Any:
        texts = len(inputs["labels"])
        loss = super().training_step(model, inputs, *rest, **more)
        self._timer.count(texts)
        return loss


def _gemm_gflops() -> float:
    """Return the fastest bf16 product of a few sizes, in GFLOP/s."""
    best = 0.0
    for size in (1024, 1536, 2048):
        a = torch.ones(size, size, dtype=torch.bfloat16)
        torch.mm(a, a)
        times = []
        for _ in range(5):
            started = time.perf_counter()
            torch.mm(a, a)
            times.append(time.perf_counter() - started)
        best = max(best, 2 * size**3 / min(times) / 1e9)
    return best


def _result(work: Work, speeds: dict[str, list[float]], peaks: list[float]) -> dict[str, Any]:
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    peak = statistics.median(peaks)
    return {
        "texts_per_second": medians,
        "ratios": {
            "vs_default": _ratio(speeds, "trainer_default"),
            "vs_tuned": _ratio(speeds, "trainer_tuned"),
        },
        "gemm_peak_gflops": peak,
        "utilisation": medians["mtlv"] * _flops_per_text(work) / 1e9 / peak,
        "all_texts_per_second": speeds,
        "work": {
            "data": work.corpus.name,
            "texts": len(work.rows),
            "batch_size": BATCH,
            "max_length": LENGTH,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
    }


def _ratio(speeds: dict[str, list[float]], other: str) -> float:
    pairs = zip(speeds["mtlv"], speeds[other], strict=True)
    return statistics.median(own / theirs for own, theirs in pairs)


def _flops_per_text(work: Work) -> float:
    source = locate(EncoderSettings())
    encoder = load_encoder(source, EncoderSettings())
    weights = sum(p.numel() for n, p in encoder.named_parameters() if "embeddings" not in n)
    config: Any = encoder.config
    lengths = tokenise(work.corpus, source, LENGTH).lengths[work.rows].astype(float)
    attention = 12 * config.num_hidden_layers * config.hidden_size * (lengths**2).mean()
    return float(6 * weights * lengths.mean() + attention)


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{name:<16} {speed:8.1f} texts/s" for name, speed in result["texts_per_second"].items()
    ]
    lines += [f"{name:<16} {ratio:8.2f}" for name, ratio in result["ratios"].items()]
    lines.append(f"bf16 product     {result['gemm_peak_gflops']:8.0f} GFLOP/s")
    lines.append(f"utilisation      {100 * result['utilisation']:8.0f} %")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
