"""From the documents of one shard to its Parquet files, one a config: read, check, rows, columns, row group by group.

The bytes of a shard depend on its documents, the registries and the version of pyarrow, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

from readout.checks.folder import check_shard
from readout.dataset.arrow import ContentHash
from readout.dataset.batch import Batch, Vocabularies
from readout.dataset.features import CONFIGS, REGISTRY_CONFIGS, Config, arrow_schema
from readout.dataset.tables import make_registry_table, make_table
from readout.model import AnnotatedDocument, Registries
from readout.problem import RefusedError
from readout.scale.shards import Result, Scope, Shard, ShardFile

GROUP_DOCUMENTS = 200
GROUP_CHARACTERS = 1_000_000
"""A row group ends after so many documents or characters of text, whichever comes first. Memory depends on it, not on
the number of documents; and the bytes do, so it is fixed."""
DOCUMENT_CONFIGS: tuple[Config, ...] = tuple(
    config for config in CONFIGS if config not in REGISTRY_CONFIGS
)


class _FileWriter:
    """A Parquet file that grows by row groups."""

    def __init__(self, folder: Path, config: Config, split: str, name: str) -> None:
        self.config = config
        self.split = split
        self.folder = folder
        self.path = f"data/{config}/{name}.parquet"
        self.rows = 0
        self.content = ContentHash(config)
        self.tables: list[pa.Table] = []
        self.writer: Any
        self.sink = pa.OSFile(str(folder / self.path), "wb")
        self.writer = pq.ParquetWriter(
            self.sink, arrow_schema(config), compression="zstd", compression_level=3
        )

    def add(self, table: pa.Table) -> None:
        """Keep a table until its row group is full."""
        if len(table):
            self.tables.append(table)
            self.content.update(table)

    def write(self) -> None:
        """Append a row group of what was added since the last one."""
        if (
            not self.tables
        ):  # a row group without rows is more than `datasets` can read; a file without any is not
            return
        table = pa.concat_tables(self.tables)
        self.writer.write_table(table, row_group_size=len(table))
        self.rows += len(table)
        self.tables = []

    def close(self) -> ShardFile:
        """Finish the file and say what it is."""
        self.writer.close()
        self.sink.close()
        raw = (self.folder / self.path).read_bytes()
        digest, content = sha256(raw).hexdigest(), self.content.hexdigest()
        size = self.content.num_bytes
        return ShardFile(
            self.config, self.split, self.path, self.rows, size, len(raw), digest, content
        )


class _ShardWriter:
    """The files of one shard, and what their next row group holds."""

    def __init__(self, folder: Path, shard: Shard, registries: Registries) -> None:
        self.vocabularies = Vocabularies(registries)
        self.writers = [
            _FileWriter(folder, config, shard.split, shard.name) for config in DOCUMENT_CONFIGS
        ]
        self.documents = self.characters = 0

    def add(self, run: Sequence[AnnotatedDocument]) -> None:
        """Add the rows of some documents.

        Raises:
            RefusedError: a column of theirs holds more than 2 GiB.

        """
        batch = Batch(run, self.vocabularies)
        try:
            tables = [make_table(writer.config, batch) for writer in self.writers]
        except OverflowError as error:
            names = ", ".join(repr(document.meta.doc_id) for document in run)
            raise RefusedError(
                f"The rows of {names} hold more text than an Arrow column, 2 GiB: every row repeats the paragraph that "
                "its annotation stands in, so a long paragraph with many annotations must be broken into lines."
            ) from error
        for writer, table in zip(self.writers, tables, strict=True):
            writer.add(table)
        self.documents += len(run)
        self.characters += sum(len(document.text) for document in run)
        if self.documents >= GROUP_DOCUMENTS or self.characters >= GROUP_CHARACTERS:
            self._write()

    def _write(self) -> None:
        """Write a row group of every config."""
        for writer in self.writers:
            writer.write()
        self.documents = self.characters = 0

    def close(self) -> tuple[ShardFile, ...]:
        """Write what is left."""
        self._write()
        return tuple(writer.close() for writer in self.writers)


def compile_shard(shard: Shard, scope: Scope, folder: str) -> Result:
    """Read, check and compile the documents of a shard into ``folder``, whose folders of data exist."""
    registries, _ = scope.read_registries()
    writer = _ShardWriter(Path(folder), shard, registries)
    result = check_shard(shard, scope, writer.add)
    return replace(result, files=writer.close())


def compile_registries(folder: Path, registries: Registries) -> list[ShardFile]:
    """Compile the configs that have one row per registry entry."""
    return [
        _write_file(folder, config, make_registry_table(config, registries))
        for config in REGISTRY_CONFIGS
    ]


def _write_file(folder: Path, config: Config, table: pa.Table) -> ShardFile:
    writer = _FileWriter(folder, config, "train", "train-00000-of-00001")
    writer.add(table)
    writer.write()
    return writer.close()
