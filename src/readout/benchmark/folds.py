"""Folds: which items each fold tests, derived from the corpus by rule and frozen in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from readout.benchmark.tasks import TASKS, Item
from readout.corpus.files import Change, write_generated
from readout.corpus.read import read_bytes
from readout.model import Corpus

Scheme: TypeAlias = Literal["event", "target", "holder", "zero-shot"]
OFFICIAL: Scheme = "event"
FOLDS = "submissions/folds"


def find_holder(item: Item) -> str | None:
    """Return the speaker whose stance or words an item asks about.

    Return None for items that ask about a whole document.
    """
    holder: str | None = item.inputs.get("holder")
    return item.gold if item.task == "attribution" else holder


def find_target(item: Item) -> str | None:
    """Return the target that an item asks about, or None."""
    target: str | None = item.inputs.get("target")
    return target


def _find_holder_fold(item: Item) -> str | None:
    # The gold answer of an attribution item is its speaker, so a fold per speaker would reveal it.
    return None if item.task == "attribution" else find_holder(item)


SCHEMES: Mapping[Scheme, Callable[[Item], str | None]] = {
    "event": lambda item: item.event,
    "target": find_target,
    "holder": _find_holder_fold,
    "zero-shot": lambda item: "all",
}
"""For each scheme, the name of the fold that tests an item; None if the task has no such folds."""


class Folds(msgspec.Struct, frozen=True):
    """The folds of one task: the ids that each fold tests, in the order of the corpus.

    ``train`` says which items a system may be fitted on before it answers a fold: those of all
    ``other`` folds, or ``nothing``. ``data`` is the hash of the items (see :func:`hash_items`).
    """

    task: str
    scheme: Scheme
    data: str
    train: Literal["other", "nothing"]
    test: Mapping[str, tuple[str, ...]]

    def split(self, items: Sequence[Item]) -> Iterator[tuple[str, list[Item], list[Item]]]:
        """Yield the name, the training items and the test items of each fold."""
        for name, ids in self.test.items():
            tested = set(ids)
            test = [item for item in items if item.id in tested]

            train: list[Item] = []
            if self.train == "other":
                train = [item for item in items if item.id not in tested]

            yield name, train, test


# ---------------------------------------------------------------- building


def hash_items(items: Iterable[Item]) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of the items, gold included."""
    digest = sha256()
    for item in items:
        digest.update(msgspec.json.encode(item, order="sorted") + b"\n")
    return digest.hexdigest()[:12]


def build_folds(scheme: Scheme, items: Sequence[Item]) -> Folds | None:
    """Return the folds of a task's items, or None if the scheme does not apply to the task."""
    find_fold = SCHEMES[scheme]
    test: dict[str, tuple[str, ...]] = {}
    for item in items:
        name = find_fold(item)
        if name:
            test[name] = (*test.get(name, ()), item.id)

    if not test:
        return None

    train: Literal["other", "nothing"] = "nothing" if scheme == "zero-shot" else "other"
    return Folds(items[0].task, scheme, hash_items(items), train, dict(sorted(test.items())))


def build_all_folds(corpus: Corpus) -> dict[str, Folds]:
    """Return the folds of every task and scheme by the path of their file."""
    found = {}
    for task in TASKS.values():
        items = task.build(corpus)
        for scheme in SCHEMES:
            folds = build_folds(scheme, items)
            if folds:
                found[folds_path(task.name, scheme)] = folds
    return found


# ---------------------------------------------------------------- files


def folds_path(task: str, scheme: str) -> str:
    """Return the path of a folds file inside the corpus folder."""
    return f"{FOLDS}/{task}.{scheme}.json"


def format_folds(folds: Folds) -> bytes:
    """Return folds as the bytes of their file."""
    return msgspec.json.format(msgspec.json.encode(folds), indent=1) + b"\n"


def write_folds(root: Path, corpus: Corpus) -> list[str]:
    """Write the folds files that changed and remove stale ones; return the paths of both."""
    files = {path: format_folds(folds) for path, folds in build_all_folds(corpus).items()}
    changed = find_stale_folds(root, corpus)
    changes = {path: Change(read_bytes(root, path)[0], files.get(path)) for path in changed}
    write_generated(root, changes)
    return changed


def find_stale_folds(root: Path, corpus: Corpus) -> list[str]:
    """Return the paths of folds files that are missing, out of date, or no longer needed."""
    folder = root / FOLDS
    files = {path: format_folds(folds) for path, folds in build_all_folds(corpus).items()}
    names = [f"{FOLDS}/{path.name}" for path in folder.glob("*.json")]
    present = {name: read_bytes(root, name)[0] for name in names}

    paths = {*files, *present}
    return sorted(path for path in paths if files.get(path) != present.get(path))


def read_folds(root: Path, task: str, scheme: str) -> Folds:
    """Return the folds of a task from their file.

    Raises:
        OSError: there is no such file.

    """
    return msgspec.json.decode((root / folds_path(task, scheme)).read_bytes(), type=Folds)
