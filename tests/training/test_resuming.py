"""Going on in the middle: a killed run gives what it would have given in one go, bit by bit."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mtlv.data import Corpus
from mtlv.errors import TrainingError
from mtlv.fingerprint import file_fingerprint
from mtlv.model.encoders import load_encoder, load_tokenizer
from mtlv.model.fast_cpu import dropout_mask
from mtlv.model.mlm import MaskedLanguageModel
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings
from mtlv.model.tokens import tokenise_texts
from mtlv.tasks import TaskSet
from mtlv.training.cost import Meter
from mtlv.training.data import TrainingData
from mtlv.training.loop import train
from mtlv.training.observing import Step
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.pretraining import Vocabulary, pretrain
from mtlv.training.progress import Trained
from mtlv.training.resuming import RandomStreams, Saves
from mtlv.training.run import Hooks, run
from mtlv.training.scoring import predict_part
from mtlv.training.weighting import WEIGHTINGS, Units, Weighting, make_weighting
from mtlv.training.weighting_settings import WeightingSettings
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_examples, toy_network, toy_settings

pytestmark = pytest.mark.slow

HEADS = (("heart", "lung"), ("bone",), ("skin",))
OTHER = ("liver", "brain")
HERE = {"torch": "3.1", "precision": "fp32"}
NEEDS: dict[str, dict[str, Any]] = {
    "fixed": {"weights": (0.5, 1.0, 2.0)},
    "stch": {"warmup": 1},
}


class KilledError(Exception):
    """Stands for the end of the process."""


class Killer:
    """Ends a run in the middle of a step, before its update; hears of steps until then."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps: list[int] = []

    def on_step(self, step: Step) -> None:
        self.steps.append(step.step)
        if step.step == self.at:
            raise KilledError

    def on_epoch(self, epoch: int, points: Any) -> None:
        pass


def saves(folder: Path, every: float = 0.0, **about: str) -> Saves:
    return Saves(folder, every, HERE | about)


def one_corpus() -> tuple[Network, TrainingData]:
    return toy_network(tiny_source(), *HEADS), toy_data([toy_corpus()], tiny_source())


def two_corpora() -> tuple[Network, TrainingData]:
    corpora: list[Corpus] = [toy_corpus(), toy_corpus("other", OTHER)]
    network = toy_network(tiny_source(), LABELS, OTHER, tasks=TaskSet.of(corpora))
    return network, toy_data(corpora, tiny_source())


def result(network: Network, data: TrainingData, trained: Trained) -> dict[str, Any]:
    """Return all that a run gives, to the last bit."""
    test = predict_part(trained.model, data, "test")
    return {
        "weights": {k: v.numpy().tobytes() for k, v in network.trainable_state().items()},
        "scores": {name: task.scores.tobytes() for name, task in test.tasks.items()},
        "curves": [
            (p.epoch, p.scope, p.name, p.metric, repr(float(p.value))) for p in trained.curves
        ],
        "chosen": (trained.epoch, trained.epochs, trained.examples),
    }


def in_one_go(make: Any, **settings: Any) -> dict[str, Any]:
    network, data = make()
    return result(network, data, train(network, data, toy_settings(**settings), seed=3))


def in_pieces(
    folder: Path, make: Any, kills: list[int], *, begins: int | None = None, **settings: Any
) -> dict[str, Any]:
    """Train with a kill in each of some steps; the last attempt begins at the last of them."""
    given = toy_settings(**settings)
    for at in kills:
        network, data = make()
        with pytest.raises(KilledError):
            train(network, data, given, seed=3, observer=Killer(at), saves=saves(folder))
        torch.rand(7), dropout_mask(torch.Size([9]), 0.5, torch.float32)
    network, data = make()
    killer = Killer()
    trained = train(network, data, given, seed=3, observer=killer, saves=saves(folder))
    assert killer.steps[0] == (begins or kills[-1]), "it went on and did not start over"
    return result(network, data, trained)


# --- runs of every kind --------------------------------------------------------------------------


