"""The shapes in which the server sends records, problems, conflicts and forms. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from readout.corpus.canonical import encode
from readout.corpus.schema import read_schema
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    Layer,
    Record,
    Registries,
    Speaker,
    Target,
    TopicDefinition,
    iter_spans,
)
from readout.problem import Problem
from readout.workbench.merge.records import Conflict

Json: TypeAlias = dict[str, Any]


def to_json(record: Record) -> Json:
    """Return a record as its line says it."""
    decoded: Json = msgspec.json.decode(encode(record))
    return decoded


def list_json(records: Sequence[Record]) -> list[Json]:
    """Return records as their lines say them; of thousands at once, it costs a fraction."""
    return _DECODER.decode_lines(_ENCODER.encode_lines(records))


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Json)
_HEADING = re.compile(r"^#+ ([0-9]+(?:\.[0-9]+)*)[. ](.*)$", re.MULTILINE)


def to_sections(guidelines: bytes) -> list[Json]:
    """Return the sections of the guidelines that have a number, with their text."""
    parts = _HEADING.split(guidelines.decode(errors="replace"))
    sections = []
    for number, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        sections.append({"number": number, "title": title.strip(), "text": text.strip()})
    return sections


# ---------------------------------------------------------------- problems


def find_id(problem: Problem, layer: Layer) -> str | None:
    """Return the id of the annotation that a problem is about."""
    if problem.path != layer.path or problem.line is None:
        return None
    for line, record in zip(layer.lines, layer.records, strict=True):
        if line == problem.line:
            return record.id
    return None


def to_problem(problem: Problem, layer: Layer) -> Json:
    """Return a problem in JSON, with the place in the text of what it is about."""
    shown = {
        "code": problem.code,
        "severity": problem.severity,
        "path": problem.path,
        "line": problem.line,
        "id": None,
        "sentence": problem.message,
        "hint": problem.hint,
    }
    name = find_id(problem, layer)
    if name is not None:
        spans = [span for _, span in iter_spans(layer.by_id[name])]
        shown["id"] = name
        shown["start"] = min(span.start for span in spans)
        shown["end"] = max(span.end for span in spans)
    return shown


def to_problems(problems: Sequence[Problem]) -> list[Json]:
    """Return problems in JSON that are about no layer on disk."""
    return [to_problem(problem, Layer(path="")) for problem in problems]


def to_conflicts(conflicts: Sequence[Conflict]) -> list[Json]:
    """Return conflicts in JSON: the versions of each annotation, and the fields that differ."""
    found = []
    for each in conflicts:
        sides = {"base": each.base, "ours": each.ours, "theirs": each.theirs}
        versions = {name: entry.record if entry else None for name, entry in sides.items()}
        fields = [field._asdict() for field in each.fields]
        found.append({"id": each.key[1], **versions, "fields": fields})
    return found


# ---------------------------------------------------------------- registries and forms


def to_registries(registries: Registries) -> Json:
    """Return the entries of the registries that annotations name, in file order."""
    found = {}
    for name in ("speakers", "topics", "targets"):
        entries = getattr(registries, name).values()
        found[name] = [to_json(entry) for entry in entries]
    return found


_ENTRY_CLASSES: Mapping[str, type[Record]] = {
    "speakers": Speaker,
    "topics": TopicDefinition,
    "targets": Target,
}


def to_forms() -> Json:
    """Return the JSON Schema of each type of annotation and of each registry."""
    definitions = read_schema("annotation")["$defs"]
    shared = {name: each for name, each in definitions.items() if name not in ANNOTATION_CLASSES}
    forms: Json = {}
    for name in ANNOTATION_CLASSES:
        forms[name] = {**definitions[name], "$defs": shared}
    for registry in _ENTRY_CLASSES:
        forms[registry] = read_schema(registry.removesuffix("s"))
    return forms


def to_roles() -> Json:
    """Return what the fields of each form name, as :data:`readout.model.FIELD_ROLES` says."""
    found = {}
    for name, record_class in (*ANNOTATION_CLASSES.items(), *_ENTRY_CLASSES.items()):
        roles = FIELD_ROLES[record_class].items()
        found[name] = {field: role._asdict() for field, role in roles}
    return found
