"""What an earlier run saw and made, so that the next one does only what has changed.

A value is reused if everything that it depends on is the same: code, schemas and libraries, the
registries, the metadata of its documents, and the size, times and inode of each file. If those of
a file differ, its bytes are compared.
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
from readout.scale.workers import Options, work_on

Stamp: TypeAlias = tuple[int, int, int, int]
"""Size, time of modification, time of change of the inode, and number of the inode of a file."""
FOLDER: Stamp = (0, 0, 0, 0)
LINKED_FOLDER: Stamp = (1, 0, 0, 0)
V = TypeVar("V")


# ---------------------------------------------------------------- what is there


def scan(top: str, settled: int) -> dict[str, dict[str, Stamp]]:
    """Return the stamp of every file below a folder: by folder, then by name.

    A file that was changed at ``settled`` or later could change again without a new time, so its
    stamp equals no other; nor does that of a link that leads nowhere. Linked folders are not
    entered, since they may lead anywhere.
    """
    found: dict[str, dict[str, Stamp]] = {}
    pending = [top]
    while pending:
        folder = pending.pop()
        found[folder] = scan_folder(folder, settled)
        names = [name for name, stamp in found[folder].items() if stamp is FOLDER]
        pending += [f"{folder}/{name}" for name in names]
    return found


def scan_folder(folder: str, settled: int) -> dict[str, Stamp]:
    """Return the stamp of everything in a folder, by name."""
    stamps = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            try:
                if not entry.is_dir():
                    stamp = _to_stamp(entry.stat(), settled)
                else:
                    stamp = LINKED_FOLDER if entry.is_symlink() else FOLDER
            except OSError:
                stamp = _doubt(settled)
            stamps[entry.name] = stamp
    return stamps


def _to_stamp(status: os.stat_result, settled: int) -> Stamp:
    modified, changed = status.st_mtime_ns, status.st_ctime_ns
    if modified >= settled or changed >= settled:
        return _doubt(settled)
    return status.st_size, modified, changed, status.st_ino


def _doubt(settled: int) -> Stamp:
    """Return a stamp that no other run gives."""
    return settled, -1, -1, -1


def _stamp_file(path: Path, settled: int) -> Stamp | None:
    """Return the stamp of a file; None if there is none."""
    try:
        return _to_stamp(path.stat(), settled)
    except (OSError, ValueError):
        return None


class Snapshot:
    """A corpus folder when a run began: the stamp of every file that a check or a build reads.

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
        for folder, _ in self.scope.folders:
            if folder not in self.folders:  # a check reads these even if they are linked
                self.folders[folder] = scan_folder(f"{root}/{folder}", settled)

    @cached_property
    def scope(self) -> Scope:
        """What the documents of every shard are checked against."""
        annotators = tuple(read.iter_annotators(self.root))
        return Scope(str(self.root.resolve()), annotators, hash_registries(self.root))

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self.folders.get(read.TEXTS, ()))

    def hash_all(self) -> str:
        """Return the hash of every name and stamp."""
        return hash_value((str(self.root.resolve()), self.folders, self.others))

    def hash_frame(self, index: bytes) -> str:
        """Return the hash of all but the contents of texts and layers.

        ``index`` are the bytes of ``documents.jsonl``.
        """
        frame: dict[str, object] = {}
        for folder, stamps in self.folders.items():
            frame[folder] = list(stamps) if _is_of_documents(folder) else stamps
        return hash_value((self.scope, sha256(index).digest(), frame))

    def hash_shard(self, shard: Shard) -> str:
        """Return the hash of all that a shard's result depends on, its files by their stamps."""
        names = [meta.doc_id for meta in shard.documents]
        stamps = {}
        for folder, suffix in self.scope.folders:
            if files := self.folders.get(folder):
                stamps[folder] = [files.get(name + suffix) for name in names]
        return hash_value((self.scope, shard.name, shard.metadata, stamps))


def _is_of_documents(folder: str) -> bool:
    whole = (read.TEXTS, read.GOLD, read.ADJUDICATION)
    return folder in whole or folder.startswith(f"{read.BY}/")


