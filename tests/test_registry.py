"""The registry: a name, a thing, and those that other packages bring."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from mtlv import registry
from mtlv.errors import ConfigError
from mtlv.registry import Registry, load_plugins


@pytest.fixture
def shapes() -> Registry[int]:
    made: Registry[int] = Registry("shape")
    made.register("square")(4)
    made.register("line")(2)
    return made


def test_names_lead_to_things(shapes: Registry[int]) -> None:
    assert (shapes["square"], len(shapes), list(shapes)) == (4, 2, ["line", "square"])
    assert "square" in shapes
    assert "circle" not in shapes


def test_a_name_can_be_taken_once(shapes: Registry[int]) -> None:
    with pytest.raises(ConfigError, match="shape 'square' is registered twice"):
        shapes.register("square")(5)


def test_an_unknown_name_says_the_nearest(shapes: Registry[int]) -> None:
    with pytest.raises(ConfigError, match="no shape named 'sqare'") as caught:
        shapes["sqare"]
    assert "did you mean 'square'" in str(caught.value)


def test_registering_gives_the_thing_back(shapes: Registry[Callable[[], int]]) -> None:
    @shapes.register("dot")
    def dot() -> int:
        return 0

    assert shapes["dot"] is dot


@pytest.mark.parametrize("use", [lambda r: r["disc"], lambda r: "disc" in r, lambda r: list(r)])
def test_plug_ins_join_when_a_name_is_looked_for(
    shapes: Registry[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    use: Callable[[Registry[int]], object],
) -> None:
    board = ModuleType("board_of_the_test")
    board.shapes = shapes  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "board_of_the_test", board)
    monkeypatch.delitem(sys.modules, "a_plugin", raising=False)
    plug_in(
        monkeypatch, tmp_path, "from board_of_the_test import shapes\nshapes.register('disc')(1)\n"
    )
    assert use(shapes)
    assert shapes["disc"] == 1


def test_a_plug_in_that_cannot_be_imported_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "a_plugin", raising=False)
    plug_in(monkeypatch, tmp_path, "import a_module_that_nobody_has\n")
    with pytest.raises(ConfigError, match="plug-in 'extra' cannot be imported") as caught:
        load_plugins()
    assert "a_module_that_nobody_has" in str(caught.value)


def plug_in(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> None:
    """Make as if a package with one plug-in were installed."""
    (folder / "a_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    point = EntryPoint("extra", "a_plugin", "mtlv.plugins")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    monkeypatch.setattr(registry, "_plugins_loaded", False)
