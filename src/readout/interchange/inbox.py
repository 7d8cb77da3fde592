"""Collect annotations from foreign files, and verify them against the texts of a corpus.

Importers add graphs to an :class:`Inbox`. If it has any problem, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

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
from readout.model import AnyAnnotation, Record, Registries, Span
from readout.problem import Problem, nearest
from readout.text.find import find_closest

CODES: Mapping[str, str] = {
    "foreign-syntax": "A foreign file can be read in its format.",
    "foreign-document": "Every foreign file belongs to a document of the corpus.",
    "foreign-text": "The text in a foreign file equals the text in the corpus.",
    "foreign-span": "Every span lies within the text and covers the words that the file gives.",
    "foreign-value": "Labels, values and links form whole annotations and name registered entries.",
    "foreign-annotator": (
        "Every layer belongs to one registered annotator, who has no layer of the document yet."
    ),
    "inexpressible": "The foreign format can represent everything that is exported.",
}
"""The codes of the problems of imports and exports, each with its demand."""

Entries: TypeAlias = Mapping[str, Mapping[str, Record]]


def to_entries(registries: Registries) -> dict[str, dict[str, Record]]:
    """Return the entries of all registries: by registry, such as ``speakers``, and then by id."""
    return {name: dict(getattr(registries, name)) for name in REGISTRY_FILES}


class Inbox:
    """Collects layers by annotator and document, and the problems of an import.

    ``entries`` are the registry entries that annotations may name. ``annotators`` maps the names
    that a foreign file gives to its annotators to ids of the registry; the key ``""`` is for all
    other names, and for files without any.
    """

    def __init__(
        self, entries: Entries, texts: Mapping[str, str], annotators: Mapping[str, str]
    ) -> None:
        self.entries = entries
        self.texts = dict(texts)
        self.annotators = annotators
        self.layers: dict[tuple[str, str], tuple[AnyAnnotation, ...]] = {}
        self.problems: list[Problem] = []

    def report(
        self,
        code: str,
        path: str,
        message: str,
        hint: str,
        line: int | None = None,
        about: str = "",
    ) -> None:
        """Add a problem; ``about`` is printed below it."""
        problem = Problem(
            code=code,
            severity="error",
            path=path,
            line=line,
            message=message,
            hint=hint or None,
            context=(about,) if about else (),
        )
        self.problems.append(problem)

    def find_text(self, path: str, doc_id: str, line: int | None = None) -> str | None:
        """Return the text of a document; report a problem and return None if there is none."""
        if doc_id in self.texts:
            return self.texts[doc_id]

        message = f"There is no document {doc_id!r} in the corpus."
        hint = nearest(doc_id, self.texts) or (
            "name the file after its document, or add the document to the corpus first."
        )
        self.report("foreign-document", path, message, hint, line)
        return None

    def find_owner(self, path: Path, file: Path) -> tuple[str, str]:
        """Return the document and the annotator after whom a file and its folder are named.

        The file of an export bears the name of its document, in a folder per layer if there are
        several. INCEpTION has a folder per document, with a file per annotator.
        """
        for name in (file.stem, Path(file.stem).stem):
            if name in self.texts:
                folders = file.relative_to(path).parts[:-1] if path.is_dir() else ()
                return name, next(iter(folders), "")

        folder = file.parent.name
        for name in (folder, Path(folder).stem):
            if name in self.texts:
                return name, file.stem
        return file.stem, ""

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
        """Return the span between two offsets, in code points, end excluded.

        Report a problem and return None if the offsets are outside the text, or if the text between
        them is not ``words``; None as ``words`` skips this comparison.
        """
        if not 0 <= start < end <= len(text):
            message = f"Got the span {start}–{end}. Expected 0 ≤ start < end ≤ {len(text)}."
            self.report("foreign-span", path, message, _suggest_offsets(text, words, start), line)
            return None

        exact = text[start:end]
        if words is not None and words != exact:
            message = f"Got {words!r}. The text at {start}–{end} is {exact!r}."
            self.report("foreign-span", path, message, _suggest_offsets(text, words, start), line)
            return None

        return Span(start, end, exact)

    def add_layer(self, path: str, doc_id: str, graph: Graph, author: str = "") -> None:
        """Add the annotations of one document, and report everything that makes them invalid."""
        graph, part_faults = join_nodes(graph)
        drafts, graph_faults = from_graph(graph)
        for fault in (*part_faults, *graph_faults):
            self._report_fault(path, fault)
        self._check_drafts(path, drafts)

        annotator = self.find_annotator(path, author)
        if annotator is None:
            return

        if (annotator, doc_id) in self.layers:
            message = f"The annotator {annotator!r} has two layers of {doc_id!r}."
            hint = "import one of the two, or give both an id with --annotator NAME=ID."
            self.report("foreign-annotator", path, message, hint)
        if not self.problems:
            records = [msgspec.convert(draft.record, AnyAnnotation) for draft in drafts]
            self.layers[annotator, doc_id] = tuple(records)

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

    def _report_fault(self, path: str, fault: Fault) -> None:
        self.report("foreign-value", path, fault.message, fault.hint, fault.line, fault.about)

    def _check_drafts(self, path: str, drafts: Sequence[Draft]) -> None:
        for record, node in drafts:
            if not is_valid("annotation", record):
                for finding in explain("annotation", record):
                    about = format_node(node)
                    hint = finding.hint or ""
                    self.report("foreign-value", path, finding.message, hint, node.line, about)

            for name, value in record.items():
                role = VALUE_ROLES.get(name)
                if role is not None and role.kind == "entry":
                    entry_ids = value if role.many else [value]
                    self._check_entries(path, node, entry_ids, role.of)

    def _check_entries(
        self, path: str, node: Node, entry_ids: Iterable[Any], registry: str
    ) -> None:
        known = self.entries[registry]
        for entry_id in entry_ids:
            if entry_id not in known:
                message = f"There is no entry {entry_id!r} in annotations/{registry}.jsonl."
                hint = nearest(str(entry_id), known) or "add the entry to the file first."
                self.report("foreign-value", path, message, hint, node.line, format_node(node))


def _suggest_offsets(text: str, words: str | None, start: int) -> str:
    """Return a hint with the offsets of the words, or of a similar passage."""
    if not words:
        return "correct the offsets; they count Unicode code points, and the end is excluded."

    at = find_closest(text, words, start)
    if at is None:
        return nearest_passage(words, text)
    return f"use the offsets {at}–{at + len(words)}, where the text has these words."


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


def read_foreign_text(inbox: Inbox, file: Path, encoding: str = "utf-8-sig") -> str | None:
    """Return the content of a file with its line ends unchanged.

    Report a problem and return None if the file is not UTF-8. ``utf-8-sig`` drops a byte order
    mark; raw texts need ``utf-8``, because offsets count a mark in them as a character.
    """
    try:
        return file.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        got = error.object[error.start : error.start + 1]
        message = f"Got the byte {got!r} at offset {error.start}. Expected UTF-8."
        inbox.report("foreign-syntax", str(file), message, "convert the file to UTF-8.")
        return None


T = TypeVar("T")


def read_json_lines(inbox: Inbox, file: Path, line_type: type[T]) -> list[tuple[int, T]]:
    """Return the values of a JSONL file with their line numbers; report lines of another type."""
    content = read_foreign_text(inbox, file) or ""
    found = []
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            value = parse_json(inbox, str(file), line, line_type, number)
            if value is not None:
                found.append((number, value))
    return found


def parse_json(
    inbox: Inbox, path: str, content: str, expected: type[T], line: int | None = None
) -> T | None:
    """Return JSON as a value of a type; report a problem and return None if it is not one."""
    try:
        return msgspec.json.decode(content, type=expected)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"The JSON does not have the expected form: {error}."
        inbox.report("foreign-syntax", path, message, "export the file again.", line)
        return None
