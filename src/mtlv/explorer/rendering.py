"""Rendering: pages through their templates, everything escaped; and the files that pages need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from mtlv.explorer.asking import address, study_address
from mtlv.explorer.pages.page import Page, plain
from mtlv.version import __version__
from mtlv.words import counted

__all__ = ["as_html", "as_json", "plotly_file", "static_folder"]


def as_html(page: Page, frame: Mapping[str, Any]) -> str:
    """Return a page as HTML.

    Args:
        page: to render.
        frame: what stands around every page: `path`, `json`, `mlflow`, `store`.
    """
    template = _environment().get_template(page.template)
    return template.render(page=page, frame=frame, version=__version__, **page.data)


def as_json(page: Page) -> str:
    """Return the JSON twin of a page."""
    return json.dumps(plain(page.to_json()), ensure_ascii=False, indent=1) + "\n"


def static_folder() -> Path:
    """Return the folder of the style sheet and the script."""
    return Path(__file__).parent / "static"


def plotly_file() -> Path:
    """Return plotly.js of the installed package, without importing it."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("plotly")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mtlv.explorer"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(address=address, study_address=study_address, counted=counted)
    return environment
