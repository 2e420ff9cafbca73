"""Soft sharing: an encoder per head, a penalty by its formula, and starts from other encoders."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from mtlv.model.batches import Batch
from mtlv.model.frozen import cut_frozen, frozen_states
from mtlv.model.layers import encoder_layers
from mtlv.model.network import Network, with_own_encoders
from mtlv.model.settings import EncoderSettings, LoraSettings
from mtlv.model.soft_sharing import TiedEncoders, members_of, spread, tied_copies
from mtlv.tasks import TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from toys import FAMILIES, LABELS, LAYERS, tiny_source, toy_corpus, toy_data, toy_network

every_family = pytest.mark.parametrize("family", FAMILIES)
EACH = tuple((label,) for label in LABELS)
LORA = EncoderSettings(lora=LoraSettings(rank=2))


def _soft(*heads: tuple[str, ...], strength: float = 0.1, **options: object) -> Network:
    family = str(options.pop("family", "bert"))
    network = toy_network(tiny_source(family), *(heads or EACH), **options)  # type: ignore[arg-type]
    return with_own_encoders(network, strength)


def _apart(network: Network) -> Network:
    """Move everything that learns, each encoder by its own noise."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter += 0.1 * torch.randn_like(parameter)
    return network


def _batch(network: Network, data: TrainingData | None = None, corpus: str = "toy") -> Batch:
    data = data or toy_data([toy_corpus()], tiny_source())
    return data.batch(BatchRows(corpus, data.corpora[corpus].rows["test"]), network)


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


# --- the penalty ---------------------------------------------------------------------------------


def _scalars(strength: float, *values: tuple[float, float]) -> TiedEncoders:
    members = []
    for weight, bias in values:
        member = nn.Linear(1, 1)
        member.load_state_dict({"weight": torch.tensor([[weight]]), "bias": torch.tensor([bias])})
        members.append(member)
    return TiedEncoders(members, strength)


def test_the_penalty_is_the_squared_distance_to_the_mean() -> None:
    """Weights 1, 2, 6 with mean 3 give 4 + 1 + 9; biases 0, 0, 3 with mean 1 give 1 + 1 + 4."""
    tied = _scalars(0.5, (1.0, 0.0), (2.0, 0.0), (6.0, 3.0))
    penalty = tied.penalty()
    assert penalty is not None
    assert float(penalty.detach()) == pytest.approx(0.5 * (14 + 6))


def test_its_gradient_is_that_of_the_formula_although_the_mean_is_a_constant_in_it() -> None:
    tied = _scalars(0.5, (1.0, 0.0), (2.0, 0.0), (6.0, 3.0))
    penalty = tied.penalty()
    assert penalty is not None
    penalty.backward()
    found = torch.stack([m.weight.grad for m in tied.members.values()]).flatten()  # type: ignore
    weights = torch.tensor([1.0, 2.0, 6.0], requires_grad=True)
    (0.5 * (weights - weights.mean()).square().sum()).backward()
    assert weights.grad is not None
    torch.testing.assert_close(found, weights.grad)
    assert found.tolist() == pytest.approx([-2.0, -1.0, 3.0])


def test_for_two_it_is_half_of_their_squared_distance() -> None:
    penalty = _scalars(3.0, (1.0, 5.0), (4.0, 5.0)).penalty()
    assert penalty is not None
    assert float(penalty.detach()) == pytest.approx(3.0 * 0.5 * 9.0)


def test_what_does_not_learn_is_not_tied_and_a_strength_of_0_ties_nothing() -> None:
    tied = _scalars(1.0, (1.0, 0.0), (3.0, 8.0))
    for member in tied.members.values():
        member.get_parameter("bias").requires_grad_(False)
    penalty = tied.penalty()
    assert penalty is not None
    assert float(penalty.detach()) == pytest.approx(2.0)
    assert _scalars(0.0, (1.0, 0.0), (3.0, 8.0)).penalty() is None


