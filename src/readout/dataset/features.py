"""The features of every config, declared once, and what Arrow and the Hub call them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, get_args

from readout import model
from readout.corpus.read import SPLITS

if TYPE_CHECKING:
    import pyarrow as pa


class Labels(tuple[str, ...]):
    """The names of a class label, in the order of their integers."""

    def numbers(self) -> dict[str, int]:
        """Return the integer of each name."""
        return {name: number for number, name in enumerate(self)}


Feature: TypeAlias = "str | Labels | list[Feature] | dict[str, Feature]"
"""A column: the name of a primitive type, class labels, a list of a feature, or a struct of features."""

Config: TypeAlias = Literal[
    "stances",
    "quotes",
    "mentions",
    "topics",
    "documents",
    "tokens",
    "stance_labels",
    "speakers",
    "targets",
]

SPAN_PARTS: Feature = [{"text": "string", "start": "int32", "end": "int32"}]
POLARITIES = Labels(get_args(model.Polarity))
EXPRESSIONS = Labels(get_args(model.Expression))
FORMS = Labels(get_args(model.Form))
TAGS = Labels(("O", "B", "I"))
UNANNOTATED = "not annotated"
"""The label of an annotator who did not annotate an item that another one did."""
VOTES = Labels((*POLARITIES, UNANNOTATED))

_WHERE: dict[str, Feature] = {"text": "string", "start": "int32", "end": "int32"}
_CONTEXT: dict[str, Feature] = {"context": "string", "context_start": "int32"}
_HEAD: dict[str, Feature] = {"id": "string", "doc_id": "string", "event": "string"}

FEATURES: Mapping[Config, Mapping[str, Feature]] = {
    "stances": {
        **_HEAD,
        "fold": "string",
        "holder": "string",
        "holder_name": "string",
        "target": "string",
        "target_label": "string",
        "proposition": "string",
        "polarity": POLARITIES,
        "expression": EXPRESSIONS,
        **_WHERE,
        "evidence": SPAN_PARTS,
        "quote": "string",
        **_CONTEXT,
        "note": "string",
    },
    "quotes": {
        **_HEAD,
        "form": FORMS,
        "speaker": "string",
        "speaker_name": "string",
        "source": "string",
        "source_text": "string",
        "source_start": "int32",
        "source_end": "int32",
        **_WHERE,
        "content": SPAN_PARTS,
        "cue": SPAN_PARTS,
        "addressees": ["string"],
        "within": "string",
        "statement": "string",
        **_CONTEXT,
        "note": "string",
    },
    "mentions": {
        **_HEAD,
        "speaker": "string",
        "speaker_name": "string",
        **_WHERE,
        **_CONTEXT,
        "note": "string",
    },
    "topics": {
        **_HEAD,
        "topic": "string",
        "topic_label": "string",
        "topic_definition": "string",
        "parent": "string",
        "iptc": ["string"],
        **_WHERE,
        "spans": SPAN_PARTS,
        **_CONTEXT,
        "note": "string",
    },
    "documents": {
        "doc_id": "string",
        "event": "string",
        "title": "string",
        "published": "string",
        "published_basis": Labels(get_args(model.Basis)),
        "outlet": "string",
        "outlet_basis": Labels(get_args(model.Basis)),
        "language": "string",
        "origin": "string",
        "rights": "string",
        "sha256": "string",
        "text": "string",
        "paragraphs": [{"start": "int32", "end": "int32"}],
        "boilerplate": [
            {"id": "string", "kind": Labels(get_args(model.BoilerplateKind)), **_WHERE},
        ],
        "note": "string",
    },
    "tokens": {
        **_HEAD,
        "text": "string",
        "start": "int32",
        "tokens": ["string"],
        "starts": ["int32"],
        "ends": ["int32"],
        "content_tags": [TAGS],
        "cue_tags": [TAGS],
        "source_tags": [TAGS],
    },
    "stance_labels": {
        **_HEAD,
        "holder": "string",
        "target": "string",
        "proposition": "string",
        **_WHERE,
        "gold": VOTES,
        "labels": [
            {"annotator": "string", "annotator_kind": "string", "label": VOTES, "id": "string"}
        ],
        "soft": {name.replace(" ", "_"): "float64" for name in VOTES},
        **_CONTEXT,
    },
    "speakers": {
        "speaker_id": "string",
        "name": "string",
        "kind": Labels(get_args(model.SpeakerKind)),
        "aliases": ["string"],
        "roles": [{"title": "string", "organisation": "string", "from": "string", "to": "string"}],
        "country": "string",
        "members": ["string"],
        "wikidata": "string",
        "note": "string",
    },
    "targets": {
        "target_id": "string",
        "label": "string",
        "proposition": "string",
        "favor_means": "string",
        "against_means": "string",
        "topics": ["string"],
        "note": "string",
    },
}
"""The columns of every config. Offsets are code points of the document's text, end excluded; absent values are null."""

CONFIGS: tuple[Config, ...] = tuple(FEATURES)
DEFAULT_CONFIG: Config = "stances"
REGISTRY_CONFIGS: tuple[Config, ...] = ("speakers", "targets")
"""Configs with one row per registry entry; their only split is ``train``."""


def config_splits(config: Config) -> tuple[model.Split, ...]:
    """Return the splits that a config has."""
    return ("train",) if config in REGISTRY_CONFIGS else SPLITS


def is_tags(feature: Feature) -> TypeGuard[Labels]:
    """Tell whether a feature is class labels of one letter each."""
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
    """Return a feature as ``datasets`` stores it in Parquet metadata.

    Lists are written as a JSON list with one item, which every version of ``datasets`` reads; ``List`` objects are
    unknown before 4.0, and ``Sequence`` turns lists of structs into structs of lists.
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
    """Return the Arrow schema of a config, with the features under the metadata key ``huggingface``.

    Without that key ``datasets`` reads class labels from Parquet as integers.
    """
    import pyarrow as pa

    features = {name: to_hub_feature(feature) for name, feature in FEATURES[config].items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(
        [pa.field(name, to_arrow_type(feature)) for name, feature in FEATURES[config].items()],
        metadata=metadata,
    )
