"""Task features: what a grouping may look at, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import ConfigError, GroupingError
from mtlv.grouping import FEATURES, GROUPINGS, GroupingContext
from mtlv.grouping.features import FeatureContext, task_features
from mtlv.tasks import Task, TaskSet

NAMES = ("pleural_effusion", "edema", "rib_fracture")


def tasks(names: Sequence[str] = NAMES, descriptions: Sequence[str] | None = None) -> TaskSet:
    told = descriptions or [f"about {name}" for name in names]
    pairs = zip(names, told, strict=True)
    return TaskSet(tuple(Task(n, "binary", "reports", (), "f1", d) for n, d in pairs))


class Recorder:
    """Embeds a text as its letter counts, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        return np.array([[text.count(c) for c in "abcdefghijklmnop"] for text in texts], float)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("label", ["pleural effusion", "edema", "rib fracture"]),
        ("label_description", [f"about {name}" for name in NAMES]),
    ],
)
def test_they_are_embeddings_of_names_or_descriptions(name: str, asked: list[str]) -> None:
    embed = Recorder()
    features = task_features(name, FeatureContext(tasks(), embed))
    assert embed.texts == asked
    np.testing.assert_array_equal(features, Recorder()(asked))
    assert features.dtype == np.float64


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_every_kind_has_a_row_per_task(name: str) -> None:
    assert len(task_features(name, FeatureContext(tasks(), Recorder()))) == len(NAMES)


def test_an_unknown_kind_says_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'label_description'"):
        task_features("label_descripton", FeatureContext(tasks(), Recorder()))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    context = FeatureContext(tasks(), lambda texts: np.full((len(texts), 2), value))
    with pytest.raises(GroupingError, match="not finite"):
        task_features("label", context)


def test_one_task_alone_may_look_like_itself() -> None:
    assert task_features("label", FeatureContext(tasks(["edema"]), Recorder())).shape == (1, 16)


@settings(max_examples=15)
@given(
    st.lists(
        st.text("abcdefgh", min_size=1),
        min_size=4,
        max_size=7,
        unique_by=lambda text: "".join(sorted(text)),
    )
)
def test_groups_by_description_do_not_depend_on_the_names(descriptions: list[str]) -> None:
    def groups(prefix: str) -> list[list[int]]:
        names = [f"{prefix}{i}" for i in range(len(descriptions))]
        context = GroupingContext(tasks(names, descriptions), 2, "label_description", 0, Recorder())
        found = GROUPINGS["kmedoids"](context).grouping.groups
        return [[names.index(task) for task in group] for group in found]

    assert groups("a") == groups("zz")


def test_what_was_seen_on_the_way_is_told() -> None:
    found = GROUPINGS["kmedoids"](GroupingContext(tasks(), 2, "label", 0, Recorder()))
    assert found.grouping.origin == "k-medoids on label, 2 groups"
    assert found.elbow is not None
    assert found.elbow.groups == (1, 2, 3)
    assert all(any(medoid in group for medoid in found.medoids) for group in found.grouping.groups)


@pytest.mark.parametrize("method", sorted(GROUPINGS))
@pytest.mark.parametrize("groups", [1, 2, 3])
def test_every_method_gives_as_many_groups_as_are_wanted(method: str, groups: int) -> None:
    context = GroupingContext(tasks(), groups, "label", 0, Recorder())
    first, same = (GROUPINGS[method](context) for _ in range(2))
    assert len(first.grouping) == groups
    assert first == same, "the same context gives the same groups"


@pytest.mark.parametrize("method", sorted(GROUPINGS))
@pytest.mark.parametrize("groups", [0, -1])
def test_no_groups_at_all_are_refused(method: str, groups: int) -> None:
    with pytest.raises(GroupingError, match="number of groups") as caught:
        GROUPINGS[method](GroupingContext(tasks(), groups, "label", 0, Recorder()))
    assert caught.value.where == "groups"
