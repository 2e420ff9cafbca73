"""The network: one encoder and the heads of one model plan. One module serves all plans.

With soft sharing every head has an encoder of its own; see `soft_sharing`.

Heads run in fp32, also where autocast runs the encoder in half precision: rounded to eight bits,
hundreds of scores would be equal, which no ranking and no threshold could tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self, cast

import torch
from torch import Tensor, nn

from mtlv.model.batches import Batch
from mtlv.model.encoders import EncoderSource, load_encoder
from mtlv.model.fast_cpu import use_fast_dropout
from mtlv.model.heads import Features, Head, make_head
from mtlv.model.layers import config_of, freeze
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.soft_sharing import TiedEncoders, tied_copies
from mtlv.plans import ModelPlan
from mtlv.randomness import derive_seed
from mtlv.tasks import TaskSet

__all__ = ["Network", "Outputs", "build_network", "with_own_encoders"]


@dataclass(frozen=True)
class Outputs:
    """What a network gives for a batch.

    Args:
        heads: outputs of every head of the batch's corpus, by index.
        features: what the heads saw; where each has an encoder, those of all, one behind another:
            (K * B, L, H) for K heads.
        penalty: that ties the encoders of heads in training, (), if there is one.
    """

    heads: dict[int, Tensor]
    features: Features
    penalty: Tensor | None = None


class Network(nn.Module):
    """One encoder and its heads.

    Args:
        encoder: any transformers encoder that returns `last_hidden_state`, or one for each head.
        heads: in the order of the model plan.
        pooling: "cls" or "mean".
        frozen: parts of the encoder that do not learn; they run without dropout, always.
    """

    def __init__(
        self,
        encoder: nn.Module,
        heads: list[Head],
        pooling: str,
        frozen: tuple[nn.Module, ...] = (),
    ) -> None:
        super().__init__()
        self.encoder, self.pooling = encoder, pooling
        self.heads = nn.ModuleList(heads)
        self.corpora = tuple(head.tasks[0].corpus for head in heads)
        self._frozen = frozen

    def forward(self, batch: Batch) -> Outputs:
        """Run the encoder once (or that of each head), then every head of the batch's corpus."""
        own = [index for index, corpus in enumerate(self.corpora) if corpus == batch.corpus]
        features = self.encode(batch, own)
        if not isinstance(self.encoder, TiedEncoders):
            return Outputs({index: self._read(index, features) for index in own}, features)
        parts = zip(own, features.split(len(batch)), strict=True)
        heads = {index: self._read(index, part) for index, part in parts}
        return Outputs(heads, features, self.encoder.penalty() if self.training else None)

    def _read(self, index: int, features: Features) -> Tensor:
        """Return the outputs of a head, in the precision of its weights: fp32."""
        with torch.autocast(features.tokens.device.type, enabled=False):
            outputs: Tensor = self.heads[index](features)
        return outputs

    @property
    def encoders(self) -> tuple[nn.Module, ...]:
        """The encoder, or those of the heads in their order."""
        if isinstance(self.encoder, TiedEncoders):
            return tuple(self.encoder.members.values())
        return (self.encoder,)

    def train(self, mode: bool = True) -> Self:
        """Switch to training, all but the frozen parts."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def encode(self, batch: Batch, heads: Sequence[int] | None = None) -> Features:
        """Return the features of a batch, in the precision of the heads: fp32.

        Args:
            batch: of token ids or of states.
            heads: whose features are wanted, where each has an encoder; None means all.
        """
        inputs: dict[str, Tensor] = {"attention_mask": batch.mask}
        if batch.states is not None:
            inputs["inputs_embeds"] = batch.states
        elif batch.ids is not None:
            inputs["input_ids"] = batch.ids
        if batch.types is not None and batch.states is None and self._knows_segments:
            inputs["token_type_ids"] = batch.types
        encoders = self.encoders
        if heads is not None and len(encoders) > 1:
            encoders = tuple(encoders[index] for index in heads)
        states = [encoder(**inputs).last_hidden_state for encoder in encoders]  # (B, L, H) each
        tokens = states[0] if len(states) == 1 else torch.cat(states)  # (K * B, L, H)
        tokens = tokens.to(next(self.heads.parameters()).dtype)
        mask = batch.mask if len(states) == 1 else batch.mask.repeat(len(states), 1)  # (K * B, L)
        return Features(tokens, _pooled(tokens, mask, self.pooling), mask)

    @property
    def _knows_segments(self) -> bool:
        return getattr(config_of(self.encoder), "type_vocab_size", 0) > 1

    def losses(self, outputs: Outputs, batch: Batch) -> dict[int, Tensor]:
        """Return the loss of every head that had outputs and targets, () each, by head index."""
        return {
            index: self.head(index).loss(output, batch.targets[index])
            for index, output in outputs.heads.items()
            if index in batch.targets
        }

    def task_losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of every task that had outputs and a target, () each, by task name."""
        losses: dict[str, Tensor] = {}
        for index, targets in batch.targets.items():
            head = self.head(index)
            own = head.task_losses(outputs.heads[index], targets)  # (T,)
            names = [task.name for task in head.tasks]
            losses |= {n: loss for n, loss in zip(names, own, strict=True) if not loss.isnan()}
        return losses

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of all tasks, in the order of the heads."""
        return tuple(task.name for i in range(len(self.heads)) for task in self.head(i).tasks)

    def head(self, index: int) -> Head:
        """Return a head, typed."""
        return cast(Head, self.heads[index])

    def trainable_state(self) -> dict[str, Tensor]:
        """Return all that training can change: trainable parameters and the heads' buffers."""
        learned = {name for name, p in self.named_parameters() if p.requires_grad}
        state = self.state_dict()
        return {k: v for k, v in state.items() if k in learned or k.startswith("heads.")}


