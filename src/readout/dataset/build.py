"""From a corpus folder to a Hugging Face dataset repository.

Shards are compiled, and the card, Croissant metadata and checksums are made of the results. The
folder is written beside its target and swapped in whole; on any error the target stays as it was.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from readout.checks.folder import run_shards
from readout.corpus.outputs import (
    list_files,
    locked,
    manifest_path,
    replaced_folder,
    swap_in,
)
from readout.corpus.schema import schema_folder
from readout.corpus.tally import Tally
from readout.dataset import statistics
from readout.dataset.card import (
    ConfigInfo,
    SplitInfo,
    features_table,
    fill_sections,
    format_card,
    hash_config,
    split_front_matter,
)
from readout.dataset.croissant import make_croissant
from readout.dataset.features import CONFIGS, Config, config_splits
from readout.model import Registries
from readout.problem import Problem, is_failure
from readout.report.tables import format_markdown
from readout.scale.cache import FOLDER, Cache, Snapshot, scan
from readout.scale.shards import Result, ShardFile
from readout.scale.workers import Options, uncollected

COMMAND = "build"
HUB = "build/hub"
DATACARD = "DATACARD.md"
COPIED = ("LICENSE", "CITATION.cff", "CHANGELOG.md")


class Built(NamedTuple):
    """What a build did: its problems and, if there is no error, the infos of the configs."""

    problems: tuple[Problem, ...]
    infos: tuple[ConfigInfo, ...] = ()


@uncollected()
def build_hub(root: Path, target: Path, options: Options | None = None) -> Built:
    """Build the dataset repository of a corpus folder at ``target``.

    Only what has changed since the last build is compiled.

    Raises:
        UnreadableCorpusError: ``root`` is not a corpus folder.
        OSError: ``target`` cannot be written; what was there stays.
        RefusedError: ``target`` holds what no build has written, or what was changed since.

    """
    options = options or Options()
    snapshot = Snapshot(root, options.slack, (DATACARD, *COPIED))
    with locked(target, COMMAND) as target:
        manifest = manifest_path(target)
        last, cache = Cache(manifest), Cache(manifest.with_name(f"{manifest.name}-shards"))

        outputs = _stamp_outputs(target)
        built = None if options.verify else last.find(snapshot.hash_all(outputs), Built)
        if built is None:
            built = _build(snapshot, cache, target, options)
            outputs = _stamp_outputs(target)
            if built.infos:
                cache.keep("outputs", outputs)
                cache.write()
            last.keep(snapshot.hash_all(outputs), built)
            last.write()
    return built


def _build(snapshot: Snapshot, cache: Cache, target: Path, options: Options) -> Built:
    from readout.dataset.parquet import compile_registries, compile_shard

    intact = _find_intact(target, cache, options.verify)

    def is_usable(result: Result) -> bool:
        return bool(result.files) and all(intact(file) for file in result.files)

    with replaced_folder(target, COMMAND) as folder:
        for config in CONFIGS:
            (folder / "data" / config).mkdir(parents=True)
        work = partial(compile_shard, scope=snapshot.scope, folder=str(folder.resolve()))
        report, results = run_shards(snapshot, cache, options, work, is_usable)
        if is_failure(report.problems):
            return Built(report.problems)

        files = [file for result in results for file in result.files]
        _take_over([file.path for file in files], target, folder)
        registries, _ = snapshot.scope.read_registries()
        files += compile_registries(folder, registries)

        built = Built(report.problems, _describe(files))
        sections = composition_sections(report.tally, registries)
        checksums = {file.path: file.sha256 for file in files}
        _write_documentation(folder, snapshot.root, built.infos, sections, checksums)
        swap_in(folder, target, COMMAND)
    return built


def _find_intact(target: Path, cache: Cache, verify: bool) -> Callable[[ShardFile], bool]:
    """Return a function that tells whether a file of the target is the one that was written."""
    outputs = _stamp_outputs(target)
    written = cache.find("outputs", dict[str, tuple[int, int]]) or {}

    def is_same_stamp(file: ShardFile) -> bool:
        return file.path in outputs and outputs[file.path] == written.get(file.path)

    def is_same_content(file: ShardFile) -> bool:
        if file.path not in outputs:
            return False
        return sha256((target / file.path).read_bytes()).hexdigest() == file.sha256

    return is_same_content if verify else is_same_stamp


def _stamp_outputs(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of modification of every file below a folder, by relative path."""
    top = str(folder.resolve())
    found = {}
    for parent, stamps in scan(top, sys.maxsize).items():
        within = parent[len(top) + 1 :]
        for name, stamp in stamps.items():
            if stamp is not FOLDER:
                found[f"{within}/{name}".lstrip("/")] = stamp[:2]
    return found