def test_copies_share_what_does_not_learn() -> None:
    encoder = nn.Linear(2, 2)
    encoder.bias.requires_grad_(False)
    encoder.config = SimpleNamespace(hidden_size=2)  # type: ignore[assignment]
    tied = tied_copies(encoder, 3, 1.0)
    first, *others = tied.members.values()
    assert first is encoder
    for other in others:
        assert other.get_parameter("bias") is encoder.bias
        assert other.get_parameter("weight") is not encoder.weight
        assert torch.equal(other.get_parameter("weight"), encoder.weight)
    assert _count(tied) == 3 * 4 + 2
    assert tied.config is encoder.config


# --- the network ---------------------------------------------------------------------------------


def test_each_head_has_an_encoder_and_all_start_as_the_shared_one() -> None:
    shared, soft = toy_network(tiny_source(), *EACH), _soft()
    assert len(soft.encoders) == len(LABELS) == len({id(e) for e in soft.encoders})
    assert _count(soft) == len(LABELS) * _count(shared.encoder) + _count(shared.heads)
    batch = _batch(soft)
    before, after = (n.eval()(batch).heads for n in (shared, soft))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[index], after[index]) for index in before)


def test_a_head_learns_its_own_encoder_only() -> None:
    network = _apart(_soft(("heart",), ("lung", "bone"), strength=0.0))
    batch = _batch(network)
    network.losses(network.train()(batch), batch)[1].backward()
    first, second = network.encoders
    assert all(p.grad is None or not p.grad.any() for p in first.parameters())
    assert any(p.grad is not None and p.grad.any() for p in second.parameters())


def test_only_the_encoders_of_the_batchs_corpus_run() -> None:
    corpora = [toy_corpus(), toy_corpus("other", ("liver", "brain"))]
    data, tasks = toy_data(corpora, tiny_source()), TaskSet.of(corpora)
    network = _soft(("heart",), ("liver",), ("lung",), ("brain",), tasks=tasks)
    passes: list[int] = []
    for index, encoder in enumerate(network.encoders):
        encoder.register_forward_hook(lambda *_, index=index: passes.append(index))
    outputs = network(_batch(network, data, "other"))
    assert passes == [1, 3]
    assert set(outputs.heads) == {1, 3}
    assert outputs.features.tokens.shape[0] == 2 * 4


def test_the_penalty_pulls_encoders_of_other_corpora_too() -> None:
    corpora = [toy_corpus(), toy_corpus("other", ("liver",))]
    data, tasks = toy_data(corpora, tiny_source()), TaskSet.of(corpora)
    network = _apart(_soft(("heart",), ("liver",), strength=0.3, tasks=tasks)).train()
    outputs = network(_batch(network, data, "toy"))
    assert outputs.penalty is not None
    outputs.penalty.backward()
    pairs = zip(*(encoder.parameters() for encoder in network.encoders), strict=True)
    for one, other in pairs:
        expected = 2 * 0.3 * (other - (one + other) / 2).detach()
        assert other.grad is not None
        torch.testing.assert_close(other.grad, expected, atol=1e-6, rtol=1e-4)


def test_scoring_has_no_penalty() -> None:
    network = _apart(_soft())
    assert network.train()(_batch(network)).penalty is not None
    assert network.eval()(_batch(network)).penalty is None


def test_one_head_or_an_encoder_that_learns_nothing_has_nothing_to_tie() -> None:
    assert not isinstance(_soft(LABELS).encoder, TiedEncoders)
    assert not isinstance(_soft(freeze_layers=LAYERS).encoder, TiedEncoders)


def test_as_many_heads_as_layers_are_not_taken_for_layers() -> None:
    network = _soft(*EACH[:LAYERS])
    first = network.encoders[0]
    assert list(encoder_layers(network.encoder)) == list(encoder_layers(first))


