"""The rows of the ``bench_*`` configs: the frozen items of a corpus, with their answers.

A corpus without frozen items has no such configs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from readout.corpus.items import is_frozen, read_release
from readout.dataset.columns import Config
from readout.dataset.features import BENCH, BENCH_CONFIGS, FEATURES, Feature
from readout.model import Item

if TYPE_CHECKING:
    import pyarrow as pa


def list_bench_configs(root: Path) -> tuple[Config, ...]:
    """Return the configs of the tasks that a corpus has frozen items of.

    Raises:
        RefusedError: the file of the release is malformed.

    """
    if not is_frozen(root):
        return ()
    tasks = read_release(root).tasks
    return tuple(config for config in BENCH_CONFIGS if name_task(config) in tasks)


def name_task(config: Config) -> str:
    """Return the name of the task that a config has the items of."""
    return config.removeprefix(BENCH)


def build_bench_table(config: Config, items: Sequence[Item]) -> pa.Table:
    """Return the Arrow table of a config's rows: one per item of its task, in their order."""
    # Imported here because most commands list configs without making any rows.
    from readout.dataset.arrow import to_arrow_table

    return to_arrow_table(config, _iter_rows(config, items))


def _iter_rows(config: Config, items: Sequence[Item]) -> Iterator[tuple[Any, ...]]:
    features = FEATURES[config]
    for item in items:
        values = {
            **item.inputs,
            "id": item.id,
            "doc_id": item.doc_id,
            "event": item.event,
            "fold": item.event,
            "answer": format_answer(item.gold),
            "scored": item.gold is not None,
        }
        for family, partner in item.swap.items():
            values[f"swap_{family}"] = partner
        yield tuple([_to_value(features[name], values.get(name)) for name in features])


def format_answer(gold: Any) -> str | None:
    """Return an answer as a text: a label as it is, other answers as JSON."""
    if gold is None or isinstance(gold, str):
        return gold
    return msgspec.json.encode(gold).decode()


def _to_value(feature: Feature, value: Any) -> Any:
    """Return an input in the form of :data:`readout.dataset.arrow.Row`."""
    if isinstance(feature, list):
        return [_to_value(feature[0], each) for each in value or ()]
    if isinstance(feature, dict):
        # A span is the list [start, end] in an item, and a struct in a table.
        parts = value if isinstance(value, list) else [value[name] for name in feature]
        fields = zip(feature.values(), parts, strict=True)
        return tuple([_to_value(each, part) for each, part in fields])
    return value
