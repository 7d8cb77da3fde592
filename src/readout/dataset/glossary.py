"""The glossary of all columns in Markdown, made from their descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from readout.dataset.columns import COLUMNS, ROWS, Column, ColumnType, Config, Labels
from readout.dataset.features import CONFIGS, DEFAULT_CONFIG, config_splits, is_tags

LoadedRow: TypeAlias = "Mapping[str, Any]"
"""A row as ``datasets`` shows it: class labels are integers."""

GLOSSARY = "docs/glossary.md"
HEAD = """# Glossary

Every column of every config of the dataset, generated from the code; do not edit.

Offsets are Unicode code points of the document's text, end excluded. Class labels are stored as
integers; their types name them in order. Lists are never null. `labels[].id` is the field `id` of
the structs in the list `labels`. Ids join to the columns of other configs that are named.

A column that is removed, renamed or gets another type is a breaking change, and in the changelog.
"""
LONGEST = 700
"""The most characters of a value that is shown whole."""


def iter_fields(columns: Mapping[str, Column]) -> Iterator[tuple[str, Column]]:
    """Yield the path and the description of every column, and of every field inside it."""
    for name, column in columns.items():
        yield name, column
        inner, mark = column.type, ""
        if isinstance(inner, list):
            inner, mark = inner[0], "[]"
        if isinstance(inner, dict):
            for path, field in iter_fields(inner):
                yield f"{name}{mark}.{path}", field


def describe(column: Column) -> str:
    """Return the meaning of a column, when it is null, and what it joins to."""
    sentences = [column.meaning]
    if column.null:
        sentences.append(f"Null if {column.null}.")
    if column.joins:
        sentences.append(f"Joins `{column.joins}`.")
    return " ".join(sentences)


def name_labels(labels: Labels) -> str:
    """Return the names of class labels with their integers."""
    return ", ".join([f"{number} {name}" for number, name in enumerate(labels)])


def format_columns(configs: Iterable[Config] = CONFIGS) -> str:
    """Return a section per config with a table of its columns."""
    return "\n\n".join([_format_config(config) for config in configs])


def format_glossary(rows: Mapping[Config, Sequence[LoadedRow]]) -> str:
    """Return the page of some configs: their columns, and one of their rows each.

    Of a long value, the row shows the start and the size.
    """
    sections = [HEAD]
    for config, examples in rows.items():
        sections.append(_format_config(config, "##"))
        sections.append(_format_example(examples))
    return "\n\n".join([section.strip() for section in sections]) + "\n"


def _format_config(config: Config, mark: str = "###") -> str:
    splits = ", ".join([f"`{split}`" for split in config_splits(config)])
    default = " It is the default config." if config == DEFAULT_CONFIG else ""
    lines = [
        f"{mark} `{config}`",
        "",
        f"{ROWS[config]} Splits: {splits}.{default}",
        "",
        "| column | type | meaning |",
        "| --- | --- | --- |",
    ]
    for path, column in iter_fields(COLUMNS[config]):
        lines.append(f"| `{path}` | {_name_type(column.type)} | {describe(column)} |")
    return "\n".join(lines)


def _name_type(column_type: ColumnType) -> str:
    if isinstance(column_type, list):
        inner = column_type[0]
        return f"list of {'struct' if isinstance(inner, dict) else _name_type(inner)}"
    if isinstance(column_type, dict):
        return "struct"
    if isinstance(column_type, Labels):
        kind = "tag" if is_tags(column_type) else "label"
        return f"{kind}: {name_labels(column_type)}"
    return column_type


def _format_example(rows: Sequence[LoadedRow]) -> str:
    """Return the row of these that shows the most values."""
    if not rows:
        return "The config has no rows."

    row = max(rows, key=_count_values)
    shown = {name: _cut(value) for name, value in row.items()}
    head = (
        "A row:"
        if shown == row
        else "A row; of long values only the start is shown, and their size:"
    )
    lines = []
    for name, value in shown.items():
        lines.append(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    body = ",\n".join([f"  {line}" for line in lines])
    return f"{head}\n\n```json\n{{\n{body}\n}}\n```"


def _cut(value: Any) -> Any:
    """Return a value, or its start and its size if it is long."""
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[: LONGEST // 2]}… ({len(value):,} characters)"
    if not isinstance(value, list):
        return value

    kept: list[Any] = []
    length = 0
    for item in map(_cut, value):
        length += len(json.dumps(item, ensure_ascii=False))
        if length > LONGEST and kept:
            return [*kept, f"… ({len(value):,} items)"]
        kept.append(item)
    return kept


def _count_values(row: LoadedRow) -> int:
    return sum([value not in (None, []) for value in row.values()])