def _take_over(paths: Iterable[str], target: Path, folder: Path) -> None:
    """Link the files that were not made anew from the target into the new folder."""
    for path in paths:
        old, new = f"{target}/{path}", f"{folder}/{path}"
        if os.path.exists(new):  # noqa: PTH110 - asked for every file
            continue
        try:
            os.link(old, new)
        except OSError:  # a file system without links
            shutil.copy2(old, new)


def _describe(files: Iterable[ShardFile]) -> tuple[ConfigInfo, ...]:
    """Return what the card says of each config, by its files."""
    by_split: dict[tuple[str, str], list[ShardFile]] = {}
    for file in files:
        by_split.setdefault((file.config, file.split), []).append(file)
    return tuple([_describe_config(config, by_split) for config in CONFIGS])


def _describe_config(
    config: Config,
    by_split: Mapping[tuple[str, str], list[ShardFile]],
) -> ConfigInfo:
    splits: list[SplitInfo] = []
    hashes: dict[str, list[str]] = {}
    size = 0
    for split in config_splits(config):
        files = by_split[config, split]
        rows = sum([file.rows for file in files])
        splits.append(SplitInfo(split, sum([file.num_bytes for file in files]), rows))
        hashes[split] = [file.content for file in files]
        size += sum([file.size for file in files])
    return ConfigInfo(config, tuple(splits), size, hash_config(hashes))


def hash_sources(root: Path) -> str:
    """Return the SHA-256 of paths and bytes of all that a corpus is compiled from."""
    digest = sha256()
    for folder in ("raw", "annotations"):
        # By parts, which are compared alike on all systems; Windows compares whole paths without case.
        for path in sorted((root / folder).rglob("*"), key=lambda path: path.parts):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                digest.update(os.fsencode(name) + b"\n")
                digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def describe_build(built: Built, target: Path) -> str:
    """Return what was built and the lines of Python that load it."""
    width = max(len(info.config) for info in built.infos)
    lines = [f"Built {target}:"]
    for info in built.infos:
        rows = ", ".join(f"{split.num_examples} {split.name}" for split in info.splits)
        lines.append(f"  {info.config:<{width}}  {rows}")
    lines += ["", "Load it:", ""]
    lines += [f"    {line}" for line in load_example(target)]
    return "\n".join(lines)


def load_example(target: Path) -> tuple[str, str, str]:
    """Return the three lines of Python that load a built folder."""
    return (
        "from datasets import load_dataset",
        f'stances = load_dataset("{target.as_posix()}", "stances")',
        'print(stances["train"][0])',
    )


# ---------------------------------------------------------------- documentation


def _write_documentation(
    folder: Path,
    root: Path,
    infos: tuple[ConfigInfo, ...],
    sections: Mapping[str, str],
    parquet: Mapping[str, str],
) -> None:
    card = f"# {root.name}\n"
    if (root / DATACARD).is_file():
        card = (root / DATACARD).read_text(encoding="utf-8")
    card = fill_sections(card, sections)
    (folder / "README.md").write_text(format_card(card, infos), encoding="utf-8", newline="\n")

    front, _ = split_front_matter(card)
    croissant = make_croissant(front, infos, dict(sorted(parquet.items())))
    _write_json(folder / "croissant.json", croissant)
    hashes = {info.config: info.content_hash for info in infos}
    _write_json(folder / "content_hashes.json", hashes)

    shutil.copytree(schema_folder(), folder / "schema")
    for name in COPIED:
        if (root / name).is_file():
            shutil.copyfile(root / name, folder / name)
    list_files(folder, COMMAND, parquet)


def _write_json(path: Path, value: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def composition_sections(tally: Tally, registries: Registries) -> dict[str, str]:
    """Return the generated sections of the card that count what the corpus holds."""
    sections = {"columns": features_table()}
    for name, make in statistics.TABLES.items():
        sections[name] = format_markdown(make(tally, registries))
    return sections
