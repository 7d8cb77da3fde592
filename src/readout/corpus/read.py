"""Read a corpus folder as ``(Corpus, problems)``. Bad data give problems, not exceptions."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args

from readout.corpus import lines
from readout.corpus.lines import check_bytes
from readout.corpus.parse import parse_file, parse_layer
from readout.corpus.schema import Kind
from readout.model import (
    AnnotatedDocument,
    Annotator,
    Corpus,
    Decision,
    Document,
    Layer,
    Record,
    RecordFile,
    Registries,
    Review,
    ReviewFile,
    Speaker,
    Split,
    Suggestion,
    Target,
    TopicDefinition,
)
from readout.problem import (
    Finding,
    Problem,
    RefusedError,
    Rule,
    locate,
    raw_line,
    refuse_broken,
    rule,
)

DOCUMENTS = "raw/documents.jsonl"
TEXTS = "raw/text"
GOLD = "annotations/gold"
BY = "annotations/by"
ADJUDICATION = "annotations/adjudication"
SUGGESTIONS = "annotations/suggestions"
UNPLACED = "annotations/unplaced"
REVIEWS = "annotations/reviews"
SPLITS: tuple[Split, ...] = get_args(Split)
IPTC = "annotations/iptc-mediatopics.tsv"
GUIDELINES = "annotations/GUIDELINES.md"
REGISTRY_FILES: dict[str, tuple[Kind, type[Record]]] = {
    "speakers": ("speaker", Speaker),
    "topics": ("topic", TopicDefinition),
    "targets": ("target", Target),
    "annotators": ("annotator", Annotator),
}


class UnreadableCorpusError(RefusedError):
    """The folder is not a corpus, or cannot be read at all."""


@rule("missing-file", "bytes")
def missing_file(path: str) -> Iterator[Finding]:
    """Every file that the corpus names is there, and is a regular file."""
    yield Finding(
        f"The file {path!r} is missing or is not a regular file.",
        hint=(
            "restore it, or give it its name again; if its document is to go, remove the line and "
            "the other files of the document too."
        ),
    )


@rule("outside-link", "bytes")
def outside_link(path: str) -> Iterator[Finding]:
    """No link in a corpus leads out of it: such a file is not read."""
    message = f"The path {path!r} is a link that leads out of the corpus, so it is not read."
    yield Finding(message, hint="remove the link, and put a copy of the file in its place.")


@rule("unexpected-file", "bytes", "warning")
def unexpected_file(path: str, missing: Collection[str] = (), owner: str = "") -> Iterator[Finding]:
    """Every file in a data folder belongs to a document of the corpus.

    ``missing`` are the files that its folder lacks, and ``owner`` is the document whose text the
    file is.
    """
    if owner:
        message = f"The file {path!r} is the text of {owner!r} under another name."
        renamed = f"{TEXTS}/{owner}.txt"
        hint = f"rename it to {renamed!r}, or delete it if that file is there."
        yield Finding(message, hint=hint)
        return
    message = f"The file {path!r} belongs to no document of {DOCUMENTS}."
    hint = "add its document with `readout add document`, or move the file away."
    if missing:
        shown = ", ".join(map(repr, sorted(missing)[:_SHOWN]))
        hint = f"decide whether it is {shown} under another name, and rename it; if not, {hint}"
    yield Finding(message, hint=hint)


_SHOWN = 3


@rule("unplaced-annotation", "bytes", "warning")
def unplaced_annotation(path: str, raw: bytes) -> Iterator[Finding]:
    """Annotations that lost their place when a text was corrected are put back, or deleted."""
    layer = path.replace(UNPLACED, "annotations", 1)
    for number in range(1, len(raw.splitlines()) + 1):
        hint = f"put the line back into {layer} with the words of the corrected text, or delete it."
        yield Finding(
            "The annotation waits for a place in the corrected text.", line=number, hint=hint
        )


RULES: tuple[Rule, ...] = (
    missing_file,
    outside_link,
    unexpected_file,
    unplaced_annotation,
    *lines.RULES,
)


def find_root(named: Path | None = None) -> Path:
    """Return the named corpus folder; without a name, the one that the current folder lies in.

    A named folder must be the corpus itself: a command that took the one around it would read, or
    even change, a corpus that nobody named.

    Raises:
        UnreadableCorpusError: the folder has no ``raw/documents.jsonl``.

    """
    if named is not None:
        require_corpus(named)
        return named

    here = Path()
    for folder in (here, *here.resolve().parents):
        if (folder / DOCUMENTS).is_file():
            return folder
    raise UnreadableCorpusError(
        f"There is no {DOCUMENTS} in the current folder or above it. "
        "Name the corpus folder with --corpus DIR."
    )


def require_corpus(root: Path) -> None:
    """Raise UnreadableCorpusError if a folder has no ``raw/documents.jsonl``."""
    if not (root / DOCUMENTS).is_file():
        raise UnreadableCorpusError(
            f"There is no {DOCUMENTS} in {str(root)!r}, so it is not a corpus folder."
        )


# A pipe must not be waited for (POSIX), and line endings must not be translated (Windows).
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag
_IS_LINK = (errno.ELOOP, errno.EMLINK)  # what Linux, macOS and BSD say of a link


def read_bytes(root: Path, path: str) -> tuple[bytes | None, list[Problem]]:
    """Return the bytes of a regular file of a corpus.

    Return None and a problem if there is no such file, or if it is outside the corpus: a text of a
    stranger that is a link to a private file would be shown on a page or put into a dataset.
    """
    try:
        if _has_linked_folder(root, path) and leads_outside(root, path):
            return None, _report(outside_link, path)
        descriptor = _open(root, path)
        if descriptor is None:
            return None, _report(outside_link, path)
        try:
            if stat.S_ISREG((found := os.fstat(descriptor)).st_mode):
                return _read_all(descriptor, found.st_size), []
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        pass
    return None, _report(missing_file, path)


def _report(rule_: Rule, path: str) -> list[Problem]:
    return [locate(rule_, finding, path) for finding in rule_.find(path)]


def _has_linked_folder(root: Path, path: str) -> bool:
    """Return whether a folder of a path is a link, which costs a tenth of resolving the path."""
    end = path.find("/")
    while end >= 0:
        if stat.S_ISLNK(os.lstat(f"{root}/{path[:end]}").st_mode):
            return True
        end = path.find("/", end + 1)
    return False


def _open(root: Path, path: str) -> int | None:
    """Return the descriptor of a file; None if the file is a link that leads out of the corpus."""
    try:
        if _NO_FOLLOW:
            return os.open(f"{root}/{path}", _OPEN_FLAGS | _NO_FOLLOW)
    except OSError as error:
        if error.errno not in _IS_LINK:
            raise
    return None if leads_outside(root, path) else os.open(f"{root}/{path}", _OPEN_FLAGS)


def leads_outside(root: Path, path: str) -> bool:
    """Return whether a path in a corpus leads, by links, to a place that is not in the corpus."""
    # Unlike Path.resolve, realpath does not raise for links in a circle.
    target, top = (os.path.realpath(each) for each in (f"{root}/{path}", root))
    return not Path(target).is_relative_to(top)


def _read_all(descriptor: int, size: int) -> bytes:
    """Return the bytes of an open file: one read of its size, and more if it has grown."""
    parts = [os.read(descriptor, size + 1)]
    if len(parts[0]) != size:
        while more := os.read(descriptor, 1 << 20):
            parts.append(more)
    return b"".join(parts)


def _list_folder(root: Path, folder: str) -> list[str]:
    r"""Return the sorted names in a data folder; bytes that are not UTF-8 as ``\xff``."""
    if leads_outside(root, folder):
        return []
    try:
        names = [
            os.fsencode(name).decode(errors="backslashreplace")
            for name in os.listdir(root / folder)
        ]
    except OSError:
        return []
    return sorted(name for name in names if not name.startswith(".") and name != "README.md")


R = TypeVar("R", bound=Record)


def _read_records(
    root: Path, path: str, kind: Kind, record_class: type[R]
) -> tuple[RecordFile[R], list[Problem]]:
    raw, problems = read_bytes(root, path)
    if raw is None:
        return RecordFile(path=path, is_read=False), problems
    return parse_file(path, raw, kind, record_class)


def parse_records(path: str, raw: bytes) -> tuple[RecordFile[Any], list[Problem]]:
    """Return the records of any file but a layer, by its path."""
    if path == DOCUMENTS:
        return parse_file(path, raw, "document", Document)
    if path.startswith(ADJUDICATION):
        return parse_file(path, raw, "decision", Decision)
    if path.startswith(REVIEWS):
        return parse_file(path, raw, "review", Review)
    if path.startswith(SUGGESTIONS):
        return parse_file(path, raw, "suggestion", Suggestion)
    return parse_file(path, raw, *REGISTRY_FILES[Path(path).stem])


LayerParser: TypeAlias = Callable[[str, bytes, str | None], tuple[Layer, list[Problem]]]
"""Returns the layer and the problems of the bytes at a path, as :func:`parse_layer` does."""


def _read_layer(
    root: Path, path: str, annotator: str | None, parse: LayerParser
) -> tuple[Layer, list[Problem]]:
    raw, problems = read_bytes(root, path)
    if raw is None:
        return Layer(path=path, annotator=annotator, is_read=False), problems
    return parse(path, raw, annotator)


# ---------------------------------------------------------------- the corpus


def read_registries(root: Path) -> tuple[Registries, list[Problem]]:
    """Return the registries of a corpus folder and their problems up to the schema rung."""
    problems: list[Problem] = []
    files: dict[str, RecordFile[Any]] = {}
    for name, (kind, record_class) in REGISTRY_FILES.items():
        files[name], found = _read_records(root, f"annotations/{name}.jsonl", kind, record_class)
        problems += found
    iptc, found = _read_iptc(root)
    problems += found
    sections, found = _read_sections(root)
    problems += found
    entries = {
        name: {_entry_id(record): record for record in file.records} for name, file in files.items()
    }
    return Registries(**entries, iptc=iptc, sections=sections, files=files), problems


def _entry_id(record: Any) -> str:
    entry: str = getattr(record, record.__struct_fields__[0])
    return entry


def _read_iptc(root: Path) -> tuple[dict[str, str], list[Problem]]:
    if not os.path.lexists(root / IPTC):
        return {}, []
    raw, problems = read_bytes(root, IPTC)
    rows = (
        line.split("\t")
        for line in (raw or b"").decode(errors="replace").splitlines()
        if line.startswith("medtop")
    )
    return {row[0]: row[-1] for row in rows}, problems


_HEADING = re.compile(r"^#+ ([0-9]+(?:\.[0-9]+)*)[. ]", re.MULTILINE)


def _read_sections(root: Path) -> tuple[frozenset[str], list[Problem]]:
    if not os.path.lexists(root / GUIDELINES):
        return frozenset(), []
    raw, problems = read_bytes(root, GUIDELINES)
    return frozenset(_HEADING.findall((raw or b"").decode(errors="replace"))), problems


def read_index(root: Path) -> tuple[RecordFile[Document], list[Problem]]:
    """Return the documents' metadata and their problems up to the schema rung."""
    return _read_records(root, DOCUMENTS, "document", Document)


