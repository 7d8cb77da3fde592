"""The command ``readout``, with one module per group of commands."""

from readout.cli import annotate, bench, exchange, look, publish
from readout.cli.frame import main

__all__ = ["annotate", "bench", "exchange", "look", "main", "publish"]
