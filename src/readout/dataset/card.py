"""The dataset card: text and metadata by its authors, and generated sections and metadata.

A generated section is between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``; the rest of
the text is never changed. The front matter of ``DATACARD.md`` contains what people decide, such as
licence and tags. The card for the Hub adds the metadata of configs, features and sizes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.corpus.read import read_bytes
from readout.corpus.settings import parse_settings
from readout.dataset.columns import Config, Labels
from readout.dataset.features import DEFAULT_CONFIG, FEATURES, Feature
from readout.problem import Finding, Problem, locate, raw_line, rule

DATACARD = "DATACARD.md"
_MARKER = re.compile(r"^<!-- (generated|end): ([a-z-]+) -->\r?$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)


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
    """Return the text of a card with new contents of some generated sections.

    They get the line ends of the card.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    parts = []
    done = 0
    for name, start, end in _iter_sections(text):
        if name in sections:
            content = sections[name].rstrip() + "\n"
            parts += [text[done:start], content.replace("\n", newline)]
            done = end
    return "".join([*parts, text[done:]])


def tell_release(text: str, filled: Collection[str], release: str) -> str:
    """Return the text of a card that says which of its sections are of the last release.

    They are those that are not ``filled`` by a build, since they take minutes or need frozen items.
    ``release`` is, for example, "of release 1.0.0".
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    parts = []
    done = 0
    for name, start, _ in _iter_sections(text):
        if name not in filled:
            parts += [text[done:start], f"*Figures {release}, not of this build.*", newline * 2]
            done = start
    return "".join([*parts, text[done:]])


def find_sections(text: str) -> list[str]:
    """Return the names of a card's generated sections."""
    return [name for name, _, _ in _iter_sections(text)]


def _iter_sections(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the name of each generated section, and the start and end of its content.

    A marker is a line of its own, so that a name in a table cannot end a section.
    """
    opened, start = None, 0
    for match in _MARKER.finditer(text):
        kind, name = match.groups()
        if kind == "generated":
            opened, start = name, match.end() + 1
        elif name == opened:
            yield name, start, match.start()
            opened = None


# ---------------------------------------------------------------- reading

_TEXTS = ("pretty_name", "description", "license_name", "license_link", "citation")
_LISTS = ("language", "license", "tags", "task_categories", "size_categories")


@rule("data-card", "schema")
def data_card(raw: bytes) -> Iterator[Finding]:
    """The data card is UTF-8, and its front matter is YAML with fields of the expected types."""
    try:
        text = _decode(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"Got the byte {raw[error.start : error.start + 1]!r}. Expected UTF-8."
        yield Finding(message, line=line, hint="save the file as UTF-8.")
        return

    match = _FRONT_MATTER.match(text)
    front = parse_settings(match[1].encode()) if match else {}
    if isinstance(front, Finding):
        # The front matter starts in the second line of the card.
        yield msgspec.structs.replace(front, line=(front.line or 1) + 1)
        return

    hint = "compare it with the card of another data set on the Hub."
    for name in _TEXTS:
        if not isinstance(front.get(name, ""), str):
            yield Finding(f"Got {front[name]!r} for {name!r}. Expected a text.", line=1, hint=hint)
    for name in _LISTS:
        value = front.get(name, "")
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, str) for part in parts):
            message = f"Got {value!r} for {name!r}. Expected a text, or a list of texts."
            yield Finding(message, line=1, hint=hint)


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8-sig").replace("\r\n", "\n")


def read_card(root: Path) -> tuple[str | None, list[Problem]]:
    """Return the text of a corpus's data card; None and its problems if it cannot be used.

    A corpus without a card has the empty text.
    """
    raw, problems = read_card_bytes(root)
    return None if raw is None else _decode(raw), problems


def read_card_bytes(root: Path) -> tuple[bytes | None, list[Problem]]:
    """Return the bytes of a corpus's data card; None and its problems if it cannot be used."""
    if not os.path.lexists(root / DATACARD):
        return b"", []
    raw, problems = read_bytes(root, DATACARD)
    if raw is None:
        return None, problems

    for finding in data_card.find(raw):
        excerpt = raw_line(raw, finding.line)
        problems.append(locate(data_card, finding, DATACARD, finding.line, excerpt))
    return None if problems else raw, problems


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter of a card that has no problems, and the text after it."""
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    front = parse_settings(match[1].encode())
    return {} if isinstance(front, Finding) else front, text[match.end() :]


def read_prose(text: str, heading: str) -> str:
    """Return what the authors wrote below a heading of the second level, up to the next one.

    It is without generated sections, and empty if there is no such heading.
    """
    title = re.escape(heading)
    match = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if not match:
        return ""

    emptied = fill_sections(match[1], dict.fromkeys(find_sections(match[1]), ""))
    paragraphs = re.split(r"\n\s*\n", _MARKER.sub("", emptied))
    return "\n\n".join([paragraph.strip() for paragraph in paragraphs if paragraph.strip()])


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
