"""``readout.load()``: the corpus as a ``DatasetDict`` from installed data, a folder or the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from readout.dataset.columns import Config
from readout.dataset.features import CONFIGS, DEFAULT_CONFIG, config_splits

if TYPE_CHECKING:
    from datasets import DatasetDict

_INSTALLED_DATA = Path(__file__).parents[1] / "_data" / "hub"
_BUILT_DATA = Path(__file__).parents[3] / "build" / "hub"


def data_folder() -> Path:
    """Return the folder of the data that are installed with the package, or built in a checkout.

    Raises:
        FileNotFoundError: the package is used from a checkout that has not been built.

    """
    for folder in (_INSTALLED_DATA, _BUILT_DATA):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"There are no data in {str(_BUILT_DATA)!r}. Run `readout build`.")


def load(config: Config = DEFAULT_CONFIG, location: str | Path | None = None) -> DatasetDict:
    """Load one config with all its splits.

    Args:
        config: one of ``readout.CONFIGS``.
        location: a folder made by ``readout build``, or the id of a dataset on the Hub; by default,
            the data that are installed with the package. A folder is read directly, without the
            cache of ``datasets``, so the rows are always those in its files.

    Raises:
        ValueError: there is no such config.
        FileNotFoundError: the folder lacks a split of the config, or a checkout is not built yet.

    """
    if config not in CONFIGS:
        names = ", ".join(map(repr, CONFIGS))
        raise ValueError(f"There is no config {config!r}. Use one of {names}.")

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
                f"There is no split {split!r} of config {config!r} in {str(folder)!r}. "
                "Use a folder that `readout build` made."
            )
        tables = [pq.read_table(path) for path in paths]
        splits[split] = Dataset(pa.concat_tables(tables))
    return DatasetDict(splits)
