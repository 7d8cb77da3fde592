"""Rules about decisions: the reasons for what gold says where layers differ.

Which annotations differ is computed from gold and the layers. If gold and the layers all say the
same, an annotation is undisputed; every other annotation, of gold or of a layer, is a difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from readout.checks.references import may_exist
from readout.corpus import read
from readout.corpus.refs import Ref, parse_ref
from readout.corpus.signatures import sign_layer
from readout.model import (
    AnnotatedDocument,
    Decision,
    Layer,
    RecordFile,
    Registries,
)
from readout.problem import (
    Finding,
    Rule,
    find_close,
    nearest,
    rule,
)

Signatures: TypeAlias = Mapping[str, Mapping[str, tuple[Any, ...]]]
"""What each annotation of each layer says, by the layer's path and the annotation's id."""


def find_signatures(document: AnnotatedDocument) -> Signatures:
    """Return what the annotations of all layers of a document say."""
    return {layer.path: sign_layer(layer) for layer in (document.gold, *document.layers)}


def find_adjudicated(document: AnnotatedDocument) -> list[Layer]:
    """Return the layers whose differences from gold need decisions."""
    named = document.meta.adjudicated
    return [layer for layer in document.layers if layer.annotator in named]


def find_differences(
    document: AnnotatedDocument, layers: Iterable[Layer], said: Signatures
) -> dict[Ref, tuple[str, int]]:
    """Return the differences between gold and some layers, with their paths and record numbers.

    An annotation that gold does not say has the reference of its layer. One that gold says, but
    not every layer, has the reference of gold only.
    """
    layers = list(layers)
    golden = set(said[document.gold.path].values())
    everywhere = golden.intersection(*[said[layer.path].values() for layer in layers])
    found = {}
    for index, record in enumerate(document.gold.records):
        saying = said[document.gold.path][record.id]
        if saying not in everywhere:
            found[Ref(None, record.id)] = document.gold.path, index
    for layer in layers:
        for index, record in enumerate(layer.records):
            if said[layer.path][record.id] not in golden:
                found[Ref(layer.annotator, record.id)] = layer.path, index
    return found


def iter_about(file: RecordFile[Decision]) -> Iterator[tuple[Ref, int, int]]:
    """Yield every reference of a file of decisions, with its record's number and its own."""
    for index, record in enumerate(file.records):
        for number, text in enumerate(record.about):
            yield parse_ref(text), index, number


# ---------------------------------------------------------------- rules about one decision


