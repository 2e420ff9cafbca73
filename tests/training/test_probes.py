"""Probes: they measure what they say, and what they measure changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mtlv.errors import ConfigError, TrainingError
from mtlv.model.batches import Batch
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.tasks import TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from mtlv.training.loop import train
from mtlv.training.probes import PROBES, Moment, Probe, ProbeSettings, TimedProbe, make_probe
from mtlv.training.probes.gradients import relative_effects
from mtlv.training.probes.task_gradients import batches_of, last_layers, mean_gradients
from toys import LABELS, LAYERS, tiny_source, toy_corpus, toy_data, toy_network, toy_settings

pytestmark = pytest.mark.slow

CALM = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
TASKS = len(LABELS)


def toy(**network: Any) -> tuple[Network, TrainingData]:
    return toy_network(tiny_source(), **(CALM | network)), toy_data([toy_corpus()], tiny_source())


def measure(name: str, **settings: Any) -> Mapping[str, np.ndarray[Any, Any]]:
    """Train a toy with a probe and return what it measured."""
    own = {key: settings.pop(key) for key in ("every", "layers", "texts") if key in settings}
    network, data = toy()
    probe = make_probe(ProbeSettings(name=name, **({"every": 1} | own)))
    train(network, data, toy_settings(**settings), seed=0, probe=probe)
    probe.on_end(network, data)
    return probe.measured()


@pytest.mark.parametrize("name", PROBES)
class TestEvery:
    def test_it_changes_nothing(self, name: str) -> None:
        states = []
        for probe in (None, make_probe(ProbeSettings(name=name, every=1))):
            network = toy_network(tiny_source())  # with dropout, whose stream must stay
            data = toy_data([toy_corpus()], tiny_source())
            train(network, data, toy_settings(), seed=3, probe=probe)
            if probe is not None:
                probe.on_end(network, data)
                assert all(p.grad is None or not p.grad.any() for p in network.parameters())
            states.append(network.state_dict())
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])

    def test_the_same_seed_measures_the_same(self, name: str) -> None:
        one, two = measure(name), measure(name)
        assert one.keys() == two.keys() != set()
        assert all(np.array_equal(one[key], two[key], equal_nan=True) for key in one)

    def test_what_it_measures_is_finite_and_says_its_seconds(self, name: str) -> None:
        network, data = toy()
        probe = make_probe(ProbeSettings(name=name, every=1))
        train(network, data, toy_settings(), seed=0, probe=probe)
        probe.on_end(network, data)
        arrays = probe.measured()
        assert all(np.isfinite(array).all() for array in arrays.values())
        assert probe.seconds > 0

    def test_it_works_in_half_precision(self, name: str) -> None:
        assert all(np.isfinite(array).all() for array in measure(name, precision="bf16").values())


def test_an_unknown_probe_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no probe named 'look'"):
        make_probe(ProbeSettings(name="look"))


def test_a_probe_hears_of_every_batch_and_epoch() -> None:
    class Recorder(Probe):
        def __init__(self) -> None:
            super().__init__(ProbeSettings(name="recorder"))
            self.steps: list[int] = []
            self.epochs: list[int] = []

        def on_outputs(self, moment: Moment) -> None:
            self.steps.append(moment.step)
            assert len(moment.batch) == len(moment.rows.rows)

        def on_epoch(self, epoch: int) -> None:
            self.epochs.append(epoch)

    network, data = toy()
    probe = Recorder()
    train(network, data, toy_settings(), seed=0, probe=probe)
    assert (probe.steps, probe.epochs) == ([1, 2, 3, 4], [1, 2])


class Sleeper(Probe):
    """Asks an accelerator for work, which takes a second that no one waits for."""

    periodic = True

    def __init__(self, clock: list[float]) -> None:
        super().__init__(ProbeSettings(name="sleeper", every=2))
        self.clock = clock

    def on_outputs(self, moment: Moment) -> None:
        self.clock[1] += 1.0

    def on_epoch(self, epoch: int) -> None:
        self.clock[1] += 0.5


@pytest.mark.parametrize(("device", "seconds"), [("cuda", 1.5), ("cpu", 0.0)])
def test_seconds_are_read_once_the_accelerator_is_done(
    device: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0, 7.0]  # that of the process, and work that is asked for and not done
    waited = []

    def synchronize(which: torch.device) -> None:
        clock[0], clock[1] = sum(clock), 0.0
        waited.append(which.type)

    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    monkeypatch.setattr("mtlv.training.probes.base.time.perf_counter", lambda: clock[0])
    parameter = SimpleNamespace(device=torch.device(device))
    network: Any = SimpleNamespace(parameters=lambda: iter([parameter]))
    probe = TimedProbe(Sleeper(clock))
    for step in (1, 2):
        probe.on_outputs(SimpleNamespace(network=network, step=step))  # type: ignore[arg-type]
    probe.on_epoch(1)
    assert probe.seconds == seconds, "the 7 seconds are those of training"
    assert waited == ["cuda"] * 4 * (device == "cuda"), "twice a look; step 1 is not looked at"


def test_with_nothing_to_learn_in_the_encoder_there_is_no_affinity() -> None:
    network, _ = toy(freeze_layers=LAYERS)
    with pytest.raises(TrainingError, match="No layer of the encoder learns"):
        last_layers(network, 1)


def test_the_last_layers_are_meant() -> None:
    network, _ = toy()
    names = {id(p): name for name, p in network.named_parameters()}
    (last,) = last_layers(network, 1)
    assert all(".layer.1." in names[id(p)] for p in last)
    assert len(last_layers(network, 5)) == LAYERS


@pytest.mark.parametrize(("optimizer", "rate"), [("adamw", 3e-5), ("adamax", 3e-5), ("sgd", 0.3)])
def test_lookahead_foretells_what_a_step_does_to_validation_losses(
    optimizer: str, rate: float
) -> None:
    """Against the step made: weights are changed by the optimizer's rule and losses taken anew."""
    checked: list[Tensor] = []

    class Checker(Probe):
        def __init__(self) -> None:
            super().__init__(ProbeSettings(name="checker"))
            self.inner = PROBES["lookahead"](ProbeSettings(name="lookahead", every=2, texts=99))

        def on_outputs(self, moment: Moment) -> None:
            self.inner.on_outputs(moment)
            if moment.step == 2:
                checked.append(_effects_by_stepping(moment))

    network, data = toy()
    probe = Checker()
    settings = toy_settings(
        optimizer=optimizer, momentum=0.0, learning_rate=rate, epochs=2, weight_decay=0.0
    )
    train(network, data, settings, seed=0, probe=probe)
    measured = probe.inner.measured()
    assert measured["steps"].tolist() == [2, 4]
    expected = checked[0].numpy()
    assert np.abs(expected).max() > 1e-5  # well above the rounding of losses
    np.testing.assert_allclose(
        measured["effects"][0], expected, rtol=0.03, atol=0.01 * np.abs(expected).max()
    )


