"""The rows of the ``bench_*`` configs: the frozen items of a corpus, with their answers.

A corpus without frozen items has no such configs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from readout.corpus.items import is_frozen, read_release
from readout.dataset.columns import Config
from readout.dataset.features import BENCH, BENCH_CONFIGS, FEATURES, Feature
from readout.model import Document, Item
from readout.text.tokens import Paragraphs

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


def build_bench_table(
    config: Config, items: Sequence[Item], documents: Iterable[Document]
) -> pa.Table:
    """Return the Arrow table of a config's rows: one per item of its task, in their order.

    ``documents`` are the metadata of the corpus, which may lack documents that the items are about.
    """
    # Imported here because most commands list configs without making any rows.
    from readout.dataset.arrow import to_arrow_table

    splits = {document.doc_id: document.split for document in documents}
    return to_arrow_table(config, _iter_rows(config, items, splits))


def _iter_rows(
    config: Config, items: Sequence[Item], splits: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    features = FEATURES[config]
    for item in items:
        values = {
            **item.inputs,
            "id": item.id,
            "doc_id": item.doc_id,
            "event": item.event,
            "split": splits.get(item.doc_id),
            "answer": format_answer(item.gold),
        }
        if "paragraph" in features:
            values["paragraph"] = name_paragraph(item.doc_id, _find_paragraph(item))
        for family, partner in item.swap.items():
            values[f"swap_{family}"] = partner
        yield tuple([_to_value(features[name], values.get(name)) for name in features])


def name_paragraph(doc_id: str, number: int) -> str:
    """Return the id of a paragraph in the other configs."""
    return f"{doc_id}#p{number}"


def parse_paragraph(name: str) -> int:
    """Return the number of the paragraph that an id names."""
    return int(name.rpartition("#p")[2])


def _find_paragraph(item: Item) -> int:
    """Return the number of the paragraph that an item asks about, or in which its quote starts."""
    if "paragraph" in item.inputs:
        number: int = item.inputs["paragraph"]
        return number
    (start, _), *_ = item.inputs["spans"]
    return Paragraphs(item.inputs["document"]).index_at(start)


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
