"""The three views: their numbers by hand, and of a whole small study."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mtlv.errors import StoreError
from mtlv.explain.held_out import Pairing, paired_difference
from mtlv.explain.importance import MEASURES
from mtlv.explain.texts import StudyTexts
from mtlv.explain.view_results import (
    CrossTask,
    Difference,
    HeldOut,
    RankScatter,
    ThreeViews,
    WordView,
)
from mtlv.explain.views import three_views
from mtlv.explain.word_view import WordModel, word_view
from mtlv.report.explain_tables import view_tables
from mtlv.store import Store
from mtlv.store.comparison import compare
from mtlv.store.outcome import load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from small import LABELS, Counter, small_config, small_source, write_csv

TASKS = ("edema", "lungs")


def config_of(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return a config of two corpora with a task each."""
    first = small_source(write_csv(folder / "a.csv")) | {"labels": ["edema"]}
    second = first | {
        "path": str(write_csv(folder / "b.csv", rows=60)),
        "labels": {"lungs": LABELS[1]},
    }
    return small_config(
        folder,
        data={"a": first, "b": second},
        train={"epochs": 4, "learning_rate": 0.05, "precision": "fp32", "batch_size": 16},
        **changes,
    )


def studied(folder: Path, **changes: Any) -> Store:
    store = Store(folder / "runs")
    config = parse_config(config_of(folder, **changes))
    Study(config, store, folder, watcher=Counter()).run()
    return store


def viewed(store: Store, **plans: Any) -> ThreeViews:
    outcome = load_outcome(store, "small")
    return three_views(store, outcome, StudyTexts(store, outcome.study, Path()), **plans)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return studied(
        tmp_path_factory.mktemp("views"),
        encoder={"name": "bow", "bow": {"hidden_size": 4}},
        evaluation={"folds": 2, "seeds": [0, 1]},
    )


@pytest.fixture(scope="module")
def views(store: Store) -> ThreeViews:
    return viewed(store)


# --- view 1 --------------------------------------------------------------------------------------


def test_test_parts_are_the_pairs_and_their_overlap_widens_the_interval() -> None:
    parts, values = [0, 0, 1, 1, 2, 2], [0.1, 0.3, 0.0, 0.2, 0.3, 0.3]
    found = paired_difference(values, Pairing(parts, overlap=0.5))
    means = np.array([0.2, 0.1, 0.3])
    scale = math.sqrt((1 / 3 + 0.5) * means.var(ddof=1))
    assert (found.mean, found.pairs, found.unit) == (pytest.approx(0.2), 3, "test part")
    assert found.p == pytest.approx(2 * stats.t.sf(0.2 / scale, 2))
    assert found.high == pytest.approx(0.2 + stats.t.ppf(0.975, 2) * scale)


def test_runs_on_one_test_part_get_the_plain_paired_test() -> None:
    values = [0.1, 0.3, 0.0, 0.25]
    found = paired_difference(values, Pairing([0] * 4, overlap=0.5))
    assert (found.test, found.unit, found.pairs) == ("paired_t", "run", 4)
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_one_run_has_a_mean_and_no_test() -> None:
    found = paired_difference([0.1], Pairing([0], overlap=0.5))
    assert found.mean == pytest.approx(0.1)
    assert math.isnan(found.p)


def test_held_out_values_are_those_of_the_study(store: Store, views: ThreeViews) -> None:
    outcome = load_outcome(store, "small")
    for own in views.held_out:
        for name, values in (("stl", own.single), ("mtl", own.multi)):
            cells = {(c.cell.fold, c.cell.seed): c for c in outcome[name].cells}
            expected = [cells[run].scores.per_task[own.task]["f1"] for run in own.runs]
            assert list(values) == expected
        assert own.difference.mean == pytest.approx(np.mean(own.multi) - np.mean(own.single))
        assert (own.difference.test, own.difference.pairs) == ("corrected_t", 2)
    assert [own.task for own in views.held_out] == list(TASKS)


