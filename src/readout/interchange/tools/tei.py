"""Read and write TEI P5: the text in one ``ab``, and the annotations as spans in ``standOff``.

A span points at ``#string-range(text,OFFSET,LENGTH)``, a pointer scheme of TEI, in code points of
the ``ab``. Each label has a ``spanGrp``; values are feature structures that a span names by
``ana``; links are in ``linkGrp`` elements, and speakers in a ``listPerson``.

A file of somebody else is read with a mapping: its text is that of the ``text`` element, and every
element in it, such as ``said`` or ``persName``, is an annotation with the name of the element as
its label, and its attributes as values. Pieces that ``next`` or ``prev`` join are one annotation.
A pointer ``#id`` in ``who``, ``ref`` or ``toWhom`` becomes the name of the person with this id, or
else the id. Paragraphs, headings, verses and similar elements start and end a line; so does ``lb``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from readout.interchange.graph import LINKS, NODE_LABELS, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files, parse_offset
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.xmltext import LOSS, check_xml_text, parse_xml
from readout.model import Span, Speaker, named_entries

LOSSES = (
    LOSS,
    "Of a choice, only corr, reg or expan is read, or else the first reading.",
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

        theirs, nodes = _read_elements(inbox, str(file), content)
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


def _read_elements(inbox: Inbox, path: str, content: Any) -> tuple[str, list[Node]]:
    """Return the text of an element, and an annotation for every element in it with words."""
    from lxml import etree

    ignored = _find_ignored(inbox, path, content)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[tuple[int, int, Any]] = []
    for event, element in etree.iterwalk(content, events=("start", "end", "comment", "pi")):
        if event == "start":
            if _is_block(element) and element not in ignored:
                pieces.append(_BREAK)
            starts.append(len(pieces))
            if _is_read(element, ignored):
                pieces.append(element.text or "")
            continue

        if event == "end":
            ends.append((starts.pop(), len(pieces), element))
            if _is_line_end(element) and element not in ignored:
                pieces.append(_BREAK)
        if element is not content and _is_read(element.getparent(), ignored):
            pieces.append(element.tail or "")

    offsets = _place_pieces(pieces)
    text = "".join(pieces)
    keys: dict[Any, str] = {}
    nodes: list[Node] = []
    names = _PersonNames(content)
    for first, last, element in ends:
        start, end = offsets[first], offsets[last]
        if element is not content and element not in ignored and text[start:end].strip():
            values = names.read_values(element)
            span = Span(start, end, text[start:end])
            label = _strip_namespace(element.tag)
            keys[element] = f"{len(nodes) + 1}"
            nodes.append(Node(keys[element], label, (span,), values, element.sourceline))
    return text, _join_pieces(inbox, path, nodes, keys)


_BLOCK = re.compile(
    "ab|argument|back|body|byline|castItem|castList|cell|closer|dateline|div[1-7]?|docTitle|"
    "epigraph|front|group|head|item|lg?|list|opener|p|postscript|row|salute|signed|sp|speaker|"
    "table|titlePage|titlePart|trailer|u"
)
"""The elements that start and end a line."""
_BREAK = "\0"
"""Marks a line end between two pieces of text; XML cannot contain this character."""
_CHOICE = "choice"
_CHOSEN = ("corr", "reg", "expan")
"""The readings of a choice that are taken: the corrected, the modern and the full one."""


def _find_ignored(inbox: Inbox, path: str, content: Any) -> set[Any]:
    """Return the elements in all readings of a choice but one, and tell which are left out."""
    ignored: set[Any] = set()
    for choice in content.iter(f"{{{_TEI}}}{_CHOICE}"):
        readings = list(choice.iterchildren(f"{{{_TEI}}}*"))
        chosen = [each for each in readings if _strip_namespace(each.tag) in _CHOSEN]
        for reading in readings:
            if reading is not (chosen or readings)[0] and choice not in ignored:
                kind = f"The {_strip_namespace(reading.tag)} of a choice is left out."
                inbox.tell(kind, path, reading.sourceline)
                ignored.update(reading.iter())
    return ignored


def _is_read(element: Any, ignored: set[Any]) -> bool:
    """Return whether the text right in an element is read; between readings, it is layout."""
    return element not in ignored and _strip_namespace(element.tag) != _CHOICE


def _is_block(element: Any) -> bool:
    return bool(_BLOCK.fullmatch(_strip_namespace(element.tag)))


def _is_line_end(element: Any) -> bool:
    is_break = _strip_namespace(element.tag) == "lb" and element.get("break") != "no"
    return is_break or _is_block(element)


def _place_pieces(pieces: list[str]) -> list[int]:
    """Replace the breaks among pieces of text by line ends, and return the offset of each piece.

    If white space around a break contains a line end, nothing is added. The last offset is that of
    the end of the text.
    """
    pending: int | None = None
    has_words = has_line_end = False
    for number, piece in enumerate(pieces):
        if piece == _BREAK:
            pieces[number] = ""
            pending = number if pending is None else pending
            continue

        words = piece.lstrip()
        space = piece[: len(piece) - len(words)]
        has_line_end = has_line_end or "\n" in space
        if words:
            if pending is not None and has_words and not has_line_end:
                pieces[pending] = "\n"
            pending, has_words = None, True
            has_line_end = "\n" in words[len(words.rstrip()) :]

    return list(accumulate(map(len, pieces), initial=0))


class _PersonNames:
    """Reads attributes, with the names of the persons in the file for pointers to them."""

    def __init__(self, content: Any) -> None:
        root = content.getroottree().getroot()
        self.elements = {each.get(_XML_ID): each for each in root.iter(f"{{{_TEI}}}*")}

    def read_values(self, element: Any) -> dict[str, str]:
        """Return the attributes of an element."""
        values = {_strip_namespace(name): value for name, value in element.attrib.items()}
        for name in _NAMING:
            pointers = values.get(name, "").split()
            if any(pointer.startswith("#") for pointer in pointers):
                values[name] = " and ".join(self._find_name(pointer) for pointer in pointers)
        return values

    def _find_name(self, pointer: str) -> str:
        """Return the name of the person at a pointer, or else the pointer without its sign."""
        xml_id = pointer.removeprefix("#")
        element = self.elements.get(xml_id)
        if element is None or not pointer.startswith("#"):
            return xml_id

        names = [element] if _strip_namespace(element.tag) in _NAMES else []
        for tag in _NAMES:
            names += element.iter(f"{{{_TEI}}}{tag}")
        words = _read_name(names[0]) if names else ""
        return words or xml_id


_NAMING = ("who", "ref", "toWhom")
"""The attributes that point at persons."""
_NAMES = ("persName", "name", "orgName", "role")
"""The elements that contain the name of a person, or of a part in a play."""


def _read_name(element: Any) -> str:
    """Return a name on one line; its parts, such as ``forename``, may have no space between."""
    pieces = [piece.strip() for piece in element.itertext()]
    has_parts = not (element.text or "").strip() and len(element) > 0
    joined = " ".join(pieces) if has_parts else "".join(element.itertext())
    return " ".join(joined.split())


def _join_pieces(inbox: Inbox, path: str, nodes: list[Node], keys: dict[Any, str]) -> list[Node]:
    """Return annotations with those as one that the attributes ``next`` and ``prev`` join."""
    by_key = {node.key: node for node in nodes}
    by_pointer = {f"#{each.get(_XML_ID)}": key for each, key in keys.items() if each.get(_XML_ID)}
    followers: dict[str, str] = {}
    for node in nodes:
        for name in ("next", "prev"):
            if name not in node.values:
                continue
            other = by_key.get(by_pointer.get(node.values[name], ""))
            first, second = (node, other) if name == "next" else (other, node)
            if first is None or second is None or first.label != second.label or first is second:
                kind = f"A {name!r} that joins no two {node.label} of the text is left out."
                inbox.tell(kind, path, node.line)
            else:
                followers.setdefault(first.key, second.key)

    later = set(followers.values())
    joined: list[Node] = []
    done: set[str] = set()
    # A circle has no first piece, so whatever is left over starts a chain of its own.
    for node in (*(each for each in nodes if each.key not in later), *nodes):
        chain: list[Node] = []
        key: str | None = node.key
        while key is not None and key not in done:
            done.add(key)
            chain.append(by_key[key])
            key = followers.get(key)
        if chain:
            joined.append(_join_chain(chain))
    return sorted(joined, key=lambda node: int(node.key))


def _join_chain(chain: Sequence[Node]) -> Node:
    """Return the pieces of an annotation as one, with the values of the first that has each."""
    values: dict[str, str] = {}
    spans: list[Span] = []
    for node in chain:
        values = {**node.values, **values}
        spans += node.spans
    for name in ("next", "prev"):
        values.pop(name, None)
    return chain[0]._replace(spans=tuple(spans), values=values)


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
