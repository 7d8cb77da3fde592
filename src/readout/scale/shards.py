"""Shards of a corpus: the unit of work, of parallelism, of reuse and of files."""

from __future__ import annotations

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
    """The corpus around a shard: its folder, its annotators, and the hash of its registries."""

    root: str
    annotators: tuple[str, ...]
    registries: str

    @property
    def folders(self) -> list[tuple[str, str]]:
        """The folders that have a file per document, each with its suffix; texts first."""
        layers = (read.GOLD, *[f"{read.BY}/{name}" for name in self.annotators], read.ADJUDICATION)
        return [(read.TEXTS, ".txt"), *[(folder, ".jsonl") for folder in layers]]

    def read_registries(self) -> tuple[Registries, list[Problem]]:
        """Return the registries of the corpus and their problems; a process reads them once.

        Raises:
            OSError: they have changed since the work was planned.

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
    """Return the hash of what documents are checked against: registries, codes and guidelines."""
    registries = [f"annotations/{name}.jsonl" for name in read.REGISTRY_FILES]
    digest = sha256()
    for path in (*registries, read.IPTC, read.GUIDELINES):
        raw, _ = read_bytes(root, path)
        content = str((root / path).exists()) if raw is None else sha256(raw).hexdigest()
        digest.update(f"{path}\n{content}\n".encode())
    return digest.hexdigest()


class Shard(msgspec.Struct, frozen=True):
    """Some documents of one split.

    ``lines`` are the numbers of their lines in ``documents.jsonl``, ``metadata`` is the hash of
    the text of these lines.
    """

    split: Split
    number: int
    of: int
    documents: tuple[Document, ...]
    lines: tuple[int, ...]
    metadata: str

    @property
    def name(self) -> str:
        """Return the name of the shard's files, without their suffix."""
        return f"{self.split}-{self.number:05}-of-{self.of:05}"


class ShardFile(msgspec.Struct, frozen=True):
    """One Parquet file.

    ``num_bytes`` is the size of its values in memory, ``content`` the hash of its rows.
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
    """What was found in a shard, and the files that were made of it.

    ``counts`` is encoded, since a large corpus has many results. ``content`` is the hash of every
    byte that was read, and empty for a result that must not be reused. If there are errors, the
    files are incomplete.
    """

    problems: tuple[Problem, ...]
    counts: bytes
    content: str
    files: tuple[ShardFile, ...] = ()


def count_shards(documents: int, per_shard: int = 100, most: int = 4_096) -> int:
    """Return the number of shards for a split of so many documents.

    It is a power of two, so that a growing corpus keeps its shards until it has doubled; a shard
    then has ``per_shard / 2`` to ``per_shard`` documents. Beyond ``most`` shards, shards grow
    instead, since file systems and Hubs do not like more files.
    """
    return min(1 << (documents // per_shard).bit_length(), most)


def plan_shards(index: RecordFile[Document], per_shard: int = 100) -> list[Shard]:
    """Return the shards of every split, at least one each.

    The CRC-32 of its id assigns a document to a shard, so that it does not depend on the others.
    """
    text = index.raw.split(b"\n")
    places: dict[Split, list[tuple[Document, int]]] = {split: [] for split in read.SPLITS}
    for meta, line in zip(index.records, index.lines, strict=True):
        places[meta.split].append((meta, line))

    shards = []
    for split, whole in places.items():
        of = count_shards(len(whole), per_shard)
        parts: list[list[tuple[Document, int]]] = [[] for _ in range(of)]
        for meta, line in whole:
            parts[crc32(meta.doc_id.encode()) % of].append((meta, line))

        for number, part in enumerate(parts):
            documents = tuple([meta for meta, _ in part])
            lines = tuple([line for _, line in part])
            metadata = sha256(b"\n".join([text[line - 1] for line in lines])).hexdigest()
            shards.append(Shard(split, number, of, documents, lines, metadata))
    return shards


def iter_runs(
    documents: Iterable[AnnotatedDocument], most: int = 100, characters: int = 500_000
) -> Iterator[Sequence[AnnotatedDocument]]:
    """Yield documents in runs that end after so many documents or characters.

    Working on a whole run costs a fraction of working on one document after another, and memory
    does not depend on the number of runs.
    """
    run: list[AnnotatedDocument] = []
    length = 0
    for document in documents:
        run.append(document)
        length += len(document.text)
        if len(run) >= most or length >= characters:
            yield run
            run, length = [], 0
    if run:
        yield run


def hash_shard(shard: Shard, scope: Scope) -> str:
    """Return the hash of every byte of a shard's files; empty if a text cannot be read.

    It is :attr:`Result.content` of the shard.
    """
    root = Path(scope.root)
    content = sha256()
    for meta in shard.documents:
        paths = [f"{folder}/{meta.doc_id}{suffix}" for folder, suffix in scope.folders]
        text, *layers = [read_bytes(root, path)[0] for path in paths]
        if text is None:
            return ""
        files = zip(paths[1:], layers, strict=True)
        content.update(describe_content(sha256(text).hexdigest(), files))
    return content.hexdigest()


def describe_content(text: str, files: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Return the hash of a document's text, then the path and hash of each file that there is.

    The bytes of a missing file are None. An empty file is not a missing one: only one is a problem.
    """
    lines = [text]
    lines += [f"{path} {sha256(raw).hexdigest()}" for path, raw in files if raw is not None]
    return "\n".join(lines).encode()
