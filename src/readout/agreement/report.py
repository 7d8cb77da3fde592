"""Report agreement as tables, JSON, sections of the dataset card, or a page with charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from readout.agreement.coefficients import (
    SPAN_MEASURES,
    find_margins,
    krippendorff_alpha,
    measure_label,
    with_unmatched,
)
from readout.agreement.counts import AgreementCounts, Pairs
from readout.agreement.pairs import PairAgreement, TypeAgreement
from readout.corpus.outputs import write_page
from readout.model import ANNOTATION_CLASSES, LABEL_FIELDS
from readout.report.intervals import Estimate
from readout.report.tables import Report, Table, format_markdown, format_report


def estimate_measures(types: TypeAgreement) -> dict[str, dict[str, Estimate]]:
    """Return every measure of one annotation type: by ``spans`` or label field, then by name."""
    labels = LABEL_FIELDS[types.kind]
    spans = {name: types.estimate(measure) for name, measure in SPAN_MEASURES.items()}
    spans["α items"] = types.estimate(lambda c: krippendorff_alpha(with_unmatched(c, labels[-1])))
    if types.gamma:
        spans["γ"] = types.gamma

    groups = {"spans": spans}
    for label in labels:
        measures = measure_label(label)
        groups[label] = {name: types.estimate(measure) for name, measure in measures.items()}
    return groups


def pair_to_json(pair: PairAgreement) -> dict[str, Any]:
    """Return an agreement as plain data: counts, measures with intervals, and confusions."""
    types = {kind: _type_to_json(each) for kind, each in pair.types.items()}
    return {"first": pair.first, "second": pair.second, "types": types}


def _type_to_json(types: TypeAgreement) -> dict[str, Any]:
    total = types.total
    measures = {}
    for group, values in estimate_measures(types).items():
        measures[group] = {name: estimate._asdict() for name, estimate in values.items()}
    return {
        "first": total.first,
        "second": total.second,
        "matched": total.matched,
        "documents": {name: _counts_json(counts) for name, counts in types.by_document.items()},
        "measures": measures,
        "confusions": {label: confusion_rows(pairs) for label, pairs in total.labels.items()},
    }


def _counts_json(counts: AgreementCounts) -> dict[str, int]:
    return {name: value for name, value in vars(counts).items() if isinstance(value, int)}


def confusion_rows(pairs: Pairs) -> list[tuple[str, str, int]]:
    """Return a confusion table as rows of two labels and their number, most frequent first."""
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [(first, second, number) for (first, second), number in ordered]


def format_estimate(estimate: Estimate) -> str:
    """Return a value with its interval, such as ``0.83 [0.71, 0.95]``, or a dash if undefined."""
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} [{max(estimate.low, -1):.2f}, {min(estimate.high, 1):.2f}]"


def to_tables(pair: PairAgreement) -> list[Table]:
    """Return an agreement as tables: spans, labels, and the most frequent confusions."""
    spans, labels, confusions = [], [], []
    span_measures: Collection[str] = ()
    for kind, types in pair.types.items():
        total = types.total
        groups = estimate_measures(types)
        span_measures = groups["spans"]
        values = map(format_estimate, groups.pop("spans").values())
        spans.append((kind, total.first, total.second, total.matched, *values))
        for label, group in groups.items():
            pairs = total.labels.get(label, Counter())
            name = f"{kind} {label}"
            labels.append((name, pairs.total(), *map(format_estimate, group.values())))
            unequal = [row for row in confusion_rows(pairs) if row[0] != row[1]]
            confusions += [(name, *row) for row in unequal[:4]]

    title = f"{pair.first} and {pair.second}"
    span_columns = ("type", "first", "second", "matched", *span_measures)
    label_columns = ("label", "n", "agreement", "κ", "α")
    confusion_columns = ("label", pair.first, pair.second, "n")
    return [
        Table(f"Spans: {title}", span_columns, spans),
        Table(f"Labels of matched items: {title}", label_columns, labels),
        Table(f"Most frequent confusions: {title}", confusion_columns, confusions),
    ]


def format_markdown_section(pairs: Sequence[PairAgreement]) -> str:
    """Return the agreement section of the dataset card."""
    return format_report(to_report(pairs)) or "There are no two layers of one document to compare."


def format_gamma_section(pairs: Sequence[PairAgreement]) -> str:
    """Return γ as a Markdown table: one row per pair of annotators, one column per type."""
    rows = []
    for pair in pairs:
        gammas = [types.gamma or Estimate(None) for types in pair.types.values()]
        rows.append((f"{pair.first} and {pair.second}", *map(format_estimate, gammas)))
    return format_markdown(Table("γ", ("annotators", *ANNOTATION_CLASSES), rows))


def to_report(pairs: Sequence[PairAgreement]) -> Report:
    """Return agreements as a report: the tables of each pair, and the same as plain data."""
    tables = [table for pair in pairs for table in to_tables(pair)]
    data = [pair_to_json(pair) for pair in pairs]
    return Report((), tuple(tables), data)


def write_html(path: Path, pairs: Sequence[PairAgreement]) -> None:
    """Write a page with bars for the measures and coloured matrices for the confusions."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("readout.agreement", ""), autoescape=True)
    template = environment.get_template("agreement.html")
    views = []
    for pair in pairs:
        types = [_view_type(each) for each in pair.types.values()]
        views.append({"first": pair.first, "second": pair.second, "types": types})
    write_page(path, template.render(pairs=views), "agree")


def _view_type(types: TypeAgreement) -> dict[str, Any]:
    total = types.total
    rows = []
    for group, values in estimate_measures(types).items():
        for name, value in values.items():
            text = format_estimate(value)
            rows.append({"name": f"{group}: {name}", "text": text, **_percentages(value)})
    matrices = [_view_matrix(label, pairs) for label, pairs in total.labels.items()]
    return {
        "name": types.kind,
        "first": total.first,
        "second": total.second,
        "matched": total.matched,
        "measures": rows,
        "matrices": [matrix for matrix in matrices if matrix["names"]],
    }


def _percentages(estimate: Estimate) -> dict[str, float | None]:
    """Return a value and its bounds as positions on a bar from 0 to 100."""
    positions: dict[str, float | None] = {}
    for name, value in estimate._asdict().items():
        positions[name] = None
        if value is not None:
            positions[name] = round(min(max(value, 0), 1) * 100, 1)
    return positions


def _view_matrix(label: str, pairs: Pairs) -> dict[str, Any]:
    """Return a confusion table as rows of cells.

    With more than ten labels, those that are never confused are left out.
    """
    names: set[str] = set()
    confused: set[str] = set()
    for pair in pairs:
        names.update(pair)
        if pair[0] != pair[1]:
            confused.update(pair)
    shown = sorted(names) if len(names) <= 10 else sorted(confused)

    totals, _ = find_margins(pairs)
    rows = []
    for first in shown:
        cells = [_view_cell(first, second, pairs[first, second], totals[first]) for second in shown]
        rows.append((first, cells))
    return {"label": label, "names": shown, "rows": rows}


def _view_cell(first: str, second: str, number: int, total: int) -> dict[str, Any]:
    """Return a cell; its depth of colour is the share ``number`` of a row with ``total`` items."""
    depth = round(0.15 + 0.75 * number / total, 2) if total else 0.0
    return {"number": number, "same": first == second, "depth": depth}
