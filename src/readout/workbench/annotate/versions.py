"""Remember what files were, to merge late edits, to show what changed, and to take steps back."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from hashlib import sha256
from typing import Any
from zlib import compress, decompress

from readout.corpus.files import Change, FileChanges
from readout.corpus.parse import count_equal
from readout.workbench.annotate.shapes import Json

_VERSIONS = 200
"""How many versions of each document are remembered, to merge edits of windows that lag behind."""
_LISTED = 4
"""How many lists of annotations that were shown are kept, to show what changed in them."""


def hash_version(raw: bytes) -> str:
    """Return what names a version of a file."""
    return sha256(raw).hexdigest()[:16]


class Versions:
    """The versions of annotation files that were shown."""

    def __init__(self) -> None:
        self._files: dict[str, OrderedDict[str, bytes]] = {}
        self._listed: OrderedDict[str, list[Json]] = OrderedDict()

    def remember(self, doc_id: str, raw: bytes, annotations: list[Json]) -> str:
        """Remember a version of a document, with its annotations as shown, and return its name."""
        version = hash_version(raw)
        files = self._files.setdefault(doc_id, OrderedDict())
        if version not in files:
            files[version] = _compress(raw)
        _put_last(files, version, _VERSIONS)
        self._listed[version] = annotations
        _put_last(self._listed, version, _LISTED)
        return version

    def find(self, doc_id: str, version: str) -> bytes | None:
        """Return a version of a document, if it is remembered."""
        known = self._files.get(doc_id, OrderedDict()).get(version)
        return None if known is None else decompress(known)

    def abridge(self, shown: Json, version: str) -> Json:
        """Return a shown document without the annotations that an earlier version has, too.

        Instead of ``annotations``, ``changed`` says from where on how many of that version are
        replaced, and by which. If the version is not remembered, all are shown.
        """
        before, after = self._listed.get(version), shown["annotations"]
        if before is None:
            return shown
        start, end = count_equal(before, after)
        gone = len(before) - start - end
        new = after[start : len(after) - end]
        rest = {name: value for name, value in shown.items() if name != "annotations"}
        return {**rest, "changed": {"start": start, "gone": gone, "new": new}}


def _put_last(known: OrderedDict[str, Any], name: str, most: int) -> None:
    """Make one of some values the last to be forgotten, and forget the first beyond a number."""
    known.move_to_end(name)
    if len(known) > most:
        known.popitem(last=False)


# ---------------------------------------------------------------- steps


def pack(changes: FileChanges) -> FileChanges:
    """Return changes with compressed bytes: a session of 1,000 steps keeps 2,000 whole files."""
    packed: FileChanges = {}
    for path, change in changes.items():
        raws = [None if raw is None else _compress(raw) for raw in change]
        packed[path] = Change(*raws)
    return packed


def unpack(changes: FileChanges) -> FileChanges:
    """Mirror :func:`pack`."""
    unpacked: FileChanges = {}
    for path, change in changes.items():
        raws = [None if raw is None else decompress(raw) for raw in change]
        unpacked[path] = Change(*raws)
    return unpacked


@lru_cache(maxsize=4)
def _compress(raw: bytes) -> bytes:
    """Compress a file; the end of one step is also a version, and the start of the next step."""
    return compress(raw, 1)
