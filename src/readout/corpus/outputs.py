"""Write folders and pages of output, and replace nothing but earlier output of the same command.

A folder of output has a list of its files with their hashes, ``SHA256SUMS``, whose first line names
the command. A page ends in a comment with its command and its hash. What is listed and unchanged
may be replaced; everything else is somebody's work, and the command refuses.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from readout.corpus.files import find_place, is_writable, locked_file, locked_folder
from readout.problem import RefusedError, list_first

LIST = "SHA256SUMS"
_HEAD = "# Written by readout {command}; run `sha256sum -c SHA256SUMS` to verify the files.\n"
_HEAD_PATTERN = re.compile(r"# Written by readout ([^;\n]+);")
_MARKER = ".readout-partial"
"""A file in a folder that is being written or removed: the next command may remove the folder."""

Kind: TypeAlias = Literal["missing", "folder", "link", "other"]
SOURCES = ("raw", "annotations", "schema", "submissions")
"""The folders of a corpus that hold its sources."""


# ---------------------------------------------------------------- the guard


class TargetFacts(NamedTuple):
    """What is known of the target of a command before it writes.

    ``target`` is absolute, without links above it. ``inside`` is the folder of sources or of git's
    own files that the target is in. ``command`` is the one that the list of files names, and
    ``strangers`` are the files that are not listed, or changed.
    """

    target: Path
    kind: Kind
    current: Path
    home: Path
    is_corpus: bool = False
    is_repository: bool = False
    is_writable: bool = True
    inside: str | None = None
    command: str | None = None
    strangers: tuple[str, ...] = ()


def find_refusal(command: str, facts: TargetFacts) -> str | None:
    """Return why a command must not replace its target, as a sentence; None if it may."""
    reason = _explain_place(facts)
    if reason is None and facts.kind == "folder" and facts.strangers:
        reason = _explain_strangers(command, facts)
    if reason is None and not facts.is_writable:
        reason = "is read-only"
    if reason is None:
        return None
    advice = "Name another target"
    if facts.strangers:
        advice += ", or move these files away"
    return f"{str(facts.target)!r} {reason}, so nothing was written. {advice}."


def _explain_place(facts: TargetFacts) -> str | None:
    """Return what a target is that no command may replace; None if it is nothing of the kind."""
    target = facts.target
    is_top = target == Path(target.anchor)
    reasons = (
        (facts.kind == "link", "is a link"),
        (facts.kind == "other", "is not a folder"),
        (is_top, "is the top of the file system"),
        (facts.current.is_relative_to(target), "is the current folder or a folder above it"),
        (facts.home.is_relative_to(target), "is the home folder or a folder above it"),
        (facts.is_corpus, "is a corpus folder"),
        (facts.is_repository, "is a git repository"),
        (facts.inside is not None, f"belongs to the protected folder {facts.inside!r}"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _explain_strangers(command: str, facts: TargetFacts) -> str:
    shown = list_first([repr(name) for name in facts.strangers], 5)
    if facts.command != command:
        return f"was not written by `readout {command}` and contains {shown}"
    return f"contains files that were added or changed after `readout {command}`: {shown}"


def read_facts(target: Path, command: str, with_hashes: bool = True) -> TargetFacts:
    """Return the facts about a target. Without hashes, changed files do not count as strangers."""
    place = _locate(target)
    kind = _find_kind(place)
    current, home = Path.cwd().resolve(), Path("~").expanduser().resolve()
    inside = _find_sources(place)
    writable = is_writable(_nearest_folder(place)) and is_writable(_nearest_folder(place.parent))
    facts = TargetFacts(place, kind, current, home, is_writable=writable, inside=inside)
    if kind != "folder" or _explain_place(facts):
        return facts

    written_by, listed = read_list(place)
    known = listed if written_by == command else None
    return facts._replace(
        is_corpus=(place / "raw/documents.jsonl").exists(),
        is_repository=(place / ".git").exists(),
        command=written_by,
        strangers=tuple(_iter_strangers(place, known, with_hashes)),
    )


def _locate(target: Path) -> Path:
    """Return the absolute path of a target; links above it are followed, itself it may be one."""
    if target.name in ("", ".."):
        return target.resolve()
    return target.parent.resolve() / target.name


def _nearest_folder(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.is_dir())


def _find_kind(place: Path) -> Kind:
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "other"


def _find_sources(place: Path) -> str | None:
    """Return the folder of sources of a corpus, or of git's own files, that a path is in."""
    for folder in (place, *place.parents):
        if folder.name == ".git":
            return str(folder)
        if folder.name in SOURCES and (folder.parent / "raw/documents.jsonl").exists():
            return str(folder)
    return None


