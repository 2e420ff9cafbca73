"""Scores as functions of token ids, and their layer integrated gradients for a batch of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mtlv.errors import DataError, EncoderError, nearest
from mtlv.explain.attribution_texts import EncodedText, baseline_token
from mtlv.model.batches import Batch
from mtlv.model.heads.regression import RegressionHead
from mtlv.model.layers import config_of, trunk
from mtlv.model.network import Network
from mtlv.model.source import EncoderSource

__all__ = ["Attribution", "Explained", "Rule", "Score", "passes"]

Array = np.ndarray[Any, Any]
Rule = Literal["trapezoid", "middle"]
TOKENS_PER_PASS = 512
"""Steps and texts together; larger passes are slower on processors, as states leave the cache."""


@dataclass(frozen=True)
class Explained:
    """A model, and which of its scores is explained.

    Args:
        network: in evaluation mode.
        source: of its encoder.
        max_length: of its inputs, in tokens.
        task: whose score it is.
        label: of a multiclass task, the class; None means the one that the model finds likeliest.
    """

    network: Network
    source: EncoderSource
    max_length: int
    task: str
    label: str | None = None


@dataclass(frozen=True)
class Attribution:
    """What the words of a text add to a score.

    Args:
        text: as it was encoded.
        values: by word, (W,), in units of the score: logits, or the unit of a regression task. NaN
            for words that were cut off.
        score: of the text.
        baseline: score where no word is there.
        delta: by how much the attributions of all tokens exceed the difference of the two.
        steps: intervals that the path was cut into.
        decoded: probability of the binary task or of the class; of a regression task, its value
            within its range.
        label: of a multiclass task, the class.
    """

    text: EncodedText
    values: Array
    score: float
    baseline: float
    delta: float
    steps: int
    decoded: float
    label: str | None = None

    @property
    def difference(self) -> float:
        """What the attributions should add up to."""
        return self.score - self.baseline

    @property
    def relative_delta(self) -> float:
        """Size of the delta relative to that of the difference; infinite where that is 0."""
        size = abs(self.difference)
        return abs(self.delta) / size if size > 0 else (0.0 if self.delta == 0 else np.inf)

    def halved(self, middles: Attribution) -> Attribution:
        """Return what intervals of half the width give, from these and from their middles.

        The trapezoidal rule of 2n intervals is the mean of that of n and of the midpoint rule of n.
        """
        return replace(
            self,
            values=(self.values + middles.values) / 2,
            delta=(self.delta + middles.delta) / 2,
            steps=2 * self.steps,
        )


class Score:
    """The score of one task as a function of token ids, and its integrated gradients.

    Args:
        explained: the model and its score.
        baseline: `mask` or `pad`.

    Raises:
        DataError: the model does not serve the task, or the task has no such class or no score.
        EncoderError: captum is missing, or the encoder has no embedding layer or baseline token.
    """

    def __init__(self, explained: Explained, baseline: str) -> None:
        self._network, self._explained = explained.network, explained
        self._head = _head_of(explained)
        self._task = next(
            task for task in self._network.head(self._head).tasks if task.name == explained.task
        )
        encoders = self._network.encoders
        encoder = encoders[self._head if len(encoders) > 1 else 0]
        family = getattr(config_of(encoder), "model_type", "")
        self._baseline = baseline_token(explained.source, baseline, family)
        self._pad = _pad_id(encoder)
        self._device = next(self._network.parameters()).device
        layer: Any = trunk(encoder).embeddings
        self._gradients = _captum()(self._outputs, layer)

    def columns(self, texts: Sequence[EncodedText]) -> Array:
        """Return which output of the head is explained for each text, (N,)."""
        head = self._network.head(self._head)
        if self._task.kind != "multiclass":
            return np.full(len(texts), [own.name for own in head.tasks].index(self._task.name))
        if self._explained.label is not None:
            return np.full(len(texts), _class_index(self._task.labels, self._explained.label))
        likeliest = np.zeros(len(texts), np.int64)
        with torch.inference_mode():
            for rows in passes(range(len(texts)), texts):
                ids, mask, types = self._padded([texts[i] for i in rows])
                likeliest[rows] = self._all(ids, mask, types).argmax(dim=1).cpu().numpy()
        return likeliest

    def attributions(
        self, texts: Sequence[EncodedText], columns: Array, steps: int, rule: Rule
    ) -> list[Attribution]:
        """Return the attributions of texts that are taken through the encoder together.

        Args:
            texts: N of them.
            columns: output of the head that is explained for each, (N,).
            steps: intervals of equal width that the path is cut into.
            rule: `trapezoid` looks at both ends of every interval, `middle` at its middle.
        """
        ids, mask, types = self._padded(texts)
        content = torch.zeros_like(ids, dtype=torch.bool)  # (B, L)
        for row, text in enumerate(texts):
            content[row, : len(text.ids)] = torch.tensor([own is not None for own in text.owners])
        baselines = torch.where(content, self._baseline, ids)
        column = torch.from_numpy(columns).to(self._device)  # (B,)
        raw = self._gradients.attribute(
            ids,
            baselines=baselines,
            additional_forward_args=(mask, types, column),
            n_steps=steps if rule == "middle" else steps + 1,
            method=f"riemann_{rule}",
            internal_batch_size=max(TOKENS_PER_PASS // ids.shape[1], len(texts)),
        )
        tokens = raw.double().sum(dim=-1).cpu().numpy()  # (B, L)
        if rule == "trapezoid":  # captum gives its points the width of 1 / their number
            tokens *= (steps + 1) / steps
        with torch.inference_mode():
            ends = [self._outputs(own, mask, types, column) for own in (ids, baselines)]
            decoded = self._decoded(ids, mask, types, columns)
        scores, empty = (end.double().cpu().numpy() for end in ends)  # (B,) each
        return [
            Attribution(
                text,
                _by_word(text, tokens[row]),
                float(scores[row]),
                float(empty[row]),
                float(tokens[row].sum() - scores[row] + empty[row]),
                steps,
                float(decoded[row]),
                self._task.labels[columns[row]] if self._task.kind == "multiclass" else None,
            )
            for row, text in enumerate(texts)
        ]

    def _decoded(self, ids: Tensor, mask: Tensor, types: Tensor | None, columns: Array) -> Array:
        """Return the head's own reading of one score of each text, (B,)."""
        outputs = self._raw(ids, mask, types)
        found = self._network.head(self._head).decode(outputs).cpu().numpy()
        by_output = found.reshape(len(found), -1)  # (B, outputs)
        return np.asarray(by_output[np.arange(len(found)), columns])

    def _outputs(self, ids: Tensor, mask: Tensor, types: Tensor | None, column: Tensor) -> Tensor:
        """Return one score of each text, (B,)."""
        return self._all(ids, mask, types).gather(1, column.unsqueeze(1)).squeeze(1)

    def _all(self, ids: Tensor, mask: Tensor, types: Tensor | None) -> Tensor:
        """Return every score of the head, (B, outputs)."""
        head, outputs = self._network.head(self._head), self._raw(ids, mask, types)
        if isinstance(head, RegressionHead):
            outputs = outputs * head.scale + head.center
        return outputs.float()

    def _raw(self, ids: Tensor, mask: Tensor, types: Tensor | None) -> Tensor:
        """Return what the head gives, (B, outputs)."""
        batch = Batch(self._task.corpus, mask, ids, types)
        features = self._network.encode(batch, [self._head])
        outputs: Tensor = self._network.head(self._head)(features)
        return outputs

    def _padded(self, texts: Sequence[EncodedText]) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return ids, mask and segment numbers, (B, L) each; None for segments that are all 0."""
        longest = max(len(text.ids) for text in texts)
        ids = torch.full((len(texts), longest), self._pad)
        mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, text in enumerate(texts):
            length = len(text.ids)
            ids[row, :length] = torch.tensor(text.ids)
            types[row, :length] = torch.tensor(text.types)
            mask[row, :length] = 1
        to = self._device
        return ids.to(to), mask.to(to), types.to(to) if bool(types.any()) else None


def _by_word(text: EncodedText, tokens: Array) -> Array:
    """Return the sum of each word's tokens, (W,); NaN for a word without one."""
    values = np.full(len(text.words), np.nan)
    for own, value in zip(text.owners, tokens[: len(text.ids)], strict=True):
        if own is not None:
            values[own] = value if np.isnan(values[own]) else values[own] + value
    return values


