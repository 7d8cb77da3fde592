"""Rules about decisions: the reasons for what gold says where layers differ.

Which annotations differ is computed from gold and the layers. If gold and the layers all say the
same, an annotation is undisputed; every other annotation, of gold or of a layer, is a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from readout.checks.references import may_exist
from readout.corpus import read
from readout.corpus.refs import Ref, parse_ref
from readout.corpus.signatures import sign_layer
from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Decision,
    Layer,
    RecordFile,
    Registries,
    Stance,
    Topic,
    annotation_type,
    main_spans,
)
from readout.problem import (
    Finding,
    Rule,
    find_close,
    nearest,
    rule,
)

Item = TypeVar("Item")
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


def find_subject(annotation: AnyAnnotation) -> tuple[str, str]:
    """Return the type, and the topic or target: the same words often have several of these."""
    name = ""
    if isinstance(annotation, Topic):
        name = annotation.topic
    elif isinstance(annotation, Stance):
        name = annotation.target
    return annotation_type(annotation), name


def find_extent(annotation: AnyAnnotation) -> tuple[int, int]:
    """Return where the words of an annotation start and end."""
    spans = main_spans(annotation)
    return min(span.start for span in spans), max(span.end for span in spans)


def group_by_place(
    items: Iterable[Item], find_annotation: Callable[[Item], AnyAnnotation]
) -> list[list[Item]]:
    """Return items in groups of one subject whose words overlap, directly or through others."""

    def find_key(item: Item) -> tuple[tuple[str, str], tuple[int, int]]:
        annotation = find_annotation(item)
        return find_subject(annotation), find_extent(annotation)

    groups: list[list[Item]] = []
    last: tuple[str, str] | None = None
    reached = 0
    for item in sorted(items, key=find_key):
        subject, (start, end) = find_key(item)
        if subject == last and start < reached:
            groups[-1].append(item)
            reached = max(reached, end)
        else:
            groups.append([item])
            last, reached = subject, end
    return groups


def find_open_places(
    document: AnnotatedDocument,
    layers: Iterable[Layer],
    differences: Collection[Ref],
    said: Signatures,
) -> list[list[Ref]]:
    """Return the differences that no decision is about, those of one place together.

    Only ``layers`` are looked at; at each place, the references are in their order. An annotation
    that says the same as a decided one of its layer is decided too.
    """
    decided = {ref for ref, _, _ in iter_about(document.adjudication)}
    annotations: dict[Ref, AnyAnnotation] = {}
    open_refs: list[Ref] = []
    for layer in layers:
        own = said[layer.path]
        named = [ref.id for ref in decided if ref.annotator == layer.annotator]
        settled = {own[name] for name in named if name in own}
        refs = [Ref(layer.annotator, record.id) for record in layer.records]
        differing = [ref for ref in refs if ref in differences]
        annotations.update({ref: layer.by_id[ref.id] for ref in differing})
        open_refs += [ref for ref in differing if own[ref.id] not in settled]

    if not open_refs:
        return []

    order = {ref: number for number, ref in enumerate(open_refs)}
    places = []
    for group in group_by_place(annotations, annotations.__getitem__):
        place = sorted([ref for ref in group if ref in order], key=order.__getitem__)
        if place:
            places.append(place)
    return sorted(places, key=lambda place: order[place[0]])


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


@rule("unnamed-layer", "guideline", "warning")
def unnamed_layer(document: AnnotatedDocument) -> Iterator[Finding]:
    """The metadata of a document name every layer that its decisions are about as adjudicated.

    If a name is dropped, nothing asks for decisions about that layer any more.
    """
    known = {layer.annotator for layer in document.layers}
    decided = {ref.annotator for ref, _, _ in iter_about(document.adjudication)}
    unnamed = (decided & known) - {None, *document.meta.adjudicated}
    for annotator in sorted(map(str, unnamed)):
        message = f"Decisions are about the layer of {annotator!r}, but 'adjudicated' lacks it."
        hint = (
            f"add {annotator!r} to 'adjudicated'; `readout differences --layer {annotator}` lists "
            "what is not decided yet."
        )
        yield Finding(message, ("adjudicated",), hint=hint)


@rule("undecided", "guideline")
def undecided(
    layer: Layer,
    document: AnnotatedDocument,
    places: Collection[Sequence[Ref]],
    said: Signatures,
) -> Iterator[Finding]:
    """A decision is about every difference between gold and the adjudicated layers.

    Each place is reported once: in gold if gold differs there, or else in the first layer.
    """
    here = [place for place in places if place[0].annotator == layer.annotator]
    if not here:
        return
    numbers = {record.id: index for index, record in enumerate(layer.records)}
    saying = said[layer.path]
    others = {each.annotator: {*said[each.path].values()} for each in find_adjudicated(document)}
    for place in here:
        first = place[0]
        if first.annotator is None:
            names = [name for name, says in others.items() if saying[first.id] not in says]
            verb = "does" if len(names) == 1 else "do"
            message = f"{_join(names)} {verb} not say the same as {first.id!r}"
        else:
            names = list(dict.fromkeys(ref.annotator for ref in place))
            verb = "says" if len(names) == 1 else "say"
            message = f"Gold does not say what {_join(names)} {verb} here"
        message += ", and no decision is about it."
        named = f"{first} --document {document.meta.doc_id}"
        hint = f"decide it with `readout decide {named} --section N --reason TEXT --by ID`."
        yield Finding(message, ("id",), numbers[first.id], hint=hint)


def _join(names: Iterable[str | None]) -> str:
    *first, last = map(repr, names)
    return f"{', '.join(first)} and {last}" if first else last


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
    needed = {str(ref) for ref in differences}
    for ref, index, number in iter_about(file):
        layer = document.find_layer(ref.annotator)
        if ref in differences or layer is None or ref.id not in said[layer.path]:
            continue
        message = f"Gold and all layers say the same as {str(ref)!r}."
        hint = _hint_needless(ref, file.records[index], document.meta.doc_id, needed)
        taken = gold[said[layer.path][ref.id]]
        if ref.annotator is not None:
            message = f"Gold says the same as {str(ref)!r}: it is {taken!r} there."
            if Ref(None, taken) in differences:
                hint = f"write {taken!r} in its place, or remove it if the decision names both."
        yield Finding(message, ("about", number), index, hint=hint)


def _hint_needless(ref: Ref, decision: Decision, doc_id: str, needed: Collection[str]) -> str:
    """Return the command that removes a reference from a decision, or the whole decision."""
    named = f"{decision.id} --document {doc_id}"
    if any(text in needed for text in decision.about):
        return f"remove the reference with `readout remove decision {named} --about {ref}`."
    return f"remove the decision with `readout remove decision {named}`."


RULES: tuple[Rule, ...] = (unknown_item, unknown_section, repeated_decision)
