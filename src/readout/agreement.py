"""Agreement between annotators, from their layers: on spans, on labels, and on both.

Everything is computed from counts of one document that can be added; an interval is a jackknife over documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from readout.intervals import Estimate, jackknife
from readout.matching import dice, length, match, overlap
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    AnnotationType,
    AnyAnnotation,
    Layer,
    Span,
    annotation_type,
    main_spans,
)
from readout.stats import Table, format_markdown, print_table

LABELS: Mapping[AnnotationType, tuple[str, ...]] = {
    "mention": ("speaker",),
    "quote": ("form", "speaker"),
    "topic": ("topic",),
    "stance": ("holder", "target", "polarity", "expression"),
    "boilerplate": ("kind",),
}
"""The label fields of each type whose agreement is measured."""

KEYS: Mapping[AnnotationType, tuple[str, ...]] = {
    "mention": ("speaker",),
    "quote": (),
    "topic": ("topic",),
    "stance": ("holder", "target"),
    "boilerplate": (),
}
"""Fields that tell apart annotations of one passage. They guide the matching, so their own agreement on matched items
is an upper bound; polarity, expression and form never do."""

UNMATCHED = "—"
Pairs: TypeAlias = Counter[tuple[str, str]]
"""How often the first annotator gave one label and the second another."""


@dataclass
class Counts:
    """What two annotators have in common in one document, for one annotation type. Counts can be added."""

    first: int = 0
    second: int = 0
    matched: int = 0
    exact: int = 0
    first_characters: int = 0
    second_characters: int = 0
    shared_characters: int = 0
    labels: dict[str, Pairs] = field(default_factory=dict)
    characters: Pairs = field(default_factory=Counter)

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both."""
        numbers = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__dataclass_fields__
            if name not in ("labels", "characters")
        }
        names = {*self.labels, *other.labels}
        labels = {name: self.labels.get(name, Counter()) + other.labels.get(name, Counter()) for name in names}
        return Counts(**numbers, labels=labels, characters=self.characters + other.characters)


def add_counts(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    return sum(counts, Counts())


# ---------------------------------------------------------------- counting


def match_annotations(first: Sequence[Any], second: Sequence[Any], kind: AnnotationType) -> list[tuple[Any, Any]]:
    """Return the pairs of annotations of one type that two annotators mean alike.

    Only annotations whose main spans share a character can be a pair. The pairs maximise the sum of the spans' Dice
    coefficients plus one for each equal field of :data:`KEYS`; the order of the annotations plays no part.
    """
    first, second = sorted(first, key=_order), sorted(second, key=_order)

    def weight(a: Any, b: Any) -> float:
        shared = dice(main_spans(a), main_spans(b))
        return shared + sum(getattr(a, name) == getattr(b, name) for name in KEYS[kind]) if shared else 0.0

    return [(first[i], second[j]) for i, j in match(first, second, weight)]


def _order(annotation: AnyAnnotation) -> tuple[Any, ...]:
    spans = [(span.start, span.end) for span in main_spans(annotation)]
    labels = [getattr(annotation, name) for name in LABELS[annotation_type(annotation)]]
    return spans, labels


def count(first: Iterable[AnyAnnotation], second: Iterable[AnyAnnotation], kind: AnnotationType, size: int) -> Counts:
    """Return the counts of two layers of one document of ``size`` characters, for one annotation type."""
    ours, theirs = ([a for a in layer if annotation_type(a) == kind] for layer in (first, second))
    pairs = match_annotations(ours, theirs, kind)
    our_cover, their_cover = (_merge(span for a in layer for span in main_spans(a)) for layer in (ours, theirs))
    labels = {name: Counter((getattr(a, name), getattr(b, name)) for a, b in pairs) for name in LABELS[kind]}
    return Counts(
        first=len(ours),
        second=len(theirs),
        matched=len(pairs),
        exact=sum(_places(a) == _places(b) for a, b in pairs),
        first_characters=length(our_cover),
        second_characters=length(their_cover),
        shared_characters=overlap(our_cover, their_cover),
        labels=labels,
        characters=_count_characters(ours, theirs, LABELS[kind][-1] if kind != "stance" else "polarity", size),
    )


def _places(annotation: AnyAnnotation) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in main_spans(annotation)]


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end), "")
        else:
            merged.append(span)
    return merged


