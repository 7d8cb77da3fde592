"""Read and write CoNLL-style columns, as the ``conll`` builder of ``datasets`` loads them.

The export writes BIO tags; each paragraph is a block. The columns, separated by a space, are the
token, its start and end in code points, and one tag each for mention, content, cue, source and
boilerplate.

The import takes any table with a row per token, an empty line between sentences, and BIO, IOB1 or
BILOU tags or the brackets of CoNLL-2012 in any column; a mapping says what the labels mean. The
tokens are found in the text of the document, so no offsets are needed. ``-DOCSTART- ID``,
``#begin document (ID)`` or ``# newdoc id = ID`` starts a document; otherwise the file is named
after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from readout.interchange.blocks import (
    Block,
    Placed,
    find_brackets,
    find_odd_cells,
    is_tag_column,
    place_blocks,
    report_odd_tag,
)
from readout.interchange.graph import Graph, Node
from readout.interchange.inbox import Inbox, find_files, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.model import AnyAnnotation, Boilerplate, Mention, Quote, Span
from readout.text.tokens import Paragraphs, Tokens, find_chunks, iter_tokens, tag_tokens

LOSSES = (
    "Ids, speakers, forms, topics, stances, links and notes are not written.",
    "Of nested quotes only the outermost is tagged, and of overlapping mentions only the first.",
    "The pieces of a discontinuous span are separate spans.",
    "A span that starts or ends within a token covers the whole token.",
    "White space is not written, except paragraph breaks.",
    "Columns with neither tags nor brackets are not imported; the import lists them.",
    "For exported files, the mapping `conll` makes the words of a mention its speaker.",
)
CONLL_COLUMNS = ("tokens", "start", "end", "mention", "content", "cue", "source", "boilerplate")


def export_conll(outbox: Outbox) -> None:
    """Write one file per document."""
    for sheet in outbox.sheets:
        outbox.add(f"{sheet.stem}.conll", "".join(_iter_blocks(sheet)))


def _iter_blocks(sheet: Sheet) -> Iterator[str]:
    columns = list_tagged_spans(sheet.records)
    yield f"-DOCSTART- {sheet.doc_id}\n\n"

    for paragraph in Paragraphs(sheet.text).spans:
        places = list(iter_tokens(sheet.text, *paragraph))
        if not places:
            continue

        words = [sheet.text[start:end] for start, end in places]
        starts = [start for start, _ in places]
        ends = [end for _, end in places]
        tokens = Tokens(words, starts, ends)
        tags = [tag_tokens(tokens, [paragraph], spans) for spans in columns]
        for word, start, end, *row in zip(words, starts, ends, *tags, strict=True):
            yield " ".join((word, str(start), str(end), *row)) + "\n"
        yield "\n"


def list_tagged_spans(records: Iterable[AnyAnnotation]) -> list[list[Span]]:
    """Return the spans of each column of tags, in the order of the columns."""
    records = list(records)
    quotes = [record for record in records if isinstance(record, Quote)]
    outer_quotes = [quote for quote in quotes if quote.within is None]
    mentions = [record for record in records if isinstance(record, Mention)]
    source_ids = {quote.source for quote in quotes}
    return [
        [mention.span for mention in mentions],
        [span for quote in outer_quotes for span in quote.content],
        [span for quote in quotes for span in quote.cue],
        [mention.span for mention in mentions if mention.id in source_ids],
        [record.span for record in records if isinstance(record, Boilerplate)],
    ]


# ---------------------------------------------------------------- in

SUFFIXES = (".conll", ".conll03", ".conll2003", ".bio", ".iob", ".iob2", ".conll12", ".tsv")
_STARTS = (
    re.compile(r"-DOCSTART-\s*(.*)"),
    re.compile(r"#\s*begin document\s+\(?([^);]*)\)?.*"),
    re.compile(r"#\s*newdoc(?:\s+id\s*=\s*(.*))?"),
)
_LAST_CELL = re.compile(r"[BIOMLESU](?:[-_]\S+)?|[-_*]?|\(\S*|\S*\)")
_EXPORTED_ROW = re.compile(r"#\S* [0-9]+ [0-9]+(?: [BIO]){5}")
_EMPTY = ("", "-", "_", "*")
_BRACKETED = re.compile(r"(?:\(?[^()\s|]+\)?\|?)+")
_STARRED = re.compile(r"(?:\(([^()*\s|]+))?\*?(\)?)")


class _Row(NamedTuple):
    line: int
    cells: list[str]


class _Part(NamedTuple):
    """The rows of one document of a file by sentence; ``name`` is empty if the file gives none."""

    name: str
    sentences: list[list[_Row]]


def import_conll(inbox: Inbox, path: Path) -> None:
    """Read tables with a row per token."""
    suffixes = (*SUFFIXES, ".txt") if path.is_file() else SUFFIXES
    for file in find_files(path, *suffixes):
        content = read_foreign_text(inbox, file)
        parts = list(_iter_parts(content or ""))
        _, author = inbox.find_owner(path, file)
        for part in parts:
            named = part.name or (file.stem if len(parts) == 1 else "")
            _read_part(inbox, str(file), named, part, author)


def _iter_parts(content: str) -> Iterator[_Part]:
    """Yield the documents of a file."""
    part = _Part("", [[]])
    width = _find_width(content)
    for number, line in enumerate(content.split("\n"), 1):
        start = next((found for each in _STARTS if (found := each.fullmatch(line.strip()))), None)
        if start:
            if any(part.sentences):
                yield _drop_empty(part)
            # CoNLL-2003 writes "-DOCSTART- -X- O O", which is no name.
            name = (start[1] or "").strip()
            part = _Part("" if " " in name or name in ("O", "-X-") else name, [[]])
        elif not line.strip():
            part.sentences.append([])
        else:
            cells = _split_cells(line)
            is_row = len(cells) == width and _LAST_CELL.fullmatch(cells[-1])
            # A row of the token "#" looks like a comment, and a comment may have as many words.
            if is_row or not line.startswith("#"):
                part.sentences[-1].append(_Row(number, cells))
    if any(part.sentences):
        yield _drop_empty(part)


def _split_cells(line: str) -> list[str]:
    line = line.rstrip("\r")
    return line.split("\t") if "\t" in line else line.split()


def _find_width(content: str) -> int:
    """Return the number of columns of the first row that is certainly one; 0 if there is none."""
    for line in content.split("\n"):
        is_plain = line.strip() and not line.startswith(("#", "-DOCSTART-"))
        if is_plain or _EXPORTED_ROW.fullmatch(line):
            return len(_split_cells(line))
    return 0


def _drop_empty(part: _Part) -> _Part:
    return part._replace(sentences=[rows for rows in part.sentences if rows])


def _read_part(inbox: Inbox, path: str, name: str, part: _Part, author: str) -> None:
    rows = [row for rows in part.sentences for row in rows]
    width = len(rows[0].cells)
    uneven = next((row for row in rows if len(row.cells) != width), None)
    if uneven is not None:
        message = f"Got {len(uneven.cells)} columns. Expected {width}, as in the first row."
        hint = "give every row a cell per column; '_' or 'O' for an empty one."
        inbox.report("foreign-syntax", path, message, hint, uneven.line)
        return

    column = _find_word_column(inbox, part, width)
    blocks = [_to_block(sentence, column) for sentence in part.sentences]
    placed = place_blocks(inbox, path, name, blocks)
    if placed is not None:
        graph = _to_graph(inbox, path, rows, column, placed)
        inbox.add_layer(path, placed.doc_id, graph, author)


def _to_block(sentence: Sequence[_Row], column: int) -> Block:
    words = [row.cells[column] for row in sentence]
    return Block(words, [row.line for row in sentence])


def _find_word_column(inbox: Inbox, part: _Part, width: int) -> int:
    """Return the column of the tokens.

    It is the first column, the second if the first numbers the tokens, or the fourth if the first
    names the document, as in CoNLL-2012.
    """
    sample = [row.cells for row in part.sentences[0]]
    numbers = [[cells[column] for cells in sample] for column in range(min(width, 3))]
    if width > 3 and all(cell.isdecimal() for cell in (*numbers[1], *numbers[2])):
        is_own = all(int(start) < int(end) for start, end in zip(*numbers[1:3], strict=True))
        return 0 if is_own else 3
    if width > 1 and numbers[0][0] in ("0", "1") and all(cell.isdecimal() for cell in numbers[0]):
        return 1
    return 0


def _to_graph(
    inbox: Inbox, path: str, rows: Sequence[_Row], word_column: int, placed: Placed
) -> Graph:
    graph = Graph([], [])
    columns: dict[int, list[str]] = {}
    for column in range(len(rows[0].cells)):
        if column != word_column:
            columns[column] = [row.cells[column] for row in rows]

    names = dict(enumerate(CONLL_COLUMNS)) if len(rows[0].cells) == len(CONLL_COLUMNS) else {}
    for column, cells in columns.items():
        for number in find_odd_cells(cells):
            report_odd_tag(inbox, path, cells[number], rows[number].line)
            cells[number] = "O"
        if is_tag_column(cells):
            for chunk in find_chunks(cells):
                label = chunk.label or names.get(column, f"column {column + 1}")
                span = placed.to_span(chunk.first, chunk.last)
                line = rows[chunk.first].line
                graph.nodes.append(Node(f"{len(graph.nodes) + 1}", label, (span,), {}, line))
        elif _has_starred_brackets(cells):
            _add_starred(inbox, path, graph, rows, cells, placed)
        elif _has_brackets(cells):
            _add_bracketed(inbox, path, graph, rows, cells, placed)
        elif set(cells) - {*_EMPTY, "O"} and not all(cell.isdecimal() for cell in cells):
            inbox.tell(f"Column {column + 1} has neither tags nor brackets and is left out.", path)
    return graph


def _report_bracket(inbox: Inbox, path: str, message: str, row: _Row) -> None:
    hint = "give every opening bracket a closing one."
    inbox.report("foreign-syntax", path, message, hint, row.line)


def _has_starred_brackets(cells: Sequence[str]) -> bool:
    """Return whether cells are those of names in CoNLL-2012, such as ``(ORG*`` and ``*)``."""
    found = set(cells)
    return (
        all(_STARRED.fullmatch(cell) and cell != ")" for cell in found)
        and any("*" in cell for cell in found)
        and any("(" in cell and not cell.strip("(*)").isdecimal() for cell in found)
    )


def _add_starred(
    inbox: Inbox,
    path: str,
    graph: Graph,
    rows: Sequence[_Row],
    cells: Sequence[str],
    placed: Placed,
) -> None:
    """Add what brackets with stars mark; only the opening bracket has the label."""

    def report(number: int, state: str) -> None:
        message = f"The bracket {cells[number]!r} {state}."
        _report_bracket(inbox, path, message, rows[number])

    opened: list[tuple[int, str]] = []
    for number, cell in enumerate(cells):
        found = _STARRED.fullmatch(cell)
        if found and found[1]:
            opened.append((number, found[1]))
        if found and found[2]:
            if not opened:
                report(number, "is closed but was never opened")
                continue
            first, label = opened.pop()
            span = placed.to_span(first, number + 1)
            key = f"{len(graph.nodes) + 1}"
            graph.nodes.append(Node(key, label, (span,), {}, rows[first].line))
    for number, _ in opened:
        report(number, "is opened but never closed")


def _has_brackets(cells: Sequence[str]) -> bool:
    """Return whether cells are those of coreference in CoNLL-2012, such as ``(12)|(3`` or ``-``."""
    marked = [cell for cell in cells if cell not in _EMPTY]
    return bool(marked) and all(
        _BRACKETED.fullmatch(cell) and ("(" in cell or ")" in cell) for cell in marked
    )


def _add_bracketed(
    inbox: Inbox,
    path: str,
    graph: Graph,
    rows: Sequence[_Row],
    cells: Sequence[str],
    placed: Placed,
) -> None:
    """Add what the brackets of CoNLL-2012 mark, with the number of its entity as a value."""

    def report(number: int, message: str) -> None:
        _report_bracket(inbox, path, message, rows[number])

    for mark in find_brackets(cells, report):
        spans = tuple(placed.to_span(first, last) for first, last in mark.pieces)
        line = rows[mark.pieces[0][0]].line
        values = {"entity": mark.content}
        graph.nodes.append(Node(f"{len(graph.nodes) + 1}", "coreference", spans, values, line))
