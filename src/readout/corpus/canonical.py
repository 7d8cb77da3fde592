"""The one serialisation of a corpus's JSONL files; ``readout format`` calls it.

Canonical form: one compact JSON object a line, keys in the order of :mod:`readout.model`, default
values left out, annotations sorted by first span, then type, then id, registry entries by id. It is
idempotent.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from readout.model import (
    AnyAnnotation,
    Record,
    annotation_type,
    main_spans,
)


def encode(record: Record) -> bytes:
    """Return the canonical line of a record, without its line feed."""
    return msgspec.json.encode(record)


def annotation_order(annotation: AnyAnnotation) -> tuple[int, int, str, str]:
    """Sort key of annotations: first span, then type, then id."""
    first = main_spans(annotation)[0]
    return first.start, first.end, annotation_type(annotation), annotation.id


def encode_layer(annotations: Iterable[AnyAnnotation]) -> bytes:
    """Return the canonical bytes of an annotation file."""
    return b"".join(
        encode(annotation) + b"\n" for annotation in sorted(annotations, key=annotation_order)
    )


def encode_records(records: Iterable[Record]) -> bytes:
    """Return the canonical bytes of a registry or of ``documents.jsonl``, sorted by id."""
    return b"".join(
        encode(record) + b"\n"
        for record in sorted(
            records, key=lambda record: str(getattr(record, record.__struct_fields__[0]))
        )
    )


# ---------------------------------------------------------------- drafts: ids and offsets that
# people may leave out


# ---------------------------------------------------------------- rules about drafts


# ---------------------------------------------------------------- format
