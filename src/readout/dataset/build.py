"""Build of the Hugging Face dataset repository of a corpus folder.

The shards are compiled to Parquet files. The card, Croissant metadata and checksums are made from
the results. A new folder is written beside the target and replaces it in one step, so the target
does not change if the build fails.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from readout.checks.folder import run_shards
from readout.corpus.items import (
    ITEMS,
    NO_RELEASE,
    RELEASE,
    SHARED,
    Release,
    is_frozen,
    read_release,
)
from readout.corpus.outputs import (
    list_files,
    locked,
    manifest_path,
    refuse_strangers,
    replaced_folder,
    swap_in,
)
from readout.corpus.schema import schema_folder
from readout.corpus.tally import Tally
from readout.dataset import statistics
from readout.dataset.bench import list_bench_configs, name_task
from readout.dataset.card import (
    DATACARD,
    ConfigInfo,
    SplitInfo,
    fill_sections,
    find_loadable,
    format_card,
    hash_config,
    read_card,
    split_front_matter,
    tell_canary,
    tell_release,
)
from readout.dataset.citation import CITATION, format_citation
from readout.dataset.columns import Config
from readout.dataset.companions import CARD, COMPANIONS, read_companions, relink, relink_all
from readout.dataset.croissant import build_croissant
from readout.dataset.features import (
    BENCH_CONFIGS,
    CONFIGS,
    DEFAULT_CONFIG,
    FEATURES,
    config_splits,
)
from readout.dataset.glossary import GLOSSARY, LoadedRow, format_columns, format_glossary
from readout.model import Registries
from readout.problem import Problem, is_failure
from readout.report.tables import format_markdown
from readout.scale.cache import FOLDER, Cache, Snapshot, hash_value, scan
from readout.scale.shards import Result, ShardFile
from readout.scale.workers import Options, collector_paused

COMMAND = "build"
HUB = "build/hub"
_TASK_FILES = tuple(f"{ITEMS}/{name_task(config)}.jsonl" for config in BENCH_CONFIGS)
_OTHERS = (DATACARD, RELEASE, SHARED, *_TASK_FILES, *COMPANIONS)
"""The files outside the folders of data that a build depends on."""


class Built(NamedTuple):
    """The result of a build: all problems and, if none is an error, the infos of the configs."""

    problems: tuple[Problem, ...]
    infos: tuple[ConfigInfo, ...] = ()


@collector_paused()
def build_hub(root: Path, target: Path, options: Options | None = None) -> Built:
    """Build the dataset repository of a corpus folder at ``target``.

    Only the shards that changed since the last build are compiled. If the corpus has errors, the
    target stays as it was.

    Raises:
        UnreadableCorpusError: ``root`` is not a corpus folder.
        RefusedError: a column has 2 GiB or more of text, or ``target`` contains what no build
            wrote, or what was changed since.
        OSError: ``target`` cannot be written; it stays as it was.

    """
    options = options or Options()
    snapshot = Snapshot(root, options.slack, _OTHERS)
    with locked(target, COMMAND) as target:
        manifest = manifest_path(target)
        last, cache = Cache(manifest), Cache(manifest.with_name(f"{manifest.name}-shards"))

        sources, outputs = snapshot.hash_all(), _stamp_outputs(target)
        built = None if options.verify else last.find(hash_value((sources, outputs)), Built)
        if built is None:
            refuse_strangers(target, COMMAND)
            is_intact = _find_intact(target, outputs, cache, options.verify)
            built = _build(snapshot, target, cache, options, is_intact)
            outputs = _stamp_outputs(target)
            if built.infos:
                cache.keep("outputs", outputs)
                cache.write()
            last.keep(hash_value((sources, outputs)), built)
            last.write()
    return built


def is_current(root: Path, target: Path, options: Options | None = None) -> bool:
    """Return whether a folder is a build of the corpus as it is now, and unchanged since.

    A build of sources that changed less than ``options.slack`` before it does not count.
    """
    options = options or Options()
    sources = Snapshot(root, options.slack, _OTHERS).hash_all()
    last = Cache(manifest_path(target))
    built = last.find(hash_value((sources, _stamp_outputs(target))), Built)
    return built is not None and bool(built.infos)


def _build(
    snapshot: Snapshot,
    target: Path,
    cache: Cache,
    options: Options,
    is_intact: Callable[[ShardFile], bool],
) -> Built:
    # Imported here because a build without changes does not need pyarrow.
    from readout.dataset.parquet import compile_bench, compile_registries, compile_shard

    def is_usable(result: Result) -> bool:
        return bool(result.files) and all(map(is_intact, result.files))

    bench = list_bench_configs(snapshot.root)
    with replaced_folder(target, COMMAND) as folder:
        for config in (*CONFIGS, *bench):
            (folder / "data" / config).mkdir(parents=True)
        work = partial(compile_shard, scope=snapshot.scope, folder=str(folder.resolve()))
        report, results = run_shards(snapshot, cache, options, work, is_usable)
        card, found = read_card(snapshot.root)
        companions, unread = read_companions(snapshot.root)
        problems = (*report.problems, *found, *unread)
        if card is None or is_failure(problems):
            return Built(problems)

        files: list[ShardFile] = []
        for result in results:
            files += result.files
        _link_unchanged([file.path for file in files], target, folder)
        registries, _ = snapshot.scope.read_registries()
        files += compile_registries(folder, registries)
        files += compile_bench(folder, snapshot.root, bench)

        built = Built(problems, _to_infos(files))
        sections = composition_sections(report.tally, registries, bench)
        sections["citation"] = format_citation(companions.get(CITATION, b""))
        checksums = {file.path: file.sha256 for file in files}
        card = fill_sections(card or f"# {snapshot.root.name}\n", sections)
        canary = ""
        if is_frozen(snapshot.root):
            release = read_release(snapshot.root)
            canary = release.canary
            card = _tell_frozen(card, sections, release)
        _write_documentation(folder, companions, built.infos, card, checksums, canary)
        swap_in(folder, target, COMMAND)
    return built


def _tell_frozen(card: str, filled: Collection[str], release: Release) -> str:
    """Return the text of a card with the canary of a release.

    It says that the sections that are not ``filled`` are of that release.
    """
    told = f"of release {release.version}"
    if release.version == NO_RELEASE:
        told = "from before the first release"
    return tell_canary(tell_release(card, filled, told), release.canary)


def _find_intact(
    target: Path,
    outputs: Mapping[str, tuple[int, int]],
    cache: Cache,
    verify: bool,
) -> Callable[[ShardFile], bool]:
    """Return a function that checks whether a file of the target is as the last build wrote it.

    It compares sizes and times or, to ``verify``, checksums.
    """
    written = cache.find("outputs", dict[str, tuple[int, int]]) or {}

    def has_same_stamp(file: ShardFile) -> bool:
        return file.path in outputs and outputs[file.path] == written.get(file.path)

    def has_same_content(file: ShardFile) -> bool:
        if file.path not in outputs:
            return False
        return sha256((target / file.path).read_bytes()).hexdigest() == file.sha256

    return has_same_content if verify else has_same_stamp


def _stamp_outputs(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and modification time (ns) of every file below a folder, by relative path."""
    top = str(folder.resolve())
    outputs = {}
    for parent, stamps in scan(top, sys.maxsize).items():
        within = parent[len(top) + 1 :]
        for name, stamp in stamps.items():
            if stamp is not FOLDER:
                path = f"{within}/{name}".lstrip("/")
                outputs[path] = stamp[:2]
    return outputs


