from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import (
    PREDICTIONS_SCHEMA,
    Array,
    LabelMatrix,
    Predictions,
    ScoredPart,
    TaskPredictions,
)


def ids(count: int, start: int = 0) -> Array:
    return np.array([f"e{start + i}" for i in range(count)], object)


def boxed(rows: list[Array]) -> Array:
    result = np.empty(len(rows), object)
    result[:] = rows
    return result


def binary(name: str, targets: list[float], scores: list[float], start: int = 0) -> TaskPredictions:
    return TaskPredictions(
        name, "binary", ids(len(targets), start), np.array(targets), np.array(scores)
    )


def all_kinds(seed: int, count: int, classes: int) -> dict[str, TaskPredictions]:
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 5, count)
    tags = boxed([random.integers(0, classes, n).astype(np.float32) for n in lengths])
    tags[0] = np.full(lengths[0], np.nan, np.float32)
    chances = boxed([random.random((n, classes), np.float32) for n in lengths])
    names = ids(count)
    targets = random.integers(0, 2, count).astype(float)
    targets[-1] = np.nan
    scores = random.random(count, np.float32).astype(float)
    several = random.random((count, classes), np.float32).astype(float)
    return {
        "yes": TaskPredictions("yes", "binary", names, targets, scores),
        "which": TaskPredictions("which", "multiclass", names, targets, several),
        "how much": TaskPredictions("how much", "regression", ids(count, 100), targets, -scores),
        "tags": TaskPredictions("tags", "tagging", names, tags, chances),
    }


def assert_same(a: Predictions, b: Predictions) -> None:
    assert a.part == b.part
    assert list(a.tasks) == list(b.tasks)
    for name, task in a.tasks.items():
        other = b.tasks[name]
        assert (task.task, task.kind) == (other.task, other.kind)
        assert task.ids.tolist() == other.ids.tolist()
        for mine, yours in ((task.targets, other.targets), (task.scores, other.scores)):
            assert mine.shape == yours.shape
            for row, other_row in zip(mine, yours, strict=True):
                np.testing.assert_array_equal(row, other_row)


class TestTable:
    @given(seed=st.integers(0, 2**16), count=st.integers(1, 9), classes=st.integers(2, 4))
    @settings(max_examples=25)
    def test_all_four_kinds_survive_a_parquet_file(
        self, tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, classes: int
    ) -> None:
        validation = Predictions("validation", all_kinds(seed, count, classes))
        test = Predictions("test", all_kinds(seed + 1, count + 1, classes))
        path = tmp_path_factory.mktemp("predictions") / "predictions.parquet"

        pq.write_table(pa.concat_tables([validation.to_table(), test.to_table()]), path)
        read = Predictions.from_table(pq.read_table(path))

        assert list(read) == ["validation", "test"]
        assert_same(read["validation"], validation)
        assert_same(read["test"], test)

    def test_follows_the_schema(self) -> None:
        assert Predictions("test", all_kinds(0, 3, 2)).to_table().schema == PREDICTIONS_SCHEMA

    def test_what_tasks_are_about_survives_a_file(self, tmp_path: Path) -> None:
        about = {
            "which": About(("no", "yes", "perhaps"), "no", metric="f1_micro_positive"),
            "how much": About(range=(0.0, 5.0)),
        }
        tasks = all_kinds(0, 4, 3)
        tasks |= {name: replace(tasks[name], about=own) for name, own in about.items()}
        parts = [Predictions(part, tasks) for part in ("validation", "test")]
        path = tmp_path / "predictions.parquet"
        pq.write_table(pa.concat_tables([part.to_table() for part in parts]), path)
        for part in Predictions.from_table(pq.read_table(path)).values():
            found = {name: task.about for name, task in part.tasks.items()}
            assert found == {"yes": About(), "tags": About(), **about}

    def test_an_older_file_says_nothing_of_tasks(self) -> None:
        table = Predictions("test", all_kinds(0, 3, 2)).to_table()
        assert table.schema.metadata is None
        assert Predictions.from_table(table)["test"].tasks["which"].about == About()

    def test_rows_may_come_in_any_order(self) -> None:
        table = Predictions("test", all_kinds(0, 6, 3)).to_table()
        order = np.random.default_rng(1).permutation(table.num_rows)

        read = Predictions.from_table(table.take(pa.array(order)))["test"]

        for name, task in all_kinds(0, 6, 3).items():
            place = {example: i for i, example in enumerate(task.ids)}
            rows = [place[example] for example in read.tasks[name].ids]
            assert sorted(rows) == list(range(6))
            for mine, yours in zip(read.tasks[name].scores, task.scores[rows], strict=True):
                np.testing.assert_array_equal(mine, yours)

    def test_each_part_keeps_its_own_order_of_tasks(self) -> None:
        tasks = all_kinds(0, 3, 2)
        turned = Predictions("test", dict(reversed(tasks.items())))
        tables = [Predictions("validation", tasks).to_table(), turned.to_table()]
        read = Predictions.from_table(pa.concat_tables(tables))
        assert list(read["validation"].tasks) == list(tasks)
        assert list(read["test"].tasks) == list(turned.tasks)

    def test_equal_ids_are_one_object(self) -> None:
        tasks = {name: binary(name, [0, 1], [0.25, 0.5]) for name in ("a", "b")}
        read = Predictions.from_table(Predictions("test", tasks).to_table())["test"]
        assert read.tasks["a"].ids is read.tasks["b"].ids

    def test_nothing_gives_nothing(self) -> None:
        assert Predictions("test", {}).to_table().num_rows == 0
        assert Predictions.from_table(Predictions("test", {}).to_table()) == {}

    def test_file_is_small(self, tmp_path: Path) -> None:
        count = 2_000
        tasks = {f"t{i}": binary(f"t{i}", [0.0] * count, [0.5] * count) for i in range(10)}
        path = tmp_path / "predictions.parquet"
        pq.write_table(Predictions("test", tasks).to_table(), path)
        assert path.stat().st_size < 10 * count * 4


