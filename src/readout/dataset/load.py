"""``readout.load()``: the corpus as a ``DatasetDict`` from installed data, a folder or the Hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, overload

from readout.checks import check_corpus
from readout.corpus.installed import find_installed
from readout.corpus.items import is_frozen, read_frozen
from readout.corpus.read import DOCUMENTS, read_corpus
from readout.dataset.bench import build_bench_table, name_task
from readout.dataset.card import DATACARD, split_front_matter
from readout.dataset.citation import CITATION, format_bibtex
from readout.dataset.columns import Config
from readout.dataset.companions import CARD
from readout.dataset.features import BENCH_CONFIGS, DEFAULT_CONFIG, FEATURES, config_splits
from readout.model import Corpus, Split
from readout.problem import is_failure, nearest
from readout.report.problems import format_text

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetDict

_PACKED = Path(__file__).parents[1] / "_data" / "hub"
# A name, or an owner and a name, as the Hub allows them.
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?", re.ASCII)


@overload
def load(
    config: Config = DEFAULT_CONFIG, location: str | Path | None = None, *, split: None = None
) -> DatasetDict: ...


@overload
def load(
    config: Config = DEFAULT_CONFIG, location: str | Path | None = None, *, split: Split
) -> Dataset: ...


def load(
    config: Config = DEFAULT_CONFIG,
    location: str | Path | None = None,
    *,
    split: Split | None = None,
) -> DatasetDict | Dataset:
    """Load one config of the corpus, offline.

    >>> stances = readout.load("stances")  # doctest: +SKIP
    >>> test = readout.load("quotes", split="test")  # doctest: +SKIP

    The rows are those of the files as they are now: neither the current folder nor the cache of
    ``datasets`` is used.

    Args:
        config: one of ``readout.CONFIGS``, or ``bench_<task>`` if the corpus has frozen items.
        location: a folder that ``readout build`` made, a corpus folder, or the id of a dataset on
            the Hub. By default it is the corpus that is installed with the package; in an editable
            install, this is the checkout, and its sources are compiled. A ``Path`` is never looked
            up on the Hub.
        split: ``"train"``, ``"validation"`` or ``"test"``; by default, all splits.

    Returns:
        A ``DatasetDict`` with all splits of the config or, with ``split``, one ``Dataset``. Their
        ``info`` has the description, licence, citation and version of the corpus.

    Raises:
        ValueError: there is no such config or split, or the sources have problems.
        FileNotFoundError: there is no such folder, or it lacks the config.

    """
    _refuse_unknown("config", config, tuple(FEATURES))
    splits = config_splits(config)
    if split is not None:
        split = cast("Split", str(split))  # also datasets.Split.TEST
        _refuse_unknown("split", split, splits)
        splits = (split,)

    loaded = _load_splits(config, location, splits)
    return loaded if split is None else loaded[split]


def _refuse_unknown(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        hint = nearest(name, known) or f"use one of {', '.join(map(repr, known))}."
        raise ValueError(f"There is no {kind} {name!r}: {hint}")


def _load_splits(
    config: Config, location: str | Path | None, splits: tuple[Split, ...]
) -> DatasetDict:
    if location is None:
        folder = _PACKED if _PACKED.is_dir() else find_installed()
    elif location == "":  # Path("") is the working folder
        raise FileNotFoundError("The location is empty.")
    else:
        folder = Path(location)

    if (folder / DOCUMENTS).is_file():
        return _compile_folder(folder, config, splits)
    if folder.is_dir():
        return _read_built(folder, config, splits)
    if isinstance(location, Path) or not _HUB_ID.fullmatch(str(location)):
        raise FileNotFoundError(f"There is no folder {str(location)!r}.")

    from datasets import load_dataset

    try:
        found = load_dataset(str(location), config)
    except (ConnectionError, FileNotFoundError) as error:
        raise FileNotFoundError(
            f"There is no folder {str(location)!r}, and no such dataset on the Hub: {error}"
        ) from error
    kept = {split: found[split] for split in splits if split in found}
    return type(found)(kept)


# ---------------------------------------------------------------- a built folder


def _read_built(folder: Path, config: Config, splits: tuple[Split, ...]) -> DatasetDict:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = {}
    for split in splits:
        paths = sorted((folder / "data" / config).glob(f"{split}-*.parquet"))
        if not paths:
            raise FileNotFoundError(
                f"There is no split {split!r} of config {config!r} in {str(folder)!r}. "
                "Use a folder that `readout build` made."
            )
        tables[split] = pa.concat_tables([pq.read_table(path) for path in paths])
    return _to_datasets(tables, config, _read_info(folder, CARD))


# ---------------------------------------------------------------- a corpus folder


def _compile_folder(root: Path, config: Config, splits: tuple[Split, ...]) -> DatasetDict:
    corpus = read_valid_corpus(root)
    tables = {split: compile_split(corpus, root, config, split) for split in splits}
    return _to_datasets(tables, config, _read_info(root, DATACARD))


def compile_split(corpus: Corpus, root: Path, config: Config, split: Split) -> pa.Table:
    """Return the rows of a split: of the corpus in a folder, or of its frozen items."""
    if config in BENCH_CONFIGS:
        items = read_frozen(root).items if is_frozen(root) else {}
        return build_bench_table(config, items.get(name_task(config), ()), corpus.index.records)

    from readout.dataset.tables import build_split_table

    return build_split_table(corpus, config, split)


def read_valid_corpus(root: Path) -> Corpus:
    """Return the corpus in a folder.

    Raises:
        UnreadableCorpusError: the folder is no corpus.
        ValueError: the corpus has problems; the message lists them.

    """
    corpus, found = read_corpus(root)
    problems = [*found, *check_corpus(corpus)]
    if is_failure(problems):
        listed = "\n".join(map(format_text, problems))
        raise ValueError(f"The corpus has problems:\n{listed}")
    return corpus


# ---------------------------------------------------------------- what the datasets tell of it


def _read_info(folder: Path, card: str) -> dict[str, Any]:
    """Return description, licence, citation and version from the files of a folder, if any."""
    front, _ = split_front_matter(_read_optional(folder / card).decode(errors="replace"))
    return {
        "description": str(front.get("description") or ""),
        "license": str(front.get("license_name") or front.get("license") or ""),
        "citation": format_bibtex(_read_optional(folder / CITATION)),
        "version": str(front.get("version") or ""),
    }


def _read_optional(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _to_datasets(
    tables: dict[Split, pa.Table], config: Config, info: dict[str, Any]
) -> DatasetDict:
    from datasets import Dataset, DatasetDict, Version

    version = info.pop("version")
    splits = {}
    for split, table in tables.items():
        dataset = Dataset(table, split=_named_split(split))
        for name, value in info.items():
            setattr(dataset.info, name, value)
        dataset.info.config_name = config
        if re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version):
            dataset.info.version = Version(version)
        splits[split] = dataset
    return DatasetDict(splits)


def _named_split(split: Split) -> Any:
    from datasets import NamedSplit

    return NamedSplit(split)
