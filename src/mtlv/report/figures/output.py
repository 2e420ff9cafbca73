"""Figures leave the program: as a part of a page, as a page of its own, as a picture.

Nothing is fetched: plotly.js comes from the installed package, once per page. Pictures are made by
kaleido, which needs a Chrome or Chromium.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from plotly.graph_objects import Figure
from plotly.io import to_html as plotly_html
from plotly.offline import get_plotlyjs

from mtlv.errors import FigureError, nearest
from mtlv.files import explained, write_text
from mtlv.report.figures.theme import WIDTH, Theme, template, themed
from mtlv.report.figures.words import plain

__all__ = [
    "FORMATS",
    "plotly_script",
    "to_html",
    "write_figure",
    "write_image",
    "write_images",
]

FORMATS = ("html", "pdf", "png", "svg")
CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
}
"""Plotly 7 offers to upload every figure unless told otherwise; data stay on the machine."""
SCALE = 2
"""Pixels of a PNG by pixels of the figure."""


def to_html(figure: Figure, name: str, theme: Theme = "light") -> str:
    """Return a figure as a part of a page that has `plotly_script` in its head.

    Args:
        figure: to show.
        name: of the part, of its own in the page.
        theme: of the page.
    """
    shown = figure.to_dict()
    shown["layout"]["template"] = template(theme).to_plotly_json()
    return str(
        plotly_html(
            shown,
            config=CONFIG,
            include_plotlyjs=False,
            full_html=False,
            validate=False,
            default_height=f"{figure.layout.height}px",
            div_id=f"figure-{name}",
        )
    )


def plotly_script() -> str:
    """Return the element that a page needs once, before its first figure."""
    return f'<script type="text/javascript">{get_plotlyjs()}</script>'


def write_figure(figure: Figure, path: Path, theme: Theme = "light") -> None:
    """Write a figure to a file whose ending says the format.

    Raises:
        FigureError: there is no such format, or no browser to make a picture with.
        StoreError: the file cannot be written.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise FigureError(
            "A figure cannot be written in this format.",
            where=str(path),
            found=path.suffix or "no ending",
            expected=", ".join(f".{known}" for known in FORMATS),
            hint=nearest(ending, FORMATS),
        )
    if ending == "html":
        write_text(path, _page(figure, theme))
    else:
        write_image(themed(figure, theme), path)


def write_image(figure: Figure, path: Path) -> None:
    """Write a figure as PDF, PNG or SVG, `WIDTH` pixels wide; see `write_images`."""
    write_images({path: figure})


def write_images(figures: Mapping[Path, Figure]) -> None:
    """Write figures as PDF, PNG or SVG, `WIDTH` pixels wide, with one browser for all of them.

    Args:
        figures: by the file of each, whose ending says the format.

    Raises:
        FigureError: kaleido or a browser is missing, or the browser fails; nothing is written then.
        StoreError: a file cannot be written.
    """
    images = _rendered(figures) if figures else []
    for path, image in zip(figures, images, strict=True):
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image)


def _rendered(figures: Mapping[Path, Figure]) -> list[bytes]:
    where = str(next(iter(figures)))
    try:
        from choreographer.errors import ChromeNotFoundError
        from kaleido import Kaleido, PageGenerator
    except ImportError as error:
        raise FigureError(
            "Pictures need the package kaleido.",
            where=where,
            hint="pip install 'mtlv[figures]', or write an .html file",
        ) from error

    async def render() -> list[bytes]:
        async with Kaleido(page_generator=PageGenerator(mathjax=False)) as browser:
            return [
                bytes(await browser.calc_fig(figure, opts=_options(figure, path)))
                for path, figure in figures.items()
            ]

    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook has an event loop of its own
            return thread.submit(asyncio.run, render()).result()
    except ChromeNotFoundError as error:
        raise FigureError(
            "Pictures need a Chrome or Chromium, and none is found.",
            where=where,
            hint="install one (`apt-get install chromium`, or `plotly_get_chrome`), name it in "
            "BROWSER_PATH, or write an .html file",
        ) from error
    except (RuntimeError, OSError) as error:
        raise FigureError(
            "The browser could not make the picture.",
            where=where,
            found=str(error).split("\n", maxsplit=1)[0] or type(error).__name__,
            hint="write an .html file, or another Chrome or Chromium in BROWSER_PATH",
        ) from error


def _options(figure: Figure, path: Path) -> dict[str, Any]:
    ending = path.suffix.lower().removeprefix(".")
    size = {"width": WIDTH, "height": figure.layout.height}
    return {"format": ending, "scale": SCALE if ending == "png" else 1, **size}


def _page(figure: Figure, theme: Theme) -> str:
    ground = template(theme).layout.paper_bgcolor
    title = figure.layout.title.text or plain("figure")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title>{plotly_script()}</head>\n"
        f'<body style="margin:0;background:{ground}"><main style="max-width:{WIDTH + 240}px;'
        f'min-width:{WIDTH}px;margin:auto">{to_html(figure, "only", theme)}</main></body></html>\n'
    )
