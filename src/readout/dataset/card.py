"""The dataset card: text and metadata by its authors, and generated sections and metadata.

A generated section is between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``; the rest of
the text is never changed. The front matter of ``DATACARD.md`` contains what people decide, such as
licence and tags. The card for the Hub adds the metadata of configs, features and sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from readout.dataset.features import CONFIGS, DEFAULT_CONFIG, FEATURES, Config, Feature, Labels

_SECTION = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end: \2 -->)", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


class SplitInfo(NamedTuple):
    """The size of one split of a config; ``num_bytes`` is that of its values in memory."""

    name: str
    num_bytes: int
    num_examples: int


class ConfigInfo(NamedTuple):
    """The sizes of one config, and the content hash of its rows (:func:`hash_config`).

    ``download_size`` is the size of its Parquet files in bytes.
    """

    config: Config
    splits: tuple[SplitInfo, ...]
    download_size: int
    content_hash: str


def hash_config(shards: Mapping[str, Sequence[str]]) -> str:
    """Return the content hash of a config from those of the shards of each split, in order.

    It is the SHA-256 of one line per split, its name, each followed by one line per shard, its
    hexadecimal content hash (:class:`readout.dataset.arrow.ContentHash`).
    """
    digest = sha256()
    for split, hashes in shards.items():
        for line in (split, *hashes):
            digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def fill_sections(text: str, sections: Mapping[str, str]) -> str:
    """Return the text of a card with new contents of some generated sections."""

    def fill(match: re.Match[str]) -> str:
        opening, name, _, closing = match.groups()
        if name not in sections:
            return match.group()
        return f"{opening}{sections[name].rstrip()}\n{closing}"

    return _SECTION.sub(fill, text)


def find_sections(text: str) -> list[str]:
    """Return the names of a card's generated sections."""
    return [match.group(2) for match in _SECTION.finditer(text)]


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter of a card, and the text after it."""
    import yaml  # its import is slow, and a build without changes does not need it

    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    return yaml.safe_load(match.group(1)) or {}, text[match.end() :]


def format_card(text: str, infos: Iterable[ConfigInfo]) -> str:
    """Return the card for the Hub: a card with the metadata of its configs in the front matter."""
    import yaml

    front, body = split_front_matter(text)
    loadable = find_loadable(infos)
    front["configs"] = [_config_entry(info) for info in loadable]
    front["dataset_info"] = [_dataset_info(info) for info in loadable]

    # The compiled dumper takes a fifth of the time, but not every build of PyYAML has it.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(front, Dumper=dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{text}---\n{body}"


def find_loadable(infos: Iterable[ConfigInfo]) -> list[ConfigInfo]:
    """Return the configs and splits that the card declares: those with rows.

    No version of ``datasets`` loads a split without rows ("corresponds to no data"). The empty
    Parquet file of such a split is for ``readout.load`` and other readers.
    """
    loadable = []
    for info in infos:
        splits = tuple([split for split in info.splits if split.num_examples])
        if splits:
            loadable.append(info._replace(splits=splits))
    return loadable


def data_path(config: Config, split: str) -> str:
    """Return the glob of a split's Parquet files, relative to the dataset repository."""
    return f"data/{config}/{split}-*.parquet"


def _config_entry(info: ConfigInfo) -> dict[str, Any]:
    files = [
        {"split": split.name, "path": data_path(info.config, split.name)} for split in info.splits
    ]
    entry: dict[str, Any] = {"config_name": info.config, "data_files": files}
    if info.config == DEFAULT_CONFIG:
        entry["default"] = True
    return entry


def _dataset_info(info: ConfigInfo) -> dict[str, Any]:
    # `datasets` keys its cache by this entry, not by the bytes of the files. The content hash makes
    # sure that new rows are loaded after a rebuild.
    return {
        "config_name": info.config,
        "description": f"Content SHA-256 of the rows: {info.content_hash}",
        "features": _yaml_fields(FEATURES[info.config]),
        "splits": [split._asdict() for split in info.splits],
        "download_size": info.download_size,
        "dataset_size": sum([split.num_bytes for split in info.splits]),
    }


def _yaml_fields(features: Mapping[str, Feature]) -> list[dict[str, Any]]:
    return [{"name": name, **_yaml_feature(feature)} for name, feature in features.items()]


def _yaml_feature(feature: Feature) -> dict[str, Any]:
    """Return a feature in the YAML form of cards, which every version of ``datasets`` reads."""
    if isinstance(feature, Labels):
        names = {str(number): name for number, name in enumerate(feature)}
        return {"dtype": {"class_label": {"names": names}}}
    if isinstance(feature, str):
        return {"dtype": feature}
    if isinstance(feature, list):
        child = _yaml_feature(feature[0])
        if isinstance(child.get("dtype"), str):
            return {"list": child["dtype"]}
        return {"list": child.get("struct", child)}
    return {"struct": _yaml_fields(feature)}


def format_columns() -> str:
    """Return a Markdown table of the columns of every config."""
    lines = ["| config | columns |", "| --- | --- |"]
    for config in CONFIGS:
        columns = ", ".join([f"`{name}`" for name in FEATURES[config]])
        lines.append(f"| `{config}` | {columns} |")
    return "\n".join(lines)