def _effects_by_stepping(moment: Moment) -> Tensor:
    """Take the step of each task in double precision, one after another, (T, T)."""
    data, optimizer = moment.data, moment.optimizer
    network = deepcopy(moment.network)
    trained, parameters = last_layers(moment.network, 1)[0], last_layers(network, 1)[0]
    group = next(g for g in optimizer.param_groups if any(p is trained[0] for p in g["params"]))
    corpus = data.corpora["toy"]
    train_batch = data.batch(BatchRows("toy", corpus.rows["train"]), network)
    held_out = data.batch(BatchRows("toy", corpus.rows["validation"]), network)
    network.double().eval()
    before = network.task_losses(network(held_out), held_out)
    result = torch.zeros(TASKS, TASKS, dtype=torch.float64)
    for s, source in enumerate(LABELS):
        loss = network.task_losses(network(train_batch), train_batch)[source]
        steps = torch.autograd.grad(loss, parameters, materialize_grads=True)
        saved = [p.detach().clone() for p in parameters]
        with torch.no_grad():
            for p, original, step in zip(parameters, trained, steps, strict=True):
                state = optimizer.state.get(original, {})
                if "exp_avg_sq" in state:
                    moment_2 = state["exp_avg_sq"] / (1 - 0.999 ** float(state["step"]))
                    step = step / (moment_2.sqrt() + 1e-8)
                elif "exp_inf" in state:
                    step = step / (state["exp_inf"] + 1e-8)
                p -= group["lr"] * step
        after = network.task_losses(network(held_out), held_out)
        for t, target in enumerate(LABELS):
            result[s, t] = ((before[target] - after[target]) / before[target]).detach()
        for p, old in zip(parameters, saved, strict=True):
            p.data.copy_(old)
    return result


