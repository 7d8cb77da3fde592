"""The descriptions of systems, ``system.yaml``, and the list of their kinds, ``kinds.yaml``.

A system cannot say by itself that it is an artefact, since artefacts are the floor that others are
measured against: maintainers keep the list of artefacts and baselines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from readout.corpus.canonical import encode
from readout.corpus.read import outside_link, read_bytes
from readout.corpus.schema import explain, is_valid
from readout.corpus.settings import parse_settings
from readout.model import Record
from readout.problem import Finding, Problem, Rule, locate, raw_line, rule

SUBMISSIONS = "submissions"
CARD = "system.yaml"
KINDS = f"{SUBMISSIONS}/kinds.yaml"
SystemKind: TypeAlias = Literal["artefact", "baseline", "system"]
ListedKind: TypeAlias = Literal["artefact", "baseline"]
Badge: TypeAlias = Literal["none", "texts", "guidelines", "gold"]
Selection: TypeAlias = Literal["none", "training-folds"]
OWN_FIELDS = ("name", "description", "authors", "code", "exposure", "hardware")
"""The fields in which a system differs from every artefact and baseline."""
COPIED_FIELDS = ("license", "model", "seeds", "selection", "prompts", "note")
"""The fields that may be equal by chance. A copy is asked about those that are not empty."""


class Exposure(Record, frozen=True, kw_only=True):
    """How the data influenced a system: by training, by pretraining, or through its developers."""

    badge: Badge
    training: str
    pretraining: str | None
    people: str


class SystemCard(Record, frozen=True, kw_only=True):
    """The file ``system.yaml``: a description of the system and of its exposure to the data."""

    system_id: str
    name: str
    description: str
    authors: tuple[str, ...]
    code: str
    license: str | None = None
    model: str | None = None
    exposure: Exposure
    seeds: tuple[int, ...]
    selection: Selection
    hardware: str
    prompts: tuple[str, ...]
    note: str | None = None


# ---------------------------------------------------------------- rules


@rule("submission-card", "schema")
def submission_card(raw: bytes | None, name: str) -> Iterator[Finding]:
    """Every submission has a ``system.yaml`` that fits its schema and names its folder."""
    if raw is None:
        hint = "copy that of a baseline; the check then names what must change."
        yield Finding(f"The submission {name!r} has no {CARD}.", hint=hint)
        return

    record = parse_settings(raw)
    if isinstance(record, Finding):
        yield record
    elif "kind" in record:
        message = f"Got the kind {record['kind']!r}. A system does not name its own kind."
        hint = f"delete the field; maintainers list artefacts and baselines in {KINDS}."
        yield Finding(message, ("kind",), hint=hint)
    elif not is_valid("system", record):
        yield from explain("system", record)
    elif record["system_id"] != name:
        got = record["system_id"]
        message = f"Got the system_id {got!r}. Expected the name of the folder, {name!r}."
        yield Finding(message, ("system_id",), hint=f"write 'system_id: {name}'.")


@rule("submission-copy", "reference")
def submission_copy(card: SystemCard, listed: Mapping[str, SystemCard]) -> Iterator[Finding]:
    """A description copied from an artefact or a baseline is changed to that of the system.

    ``listed`` contains the descriptions of artefacts and baselines.
    """
    similar = sorted(listed.values(), key=lambda other: -len(_list_equal(card, other, OWN_FIELDS)))
    named: set[str] = set()
    for other in similar:
        for field in _list_equal(card, other, OWN_FIELDS):
            if field not in named:
                message = f"The field {field!r} is still that of {other.system_id!r}."
                yield Finding(message, (field,), hint=_OWN_HINTS[field])
                named.add(field)
    if not named:
        return

    # The most similar description is the one that was copied.
    for field in _list_equal(card, similar[0], COPIED_FIELDS):
        message = f"The field {field!r} is still that of {similar[0].system_id!r}."
        hint = f"{_OWN_HINTS[field]} If it is right already, change the other fields only."
        yield Finding(message, (field,), hint=hint)


def _list_equal(card: SystemCard, other: SystemCard, fields: Sequence[str]) -> list[str]:
    """Return the fields that are not empty, and equal in two descriptions."""
    found = []
    for field in fields:
        value = getattr(card, field)
        if value and value == getattr(other, field):
            found.append(field)
    return found


_OWN_HINTS = {
    "name": "write the name that the board shows for your system.",
    "description": "say in a sentence or two what your system does.",
    "authors": "list the authors of your system.",
    "code": "say where the code of your system is, or with which command it ran.",
    "exposure": "say what your system and its pretrained model have seen of this corpus, and in "
    "'people', in your own words, what you had read when you built it.",
    "hardware": "say what your system ran on, and for how long.",
    "license": "write the license of your predictions.",
    "model": "name the pretrained model of your system, or delete the field.",
    "seeds": "list the seeds that you ran; [] for none.",
    "selection": "say how settings were chosen: none or training-folds.",
    "prompts": "quote the prompts of your system; [] for none.",
    "note": "write a note of your own, or delete the field.",
}


class Listing(NamedTuple):
    """What a list of kinds has to agree with.

    ``folders`` are the ids of all submissions, and ``shipped`` the kinds of the artefacts and
    baselines that come with the benchmark, by their ids.
    """

    folders: Collection[str] = ()
    shipped: Mapping[str, ListedKind] = {}


@rule("submission-kinds", "schema")
def submission_kinds(raw: bytes, listing: Listing) -> Iterator[Finding]:
    """``kinds.yaml`` lists artefacts and baselines with a folder, and all those that are shipped.

    Without its best artefact, a board would have a lower floor, and no other file would show it.
    """
    record = parse_settings(raw)
    if isinstance(record, Finding):
        yield record
        return

    kinds = get_args(ListedKind)
    for name, kind in record.items():
        if kind not in kinds:
            message = f"Got the kind {kind!r} of {name!r}. Expected one of {', '.join(kinds)}."
            hint = "delete the line if this is a submitted system."
            yield Finding(message, (name,), hint=hint)
        elif name not in listing.folders:
            message = f"There is no submission {name!r}, so it sets no floor."
            yield Finding(message, (name,), hint=_restore(name, listing))

    for name, kind in listing.shipped.items():
        got = record.get(name)
        if name in listing.folders and got != kind and (got in kinds or name not in record):
            state = f"has the kind {got!r}" if got else "is not listed"
            message = f"{name!r} comes with the benchmark as one of its {kind}s, but {state}."
            yield Finding(message, (name,), hint=f"write '{name}: {kind}'.")


def _restore(name: str, listing: Listing) -> str:
    if name in listing.shipped:
        return f"run `readout bench baseline {name}`, which writes its folder again."
    return "correct the id, or bring its folder back; delete the line if it was withdrawn."


RULES: tuple[Rule, ...] = (submission_card, submission_copy, submission_kinds)


# ---------------------------------------------------------------- reading and writing


def read_card(root: Path, name: str) -> tuple[SystemCard | None, list[Problem]]:
    """Return the description of a submission, None if it does not fit its schema, and its problems.

    A description with the name of another folder is returned as well, so that one run names
    everything in it that must change.
    """
    path = f"{SUBMISSIONS}/{name}/{CARD}"
    raw, found = read_bytes(root, path)
    problems = [each for each in found if each.code == outside_link.code]
    if problems:
        return None, problems

    flaws = list(submission_card.find(raw, name))
    problems += [locate_field(submission_card, each, path, raw or b"") for each in flaws]
    if raw is None:
        return None, problems
    record = parse_settings(raw)
    if isinstance(record, Finding) or not is_valid("system", record):
        return None, problems
    return msgspec.convert(record, SystemCard), problems


def locate_field(rule_: Rule, finding: Finding, path: str, raw: bytes) -> Problem:
    """Return a finding about a YAML file as a problem, with the line of the field if it has one."""
    number = finding.line or _find_line(raw, finding.pointer)
    return locate(rule_, finding, path, number, raw_line(raw, finding.line))


def _find_line(raw: bytes, pointer: Sequence[str | int]) -> int | None:
    """Return the line on which the field at the top of a pointer begins."""
    for number, line in enumerate(raw.split(b"\n"), 1):
        if pointer and line.startswith(f"{pointer[0]}:".encode()):
            return number
    return None


def read_kinds(root: Path, listing: Listing) -> tuple[dict[str, ListedKind], list[Problem]]:
    """Return the kinds of artefacts and baselines by their ids, and the problems of the list.

    A corpus without the list, and without a submission that has to be on it, has submitted systems
    only.
    """
    raw: bytes | None = b"{}"
    problems: list[Problem] = []
    if (root / KINDS).exists():
        raw, problems = read_bytes(root, KINDS)
    if raw is None:
        return {}, problems

    found = list(submission_kinds.find(raw, listing))
    problems += [locate_field(submission_kinds, each, KINDS, raw) for each in found]
    kinds: Any = {} if problems else parse_settings(raw)
    return kinds, problems


def format_kinds(kinds: Mapping[str, ListedKind]) -> bytes:
    """Return the bytes of ``kinds.yaml``, sorted by id."""
    lines = [f"{name}: {kind}\n" for name, kind in sorted(kinds.items())]
    return (_KINDS_HEAD + "".join(lines)).encode()


_KINDS_HEAD = """\
# The artefacts, which set the floor, and the baselines. Maintainers keep this list. Every
# submission that it does not name is a system.
"""


def to_record(card: SystemCard) -> dict[str, Any]:
    """Return a card as plain data, without the fields that are unknown."""
    record: dict[str, Any] = msgspec.json.decode(encode(card))
    return record


def format_system_card(card: SystemCard) -> bytes:
    """Return the bytes of a ``system.yaml``, with its fields in the order of the schema."""
    return format_card_record(to_record(card))


def format_card_record(record: Mapping[str, Any]) -> bytes:
    """Return the bytes of a ``system.yaml`` from plain data, which may be incomplete."""
    import yaml

    text: str = yaml.safe_dump(dict(record), sort_keys=False, allow_unicode=True, width=110)
    return text.encode()