def read_text(root: Path, doc_id: str) -> tuple[str | None, str, list[Problem]]:
    """Return a raw text (None if it cannot be decoded), its sha256 and its problems."""
    path = f"{TEXTS}/{doc_id}.txt"
    raw, problems = read_bytes(root, path)
    if raw is None:
        return None, "", problems
    digest = sha256(raw).hexdigest()
    problems = check_bytes(path, raw, (lines.byte_order_mark,))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None, digest, [*check_bytes(path, raw, (lines.encoding,)), *problems]
    for each in lines.TEXT_RULES:
        problems += [
            locate(each, found, path, found.line, raw_line(raw, found.line))
            for found in each.find(text)
        ]
    return text, digest, problems


def iter_annotators(root: Path) -> Iterator[str]:
    """Yield the id of every annotator who has a folder of layers."""
    yield from _iter_folders(root, BY)


def iter_reviewers(root: Path) -> Iterator[str]:
    """Yield the id of every annotator who has a folder of reviews."""
    yield from _iter_folders(root, REVIEWS)


def _iter_folders(root: Path, parent: str) -> Iterator[str]:
    for name in _list_folder(root, parent):
        if (root / parent / name).is_dir():
            yield name


def read_document(
    root: Path,
    meta: Document,
    annotators: Iterable[str],
    parse: LayerParser = parse_layer,
    has_gold: bool = True,
) -> tuple[AnnotatedDocument | None, list[Problem]]:
    """Return one document with its layers, and its problems up to the schema rung.

    The document is None if its text cannot be read. Without ``has_gold``, no gold is read, and
    nothing that is about gold.
    """
    text, digest, problems = read_text(root, meta.doc_id)
    gold = Layer(path=f"{GOLD}/{meta.doc_id}.jsonl", is_read=False)
    if has_gold:
        gold, found = _read_layer(root, gold.path, None, parse)
        problems += found

    layers = []
    for annotator in annotators:
        path = f"{BY}/{annotator}/{meta.doc_id}.jsonl"
        # A link that leads nowhere is a problem, not a missing layer.
        if os.path.lexists(f"{root}/{path}"):
            layer, found = _read_layer(root, path, annotator, parse)
            layers.append(layer)
            problems += found

    path = f"{ADJUDICATION}/{meta.doc_id}.jsonl"
    adjudication: RecordFile[Decision] = RecordFile(path=path, is_read=False)
    path = f"{SUGGESTIONS}/{meta.doc_id}.jsonl"
    suggestions: RecordFile[Suggestion] = RecordFile(path=path, is_read=False)
    reviews: list[ReviewFile] = []
    if has_gold:
        adjudication, found = read_adjudication(root, meta.doc_id)
        problems += found
        suggestions, found = read_suggestions(root, meta.doc_id)
        problems += found
        reviews, found = read_reviews(root, meta.doc_id)
        problems += found

    if text is None:
        return None, problems
    document = AnnotatedDocument(
        meta=meta,
        text=text,
        sha256=digest,
        gold=gold,
        layers=tuple(layers),
        adjudication=adjudication,
        suggestions=suggestions,
        reviews=tuple(reviews),
    )
    return document, problems