def read_list(folder: Path) -> tuple[str | None, dict[str, str]]:
    """Return the command that wrote a folder, None if there is no list, and its files' hashes."""
    file = folder / LIST
    if file.is_symlink() or not file.is_file():
        return None, {}
    text = file.read_bytes().decode(errors="surrogateescape")
    head = _HEAD_PATTERN.match(text)
    if head is None:
        return None, {}

    listed = {}
    for line in text.removesuffix("\n").split("\n")[1:]:
        digest, _, path = line.partition("  ")
        listed[path] = digest
    return head[1], listed


def _iter_strangers(
    folder: Path, listed: Mapping[str, str] | None, with_hashes: bool
) -> Iterator[str]:
    """Yield the paths of files and links that are not listed, or changed; sorted by folder.

    If ``listed`` is None, the folder has no list of the command's own, and the list is a stranger.
    """
    known = listed or {}
    for path in iter_files(folder):
        if path == LIST and listed is not None:
            continue
        file = folder / path
        is_listed = path in known and not file.is_symlink() and file.is_file()
        if not is_listed or (with_hashes and _hash_file(file) != known[path]):
            yield path


def iter_files(folder: Path, within: str = "") -> Iterator[str]:
    """Yield the relative path of everything below a folder that is not a folder itself."""
    for name in sorted(os.listdir(folder)):
        entry = folder / name
        if entry.is_dir() and not entry.is_symlink():
            yield from iter_files(entry, f"{within}{name}/")
        else:
            yield f"{within}{name}"


