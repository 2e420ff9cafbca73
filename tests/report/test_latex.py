"""LaTeX: what has a meaning there is escaped."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mtlv
from mtlv.report.comparison_paper import comparison_latex
from mtlv.report.latex import latex
from mtlv.report.tables import Table
from mtlv.store import Store
from mtlv.store.comparison import CompareSettings, compare
from mtlv.store.outcome import load_outcome
from store.fakes import fake_study

pytestmark = pytest.mark.slow

TABLED = ("evaluation", "grouping", "plans", "report", "store")
"""Packages whose words can stand in a table."""


def test_a_table_by_hand() -> None:
    table = Table("T", ("plan", "F1"), (("a_b", "**1.0 ± 0.5**"), ("c&d", "-0.5 to +1.2")), "100 %")
    assert latex(table, "my study") == "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\caption{T; 100 \%.}",
            r"\label{tab:my-study}",
            r"\begin{tabular}{lr}",
            r"\toprule",
            r"plan & F1 \\",
            r"\midrule",
            r"a\_b & \textbf{1.0 $\pm$ 0.5} \\",
            r"c\&d & $-$0.5 to +1.2 \\",
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def test_marks_of_names_stay_what_they_are() -> None:
    table = Table("T", ("x",), ((r"a\b{c}~^#$<>|",), ("random-2-1",)))
    text = latex(table, "x")
    assert r"a\textbackslash{}b\{c\}\textasciitilde{}\textasciicircum{}\#\$$<$$>$$|$" in text
    assert "random-2-1" in text, "a hyphen in a name is no minus"


def test_marks_outside_of_ascii_are_commands() -> None:
    said = "χ² = 3 ± 1, \N{MINUS SIGN}2 \N{MULTIPLICATION SIGN} 3 → 4…, “a” 1\N{EN DASH}2, ≥ ε"
    expected = (
        r"$\chi$$^2$ = 3 $\pm$ 1, $-$2 $\times$ 3 $\rightarrow$ 4\dots{}, ``a'' 1--2, "
        r"$\geq$ $\varepsilon$"
    )
    assert expected in latex(Table("T", (said,), ()), "x")


def test_letters_of_names_stay() -> None:
    assert r"Öd\_em" in latex(Table("T", ("label",), (("Öd_em",),)), "x")


def test_all_that_mtlv_itself_says_becomes_ascii() -> None:
    source = Path(mtlv.__file__).parent
    said = "".join(_said(path) for name in TABLED for path in (source / name).rglob("*.py"))
    assert not said.isascii()
    assert latex(Table("T", ("",), ((said,),)), "x").isascii()


def _said(module: Path) -> str:
    """Return the strings of a module but its docstrings."""
    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    strings = [node for node in nodes if isinstance(node, ast.Constant)]
    return "".join(str(node.value) for node in strings if id(node) not in docstrings)


@pytest.mark.parametrize(("folds", "seeds"), [(3, (0,)), (1, tuple(range(5)))])
def test_the_tables_of_a_comparison_are_ascii(
    tmp_path: Path, folds: int, seeds: tuple[int, ...]
) -> None:
    store = Store(tmp_path)
    fake_study(store, folds=folds, seeds=seeds)
    outcome = load_outcome(store, "fake")
    settings = CompareSettings(margin=60, draws=200)
    text = comparison_latex(compare(store, outcome, "mtl", None, settings), outcome)
    assert r"$\chi$$^2$ = " in text
    assert text.isascii()
