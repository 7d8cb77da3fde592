"""Read and write the token classification of Hugging Face: a row per paragraph, with lists of tags.

The export writes a Parquet file per split, with the columns ``id``, ``document``, ``tokens``,
``start``, ``end``, and a column of tags for mentions, contents, cues, sources and boilerplate. The
tags are class labels such as ``B-mention``, as training scripts expect them: give the name of a
column as their label column.

The import takes Parquet and JSON Lines with the columns ``tokens`` (or ``words``) and lists of BIO
tags, such as ``ner_tags``. Tags are names, or class labels in Parquet; a mapping says what the
labels mean. Rows belong to the document that ``document``, ``doc_id`` or ``id`` names. If there is
no such column, all rows of a file are one document. The tokens are found in its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from readout.dataset.columns import Labels
from readout.dataset.features import Feature, to_arrow_type, to_hub_feature
from readout.interchange.blocks import (
    Block,
    find_odd_cells,
    is_tag_column,
    place_blocks,
    report_odd_tag,
)
from readout.interchange.graph import Graph, Node
from readout.interchange.inbox import Inbox, find_files, read_json_lines
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.tools.conll import list_tagged_spans
from readout.text.tokens import Paragraphs, Tokens, find_chunks, iter_tokens, tag_tokens

if TYPE_CHECKING:
    import pyarrow as pa

LOSSES = (
    "Ids, speakers, forms, topics, stances, links and notes are not written.",
    "Of nested quotes only the outermost is tagged, and of overlapping mentions only the first.",
    "The pieces of a discontinuous span are separate spans.",
    "A span that starts or ends within a token covers the whole token.",
    "White space is not written.",
    "Columns that are not BIO tags, such as parts of speech, are not imported.",
    "For exported files, the mapping `conll` makes the words of a mention its speaker.",
)
_TAGGED = ("mention", "content", "cue", "source", "boilerplate")
_FEATURES: Mapping[str, Feature] = {
    "id": "string",
    "document": "string",
    "tokens": ["string"],
    "start": ["int32"],
    "end": ["int32"],
    **{f"{name}_tags": [Labels(("O", f"B-{name}", f"I-{name}"))] for name in _TAGGED},
}


# ---------------------------------------------------------------- out


def export_token_rows(outbox: Outbox) -> None:
    """Write one Parquet file per split."""
    import pyarrow.parquet as pq

    files: dict[str, list[dict[str, Any]]] = {}
    for sheet in outbox.sheets:
        path = PurePosixPath(sheet.stem).with_name(f"{sheet.meta.split}.parquet")
        files.setdefault(str(path), []).extend(_iter_rows(sheet))

    for name, rows in files.items():
        buffer = BytesIO()
        pq.write_table(_to_table(rows), buffer)
        outbox.add(name, buffer.getvalue())


def _to_table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    features = {name: to_hub_feature(feature) for name, feature in _FEATURES.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    fields = [pa.field(name, to_arrow_type(feature)) for name, feature in _FEATURES.items()]
    return pa.Table.from_pylist(list(rows), schema=pa.schema(fields, metadata=metadata))


def _iter_rows(sheet: Sheet) -> Iterator[dict[str, Any]]:
    columns = list_tagged_spans(sheet.records)
    number = 0
    for paragraph in Paragraphs(sheet.text).spans:
        places = list(iter_tokens(sheet.text, *paragraph))
        if not places:
            continue

        number += 1
        starts, ends = [start for start, _ in places], [end for _, end in places]
        tokens = Tokens([sheet.text[start:end] for start, end in places], starts, ends)
        row = {"id": f"{sheet.doc_id}#{number}", "document": sheet.doc_id}
        tags = {}
        for name, spans in zip(_TAGGED, columns, strict=True):
            letters = tag_tokens(tokens, [paragraph], spans)
            tags[f"{name}_tags"] = ["OBI".index(letter) for letter in letters]
        yield {**row, "tokens": tokens.texts, "start": starts, "end": ends, **tags}


# ---------------------------------------------------------------- in

_NAMES = ("document", "doc_id", "document_id", "id")


class _Row(NamedTuple):
    number: int
    values: Mapping[str, Any]


def import_token_rows(inbox: Inbox, path: Path) -> None:
    """Read Parquet and JSON Lines files with a list of tokens and lists of tags per row."""
    for file in find_files(path, ".parquet", ".jsonl"):
        if file.suffix == ".parquet":
            rows = _read_parquet(inbox, file)
        else:
            found = read_json_lines(inbox, file, dict[str, Any])
            rows = [_Row(number, values) for number, values in found]

        words = "words" if rows and "words" in rows[0].values else "tokens"
        sound = [row for row in rows if _check_row(inbox, str(file), row, words)]
        _, author = inbox.find_owner(path, file)
        documents: dict[str, list[_Row]] = {}
        for row in sound:
            documents.setdefault(_find_name(inbox, file, row), []).append(row)
        for name, group in documents.items():
            _read_document(inbox, str(file), name, group, words, author)


def _read_parquet(inbox: Inbox, file: Path) -> list[_Row]:
    """Return the rows of a Parquet file, with names in place of class labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
        rows = table.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        message = f"The file is not Parquet: {str(error).splitlines()[0]}."
        inbox.report("foreign-syntax", str(file), message, "save the dataset again.")
        return []

    names = _read_label_names(table.schema.metadata or {})
    found = []
    for number, row in enumerate(rows, 1):
        for column, labels in names.items():
            values = row.get(column)
            if isinstance(values, list) and all(_is_number(value, labels) for value in values):
                row[column] = [labels[value] for value in values]
        found.append(_Row(number, row))
    return found


