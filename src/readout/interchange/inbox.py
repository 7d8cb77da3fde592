"""Collect annotations from foreign files, and verify them against the texts of a corpus.

Importers add graphs to an :class:`Inbox`. If it has any problem, nothing is written.

For each document, a reader calls ``find_document`` with the name and the text that the file gives;
for each span ``anchor_span``, always with the words that the file states beside the offsets; and
``add_layer`` with a graph in the words of its format and the annotator that the file names. If
there is a mapping, ``add_layer`` translates the graph. A reader reports what it cannot read by
``report``, and goes on without it: unless the inbox leaves out what has problems (``skips``), any
problem stops the import. What is left out or changed on purpose is counted by ``tell``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar
from unicodedata import normalize

import msgspec

from readout.corpus.canonical import encode_layer
from readout.corpus.drafts import nearest_passage
from readout.corpus.files import FileBytes
from readout.corpus.read import BY, REGISTRY_FILES
from readout.corpus.schema import explain, is_valid
from readout.interchange.graph import (
    VALUE_ROLES,
    Draft,
    Fault,
    Graph,
    Node,
    format_node,
    from_graph,
    join_nodes,
)
from readout.interchange.mapping import LabelMapping
from readout.interchange.units import Place, describe_units, find_units
from readout.model import AnyAnnotation, Record, Registries, Span
from readout.problem import Problem, format_count, nearest
from readout.text.find import OffsetMap, Unit, find_closest, map_offsets, trim_space
from readout.text.words import to_one_line

CODES: Mapping[str, str] = {
    "foreign-syntax": "A foreign file can be read in its format.",
    "foreign-document": "Every foreign file belongs to a document of the corpus.",
    "foreign-text": "The text in a foreign file equals the text in the corpus.",
    "foreign-span": "Every span lies within the text and covers the words that the file gives.",
    "foreign-value": "Labels, values and links form whole annotations and name registered entries.",
    "foreign-annotator": (
        "Every layer belongs to one registered annotator, who has no layer of the document yet."
    ),
    "foreign-map": "A mapping has a line for whatever a file contains, and names fields as here.",
    "inexpressible": "The foreign format can represent everything that is exported.",
}
"""The codes of the problems of imports and exports, each with its demand."""

Entries: TypeAlias = Mapping[str, Mapping[str, Record]]


def to_entries(registries: Registries) -> dict[str, dict[str, Record]]:
    """Return the entries of all registries: by registry, such as ``speakers``, and then by id."""
    return {name: dict(getattr(registries, name)) for name in REGISTRY_FILES}


class Tally:
    """How often something was left out or changed, and its first place in each file."""

    MOST = 3

    def __init__(self) -> None:
        self.count = 0
        self.places: dict[str, str] = {}

    def add(self, path: str, line: int | None) -> None:
        """Count one more, at a place."""
        self.count += 1
        self.places.setdefault(path, f"{path}:{line}" if line else path)

    def format_places(self) -> str:
        """Return the places in the first files, and how many more files there are."""
        places = ", ".join(list(self.places.values())[: self.MOST])
        more = len(self.places) - self.MOST
        if more <= 0:
            return places
        return f"{places} and {format_count(more, 'more file')}"


class Found(NamedTuple):
    """A document to which a foreign file belongs: its id and its text."""

    doc_id: str
    text: str


class Owner(NamedTuple):
    """The name of a document, and what a file calls its annotator, which may be empty."""

    name: str
    author: str


class Inbox:
    """Collects layers by annotator and document, and the problems of an import.

    ``entries`` are the registry entries that annotations may name. ``annotators`` maps the names
    that a foreign file gives to its annotators to ids of the registry; the key ``""`` is for all
    other names, and for files without any. ``mapping`` translates the labels of other people. With
    ``skips``, what has a problem is left out: the problem is added to ``skipped``, not to
    ``problems``. ``told`` counts what was left out or changed on purpose, by kind. ``unit`` is what
    the offsets of the files count, and ``encoding`` is that of the files, if somebody has said so.
    """

    encoding: str | None = None

    def __init__(
        self,
        entries: Entries,
        texts: Mapping[str, str],
        annotators: Mapping[str, str],
        mapping: LabelMapping | None = None,
        skips: bool = False,
        unit: Unit | None = None,
    ) -> None:
        self.entries = entries
        self.texts = dict(texts)
        self.annotators = annotators
        self.mapping = mapping
        self.skips = skips
        self.unit: Unit = unit or "code-points"
        self.is_unit_given = unit is not None
        self.layers: dict[tuple[str, str], tuple[AnyAnnotation, ...]] = {}
        self.problems: list[Problem] = []
        self.skipped: list[Problem] = []
        self.told: dict[str, Tally] = {}
        self._with_layer: set[str] = set()
        self._offsets: tuple[str, Unit, OffsetMap] | None = None
        self._ids_by_text: dict[str, list[str]] = {}
        self._ids_by_name: dict[str, dict[str, set[str]]] = {}

    @property
    def is_mapped(self) -> bool:
        """Return whether graphs may have any labels, as a mapping translates them."""
        return self.mapping is not None

    def report(
        self,
        code: str,
        path: str,
        message: str,
        hint: str,
        line: int | None = None,
        about: str = "",
        can_skip: bool | None = None,
    ) -> None:
        """Add a problem; ``about`` is printed below it.

        The caller goes on without what has the problem, because the inbox may be one that skips.
        Problems of annotators concern whole layers, so they are skipped only with ``can_skip``; all
        others are, unless it is False.
        """
        if can_skip is None:
            can_skip = code != "foreign-annotator"
        is_skipped = self.skips and can_skip
        problem = Problem(
            code=code,
            severity="warning" if is_skipped else "error",
            path=path,
            line=line,
            message=message,
            hint=hint or None,
            context=(about,) if about else (),
        )
        if is_skipped:
            self.skipped.append(problem)
        else:
            self.problems.append(problem)

    def tell(self, kind: str, path: str, line: int | None = None) -> None:
        """Count something that is left out or changed on purpose; ``kind`` is a sentence."""
        self.told.setdefault(kind, Tally()).add(path, line)

    def find_document(
        self, path: str, name: str | None, text: str | None, line: int | None = None
    ) -> Found | None:
        """Return the document that a file names, or else the one that has the text of the file.

        ``text`` is None if the file gives only annotations. Report a problem and return None if
        there is no such document, or if its text differs.
        """
        if name is not None and name in self.texts:
            ours = self.texts[name]
            same = text is None or self.check_text(path, ours, text, line)
            return Found(name, ours) if same else None

        if text is not None:
            same_text = self._find_ids_by_text(text)
            if len(same_text) == 1:
                return Found(same_text[0], text)

        return self._find_unknown(path, name, text, line)

    def _find_ids_by_text(self, text: str) -> list[str]:
        """Return the ids of the documents with a text."""
        if not self._ids_by_text:
            for doc_id, ours in self.texts.items():
                self._ids_by_text.setdefault(ours, []).append(doc_id)
        return self._ids_by_text.get(text, [])

    def _find_unknown(
        self, path: str, name: str | None, text: str | None, line: int | None
    ) -> Found | None:
        """Report a document that the corpus does not have."""
        if name is None:
            message = "The file names no document, and its text is not that of one document."
            hint = "add the text to the corpus first, or give --add to add it here."
            self.report("foreign-document", path, message, hint, line)
        else:
            self.find_text(path, name, line)
        return None

    def find_text(self, path: str, doc_id: str, line: int | None = None) -> str | None:
        """Return the text of a document; report a problem and return None if there is none."""
        if doc_id in self.texts:
            return self.texts[doc_id]

        message = f"There is no document {doc_id!r} in the corpus."
        hint = nearest(doc_id, self.texts) or (
            "name the file after its document, or give --add to add its text to the corpus."
        )
        self.report("foreign-document", path, message, hint, line)
        return None

    def find_owner(self, path: Path, file: Path) -> Owner:
        """Return the document and the annotator after whom a file and its folder are named.

        The file of an export bears the name of its document, in a folder per layer if there are
        several. INCEpTION has a folder per document, with a file per annotator.
        """
        folders = file.relative_to(path).parts[:-1] if path.is_dir() else ()
        layer = self.to_author(next(iter(folders), ""))
        for name in (file.stem, Path(file.stem).stem):
            if name in self.texts:
                return Owner(name, layer)

        folder = file.parent.name
        for name in (folder, Path(folder).stem):
            if name in self.texts:
                return Owner(name, file.stem)
        return Owner(file.stem.removesuffix(".txt"), layer)

    def check_text(self, path: str, ours: str, theirs: str, line: int | None = None) -> bool:
        """Return whether two texts are equal; if not, report the first difference."""
        if ours == theirs:
            return True

        length = min(len(ours), len(theirs))
        at = next((i for i in range(length) if ours[i] != theirs[i]), length)
        got, expected = theirs[at:][:20], ours[at:][:20]
        message = (
            f"The text differs from the corpus at offset {at}. Got {got!r}. Expected {expected!r}."
        )
        hint = (
            "export the document again and copy the annotations to it; do not edit texts in a tool."
        )
        self.report("foreign-text", path, message, hint, line)
        return False

    def anchor_span(
        self,
        text: str,
        start: int,
        end: int,
        words: str | None,
        path: str,
        line: int | None = None,
    ) -> Span | None:
        """Return the span between two offsets of a text, end excluded.

        The offsets count ``unit``. Report a problem and return None if they are outside the text,
        or if the text between them is not ``words``, apart from white space at the ends; None as
        ``words`` skips this comparison. If labels are foreign, an empty span is left out and told.
        """
        if start == end and 0 <= start <= len(text) and self.is_mapped:
            # Tools mark places between characters too; here, an annotation needs words.
            self.tell("An annotation without words is left out.", path, line)
            return None

        pair = self.to_code_points(text, start, end)
        if pair is None:
            length = map_offsets(text, self.unit).foreign[-1]
            message = f"Got the span {start}–{end}. Expected 0 ≤ start < end ≤ {length:.0f}."
            if self.unit != "code-points" and 0 <= start < end <= length:
                message = f"The span {start}–{end} starts or ends within a character."
            self.report("foreign-span", path, message, self._suggest(text, words, start), line)
            return None

        exact = text[slice(*pair)]
        if words is not None and words.strip() != exact.strip():
            message = f"Got {words!r}. The text at {start}–{end} is {exact!r}."
            self.report("foreign-span", path, message, self._suggest(text, words, start), line)
            return None

        return Span(*pair, exact)

    def _suggest(self, text: str, words: str | None, start: int) -> str:
        """Return a hint with the offsets of the words in the unit of the file."""
        if not words:
            unit = "Unicode code points" if self.unit == "code-points" else self.unit
            return f"correct the offsets; they count {unit}, and the end is excluded."

        at = find_closest(text, words, start)
        if at is None:
            return nearest_passage(words, text)
        foreign = map_offsets(text, self.unit).foreign
        first, last = foreign[at], foreign[at + len(words)]
        return f"use the offsets {first:.0f}–{last:.0f}, where the text has these words."

    def to_code_points(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Return two offsets in code points; None unless they enclose a part of the text."""
        if self.unit != "code-points":
            if self._offsets is None or self._offsets[:2] != (text, self.unit):
                self._offsets = (text, self.unit, map_offsets(text, self.unit))
            try:
                start = self._offsets[2].from_foreign(start)
                end = self._offsets[2].from_foreign(end)
            except ValueError:
                return None
        return (start, end) if 0 <= start < end <= len(text) else None

    def settle_unit(self, path: str, places: Sequence[Place], default: Unit) -> None:
        """Set the unit of offsets to that in which all places fit, unless it is given.

        Report a problem if the places fit in several units that mean different passages, as only a
        person can know which is right. It is never skipped, or wrong passages would come in.
        """
        if self.is_unit_given:
            return

        fitting = find_units(places, default)
        self.unit = fitting[0] if fitting else default
        if len(fitting) > 1:
            message = f"The offsets may count {' or '.join(fitting)}, and the texts differ in it."
            examples = describe_units(places, fitting)
            hint = f"give --offsets UNIT: {examples}."
            self.report("foreign-span", path, message, hint, can_skip=False)
        elif self.unit != default:
            self.tell(f"The offsets count {self.unit}, as only then the words fit.", path)

    def add_layer(self, path: str, doc_id: str, graph: Graph, author: str = "") -> None:
        """Add the annotations of one document, and report everything that makes them invalid.

        The graph has the labels of this corpus or, if there is a mapping, those of the file.
        """
        text = self.texts[doc_id]
        if self.mapping is not None:
            graph = self._translate(path, text, graph)
        graph = self._trim_spans(path, text, graph)
        graph, faults = join_nodes(graph)
        self._report_faults(path, faults)
        drafts, faults = self._to_drafts(graph)
        if self.skips and faults:
            drafts = self._leave_out(path, graph, drafts, faults)
        else:
            self._report_faults(path, faults)

        annotator = self.find_annotator(path, author)
        if annotator is None:
            return

        if (annotator, doc_id) in self.layers:
            message = f"The annotator {annotator!r} has two layers of {doc_id!r}."
            hint = "import one of the two, or give both an id with --annotator NAME=ID."
            self.report("foreign-annotator", path, message, hint, can_skip=True)
            return
        self._with_layer.add(doc_id)
        if not self.problems:
            records = [msgspec.convert(draft.record, AnyAnnotation) for draft in drafts]
            self.layers[annotator, doc_id] = tuple(records)

    def _translate(self, path: str, text: str, graph: Graph) -> Graph:
        assert self.mapping is not None
        translation = self.mapping.translate(graph, text, self.find_entry)
        for kind, line in translation.told:
            self.tell(kind, path, line)
        for fault in translation.faults:
            self._report_fault(path, fault, "foreign-map")
        return translation.graph

    def _trim_spans(self, path: str, text: str, graph: Graph) -> Graph:
        """Return a graph whose spans neither start nor end with white space."""
        nodes = []
        for node in graph.nodes:
            spans = []
            for span in node.spans:
                start, end = trim_space(text, span.start, span.end)
                if start >= end:
                    self.tell("A span of nothing but white space is left out.", path, node.line)
                elif (start, end) == (span.start, span.end):
                    spans.append(span)
                else:
                    self.tell("White space at the ends of a span is left out.", path, node.line)
                    spans.append(Span(start, end, text[start:end]))
            if node.spans and not spans and self.is_mapped:
                # Tools accept such annotations; here, an annotation needs words.
                continue
            nodes.append(node._replace(spans=tuple(spans), values=self._tidy_values(path, node)))
        return Graph(nodes, graph.links)

    def _tidy_values(self, path: str, node: Node) -> Mapping[str, str]:
        """Return the values of a node of other people, whose notes may have several lines."""
        note = node.values.get("note", "")
        line = to_one_line(note)
        if line == note or not self.is_mapped:
            return node.values
        self.tell("A line break or control character in a note becomes a space.", path, node.line)
        return {**node.values, "note": line}

    def _to_drafts(self, graph: Graph) -> tuple[list[Draft], list[Fault]]:
        """Return the records of a graph, and all faults of the graph and of the records."""
        drafts, faults = from_graph(graph)
        return drafts, [*faults, *self._find_draft_faults(drafts)]

    def _leave_out(
        self, path: str, graph: Graph, drafts: list[Draft], faults: list[Fault]
    ) -> list[Draft]:
        """Return the records of a graph without whatever has a fault, and report the faults.

        Leaving out an annotation takes an end from its links, and the quote from a cue. So this is
        repeated until no fault is left.
        """
        while faults:
            self._report_faults(path, faults)
            bad_keys = {fault.key for fault in faults}
            bad_links = Counter(fault.link for fault in faults if fault.link is not None)
            nodes = [node for node in graph.nodes if node.key not in bad_keys]
            kept = {node.key for node in nodes}
            links = []
            for link in graph.links:
                if bad_links[link]:
                    bad_links[link] -= 1
                elif link.tail in kept and link.head in kept:
                    links.append(link)
                else:
                    kind = f"A link {link.label!r} of an annotation that is left out."
                    self.tell(kind, path, link.line)
            graph = Graph(nodes, links)
            drafts, faults = self._to_drafts(graph)
        return drafts

    def find_entry(self, registry: str, name: str) -> str:
        """Return the id of the entry with an id, a name or an alias; ``name`` if there is none."""
        entries = self.entries[registry]
        if name in entries:
            return name

        if registry not in self._ids_by_name:
            ids: dict[str, set[str]] = {}
            self._ids_by_name[registry] = ids
            for entry_id, entry in entries.items():
                for each in list_names(entry):
                    ids.setdefault(each, set()).add(entry_id)
        found = self._ids_by_name[registry].get(normalize("NFC", name).casefold(), set())
        return next(iter(found)) if len(found) == 1 else name

    def to_author(self, layer: str) -> str:
        """Return the name of an exported layer if it is the name of an annotator to this import.

        If one id is given for all annotators, the name does not matter, and is empty.
        """
        return layer if layer in self.annotators or "" not in self.annotators else ""

    def has_layer(self, doc_id: str) -> bool:
        """Return whether the import has a layer of a document already."""
        return doc_id in self._with_layer

    def find_annotator(self, path: str, author: str) -> str | None:
        """Return the id of the annotator whom a file calls ``author``; report it if unknown."""
        annotator = self.annotators.get(author) or self.annotators.get("")
        if annotator is None:
            message = f"The file names the annotator {author!r}, who is given no id."
            hint = f"give the id with --annotator {author or 'NAME'}=ID."
            if not author:
                message = "The file names no annotator."
                hint = "give the id of the annotator with --annotator ID."
            self.report("foreign-annotator", path, message, hint)
        return annotator

    def _report_faults(self, path: str, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self._report_fault(path, fault)

    def _report_fault(self, path: str, fault: Fault, code: str = "foreign-value") -> None:
        self.report(code, path, fault.message, fault.hint, fault.line, fault.about)

    def _find_draft_faults(self, drafts: Sequence[Draft]) -> Iterator[Fault]:
        for record, node in drafts:
            about = format_node(node)
            if not is_valid("annotation", record):
                for finding in explain("annotation", record):
                    hint = finding.hint or ""
                    yield Fault(node.line, finding.message, hint, about, node.key)

            for name, value in record.items():
                role = VALUE_ROLES.get(name)
                if role is not None and role.kind == "entry":
                    entry_ids = value if role.many else [value]
                    yield from self._find_entry_faults(node, entry_ids, role.of)

    def _find_entry_faults(
        self, node: Node, entry_ids: Iterable[Any], registry: str
    ) -> Iterator[Fault]:
        known = self.entries[registry]
        for entry_id in entry_ids:
            if entry_id not in known:
                message = f"There is no entry {entry_id!r} in annotations/{registry}.jsonl."
                hint = nearest(str(entry_id), known) or "add the entry to the file first."
                yield Fault(node.line, message, hint, format_node(node), node.key)


def list_names(entry: Any) -> list[str]:
    """Return the names, labels and aliases of a registry entry, in lower case."""
    names = [
        getattr(entry, "name", ""),
        getattr(entry, "label", ""),
        *getattr(entry, "aliases", ()),
    ]
    return [name.casefold() for name in names if name]


def build_layer_files(inbox: Inbox) -> FileBytes:
    """Return the annotation files of an inbox by path; none if it has a problem."""
    if inbox.problems:
        return {}

    return {
        f"{BY}/{annotator}/{doc_id}.jsonl": encode_layer(layer)
        for (annotator, doc_id), layer in inbox.layers.items()
    }


# ---------------------------------------------------------------- foreign files


def parse_offset(digits: str) -> int:
    """Return the number that a foreign file writes with decimal digits.

    Of a very long number the first 18 digits are kept: it is beyond any text all the same, and
    Python refuses to convert numbers of more than 4,300 digits.
    """
    return int(digits.lstrip("0")[:18] or "0")


def find_files(path: Path, *suffixes: str) -> list[Path]:
    """Return ``path`` if it is a file, or else the files below it that end in one of the suffixes.

    The files are in the order of their paths.
    """
    if path.is_file():
        return [path]
    return sorted(
        file for file in path.rglob("*") if file.is_file() and file.name.endswith(suffixes)
    )


def find_text_beside(file: Path) -> Path | None:
    """Return the text file beside a file; that of ``a.json`` and ``a.txt.json`` is ``a.txt``."""
    beside = file.with_suffix("" if file.stem.endswith(".txt") else ".txt")
    return beside if beside.is_file() else None


def find_document_beside(
    inbox: Inbox, file: Path, name: str, text: str | None = None, encoding: str = "utf-8"
) -> Found | None:
    """Return the document of a file, by the text file beside it or else by ``text``.

    Report a problem and return None as :meth:`Inbox.find_document` does.
    """
    text_file = find_text_beside(file)
    if text_file is None:
        return inbox.find_document(str(file), name, text)
    beside = read_foreign_text(inbox, text_file, encoding)
    return None if beside is None else inbox.find_document(str(text_file), name, beside)


def read_foreign_text(inbox: Inbox, file: Path, encoding: str = "utf-8-sig") -> str | None:
    """Return the content of a file with its line ends unchanged.

    Report a problem and return None if the file is not in this encoding, or in that of the inbox.
    ``utf-8-sig`` drops a byte order mark; raw texts need ``utf-8``, because offsets count a mark in
    them as a character.
    """
    return decode_foreign(inbox, str(file), file.read_bytes(), encoding)


def decode_foreign(
    inbox: Inbox, path: str, raw: bytes, encoding: str, line: int | None = None
) -> str | None:
    """Return bytes as text; report a problem and return None if they are in another encoding."""
    try:
        return raw.decode(inbox.encoding or encoding)
    except UnicodeDecodeError as error:
        got = error.object[error.start : error.start + 1]
        expected = inbox.encoding or "UTF-8"
        message = f"Got the byte {got!r} at offset {error.start}. Expected {expected}."
        hint = "convert the file to UTF-8, or name its encoding with --encoding."
        inbox.report("foreign-syntax", path, message, hint, line)
        return None


T = TypeVar("T")


def read_json_lines(inbox: Inbox, file: Path, line_type: type[T]) -> list[tuple[int, T]]:
    """Return the values of a JSONL file with their line numbers; report lines of another type.

    A file with one JSON value, such as a list, is read as if each element were a line.
    """
    content = read_foreign_text(inbox, file) or ""
    whole = _decode_whole(content)
    if whole is not None:
        elements = [msgspec.json.encode(each) for each in whole]
        values = [parse_json(inbox, str(file), each, line_type, 1) for each in elements]
        return [(1, value) for value in values if value is not None]

    lines = []
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            value = parse_json(inbox, str(file), line, line_type, number)
            if value is not None:
                lines.append((number, value))
    return lines


def _decode_whole(content: str) -> list[Any] | None:
    """Return the elements of a file that is one JSON value over several lines or a list."""
    start = content.lstrip()[:1]
    first_line = content.lstrip().partition("\n")[0]
    if start not in ("[", "{") or (start == "{" and first_line.rstrip().endswith("}")):
        return None
    try:
        whole = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return whole if isinstance(whole, list) else [whole]


def parse_json(
    inbox: Inbox, path: str, content: str | bytes, expected: type[T], line: int | None = None
) -> T | None:
    """Return JSON as a value of a type; report a problem and return None if it is not one."""
    try:
        return msgspec.json.decode(content, type=expected)
    except msgspec.ValidationError as error:
        message = f"The JSON does not have the expected form: {error}."
        hint = f"export the file again, or choose its format: {_describe_json(content)}."
        inbox.report("foreign-syntax", path, message, hint, line)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"The line or file is not JSON: {error}."
        inbox.report("foreign-syntax", path, message, "export the file again.", line)
    return None


def _describe_json(content: str | bytes) -> str:
    """Return what JSON contains at the top: the keys of an object, or of the first of a list."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        return "it is damaged further on"
    noun = "it is an object"
    if isinstance(value, list):
        noun, value = "it is a list of objects", next(iter(value), None)
        if not isinstance(value, dict):
            return "it is a list without objects"
    if not isinstance(value, dict):
        return "it is a single value"
    keys = ", ".join(repr(key[:40]) for key in list(value)[:10])
    return f"{noun} with the keys {keys}" if keys else f"{noun} without keys"