def _count_characters(ours: Sequence[Any], theirs: Sequence[Any], label: str, size: int) -> Pairs:
    """Return the pairs of label sets that the two annotators give the characters of a text."""
    return Counter(zip(_paint(ours, label, size), _paint(theirs, label, size), strict=True))


def _paint(annotations: Sequence[Any], label: str, size: int) -> list[str]:
    names: list[set[str]] = [set() for _ in range(size)]
    for annotation in annotations:
        for span in main_spans(annotation):
            for offset in range(span.start, span.end):
                names[offset].add(getattr(annotation, label))
    return [" + ".join(sorted(each)) or UNMATCHED for each in names]


# ---------------------------------------------------------------- coefficients


def f1(shared: int, first: int, second: int) -> float | None:
    """Return 2·shared / (first + second): the F1 of either side against the other. None where both are empty."""
    return 2 * shared / (first + second) if first + second else None


def cohen_kappa(pairs: Pairs) -> float | None:
    """Return Cohen's κ (Cohen 1960) of two annotators' labels. None without items, or where both use one label only."""
    total = pairs.total()
    if not total:
        return None
    first, second = _margins(pairs)
    expected = sum(first[label] * second[label] for label in first) / total**2
    observed = sum(number for (a, b), number in pairs.items() if a == b) / total
    return (observed - expected) / (1 - expected) if expected < 1 else None


def krippendorff_alpha(pairs: Pairs) -> float | None:
    """Return Krippendorff's α for nominal labels of two annotators without gaps (Krippendorff 2011).

    None without items, or where only one label occurs.
    """
    first, second = _margins(pairs)
    values = first + second
    total = values.total()
    expected = sum(values[a] * values[b] for a, b in combinations(values, 2)) * 2
    if total < 2 or not expected:
        return None
    disagreement = 2 * sum(number for (a, b), number in pairs.items() if a != b)
    return 1 - (total - 1) * disagreement / expected


def _margins(pairs: Pairs) -> tuple[Counter[str], Counter[str]]:
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (a, b), number in pairs.items():
        first[a] += number
        second[b] += number
    return first, second


def with_unmatched(counts: Counts, label: str) -> Pairs:
    """Return a label's pairs with the unmatched items of either side against :data:`UNMATCHED`.

    Only the number of unmatched items matters to α here, so they are all given one label.
    """
    pairs = Counter(counts.labels.get(label, Counter()))
    pairs["unmatched", UNMATCHED] += counts.first - counts.matched
    pairs[UNMATCHED, "unmatched"] += counts.second - counts.matched
    return +pairs


SPAN_MEASURES: Mapping[str, Callable[[Counts], float | None]] = {
    "exact F1": lambda c: f1(c.exact, c.first, c.second),
    "overlap F1": lambda c: f1(c.matched, c.first, c.second),
    "character F1": lambda c: f1(c.shared_characters, c.first_characters, c.second_characters),
    "α characters": lambda c: krippendorff_alpha(c.characters),
}
"""Measures of where annotations stand."""


def measure_label(label: str) -> Mapping[str, Callable[[Counts], float | None]]:
    """Return the measures of one label on the matched items."""
    return {
        "agreement": lambda c: _observed(c.labels.get(label, Counter())),
        "κ": lambda c: cohen_kappa(c.labels.get(label, Counter())),
        "α": lambda c: krippendorff_alpha(c.labels.get(label, Counter())),
    }


def _observed(pairs: Pairs) -> float | None:
    return sum(number for (a, b), number in pairs.items() if a == b) / pairs.total() if pairs else None


# ---------------------------------------------------------------- the report


@dataclass(frozen=True)
class TypeAgreement:
    """The agreement of two annotators on one annotation type, over all documents that both annotated."""

    kind: AnnotationType
    by_document: Mapping[str, Counts]
    gamma: Estimate | None = None

    @property
    def total(self) -> Counts:
        """The counts of all documents."""
        return add_counts(self.by_document.values())

    def estimate(self, measure: Callable[[Counts], float | None]) -> Estimate:
        """Return a measure over all documents with its jackknife interval."""
        return jackknife(list(self.by_document.values()), lambda parts: measure(add_counts(parts)))


