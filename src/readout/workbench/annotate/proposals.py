"""Propose the obvious links of an annotation that is about to be made. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from readout.model import AnyAnnotation, Mention, Quote, Speaker, main_spans

Place: TypeAlias = tuple[int, int]


def propose(
    annotation_type: str,
    place: Place,
    text: str,
    paragraphs: Sequence[Place],
    records: Iterable[AnyAnnotation],
    speakers: Iterable[Speaker],
    outlet: str | None,
) -> dict[str, Any]:
    """Return values for fields of an annotation at a place; fields without a proposal are missing.

    - The speaker of a mention is the only one who has its words as name or alias, or who is
      mentioned by the same words before.
    - A quote is in the innermost quote around it, and its source is the nearest mention of its
      paragraph that is not in it: the last one before it or, failing that, the first one after it.
    - A stance has the innermost quote around it, and its holder is the speaker of that quote; in
      the author's own voice, it is the outlet.
    """
    known = list(records)
    if annotation_type == "mention":
        return _drop_missing({"speaker": _find_speaker(text[slice(*place)], known, speakers)})

    around = find_innermost(place, known, is_equal_too=annotation_type == "stance")
    if annotation_type == "stance":
        holder = around.speaker if around else outlet
        return _drop_missing({"quote": around.id if around else None, "holder": holder})
    if annotation_type != "quote":
        return {}

    paragraph = next((each for each in paragraphs if each[0] <= place[0] < each[1]), place)
    source = find_source(place, paragraph, known)
    found = {
        "within": around.id if around else None,
        "source": source.id if source else None,
        "speaker": source.speaker if source else None,
    }
    return _drop_missing(found)


def _drop_missing(fields: dict[str, str | None]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def find_innermost(
    place: Place, records: Iterable[AnyAnnotation], is_equal_too: bool = False
) -> Quote | None:
    """Return the smallest quote whose content is around a place, or also one that is equal to it.

    A stance may have all that was said as its evidence; a quote is not in itself.
    """
    found = []
    for record in records:
        if isinstance(record, Quote):
            whole = (record.content[0].start, record.content[-1].end)
            is_around = whole[0] <= place[0] and place[1] <= whole[1]
            if is_around and (is_equal_too or whole != place):
                found.append((whole[1] - whole[0], record.id, record))
    return min(found)[2] if found else None


def find_source(place: Place, paragraph: Place, records: Iterable[AnyAnnotation]) -> Mention | None:
    """Return the last mention before a place in its paragraph, or the first one after it."""
    mentions = []
    for record in records:
        if isinstance(record, Mention):
            start, end = record.span.start, record.span.end
            if paragraph[0] <= start and end <= paragraph[1]:
                mentions.append(record)
    before = [each for each in mentions if each.span.end <= place[0]]
    after = [each for each in mentions if each.span.start >= place[1]]
    if before:
        return max(before, key=lambda each: each.span.end)
    return min(after, key=lambda each: each.span.start, default=None)


def _find_speaker(
    words: str, records: Sequence[AnyAnnotation], speakers: Iterable[Speaker]
) -> str | None:
    """Return the only speaker of some words, by the registry or by earlier mentions."""
    folded = words.casefold()
    named = set()
    for speaker in speakers:
        names = [name.casefold() for name in (speaker.name, *speaker.aliases)]
        if folded in names:
            named.add(speaker.speaker_id)
    mentions = [record for record in records if isinstance(record, Mention)]
    said = {each.speaker for each in mentions if main_spans(each)[0].exact.casefold() == folded}
    for found in (named, said):
        if len(found) == 1:
            return found.pop()
    return None
