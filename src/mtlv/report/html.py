"""A report as one HTML file that needs nothing else: it opens from a mail, with the network off.

Figures are Plotly's, with plotly.js from the installed package inlined once (4.8 MB): static SVG
would be smaller, but needs a browser on the machine that makes the report, cannot follow light and
dark, and has no numbers on hover. A content security policy keeps the page from loading anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from mtlv.report.figures import plotly_script, to_html
from mtlv.report.figures.theme import template
from mtlv.report.page_parts import Part, Picture, Report

__all__ = ["page_html"]

LARGEST = 6_000_000
"""Characters of a page that mail servers let pass; figures that do not fit are left out."""
VERDICTS = {"better": "better", "worse": "worse", "no difference shown": "unshown"}


def page_html(report: Report) -> str:
    """Return a report as a page; whatever comes from data is escaped."""
    page = _environment().get_template("report.html")
    plotly = Markup(plotly_script()) if report.pictures else Markup()
    render = partial(page.render, report=report, plotly=plotly, templates=_templates())
    return render(drawn=_drawn(report.pictures, LARGEST - len(render(drawn={}))))


def _drawn(pictures: Sequence[Picture], room: int) -> dict[str, Markup]:
    """Return figures by name as parts of a page: those that fit, the first ones first."""
    drawn = {}
    for picture in pictures:
        part = Markup(to_html(picture.figure, picture.name))
        if len(part) <= room:
            drawn[picture.name] = part
            room -= len(part)
    return drawn


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mtlv.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"kind": _kind, "code": _code, "verdict": _verdict}
    return made


def _kind(part: Part) -> str:
    return type(part).__name__.lower()


def _code(text: str) -> Markup:
    """Return a text, escaped, in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _verdict(cell: str) -> str:
    """Return the class of a cell that holds a verdict; of others nothing."""
    return "equivalent" if cell.startswith("equivalent within") else VERDICTS.get(cell, "")


def _templates() -> Markup:
    """Return what figures look like on either ground, as JSON that can stand in a script."""
    both = {theme: template(theme).to_plotly_json() for theme in ("light", "dark")}
    return Markup(json.dumps(both).replace("<", "\\u003c"))
