"""Affinities that one instrumented multi-task run shows.

The run is a job as any other; a probe in it measures at some steps, and takes time for it. What the
probes write is checked here, as a number that is missing would spoil every group it touches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.data.corpus import Kind
from mtlv.errors import GroupingError
from mtlv.grouping.affinity_value import (
    Affinity,
    check_several,
    cost_of_measuring,
    pairwise,
)
from mtlv.grouping.context import Array, Measured, TaskContext
from mtlv.grouping.gains import FEWEST_REPEATS, PairGains, Unit
from mtlv.grouping.linearised import LinearisedGains
from mtlv.grouping.settings import GroupingSettings
from mtlv.grouping.step_gains import STEP, StepGains

__all__ = ["gradient_cosine", "gradient_dot", "lookahead", "pooled", "subset"]

COSINE = Unit("of gradient cosine", predicts_gain=False)
PRODUCT = Unit("of gradient product", predicts_gain=False)
POOLED_STEP = Unit(
    "of relative training loss per unit step",
    caution="It is the first-order effect of steps at the pooled text vector.",
    predicts_gain=False,
)


def lookahead(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """How a step for s would change the held-out loss of t: first-order TAG (Fifty et al. 2021).

    The step is the one that the optimizer would make, and the loss is of texts that are not in the
    step, as ETAP has it (Ayman et al. 2026). These texts are the same at every step, so that what
    differs between steps is the model. Errors are over steps: what other texts would change is not
    in them.
    """
    _check_learned(context.targets)
    wanted = {"every": settings.every, "layers": settings.layers, "texts": settings.texts}
    measured = _measure(context, "lookahead", wanted, {"effects": "MTT", "products": "MTT"})
    effects, products = (
        np.asarray(measured.arrays[name], np.float64) for name in ("effects", "products")
    )
    seen = _over_steps(effects, context, measured)
    cost, gains = cost_of_measuring(measured), StepGains(effects, products, STEP)
    note = f"{seen.note}, judged on at most {settings.texts} held-out texts of each corpus"
    return Affinity("lookahead", context.tasks.names, seen.matrix, seen.errors, gains, cost, note)


def pooled(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Inner products of task gradients at the pooled text vector: they cost a forward pass.

    With a linear head, the gradient there is (prediction - target) times the weights of the head,
    so the products come nearly for free. effects[s, t] = g_s · g_t / L_t is TAG by first order,
    under a plain gradient step at that vector. Step and loss are of the same texts, on which every
    task gains most from its own step: so effects are compared between co-members only.
    """
    _only("pooled", context, ("binary", "multiclass", "regression"))
    wanted = {"every": settings.every}
    measured = _measure(context, "pooled", wanted, {"products": "MTT"})
    losses = measured.arrays["losses"][:, None, :]  # (M, 1, T), NaN: no target in the batch
    products = np.asarray(measured.arrays["products"], np.float64)
    effects = np.where(losses > 0, products / np.where(losses > 0, losses, 1), np.nan)
    seen = _over_steps(effects, context, measured)
    return _by_pairs("pooled", context, measured, seen, POOLED_STEP)


