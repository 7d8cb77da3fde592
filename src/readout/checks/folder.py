"""Check of a corpus folder, shard by shard.

It finds the same problems as ``check_corpus(read_corpus(root))``, but its memory does not grow with
the number of documents, and it reuses the results of earlier runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.checks import (
    Usage,
    check_document,
    check_index,
    check_registries,
    check_usage,
    find_metadata_faults,
)
from readout.corpus import read
from readout.corpus.outputs import remove_partial_caches
from readout.corpus.read import read_bytes, read_document
from readout.corpus.tally import Tally
from readout.model import AnnotatedDocument, Corpus, Document, RecordFile
from readout.problem import Problem, is_failure
from readout.scale.cache import Cache, Snapshot, hash_value, map_shards
from readout.scale.shards import Result, Scope, Shard, describe_content, iter_batches, plan_shards
from readout.scale.workers import Options, collector_paused

CHECKED = "build/.check.manifest"
"""The cache of the last report; that of shards is beside it."""


class FolderReport(NamedTuple):
    """The problems of a corpus folder, in order, and its counts."""

    problems: tuple[Problem, ...]
    tally: Tally


class FolderCounts(msgspec.Struct):
    """Addable counts of some documents."""

    usage: Usage = msgspec.field(default_factory=Usage)
    tally: Tally = msgspec.field(default_factory=Tally)

    def add(self, other: FolderCounts) -> None:
        """Add the counts of another part of the corpus."""
        self.usage.add(other.usage)
        self.tally.add(other.tally)


@collector_paused()
def check_folder(root: Path, options: Options | None = None) -> FolderReport:
    """Return the problems and counts of a corpus folder.

    Only the shards that changed since the last check are read.

    Raises:
        UnreadableCorpusError: ``root`` has no ``raw/documents.jsonl``.

    """
    options = options or Options()
    snapshot = Snapshot(root, options.slack)
    last, cache = Cache(), Cache()
    if snapshot.texts > options.small_corpus:
        last, cache = Cache(root / CHECKED), Cache(root / f"{CHECKED}-shards")
        remove_partial_caches(root / CHECKED)

    key = snapshot.hash_all()
    report = None if options.verify else last.find(key, FolderReport)
    if report is None:
        report, _ = run_shards(snapshot, cache, options)
        last.keep(key, report)
        cache.write()
        last.write()
    return report


def check_documents(root: Path, doc_ids: Collection[str] | None = None) -> list[Problem]:
    """Return the problems of registries, metadata and some documents; None means all documents.

    A command that changed these calls it. What depends on the whole corpus, such as an entry that
    nothing uses any more, is not among the problems.
    """
    registries, problems = read.read_registries(root)
    index, found = read.read_index(root)
    problems += [*found, *check_registries(registries), *check_index(index, registries)]
    annotators = list(read.iter_annotators(root))
    for meta in index.records:
        if doc_ids is None or meta.doc_id in doc_ids:
            document, found = read_document(root, meta, annotators)
            problems += found
            if document is not None:
                problems += check_document(document, registries, index)
    return problems


def run_shards(
    snapshot: Snapshot,
    cache: Cache,
    options: Options,
    work: Callable[[Shard], Result] | None = None,
    is_usable: Callable[[Result], bool] = lambda result: True,
) -> tuple[FolderReport, list[Result]]:
    """Return the report on a corpus folder, and the result of each shard.

    ``work`` makes the result of a shard; by default, it is :func:`check_shard`. Otherwise it must
    call this function. A result in the cache is reused if it ``is_usable``.
    """
    check = partial(check_shard, scope=snapshot.scope)
    corpus, problems = _read_surroundings(snapshot, cache, options.verify)
    if is_failure(problems):  # with errors in registries or metadata, no rows can be made
        work = check
    shards = plan_shards(corpus.index, options.per_shard)
    results = map_shards(work or check, shards, snapshot, cache, options, is_usable)
    return _make_report(corpus, problems, results, cache), results


# ---------------------------------------------------------------- registries and metadata


def _read_surroundings(
    snapshot: Snapshot,
    cache: Cache,
    verify: bool,
) -> tuple[Corpus, list[Problem]]:
    """Return the corpus without its documents, and all problems outside texts and layers."""
    root = snapshot.root
    registries, problems = snapshot.scope.read_registries()
    raw = read_bytes(root, read.DOCUMENTS)[0] or b""
    key = snapshot.hash_surroundings(raw)
    known = None if verify else cache.find(key, list[Problem])
    if known is not None:
        return Corpus(registries=registries, index=_decode_index(raw), documents=()), known

    index, found = read.read_index(root)
    problems = [*problems, *found, *check_registries(registries), *check_index(index, registries)]
    problems += [*read.check_folders(root, index), *read.check_unplaced(root)]
    if not is_failure(problems) and index == _decode_index(raw):
        cache.keep(key, problems)
    return Corpus(registries=registries, index=index, documents=()), problems


def _decode_index(raw: bytes) -> RecordFile[Document]:
    """Return the documents' metadata from the bytes of an index that has no errors."""
    records = tuple(msgspec.json.Decoder(Document).decode_lines(raw))
    lines = tuple(range(1, len(records) + 1))
    return RecordFile(path=read.DOCUMENTS, raw=raw, records=records, lines=lines)


