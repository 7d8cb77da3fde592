"""Remember who annotates a corpus, and register people as annotators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from readout.corpus import read
from readout.corpus.files import locked_corpus
from readout.corpus.schema import propose_id
from readout.model import Annotator
from readout.problem import RefusedError, nearest
from readout.workbench.add import add_entry

FIRST_GUIDELINES = "1.0"
"""The version of the guidelines that a person follows if no annotator names one."""


def find_remembered(root: Path, folder: Path) -> str | None:
    """Return who annotated a corpus last on this machine, if that annotator is still registered.

    ``folder`` is the one in which the program keeps what belongs to the user.
    """
    name = _read_names(folder).get(str(root.resolve()))
    registries, _ = read.read_registries(root)
    return name if name in registries.annotators else None


def remember(root: Path, folder: Path, annotator: str) -> None:
    """Remember who annotates a corpus on this machine."""
    names = {**_read_names(folder), str(root.resolve()): annotator}
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{_FILE}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(names), indent=2))
    new.replace(folder / _FILE)


_FILE = "annotators.json"


def _read_names(folder: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


def require_annotator(root: Path, name: str) -> Annotator:
    """Return a registered annotator.

    Raises:
        RefusedError: there is none of this id.

    """
    registries, _ = read.read_registries(root)
    if name in registries.annotators:
        return registries.annotators[name]
    hint = nearest(name, registries.annotators)
    raise RefusedError(
        f"There is no annotator {name!r}. {hint} To register yourself, leave --as out.".strip()
    )


Shown: TypeAlias = Literal["layer", "gold", "adjudicate", "review"]
_SHOWN: Mapping[Shown, str] = {
    "layer": "raw texts, registries, suggestions",
    "gold": "raw texts, registries, suggestions, guidelines, gold",
    "adjudicate": "raw texts, registries, guidelines, gold, the layers that differ from it",
    "review": "raw texts, registries, gold",
}
"""What the pages show, by what a person begins with: a layer, gold, decisions or reviews."""


def register_person(root: Path, name: str, shown: Shown = "layer") -> str:
    """Register a person as an annotator of a corpus, and return the id.

    The version of the guidelines is the newest that an annotator of the corpus names. What the
    person saw is what the pages show that the person begins with.

    Raises:
        RefusedError: the name gives no id, or belongs to somebody.

    """
    registries, _ = read.read_registries(root)
    versions = [each.guidelines_version for each in registries.annotators.values()]
    fields = {
        "annotator_id": propose_id(name),
        "kind": "human",
        "name": name,
        "guidelines_version": max(versions, key=_split_version, default=FIRST_GUIDELINES),
        "saw": f"{_SHOWN[shown]} (what readout annotate showed at first; nothing else is recorded)",
    }
    with locked_corpus(root) as write:
        write(add_entry(root, "annotator", fields))
    return str(fields["annotator_id"])


def _split_version(version: str) -> list[tuple[int, str]]:
    """Return the parts of a version, of which numbers are compared as such."""
    parts = version.split(".")
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