def test_effects_are_relative_to_the_mean_loss_so_far() -> None:
    losses = np.array([[0.8, np.nan], [0.4, 0.5], [np.nan, 0.1], [0.0, 0.0]])
    decreases = np.ones((4, 2, 2))
    means = np.array([[0.8, np.nan], [0.6, 0.5], [np.nan, 0.3], [0.4, 0.2]])
    expected = np.stack([1 / means, 1 / means], axis=1)
    np.testing.assert_allclose(relative_effects(decreases, losses), expected)
    never = relative_effects(np.zeros((2, 1, 1)), np.zeros((2, 1)))  # no loss that could fall
    assert np.isnan(never).all()


def test_a_loss_next_to_nothing_at_one_moment_does_not_outweigh_the_others() -> None:
    losses = np.array([[0.5], [1e-6], [0.5]])
    relative = relative_effects(np.full((3, 1, 1), 0.01), losses)
    assert relative.max() < 2 * relative.min()


def test_lookahead_judges_on_the_same_texts_at_every_step() -> None:
    """A run that learns nothing has the same losses whenever it is looked at."""
    losses = measure("lookahead", texts=3, learning_rate=1e-12, epochs=2)["losses"]
    assert len(losses) == 4
    np.testing.assert_allclose(losses, losses[:1].repeat(4, axis=0), rtol=1e-5)


def test_gradients_of_a_mean_do_not_depend_on_how_texts_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, data = toy()[0].eval(), toy_data([toy_corpus(every=3)], tiny_source())
    rows, (parameters,) = data.rows("train"), last_layers(network, 1)
    whole, losses = mean_gradients(network, batches_of(network, data, rows), parameters)
    monkeypatch.setattr("mtlv.training.probes.task_gradients.TOKENS", 20)
    cut = list(batches_of(network, data, rows))
    assert len(cut) > 3
    parts, again = mean_gradients(network, cut, parameters)
    torch.testing.assert_close(again, losses)
    torch.testing.assert_close(parts, whole, rtol=1e-3, atol=1e-6)
    expected = network.task_losses(network(_one(network, data)), _one(network, data))
    torch.testing.assert_close(losses, torch.stack([expected[task] for task in LABELS]))


def _one(network: Network, data: TrainingData) -> Batch:
    return data.batch(BatchRows("toy", data.corpora["toy"].rows["train"]), network)


def test_a_task_without_a_target_has_no_mean_loss_and_no_gradient() -> None:
    network, data = toy()
    batch = _one(network.eval(), data)
    batch.targets[0][:, 2] = torch.nan
    rows, losses = mean_gradients(network, [batch], last_layers(network, 1)[0])
    assert losses.isnan().tolist() == [False, False, True, False]
    assert (rows[2] == 0).all()
    assert all(rows[index].any() for index in (0, 1, 3))


def test_the_product_of_a_step_with_itself_is_its_square() -> None:
    products = measure("lookahead", texts=99)["products"]
    assert products.shape == (4, TASKS, TASKS)
    np.testing.assert_allclose(products, products.transpose(0, 2, 1), rtol=1e-4)
    assert (np.linalg.eigvalsh(products.astype(np.float64)) > -1e-3 * products.max()).all()


def test_pooled_products_by_hand() -> None:
    """The gradient of a task's mean loss at the pooled feature is (sigma - y) w / B."""
    expected: list[Tensor] = []

    class Checker(Probe):
        def on_outputs(self, moment: Moment) -> None:
            linear = next(m for m in moment.network.head(0).layers if isinstance(m, nn.Linear))
            error = moment.outputs.heads[0].sigmoid() - moment.batch.targets[0]  # (B, T)
            rows = torch.einsum("bt,th->tbh", error, linear.weight) / len(moment.batch)
            expected.append((rows.flatten(1) @ rows.flatten(1).T).detach())
            probe.on_outputs(moment)

    probe = PROBES["pooled"](ProbeSettings(name="pooled", every=1))
    network, data = toy()
    train(network, data, toy_settings(epochs=1), seed=0, probe=Checker(probe.settings))
    measured = probe.measured()["products"]
    np.testing.assert_allclose(measured, torch.stack(expected).numpy(), rtol=1e-4, atol=1e-12)


def test_gradients_are_kept_by_epoch_and_layer() -> None:
    products = measure("gradient", layers=2, epochs=3, texts=99)["products"]
    assert products.shape == (3, 2, TASKS, TASKS)
    assert not np.allclose(products[:, 0], products[:, 1])


