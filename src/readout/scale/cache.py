"""Cache of the results of earlier runs.

A result is reused if everything that it depends on is the same: code, schemas and libraries, the
registries, the metadata of its documents, and the size, times and inode of each file. If these
differ for a file, its bytes are compared.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from readout._version import __version__
from readout.corpus import read
from readout.corpus.schema import schema_folder
from readout.scale.shards import Result, Scope, Shard, hash_registries, hash_shard
from readout.scale.workers import Options, iter_results

Stamp: TypeAlias = tuple[int, int, int, int]
"""Size, modification time, inode change time (both in ns) and inode number of a file."""
FOLDER: Stamp = (0, 0, 0, 0)
"""The stamp of every folder."""
LINKED_FOLDER: Stamp = (1, 0, 0, 0)
"""The stamp of every link to a folder."""
V = TypeVar("V")


# ---------------------------------------------------------------- stamps of files


def scan(top: str, settled: int) -> dict[str, dict[str, Stamp]]:
    """Return the stamps of all files below a folder, by folder and then by name.

    A file that changed at ``settled`` (ns) or later may change again without a new time, so it gets
    a stamp that differs from all others, as does a broken link. Links to folders are not followed,
    since they may lead anywhere.
    """
    by_folder: dict[str, dict[str, Stamp]] = {}
    pending = [top]
    while pending:
        folder = pending.pop()
        stamps = scan_folder(folder, settled)
        by_folder[folder] = stamps
        pending += [f"{folder}/{name}" for name, stamp in stamps.items() if stamp is FOLDER]
    return by_folder


def scan_folder(folder: str, settled: int) -> dict[str, Stamp]:
    """Return the stamps of the entries of a folder by name; none if it cannot be read."""
    stamps = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            try:
                if not entry.is_dir():
                    stamp = _to_stamp(entry.stat(), settled)
                elif entry.is_symlink():
                    stamp = LINKED_FOLDER
                else:
                    stamp = FOLDER
            except OSError:
                stamp = _unique_stamp(settled)
            stamps[entry.name] = stamp
    return stamps


def _to_stamp(status: os.stat_result, settled: int) -> Stamp:
    modified, changed = status.st_mtime_ns, status.st_ctime_ns
    if modified >= settled or changed >= settled:
        return _unique_stamp(settled)
    return status.st_size, modified, changed, status.st_ino


def _unique_stamp(settled: int) -> Stamp:
    """Return a stamp that no other run returns."""
    return settled, -1, -1, -1


def _stamp_file(path: Path, settled: int) -> Stamp | None:
    """Return the stamp of a file; None if there is no file."""
    try:
        return _to_stamp(path.stat(), settled)
    except (OSError, ValueError):
        return None


class Snapshot:
    """The stamps of all files that a check or a build reads, taken when it starts.

    ``slack`` is :attr:`readout.scale.workers.Options.slack`. ``others`` are files outside the
    folders of data, by their path in the corpus.

    Raises:
        UnreadableCorpusError: ``root`` has no ``raw/documents.jsonl``.

    """

    def __init__(self, root: Path, slack: float, others: Iterable[str] = ()) -> None:
        read.require_corpus(root)
        settled = time.time_ns() - int(slack * 1e9)
        self.root = root
        self.others = {path: _stamp_file(root / path, settled) for path in others}
        self.folders: dict[str, dict[str, Stamp]] = {}
        for top in ("raw", "annotations", read.UNPLACED):
            if top not in self.folders:
                for folder, stamps in scan(f"{root}/{top}", settled).items():
                    self.folders[folder[len(str(root)) + 1 :]] = stamps

        # A check reads these folders even if they are links.
        for folder, _ in self.scope.folders:
            if folder not in self.folders:
                self.folders[folder] = scan_folder(f"{root}/{folder}", settled)

        # A link may be changed to another place with the same files, outside the corpus.
        self.places = [str((root / folder).resolve()) for folder in self.folders]

    @cached_property
    def scope(self) -> Scope:
        """What every shard needs to know of the corpus."""
        annotators = tuple(read.iter_annotators(self.root))
        reviewers = tuple(read.iter_reviewers(self.root))
        root = str(self.root.resolve())
        return Scope(root, annotators, hash_registries(self.root), reviewers)

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self.folders.get(read.TEXTS, ()))

    def hash_all(self) -> str:
        """Return the hash of all names and stamps."""
        return hash_value((self.places, self.folders, self.others))

    def hash_surroundings(self, index: bytes) -> str:
        """Return the hash of everything but the contents of texts and layers.

        ``index`` is the content of ``documents.jsonl``.
        """
        folders: dict[str, object] = {}
        for folder, stamps in self.folders.items():
            has_documents = _has_documents(folder)
            folders[folder] = list(stamps) if has_documents else stamps
        return hash_value((self.scope, self.places, sha256(index).digest(), folders))

    def hash_shard(self, shard: Shard) -> str:
        """Return the hash of everything that a shard's result depends on, with stamps of files."""
        names = [meta.doc_id for meta in shard.documents]
        stamps = {}
        for folder, suffix in self.scope.folders:
            files = self.folders.get(folder)
            if files:
                stamps[folder] = [files.get(name + suffix) for name in names]
        return hash_value((self.scope, self.places, shard.name, shard.metadata, stamps))

    def hash_content(self, shard: Shard, content: str) -> str:
        """Return the hash of everything that a shard's result depends on, with bytes of files."""
        return hash_value((self.scope, self.places, shard.name, shard.metadata, content))


