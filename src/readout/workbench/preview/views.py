"""Build the plain data that the templates and the script of the preview render. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from readout.text.tokens import iter_paragraphs
from readout.workbench.diff.layers import compare_layers
from readout.workbench.diff.report import AnnotationChange, ChangeKind, LayerChanges
from readout.workbench.diff.wording import format_value
from readout.workbench.preview.facts import (
    POLARITY_SIGNS,
    Fact,
    LayerScope,
    Statements,
    find_speakers,
    find_targets,
    iter_facts,
    measure_extent,
)
from readout.workbench.preview.segments import (
    CHANGED_TEXT,
    SHOWN,
    Cover,
    Segment,
    assign_lanes,
    cut_segments,
    list_covers,
)

LANES = 3
"""How many lines fit below the text (for quotes) and above it (for stances)."""

DISAGREEMENTS: Mapping[ChangeKind, str] = {
    "added": "only here",
    "removed": "only here",
    "moved": "other words",
    "relabelled": "other labels",
}
"""Names for the changes from one annotator's layer to another's.

``edited`` is left out: each annotator has their own ids and notes."""


class AnnotationView(msgspec.Struct, frozen=True, omit_defaults=True):
    """An annotation as the script needs it.

    ``start`` and ``size`` are its extent in code points, ``classes`` the CSS classes of its
    segments by part, and ``sign`` the polarity of a stance.
    """

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
    """The sign of a stance before its evidence."""

    index: int
    sign: str
    classes: str
    label: str


class SegmentView(msgspec.Struct, frozen=True):
    """A segment as HTML.

    ``references`` name its covers as ``number.part.edges``, see :func:`find_edges`.
    """

    text: Markup
    classes: str
    references: str
    markers: tuple[Marker, ...]


class LayerView(msgspec.Struct, frozen=True):
    """A layer of a document: its annotations in order, and its text in segments."""

    name: str
    prefix: str
    annotations: tuple[AnnotationView, ...]
    segments: tuple[SegmentView, ...]
    counts: Mapping[str, int]


def html_text(text: str) -> Markup:
    """Return a text as HTML that a browser reads back character by character.

    Parsers of HTML turn a carriage return into a line feed and drop NUL. So a carriage return is
    written as a character reference, and NUL as the replacement character.
    """
    escaped = str(escape(text)).replace("\r", "&#13;")
    return Markup(escaped.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def part_classes(annotation: AnyAnnotation, lane: int, is_source: bool) -> dict[str, str]:
    """Return the CSS classes of an annotation's segments, by part.

    ``is_source`` is true for a mention that is the source of a quote.
    """
    if isinstance(annotation, Quote):
        return {"content": f"q{lane}-{annotation.form}", "cue": "cue"}
    if isinstance(annotation, Stance):
        return {"evidence": f"e{lane}-{annotation.polarity}"}
    kind = annotation_type(annotation)
    return {SPAN_FIELDS[type(annotation)][0]: "mention source" if is_source else kind}


def view_layer(
    layer: Layer,
    scope: LayerScope,
    name: str,
    changed: Iterable[tuple[int, int]] = (),
    shown: Sequence[tuple[int, int]] | None = None,
) -> LayerView:
    """Return the view of a layer.

    ``changed`` are ``(start, end)`` of changed text to mark, ``shown`` those of the paragraphs to
    show; without it, all are.
    """
    records = sorted(layer.records, key=annotation_order)
    lanes = {**assign_lanes(records, Quote, LANES), **assign_lanes(records, Stance, LANES)}
    views = [
        _view_annotation(record, scope, lanes.get(index, 0)) for index, record in enumerate(records)
    ]

    text = scope.document.text
    covers = [Cover(start, end, CHANGED_TEXT, "text") for start, end in changed]
    covers += [Cover(start, end, SHOWN, "text") for start, end in shown or ()]
    covers += list_covers(records, len(text))
    markers = _place_markers(records, views, len(text))
    segments: list[SegmentView] = []
    for part in _leave_out(cut_segments(text, covers), shown is not None):
        if isinstance(part, int):
            segments.append(_view_gap(part))
        else:
            segments.append(_view_segment(part, views, markers.get(part.start, ())))

    counts = Counter(view.type for view in views)
    return LayerView(
        name=name,
        prefix=scope.prefix,
        annotations=tuple(views),
        segments=tuple(segments),
        counts={kind: counts[kind] for kind in ANNOTATION_CLASSES},
    )


def _leave_out(segments: Iterable[Segment], is_partial: bool) -> Iterator[Segment | int]:
    """Yield the segments to show and, for each run of others, its number of paragraphs."""
    left = ""
    for segment in segments:
        is_shown = any(cover.number == SHOWN for cover in segment.covers)
        if is_partial and not is_shown:
            left += segment.text
            continue
        if count := _count_paragraphs(left):
            yield count
        elif left:  # the line feeds between two paragraphs
            yield Segment(-1, -1, left, ())
        left = ""
        yield segment
    if count := _count_paragraphs(left):
        yield count


def _count_paragraphs(text: str) -> int:
    return len(list(iter_paragraphs(text)))


def _view_gap(count: int) -> SegmentView:
    what = "1 paragraph" if count == 1 else f"{count} paragraphs"
    text = html_text(f"\n[… {what} without changes …]\n")
    return SegmentView(text=text, classes="", references="", markers=())


def _view_annotation(record: AnyAnnotation, scope: LayerScope, lane: int) -> AnnotationView:
    start, size = measure_extent(record)
    sign = POLARITY_SIGNS[record.polarity] if isinstance(record, Stance) else ""
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
        sign=sign,
        speakers=tuple(dict.fromkeys(find_speakers(record))),
        targets=tuple(dict.fromkeys(find_targets(record, scope))),
    )


def _place_markers(
    records: Sequence[AnyAnnotation], views: Sequence[AnnotationView], size: int
) -> dict[int, list[Marker]]:
    """Return the markers of the stances, by the offset in a text of ``size`` to show them at."""
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
    classes: set[str] = set()
    references = []
    for cover in segment.covers:
        if cover.number == CHANGED_TEXT:
            classes.add("changed-text")
        if cover.number in (CHANGED_TEXT, SHOWN):
            continue
        edges = find_edges(cover, segment, views)
        classes.update(views[cover.number].classes[cover.part].split(), edges)
        references.append(".".join([str(cover.number), cover.part, *edges]))
    return SegmentView(
        text=html_text(segment.text),
        classes=" ".join(sorted(classes)),
        references=" ".join(references),
        markers=tuple(markers),
    )


def find_edges(cover: Cover, segment: Segment, views: Sequence[AnnotationView]) -> list[str]:
    """Return which edges of a quote's content are those of the segment: ``open``, ``shut``."""
    if cover.part != "content" or views[cover.number].type != "quote":
        return []
    edges = []
    if cover.start == segment.start:
        edges.append("open")
    if cover.end == segment.end:
        edges.append("shut")
    return edges


