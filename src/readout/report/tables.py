"""How numbers are written: scores, differences, p values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from readout.report.intervals import Estimate


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


class Table(NamedTuple):
    """A table of counts: a title, column names and rows, numbers as numbers; ``note`` says what is left out."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    note: str = ""


class Report(NamedTuple):
    """What a command prints: sentences, tables, and the same as plain data."""

    notes: tuple[str, ...]
    tables: tuple[Table, ...]
    data: Any


def to_records(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table as objects whose keys are its columns."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _find_numeric(table: Table) -> list[bool]:
    """Return, for each column, whether it has only numbers, which are aligned to the right."""
    columns = range(len(table.columns))
    return [all(isinstance(row[index], int | float) for row in table.rows) for index in columns]


def format_markdown(table: Table) -> str:
    """Return a table as Markdown, numbers to the right."""
    if not table.rows:
        return "None."

    rule = tuple("---:" if numeric else "---" for numeric in _find_numeric(table))
    lines = []
    for row in (table.columns, rule, *table.rows):
        cells = " | ".join(_cell(value) for value in row)
        lines.append(f"| {cells} |")

    text = "\n".join(lines)
    return f"{text}\n\n{table.note}" if table.note else text


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def format_latex(table: Table) -> str:
    """Return a table in LaTeX, for the package booktabs."""
    letters = "".join("r" if numeric else "l" for numeric in _find_numeric(table))
    lines = []
    for row in (table.columns, *table.rows):
        cells = " & ".join(_escape_latex(str(value)) for value in row)
        lines.append(rf"{cells} \\")

    body = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    head = [f"% {table.title}", rf"\begin{{tabular}}{{{letters}}}"]
    return "\n".join([*head, *body, r"\end{tabular}"])


_LATEX = {"−": "$-$", "≥": r"$\geq$", "–": "--", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
_LATEX |= {sign: "\\" + sign for sign in "&%$#_{}"} | {"^": r"\textasciicircum{}"}


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def print_table(table: Table) -> None:
    """Print a table to the terminal, wrapped to its width."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title=table.title, caption=table.note or None, title_justify="left", title_style="bold")
    for column, numeric in zip(table.columns, _find_numeric(table), strict=True):
        grid.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*map(str, row))
    Console().print(grid)


def print_report(report: Report, output: str) -> None:
    """Print a report to the terminal as ``text``, ``json``, ``markdown`` or ``latex``."""
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode(report.data), indent=2).decode())
    elif output == "markdown":
        print(format_report(report))
    elif output == "latex":
        blocks = [format_latex(table) for table in report.tables if table.rows]
        print(_join(blocks, [f"% {note}" for note in report.notes]))
    else:
        for table in report.tables:
            print_table(table)
        for note in report.notes:
            print(note)


def format_report(report: Report) -> str:
    """Return a report as Markdown: each table under its title, then the notes."""
    blocks = [f"**{table.title}**\n\n{format_markdown(table)}" for table in report.tables]
    return _join(blocks, [f"- {note}" for note in report.notes])


def _join(blocks: Iterable[str], notes: Iterable[str]) -> str:
    return "\n\n".join(filter(None, [*blocks, "\n".join(notes)]))
