"""Draw plots of the corpus."""
from __future__ import annotations
from pathlib import Path
from readout.model import Corpus


def write_plots(folder: Path, corpus: Corpus) -> None:
    """Write the plots."""
