"""How numbers, tables and reports are written: text, JSON, Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from readout.intervals import Estimate
from readout.stats import Table, format_markdown, print_table


class Report(NamedTuple):
    """What is shown of scores or comparisons: sentences, tables, and the same as plain data."""

    notes: tuple[str, ...]
    tables: tuple[Table, ...]
    data: Any


# ---------------------------------------------------------------- numbers


def round_number(value: float | None) -> float | None:
    """Return a number with six digits after the point: beyond them, platforms differ, and no reader looks."""
    return None if value is None else round(value, 6) + 0.0


def format_score(estimate: Estimate) -> str:
    """Return ``.714 [.601, .827]``; a score's bounds are cut at 0 and 1."""
    if estimate.value is None:
        return "–"
    value = format_number(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{format_number(max(estimate.low, 0))}, {format_number(min(estimate.high, 1))}]"


def format_difference(estimate: Estimate) -> str:
    """Return ``+.042 [−.110, +.194]``."""
    signed = [None if value is None else _sign(value) for value in estimate]
    return signed[0] or "–" if None in signed else f"{signed[0]} [{signed[1]}, {signed[2]}]"


def _sign(value: float) -> str:
    return ("−" if round(value, 3) < 0 else "+") + format_number(abs(value))


def format_number(value: float | None, digits: int = 3) -> str:
    """Return a number between −1 and 1 without its leading zero, or a dash."""
    return "–" if value is None else re.sub(r"^(-?)0\.", r"\1.", f"{value + 0.0:.{digits}f}")


def format_p(value: float | None) -> str:
    """Return a p value with four digits; below them, ``<.0001``."""
    return "<.0001" if value is not None and value < 0.0001 else format_number(value, 4)


# ---------------------------------------------------------------- renderings


def format_latex(table: Table) -> str:
    """Return a table in LaTeX, for the package booktabs."""
    numeric = "".join(
        "r" if all(isinstance(row[i], int | float) for row in table.rows) else "l" for i in _column_numbers(table)
    )
    lines = [" & ".join(map(_escape_latex, map(str, row))) + r" \\" for row in (table.columns, *table.rows)]
    body = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    caption = rf"% {table.title}"
    return "\n".join([caption, rf"\begin{{tabular}}{{{numeric}}}", *body, r"\end{tabular}"])


def _column_numbers(table: Table) -> range:
    return range(len(table.columns))


_LATEX = {"−": "$-$", "≥": r"$\geq$", "–": "--", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
_LATEX |= {sign: "\\" + sign for sign in "&%$#_{}"} | {"^": r"\textasciicircum{}"}


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _format_blocks(report: Report, title: Callable[[str], str], table: Callable[[Table], str], note: str) -> str:
    blocks = [f"{title(each.title)}{table(each)}" for each in report.tables if each.rows]
    return "\n\n".join([*blocks, "\n".join(note + sentence for sentence in report.notes)])


def print_report(report: Report, output: str) -> None:
    """Print a report to the terminal as ``text``, ``json``, ``markdown`` or ``latex``."""
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(report.data), indent=2).decode())
    elif output == "markdown":
        print(_format_blocks(report, lambda title: f"**{title}**\n\n", format_markdown, "- "))
    elif output == "latex":
        print(_format_blocks(report, lambda title: "", format_latex, "% "))
    else:
        for table in report.tables:
            print_table(table)
        print("\n".join(report.notes))
