"""PolNeAR: brat files of attributions, each an event of a source, a cue and a content, beside their texts.

The layout is that of the corpus's own description (Newell, Margolin and Ruths 2018): ``text/NAME.txt`` and
``attributions/NAME_ANNOTATOR.ann`` below a folder a split, where NAME starts with the publisher and the date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from readout.interchange.corpora.newcomers import UNSTATED, CorpusInbox, form_of
from readout.interchange.graph import CUE, Graph, Link, Node
from readout.interchange.inbox import find_files, read_foreign_text
from readout.interchange.tools.brat import TEXT_BOUND, anchor_fragments, parse_offsets
from readout.model import Span, Split

TITLE = "PolNeAR"
LOSSES = (
    "Sources are words, not entities: the same words are one unnamed speaker throughout, whoever is meant.",
    "The form of a quote is derived from its quotation marks.",
    "Of a discontinuous source every piece is a mention; the first is the source of the quote.",
    "Texts whose file name gives no date get a document id that starts with 0000-00.",
)
ROLES = ("Source", "Cue", "Content")
_EVENT = re.compile(r"(E\w+)\t(\S+):(T\w+)((?: \w+:T\w+)*)\s*")
_NAME = re.compile(r"(?P<publisher>.+?)_(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})_")
_SPLITS: dict[str, Split] = {"train": "train", "dev": "validation", "test": "test"}


def import_polnear(inbox: CorpusInbox, path: Path) -> None:
    """Read every ``.ann`` file below a folder; of several annotators of one text, one may be imported at a time."""
    seen: dict[Path, Path] = {}
    for file in find_files(path, ".ann"):
        beside = find_text_file(file)
        content = read_foreign_text(inbox, file)
        if beside is None:
            message = "There is no text for this file."
            hint = f"put {file.stem}.txt beside it or into the folder text/ beside its folder."
            inbox.report("foreign-document", str(file), message, hint)
        elif beside in seen:
            message = f"The text {beside.name!r} is annotated by {seen[beside].name!r} too."
            hint = "import the files of one annotator, from a folder of their own."
            inbox.report("foreign-annotator", str(file), message, hint)
        elif content is not None:
            seen[beside] = file
            _read_file(inbox, file, beside, content)


def find_text_file(file: Path) -> Path | None:
    """Return the text of an annotation file: of the same name, or of the name without the annotator's."""
    folders = (file.parent, file.parent.parent / "text")
    names = (file.stem, file.stem.rpartition("_")[0])
    paths = [folder / f"{name}.txt" for folder in folders for name in names if name]
    return next((each for each in paths if each.is_file()), None)


def _read_file(inbox: CorpusInbox, file: Path, beside: Path, content: str) -> None:
    text = read_foreign_text(inbox, beside, "utf-8")
    if text is None:
        return
    found = _NAME.match(beside.stem)
    date = found["date"] if found else None
    split: Split = next((_SPLITS[part] for part in reversed(file.parts) if part in _SPLITS), "train")
    month = date[:7] if date else "0000-00"
    doc_id = inbox.add_document(
        str(beside), beside.stem, text, month, split, date, found["publisher"] if found else None
    )
    inbox.add_layer(str(file), doc_id, AttributionReader(inbox, str(file), text).read(content))


class AttributionReader:
    """Reads the text-bound lines and the events of one file."""

    def __init__(self, inbox: CorpusInbox, path: str, text: str) -> None:
        self.inbox, self.path, self.text = inbox, path, text
        self.bounds: dict[str, tuple[str, tuple[Span, ...]]] = {}
        self.graph = Graph([], [])
        self.mentions: dict[Span, str] = {}

    def read(self, content: str) -> Graph:
        """Return the graph of a file."""
        lines = [(number, line.rstrip("\r")) for number, line in enumerate(content.split("\n"), 1) if line.strip()]
        for number, line in lines:
            if found := TEXT_BOUND.fullmatch(line):
                self._read_bound(number, *found.groups())
        for number, line in lines:
            if found := _EVENT.fullmatch(line):
                self._read_event(number, found[1], [part.split(":") for part in found[4].split()])
            elif not TEXT_BOUND.fullmatch(line):
                message = f"Got {line[:60]!r}. Expected a text-bound annotation (T) or an event (E)."
                self.inbox.report("foreign-syntax", self.path, message, "correct or remove the line.", number)
        return self.graph

    def _read_bound(self, number: int, name: str, label: str, offsets: str, words: str) -> None:
        spans = anchor_fragments(self.inbox, self.text, parse_offsets(offsets), words, self.path, number)
        self.bounds[name] = label, tuple(spans)

    def _read_event(self, number: int, name: str, roles: Iterable[list[str]]) -> None:
        parts: dict[str, list[Span]] = {role: [] for role in ROLES}
        for role, bound in roles:
            role = role.rstrip("0123456789")
            if bound not in self.bounds or role not in parts:
                message = (
                    f"The event {name!r} has the {role} {bound!r}, which is not there or no part of an attribution."
                )
                self.inbox.report("foreign-value", self.path, message, "use Source, Cue and Content.", number)
            else:
                parts[role] += self.bounds[bound][1]
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
    """Add a quote with its cue, and its sources as mentions, to a graph; report an attribution without content."""
    content = tuple(sorted(parts["Content"], key=lambda span: span.start))
    if not content:
        hint = "give it a content, or remove it."
        inbox.report("foreign-value", path, f"The attribution {name!r} has no content.", hint, line)
        return
    sources = sorted(parts["Source"], key=lambda span: span.start)
    for span in sources:
        if span not in mentions:
            mentions[span] = f"mention {span.start}–{span.end}"
            values = {"speaker": inbox.add_speaker(span.exact)}
            graph.nodes.append(Node(mentions[span], "mention", (span,), values, line))
    speaker = inbox.add_speaker(sources[0].exact) if sources else inbox.add_speaker(UNSTATED)
    graph.nodes.append(Node(name, "quote", content, {"form": form_of(content), "speaker": speaker}, line))
    if sources:
        graph.links.append(Link("source", name, mentions[sources[0]], line))
    if parts["Cue"]:
        graph.nodes.append(Node(f"{name}/{CUE}", CUE, tuple(parts["Cue"]), {}, line))
        graph.links.append(Link(CUE, name, f"{name}/{CUE}", line))
