"""Special tokens: placeholders and marks that the tokenizer keeps whole, with rows of their own.

A relation's arguments are shown as `@CHEMICAL$` or between `<e1>` and `</e1>` (`data.relations`),
which a vocabulary made of plain text cuts into pieces. Registered, each is one token:

    encoder: {name: biobert, special_tokens: noted}                  # what the corpora's notes list
    encoder: {name: biobert, special_tokens: ["@GENE$", "@DRUG$"]}   # these

The row of a new token is the mean of the rows of the pieces that it was cut into before. So it is a
function of the checkpoint alone, different placeholders start from different rows, and a row that
does not learn (frozen embeddings, adapters) still says what the pieces said. A token that the
vocabulary knows already keeps the row that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from tokenizers import AddedToken
from torch import nn

__all__ = ["add_rows", "add_to_tokenizer", "pieces_of_new"]


def add_to_tokenizer(tokenizer: Any, tokens: Iterable[str]) -> None:
    """Let a tokenizer keep each of some tokens whole, as they are written and within words too.

    A blank before one belongs to it: byte-level tokenizers would make a piece of it.
    """
    added = [AddedToken(t, special=True, normalized=False, lstrip=True) for t in tokens]
    tokenizer.add_tokens(added, special_tokens=True)


def pieces_of_new(bare: Any, whole: Any, tokens: Iterable[str]) -> dict[int, list[int]]:
    """Return the ids of the tokens that are new, each with the ids of its former pieces.

    Args:
        bare: the tokenizer as it came.
        whole: the tokenizer with the tokens.
        tokens: all of them.
    """
    new = [token for token in tokens if token not in bare.get_vocab()]
    return {
        whole.convert_tokens_to_ids(token): bare(token, add_special_tokens=False)["input_ids"]
        for token in new
    }


def add_rows(encoder: nn.Module, pieces: Mapping[int, Sequence[int]]) -> None:
    """Give new tokens their rows in an encoder's table of embeddings, (V, E), in place.

    The table grows where it is too short; many have rows to spare, and never shrinks.

    Args:
        encoder: of transformers.
        pieces: ids of a new token's former pieces, by its own; the mean of all rows stands for
            none.
    """
    if not pieces:
        return
    model: Any = encoder
    old = model.get_input_embeddings().weight.detach().clone()  # (V, E)
    size = max(len(old), max(pieces) + 1)
    model.resize_token_embeddings(size, mean_resizing=False)
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        for token, own in pieces.items():
            table[token] = old[list(own)].mean(dim=0) if own else old.mean(dim=0)  # (E,)