@dataclass(frozen=True)
class PairAgreement:
    """The agreement of two annotators."""

    first: str
    second: str
    types: Mapping[AnnotationType, TypeAgreement]


def compare_annotators(
    documents: Iterable[AnnotatedDocument], first: str, second: str, with_gamma: bool = False
) -> PairAgreement:
    """Return the agreement of two annotators on the documents that both annotated."""
    shared = [
        (document, ours, theirs)
        for document in documents
        if (ours := _find_layer(document, first)) and (theirs := _find_layer(document, second))
    ]
    types: dict[AnnotationType, TypeAgreement] = {}
    for kind in ANNOTATION_CLASSES:
        counts = {
            document.meta.doc_id: count(ours.records, theirs.records, kind, len(document.text))
            for document, ours, theirs in shared
        }
        gamma = estimate_gamma([(ours, theirs) for _, ours, theirs in shared], kind) if with_gamma else None
        types[kind] = TypeAgreement(kind, counts, gamma)
    return PairAgreement(first, second, types)


def _find_layer(document: AnnotatedDocument, annotator: str) -> Layer | None:
    return next((layer for layer in document.layers if layer.annotator == annotator), None)


# ---------------------------------------------------------------- γ


def estimate_gamma(layers: Sequence[tuple[Layer, Layer]], kind: AnnotationType) -> Estimate | None:
    """Return γ (Mathet, Widlöcher and Métivier 2015) for spans and labels of one type.

    It is the mean of the documents' γ weighted by their number of spans, with a jackknife over documents. Each span is
    a unit, labelled by the last of its type's labels (stances: by polarity). Chance is simulated with a fixed seed.
    """
    scores = [scored for pair in layers if (scored := _gamma(*pair, kind))]
    if not scores:
        return None
    return jackknife(scores, lambda parts: sum(s * n for s, n in parts) / sum(n for _, n in parts) if parts else None)


def _gamma(first: Layer, second: Layer, kind: AnnotationType) -> tuple[float, int] | None:
    import numpy as np
    from pyannote.core import Segment
    from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum

    label = "polarity" if kind == "stance" else LABELS[kind][-1]
    continuum = Continuum()
    sizes = []
    for name, layer in (("first", first), ("second", second)):
        spans = [(s, getattr(a, label)) for a in layer.records if annotation_type(a) == kind for s in main_spans(a)]
        sizes.append(len(spans))
        for span, value in spans:
            continuum.add(name, Segment(span.start, span.end), value)
    if min(sizes) < 2:
        return None
    np.random.seed(0)
    result = continuum.compute_gamma(CombinedCategoricalDissimilarity(alpha=1, beta=1, delta_empty=1), n_samples=30)
    return float(result.gamma), sum(sizes)


# ---------------------------------------------------------------- renderings


def measures(types: TypeAgreement) -> dict[str, dict[str, Estimate]]:
    """Return every measure of one annotation type: by ``spans`` or label field, then by name."""
    spans = {name: types.estimate(measure) for name, measure in SPAN_MEASURES.items()}
    spans["α items"] = types.estimate(lambda c: krippendorff_alpha(with_unmatched(c, LABELS[types.kind][-1])))
    if types.gamma:
        spans["γ"] = types.gamma
    labels = {
        label: {name: types.estimate(measure) for name, measure in measure_label(label).items()}
        for label in LABELS[types.kind]
    }
    return {"spans": spans, **labels}


def to_json(pair: PairAgreement) -> dict[str, Any]:
    """Return an agreement as plain data: measures with intervals, counts per document, confusions."""
    return {
        "first": pair.first,
        "second": pair.second,
        "types": {
            kind: {
                "first": types.total.first,
                "second": types.total.second,
                "matched": types.total.matched,
                "documents": {name: _counts_json(counts) for name, counts in types.by_document.items()},
                "measures": {
                    group: {name: estimate._asdict() for name, estimate in values.items()}
                    for group, values in measures(types).items()
                },
                "confusions": {label: to_rows(pairs) for label, pairs in types.total.labels.items()},
            }
            for kind, types in pair.types.items()
        },
    }


