"""Write files of a corpus: all of them or none, and never over bytes that the writer has not read.

A command says for each file which bytes it had read. The new files are prepared in the folder
``.readout-pending`` of the corpus. Then a journal is written, and every file is renamed into its
place. If a command is killed before the journal is complete, the next one removes what it had
prepared; if it is killed later, the next one finishes the work. A single file is renamed in one
step, so it needs no journal.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from readout.problem import RefusedError

PENDING = ".readout-pending"
"""The folder of a corpus in which new files are prepared; it is there only during a write."""
_JOURNAL = "journal.json"
_LOCK = ".readout.lock"

FileBytes: TypeAlias = dict[str, bytes]
"""The content of files by path, relative to the folder that they are written into."""


class Change(NamedTuple):
    """The bytes of a file before and after a change; None if there is no such file."""

    old: bytes | None
    new: bytes | None


FileChanges: TypeAlias = dict[str, Change]
"""The changes of files by path, relative to the corpus folder, in the order of writing."""


class ChangedMeanwhileError(RefusedError):
    """A file is not as it was when the command read it; nothing was written."""


# ---------------------------------------------------------------- names that become paths

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


def check_name(noun: str, name: str) -> str:
    """Return an id that names a file or a folder.

    Raises:
        RefusedError: the id has another form, is ``gold`` or ``suggestions``, or is a reserved name
            on Windows.

    """
    if not _ID.fullmatch(name):
        raise RefusedError(
            f"The {noun} {name!r} cannot be the name of a file. "
            "Use lower-case letters, digits and hyphens only."
        )
    if name in ("gold", "suggestions") or _RESERVED.fullmatch(name):
        raise RefusedError(f"The {noun} {name!r} has a reserved name. Choose another one.")
    return name


def find_place(root: Path, path: str) -> Path:
    """Return the absolute place of a file in a folder; a link inside the folder is followed.

    Raises:
        RefusedError: the path, or a link on it, leads out of the folder or into ``.git``, or a part
            of it cannot be the name of a file on every system.

    """
    parts = path.split("/")
    for part in parts:
        if part in ("", ".", "..", PENDING) or _UNSAFE.search(part) or _RESERVED.fullmatch(part):
            raise RefusedError(f"The path {path!r} is refused: {part!r} is not a safe name.")

    top = root.resolve()
    try:
        place = top.joinpath(*parts).resolve()
    except RuntimeError as error:  # links in a circle, up to Python 3.12
        raise RefusedError(f"The path {path!r} leads through links in a circle.") from error
    if not place.is_relative_to(top) or ".git" in place.relative_to(top).parts:
        raise RefusedError(
            f"The file {path!r} is a link that leads out of the corpus, so it is not written. "
            "Replace the link by a file."
        )
    return place


def find_generated(root: Path, path: str) -> Path:
    """Return the absolute place of a generated file, which is a regular file or missing.

    Raises:
        RefusedError: the path is not safe, is something else, or leads through a link. The file at
            the end of a link was not generated, and would be lost.

    """
    place = find_place(root, path)
    if place != root.resolve().joinpath(path):
        raise RefusedError(
            f"The path {path!r} leads through a link, so it is not written. Remove the link."
        )
    _read_present(place)
    return place


# ---------------------------------------------------------------- locks


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Wait until no other process writes into a folder. The lock leaves no file where it can.

    POSIX systems lock the folder itself; Windows and some network file systems cannot, so there
    a file in the folder is locked.
    """
    descriptor = _lock_itself(folder)
    if descriptor is None:
        with locked_file(folder / _LOCK):
            yield
        return
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_itself(folder: Path) -> int | None:
    """Return a descriptor that locks a folder until it is closed; None if that is impossible."""
    try:
        import fcntl
    except ImportError:
        return None

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Wait for the lock of a file. A link, or a file with content, is no lock and is refused."""
    from filelock import FileLock

    with suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size:
            raise RefusedError(f"{str(path)!r} is not a lock of this program. Move it away.")
    with FileLock(path):
        yield


@contextmanager
def locked_corpus(root: Path) -> Iterator[Callable[[Mapping[str, Change]], None]]:
    """Keep other processes from writing a corpus, and give the function that writes changes.

    A command that reads and writes under one lock never loses the update of another one. First of
    all, the work of a killed command is finished or undone.
    """
    root.mkdir(parents=True, exist_ok=True)
    with locked_folder(root):
        _recover(root)
        yield partial(_write, root)


def write_files(root: Path, changes: Mapping[str, Change]) -> None:
    """Write changes of a corpus folder, all or none.

    Raises:
        ChangedMeanwhileError: a file is not as the command had read it.
        RefusedError: a path leads out of the folder, or a file is read-only or no regular file.

    """
    with locked_corpus(root) as write:
        write(changes)


def remove_empty_folders(root: Path, changes: Mapping[str, Change]) -> None:
    """Remove the folders that are empty now that the changes removed their files."""
    for path, change in changes.items():
        if change.new is None:
            with suppress(OSError):
                find_place(root, path).parent.rmdir()


def write_generated(root: Path, changes: Mapping[str, Change]) -> None:
    """Write changes of generated files as :func:`write_files` does, but follow no links.

    Raises:
        RefusedError: a path leads through a link: what it leads to was not generated.

    """
    for path in changes:
        find_generated(root, path)
    write_files(root, changes)


def recover_corpus(root: Path) -> None:
    """Finish or undo the work of a killed command, if there is any."""
    if os.path.lexists(root / PENDING):
        with locked_corpus(root):
            pass


def replace_file(place: Path, raw: bytes) -> None:
    """Replace a file that belongs to no corpus, such as one that git lends, in one step.

    No lock is taken, and the work of a killed command is left alone: git is in the middle of its
    own work on the folder.
    """
    new = place.with_name(f"{place.name}.new")
    stream = new.open("xb")  # a file of another owner is refused, and stays
    try:
        with stream:
            stream.write(raw)
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


# ---------------------------------------------------------------- all or none


class _Step(NamedTuple):
    """A change in the journal: the path of a file, and its SHA-256 before and after."""

    path: str
    old: str | None
    new: str | None


def _write(root: Path, changes: Mapping[str, Change]) -> None:
    places = {path: find_place(root, path) for path in changes}
    if len(set(places.values())) < len(places):
        raise RefusedError("Two of the files to write are links to the same file.")
    _refuse_conflicts(places, changes)

    needed = {path: change for path, change in changes.items() if change.old != change.new}
    if not needed:
        return
    for path in needed:
        _refuse_read_only(root, path, places[path])

    pending = root / PENDING
    created: list[Path] = []
    pending.mkdir()
    try:
        for number, (path, change) in enumerate(needed.items()):
            _prepare(pending / str(number), places[path], change.new, created)
        _refuse_conflicts(places, changes)
        steps = _to_steps(root, places, needed)
        if len(steps) > 1:
            _write_journal(pending, steps)
    except BaseException:
        _remove_pending(pending)
        for folder in reversed(created):
            with suppress(OSError):
                folder.rmdir()
        raise
    _finish(root, steps)


def _refuse_conflicts(places: Mapping[str, Path], changes: Mapping[str, Change]) -> None:
    for path, change in changes.items():
        if _read_present(places[path]) == change.old:
            continue
        if change.old is None:
            raise ChangedMeanwhileError(
                f"The file {path!r} exists already, and would be lost. Nothing was written. "
                "Move the file away and run the command again."
            )
        raise ChangedMeanwhileError(
            f"The file {path!r} changed meanwhile. Nothing was written. Run the command again."
        )


def _read_present(place: Path) -> bytes | None:
    """Return the bytes of a regular file; None if there is none."""
    try:
        found = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise RefusedError(f"{str(place)!r} is not a regular file, so it is not written.")
    return place.read_bytes()


def _refuse_read_only(root: Path, path: str, place: Path) -> None:
    folder = next(parent for parent in place.parents if parent.exists())
    if not folder.is_dir():
        raise RefusedError(f"{str(folder)!r} is not a folder, so {path!r} is not written.")
    if not is_writable(folder) or (place.exists() and not is_writable(place)):
        raise RefusedError(
            f"The file {path!r}, or its folder, is read-only. Nothing was written. "
            "Make it writable and run the command again."
        )
    if folder.stat().st_dev != root.stat().st_dev:
        raise RefusedError(
            f"The folder of {path!r} is on another file system than the corpus, so the file cannot "
            "be replaced in one step."
        )


def is_writable(path: Path) -> bool:
    """Return whether a file or folder may be written; the mode binds the superuser too."""
    return bool(path.stat().st_mode & 0o222) and os.access(path, os.W_OK)


def _prepare(file: Path, place: Path, new: bytes | None, created: list[Path]) -> None:
    """Write the new bytes of a file, with the mode of the old file, and make its folder."""
    if new is None:
        return
    missing = [parent for parent in place.parents if not parent.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        created.append(folder)

    with file.open("xb") as stream:
        stream.write(new)
        stream.flush()
        os.fsync(stream.fileno())
    if place.exists():
        file.chmod(stat.S_IMODE(place.stat().st_mode))


def _to_steps(root: Path, places: Mapping[str, Path], changes: Mapping[str, Change]) -> list[_Step]:
    top = root.resolve()
    steps = []
    for path, change in changes.items():
        name = places[path].relative_to(top).as_posix()
        steps.append(_Step(name, _hash(change.old), _hash(change.new)))
    return steps


def _hash(raw: bytes | None) -> str | None:
    return None if raw is None else sha256(raw).hexdigest()


def _write_journal(pending: Path, steps: list[_Step]) -> None:
    """Write the journal in one step: from then on, the changes are to be finished."""
    partial_journal = pending / f"{_JOURNAL}.new"
    with partial_journal.open("xb") as stream:
        stream.write(msgspec.json.encode(steps))
        stream.flush()
        os.fsync(stream.fileno())
    partial_journal.rename(pending / _JOURNAL)
    _sync_folder(pending)


def _finish(root: Path, steps: list[_Step]) -> None:
    """Rename prepared files into their places, except those that were renamed before."""
    pending = root / PENDING
    folders = set()
    for number, step in enumerate(steps):
        place = find_place(root, step.path)
        now = _hash(_read_present(place))
        if now == step.new:
            continue
        if now not in (step.old, None):
            raise ChangedMeanwhileError(
                f"The file {step.path!r} changed while a command was writing it, or after that "
                f"command was killed. The bytes to write are in {f'{PENDING}/{number}'!r}. Move "
                f"one of the two away: the file, to finish the command, or the folder {PENDING!r}."
            )
        if step.new is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            (pending / str(number)).replace(place)
        folders.add(place.parent)

    for folder in folders:
        _sync_folder(folder)
    _remove_pending(pending)


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, on systems where a folder can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _recover(root: Path) -> None:
    pending = root / PENDING
    if not os.path.lexists(pending):
        return
    _refuse_foreign(pending)
    journal = pending / _JOURNAL
    if not journal.exists():
        _remove_pending(pending)
        return
    try:
        steps = msgspec.json.decode(journal.read_bytes(), type=list[_Step])
    except msgspec.MsgspecError as error:
        raise _foreign(pending) from error
    _finish(root, steps)


def _refuse_foreign(pending: Path) -> None:
    if pending.is_symlink() or not pending.is_dir():
        raise _foreign(pending)
    for entry in pending.iterdir():
        is_ours = entry.name in (_JOURNAL, f"{_JOURNAL}.new") or entry.name.isdecimal()
        if not is_ours or entry.is_symlink() or not entry.is_file():
            raise _foreign(pending)


def _foreign(pending: Path) -> RefusedError:
    return RefusedError(
        f"{str(pending)!r} was not made by this program, which uses this name. Move it away."
    )


def _remove_pending(pending: Path) -> None:
    """Remove the journal first: without it, what is left counts as not begun."""
    (pending / _JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(pending)
