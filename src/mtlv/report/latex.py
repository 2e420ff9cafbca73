"""Tables in LaTeX, with the rules of `booktabs`.

All that mtlv itself writes into a table becomes ASCII, so that pdflatex takes it under any input
encoding; letters of users' names stay as they are.
"""

from __future__ import annotations

import re

from mtlv.report.tables import Table

__all__ = ["latex"]

MINUS = "\N{MINUS SIGN}"
MATHEMATICS = {
    **{mark: mark for mark in "<>|"},
    MINUS: "-",
    "±": r"\pm",
    "\N{MULTIPLICATION SIGN}": r"\times",
    "·": r"\cdot",
    "≤": r"\leq",
    "≥": r"\geq",
    "→": r"\rightarrow",
    "ε": r"\varepsilon",
    "χ": r"\chi",
    "²": "^2",
}
SPECIAL = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{mark: f"${sign}$" for mark, sign in MATHEMATICS.items()},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "…": r"\dots{}",
    "\N{EN DASH}": "--",
    "—": "---",
    "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "“": "``",
    "”": "''",
}
NEGATIVE = re.compile(r"(?<![\w.)])-(?=\d)")
BOLD = re.compile(r"\*\*(.+)\*\*")


def latex(table: Table, label: str) -> str:
    r"""Return a table as a float; a cell `**x**` is set in bold.

    Args:
        table: what to set; its note goes into the caption.
        label: for `\ref`, after `tab:`; what a label cannot hold becomes a hyphen.
    """
    columns = "".join("l" if i in table.words else "r" for i in range(len(table.header)))
    caption = _escaped("; ".join(part for part in (table.title, table.note) if part))
    lines = [" & ".join(map(_cell, row)) + r" \\" for row in (table.header, *table.rows)]
    name = re.sub(r"[^A-Za-z0-9:-]+", "-", label)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}.}}",
            rf"\label{{tab:{name}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _cell(text: str) -> str:
    bold = BOLD.fullmatch(text)
    return rf"\textbf{{{_escaped(bold[1])}}}" if bold else _escaped(text)


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(mark, mark) for mark in NEGATIVE.sub(MINUS, text))
