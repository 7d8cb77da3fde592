"""Read and write CoNLL-U, with mentions and quotes in the column MISC, as CorefUD has them.

A mention is a pair of brackets in the attribute ``Entity``, with the fields that ``global.Entity``
names: the entity, which is the speaker, its type, the head and other values. The attributes
``Quote``, ``Cue``, ``Topic``, ``Stance`` and ``Boilerplate`` have the same form: ``(ID-NAME:VALUE``
opens an annotation, ``ID)`` closes it, and ``ID[1/2]`` is the first of two pieces. A cue has the id
of its quote. In ids and values, a hyphen is written as an underscore, and all signs but letters,
digits and full stops as percent codes. A sentence is a line of the text with a word in it.

In a file of somebody else, an entity has its type as its label, and its other fields as values.
Sentences with a comment ``speaker``, as in GUM, become annotations with the label ``sentence``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from readout.interchange.blocks import Block, Bracketed, Placed, find_brackets, place_blocks
from readout.interchange.graph import CUE, LINK_FIELDS, NODE_LABELS, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import Word, check_edges, split_sentences
from readout.model import Mention, Span, SpeakerKind

LOSSES = (
    "The export refuses a span that starts or ends with white space, which belongs to no token.",
    "The export refuses two mentions of a speaker if each contains only a part of the other.",
    "Tokens are split wherever a span starts or ends; lemmas, tags and trees are not written.",
    "Of other people's files, trees, heads, bridging and split antecedents are not imported.",
    "An entity of empty nodes only, which the text does not have, is not imported.",
)
_FIELDS = "eid-etype-head-other"
_ENTITY_TYPES: Mapping[SpeakerKind, str] = {
    "person": "person",
    "office": "person",
    "government": "organization",
    "organisation": "organization",
    "outlet": "organization",
}
"""The types of entities in CorefUD; a group or an unnamed speaker may be of any type."""
_LAYER = "readout.layer"


def encode(value: str) -> str:
    """Return a value without the signs that separate the parts of a bracket."""
    return quote(value, safe="").replace("~", "%7E").replace("_", "%5F").replace("-", "_")


def decode(value: str) -> str:
    """Return the value that :func:`encode` was given."""
    return unquote(value.replace("_", "-"))


# ---------------------------------------------------------------- out


def export_conllu(outbox: Outbox) -> None:
    """Write one file per document."""
    kinds = {name: speaker.kind for name, speaker in outbox.registries.speakers.items()}
    for sheet in outbox.sheets:
        if check_edges(outbox, sheet) and _check_mentions(outbox, sheet):
            outbox.add(f"{sheet.stem}.conllu", "".join(_iter_lines(sheet, kinds)))


def _check_mentions(outbox: Outbox, sheet: Sheet) -> bool:
    """Return whether brackets with the names of speakers can be told apart."""
    spans: dict[str, list[Span]] = {}
    for record in sheet.records:
        if isinstance(record, Mention):
            spans.setdefault(record.speaker, []).append(record.span)

    for speaker, mentioned in spans.items():
        open_ends: list[int] = []
        for span in sorted(mentioned, key=lambda span: (span.start, -span.end)):
            open_ends = [end for end in open_ends if end > span.start]
            if any(end < span.end for end in open_ends):
                message = f"The mention {span.exact!r} of {speaker!r} overlaps another one."
                hint = "make one contain the other, or remove one."
                outbox.refuse(sheet, message, hint)
                return False
            open_ends.append(span.end)
    return True


class _Chunk(NamedTuple):
    """A piece of an annotation: its attribute, first and last token, and its two brackets."""

    attribute: str
    first: int
    last: int
    opening: str
    closing: str


def _iter_lines(sheet: Sheet, kinds: Mapping[str, SpeakerKind]) -> Iterator[str]:
    graph = to_graph(sheet.records)
    spans = [span for node in graph.nodes for span in node.spans]
    sentences = split_sentences(sheet.text, spans)
    words = [word for sentence in sentences for word in sentence]
    misc = _format_misc(_iter_chunks(graph, words, kinds))

    yield f"# newdoc id = {sheet.doc_id}\n# global.Entity = {_FIELDS}\n"
    yield f"# {_LAYER} = {sheet.layer}\n"
    first = 0
    for number, sentence in enumerate(sentences, 1):
        yield f"# sent_id = {sheet.doc_id}-{number}\n"
        attributes = [misc.get(first + index, {}) for index in range(len(sentence))]
        yield from _iter_sentence(sheet.text, sentence, attributes)
        first += len(sentence)


def _iter_sentence(
    text: str, words: Sequence[Word], misc: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    """Yield the lines of a sentence; ``misc`` are the attributes of each word."""
    written = ""
    rows = []
    for number, (word, attributes) in enumerate(zip(words, misc, strict=True), 1):
        form = text[word.start : word.end]
        parts = [f"{name}={value}" for name, value in attributes.items()]
        touches = number < len(words) and words[number].start == word.end
        if touches:
            parts.append("SpaceAfter=No")
        written += form if touches else f"{form} "

        cells = (str(number), form, *"_______", "|".join(parts) or "_")
        rows.append("\t".join(cells) + "\n")
    yield f"# text = {written[:-1]}\n"
    yield from rows
    yield "\n"


def _iter_chunks(
    graph: Graph, words: Sequence[Word], kinds: Mapping[str, SpeakerKind]
) -> Iterator[_Chunk]:
    starts = {word.start: number for number, word in enumerate(words)}
    ends = {word.end: number for number, word in enumerate(words)}
    links: dict[str, dict[str, str]] = {}
    for link in graph.links:
        if link.label != CUE:
            links.setdefault(link.tail, {})[link.label] = link.head

    for node in graph.nodes:
        values = {**node.values, **links.get(node.key, {})}
        name = encode(values.pop("id", node.key.removesuffix(f"/{CUE}")))
        if node.label == "mention":
            values["id"] = decode(name)
            speaker = values.pop("speaker")
            name = encode(speaker)
        pairs = sorted(f"{field}:{encode(value)}" for field, value in values.items())
        other = ",".join(pairs)
        if node.label == "mention":
            other = f"{_ENTITY_TYPES.get(kinds.get(speaker, 'unnamed'), '')}-1-{other}"

        for number, span in enumerate(node.spans, 1):
            piece = f"{name}[{number}/{len(node.spans)}]" if len(node.spans) > 1 else name
            opening = f"({piece}-{other}" if other else f"({piece}"
            attribute = _ATTRIBUTES[node.label]
            yield _Chunk(attribute, starts[span.start], ends[span.end], opening, f"{piece})")


_ATTRIBUTES = {
    label: "Entity" if label == "mention" else label.capitalize() for label in NODE_LABELS
}
_LABELS = {attribute: label for label, attribute in _ATTRIBUTES.items()}


def _format_misc(chunks: Iterable[_Chunk]) -> dict[int, dict[str, str]]:
    """Return the values of the attributes by number of the token.

    Brackets close before others open, and the longest opens first.
    """
    closing: dict[tuple[int, str], list[str]] = {}
    opening: dict[tuple[int, str], list[str]] = {}
    for chunk in sorted(chunks, key=lambda chunk: (chunk.first, -chunk.last)):
        if chunk.first == chunk.last:
            whole = f"{chunk.opening})"
            opening.setdefault((chunk.first, chunk.attribute), []).append(whole)
        else:
            opening.setdefault((chunk.first, chunk.attribute), []).append(chunk.opening)
            closing.setdefault((chunk.last, chunk.attribute), []).insert(0, chunk.closing)

    misc: dict[int, dict[str, str]] = {}
    for number, attribute in sorted({*closing, *opening}):
        place = number, attribute
        brackets = [*closing.get(place, ()), *opening.get(place, ())]
        misc.setdefault(number, {})[attribute] = "".join(brackets)
    return misc


# ---------------------------------------------------------------- in

_COMMENT = re.compile(r"#\s*([^=]+?)\s*(?:=\s*(.*?)\s*)?")
_ID = re.compile(r"([0-9]+)(?:([-.])([0-9]+))?")


class _Row(NamedTuple):
    """A word of the trees: its attributes, and the number of its token in the text, if any."""

    line: int
    token: int | None
    misc: Mapping[str, str]


class _Sentence(NamedTuple):
    comments: dict[str, str]
    words: list[str]
    lines: list[int]


class _Part:
    """One document of a file: its name, its sentences, and the words of its trees in a row."""

    def __init__(self, name: str, comments: Mapping[str, str]) -> None:
        self.name = name
        self.comments = dict(comments)
        self.sentences: list[_Sentence] = []
        self.rows: list[_Row] = []
        self.tokens = 0
        self.covered = 0

    def add_row(self, sentence: _Sentence, line: int, cells: Sequence[str]) -> bool:
        """Add a row; return whether it has the form of one."""
        found = _ID.fullmatch(cells[0])
        if found is None or len(cells) != 10:
            return False

        number = int(found[1])
        if found[2] == "-":
            self.covered = int(found[3])
            self._add_token(sentence, line, cells[1])
        elif found[2] == ".":
            self.rows.append(_Row(line, None, _parse_misc(cells[9])))
        else:
            if number > self.covered:
                self._add_token(sentence, line, cells[1])
            self.rows.append(_Row(line, self.tokens - 1, _parse_misc(cells[9])))
        return True

    def _add_token(self, sentence: _Sentence, line: int, form: str) -> None:
        sentence.words.append(form)
        sentence.lines.append(line)
        self.tokens += 1

    def end_sentence(self, sentence: _Sentence) -> None:
        """Add a sentence if it has words."""
        self.covered = 0
        if sentence.words:
            self.sentences.append(sentence)


def _parse_misc(cell: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in cell.split("|")] if cell != "_" else []
    return {name: value for name, _, value in pairs}


def import_conllu(inbox: Inbox, path: Path) -> None:
    """Read CoNLL-U files with one or more documents each."""
    for file in find_files(path, ".conllu", ".conllup"):
        content = read_foreign_text(inbox, file) or ""
        parts = [part for part in _read_parts(inbox, file, content) if part.sentences]
        owner, author = inbox.find_owner(path, file)
        for part in parts:
            name = part.name or (owner if len(parts) == 1 else "")
            if _LAYER in part.comments:
                author = inbox.to_author(part.comments[_LAYER])
            _read_part(inbox, str(file), name, part, author)


def _read_parts(inbox: Inbox, file: Path, content: str) -> list[_Part]:
    parts = [_Part("", {})]
    sentence = _Sentence({}, [], [])
    for line, row in enumerate(content.split("\n"), 1):
        row = row.removesuffix("\r")
        comment = _COMMENT.fullmatch(row)
        if comment and not sentence.words:
            name, value = comment[1], comment[2] or ""
            if name in ("newdoc", "newdoc id"):
                # What global.Entity says of a file is true of its other documents too.
                parts.append(_Part(value, parts[-1].comments))
            if name.startswith("global.") or name == _LAYER:
                parts[-1].comments[name] = value
            sentence.comments[name] = value
        elif not row.strip():
            parts[-1].end_sentence(sentence)
            sentence = _Sentence({}, [], [])
        elif not row.startswith("#") and not parts[-1].add_row(sentence, line, row.split("\t")):
            message = f"Got {row[:60]!r}. Expected an id and nine more columns, with tabs between."
            inbox.report("foreign-syntax", str(file), message, "export the file again.", line)
            return []
    parts[-1].end_sentence(sentence)
    return parts


def _read_part(inbox: Inbox, path: str, name: str, part: _Part, author: str) -> None:
    blocks = [Block(sentence.words, sentence.lines) for sentence in part.sentences]
    texts = [sentence.comments.get("text", " ".join(sentence.words)) for sentence in part.sentences]
    placed = place_blocks(inbox, path, name, blocks, "\n".join(texts) + "\n")
    if placed is None:
        return

    reader = _Reader(inbox, path, part, placed)
    reader.read()
    inbox.add_layer(path, placed.doc_id, reader.graph, author)


class _Reader:
    """Turns the brackets of one document into annotations."""

    def __init__(self, inbox: Inbox, path: str, part: _Part, placed: Placed) -> None:
        self.inbox, self.path, self.part, self.placed = inbox, path, part, placed
        self.is_ours = _LAYER in part.comments
        self.fields = part.comments.get("global.Entity", _FIELDS).split("-")
        self.graph = Graph([], [])

    def read(self) -> None:
        """Read every attribute that contains brackets, and the speakers of sentences."""
        names = {name for row in self.part.rows for name in row.misc}
        for name in sorted(names):
            cells = [row.misc.get(name, "") for row in self.part.rows]
            if name in _LABELS or name == "Entity":
                key = self.fields.index("eid") if name == "Entity" and "eid" in self.fields else 0
                for mark in find_brackets(cells, self._report, key):
                    self._add_mark(name, mark)
            elif name in ("Bridge", "SplitAnte"):
                for row in self.part.rows:
                    if name in row.misc:
                        kind = f"The attribute {name!r} is left out."
                        self.inbox.tell(kind, self.path, row.line)
        self._add_speakers()

    def _report(self, number: int, message: str) -> None:
        hint = "give every opening bracket a closing one with the same id."
        line = self.part.rows[number].line
        self.inbox.report("foreign-syntax", self.path, message, hint, line)

    def _find_spans(self, mark: Bracketed) -> tuple[Span, ...]:
        spans = []
        for first, last in mark.pieces:
            rows = self.part.rows[first:last]
            tokens = [row.token for row in rows if row.token is not None]
            if tokens:
                spans.append(self.placed.to_span(tokens[0], tokens[-1] + 1))
        return tuple(spans)

    def _add_mark(self, attribute: str, mark: Bracketed) -> None:
        spans = self._find_spans(mark)
        line = self.part.rows[mark.pieces[0][0]].line
        if not spans:
            self.inbox.tell("An entity of empty nodes is left out.", self.path, line)
        elif not self.is_ours:
            self._add_foreign(attribute, mark, spans, line)
        elif attribute == "Entity":
            self._add_own("mention", mark, spans, line)
        else:
            self._add_own(_LABELS[attribute], mark, spans, line)

    def _add_own(self, label: str, mark: Bracketed, spans: tuple[Span, ...], line: int) -> None:
        name, *rest = mark.content.split("-")
        name = decode(name.partition("[")[0])
        values = _parse_pairs(rest[-1] if rest else "")
        if label == "mention":
            values["speaker"] = name
        elif label != CUE:
            values["id"] = name
        key = f"{name}/{CUE}" if label == CUE else values.get("id", f"{line} {name}")
        if label == CUE:
            self.graph.links.append(Link(CUE, name, key, line))
        for field in LINK_FIELDS:
            if field in values:
                self.graph.links.append(Link(field, key, values.pop(field), line))
        self.graph.nodes.append(Node(key, label, spans, values, line))

    def _add_foreign(
        self, attribute: str, mark: Bracketed, spans: tuple[Span, ...], line: int
    ) -> None:
        """Add an entity of somebody else's file, with its type as the label."""
        names = self.fields if attribute == "Entity" else ["eid", "other"]
        values = dict(zip(names, mark.content.split("-"), strict=False))
        values.update(_parse_pairs(values.pop("other", "")))
        label = values.pop("etype", "") or values.pop("entity", "") or attribute
        values["eid"] = values.get("eid", "").partition("[")[0]
        kept = {name: value for name, value in values.items() if value and name not in _UNREAD}
        self.graph.nodes.append(Node(f"{len(self.graph.nodes) + 1}", label, spans, kept, line))

    def _add_speakers(self) -> None:
        """Add an annotation for each sentence whose comments name its speaker."""
        first = 0
        for sentence in self.part.sentences:
            last = first + len(sentence.words)
            comments = sentence.comments
            values = {name: comments[name] for name in _SPEECH if comments.get(name)}
            if values:
                span = self.placed.to_span(first, last)
                key = f"{len(self.graph.nodes) + 1}"
                line = sentence.lines[0]
                self.graph.nodes.append(Node(key, "sentence", (span,), values, line))
            first = last


_UNREAD = ("head", "minspan")
_SPEECH = ("speaker", "addressee")
"""The comments of a sentence that say who speaks to whom."""


def _parse_pairs(pairs: str) -> dict[str, str]:
    found = [pair.partition(":") for pair in pairs.split(",") if pair]
    return {name: decode(value) for name, _, value in found}