class TestLabels:
    def test_an_example_unknown_to_a_task_is_missing_there(self) -> None:
        tasks = {"a": binary("a", [0, 1], [0.1, 0.9]), "b": binary("b", [1, 0], [0.8, 0.2], 1)}

        matrix = Predictions("test", tasks).labels()

        assert matrix.ids.tolist() == ["e0", "e1", "e2"]
        nan = np.nan
        np.testing.assert_array_equal(matrix.targets, [[0, nan], [1, 1], [nan, 0]])
        np.testing.assert_array_equal(matrix.scores, [[0.1, nan], [0.9, 0.8], [nan, 0.2]])

    def test_rows_are_matched_by_id_and_not_by_place(self) -> None:
        tasks = {"a": binary("a", [0, 1], [0.1, 0.9]), "b": binary("b", [0, 1], [0.2, 0.8])}
        b = tasks["b"]
        turned = TaskPredictions("b", "binary", b.ids[::-1], b.targets[::-1], b.scores[::-1])
        plain = Predictions("test", tasks).labels()
        mixed = Predictions("test", tasks | {"b": turned}).labels()
        np.testing.assert_array_equal(plain.targets, mixed.targets)
        np.testing.assert_array_equal(plain.scores, mixed.scores)

    def test_columns_follow_the_names(self) -> None:
        tasks = {"a": binary("a", [0, 0], [0, 0]), "b": binary("b", [1, 1], [1, 1])}
        matrix = Predictions("test", tasks).labels(["b", "a"])
        assert matrix.tasks == ("b", "a")
        assert matrix.targets.tolist() == [[1, 0], [1, 0]]

    def test_only_binary_tasks_by_default(self) -> None:
        predictions = Predictions("test", all_kinds(0, 3, 2))
        assert predictions.labels().tasks == ("yes",)

    def test_no_binary_task_gives_no_column(self) -> None:
        matrix = Predictions("test", {}).labels()
        assert (matrix.targets.shape, matrix.scores.shape) == ((0, 0), (0, 0))

    def test_other_kinds_are_refused(self) -> None:
        with pytest.raises(ProtocolError, match="a multiclass task"):
            Predictions("test", all_kinds(0, 3, 2)).labels(["which"])

    def test_unknown_task_names_the_nearest(self) -> None:
        with pytest.raises(ProtocolError, match="did you mean 'yes'"):
            Predictions("test", all_kinds(0, 3, 2)).labels(["yess"])


class TestTogether:
    def test_merged_keeps_all_tasks(self) -> None:
        one = Predictions("test", {"a": binary("a", [0], [0.5])})
        two = Predictions("test", {"b": binary("b", [1], [0.5])})
        assert list(one.merged([two]).tasks) == ["a", "b"]

    @pytest.mark.parametrize(("part", "name"), [("validation", "b"), ("test", "a")])
    def test_what_does_not_belong_together_is_refused(self, part: ScoredPart, name: str) -> None:
        one = Predictions("test", {"a": binary("a", [0], [0.5])})
        with pytest.raises(ProtocolError, match="do not belong together"):
            one.merged([Predictions(part, {name: binary(name, [1], [0.5])})])

    def test_only_takes_the_order_of_the_names(self) -> None:
        predictions = Predictions("test", all_kinds(0, 2, 2))
        assert list(predictions.only(["tags", "yes"]).tasks) == ["tags", "yes"]
        with pytest.raises(ProtocolError, match="has no predictions"):
            predictions.only(["no"])


def test_matrix_is_what_its_fields_say() -> None:
    matrix = Predictions("validation", {"a": binary("a", [0, 1], [0.1, 0.9])}).labels()
    assert isinstance(matrix, LabelMatrix)
    assert matrix.part == "validation"
    assert matrix.targets.shape == matrix.scores.shape == (2, 1)


def test_equal_ids_of_two_corpora_stay_two_examples() -> None:
    ids = np.array(["0", "1"], object)
    left = TaskPredictions("a", "binary", ids, np.array([0.0, 1.0]), np.array([0.2, 0.7]), "left")
    right = TaskPredictions("b", "binary", ids, np.array([1.0, 1.0]), np.array([0.9, 0.6]), "right")
    stored = Predictions("test", {"a": left, "b": right}).to_table()
    matrix = Predictions.from_table(stored)["test"].labels()
    assert matrix.ids.tolist() == ["left/0", "left/1", "right/0", "right/1"]
    assert np.isnan(matrix.targets).tolist() == [[False, True]] * 2 + [[True, False]] * 2
