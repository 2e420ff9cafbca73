"""The loop: the same seed gives the same run, and every setting does what it says."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mtlv.errors import ConfigError, TrainingError
from mtlv.evaluation.curves import CurvePoint
from mtlv.evaluation.metrics import METRICS
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.tasks import TaskSet
from mtlv.training import loop
from mtlv.training.loop import Trained, train
from mtlv.training.observing import Step
from mtlv.training.scoring import predict_part
from mtlv.training.weighting import WEIGHTINGS, Weighting
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network, toy_settings

pytestmark = pytest.mark.slow

CALM = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
OTHER = ("liver", "brain")


class Watcher:
    """Keeps what it hears, and the weights at the end of each epoch."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.steps: list[Step] = []
        self.epochs: list[int] = []
        self.points: list[CurvePoint] = []
        self.weights: list[dict[str, Tensor]] = []

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def on_epoch(self, epoch: int, points: list[CurvePoint]) -> None:
        self.epochs.append(epoch)
        self.points += points
        self.weights.append(_weights(self.network))


def _weights(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _equal(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def _distance(one: dict[str, Tensor], two: dict[str, Tensor]) -> float:
    return float(sum((one[name] - two[name]).square().sum() for name in one)) ** 0.5


def _train(
    *heads: tuple[str, ...], seed: int = 0, network: dict[str, Any] | None = None, **settings: Any
) -> tuple[Network, Trained, Watcher]:
    built = toy_network(tiny_source(), *heads, **(network or {}))
    watcher = Watcher(built)
    data = toy_data([toy_corpus()], tiny_source())
    trained = train(built, data, toy_settings(**settings), seed=seed, observer=watcher)
    return built, trained, watcher


def digest(seed: int = 0) -> str:
    """Return a fingerprint of all that a short run gives: weights, predictions and curves."""
    network, trained, _ = _train(seed=seed)
    data = toy_data([toy_corpus()], tiny_source())
    scores = predict_part(trained.model, data, "test").labels().scores
    weights = b"".join(v.numpy().tobytes() for v in network.trainable_state().values())
    given = weights + scores.tobytes() + repr(trained.curves).encode()
    return hashlib.sha256(given).hexdigest()


# --- the seed ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_run_to_the_last_bit() -> None:
    first = digest()
    torch.rand(3)
    np.random.rand(3)
    assert digest() == first


def test_another_seed_gives_another_run() -> None:
    assert digest(1) != digest(0)


def test_the_same_seed_gives_the_same_run_in_another_process() -> None:
    here = Path(__file__).parent
    code = "from training.test_loop import digest; print(digest())"
    environment = os.environ | {"PYTHONPATH": str(here.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest()


def test_the_seed_decides_dropout_too() -> None:
    """One batch holds all rows, so the order of batches is the same for both seeds."""
    one, two = (_train(seed=seed, batch_size=16, epochs=1)[0] for seed in (0, 1))
    calm, still = (_train(seed=seed, batch_size=16, epochs=1, network=CALM)[0] for seed in (0, 1))
    assert _distance(_weights(one), _weights(two)) > 1e-3
    assert _distance(_weights(calm), _weights(still)) < 1e-3


# --- learning ------------------------------------------------------------------------------------


def test_a_separable_task_is_learned() -> None:
    labels = LABELS[:2]
    data = toy_data([toy_corpus(labels=labels, count=80)], tiny_source())
    spans = {"train": (0, 60), "validation": (60, 70), "test": (70, 80)}
    data.corpora["toy"].rows.update(  # type: ignore[attr-defined]
        {part: np.arange(*span) for part, span in spans.items()}
    )
    network = toy_network(tiny_source(pooling="mean"), labels)
    trained = train(network, data, toy_settings(epochs=25, learning_rate=1e-2), seed=0)
    for part in ("validation", "test"):
        found = predict_part(trained.model, data, part).labels()  # type: ignore[arg-type]
        assert METRICS["f1_macro"].function((found.scores > 0.5) * 1.0, found.targets) == 1.0


def test_accumulated_batches_equal_one_large_batch() -> None:
    """16 rows, one update per epoch: two batches of eight, four of four, or one of sixteen."""
    runs = [
        _train(batch_size=16 // n, accumulation=n, optimizer="sgd", learning_rate=0.1, network=CALM)
        for n in (1, 2, 4)
    ]
    large, *accumulated = (_weights(network) for network, _, _ in runs)
    assert _distance(large, _weights(toy_network(tiny_source(), **CALM))) > 1e-2
    for weights in accumulated:
        assert _distance(large, weights) < 1e-5


def test_the_last_shorter_accumulation_weighs_as_much_as_the_others() -> None:
    """Three batches of identical rows by twos: both updates have the gradient of one batch."""
    data = toy_data([toy_corpus()], tiny_source())
    data.corpora["toy"].rows["train"] = np.zeros(12, int)  # type: ignore[index]
    options = {"epochs": 1, "optimizer": "sgd", "momentum": 0.0, "schedule": "constant"}
    runs = []
    for accumulation, size in ((2, 4), (1, 6)):
        network = toy_network(tiny_source(), **CALM)
        settings = toy_settings(accumulation=accumulation, batch_size=size, warmup=0.0, **options)
        train(network, data, settings, seed=0)
        runs.append(_weights(network))
    assert _distance(*runs) < 1e-6


def test_updates_and_schedule_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def recorded(optimizer: Any, settings: Any, updates: int) -> Any:
        made.append((make_schedule(optimizer, settings, updates), updates))
        return made[-1][0]

    make_schedule = loop.make_schedule
    monkeypatch.setattr(loop, "make_schedule", recorded)
    _, _, watcher = _train(batch_size=6, accumulation=2, epochs=3)
    schedule, updates = made[0]
    assert updates == schedule.last_epoch == 2 * 3
    assert len(watcher.steps) == watcher.steps[-1].steps == 3 * 3


def test_clipping_bounds_the_update() -> None:
    def moved(clip: float | None) -> float:
        options: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0}
        options |= {"batch_size": 16, "epochs": 1, "learning_rate": 1.0, "warmup": 0.0}
        network, _, _ = _train(clip=clip, network=CALM, **options)
        return _distance(_weights(network), _weights(toy_network(tiny_source(), **CALM)))

    assert moved(1e-3) == pytest.approx(1e-3, rel=0.01)
    assert moved(None) > 0.1


def test_heads_learn_by_their_own_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def recorded(*arguments: Any) -> torch.optim.Optimizer:
        made.append(make_optimizer(*arguments))
        return made[-1]

    make_optimizer = loop.make_optimizer
    monkeypatch.setattr(loop, "make_optimizer", recorded)
    _train(network={"head": HeadSettings(learning_rate_factor=30.0)}, learning_rate=1e-4)
    rates = sorted({group["initial_lr"] for group in made[0].param_groups})
    assert rates == pytest.approx([1e-4, 3e-3])


def test_a_loss_that_is_no_number_stops_the_run_before_it_spoils_the_weights() -> None:
    network = toy_network(tiny_source())
    bias = network.get_parameter("heads.0.layers.1.bias")
    with torch.no_grad():
        bias.fill_(float("nan"))
    before = _weights(network)
    data = toy_data([toy_corpus()], tiny_source())
    with pytest.raises(TrainingError, match="no longer a number") as error:
        train(network, data, toy_settings(), seed=0)
    assert error.value.where == "epoch 1, step 1 of 4"
    assert "learning_rate" in str(error.value.hint)
    assert "fp32" in str(error.value.hint)
    after = _weights(network)
    assert all(torch.equal(before[name], after[name]) for name in before if "bias" not in name)


# --- several heads and corpora -------------------------------------------------------------------


def test_a_head_of_weight_zero_does_not_learn() -> None:
    heads = (("heart",), ("lung", "bone"))
    start = _weights(toy_network(tiny_source(), *heads))
    network, _, _ = _train(*heads, weighting=(0.0, 1.0), weight_decay=0.0)
    after = _weights(network)
    assert torch.equal(after["heads.0.layers.1.weight"], start["heads.0.layers.1.weight"])
    assert not torch.equal(after["heads.1.layers.1.weight"], start["heads.1.layers.1.weight"])


@pytest.mark.parametrize(
    ("weighting", "weights"),
    [("equal", (1 / 3, 2 / 3)), ("sum", (1, 1)), ("mean", (0.5, 0.5)), ((2.0, 3.0), (2, 3))],
)
def test_the_loss_of_a_model_is_made_of_its_heads(
    weighting: object, weights: tuple[float, float]
) -> None:
    _, trained, _ = _train(("heart",), ("lung", "bone"), weighting=weighting)
    losses = {(p.epoch, p.name): p.value for p in trained.curves if p.part == "train"}
    for epoch in (1, 2):
        parts = [losses[epoch, f"head {i}"] * weights[i - 1] for i in (1, 2)]
        assert losses[epoch, "model"] == pytest.approx(sum(parts), rel=1e-5)


def test_weights_for_another_number_of_heads_stop_the_run() -> None:
    with pytest.raises(ConfigError, match="do not fit"):
        _train(weighting=(1.0, 2.0))


def test_the_loss_of_a_model_can_be_made_of_its_tasks() -> None:
    """A head's loss is the mean of its tasks' as no target is missing."""
    weighting = {"name": "sum", "over": "tasks"}
    _, trained, _ = _train(("heart",), ("lung", "bone", "skin"), weighting=weighting)
    losses = {p.name: p.value for p in trained.curves if p.part == "train" and p.epoch == 1}
    assert losses["model"] == pytest.approx(losses["head 1"] + 3 * losses["head 2"], rel=1e-5)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_weighting_that_looks_back_sees_the_last_batch_after_each_update(
    monkeypatch: pytest.MonkeyPatch, accumulation: int
) -> None:
    seen: list[str] = []

    class Spy(Weighting):
        looks_back = True

        def forward(self, losses: Tensor, present: Any, shared: Tensor | None = None) -> Tensor:
            self.before = losses.detach()
            seen.append("loss")
            return losses.sum()

        def look_back(self, losses: Tensor, present: Any) -> None:
            assert not losses.requires_grad
            assert present == [0, 1]
            assert losses.sum() < self.before.sum()
            seen.append("back")

        def on_epoch(self) -> None:
            seen.append("epoch")

    monkeypatch.setattr(loop, "make_weighting", lambda *_: Spy())
    options = {"batch_size": 8, "accumulation": accumulation, "optimizer": "sgd", "epochs": 1}
    _train(("heart",), ("lung", "bone"), network=CALM, warmup=0.0, learning_rate=1e-2, **options)
    update = ["loss"] * accumulation + ["back"]
    assert seen == update * (2 // accumulation) + ["epoch"]


@pytest.mark.parametrize("accumulation", [1, 2])
def test_gradient_weightings_share_accumulation_as_losses_do(accumulation: int) -> None:
    """Identical rows: a mean over equal batches is the batch."""
    data = toy_data([toy_corpus()], tiny_source())
    data.corpora["toy"].rows["train"] = np.zeros(12, int)  # type: ignore[index]
    runs = []
    for count, size in ((accumulation, 12 // accumulation), (1, 12)):
        network = toy_network(tiny_source(), ("heart",), ("lung", "bone"), **CALM)
        options = {"optimizer": "sgd", "weighting": "mgda", "epochs": 2, "learning_rate": 0.1}
        train(network, data, toy_settings(accumulation=count, batch_size=size, **options), seed=0)
        runs.append(_weights(network))
    assert _distance(*runs) < 1e-5


def test_two_corpora_are_learned_in_one_run() -> None:
    corpora = [toy_corpus(), toy_corpus("other", OTHER)]
    tasks, data = TaskSet.of(corpora), toy_data(corpora, tiny_source())
    network = toy_network(tiny_source(), LABELS, OTHER, tasks=tasks)
    start, watcher = _weights(network), Watcher(network)
    trained = train(network, data, toy_settings(batch_size=5), seed=0, observer=watcher)
    assert trained.examples == 2 * 32
    assert sorted(step.examples for step in watcher.steps[:8]) == [1, 1, 5, 5, 5, 5, 5, 5]
    for head in (0, 1):
        name = f"heads.{head}.layers.1.weight"
        assert not torch.equal(start[name], network.state_dict()[name])
    names = {p.name for p in trained.curves if p.scope == "label"}
    assert names == {*LABELS, *OTHER}


@pytest.mark.parametrize("over", ["heads", "tasks"])
@pytest.mark.parametrize("name", sorted(set(WEIGHTINGS) - {"fixed"}))
def test_every_weighting_can_learn_two_corpora(name: str, over: str) -> None:
    corpora = [toy_corpus(every=2), toy_corpus("other", OTHER)]
    tasks, data = TaskSet.of(corpora), toy_data(corpora, tiny_source())
    network = toy_network(tiny_source(), LABELS[:3], LABELS[3:], OTHER, tasks=tasks)
    settings = toy_settings(batch_size=5, epochs=4, weighting={"name": name, "over": over})
    start = _weights(network)
    trained = train(network, data, settings, seed=0)
    assert all(np.isfinite(p.value) for p in trained.curves if p.part == "train")
    for head in (0, 1, 2):
        weight = f"heads.{head}.layers.1.weight"
        assert not torch.equal(start[weight], network.state_dict()[weight])


def test_labels_with_missing_targets_are_learned() -> None:
    data = toy_data([toy_corpus(every=3)], tiny_source())
    trained = train(toy_network(tiny_source()), data, toy_settings(epochs=1), seed=0)
    assert all(np.isfinite(p.value) for p in trained.curves if p.part == "train")


# --- epochs --------------------------------------------------------------------------------------


@pytest.fixture
def _values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation values of the epochs, in place of measured ones."""
    values = iter([0.1, 0.9, 0.2, 0.9, 0.3])
    monkeypatch.setattr(loop, "selection_value", lambda *_: next(values))


@pytest.mark.usefixtures("_values")
@pytest.mark.parametrize(("checkpoint", "epoch"), [("best", 2), ("last", 4)])
def test_the_chosen_epochs_weights_are_kept(checkpoint: str, epoch: int) -> None:
    network, trained, watcher = _train(epochs=4, checkpoint=checkpoint)
    assert (trained.epoch, trained.epochs) == (epoch, 4)
    assert _equal(_weights(network), watcher.weights[epoch - 1])
    assert not _equal(watcher.weights[1], watcher.weights[3])


@pytest.mark.usefixtures("_values")
@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (3, 5), (None, 5)])
def test_a_run_stops_after_epochs_without_a_better_value(patience: int | None, epochs: int) -> None:
    _, trained, watcher = _train(epochs=5, patience=patience)
    assert trained.epochs == trained.epoch == epochs
    assert watcher.epochs == list(range(1, epochs + 1))


@pytest.mark.usefixtures("_values")
def test_a_run_that_stops_early_can_keep_its_best() -> None:
    network, trained, watcher = _train(epochs=5, patience=1, checkpoint="best")
    assert (trained.epoch, trained.epochs) == (2, 3)
    assert _equal(_weights(network), watcher.weights[1])


def test_frozen_parts_come_through_the_choice_of_an_epoch() -> None:
    start = _weights(toy_network(tiny_source(), freeze_layers=1))
    network, _, _ = _train(checkpoint="best", network={"freeze_layers": 1})
    after = _weights(network)
    below = [name for name in start if "embeddings" in name or ".layer.0." in name]
    assert below
    assert all(torch.equal(start[name], after[name]) for name in below)


# --- who watches ---------------------------------------------------------------------------------


def test_an_observer_hears_of_every_step_and_epoch() -> None:
    _, trained, watcher = _train(batch_size=6, epochs=2)
    assert [step.step for step in watcher.steps] == [1, 2, 3, 4, 5, 6]
    assert [step.epoch for step in watcher.steps] == [1, 1, 1, 2, 2, 2]
    assert sum(step.examples for step in watcher.steps) == trained.examples == 32
    assert watcher.epochs == [1, 2]
    assert watcher.points == trained.curves


def test_curves_hold_the_mean_loss_over_examples() -> None:
    _, trained, watcher = _train(batch_size=6, epochs=1)
    weighted = sum(step.loss * step.examples for step in watcher.steps) / 16
    found = [p.value for p in trained.curves if (p.part, p.scope) == ("train", "model")]
    assert found == [pytest.approx(weighted)]


def test_nobody_need_watch() -> None:
    data = toy_data([toy_corpus()], tiny_source())
    trained = train(toy_network(tiny_source()), data, toy_settings(epochs=1), seed=0)
    assert trained.epochs == 1


# --- precision -----------------------------------------------------------------------------------


def test_each_run_computes_in_its_own_format() -> None:
    """An earlier run of the process must not decide for a later one."""
    found = []
    for precision in ("bf16", "fp32", "bf16"):
        network = toy_network(tiny_source())
        linear = next(m for m in network.encoder.modules() if isinstance(m, nn.Linear))
        seen: set[torch.dtype] = set()
        linear.register_forward_hook(lambda _m, _i, output, seen=seen: seen.add(output.dtype))
        data = toy_data([toy_corpus()], tiny_source())
        trained = train(network, data, toy_settings(precision=precision, epochs=1), seed=0)
        assert {p.dtype for p in network.parameters()} == {torch.float32}
        found.append((trained.precision, seen))
    half, full = ("bf16", {torch.bfloat16}), ("fp32", {torch.float32})
    assert found == [half, full, half]
