"""Count predictions against gold: one row of integers per item. Every score is a sum of rows.

Items whose gold is None are asked and not scored: they have no counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from readout.benchmark.questions.items import merge_spans
from readout.benchmark.tasks import Task
from readout.model import Item, Span
from readout.text.matching import length, match, overlap

ItemCounts: TypeAlias = dict[str, int]
"""The counts of one item, by the name of the column; columns that are absent count 0."""

SPAN_COLUMNS = (
    "gold",
    "pred",
    "exact",
    "overlapping",
    "gold_characters",
    "pred_characters",
    "shared_characters",
)
TUPLE_COLUMNS = (*SPAN_COLUMNS, "labels", "unpolarised")
QUOTE_COLUMNS = (*SPAN_COLUMNS, "attributed", "with_cue", "with_source", "complete")


def name_columns(task: Task, items: Sequence[Item]) -> tuple[str, ...]:
    """Return the columns of a task's counts.

    Tasks with labels have three columns per label, and two per family of swap groups; the others
    count spans and characters.
    """
    if task.shape != "label":
        columns, _ = _COUNTERS[task.shape]
        return ("items", "answered", *columns)

    labels, families = list_classes(task, items), list_families(items)
    per_label = [f"{kind} {label}" for label in labels for kind in ("gold", "pred", "hit")]
    per_family = [f"{kind} {family}" for family in families for kind in ("groups", "pairs")]
    return ("items", "answered", "hits", *per_label, *per_family)


def list_classes(task: Task, items: Sequence[Item]) -> tuple[str, ...]:
    """Return the classes to score: the task's labels, or those of gold if the labels are open."""
    return task.labels or tuple(sorted({item.gold for item in items if item.gold is not None}))


def list_families(items: Sequence[Item]) -> tuple[str, ...]:
    """Return the families of swap groups that the items name, in alphabetical order."""
    return tuple(sorted({family for item in items for family in item.swap}))


def count_item(task: Task, item: Item, prediction: Any) -> ItemCounts:
    """Return the counts of one item.

    A prediction of None counts as a wrong label, or as an empty list of answers. The columns of
    swap groups are those of :func:`count_groups`.
    """
    if item.gold is None:
        return {}
    counts = {"items": 1, "answered": int(prediction is not None)}
    if task.shape == "label":
        return {**counts, **_count_label(item.gold, prediction)}

    _, count = _COUNTERS[task.shape]
    return {**counts, **count(item.gold, prediction or [])}


def _count_label(gold: str, pred: str | None) -> ItemCounts:
    hit = int(gold == pred)
    counts = {f"gold {gold}": 1, "hits": hit, f"hit {gold}": hit}
    if pred is not None:
        counts[f"pred {pred}"] = 1
    return counts


def count_groups(item: Item, right: Mapping[str, bool]) -> ItemCounts:
    """Return the counts of the swap groups that an item leads.

    ``right`` says of every scored item whether its answer is right. A group is the item and its
    partner of one family, and counts as a pair if both are right.
    """
    counts = {}
    for family, partner in item.swap.items():
        counts[f"groups {family}"] = 1
        counts[f"pairs {family}"] = int(right[item.id] and right[partner])
    return counts


# ---------------------------------------------------------------- spans

Agreement: TypeAlias = Callable[[Any, Any], bool]


def to_spans(offsets: Iterable[Sequence[int]]) -> list[Span]:
    """Return ``[start, end]`` lists as disjoint spans, so that no character counts twice."""
    spans = [Span(start, end, "") for start, end in offsets]
    return [Span(start, end, "") for start, end in merge_spans(spans)]


def is_overlapping(gold: Sequence[Span], pred: Sequence[Span]) -> bool:
    """Return whether two sets of spans overlap by at least one half.

    The overlap is the intersection over union of their characters.
    """
    shared = overlap(gold, pred)
    # With the union u = gold + pred − shared, shared / u ≥ 1/2 is the same as this.
    return shared > 0 and 3 * shared >= length(gold) + length(pred)


def count_pairs(gold: Sequence[Any], pred: Sequence[Any], agree: Agreement) -> int:
    """Return the largest number of one-to-one pairs that agree."""
    return len(match(gold, pred, lambda a, b: float(agree(a, b))))


