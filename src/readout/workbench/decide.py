"""Write decisions: which differences between gold and layers are settled, by what and by whom."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from readout.checks import references
from readout.checks.adjudication import Signatures, find_differences, find_signatures, iter_about
from readout.corpus.canonical import encode, encode_records
from readout.corpus.drafts import content_id
from readout.corpus.files import Change, FileChanges
from readout.corpus.read import GUIDELINES, parse_records, read_registries
from readout.corpus.refs import Ref, parse_ref, read_referred, resolve_refs
from readout.corpus.schema import explain
from readout.model import AnnotatedDocument, Decision, RecordFile, Registries
from readout.problem import RefusedError, as_sentence, find_close, nearest, refuse_broken
from readout.workbench.differences.places import Place, list_places


class Grounds(NamedTuple):
    """Why a decision is as it is: a section of the guidelines, a reason, and who decided."""

    section: str
    reason: str
    by: str


class Settled(NamedTuple):
    """A decision: its document, all that it is about, and the change of the file of decisions."""

    doc_id: str
    about: tuple[Ref, ...]
    changes: FileChanges


def decide_refs(
    root: Path, refs: Sequence[str], grounds: Grounds, doc_id: str | None, is_replacing: bool
) -> Settled:
    """Return the decision about some references and about what else is open at their places.

    A place is what annotations that overlap say about one subject, so a label that is changed in
    gold is settled against all layers by one decision.

    Raises:
        RefusedError: the references are unknown, or lead to several documents; or as
            :func:`decide`.

    """
    registries, _ = read_registries(root)
    documents = read_referred(root, refs, doc_id)
    about = [parse_ref(text) for text in refs]
    differing = [each for each in documents if _differ(each, about)]
    document = differing[0] if len(differing) == 1 else _find_document(documents, refs)
    places = find_places(document, about)
    found = _find_open(places)
    if is_replacing:
        found += find_repeated(document, about, places)
    about += [ref for ref in dict.fromkeys(found) if ref not in about]
    changes = decide(document, registries, about, grounds, is_replacing)
    return Settled(document.meta.doc_id, tuple(about), changes)


def find_places(document: AnnotatedDocument, about: Collection[Ref]) -> list[Place]:
    """Return the places that some references are at, decided or not."""
    named = {str(ref) for ref in about}
    found = []
    for place in list_places([document], with_decided=True):
        at_place = {text for variant in place.variants for text in variant.refs}
        if named & at_place:
            found.append(place)
    return found


def _find_open(places: Iterable[Place]) -> list[Ref]:
    """Return the undecided references of some places."""
    found: list[Ref] = []
    for place in places:
        open_refs = [text for variant in place.variants for text in variant.to_decide]
        found += map(parse_ref, open_refs)
    return found


def find_repeated(
    document: AnnotatedDocument, about: Collection[Ref], places: Iterable[Place]
) -> list[Ref]:
    """Return the references of layers, at some places, that are to be decided anew too.

    They belong to a decision that is replaced, so its reason would stay on them; or several
    decisions are about them, because two branches that both decided a place were merged.
    """
    counts = Counter(ref for ref, _, _ in iter_about(document.adjudication))
    named = {str(ref) for ref in about}
    found: list[Ref] = []
    for place in places:
        replaced: set[str] = set()
        for decision in place.decisions:
            if named & set(decision.about):
                replaced.update(decision.about)

        refs = [parse_ref(text) for variant in place.variants for text in variant.refs]
        of_layers = [ref for ref in refs if ref.annotator is not None]
        found += [ref for ref in of_layers if counts[ref] > 1 or str(ref) in replaced]
    return found


def _differ(document: AnnotatedDocument, about: Iterable[Ref]) -> bool:
    """Return whether all references lead to differences in a document."""
    differences = find_differences(document, document.layers, find_signatures(document))
    return all(ref in differences for ref in about)


def _find_document(
    documents: Sequence[AnnotatedDocument], refs: Sequence[str]
) -> AnnotatedDocument:
    """Return the one document that references lead to."""
    found = {each.document.meta.doc_id: each.document for each in resolve_refs(documents, refs)}
    if len(found) > 1:
        names = ", ".join(map(repr, found))
        raise RefusedError(
            f"The references lead to several documents: {names}. Decide one document at a time."
        )
    (document,) = found.values()
    return document


def decide(
    document: AnnotatedDocument,
    registries: Registries,
    about: Iterable[Ref],
    grounds: Grounds,
    is_replacing: bool = False,
) -> FileChanges:
    """Return the change of a document's file of decisions that adds one.

    The differences are those of the document as it is given, so an edited gold layer that is not
    written yet is judged too. With ``is_replacing``, the decisions that were about the same
    annotations are so no longer.

    Raises:
        RefusedError: the section or the person is unknown, a reference leads to no difference or
            to a decided one, gold says what an earlier decision rejected, or the file of
            decisions has problems.

    """
    file = document.adjudication
    refs = list(dict.fromkeys(about))
    _refuse_broken(file)
    _refuse_unknown(grounds, registries)
    _refuse_agreement(document, refs)
    records = list(file.records)
    overruled = _find_overruled(document, refs)
    if is_replacing:
        records = _withdraw(records, [*refs, *overruled])
    else:
        _refuse_decided(records, refs)
        _refuse_overruled(records, overruled)

    decision = _make_decision(refs, grounds, {record.id for record in records})
    _refuse_faults(decision, file.path)
    old = file.raw if file.is_read else None
    return {file.path: Change(old, encode_records([*records, decision]))}


def _make_decision(refs: Sequence[Ref], grounds: Grounds, taken: Collection[str]) -> Decision:
    fields = grounds._asdict()
    fields["reason"] = unicodedata.normalize("NFC", grounds.reason)
    about = [str(ref) for ref in refs]
    name = content_id({"type": "decision", "about": about, **fields}, taken)
    return Decision(id=name, about=tuple(about), **fields)


def _find_overruled(document: AnnotatedDocument, refs: Iterable[Ref]) -> list[Ref]:
    """Return the references of layers that say what one of some gold annotations says."""
    said = find_signatures(document)
    names = {ref.id for ref in refs if ref.annotator is None}
    golden = {saying for name, saying in said[document.gold.path].items() if name in names}
    found = []
    for layer in document.layers:
        same = [name for name, saying in said[layer.path].items() if saying in golden]
        found += [Ref(layer.annotator, name) for name in same]
    return found


def _withdraw(records: Iterable[Decision], refs: Sequence[Ref]) -> list[Decision]:
    """Return decisions that are not about some references; those about nothing else go."""
    names = {str(ref) for ref in refs}
    kept = []
    for record in records:
        about = tuple([text for text in record.about if text not in names])
        if about:
            kept.append(replace(record, about=about))
    return kept


# ---------------------------------------------------------------- refusals


def _refuse_broken(file: RecordFile[Decision]) -> None:
    if file.is_read and not file.is_whole:
        _, problems = parse_records(file.path, file.raw)
        refuse_broken(file.path, problems)


def _refuse_unknown(grounds: Grounds, registries: Registries) -> None:
    if grounds.section not in registries.sections:
        hint = nearest(grounds.section, registries.sections) or f"Cite a heading of {GUIDELINES}."
        raise RefusedError(
            f"The guidelines have no section {grounds.section!r}. {as_sentence(hint)}"
        )
    if grounds.by not in registries.annotators:
        close = find_close(grounds.by, registries.annotators)
        meant = f" Did you mean {close!r}? If not, add" if close else " Add"
        raise RefusedError(
            f"{grounds.by!r} is not among the annotators.{meant} who decided first, with "
            "`readout add annotator`."
        )


def _refuse_agreement(document: AnnotatedDocument, refs: Iterable[Ref]) -> None:
    """Refuse a reference to an annotation that gold and all layers have."""
    said = find_signatures(document)
    differences = find_differences(document, document.layers, said)
    for ref in refs:
        if ref not in differences:
            raise RefusedError(_explain_agreement(document, ref, differences, said))


def _explain_agreement(
    document: AnnotatedDocument, ref: Ref, differences: Collection[Ref], said: Signatures
) -> str:
    layer = document.find_layer(ref.annotator)
    saying = said[layer.path][ref.id] if layer else None
    taken = [name for name, other in said[document.gold.path].items() if other == saying]
    if ref.annotator is not None and Ref(None, taken[0]) in differences:
        return f"Gold says the same as {str(ref)!r}. Name the annotation of gold, {taken[0]!r}."
    return f"Gold and all layers say the same as {str(ref)!r}: there is nothing to decide."


def _refuse_decided(records: Iterable[Decision], refs: Sequence[Ref]) -> None:
    """Refuse references that are decided; gold may be named again beside something new."""
    deciding: dict[Ref, Decision] = {}
    for record in records:
        for text in record.about:
            deciding.setdefault(parse_ref(text), record)
    is_new = any(ref not in deciding for ref in refs)
    for ref in refs:
        known = deciding.get(ref)
        if known and not (is_new and ref.annotator is None):
            raise RefusedError(
                f"{str(ref)!r} is decided already, by {known.id!r} (section {known.section}, "
                f"{known.by}). Leave it out, or give --replace to decide it anew."
            )


def _refuse_overruled(records: Iterable[Decision], overruled: Collection[Ref]) -> None:
    """Refuse to take into gold what a decision had rejected, unless it is decided anew."""
    for record in records:
        for text in record.about:
            if parse_ref(text) in overruled:
                raise RefusedError(
                    f"Gold now says the same as {text!r}, which {record.id!r} rejected (section "
                    f"{record.section}, {record.by}): {record.reason} Give --replace to decide it "
                    "anew."
                )


def _refuse_faults(decision: Decision, path: str) -> None:
    """Refuse a decision in which `readout check` would find an error."""
    alone: RecordFile[Decision] = RecordFile(path=path, records=(decision,), lines=(1,))
    written = [rule.find(alone, None) for rule in references.WRITTEN_RULES]
    findings = chain(explain("decision", msgspec.json.decode(encode(decision))), *written)
    for finding in findings:
        raise RefusedError(f"{finding.message} Correct it, and run the command again.")