def test_explain_and_compare_test_by_one_overlap(tmp_path: Path) -> None:
    """Halves of 61 texts are not equal; both ways of looking take the protocol's 1/(2 - 1)."""
    store = Store(tmp_path / "runs")
    path = write_csv(tmp_path / "odd.csv", rows=61)
    config = small_config(
        tmp_path,
        data={"odd": small_source(path) | {"labels": list(LABELS[:2])}},
        encoder={"name": "bow", "bow": {"hidden_size": 4}},
        train={"epochs": 2, "learning_rate": 0.05, "precision": "fp32", "batch_size": 16},
        evaluation={"folds": 2},
    )
    Study(parse_config(config), store, tmp_path, watcher=Counter()).run()
    compared = compare(store, load_outcome(store, "small"), "stl")
    row = next(own for own in compared.rows if own.plan == "mtl")
    told = [own.difference for own in viewed(store).held_out]
    found = [row.by_task[task].claim.finding for task in LABELS[:2]]  # type: ignore[union-attr]
    assert [(own.p, own.low, own.high) for own in told] == [
        pytest.approx((own.p, own.low, own.high), nan_ok=True) for own in found
    ]
    assert np.isfinite([own.high for own in found]).any()


# --- view 2 --------------------------------------------------------------------------------------


def model(plan: str, task: str, seed: int, *values: float, fold: int = 0) -> WordModel:
    words = ("good", "bad", "plot", "the")
    importance = {name: np.array(values) for name in MEASURES}
    return WordModel(plan, task, fold, seed, words, importance)


def test_ranks_are_compared_between_seeds_and_the_ceiling_is_the_smaller_one() -> None:
    models = [
        model("stl", "film", 0, 4.0, -3.0, 2.0, 1.0),
        model("stl", "film", 1, 4.0, -3.0, 2.0, 1.0),
        model("stl", "food", 0, 4.0, -3.0, 2.0, 1.0),  # as film under the same seed
        model("stl", "food", 1, 1.0, -2.0, 3.0, 4.0),  # the other way round
        *[model("mtl", task, seed, 4, -3, 2, 1) for task in ("film", "food") for seed in (0, 1)],
    ]
    found = {(own.measure, own.x, own.y): own for own in word_view(models, "stl", "mtl").scatters}
    assert len(found) == 3 * (1 + 2)
    own = found["output_weights", "stl: film", "stl: food"]
    assert own.agreement is not None
    assert own.same_seed is not None
    assert own.ceiling is not None
    # film 0 | food 1 is -1 and film 1 | food 0 is 1; so are the pairs of equal seeds
    assert own.agreement.rho == pytest.approx(0, abs=1e-6)
    assert own.same_seed.rho == pytest.approx(0, abs=1e-6)
    assert own.ceiling.rho == pytest.approx(-1)
    assert (own.ranks_x, own.ranks_y) == ((1, 2, 3, 4), (4, 3, 2, 1))
    assert (own.agreement.pairs, own.agreement.starts) == (2, 1)
    across = found["output_weights", "stl: film", "mtl: film"].agreement
    assert across is not None
    assert across.rho == pytest.approx(1)
    article = found["input_sum", "stl: film", "mtl: film"]
    assert article.ranks_x == (1, 4, 2, 3), "the article ranks by the signed sum"
    assert article.agreement is not None
    assert article.agreement.signed_rho is None


def test_all_pairs_of_seeds_and_all_folds_are_compared() -> None:
    values = {0: (4, 3, 2, 1), 1: (4, 3, 1, 2), 2: (1, 2, 3, 4), 3: (4, 3, 2, 1)}
    models = [
        model(plan, "film", seed, *own, fold=fold)
        for plan in ("stl", "mtl")
        for seed, own in values.items()
        for fold in range(5)
    ]
    view = word_view(models, "stl", "mtl")
    (own,) = [one for one in view.scatters if one.measure == "input_sum"]
    assert own.agreement is not None
    assert (own.agreement.pairs, own.agreement.starts) == (5 * 12, 6)
    assert own.agreement.lowest == pytest.approx(-1), "seeds 0 and 2"
    assert own.agreement.highest == pytest.approx(1), "seeds 0 and 3"
    assert own.same_seed is not None
    assert (own.same_seed.pairs, own.same_seed.starts) == (5 * 4, 4)
    ceiling = view.ceilings["input_sum"]["stl: film"]
    assert (ceiling.pairs, ceiling.starts) == (5 * 6, 6)
    assert (ceiling.lowest, ceiling.highest) == (pytest.approx(-1), pytest.approx(1))


