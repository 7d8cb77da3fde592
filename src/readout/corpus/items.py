"""Read and format the frozen items of the benchmark: those of the last release.

``submissions/items/<task>.jsonl`` has one item per line, and ``release.json`` names the release and
the hash of each task's items. Long inputs, which many items share, are in ``texts.jsonl``; an item
refers to them as ``{"text": <id>}``. The first line of ``texts.jsonl`` is the canary, a string by
which the benchmark can be found in training data. ``annotators.jsonl`` has the answers that the
layers of annotators gave at the release, so that later annotations do not change the board.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from readout.corpus.files import Change, FileBytes, FileChanges
from readout.corpus.read import BY, DOCUMENTS, GOLD, REGISTRY_FILES, TEXTS, read_bytes
from readout.model import Item
from readout.problem import RefusedError

ITEMS = "submissions/items"
RELEASE = f"{ITEMS}/release.json"
SHARED = f"{ITEMS}/texts.jsonl"
ANNOTATORS = f"{ITEMS}/annotators.jsonl"
LONG = 40
"""Inputs whose JSON has more bytes are stored once, in ``texts.jsonl``."""
NO_RELEASE = "unreleased"
"""The version of items that were frozen outside a release."""


class FrozenTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The items of one task in a release: their file, their number, and their hash.

    ``outside`` is the number of annotated answers that the rules of the task do not ask for.
    """

    file: str
    items: int
    hash: str
    outside: int = 0


class EarlierRelease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An earlier release, with the hash of each task's items."""

    version: str
    date: str | None
    hashes: dict[str, str]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file ``release.json``. ``content`` is the hash of the corpus (:func:`hash_content`).

    ``canary`` is a string that only the benchmark contains.
    """

    version: str
    date: str | None
    content: str
    annotators: str
    tasks: dict[str, FrozenTask]
    earlier: tuple[EarlierRelease, ...] = ()
    canary: str = ""

    def is_current(self, task: str, hash_: str) -> bool:
        """Return whether the items of a task in this release have a hash."""
        return task in self.tasks and self.tasks[task].hash == hash_

    def find_version(self, task: str, hash_: str) -> str | None:
        """Return the version of the release whose items of a task have a hash, if it is known."""
        if self.is_current(task, hash_):
            return self.version
        for each in self.earlier:
            if each.hashes.get(task) == hash_:
                return each.version
        return None


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to an item that an annotator's layer gives: a line of ``annotators.jsonl``."""

    task: str
    annotator: str
    id: str
    prediction: Any


class _Shared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input that several items may share: a line of ``texts.jsonl``."""

    id: str
    value: Any


Answers: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Answers by task, annotator and item."""


class Frozen(NamedTuple):
    """The frozen items of each task, the annotators' answers, and the release they belong to."""

    release: Release
    items: Mapping[str, list[Item]]
    answers: Answers


# ---------------------------------------------------------------- hashes