def _has_documents(folder: str) -> bool:
    """Return whether a folder has one file per document."""
    if folder.startswith((f"{read.BY}/", f"{read.REVIEWS}/")):
        return True
    return folder in (read.TEXTS, read.GOLD, read.ADJUDICATION, read.SUGGESTIONS)


def hash_value(value: object) -> str:
    """Return the hash of plain data."""
    try:
        raw = msgspec.msgpack.encode(value)
    except (UnicodeEncodeError, OverflowError):  # a name that is not UTF-8, a 128-bit inode
        raw = repr(value).encode()
    return sha256(raw).hexdigest()


# ---------------------------------------------------------------- results of earlier runs


@cache
def hash_environment() -> str:
    """Return the hash of what results depend on besides the corpus: code, schemas, libraries."""
    package = Path(__file__).parents[1]
    files = sorted([*package.rglob("*.py"), *schema_folder().iterdir()])

    # Compare the main file of each library instead of its version: reading the versions would take
    # longer than the rest of a run in which nothing changed.
    libraries = ("pyarrow", "numpy", "msgspec", "jsonschema_rs", "jsonschema")
    specs = [find_spec(name) for name in libraries]
    files += [Path(spec.origin) for spec in specs if spec and spec.origin]

    stamps = [(str(path), _stamp_file(path, sys.maxsize)) for path in files]
    return hash_value((__version__, sys.hexversion, stamps))


class Cache:
    """Values in a file, each under a key that is the hash of everything that it depends on.

    The file may be deleted at any time. If it is damaged, or written in another environment
    (:func:`hash_environment`), the cache is empty. Writing the cache drops the values that this run
    neither found nor kept. A cache without a path stays in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._kept: dict[str, bytes | memoryview] = {}

    @cached_property
    def _known(self) -> dict[str, memoryview]:
        # A link could lead to a device that has no end, or to a private file.
        if self.path is None or self.path.is_symlink() or not self.path.is_file():
            return {}
        try:
            raw = self.path.read_bytes()
        except OSError:
            return {}
        environment, values = _decode(raw, tuple[str, dict[str, memoryview]]) or ("", {})
        return values if environment == hash_environment() else {}

    def is_empty(self) -> bool:
        """Return whether earlier runs left no value."""
        return not self._known

    def find(self, key: str, value_class: type[V]) -> V | None:
        """Return the value of a key; None if there is no such value."""
        raw = self._kept.get(key) or self._known.get(key)
        if raw is None:
            return None
        self._kept[key] = raw
        return _decode(raw, value_class)

    def keep(self, key: str, value: object) -> None:
        """Add a value for later runs."""
        self._kept[key] = msgspec.msgpack.encode(value)

    def write(self) -> None:
        """Replace the file in one step; do nothing if its folder cannot be written.

        The new file is opened exclusively: at a link that somebody put there, the file that the
        link leads to would be overwritten.
        """
        if self.path is None:
            return
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("xb") as stream:
                stream.write(msgspec.msgpack.encode((hash_environment(), self._kept)))
            partial.replace(self.path)
        except FileExistsError:
            return
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _decode(raw: bytes | memoryview, value_class: type[V]) -> V | None:
    try:
        return msgspec.msgpack.decode(raw, type=value_class)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


# ---------------------------------------------------------------- results of this run


def map_shards(
    work: Callable[[Shard], Result],
    shards: Sequence[Shard],
    snapshot: Snapshot,
    cache: Cache,
    options: Options,
    is_usable: Callable[[Result], bool] = lambda result: True,
) -> list[Result]:
    """Return the result of every shard, in order.

    A result in the cache is reused if it ``is_usable``; ``work`` makes the others.
    """
    keys = [snapshot.hash_shard(shard) for shard in shards]
    results: dict[int, Result] = {}
    for number, (shard, key) in enumerate(zip(shards, keys, strict=True)):
        known = _find_result(shard, key, snapshot, cache, options.verify)
        if known is not None and is_usable(known):
            results[number] = known

    fresh = [number for number in range(len(shards)) if number not in results]
    tasks = [shards[number] for number in fresh]
    documents = sum([len(shard.documents) for shard in shards])
    for position, result in iter_results(work, tasks, options, documents):
        number = fresh[position]
        results[number] = result
        if result.content:
            # The hash of the stamps leads to that of the bytes, which leads to the result: if only
            # the stamps change, as in a new checkout, the result is still found.
            by_content = snapshot.hash_content(shards[number], result.content)
            cache.keep(keys[number], by_content)
            cache.keep(by_content, result)
    return [results[number] for number in range(len(shards))]


def _find_result(
    shard: Shard, key: str, snapshot: Snapshot, cache: Cache, verify: bool
) -> Result | None:
    """Return the result for the same stamps or, if there is none, for the same bytes."""
    by_content = None if verify else cache.find(key, str)
    if by_content is None and not cache.is_empty():
        by_content = snapshot.hash_content(shard, hash_shard(shard, snapshot.scope))
        cache.keep(key, by_content)
    if by_content is None:
        return None
    return cache.find(by_content, Result)
