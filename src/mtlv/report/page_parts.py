"""What a report is made of: sections of words, lists, tables, listings and figures, as data.

A report knows nothing of HTML or Markdown, and what renders it knows nothing of studies. Between
backticks stands what a user would type or find in a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from plotly.graph_objects import Figure

from mtlv.report.tables import Table

__all__ = ["Listing", "Part", "Picture", "Points", "Report", "Section", "Words"]


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """Text that is kept as it is: a config, commands.

    Args:
        title: of it.
        text: several lines.
        language: `yaml` or `sh`.
    """

    title: str
    text: str
    language: str


@dataclass(frozen=True)
class Picture:
    """A figure.

    Args:
        name: in the registry of figures.
        figure: in light.
    """

    name: str
    figure: Figure


Part = Words | Points | Table | Listing | Picture


@dataclass(frozen=True)
class Section:
    """A part of a report under one heading.

    Args:
        name: short, of letters and dashes; unique in its report.
        title: the heading.
        parts: in reading order.
    """

    name: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """A report.

    Args:
        study: its name.
        about: in a line, of what state of the study, and which version made it.
        sections: in reading order.
    """

    study: str
    about: str
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section:
        """Return a section by its name."""
        return next(section for section in self.sections if section.name == name)

    @property
    def pictures(self) -> list[Picture]:
        """All figures, in reading order."""
        return [
            part for section in self.sections for part in section.parts if isinstance(part, Picture)
        ]
