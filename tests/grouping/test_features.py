"""Task features: what a grouping may look at, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from mtlv.errors import ConfigError, GroupingError
from mtlv.grouping import FEATURES
from mtlv.grouping.context import Measured, Pooling, TaskContext
from mtlv.grouping.cooccurrence import COOCCURRENCES
from mtlv.grouping.features import Scaling, task_features
from mtlv.tasks import Task, TaskSet

from .contexts import NAMES, TEXTS, binary, context, letters, targets

OF_POSITIVES = ["counts", "jaccard", "phi", "pmi", "text_embedding"]


def described(*descriptions: str | None) -> TaskSet:
    pairs = zip(NAMES, descriptions, strict=False)
    return TaskSet(tuple(Task(n, "binary", "reports", (), "f1", d) for n, d in pairs))


def embedding(rows: Sequence[Sequence[float]]) -> TaskContext:
    """Return a context whose label names are embedded as some rows."""
    return context(NAMES[: len(rows)], embed=lambda texts, pooling="mean": np.array(rows))


# --- the contract --------------------------------------------------------------------------------


@pytest.mark.parametrize("tasks", [1, 2, 4])
@pytest.mark.parametrize("name", sorted(FEATURES))
def test_every_kind_has_a_row_per_task(name: str, tasks: int) -> None:
    features = task_features(name, context(NAMES[:tasks]))
    assert len(features) == tasks
    assert features.ndim == 2
    assert features.dtype == np.float64
    assert np.isfinite(features).all()


@pytest.mark.parametrize("scaling", ["none", "minmax", "standard", "unit"])
@pytest.mark.parametrize("name", sorted(FEATURES))
def test_the_order_of_tasks_changes_no_distance(name: str, scaling: Scaling) -> None:
    order = [2, 0, 3, 1]
    one = task_features(name, context(), scaling=scaling)
    other = task_features(name, context([NAMES[i] for i in order]), scaling=scaling)
    np.testing.assert_allclose(cdist(one, one)[np.ix_(order, order)], cdist(other, other))


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_what_a_kind_does_not_use_it_does_not_ask_for(name: str) -> None:
    """Kinds that use no text bear a context without targets, vectors and measurements."""
    here = context()
    if not FEATURES[name].measures:
        blind = replace(here, measure=TaskContext(here.tasks, {}).measure)
        np.testing.assert_array_equal(task_features(name, blind), task_features(name, here))
    if not FEATURES[name].uses_texts:
        bare = TaskContext(here.tasks, {}, here.embed)
        np.testing.assert_array_equal(task_features(name, bare), task_features(name, here))
    assert not FEATURES[name].resamples or FEATURES[name].uses_texts
    assert FEATURES[name].description.endswith((".", ")"))


def test_an_unknown_kind_says_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'label_description'"):
        task_features("label_descripton", context())


# --- from names and descriptions -----------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "content", "cls"])
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("label", ["pleural effusion", "edema"]),
        ("label_description", ["fluid", "swelling"]),
        ("label_and_description", ["pleural effusion: fluid", "edema: swelling"]),
    ],
)
def test_they_are_embeddings_of_names_or_descriptions(
    name: str, asked: list[str], pooling: Pooling
) -> None:
    here = replace(context(NAMES[:2]), tasks=described("fluid", "swelling"))
    features = task_features(name, here, pooling)
    np.testing.assert_array_equal(features, letters(asked, pooling))


@pytest.mark.parametrize("name", ["label_description", "label_and_description"])
def test_missing_descriptions_are_named(name: str) -> None:
    here = replace(context(), tasks=described("fluid", None, "crack", ""))
    with pytest.raises(GroupingError, match="no description") as caught:
        task_features(name, here)
    assert caught.value.where == "edema, scar"


def test_descriptions_may_be_equal_unless_all_are() -> None:
    here = replace(context(), tasks=described("fluid", "fluid", "crack", "crack"))
    assert len(task_features("label_description", here)) == 4
    alike = replace(context(), tasks=described(*["fluid"] * 4))
    with pytest.raises(GroupingError, match="the same for all tasks") as caught:
        task_features("label_description", alike)
    assert caught.value.where == ", ".join(NAMES)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(GroupingError, match="not finite") as caught:
        task_features("label", embedding([[1.0], [value]]))
    assert caught.value.where == "edema"


def test_one_task_alone_may_look_like_itself() -> None:
    assert task_features("label", embedding([[0.0, 0.0]])).shape == (1, 2)


# --- scaling -------------------------------------------------------------------------------------

ROWS = [[1.0, 0.1, 5.0], [2.0, 0.1, -5.0], [4.0, 0.1, 0.0]]


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("none", np.array(ROWS)),
        ("minmax", MinMaxScaler().fit_transform(ROWS)),
        ("standard", StandardScaler().fit_transform(ROWS)),
        ("unit", normalize(ROWS)),
    ],
)
def test_scaling_is_that_of_scikit_learn(scaling: Scaling, expected: np.ndarray) -> None:
    scaled = task_features("label", embedding(ROWS), scaling=scaling)
    np.testing.assert_allclose(scaled, expected, atol=1e-15)


@pytest.mark.parametrize("scaling", ["minmax", "standard"])
def test_constant_dimensions_become_nothing(scaling: Scaling) -> None:
    assert (task_features("label", embedding(ROWS), scaling=scaling)[:, 1] == 0).all()


def test_a_row_of_zeros_has_no_length() -> None:
    scaled = task_features("label", embedding([[0.0, 0.0], [3.0, 4.0]]), scaling="unit")
    np.testing.assert_allclose(scaled, [[0, 0], [0.6, 0.8]])


# --- from training texts and targets -------------------------------------------------------------


def test_counts_are_logarithms_of_positives() -> None:
    here = context(
        NAMES[:2], targets={NAMES[0]: np.array([1, 0, np.nan, 1.0]), NAMES[1]: np.ones(5)}
    )
    np.testing.assert_allclose(task_features("counts", here), np.log([[2], [5]]))


@pytest.mark.parametrize("name", sorted(COOCCURRENCES))
def test_co_occurrence_gives_rows_of_its_matrix(name: str) -> None:
    np.testing.assert_array_equal(task_features(name, context()), COOCCURRENCES[name](context()))


def test_text_embeddings_are_means_of_positives_less_that_of_all() -> None:
    vectors = {"x": np.array([[1.0, 0], [3, 0], [5, 6]]), "y": np.array([[10.0, 0], [20, 2]])}
    here = TaskContext(
        TaskSet((binary("a", "x"), binary("b", "x"), binary("c", "y"))),
        {"a": np.array([1, 1, 0]), "b": np.array([np.nan, 0, 1]), "c": np.array([0, 1])},
        text_vectors=vectors.__getitem__,
    )
    expected = [[2 - 3, 0 - 2], [5 - 3, 6 - 2], [20 - 15, 2 - 1]]
    np.testing.assert_allclose(task_features("text_embedding", here), expected)


@pytest.mark.parametrize("name", OF_POSITIVES)
def test_tasks_without_positives_are_named(name: str) -> None:
    none = {"edema": np.zeros(TEXTS), "scar": np.full(TEXTS, np.nan)}
    here = context(targets={name: targets(name) for name in NAMES} | none)
    with pytest.raises(GroupingError, match="no positive text") as caught:
        task_features(name, here)
    assert caught.value.where == "edema, scar"


@pytest.mark.parametrize("name", OF_POSITIVES)
def test_tasks_of_other_kinds_are_named(name: str) -> None:
    stage = Task("stage", "multiclass", "reports", ("I", "II"), "accuracy")
    here = context(tasks=TaskSet((binary("edema"), stage)))
    with pytest.raises(GroupingError, match=r"task 'stage' \(multiclass\)"):
        task_features(name, here)


# --- from a measuring run ------------------------------------------------------------------------


def measuring(**arrays: list[list[float]]) -> TaskContext:
    found = Measured("job", {name: np.array(array) for name, array in arrays.items()}, 1.0, 0.0)
    return context(NAMES[:2], measure=lambda probe, settings: found)


def test_a_data_map_is_means_and_spreads_of_texts_with_all_targets() -> None:
    here = measuring(mean=[[0.9, 0.1], [0.5, np.nan]], spread=[[0.0, 0.3], [0.2, np.nan]])
    np.testing.assert_array_equal(task_features("data_map", here), [[0.9, 0.0], [0.1, 0.3]])


def test_a_data_map_needs_a_text_with_all_targets() -> None:
    here = measuring(mean=[[0.9, np.nan]], spread=[[0.1, np.nan]])
    with pytest.raises(GroupingError, match="no data map"):
        task_features("data_map", here)


def test_a_data_map_needs_one_corpus() -> None:
    here = context(NAMES[:2], tasks=TaskSet((binary("edema", "x"), binary("scar", "y"))))
    with pytest.raises(GroupingError, match="2 corpora: x, y"):
        task_features("data_map", here)


def test_fisher_information_is_compared_in_shares() -> None:
    here = measuring(information=[[1.0, 3.0], [20.0, 20.0]])
    np.testing.assert_allclose(task_features("fisher", here), [[0.25, 0.75], [0.5, 0.5]])


def test_tasks_without_fisher_information_are_named() -> None:
    with pytest.raises(GroupingError, match="no Fisher information") as caught:
        task_features("fisher", measuring(information=[[1.0, 3.0], [0.0, 0.0]]))
    assert caught.value.where == "edema"
