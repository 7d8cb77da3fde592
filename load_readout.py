"""Loading script of the Readout corpus: it compiles the configs from ``raw/`` and ``annotations/``.

It needs the package (``pip install readout-corpus``). ``datasets`` before 4.0 runs it::

    load_dataset("load_readout.py", "stances", trust_remote_code=True)

From 4.0 on, ``datasets`` runs no scripts; import the builder instead::

    from load_readout import Readout
    builder = Readout(config_name="stances")
    builder.download_and_prepare()
    stances = builder.as_dataset()

Without this script, ``load_dataset("./build/hub", "stances")`` and ``readout.load("stances")``
return the same rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import datasets
import pyarrow as pa

try:
    # Indented, so that `datasets` does not look for a package of the name `readout` itself: it
    # would tell users to install that one.
    import readout
    from readout.dataset.build import hash_sources
    from readout.dataset.features import DEFAULT_CONFIG, FEATURES, arrow_schema, config_splits
    from readout.dataset.load import compile_split, read_valid_corpus
except ImportError as error:
    raise ImportError(
        "This script needs the package of the corpus. Run `pip install readout-corpus`, or "
        "`pip install .` in a clone of the project."
    ) from error


class Readout(datasets.ArrowBasedBuilder):
    """Speakers, quotes, topics and stances of five news texts about US–Israel defence meetings."""

    VERSION = datasets.Version(readout.__version__)
    BUILDER_CONFIGS: ClassVar = [
        datasets.BuilderConfig(name=name, version=datasets.Version(readout.__version__))
        for name in FEATURES
    ]
    DEFAULT_CONFIG_NAME = DEFAULT_CONFIG

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a builder whose cache key contains a hash of the sources.

        Otherwise ``datasets`` would return the old rows after an annotation has changed.
        """
        root = Path(kwargs.get("base_path") or Path(__file__).parent)
        if not (root / "raw").is_dir():
            raise FileNotFoundError(
                f"There is no corpus in {str(root)!r}. This script compiles the folders raw/ and "
                "annotations/ beside it. Without them, use `readout.load()`, which returns the "
                "same rows."
            )
        kwargs.update(base_path=str(root), hash=hash_sources(root))
        super().__init__(*args, **kwargs)

    def _info(self) -> datasets.DatasetInfo:
        schema = arrow_schema(self.config.name)
        return datasets.DatasetInfo(features=datasets.Features.from_arrow_schema(schema))

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        corpus = read_valid_corpus(Path(self.base_path))
        config = self.config.name
        generators = []
        for split in config_splits(config):
            table = compile_split(corpus, Path(self.base_path), config, split)
            if len(table):  # `datasets` refuses to load a split without rows
                generators.append(datasets.SplitGenerator(name=split, gen_kwargs={"table": table}))
        return generators

    def _generate_tables(self, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        yield "table", table
