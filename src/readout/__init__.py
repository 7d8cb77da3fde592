"""Readout: an annotated news corpus about US–Israel defence meetings, and its tools.

>>> import readout
>>> stances = readout.load("stances")  # doctest: +SKIP
>>> text = readout.document("2020-09-gantz-washington")  # doctest: +SKIP

``load`` returns the tables of the corpus as datasets, ``document`` and ``documents`` its texts as
objects that are linked to each other. ``CONFIGS`` are the names of the tables, ``FEATURES`` their
columns. ``read_corpus`` and ``check_corpus`` read and check any corpus folder of the same layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from readout._version import __version__

__all__ = [
    "CONFIGS",
    "FEATURES",
    "UnreadableCorpusError",
    "__version__",
    "check_corpus",
    "document",
    "documents",
    "load",
    "read_corpus",
]

if TYPE_CHECKING:
    from readout.checks import check_corpus
    from readout.corpus.read import UnreadableCorpusError, read_corpus
    from readout.dataset.features import CONFIGS, FEATURES
    from readout.dataset.load import load
    from readout.workbench.documents import document, documents

_HOMES = {
    "CONFIGS": "dataset.features",
    "FEATURES": "dataset.features",
    "UnreadableCorpusError": "corpus.read",
    "check_corpus": "checks",
    "document": "workbench.documents",
    "documents": "workbench.documents",
    "load": "dataset.load",
    "read_corpus": "corpus.read",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: ``import readout`` alone stays cheap."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'readout' has no attribute {name!r}")
    return getattr(import_module(f"readout.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, for completion and ``help``."""
    return sorted(__all__)