# ---------------------------------------------------------------- one shard


def check_shard(
    shard: Shard,
    scope: Scope,
    use: Callable[[Sequence[AnnotatedDocument]], None] | None = None,
) -> Result:
    """Read, check and count the documents of a shard.

    ``use`` gets each batch of documents, until there is an error in the shard.
    """
    problems: list[Problem] = []
    counts = FolderCounts()
    content = sha256()
    documents = 0

    with collector_paused():
        for batch in iter_batches(_iter_checked(shard, scope, problems)):
            documents += len(batch)
            counts.usage.add_documents(batch)
            counts.tally.add_documents(batch)
            content.update(b"".join(map(_describe_content, batch)))
            if use and not is_failure(problems):
                use(batch)

    digest = content.hexdigest()
    if documents < len(shard.documents) or any(map(_is_passing, problems)):
        digest = ""
    return Result(tuple(problems), msgspec.msgpack.encode(counts), digest)


def _is_passing(problem: Problem) -> bool:
    """Return whether a problem depends on more than the bytes of a shard's files.

    Other documents may move its line in documents.jsonl, or there are no bytes to compare.
    """
    unread = (read.missing_file.code, read.outside_link.code)
    return problem.path == read.DOCUMENTS or problem.code in unread


def _describe_content(document: AnnotatedDocument) -> bytes:
    files: list[RecordFile[Any]] = [document.gold, *document.layers]
    files += [document.adjudication, document.suggestions, *document.reviews]
    contents = [(file.path, file.raw) for file in files if file.is_read]
    return describe_content(document.sha256, contents)


def _iter_checked(
    shard: Shard,
    scope: Scope,
    problems: list[Problem],
) -> Iterator[AnnotatedDocument]:
    """Yield the documents that can be read, and add the problems of all to ``problems``."""
    root = Path(scope.root)
    registries, _ = scope.read_registries()
    index = RecordFile(path=read.DOCUMENTS, records=shard.documents, lines=shard.lines)
    for meta in shard.documents:
        document, found = read_document(root, meta, scope.annotators)
        problems += found
        if document is not None:
            # Only the excerpt of a problem needs the bytes of the index.
            if not index.raw and any(find_metadata_faults(document)):
                raw, _ = read_bytes(root, read.DOCUMENTS)
                index = msgspec.structs.replace(index, raw=raw or b"")
            problems += check_document(document, registries, index)
            yield document


# ---------------------------------------------------------------- all shards


def _make_report(
    corpus: Corpus,
    problems: list[Problem],
    results: Sequence[Result],
    cache: Cache,
) -> FolderReport:
    """Return the report that sums up the ``problems`` outside the documents and all results."""
    counts = _add_up([result.counts for result in results], cache)
    for result in results:
        problems += result.problems
    problems += check_usage(corpus.registries, corpus.index, counts.usage)
    problems.sort(key=lambda problem: problem.order)
    return FolderReport(tuple(problems), counts.tally)


def _add_up(parts: list[bytes], cache: Cache, width: int = 4) -> FolderCounts:
    """Return the sum of encoded counts.

    They are summed as a tree of groups, and the cache keeps the sum of each group. After a change
    in one shard, only the groups that contain it are summed again.
    """
    while len(parts) > 1:
        groups = [parts[start : start + width] for start in range(0, len(parts), width)]
        parts = [_add_group(group, cache) for group in groups]
    return msgspec.msgpack.decode(parts[0], type=FolderCounts)


def _add_group(parts: Sequence[bytes], cache: Cache) -> bytes:
    key = hash_value([sha256(part).digest() for part in parts])
    known = cache.find(key, bytes)
    if known is None:
        total = FolderCounts()
        for part in parts:
            total.add(msgspec.msgpack.decode(part, type=FolderCounts))
        known = msgspec.msgpack.encode(total)
        cache.keep(key, known)
    return known
