"""Add documents, suggestions and registry entries to a corpus.

Facts that are not given are marked unknown; what contradicts the corpus is refused. The functions
return the files to write, and write none themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from readout.checks import references
from readout.checks.references import iter_references, record_id
from readout.corpus import read
from readout.corpus.canonical import encode_records
from readout.corpus.files import Change, FileChanges, check_name
from readout.corpus.schema import Kind, explain, propose_id
from readout.dataset.card import read_card, split_front_matter
from readout.model import (
    ANNOTATION_CLASSES,
    SPAN_FIELDS,
    Document,
    RecordFile,
    Registries,
    Speaker,
    Split,
    Suggestion,
)
from readout.problem import RefusedError, as_sentence, find_close, nearest, refuse_broken
from readout.workbench.suggest import suggest
from readout.workbench.uses import RecordPath, change_names, read_sheet, read_suggestions

Fields = Mapping[str, Any]
"""The fields of a record by name; a field that was not given is None or an empty tuple."""


# ---------------------------------------------------------------- documents


class Added(NamedTuple):
    """A document, and the files to write for it."""

    document: Document
    changes: FileChanges


def add_document(root: Path, file: Path, fields: Fields) -> Added:
    """Return a new document with its files: text, metadata, empty gold, suggestions.

    Its language is, unless given, that of the card or of all other documents.

    Raises:
        RefusedError: a required field is missing, or something contradicts the corpus.

    """
    index, problems = read.read_index(root)
    refuse_broken(read.DOCUMENTS, problems)
    registries, _ = read.read_registries(root)
    raw = file.read_bytes()
    text = _decode_text(file, raw)
    given = {"language": _find_language(root, index), **_select_given(fields)}
    document = _build_document(file, raw, given, index)
    _refuse_unknown(document, registries)
    _refuse_faults(document, read.DOCUMENTS, registries)
    _refuse_other_kinds(document.outlet, registries)

    suggestions = suggest(text, registries.speakers.values(), document.language)
    new = {
        f"{read.TEXTS}/{document.doc_id}.txt": raw,
        f"{read.GOLD}/{document.doc_id}.jsonl": b"",
        f"{read.SUGGESTIONS}/{document.doc_id}.jsonl": _encode_lines(suggestions),
    }
    changes: FileChanges = {}
    for path, content in new.items():
        present = read.read_bytes(root, path)[0]
        if present not in (None, content):
            raise RefusedError(
                f"The file {path!r} exists already. Move it away, or choose another --doc-id."
            )
        changes[path] = Change(present, content)
    records = [*index.records, document]
    changes[read.DOCUMENTS] = Change(index.raw, encode_records(records))
    return Added(document, changes)


def _select_given(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _find_language(root: Path, index: RecordFile[Document]) -> str:
    """Return the language of the card or, if it names none, of all documents; or ``und``."""
    text, _ = read_card(root)
    front, _ = split_front_matter(text or "")
    named = front.get("language", [])
    languages = {named} if isinstance(named, str) else set(named)
    languages = languages or {meta.language for meta in index.records}
    return languages.pop() if len(languages) == 1 else "und"


def add_suggestions(root: Path, doc_id: str) -> Added:
    """Return a document of the corpus with its file of suggestions, made again.

    What was rejected stays rejected, and what gold has is not suggested.

    Raises:
        RefusedError: there is no such document, or its text, gold or suggestions cannot be read.

    """
    index, _ = read.read_index(root)
    known = [meta.doc_id for meta in index.records]
    if doc_id not in known:
        hint = as_sentence(nearest(doc_id, known))
        raise RefusedError(f"There is no document {doc_id!r}. {hint}".strip())

    text, _, problems = read.read_text(root, doc_id)
    if text is None:
        refuse_broken(f"{read.TEXTS}/{doc_id}.txt", problems)
    registries, _ = read.read_registries(root)
    path = f"{read.SUGGESTIONS}/{doc_id}.jsonl"
    document = index.records[known.index(doc_id)]
    suggestions = suggest(text or "", registries.speakers.values(), document.language)
    gold = read_sheet(root, RecordPath(f"{read.GOLD}/{doc_id}.jsonl", "layer", doc_id))
    accepted = [record for _, record in gold.lines]
    earlier = read_suggestions(root, doc_id).values()
    left = _leave_out_judged(suggestions, accepted, earlier)
    return Added(document, {path: Change(read.read_bytes(root, path)[0], _encode_lines(left))})


def _leave_out_judged(
    suggestions: Iterable[Suggestion], gold: Iterable[Any], earlier: Iterable[Suggestion]
) -> list[Suggestion]:
    """Return new suggestions without those that gold has; earlier rejected ones are kept as such.

    Annotations are the same if their types and main spans are: a judgement holds although a new
    alias of a speaker, and with it the id of a suggestion, may have changed.
    """
    golden = {find_main_place(record): record.id for record in gold if not isinstance(record, dict)}
    rejected = {find_main_place(each.annotation): each for each in earlier if each.rejected}
    accepted = {}
    left = []
    for each in suggestions:
        place = find_main_place(each.annotation)
        if place in golden:
            accepted[each.annotation["id"]] = golden[place]
        else:
            left.append(replace(each, rejected=rejected.pop(place, None) is not None))
    left = [change_names(each, lambda _, name: accepted.get(name, name)) for each in left]
    return sorted([*left, *rejected.values()], key=lambda each: find_main_place(each.annotation)[1])


def find_main_place(annotation: Any) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the type and the main spans of an annotation or a draft of one."""
    draft = annotation if isinstance(annotation, dict) else msgspec.to_builtins(annotation)
    spans = draft[SPAN_FIELDS[ANNOTATION_CLASSES[draft["type"]]][0]]
    places = [spans] if isinstance(spans, dict) else spans
    return draft["type"], tuple((span["start"], span["end"]) for span in places)


