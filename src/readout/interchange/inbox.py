"""What comes into a corpus: foreign annotations are verified against the texts, and what is wrong is located.

Importers put graphs into an :class:`Inbox`; nothing is written while it holds a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from readout.corpus.canonical import encode_layer
from readout.corpus.drafts import nearest_passage
from readout.corpus.read import BY, REGISTRY_FILES
from readout.corpus.schema import explain, is_valid
from readout.interchange.graph import (
    VALUE_ROLES,
    Draft,
    Fault,
    Graph,
    Node,
    from_graph,
    join_nodes,
    show,
)
from readout.model import AnyAnnotation, Record, Registries, Span
from readout.problem import Problem, nearest
from readout.text.find import find_closest

CODES: Mapping[str, str] = {
    "foreign-syntax": "A foreign file can be read in its format.",
    "foreign-document": "Every foreign file belongs to a document.",
    "foreign-text": "The text in a foreign file is the text of the corpus.",
    "foreign-span": "A span lies within the text and covers the words that the foreign file states.",
    "foreign-value": "Labels, values and links make whole annotations of known entries.",
    "foreign-annotator": "Every layer of a foreign file is given to an annotator who is registered and has none yet.",
    "inexpressible": "What is exported can be carried by the foreign format.",
}
"""The codes of the problems of imports and exports, with what each demands."""

Entries: TypeAlias = Mapping[str, Mapping[str, Record]]


def entries_of(registries: Registries) -> dict[str, dict[str, Record]]:
    """Return the entries of the registries by the names of their files."""
    return {name: dict(getattr(registries, name)) for name in REGISTRY_FILES}


class Inbox:
    """Collects layers by annotator and document, and problems. ``entries`` are those that annotations may name.

    ``annotators`` maps the names that a foreign file gives its annotators to ids of the registry; the key ``""`` holds
    the id for files that name nobody.
    """

    def __init__(self, entries: Entries, texts: Mapping[str, str], annotators: Mapping[str, str]) -> None:
        self.entries = entries
        self.texts = dict(texts)
        self.annotators = annotators
        self.layers: dict[tuple[str, str], tuple[AnyAnnotation, ...]] = {}
        self.problems: list[Problem] = []

    def report(self, code: str, path: str, message: str, hint: str, line: int | None = None, about: str = "") -> None:
        """Add a problem; ``about`` is shown below it."""
        context = (about,) if about else ()
        problem = Problem(
            code=code, severity="error", path=path, line=line, message=message, hint=hint or None, context=context
        )
        self.problems.append(problem)

    def find_text(self, path: str, name: str, line: int | None = None) -> str | None:
        """Return the text of the document that a foreign file is about; None, with a problem, where there is none."""
        if name in self.texts:
            return self.texts[name]
        hint = nearest(name, self.texts) or "name the file after its document, or add the document to the corpus first."
        self.report("foreign-document", path, f"There is no document {name!r} in the corpus.", hint, line)
        return None

    def check_text(self, path: str, ours: str, theirs: str, line: int | None = None) -> bool:
        """Tell whether a foreign file has the text of the corpus, and report the first difference if not."""
        if ours == theirs:
            return True
        length = min(len(ours), len(theirs))
        at = next((i for i in range(length) if ours[i] != theirs[i]), length)
        message = f"The text differs from the corpus at offset {at}. Got {theirs[at:][:20]!r}. Expected "
        hint = "export the document again and carry the annotations over; texts are not to be edited in the tool."
        self.report("foreign-text", path, f"{message}{ours[at:][:20]!r}.", hint, line)
        return False

    def anchor(
        self, text: str, start: int, end: int, words: str | None, path: str, line: int | None = None
    ) -> Span | None:
        """Return the span between two offsets if it lies in the text and, where they are known, holds these words."""
        if not 0 <= start < end <= len(text):
            message = f"Got the span {start}–{end}. Expected start < end ≤ {len(text)}, the length of the text."
            self.report("foreign-span", path, message, _offset_hint(text, words, start), line)
            return None
        there = text[start:end]
        if words is not None and words != there:
            message = f"Got {words!r}. The text at {start}–{end} is {there!r}."
            self.report("foreign-span", path, message, _offset_hint(text, words, start), line)
            return None
        return Span(start, end, there)

    def add_layer(self, path: str, name: str, graph: Graph, author: str = "") -> None:
        """Add one document's annotations, with a problem for everything that keeps them from being a layer."""
        graph, faults = join_nodes(graph)
        drafts, more = from_graph(graph)
        for fault in (*faults, *more):
            self._report_fault(path, fault)
        self._check_drafts(path, drafts)
        annotator = self.find_annotator(path, author)
        if annotator is None:
            return
        if (annotator, name) in self.layers:
            message = f"There is a second layer of {name!r} for the annotator {annotator!r}."
            self.report("foreign-annotator", path, message, "import one of the two, or give each an annotator.")
        if not self.problems:
            self.layers[annotator, name] = tuple(msgspec.convert(draft.record, AnyAnnotation) for draft in drafts)

    def find_annotator(self, path: str, author: str) -> str | None:
        """Return the annotator that an author in a foreign file stands for; None, with a problem, if nobody."""
        annotator = self.annotators.get(author) or self.annotators.get("")
        if annotator is None:
            hint = f"say whose id it is with --annotator {author or 'NAME'}=ID."
            self.report("foreign-annotator", path, f"The file names the annotator {author!r}.", hint)
        return annotator

    def _report_fault(self, path: str, fault: Fault) -> None:
        self.report("foreign-value", path, fault.message, fault.hint, fault.line, fault.about)

    def _check_drafts(self, path: str, drafts: Sequence[Draft]) -> None:
        for record, node in drafts:
            if not is_valid("annotation", record):
                for finding in explain("annotation", record):
                    hint = finding.hint or ""
                    self.report("foreign-value", path, finding.message, hint, node.line, show(node))
            for name, value in record.items():
                role = VALUE_ROLES.get(name)
                if role and role.kind == "entry":
                    self._check_entries(path, node, value if role.many else [value], role.of)

    def _check_entries(self, path: str, node: Node, names: Iterable[Any], registry: str) -> None:
        known = self.entries[registry]
        for name in names:
            if name not in known:
                hint = nearest(str(name), known) or f"add it to annotations/{registry}.jsonl first."
                message = f"There is no entry {name!r} in annotations/{registry}.jsonl."
                self.report("foreign-value", path, message, hint, node.line, show(node))


