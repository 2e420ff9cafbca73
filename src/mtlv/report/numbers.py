"""Numbers as text: shares and correlations in percent, losses and errors as they are."""

from __future__ import annotations

from mtlv.data import Kind
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.evaluation.summary import Summary

__all__ = ["figure", "p_value", "percent", "scale_of", "share", "signed"]


def scale_of(metric: str, kind: Kind = "binary") -> float:
    """Return what a metric is multiplied by where it is shown: 100 if it is a share, else 1."""
    family = TASK_METRICS[kind]
    return 100 if metric not in family or family[metric].unit == "share" else 1


def percent(summary: Summary | None, scale: float = 100) -> str:
    """Return mean ± sd, a dash where there is none."""
    if summary is None or summary.n == 0:
        return "-"
    return f"{figure(summary.mean, scale)}{_spread(summary, scale)}"


def signed(summary: Summary, scale: float = 100) -> str:
    """Return mean ± sd of a difference, with its sign."""
    if summary.n == 0:
        return "-"
    return f"{figure(summary.mean, scale, '+')}{_spread(summary, scale)}"


def share(value: float | None) -> str:
    """Return a share in whole percent; nothing where there is none."""
    return "" if value is None else f"{100 * value:.0f} %"


def figure(value: float, scale: float, sign: str = "") -> str:
    """Return a number: one digit of a percentage, three of what is none."""
    return f"{scale * value:{sign}.{1 if scale == 100 else 3}f}"


def p_value(value: float | None) -> str:
    """Return a p-value with three digits; a dash where there is none.

    >>> p_value(0.0004), p_value(0.5), p_value(None)
    ('<0.001', '0.500', '-')
    """
    if value is None or value != value:
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _spread(summary: Summary, scale: float) -> str:
    return "" if summary.sd is None else f" ± {figure(summary.sd, scale)}"
