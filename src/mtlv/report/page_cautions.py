"""What to be careful about: facts of this study that weaken what its numbers seem to say.

Nothing here holds for every study: each point is said where a record shows it, and with its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.report.answer import rival_of
from mtlv.report.comparison_notes import cautions_of_tests
from mtlv.report.gaps import gaps
from mtlv.report.numbers import share
from mtlv.report.page_evidence import Evidence
from mtlv.report.page_parts import Points, Section, Words
from mtlv.store.record import GroupingRecord
from mtlv.words import counted, listed

__all__ = ["cautions"]

RARE = 10
"""With fewer positives in a test part, one of them is more than a tenth of recall."""
FEW = 5
"""With fewer seeds, how much they vary is badly known."""


def cautions(evidence: Evidence) -> Section:
    """Return what to be careful about."""
    points = [
        *evidence.damaged,
        *gaps(evidence.comparison, [evidence.outcome]),
        *cautions_of_tests(evidence.comparison),
        *evidence.study.cautions,
        *chain.from_iterable(check(evidence) for check in CHECKS),
    ]
    part = Points(tuple(points)) if points else Words("Nothing in the records calls for care.")
    return Section("careful", "What to be careful about", (part,))


def _seeds(evidence: Evidence) -> Iterator[str]:
    seeds = {cell.cell.seed for cell in evidence.base.cells}
    if len(seeds) == 1:
        yield (
            f"Every fold was trained with one seed ({seeds.pop()}): how much another seed would "
            "change is not measured apart from the folds."
            if len(evidence.base.cells) > 1
            else f"One seed ({seeds.pop()}) on one test part: the interval says nothing of how "
            "much another seed would change."
        )
    elif len(seeds) < FEW and len(evidence.test_parts) == 1:
        yield f"The spread between runs is estimated from {counted(len(seeds), 'seed')}."


def _parts(evidence: Evidence) -> Iterator[str]:
    tests = {row.claim.finding.test: row.claim.finding for row in evidence.tested if row.claim}
    if "corrected_t" in tests:
        pairs = tests["corrected_t"].pairs
        if pairs < FEW:
            yield (
                f"The t-test has {pairs} differences, one per test part, so {pairs - 1} degrees of "
                "freedom: only large differences can be shown."
            )
    if len(evidence.test_parts) == 1:
        most = max(own.n for own in evidence.test_parts[0].values())
        draws = counted(len({cell.cell.fold for cell in evidence.base.cells}), "draw")
        same = counted(most, "example")
        yield f"All runs are tested on the same {same}, and trained on {draws} of data."


def _rare(evidence: Evidence) -> Iterator[str]:
    fewest: dict[str, int] = {}
    for part in evidence.test_parts:
        for task, own in part.items():
            if own.positives is not None:
                fewest[task] = min(own.positives, fewest.get(task, own.positives))
    rare = sorted((n, task) for task, n in fewest.items() if n < RARE)
    if rare:
        named = listed(f"{task} ({n})" for n, task in rare)
        yield f"Fewer than {RARE} positives in a test part, so one text moves the metric: {named}."


def _undefined(evidence: Evidence) -> Iterator[str]:
    for plan in evidence.plans:
        lacking = [
            f"{task} ({plan.summary.primary(task).n} of {counted(len(plan.cells), 'run')})"
            for task in plan.summary.per_task
            if plan.summary.primary(task).n < len(plan.cells)
        ]
        if lacking:
            yield f"Undefined in some runs of `{plan.name}`: {listed(lacking)}."


def _margin(evidence: Evidence) -> Iterator[str]:
    if evidence.comparison.settings.margin is not None:
        yield (
            f"The margin of {evidence.comparison.settings.margin:g} was given to this report; "
            "equivalence holds only if it was set before the results were seen."
        )


def _chosen(evidence: Evidence) -> Iterator[str]:
    """Say it where validation, on which plans may be chosen, prefers another plan than test."""
    whole = [p for p in evidence.plans if len(p.summary.per_task) == len(evidence.study.targets)]
    if len(whole) < 2:
        return
    metric = evidence.comparison.metric
    sign = 1 if METRICS[metric].higher_is_better else -1
    best = max(whole, key=lambda plan: sign * plan.summary.together(metric).mean)
    chosen = max(whole, key=lambda plan: plan.validation_value)
    if best.name != chosen.name:
        yield (
            f"`{best.name}` has the best mean {metric} on test, `{chosen.name}` the best value on "
            f"validation: which of {len(whole)} plans is best on test is partly luck."
        )


def _groups(evidence: Evidence) -> Iterator[str]:
    shares = {row.plan: row.random_share for row in evidence.comparison.rows}
    for plan in evidence.plans:
        found = {c.cell.fold: c.cell.grouping for c in plan.cells if c.cell.grouping is not None}
        different = len({str(own.groups) for own in found.values()})
        if different > 1:
            yield f"`{plan.name}` has {different} different groupings in {len(found)} folds."
        at_least = shares.get(plan.name)
        if found and at_least is not None and at_least > ALPHA:
            yield (
                f"Counting itself, {share(at_least)} of random groupings in as many models do as "
                f"well as `{plan.name}` or better: that its groups matter is not shown."
            )
        if at_least is not None and (uneven := _uneven(found.values())):
            yield (
                f"Random groups are of nearly equal size, those of `{plan.name}` of {uneven}: part "
                "of the difference may be that of sizes."
            )


def _uneven(found: Iterable[GroupingRecord]) -> str:
    """Return the sizes of groups as `12, 4 and 3 tasks`; nothing where they are nearly equal."""
    for own in found:
        sizes = sorted((len(group) for group in own.groups), reverse=True)
        if sizes[0] - sizes[-1] > 1:
            return f"{listed(map(str, sizes))} tasks"
    return ""


def _nothing_random(evidence: Evidence) -> Iterator[str]:
    rival = rival_of(evidence.comparison)
    if rival is not None and not evidence.comparison.nulls:
        cells = next(plan.cells for plan in evidence.outcome.plans if plan.name == rival.plan)
        if cells[0].cell.grouping is not None:
            yield (
                f"No random grouping was trained, so whether these groups of `{rival.plan}`, or "
                "any groups, make its difference is not known."
            )


def _machines(evidence: Evidence) -> Iterator[str]:
    jobs = [j for plan in evidence.plans for cell in plan.cells for j in cell.cell.jobs]
    places = {
        (found.get("processor"), found.get("device"), found.get("threads"))
        for found in (evidence.store.job(job).environment for job in dict.fromkeys(jobs))
    }
    if len(places) > 1:
        yield (
            f"Jobs ran on {len(places)} different machines or numbers of threads: seconds and cost "
            "ratios mix them."
        )
    workers = evidence.study.config.get("executor", {}).get("workers", 1)
    if workers > 1:
        yield f"{workers} jobs ran at a time, so seconds are longer than those of a job alone."


CHECKS = (
    *(_seeds, _parts, _rare, _undefined, _margin, _chosen, _groups, _nothing_random),
    _machines,
)
