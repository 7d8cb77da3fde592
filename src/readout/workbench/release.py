"""Make a release: refresh every generated file of the repository, all of them or none."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from readout.benchmark.board.cards import SUBMISSIONS
from readout.benchmark.board.freeze import freeze_corpus
from readout.benchmark.board.leaderboard import build_files
from readout.benchmark.board.submissions import list_systems
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.systems.runs import change_baselines
from readout.checks.folder import check_folder
from readout.corpus.files import (
    Change,
    ChangedMeanwhileError,
    FileChanges,
    find_generated,
    locked_corpus,
)
from readout.corpus.items import NO_RELEASE, change_frozen, hash_content, is_frozen, read_release
from readout.corpus.read import read_bytes, read_corpus
from readout.dataset.card import DATACARD, find_sections, read_card
from readout.problem import Problem, RefusedError, format_count
from readout.workbench.datacard import SLOW_SECTIONS, refresh_card
from readout.workbench.format import format_corpus

CHANGELOG = "CHANGELOG.md"
CITATION = "CITATION.cff"
PACKAGE_VERSION = "src/readout/_version.py"
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?")
_UNRELEASED = re.compile(rb"^## .*\bunreleased\b.*$", re.MULTILINE | re.IGNORECASE)
_SECTION = re.compile(rb"^## ", re.MULTILINE)


class Prepared(NamedTuple):
    """The changes of files that make a release; empty if there are problems."""

    changes: FileChanges
    content: str
    problems: list[Problem]


# ---------------------------------------------------------------- whether a release is due


def list_due(root: Path) -> list[str]:
    """Return the reasons for a new release as sentences; none if nothing changed since the last."""
    reasons = []
    release = read_release(root) if is_frozen(root) else None
    if release is None or release.version == NO_RELEASE:
        reasons.append("There is no release yet.")
    elif release.content != hash_content(root):
        since = f"{release.version} of {release.date}"
        reasons.append(f"Texts, annotations or registries have changed since release {since}.")

    raw = read_bytes(root, CHANGELOG)[0]
    count = sum(line.startswith(b"- ") for line in _find_unreleased(raw or b"").splitlines())
    if count:
        entries = format_count(count, "unreleased entry", "unreleased entries")
        reasons.append(f"{CHANGELOG} has {entries}.")
    return reasons


def _find_unreleased(raw: bytes) -> bytes:
    """Return the section of unreleased changes of a changelog, without its heading."""
    heading = _UNRELEASED.search(raw)
    if heading is None:
        return b""
    end = _SECTION.search(raw, heading.end())
    return raw[heading.end() : end.start() if end else len(raw)]


# ---------------------------------------------------------------- making one


def prepare_release(root: Path, version: str, date: str, workers: int) -> Prepared:
    """Compute a release without writing anything.

    Baselines that are in ``submissions/`` are run again on the new items.

    Raises:
        RefusedError: the version or the state of the folder allows no release.

    """
    _refuse_version(root, version)
    names = [name for name in list_systems(root) if name in BASELINES]
    _refuse_missing(_list_extras(root, names))
    _refuse_uncommitted(root)
    problems = list(check_folder(root).problems)
    if problems:
        return Prepared({}, "", problems)
    if stale := format_corpus(root):
        raise RefusedError(
            f"`readout format` would change {', '.join(stale)}. Run it and commit the files first."
        )

    frozen = freeze_corpus(root, read_corpus(root)[0], version, date)
    changes = change_frozen(root, frozen)
    if names:
        changes |= change_baselines(root, frozen.items, names, workers)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy_submissions(root, copy, changes)
        problems = _add_board(root, copy, changes)
        old, new, found = refresh_card(root, with_slow=True, boards=copy)
        problems += found
    if old != new:
        changes[DATACARD] = Change(old, new)
    changes |= _change_texts(root, version, date)
    return Prepared({} if problems else changes, frozen.release.content, problems)


def write_release(root: Path, prepared: Prepared) -> list[str]:
    """Write a release, all files or none, and return the paths of those that changed.

    Raises:
        ChangedMeanwhileError: the corpus has changed since the release was computed.

    """
    for path in prepared.changes:
        find_generated(root, path)
    with locked_corpus(root) as write:
        if hash_content(root) != prepared.content:
            raise ChangedMeanwhileError(
                "The corpus changed while its release was computed. Nothing was written. "
                "Run the command again."
            )
        write(prepared.changes)
    return [path for path, change in prepared.changes.items() if change.old != change.new]


def _copy_submissions(root: Path, copy: Path, changes: FileChanges) -> None:
    """Copy the submissions to another folder, as they are after some changes."""
    if (root / SUBMISSIONS).is_dir():
        shutil.copytree(root / SUBMISSIONS, copy / SUBMISSIONS, symlinks=True)
    for path, change in changes.items():
        place = find_generated(copy, path)
        if change.new is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(change.new)


def _add_board(root: Path, copy: Path, changes: FileChanges) -> list[Problem]:
    """Add the board of the copied submissions to the changes, and return its problems.

    The board is written into the copy too, where the card finds it.
    """
    if not list_systems(copy):
        return []
    built = build_files(copy)
    for path, raw in built.files.items():
        changes[path] = Change(read_bytes(root, path)[0], raw)
        find_generated(copy, path).write_bytes(raw)
    return built.problems


# ---------------------------------------------------------------- what stands in the way


def _refuse_version(root: Path, version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise RefusedError(f"Got the version {version!r}. Expected one such as 1.2.0 or 1.2.0rc1.")
    if not is_frozen(root):
        return
    release = read_release(root)
    if version in (release.version, *(each.version for each in release.earlier)):
        raise RefusedError(f"There is a release {version} already. Choose another version.")


def _list_extras(root: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the extras that a release needs, with what needs them."""
    needed: dict[str, list[str]] = {"benchmark": ["the board"]}
    for name in names:
        needed.setdefault(BASELINES[name].extra, []).append(f"the baseline {name}")
    sections = find_sections(read_card(root)[0] or "")
    for name in SLOW_SECTIONS:
        if name in sections:
            needed.setdefault(name, []).append(f"the section {name} of {DATACARD}")
    return needed


