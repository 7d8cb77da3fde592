"""Folds as frozen files of ids, never drawn at random, and what of a test fold its training fold has already shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from readout.benchmark.tasks import TASKS, Item
from readout.corpus.canonical import write_files
from readout.dataset.statistics import Report, Table, to_records
from readout.model import Corpus
from readout.text.find import iter_tokens

Scheme: TypeAlias = Literal["event", "target", "holder", "zero-shot"]
OFFICIAL: Scheme = "event"
FOLDS = "submissions/folds"
GRAM = 8
"""Length, in tokens, of the runs that count as seen text, as in the contamination reports of language models."""


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

SEEN: tuple[str, ...] = ("seen_holder", "seen_target", "seen_pair", "seen_text")


def flag_seen(items: Sequence[Item], folds: Folds) -> dict[str, dict[str, bool]]:
    """Return, for each item by id, whether its training fold shows its holder, target, their pair, and its text.

    A text is seen when eight of its tokens in a row stand in a training item, or all of them where it is shorter. A
    flag that does not apply to the task is left out.
    """
    flags: dict[str, dict[str, bool]] = {}
    for _, train, test in folds.split(items):
        shown = _show(train)
        for item in test:
            traits = {name: values for name, values in _traits(item).items() if values}
            flags[item.id] = {name: not values.isdisjoint(shown[name]) for name, values in traits.items()}
    return flags


def _show(items: Iterable[Item]) -> dict[str, set[Any]]:
    shown: dict[str, set[Any]] = {name: set() for name in SEEN}
    for item in items:
        for name, values in _traits(item).items():
            shown[name] |= values
    return shown


def _traits(item: Item) -> dict[str, frozenset[Any]]:
    holder, target = find_holder(item), find_target(item)
    pair = (holder, target) if holder and target else None
    values = (frozenset(filter(None, (value,))) for value in (holder, target, pair))
    return dict(zip(SEEN, (*values, _grams(_passages(item))), strict=True))


def _passages(item: Item) -> tuple[str, ...]:
    if item.task == "evidence":  # every item shows its whole document; what it asks for is the evidence
        return tuple(item.inputs["text"][start:end] for start, end in item.gold)
    return (item.inputs["text"],)


@lru_cache(maxsize=4096)
def _grams(passages: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    grams = set()
    for passage in passages:
        text = passage.lower()
        words = [text[start:end] for start, end in iter_tokens(text)]
        grams |= {tuple(words[i : i + GRAM]) for i in range(max(len(words) - GRAM + 1, 1))}
    return frozenset(grams)


def report_leakage(items: Sequence[Item], folds: Folds) -> Table:
    """Return, for each fold and for all, the share of test items whose holder, target, pair or text training shows."""
    flags = flag_seen(items, folds)
    rows = [_leakage_row(name, [flags[id_] for id_ in ids]) for name, ids in folds.test.items()]
    rows.append(_leakage_row("all", list(flags.values())))
    return Table(f"Seen in training: {folds.task}, folds by {folds.scheme}", ("fold", "items", *SEEN), rows)


def _leakage_row(name: str, flags: Sequence[Mapping[str, bool]]) -> tuple[Any, ...]:
    shares = (_share([each[flag] for each in flags if flag in each]) for flag in SEEN)
    return name, len(flags), *shares


def _share(values: Sequence[bool]) -> str:
    return f"{sum(values) / len(values):.2f}" if values else "–"


def report_overlap(corpus: Corpus, task: str | None = None) -> Report:
    """Return the overlap of training and test items in all folds of one task or of all tasks."""
    tables = {}
    for path, folds in make_all(corpus).items():
        if task in (None, folds.task):
            tables[Path(path).stem] = report_leakage(TASKS[folds.task].build(corpus), folds)

    data = {name: to_records(each) for name, each in tables.items()}
    return Report((), tuple(tables.values()), data)
