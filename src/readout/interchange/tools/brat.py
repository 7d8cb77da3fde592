"""Read and write brat standoff: one ``.txt`` and one ``.ann`` file per document.

The export also writes the configuration of brat. The format is documented at
https://brat.nlplab.org/standoff.html: text-bound annotations (T), relations (R), attributes (A),
normalisations (N) and notes (#), with offsets in code points. As in brat, a span that crosses line
breaks is written as one fragment per line. If the fragments are ambiguous, a note of type ``Spans``
gives the exact spans.

For a mapping, an event is an annotation with the words of its trigger, and a link to each argument
with the role as its label, without a number; an equivalence is links ``Equiv`` from its first
member; an attribute without a value has the value ``true``; and notes are attributes. Those that
people write in brat, of the type ``AnnotatorNotes``, are called ``note``; others have the name of
their type. A file ``.a2`` is read together with the ``.a1`` file beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from readout.interchange.graph import (
    LINKS,
    LIST_VALUES,
    NODE_LABELS,
    VALUE_ROLES,
    Graph,
    Link,
    Node,
    to_graph,
)
from readout.interchange.inbox import (
    Inbox,
    find_document_beside,
    find_files,
    parse_offset,
    read_foreign_text,
)
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.units import Place
from readout.model import ANNOTATION_CLASSES, Registries, Span, fields_of

LOSSES = (
    "The export refuses an annotation that covers nothing but line breaks.",
    "The import drops notes and attributes of relations, and notes of nothing, and lists them.",
)
_ENUMERATED = {
    field: label
    for label, record_class in ANNOTATION_CLASSES.items()
    for field in fields_of(record_class, "label")
}
"""The fields with a closed vocabulary, attributes in brat, each with its annotation type."""
_NORMALISED = {name: role.of for name, role in VALUE_ROLES.items() if role.kind == "entry"}
"""The fields that name registry entries, each with its registry."""
_NOTES = {"id": "Id", "statement": "Statement", "note": "AnnotatorNotes"}
_SPANS = "Spans"
_TRIGGER = "\t"
"""The value that names the trigger of an event; no attribute can have this name."""


# ---------------------------------------------------------------- out


def export_brat(outbox: Outbox) -> None:
    """Write the text and the annotations of every document, and the configuration of brat."""
    for sheet in outbox.sheets:
        lines = [f"{line}\n" for line in AnnWriter(outbox, sheet).iter_lines()]
        outbox.add(f"{sheet.stem}.txt", sheet.text)
        outbox.add(f"{sheet.stem}.ann", "".join(lines))
    outbox.add("annotation.conf", format_annotation_conf())
    outbox.add("visual.conf", _format_visual_conf())
    outbox.add("tools.conf", _format_tools_conf())


class AnnWriter:
    """Writes the lines of one ``.ann`` file, with line names that are numbered by kind."""

    def __init__(self, outbox: Outbox, sheet: Sheet) -> None:
        self.outbox, self.sheet = outbox, sheet
        self.names: dict[str, str] = {}
        self.counts = dict.fromkeys("TANR#", 0)

    def iter_lines(self) -> Iterator[str]:
        """Yield the lines; an annotation that brat cannot represent is reported."""
        graph = to_graph(self.sheet.records)
        for node in graph.nodes:
            yield from self._iter_node_lines(node)
        for link in graph.links:
            tail, head = self.names.get(link.tail), self.names.get(link.head)
            if tail and head:
                yield f"{self._next_name('R')}\t{link.label} Arg1:{tail} Arg2:{head}"

    def _next_name(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{kind}{self.counts[kind]}"

    def _iter_node_lines(self, node: Node) -> Iterator[str]:
        fragments = [part for span in node.spans for part in split_lines(span)]
        if not fragments:
            message = f"The {node.label} {node.key!r} covers nothing but line breaks."
            self.outbox.refuse(self.sheet, message, "make it cover words, or remove it.")
            return

        name = self.names[node.key] = self._next_name("T")
        words = " ".join(part.exact for part in fragments)
        yield f"{name}\t{node.label} {_format_offsets(fragments)}\t{words}"
        if join_fragments(self.sheet.text, fragments) != list(node.spans):
            yield f"{self._next_name('#')}\t{_SPANS} {name}\t{_format_offsets(node.spans)}"

        for field, value in node.values.items():
            for kind, content in _format_value(self.outbox.registries, name, field, value):
                yield f"{self._next_name(kind)}\t{content}"


def _format_offsets(spans: Iterable[Span]) -> str:
    return ";".join(f"{span.start} {span.end}" for span in spans)


def _format_value(
    registries: Registries, name: str, field: str, value: str
) -> Iterator[tuple[str, str]]:
    """Yield the kind and the content of every line for a value of the annotation ``name``."""
    if field in _ENUMERATED:
        yield "A", f"{field} {name} {value}"
    elif field in _NORMALISED:
        for entry_id in value.split():
            words = _describe_entry(registries, _NORMALISED[field], entry_id)
            yield "N", f"Reference {name} {field}:{entry_id}\t{words}"
    else:
        yield "#", f"{_NOTES[field]} {name}\t{escape(value)}"


def _describe_entry(registries: Registries, registry: str, entry_id: str) -> str:
    """Return the name or label of an entry, or its id if it has neither."""
    entry = getattr(registries, registry).get(entry_id)
    return escape(getattr(entry, "name", None) or getattr(entry, "label", None) or entry_id)


# Every character at which ``str.splitlines``, and so brat, ends a line.
_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_LINE = re.compile(f"[^{_BREAKS}]+")


def split_lines(span: Span) -> list[Span]:
    """Return the parts of a span that lie within one line each, without the line breaks."""
    return [
        Span(span.start + found.start(), span.start + found.end(), found.group())
        for found in _LINE.finditer(span.exact)
    ]


def join_fragments(text: str, fragments: Iterable[Span]) -> list[Span]:
    """Return fragments, joining those that only line breaks, and white space beside them, separate.

    brat makes one fragment per line of an annotation, and trims each.
    """
    joined: list[Span] = []
    for part in fragments:
        gap = text[joined[-1].end : part.start] if joined else ""
        has_break = any(char in _BREAKS for char in gap)
        if has_break and not gap.strip():
            start = joined.pop().start
            part = Span(start, part.end, text[start : part.end])
        joined.append(part)
    return joined


_ESCAPED = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape(value: str) -> str:
    r"""Return a text on one line: controls and line ends as ``\uXXXX``, a backslash doubled."""
    return _ESCAPED.sub(_escape_char, value)


def _escape_char(found: re.Match[str]) -> str:
    char = found.group()
    return "\\\\" if char == "\\" else f"\\u{ord(char):04x}"


def unescape(value: str) -> str:
    """Return the text that :func:`escape` was given."""
    return re.sub(r"\\(?:(\\)|u([0-9a-f]{4}))", _unescape_char, value)


def _unescape_char(found: re.Match[str]) -> str:
    return found.group(1) or chr(int(found.group(2), 16))


def format_annotation_conf() -> str:
    """Return ``annotation.conf``: the labels, links and closed vocabularies of the schema."""
    entities = "".join(f"{label}\n" for label in NODE_LABELS)
    relations = "".join(
        f"{name}\tArg1:{tail}, Arg2:{head}\n" for name, (tail, head) in LINKS.items()
    )
    attributes = ""
    for name, label in _ENUMERATED.items():
        values = "|".join(VALUE_ROLES[name].values)
        attributes += f"{name}\tArg:{label}, Value:{values}\n"

    overlaps = "<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>\n"
    return (
        f"[entities]\n{entities}\n"
        f"[relations]\n{overlaps}{relations}\n"
        f"[events]\n\n"
        f"[attributes]\n{attributes}"
    )


def _format_visual_conf() -> str:
    labels = [
        f"{label} | {label.capitalize()} | {label[:2].capitalize()}\n" for label in NODE_LABELS
    ]
    return "[labels]\n" + "".join(labels)


def _format_tools_conf() -> str:
    databases = "".join(f"{name}\tDB:{name}\n" for name in _NORMALISED)
    options = "Tokens\ttokenizer:whitespace\nSentences\tsplitter:newline\n"
    return f"[options]\n{options}\n[normalization]\n{databases}"


# ---------------------------------------------------------------- in

TEXT_BOUND = re.compile(r"(T\w+)\t(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)\t(.*)", re.DOTALL)
_NAME = r"([TERA]\w+)"
_PATTERNS = {
    "T": TEXT_BOUND,
    "R": re.compile(rf"(R\w+)\t(\S+) \w+:{_NAME} \w+:{_NAME}\s*"),
    "E": re.compile(r"(E\w+)\t(\S+):(T\w+)((?: +[^\s:]+:[TE]\w+)*)\s*"),
    "A": re.compile(rf"([AM]\w+)\t(\S+) {_NAME}(?: (.*\S))?\s*", re.DOTALL),
    "N": re.compile(rf"(N\w+)\t\S+ {_NAME} ([^\s:]+):(\S+)(?:\t.*)?", re.DOTALL),
    "#": re.compile(rf"(#\w*)\t(\S+) {_NAME}(?:\t(.*))?", re.DOTALL),
    "*": re.compile(r"(\*)\t(\S+)((?: [TE]\w+)+)\s*"),
}
_NOTE_OF_NOTHING = re.compile(r"#\w*\t\S+(?: [MN#*]\w*)?(?:\t.*)?|#\t(?!\S+ [TERA]\w).*", re.DOTALL)
"""A note that names nothing, or something that is no annotation, and a comment."""
_LINE_FORMS = {
    "T": "Tn, label and offsets, words",
    "R": "Rn, link Arg1:Tn Arg2:Tn",
    "E": "En, label:Tn role:Tn",
    "A": "An, name Tn value",
    "N": "Nn, Reference Tn name:id, words",
    "#": "#n, type Tn, words",
    "*": "*, Equiv Tn Tn",
}


def import_brat(inbox: Inbox, path: Path) -> None:
    """Read ``.ann`` files, each named after its document, or an ``.a1`` with its ``.a2`` file.

    If there is a ``.txt`` file beside one, it must contain the text of the corpus.
    """
    for files in _group_files(inbox, find_files(path, ".ann", ".a1", ".a2")):
        contents = {str(file): read_foreign_text(inbox, file) for file in files}
        file = files[-1]
        found = find_document_beside(inbox, file, file.stem)
        readable = {name: content for name, content in contents.items() if content is not None}
        if found is None or len(readable) < len(contents):
            continue

        reader = AnnReader(inbox, found.text)
        author = inbox.find_owner(path, file).author
        if not author and inbox.has_layer(found.doc_id):
            # Several annotators of one text often have a folder each.
            author = file.parent.name
        inbox.add_layer(str(file), found.doc_id, reader.read(readable), author)


def _group_files(inbox: Inbox, files: Iterable[Path]) -> Iterator[list[Path]]:
    """Yield the files of each layer: one, or an ``.a1`` file and the ``.a2`` file that names it.

    The shared tasks of BioNLP split a layer so: what is given, and what is to be found.
    """
    files = list(files)
    for file in files:
        given = file.with_suffix(".a1")
        if file.suffix == ".a2" and given.is_file():
            yield [given, file]
        elif file.suffix == ".a2":
            message = f"The file names annotations of {given.name}, which is not beside it."
            hint = f"put {given.name} into the same folder."
            inbox.report("foreign-syntax", str(file), message, hint)
        elif file.suffix != ".a1" or file.with_suffix(".a2") not in files:
            yield [file]


class AnnReader:
    """Reads the lines of the files of a layer, and reports those that are not in the format."""

    def __init__(self, inbox: Inbox, text: str) -> None:
        self.inbox, self.text = inbox, text
        self.path = ""
        self.nodes: dict[str, Node] = {}
        self.links: list[Link] = []
        self.values: list[tuple[str, int, str, str, str]] = []
        self.triggers: set[str] = set()

    def read(self, contents: Mapping[str, str]) -> Graph:
        """Return the graph of files by path; the lines of its nodes are those of the last one."""
        for path, content in contents.items():
            self.path = path
            self._forget_lines()
            self._settle_unit(content)
            for number, line in iter_ann_lines(content):
                self._read_line(number, line)

        # Values may be on lines before their annotation, and triggers after their event.
        for path, number, name, field, value in self.values:
            self.path = path
            self._set_value(number, name, field, value)
        self.path = list(contents)[-1]
        nodes = [self._find_trigger(node) for node in self.nodes.values()]
        kept = [node for node in nodes if node is not None and node.key not in self.triggers]
        return Graph(kept, self.links)

    def _forget_lines(self) -> None:
        """Remove the lines of an earlier file, as problems of the graph name only the last one."""
        for key, node in self.nodes.items():
            self.nodes[key] = node._replace(line=None)
        self.links = [link._replace(line=None) for link in self.links]

    def _settle_unit(self, content: str) -> None:
        """Set the unit of the offsets to the one in which the words of all annotations fit."""
        places = []
        for _, line in iter_ann_lines(content):
            found = TEXT_BOUND.fullmatch(line)
            pairs = parse_offsets(found[3]) if found else []
            if found and len(pairs) == 1:
                places.append(Place(self.text, *pairs[0], found[4]))
        self.inbox.settle_unit(self.path, places, "code-points")

    def _report(self, code: str, message: str, hint: str, number: int) -> None:
        self.inbox.report(code, self.path, message, hint, number)

    def _read_line(self, number: int, line: str) -> None:
        kind = "A" if line[0] == "M" else line[0]
        found = _PATTERNS[kind].fullmatch(line) if kind in _PATTERNS else None
        if found is None and _NOTE_OF_NOTHING.fullmatch(line):
            self.inbox.tell("A note without an annotation is left out.", self.path, number)
            return
        if found is None:
            expected = _LINE_FORMS.get(kind, "a line that starts with T, R, E, A, N, # or *")
            message = f"Got {line[:60]!r}. Expected {expected}."
            self._report("foreign-syntax", message, "correct or remove the line.", number)
            return

        groups = found.groups()
        if kind == "T":
            self._read_text_bound(number, *groups)
        elif kind == "E":
            self._read_event(number, *groups)
        elif kind == "R":
            _, label, tail, head = groups
            self.links.append(Link(label, tail, head, number))
        elif kind == "*":
            _, label, names = groups
            first, *others = names.split()
            self.links += [Link(label, first, other, number) for other in others]
        elif kind == "#":
            _, note_type, name, value = groups
            note = unescape(value or "")
            self.values.append((self.path, number, name, f"#{note_type}", note))
        else:
            _, *place, value = groups
            name, field = reversed(place) if kind == "A" else place
            value = "true" if value is None else value
            self.values.append((self.path, number, name, field, value))

    def _read_event(self, number: int, name: str, label: str, trigger: str, roles: str) -> None:
        """Add a node for an event; its spans are those of its trigger, which may follow later."""
        self.triggers.add(trigger)
        self.nodes[name] = Node(name, label, (), {_TRIGGER: trigger}, number)
        for part in roles.split():
            role, _, head = part.rpartition(":")
            self.links.append(Link(role.rstrip("0123456789"), name, head, number))

    def _find_trigger(self, node: Node) -> Node | None:
        """Return an event with the spans and values of its trigger, and other nodes as they are."""
        if _TRIGGER not in node.values:
            return node
        trigger = self.nodes.get(node.values[_TRIGGER])
        if trigger is None:
            message = f"The event {node.key!r} has no trigger {node.values[_TRIGGER]!r}."
            self._report("foreign-value", message, "add the annotation.", node.line or 0)
            return None
        values = {**trigger.values, **node.values}
        del values[_TRIGGER]
        return node._replace(spans=trigger.spans, values=values)

    def _read_text_bound(
        self, number: int, name: str, label: str, offsets: str, words: str
    ) -> None:
        if name in self.nodes:
            line = self.nodes[name].line
            other = f"on line {line}" if line else "in the other file"
            message = f"The annotation {other} has the name {name!r} too."
            self._report("foreign-syntax", message, "give the annotation another name.", number)
            return

        pairs = parse_offsets(offsets)
        parts = anchor_fragments(self.inbox, self.text, pairs, words, self.path, number)
        if parts:
            spans = tuple(join_fragments(self.text, parts))
            self.nodes[name] = Node(name, label, spans, {}, number)

    def _set_value(self, number: int, name: str, field: str, value: str) -> None:
        node = self.nodes.get(name)
        fields = {f"#{note_type}": known for known, note_type in _NOTES.items()}
        if name[0] in "RA":
            kind = f"A value {field!r} of a relation or an attribute is left out."
            self.inbox.tell(kind, self.path, number)
        elif node is None:
            message = f"The line names the annotation {name!r}, which does not exist."
            hint = "add the annotation, or remove the line."
            self._report("foreign-value", message, hint, number)
        elif field == f"#{_SPANS}":
            self._set_spans(node, value)
        else:
            self._add_value(number, node, fields.get(field, field.removeprefix("#")), value)

    def _add_value(self, number: int, node: Node, field: str, value: str) -> None:
        old = node.values.get(field)
        if old is not None and field not in (*LIST_VALUES, "note"):
            message = f"The {field} of {node.key!r} is given twice: {old!r} and {value!r}."
            self._report("foreign-value", message, "keep one of the two.", number)
            return

        separator = " " if field in LIST_VALUES else "\n"
        new = value if old is None else f"{old}{separator}{value}"
        self.nodes[node.key] = node._replace(values={**node.values, field: new})

    def _set_spans(self, node: Node, value: str) -> None:
        """Set the exact spans of a note, unless the annotation was moved in brat."""
        if not re.fullmatch(r"[0-9]+ [0-9]+(;[0-9]+ [0-9]+)*", value):
            return

        spans = [Span(start, end, self.text[start:end]) for start, end in parse_offsets(value)]
        fragments = [part for span in spans for part in split_lines(span)]
        is_unmoved = tuple(join_fragments(self.text, fragments)) == node.spans
        if is_unmoved and all(span.exact for span in spans):
            self.nodes[node.key] = node._replace(spans=tuple(spans))


_NEW_LINE = re.compile(r"[A-Z#*]\S*\t")


def iter_ann_lines(content: str) -> Iterator[tuple[int, str]]:
    """Yield the annotations of an ``.ann`` file, each with the number of its first line.

    Old versions of brat wrote a line break among the words of an annotation as it is, so a line
    that starts no annotation continues the one before it.
    """
    start, annotation = 0, ""
    for number, line in enumerate(content.split("\n"), 1):
        line = line.rstrip("\r")
        if annotation.strip() and not _NEW_LINE.match(line):
            annotation += f"\n{line}"
            continue
        if annotation.strip():
            yield start, annotation.rstrip("\n")
        start, annotation = number, line

    if annotation.strip():
        yield start, annotation.rstrip("\n")


def parse_offsets(offsets: str) -> list[tuple[int, int]]:
    """Return the offsets of a text-bound annotation, such as ``12 43;50 61``, as pairs."""
    pairs = [pair.split(" ") for pair in offsets.split(";")]
    return [(parse_offset(start), parse_offset(end)) for start, end in pairs]


def anchor_fragments(
    inbox: Inbox, text: str, pairs: Sequence[tuple[int, int]], words: str, path: str, line: int
) -> list[Span]:
    """Return the fragments of a text-bound annotation.

    Report a problem and return an empty list unless the text at the fragments is ``words``. In
    ``words``, brat writes a space between fragments and for each line break within a fragment; old
    versions keep the line break.
    """
    words = replace_breaks(words)
    single_words = None
    if len(pairs) == 1 and replace_breaks(text[slice(*pairs[0])]) != words:
        single_words = words
    spans = [inbox.anchor_span(text, start, end, single_words, path, line) for start, end in pairs]
    found = [span for span in spans if span is not None]
    if len(found) < len(pairs):
        return []

    covered = " ".join(span.exact for span in found)
    if replace_breaks(covered) != words:
        message = f"Got {words!r}. The text at the fragments is {covered!r}."
        inbox.report("foreign-span", path, message, "correct the offsets or the words.", line)
        return []
    return found


def replace_breaks(words: str) -> str:
    """Return words with a space for each line break."""
    return re.sub(f"[{_BREAKS}]", " ", words)
