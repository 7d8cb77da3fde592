"""Read a state of a corpus from a folder or from a git revision."""

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


def read_state(name: str, around: Path = Path()) -> State:
    """Return the state in the folder ``name`` or, if there is none, in the git revision ``name``.

    ``around`` is a folder in the corpus whose repository has the revision.

    Raises:
        UnknownStateError: there is neither.
        UnreadableCorpusError: there is one, but it contains no corpus.

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
    """Yield the folder of a state, which is temporary for a revision."""
    if Path(name).is_dir():
        yield Path(name)
        return
    here = _find_repository_folder(name, around)
    with tempfile.TemporaryDirectory() as folder:
        # Line endings stay as they are in the repository: a CR would be a problem.
        command = ("-c", "core.autocrlf=false", "archive", "--format=tar")
        archive = _git(here, *command, _resolve(here, name))
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            for member in tar:
                # A link in the revision of a stranger could lead to other files of this machine.
                if member.isreg():
                    tar.extract(member, folder, **_extraction_filter())
        try:
            yield Path(folder)
        except UnreadableCorpusError as error:
            raise UnreadableCorpusError(
                f"The revision {name!r} contains no corpus in this folder."
            ) from error


def _extraction_filter() -> dict[str, Any]:
    """Return the argument ``filter``, which old patch releases of Python lack."""
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)


def _find_repository_folder(name: str, around: Path) -> Path:
    """Return the corpus folder that ``around`` is in: ``git archive`` reads only this folder."""
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
            f"There is no folder {name!r}, and no git repository that could have such a revision."
        )
    return here


def _resolve(here: Path, name: str) -> str:
    """Return the hash of the commit that a revision names."""
    found = _git(here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()

    listed = _git(here, "for-each-ref", "--format=%(refname:short)")
    hint = nearest(name, listed.stdout.decode(errors="replace").split())
    sentence = f"{hint[:1].upper()}{hint[1:]}"
    raise UnknownStateError(f"There is no folder and no git revision {name!r}. {sentence}".rstrip())


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
    if formatted.problems:
        return layer
    completed, _ = parse_layer(layer.path, formatted.raw, layer.annotator)
    return completed


# ---------------------------------------------------------------- vocabularies


def _read_vocabularies(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the closed lists of a folder of schemas; a schema that is not JSON is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.schema.json")):
        try:
            schema = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        found.update(_iter_enums(schema, path.name.removesuffix(".schema.json")))
    return found


def _iter_enums(schema: Any, place: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the closed list of each property as ``<place>.<property>``, with its values.

    The place is the kind of record or, inside it, the name of a definition.
    """
    if not isinstance(schema, dict):
        return
    for name, value in schema.get("properties", {}).items():
        if isinstance(value, dict) and isinstance(value.get("enum"), list):
            values = [each for each in value["enum"] if isinstance(each, str)]
            yield f"{place}.{name}", tuple(values)
    for name, value in schema.get("$defs", {}).items():
        yield from _iter_enums(value, name)