def _count_spans(gold: Sequence[Sequence[int]], pred: Sequence[Sequence[int]]) -> ItemCounts:
    gold_pieces = [[Span(start, end, "")] for start, end in gold]
    pred_pieces = [[Span(start, end, "")] for start, end in pred]
    gold_spans, pred_spans = to_spans(gold), to_spans(pred)
    return {
        "gold": len(gold),
        "pred": len(pred),
        "exact": count_pairs(gold_pieces, pred_pieces, lambda a, b: a == b),
        "overlapping": count_pairs(gold_pieces, pred_pieces, is_overlapping),
        "gold_characters": length(gold_spans),
        "pred_characters": length(pred_spans),
        "shared_characters": overlap(gold_spans, pred_spans),
    }


# ---------------------------------------------------------------- tuples and quotations


def _count_objects(gold: Sequence[Any], pred: Sequence[Any], same: Agreement) -> ItemCounts:
    """Return the span columns of objects; only those for which ``same`` is true are paired."""

    def share(a: Any, b: Any) -> int:
        return overlap(a["spans"], b["spans"]) if same(a, b) else 0

    def is_exact(a: Any, b: Any) -> bool:
        return same(a, b) and a["spans"] == b["spans"]

    def is_near(a: Any, b: Any) -> bool:
        return same(a, b) and is_overlapping(a["spans"], b["spans"])

    # The pairing shares as many characters as possible.
    paired = match(gold, pred, share)
    return {
        "gold": len(gold),
        "pred": len(pred),
        "exact": count_pairs(gold, pred, is_exact),
        "overlapping": count_pairs(gold, pred, is_near),
        "gold_characters": sum(length(each["spans"]) for each in gold),
        "pred_characters": sum(length(each["spans"]) for each in pred),
        "shared_characters": sum(overlap(gold[i]["spans"], pred[j]["spans"]) for i, j in paired),
    }


def _agree_on(*names: str) -> Agreement:
    """Return a function that compares two objects by some of their fields."""
    return lambda a, b: all(a[name] == b[name] for name in names)


def _count_tuples(gold: Sequence[Any], pred: Sequence[Any]) -> ItemCounts:
    gold = [{**each, "spans": to_spans(each["evidence"])} for each in gold]
    pred = [{**each, "spans": to_spans(each["evidence"])} for each in pred]
    same_label = _agree_on("holder", "target", "polarity")
    same_pair = _agree_on("holder", "target")

    def is_near(a: Any, b: Any) -> bool:
        return same_pair(a, b) and is_overlapping(a["spans"], b["spans"])

    return {
        **_count_objects(gold, pred, same_label),
        "labels": count_pairs(gold, pred, same_label),
        "unpolarised": count_pairs(gold, pred, is_near),
    }


def _count_quotations(gold: Sequence[Any], pred: Sequence[Any]) -> ItemCounts:
    gold = [_expand_quotation(each) for each in gold]
    pred = [_expand_quotation(each) for each in pred]

    def is_near(a: Any, b: Any) -> bool:
        return is_overlapping(a["spans"], b["spans"])

    def is_attributed(a: Any, b: Any) -> bool:
        return bool(a["speaker"] == b["speaker"]) and is_near(a, b)

    def is_near_with(name: str) -> Agreement:
        # Two quotations without a cue, or without a source, agree in it.
        return lambda a, b: (
            is_near(a, b) and (a[name] == b[name] or is_overlapping(a[name], b[name]))
        )

    return {
        **_count_objects(gold, pred, lambda a, b: True),
        "attributed": count_pairs(gold, pred, is_attributed),
        "with_cue": count_pairs(gold, pred, is_near_with("cue")),
        "with_source": count_pairs(gold, pred, is_near_with("source")),
        "complete": count_pairs(gold, pred, _agree_on("spans", "cue", "source", "speaker")),
    }


def _expand_quotation(quote: Mapping[str, Any]) -> dict[str, Any]:
    source = [quote["source"]] if quote["source"] else []
    return {
        "speaker": quote["speaker"],
        "spans": to_spans(quote["content"]),
        "cue": to_spans(quote["cue"]),
        "source": to_spans(source),
    }


_COUNTERS: Mapping[str, tuple[tuple[str, ...], Callable[[Any, Any], ItemCounts]]] = {
    "spans": (SPAN_COLUMNS, _count_spans),
    "tuples": (TUPLE_COLUMNS, _count_tuples),
    "quotations": (QUOTE_COLUMNS, _count_quotations),
}
