"""Conversion of Python values to Arrow arrays, and the content hash of Arrow tables.

Arrays are built from plain buffers because the usual constructors are slow to import, which matters
in a small build: ``pyarrow.array`` imports pandas as soon as it gets a list, and many methods of
arrays import ``pyarrow.compute``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import accumulate, chain
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from readout.dataset.columns import Config, Labels
from readout.dataset.features import FEATURES, Feature, arrow_schema, is_tags, to_arrow_type

try:
    # The public module wraps each of 286 kernels in a documented function when it is imported.
    # That takes 0.06 to 0.13 s, and no build needs more than one kernel.
    from pyarrow._compute import call_function
except ImportError:  # the private module may move
    from pyarrow.compute import call_function

Row: TypeAlias = tuple[Any, ...]
"""One value per column.

A class label is its name, a struct is a tuple, a list is a sequence, and an absent value is None.
A list of one-letter class labels is a string of these letters, such as ``OOBI``.
"""

_MAX_BYTES = (1 << 31) - 1
"""The size of the strings in one Arrow array, whose offsets are ``int32``."""


# ---------------------------------------------------------------- from Python values


def to_arrow_table(config: Config, rows: Iterable[Row]) -> pa.Table:
    """Return the Arrow table of a config's rows."""
    features = list(FEATURES[config].values())
    columns = _transpose(rows, len(features))
    arrays = list(map(to_column, features, columns))
    return pa.Table.from_arrays(arrays, schema=arrow_schema(config))


def _transpose(rows: Iterable[Row], width: int) -> list[tuple[Any, ...]]:
    """Return the columns of rows that have ``width`` values each."""
    return list(zip(*rows, strict=True)) or [()] * width


def to_column(feature: Feature, values: Sequence[Any]) -> pa.Array:
    """Return the Arrow array of a feature's values."""
    if isinstance(feature, Labels):
        numbers = feature.numbers()
        return to_numbers(pa.int64(), [numbers[value] for value in values])
    if feature == "string":
        return to_strings(values)
    if feature == "bool":
        return to_flags(values)
    if isinstance(feature, str):
        return to_numbers(to_arrow_type(feature), values)
    if isinstance(feature, list):
        offsets = to_numbers(pa.int32(), list(accumulate(map(len, values), initial=0)))
        return pa.ListArray.from_arrays(offsets, _to_items(feature[0], values))

    columns = _transpose(values, len(feature))
    children = list(map(to_column, feature.values(), columns))
    return pa.StructArray.from_arrays(children, list(feature))


def _to_items(feature: Feature, lists: Sequence[Any]) -> pa.Array:
    """Return the Arrow array of the items of all lists."""
    if is_tags(feature):
        return _to_tags(feature, "".join(lists))
    return to_column(feature, list(chain.from_iterable(lists)))


def _to_tags(labels: Labels, letters: str) -> pa.Array:
    codes = {ord(name): number for name, number in labels.numbers().items()}
    numbers = letters.translate(codes).encode()
    return from_numpy(np.frombuffer(numbers, np.uint8).astype(np.int64))


_CODES = {pa.int32(): "i", pa.int64(): "q", pa.float64(): "d"}
"""The type code of each type in :mod:`array`."""


