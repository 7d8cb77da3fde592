"""Start a new corpus: one example document that can be checked, built and tested at once."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from readout.corpus.files import write_files
from readout.dataset.card import DATACARD
from readout.problem import RefusedError
from readout.workbench.datacard import refresh_card

TEMPLATE = Path(__file__).parent / "template"
_NAMED = ("README.md", DATACARD)
"""Files of the template that contain the name of the corpus."""


def write_corpus(target: Path) -> list[str]:
    """Write a new corpus to a folder that is new or empty, and return the paths of its files.

    Raises:
        RefusedError: the folder is not empty, or is a file.

    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RefusedError(f"{str(target)!r} exists and is not an empty folder. Name a new one.")

    files = {}
    for file in sorted(TEMPLATE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            files[file.relative_to(TEMPLATE).as_posix()] = file.read_bytes()

    name = target.resolve().name
    for path in _NAMED:
        template = Template(files[path].decode())
        files[path] = template.substitute(name=name, quoted_name=json.dumps(name)).encode()

    write_files(target, files)
    card = refresh_card(target).new
    write_files(target, {DATACARD: card.encode()})
    return list(files)