def gradient_cosine(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Cosine of task gradients in the last encoder layers, mean over layers and epochs."""
    products, measured = _gradients(context, settings)  # (E, L, T, T)
    own = np.einsum("eltt->elt", products)  # (E, L, T)
    lengths = np.sqrt(np.maximum(own[..., :, None] * own[..., None, :], 0))  # (E, L, T, T)
    cosines = np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1), 0.0)
    return _by_pairs("gradient_cosine", context, measured, _over_epochs(cosines), COSINE)


def gradient_dot(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Inner product of task gradients in the last encoder layers, mean over layers and epochs."""
    products, measured = _gradients(context, settings)  # (E, L, T, T)
    return _by_pairs("gradient_dot", context, measured, _over_epochs(products), PRODUCT)


def subset(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Losses of every group by linearising the multi-task model (Grad-TAG, Li et al. 2024).

    The losses are those that the heads are trained with.

    Raises:
        GroupingError: tasks are not binary, are not of one corpus, or cannot be judged.
    """
    _only("subset", context, ("binary",))
    _check_learned(context.targets)
    shapes = {"slope": "TD", "curvature": "TDD", "loss_table": "TCG", "grid": "G"}
    shapes |= {"logits": "NT", "directions": "NTD"}
    measured = _measure(context, "subset", {}, shapes)
    own = measured.arrays
    gains = LinearisedGains(
        own["slope"],
        own["curvature"],
        own["loss_table"].astype(np.float64),
        own["grid"].astype(np.float64),
        own["logits"],
        own["directions"],
        own["targets"],
    )
    matrix, errors = pairwise(gains)
    examples, places = len(gains.logits), gains.slope.shape[1]
    note = f"one Newton step in {places} directions, judged on {examples} held-out examples"
    cost = cost_of_measuring(measured)
    return Affinity("subset", context.tasks.names, matrix, errors, gains, cost, note)


@dataclass(frozen=True, eq=False)
class _Repeated:
    """Mean of repeated measurements of every pair.

    Args:
        matrix: (T, T).
        errors: standard errors, (T, T); None where some pair was measured too seldom.
        freedom: degrees of freedom of the errors of the pair that was measured least.
        note: what the mean is over.
    """

    matrix: Array
    errors: Array | None
    freedom: float
    note: str


def _repeated(values: Array, note: str) -> _Repeated:
    """Average values (M, T, T), of which some are NaN, over measurements."""
    count = np.isfinite(values).sum(axis=0)  # (T, T)
    least, errors = int(count.min()), None
    if least >= FEWEST_REPEATS:
        errors = np.nanstd(values, axis=0, ddof=1) / np.sqrt(count)
    else:
        note += ", too few to see an error"
    return _Repeated(np.nanmean(values, axis=0), errors, least - 1.0, note)


def _over_steps(effects: Array, context: TaskContext, measured: Measured) -> _Repeated:
    """Average effects (M, T, T) over the steps that had a target of the task."""
    steps, seen = len(effects), np.isfinite(effects).all(axis=1).sum(axis=0)  # (T,)
    names = context.tasks.names
    if never := [task for task, count in zip(names, seen, strict=True) if not count]:
        raise GroupingError(
            "Some tasks had no target in any batch that was measured.",
            where=f"job {measured.job}: {', '.join(never)}",
            found=f"{steps} measured steps",
            hint="measure at more steps with a smaller `every`, or leave these tasks out",
        )
    note = f"mean over {steps} measured steps"
    if seen.min() < steps:
        note += f" ({seen.min()} for the task that is rarest in them)"
    return _repeated(effects, note)


def _over_epochs(values: Array) -> _Repeated:
    """Average values (E, L, T, T) over layers, then over epochs."""
    epochs, layers = values.shape[:2]
    return _repeated(values.mean(axis=1), f"mean over {epochs} epochs, {layers} layers")


def _by_pairs(
    name: str, context: TaskContext, measured: Measured, seen: _Repeated, unit: Unit
) -> Affinity:
    """Rank groups by their pairs, of which [s, t] and [t, s] come from one inner product."""
    gains = PairGains(seen.matrix, seen.errors, unit=unit, symmetric=True, freedom=seen.freedom)
    cost = cost_of_measuring(measured)
    return Affinity(name, context.tasks.names, seen.matrix, seen.errors, gains, cost, seen.note)


def _gradients(context: TaskContext, settings: GroupingSettings) -> tuple[Array, Measured]:
    wanted = {"every": settings.every, "layers": settings.layers}
    measured = _measure(context, "gradient", wanted, {"products": "ELTT"})
    return np.asarray(measured.arrays["products"], np.float64), measured


def _measure(
    context: TaskContext, probe: str, wanted: Mapping[str, Any], shapes: Mapping[str, str]
) -> Measured:
    """Measure, and check what came back.

    Args:
        context: to measure in.
        probe: its name.
        wanted: its settings.
        shapes: axes of each array that is needed, T standing for tasks.
    """
    names = context.tasks.names
    check_several(names)
    measured = context.measure(probe, wanted)
    for array, axes in shapes.items():
        values = np.asarray(measured.arrays[array])
        tasks = {size for axis, size in zip(axes, values.shape, strict=False) if axis == "T"}
        wanted_tasks = {len(names)} if "T" in axes else set()
        if values.ndim != len(axes) or tasks != wanted_tasks or values.size == 0:
            raise GroupingError(
                f"The probe '{probe}' did not measure all {len(names)} tasks.",
                where=f"job {measured.job}, array '{array}'",
                found=f"shape {values.shape}",
                expected=f"axes {', '.join(axes)}, none of them empty, T = {len(names)}",
                hint="measure at more steps with a smaller `every`" if values.size == 0 else None,
            )
        finite = np.isfinite(values)
        if array == "effects":  # a task without a target in the texts of a step has no effect there
            finite |= np.isnan(values).all(axis=1, keepdims=True)
        if not finite.all():
            raise GroupingError(
                f"The probe '{probe}' measured something that is not a finite number.",
                where=f"job {measured.job}, array '{array}'",
            )
    return measured


def _check_learned(targets: Mapping[str, Array]) -> None:
    """Refuse tasks whose loss says nothing, as all their training texts have the same target.

    Args:
        targets: of binary tasks, (N,): 0, 1, or NaN.
    """
    for name, values in targets.items():
        for value, sign in ((1, "positive"), (0, "negative")):
            if not (values == value).any():
                raise GroupingError(
                    f"The task '{name}' has no {sign} example in the training part, "
                    "so what others do to its loss cannot be measured.",
                    where=f"{len(values)} texts",
                    hint="leave the task out, or give it more texts",
                )


def _only(name: str, context: TaskContext, kinds: Sequence[Kind]) -> None:
    """Refuse tasks of other kinds, and tasks without the same inputs."""
    others = [task for task in context.tasks if task.kind not in kinds]
    if others:
        raise GroupingError(
            f"The affinity '{name}' cannot be measured on some tasks.",
            where=", ".join(f"task '{task.name}' ({task.kind})" for task in others),
            expected=f"{' or '.join(kinds)} tasks",
            hint="use `affinity: lookahead`",
        )
    corpora = sorted({task.corpus for task in context.tasks})
    if len(corpora) > 1:
        raise GroupingError(
            f"The affinity '{name}' can only be measured on tasks with the same inputs.",
            found=f"corpora {', '.join(corpora)}",
            expected="tasks of one corpus",
            hint="use `affinity: lookahead`",
        )
