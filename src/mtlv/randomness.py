"""Randomness enters as a seed with a purpose, so that two uses of one seed never share a stream."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["derive_seed", "generator"]


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed for one purpose, in 0 … 2³²-1, from a study's seed.

    >>> derive_seed(0, "batches", 1) == derive_seed(0, "batches", 1) != derive_seed(0, "batches", 2)
    True
    """
    text = "/".join([str(seed), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return a NumPy generator for one purpose."""
    return np.random.default_rng(derive_seed(seed, *purpose))
