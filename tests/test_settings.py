"""Settings: an error names the key as it was written, and what would have been right."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, Tag, ValidationError

from mtlv.data.file_source import FileSource
from mtlv.settings import Settings, explained


class Inner(Settings):
    """A part."""

    size: int = 1
    """How large."""


class Outer(Settings):
    """A whole."""

    inner: Inner = Inner()
    """The part."""
    maybe: Inner | None = None
    """A part that may be absent."""
    either: int | tuple[str, ...] = 1
    """One of two kinds."""
    word: Literal["a", "b"] | tuple[float, ...] = "a"
    """A word or figures."""
    tagged: Annotated[Inner, Tag("inner")] = Inner()
    """A part with a tag."""
    rate: float = Field(0.1, gt=0)
    """A number."""
    named: dict[str, Annotated[Inner | list[int], Field()]] = Field(default_factory=dict)
    """One of two kinds, by a name of the user's own."""
    name: str
    """Must be given."""


def said(model: type[Settings] = Outer, **given: object) -> str:
    with pytest.raises(ValidationError) as caught:
        model(**({"name": "x"} | given if model is Outer else given))
    return str(explained(caught.value, model, "study.yaml"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"inenr": {}}, ["no setting 'inenr'", "key 'inenr'", "did you mean 'inner'"]),
        ({"inner": {"sise": 1}}, ["key 'inner.sise'", "did you mean 'size'"]),
        ({"maybe": {"sise": 1}}, ["key 'maybe.sise'", "did you mean 'size'"]),
        ({"tagged": {"sise": 1}}, ["key 'tagged.sise'", "did you mean 'size'"]),
        ({"inner": {"size": "big"}}, ["key 'inner.size'", "found:    'big'", "valid integer"]),
        ({"either": "big"}, ["key 'either'\n", "integer", ", or: ", "tuple"]),
        ({"word": "c"}, ["key 'word'\n", "'a' or 'b'", ", or: "]),
        ({"rate": -1}, ["key 'rate'", "-1", "greater than 0"]),
        ({"rate": float("inf")}, ["key 'rate'", "inf", "finite"]),
        ({"rate": float("nan")}, ["key 'rate'", "nan", "finite"]),
        ({"named": {"mine": {"sise": 1}}}, ["key 'named.mine.sise'", "did you mean 'size'"]),
        ({"named": {"mine": 1}}, ["key 'named.mine'\n", "list", ", or: "]),
    ],
)
def test_the_key_is_named_as_it_was_written(given: dict[str, object], words: list[str]) -> None:
    text = said(**given)
    for word in ["study.yaml", *words]:
        assert word in text


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({})
    assert str(explained(caught.value, Outer, "study.yaml")).splitlines() == [
        "A setting is missing.",
        "  where:    study.yaml, key 'name'",
    ]


def test_the_label_column_of_a_file_is_reached() -> None:
    text = said(FileSource, path="a.csv", text="t", labels={"column": "c", "seperator": ";"})
    assert "key 'labels.seperator'" in text
    assert "did you mean 'separator'" in text


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Inner().size = 2  # type: ignore[misc]
