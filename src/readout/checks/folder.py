"""The problems and counts of a corpus folder, shard by shard.

They are those of ``check_corpus(read_corpus(root))``, but memory does not grow with the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.checks import Usage, check_document, check_index, check_registries, check_usage
from readout.corpus import read
from readout.corpus.read import read_bytes, read_document
from readout.corpus.tally import Tally
from readout.model import AnnotatedDocument, Corpus, Document, RecordFile
from readout.problem import Problem, is_failure
from readout.scale.cache import Cache, Snapshot, hash_value, map_shards
from readout.scale.shards import Result, Scope, Shard, describe_content, iter_runs, plan_shards
from readout.scale.workers import Options, uncollected

CHECKED = "build/.check.manifest"


class Report(NamedTuple):
    """The problems of a corpus, in order, and its counts."""

    problems: tuple[Problem, ...]
    tally: Tally


class Counts(msgspec.Struct):
    """What some documents contain; counts add up."""

    usage: Usage = msgspec.field(default_factory=Usage)
    tally: Tally = msgspec.field(default_factory=Tally)

    def add(self, other: Counts) -> None:
        """Add the counts of another part of the corpus."""
        self.usage.add(other.usage)
        self.tally.add(other.tally)


@uncollected()
def check_folder(root: Path, options: Options | None = None) -> Report:
    """Return the problems and counts of a corpus folder.

    What has not changed since the last time is not read again.

    Raises:
        UnreadableCorpusError: ``root`` has no ``raw/documents.jsonl``.

    """
    options = options or Options()
    snapshot = Snapshot(root, options.slack)
    last, cache = Cache(), Cache()
    if snapshot.texts > options.few:
        last, cache = Cache(root / CHECKED), Cache(root / f"{CHECKED}-shards")

    key = snapshot.hash_all()
    report = None if options.verify else last.find(key, Report)
    if report is None:
        report, _ = run_shards(snapshot, cache, options)
        last.keep(key, report)
        cache.write()
        last.write()
    return report


def run_shards(
    snapshot: Snapshot,
    cache: Cache,
    options: Options,
    work: Callable[[Shard], Result] | None = None,
    is_usable: Callable[[Result], bool] = lambda result: True,
) -> tuple[Report, list[Result]]:
    """Return the report on a corpus folder, and the result of each shard.

    ``work`` makes the result of a shard by way of :func:`check_shard`, which is the default. A
    result of the cache is taken instead if it ``is_usable``.
    """
    check = partial(check_shard, scope=snapshot.scope)
    corpus, problems = _read_frame(snapshot, cache, options.verify)
    if is_failure(problems):  # no rows can be made while registries or metadata are in doubt
        work = check
    shards = plan_shards(corpus.index, options.per_shard)
    results = map_shards(work or check, shards, snapshot, cache, options, is_usable)
    return _make_report(corpus, problems, results, cache), results


# ---------------------------------------------------------------- around the documents


def _read_frame(snapshot: Snapshot, cache: Cache, verify: bool) -> tuple[Corpus, list[Problem]]:
    """Return a corpus without its documents, and the problems of everything but the documents."""
    root = snapshot.root
    registries, problems = snapshot.scope.read_registries()
    raw = read_bytes(root, read.DOCUMENTS)[0] or b""
    key = snapshot.hash_frame(raw)
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
    """Return the documents' metadata from bytes in which no error was found before."""
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

    ``use`` is called with each run of documents as long as no error has been found in the shard.
    """
    problems: list[Problem] = []
    counts = Counts()
    content = sha256()
    documents = 0

    with uncollected():
        for run in iter_runs(_iter_checked(shard, scope, problems)):
            documents += len(run)
            counts.usage.add_documents(run)
            counts.tally.add_documents(run)
            content.update(b"".join(map(_describe_content, run)))
            if use and not is_failure(problems):
                use(run)

    # Lines of documents.jsonl move as other documents come and go: a problem in one is not reused.
    paths = {problem.path for problem in problems}
    is_lasting = documents == len(shard.documents) and read.DOCUMENTS not in paths
    digest = content.hexdigest() if is_lasting else ""
    return Result(tuple(problems), msgspec.msgpack.encode(counts), digest)


def _describe_content(document: AnnotatedDocument) -> bytes:
    files: tuple[RecordFile[Any], ...] = (document.gold, *document.layers, document.adjudication)
    return describe_content(document.sha256, [(file.path, file.raw) for file in files])


def _iter_checked(
    shard: Shard,
    scope: Scope,
    problems: list[Problem],
) -> Iterator[AnnotatedDocument]:
    """Yield the documents that can be read; add what is wrong with these and the others."""
    root = Path(scope.root)
    registries, _ = scope.read_registries()
    index = RecordFile(path=read.DOCUMENTS, records=shard.documents, lines=shard.lines)
    for meta in shard.documents:
        document, found = read_document(root, meta, scope.annotators)
        problems += found
        if document is not None:
            if document.sha256 != meta.sha256 and not index.raw:
                # Only the excerpt of a problem needs the bytes of the file.
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
) -> Report:
    """Return what follows from the problems around the documents and the results of all shards."""
    counts = _add_up([result.counts for result in results], cache)
    for result in results:
        problems += result.problems
    problems += check_usage(corpus.registries, corpus.index, counts.usage)
    return Report(tuple(sorted(problems, key=lambda problem: problem.order)), counts.tally)


def _add_up(parts: list[bytes], cache: Cache, width: int = 4) -> Counts:
    """Return the sum of encoded counts, by groups whose sums are kept.

    After a change in one shard, only the groups around it are summed again.
    """
    while len(parts) > 1:
        groups = [parts[start : start + width] for start in range(0, len(parts), width)]
        parts = [_add_group(group, cache) for group in groups]
    return msgspec.msgpack.decode(parts[0], type=Counts)


def _add_group(parts: Sequence[bytes], cache: Cache) -> bytes:
    key = hash_value([sha256(part).digest() for part in parts])
    known = cache.find(key, bytes)
    if known is None:
        whole = Counts()
        for part in parts:
            whole.add(msgspec.msgpack.decode(part, type=Counts))
        known = msgspec.msgpack.encode(whole)
        cache.keep(key, known)
    return known
