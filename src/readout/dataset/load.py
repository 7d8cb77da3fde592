"""``readout.load()``: the corpus as a ``DatasetDict``, from the installed data, a built folder or a Hub id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from readout.dataset.features import CONFIGS, DEFAULT_CONFIG, Config, config_splits

if TYPE_CHECKING:
    from datasets import DatasetDict

_INSTALLED_DATA = Path(__file__).parents[1] / "_data" / "hub"
_BUILT_DATA = Path(__file__).parents[3] / "build" / "hub"


def data_folder() -> Path:
    """Return the built data that came with the package, or in a checkout ``build/hub``.

    Raises:
        FileNotFoundError: a checkout that has not been built yet.

    """
    for folder in (_INSTALLED_DATA, _BUILT_DATA):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"There are no built data in {_BUILT_DATA}. Run `readout build` or `make dataset` first."
    )


def load(config: Config = DEFAULT_CONFIG, location: str | Path | None = None) -> DatasetDict:
    """Load one config with all its splits.

    Args:
        config: one of ``readout.CONFIGS``.
        location: a folder made by ``readout build``, or the id of a dataset on the Hub; by default the data that are
            installed with the package. Folders are read as they are now, without the cache of ``datasets``.

    Raises:
        ValueError: there is no such config.
        FileNotFoundError: the folder holds no data, or there are none yet.

    """
    if config not in CONFIGS:
        raise ValueError(
            f"There is no config {config!r}. Use one of {', '.join(map(repr, CONFIGS))}."
        )
    folder = data_folder() if location is None else Path(location)
    if folder.is_dir():
        return _read_folder(folder, config)
    from datasets import load_dataset

    return load_dataset(str(location), config)


def _read_folder(folder: Path, config: Config) -> DatasetDict:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Dataset, DatasetDict

    splits = {}
    for split in config_splits(config):
        paths = sorted((folder / "data" / config).glob(f"{split}-*.parquet"))
        if not paths:
            raise FileNotFoundError(
                f"There is no split {split!r} of config {config!r} in {str(folder)!r}."
            )
        splits[split] = Dataset(pa.concat_tables(pq.read_table(path) for path in paths))
    return DatasetDict(splits)
