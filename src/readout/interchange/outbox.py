"""What leaves a corpus: the documents and layers chosen, the files made of them, and what could not be written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from readout.corpus.files import write_files
from readout.model import AnyAnnotation, Corpus, Document, Registries
from readout.problem import Problem, RefusedError, nearest

GOLD_LAYER = "gold"


class Sheet(NamedTuple):
    """One layer of one document, on its way out; ``stem`` is the path of its files without suffix."""

    meta: Document
    text: str
    layer: str
    records: tuple[AnyAnnotation, ...]
    path: str
    stem: str

    @property
    def name(self) -> str:
        """The id of the document."""
        return self.meta.doc_id


class UnknownChoiceError(RefusedError):
    """A document or layer was asked for that the corpus does not have."""


class Outbox:
    """Collects the files of an export, by path, and its problems. Nothing is written before all of it is made."""

    def __init__(self, registries: Registries, sheets: Sequence[Sheet]) -> None:
        self.registries = registries
        self.sheets = sheets
        self.files: dict[str, bytes] = {}
        self.problems: list[Problem] = []

    @property
    def metas(self) -> list[Document]:
        """The metadata of the documents, each once."""
        return list({sheet.name: sheet.meta for sheet in self.sheets}.values())

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the documents by id."""
        return {sheet.name: sheet.text for sheet in self.sheets}

    def add(self, path: str, content: str | bytes) -> None:
        """Put a file into the box."""
        self.files[path] = content.encode() if isinstance(content, str) else content

    def refuse(self, sheet: Sheet, message: str, hint: str) -> None:
        """Report something that the format cannot carry and that would otherwise be lost without notice."""
        problem = Problem(code="inexpressible", severity="error", path=sheet.path, message=message, hint=hint)
        self.problems.append(problem)


def pack(corpus: Corpus, documents: Iterable[str] = (), layers: Iterable[str] = ()) -> Outbox:
    """Return an outbox with the chosen documents and layers of a corpus: by default all documents, and gold.

    With several layers the files of each stand in a folder of its own.

    Raises:
        UnknownChoiceError: the corpus has no such document or layer.

    """
    chosen, names = list(dict.fromkeys(documents)), list(dict.fromkeys(layers)) or [GOLD_LAYER]
    known = [document.meta.doc_id for document in corpus.documents]
    _demand("document", chosen, known)
    found = {layer.annotator or "" for document in corpus.documents for layer in document.layers}
    _demand("layer", names, [GOLD_LAYER, *sorted(found)])
    sheets = []
    for document in corpus.documents:
        if chosen and document.meta.doc_id not in chosen:
            continue
        for layer in (document.gold, *document.layers):
            name = layer.annotator or GOLD_LAYER
            if name in names:
                stem = document.meta.doc_id if len(names) == 1 else f"{name}/{document.meta.doc_id}"
                sheets.append(Sheet(document.meta, document.text, name, layer.records, layer.path, stem))
    return Outbox(corpus.registries, sheets)


def _demand(noun: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownChoiceError(f"There is no {noun} {name!r} in the corpus; {nearest(name, known)}".rstrip("; "))


def send(outbox: Outbox, folder: Path) -> None:
    """Write the files of an outbox into a folder."""
    write_files(folder, outbox.files)
