"""From a corpus folder to a Hugging Face dataset repository: read, check, tables, Parquet, card, Croissant, checksums.

The folder is written beside its target and swapped in whole; on any error the target stays as it was.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow.parquet as pq

from readout import stats
from readout.card import ConfigInfo, SplitInfo, features_table, fill_sections, format_card, split_front_matter
from readout.checks import check_corpus
from readout.columns import hash_line, to_arrow_table
from readout.croissant import make_croissant
from readout.features import CONFIGS, Config, arrow_schema, config_splits
from readout.model import Corpus
from readout.problem import Problem, is_failure
from readout.read import read_corpus
from readout.schema import schema_folder
from readout.tables import iter_config_rows

HUB = "build/hub"
DATACARD = "DATACARD.md"
ROW_GROUP = 10_000


class Built(NamedTuple):
    """What a build did: its problems, and where nothing was wrong, the infos of the configs it wrote."""

    problems: tuple[Problem, ...]
    infos: tuple[ConfigInfo, ...] = ()


def build_hub(root: Path, target: Path) -> Built:
    """Build the dataset repository of a corpus folder at ``target``.

    Raises:
        UnreadableCorpusError: ``root`` is not a corpus folder.
        OSError: ``target`` cannot be written; what stood there stays.

    """
    corpus, found = read_corpus(root)
    problems = tuple(sorted([*found, *check_corpus(corpus)], key=lambda problem: problem.order))
    if is_failure(problems):
        return Built(problems)
    with replaced_folder(target) as folder:
        infos = tuple(_write_config(folder, config, corpus) for config in CONFIGS)
        _write_documentation(folder, root, corpus, infos)
        _write_checksums(folder)
    return Built(problems, infos)


def hash_sources(root: Path) -> str:
    """Return the SHA-256 of everything that a corpus is compiled from: paths and bytes of raw texts and annotations."""
    digest = sha256()
    for folder in ("raw", "annotations"):
        for path in sorted(path for path in (root / folder).rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(root).as_posix()}\n{sha256(path.read_bytes()).hexdigest()}\n".encode())
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


# ---------------------------------------------------------------- tables


def _write_config(folder: Path, config: Config, corpus: Corpus) -> ConfigInfo:
    digest = sha256()
    splits = []
    size = 0
    for split in config_splits(config):
        path = folder / "data" / config / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = list(iter_config_rows(corpus, config, split))
        table = to_arrow_table(config, rows)
        with pq.ParquetWriter(path, arrow_schema(config), compression="zstd", compression_level=3) as writer:
            if rows:  # a row group without rows is more than `datasets` can read; a file without row groups is not
                writer.write_table(table, row_group_size=ROW_GROUP)
        digest.update(f"{split}\n".encode())
        for row in rows:
            digest.update(hash_line(row))
        splits.append(SplitInfo(split, table.nbytes, len(rows)))
        size += path.stat().st_size
    return ConfigInfo(config, tuple(splits), size, digest.hexdigest())


# ---------------------------------------------------------------- documentation


def _write_documentation(folder: Path, root: Path, corpus: Corpus, infos: tuple[ConfigInfo, ...]) -> None:
    card = (root / DATACARD).read_text(encoding="utf-8") if (root / DATACARD).is_file() else f"# {root.name}\n"
    card = fill_sections(card, composition_sections(corpus))
    (folder / "README.md").write_text(format_card(card, infos), encoding="utf-8", newline="\n")
    parquet = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "data").rglob("*.parquet"))
    }
    croissant = make_croissant(split_front_matter(card)[0], infos, parquet)
    (folder / "croissant.json").write_bytes(msgspec.json.format(msgspec.json.encode(croissant), indent=2) + b"\n")
    shutil.copytree(schema_folder(), folder / "schema")
    for name in ("LICENSE", "CITATION.cff", "CHANGELOG.md"):
        if (root / name).is_file():
            shutil.copyfile(root / name, folder / name)
    content = {info.config: info.content_hash for info in infos}
    (folder / "content_hashes.json").write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def composition_sections(corpus: Corpus) -> dict[str, str]:
    """Return the generated sections of the card that count what the corpus holds."""
    tables = {name: stats.format_markdown(make(corpus)) for name, make in stats.TABLES.items()}
    return {**tables, "columns": features_table()}


def _write_checksums(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


# ---------------------------------------------------------------- the swap


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target`` that takes its place at the end, whole, or vanishes on any exception.

    One build at a time works beside a target; what an earlier one left when it was killed is removed.
    """
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / f".{target.name}.lock"):
        for litter in target.parent.glob(f".{target.name}-*"):
            shutil.rmtree(litter, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            folder.chmod(0o755)
            yield folder
            _swap(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _swap(folder: Path, target: Path) -> None:
    """Put ``folder`` in the place of ``target`` and, where there was one, the old target in the place of ``folder``."""
    if not target.exists():
        folder.rename(target)
    elif not _exchange(folder, target):
        old = folder.with_name(folder.name + ".old")
        target.rename(old)
        folder.rename(target)
        shutil.rmtree(old)


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h


def _exchange(left: Path, right: Path) -> bool:
    """Exchange two folders in one step where the system can (renameat2(2), Linux ≥ 3.15); tell whether it did."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    result: int = renameat2(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE)
    return result == 0
