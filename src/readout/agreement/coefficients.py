"""Coefficients of agreement, from counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations

from readout.agreement.counts import UNMATCHED, AgreementCounts, Pairs


def f1(shared: int, first: int, second: int) -> float | None:
    """Return 2·shared / (first + second): the F1 of either side against the other. None where both are empty."""
    return 2 * shared / (first + second) if first + second else None


def cohen_kappa(pairs: Pairs) -> float | None:
    """Return Cohen's κ (Cohen 1960) of two annotators' labels. None without items, or where both use one label only."""
    total = pairs.total()
    if not total:
        return None
    first, second = find_margins(pairs)
    expected = sum(first[label] * second[label] for label in first) / total**2
    observed = sum(number for (a, b), number in pairs.items() if a == b) / total
    return (observed - expected) / (1 - expected) if expected < 1 else None


def krippendorff_alpha(pairs: Pairs) -> float | None:
    """Return Krippendorff's α for nominal labels of two annotators without gaps (Krippendorff 2011).

    None without items, or where only one label occurs.
    """
    first, second = find_margins(pairs)
    values = first + second
    total = values.total()
    expected = sum(values[a] * values[b] for a, b in combinations(values, 2)) * 2
    if total < 2 or not expected:
        return None
    disagreement = 2 * sum(number for (a, b), number in pairs.items() if a != b)
    return 1 - (total - 1) * disagreement / expected


def find_margins(pairs: Pairs) -> tuple[Counter[str], Counter[str]]:
    """Return how often each annotator gave each label."""
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (a, b), number in pairs.items():
        first[a] += number
        second[b] += number
    return first, second


def with_unmatched(counts: AgreementCounts, label: str) -> Pairs:
    """Return a label's pairs with the unmatched items of either side against :data:`UNMATCHED`.

    Only the number of unmatched items matters to α here, so they are all given one label.
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
"""Measures of where annotations stand."""


def measure_label(label: str) -> Mapping[str, Callable[[AgreementCounts], float | None]]:
    """Return the measures of one label on the matched items."""
    return {
        "agreement": lambda c: _observed(c.labels.get(label, Counter())),
        "κ": lambda c: cohen_kappa(c.labels.get(label, Counter())),
        "α": lambda c: krippendorff_alpha(c.labels.get(label, Counter())),
    }


def _observed(pairs: Pairs) -> float | None:
    return (
        sum(number for (a, b), number in pairs.items() if a == b) / pairs.total() if pairs else None
    )
