"""Make the items of tasks: their opaque ids, and the inputs that several tasks share.

Offsets are code points, end excluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from readout.benchmark.questions.instructions import INSTRUCTIONS
from readout.model import AnnotatedDocument, Item, Registries, Span

ID_DIGITS = 12


def make_item(
    task: str,
    document: AnnotatedDocument,
    parts: Sequence[Any],
    inputs: Mapping[str, Any],
    gold: Any,
) -> Item:
    """Return an item. Task, document and ``parts`` name its question, and determine its id."""
    meta = document.meta
    id_ = _hash_question(task, meta.doc_id, parts)
    shown = {"instructions": INSTRUCTIONS[task], **inputs}
    holder, target = inputs.get("holder"), inputs.get("target")
    return Item(id_, task, meta.doc_id, meta.event, holder, target, shown, gold)


def _hash_question(task: str, doc_id: str, parts: Sequence[Any]) -> str:
    """Return an id that does not show what it names, and that no other item changes."""
    raw = msgspec.json.encode([task, doc_id, *parts])
    return sha256(raw).hexdigest()[:ID_DIGITS]


def iter_gold(document: AnnotatedDocument, record_class: type[Any]) -> Iterator[Any]:
    """Yield the gold records of a class."""
    return (record for record in document.gold.records if isinstance(record, record_class))


# ---------------------------------------------------------------- spans


def merge_spans(spans: Iterable[Span]) -> list[list[int]]:
    """Return spans as sorted, disjoint ``[start, end]`` lists; spans that touch become one."""
    merged: list[list[int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def to_offsets(spans: Iterable[Span]) -> list[list[int]]:
    """Return spans as ``[start, end]`` lists."""
    return [[span.start, span.end] for span in spans]


# ---------------------------------------------------------------- inputs


def show_pair(holder: str, target: str, registries: Registries) -> dict[str, Any]:
    """Return the inputs that describe a holder and a target."""
    speaker = registries.speakers[holder]
    entry = registries.targets[target]
    return {
        "holder": holder,
        "holder_name": speaker.name,
        "holder_kind": speaker.kind,
        "target": target,
        "target_label": entry.label,
        "proposition": entry.proposition,
        "favor_means": entry.favor_means,
        "against_means": entry.against_means,
    }


def show_document(document: AnnotatedDocument) -> dict[str, Any]:
    """Return the inputs that show a whole document."""
    meta = document.meta
    return {
        "text": document.text,
        "title": meta.title,
        "published": meta.published,
        "outlet": meta.outlet,
    }


def show_speakers(registries: Registries) -> list[dict[str, Any]]:
    """Return the speakers that an answer may name."""
    return [
        {
            "speaker": name,
            "name": entry.name,
            "kind": entry.kind,
            "aliases": list(entry.aliases),
        }
        for name, entry in registries.speakers.items()
    ]


def show_targets(registries: Registries) -> list[dict[str, Any]]:
    """Return the targets that an answer may name."""
    return [
        {"target": name, "label": entry.label, "proposition": entry.proposition}
        for name, entry in registries.targets.items()
    ]
