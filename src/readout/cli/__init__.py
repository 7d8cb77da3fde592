"""The command ``readout``, with one module per group of commands."""

from readout.cli import adjudicate, annotate, bench, edit, exchange, look, publish, workbench
from readout.cli.frame import main

__all__ = [
    "adjudicate",
    "annotate",
    "bench",
    "edit",
    "exchange",
    "look",
    "main",
    "publish",
    "workbench",
]
