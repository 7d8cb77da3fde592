"""Rows turned into columns: Arrow tables that never pass through dictionaries, and the hash of their content.

Columns are made of plain buffers. ``pyarrow.array`` is not used: on the first Python list it imports pandas, which
takes longer than all else that a small build does. Nor is any method that imports ``pyarrow.compute``, which first
makes a documented function for each of 286 kernels.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import accumulate, chain
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from pyarrow._compute import call_function

from readout.dataset.features import (
    FEATURES,
    Config,
    Feature,
    Labels,
    arrow_schema,
    is_tags,
    to_arrow_type,
)

Row: TypeAlias = tuple[Any, ...]
"""One value a column: class labels by name, structs as tuples, lists as sequences, absent values as None.

A list of labels of one letter each stands as one string of them, such as ``OOBI``.
"""


def to_arrow_table(config: Config, rows: Iterable[Row]) -> pa.Table:
    """Return the Arrow table of a config's rows."""
    features = list(FEATURES[config].values())
    arrays = [
        to_column(feature, values)
        for feature, values in zip(features, _turn(rows, features), strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(config))


def _turn(rows: Iterable[Row], features: Sequence[Feature]) -> list[tuple[Any, ...]]:
    """Return rows as columns."""
    return list(zip(*rows, strict=True)) or [() for _ in features]


def to_column(feature: Feature, values: Sequence[Any]) -> pa.Array:
    """Return the Arrow array of a feature's values."""
    if isinstance(feature, Labels):
        return to_numbers(pa.int64(), list(map(feature.numbers().__getitem__, values)))
    if isinstance(feature, str):
        return (
            to_strings(values)
            if feature == "string"
            else to_numbers(to_arrow_type(feature), values)
        )
    if isinstance(feature, list):
        offsets = to_numbers(pa.int32(), list(accumulate(map(len, values), initial=0)))
        return pa.ListArray.from_arrays(offsets, _to_items(feature[0], values))
    columns = _turn(values, list(feature.values()))
    children = [
        to_column(child, column) for child, column in zip(feature.values(), columns, strict=True)
    ]
    return pa.StructArray.from_arrays(children, list(feature))


def _to_items(feature: Feature, lists: Sequence[Any]) -> pa.Array:
    if is_tags(feature):
        return _to_tags(feature, "".join(lists))
    return to_column(feature, list(chain.from_iterable(lists)))


_CODES = {pa.int32(): "i", pa.int64(): "q", pa.float64(): "d"}


def to_numbers(arrow_type: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Return the Arrow array of numbers, null where a value is None."""
    mask = None
    try:
        data = array(_CODES[arrow_type], values)
    except TypeError:  # of a None: to try is cheaper than to look at every value before
        mask = _to_mask(values)
        data = array(_CODES[arrow_type], [value or 0 for value in values])
    return pa.Array.from_buffers(arrow_type, len(values), [mask, pa.py_buffer(data)])


def to_strings(values: Sequence[str | None]) -> pa.Array:
    """Return the Arrow array of strings, null where a value is None."""
    mask = None
    try:
        joined = "".join(values)  # type: ignore[arg-type]
    except TypeError:
        mask = _to_mask(values)
        values = [value or "" for value in values]
        joined = "".join(values)  # type: ignore[arg-type]
    raw = joined.encode()
    parts = values if len(raw) == len(joined) else map(str.encode, values)  # type: ignore[arg-type]
    offsets = array("i", accumulate(map(len, parts), initial=0))  # type: ignore[arg-type]
    return pa.Array.from_buffers(
        pa.string(), len(values), [mask, pa.py_buffer(offsets), pa.py_buffer(raw)]
    )


def _to_mask(values: Sequence[Any]) -> pa.Buffer:
    """Return the bits that tell which values are there."""
    present = np.array([value is not None for value in values], np.bool_)
    return pa.py_buffer(np.packbits(present, bitorder="little"))


def _to_tags(labels: Labels, letters: str) -> pa.Array:
    numbers = letters.translate(
        {ord(name): number for name, number in labels.numbers().items()}
    ).encode()
    return from_numpy(np.frombuffer(numbers, np.uint8).astype(np.int64))


def take(values: pa.Array, numbers: pa.Array) -> pa.Array:
    """Return the values at some positions, null for a position that is null."""
    return call_function("take", [values, numbers])


def from_numpy(values: Any) -> pa.Array:
    """Return the Arrow array of a numpy array of integers; they share their memory."""
    arrow_type = pa.int32() if values.dtype == np.int32 else pa.int64()
    return pa.Array.from_buffers(arrow_type, len(values), [None, pa.py_buffer(values)])


def to_list(offsets: Any, items: pa.Array) -> pa.Array:
    """Return the Arrow array of lists whose items begin at ``offsets``, a numpy array."""
    return pa.ListArray.from_arrays(from_numpy(offsets.astype(np.int32)), items)


def make_strings(offsets: Any, data: bytes) -> pa.Array:
    """Return the Arrow array of the strings whose UTF-8 begins at ``offsets``, a numpy array.

    Raises:
        OverflowError: there are more bytes than an Arrow array of strings can hold, 2 GiB.

    """
    check_size(len(data))
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def check_size(size: int) -> None:
    """Raise OverflowError where strings of so many bytes are more than an Arrow array can hold, 2 GiB."""
    if size >= 1 << 31:
        raise OverflowError("an Arrow array of strings holds at most 2 GiB")


def slice_strings(data: bytes, starts: Any, ends: Any) -> pa.Array:
    """Return the Arrow array of passages of UTF-8 between numpy arrays of offsets."""
    offsets = np.concatenate(([0], np.cumsum(ends - starts)))
    check_size(int(offsets[-1]))
    return make_strings(
        offsets, b"".join(map(data.__getitem__, map(slice, starts.tolist(), ends.tolist())))
    )


# Not ``to_pandas_dtype``, for which older versions of pyarrow import pandas.
_NUMBERS = {pa.int32(): np.int32, pa.int64(): np.int64, pa.float64(): np.float64}


class ContentHash:
    """The content hash of a config's rows in one shard; it is the same however the rows are cut into tables.

    Every column of primitive values, also inside lists and structs, is hashed on its own by SHA-256, in row order:
    one byte a value, 1 where it is present and 0 where it is absent; the numbers as little-endian ``int32``, ``int64``
    (class labels too) or ``float64``, 0 where absent; the UTF-8 of the strings; and the length of every string and
    every list as ``int32``. The content hash is the SHA-256 of one line for each such stream, in schema order: its path
    and its hexadecimal hash. Unlike the checksum of a Parquet file it does not depend on the version of pyarrow;
    nor does ``num_bytes``, the size of all streams but those of presence.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._streams: dict[str, Any] = {}
        self.num_bytes = 0

    def update(self, table: pa.Table) -> None:
        """Add the rows of a table made by this module."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            for chunk in column.chunks:
                self._add(name, chunk)

    def hexdigest(self) -> str:
        """Return the hash of the rows so far."""
        if not self._streams:
            self.update(to_arrow_table(self._config, ()))
        lines = [f"{path} {stream.hexdigest()}\n" for path, stream in self._streams.items()]
        return sha256("".join(lines).encode()).hexdigest()

    def _add(self, path: str, values: pa.Array) -> None:
        if pa.types.is_struct(values.type):
            for number, field in enumerate(values.type):
                self._add(f"{path}.{field.name}", values.field(number))
        elif pa.types.is_list(values.type):
            offsets = _view(values, 1, np.int32, 1)
            first, last = int(offsets[0]), int(offsets[-1])
            self._feed(f"{path} lengths", np.diff(offsets))
            self._add(f"{path}[]", values.values.slice(first, last - first))  # no list is null
        else:
            self._streams.setdefault(f"{path} present", sha256()).update(_presence(values))
            self._add_primitive(path, values)

    def _add_primitive(self, path: str, values: pa.Array) -> None:
        if pa.types.is_string(values.type):
            offsets = _view(values, 1, np.int32, 1)
            self._feed(f"{path} lengths", np.diff(offsets))
            self._feed(path, (values.buffers()[2] or b"")[int(offsets[0]) : int(offsets[-1])])
        else:
            numbers = _view(values, 1, _NUMBERS[values.type])
            if values.null_count:
                numbers = np.where(_presence(values), numbers, numbers.dtype.type(0))
            self._feed(path, numbers)

    def _feed(self, path: str, raw: Any) -> None:
        self._streams.setdefault(path, sha256()).update(raw)
        self.num_bytes += memoryview(raw).nbytes


def _view(values: pa.Array, number: int, dtype: Any, more: int = 0) -> Any:
    """Return what an array uses of one of its buffers: one item a value, and ``more``."""
    buffer = values.buffers()[number]
    if buffer is None or buffer.size == 0:  # an array without values need not have offsets
        return np.zeros(len(values) + more, dtype)
    return np.frombuffer(
        buffer, dtype, len(values) + more, values.offset * np.dtype(dtype).itemsize
    )


def _presence(values: pa.Array) -> Any:
    """Return 1 for every value that is there and 0 for every other."""
    if values.null_count == 0:
        return np.ones(len(values), np.uint8)
    bits = np.frombuffer(values.buffers()[0], np.uint8)
    return np.unpackbits(bits, bitorder="little")[values.offset : values.offset + len(values)]