def _head_of(explained: Explained) -> int:
    network = explained.network
    for index in range(len(network.heads)):
        for task in network.head(index).tasks:
            if task.name != explained.task:
                continue
            if task.kind == "tagging":
                raise DataError(
                    "A tagging task has a score for every word, and no single one to explain.",
                    where=f"task '{task.name}'",
                    hint="name a task of another kind",
                )
            if explained.label is not None:
                _class_index(task.labels, explained.label)
            return index
    raise DataError(
        f"The model does not serve the task '{explained.task}'.",
        hint=nearest(explained.task, network.tasks),
    )


def _class_index(labels: Sequence[str], label: str) -> int:
    if label not in labels:
        raise DataError(
            f"The task has no class '{label}'.",
            hint=nearest(label, labels) if labels else "only multiclass tasks have classes",
        )
    return list(labels).index(label)


def _pad_id(encoder: Any) -> int:
    return int(getattr(config_of(encoder), "pad_token_id", None) or 0)


def passes(rows: Sequence[int], texts: Sequence[EncodedText]) -> Iterator[list[int]]:
    """Yield rows whose texts are of about one length, so many that they fill a pass."""
    batch: list[int] = []
    for row in sorted(rows, key=lambda i: len(texts[i].ids)):
        if batch and (len(batch) + 1) * len(texts[row].ids) > TOKENS_PER_PASS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _captum() -> Any:
    try:
        from captum.attr import LayerIntegratedGradients
    except ImportError as error:
        raise EncoderError(
            "Attributions need the package captum.", hint="pip install 'mtlv[explain]'"
        ) from error
    return LayerIntegratedGradients
