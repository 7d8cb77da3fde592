"""Import the archive of an INCEpTION project: the layer of each annotator for each document.

The archive, or a folder with the same content, has a folder ``annotation`` and one ``curation``; in
them is a folder per document, and in that a file per annotator, in the format chosen for the
export: WebAnno TSV 3, XMI or UIMA CAS JSON. Give each annotator an id, such as
``--annotator anna=ann``; the name of the curator is ``CURATION_USER``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

from readout.interchange.archives import iter_members
from readout.interchange.inbox import Inbox, Owner, find_files
from readout.interchange.tools.cas import check_unit, read_cas_json, read_xmi_archive
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


IterateFiles: TypeAlias = Callable[[Callable[[str], bool]], Iterator[tuple[str, bytes]]]
"""Yields the names and the content of those files of a project whose names are wanted."""


def import_inception(inbox: Inbox, path: Path) -> None:
    """Read the archives of projects, or a folder with the files of one."""
    check_unit(inbox, path)
    if path.is_dir() and any((path / folder).is_dir() for folder in _FOLDERS):
        _read_project(inbox, str(path), partial(_iter_files, path))
        return
    for file in find_files(path, ".zip"):
        _read_project(inbox, str(file), partial(iter_members, inbox, str(file), file))


def _iter_files(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and is_wanted(name):
            yield name, file.read_bytes()


def _is_of_document(name: str) -> bool:
    return _parse_name(name) is not None


def _is_plain_text(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".txt" and path.parent.name == "source"


def _parse_name(name: str) -> _Member | None:
    """Return what the path of a file says; None for a file that is not of a document."""
    parts = PurePosixPath(name).parts
    folder = next((part for part in parts if part in (*_FOLDERS, *_BINARY)), None)
    if folder is None or len(parts) != parts.index(folder) + 3:
        return None
    file = PurePosixPath(parts[-1])
    return _Member(folder, parts[-2], file.stem, file.suffix)


def _read_project(inbox: Inbox, path: str, iterate: IterateFiles) -> None:
    texts = {}
    for name, content in iterate(_is_plain_text):
        # INCEpTION replaces what is not UTF-8 as well, when it imports a text.
        texts[PurePosixPath(name).name] = content.decode("utf-8-sig", errors="replace")

    binary: set[tuple[str, str]] = set()
    read: set[tuple[str, str]] = set()
    for name, content in iterate(_is_of_document):
        member = _parse_name(name)
        if member is None or member.author == _INITIAL:
            continue
        if member.folder in _BINARY:
            binary.add((member.document, member.author))
        elif member.suffix in _READ:
            read.add((member.document, member.author))
            text = texts.get(member.document)
            _read_member(inbox, f"{path}/{name}", member, content, text)

    for document, author in sorted(binary - read):
        message = f"The annotations of {author!r} in {document!r} are in a binary format only."
        hint = "export the project again with WebAnno TSV, XMI or JSON as its secondary format."
        inbox.report("foreign-syntax", path, message, hint)


def _read_member(
    inbox: Inbox, path: str, member: _Member, content: bytes, source: str | None
) -> None:
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
        read_tsv(inbox, path, owner, text, source)
