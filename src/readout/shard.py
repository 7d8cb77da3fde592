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

from readout.columns import ContentHash, Row, to_arrow_table
from readout.features import CONFIGS, REGISTRY_CONFIGS, Config, arrow_schema
from readout.model import AnnotatedDocument, Registries
from readout.survey import Scope, Shard, Survey, survey_shard
from readout.tables import DocumentRows, iter_registry_rows
from readout.tokens import make_token_table

BATCH_DOCUMENTS = 25
"""So many documents are turned from rows to columns at a time: few enough to stay in a core's cache."""
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
        self.content = ContentHash(config)
        self.tables: list[pa.Table] = []
        self.writer: Any
        self.sink = pa.OSFile(str(folder / self.path), "wb")
        self.writer = pq.ParquetWriter(self.sink, arrow_schema(config), compression="zstd", compression_level=3)

    def add(self, table: pa.Table) -> None:
        """Keep a table until its row group is full."""
        if len(table):
            self.tables.append(table)
            self.content.update(table)

    def write(self) -> None:
        """Append a row group of what was added since the last one."""
        if not self.tables:  # a row group without rows is more than `datasets` can read; a file without any is not
            return
        table = pa.concat_tables(self.tables)
        self.writer.write_table(table, row_group_size=len(table))
        self.rows += len(table)
        self.num_bytes += table.nbytes
        self.tables = []

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
        self.documents = self.characters = 0
        self.batch: list[DocumentRows] = []

    def add(self, document: AnnotatedDocument) -> None:
        """Add the rows of a document."""
        self.batch.append(DocumentRows(document, self.registries))
        self.documents += 1
        self.characters += len(document.text)
        full = self.documents >= GROUP_DOCUMENTS or self.characters >= GROUP_CHARACTERS
        if full or len(self.batch) >= BATCH_DOCUMENTS:
            self._turn()
        if full:
            self._write()

    def _turn(self) -> None:
        """Turn the documents that wait into columns."""
        for writer in self.writers:
            writer.add(_make_table(writer.config, self.batch))
        self.batch = []

    def _write(self) -> None:
        """Write a row group of every config."""
        for writer in self.writers:
            writer.write()
        self.documents = self.characters = 0

    def close(self) -> tuple[ShardFile, ...]:
        """Write what is left."""
        self._turn()
        self._write()
        return tuple(writer.close() for writer in self.writers)


def _make_table(config: Config, batch: list[DocumentRows]) -> pa.Table:
    if config == "tokens" and batch:
        return make_token_table(batch)
    return to_arrow_table(config, [row for rows in batch for row in rows.iter_rows(config)])


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
    writer.add(to_arrow_table(config, rows))
    writer.write()
    return writer.close()
