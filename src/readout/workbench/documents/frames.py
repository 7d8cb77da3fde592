"""Make data frames of documents, with the columns of a config and labels as words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from readout.dataset.columns import Config, Labels
from readout.dataset.features import CONFIGS, FEATURES, REGISTRY_CONFIGS, Feature
from readout.model import AnnotatedDocument, Registries
from readout.problem import nearest

if TYPE_CHECKING:
    import pandas as pd


def to_frame(
    config: Config, documents: Sequence[AnnotatedDocument], registries: Registries
) -> pd.DataFrame:
    """Return the rows of some documents in a config.

    Raises:
        ValueError: there is no such config, or its rows are those of a registry or of items.

    """
    known = [name for name in CONFIGS if name not in REGISTRY_CONFIGS]
    if config not in known:
        hint = f"use readout.load({config!r})." if config in FEATURES else nearest(config, known)
        message = f"There is no config {config!r} with rows of documents: {hint}"
        raise ValueError(message.rstrip(": "))

    import pandas as pd

    from readout.dataset.batch import Batch, Vocabularies
    from readout.dataset.tables import build_table

    rows = []
    if documents:
        table = build_table(config, Batch(documents, Vocabularies(registries)))
        rows = [_to_words(row, dict(FEATURES[config])) for row in table.to_pylist()]
    frame: pd.DataFrame = pd.DataFrame(rows, columns=list(FEATURES[config]))
    return frame


def _to_words(value: Any, feature: Feature) -> Any:
    """Return a value in which the integers of class labels are replaced by their names."""
    if value is None:
        return None
    if isinstance(feature, Labels):
        return feature[value]
    if isinstance(feature, list):
        return [_to_words(item, feature[0]) for item in value]
    if isinstance(feature, dict):
        return {name: _to_words(value[name], child) for name, child in feature.items()}
    return value
