"""From the documents of one shard to its Parquet files, one a config: read, check, rows, columns, row group by group.

The bytes of a shard depend on its documents, the registries and the version of pyarrow, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from readout.columns import Row, hash_lines, to_arrow_table
from readout.features import CONFIGS, REGISTRY_CONFIGS, Config, arrow_schema
from readout.model import AnnotatedDocument, Registries
from readout.survey import Scope, Shard, Survey, survey_shard
from readout.tables import DocumentRows, iter_registry_rows

GROUP_DOCUMENTS = 500
GROUP_CHARACTERS = 2_000_000
"""A row group ends after so many documents or characters of text, whichever comes first. Memory depends on it, not on
the number of documents; and the bytes do, so it is fixed."""
DOCUMENT_CONFIGS: tuple[Config, ...] = tuple(config for config in CONFIGS if config not in REGISTRY_CONFIGS)


class ShardFile(msgspec.Struct, frozen=True):
    """One Parquet file. ``num_bytes`` is the size of its Arrow tables, ``content`` the hash of its rows."""

    config: Config
    split: str
    path: str
    rows: int
    num_bytes: int
    size: int
    sha256: str
    content: str


class ShardResult(msgspec.Struct, frozen=True):
    """What became of a shard: what was found in it, and its files; with errors, the files are not whole."""

    survey: Survey
    files: tuple[ShardFile, ...]


class _FileWriter:
    """A Parquet file that grows by row groups."""

    def __init__(self, folder: Path, config: Config, split: str, name: str) -> None:
        self.config = config
        self.split = split
        self.folder = folder
        self.path = f"data/{config}/{name}.parquet"
        self.rows = self.num_bytes = 0
        self.content = sha256()
        self.writer: Any = None
        self.sink = pa.OSFile(str(folder / self.path), "wb")
        self.writer = pq.ParquetWriter(self.sink, arrow_schema(config), compression="zstd", compression_level=3)

    def write(self, rows: list[Row]) -> None:
        """Append one row group."""
        if not rows:  # a row group without rows is more than `datasets` can read; a file without row groups is not
            return
        table = to_arrow_table(self.config, rows)
        self.writer.write_table(table, row_group_size=len(rows))
        self.content.update(hash_lines(rows))
        self.rows += len(rows)
        self.num_bytes += table.nbytes

    def close(self) -> ShardFile:
        """Finish the file and say what it is."""
        self.writer.close()
        self.sink.close()
        raw = (self.folder / self.path).read_bytes()
        digest, content = sha256(raw).hexdigest(), self.content.hexdigest()
        return ShardFile(self.config, self.split, self.path, self.rows, self.num_bytes, len(raw), digest, content)


class _ShardWriter:
    """The files of one shard, and the rows that have not been written yet."""

    def __init__(self, folder: Path, shard: Shard, registries: Registries) -> None:
        self.registries = registries
        self.writers = [_FileWriter(folder, config, shard.split, shard.name) for config in DOCUMENT_CONFIGS]
        self._clear()

    def _clear(self) -> None:
        self.documents = self.characters = 0
        self.rows: list[list[Row]] = [[] for _ in self.writers]

    def add(self, document: AnnotatedDocument) -> None:
        """Add the rows of a document."""
        made = DocumentRows(document, self.registries)
        for rows, config in zip(self.rows, DOCUMENT_CONFIGS, strict=True):
            rows.extend(made.iter_rows(config))
        self.documents += 1
        self.characters += len(document.text)
        if self.documents >= GROUP_DOCUMENTS or self.characters >= GROUP_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write a row group of every config."""
        for writer, rows in zip(self.writers, self.rows, strict=True):
            writer.write(rows)
        self._clear()

    def close(self) -> tuple[ShardFile, ...]:
        """Write what is left."""
        self.flush()
        return tuple(writer.close() for writer in self.writers)


def compile_shard(shard: Shard, scope: Scope, folder: str) -> ShardResult:
    """Read, check and compile the documents of a shard into ``folder``, whose folders of data exist."""
    writer = _ShardWriter(Path(folder), shard, scope.read_registries())
    survey = survey_shard(shard, scope, writer.add)
    return ShardResult(survey, writer.close())


def compile_registries(folder: Path, registries: Registries) -> list[ShardFile]:
    """Compile the configs that have one row per registry entry."""
    return [_write_file(folder, config, iter_registry_rows(config, registries)) for config in REGISTRY_CONFIGS]


def _write_file(folder: Path, config: Config, rows: Iterable[Row]) -> ShardFile:
    writer = _FileWriter(folder, config, "train", "train-00000-of-00001")
    writer.write(list(rows))
    return writer.close()
