"""Predictions counted against gold: one row of integers an item. Every score is made of sums of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from readout.benchmark.tasks import Item, Task, merge
from readout.model import Span
from readout.text.matching import length, match, overlap

ItemCounts: TypeAlias = dict[str, int]
"""What one item adds, by the name of the column."""

SPAN_COLUMNS = (
    "gold", "pred", "exact", "overlapping", "gold_characters", "pred_characters", "shared_characters",
)  # fmt: skip
TUPLE_COLUMNS = (*SPAN_COLUMNS, "labels", "unpolarised")
QUOTE_COLUMNS = (*SPAN_COLUMNS, "attributed", "with_cue", "with_source", "complete")


def name_columns(task: Task, items: Sequence[Item]) -> tuple[str, ...]:
    """Return the columns of a task's counts: for labels, three a label; for spans, pieces and characters."""
    if task.shape == "label":
        labels = list_classes(task, items)
        return (
            "items",
            "answered",
            "hits",
            *(f"{kind} {label}" for label in labels for kind in ("gold", "pred", "hit")),
        )
    return ("items", "answered", *_COUNTERS[task.shape][0])


def list_classes(task: Task, items: Sequence[Item]) -> tuple[str, ...]:
    """Return the classes that scores are made for: the task's labels, or where they are open those of gold."""
    return task.labels or tuple(sorted({item.gold for item in items}))


def count_item(task: Task, item: Item, prediction: Any) -> ItemCounts:
    """Return the counts of one item. A prediction of None is an answer that is wrong, or finds nothing."""
    counts = {"items": 1, "answered": int(prediction is not None)}
    if task.shape == "label":
        return {**counts, **_count_label(item.gold, prediction)}
    return {**counts, **_COUNTERS[task.shape][1](item.gold, prediction or [])}


def _count_label(gold: str, pred: str | None) -> ItemCounts:
    counts = {f"gold {gold}": 1, "hits": int(gold == pred), f"hit {gold}": int(gold == pred)}
    return counts if pred is None else {**counts, f"pred {pred}": 1}


# ---------------------------------------------------------------- spans

Agreement: TypeAlias = Callable[[Any, Any], bool]


def to_spans(offsets: Iterable[Sequence[int]]) -> list[Span]:
    """Return ``[start, end]`` lists as disjoint spans: characters that are given twice count once."""
    spans = (Span(start, end, "") for start, end in offsets)
    return [Span(start, end, "") for start, end in merge(spans)]


def is_overlapping(gold: Sequence[Span], pred: Sequence[Span]) -> bool:
    """Tell whether the characters of two sets of spans have an intersection over union of at least one half."""
    shared = overlap(gold, pred)
    return shared > 0 and 3 * shared >= length(gold) + length(pred)


def count_pairs(gold: Sequence[Any], pred: Sequence[Any], agree: Agreement) -> int:
    """Return the largest number of one-to-one pairs that agree."""
    return len(match(gold, pred, lambda a, b: float(agree(a, b))))


def _count_spans(gold: Sequence[Sequence[int]], pred: Sequence[Sequence[int]]) -> ItemCounts:
    ours, theirs = to_spans(gold), to_spans(pred)
    pieces = [[Span(start, end, "")] for start, end in gold], [[Span(start, end, "")] for start, end in pred]
    return {
        "gold": len(gold),
        "pred": len(pred),
        "exact": count_pairs(*pieces, lambda a, b: a == b),
        "overlapping": count_pairs(*pieces, is_overlapping),
        "gold_characters": length(ours),
        "pred_characters": length(theirs),
        "shared_characters": overlap(ours, theirs),
    }


def _count_objects(gold: Sequence[Any], pred: Sequence[Any], same: Agreement) -> ItemCounts:
    """Return the span columns of objects whose ``spans`` are compared where ``same`` allows it."""
    shared = match(gold, pred, lambda a, b: overlap(a["spans"], b["spans"]) if same(a, b) else 0)
    return {
        "gold": len(gold),
        "pred": len(pred),
        "exact": count_pairs(gold, pred, lambda a, b: same(a, b) and a["spans"] == b["spans"]),
        "overlapping": count_pairs(gold, pred, lambda a, b: same(a, b) and is_overlapping(a["spans"], b["spans"])),
        "gold_characters": sum(length(each["spans"]) for each in gold),
        "pred_characters": sum(length(each["spans"]) for each in pred),
        "shared_characters": sum(overlap(gold[i]["spans"], pred[j]["spans"]) for i, j in shared),
    }


def _agree(*names: str) -> Agreement:
    return lambda a, b: all(a[name] == b[name] for name in names)


def _count_tuples(gold: Sequence[Any], pred: Sequence[Any]) -> ItemCounts:
    ours, theirs = ([{**each, "spans": to_spans(each["evidence"])} for each in side] for side in (gold, pred))
    same, paired = _agree("holder", "target", "polarity"), _agree("holder", "target")
    return {
        **_count_objects(ours, theirs, same),
        "labels": count_pairs(ours, theirs, same),
        "unpolarised": count_pairs(ours, theirs, lambda a, b: paired(a, b) and is_overlapping(a["spans"], b["spans"])),
    }


def _count_quotations(gold: Sequence[Any], pred: Sequence[Any]) -> ItemCounts:
    ours, theirs = ([_expand(each) for each in side] for side in (gold, pred))

    def near(*names: str) -> Agreement:
        return lambda a, b: (
            is_overlapping(a["spans"], b["spans"])
            and all(a[name] == b[name] or is_overlapping(a[name], b[name]) for name in names)
        )

    speaker = _agree("speaker")
    return {
        **_count_objects(ours, theirs, lambda a, b: True),
        "attributed": count_pairs(ours, theirs, lambda a, b: speaker(a, b) and near()(a, b)),
        "with_cue": count_pairs(ours, theirs, near("cue")),
        "with_source": count_pairs(ours, theirs, near("source")),
        "complete": count_pairs(ours, theirs, _agree("spans", "cue", "source", "speaker")),
    }


def _expand(quote: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "speaker": quote["speaker"],
        "spans": to_spans(quote["content"]),
        "cue": to_spans(quote["cue"]),
        "source": to_spans([quote["source"]] if quote["source"] else []),
    }


_COUNTERS: Mapping[str, tuple[tuple[str, ...], Callable[[Any, Any], ItemCounts]]] = {
    "spans": (SPAN_COLUMNS, _count_spans),
    "tuples": (TUPLE_COLUMNS, _count_tuples),
    "quotations": (QUOTE_COLUMNS, _count_quotations),
}
