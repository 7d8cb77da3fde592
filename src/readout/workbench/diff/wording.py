"""Describe annotations and changes in words, for every rendering. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Boilerplate,
    Mention,
    Quote,
    Topic,
    main_spans,
)
from readout.workbench.diff.report import (
    AnnotationChange,
    ChangeKind,
    Changes,
    LayerChanges,
    count_kinds,
)

CHANGE_SIGNS: dict[ChangeKind, str] = {
    "added": "+",
    "removed": "−",
    "moved": "→",
    "relabelled": "~",
    "edited": "·",
}
"""The sign of each kind of change, in the order of the summary's columns."""


def describe_annotation(annotation: AnyAnnotation) -> str:
    """Return the labels of an annotation in a few words, with the ids of the registries."""
    if isinstance(annotation, Mention):
        return f"mention of {annotation.speaker}"
    if isinstance(annotation, Quote):
        return f"{annotation.form} quote by {annotation.speaker}"
    if isinstance(annotation, Topic):
        return f"topic {annotation.topic}"
    if isinstance(annotation, Boilerplate):
        return f"boilerplate {annotation.kind}"
    labels = f"{annotation.polarity} {annotation.target} ({annotation.expression})"
    return f"stance of {annotation.holder}, {labels}"


class Passage(NamedTuple):
    """Words of the text between their context; line feeds are shown as ``⏎``."""

    before: str
    marked: str
    after: str


def cut_excerpt(
    text: str, annotation: AnyAnnotation, width: int = 40, longest: int = 160
) -> Passage:
    """Return the text from an annotation's first to its last main span, with its context.

    ``width`` is the length of the context on each side in code points. Marked words beyond
    ``longest`` code points are shortened in the middle. Wrong offsets are clipped to the text.
    """
    spans = main_spans(annotation)
    start = min(max(spans[0].start, 0), len(text))
    end = min(max(spans[-1].end, 0), len(text))
    marked = text[start:end]
    if len(marked) > longest:
        marked = f"{marked[: longest // 2]} … {marked[-longest // 2 :]}"
    before = ("…" if start > width else "") + text[max(0, start - width) : start]
    after = text[end : end + width] + ("…" if end + width < len(text) else "")
    parts = [part.replace("\n", "⏎") for part in (before, marked, after)]
    return Passage(*parts)


def format_value(value: Any) -> str:
    """Return a field's value on one line.

    A span is shown as ``start–end``, a list with commas, and a missing value as a dash.
    """
    if value in (None, (), []):
        return "—"
    if isinstance(value, dict) and "start" in value:
        return f"{value['start']}–{value['end']}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(format_value, value))
    return str(value)


def format_counts(counts: dict[ChangeKind, int]) -> str:
    """Return the kinds that occur with their numbers, such as ``2 added, 1 moved``."""
    parts = [f"{number} {kind}" for kind, number in counts.items() if number]
    return ", ".join(parts) or "no annotations changed"


def layer_name(layer: LayerChanges) -> str:
    """Return ``gold``, or the id of the annotator."""
    return layer.annotator or "gold"


def summarise_layer(layer: LayerChanges) -> str:
    """Return one line about a layer's changes."""
    parts = [format_counts(count_kinds(layer.changes))]
    if layer.whole:
        parts = [f"the whole layer {layer.whole}, {len(layer.changes)} annotations"]
    if layer.carried:
        parts.append(f"{layer.carried} moved with the changed text")
    if layer.misplaced:
        parts.append(f"{layer.misplaced} still at old offsets; run `readout reanchor`")
    return "; ".join(parts)


class BothTexts:
    """The raw texts of both states, for excerpts."""

    def __init__(self, old: Sequence[AnnotatedDocument], new: Sequence[AnnotatedDocument]) -> None:
        self._old = {each.meta.doc_id: each.text for each in old}
        self._new = {each.meta.doc_id: each.text for each in new}

    def quote(self, doc_id: str, change: AnnotationChange) -> Passage:
        """Return the excerpt around a change: of the old text if the annotation was removed."""
        texts = self._new if change.new else self._old
        return cut_excerpt(texts.get(doc_id, ""), change.current)


def iter_shown(layer: LayerChanges) -> Iterator[AnnotationChange]:
    """Yield the changes to list: none if the whole layer was added or removed."""
    if not layer.whole:
        yield from layer.changes


def summary_rows(changes: Changes) -> list[tuple[str, ...]]:
    """Return one row per changed layer: document, layer, and the number of each kind of change."""
    rows = []
    for document in changes.documents:
        for layer in document.layers:
            numbers = count_kinds(layer.changes).values()
            cells = [str(number or "") for number in numbers]
            rows.append((document.doc_id, layer_name(layer), *cells))
    return rows
