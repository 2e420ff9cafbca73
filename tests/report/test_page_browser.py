"""The report in a real browser, opened from disk with the network off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mtlv.report.html import page_html
from mtlv.report.page import gather, make_report
from mtlv.store import Store
from store.fakes import fake_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DARK, LIGHT = "rgb(22, 24, 28)", "rgb(255, 255, 255)"
GROUND = "getComputedStyle(document.querySelector('.main-svg')).backgroundColor"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    store = Store(folder / "runs")
    fake_study(store, plans=("stl", "mtl"), tasks=("<b>x</b>", "<script>window.hit=1</script>"))
    (folder / "report.html").write_text(page_html(make_report(gather(store, "fake"))), "utf-8")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(found for name in BROWSERS if (found := shutil.which(name)))
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


def opened(browser: Any, file: Path, **options: object) -> tuple[Any, list[str]]:
    """Return the page when all figures are drawn, and what went wrong or was asked for."""
    page = browser.new_context(offline=True, **options).new_page()
    told: list[str] = []
    page.on("console", lambda own: told.append(own.text) if own.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda own: told.append(own.url) if own.url != file.as_uri() else None)
    page.goto(file.as_uri())
    figures = page.locator(".plotly-graph-div").count()
    until(page, f"document.querySelectorAll('.plotly-graph-div .main-svg').length >= {figures}")
    return page, told


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the browser's own way to wait is against the page's policy."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {condition}")


def test_it_opens_with_all_figures_and_asks_for_nothing(browser: Any, file: Path) -> None:
    page, told = opened(browser, file)
    assert told == []
    assert page.locator(".plotly-graph-div").count() >= 8
    buttons = page.locator(".modebar-btn").evaluate_all("all => all.map(own => own.dataset.title)")
    assert "Zoom" in buttons
    assert not [name for name in buttons if "hare" in name or "loud" in name], "nothing uploads"
    assert page.evaluate("window.hit") is None
    assert page.locator("tbody th", has_text="<b>x</b>").count() >= 2
    assert page.evaluate(GROUND) == LIGHT


def test_figures_follow_dark_and_light(browser: Any, file: Path) -> None:
    page, told = opened(browser, file, color_scheme="dark")
    until(page, f"{GROUND} === '{DARK}'")
    page.emulate_media(color_scheme="light")
    until(page, f"{GROUND} === '{LIGHT}'")
    assert told == []


def test_a_small_screen_scrolls_in_one_direction(browser: Any, file: Path) -> None:
    page, _ = opened(browser, file, viewport={"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