def _link_unchanged(paths: Iterable[str], target: Path, folder: Path) -> None:
    """Link the files that were not compiled anew from the target into the new folder."""
    for path in paths:
        old, new = f"{target}/{path}", f"{folder}/{path}"
        if os.path.exists(new):  # noqa: PTH110 - a Path per file would take longer than the test
            continue
        try:
            os.link(old, new)
        except OSError:  # a file system without links
            shutil.copy2(old, new)


def _to_infos(files: Iterable[ShardFile]) -> tuple[ConfigInfo, ...]:
    by_split: dict[tuple[str, str], list[ShardFile]] = {}
    for file in files:
        by_split.setdefault((file.config, file.split), []).append(file)
    built = {config for config, _ in by_split}
    return tuple([_to_info(config, by_split) for config in FEATURES if config in built])


def _to_info(config: Config, by_split: Mapping[tuple[str, str], list[ShardFile]]) -> ConfigInfo:
    splits: list[SplitInfo] = []
    hashes: dict[str, list[str]] = {}
    download_size = 0
    for split in config_splits(config):
        files = by_split[config, split]
        rows = sum([file.rows for file in files])
        num_bytes = sum([file.num_bytes for file in files])
        splits.append(SplitInfo(split, num_bytes, rows))
        hashes[split] = [file.content for file in files]
        download_size += sum([file.size for file in files])
    return ConfigInfo(config, tuple(splits), download_size, hash_config(hashes))


