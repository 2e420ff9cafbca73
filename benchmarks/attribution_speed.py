"""Attribution speed: layer integrated gradients of test texts under a MiniLM multi-task model.

    python benchmarks/attribution_speed.py [--json] [--data openi|demo] [--texts 100]
        [--store FOLDER --study NAME]

A small study is trained first (one split, a fifth of the reports, its lower four of six layers
frozen), or a finished one with a plan `mtl` is taken from a store. Then the test texts are
attributed to the score of its commonest task as `mtlv explain` does it: in batches, the path from
a baseline of [MASK] cut into 16 intervals, and into more for a text whose convergence delta is too
large. What is timed is all of that, and neither reading the data nor loading the model.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

import mtlv
from mtlv.explain.attribution import attribute
from mtlv.explain.models import Models, chosen
from mtlv.explain.texts import StudyTexts
from mtlv.store import Store
from mtlv.store.outcome import StudyOutcome, load_outcome

DATA = {"openi": {"openi": {"min_count": 80}}, "demo": "demo"}


def trained(data: str, store: Path) -> StudyOutcome:
    """Return a small multi-task study."""
    config = {
        "study": "attribution-speed",
        "data": DATA[data],
        "encoder": "minilm",
        "plans": ["mtl"],
        "train": {"epochs": 3, "learning_rate": 5e-4, "max_length": 128, "freeze_layers": 4},
        "evaluation": {"sample": 0.2} if data == "openi" else {},
        "tracking": {"mlflow": False},
    }
    return mtlv.run(config, store=store)


def measured(store: Store, outcome: StudyOutcome, texts: int) -> dict[str, Any]:
    """Return what attributing some test texts takes."""
    task = max(outcome.study.targets, key=lambda own: own.positives or 0).name
    looked_at = chosen(outcome, ["mtl"], [task])
    (plan,) = looked_at.plans
    own = looked_at.served(plan, task)[0]
    models = Models(store, outcome.study)
    explained = models.explained(own.job, task)
    examples = StudyTexts(store, outcome.study, Path()).tested(plan, task, own.fold, texts)
    clock, processor = time.perf_counter(), time.process_time()
    found = attribute(explained, examples)
    seconds, processor = time.perf_counter() - clock, time.process_time() - processor
    deltas = np.array([each.relative_delta for each in found])
    return {
        "texts": len(found),
        "task": task,
        "seconds": seconds,
        "processor_seconds": processor,
        "texts_per_second": len(found) / seconds,
        "relative_delta": {"median": float(np.median(deltas)), "largest": float(deltas.max())},
        "texts_by_steps": dict(sorted(Counter(each.steps for each in found).items())),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--data", choices=tuple(DATA), default="demo")
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--store", type=Path, help="a run store with a finished study")
    parser.add_argument("--study", help="its name")
    asked = parser.parse_args()
    if (asked.store is None) != (asked.study is None):
        parser.error("--store and --study go together")
    with tempfile.TemporaryDirectory() as scrap:
        if asked.store is None:
            place = Store(Path(scrap))
            outcome = trained(asked.data, Path(scrap))
        else:
            place = Store(asked.store, create=False)
            outcome = load_outcome(place, asked.study)
        found = measured(place, outcome, asked.texts)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(
        f"{found['texts']} texts, {found['seconds']:.1f} s ({found['texts_per_second']:.1f} texts "
        f"per second); largest relative convergence delta {found['relative_delta']['largest']:.3f}"
    )


if __name__ == "__main__":
    main()
