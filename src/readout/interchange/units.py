"""Find out what the offsets of a foreign file count: code points, or units of another language.

JavaScript and Java count UTF-16 code units, some tools grapheme clusters or bytes. In most texts
that is the same; the places where it is not tell the units apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, get_args

from readout.text.find import Unit, is_inside_word, map_offsets

UNITS: tuple[Unit, ...] = get_args(Unit)


class Place(NamedTuple):
    """Two offsets in a text, and the words that the file states there, if it states any."""

    text: str
    start: int
    end: int
    words: str | None = None


Passage: TypeAlias = tuple[int, int] | None
"""The offsets of a place in code points; None if a unit puts it outside the text or a character."""

_CLEAR = 0.9
"""The share of places that must fit if a unit is right. Annotators select parts of words now and
then, but a wrong unit shifts everything behind the first character that it counts wrong."""


def find_units(places: Sequence[Place], default: Unit) -> list[Unit]:
    """Return the units that the offsets of places may count; the first is the default if it may.

    A unit must give the words that the file states in nearly all places in which the units differ;
    if the file states none, it must give whole words there. The list has only units that differ; it
    is empty if the file states words that no unit gives.
    """
    has_words = any(place.words is not None for place in places)
    if has_words:
        places = [place for place in places if place.words is not None]
    readings = _read_in_all_units(places, default)
    if len(readings) == 1:
        return [default]

    in_each_unit = list(zip(*readings.values(), strict=True))
    differing = [number for number, each in enumerate(in_each_unit) if len(set(each)) > 1]
    fits = _has_words if has_words else _is_whole
    clear = []
    for unit, passages in readings.items():
        fitting = [fits(places[number], passages[number]) for number in differing]
        if sum(fitting) >= _CLEAR * len(fitting):
            clear.append(unit)

    if has_words:
        return [default] if default in clear else clear
    return clear or list(readings)


def _read_in_all_units(places: Sequence[Place], default: Unit) -> dict[Unit, list[Passage]]:
    """Return the passages of places by unit, without units that give the same as another."""
    readings: dict[Unit, list[Passage]] = {}
    for unit in dict.fromkeys((default, *UNITS)):
        passages = list(_iter_passages(places, unit))
        if passages not in readings.values():
            readings[unit] = passages
    return readings


def _iter_passages(places: Iterable[Place], unit: Unit) -> Iterator[Passage]:
    text, offsets = None, None
    for place in places:
        if offsets is None or place.text != text:
            text, offsets = place.text, map_offsets(place.text, unit)
        try:
            start, end = offsets.from_foreign(place.start), offsets.from_foreign(place.end)
        except ValueError:
            yield None
        else:
            yield (start, end) if start < end else None


def _has_words(place: Place, passage: Passage) -> bool:
    """Return whether a passage has the words that the file states, apart from white space."""
    if passage is None or place.words is None:
        return False
    return place.text[slice(*passage)].split() == place.words.split()


def _is_whole(place: Place, passage: Passage) -> bool:
    """Return whether a passage consists of whole words without white space at its ends."""
    if passage is None:
        return False
    words = place.text[slice(*passage)]
    inside = any(is_inside_word(place.text, offset) for offset in passage)
    return words == words.strip() and not inside


def describe_units(places: Sequence[Place], units: Iterable[Unit]) -> str:
    """Return the words of the first place in which units differ, for each unit."""
    readings = {unit: list(_iter_passages(places, unit)) for unit in units}
    for place, *passages in zip(places, *readings.values(), strict=True):
        if len(set(passages)) > 1:
            parts = []
            for unit, passage in zip(readings, passages, strict=True):
                words = repr(place.text[slice(*passage)]) if passage else "not whole characters"
                parts.append(f"{unit} if {place.start}–{place.end} is {words}")
            return ", ".join(parts)
    return ""
