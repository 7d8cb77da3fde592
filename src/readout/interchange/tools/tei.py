"""Read and write TEI P5: the text in one ``ab``, and the annotations as spans in ``standOff``.

A span points at ``#string-range(text,OFFSET,LENGTH)``, a pointer scheme of TEI, in code points of
the ``ab``. Each label has a ``spanGrp``; values are feature structures that a span names by
``ana``; links are in ``linkGrp`` elements, and speakers in a ``listPerson``.

A file of somebody else is read with a mapping: its text is that of the ``text`` element, and every
element in it, such as ``said`` or ``persName``, is an annotation with the name of the element as
its label, and its attributes as values.
"""

from __future__ import annotations

import re
from collections import Counter
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
    "Of files of somebody else, notes in the margin and the apparatus are part of the text.",
    "A file that declares entities is a problem, as entities are never resolved.",
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
    """Read TEI files, each named after its document: those of the export, or with a mapping any."""
    for file in find_files(path, ".xml"):
        root = parse_xml(inbox, file)
        if root is None:
            continue

        block = _find_block(root)
        content = root.find(f"{{{_TEI}}}text") if block is None else block
        if block is None and (content is None or not inbox.is_mapped):
            inbox.report("foreign-syntax", str(file), *_describe_root(root), root.sourceline)
            continue

        theirs, nodes = _read_elements(content)
        found = inbox.find_document(str(file), file.stem, theirs)
        if found is None:
            continue
        graph = Graph(nodes, [])
        if block is not None:
            graph = _document_to_graph(inbox, str(file), found.text, root)
        inbox.add_layer(str(file), found.doc_id, graph, inbox.find_owner(path, file).author)


def _find_block(root: Any) -> Any:
    """Return the ``ab`` with the text; None if there is none."""
    blocks = root.iter(f"{{{_TEI}}}ab")
    return next((block for block in blocks if block.get(_XML_ID) == _TEXT), None)


def _describe_root(root: Any) -> tuple[str, str]:
    """Return what is wrong with a file that no export wrote, and a remedy."""
    if root.tag != f"{{{_TEI}}}TEI":
        message = f"The root element is {root.tag!r}. Expected TEI in the namespace {_TEI}."
        hint = "give TEI P5, or import the file in its own format."
        if root.tag == f"{{{_TEI}}}teiCorpus":
            hint = "write each TEI element of the teiCorpus into a file of its own."
        return message, hint

    elements = root.iterfind(f"{{{_TEI}}}text//{{{_TEI}}}*")
    counts = Counter(_strip_namespace(element.tag) for element in elements)
    names = ", ".join(f"{tag} ({count})" for tag, count in counts.most_common(5)) or "nothing"
    message = (
        f"There is no ab with xml:id='{_TEXT}', which the export writes; the text has {names}."
    )
    hint = "give --inspect to see what the elements are, and a mapping with --map to import them."
    return message, hint


def _read_elements(content: Any) -> tuple[str, list[Node]]:
    """Return the text of an element, and an annotation for every element in it with words."""
    from lxml import etree

    pieces: list[str] = []
    length = 0
    starts: list[int] = []
    ends: list[tuple[int, int, Any]] = []
    for event, element in etree.iterwalk(content, events=("start", "end", "comment", "pi")):
        if event == "start":
            starts.append(length)
            piece = element.text
        else:
            piece = None if element is content else element.tail
        if event == "end":
            ends.append((starts.pop(), length, element))
        if piece:
            pieces.append(piece)
            length += len(piece)

    text = "".join(pieces)
    nodes: list[Node] = []
    for start, end, element in ends:
        if element is not content and text[start:end].strip():
            values = {_strip_namespace(name): value for name, value in element.attrib.items()}
            span = Span(start, end, text[start:end])
            label = _strip_namespace(element.tag)
            nodes.append(Node(f"{len(nodes) + 1}", label, (span,), values, element.sourceline))
    return text, nodes


def _strip_namespace(name: str) -> str:
    return name.rpartition("}")[2]


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
