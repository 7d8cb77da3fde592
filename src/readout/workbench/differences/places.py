"""List the differences between gold and layers, place by place. No I/O.

A place is what annotations of one type that overlap say. Annotations of several layers that say the
same are one variant there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from readout.checks.adjudication import (
    find_adjudicated,
    find_differences,
    find_extent,
    find_signatures,
    group_by_place,
    iter_about,
)
from readout.corpus.refs import Ref, parse_ref
from readout.model import (
    FIELD_ROLES,
    AnnotatedDocument,
    AnnotationType,
    AnyAnnotation,
    Decision,
    Layer,
    Span,
    annotation_type,
    main_spans,
)
from readout.problem import RefusedError, as_sentence, nearest


class Variant(msgspec.Struct, frozen=True):
    """What some annotations at a place say: their references, and the words of each field.

    ``to_decide`` are the references that need a decision and have none. ``gold`` tells whether gold
    says it, and ``layers`` are the annotators who say it.
    """

    gold: bool
    layers: tuple[str, ...]
    refs: tuple[str, ...]
    to_decide: tuple[str, ...]
    fields: Mapping[str, str]


class Place(msgspec.Struct, frozen=True):
    """Annotations of one type that overlap, of which some differ.

    ``same`` are the fields in which all variants agree, ``differ`` the names of the others. The
    variants have only the latter. ``silent`` are the annotators who have nothing here; None is
    gold. ``decisions`` are those about the references of the variants.
    """

    document: str
    type: AnnotationType
    start: int
    end: int
    same: Mapping[str, str]
    differ: tuple[str, ...]
    variants: tuple[Variant, ...]
    silent: tuple[str | None, ...]
    decisions: tuple[Decision, ...]


class _Item(NamedTuple):
    """An annotation at a place: its reference, its layer by id, and what it says."""

    ref: Ref
    annotation: AnyAnnotation
    by_id: Mapping[str, AnyAnnotation]
    saying: tuple[Any, ...]


def list_places(
    documents: Iterable[AnnotatedDocument],
    annotators: Collection[str] = (),
    with_decided: bool = False,
) -> list[Place]:
    """Return the places at which gold and some layers differ, in text order.

    The layers are those of the named annotators, or else the adjudicated ones. Places at which
    every difference is decided are left out, unless ``with_decided``.

    Raises:
        RefusedError: no document has a layer of a named annotator.

    """
    known: set[str] = set()
    places: list[Place] = []
    for document in documents:
        known.update(layer.annotator or "" for layer in document.layers)
        layers = find_adjudicated(document)
        if annotators:
            layers = [layer for layer in document.layers if layer.annotator in annotators]
        found = _iter_places(document, layers)
        places += [place for place in found if with_decided or _is_open(place)]

    require_layers(annotators, known)
    return places


def require_layers(annotators: Iterable[str], known: Collection[str]) -> None:
    """Refuse a name that is not among the annotators who have a layer.

    Raises:
        RefusedError: there is such a name.

    """
    for name in annotators:
        if name not in known:
            hint = as_sentence(nearest(name, known))
            raise RefusedError(f"There is no layer of {name!r}. {hint}".strip())


def _is_open(place: Place) -> bool:
    return any(variant.to_decide for variant in place.variants)


def _iter_places(document: AnnotatedDocument, layers: Sequence[Layer]) -> Iterator[Place]:
    """Yield the places of one document at which gold and some layers differ."""
    said = find_signatures(document)
    differences = find_differences(document, layers, said)
    disputed = {ref.id for ref in differences if ref.annotator is None}
    golden = {said[document.gold.path][name] for name in disputed}
    items = []
    for layer in (document.gold, *layers):
        by_id = {record.id: record for record in layer.records}
        for name, record in by_id.items():
            # What a layer says as gold does is a side of the difference too.
            item = _Item(Ref(layer.annotator, name), record, by_id, said[layer.path][name])
            if item.ref in differences or item.saying in golden:
                items.append(item)

    decided: dict[Ref, list[int]] = {}
    for ref, index, _ in iter_about(document.adjudication):
        decided.setdefault(ref, []).append(index)
    groups = group_by_place(items, attrgetter("annotation"))
    for group in sorted(groups, key=_find_extent):
        yield _build_place(document, layers, group, decided)


def _find_extent(items: Sequence[_Item]) -> tuple[int, int]:
    starts, ends = zip(*[find_extent(item.annotation) for item in items], strict=True)
    return min(starts), max(ends)


def _build_place(
    document: AnnotatedDocument,
    layers: Sequence[Layer],
    items: list[_Item],
    decided: Mapping[Ref, Sequence[int]],
) -> Place:
    """Return the place at which some annotations of one subject are.

    ``decided`` has the numbers of the decisions about each reference.
    """
    by_saying: dict[tuple[Any, ...], list[_Item]] = {}
    for item in items:
        by_saying.setdefault(item.saying, []).append(item)
    sides = list(by_saying.values())
    fields = [_describe_fields(side[0]) for side in sides]
    names = [name for name in fields[0] if any(each[name] != _NOTHING for each in fields)]
    same = {name: fields[0][name] for name in names if _is_shared(name, fields)}
    differ = tuple([name for name in names if name not in same])

    variants = []
    for side, described in zip(sides, fields, strict=True):
        own = {name: described[name] for name in differ}
        variants.append(_build_variant(side, own, decided))
    variants.sort(key=lambda variant: not variant.gold)

    speaking = {item.ref.annotator for item in items}
    asked = (None, *[layer.annotator for layer in layers])
    numbers: set[int] = set()
    for variant in variants:
        for text in variant.refs:
            numbers.update(decided.get(parse_ref(text), ()))
    start, end = _find_extent(items)
    return Place(
        document=document.meta.doc_id,
        type=annotation_type(items[0].annotation),
        start=start,
        end=end,
        same=same,
        differ=differ,
        variants=tuple(variants),
        silent=tuple([name for name in asked if name not in speaking]),
        decisions=tuple([document.adjudication.records[number] for number in sorted(numbers)]),
    )


def _is_shared(name: str, fields: Sequence[Mapping[str, str]]) -> bool:
    return len({each[name] for each in fields}) == 1


def _build_variant(
    side: Sequence[_Item], fields: Mapping[str, str], decided: Collection[Ref]
) -> Variant:
    """Return what some annotations say; gold is named once for itself and the layers that agree."""
    golden = [item.ref for item in side if item.ref.annotator is None]
    refs = golden or [item.ref for item in side]
    layers = [item.ref.annotator for item in side if item.ref.annotator is not None]
    return Variant(
        gold=bool(golden),
        layers=tuple(dict.fromkeys(layers)),
        refs=tuple(map(str, refs)),
        to_decide=tuple([str(ref) for ref in refs if ref not in decided]),
        fields=fields,
    )


def _describe_fields(item: _Item) -> dict[str, str]:
    """Return the fields of an annotation that count, in words; those without a value are a dash."""
    described = {}
    for name, role in FIELD_ROLES[type(item.annotation)].items():
        value = getattr(item.annotation, name)
        if role.kind == "spans":
            described[name] = _describe_spans(value if role.many else (value,))
        elif role.kind == "annotation":
            other = item.by_id.get(value)
            described[name] = _describe_spans(main_spans(other)[:1]) if other else _NOTHING
        elif role.kind in ("entry", "label"):
            values = sorted(value) if role.many else [value]
            described[name] = ", ".join(values) or _NOTHING
    return described


_NOTHING = "—"
_LONGEST = 120


def _describe_spans(spans: Sequence[Span]) -> str:
    parts = [f"{span.start}–{span.end} “{_shorten(span.exact)}”" for span in spans]
    return ", ".join(parts) or _NOTHING


def _shorten(words: str) -> str:
    """Return words on one line; the middle of long ones is left out, since most differ at ends."""
    words = " ".join(words.split())
    if len(words) <= _LONGEST:
        return words
    half = _LONGEST // 2
    head, tail = words[:half], words[-half:]
    # Cut between words, unless there is no space.
    return f"{head.rpartition(' ')[0] or head} … {tail.partition(' ')[2] or tail}"
