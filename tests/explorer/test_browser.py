"""The explorer in a real browser: no console error, and all that a hand can do works."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from explorer.browsing import browser, draw_all, serving
from explorer.worlds import finish_a_cell, write_world
from mtlv.explorer.app import Site, make_app
from mtlv.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = [
    "/studies",
    "/studies/reports",
    "/studies/reports/plans/gmtl",
    "/studies/reports/tasks/edema",
    "/studies/reports/groups?plan=gmtl&move=edema:2",
    "/studies/reports/transfer",
    "/studies/reports/jobs",
    "/studies/reports/examples",
    "/studies/reports/explanations",
    "/studies/reports/figures/forest",
    "/compare?study=reports",
    "/studies/going",
]


TOLD = ("error", "warning", "trace")  # Plotly warns by a trace


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def base(world: Store) -> Iterator[str]:
    with serving(make_app(Site(world.root, patience=30))) as base:
        yield base


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page whose errors and foreign requests fail the test."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(30_000)
    told: list[str] = []
    page.on("console", lambda m: told.append(m.text) if m.type in TOLD else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda r: told.append(r.url) if not _own(r.url) else None)
    yield page
    page.close()
    assert told == []


def _own(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_and_draws(path: str, base: str, page: Any) -> None:
    page.goto(base + path)
    assert page.title().endswith("mtlv")
    assert page.locator("h1").count() == 1
    draw_all(page)
    states = page.eval_on_selector_all("figure[data-src]", "all => all.map(f => f.dataset.state)")
    assert "failed" not in states
    assert page.locator(".js-plotly-plot").count() == states.count("drawn")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0  # only tables and figures scroll sideways


def test_a_figure_without_data_is_a_line_and_no_box(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports/groups")
    draw_all(page)
    lines = page.locator(".left-out li").all_inner_texts()
    assert any(line.startswith("Gradient conflict: ") for line in lines)
    assert page.locator("figure[data-src]").count() == page.locator(".js-plotly-plot").count()


def test_tables_of_a_study_fit_a_window(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports")
    wide = "all => all.filter(own => own.scrollWidth > own.clientWidth).length"
    assert page.eval_on_selector_all(".scroll", wide) == 0


def test_figures_fill_their_rows(base: str, page: Any) -> None:
    """Whether one or two stand in a row, the right half of the page is not left empty."""
    reach = """figures => figures.map((own) => {
      const top = own.getBoundingClientRect().top;
      const row = [...own.parentElement.children].map((each) => each.getBoundingClientRect());
      const ends = row.filter((each) => each.top === top).map((each) => each.right);
      return own.parentElement.getBoundingClientRect().right - Math.max(...ends);
    })"""
    for path in ("/studies/reports/groups", "/studies/reports/plans/gmtl"):
        page.goto(base + path)
        draw_all(page)
        gaps = page.eval_on_selector_all(".figures > figure", reach)
        assert gaps
        assert max(gaps) < 1


def test_a_narrow_window_does_not_scroll_sideways(base: str, page: Any) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    for path in ("/studies", "/studies/reports/jobs", "/studies/reports/examples"):
        page.goto(base + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def until(page: Any, script: str, seconds: float = 30.0) -> None:
    """Wait until a script gives true; the pages' policy forbids what Playwright has for it."""
    end = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < end, script
        page.wait_for_timeout(50)


def plans(page: Any) -> list[str]:
    cells = page.locator("[data-key=plans] tbody tr:visible td:first-child")
    return [text.strip() for text in cells.all_inner_texts()]


def test_tables_are_sorted_by_click_and_keyboard(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports")
    button = page.locator("[data-key=plans] th button", has_text="models")
    button.click()
    assert plans(page)[0] == "stl"  # four models, most first
    head = page.locator("[data-key=plans] th", has_text="models")
    assert head.get_attribute("aria-sort") == "descending"
    button.focus()
    page.keyboard.press("Enter")
    assert plans(page)[-1] == "stl"
    assert head.get_attribute("aria-sort") == "ascending"
    assert "sort=plans%3A" in page.url
    page.goto(page.url)  # a deep link
    assert plans(page)[-1] == "stl"


def test_tables_are_filtered_by_words_and_numbers(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports")
    field = page.locator("[data-key=plans] input")
    field.fill("gm")
    assert plans(page) == ["gmhl", "gmtl"]
    field.fill("models>1")
    assert plans(page) == ["stl", "gmtl"]
    assert page.locator("[data-key=plans] [role=status]").inner_text() == "2 of 4 rows"
    page.goto(page.url)
    assert plans(page) == ["stl", "gmtl"]


def test_examples_are_searched(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports/examples")
    page.fill("input[name=text]", "script")
    page.select_option("select[name=show]", "all")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Search").click()
    assert "text=script" in page.url
    text = page.locator(".example .text").first.inner_text()
    assert '<script>document.title = "owned"</script>' in text
    assert "owned" not in page.title()


def test_a_label_is_moved_with_the_keyboard(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports/groups?plan=gmtl")
    page.focus("select[name=label]")
    page.select_option("select[name=label]", "edema")
    page.select_option("select[name=to]", "3")
    page.get_by_role("button", name="Move").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**move=edema**")
    assert "- [edema]" in page.locator("#yaml").inner_text()
    assert page.locator("#gain").inner_text().startswith(("+", "-"))
    page.get_by_role("link", name="Take back edema to group 3").click()
    page.wait_for_url("**/groups?plan=gmtl#what-if")
    assert "- [edema, nodule]" in page.locator("#yaml").inner_text()


SVG = "document.querySelector('.main-svg')"
STYLE, DARK = "getComputedStyle(svg).backgroundColor", "rgb(22, 24, 28)"


def test_the_theme_is_kept(base: str, page: Any) -> None:
    page.goto(f"{base}/studies/reports/figures/cost")
    page.wait_for_selector("figure[data-state=drawn]")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != light
    until(page, f"(() => {{ const svg = {SVG}; return svg && {STYLE} === '{DARK}'; }})()")
    page.goto(f"{base}/studies")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_reaches_the_content(base: str, page: Any) -> None:
    page.goto(f"{base}/studies")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"


def test_a_running_study_moves(tmp_path: Path, page: Any) -> None:
    store = write_world(tmp_path / "runs")
    with serving(make_app(Site(store.root, patience=30))) as base:
        page.goto(f"{base}/studies/going")
        assert page.locator(".told").inner_text().startswith("1 of 4 runs")
        finish_a_cell(store, store.study("going"))
        expect(page.locator(".told")).to_have_text(re.compile("^2 of 4 runs"), timeout=30_000)
        expect(page.locator("[data-key=plans] tbody tr")).to_have_count(2, timeout=30_000)
        assert plans(page) == ["stl", "mtl"]
        page.goto("about:blank")  # it asks no more


CONTRAST = """
() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const found = rgb(getComputedStyle(node).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const low = [];
  document.querySelectorAll("body *:not(.plot *)").forEach((node) => {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility()) return;
    const pair = [light(rgb(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) low.push(`${node.tagName} ${node.className} ${ratio.toFixed(2)}`);
  });
  return low;
}
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(theme: str, base: str, page: Any) -> None:
    page.emulate_media(color_scheme=theme)
    for path in ("/studies", "/studies/reports", "/studies/reports/examples", "/studies/going"):
        page.goto(base + path)
        assert page.evaluate(CONTRAST) == []
