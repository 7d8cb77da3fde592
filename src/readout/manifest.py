"""What an earlier run saw and made, so that the next one does only what has changed.

A shard is taken over when its key is the same: the versions of all code and schemas, the registries, its documents'
metadata, and name, size, times and inode of each of its files. Whatever is in doubt counts as changed. A manifest is
written in one step and may be deleted at any time.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR
from typing import Generic, NamedTuple, TypeVar

import msgspec

from readout._version import __version__
from readout.corpus import read
from readout.corpus.schema import schema_folder
from readout.model import Document
from readout.survey import Scope, Shard

SLACK_NS = 2_000_000_000
"""A file changed less than two seconds before a run began may change again without a new time (FAT counts in twos)."""
Stamp = tuple[int, int, int, int]
"""Size, time of modification, time of change of the inode, and number of the inode of a file."""
R = TypeVar("R")


class Key(NamedTuple):
    """What a result depends on: ``scope`` by content, its files by their ``stamps`` and by their ``content``.

    An empty string equals nothing: the files are so new that a change could go unseen, or could not be read.
    """

    scope: str
    stamps: str
    content: str

    def fits(self, other: Key, verify: bool) -> bool:
        """Tell whether a result that was made under the other key still holds, by stamps or, to verify, by content."""
        part = 2 if verify else 1
        return self.scope == other.scope and self[part] == other[part] != ""


class Entry(msgspec.Struct, Generic[R], frozen=True):
    """A result and the key under which it was made."""

    key: Key
    result: R


def stamp(path: str | Path) -> Stamp | None:
    """Return the stamp of a file; None where there is none."""
    try:
        return _to_stamp(Path(path).stat())
    except (OSError, ValueError):
        return None


def _to_stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def scan_folder(folder: str | Path) -> dict[str, Stamp]:
    """Return the stamp of every file directly in a folder, by name."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, _find_status(entry)) for entry in entries]
    except OSError:
        return {}
    return {
        name: _to_stamp(status) if status else UNSETTLED
        for name, status in found
        if not status or not S_ISDIR(status.st_mode)
    }


UNSETTLED: Stamp = (0, 2**63, 2**63, 0)
"""The stamp of what has none, such as a link that leads nowhere: newer than any run, so that it is always in doubt."""


def _find_status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


def is_settled(stamps: Collection[Stamp], started: int) -> bool:
    """Tell whether files were all changed so long before a run began that any later change shows."""
    newest = max(max(map(itemgetter(number), stamps), default=0) for number in (1, 2))
    return newest < started - SLACK_NS


@cache
def hash_world() -> str:
    """Return a hash of everything but the corpus that results depend on: code, schemas and libraries."""
    digest = sha256(__version__.encode())
    package = Path(__file__).parent
    for folder in (package, *sorted(path for path in package.iterdir() if path.is_dir()), schema_folder()):
        digest.update(repr(sorted(scan_folder(folder).items())).encode())
    for name in ("pyarrow", "numpy", "msgspec", "jsonschema_rs", "jsonschema"):
        spec = find_spec(name)  # to ask for versions takes longer than all else that is done where nothing has changed
        digest.update(f"{name} {spec and spec.origin and stamp(spec.origin)}\n".encode())
    return digest.hexdigest()


class Files:
    """The stamps of a corpus's files of documents, folder by folder."""

    def __init__(self, root: Path, annotators: Iterable[str]) -> None:
        self.folders = {
            (read.TEXTS, ".txt"): scan_folder(root / read.TEXTS),
            (read.GOLD, ".jsonl"): scan_folder(root / read.GOLD),
            (read.ADJUDICATION, ".jsonl"): scan_folder(root / read.ADJUDICATION),
        }
        for name in annotators:
            self.folders[f"{read.BY}/{name}", ".jsonl"] = scan_folder(root / read.BY / name)

    def iter_stamps(self, documents: Iterable[Document]) -> Iterator[Stamp | None]:
        """Yield the stamp of each file that documents can have, None for those that are not there."""
        folders = [(suffix, stamps) for (_, suffix), stamps in self.folders.items()]
        for meta in documents:
            for suffix, stamps in folders:
                yield stamps.get(meta.doc_id + suffix)

    def count(self) -> int:
        """Return the number of texts."""
        return len(self.folders[read.TEXTS, ".txt"])

    @cached_property
    def hash(self) -> str:
        """A hash of all names and stamps."""
        digest = sha256()
        for (folder, _), stamps in self.folders.items():
            digest.update(f"{folder}\n".encode())
            names = sorted(stamps)
            digest.update("\0".join(names).encode(errors="backslashreplace"))
            digest.update(msgspec.json.encode(list(map(stamps.get, names))))
        return digest.hexdigest()

    def is_settled(self, started: int) -> bool:
        """Tell whether no file is so new that a change could go unseen."""
        return all(is_settled(stamps.values(), started) for stamps in self.folders.values())


def find_key(shard: Shard, scope: Scope, files: Files, started: int, content: str = "") -> Key:
    """Return the key of a shard in a run that began at a time."""
    stamps = list(files.iter_stamps(shard.documents))
    settled = is_settled([each for each in stamps if each], started)
    known = (hash_world(), scope, shard.name, shard.documents)
    return Key(_hash(known), _hash(stamps) if settled else "", content)


def _hash(value: object) -> str:
    return sha256(msgspec.json.encode(value)).hexdigest()


M = TypeVar("M")


def read_manifest(path: Path, manifest_class: type[M]) -> M | None:
    """Return an earlier manifest; None where there is none that can be read."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=manifest_class)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def write_manifest(path: Path, manifest: object) -> None:
    """Write a manifest in one step; a folder that cannot be written gets none."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(msgspec.msgpack.encode(manifest))
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