@pytest.mark.parametrize("kills", [[2], [4], [5], [2, 6, 8]])
def test_it_does_not_matter_where_a_run_is_killed(tmp_path: Path, kills: list[int]) -> None:
    """An epoch has four steps; the last ones are killed thrice."""
    options = {"batch_size": 4, "epochs": 2}
    assert in_pieces(tmp_path, one_corpus, kills, **options) == in_one_go(one_corpus, **options)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "schedule": "cosine"},
        {"precision": "bf16"},
        {"checkpoint": "best", "learning_rate": 1e-2, "epochs": 4},
        {"curriculum": {"by": "loss", "start": 0.5}, "epochs": 3},
        {"curriculum": {"by": "loss", "of": "labels", "start": 0.3}, "epochs": 3},
    ],
    ids=["sgd", "bf16", "best", "texts", "labels"],
)
def test_runs_of_other_settings(tmp_path: Path, settings: dict[str, Any]) -> None:
    options = {"batch_size": 4} | settings
    assert in_pieces(tmp_path, one_corpus, [7], **options) == in_one_go(one_corpus, **options)


def test_accumulation_goes_on_from_the_last_update(tmp_path: Path) -> None:
    """An epoch has eight steps, and updates after the third, the sixth and the eighth."""
    options = {"accumulation": 3, "batch_size": 2}
    pieces = in_pieces(tmp_path, one_corpus, [5, 14], begins=12, **options)
    assert pieces == in_one_go(one_corpus, **options)


def test_early_stopping_counts_the_epochs_before_the_kill(tmp_path: Path) -> None:
    """A rate this small changes no decision: the first epoch stays the best."""
    options = {"patience": 2, "epochs": 9, "select_by": "f1", "learning_rate": 1e-9}
    whole = in_one_go(one_corpus, checkpoint="best", **options)
    assert whole["chosen"][:2] == (1, 3)
    assert in_pieces(tmp_path, one_corpus, [4], checkpoint="best", **options) == whole


@pytest.mark.parametrize("mixing", ["proportional", "annealed", "round_robin"])
def test_mixed_corpora(tmp_path: Path, mixing: str) -> None:
    options = {"mixing": {"name": mixing}}
    assert in_pieces(tmp_path, two_corpora, [6], **options) == in_one_go(two_corpora, **options)


@pytest.mark.parametrize("name", ["dwa", "stch", "uncertainty", "famo", "gradvac", "random"])
def test_runs_with_weightings(tmp_path: Path, name: str) -> None:
    options = {"weighting": {"name": name} | NEEDS.get(name, {}), "epochs": 4}
    assert in_pieces(tmp_path, one_corpus, [6], **options) == in_one_go(one_corpus, **options)


@pytest.mark.parametrize("name", sorted(WEIGHTINGS))
def test_every_weighting_takes_over_the_state_of_another(name: str) -> None:
    units = Units(("a", "b", "c"), torch.tensor([1.0, 4.0, 16.0]), torch.ones(3) / 3)
    settings = WeightingSettings(name=name, **NEEDS.get(name, {}))
    one, two = make_weighting(settings, units), make_weighting(settings, units)
    torch.manual_seed(0)
    shared, directions = torch.randn(2, 3, 4, requires_grad=True), torch.randn(3, 2, 3, 4)

    def epoch(weighting: Weighting, scale: float) -> list[Tensor]:
        """Return the gradients of two steps, one of them without the second unit."""
        found = []
        for present in ([0, 1, 2], [0, 2]):
            losses = scale * ((shared - directions[present]) ** 2).mean(dim=(1, 2, 3))
            total = weighting(losses, present, shared)
            found += torch.autograd.grad(total, shared, retain_graph=True)
            weighting.look_back(losses.detach() * torch.tensor([0.5, 0.9, 1.1])[present], present)
        weighting.on_epoch()
        return found

    for scale in (1.0, 0.8):
        epoch(one, scale)
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    file.seek(0)
    two.load_state_dict(torch.load(file, weights_only=True))
    gradients = []
    for weighting in (one, two):
        torch.manual_seed(1)
        gradients.append([*epoch(weighting, 0.7), *epoch(weighting, 0.5)])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_runs_over_frozen_layers(tmp_path: Path) -> None:
    settings = toy_settings(freeze_layers=1, batch_size=4)

    def once(at: int | None, kept: Saves | None) -> tuple[dict[str, bytes], bytes, float]:
        network = toy_network(tiny_source(), *HEADS, freeze_layers=1)
        data = toy_data([toy_corpus()], tiny_source())
        hooks = Hooks(Killer(at), saves=kept)
        found = run(network, data, tiny_source(), settings, seed=1, hooks=hooks)
        weights = {k: v.numpy().tobytes() for k, v in network.trainable_state().items()}
        scores = b"".join(task.scores.tobytes() for task in found.test.tasks.values())
        return weights, scores, found.cost.cpu_seconds

    with pytest.raises(KilledError):
        once(6, saves(tmp_path))
    whole, resumed = once(None, None), once(None, saves(tmp_path))
    assert resumed[:2] == whole[:2]
    assert resumed[2] > 0


