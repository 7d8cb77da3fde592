"""TEI P5: the text in one ``ab`` and the annotations in ``standOff``, as spans that point into it.

A place is ``#string-range(text,OFFSET,LENGTH)``, the pointer scheme of TEI, in code points of the ``ab``. Each label
has a ``spanGrp``, values are feature structures that a span names by ``ana``, links are ``linkGrp``s, and speakers
a ``listPerson``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from readout.interchange.graph import LINKS, NODE_LABELS, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.xmltext import LOSS, is_writable, parse_xml
from readout.model import Span, Speaker, named_entries

LOSSES = (
    LOSS,
    "Speakers are written for readers and not imported; of a text's metadata the header has title, date and rights.",
)
_TEI = "http://www.tei-c.org/ns/1.0"
_XML = "http://www.w3.org/XML/1998/namespace"
_TEXT = "text"


# ---------------------------------------------------------------- out


def export_tei(outbox: Outbox) -> None:
    """Write one TEI file a document."""
    from lxml import etree

    for sheet in outbox.sheets:
        if is_writable(outbox, sheet):
            root = to_tei(sheet, outbox.registries.speakers.values())
            outbox.add(f"{sheet.stem}.xml", etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def to_tei(sheet: Sheet, speakers: Iterable[Speaker] = ()) -> Any:
    """Return a layer of a document as a ``TEI`` element."""
    from lxml import etree

    root = etree.Element(f"{{{_TEI}}}TEI", nsmap={None: _TEI})
    _add_header(root, sheet)
    stand_off = _add_element(root, "standOff")
    _add_speakers(stand_off, sheet, speakers)
    graph = to_graph(sheet.records)
    for label in NODE_LABELS:
        group = _add_element(stand_off, "spanGrp", type=label)
        for node in graph.nodes:
            if node.label == label:
                _add_span(stand_off, group, node)
        if not len(group):
            stand_off.remove(group)
    for name in LINKS:
        links = [link for link in graph.links if link.label == name]
        group = _add_element(stand_off, "linkGrp", type=name) if links else None
        for link in links:
            _add_element(group, "link", target=f"#{_xml_id(link.tail)} #{_xml_id(link.head)}")
    body = _add_element(_add_element(root, "text"), "body")
    block = _add_element(body, "ab", sheet.text, id=_TEXT)
    block.set(f"{{{_XML}}}space", "preserve")
    return root


def _add_element(parent: Any, tag: str, content: str | None = None, id: str | None = None, **attributes: str) -> Any:  # noqa: A002
    from lxml import etree

    child = etree.SubElement(parent, f"{{{_TEI}}}{tag}", attributes)
    child.text = content
    if id:
        child.set(f"{{{_XML}}}id", id)
    return child


def _xml_id(key: str) -> str:
    """Return a key as an XML name, which may not start with a digit or hold a slash."""
    return "a." + key.replace("/", ".")


def _add_header(root: Any, sheet: Sheet) -> None:
    description = _add_element(_add_element(root, "teiHeader"), "fileDesc")
    _add_element(_add_element(description, "titleStmt"), "title", sheet.meta.title or sheet.name)
    publication = _add_element(description, "publicationStmt")
    _add_element(_add_element(publication, "availability"), "p", sheet.meta.rights)
    source = _add_element(_add_element(description, "sourceDesc"), "bibl")
    _add_element(source, "idno", sheet.name, type="document")
    _add_element(source, "note", sheet.layer, type="layer")
    if sheet.meta.published:
        _add_element(source, "date", when=sheet.meta.published)


def _add_speakers(parent: Any, sheet: Sheet, speakers: Iterable[Speaker]) -> None:
    used = {name for record in sheet.records for name in named_entries(record, "speakers")}
    found = [speaker for speaker in speakers if speaker.speaker_id in used]
    people = _add_element(parent, "listPerson") if found else None
    for speaker in found:
        person = _add_element(people, "person", id=f"speaker.{speaker.speaker_id}", role=speaker.kind)
        _add_element(person, "persName", speaker.name)


def _add_span(stand_off: Any, group: Any, node: Node) -> None:
    places = " ".join(f"#string-range({_TEXT},{span.start},{span.end - span.start})" for span in node.spans)
    words = " … ".join(span.exact for span in node.spans)
    element = _add_element(group, "span", words, id=_xml_id(node.key), target=places)
    if node.values:
        element.set("ana", f"#{_xml_id(node.key)}.fs")
        structure = _add_element(stand_off, "fs", id=f"{_xml_id(node.key)}.fs", type=node.label)
        for name, value in node.values.items():
            _add_element(_add_element(structure, "f", name=name), "string", value)


# ---------------------------------------------------------------- in

_STRING_RANGE = re.compile(rf"#string-range\({_TEXT},([0-9]+),([0-9]+)\)")


def import_tei(inbox: Inbox, path: Path) -> None:
    """Read TEI files of this form, each named by its document."""
    for file in find_files(path, ".xml"):
        root = parse_xml(inbox, file)
        text = inbox.find_text(str(file), file.stem)
        if root is None or text is None:
            continue
        block = next((ab for ab in root.iter(f"{{{_TEI}}}ab") if ab.get(f"{{{_XML}}}id") == _TEXT), None)
        theirs = "" if block is None else "".join(block.itertext())
        if inbox.check_text(str(file), text, theirs):
            inbox.add_layer(str(file), file.stem, _document_to_graph(inbox, str(file), text, root))


def _document_to_graph(inbox: Inbox, path: str, text: str, root: Any) -> Graph:
    structures = {each.get(f"{{{_XML}}}id"): _read_features(each) for each in root.iter(f"{{{_TEI}}}fs")}
    graph = Graph([], [])
    for element in root.iter(f"{{{_TEI}}}span"):
        spans = _read_places(inbox, path, text, element)
        values = structures.get(element.get("ana", "").removeprefix("#"), {})
        label = element.getparent().get("type", "")
        if all(spans):
            found = tuple(span for span in spans if span)
            graph.nodes.append(Node(str(element.get(f"{{{_XML}}}id")), label, found, values, element.sourceline))
    for element in root.iter(f"{{{_TEI}}}link"):
        ends = [end.removeprefix("#") for end in element.get("target", "").split()]
        if len(ends) == 2:
            graph.links.append(Link(element.getparent().get("type", ""), ends[0], ends[1], element.sourceline))
        else:
            message = f"Got {len(ends)} targets of a link. Expected two."
            inbox.report("foreign-value", path, message, "name the two annotations it joins.", element.sourceline)
    return graph


def _read_features(structure: Any) -> dict[str, str]:
    return {each.get("name", ""): "".join(each.itertext()) for each in structure.iter(f"{{{_TEI}}}f")}


def _read_places(inbox: Inbox, path: str, text: str, element: Any) -> list[Span | None]:
    line = element.sourceline
    places = element.get("target", "").split()
    found = [_STRING_RANGE.fullmatch(place) for place in places]
    if not found or not all(found):
        message = f"Got the target {element.get('target', '')!r}. Expected #string-range({_TEXT},OFFSET,LENGTH)."
        inbox.report("foreign-syntax", path, message, "point into the text by offsets.", line)
        return [None]
    pairs = [(int(place.group(1)), int(place.group(2))) for place in found if place]
    words = (element.text or None) if len(pairs) == 1 else None
    spans = [inbox.anchor(text, start, start + size, words, path, line) for start, size in pairs]
    covered = " … ".join(span.exact for span in spans if span)
    if len(pairs) > 1 and all(spans) and element.text and element.text != covered:
        message = f"Got {element.text!r}. The text at these places is {covered!r}."
        inbox.report("foreign-span", path, message, "correct the target or the words.", line)
    return spans
