"""Start a new corpus that can be checked, built and tested at once: empty, or with an example."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from string import Template

from readout._version import __version__
from readout.corpus.files import Change, FileBytes, recover_corpus, write_files
from readout.corpus.outputs import iter_files
from readout.corpus.schema import read_schema
from readout.dataset.card import DATACARD
from readout.problem import RefusedError
from readout.workbench.datacard import refresh_card

_FOLDER = Path(__file__).parent
TEMPLATE = _FOLDER / "template"
EXAMPLE = _FOLDER / "example"
"""The files of a corpus with an example document that replace those of the empty template."""
_EXAMPLE_LANGUAGE = "en"
_FILLED = ("README.md", "requirements.txt", DATACARD)
"""Files of the template with names in them that are replaced."""

_ABOUT_EXAMPLE = """\
`2031-05-river-bridge` is an example; look at it with `readout preview`. When you have texts of your
own, remove it with its registry entries:

```text
readout remove document 2031-05-river-bridge
readout remove target new-bridge
readout remove topic bridge
readout remove speaker jonas-reed mira-holt
```

"""


def write_corpus(target: Path, language: str | None = None, example: bool = False) -> list[str]:
    """Write a new corpus to a folder that is new or empty, and return the paths of its files.

    ``language`` is the BCP 47 tag of its texts. With ``example``, it has an example document.

    Raises:
        RefusedError: the folder is not empty, or is a file; or the language is no tag.

    """
    if language is not None:
        _refuse_language(language)
    recover_corpus(target)
    is_other = target.is_symlink() or (target.exists() and not target.is_dir())
    # A command that was killed may have left folders without files.
    if is_other or (target.exists() and any(iter_files(target))):
        raise RefusedError(f"{str(target)!r} exists and is not an empty folder. Name a new one.")

    files = _read_folder(TEMPLATE)
    if example:
        files |= _read_folder(EXAMPLE)
        language = language or _EXAMPLE_LANGUAGE
    name = target.resolve().name
    values = {
        "name": name,
        "quoted_name": json.dumps(name),
        "version": __version__,
        "language": f"language:\n- {language}\n" if language else "",
        "example": _ABOUT_EXAMPLE if example else "",
    }
    for path in _FILLED:
        files[path] = Template(files[path].decode()).substitute(values).encode()

    files[DATACARD] = _fill_card(files)
    write_files(target, {path: Change(None, raw) for path, raw in files.items()})
    return list(files)


def _refuse_language(language: str) -> None:
    pattern = read_schema("document")["properties"]["language"]["pattern"]
    if not re.search(pattern, language):
        raise RefusedError(
            f"The language {language!r} is not a BCP 47 tag. Write one such as 'de' or 'pt-BR'."
        )


def _read_folder(folder: Path) -> FileBytes:
    """Return the files of a folder by their paths in it."""
    files: FileBytes = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            files[file.relative_to(folder).as_posix()] = file.read_bytes()
    return files


def _fill_card(files: FileBytes) -> bytes:
    """Return the card of a new corpus with its generated sections, from a temporary copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for path, raw in files.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(raw)
        return refresh_card(copy).new
