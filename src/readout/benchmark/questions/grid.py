"""The questions of ``stance``: every holder in a paragraph, with every target of the registry.

Which questions are asked depends on mentions, the speakers of quotes, boilerplate and the
registries, and never on stances; so the set of questions says nothing about the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from readout.benchmark.questions.items import iter_gold, make_item
from readout.benchmark.questions.paragraphs import (
    SIDES,
    Evidence,
    Pair,
    Place,
    choose_label,
    find_evidence,
    list_places,
    show_paragraph,
)
from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Boilerplate,
    Corpus,
    Item,
    Mention,
    Quote,
    Registries,
    iter_spans,
)

FAMILIES: Mapping[str, Callable[[Item], tuple[Any, ...]]] = {
    "holder": lambda item: (item.inputs["paragraph"], item.target),
    "target": lambda item: (item.inputs["paragraph"], item.holder),
    "paragraph": lambda item: (item.holder, item.target),
}
"""For each family of swaps, what two items of a document share if they differ only in its name."""


def iter_stance(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield one item per paragraph, holder and target, with the partners of the positive ones."""
    items = list(_iter_unpaired(document, registries))
    swaps = find_swaps(items)
    for item in items:
        yield replace(item, swap=swaps[item.id]) if item.id in swaps else item


def _iter_unpaired(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    kin = {holder: _find_kin(holder, registries) for holder in registries.speakers}
    for place in list_places(document):
        evidence = find_evidence(document, place)
        for holder in list_holders(document, registries, place):
            for target in registries.targets:
                pair = Pair(holder, target)
                inputs = show_paragraph(document, place, pair, registries)
                label = _label_pair(pair, evidence, kin[holder])
                yield make_item("stance", document, (place.number, *pair), inputs, label)


# ---------------------------------------------------------------- which questions are asked


def list_holders(document: AnnotatedDocument, registries: Registries, place: Place) -> list[str]:
    """Return the holders whom a paragraph of the article mentions or quotes, and its outlet.

    A paragraph with nothing but boilerplate has none.
    """
    if _is_boilerplate(document, place):
        return []

    holders = set()
    for record in (*iter_gold(document, Mention), *iter_gold(document, Quote)):
        if _is_inside(record, place):
            holders.add(record.speaker)
    if document.meta.outlet in registries.speakers:
        holders.add(document.meta.outlet)
    return sorted(holders)


def _is_inside(record: AnyAnnotation, place: Place) -> bool:
    """Return whether an annotation shares a character with a paragraph."""
    spans = iter_spans(record)
    return any(span.start < place.end and place.start < span.end for _, span in spans)


def _is_boilerplate(document: AnnotatedDocument, place: Place) -> bool:
    rest = document.text[place.start : place.end]
    for record in iter_gold(document, Boilerplate):
        start = max(record.span.start - place.start, 0)
        end = min(record.span.end - place.start, len(rest))
        if start < end:
            rest = rest[:start] + " " * (end - start) + rest[end:]
    return rest.isspace()


# ---------------------------------------------------------------- their answers


def _label_pair(pair: Pair, evidence: Evidence, kin: set[str]) -> str | None:
    """Return favor, against or none; None if the text does not settle the answer.

    It does not if the holder takes both sides, or if the holder has no stance but a group of theirs
    takes a side, or a member of the group that the holder is.
    """
    if pair in evidence:
        return choose_label(evidence[pair], "none")

    of_kin = [evidence.get(Pair(name, pair.target), {}) for name in kin]
    is_taken_by_kin = any(not SIDES.isdisjoint(polarities) for polarities in of_kin)
    return None if is_taken_by_kin else "none"


def _find_kin(holder: str, registries: Registries) -> set[str]:
    """Return the members of a group and the groups of a member."""
    groups = {name for name, entry in registries.speakers.items() if holder in entry.members}
    return groups | set(registries.speakers[holder].members)


def count_outside(corpus: Corpus) -> int:
    """Return the number of stances in paragraphs that the grid does not ask about.

    A stance is counted once per paragraph, if it takes a side there. Its holder is not mentioned in
    the paragraph, or the paragraph is boilerplate.
    """
    number = 0
    for document in corpus.documents:
        for place in list_places(document):
            holders = list_holders(document, corpus.registries, place)
            for pair, polarities in find_evidence(document, place).items():
                if pair.holder not in holders and choose_label(polarities, "none") in SIDES:
                    number += 1
    return number


# ---------------------------------------------------------------- swaps


def find_swaps(items: Sequence[Item]) -> dict[str, dict[str, str]]:
    """Return the partner of each positive item of a document, by its id and the family.

    A partner is scored, shares all but one thing with the item, and has another answer. Another
    holder is no outlet. Of several candidates, the one with the smallest hash is drawn, so that the
    choice depends on nothing else.
    """
    swaps: dict[str, dict[str, str]] = {}
    for family, find_key in FAMILIES.items():
        groups: dict[tuple[Any, ...], list[Item]] = {}
        for item in items:
            groups.setdefault(find_key(item), []).append(item)

        for item in items:
            if item.gold in SIDES:
                group = groups[find_key(item)]
                others = [each.id for each in group if _may_be_partner(each, item, family)]
                if others:
                    swaps.setdefault(item.id, {})[family] = _draw(item.id, others)
    return swaps


def _may_be_partner(other: Item, item: Item, family: str) -> bool:
    # Every paragraph asks about its outlet, which seldom takes a side. As partners, outlets would
    # make two thirds of this family answerable without the text.
    is_outlet = other.inputs["holder_kind"] == "outlet"
    if family == "holder" and is_outlet:
        return False
    return other.gold not in (None, item.gold)


def _draw(positive: str, candidates: Sequence[str]) -> str:
    def rank(candidate: str) -> bytes:
        return sha256(f"{positive} {candidate}".encode()).digest()

    return min(candidates, key=rank)