def test_pretraining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtlv.training.pretraining_head.STEPS", 3)
    texts = [example.text or "" for example in toy_examples()] * 3
    source = tiny_source()
    tokenizer = load_tokenizer(source)
    vocabulary = Vocabulary(7, len(tokenizer), frozenset(tokenizer.all_special_ids))
    settings = PretrainSettings(epochs=3, learning_rate=5e-3, precision="fp32")

    def once(at: int | None, kept: Saves | None) -> tuple[list[Any], int, list[Tensor], list[int]]:
        torch.manual_seed(0)
        model = MaskedLanguageModel(load_encoder(source, EncoderSettings()))
        killer = Killer(at)
        table = tokenise_texts(texts, source, 32)
        given = {"seed": 0, "observer": killer, "saves": kept}
        found = pretrain(model, table, vocabulary, settings, **given)
        weights = [value.clone() for value in model.state_dict().values()]
        return found.curves, found.texts_seen, weights, killer.steps

    whole = once(None, None)
    for at in (2, 8):
        with pytest.raises(KilledError):
            once(at, saves(tmp_path))
        torch.rand(3)
    resumed = once(None, saves(tmp_path))
    assert resumed[3][0] == 8
    assert resumed[:2] == whole[:2]
    assert all(torch.equal(a, b) for a, b in zip(resumed[2], whole[2], strict=True))


# --- what is on disk -----------------------------------------------------------------------------


class Number:
    """The smallest thing with a state."""

    def __init__(self, value: int) -> None:
        self.value = value

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict["value"] < 0:
            raise ValueError("negative")
        self.value = state_dict["value"]


def saved(folder: Path, value: int = 7) -> Path:
    """Save a number; return the file of the state."""
    kept = saves(folder)
    kept.keep(number=Number(value))
    kept.save()
    (file,) = folder.glob("*.pt")
    return file


def restored(folder: Path, **about: str) -> int | None:
    kept, number = saves(folder, **about), Number(0)
    kept.keep(number=number)
    return number.value if kept.restore() else None


def test_what_was_saved_last_is_restored(tmp_path: Path) -> None:
    assert restored(tmp_path / "none") is None
    saved(tmp_path, 7)
    saved(tmp_path, 8)
    assert restored(tmp_path) == 8
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".pt"]


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def _torn_manifest(file: Path) -> None:
    (file.parent / "state.json").write_text('{"about": {"torch"')


def _foreign_manifest(file: Path) -> None:
    (file.parent / "state.json").write_text("[1, 2]")


def _odd_manifest(file: Path) -> None:
    (file.parent / "state.json").write_text(f'{{"about": 3, "file": "{file.name}"}}')


def _other_file(file: Path) -> None:
    manifest = file.parent / "state.json"
    torch.save({"number": {"value": 3}}, file)
    known = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(known | {"fingerprint": file_fingerprint(file)}))