def _encode_lines(suggestions: Iterable[Suggestion]) -> bytes:
    return b"".join(msgspec.json.encode(each) + b"\n" for each in suggestions)


def _decode_text(file: Path, raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"{str(file)!r} is not UTF-8 (byte {error.start}). Save it as UTF-8 first."
        ) from error
    if text.startswith("\ufeff"):
        raise RefusedError(
            f"{str(file)!r} starts with a byte order mark. Save it as UTF-8 without BOM first."
        )
    if not text.strip():
        raise RefusedError(f"{str(file)!r} contains no text.")
    return text


def _build_document(
    file: Path, raw: bytes, fields: Fields, index: RecordFile[Document]
) -> Document:
    """Return the metadata of a new text: the given fields, and a default for each other one."""
    digest = sha256(raw).hexdigest()
    for meta in index.records:
        if meta.sha256 == digest:
            raise RefusedError(f"The text is already in the corpus, as {meta.doc_id!r}.")

    doc_id = fields.get("doc_id") or _derive_id(file, fields)
    if any(meta.doc_id == doc_id for meta in index.records):
        raise RefusedError(f"There is already a document {doc_id!r}. Choose another --doc-id.")

    record = {
        "published_basis": "inferred" if fields.get("published") else "unknown",
        "outlet_basis": "inferred" if fields.get("outlet") else "unknown",
        "event": doc_id,
        "split": "train",
        "origin": file.name,
        "rights": "Unknown.",
        **fields,
        "doc_id": doc_id,
        "sha256": digest,
        "annotated": "none",
    }
    document: Document = _convert("document", record, Document, fields)
    return replace(document, split=_find_split(document.event, fields, index))


def _derive_id(file: Path, fields: Fields) -> str:
    """Return ``<yyyy-mm>-<slug>`` from the day of publication and the name of the file."""
    slug = propose_id(file.stem)
    if not fields.get("published") or not slug:
        raise RefusedError(
            "Give --doc-id: year, month and a short name, such as '2030-01-harbour-talks'."
        )
    month = fields["published"][:7]
    return f"{month}-{slug.removeprefix(f'{month}-')}"


