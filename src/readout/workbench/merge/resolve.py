"""Resolve files of a corpus that have conflict markers."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from readout.checks.folder import check_documents
from readout.corpus.files import Change, FileChanges
from readout.corpus.read import DOCUMENTS, read_bytes
from readout.problem import Problem, RefusedError, as_sentence, nearest
from readout.workbench.git import is_repository, run_git
from readout.workbench.merge.driver import describe_merged
from readout.workbench.merge.markers import has_markers, split_sides
from readout.workbench.merge.records import Merged, Side, merge_records
from readout.workbench.merge.versions import UnmergeableError
from readout.workbench.merge.wording import describe_record


class Resolved(NamedTuple):
    """A file with its conflicts resolved as far as possible.

    ``reason`` says why a file was left as it is; then there is no change.
    """

    path: str
    change: Change | None = None
    merged: Merged | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether a person has to do something."""
        return self.merged is None or bool(self.merged.conflicts)


def resolve_files(
    root: Path, paths: Iterable[str], keep: Mapping[str, Side] | None = None
) -> list[Resolved]:
    """Return files of records with the conflicts in them resolved.

    ``paths`` are relative to the corpus folder; without any, all files in conflict are meant.
    ``keep`` names the side to take, by the id of the record.

    Raises:
        RefusedError: a file is no file of records, or ``keep`` names a record without a conflict.

    """
    stages = _list_stages(root)
    wanted = list(paths) or sorted(_find_conflicts(root, stages))
    for path in wanted:
        _refuse_others(path)

    done = [_resolve_file(root, path, stages.get(path, frozenset())) for path in wanted]
    if not keep:
        return done
    _refuse_unknown(keep, done)
    return [_resolve_file(root, path, stages.get(path, frozenset()), keep) for path in wanted]


def to_changes(done: Iterable[Resolved]) -> FileChanges:
    """Return the changes to write."""
    return {each.path: each.change for each in done if each.change is not None}


def _refuse_others(path: str) -> None:
    is_records = path == DOCUMENTS or path.startswith("annotations/")
    if not (is_records and path.endswith(".jsonl")):
        raise RefusedError(
            f"{path!r} has no records that can be merged. Name files of annotations, registries "
            f"or {DOCUMENTS}; edit others by hand."
        )


# ---------------------------------------------------------------- which files


def find_paths(root: Path, files: Iterable[Path]) -> list[str]:
    """Return the paths of named files relative to the corpus folder.

    Raises:
        RefusedError: a file is not in the corpus.

    """
    top = root.resolve()
    paths = []
    for file in files:
        place = file.resolve()
        if not place.is_relative_to(top):
            raise RefusedError(f"{str(file)!r} is not in the corpus folder {str(root)!r}.")
        paths.append(place.relative_to(top).as_posix())
    return paths


def _list_stages(root: Path) -> dict[str, frozenset[int]]:
    """Return the files that git could not merge, with the numbers of their versions in the index.

    1 is the base, 2 ours, 3 theirs; a side without the file has no version.
    """
    if not is_repository(root):
        return {}
    listed = run_git(root, "ls-files", "--unmerged", "-z").stdout
    stages: dict[str, frozenset[int]] = {}
    for entry in listed.split(b"\0"):
        about, _, name = entry.partition(b"\t")
        if name:
            path = os.fsdecode(name)
            stages[path] = stages.get(path, frozenset()) | {int(about.split()[2])}
    return stages


def _find_conflicts(root: Path, stages: Iterable[str]) -> Iterator[str]:
    """Yield the files of records that are in conflict."""
    known = {path for path in stages if path.endswith(".jsonl")}
    files = [root / DOCUMENTS, *(root / "annotations").rglob("*.jsonl")]
    yield from (path for path in known if path == DOCUMENTS or path.startswith("annotations/"))
    for file in files:
        path = file.relative_to(root).as_posix()
        if path not in known and has_markers(read_bytes(root, path)[0] or b""):
            yield path