def _offset_hint(text: str, words: str | None, start: int) -> str:
    if not words:
        return "correct the offsets; they count Unicode code points, the end excluded."
    at = find_closest(text, words, start)
    if at is None:
        return nearest_passage(words, text)
    return f"{words!r} stands at {at}–{at + len(words)}, did you mean it?"


def layer_files(inbox: Inbox) -> dict[str, bytes]:
    """Return the annotation files of an inbox by path; none while it holds a problem."""
    if inbox.problems:
        return {}
    return {f"{BY}/{annotator}/{name}.jsonl": encode_layer(layer) for (annotator, name), layer in inbox.layers.items()}


def find_files(path: Path, *suffixes: str) -> list[Path]:
    """Return a file, or the files below a folder whose names end in one of the suffixes, in order of their paths."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and file.name.endswith(suffixes))


def read_foreign_text(inbox: Inbox, file: Path, encoding: str = "utf-8-sig") -> str | None:
    """Return the content of a foreign file with its line ends as they are; None, with a problem, if not UTF-8.

    A byte order mark is left out, unless the encoding is ``utf-8``: in a raw text it is a character that counts.
    """
    try:
        return file.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        message = f"Got the byte {error.object[error.start : error.start + 1]!r} at {error.start}. Expected UTF-8."
        inbox.report("foreign-syntax", str(file), message, "convert the file to UTF-8.")
        return None


T = TypeVar("T")


def read_json_lines(inbox: Inbox, file: Path, line_type: type[T]) -> list[tuple[int, T]]:
    """Return the lines of a JSONL file as values of a type, with their numbers, and report the lines that are none."""
    content = read_foreign_text(inbox, file)
    found = []
    for number, line in enumerate((content or "").split("\n"), 1):
        value = parse_json(inbox, str(file), line, line_type, number) if line.strip() else None
        if value is not None:
            found.append((number, value))
    return found


def parse_json(inbox: Inbox, path: str, content: str, expected: type[T], line: int | None = None) -> T | None:
    """Return JSON as a value of a type; None, with a problem, where it is none."""
    try:
        return msgspec.json.decode(content, type=expected)
    except (msgspec.MsgspecError, RecursionError) as error:
        inbox.report("foreign-syntax", path, f"The JSON is not as expected: {error}.", "export the file again.", line)
        return None
