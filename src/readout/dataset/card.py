"""The dataset card: people's prose with generated sections, under generated YAML.

A section stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``. What stands between is replaced, all
else is the authors'. The front matter of ``DATACARD.md`` holds what people decide (licence, tags); what the Hub must
know about configs, features and sizes is generated.
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
    """What the card says of one split of a config; ``num_bytes`` is the size of its values in memory."""

    name: str
    num_bytes: int
    num_examples: int


class ConfigInfo(NamedTuple):
    """What the card says of one config; ``content_hash`` is the SHA-256 of its rows."""

    config: Config
    splits: tuple[SplitInfo, ...]
    download_size: int
    content_hash: str


def hash_config(shards: Mapping[str, Sequence[str]]) -> str:
    """Return the content hash of a config, from the content hashes of the shards of each of its splits, in order.

    The content hash of a shard is :class:`readout.dataset.arrow.ContentHash`; that of a config is the SHA-256 over its splits
    in order, each its name on a line, then the hexadecimal hash of each of its shards on a line.
    """
    lines = [line for split, hashes in shards.items() for line in (split, *hashes)]
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def fill_sections(text: str, sections: Mapping[str, str]) -> str:
    """Return a card with the sections that are given replaced, and all others as they were."""

    def fill(match: re.Match[str]) -> str:
        opening, name, old, closing = match.groups()
        return (
            f"{opening}{sections[name].rstrip()}\n{closing}"
            if name in sections
            else opening + old + closing
        )

    return _SECTION.sub(fill, text)


def find_sections(text: str) -> list[str]:
    """Return the names of a card's generated sections."""
    return [match.group(2) for match in _SECTION.finditer(text)]


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter of a card and its body."""
    import yaml  # which only a new card needs

    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    return yaml.safe_load(match.group(1)) or {}, text[match.end() :]


def format_card(text: str, infos: Iterable[ConfigInfo]) -> str:
    """Return the card of the Hub repository: the authors' front matter, the generated one, and the body."""
    import yaml

    front, body = split_front_matter(text)
    infos = [info for info in map(_without_empty_splits, infos) if info.splits]
    front["configs"] = [_config_entry(info) for info in infos]
    front["dataset_info"] = [_dataset_info(info) for info in infos]
    dumper = getattr(
        yaml, "CSafeDumper", yaml.SafeDumper
    )  # the compiled one takes a fifth of the time
    text = yaml.dump(front, Dumper=dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{text}---\n{body}"


def _without_empty_splits(info: ConfigInfo) -> ConfigInfo:
    # No version of `datasets` loads a split without rows ("corresponds to no data"), so none is declared; its typed,
    # empty Parquet file is there for `readout.load` and other readers.
    return info._replace(splits=tuple(split for split in info.splits if split.num_examples))


def data_path(config: Config, split: str) -> str:
    """Return the path of a split's Parquet files in the Hub repository, as a glob."""
    return f"data/{config}/{split}-*.parquet"


def _config_entry(info: ConfigInfo) -> dict[str, Any]:
    files = [
        {"split": split.name, "path": data_path(info.config, split.name)} for split in info.splits
    ]
    entry: dict[str, Any] = {"config_name": info.config, "data_files": files}
    return {**entry, "default": True} if info.config == DEFAULT_CONFIG else entry


def _dataset_info(info: ConfigInfo) -> dict[str, Any]:
    # `datasets` keys its cache by this block, among others, but not by the files' bytes: the content hash makes a
    # changed label a changed key.
    return {
        "config_name": info.config,
        "description": f"Content SHA-256 of the rows: {info.content_hash}",
        "features": [
            {"name": name, **_yaml_feature(feature)}
            for name, feature in FEATURES[info.config].items()
        ],
        "splits": [split._asdict() for split in info.splits],
        "download_size": info.download_size,
        "dataset_size": sum(split.num_bytes for split in info.splits),
    }


def _yaml_feature(feature: Feature) -> dict[str, Any]:
    """Return a feature in the form of a card's YAML, the one that every version of ``datasets`` reads."""
    if isinstance(feature, Labels):
        return {
            "dtype": {
                "class_label": {"names": {str(index): name for index, name in enumerate(feature)}}
            }
        }
    if isinstance(feature, str):
        return {"dtype": feature}
    if isinstance(feature, list):
        child = _yaml_feature(feature[0])
        return {
            "list": child["dtype"]
            if isinstance(child.get("dtype"), str)
            else child.get("struct", child)
        }
    return {"struct": [{"name": name, **_yaml_feature(child)} for name, child in feature.items()]}


def features_table() -> str:
    """Return the columns of every config as Markdown."""
    lines = ["| config | columns |", "| --- | --- |"]
    lines += [
        f"| `{config}` | {', '.join(f'`{name}`' for name in FEATURES[config])} |"
        for config in CONFIGS
    ]
    return "\n".join(lines)
