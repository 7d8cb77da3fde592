"""The verdict on a whole corpus folder, shard by shard: its problems and its counts.

It says the same as ``check_corpus(read_corpus(root))`` and never holds more than one document of a shard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec

from readout.checks import check_index, check_registries, check_usage
from readout.corpus.read import (
    DOCUMENTS,
    SPLITS,
    UnreadableCorpusError,
    check_folders,
    check_unplaced,
    read_bytes,
    read_index,
    read_registries,
)
from readout.corpus.tally import Tally
from readout.engine import ALONE, LARGE, Engine, default_jobs, map_tasks
from readout.manifest import (
    Entry,
    Files,
    Key,
    find_key,
    hash_world,
    is_settled,
    read_manifest,
    stamp,
    write_manifest,
)
from readout.model import Document, RecordFile, Registries
from readout.problem import Problem, is_failure
from readout.progress import counting
from readout.survey import (
    SINGLE,
    Scope,
    Shard,
    Survey,
    Surveyed,
    find_scope,
    hash_content,
    plan_shards,
    survey_shard,
    uncollected,
)

CHECKED = "build/.check.manifest"
R = TypeVar("R")


class Options(msgspec.Struct, frozen=True):
    """How to work: in how many processes (None: as fits), by which engine, and whether to trust times of files."""

    jobs: int | None = None
    engine: Engine = "local"
    verify: bool = False


class Look(msgspec.Struct, frozen=True):
    """A corpus folder from outside: its scope and the stamps of its files when a run began."""

    root: Path
    scope: Scope
    files: Files
    started: int

    def whole_key(self, paths: Iterable[str] = ()) -> str:
        """Return the key of all that a run depends on, with further files; empty where one is too new to be trusted."""
        stamps = {path: stamp(self.root / path) for path in (DOCUMENTS, *paths)}
        settled = is_settled([each for each in stamps.values() if each], self.started)
        if not (settled and self.files.is_settled(self.started)):
            return ""
        known = repr((hash_world(), self.scope, self.files.hash, stamps))
        return sha256(known.encode()).hexdigest()


class Surroundings(msgspec.Struct, frozen=True):
    """What is wrong with ``documents.jsonl`` and the registries of a certain content, which ``key`` is a hash of."""

    key: str
    problems: tuple[Problem, ...]


class Plan(msgspec.Struct, frozen=True):
    """A corpus folder before its documents are read: what is around them, what is wrong with that, and the shards."""

    look: Look
    registries: Registries
    index: RecordFile[Document]
    surroundings: Surroundings
    problems: tuple[Problem, ...]
    shards: tuple[Shard, ...]

    @property
    def documents(self) -> int:
        """Return the number of documents."""
        return len(self.index.records)


def look_at(root: Path) -> Look:
    """Return what a corpus folder looks like from outside.

    Raises:
        UnreadableCorpusError: ``root`` holds no ``raw/documents.jsonl``.

    """
    if not (root / DOCUMENTS).is_file():
        raise UnreadableCorpusError(f"There is no {DOCUMENTS} in {str(root)!r}, so it is not a corpus folder.")
    started = time.time_ns()
    scope = find_scope(root)
    return Look(root, scope, Files(root, scope.annotators), started)


def make_plan(look: Look, known: Surroundings | None = None) -> Plan:
    """Return the plan of a corpus folder; surroundings that are known and have not changed are not judged again."""
    root = look.root
    registries, found = read_registries(root)
    raw, _ = read_bytes(root, DOCUMENTS)
    key = sha256(repr((hash_world(), look.scope, sha256(raw or b"").digest())).encode()).hexdigest()
    index = _decode_index(raw) if raw and known and known.key == key else None
    if index is None or known is None:
        index, more = read_index(root)
        problems = (*found, *more, *check_registries(registries), *check_index(index, registries))
        known = Surroundings("" if is_failure(problems) or index.raw != raw else key, problems)
    around = (*known.problems, *check_folders(root, index), *check_unplaced(root))
    return Plan(look, registries, index, known, around, tuple(plan_shards(index, SPLITS)))


def _decode_index(raw: bytes) -> RecordFile[Document]:
    """Return the documents' metadata from bytes in which no error was found before."""
    records = msgspec.json.Decoder(Document).decode_lines(raw)
    return RecordFile(path=DOCUMENTS, raw=raw, records=tuple(records), lines=tuple(range(1, len(records) + 1)))


