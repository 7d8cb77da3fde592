"""Compilation of one shard of documents to Parquet files, one per config.

The documents are read, checked and turned into rows, and rows are written by row groups. The bytes
of the files depend only on the documents, the registries and the version of pyarrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

from readout.checks.folder import check_shard
from readout.corpus.items import read_frozen
from readout.corpus.read import read_index
from readout.dataset.arrow import ContentHash
from readout.dataset.batch import Batch, Vocabularies
from readout.dataset.bench import build_bench_table, name_task
from readout.dataset.columns import Config
from readout.dataset.features import CONFIGS, REGISTRY_CONFIGS, arrow_schema
from readout.dataset.tables import build_registry_table, build_table
from readout.model import AnnotatedDocument, Registries
from readout.problem import RefusedError
from readout.scale.shards import Result, Scope, Shard, ShardFile

GROUP_DOCUMENTS = 200
GROUP_CHARACTERS = 1_000_000
"""A row group ends after this many documents or characters of text, whichever comes first.

The limits keep memory from growing with the corpus. They are constants because the bytes of the
files depend on them.
"""
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
        self.sink = pa.OSFile(str(folder / self.path), "wb")
        schema = arrow_schema(config)
        self.writer: Any = pq.ParquetWriter(
            self.sink, schema, compression="zstd", compression_level=3
        )

    def add(self, table: pa.Table) -> None:
        """Add a table to the current row group."""
        if len(table):
            self.tables.append(table)
            self.content.update(table)

    def write(self) -> None:
        """Write the current row group and start the next one."""
        # `datasets` can read a file without row groups, but not a row group without rows.
        if not self.tables:
            return

        table = pa.concat_tables(self.tables)
        self.writer.write_table(table, row_group_size=len(table))
        self.rows += len(table)
        self.tables = []

    def close(self) -> ShardFile:
        """Finish the file and return its description."""
        self.writer.close()
        self.sink.close()
        raw = (self.folder / self.path).read_bytes()
        return ShardFile(
            config=self.config,
            split=self.split,
            path=self.path,
            rows=self.rows,
            num_bytes=self.content.num_bytes,
            size=len(raw),
            sha256=sha256(raw).hexdigest(),
            content=self.content.hexdigest(),
        )


class _ShardWriter:
    """The Parquet files of one shard, whose row groups end at the same documents."""

    def __init__(self, folder: Path, shard: Shard, registries: Registries) -> None:
        self.vocabularies = Vocabularies(registries)
        self.writers = [
            _FileWriter(folder, config, shard.split, shard.name) for config in DOCUMENT_CONFIGS
        ]
        self.documents = 0
        self.characters = 0

    def add(self, documents: Sequence[AnnotatedDocument]) -> None:
        """Add the rows of some documents.

        Raises:
            RefusedError: one of their columns has 2 GiB or more of text.

        """
        batch = Batch(documents, self.vocabularies)
        try:
            tables = [build_table(writer.config, batch) for writer in self.writers]
        except OverflowError as error:
            names = ", ".join(repr(document.meta.doc_id) for document in documents)
            raise RefusedError(
                f"The rows of {names} contain more text than an Arrow column can hold, 2 GiB. "
                "Every row repeats the paragraph of its annotation, so break long paragraphs "
                "that have many annotations into several lines."
            ) from error

        for writer, table in zip(self.writers, tables, strict=True):
            writer.add(table)
        self.documents += len(documents)
        self.characters += sum([len(document.text) for document in documents])
        if self.documents >= GROUP_DOCUMENTS or self.characters >= GROUP_CHARACTERS:
            self._write()

    def _write(self) -> None:
        """Write the current row group of every config."""
        for writer in self.writers:
            writer.write()
        self.documents = 0
        self.characters = 0

    def close(self) -> tuple[ShardFile, ...]:
        """Write the last row groups and return the descriptions of the files."""
        self._write()
        return tuple([writer.close() for writer in self.writers])


def compile_shard(shard: Shard, scope: Scope, folder: str) -> Result:
    """Read, check and compile the documents of a shard.

    ``folder`` is the dataset repository, in which ``data/<config>`` exists for every config.

    Raises:
        RefusedError: a column has 2 GiB or more of text.

    """
    registries, _ = scope.read_registries()
    writer = _ShardWriter(Path(folder), shard, registries)
    result = check_shard(shard, scope, writer.add)
    return replace(result, files=writer.close())


def read_first_rows(path: Path) -> list[Mapping[str, Any]]:
    """Return at most twenty rows from the start of a file, as ``datasets`` shows them."""
    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(batch_size=20), None)
        rows: list[Mapping[str, Any]] = batch.to_pylist() if batch else []
    return rows


def compile_bench(folder: Path, root: Path, configs: Sequence[Config]) -> list[ShardFile]:
    """Compile the configs that have one row per frozen item of a corpus.

    Raises:
        RefusedError: the frozen items are damaged.

    """
    if not configs:
        return []

    items = read_frozen(root).items
    documents = read_index(root)[0].records
    files = []
    for config in configs:
        writer = _FileWriter(folder, config, "test", "test-00000-of-00001")
        writer.add(build_bench_table(config, items[name_task(config)], documents))
        writer.write()
        files.append(writer.close())
    return files


def compile_registries(folder: Path, registries: Registries) -> list[ShardFile]:
    """Compile the configs that have one row per registry entry."""
    files = []
    for config in REGISTRY_CONFIGS:
        writer = _FileWriter(folder, config, "train", "train-00000-of-00001")
        writer.add(build_registry_table(config, registries))
        writer.write()
        files.append(writer.close())
    return files
