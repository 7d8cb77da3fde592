"""Folds as frozen files of ids, never drawn at random, and what of a test fold its training fold has already shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from readout.benchmark.tasks import TASKS, Item
from readout.corpus.files import write_files
from readout.model import Corpus

Scheme: TypeAlias = Literal["event", "target", "holder", "zero-shot"]
OFFICIAL: Scheme = "event"
FOLDS = "submissions/folds"


def find_holder(item: Item) -> str | None:
    """Return whose stance or words an item is about; None for items about whole documents."""
    holder: str | None = item.gold if item.task == "attribution" else item.inputs.get("holder")
    return holder


def find_target(item: Item) -> str | None:
    """Return the target an item is about, None where it is about none."""
    target: str | None = item.inputs.get("target")
    return target


SCHEMES: Mapping[Scheme, Callable[[Item], str | None]] = {
    "event": lambda item: item.event,
    "target": find_target,
    # An attribution fold of one speaker would give the answer away, so that task has none.
    "holder": lambda item: None if item.task == "attribution" else find_holder(item),
    "zero-shot": lambda item: "all",
}
"""Every scheme: the name of the fold in which an item is tested, None where the task has no such folds."""


class Folds(msgspec.Struct, frozen=True):
    """The folds of one task: the ids that each fold tests, in the order of the corpus.

    ``train`` says what a system may be fitted on before it answers a fold: all ``other`` folds, or ``nothing``.
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
            train = [item for item in items if item.id not in tested] if self.train == "other" else []
            yield name, train, [item for item in items if item.id in tested]


def hash_items(items: Iterable[Item]) -> str:
    """Return the first 12 digits of the SHA-256 of items: ids, inputs and gold."""
    digest = sha256()
    for item in items:
        digest.update(msgspec.json.encode(item, order="sorted") + b"\n")
    return digest.hexdigest()[:12]


def make_folds(scheme: Scheme, items: Sequence[Item]) -> Folds | None:
    """Return the folds of a task's items; None where the scheme does not apply to the task."""
    test: dict[str, tuple[str, ...]] = {}
    for item in items:
        if name := SCHEMES[scheme](item):
            test[name] = (*test.get(name, ()), item.id)
    if not test:
        return None
    train: Literal["other", "nothing"] = "nothing" if scheme == "zero-shot" else "other"
    return Folds(items[0].task, scheme, hash_items(items), train, dict(sorted(test.items())))


def make_all(corpus: Corpus) -> dict[str, Folds]:
    """Return the folds of every task and scheme, by the path of their file."""
    return {
        folds_path(task.name, scheme): folds
        for task in TASKS.values()
        if (items := task.build(corpus))
        for scheme in SCHEMES
        if (folds := make_folds(scheme, items))
    }


def folds_path(task: str, scheme: str) -> str:
    """Return the path of a file of folds inside the corpus folder."""
    return f"{FOLDS}/{task}.{scheme}.json"


def format_folds(folds: Folds) -> bytes:
    """Return folds as the bytes of their file."""
    return msgspec.json.format(msgspec.json.encode(folds), indent=1) + b"\n"


def write_folds(root: Path, corpus: Corpus) -> list[str]:
    """Write every file of folds, remove those of tasks that are gone, and return the paths of those that changed."""
    files = make_all(corpus)
    changed = find_stale_folds(root, corpus)
    write_files(root, {path: format_folds(files[path]) for path in changed if path in files})
    for path in changed:
        if path not in files:
            (root / path).unlink()
    return changed


def find_stale_folds(root: Path, corpus: Corpus) -> list[str]:
    """Return the paths of files of folds that are missing, differ from the corpus's, or belong to nothing."""
    files = {path: format_folds(folds) for path, folds in make_all(corpus).items()}
    present = {f"{FOLDS}/{path.name}": path.read_bytes() for path in (root / FOLDS).glob("*.json")}
    return sorted(path for path in {*files, *present} if files.get(path) != present.get(path))


def read_folds(root: Path, task: str, scheme: str) -> Folds:
    """Return the folds of a task from their file.

    Raises:
        OSError: there is no such file.

    """
    return msgspec.json.decode((root / folds_path(task, scheme)).read_bytes(), type=Folds)


# ---------------------------------------------------------------- leakage
