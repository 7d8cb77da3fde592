"""Choose documents and layers to export, and collect the files and the problems of the export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from readout.corpus.outputs import write_folder
from readout.model import AnyAnnotation, Corpus, Document, Registries
from readout.problem import Problem, RefusedError, nearest

GOLD_LAYER = "gold"


class Sheet(NamedTuple):
    """One layer of one document to export.

    ``path`` is the path of the layer in the corpus; ``stem`` is the path of the exported files
    without suffix, relative to the output folder.
    """

    meta: Document
    text: str
    layer: str
    records: tuple[AnyAnnotation, ...]
    path: str
    stem: str

    @property
    def doc_id(self) -> str:
        """Return the id of the document."""
        return self.meta.doc_id


class UnknownChoiceError(RefusedError):
    """The corpus has no such document or layer, or the format does not allow the choice."""


class Outbox:
    """Collects the files of an export by path, and its problems. It writes nothing itself."""

    def __init__(self, registries: Registries, sheets: Sequence[Sheet]) -> None:
        self.registries = registries
        self.sheets = sheets
        self.files: dict[str, bytes] = {}
        self.problems: list[Problem] = []

    @property
    def metas(self) -> list[Document]:
        """Return the metadata of the documents, once per document."""
        return list({sheet.doc_id: sheet.meta for sheet in self.sheets}.values())

    @property
    def texts(self) -> dict[str, str]:
        """Return the texts of the documents by id."""
        return {sheet.doc_id: sheet.text for sheet in self.sheets}

    def add(self, path: str, content: str | bytes) -> None:
        """Add a file; a string is encoded as UTF-8."""
        self.files[path] = content.encode() if isinstance(content, str) else content

    def refuse(self, sheet: Sheet, message: str, hint: str) -> None:
        """Report content that the format cannot represent and does not list among its losses."""
        problem = Problem(
            code="inexpressible", severity="error", path=sheet.path, message=message, hint=hint
        )
        self.problems.append(problem)


def build_outbox(
    corpus: Corpus, documents: Iterable[str] = (), layers: Iterable[str] = ()
) -> Outbox:
    """Return an outbox with the chosen documents and layers: by default all documents, and gold.

    If there are several layers, each has its own folder.

    Raises:
        UnknownChoiceError: the corpus has no such document or layer.

    """
    doc_ids = list(dict.fromkeys(documents))
    layer_names = list(dict.fromkeys(layers)) or [GOLD_LAYER]
    _check_choices(corpus, doc_ids, layer_names)

    sheets = []
    for document in corpus.documents:
        doc_id = document.meta.doc_id
        if doc_ids and doc_id not in doc_ids:
            continue

        for layer in (document.gold, *document.layers):
            name = layer.annotator or GOLD_LAYER
            if name in layer_names:
                stem = doc_id if len(layer_names) == 1 else f"{name}/{doc_id}"
                sheets.append(
                    Sheet(document.meta, document.text, name, layer.records, layer.path, stem)
                )

    return Outbox(corpus.registries, sheets)


def _check_choices(corpus: Corpus, doc_ids: Iterable[str], layer_names: Iterable[str]) -> None:
    known_documents = [document.meta.doc_id for document in corpus.documents]
    annotators = {
        layer.annotator or "" for document in corpus.documents for layer in document.layers
    }
    known_layers = [GOLD_LAYER, *sorted(annotators)]

    for doc_id in doc_ids:
        _demand("document", doc_id, known_documents)
    for name in layer_names:
        _demand("layer", name, known_layers)


def _demand(noun: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        message = f"There is no {noun} {name!r} in the corpus; {nearest(name, known)}"
        raise UnknownChoiceError(message.rstrip("; "))


def write_outbox(outbox: Outbox, folder: Path) -> None:
    """Write the files of an outbox as a folder; it may replace an earlier export only."""
    write_folder(folder, "export", outbox.files)
