"""Compare two annotators over all documents that both annotated."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

from readout.agreement.counts import AgreementCounts, add_counts, count_agreement, unit_label
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    AnnotationType,
    Layer,
    Span,
    annotation_type,
    main_spans,
)
from readout.report.intervals import Estimate, jackknife, leave_one_out


@dataclass(frozen=True)
class TypeAgreement:
    """The agreement of two annotators on one annotation type.

    ``by_document`` has the counts of each document that both annotated.
    """

    kind: AnnotationType
    by_document: Mapping[str, AgreementCounts]
    gamma: Estimate | None = None

    @property
    def total(self) -> AgreementCounts:
        """The sum of the counts of all documents."""
        return add_counts(self.by_document.values())

    def estimate(self, measure: Callable[[AgreementCounts], float | None]) -> Estimate:
        """Return a measure over all documents with its jackknife interval."""
        counts = list(self.by_document.values())
        parts = leave_one_out(counts, lambda others: measure(add_counts(others)))
        return jackknife(measure(self.total), parts)


@dataclass(frozen=True)
class PairAgreement:
    """The agreement of two annotators on every annotation type."""

    first: str
    second: str
    types: Mapping[AnnotationType, TypeAgreement]


def compare_annotators(
    documents: Iterable[AnnotatedDocument], first: str, second: str, with_gamma: bool = False
) -> PairAgreement:
    """Return the agreement of two annotators on the documents that both annotated."""
    shared: list[tuple[AnnotatedDocument, Layer, Layer]] = []
    for document in documents:
        ours, theirs = document.find_layer(first), document.find_layer(second)
        if ours and theirs:
            shared.append((document, ours, theirs))

    types: dict[AnnotationType, TypeAgreement] = {}
    for kind in ANNOTATION_CLASSES:
        counts = {}
        for document, ours, theirs in shared:
            size = len(document.text)
            counts[document.meta.doc_id] = count_agreement(ours.records, theirs.records, kind, size)
        layers = [(ours, theirs) for _, ours, theirs in shared]
        gamma = estimate_gamma(layers, kind) if with_gamma else None
        types[kind] = TypeAgreement(kind, counts, gamma)
    return PairAgreement(first, second, types)


def compare_all_pairs(
    documents: Sequence[AnnotatedDocument], names: Sequence[str] = (), with_gamma: bool = False
) -> list[PairAgreement]:
    """Return the agreement of every two annotators who annotated the same document.

    If ``names`` are given, only these annotators are compared.
    """
    sharing: set[tuple[str, str]] = set()
    for document in documents:
        annotators = {layer.annotator for layer in document.layers if layer.annotator}
        chosen = sorted(name for name in annotators if not names or name in names)
        sharing.update(combinations(chosen, 2))
    return [compare_annotators(documents, a, b, with_gamma) for a, b in sorted(sharing)]


def estimate_gamma(layers: Sequence[tuple[Layer, Layer]], kind: AnnotationType) -> Estimate | None:
    """Return γ (Mathet, Widlöcher and Métivier 2015) for spans and labels of one type.

    It is the mean of the documents' γ, weighted by their numbers of spans, with a jackknife over
    documents. Each span is a unit with the label of :func:`unit_label`. Chance is simulated with a
    fixed seed. None if no document has two spans of the type in both layers.
    """
    scores = []
    for first, second in layers:
        scored = _gamma(first, second, kind)
        if scored:
            scores.append(scored)
    if not scores:
        return None
    return jackknife(_weighted_mean(scores), leave_one_out(scores, _weighted_mean))


def _weighted_mean(scores: Sequence[tuple[float, int]]) -> float | None:
    weight = sum(size for _, size in scores)
    return sum(score * size for score, size in scores) / weight if weight else None


def _gamma(first: Layer, second: Layer, kind: AnnotationType) -> tuple[float, int] | None:
    """Return the γ of one document and its number of spans; None below two spans in a layer."""
    import numpy as np
    import pygamma_agreement as pygamma
    from pyannote.core import Segment

    continuum = pygamma.Continuum()
    sizes = []
    for name, layer in (("first", first), ("second", second)):
        units = list(_iter_units(layer, kind))
        sizes.append(len(units))
        for span, label in units:
            continuum.add(name, Segment(span.start, span.end), label)
    if min(sizes) < 2:
        return None

    np.random.seed(0)  # pygamma-agreement draws from NumPy's global generator
    dissimilarity = pygamma.CombinedCategoricalDissimilarity(alpha=1, beta=1, delta_empty=1)
    with _quiet_solver():
        result = continuum.compute_gamma(dissimilarity, n_samples=30)
        return float(result.gamma), sum(sizes)


def _iter_units(layer: Layer, kind: AnnotationType) -> Iterator[tuple[Span, str]]:
    """Yield the main spans of a layer's annotations of one type with their labels."""
    label = unit_label(kind)
    for annotation in layer.records:
        if annotation_type(annotation) == kind:
            for span in main_spans(annotation):
                yield span, getattr(annotation, label)


@contextmanager
def _quiet_solver() -> Iterator[None]:
    """Silence the log of the solver, which would mix with the printed tables."""
    from cvxopt import glpk

    before = dict(glpk.options)
    glpk.options["msg_lev"] = "GLP_MSG_OFF"
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        glpk.options.clear()
        glpk.options.update(before)
