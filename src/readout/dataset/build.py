"""From a corpus folder to a Hugging Face dataset repository: shards compiled, card, Croissant, checksums, the swap.

The folder is written beside its target and swapped in whole; on any error the target stays as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

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
from readout.dataset.features import CONFIGS, Config, config_splits
from readout.manifest import Entry, read_manifest, scan_folder, write_manifest
from readout.model import Registries
from readout.problem import Problem, is_failure
from readout.report.tables import format_markdown
from readout.survey import Survey, uncollected
from readout.verdict import (
    Look,
    Options,
    Plan,
    Surroundings,
    check_folder,
    judge,
    look_at,
    make_plan,
    map_shards,
)

if TYPE_CHECKING:
    from readout.dataset.parquet import ShardFile, ShardResult

HUB = "build/hub"
DATACARD = "DATACARD.md"
COPIED = ("LICENSE", "CITATION.cff", "CHANGELOG.md")


class Built(NamedTuple):
    """What a build did: its problems, and where nothing was wrong, the infos of the configs it wrote."""

    problems: tuple[Problem, ...]
    infos: tuple[ConfigInfo, ...] = ()


def build_hub(root: Path, target: Path, options: Options | None = None) -> Built:
    """Build the dataset repository of a corpus folder at ``target``; only what has changed is compiled.

    Raises:
        UnreadableCorpusError: ``root`` is not a corpus folder.
        OSError: ``target`` cannot be written; what stood there stays.

    """
    options = options or Options()
    look = look_at(root)
    with uncollected(), locked(target):
        last = read_manifest(manifest_path(target), _Last)
        if last and not options.verify and _is_same(last, look, target):
            return last.built
        return _build(make_plan(look, last.surroundings if last else None), target, options)


class _Last(msgspec.Struct, frozen=True):
    """What the last build depended on as a whole, what it came to, and the stamp of each file that it wrote."""

    whole: str
    surroundings: Surroundings
    built: Built
    outputs: dict[str, tuple[int, int]]


_Results: TypeAlias = "dict[str, Entry[ShardResult]]"


def _is_same(last: _Last, look: Look, target: Path) -> bool:
    return last.whole != "" and last.outputs == _stamp_outputs(target) and last.whole == look.whole_key(_EXTRA)


_EXTRA = (DATACARD, *COPIED)


def _stamp_outputs(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of modification of every file below a folder, by relative path."""
    found = {}
    for parent, _, _ in os.walk(folder):
        within = os.path.relpath(parent, folder).replace(os.sep, "/")
        for name, (size, modified, _, _) in scan_folder(parent).items():
            found[name if within == "." else f"{within}/{name}"] = (size, modified)
    return found


def _build(plan: Plan, target: Path, options: Options) -> Built:
    if is_failure(plan.problems):  # rows cannot be made where registries are in doubt; all problems are told
        return Built(check_folder(plan.look.root, options).problems)
    from readout.dataset.parquet import compile_registries

    memory = _Memory(target, options)
    with replaced_folder(target) as folder:
        for config in CONFIGS:
            (folder / "data" / config).mkdir(parents=True)
        verdict = judge(plan, _iter_compiled(plan, memory, folder, options))
        if is_failure(verdict.problems):
            return Built(verdict.problems)
        files = [*memory.files(), *compile_registries(folder, plan.registries)]
        built = Built(verdict.problems, _describe(files))
        _write_documentation(folder, plan, verdict.tally, built.infos, {file.path: file.sha256 for file in files})
        swap_in(folder, target)
    memory.write(plan, built)
    return built


def _iter_compiled(plan: Plan, memory: _Memory, folder: Path, options: Options) -> Iterator[Survey]:
    """Yield the survey of each shard while its files are compiled into ``folder``, or taken over from the target."""
    from readout.dataset.parquet import compile_shard

    compile_one = partial(compile_shard, scope=plan.look.scope, folder=str(folder.resolve()))
    for shard, entry in map_shards(plan, compile_one, lambda done: done.surveyed.content, memory.known, options):
        memory.made[shard.name] = entry
        for file in entry.result.files:
            if not (folder / file.path).exists():
                _link(memory.target / file.path, folder / file.path)
        yield entry.result.surveyed.decode()


def _link(old: Path, new: Path) -> None:
    try:
        new.hardlink_to(old)
    except OSError:  # a file system without links
        shutil.copy2(old, new)


class _Memory:
    """What the last build made and this one may take over, and what this one has made."""

    def __init__(self, target: Path, options: Options) -> None:
        from readout.dataset.parquet import ShardResult

        self.target = target
        self.head = manifest_path(target)
        self.body = self.head.with_name(self.head.name + "-shards")
        self.made: _Results = {}
        last = read_manifest(self.head, _Last)
        results = read_manifest(self.body, dict[str, Entry[ShardResult]]) if last else None
        outputs = _stamp_outputs(target) if last else {}

        def is_intact(file: ShardFile) -> bool:
            if options.verify:
                return file.path in outputs and sha256((target / file.path).read_bytes()).hexdigest() == file.sha256
            return last is not None and outputs.get(file.path) == last.outputs.get(file.path, ())

        self.known = {name: entry for name, entry in (results or {}).items() if all(map(is_intact, entry.result.files))}

    def files(self) -> list[ShardFile]:
        """Return the files of this build, in the order of shards."""
        return [file for entry in self.made.values() for file in entry.result.files]

    def write(self, plan: Plan, built: Built) -> None:
        """Write what the next build may take over."""
        kept = {name: entry for name, entry in self.made.items() if not entry.result.surveyed.names_lines}
        write_manifest(self.body, kept)
        write_manifest(
            self.head, _Last(plan.look.whole_key(_EXTRA), plan.surroundings, built, _stamp_outputs(self.target))
        )


def _describe(files: Iterable[ShardFile]) -> tuple[ConfigInfo, ...]:
    """Return what the card says of each config, by its files."""
    by_split: dict[tuple[Config, str], list[ShardFile]] = {}
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
    folder: Path, plan: Plan, tally: Tally, infos: tuple[ConfigInfo, ...], parquet: Mapping[str, str]
) -> None:
    root = plan.look.root
    card = (root / DATACARD).read_text(encoding="utf-8") if (root / DATACARD).is_file() else f"# {root.name}\n"
    card = fill_sections(card, composition_sections(tally, plan.registries))
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
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{known.get(path) or sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")
