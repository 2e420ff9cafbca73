"""Fingerprints: equal for equal contents, and for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.fingerprint import LENGTH, canonical_json, file_fingerprint, fingerprint
from mtlv.training.settings import TrainSettings

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=8)


@given(VALUES)
def test_a_fingerprint_is_short_and_stable(value: object) -> None:
    assert fingerprint(value) == fingerprint(value)
    assert len(fingerprint(value)) == LENGTH
    assert int(fingerprint(value), 16) >= 0


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))


@given(st.lists(st.integers(), min_size=1), st.integers())
def test_contents_and_their_order_matter(values: list[int], more: int) -> None:
    assert fingerprint(values) != fingerprint([*values, more])
    if values != values[::-1]:
        assert fingerprint(values) != fingerprint(values[::-1])


def test_it_is_known_across_versions() -> None:
    assert fingerprint({"b": [2, 3], "a": 1}) == "efbd0040190fb087"


def test_settings_and_dataclasses_are_their_fields() -> None:
    @dataclass(frozen=True)
    class Point:
        x: int
        y: int

    assert fingerprint(Point(1, 2)) == fingerprint({"y": 2, "x": 1})
    assert fingerprint(MappingProxyType({"x": 1})) == fingerprint({"x": 1})
    settings = TrainSettings(epochs=3)
    assert fingerprint(settings) == fingerprint(settings.model_dump(mode="json"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("nan")}])
def test_what_is_no_number_has_none(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


def test_what_has_no_contents_has_none() -> None:
    with pytest.raises(TypeError, match="a object has no fingerprint"):
        fingerprint(object())


def test_files_are_their_bytes(tmp_path: Path) -> None:
    for name, content in (("a", b"12"), ("b", b"3"), ("c", b"123"), ("d", b"12")):
        (tmp_path / name).write_bytes(content)
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert file_fingerprint(a) == file_fingerprint(d)
    assert file_fingerprint(a, b) == file_fingerprint(c), "contents alone count"
    assert file_fingerprint(a) != file_fingerprint(b)
