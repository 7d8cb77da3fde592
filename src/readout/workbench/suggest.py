"""Suggest annotations for a text that nobody has annotated yet. No I/O.

Known names become mentions; quotation marks and verbs of speech become quotes. Suggestions save
typing, not judgement: recall comes before precision, cues are English only, and a suggestion is not
an annotation until a person has accepted it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from readout.corpus.drafts import content_id
from readout.model import Form, Speaker, Suggestion
from readout.text.tokens import iter_paragraphs

# The attribution baseline of the benchmark has a list of its own, since its answers are frozen at a
# release; this one may grow whenever that saves annotators work.
_VERBS = (
    "accuse acknowledge add affirm agree announce argue ask assert assure call caution claim "
    "clarify comment confirm congratulate declare demand deny describe disclose emphasize "
    "emphasise explain express hint indicate insist mention note observe pledge praise promise "
    "propose quote recall refuse reiterate reject remark repeat reply report respond reveal state "
    "stress suggest thank threaten tweet underline underscore urge vow warn welcome"
)
_IRREGULAR = (
    "admit admits admitted say says said saying tell tells told telling write writes wrote "
    "speak speaks spoke"
)


def _inflect(verb: str) -> tuple[str, ...]:
    """Return a regular verb in its present, past and -ing forms."""
    if verb.endswith("y"):
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    stem = verb.removesuffix("e")
    third_person = f"{verb}es" if verb.endswith("ss") else f"{verb}s"
    return verb, third_person, f"{stem}ed", f"{stem}ing"


_VERB_FORMS = [*_IRREGULAR.split(), *(form for verb in _VERBS.split() for form in _inflect(verb))]
_CUE_WORDS = "|".join(sorted(_VERB_FORMS, key=len, reverse=True))
_CUE = re.compile(rf"\b(?:according to|{_CUE_WORDS})\b", re.IGNORECASE)
_LONGEST_CUE = max(map(len, ["according to", *_VERB_FORMS]))
_SENTENCE_END = re.compile(r"[.!?][”\"»]?(?=\s)|\n|\Z")
# Up to four words may come before "that": "said on Monday that", "told the paper that".
_THAT = re.compile(r"(?:[^\S\n]+[^\s“”\",.;:]+){0,4}?,?\s+that,?\s+")
_CLOSING = {"“": "”", "‟": "”", "„": "“”", "«": "»", '"': '"'}
"""The marks that close a quotation, by the mark that opens it."""
_REACH = 100
"""The greatest distance in characters between a quotation and its verb of speech."""
_LONGEST = 2_000
"""The greatest length in characters of reported speech without marks; no sentence is as long."""
_PARTING = re.compile(r"(?=(\n|[.][”\"»]\s|[.!?]\s))")


class _Place(NamedTuple):
    """The code points ``start`` to ``end`` of the text."""

    start: int
    end: int

    def contains(self, other: _Place) -> bool:
        return self.start <= other.start and other.end <= self.end

    def distance(self, other: _Place) -> int:
        return max(other.start - self.end, self.start - other.end, 0)


class _Name(NamedTuple):
    """A name in the text, the ids of the speakers who have it, and its suggested mention."""

    place: _Place
    speakers: tuple[str, ...]
    record: dict[str, Any]


class _Report(NamedTuple):
    """A report of speech, and the reason why it is taken for one."""

    content: _Place
    form: Form
    cue: _Place | None
    reason: str


class _Outline:
    """The quotations, ends of sentences and partings of a text, found once and in text order.

    A parting is where a sentence or a paragraph ends, whether or not marks are around it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.quotations = list(iter_quotations(text))
        self.starts = [quotation.start for quotation in self.quotations]
        self.closings = {quotation.end for quotation in self.quotations}
        self.partings = [match.span(1) for match in _PARTING.finditer(text)]
        self.parting_starts = [start for start, _ in self.partings]

        ends = [match.span() for match in _SENTENCE_END.finditer(text)]
        self.ends = [(first, last) for first, last in ends if not self._is_inside(first, last)]
        self.end_starts = [first for first, _ in self.ends]

    def _is_inside(self, first: int, last: int) -> bool:
        at = bisect_left(self.starts, first) - 1
        return at >= 0 and last < self.quotations[at].end

    def is_quoted(self, place: _Place) -> bool:
        """Return whether a quotation contains a place."""
        at = bisect_right(self.starts, place.start) - 1
        return at >= 0 and self.quotations[at].contains(place)

    def quotes(self, place: _Place) -> bool:
        """Return whether a place contains a quotation."""
        at = bisect_left(self.starts, place.start)
        return at < len(self.starts) and self.quotations[at].end <= place.end

    def find_sentence_end(self, start: int) -> int:
        """Return the end of the sentence that ``start`` is in.

        It is before the last mark of the sentence, but after a closing quotation mark.
        """
        at = bisect_left(self.end_starts, start)
        if at == len(self.ends):
            return len(self.text)
        first, last = self.ends[at]
        return last if last in self.closings else first

    def are_parted(self, one: _Place, other: _Place) -> bool:
        """Return whether a sentence or a paragraph ends between two places.

        “It is.” He left. and “Is it?” he asked. differ in this.
        """
        first, second = sorted((one, other))
        last_marks = max(first.end - 2, first.start)
        at = bisect_left(self.parting_starts, last_marks)
        return at < len(self.partings) and self.partings[at][1] <= second.start


