"""What the templates and the script of the preview are given: plain data about documents and their layers. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec
from markupsafe import Markup, escape

from readout.corpus.canonical import annotation_order, encode
from readout.model import (
    ANNOTATION_CLASSES,
    SPAN_FIELDS,
    AnnotatedDocument,
    AnnotationType,
    AnyAnnotation,
    Layer,
    Quote,
    Registries,
    Stance,
    annotation_type,
    main_spans,
)
from readout.workbench.diff.layers import compare_layers
from readout.workbench.diff.report import AnnotationChange, ChangeKind, LayerChanges
from readout.workbench.diff.wording import format_value
from readout.workbench.preview.facts import (
    POLARITY_SIGNS,
    Fact,
    LayerScope,
    Statements,
    iter_facts,
    reach,
    speakers_of,
    targets_of,
)
from readout.workbench.preview.segments import (
    CHANGED_TEXT,
    Cover,
    Segment,
    assign_lanes,
    cut_segments,
    list_covers,
)

LANES = 3
"""How many lines fit under the text (quotes) and above it (stances)."""


DISAGREEMENTS: Mapping[ChangeKind, str] = {
    "added": "only here",
    "removed": "only here",
    "moved": "other words",
    "relabelled": "other labels",
}
"""What the changes from one annotator's layer to another's are called; ids and notes are each annotator's own."""


class AnnotationView(msgspec.Struct, frozen=True, omit_defaults=True):
    """An annotation as the script needs it. ``classes`` are those of its segments, by part."""

    key: str
    id: str
    type: AnnotationType
    label: str
    start: int
    size: int
    classes: dict[str, str]
    facts: tuple[Fact, ...]
    record: str
    sign: str = ""
    speakers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


class Marker(msgspec.Struct, frozen=True):
    """A stance's sign, which stands before its evidence."""

    index: int
    sign: str
    classes: str
    label: str


class SegmentView(msgspec.Struct, frozen=True):
    """A segment as HTML: ``references`` name what covers it as ``number.part.edges``, see :func:`find_edges`."""

    text: Markup
    classes: str
    references: str
    markers: tuple[Marker, ...]


class LayerView(msgspec.Struct, frozen=True):
    """A layer of a document: its annotations in order, and the text cut by them."""

    name: str
    prefix: str
    annotations: tuple[AnnotationView, ...]
    segments: tuple[SegmentView, ...]
    counts: Mapping[str, int]


