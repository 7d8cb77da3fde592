"""Read and write UIMA CAS as XMI and JSON, with the layers of an INCEpTION project.

One span layer contains all annotations, because relations in INCEpTION join spans of one layer; the
feature ``label`` tells them apart. The files count UTF-16 code units, which dkpro-cassis converts
to and from code points.

For a mapping, an annotation has the name of its layer as its label, without the package, and its
features as attributes. A relation, a slot and a feature that refers to another annotation are
links. The label of a relation is the name of its layer, followed by a colon and its feature, if it
has one; that of a slot is the name of the slot, followed by a colon and the role.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import IO, Any
from warnings import catch_warnings, simplefilter
from zipfile import is_zipfile

import msgspec

from readout.interchange.archives import iter_members
from readout.interchange.graph import LINKS, NODE_LABELS, PART, VALUE_ROLES, Graph, Link, Node
from readout.interchange.inbox import Inbox, Owner, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import to_pieces
from readout.interchange.xmltext import (
    LOSS,
    DeclaredEntityError,
    check_xml_text,
    explain_syntax,
    parse_safely,
)
from readout.model import Span

LOSSES = (
    f"XMI only: {LOSS}",
    "Sentences and tokens are neither exported nor imported, because INCEpTION adds its own.",
    "Without a mapping, layers other than those of this export are left out, and listed.",
    "The pieces of a discontinuous span are separate annotations, joined by the relation 'part'.",
)
SPAN = "webanno.custom.Readout"
RELATION = "webanno.custom.ReadoutLink"
TYPE_SYSTEM = "TypeSystem.xml"
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
    outbox.add(TYPE_SYSTEM, build_type_system().to_xml())
    outbox.add(LAYERS, msgspec.json.format(msgspec.json.encode(build_layers()), indent=2))


# ---------------------------------------------------------------- in


def import_cas_xmi(inbox: Inbox, path: Path) -> None:
    """Read XMI files, or archives of them as INCEpTION exports.

    The name of each file, or of its folder, is the id of its document.
    """
    check_unit(inbox, path)
    for file in find_files(path, ".xmi", ".zip"):
        if is_zipfile(file):
            read_xmi_archive(inbox, str(file), file, partial(inbox.find_owner, file))
        else:
            beside = file.parent / TYPE_SYSTEM
            types = beside.read_bytes() if beside.is_file() else None
            load = partial(_load_xmi, file.read_bytes(), types)
            _read_cas(inbox, str(file), inbox.find_owner(path, file), load)


def check_unit(inbox: Inbox, path: Path) -> None:
    """Report an option that gives another unit than UTF-16, which the readers convert."""
    if inbox.is_unit_given and inbox.unit != "utf-16":
        message = f"The offsets of these files count UTF-16 code units. Got --offsets {inbox.unit}."
        inbox.report("foreign-span", str(path), message, "leave the option out.")
    inbox.unit = "code-points"


def read_xmi_archive(
    inbox: Inbox, path: str, archive: Path | IO[bytes], find_owner: Callable[[Path], Owner]
) -> None:
    """Read the XMI files of an archive, one after another, with its type system.

    ``find_owner`` returns the document and the annotator for the path of a file in the archive.
    """
    types = None
    for _, content in iter_members(inbox, path, archive, lambda name: name == TYPE_SYSTEM):
        types = content
    for name, content in iter_members(inbox, path, archive, lambda name: name.endswith(".xmi")):
        owner = find_owner(Path(path, name))
        _read_cas(inbox, path, owner, partial(_load_xmi, content, types))


def _load_xmi(content: bytes, types: bytes | None) -> Any:
    from cassis import load_cas_from_xmi, load_typesystem

    known = load_typesystem(types.decode()) if types else _build_known_types()
    used = _find_used_types(content)
    unknown = set(used) - {each.name for each in known.get_types(True)}
    missing = sorted(name for name in unknown - _UNREAD if not name.startswith("uima."))
    if missing and not types:
        names = ", ".join(missing[:5])
        raise _MissingTypesError(f"there is no {TYPE_SYSTEM} beside it that defines {names}")
    if types:
        _add_types(known, {name: used[name] for name in missing})
        _add_features(known, used)
    with catch_warnings():
        simplefilter("ignore")  # warnings of types that nobody needs
        return load_cas_from_xmi(content.decode(), typesystem=known, lenient=True)


@cache
def _build_known_types() -> Any:
    """Return the types of an export and of DKPro Core, which INCEpTION has built in."""
    from cassis import load_dkpro_core_typesystem, merge_typesystems

    return merge_typesystems(load_dkpro_core_typesystem(), build_type_system())


class _MissingTypesError(Exception):
    """An XMI file has annotations of types that nothing defines."""


def _add_types(types: Any, missing: Mapping[str, set[str]]) -> None:
    """Add the types that a published type system lacks, with their attributes as strings.

    cassis leaves out what has such a type, and then refuses a relation to it.
    """
    for name, attributes in missing.items():
        is_span = {"begin", "end"} <= attributes
        types.create_type(name, "uima.tcas.Annotation" if is_span else "uima.cas.TOP")


def _add_features(types: Any, used: Mapping[str, set[str]]) -> None:
    """Add the features that a published type system lacks, as strings.

    cassis refuses a file if an annotation has a feature that its type does not have.
    """
    for name, attributes in used.items():
        if types.contains_type(name) and not name.startswith("uima."):
            kind = types.get_type(name)
            known = {feature.name for feature in kind.all_features}
            for attribute in sorted(attributes - known):
                types.create_feature(kind, attribute, "uima.cas.String")


def _find_used_types(content: bytes) -> dict[str, set[str]]:
    """Return the attributes of the feature structures by type.

    The type of a ``C`` of ``http:///a/b.ecore`` is ``a.b.C``.
    """
    from lxml import etree

    used: dict[str, set[str]] = {}
    for item in parse_safely(content):
        if isinstance(item.tag, str):
            name = etree.QName(item)
            package = (name.namespace or "").removeprefix("http:///").removesuffix(".ecore")
            # uima.noNamespace is how UIMA writes a type without a package.
            package = "" if package == "uima/noNamespace" else f"{package}."
            attributes = {str(key) for key in item.attrib if not str(key).startswith("{")}
            used.setdefault(package.replace("/", ".") + name.localname, set()).update(attributes)
    return used


def import_cas_json(inbox: Inbox, path: Path) -> None:
    """Read JSON CAS files; the name of each file, or of its folder, is the id of its document."""
    check_unit(inbox, path)
    for file in find_files(path, ".json"):
        if file.name != LAYERS:
            read_cas_json(inbox, str(file), inbox.find_owner(path, file), file.read_bytes())


def read_cas_json(inbox: Inbox, path: str, owner: Owner, content: bytes) -> None:
    """Read the content of one JSON CAS file."""
    _read_cas(inbox, path, owner, partial(_load_json, content))


def _load_json(content: bytes) -> Any:
    from cassis import load_cas_from_json

    return load_cas_from_json(content.decode())


def _read_cas(inbox: Inbox, path: str, owner: Owner, load: Callable[[], Any]) -> None:
    from lxml.etree import XMLSyntaxError

    # cassis raises whatever its parsers raise: errors of lxml and json, KeyError and others.
    try:
        cas = load()
    except _MissingTypesError as error:
        hint = "export it again with its type system, or as an archive, which contains it."
        inbox.report("foreign-syntax", path, f"The file cannot be read: {error}.", hint)
        return
    except XMLSyntaxError as error:
        inbox.report("foreign-syntax", path, *explain_syntax(error))
        return
    except DeclaredEntityError as error:
        inbox.report("foreign-syntax", path, str(error), error.hint)
        return
    except Exception as error:
        message = f"The file is not a CAS: {error}."
        inbox.report("foreign-syntax", path, message, "export the document again.")
        return

    found = inbox.find_document(path, owner.name, cas.sofa_string or "")
    if found is None:
        return

    if inbox.is_mapped:
        graph = _CasReader(inbox, path, found.text, cas).read()
    else:
        graph = _cas_to_graph(inbox, path, found.text, cas)
    inbox.add_layer(path, found.doc_id, graph, owner.author)


def _cas_to_graph(inbox: Inbox, path: str, text: str, cas: Any) -> Graph:
    """Return the graph of the layers of an export."""
    graph = Graph([], [])

    for item in cas.select_all_annotations():
        if item.type.name not in (SPAN, RELATION, *_UNREAD):
            inbox.tell(f"An annotation of the layer {item.type.name!r} is left out.", path)

    for item in _select_type(cas, SPAN):
        span = _anchor_item(inbox, path, text, item)
        if span is not None:
            given = {name: getattr(item, feature, None) for name, feature in FEATURES.items()}
            values = {name: value for name, value in given.items() if value}
            graph.nodes.append(Node(str(item.xmiID), item.label or "", (span,), values))

    for item in _select_type(cas, RELATION):
        tail, head = _to_key(item.Governor), _to_key(item.Dependent)
        graph.links.append(Link(item.label or "", tail, head))
    return graph


def _anchor_item(inbox: Inbox, path: str, text: str, item: Any) -> Span | None:
    begin = -1 if item.begin is None else item.begin
    end = -1 if item.end is None else item.end
    return inbox.anchor_span(text, begin, end, None, path)


_DKPRO = "de.tudarmstadt.ukp.dkpro.core.api"
_UNREAD = frozenset(
    {
        "uima.tcas.DocumentAnnotation",
        f"{_DKPRO}.metadata.type.DocumentMetaData",
        f"{_DKPRO}.metadata.type.TagDescription",
        f"{_DKPRO}.metadata.type.TagsetDescription",
        f"{_DKPRO}.segmentation.type.Sentence",
        f"{_DKPRO}.segmentation.type.Token",
        "de.tudarmstadt.ukp.clarin.webanno.api.type.CASMetadata",
    }
)
"""The types of annotations that INCEpTION makes for itself."""
_GOVERNOR, _DEPENDENT = "Governor", "Dependent"
_PLACE_FEATURES = frozenset({"begin", "end", "sofa", _GOVERNOR, _DEPENDENT})


class _CasReader:
    """Reads the annotations of all layers, with the names of the layers as labels."""

    def __init__(self, inbox: Inbox, path: str, text: str, cas: Any) -> None:
        self.inbox, self.path, self.text, self.cas = inbox, path, text, cas
        self.graph = Graph([], [])
        items = cas.select_all_annotations()
        self.items = [item for item in items if item.type.name not in _UNREAD]
        names = {item.type.name: item.type.short_name for item in self.items}
        counts = Counter(names.values())
        self.labels = {name: short if counts[short] == 1 else name for name, short in names.items()}

    def read(self) -> Graph:
        """Return the graph of a file."""
        for item in self.items:
            if item.type.get_feature(_GOVERNOR) and item.type.get_feature(_DEPENDENT):
                self._read_relation(item)
            else:
                self._read_span(item)
        return self.graph

    def _read_relation(self, item: Any) -> None:
        values = [value for _, value in self._iter_values(item)]
        label = ":".join([self.labels[item.type.name], *values[:1]])
        tail, head = _to_key(item.Governor), _to_key(item.Dependent)
        self.graph.links.append(Link(label, tail, head))

    def _read_span(self, item: Any) -> None:
        span = _anchor_item(self.inbox, self.path, self.text, item)
        if span is not None:
            key, label = str(item.xmiID), self.labels[item.type.name]
            self.graph.nodes.append(Node(key, label, (span,), dict(self._iter_values(item))))
            self.graph.links.extend(self._iter_links(item))

    def _iter_values(self, item: Any) -> Iterator[tuple[str, str]]:
        """Yield the features that are texts, numbers or truth values, and lists of these."""
        for feature in item.type.all_features:
            value = getattr(item, feature.name, None)
            if feature.name in _PLACE_FEATURES or value is None:
                continue
            if isinstance(value, bool):
                yield feature.name, str(value).lower()
            elif isinstance(value, str | int | float):
                yield feature.name, str(value)
            else:
                elements = [each for each in _list_elements(value) if isinstance(each, str)]
                if elements:
                    yield feature.name, "\n".join(elements)

    def _iter_links(self, item: Any) -> Iterator[Link]:
        """Yield a link for every annotation to which a feature or a slot refers."""
        for feature in item.type.all_features:
            if feature.name in _PLACE_FEATURES:
                continue
            value = getattr(item, feature.name, None)
            for each in _list_elements(value) or [value]:
                if hasattr(each, "target"):
                    role = getattr(each, "role", None)
                    label = f"{feature.name}:{role}" if role else feature.name
                    yield Link(label, str(item.xmiID), _to_key(each.target))
                elif hasattr(each, "begin"):
                    yield Link(feature.name, str(item.xmiID), _to_key(each))


def _list_elements(value: Any) -> list[Any]:
    """Return the elements of an array; an empty list for anything else."""
    elements = getattr(value, "elements", value)
    return list(elements) if isinstance(elements, list | tuple) else []


def _to_key(item: Any) -> str:
    """Return the id of an annotation; types that nothing defines have it as a string."""
    if item is None or isinstance(item, str):
        return item or ""
    return str(item.xmiID)


def _select_type(cas: Any, name: str) -> list[Any]:
    return list(cas.select(name)) if cas.typesystem.contains_type(name) else []