@pytest.mark.parametrize("options", [{"freeze_layers": 1}, {"encoder": LORA}], ids=str)
def test_what_does_not_learn_is_there_once(options: dict[str, object]) -> None:
    shared = toy_network(tiny_source(), *EACH, **options)  # type: ignore[arg-type]
    network = _soft(**options)
    learns = sum(p.numel() for p in shared.encoder.parameters() if p.requires_grad)
    assert _count(network) == _count(shared) + (len(LABELS) - 1) * learns
    state = network.trainable_state()
    assert all(f"encoder.members.{i}." in " ".join(state) for i in range(len(LABELS)))
    assert not [name for name in state if "word_embeddings" in name]


# --- frozen layers -------------------------------------------------------------------------------


@every_family
def test_frozen_parts_of_all_encoders_run_without_dropout(family: str) -> None:
    network = _soft(family=family, freeze_layers=1).train()
    for encoder in network.encoders:
        lowest, highest = encoder_layers(encoder)
        assert not any(module.training for module in lowest.modules())
        assert highest.training


@every_family
def test_frozen_layers_are_computed_once_for_all_encoders_and_cut_off(family: str) -> None:
    source = tiny_source(family)
    network = _soft(*EACH[:2], family=family, freeze_layers=1)
    lowest: list[int] = []
    for index, encoder in enumerate(network.encoders):
        layer = encoder_layers(encoder)[0]
        layer.register_forward_hook(lambda *_, index=index: lowest.append(index))
    data = toy_data([toy_corpus()], source)
    corpus = data.corpora["toy"]
    states = frozen_states(
        network, corpus.tokens, source, 1, key=f"{family}-tied", dtype=torch.float32
    )
    assert set(lowest) == {0}
    _apart(network).eval()
    whole = _heads(network, data)
    cut = cut_frozen(network, 1, corpus.tokens, states)
    assert cut is not None
    lowest.clear()
    found = _heads(network, data.with_states({"toy": states}))
    assert lowest == []
    for index, value in whole.items():
        torch.testing.assert_close(found[index], value, atol=1e-4, rtol=1e-4)
    cut.undo()
    for index, value in _heads(network, data).items():
        assert torch.equal(value, whole[index])


def _heads(network: Network, data: TrainingData) -> dict[int, Tensor]:
    with torch.no_grad():
        heads: dict[int, Tensor] = network.eval()(_batch(network, data)).heads
    return heads


# --- starting from other encoders ----------------------------------------------------------------


def _state(**values: float) -> dict[str, Tensor]:
    return {name.replace("__", "."): torch.tensor([value]) for name, value in values.items()}


BEFORE = _state(encoder__members__0__w=1.0, encoder__members__1__w=3.0, encoder__members__2__w=8.0)
HEADS = [["a"], ["b"], ["c", "d"]]


def _spread(
    state: dict[str, Tensor], heads: list[list[str]], names: list[str], learned: list[str]
) -> dict[str, float]:
    found = spread(state, members_of(state, HEADS), members_of(names, heads), learned)
    return {name: float(value) for name, value in found.items()}


def test_one_encoder_starts_every_encoder() -> None:
    names = ["encoder.members.0.w", "encoder.members.1.w"]
    found = _spread(_state(encoder__w=4.0), [["a"], ["b"]], names, names)
    assert found == {"encoder.members.0.w": 4.0, "encoder.members.1.w": 4.0}


@pytest.mark.parametrize(
    ("tasks", "value"),
    [(["b"], 3.0), (["d"], 8.0), (["a", "b"], 2.0), (["c", "d"], 8.0), (["a", "b", "c"], 4.0)],
)
def test_one_encoder_starts_from_those_that_learned_its_tasks(
    tasks: list[str], value: float
) -> None:
    assert _spread(BEFORE, [tasks], ["encoder.w"], ["encoder.w"]) == {"encoder.w": value}


def test_encoders_start_from_those_of_their_tasks_and_what_they_share_from_the_mean() -> None:
    names = ["encoder.members.0.w", "encoder.members.1.w"]
    heads = [["c"], ["a", "b"]]
    assert list(_spread(BEFORE, heads, names, names).values()) == [8.0, 2.0]
    assert list(_spread(BEFORE, heads, names, []).values()) == [4.0, 4.0]