def demand_document(
    document: AnnotatedDocument | None, problems: Sequence[Problem]
) -> AnnotatedDocument:
    """Return a document as :func:`read_document` gave it.

    Raises:
        RefusedError: its text could not be read.

    """
    if document is None:
        refuse_broken(problems[0].path, problems)
    assert document is not None
    return document


def read_adjudication(root: Path, doc_id: str) -> tuple[RecordFile[Decision], list[Problem]]:
    """Return the decisions on a document's disagreements; none if it has no such file."""
    return _read_optional(root, f"{ADJUDICATION}/{doc_id}.jsonl", "decision", Decision)


def read_suggestions(root: Path, doc_id: str) -> tuple[RecordFile[Suggestion], list[Problem]]:
    """Return the suggestions for a document; none if it has no such file."""
    return _read_optional(root, f"{SUGGESTIONS}/{doc_id}.jsonl", "suggestion", Suggestion)


def _read_optional(
    root: Path, path: str, kind: Kind, record_class: type[R]
) -> tuple[RecordFile[R], list[Problem]]:
    if not os.path.lexists(f"{root}/{path}"):
        return RecordFile(path=path, is_read=False), []
    return _read_records(root, path, kind, record_class)


def read_reviews(root: Path, doc_id: str) -> tuple[list[ReviewFile], list[Problem]]:
    """Return the reviews of a document's gold annotations, one file per reviewer."""
    files = []
    problems: list[Problem] = []
    for reviewer in iter_reviewers(root):
        path = f"{REVIEWS}/{reviewer}/{doc_id}.jsonl"
        if os.path.lexists(f"{root}/{path}"):
            file, found = _read_records(root, path, "review", Review)
            fields = {name: getattr(file, name) for name in RecordFile.__struct_fields__}
            files.append(ReviewFile(reviewer=reviewer, **fields))
            problems += found
    return files, problems


