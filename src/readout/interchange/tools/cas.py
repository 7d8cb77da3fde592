"""UIMA CAS as XMI and JSON, with the type system and the layers of an INCEpTION project, through dkpro-cassis.

One span layer holds all annotations, as INCEpTION's relations join spans of one layer; ``label`` tells them apart. The
files count UTF-16 code units; cassis converts them to code points and back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

import msgspec

from readout.interchange.graph import LINKS, NODE_LABELS, PART, VALUE_ROLES, Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import to_pieces
from readout.interchange.xmltext import LOSS, is_writable

LOSSES = (
    f"XMI only: {LOSS}",
    "Sentences and tokens are left to INCEpTION, which adds its own; they are not imported, nor are other layers.",
    "The pieces of a discontinuous span are annotations of their own, joined by the relation 'part'.",
)
SPAN = "webanno.custom.Readout"
RELATION = "webanno.custom.ReadoutLink"
_LAYERS = "inception-layers.json"
_FEATURES = {"id": "identifier"} | {name: name for name in VALUE_ROLES if name != "id"}
"""The features by the values they hold; ``id`` is taken by XMI."""


# ---------------------------------------------------------------- out


def make_type_system() -> Any:
    """Return the type system: the layer of spans and the layer of relations between them."""
    from cassis import TypeSystem

    types = TypeSystem()
    span = types.create_type(SPAN, supertypeName="uima.tcas.Annotation")
    relation = types.create_type(RELATION, supertypeName="uima.tcas.Annotation")
    for name in ("label", *_FEATURES.values()):
        types.create_feature(span, name, "uima.cas.String")
    types.create_feature(relation, "label", "uima.cas.String")
    for name in ("Governor", "Dependent"):
        types.create_feature(relation, name, span)
    return types


def make_layers() -> list[dict[str, Any]]:
    """Return the layers as INCEpTION imports them under *Settings, Layers*."""
    span = _layer(SPAN, "Readout", "span", ["label", *_FEATURES.values()])
    relation = _layer(RELATION, "Readout link", "relation", ["label"])
    return [span, {**relation, "attach_type": {"name": SPAN}}]


def _layer(name: str, title: str, kind: str, features: list[str]) -> dict[str, Any]:
    described = {"label": "one of " + ", ".join(NODE_LABELS if kind == "span" else (*LINKS, PART))}
    return {
        "name": name,
        "uiName": title,
        "type": kind,
        "description": "Annotations of a Readout corpus.",
        "enabled": True,
        "built_in": False,
        "readonly": False,
        "allow_stacking": True,
        "cross_sentence": True,
        "show_hover": True,
        "anchoring_mode": "CHARACTERS",
        "overlap_mode": "ANY_OVERLAP",
        "validation_mode": "NEVER",
        "features": [
            {
                "name": feature,
                "uiName": feature,
                "type": "uima.cas.String",
                "enabled": True,
                "visible": feature == "label",
                "required": feature == "label",
                "remember": False,
                "description": described.get(feature, ""),
                "multi_value_mode": "NONE",
                "link_mode": "NONE",
            }
            for feature in features
        ],
    }


def to_cas(sheet: Sheet) -> Any:
    """Return a layer of a document as a CAS."""
    from cassis import Cas

    types = make_type_system()
    span_type, relation_type = types.get_type(SPAN), types.get_type(RELATION)
    cas = Cas(types, sofa_string=sheet.text, sofa_mime="text/plain", document_language=sheet.meta.language)
    pieces, links = to_pieces(sheet)
    made = {}
    for node, span in pieces:
        values = {_FEATURES[name]: value for name, value in node.values.items()}
        made[node.key] = span_type(begin=span.start, end=span.end, label=node.label, **values)
        cas.add(made[node.key])
    for link in links:
        tail, head = made[link.tail], made[link.head]
        cas.add(relation_type(begin=head.begin, end=head.end, label=link.label, Governor=tail, Dependent=head))
    return cas


def export_cas_xmi(outbox: Outbox) -> None:
    """Write one XMI file a document, the type system and INCEpTION's layers."""
    _export_cas(outbox, ".xmi", lambda cas: str(cas.to_xmi()))


