"""Pack layers and their differences as the data that the script of the pages reads. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec
from markupsafe import Markup

from readout.corpus.canonical import annotation_order
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    AnnotationType,
    AnyAnnotation,
    Layer,
    Quote,
    Registries,
    Suggestion,
    named_entries,
)
from readout.text.tokens import iter_paragraphs
from readout.workbench.diff.layers import compare_layers
from readout.workbench.diff.report import ChangeKind, LayerChanges
from readout.workbench.documents.marks import escape_text

DISAGREEMENTS: Mapping[ChangeKind, str] = {
    "added": "only here",
    "removed": "only here",
    "moved": "other words",
    "relabelled": "other labels",
}
"""Names for the changes from one annotator's layer to another's.

``edited`` is left out: each annotator has their own ids and notes."""

_SPAN = frozenset({"start", "end", "exact"})
_NAMES = {
    "speakers": ("speaker_id", "name", "kind"),
    "topics": ("topic_id", "label", "definition"),
    "targets": ("target_id", "label", "proposition", "counter", "favor_means", "against_means"),
}
"""The fields of registry entries that pages show."""


class Statements:
    """The quotes in the gold layers of a corpus, by the statement that they report."""

    def __init__(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._places: dict[str, list[tuple[str, Quote]]] = {}
        for document in documents:
            for record in document.gold.records:
                if isinstance(record, Quote) and record.statement:
                    places = self._places.setdefault(record.statement, [])
                    places.append((document.meta.doc_id, record))

    def elsewhere(self, document: AnnotatedDocument) -> dict[str, list[dict[str, Any]]]:
        """Return links to the reports of the same statements, by the ids of a document's quotes."""
        doc_id = document.meta.doc_id
        found: dict[str, list[dict[str, Any]]] = {}
        for record in document.gold.records:
            if not isinstance(record, Quote) or not record.statement:
                continue
            for other, quote in self._places.get(record.statement, ()):
                if (other, quote.id) == (doc_id, record.id):
                    continue
                link = {
                    "text": _shorten(quote.content[0].exact),
                    "detail": other,
                    "href": f"{other}.html#{quote.id}",
                    "quoted": True,
                }
                found.setdefault(record.id, []).append(link)
        return found


def _shorten(text: str, width: int = 70) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def html_text(text: str) -> Markup:
    """Return a text as HTML that a browser reads back character by character."""
    return Markup(escape_text(text))


# ---------------------------------------------------------------- records

RECORD_FIELDS: Mapping[AnnotationType, tuple[str, ...]] = {
    kind: each.__struct_fields__ for kind, each in ANNOTATION_CLASSES.items()
}
"""The fields of each type in the order of its lines, which is that of the packed values."""


def pack_record(record: Mapping[str, Any], text: str) -> list[Any]:
    """Return the type of a record and its values in the order of its fields; null for none.

    ``[start, end]`` stands for a span of the page's text: the script fills in the words, which the
    page contains already. A span whose words are not those of the text stays as it is.
    """
    kind: AnnotationType = record["type"]
    packed = [_pack_value(record.get(name), text) for name in RECORD_FIELDS[kind]]
    while packed[-1] is None:
        packed.pop()
    return [kind, *packed]


