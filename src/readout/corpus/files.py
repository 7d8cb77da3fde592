"""A folder that takes the place of another one, whole or not at all; one process at a time works on it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Wait until no other process works on ``target``, and remove what an earlier one left when it was killed."""
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / f".{target.name}.lock"):
        for litter in target.parent.glob(f".{target.name}-*"):
            shutil.rmtree(litter, ignore_errors=True)
        for litter in target.parent.glob(f"{manifest_path(target).name}.*"):
            litter.unlink(missing_ok=True)
        _restore(target)
        yield


def manifest_path(target: Path) -> Path:
    """Return the path of the manifest of what was built at ``target``."""
    return target.parent / f".{target.name}.manifest"


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside a locked ``target`` that is removed at the end, or after :func:`swap_in` the old one.

    Whatever happens in between, the target stays as it was.
    """
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def written_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of ``target`` at the end, whole, or vanishes on any exception."""
    with locked(target), replaced_folder(target) as folder:
        yield folder
        swap_in(folder, target)


def swap_in(folder: Path, target: Path) -> None:
    """Put ``folder`` in the place of ``target`` and, where there was one, the old target in the place of ``folder``."""
    if not target.exists():
        folder.rename(target)
    elif not _exchange(folder, target):
        aside = _aside(target)
        target.rename(aside)
        try:
            folder.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside, ignore_errors=True)  # Windows keeps files that a reader has open, for the next run


def _aside(target: Path) -> Path:
    return target.parent / f".{target.name}.old"


def _restore(target: Path) -> None:
    """Mend what a process left that was killed between the two renames of :func:`swap_in`."""
    aside = _aside(target)
    if aside.exists() and not target.exists():
        aside.rename(target)
    elif aside.exists():
        shutil.rmtree(aside, ignore_errors=True)


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h


def _exchange(left: Path, right: Path) -> bool:
    """Exchange two folders in one step where the system can (renameat2(2), Linux ≥ 3.15); tell whether it did."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    result: int = renameat2(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE)
    return result == 0


FileBytes: TypeAlias = dict[str, bytes]
"""The content of files by path, relative to a corpus folder or to another one that they are written into."""


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files of a corpus, each in one step: a reader sees the old one or the new one."""
    for path, raw in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        partial.write_bytes(raw)
        partial.replace(target)