def build_network(
    model: ModelPlan,
    tasks: TaskSet,
    source: EncoderSource,
    encoder_settings: EncoderSettings,
    head_settings: HeadSettings | Sequence[HeadSettings],
    *,
    seed: int,
    freeze_layers: int | Literal["all"] = 0,
) -> Network:
    """Build a model of a plan.

    Every head starts from a random stream named by its own tasks, so its start does not depend on
    which other heads there are.

    Args:
        model: the heads, and their tasks.
        tasks: all that the model's are among.
        source: of the encoder.
        encoder_settings: of the encoder.
        head_settings: of all heads, or of each.
        seed: of the start of what is not pretrained.
        freeze_layers: how many of the encoder's layers do not learn.

    Raises:
        EncoderError: the encoder cannot be loaded.
    """
    if isinstance(head_settings, HeadSettings):
        head_settings = [head_settings] * len(model.heads)
    torch.manual_seed(derive_seed(seed, "encoder"))
    encoder = load_encoder(source, encoder_settings)
    frozen = freeze(encoder, freeze_layers)
    heads = []
    for plan, settings in zip(model.heads, head_settings, strict=True):
        torch.manual_seed(derive_seed(seed, "head", *plan.tasks))
        hidden_size = config_of(encoder).hidden_size
        heads.append(make_head(hidden_size, [tasks[t] for t in plan.tasks], settings))
    network = Network(encoder, heads, source.pooling, frozen)
    if not torch.cuda.is_available():
        use_fast_dropout(network)
    return network


def with_own_encoders(network: Network, strength: float) -> Network:
    """Return a network whose heads have an encoder each, tied by a penalty: soft sharing.

    All start from the network's encoder. With one head, or an encoder in which nothing learns,
    there is nothing to tie, and the network is returned as it is.

    Args:
        network: as `build_network` made it; the result takes over its parts.
        strength: of the penalty, at least 0.
    """
    encoder, count = network.encoder, len(network.heads)
    if count == 1 or not any(parameter.requires_grad for parameter in encoder.parameters()):
        return network
    fixed = {id(part) for part in network._frozen}
    names = [name for name, part in encoder.named_modules() if id(part) in fixed]
    tied = tied_copies(encoder, count, strength)
    frozen = [own.get_submodule(name) for own in tied.members.values() for name in names]
    heads = [network.head(index) for index in range(count)]
    return Network(tied, heads, network.pooling, tuple(frozen))


def _pooled(tokens: Tensor, mask: Tensor, pooling: str) -> Tensor:
    if pooling == "cls":
        return tokens[:, 0]  # (B, H)
    weights = mask.unsqueeze(-1).to(tokens.dtype)  # (B, L, 1)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)  # (B, H)