def export_cas_json(outbox: Outbox) -> None:
    """Write one JSON CAS a document, the type system and INCEpTION's layers."""
    _export_cas(outbox, ".json", lambda cas: str(cas.to_json()))


def _export_cas(outbox: Outbox, suffix: str, write: Callable[[Any], str]) -> None:
    for sheet in outbox.sheets:
        if suffix == ".json" or is_writable(outbox, sheet):
            outbox.add(sheet.stem + suffix, write(to_cas(sheet)))
    outbox.add("TypeSystem.xml", make_type_system().to_xml())
    outbox.add(_LAYERS, msgspec.json.format(msgspec.json.encode(make_layers()), indent=2))


# ---------------------------------------------------------------- in


def import_cas_xmi(inbox: Inbox, path: Path) -> None:
    """Read XMI files, or INCEpTION's archives of them, each named by its document or in a folder that is."""
    for file in find_files(path, ".xmi", ".zip"):
        contents = _open(file)
        types = contents.pop("TypeSystem.xml", None)
        for name, content in contents.items():
            if name.endswith(".xmi"):
                _read_cas(inbox, file, Path(name).stem, partial(_load_xmi, content, types))


def _open(file: Path) -> dict[str, bytes]:
    if is_zipfile(file):
        with ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    types = file.parent / "TypeSystem.xml"
    return {other.name: other.read_bytes() for other in (file, types) if other.exists()}


def _load_xmi(content: bytes, types: bytes | None) -> Any:
    from cassis import load_cas_from_xmi, load_typesystem

    known = load_typesystem(types.decode()) if types else make_type_system()
    return load_cas_from_xmi(content.decode(), typesystem=known, lenient=True)


def import_cas_json(inbox: Inbox, path: Path) -> None:
    """Read JSON CAS files, each named by its document or in a folder that is."""
    for file in find_files(path, ".json"):
        if file.name != _LAYERS:
            _read_cas(inbox, file, file.stem, partial(_load_json, file))


def _load_json(file: Path) -> Any:
    from cassis import load_cas_from_json

    return load_cas_from_json(file.read_text(encoding="utf-8"))


def _read_cas(inbox: Inbox, file: Path, stem: str, load: Callable[[], Any]) -> None:
    try:
        cas = load()
    except Exception as error:  # cassis raises what its parsers raise: lxml's, json's, KeyError and others
        inbox.report("foreign-syntax", str(file), f"The file is not a CAS: {error}.", "export the document again.")
        return
    candidates = (stem, Path(stem).stem, file.parent.name, Path(file.parent.name).stem)
    name = next((each for each in candidates if each in inbox.texts), stem)
    text = inbox.find_text(str(file), name)
    if text is not None and inbox.check_text(str(file), text, cas.sofa_string or ""):
        inbox.add_layer(str(file), name, _cas_to_graph(inbox, str(file), text, cas))


def _cas_to_graph(inbox: Inbox, path: str, text: str, cas: Any) -> Graph:
    graph = Graph([], [])
    for item in _select_type(cas, SPAN):
        given = {name: getattr(item, feature, None) for name, feature in _FEATURES.items()}
        begin, end = (-1 if offset is None else offset for offset in (item.begin, item.end))
        if span := inbox.anchor(text, begin, end, None, path):
            values = {name: value for name, value in given.items() if value}
            graph.nodes.append(Node(str(item.xmiID), item.label or "", (span,), values))
    for item in _select_type(cas, RELATION):
        tail, head = ("" if end is None else str(end.xmiID) for end in (item.Governor, item.Dependent))
        graph.links.append(Link(item.label or "", tail, head))
    return graph


def _select_type(cas: Any, name: str) -> list[Any]:
    return list(cas.select(name)) if cas.typesystem.contains_type(name) else []
