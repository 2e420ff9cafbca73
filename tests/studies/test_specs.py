"""Plan specifications: short to write, and named so that nobody mistakes one for another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.errors import ConfigError
from mtlv.studies.specs import KINDS, expand_specs

GROUPS = [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        ("stl", "stl"),
        ({"mtl": None}, "mtl"),
        ({"mtl": {}}, "mtl"),
        ({"mtl": {"name": "slow"}}, "mtl-slow"),
        ({"mtl": {"name": "mtl-slow"}}, "mtl-slow"),
        ({"gmhl": {"groups": 3}}, "gmhl-3-label"),
        ({"gmtl": {"groups": 3, "features": "label_description"}}, "gmtl-3-label_description"),
        ({"gmtl": {"groups": 3, "method": "random", "draw": 7}}, "gmtl-3-random-7"),
        ({"gmhl": {"groups": GROUPS}}, "gmhl-given-2"),
        ({"plan": {"models": [GROUPS], "name": "mine"}}, "plan-mine"),
        ({"plan": {"models": [GROUPS]}}, "plan"),
    ],
)
def test_names_begin_with_the_kind(entry: Any, title: str) -> None:
    (spec,) = expand_specs([entry])
    assert spec.title == title
    assert spec.title.startswith(spec.kind)


def test_lists_stand_for_several_plans() -> None:
    entry = {"gmtl": {"groups": [2, 3], "method": "random", "draw": [0, 1]}}
    titles = [spec.title for spec in expand_specs(["stl", entry])]
    assert titles == [
        "stl",
        "gmtl-2-random-0",
        "gmtl-2-random-1",
        "gmtl-3-random-0",
        "gmtl-3-random-1",
    ]


@given(st.lists(st.integers(2, 9), min_size=1, max_size=4, unique=True))
def test_every_number_of_groups_is_a_plan(groups: list[int]) -> None:
    specs = expand_specs([{"gmhl": {"groups": groups}}])
    assert [spec.groups for spec in specs] == groups


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("slt", ["no plan 'slt'", "did you mean 'stl'"]),
        ("", ["no plan ''", *KINDS]),
        (3, ["a name, or one name with its settings", "3", "{gmtl: {groups: 3}}"]),
        ({"stl": {}, "mtl": {}}, ["one name with its settings"]),
        ({"gmtl": 3}, ["settings of a plan are a mapping", "plan 'gmtl'", "{groups: 3}"]),
        ("gmtl", ["plan 'gmtl'", "needs `groups`"]),
        ({"stl": {"groups": 2}}, ["plan 'stl'", "stl has no groups"]),
        ({"gmtl": {"groups": ["a", "b"]}}, ["key 'groups'", "[[cough, fever], [rash]]"]),
        ({"gmtl": {"groups": [["a"], "b"]}}, ["key 'groups'", "lists of task names"]),
        ({"gmtl": {"groups": "3"}}, ["key 'groups'", "a number, or lists"]),
        ({"gmtl": {"groups": True}}, ["key 'groups'", "a number, or lists"]),
        ({"gmtl": {"group": 3}}, ["no setting 'group'", "did you mean 'groups'"]),
        ("plan", ["`plan` needs it"]),
        ({"mtl": {"models": [GROUPS]}}, ["`models` belongs to `plan`"]),
        (
            {"plan": {"models": [[["a"], {"tasks": ["b"], "layer": 2}]]}},
            ["no setting 'layer'", "plan 'plan', key 'models.0.1.layer'", "did you mean 'layers'"],
        ),
        (
            {"plan": {"models": [[{"tasks": ["b"], "dropout": 2}]]}},
            ["key 'models.0.0.dropout'", "less than 1"],
        ),
        ({"plan": {"models": [[{"layers": 2}]]}}, ["missing", "key 'models.0.0.tasks'"]),
        ({"plan": {"models": [["a", "b"]]}}, ["key 'models.0.0'", "a list of task names"]),
    ],
)
def test_what_is_no_plan_is_explained(entry: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        expand_specs([entry])
    for word in words:
        assert word in str(caught.value)


def test_a_head_says_its_own_settings_and_no_others() -> None:
    own = {"tasks": ["c"], "layers": 2, "learning_rate_factor": 1.0}
    (spec,) = expand_specs([{"plan": {"models": [[["a", "b"], own], [["d"]]]}}])
    assert spec.nested == ((("a", "b"), ("c",)), (("d",),))
    assert spec.models is not None
    written = [[head.own for head in model] for model in spec.models]
    assert written == [[{}, {"layers": 2, "learning_rate_factor": 1.0}], [{}]]
    assert expand_specs(["mtl"])[0].nested == ()


def test_two_plans_of_one_name_are_refused() -> None:
    given = [{"gmtl": {"groups": GROUPS}}, {"gmtl": {"groups": [["a"], ["b", "c"]]}}]
    with pytest.raises(ConfigError, match="Two plans are called 'gmtl-given-2'") as caught:
        expand_specs(given)
    assert "`name`" in str(caught.value)
    given[1]["gmtl"]["name"] = "other"  # type: ignore[assignment]
    assert [spec.title for spec in expand_specs(given)] == ["gmtl-given-2", "gmtl-other"]


def test_no_plan_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="no plan"):
        expand_specs([])