def _counts_json(counts: Counts) -> dict[str, int]:
    return {name: value for name, value in vars(counts).items() if isinstance(value, int)}


def to_rows(pairs: Pairs) -> list[tuple[str, str, int]]:
    """Return a confusion table as ``(first's label, second's label, number)``, the most frequent first."""
    return [(a, b, number) for (a, b), number in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))]


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
            labels.append((f"{kind} {label}", pairs.total(), *map(format_estimate, values.values())))
            confusions += [(f"{kind} {label}", a, b, n) for a, b, n in to_rows(pairs) if a != b][:4]
    title = f"{pair.first} and {pair.second}"
    return [
        Table(f"Spans: {title}", ("type", "first", "second", "matched", *where), spans),
        Table(f"Labels of matched items: {title}", ("label", "n", "agreement", "κ", "α"), labels),
        Table(f"Most frequent confusions: {title}", ("label", pair.first, pair.second, "n"), confusions),
    ]


def format_markdown_section(pairs: Iterable[PairAgreement]) -> str:
    """Return the agreement section of the dataset card."""
    tables = [table for pair in pairs for table in to_tables(pair)]
    blocks = [f"**{table.title}**\n\n{format_markdown(table)}" for table in tables]
    return "\n\n".join(blocks) or "There are no two layers of one document to compare."


def compare_all(
    documents: Sequence[AnnotatedDocument], names: Sequence[str] = (), with_gamma: bool = False
) -> list[PairAgreement]:
    """Return the agreement of every pair of annotators who share a document; of ``names`` only, where given."""
    found = sorted({layer.annotator for document in documents for layer in document.layers if layer.annotator})
    chosen = [name for name in found if not names or name in names]
    pairs = [
        (a, b)
        for a, b in combinations(chosen, 2)
        if any(_find_layer(document, a) and _find_layer(document, b) for document in documents)
    ]
    return [compare_annotators(documents, a, b, with_gamma) for a, b in pairs]


def print_pairs(pairs: Sequence[PairAgreement], output: str) -> None:
    """Print agreements to the terminal as ``text``, ``json`` or ``markdown``."""
    if output == "json":
        print(msgspec.json.format(msgspec.json.encode([to_json(pair) for pair in pairs]), indent=2).decode())
    elif output == "markdown":
        print(format_markdown_section(pairs))
    else:
        for pair in pairs:
            for table in to_tables(pair):
                print_table(table)


def write_html(path: Path, pairs: Sequence[PairAgreement]) -> None:
    """Write a page that shows the measures as bars and the confusions as a picture."""
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("readout"), autoescape=True).get_template("agreement.html")
    views = [
        {"first": pair.first, "second": pair.second, "types": [_type_view(types) for types in pair.types.values()]}
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
    matrices = [_matrix_view(label, pairs) for label, pairs in total.labels.items() if pairs]
    return {
        "name": types.kind,
        "first": total.first,
        "second": total.second,
        "matched": total.matched,
        "measures": rows,
        "matrices": matrices,
    }


def _percentages(estimate: Estimate) -> dict[str, float | None]:
    return {name: None if v is None else round(min(max(v, 0), 1) * 100, 1) for name, v in estimate._asdict().items()}


def _matrix_view(label: str, pairs: Pairs) -> dict[str, Any]:
    """Return a confusion table as rows of cells; labels that both sides always agree on are left out beyond ten."""
    names = sorted({name for pair in pairs for name in pair})
    confused = {name for pair in pairs if pair[0] != pair[1] for name in pair}
    shown = names if len(names) <= 10 else sorted(confused)
    first, _ = _margins(pairs)
    rows = [(a, [_cell_view(a, b, pairs[a, b], first[a]) for b in shown]) for a in shown]
    return {"label": label, "names": shown, "rows": rows}


def _cell_view(first: str, second: str, number: int, total: int) -> dict[str, Any]:
    depth = round(0.15 + 0.75 * number / total, 2) if total else 0.0
    return {"number": number, "same": first == second, "depth": depth}
