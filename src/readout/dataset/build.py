"""From a corpus folder to a Hugging Face dataset repository: shards compiled, card, Croissant, checksums, the swap.

The folder is written beside its target and swapped in whole; on any error the target stays as it was.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from readout.checks.folder import run_shards
from readout.corpus.files import locked, manifest_path, replaced_folder, swap_in
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
from readout.dataset.features import CONFIGS, config_splits
from readout.model import Registries
from readout.problem import Problem, is_failure
from readout.report.tables import format_markdown
from readout.scale.cache import FOLDER, Cache, Snapshot, scan
from readout.scale.shards import Result, ShardFile
from readout.scale.workers import Options, uncollected

HUB = "build/hub"
DATACARD = "DATACARD.md"
COPIED = ("LICENSE", "CITATION.cff", "CHANGELOG.md")


class Built(NamedTuple):
    """What a build did: its problems and, if there is no error, the infos of the configs it wrote."""

    problems: tuple[Problem, ...]
    infos: tuple[ConfigInfo, ...] = ()


@uncollected()
def build_hub(root: Path, target: Path, options: Options | None = None) -> Built:
    """Build the dataset repository of a corpus folder at ``target``; only what has changed is compiled.

    Raises:
        UnreadableCorpusError: ``root`` is not a corpus folder.
        OSError: ``target`` cannot be written; what was there stays.

    """
    options = options or Options()
    snapshot = Snapshot(root, options.slack, (DATACARD, *COPIED))
    with locked(target):
        last = Cache(manifest_path(target))
        outputs = _stamp_outputs(target)
        built = None if options.verify else last.find(snapshot.hash_all(outputs), Built)
        if built is None:
            built = _build(snapshot, target, outputs, options)
            last.keep(snapshot.hash_all(_stamp_outputs(target)), built)
            last.write()
    return built


def _build(snapshot: Snapshot, target: Path, outputs: Mapping[str, tuple[int, int]], options: Options) -> Built:
    from readout.dataset.parquet import compile_registries, compile_shard

    manifest = manifest_path(target)
    cache = Cache(manifest.with_name(f"{manifest.name}-shards"))
    made = cache.find("outputs", dict[str, tuple[int, int]]) or {}

    def is_intact(file: ShardFile) -> bool:
        if options.verify:
            return file.path in outputs and sha256((target / file.path).read_bytes()).hexdigest() == file.sha256
        return outputs.get(file.path) == made.get(file.path, ())

    def is_usable(result: Result) -> bool:
        return bool(result.files) and all(map(is_intact, result.files))

    with replaced_folder(target) as folder:
        for config in CONFIGS:
            (folder / "data" / config).mkdir(parents=True)
        compile_one = partial(compile_shard, scope=snapshot.scope, folder=str(folder.resolve()))
        report, results = run_shards(snapshot, cache, options, compile_one, is_usable)
        if is_failure(report.problems):
            return Built(report.problems)
        files = [file for result in results for file in result.files]
        _take_over([file.path for file in files], target, folder)
        registries, _ = snapshot.scope.read_registries()
        files += compile_registries(folder, registries)
        built = Built(report.problems, _describe(files))
        checksums = {file.path: file.sha256 for file in files}
        _write_documentation(
            folder, snapshot.root, built.infos, composition_sections(report.tally, registries), checksums
        )
        swap_in(folder, target)
    cache.keep("outputs", _stamp_outputs(target))
    cache.write()
    return built


def _stamp_outputs(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of modification of every file below a folder, by relative path."""
    found = {}
    for parent, stamps in scan(str(folder), sys.maxsize).items():
        within = parent[len(str(folder)) + 1 :]
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
    infos = []
    for config in CONFIGS:
        groups = {split: by_split[config, split] for split in config_splits(config)}
        splits = tuple(
            SplitInfo(split, sum(file.num_bytes for file in group), sum(file.rows for file in group))
            for split, group in groups.items()
        )
        size = sum(file.size for group in groups.values() for file in group)
        content = hash_config({split: [file.content for file in group] for split, group in groups.items()})
        infos.append(ConfigInfo(config, splits, size, content))
    return tuple(infos)


def hash_sources(root: Path) -> str:
    """Return the SHA-256 of everything that a corpus is compiled from: paths and bytes of raw texts and annotations."""
    digest = sha256()
    for folder in ("raw", "annotations"):
        # By parts, which are compared alike on all systems; Windows compares whole paths without case.
        for path in sorted((root / folder).rglob("*"), key=lambda path: path.parts):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                digest.update(os.fsencode(name) + b"\n" + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def describe_build(built: Built, target: Path) -> str:
    """Return what was built and the lines of Python that load it."""
    width = max(len(info.config) for info in built.infos)
    lines = [f"Built {target}:"]
    for info in built.infos:
        rows = ", ".join(f"{split.num_examples} {split.name}" for split in info.splits)
        lines.append(f"  {info.config:<{width}}  {rows}")
    return "\n".join([*lines, "", "Load it:", "", *(f"    {line}" for line in load_example(target))])


def load_example(target: Path) -> tuple[str, str, str]:
    """Return the three lines of Python that load a built folder."""
    return (
        "from datasets import load_dataset",
        f'stances = load_dataset("{target.as_posix()}", "stances")',
        'print(stances["train"][0])',
    )


# ---------------------------------------------------------------- documentation


def _write_documentation(
    folder: Path, root: Path, infos: tuple[ConfigInfo, ...], sections: Mapping[str, str], parquet: Mapping[str, str]
) -> None:
    card = (root / DATACARD).read_text(encoding="utf-8") if (root / DATACARD).is_file() else f"# {root.name}\n"
    card = fill_sections(card, sections)
    (folder / "README.md").write_text(format_card(card, infos), encoding="utf-8", newline="\n")
    croissant = make_croissant(split_front_matter(card)[0], infos, dict(sorted(parquet.items())))
    (folder / "croissant.json").write_bytes(msgspec.json.format(msgspec.json.encode(croissant), indent=2) + b"\n")
    shutil.copytree(schema_folder(), folder / "schema")
    for name in COPIED:
        if (root / name).is_file():
            shutil.copyfile(root / name, folder / name)
    content = {info.config: info.content_hash for info in infos}
    (folder / "content_hashes.json").write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    _write_checksums(folder, parquet)


def composition_sections(tally: Tally, registries: Registries) -> dict[str, str]:
    """Return the generated sections of the card that count what the corpus holds."""
    tables = {name: format_markdown(make(tally, registries)) for name, make in statistics.TABLES.items()}
    return {**tables, "columns": features_table()}


def _write_checksums(folder: Path, known: Mapping[str, str]) -> None:
    lines = []
    for path in sorted(_stamp_outputs(folder)):
        digest = known.get(path) or sha256((folder / path).read_bytes()).hexdigest()
        lines.append(f"{digest}  {path}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")
