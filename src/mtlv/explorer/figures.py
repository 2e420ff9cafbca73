"""Figures of the report, as pages draw them. All that is known of the report's figures is here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING, Any

from mtlv.errors import FigureError, nearest
from mtlv.explorer.library import Library

if TYPE_CHECKING:
    from mtlv.report.frames.wanted import Data

__all__ = ["Drawn", "Selection", "drawn", "figure_names", "frame_of", "job_curves", "regrouped"]


@dataclass(frozen=True)
class Selection:
    """What of a study is drawn.

    Args:
        baseline: plan that others are compared with; the usual one if None.
        plans: only these; empty means all.
        tasks: only these; empty means all, or a choice where all are too many.
        explanation: id of the one to draw; the latest that has what a figure needs if None.
    """

    baseline: str | None = None
    plans: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    explanation: str | None = None


@dataclass(frozen=True)
class Drawn:
    """A figure as a page draws it.

    Args:
        figure: Plotly's JSON.
        caption: the data signature.
    """

    figure: dict[str, Any]
    caption: str


EVERYTHING = Selection()
SHARES = ("f1_macro", "average_precision_macro")


def figure_names() -> list[str]:
    """Return the names of all figures."""
    from mtlv.report.figures import FIGURES

    return list(FIGURES)


def frame_of(library: Library, study: str, name: str, selection: Selection = EVERYTHING) -> Data:
    """Return the frame of a figure, and what must stand beside it.

    Raises:
        FigureError: there is no such figure, or the study has nothing for it.
    """
    from mtlv.explorer.comparing import compared
    from mtlv.report.frames import FRAMES, Wanted

    if name not in FRAMES:
        raise FigureError(f"There is no figure '{name[:60]}'.", hint=nearest(name, FRAMES))
    outcome = library.outcome(study)
    wanted = Wanted(
        library.store,
        outcome,
        selection.baseline,
        selection.plans,
        selection.tasks,
        explanation=selection.explanation,
    )

    def make() -> Data:
        if name == "forest" and outcome.plans:
            found = compared(library, [study], wanted.base.name)
            return FRAMES[name](replace(wanted, comparison=found))
        return FRAMES[name](wanted)

    return library.kept(("frame", study, name, selection), study, make)


def drawn(
    library: Library, study: str, name: str, theme: str, selection: Selection = EVERYTHING
) -> Drawn:
    """Return a figure as Plotly's JSON.

    Args:
        library: has the study.
        study: its name.
        name: of the figure.
        theme: `light` or `dark`.
        selection: what to draw.

    Raises:
        FigureError: there is no such figure, or the study has nothing for it.
    """
    from mtlv.report.figures import FIGURES

    def draw() -> Drawn:
        data = frame_of(library, study, name, selection)
        return _themed(FIGURES[name](data.frame, data.signature), theme)

    return library.kept(("figure", study, name, theme, selection), study, draw)


def job_curves(library: Library, study: str, job: str, theme: str) -> Drawn:
    """Return the learning curves of one job's model."""
    from mtlv.report.figures import FIGURES

    frame = library.store.curves(job).to_pandas()
    frame = frame[(frame.scope == "model") & frame.metric.isin(["loss", "log_loss", *SHARES])]
    shares = ~frame.metric.isin(["loss", "log_loss"])
    frame = frame.assign(plan=job, sd=float("nan"), jobs=1, unit="nats")
    frame.loc[shares, "unit"] = "percent"
    frame.loc[shares, "value"] *= 100
    return _themed(FIGURES["curves-model"](frame, f"study {study}|job {job}"), theme)


def regrouped(
    before: Sequence[Sequence[str]], after: Sequence[Sequence[str]], study: str, theme: str
) -> Drawn:
    """Return how tasks move between two groupings."""
    import pandas as pd

    from mtlv.report.figures import FIGURES

    left, right = (
        {task: str(i) for i, group in enumerate(side, start=1) for task in group}
        for side in (before, after)
    )
    rows = [
        {"task": task, "left": left[task], "right": right[task]}
        | {"left_title": "the groups as found", "right_title": "the what-if"}
        for task in left
    ]
    signature = f"study {study}|tasks:{len(rows)}"
    return _themed(FIGURES["alluvial"](pd.DataFrame(rows), signature), theme)


def _themed(figure: Any, theme: str) -> Drawn:
    """Return a figure in a theme, with its caption beside it, where a narrow page can wrap it."""
    from mtlv.report.figures.layout import CAPTION_LINE
    from mtlv.report.figures.theme import template

    content: dict[str, Any] = json.loads(figure.to_json())
    layout = content["layout"]
    layout["template"] = template("dark" if theme == "dark" else "light").to_plotly_json()
    captions = [own for own in layout.get("annotations", []) if own.get("name") == "caption"]
    for caption in captions:
        layout["annotations"].remove(caption)
        room = CAPTION_LINE * (caption["text"].count("<br>") + 1)
        layout["height"] -= room
        layout["margin"]["b"] -= room
    words = " ".join(own["text"].replace("<br>", " ") for own in captions)
    return Drawn(content, unescape(words))
