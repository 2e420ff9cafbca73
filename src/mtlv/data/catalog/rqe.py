"""MEDIQA RQE: does one medical question entail another (Ben Abacha and Demner-Fushman 2016, 2019)?

A question entails another if every answer to the other also answers it, wholly or in part. The
pairs come from the XML files of the challenge: clinicians' questions to train on, consumers'
questions beside frequently asked ones to validate and test. There are two classes, so the task is
binary; it is judged by accuracy, as in the challenge. One official training pair has no second
question and is left out by its number; any other empty side is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.pair_files import corpus_of, part_paths
from mtlv.data.catalog.xml_files import parse_xml
from mtlv.data.corpus import Corpus, Example, Part, Target
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["RqeSettings"]

TARGET = Target(
    "rqe",
    description="Whether every answer to the second medical question also answers the first one",
    metric="accuracy",
)
FILES: Mapping[Part, tuple[str, ...]] = {
    "train": ("MEDIQA2019-Task2-RQE-TrainingSet-AMIA2016.xml",),
    "validation": ("MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",),
    "test": ("MEDIQA2019-Task2-RQE-TestSet-wLabels.xml",),
}
ONE_SIDED = "train-5860"
"""The official pair whose second question is empty."""
VALUES = {"true": 1, "false": 0}
PUBLISHED = {"train": 8588, "validation": 302, "test": 230}


class RqeSettings(Settings):
    """Settings of the dataset `rqe`."""

    path: Path | None = None
    """The folder with the three XML files (of the test set, that with labels), or one around it."""


def read(settings: RqeSettings, source: Path) -> Corpus:
    """Read the pairs of the three files."""
    left_out: list[str] = []
    examples = [
        example
        for part, path in part_paths(source, FILES).paths.items()
        for example in _pairs(part, path, left_out)
    ]
    notes = [f"{name}: left out, since its second question is empty" for name in left_out]
    return corpus_of("rqe", [TARGET], examples, source, PUBLISHED, notes)


def _pairs(part: Part, path: Path, left_out: list[str]) -> Iterator[Example]:
    root = parse_xml(path.read_bytes(), str(path))
    for number, pair in enumerate(root.iter("pair"), 1):
        key = (pair.get("pid") or "").strip() or str(number)
        name, where = f"{part}-{key}", f"{path}, pair '{key}'"
        first, second = (" ".join((pair.findtext(tag) or "").split()) for tag in ("chq", "faq"))
        if name == ONE_SIDED and not second:
            left_out.append(name)
            continue
        if not first or not second:
            raise DataError(
                "A side of the pair is missing.",
                where=where,
                found=f"no text in <{'faq' if first else 'chq'}>",
                expected="a <chq> and a <faq>, each with a question",
            )
        targets = {TARGET.name: _value(pair, where)}
        yield Example(name, first, second, None, targets, part, where)


def _value(pair: Element, where: str) -> int:
    value = VALUES.get((pair.get("value") or "").strip().lower())
    if value is None:
        raise DataError(
            "A pair does not say whether it is an entailment.",
            where=where,
            found=f"value={pair.get('value')!r}",
            expected='value="true" or value="false"',
            hint="of the test set take the file with labels",
        )
    return value


DATASETS.register("rqe")(
    KnownDataset(
        name="rqe",
        about="9,120 pairs of medical questions: does the answer to one answer the other?",
        address="https://github.com/abachaa/MEDIQA2019 (MEDIQA_Task2_RQE)",
        licence="released by the NLM for MEDIQA 2019; cite Ben Abacha et al. 2019",
        settings=RqeSettings,
        read=read,
        published=PUBLISHED,
        places=("mediqa2019_rqe", "MEDIQA_Task2_RQE", "rqe"),
    )
)