def suggest(text: str, speakers: Iterable[Speaker]) -> list[Suggestion]:
    """Return suggested mentions and quotes for a text, in text order."""
    names = list(_iter_names(text, list(speakers)))
    found = [(name.place, _suggest_mention(name)) for name in names]
    outline = _Outline(text)
    reports = _iter_reports(outline)
    found += [(report.content, _suggest_quote(outline, report, names)) for report in reports]
    found.sort(key=lambda pair: pair[0])
    return [suggestion for _, suggestion in found]


# ---------------------------------------------------------------- names


def _iter_names(text: str, speakers: Sequence[Speaker]) -> Iterator[_Name]:
    """Yield the names and aliases of the registry in a text, the longest at each place."""
    owners: dict[str, set[str]] = {}
    for speaker in speakers:
        for name in (speaker.name, *speaker.aliases):
            owners.setdefault(name, set()).add(speaker.speaker_id)
    if not owners:
        return

    by_length = sorted(owners, key=len, reverse=True)
    alternatives = "|".join(map(re.escape, by_length))
    for match in re.finditer(rf"(?<!\w)(?:{alternatives})(?!\w)", text):
        place = _Place(*match.span())
        ids = tuple(sorted(owners[match.group()]))
        record: dict[str, Any] = {"type": "mention", "id": ""}
        if len(ids) == 1:
            record["speaker"] = ids[0]
        record["span"] = _span(text, place)
        record["id"] = content_id(record, ())
        yield _Name(place, ids, record)


def _suggest_mention(name: _Name) -> Suggestion:
    reason = "The words are a name of this speaker in the registry."
    if len(name.speakers) > 1:
        several = ", ".join(name.speakers)
        reason = f"The words are a name of several speakers in the registry: {several}."
    return Suggestion(annotation=name.record, reason=reason)


# ---------------------------------------------------------------- reports of speech