def hash_value(value: object) -> str:
    """Return the hash of plain data."""
    try:
        raw = msgspec.msgpack.encode(value)
    except (UnicodeEncodeError, OverflowError):  # a name that is not UTF-8, an inode of 128 bits
        raw = repr(value).encode()
    return sha256(raw).hexdigest()


# ---------------------------------------------------------------- what is known


@cache
def hash_environment() -> str:
    """Return the hash of what results depend on beside the corpus: code, schemas, libraries."""
    package = Path(__file__).parents[1]
    files = sorted([*package.rglob("*.py"), *schema_folder().iterdir()])

    # Asking for versions takes longer than all the rest of a run in which nothing has changed.
    libraries = ("pyarrow", "numpy", "msgspec", "jsonschema_rs", "jsonschema")
    specs = [find_spec(name) for name in libraries]
    files += [Path(spec.origin) for spec in specs if spec and spec.origin]

    stamps = [(str(path), _stamp_file(path, sys.maxsize)) for path in files]
    return hash_value((__version__, sys.hexversion, stamps))


class Cache:
    """Values of earlier work, each under the hash of everything that it depends on.

    What a run neither finds nor keeps is dropped when the cache is written. A cache file may be
    deleted at any time; one that is damaged or of another version counts as empty. Without a path
    nothing is found or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._kept: dict[str, bytes | memoryview] = {}

    @cached_property
    def _known(self) -> dict[str, memoryview]:
        try:
            raw = self.path.read_bytes() if self.path else b""
        except OSError:
            return {}
        environment, values = _decode(raw, tuple[str, dict[str, memoryview]]) or ("", {})
        return values if environment == hash_environment() else {}

    def is_empty(self) -> bool:
        """Tell whether there is nothing to be found."""
        return not self._known

    def find(self, key: str, value_class: type[V]) -> V | None:
        """Return the value of a key; None if there is none."""
        raw = self._kept.get(key) or self._known.get(key)
        if raw is None:
            return None
        self._kept[key] = raw
        return _decode(raw, value_class)

    def keep(self, key: str, value: object) -> None:
        """Keep a value for later runs."""
        self._kept[key] = msgspec.msgpack.encode(value)

    def write(self) -> None:
        """Write the values of this run in one step, unless the folder cannot be written."""
        if self.path is None:
            return
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(msgspec.msgpack.encode((hash_environment(), self._kept)))
            partial.replace(self.path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _decode(raw: bytes | memoryview, value_class: type[V]) -> V | None:
    try:
        return msgspec.msgpack.decode(raw, type=value_class)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


# ---------------------------------------------------------------- what is done


def map_shards(
    work: Callable[[Shard], Result],
    shards: Sequence[Shard],
    snapshot: Snapshot,
    cache: Cache,
    options: Options,
    is_usable: Callable[[Result], bool] = lambda result: True,
) -> list[Result]:
    """Return the result of every shard, in order: a usable one of the cache, or a new one."""
    scope = snapshot.scope
    keys = [snapshot.hash_shard(shard) for shard in shards]
    results: dict[int, Result] = {}
    for number, (shard, key) in enumerate(zip(shards, keys, strict=True)):
        known = _find_result(shard, key, scope, cache, options.verify)
        if known is not None and is_usable(known):
            results[number] = known

    fresh = [number for number in range(len(shards)) if number not in results]
    tasks = [shards[number] for number in fresh]
    documents = sum([len(shard.documents) for shard in shards])
    for position, result in work_on(tasks, work, options, documents):
        number = fresh[position]
        results[number] = result
        if result.content:
            same = _hash_content(shards[number], scope, result.content)
            cache.keep(keys[number], same)
            cache.keep(same, result)
    return [results[number] for number in range(len(shards))]


def _find_result(shard: Shard, key: str, scope: Scope, cache: Cache, verify: bool) -> Result | None:
    """Return the result that was kept for the same stamps or, failing that, for the same bytes."""
    same = None if verify else cache.find(key, str)
    if same is None and not cache.is_empty():
        same = _hash_content(shard, scope, hash_shard(shard, scope))
        cache.keep(key, same)
    return None if same is None else cache.find(same, Result)


def _hash_content(shard: Shard, scope: Scope, content: str) -> str:
    """Return the hash of all that a shard's result depends on, its files by their bytes."""
    return hash_value((scope, shard.name, shard.metadata, content))
