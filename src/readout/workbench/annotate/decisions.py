"""Decide what gold says where layers differ, one place after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.checks.adjudication import Signatures, find_signatures
from readout.corpus.canonical import encode_records
from readout.corpus.files import Change, FileChanges
from readout.corpus.read import DOCUMENTS, parse_records
from readout.corpus.refs import iter_documents, parse_ref
from readout.corpus.signatures import signature
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    AnyAnnotation,
    FieldRole,
    Layer,
    fields_of,
    main_spans,
    map_values,
)
from readout.workbench.annotate.edits import Edit, apply_edits, refuse
from readout.workbench.annotate.session import Session, State
from readout.workbench.annotate.shapes import Json, to_json
from readout.workbench.decide import Grounds
from readout.workbench.differences.places import Place, list_places
from readout.workbench.gold import apply_changes
from readout.workbench.intake import Intake, Manner, Statements

GOLD = "gold"
NEITHER = "neither"

Difference: TypeAlias = Literal["agree", "edge", "label", "only"]
_ORDER: tuple[Difference, ...] = ("agree", "edge", "label", "only")


class Deciding:
    """The places where gold and layers differ, and the decisions of one person about them.

    The layers are the adjudicated ones, or else those that are named.
    """

    def __init__(self, session: Session, layers: Sequence[str] = ()) -> None:
        self.session = session
        self.layers = tuple(layers)
        self._most: Counter[str] = Counter()

    def describe(self) -> Json:
        """Return all places: agreed changes, edges, labels, and what only some layers have.

        A place is gone once gold says what all layers say. It is still counted, as decided.
        """
        with self.session.lock:
            documents = {each.meta.doc_id: each for each in iter_documents(self.session.root, None)}
            found = list_places(documents.values(), self.layers, with_decided=True)
            said = {name: find_signatures(document) for name, document in documents.items()}
            places = [_show(documents[each.document], each, said[each.document]) for each in found]
            # The union of two counters has the larger counts.
            self._most |= Counter(each["doc_id"] for each in places)
            total = self._most.total()
        places.sort(key=lambda each: (_ORDER.index(each["kind"]), each["only_in"]))
        left = sum(each["is_open"] for each in places)
        return {"places": places, "total": total, "decided": total - left}

    def decide(
        self,
        doc_id: str,
        refs: Sequence[str],
        choice: Mapping[str, Any],
        section: str,
        reason: str,
    ) -> Json:
        """Write what gold says at the place of some references, and the decision, or neither.

        The choice is ``{"side": ANNOTATOR}``, ``{"side": "gold"}``, ``{"side": "neither"}``, or
        ``{"edits": [...]}`` for anything else.

        Raises:
            RefusedEditError: the place is not as it was shown, or gold would break a rule.
            RefusedError: as :func:`readout.workbench.decide.decide`.

        """
        grounds = Grounds(section, reason, self.session.annotator)

        def make(state: State) -> FileChanges:
            document = state.document
            place = self._find_place(document, refs)
            edits = _to_edits(self.session.root, document, place, choice)
            path, raw = document.gold.path, document.gold.raw
            edited = apply_edits(path, raw, document.text, edits)
            changes: FileChanges = {}
            if edited.raw != raw:
                changes[path] = Change(raw if document.gold.is_read else None, edited.raw)
            also = [parse_ref(text) for text in refs]
            self.session.settle(state, changes, edited.taken, grounds, also)
            self._name_adjudicated(state, changes)
            self.session.refuse_new_errors(state, changes)
            return changes

        number = self.session.save(doc_id, make)
        return {**self.describe(), "step": number}

    def _name_adjudicated(self, state: State, changes: FileChanges) -> None:
        """Name a layer as adjudicated once nothing is open between it and gold."""
        document = apply_changes(state.document, changes, self.session.reader.parse_layer)
        names = set(document.meta.adjudicated)
        for name in self._list_layers(document):
            if not list_places([document], [name]):
                names.add(name)
        if names == set(document.meta.adjudicated):
            return
        change = changes.get(DOCUMENTS) or Change(state.metas.raw, state.metas.raw)
        index, _ = parse_records(DOCUMENTS, change.new or b"")
        metas = list(index.records)
        number = [meta.doc_id for meta in metas].index(document.meta.doc_id)
        metas[number] = replace(metas[number], adjudicated=tuple(sorted(names)))
        changes[DOCUMENTS] = Change(change.old, encode_records(metas))

    def _find_place(self, document: AnnotatedDocument, refs: Sequence[str]) -> Place:
        """Return the place that has just these references, or refuse one that changed."""
        for place in list_places([document], self._list_layers(document), with_decided=True):
            if set(refs) == {text for variant in place.variants for text in variant.refs}:
                return place
        message = "The layers do not differ here as they did when the place was shown."
        raise refuse("changed-meanwhile", message, "look at it again.", document.gold.path)

    def _list_layers(self, document: AnnotatedDocument) -> list[str]:
        known = {layer.annotator for layer in document.layers}
        return [name for name in self.layers if name in known]


# ---------------------------------------------------------------- what is shown of a place


def _show(document: AnnotatedDocument, place: Place, said: Signatures) -> Json:
    """Return a place with the annotations of each side, and the fields in which they differ."""
    refs = [text for variant in place.variants for text in variant.refs]
    asked = {name for variant in place.variants for name in variant.layers} | set(place.silent)
    sides = []
    for layer in (document.gold, *document.layers):
        if layer.annotator is None or layer.annotator in asked:
            records = _find_side(document, refs, layer, said)
            shown = [_translate(each, layer, document.gold, said) for each in records]
            sides.append({"layer": layer.annotator or GOLD, "records": shown})
    kind = _find_kind(place)
    speaking = [each["layer"] for each in sides if each["records"]]
    return {
        "doc_id": place.document,
        "title": document.meta.title,
        "kind": kind,
        "type": place.type,
        "start": place.start,
        "end": place.end,
        "refs": refs,
        "only_in": [name for name in speaking if name != GOLD] if kind == "only" else [],
        "sides": sides,
        "fields": list(place.differ),
        "is_open": any(variant.to_decide for variant in place.variants),
        "decisions": [msgspec.to_builtins(each) for each in place.decisions],
    }


def _find_side(
    document: AnnotatedDocument, refs: Sequence[str], layer: Layer, said: Signatures
) -> list[AnyAnnotation]:
    """Return the annotations of a layer that say what one of some references says."""
    sayings = set()
    for ref in map(parse_ref, refs):
        home = document.find_layer(ref.annotator)
        if home is not None and ref.id in said[home.path]:
            sayings.add(said[home.path][ref.id])
    own = said[layer.path]
    return [each for each in layer.by_id.values() if own[each.id] in sayings]


def _translate(annotation: AnyAnnotation, layer: Layer, gold: Layer, said: Signatures) -> Json:
    """Return an annotation with links that lead to gold, as far as gold has the like."""

    def rename(role: FieldRole, value: str) -> str | None:
        if layer is gold:
            return value
        return _find_like(value, layer, gold, said) if value in layer.by_id else None

    changed = map_values(annotation, rename, "annotation")
    return to_json(changed)


def _find_like(name: str, layer: Layer, gold: Layer, said: Signatures) -> str | None:
    """Return the id of the gold annotation that says the same, or else starts at the same place."""
    annotation = layer.by_id[name]
    golden = said[gold.path]
    near: str | None = None
    for other in gold.by_class[type(annotation)]:
        if golden[other.id] == said[layer.path][name]:
            return str(other.id)
        if main_spans(other)[0].start == main_spans(annotation)[0].start:
            near = near or other.id
    return near


def _find_kind(place: Place) -> Difference:
    """Return how the layers differ; that gold differs from all of them is agreement."""
    if any(name is not None for name in place.silent):
        return "only"
    if sum(bool(variant.layers) for variant in place.variants) == 1:
        return "agree"
    record_class = ANNOTATION_CLASSES[place.type]
    edges = fields_of(record_class, "spans", "annotation")
    return "edge" if set(place.differ) <= set(edges) else "label"


# ---------------------------------------------------------------- what gold is to say


def _to_edits(
    root: Path, document: AnnotatedDocument, place: Place, choice: Mapping[str, Any]
) -> list[Edit]:
    """Return the edits of gold after which it says what was chosen."""
    if "edits" in choice:
        edits: list[Edit] = choice["edits"]
        return edits

    said = find_signatures(document)
    refs = [text for variant in place.variants for text in variant.refs]
    gold = _find_side(document, refs, document.gold, said)
    side = choice.get("side")
    if side == GOLD:
        return []
    if side == NEITHER:
        return [{"remove": each.id} for each in gold]

    layer = document.find_layer(side)
    chosen = _find_side(document, refs, layer, said) if layer else []
    if layer is None or not chosen:
        raise refuse("no-such-side", f"{side!r} has no annotation here.")
    return _take(root, document, layer, chosen, gold)


def _take(
    root: Path,
    document: AnnotatedDocument,
    layer: Layer,
    chosen: Sequence[AnyAnnotation],
    gold: Sequence[AnyAnnotation],
) -> list[Edit]:
    """Return the edits that put annotations of a layer into gold, in the place of some others.

    What is replaced keeps its id, so that what refers to it, and its note, stay.
    """
    said = {signature(each, layer.by_id) for each in chosen}
    golden = {signature(each, document.gold.by_id) for each in gold}
    kept = {each.id for each in gold if signature(each, document.gold.by_id) in said}
    replaced = [each.id for each in gold if each.id not in kept]
    new = [each for each in chosen if signature(each, layer.by_id) not in golden]

    records: dict[str, AnyAnnotation] = dict(document.gold.by_id)
    taken: list[str] = []
    statements = Statements(root)
    for each in new:
        manner = Manner(replaces=replaced.pop(0) if replaced else None, beside=True)
        intake = Intake(records.values(), manner, statements, is_strict=True)
        intake.take(str(layer.annotator), layer.by_id, [each.id])
        records = intake.gold
        taken += intake.taken
    removed: list[Edit] = [{"remove": name} for name in replaced]
    puts: list[Edit] = [{"put": to_json(records[name])} for name in taken]
    return [*removed, *puts]