# ---------------------------------------------------------------- one file


def _resolve_file(
    root: Path, path: str, stages: frozenset[int], keep: Mapping[str, Side] | None = None
) -> Resolved:
    """Return a file with its conflicts resolved as far as possible."""
    if stages and not {2, 3} <= stages:
        deleted, other = ("ours", "theirs") if 2 not in stages else ("theirs", "ours")
        reason = f"{deleted} deleted the file, {other} changed it; run `git rm` or `git add`"
        return Resolved(path, reason=reason)
    raw, problems = read_bytes(root, path)
    if raw is None:
        return Resolved(path, reason=problems[0].message)
    try:
        base, ours, theirs = _find_versions(root, path, raw, stages)
        merged = merge_records(base, ours, theirs, keep)
    except UnmergeableError as error:
        return Resolved(path, reason=f"left as it is: {error} Edit it by hand")
    return Resolved(path, Change(raw, merged.raw), merged)


def _find_versions(
    root: Path, path: str, raw: bytes, stages: frozenset[int]
) -> tuple[bytes | None, bytes, bytes]:
    """Return the base and both sides of a file in conflict.

    The sides are read from the file, so that what a person changed outside of the markers is kept;
    the base is that of git, if git still has it.
    """
    base = b"" if stages else None
    if 1 in stages:
        base = _read_stage(root, path, 1)
    if has_markers(raw):
        sides = split_sides(raw)
        return (sides.base if base is None else base), sides.ours, sides.theirs
    if not stages:
        raise UnmergeableError("It has no conflict markers.")

    # Without a driver that runs, git leaves "ours" in place.
    ours, theirs = (_read_stage(root, path, number) for number in (2, 3))
    if raw != ours or theirs is None:
        raise UnmergeableError("It has no conflict markers; if it is right, run `git add`.")
    return base, ours, theirs


def _read_stage(root: Path, path: str, number: int) -> bytes | None:
    done = run_git(root, "show", "--end-of-options", f":{number}:./{path}")
    return None if done.returncode else done.stdout


# ---------------------------------------------------------------- what a person says and reads


def _refuse_unknown(keep: Iterable[str], done: Iterable[Resolved]) -> None:
    """Refuse ids of records that are not in conflict, or that are so in several files."""
    places: dict[str, list[str]] = {}
    for each in done:
        for conflict in each.merged.conflicts if each.merged else ():
            places.setdefault(conflict.key[1], []).append(each.path)
    for name in keep:
        if name not in places:
            hint = as_sentence(nearest(name, places))
            raise RefusedError(f"There is no conflict over {name!r}. {hint}".strip())
        if len(places[name]) > 1:
            files = " and ".join(places[name])
            raise RefusedError(f"{name!r} is in conflict in {files}. Name one of the files.")


def describe_resolved(each: Resolved) -> Iterator[str]:
    """Yield what became of a file, in words."""
    if each.merged is None:
        yield f"{each.path}: {each.reason}"
        return
    yield from describe_merged(each.path, each.merged)
    if each.merged.conflicts:
        yield "  choose with `readout merge --ours ID` or `--theirs ID`, or edit the file"
    else:
        yield f"{each.path}: merged; now run `git add {shlex.quote(each.path)}`"
    for entry in each.merged.assumed:
        yield f"  kept {describe_record(entry.record)}, which only one side has"


def check_resolved(root: Path, done: Iterable[Resolved]) -> list[Problem]:
    """Return the problems of the documents whose files were merged.

    A registry or ``documents.jsonl`` concerns every document. Conflicts that are left are known.
    """
    paths = {each.path: each.is_open for each in done}
    is_shared = any(path == DOCUMENTS or path.count("/") == 1 for path in paths)
    stems = {Path(path).stem for path in paths}
    problems = check_documents(root, None if is_shared else stems)
    return [problem for problem in problems if not paths.get(problem.path)]
