"""Report scores and comparisons as tables and plain data, with signatures and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readout.benchmark.folds import Folds
from readout.benchmark.scoring.intervals import LEVEL
from readout.benchmark.scoring.measures import ACCURACY, Measure
from readout.benchmark.scoring.scores import (
    AdjustedComparison,
    Score,
    rank_scores,
    slice_items,
)
from readout.benchmark.scoring.statistics import (
    MAX_LISTED_CLUSTERS,
    MAX_LISTED_UNITS,
    Rank,
    TestResult,
    count_resamples,
    smallest_p,
)
from readout.report.tables import (
    Report,
    Table,
    format_difference,
    format_number,
    format_p,
    format_score,
    round_bounds,
    round_number,
)

# ---------------------------------------------------------------- scores


def report_score(score: Score, folds: Folds | None = None) -> Report:
    """Return the report of one system on one task."""
    rows = [_measure_row(score, measure) for measure in score.measures]
    title = f"{score.name}: {score.task.name}, folds by {score.folds}"
    columns = ("measure", "on these texts", "on texts like these", "resampled events")
    tables = [Table(title, columns, rows)]
    slices = slice_items(score, folds)
    for name, values in slices.items():
        tables.append(_slice_table(score, name, values))
    return Report(tuple(list_notes(score)), tuple(tables), _score_json(score, slices))


def _measure_row(score: Score, measure: Measure) -> tuple[str, str, str, str]:
    mark = " *" if score.is_undefined(measure) else ""
    return (
        measure.name + mark,
        format_score(score.on_these_texts(measure)),
        format_score(score.on_texts_like_these(measure)),
        _format_resamples(score, measure),
    )


def _format_resamples(score: Score, measure: Measure) -> str:
    found = score.resamples(measure)
    return f"[{', '.join(map(format_number, found.interval))}]" if found else "–"


def _slice_table(score: Score, name: str, values: Mapping[str, list[int]]) -> Table:
    measures = _slice_measures(score)
    rows = []
    for value, positions in values.items():
        cells = [_format_slice(score, measure, positions) for measure in measures]
        rows.append((value, len(positions), *cells))
    return Table(f"By {name}", (name, "items", *(measure.name for measure in measures)), rows)


def _format_slice(score: Score, measure: Measure, positions: list[int]) -> str:
    rows = score.rows[positions]
    mark = " *" if score.is_undefined(measure, rows) else ""
    return format_number(score.value(measure, rows)) + mark


def _slice_measures(score: Score) -> tuple[Measure, ...]:
    if score.task.shape == "label" and score.official != ACCURACY:
        return (score.official, ACCURACY)
    return (score.official,)


def list_notes(score: Score) -> list[str]:
    """Return the notes that belong to the numbers of a system."""
    items, events = len(score.items), len(score.clusters)
    units = f"{items} items and over {events} events"
    if score.sums.targets is not None:
        units = f"{units}, and over events and {len(score.sums.targets)} targets at once"
    like_these = (
        f"On texts like these: the widest of the intervals over {units} "
        "(jackknife, Student's t; two-way clustering as in Cameron, Gelbach and Miller 2011)."
    )
    notes = [
        f"Signature: {score.signature}",
        f"On these texts: intervals over the {items} items; they do not extend to other events.",
        like_these,
    ]
    if items == events:
        notes.append("Each event has one item, so both intervals rest on the same few numbers.")

    unscored = score.asked - items
    if unscored:
        notes.append(
            f"{unscored} more items have no gold answer, because the text does not settle it. "
            "They count nowhere."
        )
    if 1 < events <= MAX_LISTED_CLUSTERS:
        number = f"{count_resamples(events):,}"
        notes.append(
            f"Resampled events: the middle 95 % of all {number} distinct resamples, "
            "which are enumerated and not drawn."
        )
    return [*notes, *_list_answer_notes(score)]


def _list_answer_notes(score: Score) -> list[str]:
    """Return the notes on 0/0, on abstentions, and on predictions that equal gold."""
    notes = []
    undefined = [measure.name for measure in score.measures if score.is_undefined(measure)]
    if undefined:
        names = ", ".join(undefined)
        notes.append(
            f"0/0 counts as 0 in {names}: some class occurs neither in gold nor in the predictions."
        )
    if score.task.shape == "label":
        notes.append(
            "An asterisk marks values that contain 0/0: "
            "some class occurs neither in gold nor in the predictions."
        )

    abstained = len(score.items) - score.total("answered")
    if abstained:
        notes.append(
            f"The system abstains on {abstained} of {len(score.items)} items; they count as wrong."
        )

    if score.is_gold:
        notes.append("The predictions are gold: this score is an upper bound, or gold has leaked.")
    return notes


def score_to_json(score: Score, folds: Folds | None = None) -> dict[str, Any]:
    """Return a score as plain data: its measures with both intervals, its slices and its counts."""
    return _score_json(score, slice_items(score, folds))


def _score_json(score: Score, found: Mapping[str, Mapping[str, list[int]]]) -> dict[str, Any]:
    slices = {}
    for name, values in found.items():
        slices[name] = {value: _slice_json(score, positions) for value, positions in values.items()}
    return {
        "system": score.name,
        "task": score.task.name,
        "folds": score.folds,
        "signature": score.signature,
        "items": len(score.items),
        "clusters": len(score.clusters),
        "official": score.official.name,
        "measures": {measure.name: _measure_json(score, measure) for measure in score.measures},
        "counts": {column: score.total(column) for column in score.columns},
        "slices": slices,
    }


def _measure_json(score: Score, measure: Measure) -> dict[str, Any]:
    found = score.resamples(measure)
    return {
        "value": round_number(score.value(measure)),
        "undefined": score.is_undefined(measure),
        "on_these_texts": round_bounds(score.on_these_texts(measure)),
        "on_texts_like_these": round_bounds(score.on_texts_like_these(measure)),
        "resampled_events": [round_number(bound) for bound in found.interval] if found else None,
    }


def _slice_json(score: Score, positions: list[int]) -> dict[str, Any]:
    rows = score.rows[positions]
    measures = _slice_measures(score)
    values = {measure.name: round_number(score.value(measure, rows)) for measure in measures}
    return {
        "items": len(positions),
        **values,
        "undefined": [measure.name for measure in measures if score.is_undefined(measure, rows)],
    }


# ---------------------------------------------------------------- comparisons


def report_comparisons(scores: Sequence[Score], found: Sequence[AdjustedComparison]) -> Report:
    """Return the report of the comparisons of every two systems."""
    tables = (_these_texts_table(found), _texts_like_these_table(found), _rank_table(scores, found))
    signature = f"Signature: {scores[0].signature}"
    notes = _list_comparison_notes(scores[0], found)
    data = {
        "signature": scores[0].signature,
        "notes": notes,
        "scores": {score.name: round_number(score.value()) for score in scores},
        "comparisons": [comparison_json(each) for each in found],
    }
    return Report((signature, *notes), tables, data)


def _these_texts_table(found: Sequence[AdjustedComparison]) -> Table:
    rows = []
    for each in found:
        result = each.comparison.these_texts
        rows.append(
            (
                _name_pair(each),
                format_difference(result.difference),
                format_p(result.permutation.p),
                format_p(each.permutation),
                format_p(result.mcnemar),
                format_p(each.mcnemar),
            )
        )
    columns = ("difference of", "value", "permutation p", "Holm", "McNemar p", "Holm")
    return Table("On these texts", columns, rows)


def _texts_like_these_table(found: Sequence[AdjustedComparison]) -> Table:
    rows = []
    for each in found:
        result = each.comparison.texts_like_these
        rows.append(
            (
                _name_pair(each),
                format_difference(result.difference),
                format_p(result.swap.p),
                format_p(result.swap.smallest),
                format_p(each.swap),
                format_number(result.detectable),
                format_number(result.icc),
            )
        )
    columns = (
        "difference of",
        "value",
        "swap p",
        "smallest possible",
        "Holm",
        "detectable at 80 %",
        "ICC",
    )
    return Table("On texts like these", columns, rows)


def _name_pair(each: AdjustedComparison) -> str:
    return f"{each.comparison.first} − {each.comparison.second}"


def _list_comparison_notes(score: Score, found: Sequence[AdjustedComparison]) -> list[str]:
    notes = []
    official = score.official
    if score.task.shape == "label" and official != ACCURACY:
        notes.append(f"McNemar's test compares accuracies; all other numbers are {official.name}.")

    events = len(score.clusters)
    notes += list_limits(events, len(found))
    smallest = [each.comparison.texts_like_these.swap.smallest for each in found]
    if any(p > smallest_p(events) for p in smallest):
        notes.append(
            "Some systems have equal counts in some events. Such events do not count for the "
            "swap test, so the smallest possible p of these systems is larger."
        )
    return notes


def _rank_table(scores: Sequence[Score], found: Sequence[AdjustedComparison]) -> Table:
    these_texts = rank_scores(scores, found, lambda each: each.permutation)
    texts_like_these = rank_scores(scores, found, lambda each: each.swap)
    ranked = list(zip(scores, these_texts, texts_like_these, strict=True))
    ranked.sort(key=lambda row: (-row[0].value(), row[0].name))

    rows = []
    for score, near, far in ranked:
        ranks = (format_rank_range(near), near.group, format_rank_range(far), far.group)
        rows.append((score.name, format_number(score.value()), *ranks))
    columns = (
        "system",
        scores[0].official.name,
        "ranks on these texts",
        "tie group",
        "ranks on like texts",
        "tie group",
    )
    return Table("Ranks that the tests allow", columns, rows)


def format_rank_range(rank: Rank) -> str:
    """Return ``2–5``, or ``2`` if the tests allow only one rank."""
    return str(rank.best) if rank.best == rank.worst else f"{rank.best}–{rank.worst}"


def list_limits(events: int, comparisons: int = 1) -> list[str]:
    """Return three sentences on what scores over a number of events allow one to claim.

    ``comparisons`` is the number of p values that are adjusted together.
    """
    smallest = smallest_p(events)
    adjusted = min(1.0, smallest * comparisons)
    corrected = ""
    if comparisons > 1:
        corrected = f"after Holm's correction for {comparisons} comparisons "
    here = (
        "These scores show which systems answer these items better, "
        "as far as the intervals and tests on these texts tell them apart."
    )
    if adjusted >= LEVEL:
        beyond = (
            "These scores do not show that a system is better on texts like these: over "
            f"{events} events, the smallest possible p of the swap test is {format_p(smallest)}, "
            f"so {corrected}no difference, however large, can be significant at .05."
        )
        needed = find_needed_events(comparisons)
        when = f"That takes at least {needed} events" if needed else "That takes fewer comparisons"
        more = (
            f"{when}; until then, an interval that excludes 0 is no "
            "substitute, because a few events cannot show how scores are distributed over events."
        )
        return [here, beyond, more]

    beyond = (
        "On texts like these, a system may be called better if the swap test, adjusted by Holm's "
        "procedure, gives a p below .05."
    )
    more = f"Over {events} events, the smallest possible p is {format_p(smallest)}."
    if corrected:
        more = f"{more.rstrip('.')}, and {corrected}it is {format_p(adjusted)}."
    return [here, beyond, more]


def find_needed_events(comparisons: int) -> int | None:
    """Return the least number of events for which a swap test can be significant at .05.

    ``comparisons`` is the number of p values that are adjusted together. Return None if no number
    of events is enough, because the test draws its swaps.
    """
    for events in range(2, MAX_LISTED_UNITS + 2):
        if smallest_p(events) * comparisons < LEVEL:
            return events
    return None


def comparison_json(each: AdjustedComparison) -> dict[str, Any]:
    """Return a comparison as plain data."""
    near, far = each.comparison.these_texts, each.comparison.texts_like_these
    return {
        "first": each.comparison.first,
        "second": each.comparison.second,
        "measure": each.comparison.measure,
        "difference": round_number(near.difference.value),
        "on_these_texts": {
            "interval": round_bounds(near.difference),
            "permutation": _test_json(near.permutation, each.permutation),
            "mcnemar": {"p": round_number(near.mcnemar), "holm": round_number(each.mcnemar)},
        },
        "on_texts_like_these": {
            "interval": round_bounds(far.difference),
            "swap": _test_json(far.swap, each.swap),
            "detectable_at_80_percent": round_number(far.detectable),
            "icc": round_number(far.icc),
        },
    }


def _test_json(test: TestResult, adjusted: float) -> dict[str, Any]:
    return {
        "p": round_number(test.p),
        "holm": round_number(adjusted),
        "smallest": round_number(test.smallest),
        "method": test.method,
    }