def hash_items(items: Iterable[Item]) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of the items, gold included."""
    digest = sha256()
    for item in items:
        digest.update(msgspec.json.encode(item, order="sorted") + b"\n")
    return digest.hexdigest()[:12]


def hash_content(root: Path) -> str:
    """Return the SHA-256 of what a release publishes: texts, their metadata, layers, registries.

    Suggestions, decisions and guidelines are not part of it.
    """
    registries = [f"annotations/{name}.jsonl" for name in REGISTRY_FILES]
    paths = [DOCUMENTS, *registries]
    for folder, pattern in ((TEXTS, "*.txt"), (GOLD, "*.jsonl"), (BY, "*/*.jsonl")):
        paths += [path.relative_to(root).as_posix() for path in (root / folder).glob(pattern)]

    digest = sha256()
    for path in sorted(paths):
        raw = read_bytes(root, path)[0] or b""
        digest.update(f"{sha256(raw).hexdigest()}  {path}\n".encode())
    return digest.hexdigest()


# ---------------------------------------------------------------- reading


def is_frozen(root: Path) -> bool:
    """Return whether a corpus has frozen items."""
    return (root / RELEASE).exists()


def read_release(root: Path) -> Release:
    """Return the release of the frozen items.

    Raises:
        RefusedError: the corpus has no frozen items, or their file is malformed.

    """
    if not is_frozen(root):
        raise RefusedError(
            "The corpus has no frozen items for its benchmark. "
            "Run `readout bench items --freeze` first."
        )
    release: Release = _decode(RELEASE, _read(root, RELEASE), Release)
    return release


def read_frozen(root: Path) -> Frozen:
    """Return the frozen items of a corpus.

    Raises:
        RefusedError: the corpus has no frozen items, or they are not those of the release.

    """
    release = read_release(root)
    shared = {each.id: each.value for each in _read_lines(root, SHARED, _Shared)}
    if shared.get("canary", "") != release.canary:
        raise _damaged(SHARED, f"lacks the canary {release.canary!r}")
    items = {}
    for task, frozen in release.tasks.items():
        if frozen.file != f"{ITEMS}/{task}.jsonl":
            raise _damaged(RELEASE, f"names the file {frozen.file!r}")
        items[task] = [_expand(each, shared) for each in _read_lines(root, frozen.file, Item)]
        found = hash_items(items[task])
        if found != frozen.hash:
            raise _damaged(frozen.file, f"has items of the hash {found}, not {frozen.hash}")

    raw = _read(root, ANNOTATORS)
    if _hash(raw) != release.annotators:
        raise _damaged(ANNOTATORS, f"has the hash {_hash(raw)}, not {release.annotators}")
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    for each in _decode_lines(ANNOTATORS, raw, Answer):
        by_annotator = answers.setdefault(each.task, {})
        by_annotator.setdefault(each.annotator, {})[each.id] = each.prediction
    return Frozen(release, items, answers)


def _read(root: Path, path: str) -> bytes:
    raw, problems = read_bytes(root, path)
    if raw is None:
        raise _damaged(path, f"cannot be read: {problems[0].message.removesuffix('.')}")
    return raw


def _read_lines(root: Path, path: str, type_: type[Any]) -> list[Any]:
    return _decode_lines(path, _read(root, path), type_)


def _decode_lines(path: str, raw: bytes, type_: type[Any]) -> list[Any]:
    return [_decode(path, line, type_) for line in raw.splitlines()]


def _decode(path: str, raw: bytes, type_: type[Any]) -> Any:
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise _damaged(path, f"cannot be read: {error}") from error


def _expand(item: Item, shared: Mapping[str, Any]) -> Item:
    """Return an item with its long inputs in the place of references to them."""
    inputs = {}
    for name, value in item.inputs.items():
        if isinstance(value, dict):
            reference = value.get("text")
            if not isinstance(reference, str) or reference not in shared:
                raise _damaged(SHARED, f"lacks the text {reference!r} of the item {item.id!r}")
            inputs[name] = shared[reference]
        else:
            inputs[name] = value
    return msgspec.structs.replace(item, inputs=inputs)


def _damaged(path: str, what: str) -> RefusedError:
    return RefusedError(
        f"The frozen items are not those of their release: {path} {what}. Restore the folder with "
        f"`git checkout -- {ITEMS}`, or freeze new items with `readout bench items --freeze`."
    )


# ---------------------------------------------------------------- writing


def format_frozen(frozen: Frozen) -> FileBytes:
    """Return the files of frozen items; each line is compact JSON in the order of its fields."""
    files: FileBytes = {}
    shared: dict[str, Any] = {}
    for task, entry in frozen.release.tasks.items():
        lines = [_compact(item, shared) for item in frozen.items[task]]
        files[entry.file] = _encode_lines(lines)

    entries = [_Shared("canary", frozen.release.canary)]
    entries += [_Shared(name, value) for name, value in sorted(shared.items())]
    files[SHARED] = _encode_lines(entries)
    files[ANNOTATORS] = format_answers(frozen.answers)
    release = msgspec.json.encode(frozen.release)
    files[RELEASE] = msgspec.json.format(release, indent=1) + b"\n"
    return files


def _compact(item: Item, shared: dict[str, Any]) -> Item:
    """Return an item with references in the place of its long inputs, which go to ``shared``."""
    inputs = {}
    for name, value in item.inputs.items():
        raw = msgspec.json.encode(value)
        if len(raw) > LONG:
            reference = _hash(raw)
            shared[reference] = value
            inputs[name] = {"text": reference}
        else:
            inputs[name] = value
    return msgspec.structs.replace(item, inputs=inputs)


def format_answers(answers: Answers) -> bytes:
    """Return the bytes of ``annotators.jsonl``."""
    lines = []
    for task, by_annotator in answers.items():
        for annotator, values in by_annotator.items():
            lines += [Answer(task, annotator, id_, value) for id_, value in values.items()]
    return _encode_lines(lines)


def _encode_lines(records: Sequence[Any]) -> bytes:
    return b"".join([msgspec.json.encode(record) + b"\n" for record in records])


def _hash(raw: bytes) -> str:
    return sha256(raw).hexdigest()[:12]


def make_release(
    version: str,
    date: str | None,
    content: str,
    items: Mapping[str, Sequence[Item]],
    answers: Answers,
    last: Release | None = None,
    *,
    canary: str = "",
    outside: Mapping[str, int] | None = None,
) -> Release:
    """Return the release of some items. ``last`` is the release before it, which it remembers.

    ``outside`` is the number of answers that a task does not ask for, by task.
    """
    missed = outside or {}
    tasks = {}
    for task, values in items.items():
        file = f"{ITEMS}/{task}.jsonl"
        tasks[task] = FrozenTask(file, len(values), hash_items(values), missed.get(task, 0))

    earlier: tuple[EarlierRelease, ...] = ()
    if last:
        earlier = last.earlier
        hashes = {task: each.hash for task, each in last.tasks.items()}
        is_same = hashes == {task: each.hash for task, each in tasks.items()}
        if last.version != NO_RELEASE or not is_same:
            earlier = (*earlier, EarlierRelease(last.version, last.date, hashes))
    annotators = _hash(format_answers(answers))
    return Release(version, date, content, annotators, tasks, earlier, canary)


def change_frozen(root: Path, frozen: Frozen) -> FileChanges:
    """Return the changes of files that freeze items; files of tasks without items are removed."""
    files = format_frozen(frozen)
    old = [path.relative_to(root).as_posix() for path in (root / ITEMS).glob("*.jsonl")]
    changes: FileChanges = {}
    for path in sorted({*files, *old}):
        changes[path] = Change(read_bytes(root, path)[0], files.get(path))
    return changes
