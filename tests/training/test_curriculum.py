"""Curriculum: shares by hand, orders by hand, and runs that know their number of updates."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.tasks import TaskSet
from mtlv.training import loop
from mtlv.training.batches import BatchRows
from mtlv.training.curriculum import Curriculum, competence, text_losses
from mtlv.training.curriculum_settings import CurriculumSettings
from mtlv.training.data import TrainingData
from mtlv.training.loop import train
from mtlv.training.observing import Step
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network, toy_settings

pytestmark = pytest.mark.slow

NAN = float("nan")
CALM = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
OTHER = ("liver", "brain")
TARGETS = {  # of the 16 training texts; the others have none
    "heart": [1, 1, 1, 1, 1, 1, 0, 0],  # 6 positives
    "lung": [1, 1, 0, 0, 0, 0, 1, 1],  # 4
    "bone": [0, 1, 0, 0, 0, 0, 0, NAN],  # 1
    "skin": [0, 0, 1, 0, 0, 0, 1, 0],  # 2
}


def _settings(**changes: Any) -> CurriculumSettings:
    return CurriculumSettings(**({"by": "frequency", "start": 0.25, "until": 0.5} | changes))


def _data() -> TrainingData:
    """Return a toy corpus whose first eight texts have given targets, and the others none."""
    data = toy_data([toy_corpus()], tiny_source())
    targets = {name: np.array([*given, *[NAN] * 8, *[0, 1] * 4]) for name, given in TARGETS.items()}
    return TrainingData({"toy": replace(data.corpora["toy"], targets=targets)})


def _curriculum(
    settings: CurriculumSettings | None, data: TrainingData | None = None, **options: Any
) -> Curriculum:
    given = {"epochs": 4, "seed": 0, "network": toy_network(tiny_source(), **CALM)} | options
    return Curriculum(settings, data=data or _data(), **given)


# --- how much ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pacing", "shares"),
    [
        ("linear", [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]),
        ("root", [0.2, math.sqrt(0.28), math.sqrt(0.52), math.sqrt(0.76), 1.0, 1.0]),
        ("step", [0.2, 0.2, 0.2, 0.2, 1.0, 1.0]),
    ],
)
def test_competence_by_hand(pacing: Any, shares: list[float]) -> None:
    settings = _settings(start=0.2, until=0.8, pacing=pacing)
    found = [competence(progress / 5, settings) for progress in range(6)]
    assert found == pytest.approx(shares)


@pytest.mark.parametrize(("by", "first"), [("length", 0.25), ("loss", 1.0)])
def test_an_epoch_knows_its_share(by: Any, first: float) -> None:
    curriculum = _curriculum(_settings(by=by, until=0.75))
    shares = [curriculum.share(epoch) for epoch in (1, 2, 3, 4)]
    assert shares == pytest.approx([first, 0.5, 0.75, 1.0])


def test_without_a_curriculum_nothing_changes() -> None:
    data = _data()
    curriculum = _curriculum(None, data)
    batch = data.batch(BatchRows("toy", np.arange(4)), curriculum.network)
    assert curriculum.rows(1)["toy"] is data.rows("train")["toy"]
    assert curriculum.masked(batch, 1) is batch
    assert curriculum.share(1) == 1.0


# --- texts ---------------------------------------------------------------------------------------


def test_short_texts_come_first() -> None:
    data = _data()
    curriculum = _curriculum(_settings(by="length", until=0.75), data)
    lengths, all_rows = data.lengths["toy"], data.rows("train")["toy"]
    for epoch, size in ((1, 4), (2, 8), (3, 12)):
        rows = curriculum.rows(epoch)["toy"]
        assert curriculum.sizes(epoch) == {"toy": size} == {"toy": len(set(rows.tolist()))}
        later = np.setdiff1d(all_rows, rows)
        assert lengths[rows].max() <= lengths[later].min()
    assert curriculum.rows(4)["toy"] is all_rows


def test_texts_with_rare_labels_come_last() -> None:
    """Rarest labels: heart for 3, 4, 5; lung for 0, 7; skin for 2, 6; bone for 1; none for 8 …."""
    curriculum = _curriculum(_settings(start=1 / 16, until=1.0), epochs=1)
    order = curriculum._texts["toy"].tolist()
    assert sorted(order[:8]) == [8, 9, 10, 11, 12, 13, 14, 15]
    assert sorted(order[8:11]) == [3, 4, 5]
    assert sorted(order[11:13]) == [0, 7]
    assert sorted(order[13:15]) == [2, 6]
    assert order[15] == 1


def test_texts_that_are_equally_hard_are_ordered_by_the_seed() -> None:
    orders = [_curriculum(_settings(), seed=seed)._texts["toy"].tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_at_least_one_text_of_every_corpus_is_there() -> None:
    corpora = [toy_corpus(), toy_corpus("other", OTHER)]
    network = toy_network(tiny_source(), LABELS, OTHER, tasks=TaskSet.of(corpora))
    data = toy_data(corpora, tiny_source())
    curriculum = _curriculum(_settings(start=0.01), data, network=network)
    assert curriculum.sizes(1) == {"toy": 1, "other": 1}
    assert {name: len(rows) for name, rows in curriculum.rows(1).items()} == curriculum.sizes(1)


def test_losses_of_texts_are_those_of_batches_of_one() -> None:
    data = _data()
    network = toy_network(tiny_source(), ("heart", "skin"), ("lung", "bone"), **CALM)
    found = text_losses(network, network, data, data.corpora["toy"])  # (N, T)
    assert found.shape == (16, 4)
    assert np.isnan(found[8:]).all()
    assert np.isnan(found[7, 3])
    for row in (0, 5):
        batch = data.batch(BatchRows("toy", np.array([row])), network)
        losses = network.task_losses(network(batch), batch)
        expected = [losses[name].item() for name in network.tasks]
        assert found[row].tolist() == pytest.approx(expected, rel=1e-4)


def test_texts_with_large_losses_come_last() -> None:
    data = _data()
    curriculum = _curriculum(_settings(by="loss", start=0.5, until=1.0), data)
    assert curriculum.rows(1)["toy"] is data.rows("train")["toy"]
    network = curriculum.network
    curriculum.on_epoch(network, 1)
    losses = text_losses(network, network, data, data.corpora["toy"])[:8].mean(axis=1)
    losses[7] = np.nanmean(text_losses(network, network, data, data.corpora["toy"])[7])
    order = curriculum._texts["toy"].tolist()
    assert sorted(order[:8]) == list(range(8, 16))  # no target, no loss
    assert order[8:] == np.argsort(losses).tolist()
    curriculum.on_epoch(toy_network(tiny_source(), seed=5), 2)  # only the first epoch is asked
    assert curriculum._texts["toy"].tolist() == order


# --- labels --------------------------------------------------------------------------------------


def _seen(curriculum: Curriculum, data: TrainingData, epoch: int) -> dict[str, bool]:
    """Return which labels have targets in an epoch."""
    network = curriculum.network
    batch = data.batch(BatchRows("toy", np.arange(7)), network)
    given = curriculum.masked(batch, epoch)
    assert given.mask is batch.mask
    seen = {}
    for head, targets in given.targets.items():
        for k, task in enumerate(network.head(head).tasks):
            own = targets[:, k]
            assert own.isnan().all() or torch.equal(own, batch.targets[head][:, k])
            seen[task.name] = not own.isnan().all()
    return seen


def test_frequent_labels_join_first() -> None:
    data = _data()
    network = toy_network(tiny_source(), ("skin", "heart"), ("bone", "lung"), **CALM)
    curriculum = _curriculum(_settings(of="labels", until=0.75), data, network=network)
    joined = [
        {name for name, there in _seen(curriculum, data, epoch).items() if there}
        for epoch in (1, 2, 3, 4)
    ]
    assert joined == [{"heart"}, {"heart", "lung"}, {"heart", "lung", "skin"}, set(LABELS)]
    assert curriculum.sizes(1) == {"toy": 16}


def test_labels_with_small_losses_join_first() -> None:
    data = _data()
    curriculum = _curriculum(_settings(by="loss", of="labels", until=0.75), data)
    assert all(_seen(curriculum, data, 1).values())
    network = curriculum.network
    curriculum.on_epoch(network, 1)
    losses = np.nanmean(text_losses(network, network, data, data.corpora["toy"]), axis=0)
    order = [network.tasks[i] for i in np.argsort(losses)]
    assert {name for name, there in _seen(curriculum, data, 2).items() if there} == set(order[:2])


# --- runs ----------------------------------------------------------------------------------------


class Steps:
    def __init__(self) -> None:
        self.steps: list[Step] = []

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def on_epoch(self, *_: Any) -> None: ...


def _run(**options: Any) -> tuple[Network, list[Step]]:
    network, watcher = toy_network(tiny_source(), ("heart", "lung"), ("bone", "skin")), Steps()
    data = toy_data([toy_corpus()], tiny_source())
    train(network, data, toy_settings(epochs=4, **options), seed=0, observer=watcher)
    return network, watcher.steps


@pytest.mark.parametrize(
    ("by", "examples"), [("length", [4, 8, 12, 16]), ("loss", [16, 8, 12, 16])]
)
def test_the_schedule_knows_the_number_of_updates(
    by: str, examples: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def recorded(optimizer: Any, settings: Any, updates: int) -> Any:
        made.append((make_schedule(optimizer, settings, updates), updates))
        return made[-1][0]

    make_schedule = loop.make_schedule
    monkeypatch.setattr(loop, "make_schedule", recorded)
    curriculum = {"by": by, "start": 0.25, "until": 0.75}
    _, steps = _run(curriculum=curriculum, batch_size=3, accumulation=2)
    schedule, updates = made[0]
    counts = [math.ceil(size / 3) for size in examples]
    assert updates == schedule.last_epoch == sum(math.ceil(count / 2) for count in counts)
    assert len(steps) == steps[-1].steps == sum(counts)
    for epoch, size in enumerate(examples, start=1):
        assert sum(step.examples for step in steps if step.epoch == epoch) == size


@pytest.mark.parametrize("by", ["length", "loss", "frequency"])
@pytest.mark.parametrize("of", ["texts", "labels"])
def test_runs_with_a_curriculum_repeat(by: str, of: str) -> None:
    if (by, of) == ("length", "labels"):
        return
    curriculum = {"by": by, "of": of, "start": 0.25, "until": 0.75}
    one, two, plain = (
        _run(curriculum=given)[0].state_dict() for given in (curriculum, curriculum, None)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], plain[name]) for name in one)


def test_a_curriculum_that_starts_with_all_is_none() -> None:
    one, two = (
        _run(curriculum=given)[0].state_dict()
        for given in ({"by": "frequency", "start": 1.0}, None)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_head_whose_labels_have_not_joined_does_not_learn() -> None:
    start = toy_network(tiny_source(), ("heart", "lung"), ("bone", "skin"))
    data = toy_data([toy_corpus()], tiny_source())
    counts = {name: (data.corpora["toy"].targets[name][:16] == 1).sum() for name in LABELS}
    most = max(LABELS, key=lambda name: counts[name])
    waiting = 1 if most in ("heart", "lung") else 0
    network = toy_network(tiny_source(), ("heart", "lung"), ("bone", "skin"))
    curriculum = {"by": "frequency", "of": "labels", "start": 0.25, "until": 1.0, "pacing": "step"}
    for weighting in ("sum", "uncertainty", "mgda"):
        settings = toy_settings(curriculum=curriculum, weighting=weighting, weight_decay=0.0)
        train(network, data, settings, seed=0)
    for head in (0, 1):
        name = f"heads.{head}.layers.1.weight"
        same = torch.equal(network.get_parameter(name), start.get_parameter(name))
        assert same == (head == waiting)


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"by": "length", "of": "labels"}, "not by `length`"),
        ({"by": "age"}, "'length', 'loss' or 'frequency'"),
        ({"by": "loss", "start": 0}, "greater than 0"),
        ({"by": "loss", "until": 1.5}, "less than or equal to 1"),
        ({}, "Field required"),
    ],
)
def test_wrong_settings(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        toy_settings(curriculum=given)
