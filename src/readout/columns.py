"""Rows turned into columns: Arrow tables that never pass through dictionaries, and the hash of their content.

Columns are made of plain buffers. ``pyarrow.array`` is not used: on the first Python list it imports pandas, which
takes longer than all else that a small build does.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from readout.features import FEATURES, Config, Feature, Labels, arrow_schema, is_tags, to_arrow_type

Row: TypeAlias = tuple[Any, ...]
"""One value a column: class labels by name, structs as tuples, lists as sequences, absent values as None.

A list of labels of one letter each stands as one string of them, such as ``OOBI``.
"""


def to_arrow_table(config: Config, rows: Iterable[Row]) -> pa.Table:
    """Return the Arrow table of a config's rows."""
    features = list(FEATURES[config].values())
    arrays = [_to_array(feature, values) for feature, values in zip(features, _turn(rows, features), strict=True)]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(config))


def _turn(rows: Iterable[Row], features: Sequence[Feature]) -> list[tuple[Any, ...]]:
    """Return rows as columns."""
    return list(zip(*rows, strict=True)) or [() for _ in features]


def _to_array(feature: Feature, values: Sequence[Any]) -> pa.Array:
    if isinstance(feature, Labels):
        return _to_numbers(pa.int64(), list(map(feature.numbers().__getitem__, values)))
    if isinstance(feature, str):
        arrow_type = to_arrow_type(feature)
        return _to_strings(values) if feature == "string" else _to_numbers(arrow_type, values)
    if isinstance(feature, list):
        offsets = _to_numbers(pa.int32(), list(accumulate(map(len, values), initial=0)))
        return pa.ListArray.from_arrays(offsets, _to_items(feature[0], values))
    columns = _turn(values, list(feature.values()))
    children = [_to_array(child, column) for child, column in zip(feature.values(), columns, strict=True)]
    return pa.StructArray.from_arrays(children, list(feature))


def _to_items(feature: Feature, lists: Sequence[Any]) -> pa.Array:
    if is_tags(feature):
        return _to_tags(feature, "".join(lists))
    return _to_array(feature, list(chain.from_iterable(lists)))


_CODES = {pa.int32(): "i", pa.int64(): "q", pa.float64(): "d"}


def _to_numbers(arrow_type: pa.DataType, values: Sequence[Any]) -> pa.Array:
    mask = _to_mask(values)
    data = array(_CODES[arrow_type], values if mask is None else [value or 0 for value in values])
    return pa.Array.from_buffers(arrow_type, len(values), [mask, pa.py_buffer(data)])


def _to_strings(values: Sequence[str | None]) -> pa.Array:
    mask = _to_mask(values)
    raw = list(map(str.encode, values if mask is None else [value or "" for value in values]))  # type: ignore[arg-type]
    offsets = array("i", accumulate(map(len, raw), initial=0))
    buffers = [mask, pa.py_buffer(offsets), pa.py_buffer(b"".join(raw))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _to_mask(values: Sequence[Any]) -> pa.Buffer | None:
    """Return the bits that tell which values are there; None where all are."""
    if None not in values:
        return None
    present = bytes([value is not None for value in values])
    numbers = pa.Array.from_buffers(pa.uint8(), len(present), [None, pa.py_buffer(present)])
    return numbers.cast(pa.bool_()).buffers()[1]


def _to_tags(labels: Labels, letters: str) -> pa.Array:
    numbers = letters.translate({ord(name): number for name, number in labels.numbers().items()}).encode()
    return pa.Array.from_buffers(pa.uint8(), len(numbers), [None, pa.py_buffer(numbers)]).cast(pa.int64())


def to_row(config: Config, loaded: Mapping[str, Any]) -> Row:
    """Return a row as it is compiled for the dictionary that ``datasets`` gives for it: label names for integers."""
    return tuple(_to_value(feature, loaded[name]) for name, feature in FEATURES[config].items())


def _to_value(feature: Feature, value: Any) -> Any:
    if isinstance(feature, Labels):
        return feature[value]
    if isinstance(feature, str):
        return value
    if isinstance(feature, list):
        values = [_to_value(feature[0], item) for item in value]
        return "".join(values) if is_tags(feature[0]) else values
    return [_to_value(child, value[name]) for name, child in feature.items()]


_encoder = msgspec.json.Encoder()


def hash_line(row: Row) -> bytes:
    """Return what a row adds to its shard's content hash: its values in column order as a compact JSON array.

    Class labels stand by name, lists of one-letter labels as one string, structs as arrays, absent values as null.
    """
    return _encoder.encode(row) + b"\n"


def hash_lines(rows: Iterable[Row]) -> bytes:
    """Return what rows add to their shard's content hash, all at once."""
    return _encoder.encode_lines(rows)