def hash_sources(root: Path) -> str:
    """Return the SHA-256 of the paths and bytes of all files that a corpus is compiled from."""
    digest = sha256()
    for folder in ("raw", "annotations", ITEMS):
        # Sorted by parts, since whole paths are compared without case on Windows.
        for path in sorted((root / folder).rglob("*"), key=lambda path: path.parts):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                digest.update(os.fsencode(name) + b"\n")
                digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


# ---------------------------------------------------------------- what a build prints


def describe_build(built: Built, target: Path) -> str:
    """Return the rows of every config and split, and the lines of Python that load one."""
    width = max([len(info.config) for info in built.infos])
    lines = [f"Built {target}:"]
    for info in built.infos:
        rows = ", ".join([f"{split.num_examples} {split.name}" for split in info.splits])
        lines.append(f"  {info.config:<{width}}  {rows}")

    example = load_example(built.infos, target)
    if example:
        lines += ["", "Load it:", ""]
        lines += [f"    {line}" for line in example]
    return "\n".join(lines)


def load_example(infos: Iterable[ConfigInfo], target: Path) -> list[str]:
    """Return the lines of Python that load a built folder; none if it has no rows.

    They load the default config if it has rows.
    """
    loadable = find_loadable(infos)
    if not loadable:
        return []

    info = loadable[0]
    for each in loadable:
        if each.config == DEFAULT_CONFIG:
            info = each
    name, split = info.config, info.splits[0].name

    # `datasets` takes a relative path such as build/hub for the id of a dataset on the Hub.
    path = target.as_posix()
    if not target.is_absolute() and target.parts[:1] != ("..",):
        path = f"./{path}"
    location = json.dumps(path, ensure_ascii=False)
    return [
        "from datasets import load_dataset",
        f'{name} = load_dataset({location}, "{name}")',
        f'print({name}["{split}"][0])',
    ]


# ---------------------------------------------------------------- documentation


def _write_documentation(
    folder: Path,
    companions: Mapping[str, bytes],
    infos: tuple[ConfigInfo, ...],
    card: str,
    parquet: Mapping[str, str],
    canary: str,
) -> None:
    """Write all files but those of data; ``parquet`` maps the paths of those to their SHA-256.

    ``companions`` are the bytes of other files, by path. The glossary shows a row with the answer
    of each task, so it contains the canary too.
    """
    shutil.copytree(schema_folder(), folder / "schema")
    schemas = [f"schema/{path.name}" for path in (folder / "schema").iterdir()]
    present = {CARD, GLOSSARY, *schemas, *companions}

    glossary = tell_canary(format_glossary(_sample_rows(folder, infos, parquet)), canary)
    pages = {**companions, GLOSSARY: glossary.encode()}
    for name, raw in relink_all(pages, present).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)

    card = relink(card, CARD, present)
    (folder / CARD).write_text(format_card(card, infos), encoding="utf-8", newline="\n")
    front, body = split_front_matter(card)
    citation = companions.get(CITATION, b"")
    croissant = build_croissant(front, infos, dict(sorted(parquet.items())), citation, body)
    _write_json(folder / "croissant.json", croissant)
    hashes = {info.config: info.content_hash for info in infos}
    _write_json(folder / "content_hashes.json", hashes)
    list_files(folder, COMMAND, parquet)


def _sample_rows(
    folder: Path, infos: Iterable[ConfigInfo], paths: Collection[str]
) -> dict[Config, list[LoadedRow]]:
    """Return the first rows of each config, from its first Parquet file that has any."""
    from readout.dataset.parquet import read_first_rows

    rows: dict[Config, list[LoadedRow]] = {}
    for info in infos:
        mine = [path for path in paths if path.startswith(f"data/{info.config}/")]
        found = (read_first_rows(folder / path) for path in mine)
        rows[info.config] = next(filter(None, found), [])
    return rows


def _write_json(path: Path, value: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def composition_sections(
    tally: Tally, registries: Registries, bench: Sequence[Config] = ()
) -> dict[str, str]:
    """Return the generated sections of the card that are tables of columns and counts.

    ``bench`` are the configs of frozen items.
    """
    sections = {"columns": format_columns((*CONFIGS, *bench))}
    for name, count in statistics.TABLES.items():
        sections[name] = format_markdown(count(tally, registries))
    return sections