# ---------------------------------------------------------------- documents


def view_document(
    document: AnnotatedDocument, registries: Registries, statements: Statements
) -> dict[str, Any]:
    """Return a document with gold, every annotator's layer, and the differences of every two."""
    layers = (document.gold, *document.layers)
    views = []
    for layer in layers:
        prefix = f"{layer.annotator}/" if layer.annotator else ""
        scope = LayerScope(registries, document, layer, prefix, statements)
        views.append(view_layer(layer, scope, layer.annotator or "gold"))

    comparisons = []
    for left, right in combinations(range(len(layers)), 2):
        changes = compare_layers(layers[left], layers[right], trust_ids=False)
        comparisons.append(view_changes(changes, left, right, views, DISAGREEMENTS))
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
    """Return the changes between the layers ``left`` and ``right``, which are indices.

    Kinds of change without a name in ``names`` are left out.
    """
    shown = [change for change in changes.changes if change.kind in names]
    return {
        "left": left,
        "right": right,
        "changes": [_view_change(change, layers[left], layers[right], names) for change in shown],
    }


def _view_change(
    change: AnnotationChange, left: LayerView, right: LayerView, names: Mapping[ChangeKind, str]
) -> dict[str, Any]:
    left_out = () if "edited" in names else ("id", "note")
    fields = [
        (field.name, format_value(field.old), format_value(field.new))
        for field in change.fields
        if field.name not in left_out
    ]
    return {
        "kind": change.kind,
        "name": names[change.kind],
        "left": left.prefix + change.old.id if change.old else "",
        "right": right.prefix + change.new.id if change.new else "",
        "fields": fields,
    }


def _names(
    registry: Mapping[str, Any], layers: Iterable[LayerView], field: str, name: str
) -> list[tuple[str, str]]:
    """Return the ids and names of the entries that layers use, sorted by name.

    ``field`` is the field of the annotations' views that has the ids, ``name`` the field of the
    entries that has the name.
    """
    used: set[str] = set()
    for layer in layers:
        for view in layer.annotations:
            used.update(getattr(view, field))
    names = [(each, getattr(registry.get(each), name, each)) for each in used]
    return sorted(names, key=lambda item: item[1].casefold())


def script_data(document: Mapping[str, Any]) -> Markup:
    """Return the data of a document for the script, as JSON that cannot end its script element."""
    layers = [{"name": each.name, "annotations": each.annotations} for each in document["layers"]]
    data = {"id": document["id"], "layers": layers, "comparisons": document["comparisons"]}
    encoded = msgspec.json.encode(data).decode()
    return Markup(encoded.replace("<", "\\u003c").replace("&", "\\u0026"))
