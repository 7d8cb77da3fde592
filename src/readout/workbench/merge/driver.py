"""Merge files for git, and tell git to call this program when it merges files of records."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from readout.corpus.files import Change, replace_file, write_files
from readout.corpus.read import DOCUMENTS, read_bytes
from readout.problem import RefusedError, format_count
from readout.workbench.git import require_repository, run_git
from readout.workbench.merge.records import Merged, merge_records
from readout.workbench.merge.versions import UnmergeableError
from readout.workbench.merge.wording import describe_conflict

ATTRIBUTES_FILE = ".gitattributes"
ATTRIBUTES = f"annotations/**/*.jsonl merge=readout\n{DOCUMENTS} merge=readout\n"
"""The lines of ``.gitattributes`` that name the driver; in clones without it, git merges lines."""

LABELS = ("-L", "ours", "-L", "base", "-L", "theirs")
"""The names of the versions in conflict markers, in the order of ``git merge-file``."""


# ---------------------------------------------------------------- the driver


class DriverReport(NamedTuple):
    """What the merge driver did: whether a conflict is left, and what it says about it."""

    has_conflict: bool
    sentences: tuple[str, ...]


def merge_for_git(base: Path, ours: Path, theirs: Path, path: str) -> DriverReport:
    """Merge three files, and write the result to ``ours``, as git expects of a merge driver.

    Files that are not one record per line are merged by ``git merge-file``. ``path`` is the name of
    the file in the repository.

    Raises:
        RefusedError: git cannot merge the files either; ``ours`` is unchanged.

    """
    raw, old, new = (file.read_bytes() for file in (base, ours, theirs))
    try:
        merged = merge_records(raw, old, new)
    except UnmergeableError as error:
        return _merge_lines(base, ours, theirs, path, str(error))
    replace_file(ours, merged.raw)
    return DriverReport(bool(merged.conflicts), tuple(describe_merged(path, merged)))


def describe_merged(path: str, merged: Merged) -> Iterator[str]:
    """Yield what a person has to choose in a merged file, in words."""
    number = len(merged.conflicts)
    if not number:
        return
    yield f"{path}: {format_count(number, 'conflict')}"
    for conflict in merged.conflicts:
        yield from (f"  {line}" for line in describe_conflict(conflict))


def _merge_lines(base: Path, ours: Path, theirs: Path, path: str, reason: str) -> DriverReport:
    """Merge line by line, as git does without a driver."""
    files = [str(file.resolve()) for file in (ours, base, theirs)]
    done = run_git(ours.parent, "merge-file", "-p", "--diff3", *LABELS, *files)
    if done.returncode > 127:
        message = done.stderr.decode(errors="replace").strip()
        raise RefusedError(f"{path} cannot be merged: {reason} git says: {message}")
    replace_file(ours, done.stdout)
    sentence = f"{path}: merged line by line. {reason}"
    return DriverReport(done.returncode > 0, (sentence,))


# ---------------------------------------------------------------- the installation


def install_driver(root: Path) -> list[str]:
    """Tell the git repository around a corpus to merge its files of records with this program.

    Git keeps this setting per clone. If no ``.gitattributes`` names the driver, the lines are added
    to that of the corpus. Return what was done.

    Raises:
        RefusedError: the corpus is in no git repository, or this program has no command there.

    """
    require_repository(root)
    command = format_driver(_find_command())
    settings = {"name": "Readout: annotation by annotation", "driver": command}
    for name, value in settings.items():
        done = run_git(root, "config", f"merge.readout.{name}", value)
        if done.returncode:
            raise RefusedError(f"git says: {done.stderr.decode(errors='replace').strip()}")
    sentences = ["git now merges the annotations of this clone one by one (merge.readout.driver)"]

    found = run_git(root, "check-attr", "merge", "--", DOCUMENTS).stdout
    if not found.rstrip().endswith(b": readout"):
        old, _ = read_bytes(root, ATTRIBUTES_FILE)
        kept = old or b""
        new = kept + (b"" if kept.endswith(b"\n") or not kept else b"\n") + ATTRIBUTES.encode()
        write_files(root, {ATTRIBUTES_FILE: Change(old, new)})
        sentences.append(f"added two lines to {ATTRIBUTES_FILE}; commit it")
    return sentences


def _find_command() -> str:
    """Return the path of this program, which has to be found without an active environment."""
    beside = shutil.which("readout", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("readout")
    if found is None:
        raise RefusedError("There is no command `readout` on the PATH. Install readout-corpus.")
    return Path(found).absolute().as_posix()


def format_driver(command: str) -> str:
    """Return the shell command for git's setting ``merge.<name>.driver``.

    Of a driver that cannot be run, git would take ``ours`` for the result, without any marker. So
    unless there is one, git merges the lines itself. Git quotes %P, which may have spaces.
    """
    quoted = shlex.quote(command).replace("%", "%%")
    lines = f"git merge-file --diff3 {' '.join(LABELS)} %A %O %B"
    merge = f"{quoted} merge --driver %O %A %B %P"
    return f"{merge} || {{ ! grep -q '^<<<<<<< ' %A && {lines}; }}"
