"""Read and write WebAnno TSV 3, a row per token, with the layers of an INCEpTION project.

The format is documented in the user guide of INCEpTION: span, slot, chain and relation layers, with
offsets in UTF-16 code units. The export writes the layers of ``cas-xmi``; each line of the text
with a word in it is a sentence. The import names the annotations of other layers as ``cas-xmi``
does, for a mapping. The elements of a chain have the number of their ``chain`` as a value.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import Inbox, Owner, find_files, parse_offset, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import Word, check_edges, split_sentences, to_pieces
from readout.interchange.tools.cas import FEATURES, LAYERS, RELATION, SPAN, build_layers, check_unit
from readout.text.find import map_offsets

LOSSES = (
    "The export refuses a span that starts or ends with white space, which belongs to no token.",
    "Tokens are split wherever a span starts or ends.",
    "The export refuses a value with a carriage return.",
    "The pieces of a discontinuous span are separate annotations, joined by the relation 'part'.",
    "Without a mapping, layers other than those of this export are left out, and listed.",
    "Tokens and sentences are not imported; nor is the order of a chain.",
    "A relation with several features has the first as its label.",
)
_FORMAT = "#FORMAT=WebAnno TSV 3."


# ---------------------------------------------------------------- reserved characters

_VALUE_ESCAPE = re.compile(r"->|[\\\[\]|_;\t\n*]")
_VALUE_UNESCAPE = re.compile(r"\\(->|.)", re.DOTALL)
_LETTERS = {"\t": "t", "\n": "n", "\f": "f", "\r": "r", "\b": "b"}
_CONTROLS = {letter: control for control, letter in _LETTERS.items()}
_TEXT_ESCAPE = re.compile(r"[\x00-\x07\x0e-\x1f\t\n\f\r\x08\\]")


def escape_value(value: str) -> str:
    """Return a feature value with a backslash before each reserved character."""
    return _VALUE_ESCAPE.sub(lambda found: f"\\{_LETTERS.get(found[0], found[0])}", value)


def unescape_value(value: str) -> str:
    """Return the value that :func:`escape_value` was given."""
    return _VALUE_UNESCAPE.sub(lambda found: {"t": "\t", "n": "\n"}.get(found[1], found[1]), value)


def escape_text(text: str) -> str:
    """Return text with a backslash before control characters and backslashes."""
    return _TEXT_ESCAPE.sub(lambda found: f"\\{_LETTERS.get(found[0], found[0])}", text)


def unescape_text(text: str) -> str:
    """Return the text that :func:`escape_text` was given."""
    return re.sub(r"\\(.)", lambda found: _CONTROLS.get(found[1], found[1]), text, flags=re.DOTALL)


def split_unescaped(cell: str, separator: str) -> list[str]:
    """Return the parts of a cell between separators that no backslash precedes."""
    return re.findall(rf"((?:\\.|[^\\{separator}])*)(?:{re.escape(separator)}|$)", cell)[
        : _count_unescaped(cell, separator) + 1
    ]


def _count_unescaped(cell: str, separator: str) -> int:
    return re.sub(r"\\.", "", cell, flags=re.DOTALL).count(separator)


# ---------------------------------------------------------------- out


def export_webanno(outbox: Outbox) -> None:
    """Write one TSV file per document, and the layers as INCEpTION imports them."""
    for sheet in outbox.sheets:
        if check_edges(outbox, sheet) and _check_values(outbox, sheet):
            outbox.add(f"{sheet.stem}.tsv", format_tsv(sheet))
    outbox.add(LAYERS, msgspec.json.format(msgspec.json.encode(build_layers()), indent=2))


def _check_values(outbox: Outbox, sheet: Sheet) -> bool:
    """Return whether no value contains a carriage return, at which Java ends a line."""
    for record in sheet.records:
        if "\r" in (record.note or ""):
            message = f"The note of {record.id!r} contains a carriage return."
            outbox.refuse(sheet, message, "remove it from the note, or use another format.")
            return False
    return True


def format_tsv(sheet: Sheet) -> str:
    """Return a layer of a document as WebAnno TSV."""
    pieces, links = to_pieces(sheet)
    numbers = {node.key: number for number, (node, _) in enumerate(pieces, 1)}
    names = sorted({name for node, _ in pieces for name in node.values})

    header = f"{_FORMAT}3\n"
    header += f"#T_SP={SPAN}|" + "|".join(["label", *(FEATURES[name] for name in names)]) + "\n"
    if links:
        header += f"#T_RL={RELATION}|label|BT_{SPAN}\n"

    sentences = split_sentences(sheet.text, [span for _, span in pieces])
    words = [word for sentence in sentences for word in sentence]
    starts = [word.start for word in words]
    cells: dict[int, list[list[str]]] = {}
    for node, span in pieces:
        suffix = f"[{numbers[node.key]}]"
        values = [node.label, *(node.values.get(name) for name in names)]
        row = [f"{escape_value(value) if value else '*'}{suffix}" for value in values]
        for start in starts[bisect_left(starts, span.start) : bisect_left(starts, span.end)]:
            cells.setdefault(start, []).append(row)

    firsts = {node.key: span.start for node, span in pieces}
    names_of_rows = _name_rows(sentences)
    arrows: dict[int, list[list[str]]] = {}
    for link in links:
        source = f"{names_of_rows[firsts[link.tail]]}[{numbers[link.tail]}_{numbers[link.head]}]"
        arrows.setdefault(firsts[link.head], []).append([escape_value(link.label), source])

    tables = [(cells, 1 + len(names)), (arrows, 2)] if links else [(cells, 1 + len(names))]
    return header + "\n\n" + "".join(_iter_lines(sheet.text, sentences, names_of_rows, tables))


def _name_rows(sentences: Sequence[Sequence[Word]]) -> dict[int, str]:
    """Return ``SENTENCE-TOKEN`` for the start of every token."""
    return {
        word.start: f"{number}-{index}"
        for number, sentence in enumerate(sentences, 1)
        for index, word in enumerate(sentence, 1)
    }


def _iter_lines(
    text: str,
    sentences: Iterable[Sequence[Word]],
    names: Mapping[int, str],
    tables: Sequence[tuple[Mapping[int, list[list[str]]], int]],
) -> Iterator[str]:
    """Yield the lines of all sentences.

    A table has, for the start of a token, the cells of its annotations; its width is the number of
    their columns.
    """
    offsets = map_offsets(text, "utf-16").foreign
    for sentence in sentences:
        yield f"#Text={escape_text(text[sentence[0].start : sentence[-1].end])}\n"
        for word in sentence:
            row: list[str] = []
            for cells, width in tables:
                stack = cells.get(word.start)
                columns = zip(*stack, strict=True) if stack else ["_"] * width
                row += ["|".join(column) for column in columns]
            place = f"{offsets[word.start]}-{offsets[word.end]}"
            words = escape_text(text[word.start : word.end])
            yield "\t".join([names[word.start], place, words, *row]) + "\t\n"
        yield "\n"


# ---------------------------------------------------------------- in

_BASE = "BT_"
_SLOT = "ROLE_"
_UNIT = re.compile(r"[0-9]+-[0-9]+(?:\.[0-9]+)?")
_PLACE = re.compile(r"([0-9]+)-([0-9]+)")
_ROW = re.compile(r"^([0-9]+)-[0-9]+\t([0-9]+)-[0-9]+\t([^\t\n]*)", re.MULTILINE)
_LONGEST_GAP = 10_000
"""The most white space that a text may have in one place; more is a mistake of the file."""
_STACKED = re.compile(r"((?:\\.|[^\\\[])*)\[([0-9_]+)\]", re.DOTALL)
_TARGET = re.compile(r"([0-9]+-[0-9]+(?:\.[0-9]+)?)(?:\[([0-9]+)(?:_([0-9]+))?\])?")
_CHAIN = re.compile(r"(.*)->([0-9]+-[0-9]+)", re.DOTALL)


class _Layer(NamedTuple):
    """A layer of the header: its kind (SP, CH or RL), its type, and the names of its columns."""

    kind: str
    type: str
    columns: tuple[str, ...]


class _Item(NamedTuple):
    """The part of a row that belongs to one annotation: its id, or 0, and a value per column."""

    line: int
    unit: str
    number: int
    values: tuple[str, ...]


def import_webanno(inbox: Inbox, path: Path) -> None:
    """Read TSV files; each named after its document, or in a folder that is."""
    check_unit(inbox, path)
    for file in find_files(path, ".tsv"):
        content = read_foreign_text(inbox, file)
        if content is not None:
            read_tsv(inbox, str(file), inbox.find_owner(path, file), content)


def read_tsv(
    inbox: Inbox, path: str, owner: Owner, content: str, source: str | None = None
) -> None:
    """Add the annotations of one TSV file; ``source`` is its text, if a project has it."""
    if not content.startswith(_FORMAT):
        message = f"Got the first line {content[:40].splitlines()[:1]}. Expected {_FORMAT}3."
        hint = "export the document again as WebAnno TSV 3.3."
        inbox.report("foreign-syntax", path, message, hint, 1)
        return

    # The file does not have the white space between tokens and sentences, so it has no text that
    # could be compared as a whole; every token is compared instead.
    text = None
    if owner.name not in inbox.texts:
        text = _rebuild_text(content) if source is None else source
    found = inbox.find_document(path, owner.name, text)
    if found is not None:
        reader = _Reader(inbox, path, found.text)
        reader.read(content)
        if not reader.failed:
            inbox.add_layer(path, found.doc_id, reader.to_graph(), owner.author)


def _rebuild_text(content: str) -> str:
    """Return the text of a file, with spaces within sentences and line breaks between them.

    Offsets of UTF-16 are kept, so that the text can be read with the offsets of the file.
    """
    units: list[str] = []
    sentence = ""
    for number, start, words in _ROW.findall(content):
        offset = int(start[:9])
        filler = " " if number == sentence else "\n"
        units += [filler] * min(offset - len(units), _LONGEST_GAP)
        sentence = number
        for char in unescape_text(words)[len(units) - offset :]:
            units += [char, ""] if ord(char) > 0xFFFF else [char]
    return "".join(units)


class _Reader:
    """Reads the rows of one file; ``failed`` is true if a row is not in the format."""

    def __init__(self, inbox: Inbox, path: str, text: str) -> None:
        self.inbox, self.path, self.text = inbox, path, text
        self.offsets = map_offsets(text, "utf-16")
        self.failed = False
        self.layers: list[_Layer] = []
        self.units: dict[str, tuple[int, int]] = {}
        self.items: dict[_Layer, list[_Item]] = {}
        self.graph = Graph([], [])
        self.keys: dict[tuple[str, str, int], str] = {}
        self.names: dict[str, str] = {}

    def _fail(self, code: str, line: int, message: str, hint: str) -> None:
        self.failed = True
        self.inbox.report(code, self.path, message, hint, line)

    def read(self, content: str) -> None:
        """Read all lines, up to the first that is not in the format."""
        for number, line in enumerate(content.split("\n"), 1):
            line = line.removesuffix("\r")
            if line.startswith("#T_"):
                self._read_layer(line)
            elif line and not line.startswith("#"):
                self._read_row(number, line)
            if self.failed:
                return

    def _read_layer(self, line: str) -> None:
        kind, _, declaration = line.removeprefix("#T_").partition("=")
        name, *columns = declaration.split("|")
        self.layers.append(_Layer(kind, name, tuple(columns or [""])))

    def _read_row(self, number: int, line: str) -> None:
        cells = line.split("\t")
        place = _PLACE.fullmatch(cells[1]) if len(cells) > 2 else None
        if place is None or not _UNIT.fullmatch(cells[0]):
            message = f"Got {line[:60]!r}. Expected SENTENCE-TOKEN, START-END, words and cells."
            self._fail("foreign-syntax", number, message, "export the document again.")
            return

        width = sum(len(layer.columns) for layer in self.layers)
        if len(cells) - 3 < width:
            message = f"Got {len(cells) - 3} cells. Expected {width}, one per column of the header."
            self._fail("foreign-syntax", number, message, "export the document again.")
            return

        self._read_place(number, cells[0], place, unescape_text(cells[2]))
        first = 3
        for layer in self.layers:
            self._read_cells(number, cells[0], layer, cells[first : first + len(layer.columns)])
            first += len(layer.columns)

    def _read_place(self, line: int, unit: str, place: re.Match[str], words: str) -> None:
        try:
            start = self.offsets.from_foreign(parse_offset(place[1]))
            end = self.offsets.from_foreign(parse_offset(place[2]))
        except ValueError:
            start = end = -1
        found = self.text[start:end] if start >= 0 else ""
        if start < 0 or found != words:
            message = f"Got {words!r} at {place[0]}. The text of the corpus is {found!r} there."
            hint = "annotate the text of the corpus; offsets count UTF-16 code units."
            self._fail("foreign-text", line, message, hint)
        self.units[unit] = start, end

    def _read_cells(self, line: int, unit: str, layer: _Layer, cells: Sequence[str]) -> None:
        if set(cells) == {"_"}:
            return

        stacks = [split_unescaped(cell, "|") for cell in cells]
        if len({len(stack) for stack in stacks}) > 1:
            message = f"The columns of {layer.type!r} have different numbers of annotations."
            self._fail("foreign-syntax", line, message, "export the document again.")
            return

        for values in zip(*stacks, strict=True):
            number = 0
            kept = list(values)
            for index in _list_numbered_columns(layer):
                found = _STACKED.fullmatch(values[index])
                if found:
                    kept[index], number = found[1], int(found[2])
            self.items.setdefault(layer, []).append(_Item(line, unit, number, tuple(kept)))

    def to_graph(self) -> Graph:
        """Return the annotations of the rows.

        Without a mapping, only those of the layers of an export are of use.
        """
        self.names = _shorten(layer.type for layer in self.items)
        if not self.inbox.is_mapped:
            self._leave_out_layers()

        for layer, items in self.items.items():
            if layer.kind == "SP":
                self._add_nodes(layer, items)
            elif layer.kind == "CH":
                self._add_chain_elements(layer, items)

        # Links name nodes of any layer, so they come last.
        for layer, items in self.items.items():
            for item in items:
                if layer.kind == "RL":
                    self._add_relation(layer, item)
                elif layer.kind == "SP":
                    self._add_slots(layer, item)
        return self.graph

    def _leave_out_layers(self) -> None:
        for layer in [layer for layer in self.items if layer.type not in (SPAN, RELATION)]:
            seen: set[int] = set()
            for item in self.items.pop(layer):
                # The rows of an annotation of several tokens have the same number.
                if item.number == 0 or item.number not in seen:
                    kind = f"An annotation of the layer {layer.type!r} is left out."
                    self.inbox.tell(kind, self.path, item.line)
                seen.add(item.number)

    def _add_nodes(self, layer: _Layer, items: Iterable[_Item]) -> None:
        """Add a node for each annotation; rows with the same number are one annotation."""
        grouped: dict[tuple[int, int, str], list[_Item]] = {}
        for position, item in enumerate(items):
            identity = (item.number, 0, "") if item.number else (0, position, item.unit)
            grouped.setdefault(identity, []).append(item)

        for group in grouped.values():
            values = _read_features(layer, group[0])
            label = self.names[layer.type]
            if layer.type == SPAN:
                label = values.pop("label", "")
                values = {_VALUE_NAMES.get(name, name): value for name, value in values.items()}
            key = self._add_node(label, group, values)
            for item in group:
                for type_name in (layer.type, _ANY):
                    self.keys[type_name, item.unit, item.number] = key
                    self.keys.setdefault((type_name, item.unit, 0), key)

    def _add_node(self, label: str, items: Sequence[_Item], values: dict[str, str]) -> str:
        places = [self.units[item.unit] for item in items]
        start, end = min(place[0] for place in places), max(place[1] for place in places)
        key = f"{len(self.graph.nodes) + 1}"
        line = items[0].line
        span = self.inbox.anchor_span(self.text, start, end, None, self.path, line)
        if span is not None:
            self.graph.nodes.append(Node(key, label, (span,), values, line))
        return key

    def _add_chain_elements(self, layer: _Layer, items: Iterable[_Item]) -> None:
        grouped: dict[str, list[_Item]] = {}
        for item in items:
            found = [_CHAIN.fullmatch(value) for value in item.values]
            place = next((match[2] for match in found if match), f"{item.line} {item.unit}")
            grouped.setdefault(place, []).append(item)

        for place, group in grouped.items():
            values = {"chain": place.partition("-")[0]}
            for name, value in zip(layer.columns, group[0].values, strict=False):
                kind = _STACKED.sub(r"\1", value)
                if name == "referenceType" and kind != "*":
                    values[name] = unescape_value(kind)
            self._add_node(self.names[layer.type], group, values)

    def _add_relation(self, layer: _Layer, item: _Item) -> None:
        found = _TARGET.fullmatch(item.values[-1])
        if found is None:
            message = f"Got {item.values[-1]!r}. Expected the token where the relation starts."
            self._fail("foreign-syntax", item.line, message, "export the document again.")
            return

        base = layer.columns[-1].removeprefix(_BASE)
        tail = self._find_key(base, item.line, found[1], int(found[2] or 0))
        head = self._find_key(base, item.line, item.unit, int(found[3] or 0))
        values = [unescape_value(value) for value in item.values[:-1] if value not in ("*", "_")]
        label = ":".join([self.names[layer.type], *values[:1]])
        if layer.type == RELATION:
            label = "".join(values[:1])
        self.graph.links.append(Link(label, tail, head, item.line))

    def _add_slots(self, layer: _Layer, item: _Item) -> None:
        tail = self.keys[layer.type, item.unit, item.number]
        if self.keys.setdefault((layer.type, f"slots of {tail}", 0), item.unit) != item.unit:
            return  # Every row of the annotation repeats its slots.

        for index, column in enumerate(layer.columns):
            if not column.startswith(_SLOT) or item.values[index + 1] == "*":
                continue

            feature = column.partition(":")[2].partition("_")[0]
            roles = split_unescaped(item.values[index], ";")
            for role, target in zip(roles, item.values[index + 1].split(";"), strict=False):
                found = _TARGET.fullmatch(target)
                if found:
                    label = feature if role == "*" else f"{feature}:{unescape_value(role)}"
                    target_type = layer.columns[index + 1]
                    number = int(found[2] or 0)
                    head = self._find_key(target_type, item.line, found[1], number)
                    self.graph.links.append(Link(label, tail, head, item.line))

    def _find_key(self, base: str, line: int, unit: str, number: int) -> str:
        """Return the key of an annotation; add a node for a token, which has no layer."""
        key = self.keys.get((base, unit, number)) or self.keys.get((base, unit, 0))
        if key is None and unit in self.units and base not in [each.type for each in self.layers]:
            name = base.rpartition(".")[2]
            key = self._add_node(name, [_Item(line, unit, 0, ())], {})
            self.keys[base, unit, 0] = key
        return key or f"{base} {unit}[{number}]"


_ANY = "uima.tcas.Annotation"
_VALUE_NAMES = {feature: name for name, feature in FEATURES.items()}


def _shorten(types: Iterable[str]) -> dict[str, str]:
    """Return the name of each type without its package, unless two have the same name."""
    names = {name: name.rpartition(".")[2] for name in types}
    counts = Counter(names.values())
    return {name: short if counts[short] == 1 else name for name, short in names.items()}


def _list_numbered_columns(layer: _Layer) -> list[int]:
    """Return the columns in which brackets number an annotation of the layer itself.

    In a column of targets they number the target, and in a chain they number the chain.
    """
    if layer.kind != "SP":
        return []
    slots = {index for index, name in enumerate(layer.columns) if name.startswith(_SLOT)}
    return [index for index in range(len(layer.columns)) if index - 1 not in slots]


def _read_features(layer: _Layer, item: _Item) -> dict[str, str]:
    """Return the features of an annotation that are not slots."""
    values = {}
    for index in _list_numbered_columns(layer):
        name, value = layer.columns[index], item.values[index]
        if name and value != "*" and not name.startswith(_SLOT):
            values[name] = unescape_value(value)
    return values
