"""Randomness: the same for the same purpose, another for another one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtlv.randomness import derive_seed, generator

SEEDS = st.integers(0, 2**32 - 1)
PURPOSES = st.lists(st.text("abc", min_size=1) | st.integers(0, 9), min_size=1, max_size=3)


@given(SEEDS, PURPOSES)
def test_one_purpose_has_one_stream(seed: int, purpose: list[str | int]) -> None:
    assert 0 <= derive_seed(seed, *purpose) < 2**32
    one, other = (generator(seed, *purpose).random(4).tolist() for _ in range(2))
    assert one == other


@given(SEEDS, PURPOSES)
def test_another_seed_or_purpose_has_another(seed: int, purpose: list[str | int]) -> None:
    own = derive_seed(seed, *purpose)
    assert own != derive_seed(seed + 1, *purpose)
    assert own != derive_seed(seed, *purpose, "more")
