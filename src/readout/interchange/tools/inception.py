"""Import the archive of an INCEpTION project: the layer of each annotator for each document.

The archive, or a folder with the same content, has a folder ``annotation`` and one ``curation``; in
them is a folder per document, and in that a file per annotator, in the format chosen for the
export: WebAnno TSV 3, XMI or UIMA CAS JSON. Give each annotator an id, such as
``--annotator anna=ann``; the name of the curator is ``CURATION_USER``.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zipfile import is_zipfile

from readout.interchange.archives import iter_members
from readout.interchange.inbox import Inbox, Owner
from readout.interchange.tools.cas import read_cas_json, read_xmi_archive
from readout.interchange.tools.webanno_tsv import read_tsv

LOSSES = (
    "The files in `annotation_ser` and `curation_ser` are left out, as only INCEpTION reads them.",
    "What INCEpTION calls the initial CAS, and the settings of the project, are left out.",
    "Layers are imported as those of `cas-xmi` and `webanno-tsv`, with their losses.",
)
_FOLDERS = ("annotation", "curation")
_BINARY = ("annotation_ser", "curation_ser")
_INITIAL = "INITIAL_CAS"
_READ = (".tsv", ".zip", ".json")


class _Member(NamedTuple):
    """A file of a project: its folder, its document, its annotator and its suffix."""

    folder: str
    document: str
    author: str
    suffix: str


def import_inception(inbox: Inbox, path: Path) -> None:
    """Read the archives of projects, or a folder with the files of one."""
    archives = [path] if is_zipfile(path) else sorted(path.rglob("*exported*.zip"))
    if path.is_dir() and any((path / folder).is_dir() for folder in _FOLDERS):
        _read_project(inbox, str(path), _iter_files(path))
    elif path.is_dir() and not archives:
        archives = [file for file in sorted(path.glob("*.zip")) if is_zipfile(file)]
    for file in archives:
        _read_project(inbox, str(file), iter_members(inbox, str(file), file, _is_of_document))


def _iter_files(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and _is_of_document(name):
            yield name, file.read_bytes()


def _is_of_document(name: str) -> bool:
    return _parse_name(name) is not None


def _parse_name(name: str) -> _Member | None:
    """Return what the path of a file says; None for a file that is not of a document."""
    parts = PurePosixPath(name).parts
    folder = next((part for part in parts if part in (*_FOLDERS, *_BINARY)), None)
    if folder is None or len(parts) != parts.index(folder) + 3:
        return None
    file = PurePosixPath(parts[-1])
    return _Member(folder, parts[-2], file.stem, file.suffix)


def _read_project(inbox: Inbox, path: str, files: Iterator[tuple[str, bytes]]) -> None:
    binary: set[tuple[str, str]] = set()
    read: set[tuple[str, str]] = set()
    for name, content in files:
        member = _parse_name(name)
        if member is None or member.author == _INITIAL:
            continue
        if member.folder in _BINARY:
            binary.add((member.document, member.author))
        elif member.suffix in _READ:
            read.add((member.document, member.author))
            _read_member(inbox, f"{path}/{name}", member, content)

    for document, author in sorted(binary - read):
        message = f"The annotations of {author!r} in {document!r} are in a binary format only."
        hint = "export the project again with WebAnno TSV, XMI or JSON as its secondary format."
        inbox.report("foreign-syntax", path, message, hint)


def _read_member(inbox: Inbox, path: str, member: _Member, content: bytes) -> None:
    name = member.document
    if name not in inbox.texts:
        name = Path(name).stem
    owner = Owner(name, member.author)

    if member.suffix == ".json":
        read_cas_json(inbox, path, owner, content)
    elif member.suffix == ".zip":
        read_xmi_archive(inbox, path, BytesIO(content), lambda _: owner)
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = (
                f"Got the byte {content[error.start]} at offset {error.start}. Expected UTF-8."
            )
            inbox.report("foreign-syntax", path, message, "convert the file to UTF-8.")
            return
        read_tsv(inbox, path, owner, text)
