"""``readout.document()`` and ``readout.documents()``: texts as objects that are linked."""

from __future__ import annotations

from pathlib import Path

from readout.corpus.installed import find_installed
from readout.dataset.load import read_valid_corpus
from readout.problem import nearest
from readout.workbench.documents.objects import Document, Documents

__all__ = ["Document", "Documents", "document", "documents"]


def documents(location: str | Path | None = None, annotator: str | None = None) -> Documents:
    """Return the documents of a corpus, with paragraphs, sentences and annotations.

    >>> text = readout.documents()[0]  # doctest: +SKIP
    >>> text.stances[0].quote.speaker.name  # doctest: +SKIP
    'Benny Gantz'

    All objects are linked: ``quote.source``, ``quote.stances``, ``stance.target.proposition``,
    ``speaker.quotes``. In a notebook, they show themselves in the text.

    Args:
        location: a corpus folder; by default, the corpus that is installed with the package.
        annotator: whose layer to read instead of gold; only the documents that have it are
            returned.

    Raises:
        UnreadableCorpusError: the folder is no corpus.
        ValueError: the corpus has problems, which the message lists, or no layer of the annotator.

    """
    root = find_installed() if location is None else Path(location)
    corpus = read_valid_corpus(root)
    found = Documents(corpus, annotator)
    if annotator is not None and not found:
        known = {layer.annotator or "" for each in corpus.documents for layer in each.layers}
        hint = nearest(annotator, known)
        raise ValueError(f"There is no layer of an annotator {annotator!r}: {hint}".rstrip(": "))
    return found


def document(
    name: str, location: str | Path | None = None, annotator: str | None = None
) -> Document:
    """Return one document by its id, as :func:`documents` does.

    The whole corpus is read, so that the other texts are linked too; to look at many documents,
    call :func:`documents` once.

    Raises:
        KeyError: there is no such document.

    """
    return documents(location, annotator)[name]
