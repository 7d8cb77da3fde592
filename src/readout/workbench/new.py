"""Start a new corpus: one example document that can be checked, built and tested at once."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from string import Template

from readout.corpus.files import Change, FileBytes, recover_corpus, write_files
from readout.corpus.outputs import iter_files
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
    recover_corpus(target)
    is_other = target.is_symlink() or (target.exists() and not target.is_dir())
    # A command that was killed may have left folders without files.
    if is_other or (target.exists() and any(iter_files(target))):
        raise RefusedError(f"{str(target)!r} exists and is not an empty folder. Name a new one.")

    files: FileBytes = {}
    for file in sorted(TEMPLATE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            files[file.relative_to(TEMPLATE).as_posix()] = file.read_bytes()

    name = target.resolve().name
    for path in _NAMED:
        template = Template(files[path].decode())
        files[path] = template.substitute(name=name, quoted_name=json.dumps(name)).encode()

    files[DATACARD] = _fill_card(files)
    write_files(target, {path: Change(None, raw) for path, raw in files.items()})
    return list(files)


def _fill_card(files: FileBytes) -> bytes:
    """Return the card of a new corpus with its generated sections, from a temporary copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for path, raw in files.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(raw)
        return refresh_card(copy).new
