"""Loading script of the Readout corpus: compiles it from ``raw/`` and ``annotations/``.

Install the package first: ``pip install readout-corpus``. ``datasets`` before 4.0 runs the script::

    load_dataset("load_readout.py", "stances", trust_remote_code=True)

``datasets`` from 4.0 on refuses to run scripts. Use the builder instead::

    from load_readout import Readout
    builder = Readout(config_name="stances")
    builder.download_and_prepare()
    stances = builder.as_dataset()

``load_dataset("./build/hub", "stances")`` and ``readout.load("stances")`` give the same rows, and
do not need this script.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import datasets
import pyarrow as pa

import readout
from readout.dataset.build import hash_sources
from readout.dataset.features import CONFIGS, DEFAULT_CONFIG, arrow_schema, config_splits
from readout.dataset.tables import build_split_table
from readout.problem import is_failure
from readout.report.problems import format_text

_VERSION = datasets.Version(readout.__version__)


class Readout(datasets.ArrowBasedBuilder):
    """Speakers, quotes, topics and stances of five news texts about US–Israel defence meetings."""

    VERSION = _VERSION
    BUILDER_CONFIGS: ClassVar = [
        datasets.BuilderConfig(name=name, version=_VERSION) for name in CONFIGS
    ]
    DEFAULT_CONFIG_NAME = DEFAULT_CONFIG

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the sources to the key of the cache, so that every change of them is loaded."""
        root = Path(kwargs.get("base_path") or Path(__file__).parent)
        kwargs.update(base_path=str(root), hash=hash_sources(root))
        super().__init__(*args, **kwargs)

    def _info(self) -> datasets.DatasetInfo:
        features = datasets.Features.from_arrow_schema(arrow_schema(self.config.name))
        return datasets.DatasetInfo(features=features)

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        corpus, problems = readout.read_corpus(Path(self.base_path))
        problems = [*problems, *readout.check_corpus(corpus)]
        if is_failure(problems):
            raise ValueError("The corpus has problems:\n" + "\n".join(map(format_text, problems)))

        generators = []
        for split in config_splits(self.config.name):
            table = build_split_table(corpus, self.config.name, split)
            if len(table):  # `datasets` refuses to load a split without rows
                arguments = {"table": table}
                generators.append(datasets.SplitGenerator(name=split, gen_kwargs=arguments))
        return generators

    def _generate_tables(self, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        yield "table", table