@pytest.mark.parametrize(
    "harm",
    [_cut, _flip, Path.unlink, _torn_manifest, _foreign_manifest, _odd_manifest, _other_file],
)
def test_a_damaged_state_is_ignored_with_a_warning(
    tmp_path: Path, harm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harm(saved(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert restored(tmp_path) is None
    assert "starts over" in caplog.text
    assert str(tmp_path) in caplog.text


def test_a_state_of_other_versions_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved(tmp_path)
    assert restored(tmp_path, torch="3.2") is None
    assert "torch was 3.1 and is 3.2" in caplog.text
    assert restored(tmp_path) == 7


def test_a_state_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    saved(tmp_path, -1)
    with pytest.raises(TrainingError, match="does not fit") as caught:
        restored(tmp_path)
    assert caught.value.found == "number: negative"
    network, data = one_corpus()
    train(network, data, toy_settings(epochs=1), seed=0, saves=saves(tmp_path / "run"))
    other = toy_network(tiny_source(), LABELS)
    with pytest.raises(TrainingError, match="does not fit"):
        train(other, data, toy_settings(epochs=1), seed=0, saves=saves(tmp_path / "run"))


def test_a_kill_while_saving_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 7)

    def die(*_: Any) -> None:
        raise KilledError

    for place in ("write_text", "file_fingerprint", "torch.save"):
        with monkeypatch.context() as patch:
            patch.setattr(f"mtlv.training.resuming.{place}", die)
            kept = saves(tmp_path)
            kept.keep(number=Number(8))
            with pytest.raises(KilledError):
                kept.save()
        assert restored(tmp_path) == 7
    saved_now = saves(tmp_path)
    saved_now.keep(number=Number(9))
    saved_now.save()
    assert restored(tmp_path) == 9
    assert len(list(tmp_path.glob("*.pt"))) == 1, "what the killed ones left is gone"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("writer")])
def test_a_full_disk_costs_the_save_and_not_the_job(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    saved(tmp_path, 7)

    def full(*_: Any) -> None:
        raise error

    monkeypatch.setattr("mtlv.training.resuming.torch.save", full)
    kept = saves(tmp_path)
    kept.keep(number=Number(8))
    kept.save()
    assert "cannot be saved" in caplog.text
    assert restored(tmp_path) == 7


def test_a_folder_that_cannot_be_made_costs_no_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "partial").write_text("a file")
    kept = saves(tmp_path / "partial" / "job")
    kept.keep(number=Number(8))
    kept.save()
    assert "cannot be saved" in caplog.text


def test_a_state_is_saved_so_many_minutes_after_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("mtlv.training.resuming.time.monotonic", lambda: clock[0])
    kept, number = saves(tmp_path, every=2.0), Number(1)
    kept.keep(number=number)
    found = []
    for clock[0] in (219.0, 220.0, 339.0, 341.0):
        kept.save_if_due()
        found.append(restored(tmp_path))
        number.value += 1
    assert found == [None, 2, 2, 4]


def test_nothing_is_saved_between_the_updates_of_a_short_run(tmp_path: Path) -> None:
    network, data = one_corpus()
    train(network, data, toy_settings(), seed=0, saves=saves(tmp_path, every=10.0))
    assert list(tmp_path.iterdir()) == []


def test_the_streams_go_on_where_they_were() -> None:
    def draws() -> tuple[list[float], list[float]]:
        return torch.rand(3).tolist(), dropout_mask(torch.Size([40]), 0.5, torch.float32).tolist()

    draws()
    state = RandomStreams().state_dict()
    first = draws()
    assert draws() != first
    RandomStreams().load_state_dict(state)
    assert draws() == first


def test_the_cost_is_that_of_all_attempts() -> None:
    earlier = {
        "wall_seconds": 50.0,
        "cpu_seconds": 70.0,
        "peak_memory_mb": 1e6,
        "peak_device_mb": 3.0,
    }
    meter = Meter()
    alone = meter.stop()
    meter.load_state_dict(earlier)
    found = meter.stop()
    assert 50 < found.wall_seconds < 51 + alone.wall_seconds
    assert 70 <= found.cpu_seconds < 71 + alone.cpu_seconds
    assert (found.peak_memory_mb, found.peak_device_mb) == (1e6, 3.0)
    again = Meter()
    again.load_state_dict(meter.state_dict())
    assert again.stop().wall_seconds > found.wall_seconds
    assert np.isfinite(again.stop().cpu_seconds)
