"""Scores and comparisons as tables and plain data, each with its signature and with what it cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readout.benchmark.folds import Folds
from readout.benchmark.scoring.measures import ACCURACY, Measure
from readout.benchmark.scoring.scores import Adjusted, Score, rank_scores, slice_items
from readout.benchmark.scoring.statistics import (
    DRAWS,
    LISTED_SWAPS,
    RESAMPLED,
    Rank,
    count_resamples,
    smallest_p,
)
from readout.report.intervals import Estimate
from readout.report.tables import (
    Report,
    Table,
    format_difference,
    format_number,
    format_p,
    format_score,
    round_number,
)

LEVEL = 0.05


# ---------------------------------------------------------------- scores


def report_score(score: Score, folds: Folds | None = None) -> Report:
    """Return the report of one system on one task."""
    rows = [
        (
            measure.name + (" *" if score.is_undefined(measure) else ""),
            format_score(score.on_these_texts(measure)),
            format_score(score.on_texts_like_these(measure)),
            _format_resamples(score, measure),
        )
        for measure in score.measures
    ]
    title = f"{score.name}: {score.task.name}, folds by {score.folds}"
    tables = [Table(title, ("measure", "on these texts", "on texts like these", "resampled events"), rows)]
    for name, values in slice_items(score, folds).items():
        tables.append(_slice_table(score, name, values))
    return Report(tuple(list_notes(score)), tuple(tables), score_to_json(score, folds))


def _format_resamples(score: Score, measure: Measure) -> str:
    found = score.resamples(measure)
    return f"[{', '.join(map(format_number, found.interval))}]" if found else "–"


def _slice_table(score: Score, name: str, values: Mapping[str, list[int]]) -> Table:
    shown = _slice_measures(score)
    rows = [
        (value, len(where), *(_slice_value(score, measure, where) for measure in shown))
        for value, where in values.items()
    ]
    return Table(f"By {name}", (name, "items", *(measure.name for measure in shown)), rows)


def _slice_value(score: Score, measure: Measure, where: list[int]) -> str:
    rows = score.rows[where]
    return format_number(score.value(measure, rows)) + (" *" if score.is_undefined(measure, rows) else "")


def _slice_measures(score: Score) -> tuple[Measure, ...]:
    labelled = score.task.shape == "label" and score.official != ACCURACY
    return (score.official, ACCURACY) if labelled else (score.official,)


def list_notes(score: Score) -> list[str]:
    """Return what must be said beside the numbers of a system, one sentence each."""
    events, abstained = len(score.clusters), len(score.items) - score.total("answered")
    notes = [
        f"Signature: {score.signature}",
        f"On these texts: intervals over the {len(score.items)} items; they say nothing about other events.",
        f"On texts like these: intervals over {events} events (jackknife, t with {events - 1} degrees of freedom).",
    ]
    if len(score.items) == events:
        notes.append("Each event is one item here, so both statements rest on the same few numbers.")
    spread = score.on_texts_like_these(score.official)
    if events > 1 and spread.low == spread.high:
        notes.append("All events agree, so the interval is a point; that shows no more than that they agree.")
    if 1 < events <= RESAMPLED:
        number = f"{count_resamples(events):,}"
        notes.append(f"Resampled events: the middle 95 % over all {number} distinct resamples, none drawn at random.")
    if undefined := [measure.name for measure in score.measures if score.is_undefined(measure)]:
        notes.append(f"0/0 counts as 0 in {', '.join(undefined)}: a class neither occurs nor is predicted.")
    if score.task.shape == "label":
        notes.append("An asterisk marks values that hold a 0/0: a class neither occurs there nor is predicted.")
    if abstained:
        notes.append(f"The system abstains on {abstained} of {len(score.items)} items; they count as wrong.")
    if all(item.gold == pred for item, pred in zip(score.items, score.predictions, strict=True)):
        notes.append("The predictions are gold, answer by answer: this is a ceiling, or a leak.")
    return notes


def score_to_json(score: Score, folds: Folds | None = None) -> dict[str, Any]:
    """Return a score as plain data: signature, measures with both intervals, slices, and the counts behind all."""
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
        "slices": {
            name: {value: _slice_json(score, where) for value, where in values.items()}
            for name, values in slice_items(score, folds).items()
        },
    }


def _measure_json(score: Score, measure: Measure) -> dict[str, Any]:
    found = score.resamples(measure)
    return {
        "value": round_number(score.value(measure)),
        "undefined": score.is_undefined(measure),
        "on_these_texts": _bounds(score.on_these_texts(measure)),
        "on_texts_like_these": _bounds(score.on_texts_like_these(measure)),
        "resampled_events": [round_number(bound) for bound in found.interval] if found else None,
    }


def _bounds(estimate: Estimate) -> list[float | None]:
    return [round_number(estimate.low), round_number(estimate.high)]


def _slice_json(score: Score, where: list[int]) -> dict[str, Any]:
    rows = score.rows[where]
    shown = _slice_measures(score)
    values = {measure.name: round_number(score.value(measure, rows)) for measure in shown}
    return {
        "items": len(where),
        **values,
        "undefined": [measure.name for measure in shown if score.is_undefined(measure, rows)],
    }


# ---------------------------------------------------------------- comparisons


def report_comparisons(scores: Sequence[Score], found: Sequence[Adjusted]) -> Report:
    """Return the report of the comparisons of every two systems."""
    pairs = [f"{each.comparison.first} − {each.comparison.second}" for each in found]
    near = [
        (
            pair,
            format_difference(each.comparison.these_texts.difference),
            format_p(each.comparison.these_texts.permutation.p),
            format_p(each.permutation),
            format_p(each.comparison.these_texts.mcnemar),
            format_p(each.mcnemar),
        )
        for pair, each in zip(pairs, found, strict=True)
    ]
    far = [
        (
            pair,
            format_difference(each.comparison.texts_like_these.difference),
            format_p(each.comparison.texts_like_these.swap.p),
            format_p(each.comparison.texts_like_these.swap.smallest),
            format_p(each.swap),
            format_number(each.comparison.texts_like_these.detectable),
            format_number(each.comparison.texts_like_these.icc),
        )
        for pair, each in zip(pairs, found, strict=True)
    ]
    tables = (
        Table("On these texts", ("difference of", "value", "permutation p", "Holm", "McNemar p", "Holm"), near),
        Table(
            "On texts like these",
            ("difference of", "value", "swap p", "smallest possible", "Holm", "detectable at 80 %", "ICC"),
            far,
        ),
        _rank_table(scores, found),
    )
    notes = [f"Signature: {scores[0].signature}"]
    if scores[0].task.shape == "label" and scores[0].official != ACCURACY:
        notes.append(f"McNemar's test compares accuracies; all else is about {scores[0].official.name}.")
    events = len(scores[0].clusters)
    notes += list_limits(events, len(found))
    if any(each.comparison.texts_like_these.swap.smallest > smallest_p(events) for each in found):
        notes.append(
            "An event that two systems answer with equal counts cannot tell them apart: their smallest p is larger."
        )
    data = {
        "signature": scores[0].signature,
        "notes": notes[1:],
        "scores": {score.name: round_number(score.value()) for score in scores},
        "comparisons": [comparison_json(each) for each in found],
    }
    return Report(tuple(notes), tables, data)


def _rank_table(scores: Sequence[Score], found: Sequence[Adjusted]) -> Table:
    near = rank_scores(scores, found, lambda each: each.permutation)
    far = rank_scores(scores, found, lambda each: each.swap)
    rows = [
        (score.name, format_number(score.value()), _rank_range(a), a.group, _rank_range(b), b.group)
        for score, a, b in sorted(zip(scores, near, far, strict=True), key=lambda row: (-row[0].value(), row[0].name))
    ]
    columns = (
        "system",
        scores[0].official.name,
        "ranks on these texts",
        "tie group",
        "ranks on like texts",
        "tie group",
    )
    return Table("Ranks that the tests leave open", columns, rows)


def _rank_range(found: Rank) -> str:
    return str(found.best) if found.best == found.worst else f"{found.best}–{found.worst}"


def list_limits(events: int, comparisons: int = 1) -> list[str]:
    """Return what a number of events allows the swap test to say, one sentence each."""
    smallest = smallest_p(events)
    cases = f"{2**events} cases" if events <= LISTED_SWAPS else f"{DRAWS:,} cases of very many"
    known = f"With {events} events, the swap test looks at {cases} and its smallest possible p is {format_p(smallest)}"
    if smallest >= LEVEL:
        said = f"{known}: on texts like these no difference, however large, can be significant at .05."
        doubt = (
            "An interval over events may leave out 0 all the same: it assumes a normal spread, which few cannot show."
        )
        return [f"{said} A claim of superiority beyond these texts is not supported by this corpus.", doubt]
    if smallest * comparisons >= LEVEL:
        return [f"{known}: after Holm's correction for {comparisons} comparisons none can be significant at .05."]
    return [f"{known}."]


def comparison_json(each: Adjusted) -> dict[str, Any]:
    """Return a comparison as plain data."""
    near, far = each.comparison.these_texts, each.comparison.texts_like_these
    return {
        "first": each.comparison.first,
        "second": each.comparison.second,
        "measure": each.comparison.measure,
        "difference": round_number(near.difference.value),
        "on_these_texts": {
            "interval": _bounds(near.difference),
            "permutation": _test_json(near.permutation, each.permutation),
            "mcnemar": {"p": round_number(near.mcnemar), "holm": round_number(each.mcnemar)},
        },
        "on_texts_like_these": {
            "interval": _bounds(far.difference),
            "swap": _test_json(far.swap, each.swap),
            "detectable_at_80_percent": round_number(far.detectable),
            "icc": round_number(far.icc),
        },
    }


def _test_json(test: Any, adjusted: float) -> dict[str, Any]:
    smallest, p = round_number(test.smallest), round_number(test.p)
    return {"p": p, "holm": round_number(adjusted), "smallest": smallest, "method": test.method}