def _iter_reports(outline: _Outline) -> Iterator[_Report]:
    """Yield clauses after a verb of speech and "that", and all quotations outside them."""
    places = [_Place(*match.span()) for match in _CUE.finditer(outline.text)]
    cues = [place for place in places if not outline.is_quoted(place)]
    clauses = list(_iter_clauses(outline, cues))
    yield from clauses

    # The clauses are in the order of their starts, so the furthest end so far tells whether one of
    # those that start before a quotation contains it.
    clause_starts = [clause.content.start for clause in clauses]
    furthest = list(accumulate((clause.content.end for clause in clauses), max))
    for quotation in outline.quotations:
        at = bisect_right(clause_starts, quotation.start) - 1
        if at >= 0 and furthest[at] >= quotation.end:
            continue
        nearest = _nearest_cue(outline, quotation, cues)
        reason = "Quotation marks near a verb of speech."
        if nearest is None:
            reason = "Quotation marks; there is no verb of speech near them."
        yield _Report(quotation, "direct", nearest, reason)


def iter_quotations(text: str) -> Iterator[_Place]:
    """Yield every passage in double quotation marks, with the marks.

    A quotation that is not closed ends with its paragraph.
    """
    for first, last in iter_paragraphs(text):
        opened: int | None = None
        for at in range(first, last):
            if opened is None and text[at] in _CLOSING:
                opened = at
            elif opened is not None and text[at] in _CLOSING[text[opened]]:
                yield _Place(opened, at + 1)
                opened = None
        if opened is not None:
            yield _Place(opened, last)


def _iter_clauses(outline: _Outline, cues: Iterable[_Place]) -> Iterator[_Report]:
    """Yield the rest of each sentence after a cue and "that"."""
    for cue in cues:
        that = _THAT.match(outline.text, cue.end)
        if that is None:
            continue
        content = _Place(that.end(), outline.find_sentence_end(that.end()))
        if 0 < content.end - content.start <= _LONGEST:
            form: Form = "mixed" if outline.quotes(content) else "indirect"
            yield _Report(content, form, cue, "A verb of speech and “that”.")


def _nearest_cue(outline: _Outline, quotation: _Place, cues: Sequence[_Place]) -> _Place | None:
    first = bisect_left(cues, (quotation.start - _REACH - _LONGEST_CUE,))
    last = bisect_right(cues, (quotation.end + _REACH + 1,))
    near = [
        cue
        for cue in cues[first:last]
        if cue.distance(quotation) <= _REACH and not outline.are_parted(cue, quotation)
    ]
    return min(near, key=lambda cue: (cue.distance(quotation), cue), default=None)


def _suggest_quote(outline: _Outline, report: _Report, names: Sequence[_Name]) -> Suggestion:
    text = outline.text
    record: dict[str, Any] = {
        "type": "quote",
        "id": "",
        "form": report.form,
        "content": [_span(text, report.content)],
    }
    if report.cue:
        record["cue"] = [_span(text, report.cue)]
        name = _nearest_name(outline, report.cue, report.content, names)
        if name:
            record["source"] = name.record["id"]
            if "speaker" in name.record:
                record["speaker"] = name.record["speaker"]
    record["id"] = content_id(record, ())
    return Suggestion(annotation=record, reason=report.reason)


def _nearest_name(
    outline: _Outline, cue: _Place, content: _Place, names: Sequence[_Name]
) -> _Name | None:
    """Return the nearest name outside the content that no end of a sentence parts from a cue.

    The names on either side are tried from the nearest on. If one is parted from the cue, so are
    all that are further away.
    """
    middle = bisect_left(names, cue, key=lambda name: name.place)
    inside = [
        bisect_left(names, content.start, key=lambda name: name.place.start),
        bisect_right(names, content.end, key=lambda name: name.place.end),
    ]
    near = []
    for step, start in ((-1, middle - 1), (1, middle)):
        at = start
        while 0 <= at < len(names) and not outline.are_parted(names[at].place, cue):
            if not content.contains(names[at].place):
                near.append(names[at])
                break
            at = inside[0] - 1 if step < 0 else inside[1]
    return min(near, key=lambda name: (name.place.distance(cue), name.place), default=None)


def _span(text: str, place: _Place) -> dict[str, Any]:
    return {"start": place.start, "end": place.end, "exact": text[place.start : place.end]}
