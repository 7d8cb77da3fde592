"""Read the files of a zip archive from elsewhere, within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from readout.interchange.inbox import Inbox

_BROKEN_ARCHIVE = (BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, OSError)
"""Errors of a damaged archive, of one with a password, and of an unknown compression."""
_LARGEST = 100_000_000
"""The largest number of bytes that a file of an archive may unpack to."""


def iter_members(
    inbox: Inbox, path: str, archive: Path | IO[bytes], is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of the wanted files of an archive, one after another.

    An archive that cannot be read is reported as a problem of ``path``.
    """
    try:
        with ZipFile(archive) as opened:
            for member in opened.infolist():
                if not member.is_dir() and is_wanted(member.filename):
                    yield member.filename, _read_member(opened, member)
    except _BROKEN_ARCHIVE as error:
        message = f"The archive cannot be read: {error}."
        hint = "export it again, without a password, or unpack it and import the folder."
        inbox.report("foreign-syntax", path, message, hint)


def _read_member(archive: ZipFile, member: ZipInfo) -> bytes:
    """Return a file of an archive.

    Raises:
        BadZipFile: it is larger than any document.

    """
    with archive.open(member) as packed:
        content = packed.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise BadZipFile(f"{member.filename!r} unpacks to more than {_LARGEST:,} bytes")
    return content
