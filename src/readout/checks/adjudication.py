"""Rules about how gold came out of the layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from readout.checks.references import may_exist
from readout.corpus import read
from readout.model import (
    FIELD_ROLES,
    Adjudication,
    AnnotatedDocument,
    AnyAnnotation,
    Layer,
    RecordFile,
    Registries,
    main_spans,
)
from readout.problem import (
    Finding,
    Rule,
    nearest,
    rule,
)


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


Signatures: TypeAlias = Mapping[str, Mapping[str, tuple[Any, ...]]]
"""What each annotation of each layer says, by the layer's path and the annotation's id."""


def find_signatures(document: AnnotatedDocument) -> Signatures:
    """Return what the annotations of all layers of a document say."""
    found = {}
    for layer in (document.gold, *document.layers):
        by_id = {record.id: record for record in layer.records}
        found[layer.path] = {name: signature(record, by_id) for name, record in by_id.items()}
    return found


@rule("unknown-item", "reference")
def unknown_item(
    file: RecordFile[Adjudication], document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Every annotation that a decision names exists: in the layer of its annotator, or in gold."""
    layers = {layer.annotator or "": layer for layer in document.layers}
    for index, record in enumerate(file.records):
        for number, side in enumerate(record.items):
            if side.annotator not in layers:
                message = f"There is no layer of {side.annotator!r} for this document."
                yield Finding(
                    message,
                    ("items", number, "annotator"),
                    index,
                    hint=nearest(side.annotator, layers),
                )
                continue
            known = layers[side.annotator].types
            for place, name in enumerate(side.ids):
                if name not in known and not may_exist(name, layers[side.annotator]):
                    message = f"The layer of {side.annotator!r} has no annotation {name!r}."
                    yield Finding(
                        message,
                        ("items", number, "ids", place),
                        index,
                        hint=nearest(name, known) or _REMOVE,
                    )
        for place, name in enumerate(record.gold):
            if name not in document.gold.types and not may_exist(name, document.gold):
                message = f"Gold has no annotation {name!r}."
                yield Finding(
                    message,
                    ("gold", place),
                    index,
                    hint=nearest(name, document.gold.types) or _REMOVE,
                )


_REMOVE = "correct the id, or remove it from the decision."


@rule("unknown-section", "reference")
def unknown_section(
    file: RecordFile[Adjudication], document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Every decision cites a section of the guidelines."""
    for index, record in enumerate(file.records):
        if record.section not in registries.sections:
            message = f"The guidelines have no section {record.section!r}."
            hint = (
                nearest(record.section, registries.sections)
                or f"cite a numbered heading of {read.GUIDELINES}."
            )
            yield Finding(message, ("section",), index, hint=hint)


@rule("unsupported-gold", "guideline")
def unsupported_gold(
    layer: Layer,
    document: AnnotatedDocument,
    adjudication: Sequence[Adjudication],
    said: Signatures,
) -> Iterator[Finding]:
    """A layer has every gold annotation of an adjudicated document, or a decision names it."""
    decided = {name for record in adjudication for name in record.gold}
    supported = {saying for other in document.layers for saying in said[other.path].values()}
    for index, record in enumerate(layer.records):
        if record.id not in decided and said[layer.path][record.id] not in supported:
            message = f"No layer says the same as {record.id!r}, and no decision names it."
            yield Finding(message, ("id",), index, hint=_decision_hint(document, "gold"))


def _decision_hint(document: AnnotatedDocument, where: str) -> str:
    place = f"name it in a record of {document.adjudication.path}, in {where!r}"
    return f"{place}, with the section of the guidelines and the reason."


@rule("unadjudicated", "guideline")
def unadjudicated(
    layer: Layer,
    document: AnnotatedDocument,
    adjudication: Sequence[Adjudication],
    said: Signatures,
) -> Iterator[Finding]:
    """Decisions name every annotation that gold of an adjudicated document lacks or changes."""
    sides = [
        side
        for record in adjudication
        for side in record.items
        if side.annotator == layer.annotator
    ]
    decided = {name for side in sides for name in side.ids}
    golden = set(said[document.gold.path].values())
    for index, record in enumerate(layer.records):
        if record.id not in decided and said[layer.path][record.id] not in golden:
            message = f"Gold does not say the same as {record.id!r}, and no decision names it."
            yield Finding(message, ("id",), index, hint=_decision_hint(document, "items"))


@rule("contradictory-decision", "reference")
def contradictory_decision(
    file: RecordFile[Adjudication], document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """A decision fits what it names.

    All its annotations are of its kind; "neither" names no gold, "merged" and "added" name some;
    "first" and "second" name gold if and only if that side has annotations.
    """
    types = {layer.annotator or "": layer.types for layer in (document.gold, *document.layers)}
    for index, record in enumerate(file.records):
        named = [(side.annotator, name) for side in record.items for name in side.ids]
        named += [("", name) for name in record.gold]
        for annotator, name in named:
            got = types.get(annotator, {}).get(name, record.kind)
            if got != record.kind:
                message = f"The decision is about a {record.kind}, but {name!r} is a {got}."
                hint = "correct the kind of the decision, or the ids that it names."
                yield Finding(message, ("kind",), index, hint=hint)
                break
        if bool(record.gold) != _expects_gold(record):
            what = "names gold" if record.gold else "names no gold"
            message = f"The decision {record.decision!r} {what}, which contradicts its items."
            hint = "correct 'decision', 'gold' or 'items', as the document was adjudicated."
            yield Finding(message, ("decision",), index, hint=hint)


_SIDES = {"first": 0, "second": 1}


def _expects_gold(record: Adjudication) -> bool:
    """Return whether a decision must name an annotation of gold."""
    number = _SIDES.get(record.decision)
    if number is None:
        return record.decision != "neither"
    return number < len(record.items) and bool(record.items[number].ids)


RULES: tuple[Rule, ...] = (unknown_item, unknown_section, contradictory_decision)
