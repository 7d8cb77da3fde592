"""Read both versions out of a file with conflict markers. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from readout.workbench.merge.versions import (
    Entry,
    Key,
    UnmergeableError,
    find_key,
    parse_line,
    split_lines,
)

_MARKER = re.compile(rb"(<{7}|\|{7}|={7}|>{7})(?: .*)?\r?")
_NEXT = {b"<": b"|=", b"|": b"=", b"=": b">", b">": b"<"}
"""The markers that may follow each one."""


class Sides(NamedTuple):
    """The versions in a file with conflict markers; ``base`` is None if some block lacks it."""

    base: bytes | None
    ours: bytes
    theirs: bytes


class _Line(NamedTuple):
    line: bytes
    in_block: bool


def has_markers(raw: bytes) -> bool:
    """Tell whether any line of a file is a conflict marker."""
    return any(_MARKER.fullmatch(line) for line in raw.split(b"\n"))


def split_sides(raw: bytes) -> Sides:
    """Return the versions in a file with conflict markers of any of git's styles.

    Each version has the lines outside of the blocks and its own lines inside of them.

    Raises:
        UnmergeableError: the markers are not complete.

    """
    parts: dict[bytes, list[_Line]] = {b"<": [], b"|": [], b"=": []}
    current = b">"
    is_known = True
    for number, line in enumerate(split_lines(raw), 1):
        match = _MARKER.fullmatch(line)
        if match is None:
            is_outside = current == b">"
            for part in parts if is_outside else [current]:
                parts[part].append(_Line(line, not is_outside))
            continue
        sign = match[1][:1]
        if sign not in _NEXT[current]:
            raise UnmergeableError(f"The conflict marker on line {number} has no partner.")
        is_known = is_known and not (current == b"<" and sign == b"=")
        current = sign
    if current != b">":
        raise UnmergeableError("The last conflict has no end marker.")

    base, ours, theirs = (_join_lines(parts[part]) for part in (b"|", b"<", b"="))
    return Sides(base if is_known else None, ours, theirs)


def _join_lines(lines: Iterable[_Line]) -> bytes:
    """Return the lines of a version; of a record inside and outside of a block, that inside.

    If one side moved a line and the other edited it, git writes the edited line into a block, and
    the moved line, which is of the other side, at its new place.
    """
    entries = [(each, parse_line(each.line)) for each in lines]
    inside = {_find_key(entry) for each, entry in entries if each.in_block and entry}
    kept = [
        each.line
        for each, entry in entries
        if each.in_block or entry is None or _find_key(entry) not in inside
    ]
    return b"".join(line + b"\n" for line in kept)


def _find_key(entry: Entry) -> Key:
    return find_key(entry.record)
