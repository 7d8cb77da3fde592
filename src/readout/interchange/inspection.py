"""Describe what foreign files contain, as a mapping that somebody completes.

An :class:`Inspector` takes the place of the inbox while a reader reads, and counts labels,
attributes and links instead of validating them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile, is_zipfile

from readout.interchange.graph import (
    CUE,
    LINKS,
    NODE_LABELS,
    PART,
    VALUE_ROLES,
    Graph,
    Node,
)
from readout.interchange.inbox import Entries, Found, Inbox
from readout.interchange.mapping import DROP, INFERRED, UNDECIDED
from readout.interchange.units import Place, find_units
from readout.model import Span
from readout.text.find import Unit

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "mention": ("speaker",),
    "quote": ("form", "speaker"),
    "topic": ("topic",),
    "stance": ("holder", "target", "polarity", "expression"),
    "boilerplate": ("kind",),
}
_DEFAULTS = {
    "mention": {"speaker": "{words}"},
    "quote": {"form": INFERRED},
}
"""By type, what a field means that a foreign annotation does not have.

The words of a mention name its speaker. Those of a quote or a stance do not.
"""
_GUESSES: Mapping[str, str] = {
    "person": "mention",
    "per": "mention",
    "speaker": "mention",
    "source": "mention",
    "quotation": "quote",
    "content": "quote",
    "statement": "quote",
    "attribution": "quote",
    "verb": CUE,
}
"""The types that labels probably mean; a person decides."""


class Inspector(Inbox):
    """Counts the labels, attributes and links of graphs, and accepts any document."""

    def __init__(self, entries: Entries, texts: Mapping[str, str], unit: Unit | None) -> None:
        super().__init__(entries, texts, {"": ""}, unit=unit)
        self.labels: dict[str, list[Node]] = {}
        self.link_ends: dict[str, Counter[tuple[str, str]]] = {}
        self.documents: dict[str, bool] = {}
        self.authors: Counter[str] = Counter()
        self.places: list[Place] = []
        self.stated: list[Place] = []

    @property
    def is_mapped(self) -> bool:
        """Return true: graphs may have any labels."""
        return True

    def find_document(
        self, path: str, name: str | None, text: str | None, line: int | None = None
    ) -> Found | None:
        """Return a document with the name, which need not be in the corpus."""
        title = name or f"{path}:{line}"
        ours = self.texts.get(title)
        if ours is None and text is not None:
            ids = self._find_ids_by_text(text)
            ours = text if len(ids) == 1 else None
        is_known = ours is not None and text in (None, ours)
        self.documents[title] = is_known or self.documents.get(title, False)

        if text is None and ours is None:
            return super().find_document(path, name, text, line)
        return Found(title, ours if text is None and ours is not None else text or "")

    def find_text(self, path: str, doc_id: str, line: int | None = None) -> str | None:
        """Return the text of a document; readers that ask for it cannot read without."""
        text = super().find_text(path, doc_id, line)
        if text is not None:
            self.documents[doc_id] = True
        return text

    def anchor_span(
        self,
        text: str,
        start: int,
        end: int,
        words: str | None,
        path: str,
        line: int | None = None,
    ) -> Span | None:
        """Return a span, and remember it to find out what the offsets count."""
        self.places.append(Place(text, start, end, words))
        return super().anchor_span(text, start, end, words, path, line)

    def settle_unit(self, path: str, places: Sequence[Place], default: Unit) -> None:
        """Remember places whose words the file states, and set the unit of offsets."""
        self.stated += [place for place in places if place.words is not None]
        super().settle_unit(path, places, default)

    def add_layer(self, path: str, doc_id: str, graph: Graph, author: str = "") -> None:
        """Count what a graph contains."""
        self.authors[author] += 1
        labels = {node.key: node.label for node in graph.nodes}
        for node in graph.nodes:
            self.labels.setdefault(node.label, []).append(node)
        for link in graph.links:
            ends = labels.get(link.tail, "?"), labels.get(link.head, "?")
            self.link_ends.setdefault(link.label, Counter())[ends] += 1


# ---------------------------------------------------------------- the report


def format_report(inspector: Inspector, name: str, path: Path) -> str:
    """Return a mapping to complete, with comments that say what the files contain."""
    lines = [
        f"# What readout import {name} finds in {path.name}.",
        f"# files: {_describe_files(path)}",
        f"# documents: {_describe_documents(inspector)}",
        f"# annotators: {_describe_counts(_name_authors(inspector.authors))}",
        f"# offsets: {_describe_offsets(inspector)}",
    ]
    guessed = [each for each in guess_formats(path) if each != name]
    if not inspector.labels and guessed:
        lines.append(f"# the files look like: {', '.join(guessed)}")
    if inspector.labels and all(label in NODE_LABELS for label in inspector.labels):
        lines.append("# All labels are those of this corpus, so the files need no mapping.")

    for kind, tally in inspector.told.items():
        lines.append(f"# {kind.rstrip('.')}: {tally.count}.")
    lines += _list_problems(inspector)
    lines += [
        f"# Complete the mapping: write what each {UNDECIDED} means, or {DROP} to leave it out.",
        f'# The line "*": {DROP} at the end of a section leaves out whatever is not listed there.',
    ]
    lines += _format_section("labels", _iter_label_lines(inspector))
    lines += _format_section("values", _iter_value_lines(inspector))
    lines += _format_section("links", _iter_link_lines(inspector))
    return "\n".join(lines) + "\n"


_MOST_PROBLEMS = 10


def _list_problems(inspector: Inspector) -> list[str]:
    """Return comments with the first problems of the files."""
    problems = inspector.problems
    lines = []
    for problem in problems[:_MOST_PROBLEMS]:
        place = f"{problem.path}:{problem.line}" if problem.line else problem.path
        lines.append(_on_one_line(f"# problem: {place}: {problem.code}: {problem.message}"))
        if not inspector.labels:
            lines.append(_on_one_line(f"#   hint: {problem.hint}"))
    if len(problems) > _MOST_PROBLEMS:
        lines.append(f"# and {len(problems) - _MOST_PROBLEMS} more problems")
    return lines


def _format_section(name: str, lines: Iterable[str]) -> list[str]:
    return [f"{name}:", *(f"  {line}" for line in lines)]


def _iter_label_lines(inspector: Inspector) -> Iterator[str]:
    for label, nodes in _by_count(inspector.labels):
        words = dict.fromkeys(_show_words(node) for node in nodes)
        examples = ", ".join(list(words)[:3])
        yield f"# {len(nodes)}, such as {examples}"
        # A mapping reads these signs as conditions and patterns; a question mark matches any sign.
        pattern = _UNPLAIN.sub("?", label)
        yield f"{_quote(pattern)}: {_guess_label(label, nodes)}"


def _show_words(node: Node) -> str:
    words = " ".join(" … ".join(span.exact for span in node.spans).split())
    return repr(words if len(words) <= 40 else f"{words[:39]}…")


def _guess_label(label: str, nodes: Iterable[Node]) -> str:
    """Return what a label may mean: its type, and defaults of the fields that it does not have."""
    plain = label.casefold()
    kind = plain if plain in NODE_LABELS else _GUESSES.get(plain, UNDECIDED)
    names = {name for node in nodes for name in node.values}
    missing = [field for field in _REQUIRED.get(kind, ()) if field not in names]
    if not missing:
        return _quote(kind)
    defaults = _DEFAULTS.get(kind, {})
    given = [f"{field}: {_quote(defaults.get(field, UNDECIDED))}" for field in missing]
    return "{type: " + ", ".join([kind, *given]) + "}"


def _iter_value_lines(inspector: Inspector) -> Iterator[str]:
    owners: dict[str, Counter[str]] = {}
    values: dict[str, Counter[str]] = {}
    for label, nodes in inspector.labels.items():
        for node in nodes:
            for name, value in node.values.items():
                owners.setdefault(name, Counter())[label] += 1
                values.setdefault(name, Counter())[value[:40]] += 1

    for name, found in _by_count(values):
        yield f"# of {_describe_counts(owners[name])}: {_describe_counts(found)}"
        field = name if name in VALUE_ROLES else UNDECIDED
        yield f"{_quote(name)}: {_quote(field)}"


def _iter_link_lines(inspector: Inspector) -> Iterator[str]:
    links = inspector.link_ends
    for label, ends in sorted(links.items(), key=lambda item: -sum(item[1].values())):
        pairs = Counter({f"from {tail} to {head}": n for (tail, head), n in ends.items()})
        yield f"# {_describe_counts(pairs)}"
        yield f"{_quote(label)}: {_quote(label if label in (*LINKS, PART) else UNDECIDED)}"


def _by_count(groups: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return groups, the largest first."""
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def _describe_counts(counts: Counter[str], most: int = 5) -> str:
    shown = [f"{_on_one_line(name)} ({count})" for name, count in counts.most_common(most)]
    if len(counts) > most:
        shown.append(f"and {len(counts) - most} more")
    return ", ".join(shown) or "none"


