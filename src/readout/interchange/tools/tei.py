"""Read and write TEI P5: the text in one ``ab``, and the annotations as spans in ``standOff``.

A span points at ``#string-range(text,OFFSET,LENGTH)``, a pointer scheme of TEI, in code points of
the ``ab``. Each label has a ``spanGrp``; values are feature structures that a span names by
``ana``; links are in ``linkGrp`` elements, and speakers in a ``listPerson``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from readout.interchange.graph import LINKS, NODE_LABELS, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files, parse_offset
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.xmltext import LOSS, check_xml_text, parse_xml
from readout.model import Span, Speaker, named_entries

LOSSES = (
    LOSS,
    "Of the metadata, only id, layer, title, date and rights are written; none are imported.",
    "Of the speakers, only id, name and kind are written, for readers; none are imported.",
)
_TEI = "http://www.tei-c.org/ns/1.0"
_XML = "http://www.w3.org/XML/1998/namespace"
_XML_ID = f"{{{_XML}}}id"
_TEXT = "text"
_SEPARATOR = " … "


# ---------------------------------------------------------------- out


def export_tei(outbox: Outbox) -> None:
    """Write one TEI file per document."""
    from lxml import etree

    for sheet in outbox.sheets:
        if check_xml_text(outbox, sheet):
            root = to_tei(sheet, outbox.registries.speakers.values())
            content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
            outbox.add(f"{sheet.stem}.xml", content)


def to_tei(sheet: Sheet, speakers: Iterable[Speaker] = ()) -> Any:
    """Return a layer of a document as a ``TEI`` element."""
    from lxml import etree

    root = etree.Element(f"{{{_TEI}}}TEI", nsmap={None: _TEI})
    _add_header(root, sheet)

    stand_off = _add_element(root, "standOff")
    graph = to_graph(sheet.records)
    _add_speakers(stand_off, sheet, speakers)
    _add_spans(stand_off, graph.nodes)
    _add_links(stand_off, graph.links)

    body = _add_element(_add_element(root, "text"), "body")
    block = _add_element(body, "ab", sheet.text, xml_id=_TEXT)
    block.set(f"{{{_XML}}}space", "preserve")
    return root


def _add_element(
    parent: Any, tag: str, content: str | None = None, xml_id: str | None = None, **attributes: str
) -> Any:
    from lxml import etree

    child = etree.SubElement(parent, f"{{{_TEI}}}{tag}", attributes)
    child.text = content
    if xml_id:
        child.set(_XML_ID, xml_id)
    return child


def _to_xml_id(key: str) -> str:
    """Return a key as an XML name, which cannot start with a digit or contain a slash."""
    return "a." + key.replace("/", ".")


def _add_header(root: Any, sheet: Sheet) -> None:
    description = _add_element(_add_element(root, "teiHeader"), "fileDesc")
    title = _add_element(description, "titleStmt")
    _add_element(title, "title", sheet.meta.title or sheet.doc_id)
    publication = _add_element(description, "publicationStmt")
    availability = _add_element(publication, "availability")
    _add_element(availability, "p", sheet.meta.rights)

    source = _add_element(_add_element(description, "sourceDesc"), "bibl")
    _add_element(source, "idno", sheet.doc_id, type="document")
    _add_element(source, "note", sheet.layer, type="layer")
    if sheet.meta.published:
        _add_element(source, "date", when=sheet.meta.published)


def _add_speakers(parent: Any, sheet: Sheet, speakers: Iterable[Speaker]) -> None:
    used: set[str] = set()
    for record in sheet.records:
        used.update(named_entries(record, "speakers"))

    found = [speaker for speaker in speakers if speaker.speaker_id in used]
    people = _add_element(parent, "listPerson") if found else None
    for speaker in found:
        xml_id = f"speaker.{speaker.speaker_id}"
        person = _add_element(people, "person", xml_id=xml_id, role=speaker.kind)
        _add_element(person, "persName", speaker.name)


def _add_spans(stand_off: Any, nodes: Iterable[Node]) -> None:
    nodes = list(nodes)
    for label in NODE_LABELS:
        labelled = [node for node in nodes if node.label == label]
        group = _add_element(stand_off, "spanGrp", type=label) if labelled else None
        for node in labelled:
            _add_span(stand_off, group, node)


def _add_span(stand_off: Any, group: Any, node: Node) -> None:
    """Add a span to a group, and its values to ``standOff`` as a feature structure."""
    pointers = [
        f"#string-range({_TEXT},{span.start},{span.end - span.start})" for span in node.spans
    ]
    words = _SEPARATOR.join(span.exact for span in node.spans)
    xml_id = _to_xml_id(node.key)
    element = _add_element(group, "span", words, xml_id=xml_id, target=" ".join(pointers))

    if node.values:
        element.set("ana", f"#{xml_id}.fs")
        structure = _add_element(stand_off, "fs", xml_id=f"{xml_id}.fs", type=node.label)
        for name, value in node.values.items():
            feature = _add_element(structure, "f", name=name)
            _add_element(feature, "string", value)


def _add_links(stand_off: Any, links: Iterable[Link]) -> None:
    links = list(links)
    for label in LINKS:
        labelled = [link for link in links if link.label == label]
        group = _add_element(stand_off, "linkGrp", type=label) if labelled else None
        for link in labelled:
            target = f"#{_to_xml_id(link.tail)} #{_to_xml_id(link.head)}"
            _add_element(group, "link", target=target)


# ---------------------------------------------------------------- in

_STRING_RANGE = re.compile(rf"#string-range\({_TEXT},([0-9]+),([0-9]+)\)")


def import_tei(inbox: Inbox, path: Path) -> None:
    """Read TEI files with the elements of the export, each named after its document."""
    for file in find_files(path, ".xml"):
        root = parse_xml(inbox, file)
        text = inbox.find_text(str(file), file.stem)
        if root is None or text is None:
            continue

        if inbox.check_text(str(file), text, _read_text(root)):
            graph = _document_to_graph(inbox, str(file), text, root)
            author = inbox.find_owner(path, file).author
            inbox.add_layer(str(file), file.stem, graph, author)


def _read_text(root: Any) -> str:
    """Return the content of the ``ab`` with the text; an empty string if there is none."""
    for block in root.iter(f"{{{_TEI}}}ab"):
        if block.get(_XML_ID) == _TEXT:
            return "".join(block.itertext())
    return ""


def _document_to_graph(inbox: Inbox, path: str, text: str, root: Any) -> Graph:
    structures = {each.get(_XML_ID): _read_features(each) for each in root.iter(f"{{{_TEI}}}fs")}
    graph = Graph([], [])

    for element in root.iter(f"{{{_TEI}}}span"):
        spans = _read_places(inbox, path, text, element)
        if spans is not None:
            key = str(element.get(_XML_ID))
            label = _read_group(element)
            values = structures.get(element.get("ana", "").removeprefix("#"), {})
            graph.nodes.append(Node(key, label, spans, values, element.sourceline))

    for element in root.iter(f"{{{_TEI}}}link"):
        ends = [end.removeprefix("#") for end in element.get("target", "").split()]
        if len(ends) == 2:
            label = _read_group(element)
            graph.links.append(Link(label, ends[0], ends[1], element.sourceline))
        else:
            message = f"Got {len(ends)} targets of a link. Expected two."
            hint = "give the ids of the two annotations that it joins."
            inbox.report("foreign-value", path, message, hint, element.sourceline)
    return graph


def _read_group(element: Any) -> str:
    """Return the type of the group that an element is in; empty if it is the root."""
    group = element.getparent()
    return "" if group is None else group.get("type", "")


def _read_features(structure: Any) -> dict[str, str]:
    features = {}
    for feature in structure.iter(f"{{{_TEI}}}f"):
        features[feature.get("name", "")] = "".join(feature.itertext())
    return features


def _read_places(inbox: Inbox, path: str, text: str, element: Any) -> tuple[Span, ...] | None:
    """Return the spans of an element; report a problem and return None if one is invalid."""
    line = element.sourceline
    target = element.get("target", "")
    matches = [_STRING_RANGE.fullmatch(pointer) for pointer in target.split()]
    if not matches or None in matches:
        message = f"Got the target {target!r}. Expected #string-range({_TEXT},OFFSET,LENGTH)."
        hint = "point at the text by offset and length."
        inbox.report("foreign-syntax", path, message, hint, line)
        return None

    pairs = [
        (parse_offset(match[1]), parse_offset(match[2])) for match in matches if match is not None
    ]
    words = element.text or None
    single_words = words if len(pairs) == 1 else None
    found = []
    for start, length in pairs:
        span = inbox.anchor_span(text, start, start + length, single_words, path, line)
        if span is not None:
            found.append(span)
    if len(found) < len(pairs):
        return None

    covered = _SEPARATOR.join(span.exact for span in found)
    if words and words != covered:
        message = f"Got {words!r}. The text at these places is {covered!r}."
        inbox.report("foreign-span", path, message, "correct the target or the words.", line)
    return tuple(found)
