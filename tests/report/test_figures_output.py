"""Figures as parts of pages, as pages, and as pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from plotly.graph_objects import Figure

from mtlv.errors import FigureError
from mtlv.report.figures import (
    FIGURES,
    plotly_script,
    to_html,
    write_figure,
    write_image,
    write_images,
)
from mtlv.report.figures.theme import WIDTH
from report.figures_toys import FRAMES, PLANS


@pytest.fixture(scope="module")
def figure() -> Figure:
    frame = FRAMES["label-frequency"](("</script><script>alert(1)</script>", "b"), PLANS)
    return FIGURES["label-frequency"](frame, "study toy|n:10")


def test_a_part_of_a_page_has_no_library_and_no_address(figure: Figure) -> None:
    part = to_html(figure, "frequency")
    assert 'id="figure-frequency"' in part
    assert len(part) < 30_000
    assert "src=" not in part
    assert "cdn" not in part


def test_names_cannot_end_the_script(figure: Figure) -> None:
    part = to_html(figure, "frequency")
    assert "alert(1)" in part
    assert "</script><script>" not in part
    assert part.count("<script") == part.count("</script>") == 1


def test_dark_parts_are_dark(figure: Figure) -> None:
    assert "#16181C" in to_html(figure, "a", "dark")
    assert "#16181C" not in to_html(figure, "a")


def test_a_page_holds_the_library_once(figure: Figure, tmp_path: Path) -> None:
    path = tmp_path / "figure.html"
    write_figure(figure, path)
    text = path.read_text(encoding="utf-8")
    assert text.count(plotly_script()) == 1
    assert text.count("<script") == plotly_script().count("<script") + 1
    assert "<title>Frequency of labels</title>" in text


@pytest.mark.parametrize("name", ["figure.jpg", "figure"])
def test_an_unknown_format_is_refused(figure: Figure, tmp_path: Path, name: str) -> None:
    with pytest.raises(FigureError) as caught:
        write_figure(figure, tmp_path / name)
    assert caught.value.expected == ".html, .pdf, .png, .svg"


def test_without_kaleido_the_extra_is_named(
    figure: Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(FigureError) as caught:
        write_image(figure, tmp_path / "figure.svg")
    assert "mtlv[figures]" in (caught.value.hint or "")
    assert not (tmp_path / "figure.svg").exists()


@pytest.mark.browser
def test_without_a_browser_it_says_what_to_install(
    figure: Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import kaleido
    from choreographer.errors import ChromeNotFoundError

    def missing(*_: object, **__: object) -> None:
        raise ChromeNotFoundError

    monkeypatch.setattr(kaleido, "Kaleido", missing)
    with pytest.raises(FigureError, match="need a Chrome or Chromium") as caught:
        write_image(figure, tmp_path / "figure.svg")
    assert "apt-get install chromium" in (caught.value.hint or "")


class Browser:
    """Counts how often it is started."""

    started = 0

    def __init__(self, **_: object) -> None:
        Browser.started += 1

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def calc_fig(self, figure: Figure, *, opts: dict[str, object]) -> bytes:
        return f"{opts['format']} of {opts['width']} pixels".encode()


@pytest.mark.browser
def test_one_browser_draws_all_pictures(
    figure: Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kaleido.Kaleido", Browser)
    paths = [tmp_path / "a" / "one.svg", tmp_path / "two.png"]
    write_images(dict.fromkeys(paths, figure))
    assert [path.read_text() for path in paths] == ["svg of 760 pixels", "png of 760 pixels"]
    assert Browser.started == 1
    write_images({})
    assert Browser.started == 1


@pytest.mark.browser
@pytest.mark.slow
def test_pictures_are_of_their_kind_and_size(figure: Figure, tmp_path: Path) -> None:
    starts = {"png": b"\x89PNG", "svg": b"<svg"}
    for ending, start in starts.items():
        write_image(figure, tmp_path / f"figure.{ending}")
        assert (tmp_path / f"figure.{ending}").read_bytes().startswith(start)
    svg = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert f'width="{WIDTH}"' in svg
    assert "&#60;/script&#62;" in svg
    assert "<script" not in svg
