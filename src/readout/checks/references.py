"""Rules about any file of records: ids, references, dates, canonical form, splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from hashlib import sha256
from operator import le, lt
from pathlib import Path
from typing import Any

from readout.checks.shortcuts import Columns
from readout.corpus import read
from readout.corpus.canonical import encode_layer, encode_records
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    Document,
    FieldRole,
    Layer,
    Mention,
    Pointer,
    Quote,
    RecordFile,
    Registries,
    ReviewFile,
    Speaker,
    Target,
    TopicDefinition,
    fields_of,
    find_names,
    iter_values,
    main_spans,
    quote_extent,
)
from readout.problem import (
    Finding,
    Rule,
    find_close,
    rule,
)
from readout.text.codes import is_language
from readout.text.words import CONTROL


def iter_references(record: Any) -> Iterator[tuple[Pointer, str, str]]:
    """Yield ``(pointer, vocabulary, id)`` of every reference that a record makes."""
    for pointer, role, name in iter_values(record, "entry", "annotation"):
        yield pointer, role.of, name


def record_id(record: Any) -> str:
    """Return the id of any record: its first field."""
    value: str = getattr(record, record.__struct_fields__[0])
    return value


def _ids_differ(columns: Columns) -> bool:
    records = columns.layer.records
    return len({record.id for record in records}) == len(records)


@rule("duplicate-id", "reference", shortcut=_ids_differ)
def duplicate_id(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Every id is given once in its file."""
    first: dict[str, int] = {}
    for index, record in enumerate(file.records):
        name = record_id(record)
        if name in first:
            message = f"The id {name!r} is already given on line {file.lines[first[name]]}."
            hint = _DUPLICATE_HINT.format(id=name)
            yield Finding(message, (record.__struct_fields__[0],), index, hint=hint)
        first.setdefault(name, index)


_DUPLICATE_HINT = (
    "if both lines say the same, or are two versions of one record, delete the wrong one; "
    "if not, give one of them another id, and decide which of the two each reference to "
    "{id!r} means."
)


def _names_exist(columns: Columns) -> bool:
    for vocabulary, names in columns.names.items():
        if not names <= _vocabulary(vocabulary, columns.layer, columns.registries).keys():
            return False
    return True


