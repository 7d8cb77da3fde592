"""Describe annotations and changes in words, for every rendering. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from readout.corpus.refs import parse_ref
from readout.model import (
    AnyAnnotation,
    Boilerplate,
    Corpus,
    Decision,
    Mention,
    Quote,
    Registries,
    Topic,
    main_spans,
)
from readout.problem import format_count
from readout.workbench.diff.report import (
    AnnotationChange,
    ChangeKind,
    Changes,
    EntryChange,
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


SHOWN = 4
"""How many different annotations of a decision are listed."""


def describe_annotation(annotation: AnyAnnotation, registries: Registries) -> str:
    """Return the labels of an annotation in a few words, with the names of the registries."""

    def name(speaker: str) -> str:
        entry = registries.speakers.get(speaker)
        return entry.name if entry else speaker

    if isinstance(annotation, Mention):
        return f"mention of {name(annotation.speaker)}"
    if isinstance(annotation, Quote):
        return f"{annotation.form} quote by {name(annotation.speaker)}"
    if isinstance(annotation, Topic):
        topic = registries.topics.get(annotation.topic)
        return f"topic {topic.label if topic else annotation.topic}"
    if isinstance(annotation, Boilerplate):
        return f"boilerplate {annotation.kind}"
    target = registries.targets.get(annotation.target)
    proposition = f"“{target.proposition}”" if target else annotation.target
    labels = f"{annotation.polarity}, {annotation.expression}: {proposition}"
    return f"stance of {name(annotation.holder)}, {labels}"


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
        parts = [f"the whole layer {layer.whole}, {format_count(len(layer.changes), 'annotation')}"]
    if layer.carried:
        parts.append(f"{layer.carried} moved with the changed text")
    if layer.misplaced:
        parts.append(f"{layer.misplaced} still at old offsets; run `readout reanchor`")
    return "; ".join(parts)


class Background:
    """What renderings tell of changes beside the changes: texts, names and decisions."""

    def __init__(self, old: Corpus, new: Corpus) -> None:
        self._sides = (_SideFacts(old), _SideFacts(new))

    def quote(self, doc_id: str, change: AnnotationChange) -> Passage:
        """Return the excerpt around a change: of the old text if the annotation was removed."""
        side = self._sides[change.new is not None]
        return cut_excerpt(side.texts.get(doc_id, ""), change.current)

    def describe(self, change: AnnotationChange) -> str:
        """Return the labels of an annotation, with names instead of ids."""
        side = self._sides[change.new is not None]
        return describe_annotation(change.current, side.registries)

    def explain(self, doc_id: str, layer: LayerChanges, change: AnnotationChange) -> list[str]:
        """Return the reasons of the decisions that name an annotation, the new ones first."""
        prefix = f"{layer.annotator}#" if layer.annotator else ""
        found: dict[str, None] = {}
        for side in reversed(self._sides):
            for annotation in (change.new, change.old):
                if annotation is not None:
                    named = side.decisions.get((doc_id, prefix + annotation.id), ())
                    found.update(dict.fromkeys(map(describe_decision, named)))
            if found:
                break
        return list(found)

    def explain_entry(self, entry: EntryChange) -> str:
        """Return what an added or removed decision says; empty for other entries."""
        _, decision = self._find_decision(entry)
        if decision is None:
            return ""
        return f"{', '.join(decision.about)}: {describe_decision(decision)}"

    def say_decision(self, entry: EntryChange) -> str:
        """Return the section and the reason of a decision that changed."""
        _, decision = self._find_decision(entry)
        return describe_decision(decision) if decision else ""

    def describe_decided(self, entry: EntryChange) -> list[str]:
        """Return what a decision is about: each annotation with its labels and its words."""
        side, decision = self._find_decision(entry)
        if decision is None:
            return []
        doc_id = PurePosixPath(entry.path).stem
        sides: dict[str, list[str]] = {}
        for text in decision.about:
            annotation = side.find_annotation(doc_id, text)
            said = "not in the corpus"
            if annotation is not None:
                words = cut_excerpt(side.texts[doc_id], annotation).marked
                said = f"{describe_annotation(annotation, side.registries)} ⟦{words}⟧"
            sides.setdefault(said, []).append(text)

        shown = [f"{', '.join(refs)}: {said}" for said, refs in sides.items()]
        left = len(shown) - SHOWN
        return [*shown[:SHOWN], f"and {left} more"] if left > 0 else shown

    def _find_decision(self, entry: EntryChange) -> tuple[_SideFacts, Decision | None]:
        """Return the side that tells of a change of a decision, and the decision."""
        side = self._sides[entry.kind != "removed"]
        return side, side.by_place.get((entry.path, entry.new_id or entry.id))


class _SideFacts:
    """The documents, registries and decisions of one state."""

    def __init__(self, corpus: Corpus) -> None:
        self.registries = corpus.registries
        self.documents = {each.meta.doc_id: each for each in corpus.documents}
        self.texts = {doc_id: each.text for doc_id, each in self.documents.items()}
        self.decisions: dict[tuple[str, str], list[Decision]] = {}
        self.by_place: dict[tuple[str, str], Decision] = {}
        for document in corpus.documents:
            file = document.adjudication
            for decision in file.records:
                self.by_place[file.path, decision.id] = decision
                for ref in decision.about:
                    named = self.decisions.setdefault((document.meta.doc_id, ref), [])
                    named.append(decision)

    def find_annotation(self, doc_id: str, text: str) -> AnyAnnotation | None:
        """Return the annotation that a reference in a document names, if there is one."""
        ref = parse_ref(text)
        layer = self.documents[doc_id].find_layer(ref.annotator)
        return layer.by_id.get(ref.id) if layer else None


def describe_decision(decision: Decision) -> str:
    """Return the section and the reason of a decision, and who decided."""
    return f"decided by {decision.by}, section {decision.section}: {decision.reason}"


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