def test_a_data_map_of_a_run_that_learns_nothing_is_one_prediction() -> None:
    measured = measure("data_map", learning_rate=1e-12, epochs=3)
    assert measured["mean"].shape == measured["spread"].shape == (16, TASKS)
    np.testing.assert_allclose(measured["spread"], 0, atol=1e-6)
    network, data = toy()
    batch = data.batch(BatchRows("toy", data.corpora["toy"].rows["train"]), network)
    probability = network.eval()(batch).heads[0].sigmoid().detach()
    true = torch.where(batch.targets[0] == 1, probability, 1 - probability)
    np.testing.assert_allclose(measured["mean"], true.numpy(), rtol=1e-4)


def test_a_data_map_moves_when_the_run_learns() -> None:
    assert measure("data_map", epochs=3)["spread"].max() > 1e-3


def test_a_data_map_leaves_out_epochs_in_which_a_label_had_not_joined() -> None:
    curriculum = {"by": "frequency", "of": "labels", "start": 0.5, "until": 1.0}
    measured = measure("data_map", learning_rate=1e-12, epochs=4, curriculum=curriculum)
    whole = measure("data_map", learning_rate=1e-12, epochs=4)
    np.testing.assert_allclose(measured["mean"], whole["mean"], rtol=1e-4)
    np.testing.assert_allclose(measured["spread"], 0, atol=1e-4)


def test_a_data_map_has_no_value_where_a_target_is_missing() -> None:
    network, data = toy()[0], toy_data([toy_corpus(every=3)], tiny_source())
    probe = make_probe(ProbeSettings(name="data_map"))
    train(network, data, toy_settings(), seed=0, probe=probe)
    corpus = data.corpora["toy"]
    missing = np.stack([np.isnan(corpus.targets[t][corpus.rows["train"]]) for t in LABELS], axis=1)
    assert missing.any()
    for values in probe.measured().values():
        np.testing.assert_array_equal(np.isnan(values), missing)


def test_information_is_that_of_the_squared_gradient_of_a_logit() -> None:
    """With one text, (p - y)^2 times the squared gradient of the logit, whatever y is drawn."""
    network, data = toy()
    corpus = data.corpora["toy"]
    one = TrainingData(
        {"toy": type(corpus)(**(vars(corpus) | {"rows": {"train": np.asarray([3])}}))}
    )
    probe = PROBES["fisher"](ProbeSettings(name="fisher"))
    probe.on_end(network, one)
    information = probe.measured()["information"]
    batch = data.batch(BatchRows("toy", np.asarray([3])), network)
    parameters = last_layers(network, 1)[0]
    for column in range(TASKS):
        logit = network(batch).heads[0][0, column]
        parts = torch.autograd.grad(logit, parameters, materialize_grads=True)
        rows = [p**2 if p.ndim == 1 else (p**2).mean(dim=1) for p in parts]
        expected = torch.cat(rows).numpy()
        ratio = information[column][expected > 1e-12] / expected[expected > 1e-12]
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)
        assert 0.1 < ratio.mean() < 0.5  # p (1 - p) is near 0.25 before training


@pytest.mark.parametrize("name", ["data_map", "subset"])
def test_what_needs_the_same_texts_says_so(name: str) -> None:
    corpora = [toy_corpus(), toy_corpus("other", ("liver", "brain"))]
    network = toy_network(tiny_source(), LABELS, ("liver", "brain"), tasks=TaskSet.of(corpora))
    data = toy_data(corpora, tiny_source())
    probe = make_probe(ProbeSettings(name=name))

    def run() -> None:
        train(network, data, toy_settings(), seed=0, probe=probe)
        probe.on_end(network, data)

    with pytest.raises(TrainingError, match="binary tasks on the same texts"):
        run()


def test_tasks_of_several_corpora_are_measured_together() -> None:
    corpora = [toy_corpus(), toy_corpus("other", ("liver", "brain"))]
    network = toy_network(tiny_source(), LABELS, ("liver", "brain"), tasks=TaskSet.of(corpora))
    probe = make_probe(ProbeSettings(name="lookahead", every=1))
    train(network, toy_data(corpora, tiny_source()), toy_settings(), seed=0, probe=probe)
    effects = probe.measured()["effects"]
    assert effects.shape[1:] == (6, 6)
    assert np.isfinite(effects).all()
    assert (np.abs(effects[:, :4, 4:]) > 0).any()