def test_with_one_seed_there_is_no_ceiling() -> None:
    models = [model(plan, "film", 0, 1, 2, 3, 4) for plan in ("stl", "mtl")]
    (own, *_) = word_view(models, "stl", "mtl").scatters
    assert (own.agreement, own.ceiling) == (None, None), "equal starts would make ranks alike"
    assert own.same_seed is not None
    assert own.same_seed.rho == pytest.approx(1)
    ranks = next(t for t in view_tables(views_of(own)) if "ranks" in t.title)
    assert ranks.rows[0][1:5] == ("-", "-", "-", "+1.00")


def views_of(*scatters: RankScatter) -> ThreeViews:
    """Return views that have ranks and an empty matrix alone."""
    matrix = CrossTask("stl", "accuracy", (), (), (), ())
    return ThreeViews("s", "stl", "mtl", (), WordView({}, scatters, (4,)), (matrix,), ())


@pytest.mark.parametrize(("single", "scatters"), [("stl", 1), (None, 0)])
def test_one_plan_has_its_words_and_its_ceilings(single: str | None, scatters: int) -> None:
    plan, multi = single or "mtl", None if single else "mtl"
    models = [model(plan, task, seed, 4, 3, 2, 1) for task in ("film", "food") for seed in (0, 1)]
    view = word_view(models, single, multi)
    assert set(view.top["input_sum"]) == {f"{plan}: film", f"{plan}: food"}
    assert len(view.scatters) == len(MEASURES) * scatters
    assert view.ceilings["input_sum"][f"{plan}: film"].rho == pytest.approx(1)


def test_top_words_are_those_that_all_runs_know() -> None:
    first = model("stl", "film", 0, 4.0, -3.0, 2.0, 1.0)
    other = WordModel(
        "stl",
        "film",
        1,
        0,
        ("bad", "the", "rare"),
        {name: np.array([-1.0, 0.5, 9.0]) for name in MEASURES},
    )
    top = word_view([first, other, model("mtl", "film", 0, 1, 2, 3, 4)], "stl", "mtl").top
    found = [(own.word, own.value, own.rank) for own in top["output_weights"]["stl: film"]]
    assert found == [("bad", -2.0, 2.0), ("the", 0.75, 3.5)]


def test_words_of_a_study_are_its_vocabulary_and_its_labels_matter(views: ThreeViews) -> None:
    assert views.words is not None
    assert len(views.words.vocabulary) == 2
    assert set(views.words.top) == set(MEASURES)
    top = views.words.top["integrated_gradients"]
    assert set(top) == {f"{plan}: {task}" for plan in ("stl", "mtl") for task in TASKS}
    assert "edema" in [own.word for own in top["stl: edema"]]
    for own in views.words.scatters:
        assert len(own.words) == views.words.vocabulary[0]
        assert sorted(own.ranks_x) != list(own.ranks_x)
        assert own.agreement is not None
        assert (own.agreement.pairs, own.ceiling is None) == (4, False)


# --- view 3 --------------------------------------------------------------------------------------


def test_the_diagonal_is_the_quality_of_the_study(store: Store, views: ThreeViews) -> None:
    outcome = load_outcome(store, "small")
    for own in views.cross_task:
        cells = sorted(outcome[own.plan].cells, key=lambda c: (c.cell.fold, c.cell.seed))
        for index, task in enumerate(TASKS):
            expected = [c.scores.per_task[task][own.metric] for c in cells]
            assert [run[index][index] for run in own.runs] == pytest.approx(expected)
            assert own.mean[index][index] == pytest.approx(np.mean(expected))


def test_lifts_are_the_differences_of_the_matrices(views: ThreeViews) -> None:
    single, multi = (_accuracy(views, plan) for plan in ("stl", "mtl"))
    assert len(views.lifts) == 4
    for own in views.lifts:
        i, j = TASKS.index(own.texts), TASKS.index(own.layer)
        assert own.difference.mean == pytest.approx(multi.mean[i][j] - single.mean[i][j])


def _accuracy(views: ThreeViews, plan: str) -> CrossTask:
    return next(v for v in views.cross_task if (v.plan, v.metric) == (plan, "accuracy"))


