"""Find the corpus that is installed with the package."""

from __future__ import annotations

from pathlib import Path

from readout.corpus.read import DOCUMENTS, UnreadableCorpusError

_PACKED = Path(__file__).parents[1] / "_data" / "corpus"
_CHECKOUT = Path(__file__).parents[3]


def find_installed() -> Path:
    """Return the folder of the installed corpus: that of the wheel, or else the checkout.

    An editable install has no data of its own, so the sources of its checkout are the corpus.

    Raises:
        UnreadableCorpusError: the package was installed without a corpus.

    """
    for folder in (_PACKED, _CHECKOUT):
        if (folder / DOCUMENTS).is_file():
            return folder
    raise UnreadableCorpusError(
        f"The package was installed without its corpus: {str(_PACKED)!r} is missing. "
        "Install it again, or name a corpus folder."
    )
