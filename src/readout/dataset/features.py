"""The types of the columns of every config, in Arrow and on the Hugging Face Hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from readout import model
from readout.corpus.read import SPLITS
from readout.dataset.columns import COLUMNS, Column, ColumnType, Config, Labels

if TYPE_CHECKING:
    import pyarrow as pa


Feature: TypeAlias = "str | Labels | list[Feature] | dict[str, Feature]"
"""The type of a column.

It is the name of a primitive type, class labels, a list of one feature, or a struct of features.
"""


def _to_feature(column_type: ColumnType) -> Feature:
    """Return a type without the descriptions of its fields."""
    if isinstance(column_type, dict):
        return {name: _to_feature(column.type) for name, column in column_type.items()}
    if isinstance(column_type, list):
        return [_to_feature(column_type[0])]
    return column_type


def _to_features(columns: Mapping[str, Column]) -> dict[str, Feature]:
    return {name: _to_feature(column.type) for name, column in columns.items()}


FEATURES: Mapping[Config, Mapping[str, Feature]] = {
    config: _to_features(columns) for config, columns in COLUMNS.items()
}
"""The types of the columns of every config, in order."""

BENCH = "bench_"
"""The start of the names of configs with one row per frozen item of a benchmark task."""
BENCH_CONFIGS: tuple[Config, ...] = tuple(name for name in FEATURES if name.startswith(BENCH))
CONFIGS: tuple[Config, ...] = tuple(name for name in FEATURES if name not in BENCH_CONFIGS)
"""The configs of every corpus."""
DEFAULT_CONFIG: Config = "stances"
REGISTRY_CONFIGS: tuple[Config, ...] = ("speakers", "targets", "topic_definitions")
"""Configs with one row per registry entry; their only split is ``train``."""


def config_splits(config: Config) -> tuple[model.Split, ...]:
    """Return the names of a config's splits."""
    if config in BENCH_CONFIGS:
        return ("test",)
    return ("train",) if config in REGISTRY_CONFIGS else SPLITS


def is_tags(feature: Feature) -> TypeGuard[Labels]:
    """Return whether a feature is class labels of one letter each, such as BIO tags."""
    return isinstance(feature, Labels) and all(len(name) == 1 for name in feature)


def to_arrow_type(feature: Feature) -> pa.DataType:
    """Return the Arrow type of a feature."""
    import pyarrow as pa

    if isinstance(feature, Labels):
        return pa.int64()
    if isinstance(feature, str):
        return pa.type_for_alias(feature)
    if isinstance(feature, list):
        return pa.list_(to_arrow_type(feature[0]))
    return pa.struct({name: to_arrow_type(child) for name, child in feature.items()})


def to_hub_feature(feature: Feature) -> Any:
    """Return a feature in the form that ``datasets`` stores in Parquet metadata.

    A list becomes a JSON list with one item, since every version of ``datasets`` reads this form.
    Versions before 4.0 don't know ``List``, and ``Sequence`` turns a list of structs into a struct
    of lists.
    """
    if isinstance(feature, Labels):
        return {"names": list(feature), "_type": "ClassLabel"}
    if isinstance(feature, str):
        return {"dtype": feature, "_type": "Value"}
    if isinstance(feature, list):
        return [to_hub_feature(feature[0])]
    return {name: to_hub_feature(child) for name, child in feature.items()}


@cache
def arrow_schema(config: Config) -> pa.Schema:
    """Return the Arrow schema of a config.

    The metadata key ``huggingface`` contains the features. Without it, ``datasets`` reads class
    labels from Parquet as plain integers.
    """
    import pyarrow as pa

    fields = []
    features = {}
    for name, feature in FEATURES[config].items():
        fields.append(pa.field(name, to_arrow_type(feature)))
        features[name] = to_hub_feature(feature)

    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(fields, metadata=metadata)
