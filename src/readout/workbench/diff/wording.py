"""Words for annotations and for what changed in them, shared by every rendering. No I/O."""

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
"""One sign for each kind of change."""


def describe_annotation(annotation: AnyAnnotation) -> str:
    """Return in a few words what an annotation says, by the ids of the registries."""
    if isinstance(annotation, Mention):
        return f"mention of {annotation.speaker}"
    if isinstance(annotation, Quote):
        return f"{annotation.form} quote by {annotation.speaker}"
    if isinstance(annotation, Topic):
        return f"topic {annotation.topic}"
    if isinstance(annotation, Boilerplate):
        return f"boilerplate {annotation.kind}"
    return f"stance of {annotation.holder}, {annotation.polarity} {annotation.target} ({annotation.expression})"


class Passage(NamedTuple):
    """Words of the text and what stands around them; line feeds are shown as ``⏎``."""

    before: str
    marked: str
    after: str


def cut_excerpt(
    text: str, annotation: AnyAnnotation, width: int = 40, longest: int = 160
) -> Passage:
    """Return the text from an annotation's first to its last main span, shortened in its middle, with surroundings."""
    spans = main_spans(annotation)
    start, end = (min(max(edge, 0), len(text)) for edge in (spans[0].start, spans[-1].end))
    marked = text[start:end]
    if len(marked) > longest:
        marked = f"{marked[: longest // 2]} … {marked[-longest // 2 :]}"
    before = ("…" if start > width else "") + text[max(0, start - width) : start]
    after = text[end : end + width] + ("…" if end + width < len(text) else "")
    return Passage(*(part.replace("\n", "⏎") for part in (before, marked, after)))


def format_value(value: Any) -> str:
    """Return a field's value on one line: spans as ``start–end``, other lists by comma, a missing one as a dash."""
    if value in (None, (), []):
        return "—"
    if isinstance(value, dict):
        return (
            f"{value['start']}–{value['end']}"
            if "start" in value
            else ", ".join(f"{k} {v}" for k, v in value.items())
        )
    if isinstance(value, list | tuple):
        return ", ".join(map(format_value, value))
    return str(value)


def count_words(counts: dict[ChangeKind, int]) -> str:
    """Return ``2 added, 1 moved``."""
    return (
        ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
        or "no annotations changed"
    )


def layer_name(layer: LayerChanges) -> str:
    """Return ``gold``, or the id of the annotator."""
    return layer.annotator or "gold"


def summarise_layer(layer: LayerChanges) -> str:
    """Return one line about a layer's changes."""
    if layer.whole:
        words = f"the whole layer {layer.whole}, {len(layer.changes)} annotations"
    else:
        words = count_words(count_kinds(layer.changes))
    words += f"; {layer.carried} went along with the changed text" if layer.carried else ""
    return words + (
        f"; {layer.misplaced} still at old offsets, which readout reanchor mends"
        if layer.misplaced
        else ""
    )


class BothTexts:
    """The raw texts of both states, to quote from."""

    def __init__(self, old: Sequence[AnnotatedDocument], new: Sequence[AnnotatedDocument]) -> None:
        self._old, self._new = (
            {each.meta.doc_id: each.text for each in side} for side in (old, new)
        )

    def quote(self, doc_id: str, change: AnnotationChange) -> Passage:
        """Return the excerpt around a change: of the new text or, where the annotation is gone, of the old one."""
        texts = self._new if change.new else self._old
        return cut_excerpt(texts.get(doc_id, ""), change.current)


def iter_shown(layer: LayerChanges) -> Iterator[AnnotationChange]:
    """Yield the changes that are worth a line each: none of a layer that came or went whole."""
    if not layer.whole:
        yield from layer.changes


def summary_rows(changes: Changes) -> list[tuple[str, ...]]:
    """Return one row for each changed layer: document, layer, and a number for each kind of change."""
    return [
        (
            document.doc_id,
            layer_name(layer),
            *(str(number or "") for number in count_kinds(layer.changes).values()),
        )
        for document in changes.documents
        for layer in document.layers
    ]