def check_folders(root: Path, index: RecordFile[Document]) -> Iterator[Problem]:
    """Yield a problem for every file in a data folder that belongs to no document."""
    named = set(re.findall(rb'"doc_id"\s*:\s*"([^"]*)"', index.raw))
    known = {name.decode(errors="replace") for name in named}
    folders = [(TEXTS, ".txt")]
    folders += [(folder, ".jsonl") for folder in (GOLD, ADJUDICATION, SUGGESTIONS)]
    folders += [(f"{BY}/{annotator}", ".jsonl") for annotator in iter_annotators(root)]
    folders += [(f"{REVIEWS}/{reviewer}", ".jsonl") for reviewer in iter_reviewers(root)]
    for folder, suffix in folders:
        if leads_outside(root, folder):
            yield from _report(outside_link, folder)
        expected, there = {name + suffix for name in known}, {*_list_folder(root, folder)}
        # Only gold and the text are demanded of every document.
        missing = expected - there if folder in (TEXTS, GOLD) else set()
        for name in sorted(there - expected):
            path = f"{folder}/{name}"
            owner = _find_owner(root, path, index) if folder == TEXTS else ""
            for finding in unexpected_file.find(path, missing, owner):
                yield locate(unexpected_file, finding, path)
    for parent in (BY, REVIEWS):
        if leads_outside(root, parent):
            yield from _report(outside_link, parent)
        for name in {*_list_folder(root, parent)} - {*_iter_folders(root, parent)}:
            path = f"{parent}/{name}"
            rule_ = outside_link if leads_outside(root, path) else unexpected_file
            yield from _report(rule_, path)


