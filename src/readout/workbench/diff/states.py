"""Read a state of a corpus from a folder or from a git revision."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from readout.corpus.parse import parse_layer
from readout.corpus.read import UnreadableCorpusError, find_root, read_bytes, read_corpus
from readout.model import AnnotatedDocument, Corpus, Layer
from readout.problem import as_sentence, is_failure, nearest
from readout.workbench.format import format_layer
from readout.workbench.git import is_installed, is_repository, run_git


class UnknownStateError(UnreadableCorpusError):
    """A name is neither a folder nor a git revision."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A corpus as it is or was.

    ``unread`` counts the problems that kept lines from being read. ``vocabularies`` are the closed
    lists of its schemas, by ``<kind>.<field>``.
    """

    name: str
    corpus: Corpus
    unread: int = 0
    vocabularies: Mapping[str, tuple[str, ...]] = {}


def read_state(name: str, around: Path | None = None) -> State:
    """Return the state in the folder ``name`` or, if there is none, in the git revision ``name``.

    ``around`` is the corpus folder whose repository has the revision; by default, it is the one
    that the current folder lies in.

    Raises:
        UnknownStateError: there is neither.
        UnreadableCorpusError: there is one, but it contains no corpus.

    """
    with _opened(name, around) as root:
        corpus, problems = read_corpus(root)
        unread = sum(is_failure([problem]) for problem in problems)
        return State(
            name=name,
            corpus=complete_corpus(corpus),
            unread=unread,
            vocabularies=_read_vocabularies(root),
        )


@contextmanager
def _opened(name: str, around: Path | None) -> Iterator[Path]:
    """Yield the folder of a state, which is temporary for a revision."""
    if Path(name).is_dir():
        yield Path(name)
        return
    here = _find_repository_folder(name, around)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in _iter_files(here, _resolve(here, name)):
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            yield Path(folder)
        except UnreadableCorpusError as error:
            raise UnreadableCorpusError(
                f"The revision {name!r} contains no corpus in the folder {str(here)!r}. "
                "Name a revision that does, or a folder."
            ) from error


_FOLDERS = ("raw/", "annotations/", "schema/")
"""The folders of a corpus that a state is read from."""
_SCHEMA = ".schema.json"
_LARGEST_SCHEMA = 1024 * 1024
"""A larger schema, in bytes, is left out: git packs gigabytes of one letter into kilobytes."""
_LARGEST = 100_000_000
"""With a larger file of another kind, in bytes, a revision is refused."""
_LARGEST_REVISION = 2_000_000_000
"""A revision with more bytes is refused."""


def _iter_files(here: Path, commit: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of every regular file of a corpus in a commit.

    ``git archive`` would leave out what ``.gitattributes`` says, so that a layer could be hidden
    from a review. Links are left out: in the revision of a stranger they could lead to other files
    of this machine.

    Raises:
        UnreadableCorpusError: git lacks a file, or there is too much to read.

    """
    listed = run_git(here, "ls-tree", "-r", "-z", "--long", commit).stdout
    blobs = []
    for entry in listed.split(b"\0"):
        about, _, raw_path = entry.partition(b"\t")
        path = os.fsdecode(raw_path)
        if not about.startswith(b"100") or not path.startswith(_FOLDERS) or not _is_inside(path):
            continue
        _, _, blob, size = about.split()
        if not size.isdigit():
            raise UnreadableCorpusError(f"git does not have the file {path!r} of {commit[:12]!r}.")
        if not path.startswith("schema/") or int(size) <= _LARGEST_SCHEMA:
            blobs.append(_Blob(path, blob, int(size)))

    _refuse_too_much(blobs, commit)
    for batch in _iter_batches(blobs):
        yield from _read_blobs(here, batch)


class _Blob(NamedTuple):
    """A file of a commit: its path, the name of its content in git, and its size in bytes."""

    path: str
    name: bytes
    size: int


def _refuse_too_much(blobs: Sequence[_Blob], commit: str) -> None:
    for blob in blobs:
        if blob.size > _LARGEST:
            raise UnreadableCorpusError(
                f"The file {blob.path!r} of {commit[:12]!r} has {blob.size:,} bytes, so the "
                f"revision is not read. A file may have {_LARGEST:,}."
            )
    total = sum(blob.size for blob in blobs)
    if total > _LARGEST_REVISION:
        raise UnreadableCorpusError(
            f"The files of {commit[:12]!r} have {total:,} bytes, so the revision is not read. "
            f"Together they may have {_LARGEST_REVISION:,}. Check it out, and name its folder."
        )


