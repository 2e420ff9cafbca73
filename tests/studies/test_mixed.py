"""Studies of all kinds of tasks on several corpora, from files by configuration alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import ConfigError
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.forecast import forecast
from mtlv.studies.study import Study
from small import SCRATCH, Counter, small_config

WORDS = ("heart", "lung", "bone", "skin", "clear", "large", "small", "old")
PARTS = ("heart", "lung", "bone")


def write_mixed(folder: Path) -> dict[str, Any]:
    """Write a pair file, a tagged file and a relation file; return the `data` section."""
    pairs = ["one\ttwo\tscore\tsame"]
    tagged: list[str] = []
    relations = ["index\tsentence\tlabel"]
    for i in range(48):
        first, second = WORDS[i % 8], WORDS[(i // 3) % 8]
        pairs.append(
            f"the {first} {i}\ta {second}\t{5 if first == second else i % 4}\t"
            f"{('yes', 'no', 'part')[i % 3]}"
        )
        for word in ("the", first, "is", second, "."):
            tagged.append(f"{word}\t{'B-part' if word in PARTS else 'O'}")
        tagged.append("")
        relations.append(f"r{i}\t@A$ {first} @B$ {i}\t{('false', 'acts', 'false', 'binds')[i % 4]}")
    (folder / "pairs.tsv").write_text("\n".join(pairs) + "\n")
    (folder / "tags.conll").write_text("\n".join(tagged) + "\n")
    (folder / "relations.tsv").write_text("\n".join(relations) + "\n")
    return {
        "pairs": {
            "path": str(folder / "pairs.tsv"),
            "text": "one",
            "text_b": "two",
            "tasks": {
                "similarity": {"column": "score", "kind": "regression", "range": [0, 5]},
                "same": {"column": "same", "kind": "multiclass"},
            },
        },
        "parts": {"format": "conll", "path": str(folder / "tags.conll")},
        "acts": {"format": "relations", "path": str(folder / "relations.tsv")},
        "reports": small_config(folder)["data"]["reports"],
    }


def study_of(folder: Path, counter: Counter | None = None, **changes: Any) -> Study:
    config = {
        "study": "mixed",
        "data": write_mixed(folder),
        "encoder": SCRATCH,
        "plans": ["stl", "mtl"],
        "train": {"epochs": 1, "learning_rate": 1e-3, "max_length": 32, "precision": "fp32"},
        "tracking": {"mlflow": False},
    }
    return Study(
        parse_config(config | changes), Store(folder / "runs"), watcher=counter or Counter()
    )


@pytest.mark.slow
def test_all_kinds_are_learned_together_and_scored_by_their_own_metrics(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    record = study.run()
    by_plan = {cell.plan: cell for cell in record.cells}
    assert by_plan["mtl"].architecture["models"] == [
        [["similarity"], ["same"], ["parts"], ["acts"], ["edema", "effusion", "fracture"]]
    ]
    outcome = load_outcome(study.store, "mixed")
    judged = {
        "similarity": "pearson",
        "same": "accuracy",
        "parts": "entity_f1",
        "acts": "f1_micro_positive",
        "edema": "f1",
    }
    for plan in outcome.plans:
        assert plan.cells[0].scores.metrics["primary_mean"] == pytest.approx(
            plan.cells[0].scores.primary_mean, nan_ok=True
        )
        for task, metric in judged.items():
            assert metric in plan.summary.per_task[task]
    json.dumps(outcome.to_json())


@pytest.mark.slow
@pytest.mark.parametrize(
    "train",
    [
        {"mixing": "uniform"},
        {"mixing": {"name": "main", "main": "parts", "ratio": 1.0}},
        {"mixing": {"name": "annealed", "batch_size": {"pairs": 8}}, "epochs": 2},
        {"weighting": {"name": "uncertainty", "over": "tasks"}},
        {"checkpoint": "best", "patience": 1, "epochs": 2},
        {"curriculum": {"by": "length"}, "epochs": 2},
        {"freeze_layers": "all"},
    ],
    ids=str,
)
def test_every_way_of_training_takes_all_kinds(train: dict[str, Any], tmp_path: Path) -> None:
    base = {"epochs": 1, "learning_rate": 1e-3, "max_length": 32, "precision": "fp32"}
    record = study_of(tmp_path, plans=["mtl"], train=base | train).run()
    assert record.status == "finished"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mixing": {"name": "main", "main": "part"}}, ["no corpus 'part'", "plan 'stl'"]),
        ({"mixing": {"batch_size": {"pair": 8}}}, ["no corpus 'pair'", "did you mean 'pairs'"]),
    ],
)
def test_a_corpus_that_there_is_not_is_told_before_training(
    changes: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        study_of(tmp_path, train={"epochs": 1, "precision": "fp32"} | changes).plan()
    assert all(word in str(caught.value) for word in words)


def test_a_metric_of_another_kind_is_told_before_training(tmp_path: Path) -> None:
    data = write_mixed(tmp_path)
    data["pairs"]["tasks"]["similarity"]["metric"] = "f1"
    with pytest.raises(ConfigError, match="regression task cannot be judged by 'f1'") as caught:
        study_of(tmp_path, data=data).plan()
    assert "pearson" in str(caught.value)


@pytest.mark.slow
def test_models_without_the_main_corpus_pass_over_their_own(tmp_path: Path) -> None:
    mixing = {"name": "main", "main": "parts", "batch_size": {"pairs": 8}}
    train = {"epochs": 1, "learning_rate": 1e-3, "max_length": 32, "precision": "fp32"}
    plans = [{"stl": {"tasks": ["parts", "same"]}}]
    record = study_of(tmp_path, plans=plans, train=train | {"mixing": mixing}).run()
    assert record.status == "finished"


def test_an_epoch_is_told_beforehand(tmp_path: Path) -> None:
    mixing = {"name": "annealed", "batch_size": {"pairs": 4}}
    train = {"epochs": 3, "batch_size": 8, "precision": "fp32", "mixing": mixing}
    rows = {own.plan: own for own in forecast(study_of(tmp_path, train=train).plan()).plans}
    assert rows["stl"].epoch == {}, "each model learns from one corpus"
    first, last = zip(*rows["mtl"].epoch.values(), strict=True)
    assert list(rows["mtl"].epoch) == ["pairs", "parts", "acts", "reports"]
    assert sum(first) == sum(last), "an epoch keeps its length"
    pairs, tags = rows["mtl"].epoch["pairs"], rows["mtl"].epoch["parts"]
    assert pairs[0] - 2 * tags[0] in (0, 1), "as many texts in batches of half the size"


@pytest.mark.slow
def test_teachers_teach_all_kinds(tmp_path: Path) -> None:
    taught = {"mtl": {"name": "taught", "teachers": "stl"}}
    record = study_of(tmp_path, plans=["stl", taught]).run()
    assert record.status == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lookahead", "gradient_cosine"])
def test_affinities_between_kinds_are_measured(method: str, tmp_path: Path) -> None:
    plan = {"gmtl": {"grouping": {"method": method, "budget": 2, "every": 2}}}
    record = study_of(tmp_path, plans=[plan]).run()
    (cell,) = record.cells
    assert cell.grouping is not None
    assert len({task for group in cell.grouping.groups for task in group}) == 7


@pytest.mark.slow
def test_tuning_goes_by_what_tasks_are_judged_by(tmp_path: Path) -> None:
    tune = {"space": {"learning_rate": [1e-4, 1e-3]}}
    record = study_of(tmp_path, plans=["mtl"], tune=tune).run()
    (cell,) = record.cells
    assert cell.tuning is not None
    assert all(trial["value"] == trial["value"] for trial in cell.tuning.trials)