def _is_number(value: Any, labels: Sequence[str]) -> bool:
    return isinstance(value, int) and 0 <= value < len(labels)


def _read_label_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names of class labels by column, as ``datasets`` writes them to Parquet."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        columns = dict(features)
    except (ValueError, KeyError, TypeError):
        return {}

    names = {}
    for column, feature in columns.items():
        # A list of labels is [feature], or has a key "feature", depending on the version.
        inner = feature[0] if isinstance(feature, list) and feature else feature
        inner = inner.get("feature", inner) if isinstance(inner, dict) else {}
        labels = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
            names[column] = labels
    return names


def _check_row(inbox: Inbox, path: str, row: _Row, words: str) -> bool:
    tokens = row.values.get(words)
    if isinstance(tokens, list) and all(isinstance(token, str) for token in tokens):
        return bool(tokens)

    columns = ", ".join(map(repr, row.values))
    message = f"Got a row with the columns {columns}. Expected a column of lists of tokens."
    hint = "name the column of the tokens 'tokens'."
    inbox.report("foreign-syntax", path, message, hint, row.number)
    return False


def _find_name(inbox: Inbox, file: Path, row: _Row) -> str:
    """Return the document of a row: what a column names, or else that of the file."""
    for column in _NAMES:
        name = row.values.get(column)
        if isinstance(name, str) and (column != "id" or name in inbox.texts):
            return name
    return file.stem


def _read_document(
    inbox: Inbox, path: str, name: str, rows: Sequence[_Row], words: str, author: str
) -> None:
    blocks = [Block(row.values[words], [row.number] * len(row.values[words])) for row in rows]
    placed = place_blocks(inbox, path, name, blocks)
    if placed is None:
        return

    graph = Graph([], [])
    for column in dict.fromkeys(name for row in rows for name in row.values):
        tags = _list_tags(inbox, path, column, rows, words)
        for row, first, row_tags in tags:
            for chunk in find_chunks(row_tags):
                label = chunk.label or column.removesuffix("_tags")
                span = placed.to_span(first + chunk.first, first + chunk.last)
                key = f"{len(graph.nodes) + 1}"
                graph.nodes.append(Node(key, label, (span,), {}, row.number))
    inbox.add_layer(path, placed.doc_id, graph, author)


def _list_tags(
    inbox: Inbox, path: str, column: str, rows: Sequence[_Row], words: str
) -> list[tuple[_Row, int, list[str]]]:
    """Return the tags of a column, with their rows and the numbers of their first tokens.

    The list is empty if the column contains something other than BIO tags. A value that is no tag
    in a column of tags is a problem.
    """
    tags = _align_tags(inbox, path, column, rows, words)
    found = [value for _, _, values in tags for value in values]
    if found and column not in ("start", "end") and all(isinstance(value, int) for value in found):
        message = f"The tags in the column {column!r} are numbers without names."
        hint = "save the dataset as Parquet, which keeps the names, or write the names as tags."
        if column.endswith("tags"):
            inbox.report("foreign-value", path, message, hint, rows[0].number)
        return []

    has_names = all(isinstance(value, str) for value in found)
    odd = {found[number] for number in find_odd_cells(found)} if has_names else set()
    for row, _, values in tags:
        for number, value in enumerate(values):
            if value in odd:
                report_odd_tag(inbox, path, value, row.number)
                values[number] = "O"

    is_tagged = has_names and is_tag_column(value for value in found if value not in odd)
    if not is_tagged and column.endswith("tags") and not {"O"}.issuperset(found):
        inbox.tell(f"The column {column!r} has no BIO tags and is left out.", path)
    return tags if is_tagged else []


def _align_tags(
    inbox: Inbox, path: str, column: str, rows: Sequence[_Row], words: str
) -> list[tuple[_Row, int, list[Any]]]:
    """Return the rows with a value for every token; nothing if the column has something else.

    In a column of tags, a row with another number of tags than tokens is a problem.
    """
    aligned = []
    first = 0
    for row in rows:
        values = row.values.get(column)
        given = values if isinstance(values, list) else []
        length = len(row.values[words])
        if len(given) == length and column != words:
            aligned.append((row, first, list(given)))
        elif column.endswith("tags"):
            message = f"Got {len(given)} tags in the column {column!r} for {length} tokens."
            hint = "give a tag for every token."
            inbox.report("foreign-syntax", path, message, hint, row.number)
        else:
            return []
        first += length
    return aligned
