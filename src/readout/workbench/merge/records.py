"""Merge three versions of a file of records: annotation by annotation, and field by field. No I/O.

A field that one side changed takes that side's value. Two values for one field of one record are a
conflict, and so is a record that one side deletes while the other edits it or names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from readout.model import (
    ANNOTATION_TYPES,
    FIELD_ROLES,
    Document,
    Record,
    Stance,
)
from readout.workbench.merge.markers import has_markers, split_sides
from readout.workbench.merge.sequences import merge_items, order_items
from readout.workbench.merge.versions import (
    ID_FIELDS,
    Entry,
    Fields,
    Key,
    UnmergeableError,
    Version,
    encode_fields,
    encode_value,
    find_annotation_class,
    find_class,
    find_key,
    find_order,
    is_same,
    is_same_record,
    parse_version,
    refuse_repeated_keys,
)

Side: TypeAlias = Literal["ours", "theirs"]
SIDES: tuple[Side, Side] = ("ours", "theirs")

_LISTS = {
    name: role.kind == "parts"
    for roles in FIELD_ROLES.values()
    for name, role in roles.items()
    if role.many and role.kind != "spans"
}
"""The fields whose items are merged one by one, and whether these are records.

The spans of a field are one value, since they depend on each other.
"""

_TOGETHER: Mapping[type[Record], tuple[tuple[str, ...], ...]] = {
    Stance: (("target", "polarity"),),
    Document: (("published", "published_basis"), ("outlet", "outlet_basis")),
}
"""Fields that say one thing together: a mixture that neither side wrote is a conflict."""


class FieldConflict(NamedTuple):
    """The values of a field that both sides changed; None if the field is missing."""

    name: str
    base: Any
    ours: Any
    theirs: Any


class Conflict(NamedTuple):
    """A record of which a person has to choose a version; None if there is none on that side.

    The versions differ only in ``fields``: what one side alone changed is in both. Without
    ``fields``, one side deleted the record; the other edited it or, if ``is_named``, names it in
    another record.
    """

    key: Key
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None
    fields: tuple[FieldConflict, ...] = ()
    is_named: bool = False

    @property
    def record(self) -> Fields:
        """One version of the record, to describe it."""
        entry = self.ours or self.theirs
        assert entry is not None, "a conflict has a version"
        return entry.record


class Merged(NamedTuple):
    """A merged file, with both versions of each record in conflict between conflict markers.

    ``assumed`` are records that only one side has, of which nobody knows whether that side added
    them or the other side deleted them; they are kept.
    """

    raw: bytes
    conflicts: tuple[Conflict, ...] = ()
    assumed: tuple[Entry, ...] = ()


def merge_records(
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    keep: Mapping[str, Side] | None = None,
) -> Merged:
    """Merge two versions of a file of records that come from one older version, ``base``.

    The files are annotation files, registries, decisions, suggestions or ``documents.jsonl``: one
    JSON object per line. Records are the same if they have the same id; a draft without an id is
    the same as one with the same content. Use it also for a file that changed on disk while
    somebody was editing it: ``base`` are the bytes that were read, ``ours`` those to be written,
    and ``theirs`` those that are there now.

    Lines that a side left unchanged are returned byte for byte. If both sides are in canonical
    order, so is the result; otherwise new lines stay after the line that they follow. Swapping the
    sides gives the same records and conflicts. ``base`` is None if it is unknown; then any
    difference between two versions of a record is a conflict. ``keep`` names the side to take, by
    the id of a record, if that is in conflict.

    Raises:
        UnmergeableError: a version has a line that is not a JSON object, or two records with one
            id; or both sides replaced a draft without an id, and nobody can tell by what. Merge
            the lines then, as git does.

    """
    older, unclear = _parse_base(base)
    merge = _Merge(older, parse_version("ours", ours), parse_version("theirs", theirs), unclear)
    merge.refuse_replaced_drafts()

    outcomes = {key: merge.merge_key(key) for key in merge.iter_keys()}
    merge.restore_named(outcomes)
    sides = keep or {}
    chosen = {key: _choose(outcome, sides.get(key[1])) for key, outcome in outcomes.items()}
    present = {key: each for key, each in chosen.items() if each is not None}

    conflicts = [each for each in present.values() if isinstance(each, Conflict)]
    lines = [merge.format_outcome(present[key]) for key in merge.sort_keys(present)]
    assumed = () if base is not None else tuple(merge.iter_one_sided())
    return Merged(b"".join(lines), tuple(conflicts), assumed)


def _parse_base(base: bytes | None) -> tuple[Version | None, set[Key]]:
    """Return the records of the base, and the keys of those that it has in two versions.

    If two branches have several bases, git merges these first, and a conflict between them is in
    the base, between markers.
    """
    if base is None or not has_markers(base):
        return (None if base is None else parse_version("the base", base)), set()
    sides = split_sides(base)
    one, other = (parse_version("the base", each) for each in (sides.ours, sides.theirs))
    unclear = {key for key in {*one, *other} if one.get(key) != other.get(key)}
    return {key: entry for key, entry in one.items() if key not in unclear}, unclear


Outcome: TypeAlias = Entry | Conflict | None
"""What becomes of a record; None if it is deleted."""


def _choose(outcome: Outcome, side: Side | None) -> Outcome:
    if side is None or not isinstance(outcome, Conflict):
        return outcome
    return outcome.ours if side == "ours" else outcome.theirs


class _Merge:
    """The versions of one file."""

    def __init__(
        self, base: Version | None, ours: Version, theirs: Version, unclear: set[Key]
    ) -> None:
        self.has_base = base is not None
        self.unclear = unclear
        self.base = base or {}
        self.ours = ours
        self.theirs = theirs

    def iter_keys(self) -> Iterator[Key]:
        """Yield the key of every record of any version."""
        yield from dict.fromkeys([*self.base, *self.ours, *self.theirs])

    def iter_one_sided(self) -> Iterator[Entry]:
        """Yield the records that only one side has."""
        for version, other in ((self.ours, self.theirs), (self.theirs, self.ours)):
            yield from (entry for key, entry in version.items() if key not in other)

    def refuse_replaced_drafts(self) -> None:
        """Refuse drafts without an id that both sides replaced, if their new records differ."""
        drafts = {key for key in self.base if not key[0]}
        if drafts - {*self.ours} - {*self.theirs}:
            new_here, new_there = {*self.ours} - {*self.base}, {*self.theirs} - {*self.base}
            if new_here != new_there:
                raise UnmergeableError("Both sides replaced a line that has no id.")

    def knows_base(self, key: Key) -> bool:
        """Tell whether it is known what a record was before, or that there was none."""
        return self.has_base and key not in self.unclear

    # ------------------------------------------------------------ one record

    def merge_key(self, key: Key) -> Outcome:
        """Return what becomes of a record."""
        base, ours, theirs = self.base.get(key), self.ours.get(key), self.theirs.get(key)
        if ours is None or theirs is None:
            return self._merge_one_sided(key, base, ours, theirs)
        if ours.line == theirs.line or (base is not None and theirs.line == base.line):
            return ours
        if base is not None and ours.line == base.line:
            return theirs
        return self._merge_edited(key, base, ours, theirs)

    def _merge_one_sided(
        self, key: Key, base: Entry | None, ours: Entry | None, theirs: Entry | None
    ) -> Outcome:
        present = ours or theirs
        if key in self.unclear and present is not None:
            return Conflict(key, None, ours, theirs)
        if base is None or present is None:
            return present
        if present.line == base.line or is_same_record(present.record, base.record):
            return None
        return Conflict(key, base, ours, theirs)

    def _merge_edited(self, key: Key, base: Entry | None, ours: Entry, theirs: Entry) -> Outcome:
        refuse_repeated_keys(entry for entry in (base, ours, theirs) if entry is not None)
        old = base.record if base else {}
        is_known = self.knows_base(key)
        merged, conflicts = _merge_fields(old, ours.record, theirs.record, is_known)
        if not conflicts:
            return _find_entry(merged, ours, theirs)

        names = {each.name for each in conflicts}
        mine = _find_entry(_take(merged, ours.record, names), ours)
        yours = _find_entry(_take(merged, theirs.record, names), theirs)
        before = _find_entry(_take(merged, old, names), base) if base else None
        return Conflict(key, before, mine, yours, tuple(conflicts))

    # ------------------------------------------------------------ several records

    def restore_named(self, outcomes: dict[Key, Outcome]) -> None:
        """Make a conflict of each record that one side deleted although the result names it.

        A line-by-line merge would leave a reference to nothing.
        """
        deleted = {key for key, outcome in outcomes.items() if outcome is None}
        unseen = [outcome for outcome in outcomes.values() if outcome is not None]
        while deleted and unseen:
            named: set[Key] = set()
            for outcome in unseen:
                for entry in _iter_entries(outcome):
                    named.update(_iter_named(entry.record))
            unseen = []
            for key in sorted(deleted & named):
                if restored := self._restore(key):
                    outcomes[key] = restored
                    unseen.append(restored)
            deleted -= named

    def _restore(self, key: Key) -> Conflict | None:
        """Return a deleted record as a conflict, unless both sides deleted it."""
        ours, theirs = self.ours.get(key), self.theirs.get(key)
        if ours is None and theirs is None:
            return None
        return Conflict(key, self.base.get(key), ours, theirs, is_named=True)

    # ------------------------------------------------------------ the file

    def format_outcome(self, outcome: Entry | Conflict) -> bytes:
        """Return the line of a record; for a conflict, its versions as git writes them.

        The base is in the middle, as in git's style ``diff3``: without it, nobody could tell later
        whether one side deleted the record or the other side added it.
        """
        if isinstance(outcome, Entry):
            return outcome.line + b"\n"
        parts = [(b"<<<<<<< ours", outcome.ours), (b"=======", outcome.theirs)]
        if self.knows_base(outcome.key):
            parts.insert(1, (b"||||||| base", outcome.base))
        lines: list[bytes] = []
        for marker, entry in parts:
            lines += [marker] if entry is None else [marker, entry.line]
        return b"".join(line + b"\n" for line in lines) + b">>>>>>> theirs\n"

    def sort_keys(self, present: Mapping[Key, Outcome]) -> list[Key]:
        """Return the keys of the merged records in file order."""
        if _is_canonical(self.ours) and _is_canonical(self.theirs):
            return sorted(present, key=lambda key: _find_place(present[key]))
        return order_items([*self.base], [*self.ours], [*self.theirs], present).items


def _is_canonical(version: Version) -> bool:
    """Tell whether every record of a version has a canonical place, and is in it."""
    places = [find_order(entry.record) for entry in version.values()]
    known = [place for place in places if place is not None]
    return len(known) == len(places) and known == sorted(known)


def _find_place(outcome: Outcome) -> tuple[int, int, str, str]:
    """Return the first canonical place of the versions of a record."""
    places = [find_order(entry.record) for entry in _iter_entries(outcome)]
    return min(place for place in places if place is not None)


def _iter_entries(outcome: Outcome) -> Iterator[Entry]:
    """Yield the versions of a record of which one will stay."""
    if isinstance(outcome, Entry):
        yield outcome
    elif isinstance(outcome, Conflict):
        yield from (entry for entry in (outcome.ours, outcome.theirs) if entry is not None)


# ---------------------------------------------------------------- fields


def _merge_fields(
    base: Fields, ours: Fields, theirs: Fields, is_known: bool
) -> tuple[Fields, list[FieldConflict]]:
    """Return the merged fields of a record, without those that are in conflict."""
    merged: Fields = {}
    disputed: set[str] = set()
    for name in dict.fromkeys([*ours, *theirs]):
        values = (base.get(name), ours.get(name), theirs.get(name))
        found = _merge_values(name, *values, is_known)
        if found is None:
            disputed.add(name)
        elif found[0] is not None:
            merged[name] = found[0]

    for group in _find_groups(base, ours, theirs):
        if not _is_written_by_one(group, merged, disputed, ours, theirs):
            disputed |= {name for name in group if not is_same(ours.get(name), theirs.get(name))}

    conflicts = [
        FieldConflict(name, base.get(name), ours.get(name), theirs.get(name))
        for name in sorted(disputed)
    ]
    return {name: each for name, each in merged.items() if name not in disputed}, conflicts


def _merge_values(
    name: str, base: Any, ours: Any, theirs: Any, is_known: bool
) -> tuple[Any] | None:
    """Return the merged value of a field in a tuple; None if it is in conflict."""
    if is_same(ours, theirs):
        return (min(ours, theirs, key=_encode_plainly),)
    if not is_known:
        return None
    if is_same(ours, base):
        return (theirs,)
    if is_same(theirs, base):
        return (ours,)
    return _merge_lists(name, base, ours, theirs) if name in _LISTS else None


def _encode_plainly(value: Any) -> tuple[bool, bytes]:
    """Sort key of equal values that may be written differently: those of a field before none."""
    return value is None, msgspec.json.encode(value)


def _take(merged: Fields, side: Fields, names: Iterable[str]) -> Fields:
    """Return merged fields with the fields in conflict as one side has them."""
    return {**merged, **{name: side[name] for name in names if name in side}}


def _find_entry(record: Fields, *sides: Entry) -> Entry:
    """Return the line of a side that says what a record says; if there is none, a new line."""
    same = [entry for entry in sides if is_same_record(record, entry.record)]
    if same:
        return min(same, key=attrgetter("line"))
    return Entry(encode_fields(record), record)


def _merge_lists(name: str, base: Any, ours: Any, theirs: Any) -> tuple[Any] | None:
    """Return a list with the changes of both sides in a tuple; None if it is in conflict."""
    versions = [value or [] for value in (base, ours, theirs)]
    if not all(isinstance(value, list) for value in versions):
        return None

    items = {encode_value(item): item for value in versions for item in value}
    old, mine, yours = ([encode_value(item) for item in value] for value in versions)
    merged = merge_items(old, mine, yours, _LISTS[name])
    return None if merged is None else ([items[each] for each in merged],)


def _find_groups(*records: Fields) -> tuple[tuple[str, ...], ...]:
    """Return the groups of fields that say one thing together: all fields, if the type changes."""
    types = {encode_value(record.get("type")) for record in records if record}
    if len(types) > 1:
        return (tuple(sorted({name for record in records for name in record})),)
    record_class = find_class(records[-1])
    return _TOGETHER.get(record_class, ()) if record_class else ()


def _is_written_by_one(
    group: tuple[str, ...], merged: Fields, disputed: set[str], ours: Fields, theirs: Fields
) -> bool:
    """Tell whether one side has the merged values of a whole group of fields."""
    if disputed & {*group}:
        return False
    return any(
        all(is_same(merged.get(name), side.get(name)) for name in group) for side in (ours, theirs)
    )


# ---------------------------------------------------------------- references inside a file


@cache
def _find_links(record_class: type[Record]) -> tuple[tuple[str, str, bool], ...]:
    """Return the fields of a class that name records of the same file.

    Each is given with the name of the id field that the value is looked up in, and whether the
    field is a list.
    """
    roles = FIELD_ROLES[record_class]
    links = []
    for name, role in roles.items():
        if role.kind == "annotation":
            links.append((name, "id", role.many))
        elif role.kind == "entry" and record_class not in ANNOTATION_TYPES:
            id_field = record_class.__struct_fields__[0]
            if f"{id_field.removesuffix('_id')}s" == role.of:
                links.append((name, id_field, role.many))
    return tuple(links)


def _iter_named(record: Fields) -> Iterator[Key]:
    """Yield the keys of the records of the same file that a record names."""
    name, _ = find_key(record)
    record_class = find_annotation_class(record) or ID_FIELDS.get(name)
    if record_class is None:
        return
    for field, id_field, many in _find_links(record_class):
        value = record.get(field)
        names = value if many and isinstance(value, list) else [value]
        yield from ((id_field, each) for each in names if isinstance(each, str))
