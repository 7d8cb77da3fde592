"""Rows collected column by column: Arrow tables that never pass through dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from readout.features import FEATURES, Config, Feature, Labels, arrow_schema, to_arrow_type


class _Values:
    """Values of a primitive type."""

    def __init__(self, feature: str) -> None:
        self.type = to_arrow_type(feature)
        self.values: list[Any] = []
        self.append: Callable[[Any], None] = self.values.append

    def to_array(self) -> pa.Array:
        return pa.array(self.values, self.type)


class _LabelValues(_Values):
    """Class labels, appended by name and stored as integers."""

    def __init__(self, names: Labels) -> None:
        super().__init__("int64")
        index = {name: number for number, name in enumerate(names)}
        push = self.values.append
        self.append = lambda name: push(index[name])


class _ListValues:
    """Lists, appended as sequences, stored as offsets into one child column."""

    def __init__(self, feature: list[Feature]) -> None:
        self.child = make_column(feature[0])
        self.offsets = [0]

    def append(self, values: Sequence[Any]) -> None:
        for value in values:
            self.child.append(value)
        self.offsets.append(self.offsets[-1] + len(values))

    def to_array(self) -> pa.Array:
        return pa.ListArray.from_arrays(pa.array(self.offsets, pa.int32()), self.child.to_array())


class _StructValues:
    """Structs, appended as tuples, stored as one column a field."""

    def __init__(self, feature: dict[str, Feature]) -> None:
        self.names = list(feature)
        self.children = [make_column(child) for child in feature.values()]

    def append(self, values: Sequence[Any]) -> None:
        for child, value in zip(self.children, values, strict=True):
            child.append(value)

    def to_array(self) -> pa.Array:
        return pa.StructArray.from_arrays([child.to_array() for child in self.children], self.names)


Column: TypeAlias = "_Values | _ListValues | _StructValues"


def make_column(feature: Feature) -> Column:
    """Return an empty column for a feature."""
    if isinstance(feature, Labels):
        return _LabelValues(feature)
    if isinstance(feature, str):
        return _Values(feature)
    if isinstance(feature, list):
        return _ListValues(feature)
    return _StructValues(feature)


Row: TypeAlias = tuple[Any, ...]


def to_arrow_table(config: Config, rows: Iterable[Row]) -> pa.Table:
    """Return the Arrow table of a config's rows."""
    columns = [make_column(feature) for feature in FEATURES[config].values()]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return pa.Table.from_arrays([column.to_array() for column in columns], schema=arrow_schema(config))


def to_row(config: Config, loaded: Mapping[str, Any]) -> Row:
    """Return a row as it is compiled for the dictionary that ``datasets`` gives for it: label names for integers."""
    return tuple(_to_value(feature, loaded[name]) for name, feature in FEATURES[config].items())


def _to_value(feature: Feature, value: Any) -> Any:
    if isinstance(feature, Labels):
        return feature[value]
    if isinstance(feature, str):
        return value
    if isinstance(feature, list):
        return [_to_value(feature[0], item) for item in value]
    return [_to_value(child, value[name]) for name, child in feature.items()]


def hash_line(row: Row) -> bytes:
    """Return what a row adds to its config's content hash: its values in column order as a compact JSON array.

    Class labels stand by name, structs as arrays, absent values as null. The content hash of a config is the SHA-256
    over its splits in order, each its name on a line, then its rows, each on a line. Unlike the checksum of a Parquet
    file it does not depend on the version of pyarrow.
    """
    return msgspec.json.encode(row) + b"\n"
