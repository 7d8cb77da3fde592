"""Import PolNeAR: brat files of attributions, events that join a source, a cue and a content.

The layout follows the description of the corpus (Newell, Margolin and Ruths 2018): a folder per
split contains ``text/NAME.txt`` and ``attributions/NAME_ANNOTATOR.ann``, and NAME starts with the
publisher and the date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from readout.interchange.corpora.newcomers import UNSTATED, CorpusInbox, infer_form
from readout.interchange.graph import CUE, Graph, Link, Node
from readout.interchange.inbox import find_files, read_foreign_text
from readout.interchange.tools.brat import TEXT_BOUND, anchor_fragments, parse_offsets
from readout.model import Span, Split

TITLE = "PolNeAR"
LOSSES = (
    "Sources are words, not entities: equal words are one unnamed speaker, whoever is meant.",
    "The form of a quote is inferred from its quotation marks.",
    "Every piece of a discontinuous source is a mention; the first is the source of the quote.",
    "A text whose file name contains no date gets a document id that starts with 0000-00.",
)
ROLES = ("Source", "Cue", "Content")
_EVENT = re.compile(r"(E\w+)\t(\S+):(T\w+)((?: \w+:T\w+)*)\s*")
_NAME = re.compile(r"(?P<publisher>.+?)_(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})_")
_SPLITS: dict[str, Split] = {"train": "train", "dev": "validation", "test": "test"}


def import_polnear(inbox: CorpusInbox, path: Path) -> None:
    """Read every ``.ann`` file below a folder; report a second annotator of the same text."""
    seen: dict[Path, Path] = {}
    for file in find_files(path, ".ann"):
        text_file = find_text_file(file)
        content = read_foreign_text(inbox, file)
        if text_file is None:
            message = "There is no text for this file."
            hint = f"put {file.stem}.txt beside it, or into a folder text/ beside its folder."
            inbox.report("foreign-document", str(file), message, hint)
        elif text_file in seen:
            message = f"The text {text_file.name!r} is annotated by {seen[text_file].name!r} too."
            hint = "copy the files of one annotator into a folder, and import that folder."
            inbox.report("foreign-annotator", str(file), message, hint)
        elif content is not None:
            seen[text_file] = file
            _read_file(inbox, file, text_file, content)


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


def _read_file(inbox: CorpusInbox, file: Path, text_file: Path, content: str) -> None:
    text = read_foreign_text(inbox, text_file, "utf-8")
    if text is None:
        return

    found = _NAME.match(text_file.stem)
    date = found["date"] if found else None
    publisher = found["publisher"] if found else None
    month = date[:7] if date else "0000-00"
    split = _find_split(file)
    doc_id = inbox.add_document(str(text_file), text_file.stem, text, month, split, date, publisher)
    graph = AttributionReader(inbox, str(file), text).read(content)
    inbox.add_layer(str(file), doc_id, graph)


def _find_split(file: Path) -> Split:
    """Return the split that the innermost folder named after a split means."""
    for part in reversed(file.parts):
        if part in _SPLITS:
            return _SPLITS[part]
    return "train"


class AttributionReader:
    """Reads the text-bound annotations and the events of one file."""

    def __init__(self, inbox: CorpusInbox, path: str, text: str) -> None:
        self.inbox, self.path, self.text = inbox, path, text
        self.bounds: dict[str, tuple[Span, ...]] = {}
        self.graph = Graph([], [])
        self.mentions: dict[Span, str] = {}

    def read(self, content: str) -> Graph:
        """Return the graph of a file."""
        lines = [
            (number, line.rstrip("\r"))
            for number, line in enumerate(content.split("\n"), 1)
            if line.strip()
        ]

        # Events may name text-bound annotations of later lines.
        for number, line in lines:
            bound = TEXT_BOUND.fullmatch(line)
            if bound:
                self._read_bound(number, *bound.groups())

        for number, line in lines:
            event = _EVENT.fullmatch(line)
            if event:
                roles = [part.split(":") for part in event[4].split()]
                self._read_event(number, event[1], roles)
            elif not TEXT_BOUND.fullmatch(line):
                expected = "Expected a text-bound annotation (T) or an event (E)."
                message = f"Got {line[:60]!r}. {expected}"
                self._report("foreign-syntax", message, "correct or remove the line.", number)
        return self.graph

    def _report(self, code: str, message: str, hint: str, number: int) -> None:
        self.inbox.report(code, self.path, message, hint, number)

    def _read_bound(self, number: int, name: str, label: str, offsets: str, words: str) -> None:
        pairs = parse_offsets(offsets)
        spans = anchor_fragments(self.inbox, self.text, pairs, words, self.path, number)
        self.bounds[name] = tuple(spans)

    def _read_event(self, number: int, name: str, roles: Iterable[list[str]]) -> None:
        parts: dict[str, list[Span]] = {role: [] for role in ROLES}
        for numbered_role, bound in roles:
            role = numbered_role.rstrip("0123456789")
            if role not in parts:
                message = f"The event {name!r} has the role {role!r}."
                hint = f"use {', '.join(ROLES[:-1])} or {ROLES[-1]}."
                self._report("foreign-value", message, hint, number)
            elif bound not in self.bounds:
                message = f"The event {name!r} names {bound!r}, which does not exist."
                hint = "add the annotation, or remove it from the event."
                self._report("foreign-value", message, hint, number)
            else:
                parts[role] += self.bounds[bound]
        add_attribution(self.inbox, self.path, self.graph, self.mentions, name, parts, number)


def add_attribution(
    inbox: CorpusInbox,
    path: str,
    graph: Graph,
    mentions: dict[Span, str],
    name: str,
    parts: dict[str, list[Span]],
    line: int | None,
) -> None:
    """Add an attribution to a graph: a quote, its cue, and one mention per span of its source.

    ``parts`` are the spans by role. ``mentions`` are the keys of the mentions made so far, by span;
    new ones are added to it. An attribution without content is reported.
    """
    content = tuple(sorted(parts["Content"], key=lambda span: span.start))
    if not content:
        message = f"The attribution {name!r} has no content."
        hint = "give it a content, or remove it."
        inbox.report("foreign-value", path, message, hint, line)
        return

    sources = sorted(parts["Source"], key=lambda span: span.start)
    for span in sources:
        if span not in mentions:
            mentions[span] = f"mention {span.start}–{span.end}"
            speaker = inbox.add_speaker(span.exact)
            graph.nodes.append(Node(mentions[span], "mention", (span,), {"speaker": speaker}, line))

    speaker_name = sources[0].exact if sources else UNSTATED
    speaker = inbox.add_speaker(speaker_name)
    values = {"form": infer_form(content), "speaker": speaker}
    graph.nodes.append(Node(name, "quote", content, values, line))
    if sources:
        graph.links.append(Link("source", name, mentions[sources[0]], line))
    if parts["Cue"]:
        cue_key = f"{name}/{CUE}"
        graph.nodes.append(Node(cue_key, CUE, tuple(parts["Cue"]), {}, line))
        graph.links.append(Link(CUE, name, cue_key, line))