def _name_authors(authors: Counter[str]) -> Counter[str]:
    return Counter({author or "not named": count for author, count in authors.items()})


def _describe_documents(inspector: Inspector) -> str:
    known = sum(inspector.documents.values())
    return f"{len(inspector.documents)}, of which the corpus has {known}"


def _describe_offsets(inspector: Inspector) -> str:
    places = inspector.places
    stated = inspector.stated or [place for place in places if place.words is not None]
    units = find_units(stated or places, inspector.unit)
    found = " or ".join(units) if units else "unclear, as no unit gives the words"
    return f"{found} ({len(places)} spans; the files state the words of {len(stated)})"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*[A-Za-z0-9]")
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off"}


_UNPLAIN = re.compile(r"[\[\]*]")


def _quote(text: str) -> str:
    """Return a text as YAML reads it: plain, or in quotation marks if it has signs."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)


# ---------------------------------------------------------------- files


_MOST_FILES = 10_000
_HEAD = 65_536


class _Sign(NamedTuple):
    """How the first bytes of files with a suffix show their format."""

    suffix: str
    pattern: re.Pattern[bytes]
    format: str


def _sign(suffix: str, pattern: bytes, name: str) -> _Sign:
    return _Sign(suffix, re.compile(pattern, re.DOTALL), name)


_SIGNS = (
    _sign(".ann", rb"[TREANM#*]", "brat"),
    _sign(".a1", rb"[TREANM#*]", "brat"),
    _sign(".a2", rb"[TREANM#*]", "brat"),
    _sign(".xmi", rb"<", "cas-xmi"),
    _sign(".json", rb"%(FEATURE_STRUCTURES|TYPES|VIEWS)", "cas-json"),
    _sign(".json", rb"ns/anno\.jsonld", "webannotation"),
    _sign(
        ".json",
        rb"\"(annotations|predictions)\".*\"data\"|\"data\".*\"annotations\"",
        "labelstudio",
    ),
    _sign(".json", rb"\"sentences\".*\"tokens\"", "corenlp"),
    _sign(".jsonl", rb"\"(tokens|words)\"\s*:\s*\[\s*\"", "tokens"),
    _sign(".jsonl", rb"\"(entities|labels?)\"\s*:\s*\[", "doccano"),
    _sign(".jsonl", rb"\"spans\"\s*:\s*\[", "prodigy"),
    _sign(".spacy", rb"", "spacy"),
    _sign(".jsonld", rb"\{", "webannotation"),
    _sign(".xml", rb"<(\w+:)?TEI", "tei"),
    _sign(".xml", rb"<WORD|<SENTENCE", "parc"),
    _sign(".csv", rb"quote(Byte)?Spans|subQuotationList", "pdnc"),
    _sign(".csv", rb"", "csv"),
    _sign(".tsv", rb"^#FORMAT=WebAnno TSV 3", "webanno-tsv"),
    _sign(".tsv", rb"^document\t", "tsv"),
    _sign(".tsv", rb"\t[BIOLUES](-\S+)?\t?\r?\n", "conll"),
    _sign(".tsv", rb"", "tsv"),
    _sign(".conllu", rb"", "conllu"),
    _sign(".conll", rb"", "conll"),
    _sign(".bio", rb"", "conll"),
    _sign(".iob2", rb"", "conll"),
    _sign(".parquet", rb"PAR1", "tokens"),
    _sign(".tokens", rb"token_ID_within_document", "booknlp"),
    _sign(".sqlite", rb"SQLite", "sqlite"),
    _sign(".duckdb", rb"", "duckdb"),
    _sign(".txt", rb"^\S*ID\tTarget\tTweet", "semeval"),
)


def _iter_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    files = (file for file in sorted(path.rglob("*")) if file.is_file())
    for _, file in zip(range(_MOST_FILES), files, strict=False):
        yield file


def _read_head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEAD)


def guess_formats(path: Path) -> list[str]:
    """Return the formats that files look like by their suffixes and first bytes."""
    found: dict[str, None] = {}
    for file in _iter_files(path):
        if is_zipfile(file):
            found[_guess_archive(file)] = None
            continue
        head = _read_head(file)
        for sign in _SIGNS:
            if file.name.endswith(sign.suffix) and sign.pattern.search(head):
                found[sign.format] = None
                break
    return list(found)


def _guess_archive(file: Path) -> str:
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()
    except BadZipFile:
        names = []
    is_project = any(name.startswith("exportedproject") for name in names)
    return "inception" if is_project else "cas-xmi"


def _describe_files(path: Path) -> str:
    suffixes: Counter[str] = Counter()
    encodings: Counter[str] = Counter()
    for file in _iter_files(path):
        suffixes[file.suffix or "without suffix"] += 1
        encodings[_find_encoding(_read_head(file))] += 1
    return f"{_describe_counts(suffixes)}; {_describe_counts(encodings)}"


def _find_encoding(head: bytes) -> str:
    """Return the encoding of a file by its first bytes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    if b"\0" in head:
        return "binary"
    if head.startswith(b"\xef\xbb\xbf"):
        return "UTF-8 with a byte order mark"
    try:
        # The last character may be cut.
        head[:-3].decode() if len(head) == _HEAD else head.decode()
    except UnicodeDecodeError as error:
        if error.start < _HEAD - 6:
            return "not UTF-8"
    return "ASCII" if head.isascii() else "UTF-8"
