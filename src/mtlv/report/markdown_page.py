"""A report as Markdown: tables and words, and links to figures in SVG beside it.

Names come from data: whatever Markdown or HTML would read is escaped, but for what stands between
backticks, which Markdown shows as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mtlv.errors import FigureError
from mtlv.files import write_text
from mtlv.report.figures import write_images
from mtlv.report.page_parts import Listing, Part, Picture, Points, Report, Words
from mtlv.report.tables import Table, markdown

__all__ = ["page_markdown", "write_markdown"]

READ = re.compile(r"([\\*_\[\]#~])")
"""Characters that Markdown reads inside a line."""
CODE = re.compile(r"(`[^`]+`)")


def write_markdown(report: Report, path: Path) -> str | None:
    """Write a report to a file, and its figures to the folder `NAME-figures` beside it.

    Returns:
        Why figures were left out; None where they are there.

    Raises:
        StoreError: a file cannot be written.
    """
    folder = path.with_name(f"{path.stem}-figures")
    files = {picture.name: folder / f"{picture.name}.svg" for picture in report.pictures}
    links, missing = {name: f"{folder.name}/{file.name}" for name, file in files.items()}, None
    try:
        write_images({files[picture.name]: picture.figure for picture in report.pictures})
    except FigureError as error:
        links, missing = {}, f"{error.what} {error.hint}"
    write_text(path, page_markdown(report, links, missing))
    return missing


def page_markdown(report: Report, links: Mapping[str, str], missing: str | None = None) -> str:
    """Return a report as Markdown.

    Args:
        report: to write.
        links: file of each figure; those that have none are left out.
        missing: why figures are left out.
    """
    lines = [f"# Study {_escaped(report.study)}", _escaped(report.about)]
    for section in report.sections:
        lines.append(f"## {_escaped(section.title)}")
        lines += [text for part in section.parts if (text := _part(part, links))]
        if missing is not None and any(isinstance(part, Picture) for part in section.parts):
            lines.append(f"Figures are left out: {_escaped(missing)}")
    return "\n\n".join(lines) + "\n"


def _part(part: Part, links: Mapping[str, str]) -> str:
    if isinstance(part, Words):
        return _escaped(part.text)
    if isinstance(part, Points):
        return "\n".join(f"- {_escaped(item)}" for item in part.items)
    if isinstance(part, Listing):
        return f"### {_escaped(part.title)}\n\n{_fenced(part)}"
    if isinstance(part, Picture):
        link = links.get(part.name)
        return "" if link is None else f"![{part.name}](<{link}>)"
    return f"### {_escaped(part.title)}\n\n{markdown(_plain(part))}"


def _fenced(listing: Listing) -> str:
    """Return a listing in a fence that is longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", listing.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{listing.language}\n{listing.text}\n{fence}"


def _plain(table: Table) -> Table:
    return replace(
        table,
        header=tuple(map(_escaped, table.header)),
        rows=tuple(tuple(map(_escaped, row)) for row in table.rows),
        note=_escaped(table.note),
    )


def _escaped(text: str) -> str:
    """Return a text in one line that Markdown shows as it is, but for code between backticks."""
    pieces = CODE.split(" ".join(text.split()))
    return "".join(piece if CODE.fullmatch(piece) else _without_marks(piece) for piece in pieces)


def _without_marks(text: str) -> str:
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return READ.sub(r"\\\1", html).replace("`", "\\`")
