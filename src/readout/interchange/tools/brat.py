"""brat standoff: one ``.txt`` and one ``.ann`` a document, with ``annotation.conf`` for the tool.

The format is that of https://brat.nlplab.org/standoff.html: text-bound annotations (T), relations (R), attributes (A),
normalisations (N) and notes (#), offsets in code points. A span that crosses a line break is written as fragments, one
a line, as brat itself does; where that leaves room for doubt the exact spans stand in a note of type ``Spans``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from readout.interchange.graph import (
    LINKS,
    LISTS,
    NODE_LABELS,
    VALUE_ROLES,
    Graph,
    Link,
    Node,
    to_graph,
)
from readout.interchange.inbox import Inbox, find_files, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.model import ANNOTATION_CLASSES, Registries, Span, fields_of

LOSSES = (
    "An annotation of nothing but line breaks cannot be written: the export names it and fails.",
    "Events, equivalences and notes of types that are not written here are refused on import.",
)
_ENUMERATED = {
    field: name for name, record_class in ANNOTATION_CLASSES.items() for field in fields_of(record_class, "label")
}
"""The fields of a closed vocabulary, which brat knows as attributes, each with its annotation type."""
_NORMALISED = {name: role.of for name, role in VALUE_ROLES.items() if role.kind == "entry"}
"""The fields that name entries, each with its registry."""
_NOTES = {"id": "Id", "statement": "Statement", "note": "AnnotatorNotes"}
_SPANS = "Spans"


# ---------------------------------------------------------------- out


def export_brat(outbox: Outbox) -> None:
    """Write the text, the annotations and the configuration of every document."""
    for sheet in outbox.sheets:
        outbox.add(f"{sheet.stem}.txt", sheet.text)
        outbox.add(f"{sheet.stem}.ann", "".join(line + "\n" for line in _iter_lines(outbox, sheet)))
    outbox.add("annotation.conf", format_annotation_conf())
    outbox.add("visual.conf", _VISUAL)
    outbox.add("tools.conf", _TOOLS)


def _iter_lines(outbox: Outbox, sheet: Sheet) -> Iterator[str]:
    graph = to_graph(sheet.records)
    names: dict[str, str] = {}
    counts = dict.fromkeys("ANR#", 0)

    def number(kind: str) -> str:
        counts[kind] += 1
        return f"{kind}{counts[kind]}"

    for node in graph.nodes:
        fragments = [part for span in node.spans for part in split_lines(span)]
        if not fragments:
            message = f"The {node.label} {node.key!r} holds nothing but line breaks."
            outbox.refuse(sheet, message, "give it the words that it is about.")
            continue
        name = names[node.key] = f"T{len(names) + 1}"
        offsets = ";".join(f"{part.start} {part.end}" for part in fragments)
        yield f"{name}\t{node.label} {offsets}\t{' '.join(part.exact for part in fragments)}"
        if join_fragments(sheet.text, fragments) != list(node.spans):
            exact = ";".join(f"{span.start} {span.end}" for span in node.spans)
            yield f"{number('#')}\t{_SPANS} {name}\t{exact}"
        for field, value in node.values.items():
            for kind, content in _format_value(outbox.registries, name, field, value):
                yield f"{number(kind)}\t{content}"
    for link in graph.links:
        if link.tail in names and link.head in names:
            yield f"{number('R')}\t{link.label} Arg1:{names[link.tail]} Arg2:{names[link.head]}"


def _format_value(registries: Registries, name: str, field: str, value: str) -> Iterator[tuple[str, str]]:
    if field in _ENUMERATED:
        yield "A", f"{field} {name} {value}"
    elif field in _NORMALISED:
        for entry in value.split():
            yield "N", f"Reference {name} {field}:{entry}\t{_entry_words(registries, _NORMALISED[field], entry)}"
    else:
        yield "#", f"{_NOTES[field]} {name}\t{escape(value)}"


def _entry_words(registries: Registries, vocabulary: str, entry: str) -> str:
    record = getattr(registries, vocabulary).get(entry)
    return escape(getattr(record, "name", None) or getattr(record, "label", None) or entry)


_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_LINE = re.compile(f"[^{_BREAKS}]+")


def split_lines(span: Span) -> list[Span]:
    """Return the parts of a span that lie in one line each: wherever ``str.splitlines`` sees a line end."""
    return [
        Span(span.start + found.start(), span.start + found.end(), found.group())
        for found in _LINE.finditer(span.exact)
    ]


def join_fragments(text: str, fragments: Iterable[Span]) -> list[Span]:
    """Return fragments with those put together that nothing but line breaks parts."""
    joined: list[Span] = []
    for part in fragments:
        gap = text[joined[-1].end : part.start] if joined else ""
        if gap and not gap.strip(_BREAKS):
            start = joined.pop().start
            part = Span(start, part.end, text[start : part.end])
        joined.append(part)
    return joined


_UNPRINTED = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape(value: str) -> str:
    r"""Return a text on one line: control characters and line ends as ``\uXXXX``, a backslash as two."""
    return _UNPRINTED.sub(lambda found: "\\\\" if found.group() == "\\" else f"\\u{ord(found.group()):04x}", value)


def unescape(value: str) -> str:
    """Return the text that :func:`escape` was given."""
    return re.sub(r"\\(?:(\\)|u([0-9a-f]{4}))", lambda found: found.group(1) or chr(int(found.group(2), 16)), value)


def format_annotation_conf() -> str:
    """Return ``annotation.conf``: the labels, links and closed vocabularies of the schema."""
    relations = "".join(f"{name}\tArg1:{tail}, Arg2:{head}\n" for name, (tail, head) in LINKS.items())
    values = {name: "|".join(VALUE_ROLES[name].values) for name in _ENUMERATED}
    attributes = "".join(f"{name}\tArg:{label}, Value:{values[name]}\n" for name, label in _ENUMERATED.items())
    overlaps = "<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>\n"
    entities = "".join(f"{label}\n" for label in NODE_LABELS)
    return f"[entities]\n{entities}\n[relations]\n{overlaps}{relations}\n[events]\n\n[attributes]\n{attributes}"


_VISUAL = "[labels]\n" + "".join(
    f"{label} | {label.capitalize()} | {label[:2].capitalize()}\n" for label in NODE_LABELS
)
_TOOLS = "[options]\nTokens\ttokenizer:whitespace\nSentences\tsplitter:newline\n\n[normalization]\n" + "".join(
    f"{name}\tDB:{name}\n" for name in _NORMALISED
)


# ---------------------------------------------------------------- in

TEXT_BOUND = re.compile(r"(T\w+)\t(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)\t(.*)", re.DOTALL)
_PATTERNS = {
    "T": TEXT_BOUND,
    "R": re.compile(r"(R\w+)\t(\S+) Arg1:(T\w+) Arg2:(T\w+)\s*"),
    "A": re.compile(r"([AM]\w+)\t(\S+) (T\w+) (\S+)\s*"),
    "N": re.compile(r"(N\w+)\tReference (T\w+) (\w+):(\S+)(?:\t.*)?", re.DOTALL),
    "#": re.compile(r"(#\w+)\t(\S+) (T\w+)\t(.*)", re.DOTALL),
}
_LINE_FORMS = {
    "T": "Tn, label and offsets, words",
    "R": "Rn, link Arg1:Tn Arg2:Tn",
    "A": "An, name Tn value",
    "N": "Nn, Reference Tn name:id, words",
    "#": "#n, type Tn, words",
}


def import_brat(inbox: Inbox, path: Path) -> None:
    """Read ``.ann`` files, each named by its document; a ``.txt`` beside one must hold the text of the corpus."""
    for file in find_files(path, ".ann"):
        text = inbox.find_text(str(file), file.stem)
        content = read_foreign_text(inbox, file)
        if text is None or content is None:
            continue
        beside = file.with_suffix(".txt")
        theirs = read_foreign_text(inbox, beside, "utf-8") if beside.is_file() else text
        if not inbox.check_text(str(beside), text, theirs or ""):
            continue
        inbox.add_layer(str(file), file.stem, AnnReader(inbox, str(file), text).read(content))


class AnnReader:
    """Reads the lines of one ``.ann`` file; what is no line of the format becomes a problem."""

    def __init__(self, inbox: Inbox, path: str, text: str) -> None:
        self.inbox, self.path, self.text = inbox, path, text
        self.nodes: dict[str, Node] = {}
        self.links: list[Link] = []
        self.later: list[tuple[int, str, str, str]] = []

    def read(self, content: str) -> Graph:
        """Return the graph of an ``.ann`` file."""
        for number, line in enumerate(content.split("\n"), 1):
            if line.strip():
                self._read_line(number, line.rstrip("\r"))
        for number, name, field, value in self.later:
            self._set_value(number, name, field, value)
        return Graph(list(self.nodes.values()), self.links)

    def _read_line(self, number: int, line: str) -> None:
        kind = "A" if line[0] == "M" else line[0]
        found = _PATTERNS[kind].fullmatch(line) if kind in _PATTERNS else None
        if found is None:
            expected = _LINE_FORMS.get(kind, "a line that starts with T, R, A, N or #")
            message = f"Got {line[:60]!r}. Expected {expected}."
            self.inbox.report("foreign-syntax", self.path, message, "correct or remove the line.", number)
            return
        groups = found.groups()
        if kind == "T":
            self._read_text_bound(number, *groups)
        elif kind == "R":
            self.links.append(Link(groups[1], groups[2], groups[3], number))
        elif kind == "A":
            self.later.append((number, groups[2], groups[1], groups[3]))
        elif kind == "N":
            self.later.append((number, groups[1], groups[2], groups[3]))
        else:
            self.later.append((number, groups[2], f"#{groups[1]}", unescape(groups[3])))

    def _read_text_bound(self, number: int, name: str, label: str, offsets: str, words: str) -> None:
        if name in self.nodes:
            message = f"The name {name!r} is already given on line {self.nodes[name].line}."
            self.inbox.report("foreign-syntax", self.path, message, "give the annotation another name.", number)
            return
        parts = anchor_fragments(self.inbox, self.text, parse_offsets(offsets), words, self.path, number)
        if parts:
            self.nodes[name] = Node(name, label, tuple(join_fragments(self.text, parts)), {}, number)

    def _set_value(self, number: int, name: str, field: str, value: str) -> None:
        node = self.nodes.get(name)
        fields = {f"#{note}": known for known, note in _NOTES.items()}
        if node is None:
            message = f"The line names {name!r}, which is not there."
            self.inbox.report("foreign-value", self.path, message, "add the annotation, or remove the line.", number)
        elif field == f"#{_SPANS}":
            self._set_spans(node, value)
        else:
            self._add_value(number, node, fields.get(field, field), value)

    def _add_value(self, number: int, node: Node, field: str, value: str) -> None:
        old = node.values.get(field)
        if old is not None and field not in (*LISTS, "note"):
            message = f"The {field} of {node.key!r} is given twice: {old!r} and {value!r}."
            self.inbox.report("foreign-value", self.path, message, "keep one of the two.", number)
            return
        between = " " if field in LISTS else "\n"
        new = value if old is None else f"{old}{between}{value}"
        self.nodes[node.key] = node._replace(values={**node.values, field: new})

    def _set_spans(self, node: Node, value: str) -> None:
        """Take exact spans from a note, unless the annotation was moved in brat since it was written."""
        if not re.fullmatch(r"\d+ \d+(;\d+ \d+)*", value):
            return
        spans = [Span(start, end, self.text[start:end]) for start, end in parse_offsets(value)]
        fragments = [part for span in spans for part in split_lines(span)]
        if tuple(join_fragments(self.text, fragments)) == node.spans and all(span.exact for span in spans):
            self.nodes[node.key] = node._replace(spans=tuple(spans))


def parse_offsets(offsets: str) -> list[tuple[int, int]]:
    """Return the offsets of a text-bound annotation as pairs."""
    return [(int(start), int(end)) for start, end in (pair.split(" ") for pair in offsets.split(";"))]


def anchor_fragments(
    inbox: Inbox, text: str, pairs: Sequence[tuple[int, int]], words: str, path: str, line: int
) -> list[Span]:
    """Return the fragments of a text-bound annotation; none, with a problem, unless they hold its words.

    brat writes a space between fragments, and for a line break inside one.
    """
    single = words if len(pairs) == 1 and flatten(text[slice(*pairs[0])]) != words else None
    spans = [inbox.anchor(text, start, end, single, path, line) for start, end in pairs]
    found = [span for span in spans if span]
    covered = " ".join(span.exact for span in found)
    if len(found) < len(pairs):
        return []
    if flatten(covered) != words:
        message = f"Got {words!r}. The text of the fragments is {covered!r}."
        inbox.report("foreign-span", path, message, "correct the offsets or the words.", line)
        return []
    return found


def flatten(words: str) -> str:
    """Return words on one line, each line break as a space."""
    return re.sub(f"[{_BREAKS}]", " ", words)
