"""Tasks: named once, kept in order, and sharing a head only where they can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.data import CorpusBuilder, Example, Target
from mtlv.errors import DataError
from mtlv.tasks import Task, TaskSet

NAMES = ("a", "b", "c", "d")


def task(name: str, kind: str = "binary", corpus: str = "reports") -> Task:
    return Task(name, kind, corpus, (), "f1")  # type: ignore[arg-type]


TASKS = TaskSet(tuple(task(name) for name in NAMES))


@given(st.lists(st.sampled_from(NAMES)))
def test_the_order_is_that_of_the_set(names: list[str]) -> None:
    assert TASKS.in_order(names) == tuple(n for n in NAMES if n in names)


def test_it_is_a_collection() -> None:
    assert (len(TASKS), [t.name for t in TASKS], TASKS.names) == (4, list(NAMES), NAMES)
    assert "a" in TASKS
    assert "e" not in TASKS
    assert TASKS["b"] == task("b")


def test_an_unknown_name_says_the_nearest() -> None:
    tasks = TaskSet((task("effusion"), task("edema")))
    for look in (lambda: tasks["efusion"], lambda: tasks.in_order(["efusion"])):
        with pytest.raises(DataError, match="did you mean 'effusion'"):
            look()


def test_a_name_stands_once_in_all_corpora() -> None:
    with pytest.raises(DataError, match="Two tasks are called 'a'") as caught:
        TaskSet((task("a", corpus="reports"), task("a", corpus="letters")))
    assert caught.value.where == "corpora 'reports' and 'letters'"


def test_there_is_at_least_one() -> None:
    with pytest.raises(DataError, match="no task"):
        TaskSet(())


def test_tasks_are_the_targets_of_corpora() -> None:
    corpora = []
    for name, label in (("reports", "edema"), ("letters", "urgent")):
        builder = CorpusBuilder(name, [Target(label, description=f"about {label}")])
        builder.extend(Example(f"{i}", f"text {i}", targets={label: i % 2}) for i in range(4))
        corpora.append(builder.build())
    tasks = TaskSet.of(corpora)
    assert [(t.name, t.corpus, t.kind, t.metric, t.description) for t in tasks] == [
        ("edema", "reports", "binary", "f1", "about edema"),
        ("urgent", "letters", "binary", "f1", "about urgent"),
    ]


def test_only_binary_tasks_of_one_corpus_share_a_head() -> None:
    tasks = TaskSet(
        (
            task("a"),
            task("x", kind="multiclass"),
            task("b"),
            task("c", corpus="letters"),
            task("y", kind="multiclass"),
            task("d", corpus="letters"),
        )
    )
    assert tasks.sharing_inputs(tasks.names) == [("a", "b"), ("x",), ("c", "d"), ("y",)]
    assert tasks.sharing_inputs(["d", "a"]) == [("a",), ("d",)]
