"""Facts of a report: the question, the protocol, the environment, and how to make it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from mtlv.evaluation.significance.finding import ALPHA
from mtlv.fingerprint import fingerprint
from mtlv.report.comparison_notes import CORRECTED, compare_command, options_of
from mtlv.report.page_evidence import Evidence
from mtlv.report.page_parts import Listing, Part, Section, Words
from mtlv.report.tables import Table
from mtlv.store.comparison import Comparison
from mtlv.store.record import JobRecord
from mtlv.store.tracking_uri import without_password
from mtlv.version import __version__
from mtlv.words import counted, listed

__all__ = ["environment", "protocol", "question", "reproduction"]

ASSUMPTIONS = {
    "corrected_t": "differences of test parts are about normal; the correction for training data "
    "that overlap is a rule of thumb (Nadeau and Bengio 2003)",
    "wilcoxon": "differences are independent and symmetric around their median; folds share "
    "training data, so on folds it claims too much",
    "bootstrap": "runs and test examples are drawn at random and independently; of few runs it "
    "knows the spread badly",
    "randomisation": "the outputs of two plans for an example can be swapped if the plans are "
    "equal; the trained models are taken as given",
    "mcnemar": "examples are independent; the trained models are taken as given",
}
SCHEMES = {
    "auto": "the data's own test part if there is one, else cross validation if folds > 1, else "
    "holdout",
    "holdout": "one test part, drawn once",
    "cross_validation": "every example is tested once",
    "official": "the data's own test part",
}


def question(evidence: Evidence) -> str:
    """Return what the study asked, in a sentence, from its config and data."""
    study, drawn = evidence.study, evidence.comparison.drawn
    plans = [f"`{name}`" for name in _plan_names(evidence) if name not in drawn]
    kinds = Counter(task.kind for task in study.targets)
    tasks = listed(counted(n, f"{kind} task") for kind, n in kinds.items())
    data = listed(f"`{own.name}` ({study.size_of(own)})" for own in study.corpora)
    encoder = study.config.get("encoder", {}).get("name", "unknown")
    with_random = f", beside {counted(len(drawn), 'random grouping')}" if drawn else ""
    asked = (
        f"Which of the plans {listed(plans)} learns"
        if len(plans) > 1
        else f"How does {plans[0]} learn"
    )
    best = " best, and at what cost" if len(plans) > 1 else ", and at what cost"
    return f"{asked} {tasks} of {data}{best}, with the encoder `{encoder}`{with_random}?"


def protocol(evidence: Evidence) -> Section:
    """Return how data were divided, what was chosen on validation, and which tests were made."""
    rows = [*_division(evidence), *_choices(evidence), *_tests(evidence.comparison)]
    return Section("protocol", "Protocol", (_facts("How plans were trained and tested", rows),))


def environment(evidence: Evidence) -> Section:
    """Return versions and machines of the jobs; several values where jobs differ."""
    jobs = _jobs(evidence)
    names = dict.fromkeys(name for job in jobs for name in job.environment)
    rows = [(name, _values(job.environment.get(name, "unknown") for job in jobs)) for name in names]
    rows += [
        ("precision", _values(job.precision for job in jobs)),
        ("encoder", _values(_encoder(job) for job in jobs)),
        ("this report", f"mtlv {__version__}"),
    ]
    return Section("environment", "Environment", (_facts("Environment of the jobs", rows),))


def reproduction(evidence: Evidence) -> Section:
    """Return the config, the commands, and fingerprints to compare with."""
    study = evidence.study
    config = yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True)
    jobs = sorted(job.id for job in _jobs(evidence))
    marks = [(f"corpus {own.name}", own.fingerprint) for own in study.corpora]
    marks += [
        ("config", fingerprint(study.config)),
        (f"the {counted(len(jobs), 'job')} of these plans", fingerprint(jobs)),
    ]
    parts: tuple[Part, ...] = (
        Words(
            "Every number of this report is computed from stored predictions. The commands train "
            "what is missing, make this report, and print its comparison as JSON; they take the "
            "run store from `--store` or `MTLV_STORE`."
        ),
        Listing("Commands", _commands(evidence.comparison), "sh"),
        _facts("Fingerprints", marks),
        Listing(f"{study.name}.yaml", without_password(config).rstrip(), "yaml"),
    )
    return Section("reproduce", "How to reproduce", parts)


def _plan_names(evidence: Evidence) -> list[str]:
    return list(dict.fromkeys(cell.plan for cell in evidence.study.cells))


def _facts(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    return Table(title, ("what", "value"), tuple(rows), words=(0, 1))


# --- protocol ------------------------------------------------------------------------------------


def _division(evidence: Evidence) -> list[tuple[str, str]]:
    settings, parts = evidence.study.config.get("evaluation", {}), evidence.test_parts
    sizes = [max((own.n for own in part.values()), default=0) for part in parts]
    seeds = [str(seed) for seed in settings.get("seeds", ())]
    rows = [
        (
            "test parts",
            f"{len(parts)}, of {_span(sizes)} examples with a target (of the task that has most)",
        ),
        ("folds", str(settings.get("folds", 1))),
        ("seeds", f"{len(seeds)}: {listed(seeds)}"),
        ("runs", listed(f"{p.name} {len(p.cells)} of {p.planned}" for p in evidence.plans)),
    ]
    scheme = settings.get("scheme")
    if scheme in SCHEMES:
        rows.insert(0, ("division", f"{scheme}: {SCHEMES[scheme]}"))
    if "validation" in settings:
        share = f"{100 * settings['validation']:g} % of the training part"
        rows.append(("validation", f"{share}; all that is chosen is chosen on it"))
    return rows


def _choices(evidence: Evidence) -> list[tuple[str, str]]:
    used = [plan.cells[0].scores.thresholds for plan in evidence.plans]
    told = listed(dict.fromkeys(own.describe() for own in used))
    fitted = any(own.source == "validation" for own in used)
    rows = [("thresholds", told + (", fitted on validation predictions" if fitted else ""))]
    lineage = [f"{name} {own.words}" for name, own in evidence.outcome.lineage.items() if own.words]
    if lineage:
        rows.append(("lineage", "; ".join(lineage)))
    tune = evidence.study.config.get("tune")
    if tune:
        space = listed(f"{key} of {_candidates(values)}" for key, values in tune["space"].items())
        rows.append(("settings", f"{space}, by {tune['metric']} on validation, for every plan"))
    return rows


def _candidates(values: Any) -> str:
    if isinstance(values, dict):
        return f"{values['low']} to {values['high']}"
    return "(" + ", ".join(map(str, values)) + ")"


def _tests(comparison: Comparison) -> list[tuple[str, str]]:
    rows = [
        ("metric", comparison.metric),
        ("signature", comparison.signature),
        ("pairs", "runs of equal fold and seed, on the same test targets (checked)"),
    ]
    found = {row.plan: row.findings for row in comparison.rows if row.findings is not None}
    if not found:
        return [*rows, ("test", "none: there are no two plans with runs of equal fold and seed")]
    for choice in dict.fromkeys(choice for own in found.values() for choice in own.choices):
        test, why = choice.test, choice.why
        plans = [name for name, own in found.items() if choice in own.choices]
        named = f" ({listed(plans)})" if len(plans) < len(found) else ""
        rows.append(("test", f"{test}{named}: {why}"))
        rows.append((f"{test} assumes", ASSUMPTIONS[test]))
    draws = {own.draws for own in found.values() if own.draws}
    if draws:
        rows.append(("draws", listed(f"{n:,}" for n in sorted(draws))))
    settings = comparison.settings
    over = "over the tasks of a plan, and over the plans"
    rows += [
        ("level", f"{ALPHA:g}; a difference is claimed where p and interval both show it"),
        ("correction", f"{CORRECTED[settings.correction]}, {over}"),
    ]
    if settings.margin is not None:
        rows.append(("margin of equivalence", f"{settings.margin:g}, by two one-sided tests"))
    return rows


# --- environment and reproduction ----------------------------------------------------------------


def _jobs(evidence: Evidence) -> list[JobRecord]:
    cells = [cell.cell for plan in evidence.outcome.plans for cell in plan.cells]
    return [evidence.store.job(job) for job in dict.fromkeys(j for c in cells for j in c.jobs)]


def _encoder(job: JobRecord) -> str:
    mark = job.spec.get("encoder", {}).get("fingerprint", "unknown")
    return f"{job.spec.get('encoder_name', 'unknown')}, fingerprint {mark}"


def _values(values: Iterable[str]) -> str:
    """Return a value, or several with how many jobs have each."""
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({counted(n, 'job')})" for value, n in counts.most_common())


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _commands(comparison: Comparison) -> str:
    study = comparison.study
    return "\n".join(
        [
            f"mtlv run {study}.yaml",
            f"mtlv report {study} {options_of(comparison)}",
            f"{compare_command(comparison, [study])} --tasks --json",
        ]
    )
