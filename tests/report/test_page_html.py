"""The report as HTML and as Markdown: whole, escaped, needing nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mtlv.errors import FigureError
from mtlv.report import html, markdown_page
from mtlv.report.html import page_html
from mtlv.report.markdown_page import page_markdown, write_markdown
from mtlv.report.page import gather, make_report
from mtlv.report.page_parts import Listing, Picture, Points, Report, Section, Words
from mtlv.report.tables import Table
from mtlv.store import Store
from store.fakes import fake_study

ODD = ("<b>bold</b>", "</script><script>alert(1)</script>", "a|b *c* `d`", "50% & $x$")
"""Names of tasks that HTML, scripts, Markdown tables or TeX would read."""


class Elements(HTMLParser):
    """Start tags with their attributes, and the text of each element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open, data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    store = Store(tmp_path_factory.mktemp("runs"))
    record = fake_study(store, plans=("mtl", "gmtl"), tasks=ODD, folds=1)
    store.write_study(record.model_copy(update={"warnings": ["<i>odd</i> label"]}))
    return make_report(gather(store, "fake"))


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return page_html(report)


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


class TestHtml:
    def test_it_opens_without_a_network(self, page: str, elements: Elements) -> None:
        (policy,) = (own["content"] for own in elements.all("meta") if "http-equiv" in own)
        assert policy is not None
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy
        for tag, attributes in elements.tags:
            assert tag not in ("link", "img", "iframe", "object", "base")
            assert "src" not in attributes
            assert (attributes.get("href") or "#").startswith("#")
        styles = "".join(text for tag, text in elements.texts if tag == "style")
        assert "url(" not in styles
        assert "@import" not in styles
        assert len(page.encode()) < 6_000_000

    def test_plotly_is_there_once_with_every_figure(
        self, report: Report, page: str, elements: Elements
    ) -> None:
        assert len(re.findall(r"plotly\.js v\d", page)) == 1
        drawn = {own.get("id") for own in elements.all("div")}
        assert {f"figure-{picture.name}" for picture in report.pictures} <= drawn
        assert len(report.pictures) >= 8
        offers = re.findall(r'"showSendToCloud": *(true|false)', page)
        assert offers == ["false"] * len(report.pictures), "no figure offers to upload itself"

    def test_every_link_has_its_section(self, elements: Elements) -> None:
        links = {own["href"] for own in elements.all("a")}
        sections = {f"#{own['id']}" for own in elements.all("section")}
        assert links == sections

    def test_names_are_text(self, page: str, elements: Elements) -> None:
        assert [name for name, _ in elements.tags if name in ("b", "i")] == []
        assert "</script><script>alert" not in page
        assert "&lt;b&gt;bold&lt;/b&gt;" in page
        cells = {text for tag, text in elements.texts if tag == "th"}
        assert set(ODD) <= cells
        assert "<i>odd</i> label" in {text for tag, text in elements.texts if tag == "li"}

    def test_tables_can_be_read_aloud(self, report: Report, elements: Elements) -> None:
        tables = [part for own in report.sections for part in own.parts if isinstance(part, Table)]
        assert len(elements.all("table")) == len(elements.all("caption")) == len(tables)
        columns = [own for own in elements.all("th") if own.get("scope") == "col"]
        assert len(columns) == sum(len(table.header) for table in tables)
        assert elements.all("html") == [{"lang": "en"}]

    def test_a_figure_that_does_not_fit_is_left_out_and_named(
        self, report: Report, page: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        size = {own.name: len(html.to_html(own.figure, own.name)) for own in report.pictures}
        assert size["decisions"] > sum(size.values()) - size["decisions"]
        monkeypatch.setattr(html, "LARGEST", len(page) - size["decisions"] + 1000)
        small = page_html(report)
        assert "The figure decisions is too large for this page" in small
        assert "mtlv figure fake decisions" in small
        drawn = {name for name in size if f'id="figure-{name}"' in small}
        assert drawn == set(size) - {"decisions"}

    def test_without_figures_there_is_no_plotly(self) -> None:
        section = Section("a", "A", (Words("`code` & <words>"), Points(("x",))))
        small = page_html(Report("s", "about", (section,)))
        assert "<p><code>code</code> &amp; &lt;words&gt;</p>" in small
        assert len(small) < 15_000

    def test_verdicts_are_marked(self) -> None:
        rows = (("a", "better"), ("b", "worse"), ("c", "equivalent within 2"), ("d", "-"))
        table = Table("T", ("plan", "verdict"), rows)
        found = Elements(page_html(Report("s", "", (Section("a", "A", (table,)),))))
        classes = [str(own["class"]).strip() for own in found.all("td")]
        assert classes == ["better", "worse", "equivalent", ""]


class TestMarkdown:
    def test_names_are_text(self, report: Report) -> None:
        text = page_markdown(report, {})
        assert r"\*c\*" in text
        assert "a&#124;b" in text
        assert "<b>" not in text
        assert "&lt;b&gt;bold&lt;/b&gt;" in text
        assert "<script>" not in text

    def test_every_row_of_a_table_has_all_cells(self, report: Report) -> None:
        lines = page_markdown(report, {}).splitlines()
        widths: dict[int, set[int]] = {}
        block = 0
        for before, line in zip(["", *lines], lines, strict=False):
            block += line.startswith("|") and not before.startswith("|")
            if line.startswith("|"):
                widths.setdefault(block, set()).add(line.count("|"))
        assert len(widths) >= 8
        assert all(len(own) == 1 for own in widths.values())

    def test_headings_and_listings(self, report: Report) -> None:
        text = page_markdown(report, {})
        for section in report.sections:
            assert f"\n## {section.title}\n" in text
        assert "\n```yaml\nstudy: fake\n" in text

    def test_a_listing_keeps_its_fences(self) -> None:
        section = Section("a", "A", (Listing("x", "a: |\n  ```\n  b", "yaml"),))
        text = page_markdown(Report("s", "", (section,)), {})
        assert "````yaml\na: |\n  ```\n  b\n````" in text

    def test_figures_are_links_to_files_beside_it(
        self, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def draw(figures: dict[Path, object]) -> None:
            for path in figures:
                path.parent.mkdir(exist_ok=True)
                path.write_text("<svg/>")

        monkeypatch.setattr(markdown_page, "write_images", draw)
        assert write_markdown(report, tmp_path / "my report.md") is None
        text = (tmp_path / "my report.md").read_text(encoding="utf-8")
        for picture in report.pictures:
            link = f"my report-figures/{picture.name}.svg"
            assert f"![{picture.name}](<{link}>)" in text
            assert (tmp_path / link).exists()

    def test_without_a_browser_they_are_left_out_and_that_is_said(
        self, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(figures: dict[Path, object]) -> None:
            raise FigureError("Pictures need a browser.", hint="install one")

        monkeypatch.setattr(markdown_page, "write_images", fail)
        assert write_markdown(report, tmp_path / "a.md") == "Pictures need a browser. install one"
        text = (tmp_path / "a.md").read_text(encoding="utf-8")
        assert "Figures are left out: Pictures need a browser. install one" in text
        assert "![" not in text
        assert not list(tmp_path.glob("*-figures"))


def test_pictures_are_those_of_all_sections(report: Report) -> None:
    assert [own.name for own in report.pictures] == [
        part.name for part in report.section("figures").parts if isinstance(part, Picture)
    ]
