"""The loading script of the Readout corpus: compiles the configs from ``raw/`` and ``annotations/``.

``datasets`` before 4.0 runs it: ``load_dataset("load_readout.py", "stances", trust_remote_code=True)``. From 4.0 on,
``datasets`` runs no scripts; import the builder instead::

    from load_readout import Readout
    builder = Readout(config_name="stances")
    builder.download_and_prepare()
    stances = builder.as_dataset()

Either way ``pip install readout-corpus`` comes first. Without this script, ``load_dataset("build/hub", "stances")`` and
``readout.load("stances")`` give the same rows.
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


class Readout(datasets.ArrowBasedBuilder):
    """Speakers, quotes, topics and stances of five news texts about US–Israel defence meetings."""

    VERSION = datasets.Version(readout.__version__)
    BUILDER_CONFIGS: ClassVar = [
        datasets.BuilderConfig(name=name, version=datasets.Version(readout.__version__))
        for name in CONFIGS
    ]
    DEFAULT_CONFIG_NAME = DEFAULT_CONFIG

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Key the cache by the sources too, so that a changed annotation is never hidden by an older compilation."""
        root = Path(kwargs.get("base_path") or Path(__file__).parent)
        kwargs.update(base_path=str(root), hash=hash_sources(root))
        super().__init__(*args, **kwargs)

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            features=datasets.Features.from_arrow_schema(arrow_schema(self.config.name))
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        corpus, problems = readout.read_corpus(Path(self.base_path))
        problems = [*problems, *readout.check_corpus(corpus)]
        if is_failure(problems):
            raise ValueError("The corpus has problems:\n" + "\n".join(map(format_text, problems)))
        config = self.config.name
        tables = {split: build_split_table(corpus, config, split) for split in config_splits(config)}
        # `datasets` refuses to load a split without rows.
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"table": table})
            for split, table in tables.items()
            if len(table)
        ]

    def _generate_tables(self, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        yield "table", table