def to_numbers(arrow_type: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Return the Arrow array of numbers; None becomes null."""
    mask = None
    try:
        data = array(_CODES[arrow_type], values)
    except TypeError:  # one of them is None; to try is faster than to test each value first
        mask = _to_mask(values)
        data = array(_CODES[arrow_type], [value or 0 for value in values])
    return pa.Array.from_buffers(arrow_type, len(values), [mask, pa.py_buffer(data)])


def to_flags(values: Sequence[bool]) -> pa.Array:
    """Return the Arrow array of truth values, none of which is None."""
    bits = np.packbits(np.array(values, np.bool_), bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def to_strings(values: Sequence[str | None]) -> pa.Array:
    """Return the Arrow array of strings; None becomes null."""
    mask = None
    try:
        present: Sequence[str] = values  # type: ignore[assignment]
        joined = "".join(present)
    except TypeError:  # one of them is None
        mask = _to_mask(values)
        present = [value or "" for value in values]
        joined = "".join(present)

    raw = joined.encode()
    is_ascii = len(raw) == len(joined)
    parts = present if is_ascii else map(str.encode, present)
    lengths = map(len, parts)
    offsets = array("i", accumulate(lengths, initial=0))
    buffers = [mask, pa.py_buffer(offsets), pa.py_buffer(raw)]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _to_mask(values: Sequence[Any]) -> pa.Buffer:
    """Return the validity bitmap of values, in which None is null."""
    present = np.array([value is not None for value in values], np.bool_)
    return pa.py_buffer(np.packbits(present, bitorder="little"))


# ---------------------------------------------------------------- from numpy and bytes


def take(values: pa.Array, positions: pa.Array) -> pa.Array:
    """Return the values at some positions; a null position gives null."""
    return call_function("take", [values, positions])


def from_numpy(values: Any) -> pa.Array:
    """Return the Arrow array of a numpy array of integers, which shares its memory."""
    arrow_type = pa.int32() if values.dtype == np.int32 else pa.int64()
    return pa.Array.from_buffers(arrow_type, len(values), [None, pa.py_buffer(values)])


def to_list(offsets: Any, items: pa.Array) -> pa.Array:
    """Return the Arrow array of lists; list ``i`` has the items from ``offsets[i]`` on.

    ``offsets`` is a numpy array with one item more than there are lists.
    """
    return pa.ListArray.from_arrays(from_numpy(offsets.astype(np.int32)), items)


def split_strings(offsets: Any, data: bytes) -> pa.Array:
    """Return the Arrow array of strings; string ``i`` is the UTF-8 from ``offsets[i]`` on.

    ``offsets`` is a numpy array with one item more than there are strings.

    Raises:
        OverflowError: ``data`` has 2 GiB or more.

    """
    check_size(len(data))
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def slice_strings(data: bytes, starts: Any, ends: Any) -> pa.Array:
    """Return the Arrow array of the slices of UTF-8 between numpy arrays of byte offsets.

    Raises:
        OverflowError: the slices have 2 GiB or more.

    """
    offsets = np.concatenate(([0], np.cumsum(ends - starts)))
    check_size(int(offsets[-1]))
    slices = map(slice, starts.tolist(), ends.tolist())
    return split_strings(offsets, b"".join(map(data.__getitem__, slices)))


def check_size(size: int) -> None:
    """Check that the strings of one Arrow array may have this number of bytes.

    Raises:
        OverflowError: they have 2 GiB or more.

    """
    if size > _MAX_BYTES:
        raise OverflowError("an Arrow array of strings holds less than 2 GiB")


# ---------------------------------------------------------------- content hash


# ``to_pandas_dtype`` would give these, but older versions of pyarrow import pandas for it.
_NUMPY_TYPES = {pa.int32(): np.int32, pa.int64(): np.int64, pa.float64(): np.float64}


class ContentHash:
    """The content hash of a config's rows in one shard.

    It depends neither on the version of pyarrow, as the checksum of a Parquet file does, nor on how
    the rows are divided into tables. It is made of streams, each hashed by SHA-256 in row order.
    Every column of primitive values, also inside lists and structs, has:

    - ``PATH present``: one byte per value, 1 if it is present and 0 if it is absent;
    - ``PATH lengths``, if its values are strings: the number of bytes of each, as ``int32``;
    - ``PATH``: the UTF-8 of the strings, or the numbers as little-endian ``int32``, ``int64`` (also
      for class labels) or ``float64``, 0 if absent, or one byte per truth value, 1 if true.

    A column of lists has ``PATH lengths``, the length of every list as ``int32``, and its items are
    the column ``PATH[]``. The fields of a struct are the columns ``PATH.FIELD``. The content hash
    is the SHA-256 of one line per stream, in schema order: its name, a space, and its hexadecimal
    hash. ``num_bytes`` is the size of all streams but those of presence.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._streams: dict[str, Any] = {}
        self.num_bytes = 0

    def update(self, table: pa.Table) -> None:
        """Add the rows of a table that was made with this module."""
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
            offsets = _view_offsets(values)
            first, last = int(offsets[0]), int(offsets[-1])
            self._feed(f"{path} lengths", np.diff(offsets))
            self._add(f"{path}[]", values.values.slice(first, last - first))  # no list is null
        else:
            self._streams.setdefault(f"{path} present", sha256()).update(_presence(values))
            self._add_primitive(path, values)

    def _add_primitive(self, path: str, values: pa.Array) -> None:
        if pa.types.is_string(values.type):
            offsets = _view_offsets(values)
            data = values.buffers()[2] or b""
            self._feed(f"{path} lengths", np.diff(offsets))
            self._feed(path, data[int(offsets[0]) : int(offsets[-1])])
        elif pa.types.is_boolean(values.type):
            self._feed(path, _unpack(values.buffers()[1], values))
        else:
            numbers = _view_buffer(values, _NUMPY_TYPES[values.type], len(values))
            if values.null_count:
                numbers = np.where(_presence(values), numbers, numbers.dtype.type(0))
            self._feed(path, numbers)

    def _feed(self, path: str, raw: Any) -> None:
        self._streams.setdefault(path, sha256()).update(raw)
        self.num_bytes += memoryview(raw).nbytes


def _view_offsets(values: pa.Array) -> Any:
    """Return the offsets of an array of strings or lists: one more than it has values."""
    return _view_buffer(values, np.int32, len(values) + 1)


def _view_buffer(values: pa.Array, dtype: Any, count: int) -> Any:
    """Return the items of an array's second buffer (offsets or numbers), without a copy."""
    buffer = values.buffers()[1]
    if buffer is None or buffer.size == 0:  # an array without values need not have offsets
        return np.zeros(count, dtype)
    return np.frombuffer(buffer, dtype, count, values.offset * np.dtype(dtype).itemsize)


def _presence(values: pa.Array) -> Any:
    """Return one byte per value: 1 if it is present, 0 if it is null."""
    if values.null_count == 0:
        return np.ones(len(values), np.uint8)
    return _unpack(values.buffers()[0], values)


def _unpack(buffer: Any, values: pa.Array) -> Any:
    """Return one byte per value of an array from a buffer with one bit per value."""
    bits = np.frombuffer(buffer or b"", np.uint8)
    return np.unpackbits(bits, bitorder="little")[values.offset : values.offset + len(values)]