def _pack_value(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return [value["start"], value["end"]] if _is_true(value, text) else value
    if isinstance(value, list | tuple):
        return [_pack_value(each, text) for each in value]
    return value


def _is_true(span: Mapping[str, Any], text: str) -> bool:
    if span.keys() != _SPAN or "\0" in span["exact"]:
        return False
    start, end, exact = span["start"], span["end"], span["exact"]
    return bool(0 <= start < end and text[start:end] == exact)


def pack_layer(layer: Layer, name: str, text: str, prefix: str = "") -> dict[str, Any]:
    """Return a layer; ``prefix`` makes the ids of its annotations unique on the page."""
    records = sorted(layer.records, key=annotation_order)
    return {
        "name": name,
        "annotator": layer.annotator,
        "prefix": prefix,
        "annotations": [pack_record(msgspec.to_builtins(each), text) for each in records],
    }


def pack_registries(
    registries: Registries, records: Iterable[AnyAnnotation], speakers: Iterable[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Return the entries that some annotations name, and more speakers, as pages show them."""
    records = list(records)
    packed = {}
    for registry, fields in _NAMES.items():
        used = {name for record in records for name in named_entries(record, registry)}
        if registry == "speakers":
            used.update(speakers)
        entries = getattr(registries, registry)
        packed[registry] = [_pick(entry, fields) for name, entry in entries.items() if name in used]
    return packed


def _pick(entry: Any, fields: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in fields if getattr(entry, name)}


# ---------------------------------------------------------------- documents


def pack_document(
    document: AnnotatedDocument,
    registries: Registries,
    statements: Statements,
    suggestions: Iterable[Suggestion] = (),
) -> dict[str, Any]:
    """Return a document with gold, every annotator's layer, and the differences of every two."""
    layers = (document.gold, *document.layers)
    packed = []
    for layer in layers:
        prefix = f"{layer.annotator}/" if layer.annotator else ""
        packed.append(pack_layer(layer, layer.annotator or "gold", document.text, prefix))
    packed[0]["elsewhere"] = statements.elsewhere(document)
    pending = [each for each in suggestions if not each.rejected]
    proposed = [each.annotation.get("speaker", "") for each in pending]
    packed[0]["suggestions"] = [
        {
            "id": each.annotation["id"],
            "annotation": pack_record(each.annotation, document.text),
            "reason": each.reason,
        }
        for each in pending
    ]

    comparisons = []
    left_out = ("id", "note")
    for left, right in combinations(range(len(layers)), 2):
        changes = compare_layers(layers[left], layers[right], trust_ids=False)
        comparison = pack_changes(changes, (layers[left], layers[right]), DISAGREEMENTS, left_out)
        comparisons.append({"left": left, "right": right, "changes": comparison})
    return {
        "id": document.meta.doc_id,
        "language": document.meta.language,
        "paragraphs": list(iter_paragraphs(document.text)),
        "layers": packed,
        "comparisons": comparisons,
        "names": DISAGREEMENTS,
        "fields": RECORD_FIELDS,
        "registries": pack_registries(registries, _iter_records(layers), proposed),
        "decisions": [
            {"about": each.about, "section": each.section, "reason": each.reason, "by": each.by}
            for each in document.adjudication.records
        ],
    }


def _iter_records(layers: Iterable[Layer]) -> Iterator[AnyAnnotation]:
    for layer in layers:
        yield from layer.records


def pack_changes(
    changes: LayerChanges,
    layers: Sequence[Layer],
    names: Mapping[ChangeKind, str],
    left_out: Sequence[str] = (),
) -> list[tuple[ChangeKind, int, int, list[str]]]:
    """Return each change as its kind, the numbers of its annotations, and the fields that differ.

    The numbers are those in the left and the right one of ``layers``; -1 stands for none. Kinds of
    change without a name in ``names`` and fields in ``left_out`` are left out.
    """
    places = []
    for layer in layers:
        records = sorted(layer.records, key=annotation_order)
        places.append({record.id: number for number, record in enumerate(records)})
    packed = []
    for change in changes.changes:
        if change.kind not in names:
            continue
        left = places[0].get(change.old.id, -1) if change.old else -1
        right = places[1].get(change.new.id, -1) if change.new else -1
        fields = [field.name for field in change.fields if field.name not in left_out]
        packed.append((change.kind, left, right, fields))
    return packed


def script_data(data: Any) -> Markup:
    """Return data for the script, as JSON that cannot end its script element."""
    encoded = msgspec.json.encode(data).decode()
    return Markup(encoded.replace("<", "\\u003c").replace("&", "\\u0026"))
