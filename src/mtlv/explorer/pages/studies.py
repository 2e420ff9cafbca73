"""All studies of the store, and how far a running one is."""

from __future__ import annotations

from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.grids import Cell, Column, Grid, number, word
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Page
from mtlv.explorer.progress import Progress, progress_of
from mtlv.store.record import StudyRecord

__all__ = ["progress", "studies"]

COLUMNS = (
    Column("study", "word"),
    Column("status", "word"),
    Column("runs finished", "number", "plans x folds x seeds whose jobs are all finished"),
    Column("runs planned"),
    Column("tasks"),
    Column("examples"),
    Column("plans", "word"),
    Column("encoder", "word"),
    Column("updated (UTC)", "word"),
)


def studies(library: Library, asked: Asked) -> Page:
    """All studies."""
    shelf = library.shelf()
    found = [(study, progress_of(library, study)) for study in shelf.studies]
    grid = Grid("studies", "Studies", COLUMNS, tuple(_row(*pair) for pair in found))
    running = [own for _, own in found if own.status == "running"]
    data = {
        "store": str(library.root),
        "exists": library.exists,
        "grid": grid,
        "damaged": shelf.damaged,
        "running": running,
    }
    return Page("Studies", "studies.html", data)


def progress(library: Library, asked: Asked) -> Page:
    """How far a study is; its JSON twin is asked every two seconds."""
    own = progress_of(library, library.study(asked.study))
    data = {"progress": own, "percent": own.percent}
    return Page(f"Progress of {asked.study}", "progress.html", data, asked.study)


def _row(study: StudyRecord, own: Progress) -> tuple[Cell, ...]:
    plans = list(dict.fromkeys(cell.plan for cell in study.cells))
    shown = ", ".join(plans[:6]) + (f" and {len(plans) - 6} more" if len(plans) > 6 else "")
    encoder = study.config.get("encoder") or {}
    tones = {"failed": "bad", "finished": "good", "running": ""}
    return (
        word(study.name, study_address(study.name)),
        word(study.status, tone=tones[study.status]),
        number(own.cells),
        number(own.planned),
        number(len(study.targets)),
        number(sum(corpus.examples for corpus in study.corpora)),
        word(shown),
        word(encoder.get("name", "")),
        word(study.updated[:16].replace("T", " ")),
    )
