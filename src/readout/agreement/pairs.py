"""The agreement of two annotators over all documents that both annotated."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

from readout.agreement.counts import AgreementCounts, add_counts, count_agreement
from readout.model import (
    ANNOTATION_CLASSES,
    LABEL_FIELDS,
    AnnotatedDocument,
    AnnotationType,
    Layer,
    annotation_type,
    main_spans,
)
from readout.report.intervals import Estimate, jackknife, leave_one_out


@dataclass(frozen=True)
class TypeAgreement:
    """The agreement of two annotators on one annotation type, over all documents that both annotated."""

    kind: AnnotationType
    by_document: Mapping[str, AgreementCounts]
    gamma: Estimate | None = None

    @property
    def total(self) -> AgreementCounts:
        """The counts of all documents."""
        return add_counts(self.by_document.values())

    def estimate(self, measure: Callable[[AgreementCounts], float | None]) -> Estimate:
        """Return a measure over all documents with its jackknife interval."""
        counts = list(self.by_document.values())
        parts = leave_one_out(counts, lambda others: measure(add_counts(others)))
        return jackknife(measure(self.total), parts)


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
        if (ours := document.find_layer(first)) and (theirs := document.find_layer(second))
    ]
    types: dict[AnnotationType, TypeAgreement] = {}
    for kind in ANNOTATION_CLASSES:
        counts = {
            document.meta.doc_id: count_agreement(
                ours.records, theirs.records, kind, len(document.text)
            )
            for document, ours, theirs in shared
        }
        gamma = (
            estimate_gamma([(ours, theirs) for _, ours, theirs in shared], kind)
            if with_gamma
            else None
        )
        types[kind] = TypeAgreement(kind, counts, gamma)
    return PairAgreement(first, second, types)


def compare_all_pairs(
    documents: Sequence[AnnotatedDocument], names: Sequence[str] = (), with_gamma: bool = False
) -> list[PairAgreement]:
    """Return the agreement of every pair of annotators who share a document; of ``names`` only, where given."""
    found = sorted(
        {layer.annotator for document in documents for layer in document.layers if layer.annotator}
    )
    chosen = [name for name in found if not names or name in names]
    pairs = [
        (a, b)
        for a, b in combinations(chosen, 2)
        if any(document.find_layer(a) and document.find_layer(b) for document in documents)
    ]
    return [compare_annotators(documents, a, b, with_gamma) for a, b in pairs]


def estimate_gamma(layers: Sequence[tuple[Layer, Layer]], kind: AnnotationType) -> Estimate | None:
    """Return γ (Mathet, Widlöcher and Métivier 2015) for spans and labels of one type.

    It is the mean of the documents' γ weighted by their number of spans, with a jackknife over documents. Each span is
    a unit, labelled by the last of its type's labels (stances: by polarity). Chance is simulated with a fixed seed.
    """
    scores = [scored for pair in layers if (scored := _gamma(*pair, kind))]
    if not scores:
        return None
    return jackknife(_weighted_mean(scores), leave_one_out(scores, _weighted_mean))


def _weighted_mean(scores: Sequence[tuple[float, int]]) -> float | None:
    weight = sum(size for _, size in scores)
    return sum(score * size for score, size in scores) / weight if weight else None


def _gamma(first: Layer, second: Layer, kind: AnnotationType) -> tuple[float, int] | None:
    import numpy as np
    from pyannote.core import Segment
    from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum

    label = "polarity" if kind == "stance" else LABEL_FIELDS[kind][-1]
    continuum = Continuum()
    sizes = []
    for name, layer in (("first", first), ("second", second)):
        spans = [
            (s, getattr(a, label))
            for a in layer.records
            if annotation_type(a) == kind
            for s in main_spans(a)
        ]
        sizes.append(len(spans))
        for span, value in spans:
            continuum.add(name, Segment(span.start, span.end), value)
    if min(sizes) < 2:
        return None
    np.random.seed(0)
    with _quiet_solver():
        result = continuum.compute_gamma(
            CombinedCategoricalDissimilarity(alpha=1, beta=1, delta_empty=1), n_samples=30
        )
        return float(result.gamma), sum(sizes)


@contextmanager
def _quiet_solver() -> Iterator[None]:
    """Keep the solver's log off the terminal and out of what is printed as data."""
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
