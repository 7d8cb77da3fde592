"""Import PolNeAR: brat files of attributions, events that join a source, a cue and a content.

The layout follows the description of the corpus (Newell, Margolin and Ruths 2018): a folder per
split contains ``text/NAME.txt`` and ``attributions/NAME_ANNOTATOR.ann``, and NAME starts with the
publisher and the date. Titles are in ``metadata.tsv``, beside the folders of the splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from readout.interchange.corpora.newcomers import SPLITS, UNSTATED, CorpusInbox
from readout.interchange.graph import CUE, Graph, Link, Node
from readout.interchange.inbox import find_files, read_foreign_text
from readout.interchange.mapping import join_spans
from readout.interchange.tools.brat import (
    TEXT_BOUND,
    anchor_fragments,
    iter_ann_lines,
    parse_offsets,
    unescape,
)
from readout.interchange.tools.spreadsheet import read_rows
from readout.model import Span, Split
from readout.text.forms import infer_form

TITLE = "PolNeAR"
LOSSES = (
    "Sources are words, not entities: equal words are one unnamed speaker, whoever is meant.",
    "The form of a quote is inferred from its quotation marks.",
    "Every piece of a discontinuous source is a mention; the first is the source of the quote.",
    "The notes on the parts of an attribution become the note of its quote.",
    "Labels outside every attribution, such as Discuss and Discard, are dropped.",
    "A text whose file name contains no date gets a document id that starts with 0000-00.",
)
ROLES = ("Source", "Cue", "Content")
_EVENT = re.compile(r"(E\w+)\t(\S+):(T\w+)((?: \w+:T\w+)*)\s*")
_NOTE = re.compile(r"#\w+\t\S+ ([TE]\w+)\t(.*)", re.DOTALL)
_NAME = re.compile(r"(?P<publisher>.+?)_(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})_")
_METADATA = "metadata.tsv"


def import_polnear(inbox: CorpusInbox, path: Path) -> None:
    """Read every ``.ann`` file below a folder; each becomes the layer of its annotator."""
    titles = _read_titles(inbox, path)
    doc_ids: dict[Path, str] = {}
    for file in find_files(path, ".ann"):
        text_file = find_text_file(file)
        split = _find_split(file)
        if text_file is None:
            message = "There is no text for this file."
            hint = f"put {file.stem}.txt beside it, or into a folder text/ beside its folder."
            inbox.report("foreign-document", str(file), message, hint)
        elif split is None:
            message = "The file is in none of the folders train, dev and test."
            hint = "move its folder into one of them; other folders have no published split."
            inbox.report("foreign-document", str(file), message, hint)
        else:
            _read_file(inbox, file, text_file, split, titles, doc_ids)


def _read_titles(inbox: CorpusInbox, path: Path) -> dict[str, str]:
    """Return the titles by file name from the table beside the folders of the splits."""
    places = [path, *path.parents[:3]]
    table = next((place / _METADATA for place in places if (place / _METADATA).is_file()), None)
    content = read_foreign_text(inbox, table) if table else None
    if table is None or content is None:
        return {}
    rows = read_rows(inbox, str(table), content, ".tsv", ("filename", "title"))
    return {row["filename"]: row["title"] for _, row in rows}


def find_text_file(file: Path) -> Path | None:
    """Return the text of an annotation file.

    The text has the name of the annotation file, with or without the annotator. It is in the same
    folder or in the folder ``text`` beside it.
    """
    for folder in (file.parent, file.parent.parent / "text"):
        for name in (file.stem, file.stem.rpartition("_")[0]):
            text_file = folder / f"{name}.txt"
            if name and text_file.is_file():
                return text_file
    return None


def _find_split(file: Path) -> Split | None:
    """Return the split that the innermost folder named after a split means."""
    for part in reversed(file.parts):
        if part in SPLITS:
            return SPLITS[part]
    return None


def _read_file(
    inbox: CorpusInbox,
    file: Path,
    text_file: Path,
    split: Split,
    titles: Mapping[str, str],
    doc_ids: dict[Path, str],
) -> None:
    """Read one file; ``doc_ids`` are the documents of the texts read so far, added to here."""
    content = read_foreign_text(inbox, file)
    text = read_foreign_text(inbox, text_file, "utf-8")
    if content is None or text is None:
        return

    if text_file not in doc_ids:
        found = _NAME.match(text_file.stem)
        date = found["date"] if found else None
        publisher = found["publisher"] if found else None
        month = date[:7] if date else "0000-00"
        doc_ids[text_file] = inbox.add_document(
            str(text_file),
            text_file.stem,
            text,
            month,
            split,
            date,
            publisher,
            titles.get(text_file.stem),
        )

    author = file.stem.removeprefix(text_file.stem).removeprefix("_")
    graph = AttributionReader(inbox, str(file), text).read(content)
    inbox.add_layer(str(file), doc_ids[text_file], graph, author)


class AttributionReader:
    """Reads the text-bound annotations, the notes and the events of one file."""

    def __init__(self, inbox: CorpusInbox, path: str, text: str) -> None:
        self.inbox, self.path, self.text = inbox, path, text
        self.bounds: dict[str, tuple[Span, ...]] = {}
        self.labels: dict[str, tuple[str, int]] = {}
        self.notes: dict[str, list[tuple[str, int]]] = {}
        self.graph = Graph([], [])
        self.mentions: dict[Span, str] = {}

    def read(self, content: str) -> Graph:
        """Return the graph of a file."""
        lines = list(iter_ann_lines(content))

        # Events may name text-bound annotations of later lines, and notes either.
        for number, line in lines:
            bound, note = TEXT_BOUND.fullmatch(line), _NOTE.fullmatch(line)
            if bound:
                self._read_bound(number, *bound.groups())
            elif note:
                self.notes.setdefault(note[1], []).append((unescape(note[2]), number))

        for number, line in lines:
            event = _EVENT.fullmatch(line)
            if event:
                self.labels.pop(event[3], None)
                roles = [part.split(":") for part in event[4].split()]
                self._read_event(number, event[1], event[3], roles)
            elif not TEXT_BOUND.fullmatch(line) and not _NOTE.fullmatch(line):
                expected = "Expected a text-bound annotation (T), an event (E) or a note (#)."
                message = f"Got {line[:60]!r}. {expected}"
                self._report("foreign-syntax", message, "correct or remove the line.", number)

        self._tell_leftovers()
        return self.graph

    def _report(self, code: str, message: str, hint: str, number: int) -> None:
        self.inbox.report(code, self.path, message, hint, number)

    def _read_bound(self, number: int, name: str, label: str, offsets: str, words: str) -> None:
        pairs = parse_offsets(offsets)
        spans = anchor_fragments(self.inbox, self.text, pairs, words, self.path, number)
        self.bounds[name] = tuple(spans)
        self.labels[name] = label, number

    def _read_event(self, number: int, name: str, trigger: str, roles: Iterable[list[str]]) -> None:
        parts: dict[str, list[Span]] = {role: [] for role in ROLES}
        notes = [note for note, _ in self._take_notes(name, trigger)]
        is_whole = True
        for numbered_role, bound in roles:
            role = numbered_role.rstrip("0123456789")
            self.labels.pop(bound, None)
            if role not in parts:
                message = f"The event {name!r} has the role {role!r}."
                hint = f"use {', '.join(ROLES[:-1])} or {ROLES[-1]}."
                self._report("foreign-value", message, hint, number)
            elif bound not in self.bounds:
                message = f"The event {name!r} names {bound!r}, which does not exist."
                hint = "add the annotation, or remove it from the event."
                self._report("foreign-value", message, hint, number)
            elif not self.bounds[bound]:
                is_whole = False  # the annotation was reported on its own line
            else:
                parts[role] += self.bounds[bound]
                notes += [note for note, _ in self._take_notes(bound)]

        if not is_whole:
            kind = "An attribution is left out, as one of its parts is."
            self.inbox.tell(kind, self.path, number)
        else:
            add_attribution(
                self.inbox,
                self.path,
                self.graph,
                self.mentions,
                name,
                {role: join_spans(self.text, spans) for role, spans in parts.items()},
                number,
                "\n".join(notes),
            )

    def _take_notes(self, *names: str) -> list[tuple[str, int]]:
        return [note for name in names for note in self.notes.pop(name, ())]

    def _tell_leftovers(self) -> None:
        """List what is in no event."""
        for label, number in self.labels.values():
            self.inbox.tell(f"The label {label!r} is in no attribution.", self.path, number)
        for notes in self.notes.values():
            for _, number in notes:
                self.inbox.tell("The note is on no part of an attribution.", self.path, number)


def add_attribution(
    inbox: CorpusInbox,
    path: str,
    graph: Graph,
    mentions: dict[Span, str],
    name: str,
    parts: Mapping[str, Iterable[Span]],
    line: int | None,
    note: str = "",
) -> None:
    """Add an attribution to a graph: a quote, its cue, and one mention per span of its source.

    ``parts`` are the spans by role, in text order. ``mentions`` are the keys of the mentions made
    so far, by span; new ones are added to it. An attribution without content is reported, and one
    that differs from another only in its source.
    """
    content = tuple(parts["Content"])
    if not content:
        message = f"The attribution {name!r} has no content."
        hint = "give it a content, or remove it."
        inbox.report("foreign-value", path, message, hint, line)
        return

    sources, cue = list(parts["Source"]), tuple(parts["Cue"])
    speaker = inbox.add_speaker(to_name(sources[0]) if sources else UNSTATED)
    rival = _find_rival(graph, content, cue)
    if rival is not None and rival.values["speaker"] != speaker:
        message = f"The attribution {name!r} differs from {rival.key!r} only in its source."
        inbox.report("foreign-value", path, message, "keep one of the two.", line)
        return

    for span in sources:
        if span not in mentions:
            mentions[span] = f"mention {span.start}–{span.end}"
            own = {"speaker": inbox.add_speaker(to_name(span))}
            graph.nodes.append(Node(mentions[span], "mention", (span,), own, line))

    values = {"form": infer_form(content), "speaker": speaker, "note": note}
    graph.nodes.append(Node(name, "quote", content, values, line))
    if sources:
        graph.links.append(Link("source", name, mentions[sources[0]], line))

    if cue:
        cue_key = f"{name}/{CUE}"
        graph.nodes.append(Node(cue_key, CUE, cue, {}, line))
        graph.links.append(Link(CUE, name, cue_key, line))


def _find_rival(graph: Graph, content: tuple[Span, ...], cue: tuple[Span, ...]) -> Node | None:
    """Return the quote of a graph that has a content and a cue."""
    cues = {node.key: node.spans for node in graph.nodes if node.label == CUE}
    for node in graph.nodes:
        own_cue = cues.get(f"{node.key}/{CUE}", ())
        if node.label == "quote" and node.spans == content and own_cue == cue:
            return node
    return None


def to_name(span: Span) -> str:
    """Return the words of a source on one line, as the name of a speaker."""
    return " ".join(span.exact.split())
