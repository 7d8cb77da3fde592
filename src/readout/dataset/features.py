"""The columns of every config, and their types in Arrow and on the Hugging Face Hub."""

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
    """The names of a ``ClassLabel``; the position of a name is its integer."""

    def numbers(self) -> dict[str, int]:
        """Return the integer of each name."""
        return {name: number for number, name in enumerate(self)}


Feature: TypeAlias = "str | Labels | list[Feature] | dict[str, Feature]"
"""The type of a column.

It is the name of a primitive type, class labels, a list of one feature, or a struct of features.
"""

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

_SPAN: dict[str, Feature] = {"text": "string", "start": "int32", "end": "int32"}
_CONTEXT: dict[str, Feature] = {"context": "string", "context_start": "int32"}
_HEAD: dict[str, Feature] = {"id": "string", "doc_id": "string", "event": "string"}
SPAN_PARTS: Feature = [_SPAN]
"""The parts of a span that may be discontinuous."""

POLARITIES = Labels(get_args(model.Polarity))
EXPRESSIONS = Labels(get_args(model.Expression))
FORMS = Labels(get_args(model.Form))
TAGS = Labels(("O", "B", "I"))
UNANNOTATED = "not annotated"
"""The vote of an annotator who did not annotate a stance that gold or another annotator has."""
VOTES = Labels((*POLARITIES, UNANNOTATED))

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
        **_SPAN,
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
        **_SPAN,
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
        **_SPAN,
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
        **_SPAN,
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
        "annotated": Labels(get_args(model.Annotated)),
        "text": "string",
        "paragraphs": [{"start": "int32", "end": "int32"}],
        "boilerplate": [
            {"id": "string", "kind": Labels(get_args(model.BoilerplateKind)), **_SPAN},
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
        **_SPAN,
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
        "counter": "string",
        "favor_means": "string",
        "against_means": "string",
        "topics": ["string"],
        "note": "string",
    },
}
"""The columns of every config, in order.

Offsets are code points of the document's text, end excluded. Absent values are null.
"""

CONFIGS: tuple[Config, ...] = tuple(FEATURES)
DEFAULT_CONFIG: Config = "stances"
REGISTRY_CONFIGS: tuple[Config, ...] = ("speakers", "targets")
"""Configs with one row per registry entry; their only split is ``train``."""


def config_splits(config: Config) -> tuple[model.Split, ...]:
    """Return the names of a config's splits."""
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
