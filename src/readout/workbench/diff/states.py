"""A state of a corpus to compare: a folder, or a git revision of the repository that a folder is in."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from readout.corpus.parse import parse_layer
from readout.corpus.read import UnreadableCorpusError, find_root, read_corpus
from readout.model import AnnotatedDocument, Corpus, Layer
from readout.problem import is_failure, nearest
from readout.workbench.format import format_layer


class UnknownStateError(UnreadableCorpusError):
    """The name is neither a folder nor a git revision."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A corpus as it is or was. ``vocabularies`` are the closed lists of its schemas, by ``<kind>.<field>``.

    ``unread`` counts the problems that kept lines from being read.
    """

    name: str
    corpus: Corpus
    unread: int = 0
    vocabularies: Mapping[str, tuple[str, ...]] = {}


def read_state(name: str, around: Path = Path()) -> State:
    """Return the state in a folder or, if there is no such folder, in a git revision of the folder ``around``.

    Raises:
        UnknownStateError: there is neither.
        UnreadableCorpusError: there is one, but it holds no corpus.

    """
    with _opened(name, around) as folder:
        root = find_root(folder)
        corpus, problems = read_corpus(root)
        unread = sum(is_failure([problem]) for problem in problems)
        return State(
            name=name,
            corpus=complete_corpus(corpus),
            unread=unread,
            vocabularies=_read_vocabularies(root / "schema"),
        )


@contextmanager
def _opened(name: str, around: Path) -> Iterator[Path]:
    if Path(name).is_dir():
        yield Path(name)
        return
    here = _find_repository_folder(name, around)
    with tempfile.TemporaryDirectory() as folder:
        archive = _git(
            here, "-c", "core.autocrlf=false", "archive", "--format=tar", _resolve(here, name)
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            # Links are left out: a revision from a stranger must not lead the reader to other files.
            for member in (member for member in tar if member.isreg()):
                tar.extract(member, folder, **_extraction_filter())
        try:
            yield Path(folder)
        except UnreadableCorpusError as error:
            raise UnreadableCorpusError(
                f"The revision {name!r} holds no corpus in this folder."
            ) from error


def _extraction_filter() -> dict[str, Any]:
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)


def _find_repository_folder(name: str, around: Path) -> Path:
    """Return the corpus folder that ``around`` is in, which ``git archive`` cuts out of its repository."""
    try:
        here = find_root(around)
    except UnreadableCorpusError:
        here = around
    try:
        inside = _git(here, "rev-parse", "--is-inside-work-tree").returncode == 0
    except FileNotFoundError:
        raise UnknownStateError(f"There is no folder {name!r}, and git is not installed.") from None
    if not inside:
        raise UnknownStateError(
            f"There is no folder {name!r}, and no git repository to look for such a revision."
        )
    return here


def _resolve(here: Path, name: str) -> str:
    found = _git(here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    references = (
        _git(here, "for-each-ref", "--format=%(refname:short)")
        .stdout.decode(errors="replace")
        .split()
    )
    hint = nearest(name, references)
    raise UnknownStateError(
        f"There is no folder and no git revision {name!r}. {hint[:1].upper()}{hint[1:]}".rstrip()
    )


# ---------------------------------------------------------------- drafts


def complete_corpus(corpus: Corpus) -> Corpus:
    """Return the corpus with its drafts as ``readout format`` would write them, where it would."""
    return replace(
        corpus, documents=tuple(_complete_document(document) for document in corpus.documents)
    )


def _complete_document(document: AnnotatedDocument) -> AnnotatedDocument:
    layers = tuple(_complete_layer(layer, document.text) for layer in document.layers)
    return replace(document, gold=_complete_layer(document.gold, document.text), layers=layers)


def _complete_layer(layer: Layer, text: str) -> Layer:
    if not layer.drafts:
        return layer
    formatted = format_layer(layer.path, layer.raw, layer.annotator, text)
    return (
        layer if formatted.problems else parse_layer(layer.path, formatted.raw, layer.annotator)[0]
    )


# ---------------------------------------------------------------- vocabularies


def _read_vocabularies(folder: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.schema.json")):
        try:
            schema = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        found.update(_iter_enums(schema, path.name.removesuffix(".schema.json")))
    return found


def _iter_enums(schema: Any, place: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the closed list of every property, by the definition or kind that it stands in and its name."""
    if not isinstance(schema, dict):
        return
    for name, value in schema.get("properties", {}).items():
        if isinstance(value, dict) and isinstance(value.get("enum"), list):
            yield f"{place}.{name}", tuple(each for each in value["enum"] if isinstance(each, str))
    for name, value in schema.get("$defs", {}).items():
        yield from _iter_enums(value, name)