def html_text(text: str) -> Markup:
    """Return a text as HTML that a browser reads back character by character.

    Parsers of HTML turn a carriage return into a line feed and drop NUL, so the one is written as a reference and the
    other as the replacement character.
    """
    return Markup(
        str(escape(text)).replace("\r", "&#13;").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def part_classes(annotation: AnyAnnotation, lane: int, is_source: bool) -> dict[str, str]:
    """Return the CSS classes of the segments of an annotation, by part."""
    if isinstance(annotation, Quote):
        return {"content": f"q{lane}-{annotation.form}", "cue": "cue"}
    if isinstance(annotation, Stance):
        return {"evidence": f"e{lane}-{annotation.polarity}"}
    kind = annotation_type(annotation)
    return {SPAN_FIELDS[type(annotation)][0]: "mention source" if is_source else kind}


def view_layer(
    layer: Layer, scope: LayerScope, name: str, changed: Iterable[tuple[int, int]] = ()
) -> LayerView:
    """Return a layer as the templates and the script need it; ``changed`` are places of the text to be marked."""
    records = sorted(layer.records, key=annotation_order)
    lanes = {**assign_lanes(records, Quote, LANES), **assign_lanes(records, Stance, LANES)}
    views = tuple(
        _view_annotation(record, scope, lanes.get(index, 0)) for index, record in enumerate(records)
    )
    text = scope.document.text
    markers = _place_markers(records, views, len(text))
    covers = [Cover(start, end, CHANGED_TEXT, "text") for start, end in changed]
    segments = cut_segments(text, [*covers, *list_covers(records, len(text))])
    counts = Counter(view.type for view in views)
    return LayerView(
        name=name,
        prefix=scope.prefix,
        annotations=views,
        segments=tuple(
            _view_segment(segment, views, markers.get(segment.start, ())) for segment in segments
        ),
        counts={kind: counts[kind] for kind in ANNOTATION_CLASSES},
    )


def _view_annotation(record: AnyAnnotation, scope: LayerScope, lane: int) -> AnnotationView:
    start, size = reach(record)
    return AnnotationView(
        key=scope.prefix + record.id,
        id=record.id,
        type=annotation_type(record),
        label=scope.label(record),
        start=start,
        size=size,
        classes=part_classes(record, lane, ("source", record.id) in scope.reverse),
        facts=tuple(iter_facts(scope, record)),
        record=encode(record).decode(),
        sign=POLARITY_SIGNS[record.polarity] if isinstance(record, Stance) else "",
        speakers=tuple(dict.fromkeys(speakers_of(record))),
        targets=tuple(dict.fromkeys(targets_of(record, scope))),
    )


def _place_markers(
    records: Sequence[AnyAnnotation], views: Sequence[AnnotationView], size: int
) -> dict[int, list[Marker]]:
    markers: dict[int, list[Marker]] = {}
    for index, record in enumerate(records):
        if isinstance(record, Stance):
            at = min(max(main_spans(record)[0].start, 0), size)
            title = f"{record.polarity} {record.expression}"
            marker = Marker(index, POLARITY_SIGNS[record.polarity], title, views[index].label)
            markers.setdefault(at, []).append(marker)
    return markers


def _view_segment(
    segment: Segment, views: Sequence[AnnotationView], markers: Iterable[Marker]
) -> SegmentView:
    covers = [cover for cover in segment.covers if cover.number != CHANGED_TEXT]
    classes = ["changed-text"] if len(covers) < len(segment.covers) else []
    for cover in covers:
        classes += [
            *views[cover.number].classes[cover.part].split(),
            *find_edges(cover, segment, views),
        ]
    return SegmentView(
        text=html_text(segment.text),
        classes=" ".join(sorted(set(classes))),
        references=" ".join(
            ".".join([str(cover.number), cover.part, *find_edges(cover, segment, views)])
            for cover in covers
        ),
        markers=tuple(markers),
    )


def find_edges(cover: Cover, segment: Segment, views: Sequence[AnnotationView]) -> list[str]:
    """Return ``open`` where the content of a quote begins with a segment, and ``shut`` where it ends with it."""
    if cover.part != "content" or views[cover.number].type != "quote":
        return []
    edges = (("open", cover.start == segment.start), ("shut", cover.end == segment.end))
    return [name for name, there in edges if there]


# ---------------------------------------------------------------- documents


def view_document(
    document: AnnotatedDocument, registries: Registries, statements: Statements
) -> dict[str, Any]:
    """Return a document with gold and every annotator's layer, and how each two layers differ."""
    layers = (document.gold, *document.layers)
    views = []
    for layer in layers:
        prefix = f"{layer.annotator}/" if layer.annotator else ""
        views.append(
            view_layer(
                layer,
                LayerScope(registries, document, layer, prefix, statements),
                layer.annotator or "gold",
            )
        )
    comparisons = [
        view_changes(
            compare_layers(layers[left], layers[right], trust_ids=False),
            left,
            right,
            views,
            DISAGREEMENTS,
        )
        for left, right in combinations(range(len(layers)), 2)
    ]
    return {
        "id": document.meta.doc_id,
        "meta": document.meta,
        "layers": views,
        "comparisons": comparisons,
        "speakers": _names(registries.speakers, views, "speakers", "name"),
        "targets": _names(registries.targets, views, "targets", "label"),
    }


def view_changes(
    changes: LayerChanges,
    left: int,
    right: int,
    layers: Sequence[LayerView],
    names: Mapping[ChangeKind, str],
) -> dict[str, Any]:
    """Return how two layers, given by number, differ: the kinds of change in ``names``, each called by its name."""
    shown = [change for change in changes.changes if change.kind in names]
    return {
        "left": left,
        "right": right,
        "changes": [_view_change(change, layers[left], layers[right], names) for change in shown],
    }


def _view_change(
    change: AnnotationChange, left: LayerView, right: LayerView, names: Mapping[ChangeKind, str]
) -> dict[str, Any]:
    fields = [
        field for field in change.fields if "edited" in names or field.name not in ("id", "note")
    ]
    return {
        "kind": change.kind,
        "name": names[change.kind],
        "left": left.prefix + change.old.id if change.old else "",
        "right": right.prefix + change.new.id if change.new else "",
        "fields": [
            (field.name, format_value(field.old), format_value(field.new)) for field in fields
        ],
    }


def _names(
    registry: Mapping[str, Any], layers: Iterable[LayerView], field: str, name: str
) -> list[tuple[str, str]]:
    """Return the ids and names of the registry entries that layers use, by name."""
    used = {each for layer in layers for view in layer.annotations for each in getattr(view, field)}
    return sorted(
        ((each, getattr(registry.get(each), name, each)) for each in used),
        key=lambda item: item[1].casefold(),
    )


def script_data(document: Mapping[str, Any]) -> Markup:
    """Return what the script needs of a document, as JSON that cannot end the script element it stands in."""
    data = {
        "id": document["id"],
        "layers": [
            {"name": each.name, "annotations": each.annotations} for each in document["layers"]
        ],
        "comparisons": document["comparisons"],
    }
    return Markup(
        msgspec.json.encode(data).decode().replace("<", "\\u003c").replace("&", "\\u0026")
    )
