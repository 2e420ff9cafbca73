"""The head of masked language modelling, fitted alone to an encoder that stays as it is.

A fresh head makes the perplexity of any encoder look bad. So it is fitted until perplexity on
held-out texts no longer falls; what falls after that is not the head's unfinished learning. The
encoder stays, and with it its states: every text is taken through it once. The head starts from the
frequencies of the tokens, which its bias would else take thousands of steps to reach.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence

import torch
from accelerate import Accelerator
from torch import Tensor

from mtlv.model.mlm import HiddenBatch, MaskedLanguageModel

__all__ = ["fit_head"]

RATE = 1e-3
STEPS, TOKENS = 100, 512
"""Of a round: so many steps of so many hidden tokens each."""
ROUNDS, PATIENCE, GAIN = 50, 2, 0.02
"""At most so many rounds; it ends after so many that gain less than this share of perplexity."""

logger = logging.getLogger(__name__)


def fit_head(
    network: MaskedLanguageModel,
    accelerator: Accelerator,
    learned: Iterable[HiddenBatch],
    held_out: Iterable[HiddenBatch],
    generator: torch.Generator,
) -> None:
    """Fit the head of a model in place; processes that train together fit the same one.

    Args:
        network: whose encoder stays as it is.
        accelerator: of the run.
        learned: batches whose hidden tokens the head learns.
        held_out: batches that perplexity is taken on.
        generator: decides the order of the tokens, on the processor.
    """
    network.encoder.requires_grad_(False)
    states, tokens = _states(network, accelerator, learned)
    others = _states(network, accelerator, held_out)
    with torch.no_grad():
        counts = torch.bincount(tokens, minlength=len(network.bias)) + 1.0
        network.bias.copy_((counts / counts.sum()).log())
    head = [*network.heads.parameters(), network.bias]
    optimizer = accelerator.prepare(torch.optim.AdamW(head, lr=RATE))
    best, idle = math.inf, 0
    for _ in range(ROUNDS):
        for rows in _rows(len(tokens), generator):
            with accelerator.autocast():
                loss = network.loss(states[rows], tokens[rows])
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        found = _perplexity(network, accelerator, *others)
        idle = 0 if found < (1 - GAIN) * best else idle + 1
        best = min(best, found)
        if idle == PATIENCE:
            break
    else:
        logger.warning(
            "The head of pretraining still learned after %d rounds alone: a part of the fall of "
            "perplexity is the head's, not the encoder's.",
            ROUNDS,
        )
    network.encoder.requires_grad_(True)


def _states(
    network: MaskedLanguageModel, accelerator: Accelerator, batches: Iterable[HiddenBatch]
) -> tuple[Tensor, Tensor]:
    """Return the states of all hidden tokens, (M, H), and the tokens, (M,)."""
    network.eval()
    with torch.no_grad(), accelerator.autocast():
        found = [network.states(batch.to(accelerator.device)) for batch in batches]
    states, tokens = zip(*found, strict=True)
    return torch.cat(states).float(), torch.cat(tokens)


def _rows(count: int, generator: torch.Generator) -> Sequence[Tensor]:
    """Return the tokens of a round's steps: all in random order, again and again."""
    needed = STEPS * min(TOKENS, count)
    orders = [torch.randperm(count, generator=generator) for _ in range(-(-needed // count))]
    return torch.split(torch.cat(orders)[:needed], min(TOKENS, count))


def _perplexity(
    network: MaskedLanguageModel, accelerator: Accelerator, states: Tensor, tokens: Tensor
) -> float:
    total = 0.0
    with torch.no_grad(), accelerator.autocast():
        for own, asked in zip(
            *(torch.split(part, TOKENS) for part in (states, tokens)), strict=True
        ):
            total += float(network.loss(own, asked)) * len(asked)
    return math.exp(total / len(tokens))
