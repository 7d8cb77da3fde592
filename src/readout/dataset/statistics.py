"""What a corpus holds: the tables of ``readout stats`` and of the dataset card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, get_args

import msgspec

from readout import model
from readout.corpus.tally import Tally
from readout.model import ANNOTATION_CLASSES, Registries


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


def count_documents(tally: Tally, registries: Registries) -> Table:
    """Return one row a document: where it comes from, its event, split and size."""
    rows = []
    for each in tally.listed:
        speaker = registries.speakers.get(each.outlet or "")
        outlet = f"{speaker.name if speaker else each.outlet or 'unknown'} ({each.outlet_basis})"
        rows.append((each.doc_id, each.published, outlet, each.event, each.split, each.characters))
    columns = ("document", "published", "outlet", "event", "split", "characters")
    return Table("Documents", columns, rows, _cut_note(tally))


def _cut_note(tally: Tally) -> str:
    more = tally.documents - len(tally.listed)
    return f"The first {len(tally.listed)} documents by id; {more} more are not listed." if more else ""


def count_annotations(tally: Tally, registries: Registries) -> Table:
    """Return the number of gold annotations of each type in each document, and in all."""
    rows = [(each.doc_id, *(each.annotations.get(name, 0) for name in ANNOTATION_CLASSES)) for each in tally.listed]
    rows.append(("all", *(tally.annotations.get(name, 0) for name in ANNOTATION_CLASSES)))
    return Table("Gold annotations", ("document", *ANNOTATION_CLASSES), rows, _cut_note(tally))


def count_labels(tally: Tally, registries: Registries) -> Table:
    """Return how often each label occurs in each split and in all."""
    fields = (("polarity", model.Polarity), ("expression", model.Expression), ("form", model.Form))
    splits = get_args(model.Split)
    rows = []
    for field, labels in fields:
        for label in get_args(labels):
            counts = tally.labels.get(field, {}).get(label, {})
            rows.append((field, label, *(counts.get(split, 0) for split in splits), sum(counts.values())))
    return Table("Labels", ("field", "label", *splits, "all"), rows)


def count_speakers(tally: Tally, registries: Registries) -> Table:
    """Return, for each speaker, the mentions, quotes and stances, the most quoted first."""
    fields = (tally.mentions, tally.quotes, tally.stances)
    rows: list[tuple[Any, ...]] = [
        (speaker.name, speaker.kind, *(counts.get(name, 0) for counts in fields))
        for name, speaker in registries.speakers.items()
    ]
    rows.sort(key=lambda row: (-row[3], -row[4], -row[2], row[0]))
    return Table("Speakers", ("speaker", "kind", "mentions", "quotes", "stances"), rows)


def count_topics(tally: Tally, registries: Registries) -> Table:
    """Return, for each topic, its passages, the documents that hold one, and the characters they cover."""
    fields = ("passages", "documents", "characters")
    rows: list[tuple[Any, ...]] = [
        (topic.label, *(tally.topics.get(name, {}).get(field, 0) for field in fields))
        for name, topic in registries.topics.items()
    ]
    return Table("Topics", ("topic", *fields), sorted(rows, key=lambda row: (-row[1], row[0])))


def count_targets(tally: Tally, registries: Registries) -> Table:
    """Return, for each target, the stances of each polarity and the number of holders."""
    polarities = get_args(model.Polarity)
    rows: list[tuple[Any, ...]] = [
        (
            target.proposition,
            *(tally.targets.get(name, {}).get(polarity, 0) for polarity in polarities),
            len(tally.holders.get(name, ())),
        )
        for name, target in registries.targets.items()
    ]
    rows.sort(key=lambda row: (-sum(row[1:4]), row[0]))
    return Table("Targets", ("proposition", *polarities, "holders"), rows)


def list_annotators(tally: Tally, registries: Registries) -> Table:
    """Return one row an annotator: who made a layer, and what they had seen."""
    rows = [
        (
            each.annotator_id,
            each.kind,
            each.model_family or "—",
            each.guidelines_version,
            each.date or "unknown",
            each.saw,
        )
        for each in registries.annotators.values()
    ]
    return Table("Annotators", ("annotator", "kind", "model family", "guidelines", "date", "what it saw"), rows)


def list_statements(tally: Tally, registries: Registries) -> Table:
    """Return one row a statement that more than one quote reports."""
    rows = []
    for name, quotes in sorted(tally.statements.items()):
        quotes = sorted(quotes, key=lambda quote: quote[0])
        rows.append((name, len(quotes), len({doc_id for doc_id, _ in quotes}), " / ".join(text for _, text in quotes)))
    return Table("Statements reported more than once", ("statement", "quotes", "documents", "beginnings"), rows)


TABLES: Mapping[str, Callable[[Tally, Registries], Table]] = {
    "documents": count_documents,
    "annotations": count_annotations,
    "labels": count_labels,
    "speakers": count_speakers,
    "topics": count_topics,
    "targets": count_targets,
    "annotators": list_annotators,
    "statements": list_statements,
}
"""Every table by the name of its section in the card."""


def report_tables(names: Iterable[str], tally: Tally, registries: Registries) -> Report:
    """Return the tables of these names as a report."""
    tables = {name: TABLES[name](tally, registries) for name in names}
    data = {name: to_records(each) for name, each in tables.items()}
    return Report((), tuple(tables.values()), data)


# ---------------------------------------------------------------- renderings


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
