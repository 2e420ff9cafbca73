"""The demo corpus: synthetic chest reports, written by a small grammar of the project's own.

A quick start and a test must run without any download, and a corpus that keywords can solve would
make every architecture look the same. So these reports are made to need reading: findings are also
named where they are absent (denied, resolved, asked for, or contrasted with another), and some are
told in words that their denial uses too. Five made-up causes bring labels together, in unequal
numbers, so that there is something for tasks to share, and a rare label to lose.

The words are data, in `demo.yaml`; how often they are used stands below. The same settings give the
same reports on every machine. They are no medical reports: results on them say nothing about real
ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import Field

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import DATASETS, KnownDataset, load_yaml
from mtlv.data.corpus import Corpus, Example, Target
from mtlv.randomness import derive_seed
from mtlv.settings import Settings

__all__ = ["DemoSettings", "grammar"]

T = TypeVar("T")

OWN_WORDS = 0.3
"""Share of findings told in the label's own sentences, where no noun gives them away."""
CONTRASTED = 0.3
"""Share of the other findings that are told in contrast to an absent one."""
ABSENT = {"silent": 0.70, "listed": 0.18, "own": 0.07, "past": 0.05}
"""How absent labels are spoken of. With these shares TF-IDF with logistic regression reaches a
macro-F1 of about 75, and MiniLM, fine-tuned for eight epochs, about 85."""
ASKED = 0.3
"""Share of reports that open with a reason, which names any label, present or not."""


class DemoSettings(Settings):
    """Settings of the dataset `demo`."""

    size: int = Field(1200, ge=40)
    """Number of reports."""
    seed: int = 0
    """Seed of everything."""


@cache
def grammar() -> dict[str, Any]:
    """Return the grammar in `demo.yaml`."""
    return dict(load_yaml("demo"))


def read(settings: DemoSettings, source: None = None) -> Corpus:
    """Write the reports."""
    rng = random.Random(derive_seed(settings.seed, "demo"))
    labels = grammar()["labels"]
    targets = [Target(name, description=label["description"]) for name, label in labels.items()]
    builder = CorpusBuilder("demo", targets, source="demo")
    for number, present in enumerate(_label_sets(rng, settings.size)):
        values = {name: int(name in present) for name in labels}
        builder.add(Example(f"demo-{number:05}", _report(rng, present), targets=values))
    return builder.build(["synthetic: written by a grammar, no medical reports"])


def _label_sets(rng: random.Random, size: int) -> list[set[str]]:
    """Return the labels of every report.

    Shares are exact, not drawn report by report, so that even a small demo has every label.
    """
    sets: list[set[str]] = [set() for _ in range(size)]
    for name, label in grammar()["labels"].items():
        for own in _share(rng, sets, label["base"]):
            own.add(name)
    for cause in grammar()["causes"].values():
        struck = _share(rng, sets, cause["share"])
        for name, share in cause["brings"].items():
            for own in _share(rng, struck, share):
                own.add(name)
    return sets


def _share(rng: random.Random, items: Sequence[T], share: float) -> list[T]:
    return rng.sample(items, math.ceil(share * len(items)))


def _report(rng: random.Random, present: set[str]) -> str:
    """Return one report; a label in contrast to a finding is not spoken of again."""
    labels, sentences = grammar()["labels"], grammar()["sentences"]
    absent = [name for name in labels if name not in present]
    rng.shuffle(absent)
    body = [_finding(rng, name, absent) for name in labels if name in present]
    body += _denials(rng, absent)
    body += rng.sample(sentences["filler"], rng.choice([1, 2]))
    rng.shuffle(body)
    reason = [_filled(rng, "reason", x=rng.choice(list(labels)))] if rng.random() < ASKED else []
    told = [rng.choice(sentences["opening"]), *reason, *body]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in told)


def _finding(rng: random.Random, name: str, absent: list[str]) -> str:
    """Return a sentence that says a label is present; may use up one that is absent."""
    if rng.random() < OWN_WORDS:
        return str(rng.choice(grammar()["labels"][name]["present"]))
    if absent and rng.random() < CONTRASTED:
        return _filled(rng, "contrast", a=name, x=absent.pop())
    return _filled(rng, "present", a=name)


def _denials(rng: random.Random, absent: Sequence[str]) -> list[str]:
    """Return sentences on some of the absent labels."""
    kinds = rng.choices(list(ABSENT), list(ABSENT.values()), k=len(absent))
    by_kind = {
        kind: [n for n, k in zip(absent, kinds, strict=True) if k == kind] for kind in ABSENT
    }
    said = [str(rng.choice(grammar()["labels"][name]["absent"])) for name in by_kind["own"]]
    said += [_filled(rng, "past", x=name) for name in by_kind["past"]]
    for start in range(0, len(by_kind["listed"]), 3):
        names = by_kind["listed"][start : start + 3]
        kind = ("absent one", "absent two", "absent three")[len(names) - 1]
        said.append(_filled(rng, kind, **dict(zip("xyz", names, strict=False))))
    return said


def _filled(rng: random.Random, kind: str, **names: str) -> str:
    """Return a sentence of a kind, its letters replaced by nouns of the labels they stand for."""
    nouns = {
        letter: rng.choice(grammar()["labels"][name]["nouns"]) for letter, name in names.items()
    }
    return str(rng.choice(grammar()["sentences"][kind])).format(**nouns)


DATASETS.register("demo")(
    KnownDataset(
        name="demo",
        about="1,200 synthetic chest reports with 8 correlated labels; needs no files",
        address="part of mtlv; nothing to download",
        licence="Apache-2.0, as mtlv itself",
        settings=DemoSettings,
        read=read,
        published={},
    )
)
