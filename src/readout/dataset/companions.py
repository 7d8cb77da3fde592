"""Read the files of a corpus that are copied into the dataset repository, and mend their links.

A relative link to a file that is not copied becomes plain text.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from readout.corpus.read import read_bytes
from readout.dataset.card import DATACARD
from readout.dataset.citation import CITATION
from readout.problem import Problem

CARD = "README.md"
"""The name of the card in the dataset repository, which is :data:`DATACARD` in the corpus."""
COMPANIONS = (
    "LICENSE",
    CITATION,
    "CHANGELOG.md",
    "annotations/GUIDELINES.md",
    "docs/gold.md",
    "docs/first-review.md",
    "submissions/LEADERBOARD.md",
    "submissions/LEADERBOARD.html",
)
_LINK = re.compile(r"(!?)\[([^\]\[]*)\]\(([^()\s]+)\)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def read_companions(root: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Return the bytes of each file that a corpus has of these, by path, and their problems."""
    files = {}
    problems = []
    for name in COMPANIONS:
        if os.path.lexists(root / name):
            raw, found = read_bytes(root, name)
            problems += found
            if raw is not None:
                files[name] = raw
    return files, problems


def relink_all(files: Mapping[str, bytes], present: Collection[str]) -> dict[str, bytes]:
    """Return files, the pages in Markdown with links to what is ``present`` only."""
    relinked = dict(files)
    for name, raw in files.items():
        if name.endswith(".md"):
            text = raw.decode("utf-8", "surrogateescape")
            relinked[name] = relink(text, name, present).encode("utf-8", "surrogateescape")
    return relinked


def relink(text: str, name: str, present: Collection[str]) -> str:
    """Return a page in Markdown with links to what is ``present`` in its repository only.

    ``name`` is the path of the page there. Links to the corpus's card lead to that of the dataset.
    """
    folder = posixpath.dirname(name)

    def replace(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        path, hash_, anchor = target.partition("#")
        if not path or _SCHEME.match(target):
            return match[0]

        to = posixpath.normpath(posixpath.join(folder, path))
        if to == DATACARD:
            card = posixpath.relpath(CARD, folder or ".")
            return f"{mark}[{label}]({card}{hash_}{anchor})"
        return match[0] if to in present else label

    return _LINK.sub(replace, text)