def _find_owner(root: Path, path: str, index: RecordFile[Document]) -> str:
    """Return the id of the document whose text a file is; empty if there is none."""
    raw, _ = read_bytes(root, path)
    digest = sha256(raw or b"").hexdigest()
    return next((meta.doc_id for meta in index.records if meta.sha256 == digest), "")


def check_unplaced(root: Path) -> Iterator[Problem]:
    """Yield a problem for every annotation that a corrected text left without a place."""
    if leads_outside(root, UNPLACED):
        yield from _report(outside_link, UNPLACED)
        return
    for file in sorted((root / UNPLACED).rglob("*.jsonl")):
        path = file.relative_to(root).as_posix()
        raw, problems = read_bytes(root, path)
        yield from problems
        for finding in unplaced_annotation.find(path, raw or b""):
            yield locate(
                unplaced_annotation, finding, path, finding.line, raw_line(raw or b"", finding.line)
            )


def read_corpus(root: Path) -> tuple[Corpus, list[Problem]]:
    """Return a whole corpus folder and its problems up to the schema rung.

    Raises:
        UnreadableCorpusError: ``root`` holds no ``raw/documents.jsonl``.

    """
    require_corpus(root)
    registries, problems = read_registries(root)
    index, found = read_index(root)
    problems += [*found, *check_folders(root, index), *check_unplaced(root)]
    annotators = list(iter_annotators(root))
    documents = []
    for meta in index.records:
        document, found = read_document(root, meta, annotators)
        problems += found
        if document is not None:
            documents.append(document)
    return Corpus(registries=registries, index=index, documents=tuple(documents)), problems
