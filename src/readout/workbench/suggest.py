"""Suggest annotations for a text that nobody has annotated yet. No I/O.

Known names become mentions; quotation marks and verbs of speech become quotes. Suggestions save
typing, not judgement: recall comes before precision, cues are English only, and a suggestion is not
an annotation until a person has copied it into a layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
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
_SENTENCE_END = re.compile(r"[.!?][”\"»]?(?=\s)|\n|\Z")
# Up to four words may come before "that": "said on Monday that", "told the paper that".
_THAT = re.compile(r"(?:[^\S\n]+[^\s“”\",.;:]+){0,4}?,?\s+that,?\s+")
_CLOSING = {"“": "”", "‟": "”", "„": "“”", "«": "»", '"': '"'}
"""The marks that close a quotation, by the mark that opens it."""
_REACH = 100
"""The greatest distance in characters between a quotation and its verb of speech."""


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


def suggest(text: str, speakers: Iterable[Speaker]) -> list[Suggestion]:
    """Return suggested mentions and quotes for a text, in text order."""
    names = list(_iter_names(text, list(speakers)))
    found = [(name.place, _suggest_mention(name)) for name in names]
    reports = _iter_reports(text)
    found += [(report.content, _suggest_quote(text, report, names)) for report in reports]
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


def _iter_reports(text: str) -> Iterator[_Report]:
    """Yield clauses after a verb of speech and "that", and all quotations outside them."""
    quotations = list(iter_quotations(text))
    cues = []
    for match in _CUE.finditer(text):
        cue = _Place(*match.span())
        if not any(quotation.contains(cue) for quotation in quotations):
            cues.append(cue)

    clauses = list(_iter_clauses(text, cues, quotations))
    yield from clauses
    for quotation in quotations:
        if any(clause.content.contains(quotation) for clause in clauses):
            continue
        nearest = _nearest_cue(text, quotation, cues)
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


def _iter_clauses(
    text: str, cues: Iterable[_Place], quotations: Sequence[_Place]
) -> Iterator[_Report]:
    """Yield the rest of each sentence after a cue and "that"."""
    for cue in cues:
        that = _THAT.match(text, cue.end)
        if that is None:
            continue
        content = _Place(that.end(), _sentence_end(text, that.end(), quotations))
        if content.start < content.end:
            quoted = any(content.contains(quotation) for quotation in quotations)
            form: Form = "mixed" if quoted else "indirect"
            yield _Report(content, form, cue, "A verb of speech and “that”.")


def _sentence_end(text: str, start: int, quotations: Sequence[_Place]) -> int:
    """Return the end of the sentence that ``start`` is in.

    It is before the last mark of the sentence, but after a closing quotation mark.
    """
    for match in _SENTENCE_END.finditer(text, start):
        first, last = match.span()
        if any(quotation.start < first and last < quotation.end for quotation in quotations):
            continue
        closes_quotation = any(quotation.end == last for quotation in quotations)
        return last if closes_quotation else first
    return len(text)


def _nearest_cue(text: str, quotation: _Place, cues: Iterable[_Place]) -> _Place | None:
    near = [
        cue
        for cue in cues
        if cue.distance(quotation) <= _REACH and not _are_parted(text, cue, quotation)
    ]
    return min(near, key=lambda cue: (cue.distance(quotation), cue), default=None)


def _are_parted(text: str, one: _Place, other: _Place) -> bool:
    """Return whether a sentence or a paragraph ends between two places.

    “It is.” He left. and “Is it?” he asked. differ in this.
    """
    first, second = sorted((one, other))
    last_marks = max(first.end - 2, first.start)
    between = text[last_marks : second.start]
    return bool(re.search(r"\n|[.][”\"»]\s|[.!?]\s", between))


def _suggest_quote(text: str, report: _Report, names: Iterable[_Name]) -> Suggestion:
    record: dict[str, Any] = {
        "type": "quote",
        "id": "",
        "form": report.form,
        "content": [_span(text, report.content)],
    }
    if report.cue:
        record["cue"] = [_span(text, report.cue)]
        name = _nearest_name(text, report.cue, report.content, names)
        if name:
            record["source"] = name.record["id"]
            if "speaker" in name.record:
                record["speaker"] = name.record["speaker"]
    record["id"] = content_id(record, ())
    return Suggestion(annotation=record, reason=report.reason)


def _nearest_name(text: str, cue: _Place, content: _Place, names: Iterable[_Name]) -> _Name | None:
    near = [
        name
        for name in names
        if not content.contains(name.place) and not _are_parted(text, name.place, cue)
    ]
    return min(near, key=lambda name: (name.place.distance(cue), name.place), default=None)


def _span(text: str, place: _Place) -> dict[str, Any]:
    return {"start": place.start, "end": place.end, "exact": text[place.start : place.end]}
