"""The application: which page stands under which address, and how it is answered.

Every page has a JSON twin under its address with `.json` behind it. Pages are made in threads. One
that takes longer than `PATIENCE` (the first look at a study scores all of its predictions) goes on
being made, and the browser is told to come back in a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from mtlv.errors import MtlvError, StoreError
from mtlv.explorer.asking import Asked
from mtlv.explorer.library import Library
from mtlv.explorer.pages import Page
from mtlv.explorer.rendering import as_html, as_json, plotly_file, static_folder
from mtlv.explorer.security import Access, Guard

__all__ = ["PATIENCE", "Site", "make_app"]

log = logging.getLogger(__name__)
PATIENCE = 0.6
"""Seconds that a browser waits for a page before it is told to come back."""
KEPT = 10.0
"""Seconds that a page which took too long is kept for the browser to come back."""
FOREVER = "public, max-age=31536000, immutable"

STUDY = "/studies/{study}"
VIEWS = {
    "/studies": "studies.studies",
    "/compare": "compare.compare",
    STUDY: "study.study",
    f"{STUDY}/progress": "studies.progress",
    f"{STUDY}/groups": "groups.groups",
    f"{STUDY}/transfer": "transfer.transfer",
    f"{STUDY}/jobs": "jobs.jobs",
    f"{STUDY}/examples": "examples.examples",
    f"{STUDY}/explanations": "explanations.explanations",
    f"{STUDY}/what-if": "figure.what_if",
    f"{STUDY}/figures/{{figure}}": "figure.figure",
    f"{STUDY}/plans/{{plan:path}}": "plan.plan",
    f"{STUDY}/tasks/{{task:path}}": "task.task",
}
"""By path: module and function of the page."""
TWINS = {"figure.figure": "figure.figure_data", "figure.what_if": "figure.what_if_data"}
"""Pages whose JSON twin is made by another function."""


@dataclass(frozen=True)
class Site:
    """What is served, and how.

    Args:
        store: folder of the run store; it need not be there yet.
        access: who may ask.
        mlflow: address of MLflow's own pages; None where they are not served.
        patience: seconds that a browser waits for a page before it is told to come back.
    """

    store: Path
    access: Access = Access()  # noqa: RUF009  (it is frozen)
    mlflow: str | None = None
    patience: float = PATIENCE


def make_app(site: Site, library: Library | None = None) -> Starlette:
    """Return the application.

    Args:
        site: what is served.
        library: of its store; a new one if None.
    """
    desk = Desk(site, library or Library(site.store))
    routes = [
        Route("/", lambda request: RedirectResponse("/studies")),
        Route("/static/plotly.js", _plotly),
        Route("/static/{name}", _static),
    ]
    for path, view in VIEWS.items():
        routes.append(Route(f"{path}.json", desk.twin(TWINS.get(view, view))))
        routes.append(Route(path, desk.page(view)))
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, access=site.access)],
        exception_handlers={404: desk.not_found},
    )


class Desk:
    """Answers requests for pages, and remembers those that are still being made.

    Args:
        site: what is served.
        library: of its store.
    """

    def __init__(self, site: Site, library: Library) -> None:
        self.site, self.library = site, library
        self._making: dict[str, asyncio.Task[Page]] = {}

    def page(self, view: str) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that answers with HTML."""

        async def answer(request: Request) -> Response:
            key = str(request.url)
            making = self._making.get(key)
            if making is None:
                making = asyncio.create_task(self._made(view, request))
                making.add_done_callback(lambda _: self._forget_soon(key))
                self._making[key] = making
            done, _ = await asyncio.wait([making], timeout=self.site.patience)
            if not done:
                return await self._rendered(request, self._waiting(request))
            self._making.pop(key, None)
            return await self._rendered(request, making.result())

        return answer

    def twin(self, view: str) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that answers with JSON, however long it takes."""

        async def answer(request: Request) -> Response:
            page = await self._made(view, request)
            if page.redirect is not None:
                path, mark, query = page.redirect.partition("?")
                return RedirectResponse(f"{path}.json{mark}{query}", 303)
            text = await run_in_threadpool(as_json, page)
            return Response(text, page.status, media_type="application/json")

        return answer

    def _forget_soon(self, key: str) -> None:
        """Drop a page that nobody comes back for, as it would grow old."""
        asyncio.get_running_loop().call_later(KEPT, self._making.pop, key, None)

    async def not_found(self, request: Request, error: Exception) -> Response:
        """Answer where there is no page."""
        if request.url.path.startswith("/static/"):
            return Response("There is no such file.\n", 404, media_type="text/plain")
        problem = StoreError("There is no such page.", where=request.url.path, expected="/studies")
        page = _problem(problem, None, 404)
        if request.url.path.endswith(".json"):
            return Response(as_json(page), 404, media_type="application/json")
        return await self._rendered(request, page)

    async def _made(self, view: str, request: Request) -> Page:
        asked = Asked(
            str(request.scope["path"]).removesuffix(".json"),
            dict(request.path_params),
            request.query_params.multi_items(),
        )
        try:
            return await run_in_threadpool(_made_by, view, self.library, asked)
        except MtlvError as error:
            return _problem(error, asked.names.get("study"), 404)

    async def _rendered(self, request: Request, page: Page) -> Response:
        if page.redirect is not None:
            return RedirectResponse(page.redirect, 303)
        query = request.url.query
        frame = {
            "path": request.url.path,
            "json": f"{request.url.path}.json" + (f"?{query}" if query else ""),
            "mlflow": self.site.mlflow,
            "store": str(self.site.store),
        }
        html = await run_in_threadpool(as_html, page, frame)
        headers = {"refresh": "1"} if page.status == 202 else {}
        return Response(html, page.status, headers, media_type="text/html")

    def _waiting(self, request: Request) -> Page:
        study = request.path_params.get("study")
        scored = self.library.scored(study) if study else 0
        return Page("One moment", "waiting.html", {"scored": scored}, study, 202)


def _made_by(view: str, library: Library, asked: Asked) -> Page:
    """Import the module of a page and make the page."""
    module, _, name = view.partition(".")
    make = getattr(import_module(f"mtlv.explorer.pages.{module}"), name)
    page: Page = make(library, asked)
    return page


def _problem(error: MtlvError, study: str | None, status: int) -> Page:
    return Page("Not to be shown", "problem.html", {"problem": error}, study, status)


def _plotly(request: Request) -> Response:
    return FileResponse(
        plotly_file(), media_type="text/javascript", headers={"cache-control": FOREVER}
    )


async def _static(request: Request) -> Response:
    path = static_folder() / Path(request.path_params["name"]).name
    known: dict[str, Any] = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    if path.suffix not in known or not path.is_file():
        return Response("There is no such file.\n", 404, media_type="text/plain")
    return FileResponse(path, media_type=known[path.suffix])