@rule("unknown-reference", "reference", shortcut=_names_exist)
def unknown_reference(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Every id that a record names exists."""
    fitting = _Fitting(file)
    for index, record in enumerate(file.records):
        for pointer, vocabulary, name in iter_references(record):
            known = _vocabulary(vocabulary, file, registries)
            if name not in known and not _is_broken(name, vocabulary, file, registries):
                yield Finding(
                    f"The {pointer[0]} {name!r} does not exist in {_file_of(vocabulary, file)}.",
                    pointer,
                    index,
                    hint=_suggest(record, pointer, vocabulary, name, known, fitting),
                )


def _vocabulary(
    vocabulary: str, file: RecordFile[Any], registries: Registries
) -> Mapping[str, Any]:
    if vocabulary in ANNOTATION_CLASSES:
        return file.types if isinstance(file, Layer) else {}
    known: Mapping[str, Any] = getattr(registries, vocabulary)
    return known


def _is_broken(name: str, vocabulary: str, file: RecordFile[Any], registries: Registries) -> bool:
    """Return whether a record of this name may exist in a line or a file that cannot be read.

    A registry that is empty is read: nothing of it may be named.
    """
    home = file if vocabulary in ANNOTATION_CLASSES else registries.files.get(vocabulary)
    return home is not None and may_exist(name, home)


def may_exist(name: str, file: RecordFile[Any]) -> bool:
    """Return whether a line that cannot be read, or the file if it is missing, may have an id."""
    if file.is_whole:
        return False
    return not file.is_read or name.encode() in file.quoted


def _file_of(vocabulary: str, file: RecordFile[Any]) -> str:
    if vocabulary in ANNOTATION_CLASSES:
        return "this file"
    return read.IPTC if vocabulary == "iptc" else f"annotations/{vocabulary}.jsonl"


def _suggest(  # noqa: PLR0911 - one case per return
    record: Any,
    pointer: Pointer,
    vocabulary: str,
    name: str,
    known: Mapping[str, Any],
    fitting: _Fitting,
) -> str:
    """Return the hint for a reference that leads nowhere, or to a record of another type.

    Only what fits the record is proposed: a hint must not make a wrong reference look right.
    """
    if vocabulary in ANNOTATION_CLASSES:
        field = str(pointer[0])
        ids = fitting.find(record, field)
        close = find_close(name, ids)
        rest = f"if not, restore the {vocabulary} or remove {field!r}."
        if close:
            return f"if {fitting.describe(close)} is meant, write it; {rest}"
        if ids:
            shown = ", ".join(map(fitting.describe, ids[:_NEAREST]))
            return f"decide whether one of these is meant: {shown}; {rest}"
        return f"add the {vocabulary} or, if it was deleted, restore it; or remove {field!r}."

    close = find_close(name, known)
    if close:
        return f"did you mean {close!r}?"
    if vocabulary == "iptc":
        return f"write an id of {read.IPTC}."
    add = f"add the entry with `readout add {vocabulary.removesuffix('s')}`"
    if 0 < len(known) <= _SHOWN:
        shown = ", ".join(map(repr, sorted(known)))
        return f"{add}, or decide which of the entries is meant: {shown}."
    return f"{add}, or correct the id."


_SHOWN = 12
"""How many names a hint lists."""
_NEAREST = 5
"""How many annotations a hint lists, with their words."""
_WORDS = 40
"""How many characters of an annotation a hint repeats."""
_MANY = 500
"""Quotes of more than this number are not searched for a hint."""


class _Fitting:
    """The annotations of a file that a field of another one could name, by speakers and places.

    They are grouped when the first hint asks for them: most files need no hint. Quotes are compared
    with each record, and so only if they are few.
    """

    def __init__(self, file: RecordFile[Any]) -> None:
        self.file = file
        self.records = file.records

    @cached_property
    def mentions(self) -> dict[str, list[Mention]]:
        """The mentions of each speaker."""
        groups: dict[str, list[Mention]] = {}
        for record in self.records:
            if isinstance(record, Mention):
                groups.setdefault(record.speaker, []).append(record)
        return groups

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each annotation in its file."""
        return {record.id: index for index, record in enumerate(self.file.records)}

    def describe(self, name: str) -> str:
        """Return the id of an annotation with its words and its line."""
        number = self.numbers[name]
        words = " ".join(main_spans(self.file.records[number])[0].exact.split())
        shown = words if len(words) <= _WORDS else f"{words[:_WORDS]}…"
        return f"{name!r} (“{shown}”, line {self.file.lines[number]})"

    @cached_property
    def quotes(self) -> list[tuple[Quote, int, int]]:
        """The quotes, each with the start and the end of its words."""
        quotes = [record for record in self.records if isinstance(record, Quote)]
        return [(quote, *quote_extent(quote)) for quote in quotes]

    def find(self, record: Any, field: str) -> list[str]:
        """Return the ids that a field of a record could name; of sources, the nearest first."""
        if field == "source":
            start, _ = quote_extent(record)
            mentions = self.mentions.get(record.speaker, [])
            nearest = sorted(mentions, key=lambda mention: abs(mention.span.start - start))
            return [mention.id for mention in nearest]
        if len(self.quotes) > _MANY:
            return []

        spans = main_spans(record)
        found = []
        for quote, start, end in self.quotes:
            is_around = all(start <= span.start and span.end <= end for span in spans)
            if quote is not record and is_around:
                found.append(quote.id)
        return found


@rule("unknown-annotator", "reference")
def unknown_annotator(file: Layer | ReviewFile, registries: Registries) -> Iterator[Finding]:
    """Every layer or review is of a registered annotator, so that people know what it is worth."""
    if isinstance(file, ReviewFile):
        name, folder = file.reviewer, read.REVIEWS
    else:
        name, folder = file.annotator or "", read.BY
    if name not in registries.annotators and not _is_broken(name, "annotators", file, registries):
        message = f"The annotator {name!r} does not exist in {_file_of('annotators', file)}."
        hint = _suggest_annotator(name, folder, registries)
        yield Finding(message, hint=hint)


def _suggest_annotator(name: str, folder: str, registries: Registries) -> str:
    close = find_close(name, registries.annotators)
    add = "register the annotator with `readout add annotator`"
    if close is None:
        return f"{add}, or move the file away."
    return f"if {close!r} is meant, move the file to {folder}/{close}; if not, {add}."


def _names_are_of_their_type(columns: Columns) -> bool:
    types = columns.layer.types
    for vocabulary, names in columns.names.items():
        if vocabulary in ANNOTATION_CLASSES:
            if any(types.get(name, vocabulary) != vocabulary for name in names):
                return False
    return True


@rule("wrong-reference", "reference", shortcut=_names_are_of_their_type)
def wrong_reference(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """A source is a mention, `within` and `quote` name quotes, an outlet has kind outlet."""
    fitting = _Fitting(file)
    outlet_hint = ""
    for index, record in enumerate(file.records):
        if isinstance(file, Layer):
            for pointer, vocabulary, name in iter_references(record):
                got = file.types.get(name, vocabulary)
                if vocabulary in ANNOTATION_CLASSES and got != vocabulary:
                    message = f"The {pointer[0]} {name!r} is a {got}. Expected a {vocabulary}."
                    yield Finding(
                        message,
                        pointer,
                        index,
                        hint=_suggest(record, pointer, vocabulary, name, file.types, fitting),
                    )
        elif (
            isinstance(record, Document) and record.outlet and record.outlet in registries.speakers
        ):
            kind = registries.speakers[record.outlet].kind
            if kind != "outlet":
                got = f"The outlet {record.outlet!r} is a speaker of kind {kind!r}."
                message = f"{got} Expected kind 'outlet'."
                outlet_hint = outlet_hint or _suggest_outlet(registries)
                yield Finding(message, ("outlet",), index, hint=outlet_hint)


def _suggest_outlet(registries: Registries) -> str:
    speakers = registries.speakers.items()
    outlets = sorted(name for name, speaker in speakers if speaker.kind == "outlet")
    if not outlets:
        return "add the outlet with `readout add speaker --kind outlet`, and name it."
    shown = ", ".join(map(repr, outlets[:_SHOWN]))
    return f"decide who published the text, and name its entry of kind 'outlet': {shown}."


def _has_no_chains(columns: Columns) -> bool:
    """Tell whether no record that is named by another of its kind names one itself."""
    for record_class, field in _SELF_REFERENCES:
        if not any(columns.values.get(record_class, {}).get(field, ())):
            continue
        records = columns.layer.by_class[record_class]
        naming = [record for record in records if getattr(record, field)]
        named = find_names(record_class, field, naming)
        if not named.isdisjoint(map(record_id, naming)):
            return False
    return True


@rule("reference-cycle", "reference", shortcut=_has_no_chains)
def reference_cycle(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """No quote lies within itself, no topic is its own ancestor, no group is its own member."""
    for record_class, name in _SELF_REFERENCES:
        named: dict[str, Sequence[str]] = {}
        for record in file.records:
            if isinstance(record, record_class):
                value = getattr(record, name)
                named[record_id(record)] = (value,) if isinstance(value, str) else value or ()
        circular = find_circular(named) if named else set()
        for index, record in enumerate(file.records if circular else ()):
            if isinstance(record, record_class) and record_id(record) in circular:
                message = f"Following {name!r} from {record_id(record)!r} leads back to it."
                yield Finding(
                    message,
                    (name,),
                    index,
                    hint=f"decide which record of the circle is wrong, and correct its {name!r}.",
                )


def _names_its_own_kind(record_class: type, role: FieldRole) -> bool:
    if role.kind == "annotation":
        return record_class is ANNOTATION_CLASSES[role.of]  # type: ignore[index]
    return (
        role.kind == "entry"
        and role.of in read.REGISTRY_FILES
        and read.REGISTRY_FILES[role.of][1] is record_class
    )


_SELF_REFERENCES = [
    (record_class, name)
    for record_class, roles in FIELD_ROLES.items()
    for name, role in roles.items()
    if _names_its_own_kind(record_class, role)
]
"""Fields that name a record of their own kind, and so can lead in a circle."""


def find_circular(  # noqa: C901 - one loop, as the algorithm is published
    named: Mapping[str, Sequence[str]],
) -> set[str]:
    """Return the names from which a path leads back to them; ``named`` are the edges of the graph.

    These are the strongly connected components of more than one name (Tarjan 1972), and the names
    that name themselves. Each edge is followed once, whereas a search from every name would take
    quadratic time on a long chain.
    """
    circular = {name for name, others in named.items() if name in others}
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in named:
        pending = [] if root in order else [(root, iter(named[root]))]
        while pending:
            name, others = pending[-1]
            if name not in order:
                order[name] = lowest[name] = len(order)
                stack.append(name)
                on_stack.add(name)

            following = None
            for other in others:
                if other in named and other not in order:
                    following = other
                    break
                if other in on_stack:
                    lowest[name] = min(lowest[name], order[other])
            if following is not None:
                pending.append((following, iter(named[following])))
                continue

            pending.pop()
            if pending:
                parent = pending[-1][0]
                lowest[parent] = min(lowest[parent], lowest[name])
            if lowest[name] == order[name]:
                component = [stack.pop()]
                while component[-1] != name:
                    component.append(stack.pop())
                on_stack.difference_update(component)
                if len(component) > 1:
                    circular.update(component)
    return circular


@rule("impossible-date", "reference")
def impossible_date(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Dates are days of the calendar."""
    classes = set(map(type, file.records))
    if not any(fields_of(record_class, "date", "parts") for record_class in classes):
        return
    for index, record in enumerate(file.records):
        for pointer, _, value in iter_values(record, "date"):
            try:
                date.fromisoformat((value + "-01-01")[:10] if len(value) < 10 else value)
            except ValueError:
                yield Finding(
                    f"There is no day {value!r} in the calendar.",
                    pointer,
                    index,
                    hint="look up the date, and write the day of the calendar that is meant.",
                )


@rule("reversed-dates", "reference")
def reversed_dates(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """A role does not end before it begins.

    Dates are compared as far as both are given: a role may begin and end in the same year.
    """
    if isinstance(file, Layer):
        return
    for index, record in enumerate(file.records):
        roles = record.roles if isinstance(record, Speaker) else ()
        for number, role in enumerate(roles):
            if role.start and role.end:
                length = min(len(role.start), len(role.end))
                if role.end[:length] < role.start[:length]:
                    message = f"The role ends in {role.end!r}, before it begins in {role.start!r}."
                    hint = "look up both dates, and correct the wrong one."
                    yield Finding(message, ("roles", number, "to"), index, hint=hint)


@rule("published-id", "reference")
def published_id(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """The id of a document begins with the year and month of its publication, if that is known."""
    if isinstance(file, Layer):
        return
    for index, record in enumerate(file.records):
        if isinstance(record, Document) and record.published:
            month = record.published[:7]
            if not record.doc_id.startswith(f"{month}-"):
                start = record.doc_id[:7]
                message = f"The id begins with {start!r}. The text was published in {month!r}."
                hint = (
                    "if the date is wrong, correct it; if the id is wrong, change it with "
                    f"`readout rename document {record.doc_id} NEW`."
                )
                yield Finding(message, ("published",), index, hint=hint)


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text))


def _texts_say_something(columns: Columns) -> bool:
    return all(map(_says_something, columns.layer.columns.texts))


@rule("blank-text", "reference", shortcut=_texts_say_something)
def blank_text(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Notes, names and other free texts contain a letter or a digit."""
    for index, record in enumerate(file.records):
        for pointer, _, value in iter_values(record, "text"):
            if not _says_something(value):
                message = f"Got {value!r} for {pointer[-1]!r}. Expected words."
                hint = "say in words what a reader needs to know, or remove the field."
                yield Finding(message, pointer, index, hint=hint)


def _texts_have_no_control(columns: Columns) -> bool:
    return not any(map(CONTROL.search, columns.layer.columns.texts))


@rule("control-in-text", "guideline", shortcut=_texts_have_no_control)
def control_in_text(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Notes, names and other free texts contain no control characters and no line breaks."""
    for index, record in enumerate(file.records):
        for pointer, _, value in iter_values(record, "text"):
            if found := CONTROL.search(value):
                character = f"U+{ord(found.group()):04X}"
                message = f"Got the character {character} in {pointer[-1]!r}. Expected one line."
                written = value[: found.start()].encode("unicode_escape").decode()[-20:]
                hint = f"remove the character after {written!r}, or write a space in its place."
                yield Finding(message, pointer, index, hint=hint)


WRITTEN_RULES: tuple[Rule, ...] = (blank_text, control_in_text)
"""The rules about texts that people write; a command that writes a record applies them too."""


def _is_written_in_order(columns: Columns) -> bool:
    if not columns.layer.is_written:
        return False
    places = columns.places
    if all(map(lt, places, places[1:])):
        return True
    pairs = zip(places, columns.layer.records, strict=True)
    keys = [(*place, record.id) for place, record in pairs]
    return all(map(le, keys, keys[1:]))


@rule("not-canonical", "guideline", "warning", shortcut=_is_written_in_order)
def not_canonical(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Files are in canonical form, so that a diff shows one changed record as one changed line."""
    if b"\r" in file.raw or file.raw.startswith(b"\xef\xbb\xbf"):
        return  # told already, on the rung of bytes
    if not file.is_whole:
        return  # a line has an error, and its canonical form is not known
    canonical = (
        encode_layer(file.records) if isinstance(file, Layer) else encode_records(file.records)
    )
    if canonical != file.raw:
        pairs = zip(canonical.splitlines(), file.raw.splitlines(), strict=False)
        first = next(
            (number for number, (ours, theirs) in enumerate(pairs, 1) if ours != theirs),
            len(file.lines),
        )
        yield Finding(
            "The file is not in canonical form from this line on.",
            line=first,
            hint="run `readout format`.",
        )


@rule("split-leak", "reference")
def split_leak(index: RecordFile[Document]) -> Iterator[Finding]:
    """All texts about one event are in one split."""
    first: dict[str, int] = {}
    for number, document in enumerate(index.records):
        earlier = index.records[first.setdefault(document.event, number)]
        if earlier.split != document.split:
            yield Finding(
                f"The event {document.event!r} is in split {document.split!r} here, and in "
                f"{earlier.split!r} on line "
                f"{index.lines[first[document.event]]}.",
                ("split",),
                number,
                hint=(
                    "decide which split the event belongs to, and give it to all its texts; or "
                    "correct 'event' if the texts are about different events."
                ),
            )


@rule("duplicate-text", "reference")
def duplicate_text(
    index: RecordFile[Document], texts: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """No text is in two splits under different ids, or differs only in white space and case.

    ``texts`` are the hashes of the texts by document, as :func:`hash_folded` returns them. Without
    them, the checksums are compared; with them, only texts that have different checksums.
    """
    first: dict[str, int] = {}
    for number, document in enumerate(index.records):
        key = document.sha256 if texts is None else texts.get(document.doc_id, "")
        earlier = index.records[first.setdefault(key, number)] if key else document
        if earlier.split == document.split:
            continue
        if texts is None:
            also = f"The text is also {earlier.doc_id!r}"
        elif earlier.sha256 != document.sha256:
            also = f"But for white space and case, the text is also {earlier.doc_id!r}"
        else:
            continue
        message = (
            f"{also}, which is in split {earlier.split!r}; "
            f"{document.doc_id!r} is in {document.split!r}."
        )
        hint = (
            "keep the text once: remove the document that is too many with "
            f"`readout remove document {document.doc_id}` or `{earlier.doc_id}`."
        )
        yield Finding(message, ("sha256",), number, hint=hint)


def hash_folded(text: str) -> str:
    """Return a short hash of a text; it is the same for another case and other white space."""
    return sha256(_fold(text).encode()).hexdigest()[:32]


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


@rule("unknown-language", "reference")
def unknown_language(index: RecordFile[Document]) -> Iterator[Finding]:
    """The language of a document is in the IANA Language Subtag Registry, or for private use."""
    for number, document in enumerate(index.records):
        if not is_language(document.language):
            code = document.language.partition("-")[0]
            message = f"There is no language with the code {code!r}."
            hint = (
                "look up the BCP 47 tag of the language, such as 'en'; write 'und' if the language "
                "is not known, and a code from 'qaa' to 'qtz' if it has none."
            )
            yield Finding(message, ("language",), number, hint=hint)


_NAMES: Mapping[type, tuple[str, ...]] = {
    Speaker: ("name",),
    TopicDefinition: ("label",),
    Target: ("label", "proposition"),
}
"""The fields by which readers tell the entries of a registry apart."""


@rule("duplicate-entry", "guideline", "warning")
def duplicate_entry(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """No two entries of a registry have the same name, label or proposition, or a note says why.

    Case and white space do not count.
    """
    first: dict[tuple[str, str], int] = {}
    for index, record in enumerate(file.records):
        for name in _NAMES.get(type(record), ()):
            earlier = first.setdefault((name, _fold(getattr(record, name))), index)
            if earlier != index and not record.note:
                other = record_id(file.records[earlier])
                kind = Path(file.path).stem.removesuffix("s")
                message = f"The {name} is also that of {other!r} on line {file.lines[earlier]}."
                hint = (
                    "if both entries are the same, let annotations name one of them, and remove "
                    f"the other with `readout remove {kind}`; if not, change the {name}, or say in "
                    "a note how they differ."
                )
                yield Finding(message, (name,), index, hint=hint)
                break


@rule("unused-entry", "guideline", "warning")
def unused_entry(file: RecordFile[Any], used: Iterable[str]) -> Iterator[Finding]:
    """Every entry of a registry is used."""
    names = set(used)
    remove = f"remove it with `readout remove {Path(file.path).stem.removesuffix('s')}"
    for index, record in enumerate(file.records):
        if record_id(record) not in names:
            message = f"The entry {record_id(record)!r} is used nowhere in the corpus."
            yield Finding(
                message,
                (record.__struct_fields__[0],),
                index,
                hint=f"{remove} {record_id(record)}`, or name the entry where it is missing.",
            )


@rule("lone-statement", "guideline", "warning")
def lone_statement(statements: Mapping[str, Sequence[tuple[str, int]]]) -> Iterator[Finding]:
    """A statement id joins at least two quotes."""
    for name, places in statements.items():
        if len(places) == 1:
            path, line = places[0]
            message = f"The statement {name!r} is named by one quote only."
            hint = (
                "decide: name it in the other quotes that report the statement, or remove "
                "'statement' from this one."
            )
            yield Finding(message, path=path, line=line, hint=hint)


RULES: tuple[Rule, ...] = (
    duplicate_id,
    unknown_reference,
    wrong_reference,
    reference_cycle,
    impossible_date,
    reversed_dates,
    published_id,
    *WRITTEN_RULES,
    not_canonical,
)

REGISTRY_RULES: tuple[Rule, ...] = (*RULES, duplicate_entry)
"""The rules about a registry."""

INDEX_RULES: tuple[Rule, ...] = (split_leak, duplicate_text, unknown_language)
"""The rules about the metadata of all documents together."""
