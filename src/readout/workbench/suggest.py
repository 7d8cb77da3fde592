"""Suggest annotations for a text that nobody has annotated yet. No I/O.

Known names become mentions; quotation marks and verbs of speech become quotes. Suggestions save
typing, not judgement: recall comes before precision, and a suggestion is not an annotation until a
person has accepted it. The verbs and marks of each language are in ``languages/``; for other
languages, only names and quotation marks are found.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from readout.corpus.drafts import content_id
from readout.model import Form, Speaker, Suggestion
from readout.text.tokens import iter_paragraphs
from readout.workbench.languages import Language, all_marks, find_language

_CLOSERS = "”\"»«›‹“’'‘״"
"""Marks that close a quotation in some language."""
_SENTENCE_END = re.compile(rf"[.!?؟][{_CLOSERS}]?(?=\s|\Z)|\n|\Z")
# A question or an exclamation inside of marks does not end the sentence around it. French has a
# space that does not break before its closing mark.
_PARTING = re.compile(
    rf"(?=(\n|[.](?:[{_CLOSERS}]|[ \u00a0\u202f][»›])\s|[.!?؟](?![ \u00a0\u202f][»›])\s))"
)
_REACH = 100
"""The greatest distance in characters between a quotation and its verb of speech."""
_NEXT = 25
"""The greatest distance in characters between a verb of speech and a pronoun as its subject."""
_PAUSE = 3
"""The greatest distance between a quotation and a verb directly after it, with a comma between."""
_LONGEST = 2_000
"""The greatest length in characters of reported speech without marks; no sentence is as long."""
_SINGLE = frozenset("'‘‚")
"""Opening marks whose closing marks may also be apostrophes."""
_STRAIGHT = frozenset("\"'״”")
"""Opening marks that look like closing ones: a word follows them, and none precedes them."""


class _Patterns(NamedTuple):
    """What is searched for in texts of one language; None if the language is not known."""

    marks: Mapping[str, str]
    cue: re.Pattern[str] | None = None
    that: re.Pattern[str] | None = None
    pronoun: re.Pattern[str] | None = None
    longest_cue: int = 0


@cache
def _compile_patterns(tag: str) -> _Patterns:
    """Return the patterns for the language of a BCP 47 tag."""
    language = find_language(tag)
    if language is None:
        return _Patterns(all_marks())
    cues = language.cues
    prefixes = _join_words(language.prefixes)
    longest = max(map(len, cues)) + max(map(len, language.prefixes), default=0)
    return _Patterns(
        marks=language.closing_marks,
        cue=re.compile(rf"(?<!\w)(?:{prefixes})?(?:{_join_words(cues)})(?!\w)", re.IGNORECASE),
        that=_compile_that(language),
        pronoun=re.compile(rf"(?<!\w)(?:{_join_words(language.pronouns)})(?!\w)", re.IGNORECASE),
        longest_cue=longest,
    )


def _join_words(words: Iterable[str]) -> str:
    """Return a pattern for any of some words, the longest first."""
    by_length = sorted(words, key=len, reverse=True)
    return "|".join(map(re.escape, by_length))


def _compile_that(language: Language) -> re.Pattern[str]:
    """Return a pattern that reaches from a cue to the content of an indirect quote.

    Up to four words may come before "that": "said on Monday that", "told the paper that".
    """
    ways = [rf"(?:{_join_words(language.that)})(?!\w)[,،]?\s+"]
    for start, following in language.that_before.items():
        words = [re.escape(word).replace(r"\*", r"\w+") + r"(?!\w)" for word in following]
        followed = f"(?={'|'.join(words)})" if words else r"(?=\w)"
        ways.append(f"{re.escape(start)}{followed}")
    if language.that_within:
        ways.append(rf"(?=(?:{_join_words(language.that_within)})(?!\w))")
    between = r"(?:[^\S\n]+[^\s“”\",.;:،؛]+){0,4}?[,،]?\s+"
    return re.compile(f"{between}(?:{'|'.join(ways)})", re.IGNORECASE)


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

    content: tuple[_Place, ...]
    form: Form
    cue: _Place | None
    reason: str

    @property
    def whole(self) -> _Place:
        """From the start of the first part of the content to the end of the last."""
        return _Place(self.content[0].start, self.content[-1].end)


class _Outline:
    """The quotations, ends of sentences and partings of a text, found once and in text order.

    A parting is where a sentence or a paragraph ends, whether or not marks are around it.
    """

    def __init__(self, text: str, marks: Mapping[str, str]) -> None:
        self.text = text
        self.quotations = list(iter_quotations(text, marks))
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

    def follows_quotation(self, place: _Place) -> bool:
        """Return whether a quotation ends just before a place."""
        at = bisect_left(self.starts, place.start) - 1
        return at >= 0 and place.start - self.quotations[at].end <= _PAUSE

    def find_form(self, content: _Place) -> Form:
        """Return the form of a report: whether all, a part or nothing of it is quoted."""
        at = bisect_left(self.starts, content.start)
        if at == len(self.starts) or self.quotations[at].end > content.end:
            return "indirect"
        return "direct" if self.quotations[at] == content else "mixed"

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
        last_marks = max(first.end - 3, first.start)
        at = bisect_left(self.parting_starts, last_marks)
        return at < len(self.partings) and self.partings[at][1] <= second.start


def suggest(text: str, speakers: Iterable[Speaker], language: str = "und") -> list[Suggestion]:
    """Return suggested mentions and quotes for a text, in text order.

    ``language`` is the BCP 47 tag of the text.
    """
    patterns = _compile_patterns(language)
    outline = _Outline(text, patterns.marks)
    cues = list(_iter_cues(outline, patterns))
    names = list(_iter_names(text, list(speakers)))
    pronouns = list(_iter_pronouns(outline, cues, names, patterns))
    sources = sorted([*names, *pronouns], key=lambda name: name.place)

    found = [(name.place, _suggest_mention(name)) for name in names]
    used: set[_Place] = set()
    for report in _iter_reports(outline, cues, patterns):
        source = _find_source(outline, report, sources)
        if source and not source.speakers:
            used.add(source.place)
        found.append((report.whole, _suggest_quote(outline, report, source)))
    found += [(name.place, _suggest_mention(name)) for name in pronouns if name.place in used]
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
        yield _build_name(text, place, ids, record)


def _build_name(
    text: str, place: _Place, speakers: tuple[str, ...], record: dict[str, Any]
) -> _Name:
    record["span"] = _span(text, place)
    record["id"] = content_id(record, ())
    return _Name(place, speakers, record)


def _iter_pronouns(
    outline: _Outline, cues: Iterable[_Place], names: Sequence[_Name], patterns: _Patterns
) -> Iterator[_Name]:
    """Yield the pronouns that may be the subject of a cue.

    They precede it, or follow it where it follows a quotation: “…,” said he.
    """
    if patterns.pronoun is None:
        return
    taken = {name.place for name in names}
    for cue in cues:
        before = _Place(max(0, cue.start - _NEXT), cue.start)
        after = _Place(cue.end, min(len(outline.text), cue.end + _NEXT))
        sides = [before, after] if outline.follows_quotation(cue) else [before]
        for side in sides:
            for match in patterns.pronoun.finditer(outline.text, side.start, side.end):
                place = _Place(*match.span())
                if place not in taken and _are_adjacent(outline.text, place, cue):
                    taken.add(place)
                    record = {"type": "mention", "id": ""}
                    yield _build_name(outline.text, place, (), record)


# At most one other word, such as an adverb or an auxiliary, is between subject and verb.
_ADJACENT = re.compile(r"[\s-]*(?:\w+[\s-]+)?")


def _are_adjacent(text: str, one: _Place, other: _Place) -> bool:
    first, second = sorted((one, other))
    return _ADJACENT.fullmatch(text, first.end, second.start) is not None


def _suggest_mention(name: _Name) -> Suggestion:
    reason = "The words are a name of this speaker in the registry."
    if not name.speakers:
        reason = "A pronoun next to a verb of speech; the text says who is meant."
    if len(name.speakers) > 1:
        several = ", ".join(name.speakers)
        reason = f"The words are a name of several speakers in the registry: {several}."
    return Suggestion(annotation=name.record, reason=reason)


# ---------------------------------------------------------------- reports of speech


def _iter_cues(outline: _Outline, patterns: _Patterns) -> Iterator[_Place]:
    """Yield the verbs of speech and other cues that no quotation contains."""
    if patterns.cue is None:
        return
    for match in patterns.cue.finditer(outline.text):
        place = _Place(*match.span())
        if not outline.is_quoted(place):
            yield place


def _iter_reports(
    outline: _Outline, cues: Sequence[_Place], patterns: _Patterns
) -> Iterator[_Report]:
    """Yield clauses after a verb of speech and "that", and all quotations outside them."""
    clauses = list(_iter_clauses(outline, cues, patterns))
    inside = _find_inside(outline, clauses)
    broken = _find_interruptions(outline, cues, inside)
    taken = set(broken.values())
    if taken:
        clauses = [clause for clause in clauses if clause.cue not in taken]
        inside = _find_inside(outline, clauses)
    yield from clauses

    for index, quotation in enumerate(outline.quotations):
        if index in inside or index - 1 in broken:
            continue
        if index in broken:
            parts = (quotation, outline.quotations[index + 1])
            reason = "A quotation that a verb of speech interrupts."
            yield _Report(parts, "direct", broken[index], reason)
        else:
            yield _report_quotation(outline, quotation, cues, patterns)


def _find_inside(outline: _Outline, clauses: Sequence[_Report]) -> set[int]:
    """Return the numbers of the quotations that a clause contains."""
    # The clauses are in the order of their starts, so the furthest end so far tells whether one of
    # those that start before a quotation contains it.
    starts = [clause.whole.start for clause in clauses]
    furthest = list(accumulate((clause.whole.end for clause in clauses), max))
    found = set()
    for index, quotation in enumerate(outline.quotations):
        at = bisect_right(starts, quotation.start) - 1
        if at >= 0 and furthest[at] >= quotation.end:
            found.add(index)
    return found


def _report_quotation(
    outline: _Outline, quotation: _Place, cues: Sequence[_Place], patterns: _Patterns
) -> _Report:
    nearest = _nearest_cue(outline, quotation, cues, patterns)
    reason = "Quotation marks near a verb of speech."
    if nearest is None:
        reason = "Quotation marks; there is no verb of speech near them."
    return _Report((quotation,), "direct", nearest, reason)


_PAUSES = frozenset(",،–—-")


def _find_interruptions(
    outline: _Outline, cues: Sequence[_Place], inside: Container[int]
) -> dict[int, _Place]:
    """Return the cues that interrupt a quotation, by the number of its first part.

    A first part ``inside`` of a clause already has a cue.

    In “We go,” she said, “by boat.” a cue and a comma are between the parts. If a sentence ends
    between them, or if there is a second cue, they are two quotations.
    """
    found: dict[int, _Place] = {}
    for number, (first, second) in enumerate(pairwise(outline.quotations)):
        between = outline.text[first.end : min(second.start, first.end + 2 * _REACH)]
        is_near = first.end + len(between) == second.start
        goes_on = is_near and between.rstrip()[-1:] in _PAUSES
        is_taken = number in inside or number - 1 in found
        if is_taken or not goes_on or outline.are_parted(first, second):
            continue
        at = bisect_left(cues, first)
        between_cues = [cue for cue in cues[at : at + 2] if cue.end <= second.start]
        if len(between_cues) == 1:
            found[number] = between_cues[0]
    return found


def iter_quotations(text: str, marks: Mapping[str, str]) -> Iterator[_Place]:
    """Yield every passage in quotation marks, with the marks.

    ``marks`` has the marks that close a quotation, by the one that opens it. A quotation that is
    not closed ends with its paragraph; single marks that are not closed are apostrophes.
    """
    signs = "".join(sorted({*marks, *"".join(marks.values())}))
    pattern = re.compile(f"[{re.escape(signs)}]")
    for first, last in iter_paragraphs(text):
        places = [match.start() for match in pattern.finditer(text, first, last)]
        done = first
        for index, start in enumerate(places):
            if start < done or text[start] not in marks or not _can_open(text, start):
                continue
            end = _find_end(text, marks, places, index)
            if end is None and text[start] in _SINGLE:
                continue
            done = last if end is None else end + 1
            yield _Place(start, done)


def _can_open(text: str, at: int) -> bool:
    if text[at] not in _STRAIGHT and text[at] not in _SINGLE:
        return True
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    # ’90s is no quotation.
    is_decade = text[at] in _SINGLE and after.isdigit()
    return not before.isalnum() and bool(after.strip()) and not is_decade


def _find_end(text: str, marks: Mapping[str, str], places: Sequence[int], index: int) -> int | None:
    """Return where the quotation ends that opens at ``places[index]``: the place of a mark."""
    opening = text[places[index]]
    likely = None
    for number in range(index + 1, len(places)):
        at = places[number]
        if text[at] == opening and opening in _SINGLE and _can_open(text, at):
            break
        if text[at] not in marks[opening] or _is_inside_word(text, at):
            continue
        if opening not in _SINGLE:
            return at
        before = text[at - 1 : at]
        if before == "s":
            # It may be the apostrophe of a plural, as in “the workers' demand”.
            likely = at if likely is None else likely
        elif before.strip() and not text[at + 1 : at + 2].isalnum():
            return at
    return likely


def _is_inside_word(text: str, at: int) -> bool:
    """Return whether a mark is between two letters, as in an abbreviation or after an elision."""
    return text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()


def _iter_clauses(
    outline: _Outline, cues: Iterable[_Place], patterns: _Patterns
) -> Iterator[_Report]:
    """Yield the rest of each sentence after a cue and "that"."""
    if patterns.that is None:
        return
    for cue in cues:
        that = patterns.that.match(outline.text, cue.end)
        if that is None:
            continue
        content = _Place(that.end(), outline.find_sentence_end(that.end()))
        if 0 < content.end - content.start <= _LONGEST:
            yield _Report(
                (content,), outline.find_form(content), cue, "A verb of speech and “that”."
            )


def _nearest_cue(
    outline: _Outline, quotation: _Place, cues: Sequence[_Place], patterns: _Patterns
) -> _Place | None:
    first = bisect_left(cues, (quotation.start - _REACH - patterns.longest_cue,))
    last = bisect_right(cues, (quotation.end + _REACH + 1,))
    near = [
        cue
        for cue in cues[first:last]
        if cue.distance(quotation) <= _REACH and not outline.are_parted(cue, quotation)
    ]
    return min(near, key=lambda cue: (cue.distance(quotation), cue), default=None)


def _suggest_quote(outline: _Outline, report: _Report, source: _Name | None) -> Suggestion:
    text = outline.text
    record: dict[str, Any] = {
        "type": "quote",
        "id": "",
        "form": report.form,
        "content": [_span(text, part) for part in report.content],
    }
    if report.cue:
        record["cue"] = [_span(text, report.cue)]
    if source:
        record["source"] = source.record["id"]
        if "speaker" in source.record:
            record["speaker"] = source.record["speaker"]
    record["id"] = content_id(record, ())
    return Suggestion(annotation=record, reason=report.reason)


def _find_source(outline: _Outline, report: _Report, names: Sequence[_Name]) -> _Name | None:
    """Return the nearest name outside the content that no end of a sentence parts from the cue.

    The names on either side are tried from the nearest on. If one is parted from the cue, so are
    all that are further away.
    """
    cue = report.cue
    if cue is None:
        return None
    middle = bisect_left(names, cue, key=lambda name: name.place)
    near = []
    for step, start in ((-1, middle - 1), (1, middle)):
        at = start
        while 0 <= at < len(names) and not outline.are_parted(names[at].place, cue):
            place = names[at].place
            part = next((part for part in report.content if part.contains(place)), None)
            if part is None:
                near.append(names[at])
                break
            if step < 0:
                at = bisect_left(names, part.start, key=lambda name: name.place.start) - 1
            else:
                at = bisect_right(names, part.end, key=lambda name: name.place.end)
    return min(near, key=lambda name: (name.place.distance(cue), name.place), default=None)


def _span(text: str, place: _Place) -> dict[str, Any]:
    return {"start": place.start, "end": place.end, "exact": text[place.start : place.end]}
