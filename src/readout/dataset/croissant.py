"""Croissant 1.0 metadata (MLCommons) of the dataset repository: one record set a split of a config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from readout.dataset.card import ConfigInfo, data_path
from readout.dataset.features import FEATURES, Config, Feature, Labels

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
_CROISSANT_TYPES = {
    "string": "sc:Text",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "float64": "sc:Float",
}


def make_croissant(
    front: Mapping[str, Any], infos: Iterable[ConfigInfo], parquet: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON-LD of the repository; ``parquet`` maps the path of each Parquet file to its SHA-256."""
    infos = list(infos)
    files = [
        {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "encodingFormat": "application/x-parquet",
            "sha256": digest,
        }
        for path, digest in parquet.items()
    ]
    croissant = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": front.get("pretty_name", "corpus"),
        "description": front.get("description", ""),
        "license": front.get("license_link", front.get("license", "")),
        "citeAs": front.get("citation", ""),
        "datePublished": str(front.get("date", "")),
        "version": str(front.get("version", "0")),
        "inLanguage": front.get("language", []),
        "keywords": front.get("tags", []),
        "distribution": [*files, *_file_sets(infos, parquet)],
        "recordSet": [
            _record_set(info.config, split.name, parquet) for info in infos for split in info.splits
        ],
    }
    return {key: value for key, value in croissant.items() if value}


def _paths(config: Config, split: str, parquet: Iterable[str]) -> list[str]:
    start, end = data_path(config, split).split("*")
    return [path for path in parquet if path.startswith(start) and path.endswith(end)]


def _file_sets(infos: Iterable[ConfigInfo], parquet: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a set of files for every split that is in more than one."""
    for info in infos:
        for split in info.splits:
            if len(_paths(info.config, split.name, parquet)) > 1:
                path = data_path(info.config, split.name)
                yield {
                    "@type": "cr:FileSet",
                    "@id": path,
                    "name": path,
                    "includes": path,
                    "encodingFormat": "application/x-parquet",
                }


def _record_set(config: Config, split: str, parquet: Mapping[str, str]) -> dict[str, Any]:
    name = f"{config}-{split}"
    paths = _paths(config, split, parquet)
    path = paths[0] if len(paths) == 1 else data_path(config, split)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The rows of config {config}, split {split}.",
        "field": [
            _croissant_field(f"{name}/{column}", column, feature, path)
            for column, feature in FEATURES[config].items()
        ],
    }


def _croissant_field(
    name: str, column: str, feature: Feature, path: str, inner: str | None = None
) -> dict[str, Any]:
    """Return a column as a Croissant field; ``inner`` is the JSONPath to a struct's field inside the column."""
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
    if isinstance(feature, list):
        field["repeated"] = True
        feature = feature[0]
    if isinstance(feature, dict):
        field["subField"] = [
            _croissant_field(f"{name}/{key}", column, child, path, key)
            for key, child in feature.items()
        ]
        return field
    field["source"] = {
        "fileSet" if "*" in path else "fileObject": {"@id": path},
        "extract": {"column": column},
    }
    if inner:
        field["source"]["transform"] = {"jsonPath": inner}
    if isinstance(feature, Labels):
        names = ", ".join(f"{index} {label}" for index, label in enumerate(feature))
        return {**field, "dataType": "sc:Integer", "description": f"Label: {names}."}
    return {**field, "dataType": _CROISSANT_TYPES[str(feature)]}
