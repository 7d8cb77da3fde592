"""Keep the metadata and the decisions of documents true when their gold layers change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from readout.checks.adjudication import find_adjudicated, find_differences, find_signatures
from readout.corpus import read
from readout.corpus.canonical import encode_records
from readout.corpus.files import Change, FileChanges
from readout.corpus.parse import parse_layer
from readout.corpus.refs import Ref, parse_ref
from readout.model import (
    Annotated,
    AnnotatedDocument,
    Decision,
    Document,
    RecordFile,
    Registries,
)
from readout.workbench.decide import Grounds, decide, find_places, find_repeated


def settle_gold(
    root: Path,
    changes: FileChanges,
    taken: Mapping[str, Collection[str]],
    grounds: Grounds | None = None,
    also: Collection[Ref] = (),
) -> list[str]:
    """Add to ``changes`` what follows from those of gold, and return sentences about it.

    ``taken`` are the ids of the gold annotations that are new or different, by document. With
    ``grounds``, a decision settles them, all other differences that arise, and ``also`` some that
    were there before.

    Raises:
        RefusedError: the text of a document cannot be read, or as ``decide``.

    """
    index, _ = read.read_index(root)
    registries, _ = read.read_registries(root)
    annotators = list(read.iter_annotators(root))
    # One document is in memory at a time.
    found = (
        read.read_document(root, meta, annotators) for meta in index.records if meta.doc_id in taken
    )
    documents = (read.demand_document(*each) for each in found)
    edited = ((document, apply_changes(document, changes)) for document in documents)
    return settle_documents(edited, registries, index, changes, taken, grounds, also)


def settle_documents(
    edited: Iterable[tuple[AnnotatedDocument, AnnotatedDocument]],
    registries: Registries,
    index: RecordFile[Document],
    changes: FileChanges,
    taken: Mapping[str, Collection[str]],
    grounds: Grounds | None = None,
    also: Collection[Ref] = (),
) -> list[str]:
    """Do as :func:`settle_gold` for documents that are given before and after the changes."""
    said = []
    statuses: dict[str, Annotated] = {}
    for before, after in edited:
        meta = before.meta
        status = _find_status(meta, bool(after.gold.records))
        if status != meta.completeness:
            statuses[meta.doc_id] = status
            said.append(f"set 'annotated' of {meta.doc_id!r} to {status!r}")
        if grounds:
            about = taken[meta.doc_id]
            said += _decide(before, after, registries, about, grounds, changes, also)
    if statuses:
        _set_statuses(index, changes, statuses)
    return said


def _set_statuses(
    index: RecordFile[Document], changes: FileChanges, statuses: Mapping[str, Annotated]
) -> None:
    """Add to ``changes`` how much of some documents gold covers."""
    change = changes.get(read.DOCUMENTS) or Change(index.raw, index.raw)
    changed, _ = read.parse_records(read.DOCUMENTS, change.new or b"")
    metas = []
    for meta in changed.records:
        status = statuses.get(meta.doc_id)
        metas.append(replace(meta, annotated=status) if status else meta)
    changes[read.DOCUMENTS] = change._replace(new=encode_records(metas))


def apply_changes(
    document: AnnotatedDocument, changes: FileChanges, parse: read.LayerParser = parse_layer
) -> AnnotatedDocument:
    """Return a document with the files that the changes give it."""
    layers = []
    for layer in (document.gold, *document.layers):
        change = changes.get(layer.path)
        raw = layer.raw if change is None else change.new or b""
        layers.append(layer if change is None else parse(layer.path, raw, layer.annotator)[0])
    decisions = document.adjudication
    if change := changes.get(decisions.path):
        decisions, _ = read.parse_records(decisions.path, change.new or b"")
    gold, *others = layers
    return replace(document, gold=gold, layers=tuple(others), adjudication=decisions)


def _find_status(meta: Document, has_gold: bool) -> Annotated:
    """Return how much of a text gold covers, after it got its first or lost its last annotation."""
    if has_gold and meta.completeness == "none":
        return "partial"
    if not has_gold and meta.completeness == "partial":
        return "none"
    return meta.completeness


# ---------------------------------------------------------------- decisions


def _decide(
    before: AnnotatedDocument,
    after: AnnotatedDocument,
    registries: Registries,
    taken: Collection[str],
    grounds: Grounds,
    changes: FileChanges,
    also: Collection[Ref],
) -> list[str]:
    """Add the decision on the differences that arise, and return sentences about it."""
    doc_id = after.meta.doc_id
    if not after.meta.adjudicated and not also:
        return [f"{doc_id!r} is not adjudicated, so nothing is to be decided"]

    said = find_signatures(after)
    layers = after.layers if also else find_adjudicated(after)
    differences = find_differences(after, layers, said)
    due = {*also, *(_find_open(after) - _find_open(before))}
    about = [ref for ref in differences if ref in due or _is_taken(ref, taken)]
    all_differences = find_differences(after, after.layers, said)
    kept = _drop_settled(after.adjudication.records, all_differences)
    path = after.adjudication.path
    changes.pop(path, None)
    old = before.adjudication.raw if before.adjudication.is_read else None
    encoded = encode_records(kept)
    if about:
        file, _ = read.parse_records(path, encoded)
        cleaned = replace(after, adjudication=replace(file, is_read=after.adjudication.is_read))
        repeated = find_repeated(cleaned, about, find_places(cleaned, about))
        about += [ref for ref in dict.fromkeys(repeated) if ref not in about]
        encoded = decide(cleaned, registries, about, grounds, is_replacing=True)[path].new or b""
    if old is not None or encoded:
        changes[path] = Change(old, encoded)
    if not about:
        return [f"gold and the adjudicated layers of {doc_id!r} agree: nothing is to be decided"]
    names = ", ".join(map(str, about))
    return [f"decided {names} by section {grounds.section}"]


def _is_taken(ref: Ref, taken: Collection[str]) -> bool:
    return ref.annotator is None and ref.id in taken


def _find_open(document: AnnotatedDocument) -> set[Ref]:
    """Return the differences of adjudicated layers that no decision is about."""
    said = find_signatures(document)
    differences = find_differences(document, find_adjudicated(document), said)
    decided = {parse_ref(text) for record in document.adjudication.records for text in record.about}
    return set(differences) - decided


def _drop_settled(decisions: Collection[Decision], differences: Collection[Ref]) -> list[Decision]:
    """Return decisions without the references to what gold and the layers agree on now."""
    kept = []
    for record in decisions:
        about = tuple([text for text in record.about if parse_ref(text) in differences])
        if about:
            kept.append(replace(record, about=about))
    return kept