def map_shards(
    plan: Plan,
    function: Callable[[Shard], R],
    content: Callable[[R], str],
    known: Mapping[str, Entry[R]],
    options: Options,
) -> Iterator[tuple[Shard, Entry[R]]]:
    """Yield each shard with its result, in order of shards; those that are known and still hold are taken over."""
    look = plan.look
    keys = [find_key(shard, look.scope, look.files, look.started) for shard in plan.shards]
    fresh = [
        number for number, shard in enumerate(plan.shards) if not _is_known(shard, keys[number], known, plan, options)
    ]
    done = dict(_map_fresh(plan, fresh, function, options))
    for number, (shard, key) in enumerate(zip(plan.shards, keys, strict=True)):
        if number in done:
            result = done.pop(number)
            yield shard, Entry(key._replace(content=content(result)), result)
        else:
            yield shard, Entry(key._replace(content=known[shard.name].key.content), known[shard.name].result)


def _is_known(shard: Shard, key: Key, known: Mapping[str, Entry[R]], plan: Plan, options: Options) -> bool:
    entry = known.get(shard.name)
    if entry is None or entry.key.scope != key.scope:
        return False
    if options.verify:
        key = key._replace(content=hash_content(shard, plan.look.scope))
    return key.fits(entry.key, options.verify)


def _map_fresh(
    plan: Plan, fresh: Sequence[int], function: Callable[[Shard], R], options: Options
) -> Iterator[tuple[int, R]]:
    shards = [plan.shards[number] for number in fresh]
    total = sum(len(shard.documents) for shard in shards)
    jobs = options.jobs or (default_jobs() if total > ALONE else 1)
    with counting(total) as advance:
        for position, result in map_tasks(function, shards, jobs, options.engine, fork=plan.documents <= LARGE):
            advance(len(shards[position].documents))
            yield fresh[position], result


class Verdict(NamedTuple):
    """The problems of a corpus, in order, and its counts."""

    problems: tuple[Problem, ...]
    tally: Tally


def judge(plan: Plan, surveys: Iterator[Survey]) -> Verdict:
    """Return the verdict that follows from the surveys of all shards."""
    whole = Survey(problems=list(plan.problems))
    for survey in surveys:
        whole.add(survey)
    problems = [*whole.problems, *check_usage(plan.registries, plan.index, whole.usage)]
    return Verdict(tuple(sorted(problems, key=lambda problem: problem.order)), whole.tally)


def check_folder(root: Path, options: Options | None = None) -> Verdict:
    """Return the verdict on a corpus folder; what has not changed since the last time is not read again.

    Raises:
        UnreadableCorpusError: ``root`` holds no ``raw/documents.jsonl``.

    """
    with uncollected():
        return _check_folder(root, options or Options())


def _check_folder(root: Path, options: Options) -> Verdict:
    look = look_at(root)
    # A small corpus is checked about as fast as a manifest is read.
    if look.files.count() <= SINGLE:
        return _check(make_plan(look), {}, options, {})
    head, body = root / CHECKED, root / f"{CHECKED}.shards"
    last = read_manifest(head, _Last)
    whole = look.whole_key()
    if last and not options.verify and last.whole == whole != "":
        return last.verdict
    known = read_manifest(body, _Surveys) or {}
    entries: _Surveys = {}
    plan = make_plan(look, last.surroundings if last else None)
    verdict = _check(plan, known, options, entries)
    write_manifest(body, entries)
    write_manifest(head, _Last(whole, plan.surroundings, verdict))
    return verdict


_Surveys: TypeAlias = dict[str, Entry[Surveyed]]


class _Last(msgspec.Struct, frozen=True):
    whole: str
    surroundings: Surroundings
    verdict: Verdict


def _check(plan: Plan, known: _Surveys, options: Options, entries: _Surveys) -> Verdict:
    """Return the verdict that a plan comes to, and put what may be taken over the next time into ``entries``."""

    def surveys() -> Iterator[Survey]:
        survey = partial(survey_shard, scope=plan.look.scope)
        for shard, entry in map_shards(plan, survey, lambda done: done.content, known, options):
            if not entry.result.names_lines:
                entries[shard.name] = entry
            yield entry.result.decode()

    return judge(plan, surveys())
