"""One figure on a page of its own; its JSON twin is what Plotly draws."""

from __future__ import annotations

from mtlv.errors import MtlvError
from mtlv.explorer.asking import Asked
from mtlv.explorer.figures import Selection, drawn, job_curves, regrouped
from mtlv.explorer.groupings import known_groupings
from mtlv.explorer.library import Library
from mtlv.explorer.pages.jobs import job_of, uses_of
from mtlv.explorer.pages.page import TITLES, Drawing, Page
from mtlv.explorer.regrouping import Move, moved

__all__ = ["figure", "figure_data", "what_if", "what_if_data"]


def figure(library: Library, asked: Asked) -> Page:
    """A figure of a study."""
    name = asked.names["figure"]
    title = TITLES.get(name, name)
    place = Drawing(name, title, asked.changed(theme=None))
    return Page(title, "figure.html", {"drawing": place}, asked.study)


def figure_data(library: Library, asked: Asked) -> Page:
    """What Plotly draws, or why there is nothing to draw."""
    selection = Selection(
        asked.one("baseline") or None,
        tuple(asked.many("plan")),
        tuple(asked.many("task")),
        asked.one("explanation") or None,
    )
    name, theme = asked.names["figure"], asked.choice("theme", ["light", "dark"])
    try:
        if name == "curves-job":
            job = job_of(uses_of(library.study(asked.study)), asked)
            data = job_curves(library, asked.study, job, theme)
        else:
            data = drawn(library, asked.study, name, theme, selection)
    except MtlvError as error:
        return Page(name, "", {"figure": None, "missing": error}, asked.study)
    return Page(name, "", {"figure": data.figure, "caption": data.caption}, asked.study)


def what_if(library: Library, asked: Asked) -> Page:
    """How tasks move between the groups that were found and those of a what-if."""
    place = Drawing("what-if", "What moves", asked.changed(theme=None))
    return Page("What moves", "figure.html", {"drawing": place}, asked.study)


def what_if_data(library: Library, asked: Asked) -> Page:
    """The same as Plotly draws it."""
    known = known_groupings(library, asked.study)
    own = known.groupings[asked.choice("grouping", list(known.groupings))]
    after = moved(own.grouping.groups, [Move.read(text) for text in asked.many("move")])
    theme = asked.choice("theme", ["light", "dark"])
    data = regrouped(own.grouping.groups, after, asked.study, theme)
    return Page("What moves", "", {"figure": data.figure, "caption": data.caption}, asked.study)
