"""The answer of a comparison in three sentences: which plan, what it does to tasks, at what cost.

A sentence says that a plan or a task is better only where the corrected test says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.summary import Summary
from mtlv.report.comparison import interval_text, scale_of_task
from mtlv.report.comparison_notes import CORRECTED
from mtlv.report.numbers import figure, p_value, percent, scale_of
from mtlv.store.comparison import Comparison, Row, TaskRow
from mtlv.store.comparison_claims import Claim
from mtlv.store.outcome import PlanCost
from mtlv.words import counted, listed

__all__ = ["Answer", "answer", "rival_of"]

UNSHOWN = "no difference shown"


@dataclass(frozen=True)
class Answer:
    """Three sentences.

    Args:
        best: which plan is best by the metric, with interval and verdict.
        tasks: what tasks gain and lose by it.
        cost: seconds, models and forward passes.
    """

    best: str
    tasks: str
    cost: str


def answer(comparison: Comparison) -> Answer:
    """Return what a comparison says, in three sentences.

    The plan that is spoken of is the best one besides the baseline; see `rival_of`.
    """
    rival = rival_of(comparison)
    if rival is None:
        base = comparison.base
        return Answer(_alone(comparison), _tasks_alone(base), _cost_alone(base))
    return Answer(_best(comparison, rival), _tasks(comparison, rival), _cost(comparison, rival))


def rival_of(comparison: Comparison) -> Row | None:
    """Return the best plan besides the baseline; None where there is none.

    Random groupings are passed over, and so are plans of fewer tasks, and those that lack runs,
    while another has all.
    """
    base = comparison.base
    others = [
        row
        for row in comparison.rows
        if row.plan not in comparison.drawn and row.plan != base.plan and row.value.n
    ]
    whole = [row for row in others if row.tasks == base.tasks] or others
    whole = [row for row in whole if not row.unpaired] or whole
    sign = 1 if METRICS[comparison.metric].higher_is_better else -1
    return max(whole, key=lambda row: sign * row.value.mean, default=None)


# --- which plan ----------------------------------------------------------------------------------


def _best(comparison: Comparison, rival: Row) -> str:
    base, metric = comparison.base, METRICS[comparison.metric]
    sign = 1 if metric.higher_is_better else -1
    extreme = "highest" if metric.higher_is_better else "lowest"
    rows = [row for row in comparison.rows if row.plan not in comparison.drawn]
    value = _value(rival.value, comparison.metric)
    count = sum(row.plan == base.plan or not row.unpaired for row in rows)
    plans = counted(count, "plan")
    if count < len(rows):
        plans = f"the {plans} with all runs"
    if rival.unpaired:
        plans = f"{counted(len(rows), 'plan')}, in the runs that each has with `{base.plan}`,"
    gain = rival.delta.mean if rival.delta.n else rival.value.mean - base.value.mean
    if sign * gain > 0 or not base.value.n:
        first = f"Of {plans} `{rival.plan}` has the {extreme} mean {comparison.metric}"
        first += f", {value}; against `{base.plan}` that is {_difference(comparison, rival)}"
    else:
        first = f"Of {plans} no mean {comparison.metric} is better than that of the "
        first += f"baseline `{base.plan}`, {_value(base.value, comparison.metric)}; the nearest, "
        first += f"`{rival.plan}`, is at {_difference(comparison, rival)}"
    others = [row for row in rows if row.claim is not None and row.plan != rival.plan]
    return f"{first}{_others(others, 'better')}{_others(others, 'worse')}."


def _difference(comparison: Comparison, row: Row) -> str:
    """Return the difference of a plan to the baseline with all that belongs to it."""
    scale = scale_of(comparison.metric)
    delta = "not known" if row.delta.n == 0 else _points(row.delta.mean, scale)
    if row.claim is None:
        return f"{delta}, which could not be tested"
    own, correction = row.claim.finding, CORRECTED[comparison.settings.correction]
    return (
        f"{delta} ({_interval(row.claim, scale)}; {own.test} over {counted(own.pairs, own.unit)}, "
        f"{_p(row.claim.p_corrected)} after {correction}{_same(comparison, row.claim)}): "
        f"{_said(row.claim.verdict)}"
    )


def _same(comparison: Comparison, claim: Claim) -> str:
    """Return the p of the equivalence, where a margin was set."""
    margin = comparison.settings.margin
    if margin is None or claim.equivalence_p is None:
        return ""
    return f"; equivalence within {margin:g}: {_p(claim.equivalence_p)}"


def _said(verdict: str) -> str:
    """Return a verdict as the end of a sentence about one of two plans."""
    if verdict == UNSHOWN:
        return "no difference between the two is shown"
    return f"the two are {verdict}" if verdict.startswith("equivalent") else f"it is {verdict}"


def _others(rows: Sequence[Row], verdict: str) -> str:
    names = [f"`{row.plan}`" for row in rows if row.claim and row.claim.verdict == verdict]
    return f"; of the others {verdict}: {listed(names)}" if names else ""


# --- which tasks ---------------------------------------------------------------------------------


def _tasks(comparison: Comparison, rival: Row) -> str:
    claims = {task: own.claim for task, own in rival.by_task.items() if own.claim is not None}
    if not claims:
        return f"No task could be tested between `{rival.plan}` and `{comparison.baseline}`."
    counts = Counter(claim.verdict for claim in claims.values())
    correction = CORRECTED[comparison.settings.correction]
    first = (
        f"By task, corrected over {counted(len(claims), 'task')} ({correction}), `{rival.plan}` "
        f"against `{comparison.baseline}` is {_counted(counts)}"
    )
    if len(claims) < len(rival.by_task):
        first += f", and {len(rival.by_task) - len(claims)} could not be tested"
    return f"{first}; {_largest(rival)}."


def _counted(counts: Counter[str]) -> str:
    """Return how many tasks have which verdict: `better on 2, worse on none, …`."""
    same = sorted(verdict for verdict in counts if verdict.startswith("equivalent"))
    said = [f"{verdict} on {counts[verdict] or 'none'}" for verdict in ("better", "worse", *same)]
    return f"{', '.join(said)}, with no difference shown on {counts[UNSHOWN] or 'none'}"


def _largest(rival: Row) -> str:
    """Return the largest gain and loss that are shown, or the largest difference that is not."""
    claimed = [(task, own, own.claim) for task, own in rival.by_task.items() if own.claim]
    said = []
    for verdict, word in (("better", "gain"), ("worse", "loss")):
        shown = [each for each in claimed if each[2].verdict == verdict]
        if shown:
            task, own, claim = max(shown, key=lambda each: _size(each[1]))
            said.append(f"the largest {word} shown is {_task(task, own, claim)}")
    if not said:
        task, own, claim = max(claimed, key=lambda each: _size(each[1]))
        said.append(f"the largest mean difference, not shown, is {_task(task, own, claim)}")
    return " and ".join(said)


def _size(own: TaskRow) -> float:
    """Return how large a difference is as it is shown, whatever its sign."""
    return abs(own.delta.mean) * scale_of_task(own) if own.delta.n else 0.0


def _task(task: str, own: TaskRow, claim: Claim) -> str:
    scale = scale_of_task(own)
    delta = f"{task}, {own.metric} {_points(own.delta.mean, scale)}"
    return f"{delta} ({_interval(claim, scale)}, {_p(claim.p_corrected)})"


# --- at what cost --------------------------------------------------------------------------------


def _cost(comparison: Comparison, rival: Row) -> str:
    ours, theirs = rival.cost, comparison.base.cost
    if ours is None or theirs is None or rival.cost_ratio is None:
        return f"What `{rival.plan}` and `{comparison.baseline}` cost is not known."
    return (
        f"One fold and seed of `{rival.plan}` takes {rival.cost_ratio:.2f} times the seconds of "
        f"`{comparison.baseline}` ({_seconds(ours)} against {_seconds(theirs)}, choosing settings "
        f"and groups included), {counted(ours.models, 'model')} against {theirs.models:g}, and "
        f"{counted(ours.forward_passes, 'encoder pass', 'encoder passes')} per text against "
        f"{theirs.forward_passes:g}."
    )


# --- one plan ------------------------------------------------------------------------------------


def _alone(comparison: Comparison) -> str:
    value = _value(comparison.base.value, comparison.metric)
    return (
        f"`{comparison.baseline}` is the only finished plan, so nothing is compared; its "
        f"{comparison.metric} is {value}."
    )


def _tasks_alone(base: Row) -> str:
    known = {task: own for task, own in base.by_task.items() if own.value.n}
    if not known:
        return "No task has a defined value."
    alike = len({own.metric for own in known.values()}) == 1
    if not alike or len(known) == 1:
        return f"Its {counted(len(known), 'task')} stand in the tables, each by its own metric."
    low, high = (each(known, key=lambda t: known[t].value.mean) for each in (min, max))
    ends = (f"{percent(known[t].value, scale_of_task(known[t]))} ({t})" for t in (low, high))
    return f"By task, {known[low].metric} goes from {' to '.join(ends)}."


def _cost_alone(base: Row) -> str:
    own = base.cost
    if own is None:
        return "What it costs is not known."
    return (
        f"One fold and seed takes {_seconds(own)}, {counted(own.models, 'model')} and "
        f"{counted(own.forward_passes, 'encoder pass', 'encoder passes')} per text."
    )


# --- numbers -------------------------------------------------------------------------------------


def _value(value: Summary, metric: str) -> str:
    if value.n == 0:
        return "undefined"
    unit = " percent" if scale_of(metric) == 100 else ""
    spread = "" if value.sd is None else "mean ± sd of "
    return f"{percent(value, scale_of(metric))}{unit} ({spread}{counted(value.n, 'run')})"


def _points(value: float, scale: float) -> str:
    return f"{figure(value, scale, '+')}{' points' if scale == 100 else ''}"


def _interval(claim: Claim, scale: float) -> str:
    return f"{100 * claim.finding.level:.3g} % interval {interval_text(claim, scale)}"


def _p(value: float) -> str:
    text = p_value(value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def _seconds(cost: PlanCost) -> str:
    return f"{cost.train_seconds:,.1f} s"
