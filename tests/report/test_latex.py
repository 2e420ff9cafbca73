"""LaTeX: what has a meaning there is escaped."""

from __future__ import annotations

from mtlv.report.latex import latex
from mtlv.report.tables import Table


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
