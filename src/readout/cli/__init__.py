"""The command ``readout``, with one module per group of commands."""

from readout.cli import annotate, bench, edit, exchange, look, publish
from readout.cli.frame import main

__all__ = ["annotate", "bench", "edit", "exchange", "look", "main", "publish"]
