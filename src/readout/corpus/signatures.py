"""What annotations say, in a form that can be compared and hashed. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from readout.model import FIELD_ROLES, AnnotatedDocument, AnyAnnotation, Layer, main_spans


def signature(annotation: AnyAnnotation, layer: Mapping[str, AnyAnnotation]) -> tuple[Any, ...]:
    """Return the content of an annotation without its id: type, labels, spans, references.

    Notes and statement ids are left out. A reference counts as the same where it leads to the same
    starting point, so that a quote whose end is disputed does not make its stances disputed too.
    """
    values: list[Any] = [type(annotation).__name__]
    for name, role in FIELD_ROLES[type(annotation)].items():
        value = getattr(annotation, name)
        if role.kind == "spans":
            spans = value if role.many else (value,)
            values.append(tuple((span.start, span.end) for span in spans))
        elif role.kind == "annotation":
            values.append(main_spans(layer[value])[0].start if value in layer else None)
        elif role.kind in ("entry", "label"):
            values.append(tuple(sorted(value)) if role.many else value)
    return tuple(values)


def sign_layer(layer: Layer) -> Mapping[str, tuple[Any, ...]]:
    """Return the signature of each annotation of a layer, by id. It is made once per layer."""
    # The layer keeps it as it keeps its cached properties, which the model cannot compute here.
    kept = vars(layer)
    if "signatures" not in kept:
        by_id = {record.id: record for record in layer.records}
        kept["signatures"] = {name: signature(record, by_id) for name, record in by_id.items()}
    found: Mapping[str, tuple[Any, ...]] = kept["signatures"]
    return found


def hash_annotation(annotation: AnyAnnotation, layer: Mapping[str, AnyAnnotation]) -> str:
    """Return the SHA-256 of what an annotation says, which is its :func:`signature`."""
    return sha256(msgspec.json.encode(signature(annotation, layer))).hexdigest()


def hash_layer(layer: Layer) -> dict[str, str]:
    """Return the hash of what each annotation of a layer says, by id."""
    return {name: hash_annotation(each, layer.by_id) for name, each in layer.by_id.items()}


def hash_gold(documents: Iterable[AnnotatedDocument]) -> str:
    """Return the SHA-256 of what the gold annotations of some documents say, in any order."""
    lines = []
    for document in documents:
        for name, said in hash_layer(document.gold).items():
            lines.append(f"{document.meta.doc_id} {name} {said}\n")
    return sha256("".join(sorted(lines)).encode()).hexdigest()
