"""A new corpus in the layout of this one: one example document, ready to check, build and test."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from readout.corpus.files import write_files
from readout.dataset.build import DATACARD
from readout.problem import RefusedError
from readout.workbench.datacard import refresh_card

TEMPLATE = Path(__file__).parent / "template"
_NAMED = ("README.md", DATACARD)
"""Files of the template that say the name of the corpus."""


def write_corpus(target: Path) -> list[str]:
    """Write a new corpus into a folder that is new or empty, and return the paths of its files.

    Raises:
        RefusedError: the folder holds something already.

    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RefusedError(f"{str(target)!r} exists and is not an empty folder. Name a new one.")
    name = target.resolve().name
    paths = sorted(
        path for path in TEMPLATE.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    files = {path.relative_to(TEMPLATE).as_posix(): path.read_bytes() for path in paths}
    for path in _NAMED:
        text = Template(files[path].decode()).substitute(name=name, quoted_name=json.dumps(name))
        files[path] = text.encode()
    write_files(target, files)
    write_files(target, {DATACARD: refresh_card(target)[1].encode()})
    return list(files)
