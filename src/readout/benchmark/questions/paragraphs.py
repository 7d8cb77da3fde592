"""The questions about a stance that a paragraph shows: polarity, evidence and counter.

They are asked only if gold has a stance of the holder towards the target with evidence in the
paragraph. None of them shows the evidence, and ``evidence`` does not show the polarity, so none
answers another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from readout.benchmark.questions.items import iter_gold, make_item, merge_spans, show_pair
from readout.model import AnnotatedDocument, Item, Polarity, Registries, Span, Stance
from readout.text.tokens import Paragraphs

SIDES = frozenset({"favor", "against"})
OPPOSITE: Mapping[str, str] = {"favor": "against", "against": "favor"}


class Place(NamedTuple):
    """A paragraph of a document: its number and its offsets, end excluded."""

    number: int
    start: int
    end: int


class Pair(NamedTuple):
    """A holder and a target, by their ids."""

    holder: str
    target: str


Evidence: TypeAlias = Mapping[Pair, Mapping[Polarity, list[Span]]]
"""The evidence in a paragraph, by holder and target, and by polarity; offsets in the paragraph."""


def list_places(document: AnnotatedDocument) -> list[Place]:
    """Return the paragraphs of a document."""
    spans = Paragraphs(document.text).spans
    return [Place(number, start, end) for number, (start, end) in enumerate(spans)]


def find_evidence(document: AnnotatedDocument, place: Place) -> Evidence:
    """Return the evidence of the gold stances that a paragraph contains, in alphabetical order."""
    found: dict[Pair, dict[Polarity, list[Span]]] = {}
    for record in iter_gold(document, Stance):
        for span in record.evidence:
            start, end = max(span.start, place.start), min(span.end, place.end)
            if start < end:
                exact = document.text[start:end]
                inside = Span(start - place.start, end - place.start, exact)
                pair = Pair(record.holder, record.target)
                found.setdefault(pair, {}).setdefault(record.polarity, []).append(inside)
    return dict(sorted(found.items()))


def choose_label(polarities: Collection[str], otherwise: str) -> str | None:
    """Return the side that some polarities take, or ``otherwise``; None if they take both."""
    sides = SIDES.intersection(polarities)
    if len(sides) > 1:
        return None
    return min(sides, default=otherwise)


def show_paragraph(
    document: AnnotatedDocument, place: Place, pair: Pair, registries: Registries
) -> dict[str, Any]:
    """Return the inputs of a question about a paragraph, a holder and a target."""
    text = document.text[place.start : place.end]
    return {"text": text, "paragraph": place.number, **show_pair(*pair, registries)}


# ---------------------------------------------------------------- the questions


def iter_polarity(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield one item per paragraph, holder and target of a stance; not scored if on both sides."""
    for place in list_places(document):
        for pair, polarities in find_evidence(document, place).items():
            inputs = show_paragraph(document, place, pair, registries)
            label = choose_label(polarities, "neutral")
            yield make_item("polarity", document, (place.number, *pair), inputs, label)


def iter_evidence(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield one item per paragraph, holder and target of a stance; spans are of the paragraph."""
    for place in list_places(document):
        for pair, by_polarity in find_evidence(document, place).items():
            inputs = show_paragraph(document, place, pair, registries)
            spans = [span for each in by_polarity.values() for span in each]
            gold = merge_spans(spans)
            yield make_item("evidence", document, (place.number, *pair), inputs, gold)


def iter_counter(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield two items per stance that takes a side, if its target has a counter-proposition.

    One asks about the proposition, the other about its counter, whose right answer is the opposite
    side. The first names the second as its partner: a system has understood the proposition only if
    it is right about both.
    """
    for place in list_places(document):
        for pair, polarities in find_evidence(document, place).items():
            side = choose_label(polarities, "neutral")
            counter = registries.targets[pair.target].counter
            if side in SIDES and counter:
                plain = show_paragraph(document, place, pair, registries)
                turned = {
                    **plain,
                    "proposition": counter,
                    "favor_means": plain["against_means"],
                    "against_means": plain["favor_means"],
                }
                parts = (place.number, *pair)
                partner = make_item(
                    "counter", document, (*parts, "counter"), turned, OPPOSITE[side]
                )
                item = make_item("counter", document, parts, plain, side)
                yield replace(item, swap={"counter": partner.id})
                yield partner
