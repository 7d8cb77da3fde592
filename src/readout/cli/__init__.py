"""The command ``readout``. Each command is a few lines that call the modules below it."""

from readout.cli import corpus, exchange, scoring, workbench
from readout.cli.frame import main

__all__ = ["corpus", "exchange", "main", "scoring", "workbench"]
