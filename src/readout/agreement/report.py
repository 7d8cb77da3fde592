"""Agreement as text, JSON, Markdown and a page with a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
from readout.model import ANNOTATION_CLASSES, LABEL_FIELDS
from readout.report.intervals import Estimate
from readout.report.tables import Report, Table, format_markdown, format_report


def measures(types: TypeAgreement) -> dict[str, dict[str, Estimate]]:
    """Return every measure of one annotation type: by ``spans`` or label field, then by name."""
    spans = {name: types.estimate(measure) for name, measure in SPAN_MEASURES.items()}
    spans["α items"] = types.estimate(
        lambda c: krippendorff_alpha(with_unmatched(c, LABEL_FIELDS[types.kind][-1]))
    )
    if types.gamma:
        spans["γ"] = types.gamma
    labels = {
        label: {name: types.estimate(measure) for name, measure in measure_label(label).items()}
        for label in LABEL_FIELDS[types.kind]
    }
    return {"spans": spans, **labels}


def pairs_to_json(pair: PairAgreement) -> dict[str, Any]:
    """Return an agreement as plain data: measures with intervals, counts per document, confusions."""
    return {
        "first": pair.first,
        "second": pair.second,
        "types": {
            kind: {
                "first": types.total.first,
                "second": types.total.second,
                "matched": types.total.matched,
                "documents": {
                    name: _counts_json(counts) for name, counts in types.by_document.items()
                },
                "measures": {
                    group: {name: estimate._asdict() for name, estimate in values.items()}
                    for group, values in measures(types).items()
                },
                "confusions": {
                    label: to_rows(pairs) for label, pairs in types.total.labels.items()
                },
            }
            for kind, types in pair.types.items()
        },
    }


def _counts_json(counts: AgreementCounts) -> dict[str, int]:
    return {name: value for name, value in vars(counts).items() if isinstance(value, int)}


def to_rows(pairs: Pairs) -> list[tuple[str, str, int]]:
    """Return a confusion table as ``(first's label, second's label, number)``, the most frequent first."""
    return [
        (a, b, number)
        for (a, b), number in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    ]


def format_estimate(estimate: Estimate) -> str:
    """Return ``.83 [.71, .95]``, or a dash where a value is undefined."""
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} [{max(estimate.low, -1):.2f}, {min(estimate.high, 1):.2f}]"


def to_tables(pair: PairAgreement) -> list[Table]:
    """Return an agreement as tables: spans, labels, and the most frequent confusions."""
    spans, labels, confusions = [], [], []
    for kind, types in pair.types.items():
        total = types.total
        groups = measures(types)
        where = {name: format_estimate(value) for name, value in groups.pop("spans").items()}
        spans.append((kind, total.first, total.second, total.matched, *where.values()))
        for label, values in groups.items():
            pairs = total.labels.get(label, Counter())
            labels.append(
                (f"{kind} {label}", pairs.total(), *map(format_estimate, values.values()))
            )
            confusions += [(f"{kind} {label}", a, b, n) for a, b, n in to_rows(pairs) if a != b][:4]
    title = f"{pair.first} and {pair.second}"
    return [
        Table(f"Spans: {title}", ("type", "first", "second", "matched", *where), spans),
        Table(f"Labels of matched items: {title}", ("label", "n", "agreement", "κ", "α"), labels),
        Table(
            f"Most frequent confusions: {title}",
            ("label", pair.first, pair.second, "n"),
            confusions,
        ),
    ]


def format_markdown_section(pairs: Sequence[PairAgreement]) -> str:
    """Return the agreement section of the dataset card."""
    return (
        format_report(report_pairs(pairs)) or "There are no two layers of one document to compare."
    )


def format_gamma_section(pairs: Sequence[PairAgreement]) -> str:
    """Return the γ of every pair of annotators and every type as one Markdown table."""
    rows = [
        (
            f"{pair.first} and {pair.second}",
            *(format_estimate(each.gamma or Estimate(None)) for each in pair.types.values()),
        )
        for pair in pairs
    ]
    return format_markdown(Table("γ", ("annotators", *ANNOTATION_CLASSES), rows))


def report_pairs(pairs: Sequence[PairAgreement]) -> Report:
    """Return the agreements as a report."""
    tables = [table for pair in pairs for table in to_tables(pair)]
    return Report((), tuple(tables), [pairs_to_json(pair) for pair in pairs])


def write_html(path: Path, pairs: Sequence[PairAgreement]) -> None:
    """Write a page that shows the measures as bars and the confusions as a picture."""
    from jinja2 import Environment, PackageLoader

    template = Environment(
        loader=PackageLoader("readout.agreement", ""), autoescape=True
    ).get_template("agreement.html")
    views = [
        {
            "first": pair.first,
            "second": pair.second,
            "types": [_type_view(types) for types in pair.types.values()],
        }
        for pair in pairs
    ]
    path.write_text(template.render(pairs=views), encoding="utf-8", newline="\n")


def _type_view(types: TypeAgreement) -> dict[str, Any]:
    total = types.total
    rows = [
        {"name": f"{group}: {name}", "text": format_estimate(value), **_percentages(value)}
        for group, values in measures(types).items()
        for name, value in values.items()
    ]
    matrices = [
        view
        for label, pairs in total.labels.items()
        if (view := _matrix_view(label, pairs))["names"]
    ]
    return {
        "name": types.kind,
        "first": total.first,
        "second": total.second,
        "matched": total.matched,
        "measures": rows,
        "matrices": matrices,
    }


def _percentages(estimate: Estimate) -> dict[str, float | None]:
    return {
        name: None if v is None else round(min(max(v, 0), 1) * 100, 1)
        for name, v in estimate._asdict().items()
    }


def _matrix_view(label: str, pairs: Pairs) -> dict[str, Any]:
    """Return a confusion table as rows of cells; labels that both sides always agree on are left out beyond ten."""
    names = sorted({name for pair in pairs for name in pair})
    confused = {name for pair in pairs if pair[0] != pair[1] for name in pair}
    shown = names if len(names) <= 10 else sorted(confused)
    first, _ = find_margins(pairs)
    rows = [(a, [_cell_view(a, b, pairs[a, b], first[a]) for b in shown]) for a in shown]
    return {"label": label, "names": shown, "rows": rows}


def _cell_view(first: str, second: str, number: int, total: int) -> dict[str, Any]:
    depth = round(0.15 + 0.75 * number / total, 2) if total else 0.0
    return {"number": number, "same": first == second, "depth": depth}
