"""Say in words what a conflict is about. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from readout.model import SPAN_FIELDS
from readout.workbench.merge.records import SIDES, Conflict, FieldConflict
from readout.workbench.merge.versions import Fields, find_annotation_class, find_key, is_same

_LONGEST = 60
_TITLES = ("name", "label", "title")


def describe_conflict(conflict: Conflict) -> Iterator[str]:
    """Yield sentences about one conflict: the record, then each field with both values."""
    record = describe_record(conflict.record)
    if conflict.fields:
        yield f"{record}: both sides changed it."
        for field in conflict.fields:
            yield f"  {_describe_field(field, conflict)}"
        return

    deleted, other = SIDES if conflict.ours is None else reversed(SIDES)
    if conflict.is_named:
        yield f"{record}: {deleted} deleted it, but another record still names it."
        return
    yield f"{record}: {deleted} deleted it, but {other} changed it."
    if conflict.base is None:
        return
    before = conflict.base.record
    for name in sorted({*before, *conflict.record}):
        if not is_same(before.get(name), conflict.record.get(name)):
            was, now = _show(before.get(name)), _show(conflict.record.get(name))
            yield f"  {name}: it was {was}; {other} has {now}"


def _describe_field(field: FieldConflict, conflict: Conflict) -> str:
    values = f"ours has {_show(field.ours)}, theirs has {_show(field.theirs)}"
    if conflict.base is None:
        return f"{field.name}: {values}"
    return f"{field.name}: it was {_show(field.base)}; {values}"


def describe_record(record: Fields) -> str:
    """Return the type of a record, its id and its words, such as ``mention 'm-1' (“he”)``."""
    name, identity = find_key(record)
    if name not in ("id", "suggestion", ""):
        titles = [record[each] for each in _TITLES if isinstance(record.get(each), str)]
        words = "".join(titles[:1])
        return f"{name.removesuffix('_id')} {identity!r}" + _quote(words)
    if name == "suggestion":
        inner = record.get("annotation")
        return f"suggestion of {describe_record(inner)}" if isinstance(inner, dict) else name

    kind = record.get("type") if isinstance(record.get("type"), str) else "record"
    title = f"{kind} {identity!r}" if name else f"{kind} without an id"
    return title + _quote(_find_words(record))


def _find_words(record: Fields) -> str:
    """Return the words of the first main span of an annotation, or else a reason that it gives."""
    record_class = find_annotation_class(record)
    spans = record.get(SPAN_FIELDS[record_class][0]) if record_class else None
    first = spans[0] if isinstance(spans, list) and spans else spans
    words = first.get("exact") if isinstance(first, dict) else record.get("reason")
    return words if isinstance(words, str) else ""


def _quote(words: str) -> str:
    if not words:
        return ""
    shown = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    return f" (“{shown}”)"


def _show(value: Any) -> str:
    """Return a value on one line; of a span, its words too."""
    if value in (None, []):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(_show, value))
    if isinstance(value, dict) and isinstance(value.get("exact"), str):
        offsets = f"{value['start']}–{value['end']} " if {"start", "end"} <= {*value} else ""
        return offsets + _quote(value["exact"]).strip(" ()")
    if isinstance(value, dict):
        return ", ".join(f"{name} {_show(each)}" for name, each in value.items())
    return repr(value)