def _hash_file(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


# ---------------------------------------------------------------- folders


@contextmanager
def locked(target: Path, command: str) -> Iterator[Path]:
    """Wait until no other process works on a target, and give its absolute path.

    What a killed process left is removed or put back first. Files of the target are not hashed:
    before a command replaces the target, it calls :func:`refuse_strangers`.

    Raises:
        RefusedError: the target is not the command's own, or contains files that are not listed.

    """
    refuse_strangers(target, command, with_hashes=False)  # before anything is written beside it
    place = _locate(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked_file(place.with_name(f".{place.name}.lock")):
        _recover(place, command)
        refuse_strangers(place, command, with_hashes=False)
        yield place


def refuse_strangers(target: Path, command: str, with_hashes: bool = True) -> None:
    """Refuse to replace a target that is not the command's own, unchanged.

    Raises:
        RefusedError: it is something else, or contains files that are not listed, or changed.

    """
    refusal = find_refusal(command, read_facts(target, command, with_hashes))
    if refusal:
        raise RefusedError(refusal)


def manifest_path(target: Path) -> Path:
    """Return the path of the manifest of what was built at ``target``."""
    return target.parent / f".{target.name}.manifest"


def partial_path(target: Path) -> Path:
    """Return the path of the folder beside a target in which its new content is written."""
    return target.with_name(f".{target.name}.readout-new")


def _aside_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.readout-old")


def _recover(target: Path, command: str) -> None:
    """Put back or remove what a killed process left beside a target."""
    aside = _aside_path(target)
    if not target.exists() and aside.is_dir() and is_own(aside, command):
        aside.rename(target)  # killed between the two renames of _exchange_by_renames
    for litter in (partial_path(target), aside):
        if os.path.lexists(litter):
            _remove_own(litter, command)
    remove_partial_caches(manifest_path(target))


def remove_partial_caches(manifest: Path) -> None:
    """Remove what killed processes left of a manifest, and of the cache of shards beside it.

    A process that is still writing one loses it, and keeps no cache; the next run makes it again.
    """
    pattern = re.compile(rf"{re.escape(manifest.name)}(-shards)?\.[0-9]+")
    with suppress(OSError):
        for name in os.listdir(manifest.parent):
            if pattern.fullmatch(name):
                (manifest.parent / name).unlink(missing_ok=True)


def _remove_own(folder: Path, command: str) -> None:
    """Remove a folder of ours; a marker in it says so as long as it exists.

    Raises:
        RefusedError: the folder has neither a marker nor an intact list of its files.

    """
    marker = folder / _MARKER
    is_folder = folder.is_dir() and not folder.is_symlink()
    if not is_folder or not (marker.is_file() or is_own(folder, command)):
        raise RefusedError(
            f"{str(folder)!r} was not made by this program, which uses this name. Move it away."
        )
    marker.touch()
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry != marker:
            entry.unlink()
    marker.unlink()
    with suppress(OSError):  # Windows keeps files that a reader has open, for the next run
        folder.rmdir()


def is_own(folder: Path, command: str) -> bool:
    """Return whether a folder is empty, or contains only unchanged files of a command."""
    written_by, listed = read_list(folder)
    known = listed if written_by == command else None
    return not any(_iter_strangers(folder, known, with_hashes=True))


@contextmanager
def replaced_folder(target: Path, command: str) -> Iterator[Path]:
    """Give an empty folder beside a locked target, for :func:`swap_in`; remove it at the end."""
    folder = partial_path(target)
    folder.mkdir()
    (folder / _MARKER).touch()
    try:
        yield folder
    finally:
        if folder.exists():
            _remove_own(folder, command)


@contextmanager
def written_folder(target: Path, command: str) -> Iterator[Path]:
    """Give an empty folder that takes the place of a target at the end, whole.

    On any exception it vanishes, and the target is as it was.

    Raises:
        RefusedError: the target is not the command's own.

    """
    with locked(target, command) as place:
        refuse_strangers(place, command)
        with replaced_folder(place, command) as folder:
            yield folder
            list_files(folder, command)
            swap_in(folder, place, command)


def write_folder(target: Path, command: str, files: Mapping[str, bytes]) -> None:
    """Write a folder of output from the content of its files."""
    with written_folder(target, command) as folder:
        for path, raw in files.items():
            file = find_place(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)


def list_files(folder: Path, command: str, known: Mapping[str, str] | None = None) -> None:
    """Write the list of the files of a folder; ``known`` are hashes of some of them."""
    lines = [_HEAD.format(command=command)]
    for path in sorted(iter_files(folder)):
        if path not in (LIST, _MARKER):
            digest = (known or {}).get(path) or _hash_file(folder / path)
            lines.append(f"{digest}  {path}\n")
    (folder / LIST).write_bytes("".join(lines).encode(errors="surrogateescape"))


def swap_in(folder: Path, target: Path, command: str) -> None:
    """Put a listed folder in the place of a target, and the old target in the place of the folder.

    Raises:
        RefusedError: somebody changed the old target meanwhile; it is put back.

    """
    (folder / _MARKER).unlink()
    if not target.exists():
        folder.rename(target)
        return

    folder.chmod(stat.S_IMODE(target.stat().st_mode))
    _swap(folder, target)
    if not is_own(folder, command):
        _swap(folder, target)
        (folder / _MARKER).touch()
        raise RefusedError(f"{str(target)!r} changed meanwhile. Run the command again.")


def _swap(folder: Path, target: Path) -> None:
    if not _exchange(folder, target):
        _exchange_by_renames(folder, target)


def _exchange_by_renames(folder: Path, target: Path) -> None:
    aside = _aside_path(target)
    target.rename(aside)
    try:
        folder.rename(target)
    except OSError:
        aside.rename(target)
        raise
    aside.rename(folder)


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h


def _exchange(left: Path, right: Path) -> bool:
    """Exchange two folders in one step, and return whether the system can.

    This is renameat2(2), which Linux has since 3.15.
    """
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = os.fsencode(left), os.fsencode(right)
    result: int = renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    return result == 0


# ---------------------------------------------------------------- pages

_MARK = "<!-- readout {command}: sha256 {digest} of everything before -->\n"
_MARK_PATTERN = re.compile(
    rb"<!-- readout ([^:\n]+): sha256 ([0-9a-f]{64}) of everything before -->\n"
)


def write_page(path: Path, page: str, command: str) -> None:
    """Write an HTML page; replace only a page of the same command that nobody changed.

    Raises:
        RefusedError: the path is another file, a link or a folder, or is read-only.

    """
    raw = page.encode()
    mark = _MARK.format(command=command, digest=sha256(raw).hexdigest())
    place = _locate(path)
    _refuse_page(place, command)

    place.parent.mkdir(parents=True, exist_ok=True)
    with locked_folder(place.parent):
        if os.path.lexists(partial_path(place)):
            _remove_own(partial_path(place), command)
        with replaced_folder(place, command) as folder:
            (folder / "page").write_bytes(raw + mark.encode())
            _refuse_page(place, command)
            (folder / "page").replace(place)


def _refuse_page(place: Path, command: str) -> None:
    if not is_writable(_nearest_folder(place.parent)):
        raise RefusedError(f"The folder of {str(place)!r} is read-only. Name another file.")
    if os.path.lexists(place) and not _is_own_page(place, command):
        raise RefusedError(
            f"{str(place)!r} is not an unchanged page of `readout {command}`, so it is not "
            "replaced. Name another file."
        )


def _is_own_page(place: Path, command: str) -> bool:
    if place.is_symlink() or not place.is_file() or not is_writable(place):
        return False
    raw = place.read_bytes()
    start = raw.rfind(b"<!-- readout ")
    mark = _MARK_PATTERN.fullmatch(raw, max(start, 0))
    if mark is None:
        return False
    return mark[1] == command.encode() and mark[2].decode() == sha256(raw[:start]).hexdigest()
