"""Format numbers, tables and reports for the terminal, Markdown, LaTeX and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import msgspec

from readout.report.intervals import Estimate
from readout.report.layout import fit_columns, wrap_cell
from readout.report.printing import (
    make_console,
    print_block,
    print_grid,
    print_json,
    print_lines,
    printable,
)


def round_number(value: float | None) -> float | None:
    """Return a number rounded to six decimals; further digits differ between platforms."""
    # Adding 0.0 turns −0.0 into 0.0.
    return None if value is None else round(value, 6) + 0.0


def round_bounds(estimate: Estimate) -> list[float | None]:
    """Return the bounds of an interval, rounded as by :func:`round_number`."""
    return [round_number(estimate.low), round_number(estimate.high)]


def format_score(estimate: Estimate) -> str:
    """Return a score as ``.714 [.601, .827]``; the bounds are clipped to 0 and 1."""
    if estimate.value is None:
        return "–"
    value = format_number(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value

    low, high = max(estimate.low, 0), min(estimate.high, 1)
    return f"{value} [{format_number(low)}, {format_number(high)}]"


def format_difference(estimate: Estimate) -> str:
    """Return a difference as ``+.042 [−.110, +.194]``."""
    if estimate.value is None:
        return "–"
    value = _format_signed(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{_format_signed(estimate.low)}, {_format_signed(estimate.high)}]"


def _format_signed(value: float) -> str:
    sign = "−" if round(value, 3) < 0 else "+"
    return sign + format_number(abs(value))


def format_number(value: float | None, digits: int = 3) -> str:
    """Return a number without the zero before its point; a dash for None."""
    if value is None:
        return "–"
    return re.sub(r"^(-?)0\.", r"\1.", f"{value + 0.0:.{digits}f}")


def format_p(value: float | None) -> str:
    """Return a p value with four decimals, or ``<.0001``."""
    if value is not None and value < 0.0001:
        return "<.0001"
    return format_number(value, 4)


# ---------------------------------------------------------------- tables and reports


class Table(NamedTuple):
    """A title, column names and rows. Numbers stay numbers; ``note`` is printed below the table."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    note: str = ""


class Report(NamedTuple):
    """The output of a command: sentences, tables, and the same content as plain data."""

    notes: tuple[str, ...]
    tables: tuple[Table, ...]
    data: Any


def to_records(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries with its columns as keys."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _find_numeric(table: Table) -> list[bool]:
    """Return, for each column, whether all its cells are numbers."""
    numeric = [True] * len(table.columns)
    for row in table.rows:
        for index, value in enumerate(row):
            numeric[index] = numeric[index] and isinstance(value, int | float)
    return numeric


def format_markdown(table: Table) -> str:
    """Return a table as Markdown; columns of numbers are aligned to the right."""
    if not table.rows:
        return "None."

    rule = tuple("---:" if numeric else "---" for numeric in _find_numeric(table))
    lines = []
    for row in (table.columns, rule, *table.rows):
        cells = " | ".join(escape_markdown(str(value)) for value in row)
        lines.append(f"| {cells} |")

    text = "\n".join(lines)
    return f"{text}\n\n{table.note}" if table.note else text


def escape_markdown(text: str) -> str:
    """Return text for a cell of a Markdown table."""
    # A name must not open an HTML comment, such as a marker of a generated section.
    return text.replace("|", "\\|").replace("\n", " ").replace("<!--", "&lt;!--")


def format_latex(table: Table) -> str:
    """Return a table in LaTeX for the package booktabs."""
    letters = "".join("r" if numeric else "l" for numeric in _find_numeric(table))
    lines = []
    for row in (table.columns, *table.rows):
        cells = " & ".join(_escape_latex(str(value)) for value in row)
        lines.append(rf"{cells} \\")

    body = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    head = [f"% {table.title}", rf"\begin{{tabular}}{{{letters}}}"]
    return "\n".join([*head, *body, r"\end{tabular}"])


_LATEX = {
    "−": "$-$",
    "≥": r"$\geq$",
    "–": "--",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_LATEX |= {sign: "\\" + sign for sign in "&%$#_{}"}
"""The LaTeX of characters that it does not print as they are."""


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def print_table(table: Table) -> None:
    """Print a table; one that is too wide for the terminal is printed in several parts."""
    from rich.table import Table as Grid
    from rich.text import Text

    header = [printable(name) for name in table.columns]
    rows = [[printable(str(value)) for value in row] for row in table.rows]
    numeric = _find_numeric(table)
    title = printable(table.title)
    if not rows:
        print_grid(Text(f"{title}: none"))
        return
    for part in fit_columns(header, rows, make_console().width):
        print_grid(Text(title, style="bold"))
        grid = Grid()
        for column, width in zip(part.columns, part.widths, strict=True):
            side: Literal["left", "right"] = "right" if numeric[column] else "left"
            name = Text(wrap_cell(header[column], width))
            grid.add_column(name, justify=side, min_width=width, overflow="fold")
        for row in rows:
            cells = []
            for column, width in zip(part.columns, part.widths, strict=True):
                cells.append(Text(wrap_cell(row[column], width)))
            grid.add_row(*cells)
        print_grid(grid)
        title = f"{printable(table.title)} (continued)"
    if table.note:
        print_grid(Text(printable(table.note), style="italic"))


def print_report(report: Report, output: str) -> None:
    """Print a report as ``text``, ``json``, ``markdown`` or ``latex``."""
    if output == "json":
        print_json(msgspec.json.format(msgspec.json.encode(report.data), indent=2).decode())
    elif output == "markdown":
        print_block(format_report(report))
    elif output == "latex":
        blocks = [format_latex(table) for table in report.tables if table.rows]
        comments = [f"% {note}" for note in report.notes]
        print_block(_join(blocks, comments))
    else:
        for table in report.tables:
            print_table(table)
        print_lines(report.notes)


def format_report(report: Report) -> str:
    """Return a report as Markdown: each table under its title, then the notes."""
    blocks = [f"**{table.title}**\n\n{format_markdown(table)}" for table in report.tables]
    items = [f"- {note}" for note in report.notes]
    return _join(blocks, items)


def _join(blocks: Iterable[str], notes: Iterable[str]) -> str:
    return "\n\n".join(filter(None, [*blocks, "\n".join(notes)]))
