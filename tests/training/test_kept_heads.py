"""Kept heads: rows by the name of the task, layers from below, and nothing in silence."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mtlv.errors import PlanError, StoreError
from mtlv.model.heads import make_head
from mtlv.model.network import Network
from mtlv.model.settings import HeadSettings
from mtlv.tasks import Task
from mtlv.training import checkpoint
from mtlv.training.kept_heads import EarlierHead, keep_heads, kept_by
from toys import LABELS, tiny_source, toy_network

HEART, LUNG, BONE, SKIN = LABELS
DEEP = HeadSettings(layers=1)
WIDE = HeadSettings(layers=2, hidden_size=8)


def stored(folder: Path, *heads: Sequence[str], settings: HeadSettings | None = None) -> Network:
    """Write the checkpoint of a network whose heads are like no fresh one's."""
    network = toy_network(tiny_source(), *heads, seed=7, head=settings)
    torch.manual_seed(1)
    with torch.no_grad():
        for index in range(len(network.heads)):
            for value in network.head(index).state_dict().values():
                value.copy_(torch.rand_like(value))
    checkpoint.save(network, folder)
    return network


def fresh(*heads: Sequence[str], settings: HeadSettings | None = None) -> Network:
    return toy_network(tiny_source(), *heads, head=settings)


def linears(network: Network, index: int = 0) -> list[nn.Linear]:
    return [own for own in network.head(index).layers if isinstance(own, nn.Linear)]


def row(network: Network, task: str) -> Tensor:
    """Return weights and bias of a task's output, (H + 1,)."""
    for index in range(len(network.heads)):
        names = [own.name for own in network.head(index).tasks]
        if task in names:
            last, place = linears(network, index)[-1], names.index(task)
            return torch.cat([last.weight[place], last.bias[place : place + 1]]).detach()
    raise AssertionError(task)


def kept(network: Network, folder: Path, *heads: Sequence[str]) -> Network:
    keep_heads(network, folder, heads)
    return network


@pytest.mark.parametrize("settings", [HeadSettings(), DEEP, WIDE])
@pytest.mark.parametrize("head", [(BONE,), (SKIN, LUNG), LABELS])
def test_a_head_of_some_tasks_takes_their_rows_and_the_layers_below(
    settings: HeadSettings, head: Sequence[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = stored(tmp_path, LABELS, settings=settings)
    after = kept(fresh(head, settings=settings), tmp_path, LABELS)
    for task in head:
        assert torch.equal(row(after, task), row(before, task))
    for own, other in zip(linears(after)[:-1], linears(before)[:-1], strict=True):
        assert torch.equal(own.weight, other.weight)
        assert torch.equal(own.bias, other.bias)
    assert not caplog.records


def test_every_head_takes_its_own(tmp_path: Path) -> None:
    before = stored(tmp_path, (HEART, BONE), (LUNG, SKIN))
    after = kept(fresh((SKIN,), (HEART,)), tmp_path, (HEART, BONE), (LUNG, SKIN))
    for task in (SKIN, HEART):
        assert torch.equal(row(after, task), row(before, task))


def test_without_hidden_layers_rows_come_from_several_heads(tmp_path: Path) -> None:
    before = stored(tmp_path, (HEART, BONE), (LUNG,))
    after = kept(fresh((BONE, LUNG)), tmp_path, (HEART, BONE), (LUNG,))
    for task in (BONE, LUNG):
        assert torch.equal(row(after, task), row(before, task))


def test_with_hidden_layers_one_head_gives_and_the_rest_is_fresh_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heads = [(LUNG,), (HEART, BONE)]
    before, untouched = stored(tmp_path, *heads, settings=DEEP), fresh(LABELS[:3], settings=DEEP)
    with caplog.at_level(logging.WARNING):
        after = kept(fresh(LABELS[:3], settings=DEEP), tmp_path, *heads)
    assert torch.equal(linears(after)[0].weight, linears(before, 1)[0].weight)
    for task in (HEART, BONE):
        assert torch.equal(row(after, task), row(before, task))
    assert torch.equal(row(after, LUNG), row(untouched, LUNG))
    assert "takes 1 hidden layer" in caplog.text
    assert f"fresh outputs for {LUNG}:" in caplog.text


def test_a_deeper_head_takes_the_layers_below_and_no_output(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deeper = HeadSettings(layers=2)
    before, untouched = stored(tmp_path, LABELS, settings=DEEP), fresh((BONE,), settings=deeper)
    after = kept(fresh((BONE,), settings=deeper), tmp_path, LABELS)
    assert torch.equal(linears(after)[0].weight, linears(before)[0].weight)
    assert torch.equal(linears(after)[1].weight, linears(untouched)[1].weight)
    assert torch.equal(row(after, BONE), row(untouched, BONE))
    assert f"fresh outputs for {BONE}:" in caplog.text


@pytest.mark.parametrize(
    ("earlier", "own", "found"),
    [
        (HeadSettings(), DEEP, "16 > 4"),
        (DEEP, HeadSettings(), "16 > 16 > 4"),
        (WIDE, DEEP, "16 > 8 > 8 > 4"),
    ],
)
def test_where_nothing_fits_it_is_said(
    earlier: HeadSettings, own: HeadSettings, found: str, tmp_path: Path
) -> None:
    stored(tmp_path, LABELS, settings=earlier)
    with pytest.raises(PlanError, match="nothing of the earlier heads fits") as told:
        keep_heads(fresh((BONE,), (LUNG,), settings=own), tmp_path, [LABELS])
    assert told.value.found == f"[{', '.join(LABELS)}] {found}"
    assert f"[{LUNG}] 16 > " in str(told.value.expected)
    assert "leave `keep_heads` out" in str(told.value.hint)


def test_a_job_that_kept_no_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="kept no checkpoint"):
        keep_heads(fresh(), tmp_path, [LABELS])


def test_weights_of_positives_are_not_taken(tmp_path: Path) -> None:
    stored(tmp_path, LABELS, settings=HeadSettings(positive_weight="balanced"))
    after = kept(fresh(LABELS), tmp_path, LABELS)
    assert after.head(0).state_dict()["positive_weights"].tolist() == [1.0] * 4


@pytest.mark.parametrize(
    "task",
    [
        Task("kind", "multiclass", "toy", ("a", "b", "c"), "accuracy"),
        Task("score", "regression", "toy", (), "pearson"),
        Task("tags", "tagging", "toy", ("O", "B-X", "I-X"), "entity_f1"),
    ],
)
def test_other_kinds_are_taken_whole_or_not_at_all(task: Task) -> None:
    before, after = (make_head(6, [task], DEEP) for _ in range(2))
    earlier = [EarlierHead(("other",), {}), EarlierHead((task.name,), before.state_dict())]
    whole = kept_by(after, earlier)
    after.load_state_dict(dict(whole.state), strict=False)
    assert whole.tasks == (task.name,)
    for name, value in before.state_dict().items():
        assert torch.equal(after.state_dict()[name], value)
    assert not kept_by(make_head(6, [task], WIDE), earlier).state
    assert not kept_by(after, earlier[:1]).state
