"""Compute coefficients of agreement from counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations

from readout.agreement.counts import UNMATCHED, AgreementCounts, Pairs


def f1(shared: int, first: int, second: int) -> float | None:
    """Return 2·shared / (first + second), the F1 of either side against the other.

    None if both sides are empty.
    """
    return 2 * shared / (first + second) if first + second else None


def cohen_kappa(pairs: Pairs) -> float | None:
    """Return Cohen's κ (Cohen 1960) of two annotators' labels.

    None without items, or if both annotators use the same one label only.
    """
    total = pairs.total()
    if not total:
        return None
    first, second = find_margins(pairs)
    expected = sum(first[label] * second[label] for label in first) / total**2
    observed = _count_equal(pairs) / total
    return (observed - expected) / (1 - expected) if expected < 1 else None


def krippendorff_alpha(pairs: Pairs) -> float | None:
    """Return Krippendorff's α of two annotators' labels (Krippendorff 2011).

    Labels are nominal, and both annotators labelled every item. None without items, or if only one
    label occurs.
    """
    first, second = find_margins(pairs)
    values = first + second
    total = values.total()
    expected = 2 * sum(values[a] * values[b] for a, b in combinations(values, 2))
    if total < 2 or not expected:
        return None

    # Each disagreement is counted twice, as (a, b) and as (b, a) of the coincidence matrix.
    disagreement = 2 * (pairs.total() - _count_equal(pairs))
    return 1 - (total - 1) * disagreement / expected


def _count_equal(pairs: Pairs) -> int:
    return sum(number for (a, b), number in pairs.items() if a == b)


def find_margins(pairs: Pairs) -> tuple[Counter[str], Counter[str]]:
    """Return the number of times that each annotator gave each label."""
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (a, b), number in pairs.items():
        first[a] += number
        second[b] += number
    return first, second


def with_unmatched(counts: AgreementCounts, label: str) -> Pairs:
    """Return a label's pairs, with each unmatched item paired with :data:`UNMATCHED`.

    α depends here on the number of unmatched items only, so all of them get the same label.
    """
    pairs = Counter(counts.labels.get(label, Counter()))
    pairs["unmatched", UNMATCHED] += counts.first - counts.matched
    pairs[UNMATCHED, "unmatched"] += counts.second - counts.matched
    return +pairs


SPAN_MEASURES: Mapping[str, Callable[[AgreementCounts], float | None]] = {
    "exact F1": lambda c: f1(c.exact, c.first, c.second),
    "overlap F1": lambda c: f1(c.matched, c.first, c.second),
    "character F1": lambda c: f1(c.shared_characters, c.first_characters, c.second_characters),
    "α characters": lambda c: krippendorff_alpha(c.characters),
}
"""Measures of spans, by name."""


def measure_label(label: str) -> Mapping[str, Callable[[AgreementCounts], float | None]]:
    """Return the measures of one label field on the matched items, by name."""

    def pairs(counts: AgreementCounts) -> Pairs:
        return counts.labels.get(label, Counter())

    return {
        "agreement": lambda c: _observed_agreement(pairs(c)),
        "κ": lambda c: cohen_kappa(pairs(c)),
        "α": lambda c: krippendorff_alpha(pairs(c)),
    }


def _observed_agreement(pairs: Pairs) -> float | None:
    return _count_equal(pairs) / pairs.total() if pairs else None
