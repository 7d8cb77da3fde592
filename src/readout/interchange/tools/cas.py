"""Read and write UIMA CAS as XMI and JSON, with the layers of an INCEpTION project.

One span layer contains all annotations, because relations in INCEpTION join spans of one layer; the
feature ``label`` tells them apart. The files count UTF-16 code units, which dkpro-cassis converts
to and from code points.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

import msgspec

from readout.interchange.graph import LINKS, NODE_LABELS, PART, VALUE_ROLES, Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import to_pieces
from readout.interchange.xmltext import LOSS, check_xml_text

LOSSES = (
    f"XMI only: {LOSS}",
    "Sentences and tokens are neither exported nor imported, because INCEpTION adds its own.",
    "Layers other than those of this export are not imported.",
    "The pieces of a discontinuous span are separate annotations, joined by the relation 'part'.",
)
SPAN = "webanno.custom.Readout"
RELATION = "webanno.custom.ReadoutLink"
_TYPE_SYSTEM = "TypeSystem.xml"
LAYERS = "inception-layers.json"
FEATURES = {"id": "identifier"} | {name: name for name in VALUE_ROLES if name != "id"}
"""The feature of each value; ``id`` has another name because XMI uses that one."""


# ---------------------------------------------------------------- out


def build_type_system() -> Any:
    """Return the type system: the layer of spans and the layer of relations between them."""
    from cassis import TypeSystem

    types = TypeSystem()
    span = types.create_type(SPAN, supertypeName="uima.tcas.Annotation")
    relation = types.create_type(RELATION, supertypeName="uima.tcas.Annotation")
    for name in ("label", *FEATURES.values()):
        types.create_feature(span, name, "uima.cas.String")
    types.create_feature(relation, "label", "uima.cas.String")
    for name in ("Governor", "Dependent"):
        types.create_feature(relation, name, span)
    return types


def build_layers() -> list[dict[str, Any]]:
    """Return the layers as INCEpTION imports them under *Settings, Layers*."""
    span = _build_layer(SPAN, "Readout", "span", ["label", *FEATURES.values()], NODE_LABELS)
    link_labels = (*LINKS, PART)
    relation = _build_layer(RELATION, "Readout link", "relation", ["label"], link_labels)
    return [span, {**relation, "attach_type": {"name": SPAN}}]


def _build_layer(
    name: str, title: str, kind: str, features: list[str], labels: tuple[str, ...]
) -> dict[str, Any]:
    descriptions = {"label": f"one of {', '.join(labels)}"}
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
                "description": descriptions.get(feature, ""),
                "multi_value_mode": "NONE",
                "link_mode": "NONE",
            }
            for feature in features
        ],
    }


def to_cas(sheet: Sheet) -> Any:
    """Return a layer of a document as a CAS."""
    from cassis import Cas

    types = build_type_system()
    span_type, relation_type = types.get_type(SPAN), types.get_type(RELATION)
    cas = Cas(
        types,
        sofa_string=sheet.text,
        sofa_mime="text/plain",
        document_language=sheet.meta.language,
    )

    pieces, links = to_pieces(sheet)
    items = {}
    for node, span in pieces:
        features = {FEATURES[name]: value for name, value in node.values.items()}
        item = span_type(begin=span.start, end=span.end, label=node.label, **features)
        items[node.key] = item
        cas.add(item)

    for link in links:
        # A relation has the offsets of its dependent, as in INCEpTION.
        tail, head = items[link.tail], items[link.head]
        ends = {"begin": head.begin, "end": head.end, "Governor": tail, "Dependent": head}
        cas.add(relation_type(label=link.label, **ends))
    return cas


def export_cas_xmi(outbox: Outbox) -> None:
    """Write one XMI file per document, the type system and the layers of INCEpTION."""
    for sheet in outbox.sheets:
        if check_xml_text(outbox, sheet):
            outbox.add(f"{sheet.stem}.xmi", str(to_cas(sheet).to_xmi()))
    _add_definitions(outbox)


def export_cas_json(outbox: Outbox) -> None:
    """Write one JSON CAS file per document, the type system and the layers of INCEpTION."""
    for sheet in outbox.sheets:
        outbox.add(f"{sheet.stem}.json", str(to_cas(sheet).to_json()))
    _add_definitions(outbox)


def _add_definitions(outbox: Outbox) -> None:
    outbox.add(_TYPE_SYSTEM, build_type_system().to_xml())
    outbox.add(LAYERS, msgspec.json.format(msgspec.json.encode(build_layers()), indent=2))


# ---------------------------------------------------------------- in


def import_cas_xmi(inbox: Inbox, path: Path) -> None:
    """Read XMI files, or archives of them as INCEpTION exports.

    The name of each file, or of its folder, is the id of its document.
    """
    for file in find_files(path, ".xmi", ".zip"):
        if is_zipfile(file):
            _read_archive(inbox, file)
        else:
            beside = file.parent / _TYPE_SYSTEM
            types = beside.read_bytes() if beside.is_file() else None
            _read_cas(inbox, file, file.stem, partial(_load_xmi, file.read_bytes(), types))


def _read_archive(inbox: Inbox, file: Path) -> None:
    """Read the XMI files of an archive, one after another."""
    try:
        with ZipFile(file) as archive:
            members = {each.filename: each for each in archive.infolist()}
            types = None
            if _TYPE_SYSTEM in members:
                types = _read_member(archive, members[_TYPE_SYSTEM])
            for name, member in members.items():
                if name.endswith(".xmi"):
                    content = _read_member(archive, member)
                    _read_cas(inbox, file, Path(name).stem, partial(_load_xmi, content, types))
    except _BROKEN_ARCHIVE as error:
        message = f"The archive cannot be read: {error}."
        hint = "export it again, without a password, or unpack it and import the folder."
        inbox.report("foreign-syntax", str(file), message, hint)


_BROKEN_ARCHIVE = (BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, OSError)
"""Errors of a damaged archive, of one with a password, and of an unknown compression."""
_LARGEST = 100_000_000
"""The largest number of bytes that a file of an archive may unpack to."""


def _read_member(archive: ZipFile, member: ZipInfo) -> bytes:
    """Return a file of an archive.

    Raises:
        BadZipFile: it is larger than any document.

    """
    with archive.open(member) as packed:
        content = packed.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise BadZipFile(f"{member.filename!r} unpacks to more than {_LARGEST:,} bytes")
    return content


def _load_xmi(content: bytes, types: bytes | None) -> Any:
    from cassis import load_cas_from_xmi, load_typesystem

    known = load_typesystem(types.decode()) if types else build_type_system()
    return load_cas_from_xmi(content.decode(), typesystem=known, lenient=True)


def import_cas_json(inbox: Inbox, path: Path) -> None:
    """Read JSON CAS files; the name of each file, or of its folder, is the id of its document."""
    for file in find_files(path, ".json"):
        if file.name != LAYERS:
            _read_cas(inbox, file, file.stem, partial(_load_json, file))


def _load_json(file: Path) -> Any:
    from cassis import load_cas_from_json

    return load_cas_from_json(file.read_text(encoding="utf-8"))


def _read_cas(inbox: Inbox, file: Path, stem: str, load: Callable[[], Any]) -> None:
    # cassis raises whatever its parsers raise: errors of lxml and json, KeyError and others.
    try:
        cas = load()
    except Exception as error:
        message = f"The file is not a CAS: {error}."
        inbox.report("foreign-syntax", str(file), message, "export the document again.")
        return

    folder = file.parent.name
    candidates = (stem, Path(stem).stem, folder, Path(folder).stem)
    doc_id = next((name for name in candidates if name in inbox.texts), stem)
    text = inbox.find_text(str(file), doc_id)
    if text is not None and inbox.check_text(str(file), text, cas.sofa_string or ""):
        graph = _cas_to_graph(inbox, str(file), text, cas)
        inbox.add_layer(str(file), doc_id, graph)


def _cas_to_graph(inbox: Inbox, path: str, text: str, cas: Any) -> Graph:
    graph = Graph([], [])

    for item in _select_type(cas, SPAN):
        begin = -1 if item.begin is None else item.begin
        end = -1 if item.end is None else item.end
        span = inbox.anchor_span(text, begin, end, None, path)
        if span is not None:
            given = {name: getattr(item, feature, None) for name, feature in FEATURES.items()}
            values = {name: value for name, value in given.items() if value}
            graph.nodes.append(Node(str(item.xmiID), item.label or "", (span,), values))

    for item in _select_type(cas, RELATION):
        tail, head = _to_key(item.Governor), _to_key(item.Dependent)
        graph.links.append(Link(item.label or "", tail, head))
    return graph


def _to_key(item: Any) -> str:
    return "" if item is None else str(item.xmiID)


def _select_type(cas: Any, name: str) -> list[Any]:
    return list(cas.select(name)) if cas.typesystem.contains_type(name) else []