def _refuse_missing(needed: dict[str, list[str]]) -> None:
    missing = [extra for extra in needed if any(_iter_missing(extra))]
    if not missing:
        return
    users = "; ".join(f"{extra} for {', '.join(needed[extra])}" for extra in missing)
    install = f'pip install "readout-corpus[{",".join(missing)}]"'
    raise RefusedError(
        f"The release needs extras that are not installed: {users}. Run `{install}`."
    )


def _iter_missing(extra: str) -> Iterator[str]:
    """Yield the distributions that an extra of this package requires and that are missing."""
    for requirement in distribution("readout-corpus").requires or ():
        found = re.fullmatch(rf"([\w.-]+)(?:\[(\w+)\])?.*extra == ['\"]{extra}['\"].*", requirement)
        if found is None:
            continue
        if found[1] == "readout-corpus":
            yield from _iter_missing(found[2])
        elif not _is_installed(found[1]):
            yield found[1]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _refuse_uncommitted(root: Path) -> None:
    """Refuse a work tree of git with changes; a folder outside git is accepted."""
    command = ["git", "-C", str(root), "status", "--porcelain", "--", "."]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return
    lines = done.stdout.splitlines()
    if done.returncode == 0 and lines:
        shown = ", ".join(line[3:] for line in lines[:3])
        changed = format_count(len(lines), "file is", "files are")
        raise RefusedError(
            f"{changed} not as committed, first of all {shown}. "
            "Commit or remove them first, so that the release is of what is in git."
        )


# ---------------------------------------------------------------- versions and dates


def _change_texts(root: Path, version: str, date: str) -> FileChanges:
    """Return the changes that write the version and its date into the files that name them."""
    changes: FileChanges = {}
    for path, edit in (
        (CHANGELOG, _date_changelog),
        (CITATION, _date_citation),
        (PACKAGE_VERSION, _set_version),
    ):
        old = read_bytes(root, path)[0]
        if old is not None:
            changes[path] = Change(old, edit(old, version, date))
    return changes


def _date_changelog(raw: bytes, version: str, date: str) -> bytes:
    if not _UNRELEASED.search(raw):
        raise RefusedError(f"{CHANGELOG} has no section '## Unreleased'. Add it, with the changes.")
    heading = f"## Unreleased\n\n## {version} ({date})".encode()
    return _UNRELEASED.sub(lambda match: heading, raw, count=1)


def _date_citation(raw: bytes, version: str, date: str) -> bytes:
    kept = re.sub(rb"^date-released:.*\n", b"", raw, flags=re.MULTILINE)
    lines = f"version: {version}\ndate-released: {date}".encode()
    return re.sub(rb"^version:.*$", lambda match: lines, kept, count=1, flags=re.MULTILINE)


def _set_version(raw: bytes, version: str, date: str) -> bytes:
    line = f'__version__ = "{version}"'.encode()
    return re.sub(rb"^__version__ = .*$", lambda match: line, raw, count=1, flags=re.MULTILINE)


def list_next_steps(version: str, paths: Iterable[str]) -> list[str]:
    """Return the sentences that say what was done and what to do next."""
    done = [f"{path}: written" for path in paths]
    return [
        *done,
        "",
        f"Now run the tests, and commit and tag release {version}:",
        "",
        "    git add --all",
        f'    git commit --message "Release {version}"',
        f"    git tag v{version}",
        "    readout build",
    ]