def _find_split(event: str, fields: Fields, index: RecordFile[Document]) -> Split:
    """Return the split of an event: that of its other texts or, if it is new, the given one."""
    given: Split | None = fields.get("split")
    theirs = next((meta.split for meta in index.records if meta.event == event), None)
    if theirs and given and theirs != given:
        raise RefusedError(
            f"The texts about the event {event!r} are in split {theirs!r}, not {given!r}. "
            "Leave --split out, or name another --event."
        )
    if split := theirs or given:
        return split

    events = ", ".join(sorted({meta.event for meta in index.records}))
    raise RefusedError(
        f"The event {event!r} is new: give --split train, validation or test. "
        f"Known events, for --event: {events}."
    )


# ---------------------------------------------------------------- registries


def add_entry(root: Path, kind: Kind, fields: Fields) -> FileChanges:
    """Return the file of a registry with a new entry.

    Raises:
        RefusedError: the entry violates its schema, exists already, or names an unknown entry.

    """
    registries, problems = read.read_registries(root)
    registry = f"{kind}s"
    file = registries.files[registry]
    refuse_broken(file.path, [problem for problem in problems if problem.path == file.path])

    given = {name: value for name, value in fields.items() if value not in (None, ())}
    _, record_class = read.REGISTRY_FILES[registry]
    record = _convert(kind, given, record_class, given)
    if kind == "annotator":
        check_name("annotator", record_id(record))
    _refuse_twin(record, kind, file)
    _refuse_unknown(record, registries)
    _refuse_faults(record, file.path, registries)
    return {file.path: Change(file.raw, encode_records([*file.records, record]))}


def _refuse_twin(record: Any, kind: Kind, file: RecordFile[Any]) -> None:
    """Refuse an entry whose id or name another entry of its registry has."""
    for line, other in zip(file.lines, file.records, strict=True):
        if record_id(other) == record_id(record):
            raise RefusedError(
                f"There is already a {kind} {record_id(record)!r}, on line {line} of {file.path}."
            )
    for other in file.records:
        if _name_of(other) == _name_of(record):
            raise RefusedError(
                f"The name {_name_of(record)!r} already belongs to the {kind} {record_id(other)!r}."
            )


def _name_of(record: Any) -> str:
    """Return the name of an entry. Aliases don't count: several may have "the two" as one."""
    if isinstance(record, Speaker):
        return record.name
    return str(getattr(record, "label", record_id(record)))


def _convert(kind: Kind, record: Fields, record_class: type[Any], given: Fields) -> Any:
    """Return a record of a class, or refuse one that violates its schema.

    A fault of a given field is told first: one of another field, such as an id that was made from
    the given ones, may follow from it.
    """
    plain = {}
    for name, value in record.items():
        plain[name] = list(value) if isinstance(value, tuple) else value
    findings = list(explain(kind, plain))
    findings.sort(key=lambda finding: not set(finding.pointer) & set(given))
    for finding in findings:
        hint = finding.hint or ""
        raise RefusedError(f"{finding.message} {as_sentence(hint)}".strip())
    return msgspec.convert(plain, record_class)


# ---------------------------------------------------------------- refusals


def _refuse_unknown(record: Any, registries: Registries) -> None:
    for pointer, vocabulary, name in iter_references(record):
        known = getattr(registries, vocabulary)
        if name in known or name == record_id(record):
            continue
        singular = vocabulary.removesuffix("s")
        hint = f"add it first with `readout add {singular}`."
        if close := find_close(name, known):
            hint = f"did you mean {close!r}? If not, {hint}"
        raise RefusedError(f"The {pointer[0]} {name!r} is not among the {vocabulary}: {hint}")


_RULES = (
    references.reference_cycle,
    references.impossible_date,
    references.published_id,
    *references.WRITTEN_RULES,
)
"""The rules about one record that nothing above has enforced."""


def _refuse_faults(record: Any, path: str, registries: Registries) -> None:
    """Refuse a record in which `readout check` would find an error."""
    alone: RecordFile[Any] = RecordFile(path=path, records=(record,), lines=(1,))
    for rule in _RULES:
        for finding in rule.find(alone, registries):
            raise RefusedError(f"{finding.message} Correct it, and run the command again.")


def _refuse_other_kinds(outlet: str | None, registries: Registries) -> None:
    if not outlet:
        return
    kind = registries.speakers[outlet].kind
    if kind != "outlet":
        raise RefusedError(
            f"The outlet {outlet!r} is a speaker of kind {kind!r}. Expected kind 'outlet'."
        )