# --- all of them ---------------------------------------------------------------------------------


def test_views_go_to_json_and_back(views: ThreeViews) -> None:
    text = json.dumps(views.to_json(), allow_nan=False)
    again = ThreeViews.from_json(json.loads(text))
    assert again.to_json() == views.to_json()


def test_tables_show_what_was_found(views: ThreeViews) -> None:
    tables = view_tables(views)
    assert len(tables) == 1 + len(MEASURES) + 1 + 1 + 1
    assert {row[-2:] for row in tables[0].rows} == {("corrected t, 2 test parts", "4")}
    held, cross = tables[0], tables[-2]
    own = views.held_out[0]
    assert held.rows[0][0] == "edema, f1"
    assert held.rows[0][2] == f"{100 * np.mean(own.multi):.1f}"
    assert "corrected resampled t-test" in held.note
    layers = (f"{p}: {t}" for p in ("stl", "mtl") for t in TASKS)
    assert cross.header == ("texts of", "guessing", *layers)
    assert len(tables[-3].rows) == len(MEASURES) * (3 + 4), "pairs of models, and their ceilings"
    assert "4 pairs of runs from 1 pair of seeds" in tables[-3].note


def test_every_row_of_view_1_tells_its_own_test_and_runs() -> None:
    def own(task: str, test: str, unit: str, runs: int) -> HeldOut:
        difference = Difference(0.1, 0.0, 0.2, 0.04, test, runs, unit)
        values, places = (0.5,) * runs, tuple((0, seed) for seed in range(runs))
        return HeldOut(task, "f1", values, values, places, difference)

    held = own("a", "corrected_t", "test part", 5), own("b", "paired_t", "run", 3)
    views = replace(views_of(), held_out=held)
    assert [row[-2:] for row in view_tables(views)[0].rows] == [
        ("corrected t, 5 test parts", "5"),
        ("paired t, 3 runs", "3"),
    ]


@pytest.mark.parametrize("plan", ["single", "multi"])
def test_one_plan_alone_shows_its_own_views(store: Store, views: ThreeViews, plan: str) -> None:
    names = {"single": None, "multi": None} | {plan: {"single": "stl", "multi": "mtl"}[plan]}
    found = viewed(store, **names)
    assert found.held_out == found.lifts == ()
    assert {own.plan for own in found.cross_task} == {names[plan]}
    assert found.cross_task[0] == _accuracy(views, str(names[plan]))
    titles = [table.title.partition(":")[0] for table in view_tables(found)]
    assert titles == ["View 2"] * (len(MEASURES) + 1) + ["View 3"]
    assert ThreeViews.from_json(found.to_json()).to_json() == found.to_json()


def test_views_of_an_earlier_version_can_be_read(views: ThreeViews) -> None:
    old = json.loads(json.dumps(views.to_json()))
    old["words"].pop("ceilings")
    for own in old["cross_task"]:
        own.pop("guess")
    for own in old["words"]["scatters"]:
        for key in ("starts", "lowest", "highest"):
            own["agreement"].pop(key)
        own["agreement"]["sd"] = 0.1
    (ranks,) = [t for t in view_tables(ThreeViews.from_json(old)) if "ranks" in t.title]
    assert ranks.rows[0][3] == "-", "nothing is known of seeds"


def test_another_encoder_has_no_words_but_the_other_views(tmp_path: Path) -> None:
    found = viewed(studied(tmp_path))
    assert found.words is None
    assert np.isfinite(_accuracy(found, "mtl").mean).all()
    assert math.isnan(found.held_out[0].difference.p), "one run"
    titles = [table.title for table in view_tables(found)]
    assert [title.partition(":")[0] for title in titles] == ["View 1", "View 3", "View 3"]
    assert ThreeViews.from_json(found.to_json()).to_json() == found.to_json()


def test_what_is_missing_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no finished plan 'gmtl'"):
        viewed(store, multi="gmtl")
    bare = studied(tmp_path, encoder={"name": "bow"}, store={"checkpoints": False})
    with pytest.raises(StoreError, match="kept no checkpoint") as error:
        viewed(bare)
    assert "checkpoints: true" in str(error.value)