@rule("unknown-item", "reference")
def unknown_item(
    file: RecordFile[Decision], document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Every annotation that a decision is about exists, in gold or in the layer it names."""
    for ref, index, number in iter_about(file):
        layer = document.find_layer(ref.annotator)
        if layer is None:
            known = {each.annotator or "" for each in document.layers}
            close = find_close(ref.annotator or "", known)
            message = f"There is no layer of {ref.annotator!r} for this document."
            meant = str(ref._replace(annotator=close)) if close else ""
        elif ref.id in layer.types or may_exist(ref.id, layer):
            continue
        else:
            close = find_close(ref.id, layer.types)
            where = "Gold has" if ref.annotator is None else f"The layer of {ref.annotator!r} has"
            message = f"{where} no annotation {ref.id!r}."
            meant = str(ref._replace(id=close)) if close else ""
        hint = f"did you mean {meant!r}?" if meant else _REMOVE
        yield Finding(message, ("about", number), index, hint=hint)


_REMOVE = (
    "correct the reference, or remove it from the decision; if the decision is about nothing else, "
    "remove the line."
)


@rule("unknown-section", "reference")
def unknown_section(
    file: RecordFile[Decision], document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Every decision cites a section of the guidelines."""
    for index, record in enumerate(file.records):
        if record.section not in registries.sections:
            message = f"The guidelines have no section {record.section!r}."
            hint = (
                nearest(record.section, registries.sections)
                or f"cite a numbered heading of {read.GUIDELINES}."
            )
            yield Finding(message, ("section",), index, hint=hint)


@rule("repeated-decision", "reference")
def repeated_decision(
    file: RecordFile[Decision], document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """No annotation of a layer is named by two decisions, and no two name the same of gold alone.

    Gold may be disputed more than once: one layer has another label, and another layer other words.
    So two decisions may name a gold annotation if one of them also names a layer's.
    """
    first: dict[str, int] = {}
    for index, record in enumerate(file.records):
        is_about_gold = all(parse_ref(text).annotator is None for text in record.about)
        for number, text in enumerate(record.about):
            if parse_ref(text).annotator is None and not is_about_gold:
                continue
            if first.setdefault(text, index) != index:
                message = f"The decision on line {file.lines[first[text]]} is about {text!r} too."
                yield Finding(message, ("about", number), index, hint=_REPEATED)


_REPEATED = (
    "decide which of the two holds, and remove the reference, or the line, of the other; or decide "
    "it anew with `readout decide REF --replace`."
)


# ---------------------------------------------------------------- rules about the layers


@rule("missing-layer", "reference")
def missing_layer(document: AnnotatedDocument) -> Iterator[Finding]:
    """The layers that the metadata of a document name as adjudicated exist."""
    known = {layer.annotator or "" for layer in document.layers}
    unnamed = known - set(document.meta.adjudicated)
    for number, annotator in enumerate(document.meta.adjudicated):
        if annotator not in known:
            message = f"There is no layer of {annotator!r} for {document.meta.doc_id!r}."
            hint = (
                f"restore {read.BY}/{annotator}/{document.meta.doc_id}.jsonl, or remove the name."
            )
            if close := find_close(annotator, unnamed):
                hint = f"did you mean {close!r}?"
            yield Finding(message, ("adjudicated", number), hint=hint)


@rule("undecided", "guideline")
def undecided(
    layer: Layer,
    document: AnnotatedDocument,
    differences: Collection[Ref],
    decided: Collection[Ref],
    said: Signatures,
) -> Iterator[Finding]:
    """A decision is about every difference between gold and the adjudicated layers.

    An annotation that says the same as a decided one of its layer is decided too.
    """
    own = said[layer.path]
    named = [ref.id for ref in decided if ref.annotator == layer.annotator]
    settled = {own[name] for name in named if name in own}
    for index, record in enumerate(layer.records):
        ref = Ref(layer.annotator, record.id)
        if ref not in differences or own[record.id] in settled:
            continue
        message = f"Gold does not say the same as {record.id!r}, and no decision is about it."
        if layer.annotator is None:
            message = (
                f"Not every adjudicated layer says the same as {record.id!r}, and no decision is "
                "about it."
            )
        place = f"{ref} --document {document.meta.doc_id}"
        hint = f"decide it with `readout decide {place} --section N --reason TEXT --by ID`."
        yield Finding(message, ("id",), index, hint=hint)


@rule("needless-decision", "guideline", "warning")
def needless_decision(
    file: RecordFile[Decision],
    document: AnnotatedDocument,
    differences: Collection[Ref],
    said: Signatures,
) -> Iterator[Finding]:
    """A decision is about differences only.

    ``differences`` are those between gold and all layers, also the ones that are not adjudicated.
    """
    gold = {saying: name for name, saying in said[document.gold.path].items()}
    for ref, index, number in iter_about(file):
        layer = document.find_layer(ref.annotator)
        if ref in differences or layer is None or ref.id not in said[layer.path]:
            continue
        message = f"Gold and all layers say the same as {str(ref)!r}."
        hint = _NEEDLESS
        taken = gold[said[layer.path][ref.id]]
        if ref.annotator is not None:
            message = f"Gold says the same as {str(ref)!r}: it is {taken!r} there."
            if Ref(None, taken) in differences:
                hint = f"write {taken!r} in its place, or remove it if the decision names both."
        yield Finding(message, ("about", number), index, hint=hint)


_NEEDLESS = (
    "remove the reference from the decision; if the decision is about nothing else, remove the "
    "line."
)

RULES: tuple[Rule, ...] = (unknown_item, unknown_section, repeated_decision)
