"""Layers of an encoder: found whatever its family calls them, and frozen from below."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from mtlv.errors import EncoderError
from mtlv.model.bow import BowConfig

__all__ = [
    "CUT_FROM",
    "EMBEDDINGS",
    "config_of",
    "encoder_layers",
    "freeze",
    "layers_to_freeze",
    "trunk",
]

EMBEDDINGS = ("embeddings", "embeddings_project")
"""Where families keep what stands below their first layer."""
RELATIVE, RELATIVE_NORM = ("rel_embeddings", "relative_attention_bias"), "LayerNorm"
"""What DeBERTa and MPNet share between layers, and the norm that DeBERTa keeps beside it."""
CUT_FROM = "cut_from"
"""Attribute of a list of layers whose frozen ones were cut off: how many it had."""


def config_of(encoder: nn.Module) -> Any:
    """Return an encoder's transformers configuration."""
    return encoder.config


def encoder_layers(encoder: nn.Module) -> nn.ModuleList:
    """Return the list of an encoder's transformer layers, whatever its family calls it.

    Raises:
        EncoderError: no list of the configured length is found, as a bag of words has none.
    """
    if isinstance(config_of(encoder), BowConfig):
        raise EncoderError("A bag of words has no layers.", where="train.freeze_layers")
    count = config_of(encoder).num_hidden_layers
    for module in encoder.modules():
        if isinstance(module, nn.ModuleList) and getattr(module, CUT_FROM, len(module)) == count:
            return module
    raise EncoderError("The encoder's layers were not found.", found=type(encoder).__name__)


def trunk(encoder: nn.Module) -> nn.Module:
    """Return the module that owns the embeddings: the encoder itself, or what adapters wrap.

    Raises:
        EncoderError: no module has embeddings of that name.
    """
    for module in encoder.modules():
        if "embeddings" in dict(module.named_children()):
            return module
    raise EncoderError("The encoder's embeddings were not found.", found=type(encoder).__name__)


def layers_to_freeze(encoder: nn.Module, layers: int | Literal["all"]) -> int:
    """Return how many layers are meant."""
    return len(encoder_layers(encoder)) if layers == "all" else layers


def freeze(encoder: nn.Module, layers: int | Literal["all"]) -> tuple[nn.Module, ...]:
    """Stop the learning of the embeddings and the lowest layers; 0 freezes nothing.

    Relative position embeddings, which some families share between all layers, stay too: the
    output of the frozen layers would change with them.

    Returns:
        The frozen modules.

    Raises:
        EncoderError: more layers than there are, or a family whose parts are not found.
    """
    if layers == 0:
        return ()
    stack, count = encoder_layers(encoder), layers_to_freeze(encoder, layers)
    if count > len(stack):
        raise EncoderError(
            f"Cannot freeze {count} layers.",
            where="train.freeze_layers",
            found=f"an encoder of {len(stack)} layers",
        )
    frozen = [*_embeddings(encoder), *stack[:count]]
    for module in frozen:
        module.requires_grad_(False)
    return tuple(frozen)


def _embeddings(encoder: nn.Module) -> list[nn.Module]:
    parts = dict(trunk(encoder).named_children())
    found = [parts[name] for name in EMBEDDINGS if name in parts]
    for module in encoder.modules():
        shared = dict(module.named_children())
        if any(name in shared for name in RELATIVE):
            found += [shared[name] for name in (*RELATIVE, RELATIVE_NORM) if name in shared]
    return found
