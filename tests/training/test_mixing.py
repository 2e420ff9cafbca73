"""Mixing: shares by hand, counts that hold, the same batches from the same seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mtlv.errors import ConfigError
from mtlv.training.batches import BatchRows
from mtlv.training.mixing import Mixer
from mtlv.training.mixing_settings import MixingSettings

SIZES = {"large": 640, "middle": 160, "small": 40}
ROWS = {name: np.arange(size) for name, size in SIZES.items()}
LENGTHS = {name: np.arange(size) % 50 + 3 for name, size in SIZES.items()}
EVERY: list[dict[str, Any]] = [
    {"name": "proportional"},
    {"name": "uniform"},
    {"name": "temperature", "temperature": 2.0},
    {"name": "capped", "cap": 160},
    {"name": "annealed"},
    {"name": "round_robin"},
    {"name": "main", "main": "small", "ratio": 2.0},
]


def mixer(seed: int = 0, epochs: int = 5, **mixing: Any) -> Mixer:
    return Mixer(MixingSettings(**mixing), 16, epochs, seed)


def names(batches: list[BatchRows]) -> Counter[str]:
    return Counter(batch.corpus for batch in batches)


@pytest.mark.parametrize("mixing", EVERY)
class TestEvery:
    def test_an_epoch_has_the_batches_that_were_counted(self, mixing: dict[str, Any]) -> None:
        for epoch in (1, 3, 5):
            own = mixer(**mixing)
            counts = own.counts(SIZES, epoch)
            found = names(own.batches(ROWS, LENGTHS, epoch))
            assert found == {name: count for name, count in counts.items() if count}
            if mixing["name"] != "main":
                assert sum(counts.values()) == 40 + 10 + 3

    def test_the_same_seed_and_epoch_give_the_same_batches(self, mixing: dict[str, Any]) -> None:
        one, two = (mixer(**mixing).batches(ROWS, LENGTHS, 2) for _ in range(2))
        assert [b.corpus for b in one] == [b.corpus for b in two]
        assert all(np.array_equal(a.rows, b.rows) for a, b in zip(one, two, strict=True))
        other = mixer(seed=1, **mixing).batches(ROWS, LENGTHS, 2)
        assert any(not np.array_equal(a.rows, b.rows) for a, b in zip(one, other, strict=False))

    def test_no_row_comes_twice_before_all_came_once(self, mixing: dict[str, Any]) -> None:
        batches = mixer(**mixing).batches(ROWS, LENGTHS, 1)
        for name, size in SIZES.items():
            own = [batch.rows for batch in batches if batch.corpus == name]
            seen = Counter(np.concatenate(own).tolist()) if own else Counter()
            assert (
                max(seen.values(), default=0) - min((seen[row] for row in range(size)), default=0)
                <= 1
            )


@pytest.mark.parametrize(
    ("mixing", "expected"),
    [
        ({"name": "proportional"}, (40, 10, 3)),
        ({"name": "uniform"}, (18, 18, 17)),
        # square roots of 640, 160, 40 are as 4 : 2 : 1, of 53 batches
        ({"name": "temperature", "temperature": 2.0}, (30, 15, 8)),
        # capped at 160: square roots are as 2 : 2 : 1
        ({"name": "capped", "cap": 160}, (21, 21, 11)),
        ({"name": "capped", "cap": 160, "temperature": 1.0}, (24, 23, 6)),
        ({"name": "round_robin"}, (18, 18, 17)),
        # three batches of the main corpus, six of the others, as 4 : 1
        ({"name": "main", "main": "small", "ratio": 2.0}, (5, 1, 3)),
        ({"name": "main", "main": "large", "ratio": 0.0}, (40, 0, 0)),
    ],
)
def test_shares_by_hand(mixing: dict[str, Any], expected: tuple[int, ...]) -> None:
    assert tuple(mixer(**mixing).counts(SIZES, 1).values()) == expected


def test_annealing_starts_proportional_and_ends_near_uniform() -> None:
    own = mixer(name="annealed", epochs=5)
    first, last = own.counts(SIZES, 1), own.counts(SIZES, 5)
    shares = np.array([640.0, 160, 40])
    assert tuple(first.values()) == tuple(np.round(53 * shares / shares.sum()).astype(int))
    assert np.allclose(list(last.values()), 53 * shares**0.2 / (shares**0.2).sum(), atol=1)


def test_taking_turns() -> None:
    batches = mixer(name="round_robin").batches(ROWS, LENGTHS, 1)
    assert [b.corpus for b in batches[:6]] == ["large", "middle", "small"] * 2


def test_batch_sizes_may_differ() -> None:
    own = mixer(name="uniform", batch_size={"small": 4})
    batches = own.batches(ROWS, LENGTHS, 1)
    sizes = {name: {len(b.rows) for b in batches if b.corpus == name} for name in SIZES}
    assert sizes["small"] == {4}
    assert sizes["large"] == {16}


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 400), min_size=1), st.integers(1, 9))
@settings(max_examples=30)
def test_counts_always_add_up(sizes: dict[str, int], epoch: int) -> None:
    whole = sum(-(-size // 16) for size in sizes.values())
    for name in ("uniform", "temperature", "annealed", "round_robin"):
        counts = mixer(name=name, epochs=9).counts(sizes, epoch)
        assert sum(counts.values()) == whole
        assert min(counts.values()) >= 0


def test_one_corpus_is_not_mixed() -> None:
    alone = {"small": 40}
    for mixing in EVERY:
        assert mixer(**mixing).counts(alone, 1) == {"small": 3}


@pytest.mark.parametrize(
    ("mixing", "words"),
    [
        ({"name": "main"}, "needs the name"),
        ({"name": "capped"}, "needs `cap`"),
        ({"name": "uniform", "temperature": 3.0}, "belongs to temperature, capped"),
        ({"batch_size": {"small": 0}}, "greater than or equal to 1"),
    ],
)
def test_options_belong_to_their_method(mixing: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MixingSettings(**mixing)


def test_a_name_alone_will_do() -> None:
    assert MixingSettings.model_validate("uniform").name == "uniform"


def test_an_unknown_corpus_is_named() -> None:
    with pytest.raises(ConfigError, match="no corpus 'smal'") as caught:
        MixingSettings(name="main", main="smal").check(SIZES)
    assert "did you mean 'small'" in str(caught.value)


def test_a_small_corpus_has_a_batch_in_every_epoch() -> None:
    sizes = {"a": 1000, "b": 100, "c": 10}
    around = mixer(name="main", main="b", ratio=2).counts(sizes, 1)
    assert around["c"] == 1
    assert around["a"] + around["c"] == 2 * around["b"]


def test_temperature_one_is_proportional_whatever_the_batches() -> None:
    sizes = {"a": 1000, "b": 100, "c": 10}
    own = {"a": 50, "b": 10, "c": 10}
    given = {
        name: Mixer(MixingSettings(name=name, batch_size=own, **more), 10, 1, 0).counts(sizes, 1)
        for name, more in (("proportional", {}), ("temperature", {"temperature": 1.0}))
    }
    assert given["temperature"] == given["proportional"] == {"a": 20, "b": 10, "c": 1}
