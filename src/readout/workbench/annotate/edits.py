"""Apply edits to the bytes of an annotation file. No I/O.

A line that no edit touches stays byte for byte. A file in canonical order stays in it, so it is
what ``readout format`` would write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import msgspec

from readout.checks.drafts import check_drafts, unformatted
from readout.corpus import lines
from readout.corpus.canonical import annotation_order, encode
from readout.corpus.drafts import anchor_draft, content_id
from readout.corpus.lines import check_bytes
from readout.corpus.parse import parse_layer
from readout.corpus.schema import explain, is_valid
from readout.model import AnyAnnotation, FieldRole, fields_of
from readout.problem import Finding, Problem, locate
from readout.workbench.format import compose_value
from readout.workbench.merge.versions import (
    Fields,
    find_annotation_class,
    find_order,
    is_same_record,
    parse_line,
    split_lines,
)
from readout.workbench.uses import change_names

Edit: TypeAlias = Mapping[str, Any]
"""An edit: ``{"put": record}``, ``{"remove": id}``, ``{"accept": id}`` or ``{"reject": id}``.

A record that is put may have a name in ``as``, by which later records of the batch refer to it.
"""


class RefusedEditError(Exception):
    """An edit would break the corpus; nothing is written."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


class Edited(NamedTuple):
    """The bytes of a file after edits, and the ids of the annotations that they touched.

    ``taken`` are those that are new or different, and ``removed`` those that are gone. With
    ``is_remark``, nothing but notes changed. ``names`` are the ids by the names given in ``as``.
    """

    raw: bytes
    taken: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_remark: bool = False
    names: Mapping[str, str] = {}


def refuse(code: str, message: str, hint: str | None = None, path: str = "") -> RefusedEditError:
    """Return the error of an edit that is refused for a reason that is no rule of ``check``."""
    problem = Problem(code=code, severity="error", path=path, message=message, hint=hint)
    return RefusedEditError([problem])


def apply_edits(path: str, raw: bytes, text: str, edits: Iterable[Edit]) -> Edited:
    """Return an annotation file after puts and removals.

    Raises:
        RefusedEditError: the file has no lines to edit, an edit removes what is not there, or a
            record violates its schema or has no certain place in the text.

    """
    problems = check_bytes(path, raw, lines.FILE_RULES)
    if problems:
        raise RefusedEditError(problems)

    file = _File(path, raw)
    for edit in edits:
        if "put" in edit:
            file.put(edit["put"], text, edit.get("as"))
        elif "remove" in edit:
            file.remove(edit["remove"])
    return file.finish()


class _Placed(NamedTuple):
    """A line, its record, and where it is in a canonical file."""

    line: bytes
    record: Fields
    order: tuple[int, int, str, str]


def _place(record: Fields) -> _Placed:
    """Return a complete record as a line in canonical form."""
    annotation: AnyAnnotation = msgspec.convert(record, AnyAnnotation)
    return _Placed(encode(annotation), record, annotation_order(annotation))


# A file is edited again and again, and an edit changes few of its lines. No record is changed in
# place, so that edits can share them.
@lru_cache(maxsize=1 << 14)
def _read_line(line: bytes) -> _Placed | None:
    """Return a line with its record and its place; None if it is no record with a place."""
    entry = parse_line(line)
    order = find_order(entry.record) if entry else None
    return _Placed(line, entry.record, order) if entry and order else None


class _File:
    """The lines of a file while it is edited; those that are no records are kept, and stay last."""

    def __init__(self, path: str, raw: bytes) -> None:
        self.path = path
        self.entries: dict[str, _Placed] = {}
        self.others: list[bytes] = []
        self.names: dict[str, str] = {}
        orders = []
        for line in split_lines(raw):
            placed = _read_line(line)
            if placed is None or placed.record["id"] in self.entries:
                self.others.append(line)
                continue
            orders.append(placed.order)
            self.entries[placed.record["id"]] = placed
        self.is_sorted = orders == sorted(orders)
        self.before = dict(self.entries)
        self.old = raw

    def put(self, record: Any, text: str, name: str | None) -> None:
        """Add a record, or replace the one with its id."""
        known = self._complete(record, text)
        if name is not None:
            self.names[name] = known["id"]
        previous = self.entries.get(known["id"])
        if previous is None or not is_same_record(previous.record, known):
            self.entries[known["id"]] = _place(known)

    def _complete(self, record: Any, text: str) -> Fields:
        """Return a record with its offsets and its id, which may refer to others of the batch."""
        if not is_valid("annotation", record):
            findings = explain("annotation", record)
            raise RefusedEditError([_locate_record(self.path, each, record) for each in findings])
        composed = compose_value(record)
        renamed = change_names(composed, lambda _, value: self.names.get(value, value))
        anchored, unclear = anchor_draft(renamed, text)
        if unclear:
            layer, _ = parse_layer(self.path, msgspec.json.encode(renamed) + b"\n", None)
            found = [each for each in check_drafts(layer, text) if each.code != unformatted.code]
            raise RefusedEditError(found)
        if "id" not in anchored:
            anchored["id"] = content_id(anchored, self.entries)
        return anchored

    def remove(self, name: Any) -> None:
        """Remove an annotation, and the references to it."""
        if not isinstance(name, str) or name not in self.entries:
            message = f"There is no annotation {name!r} in {self.path}."
            raise refuse("no-such-annotation", message, "load the document again.", self.path)
        del self.entries[name]
        for other, placed in list(self.entries.items()):
            changed = drop_references(placed.record, {name})
            if changed is not placed.record:
                self.entries[other] = _place(changed)

    def finish(self) -> Edited:
        """Return the bytes of all lines, and what changed."""
        before = self.before
        touched = [name for name, placed in self.entries.items() if before.get(name) is not placed]
        taken = [name for name in touched if self._is_changed(name)]
        removed = [name for name in before if name not in self.entries]
        if not taken and not removed:
            return Edited(self.old, is_remark=True, names=self.names)

        kept = list(self.entries.values())
        if self.is_sorted:
            kept.sort(key=attrgetter("order"))
        written = [*[placed.line for placed in kept], *self.others]
        raw = b"".join([line + b"\n" for line in written])
        remarks = [name for name in taken if self._is_remark(name)]
        is_remark = not removed and remarks == taken
        return Edited(raw, tuple(taken), tuple(removed), is_remark, self.names)

    def _is_changed(self, name: str) -> bool:
        before, after = self.before.get(name), self.entries[name]
        return before is None or not is_same_record(before.record, after.record)

    def _is_remark(self, name: str) -> bool:
        before, after = self.before.get(name), self.entries[name].record
        return before is not None and is_same_record(
            {**before.record, "note": after.get("note")}, after
        )


def drop_references(record: Fields, gone: Collection[str]) -> Fields:
    """Return an annotation without the references to some others."""
    record_class = find_annotation_class(record)
    if record_class is None:
        return record
    names = [record.get(name) for name in fields_of(record_class, "annotation")]
    if not set(gone).intersection(name for name in names if isinstance(name, str)):
        return record

    def rename(role: FieldRole, value: str) -> str | None:
        return None if role.kind == "annotation" and value in gone else value

    changed: Fields = change_names(record, rename)
    return changed


def _locate_record(path: str, finding: Finding, record: Any) -> Problem:
    line = msgspec.json.encode(record).decode(errors="replace")
    return locate(lines.schema, finding, path, None, line)