def _iter_batches(blobs: Iterable[_Blob]) -> Iterator[list[_Blob]]:
    """Yield files that fit into memory together."""
    batch: list[_Blob] = []
    size = 0
    for blob in blobs:
        if batch and size + blob.size > _LARGEST:
            yield batch
            batch, size = [], 0
        batch.append(blob)
        size += blob.size
    if batch:
        yield batch


def _read_blobs(here: Path, blobs: Sequence[_Blob]) -> Iterator[tuple[str, bytes]]:
    wanted = b"".join([blob.name + b"\n" for blob in blobs])
    content = run_git(here, "cat-file", "--batch", stdin=wanted).stdout
    at = 0
    for blob in blobs:
        # Each object is "<hash> blob <size>", a line feed, its bytes, and a line feed.
        start = content.index(b"\n", at) + 1
        yield blob.path, content[start : start + blob.size]
        at = start + blob.size + 1


def _is_inside(path: str) -> bool:
    """Return whether a path of a git tree, which may be forged, stays inside its folder."""
    parts = PureWindowsPath(path).parts
    return ".." not in parts and not PureWindowsPath(path).anchor


def _find_repository_folder(name: str, around: Path | None) -> Path:
    """Return the corpus folder: ``git ls-tree`` lists only this folder.

    A folder that contains no corpus now may have contained one in the revision.
    """
    try:
        here = find_root(around)
    except UnreadableCorpusError:
        here = around or Path()
    if not is_installed():
        raise UnknownStateError(f"There is no folder {name!r}, and git is not installed.")
    if not is_repository(here):
        raise UnknownStateError(
            f"There is no folder {name!r}, and no git repository that could have such a revision."
        )
    return here


def _resolve(here: Path, name: str) -> str:
    """Return the hash of the commit that a revision names."""
    found = run_git(
        here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
    )
    if found.returncode == 0:
        return found.stdout.decode().strip()

    listed = run_git(here, "for-each-ref", "--format=%(refname:short)")
    hint = as_sentence(nearest(name, listed.stdout.decode(errors="replace").split()))
    raise UnknownStateError(f"There is no folder and no git revision {name!r}. {hint}".rstrip())


# ---------------------------------------------------------------- drafts


def complete_corpus(corpus: Corpus) -> Corpus:
    """Return the corpus with the drafts that ``readout format`` can complete completed."""
    documents = tuple(_complete_document(document) for document in corpus.documents)
    return replace(corpus, documents=documents)


def _complete_document(document: AnnotatedDocument) -> AnnotatedDocument:
    gold = _complete_layer(document.gold, document.text)
    layers = tuple(_complete_layer(layer, document.text) for layer in document.layers)
    return replace(document, gold=gold, layers=layers)


def _complete_layer(layer: Layer, text: str) -> Layer:
    if not layer.drafts:
        return layer
    formatted = format_layer(layer.path, layer.raw, layer.annotator, text)
    completed, _ = parse_layer(layer.path, formatted.raw, layer.annotator)
    return completed


# ---------------------------------------------------------------- vocabularies


def _read_vocabularies(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the closed lists of the schemas in a corpus folder.

    A schema may be anybody's: one that leads out of the corpus, is very large or is not JSON is
    left out, and so is what does not have the form of a schema.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((root / "schema").glob(f"*{_SCHEMA}")):
        try:
            is_too_large = path.stat().st_size > _LARGEST_SCHEMA
        except OSError:
            continue
        raw, _ = (None, []) if is_too_large else read_bytes(root, f"schema/{path.name}")
        try:
            schema = msgspec.json.decode(raw or b"null")
        except (msgspec.DecodeError, RecursionError, ValueError):
            continue
        found.update(_iter_enums(schema, path.name.removesuffix(_SCHEMA)))
    return found


def _iter_enums(schema: Any, place: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the closed list of each property as ``<place>.<property>``, with its values.

    The place is the kind of record or, inside it, the name of a definition. Definitions are only
    at the top of a schema.
    """
    definitions = _read_fields(schema, "$defs")
    for owner, owned in ((place, schema), *definitions.items()):
        for name, value in _read_fields(owned, "properties").items():
            values = value.get("enum") if isinstance(value, dict) else None
            if isinstance(values, list):
                texts = [each for each in values if isinstance(each, str)]
                yield f"{owner}.{name}", tuple(texts)


def _read_fields(schema: Any, name: str) -> dict[str, Any]:
    """Return the fields of a part of a schema; none if it is no record."""
    fields = schema.get(name) if isinstance(schema, dict) else None
    return fields if isinstance(fields, dict) else {}
