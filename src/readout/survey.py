"""Shards of a corpus, and what is found in one: the unit of work, of parallelism, of incrementality and of files.

A shard is read one document after another, so that its memory does not grow with its length.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from readout.checks import Usage, check_document
from readout.checks.clean import find_clean_layer
from readout.corpus import read
from readout.corpus.parse import LayerParser, parse_layer
from readout.corpus.read import read_bytes, read_document, read_registries
from readout.corpus.tally import Tally
from readout.model import AnnotatedDocument, Document, Layer, RecordFile, Registries, Split
from readout.problem import Problem, is_failure

SINGLE = 2_000
"""Up to this many documents a split is one shard."""
PER_SHARD = 200
MOST_SHARDS = 4_096
"""Beyond this many shards a split, shards grow instead: file systems and Hubs do not like more files."""


class Shard(msgspec.Struct, frozen=True):
    """Some documents of one split, and the line of each in ``documents.jsonl``."""

    split: Split
    number: int
    of: int
    documents: tuple[Document, ...] = ()
    lines: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the shard's files, without their suffix."""
        return f"{self.split}-{self.number:05}-of-{self.of:05}"


def count_shards(documents: int) -> int:
    """Return into how many shards a split of so many documents is put: a power of two, 100 to 200 documents each.

    A power of two, so that a corpus that grows keeps its shards until it has doubled.
    """
    if documents <= SINGLE:
        return 1
    return min(1 << (documents // PER_SHARD).bit_length(), MOST_SHARDS)


def plan_shards(index: RecordFile[Document], splits: tuple[Split, ...]) -> list[Shard]:
    """Return the shards of every split, at least one each; a hash of its id says where a document belongs."""
    shards = []
    for split in splits:
        places = [(meta, line) for meta, line in zip(index.records, index.lines, strict=True) if meta.split == split]
        of = count_shards(len(places))
        parts: list[list[tuple[Document, int]]] = [[] for _ in range(of)]
        for meta, line in places:
            parts[_place(meta.doc_id, of)].append((meta, line))
        shards += [
            Shard(split, number, of, tuple(meta for meta, _ in part), tuple(line for _, line in part))
            for number, part in enumerate(parts)
        ]
    return shards


def _place(doc_id: str, of: int) -> int:
    return int.from_bytes(sha256(doc_id.encode()).digest()[:8], "big") % of if of > 1 else 0


class Survey(msgspec.Struct):
    """What was found in some documents; surveys add up."""

    problems: list[Problem] = []
    usage: Usage = msgspec.field(default_factory=Usage)
    tally: Tally = msgspec.field(default_factory=Tally)

    def add(self, other: Survey) -> None:
        """Add another part of the corpus."""
        self.problems += other.problems
        self.usage.add(other.usage)
        self.tally.add(other.tally)


class Surveyed(msgspec.Struct, frozen=True):
    """A shard's survey, encoded, since a large corpus has many of them.

    ``content`` is a hash of every byte that was read, empty where something could not be. ``names_lines`` tells whether
    a problem names a line of ``documents.jsonl``, which moves when other documents come and go.
    """

    survey: msgspec.Raw
    content: str
    names_lines: bool

    def decode(self) -> Survey:
        """Return the survey."""
        return msgspec.msgpack.decode(self.survey, type=Survey)


class Scope(msgspec.Struct, frozen=True):
    """The corpus around a shard: its folder, who annotated it, and the hash of its registries' bytes."""

    root: str
    annotators: tuple[str, ...]
    registries: str

    def read_registries(self) -> Registries:
        """Return the registries of the corpus; a process reads them once.

        Raises:
            OSError: they have changed since the work was planned.

        """
        return _read_registries(self.root, self.registries)


@lru_cache(maxsize=1)
def _read_registries(root: str, expected: str) -> Registries:
    registries, _ = read_registries(Path(root))
    if hash_registries(Path(root)) != expected:
        raise OSError(f"The registries in {root!r} changed while they were in use. Run the command again.")
    return registries


def hash_registries(root: Path) -> str:
    """Return the hash of all that documents are checked against: registries, topic codes and guidelines."""
    digest = sha256()
    for path in (*(f"annotations/{name}.jsonl" for name in read.REGISTRY_FILES), read.IPTC, read.GUIDELINES):
        raw, _ = read_bytes(root, path)
        digest.update(f"{path}\n{'' if raw is None else sha256(raw).hexdigest()}\n".encode())
    return digest.hexdigest()


def find_scope(root: Path) -> Scope:
    """Return the scope of a corpus folder."""
    return Scope(str(root.resolve()), tuple(read.iter_annotators(root)), hash_registries(root))


def survey_shard(
    shard: Shard, scope: Scope, use: Callable[[Sequence[AnnotatedDocument]], None] | None = None
) -> Surveyed:
    """Read, check and count the documents of a shard.

    ``use`` is called with each run of documents as long as no error has been found in the shard.
    """
    survey = Survey()
    content = sha256()
    documents = 0
    with uncollected():
        for run in iter_runs(_iter_checked(shard, scope, survey.problems)):
            documents += len(run)
            survey.usage.add_documents(run)
            survey.tally.add_documents(run)
            content.update(b"".join(map(_describe_content, run)))
            if use and not is_failure(survey.problems):
                use(run)
    return Surveyed(
        msgspec.Raw(msgspec.msgpack.encode(survey)),
        content.hexdigest() if documents == len(shard.documents) else "",
        any(problem.path == read.DOCUMENTS for problem in survey.problems),
    )


RUN_DOCUMENTS = 100
RUN_CHARACTERS = 500_000


def iter_runs(documents: Iterable[AnnotatedDocument]) -> Iterator[Sequence[AnnotatedDocument]]:
    """Yield documents in runs that end after so many documents or characters, whichever comes first.

    What is done to a run at once costs a fraction of what it costs one document after another, and memory does not
    depend on the number of runs.
    """
    run: list[AnnotatedDocument] = []
    characters = 0
    for document in documents:
        run.append(document)
        characters += len(document.text)
        if len(run) >= RUN_DOCUMENTS or characters >= RUN_CHARACTERS:
            yield run
            run, characters = [], 0
    if run:
        yield run


def _describe_content(document: AnnotatedDocument) -> bytes:
    files: tuple[RecordFile[Any], ...] = (document.gold, *document.layers, document.adjudication)
    lines = [document.sha256, *[f"{file.path} {sha256(file.raw).hexdigest()}" for file in files if file.raw]]
    return "\n".join(lines).encode()


def hash_content(shard: Shard, scope: Scope) -> str:
    """Return the hash of every byte of a shard's files, as :func:`survey_shard` finds it; empty where one is lost."""
    root = Path(scope.root)
    content = sha256()
    for meta in shard.documents:
        text, _ = read_bytes(root, f"{read.TEXTS}/{meta.doc_id}.txt")
        if text is None:
            return ""
        folders = (read.GOLD, *(f"{read.BY}/{name}" for name in scope.annotators), read.ADJUDICATION)
        paths = [f"{folder}/{meta.doc_id}.jsonl" for folder in folders]
        found = [(path, read_bytes(root, path)[0]) for path in paths]
        lines = [sha256(text).hexdigest(), *[f"{path} {sha256(raw).hexdigest()}" for path, raw in found if raw]]
        content.update("\n".join(lines).encode())
    return content.hexdigest()


def _iter_checked(shard: Shard, scope: Scope, problems: list[Problem]) -> Iterator[AnnotatedDocument]:
    """Yield the documents that can be read, and add what is wrong with each, and with the others, to ``problems``."""
    root, registries = Path(scope.root), scope.read_registries()
    clean: set[str] = set()
    parse = _make_parser(clean, registries)
    index = RecordFile(path=read.DOCUMENTS, records=shard.documents, lines=shard.lines)
    for meta in shard.documents:
        clean.clear()
        document, found = read_document(root, meta, scope.annotators, parse)
        problems += found
        if document is not None:
            if document.sha256 != meta.sha256 and not index.raw:  # only a problem's excerpt needs the file itself
                index = msgspec.structs.replace(index, raw=read_bytes(root, read.DOCUMENTS)[0] or b"")
            problems += check_document(document, registries, index, clean)
            yield document


def _make_parser(clean: set[str], registries: Registries) -> LayerParser:
    """Return a parser of layers that adds the paths of those in which no rule would find anything to ``clean``."""

    def parse(path: str, raw: bytes, annotator: str | None, text: str | None) -> tuple[Layer, list[Problem]]:
        layer = None if text is None else find_clean_layer(path, raw, annotator, text, registries)
        if layer is None:
            return parse_layer(path, raw, annotator)
        clean.add(path)
        return layer, []

    return parse


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cyclic garbage from walking over records, which hold no cycles: a tenth of the time.

    What is young is collected at the end; otherwise the collector, back at work, would find itself so far behind that
    it walks over everything that was ever imported.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if was_enabled:
            gc.enable()
