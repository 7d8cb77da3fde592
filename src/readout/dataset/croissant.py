"""Croissant metadata of the dataset repository, with one record set per split of a config.

The format is MLCommons Croissant 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from readout.dataset.card import ConfigInfo, data_path, read_prose
from readout.dataset.citation import Author, format_bibtex, parse_authors
from readout.dataset.columns import COLUMNS, ROWS, Column, Config, Labels
from readout.dataset.features import BENCH, REGISTRY_CONFIGS
from readout.dataset.glossary import describe, name_labels

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {
    "string": "sc:Text",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "float64": "sc:Float",
    "bool": "sc:Boolean",
}
_RESPONSIBLE = {
    "rai:dataCollection": "Collection",
    "rai:dataAnnotationProtocol": "Annotation",
    "rai:dataUseCases": "Uses",
    "rai:dataLimitations": "Limits",
}
"""The headings of the card whose text is a property of the vocabulary for responsible AI."""

PARQUET = "application/x-parquet"

_REFERENCED: tuple[Config, ...] = ("documents", *REGISTRY_CONFIGS)
"""The configs that fields of others refer to; they refer to none themselves.

mlcroissant 1.1 cannot read lists of references, nor a record set that refers to itself. If a record
set has references and another one refers to it, mlcroissant returns its columns instead of records.
The descriptions of fields name all joins.
"""


def build_croissant(
    front: Mapping[str, Any],
    infos: Sequence[ConfigInfo],
    parquet: Mapping[str, str],
    citation: bytes = b"",
    body: str = "",
) -> dict[str, Any]:
    """Return the JSON-LD of the dataset repository.

    ``front`` is the front matter of its card; ``parquet`` maps the path of each Parquet file to its
    SHA-256, ``citation`` is the content of a CITATION.cff, and ``body`` the text of the card.
    """
    distribution = [_file_object(path, digest) for path, digest in parquet.items()]
    record_sets = []
    for info in infos:
        for split in info.splits:
            glob = data_path(info.config, split.name)
            paths = _find_paths(glob, parquet)
            if len(paths) > 1:
                distribution.append(_file_set(glob))
            path = paths[0] if len(paths) == 1 else glob
            record_sets.append(_record_set(info.config, split.name, path))

    croissant = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": front.get("pretty_name", "corpus"),
        "description": front.get("description", ""),
        "license": _license(front),
        "creator": [_creator(author) for author in parse_authors(citation)],
        "citeAs": front.get("citation", format_bibtex(citation)),
        **{name: read_prose(body, heading) for name, heading in _RESPONSIBLE.items()},
        "datePublished": str(front.get("date", "")),
        "version": str(front.get("version", "0")),
        "inLanguage": front.get("language", []),
        "keywords": front.get("tags", []),
        "distribution": distribution,
        "recordSet": record_sets,
    }
    return {key: value for key, value in croissant.items() if value}


def _creator(author: Author) -> dict[str, Any]:
    kind = "sc:Person" if author.is_person else "sc:Organization"
    return {"@type": kind, "name": f"{author.given} {author.name}".strip()}


def _license(front: Mapping[str, Any]) -> Any:
    """Return the licence: its name and the file with its text, or else its identifiers.

    Several licences of different parts of a dataset are one such file.
    """
    if "license_link" not in front:
        return front.get("license", "")
    work = {"@type": "sc:CreativeWork", "url": front["license_link"]}
    if "license_name" in front:
        work["name"] = front["license_name"]
    return work


def _find_paths(glob: str, parquet: Iterable[str]) -> list[str]:
    start, end = glob.split("*")
    return [path for path in parquet if path.startswith(start) and path.endswith(end)]


def _file_object(path: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "encodingFormat": PARQUET,
        "sha256": digest,
    }


def _file_set(glob: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": glob,
        "name": glob,
        "includes": glob,
        "encodingFormat": PARQUET,
    }


def _record_set(config: Config, split: str, path: str) -> dict[str, Any]:
    """Return the record set of a split, whose rows are in the file or the set of files ``path``."""
    name = f"{config}-{split}"
    fields = []
    for key, column in COLUMNS[config].items():
        fields.append(_field(f"{name}/{key}", (key,), column, path, split))
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{ROWS[config]} Split {split}.",
        "key": {"@id": f"{name}/{next(iter(COLUMNS[config]))}"},
        "field": fields,
    }


def _find_joined(joins: str, split: str) -> str:
    """Return the field that a column of a split joins to; empty if no record set may name it."""
    config, _, key = joins.partition(".")
    if config not in _REFERENCED:
        return ""
    if config in REGISTRY_CONFIGS:
        split = "train"
    return f"{config}-{split}/{key}"


def _field(
    name: str, keys: tuple[str, ...], column: Column, path: str, split: str
) -> dict[str, Any]:
    """Return the field of a column, or of a field of the structs in a column.

    ``keys`` are the name of the column, and that of the field.
    """
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "description": describe(column),
    }
    joined = _find_joined(column.joins, split)
    # The items of the benchmark are of documents of all splits, and their ids those of a release.
    is_frozen = name.startswith(BENCH)
    is_list = isinstance(column.type, list)
    if joined and not is_frozen and not is_list and not name.startswith(_REFERENCED):
        field["references"] = {"field": {"@id": joined}}
    feature = column.type
    if isinstance(feature, list):
        field["repeated"] = True
        feature = feature[0]

    if isinstance(feature, dict):
        parts = [
            _field(f"{name}/{key}", (*keys, key), inner, path, split)
            for key, inner in feature.items()
        ]
        field["subField"] = parts
        return field

    kind = "fileSet" if "*" in path else "fileObject"
    field["source"] = {kind: {"@id": path}, "extract": {"column": keys[0]}}
    for key in keys[1:]:
        field["source"]["transform"] = {"jsonPath": key}
    if isinstance(feature, Labels):
        field["dataType"] = "sc:Integer"
        field["description"] += f" Label: {name_labels(feature)}."
    else:
        field["dataType"] = _TYPES[str(feature)]
    return field
