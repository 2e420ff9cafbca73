"""Attributions: what each word of a text adds to a score, by layer integrated gradients.

Integrated gradients (Sundararajan, Taly and Yan 2017, equation 1) follow the score F along the
straight line from a baseline x' to the input x,

    A_i(x) = (x_i - x'_i) * integral_0^1 dF(x' + a (x - x')) / dx_i da,

- x the output of the encoder's embedding layer for the text, (L, H); x' the same with every word
  piece replaced by the token [MASK] or [PAD], at the same places, special tokens kept,
- F the logit of a binary task or of one class, or the value of a regression task in its unit and
  outside its range too, as a value that is held in its range has no gradient.

captum takes the integral, by the trapezoidal rule. Attributions of H dimensions are summed to
tokens, those of tokens to words. They add up to F(x) - F(x') but for the convergence delta, which
is measured for each text; where it is too large, the middles of the intervals are added, as often
as it takes. Nothing is computed twice so, and what an encoder does to a score happens halfway
along the path, where points of equal distance lie closer than those of the Gauss-Legendre rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mtlv.data import Example
from mtlv.explain.attribution_scores import Attribution, Explained, Rule, Score, passes
from mtlv.explain.attribution_settings import AttributionSettings
from mtlv.explain.attribution_texts import encode_texts
from mtlv.model.network import Network

__all__ = ["Attribution", "Explained", "attribute"]


def attribute(
    explained: Explained, examples: Sequence[Example], settings: AttributionSettings | None = None
) -> list[Attribution]:
    """Return the attributions of some texts to one score of a model, in the order of the texts.

    Args:
        explained: the model and its score.
        examples: texts or pairs.
        settings: of the integral.

    Raises:
        DataError: a text is empty or has no known word, or the task or class does not fit.
        EncoderError: captum is missing, or the encoder has no embedding layer or baseline token.
    """
    settings = settings or AttributionSettings()
    texts = encode_texts(examples, explained.source, explained.max_length)
    with _only_inputs_learn(explained.network):
        score = Score(explained, settings.baseline)
        columns = score.columns(texts)

        def taken(rows: Sequence[int], steps: int, rule: Rule) -> Iterator[tuple[int, Attribution]]:
            for own in passes(rows, texts):
                found = score.attributions([texts[i] for i in own], columns[own], steps, rule)
                yield from zip(own, found, strict=True)

        steps = settings.steps
        found = dict(taken(range(len(texts)), steps, "trapezoid"))
        while left := [i for i in found if _too_far(found[i], settings)]:
            if 2 * steps > settings.most_steps:
                break
            for i, middles in taken(left, steps, "middle"):
                found[i] = found[i].halved(middles)
            steps *= 2
    return [found[i] for i in range(len(texts))]


def _too_far(own: Attribution, settings: AttributionSettings) -> bool:
    return abs(own.delta) > settings.least_delta and own.relative_delta > settings.tolerance


@contextmanager
def _only_inputs_learn(network: Network) -> Iterator[None]:
    """Take no gradients of parameters meanwhile."""
    learning = [own for own in network.parameters() if own.requires_grad]
    try:
        for own in learning:
            own.requires_grad_(False)
        yield
    finally:
        for own in learning:
            own.requires_grad_(True)
