"""Division of a corpus into shards.

A shard is what one task works on, what the cache keeps, and what one Parquet file contains.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import msgspec

from readout.corpus import read
from readout.corpus.read import read_bytes, read_registries
from readout.model import AnnotatedDocument, Document, RecordFile, Registries, Split
from readout.problem import Problem


class Scope(msgspec.Struct, frozen=True):
    """What a shard needs to know of its corpus.

    It is the folder, the annotators and reviewers, and the hash of the registries.
    """

    root: str
    annotators: tuple[str, ...]
    registries: str
    reviewers: tuple[str, ...] = ()

    @property
    def folders(self) -> list[tuple[str, str]]:
        """The folders with one file per document, and the suffix of the files; texts come first."""
        layers = (read.GOLD, *[f"{read.BY}/{name}" for name in self.annotators])
        reviews = [f"{read.REVIEWS}/{name}" for name in self.reviewers]
        names = (*layers, read.ADJUDICATION, read.SUGGESTIONS, *reviews)
        folders = [(folder, ".jsonl") for folder in names]
        return [(read.TEXTS, ".txt"), *folders]

    def read_registries(self) -> tuple[Registries, list[Problem]]:
        """Return the registries of the corpus and their problems.

        A process reads them only once.

        Raises:
            OSError: the registries changed after the scope was made.

        """
        return _read_registries(self.root, self.registries)


@lru_cache(maxsize=1)
def _read_registries(root: str, expected: str) -> tuple[Registries, list[Problem]]:
    registries, problems = read_registries(Path(root))
    if hash_registries(Path(root)) != expected:
        message = f"The registries in {root!r} changed while they were in use."
        raise OSError(f"{message} Run the command again.")
    return registries, problems


def hash_registries(root: Path) -> str:
    """Return the hash of the files that rules compare documents with.

    They are the registries, the topic codes and the guidelines.
    """
    registries = [f"annotations/{name}.jsonl" for name in read.REGISTRY_FILES]
    digest = sha256()
    for path in (*registries, read.IPTC, read.GUIDELINES):
        raw, _ = read_bytes(root, path)
        content = str(os.path.lexists(root / path)) if raw is None else sha256(raw).hexdigest()
        digest.update(f"{path}\n{content}\n".encode())
    return digest.hexdigest()


class Shard(msgspec.Struct, frozen=True):
    """Some documents of one split, which has ``total`` shards.

    ``lines`` are the numbers of the documents' lines in ``documents.jsonl``, and ``metadata`` is
    the hash of these lines.
    """

    split: Split
    number: int
    total: int
    documents: tuple[Document, ...]
    lines: tuple[int, ...]
    metadata: str

    @property
    def name(self) -> str:
        """The name of the shard's files, without suffix."""
        return f"{self.split}-{self.number:05}-of-{self.total:05}"


class ShardFile(msgspec.Struct, frozen=True):
    """The description of a Parquet file.

    ``path`` is relative to the dataset repository. ``size`` is the size of the file in bytes, and
    ``num_bytes`` that of its values in memory. ``content`` is the content hash of its rows.
    """

    config: str
    split: str
    path: str
    rows: int
    num_bytes: int
    size: int
    sha256: str
    content: str


class Result(msgspec.Struct, frozen=True):
    """The problems and counts of a shard, and the files that were made from it.

    ``counts`` is encoded because decoded counts of many shards would take much memory. ``content``
    is the hash of all bytes that were read; it is empty if the result must not be reused. If a
    problem is an error, the files are incomplete.
    """

    problems: tuple[Problem, ...]
    counts: bytes
    content: str
    files: tuple[ShardFile, ...] = ()


def count_shards(documents: int, per_shard: int = 100, max_shards: int = 4_096) -> int:
    """Return the number of shards for a split with this number of documents.

    It is a power of two, so that a growing corpus keeps its shards until it has doubled. On average
    a shard has from ``per_shard / 2`` to ``per_shard`` documents, and more once there are
    ``max_shards``: file systems and the Hub become slow with more files.
    """
    return min(1 << (documents // per_shard).bit_length(), max_shards)


def plan_shards(index: RecordFile[Document], per_shard: int = 100) -> list[Shard]:
    """Return the shards of every split, each of which has at least one.

    The shard of a document depends only on its id (by CRC-32) and on the number of shards.
    """
    raw_lines = index.raw.split(b"\n")
    by_split: dict[Split, list[tuple[Document, int]]] = {split: [] for split in read.SPLITS}
    for meta, line in zip(index.records, index.lines, strict=True):
        by_split[meta.split].append((meta, line))

    shards = []
    for split, entries in by_split.items():
        total = count_shards(len(entries), per_shard)
        parts: list[list[tuple[Document, int]]] = [[] for _ in range(total)]
        for meta, line in entries:
            parts[crc32(meta.doc_id.encode()) % total].append((meta, line))

        for number, part in enumerate(parts):
            documents = tuple([meta for meta, _ in part])
            lines = tuple([line for _, line in part])
            raw = b"\n".join([raw_lines[line - 1] for line in lines])
            metadata = sha256(raw).hexdigest()
            shards.append(Shard(split, number, total, documents, lines, metadata))
    return shards


def iter_batches(
    documents: Iterable[AnnotatedDocument],
    max_documents: int = 100,
    max_characters: int = 500_000,
) -> Iterator[Sequence[AnnotatedDocument]]:
    """Yield documents in batches, each of which ends with the one that reaches a limit.

    Work on a batch costs much less than work on each of its documents, and needs an amount of
    memory that does not grow with the corpus.
    """
    batch: list[AnnotatedDocument] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if len(batch) >= max_documents or characters >= max_characters:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def hash_shard(shard: Shard, scope: Scope) -> str:
    """Return the hash of all bytes in a shard's files; it is empty if one cannot be read.

    It equals :attr:`Result.content`.
    """
    root = Path(scope.root)
    content = sha256()
    for meta in shard.documents:
        paths = [f"{folder}/{meta.doc_id}{suffix}" for folder, suffix in scope.folders]
        text, *layers = [read_bytes(root, path)[0] for path in paths]
        if text is None:
            return ""

        files = list(zip(paths[1:], layers, strict=True))
        unread = [path for path, raw in files if raw is None]
        if any(os.path.lexists(root / path) for path in unread):
            return ""
        content.update(describe_content(sha256(text).hexdigest(), files))
    return content.hexdigest()


def describe_content(text: str, files: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Return the bytes that represent a document in the hash of a shard's content.

    They are ``text``, the hash of its text, and path and hash of each other file. The bytes of a
    missing file are None; an empty file is not a missing one.
    """
    lines = [text]
    for path, raw in files:
        if raw is not None:
            lines.append(f"{path} {sha256(raw).hexdigest()}")
    return "\n".join(lines).encode()
