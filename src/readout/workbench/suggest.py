"""Proposals for a text that nobody has annotated yet: known names, quotation marks, verbs of speech. No I/O.

They are meant to save typing, not judgement: recall before precision, English cues only, and no proposal is an
annotation until a person has copied it into a layer.
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
    "accuse acknowledge add affirm agree announce argue ask assert assure call caution claim clarify comment confirm "
    "congratulate declare demand deny describe disclose emphasize emphasise explain express hint indicate insist "
    "mention note observe pledge praise promise propose quote recall refuse reiterate reject remark repeat reply "
    "report respond reveal state stress suggest thank threaten tweet underline underscore urge vow warn welcome"
)
_IRREGULAR = "admit admits admitted say says said saying tell tells told telling write writes wrote speak speaks spoke"


def _inflect(verb: str) -> tuple[str, ...]:
    if verb.endswith("y"):
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    stem = verb.removesuffix("e")
    return verb, f"{verb}es" if verb.endswith("ss") else f"{verb}s", f"{stem}ed", f"{stem}ing"


_VERB_FORMS = [*_IRREGULAR.split(), *(form for verb in _VERBS.split() for form in _inflect(verb))]
_CUE = re.compile(
    rf"\b(?:according to|{'|'.join(sorted(_VERB_FORMS, key=len, reverse=True))})\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.!?][”\"»]?(?=\s)|\n|\Z")
_THAT = re.compile(
    r"(?:[^\S\n]+[^\s“”\",.;:]+){0,4}?,?\s+that,?\s+"
)  # "said on Monday that", "told the paper that"
_CLOSING = {"“": "”", "‟": "”", "„": "“”", "«": "»", '"': '"'}
_REACH = 100
"""How many characters from a quotation a verb of speech is looked for."""


class _Place(NamedTuple):
    start: int
    end: int

    def holds(self, other: _Place) -> bool:
        return self.start <= other.start and other.end <= self.end

    def distance(self, other: _Place) -> int:
        return max(other.start - self.end, self.start - other.end, 0)


class _Name(NamedTuple):
    place: _Place
    speakers: tuple[str, ...]
    record: dict[str, Any]


class _Report(NamedTuple):
    content: _Place
    form: Form
    cue: _Place | None
    reason: str


def suggest(text: str, speakers: Iterable[Speaker]) -> list[Suggestion]:
    """Return proposed mentions and quotes of a text, in text order."""
    names = list(_iter_names(text, list(speakers)))
    found = [
        (name.place, Suggestion(annotation=name.record, reason=_name_reason(name)))
        for name in names
    ]
    found += [
        (report.content, _suggest_quote(text, report, names)) for report in _iter_reports(text)
    ]
    return [suggestion for _, suggestion in sorted(found, key=lambda pair: pair[0])]


def _iter_names(text: str, speakers: Sequence[Speaker]) -> Iterator[_Name]:
    owners: dict[str, set[str]] = {}
    for speaker in speakers:
        for name in (speaker.name, *speaker.aliases):
            owners.setdefault(name, set()).add(speaker.speaker_id)
    alternatives = "|".join(re.escape(name) for name in sorted(owners, key=len, reverse=True))
    for match in re.finditer(rf"(?<!\w)(?:{alternatives})(?!\w)", text) if owners else ():
        place, ids = _Place(*match.span()), tuple(sorted(owners[match.group()]))
        record: dict[str, Any] = {"type": "mention", "id": ""}
        if len(ids) == 1:
            record["speaker"] = ids[0]
        record["span"] = _span(text, place)
        yield _Name(place, ids, {**record, "id": content_id(record, ())})


def _name_reason(name: _Name) -> str:
    if len(name.speakers) == 1:
        return "The words are a name of this speaker in the registry."
    return f"The words are a name of several speakers in the registry: {', '.join(name.speakers)}."


def _iter_reports(text: str) -> Iterator[_Report]:
    """Yield clauses after a verb of speech and "that", and all quotations outside them."""
    quotations = list(iter_quotations(text))
    cues = [_Place(*match.span()) for match in _CUE.finditer(text)]
    cues = [cue for cue in cues if not any(quotation.holds(cue) for quotation in quotations)]
    clauses = list(_iter_clauses(text, cues, quotations))
    yield from clauses
    for quotation in quotations:
        if not any(clause.content.holds(quotation) for clause in clauses):
            cue = _nearest_cue(text, quotation, cues)
            reason = "Quotation marks" + (
                " near a verb of speech." if cue else "; no verb of speech stands near them."
            )
            yield _Report(quotation, "direct", cue, reason)


def iter_quotations(text: str) -> Iterator[_Place]:
    """Yield every stretch in double quotation marks, marks included; one that is not closed ends its paragraph."""
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
    for cue in cues:
        if that := _THAT.match(text, cue.end):
            end = _sentence_end(text, that.end(), quotations)
            content = _Place(that.end(), end)
            quoted = any(content.holds(quotation) for quotation in quotations)
            if content.start < content.end:
                yield _Report(
                    content, "mixed" if quoted else "indirect", cue, "A verb of speech and “that”."
                )


def _sentence_end(text: str, start: int, quotations: Sequence[_Place]) -> int:
    """Return where the sentence ends that ``start`` is in: before its last mark, but after a closing quotation mark."""
    for match in _SENTENCE_END.finditer(text, start):
        if any(
            quotation.start < match.start() and match.end() < quotation.end
            for quotation in quotations
        ):
            continue
        closed = any(quotation.end == match.end() for quotation in quotations)
        return match.end() if closed else match.start()
    return len(text)


def _nearest_cue(text: str, quotation: _Place, cues: Iterable[_Place]) -> _Place | None:
    near = [
        cue
        for cue in cues
        if cue.distance(quotation) <= _REACH and not _is_parted(text, cue, quotation)
    ]
    return min(near, key=lambda cue: (cue.distance(quotation), cue), default=None)


def _is_parted(text: str, one: _Place, other: _Place) -> bool:
    """Tell whether a sentence or a paragraph ends between two places."""
    first, second = sorted((one, other))
    between = text[
        max(first.end - 2, first.start) : second.start
    ]  # “It is.” He left. “Is it?” he asked.
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
        if name := _nearest_name(text, report.cue, report.content, names):
            record["source"] = name.record["id"]
            if "speaker" in name.record:
                record["speaker"] = name.record["speaker"]
    return Suggestion(annotation={**record, "id": content_id(record, ())}, reason=report.reason)


def _nearest_name(text: str, cue: _Place, content: _Place, names: Iterable[_Name]) -> _Name | None:
    near = [
        name
        for name in names
        if not content.holds(name.place) and not _is_parted(text, name.place, cue)
    ]
    return min(near, key=lambda name: (name.place.distance(cue), name.place), default=None)


def _span(text: str, place: _Place) -> dict[str, Any]:
    return {"start": place.start, "end": place.end, "exact": text[place.start : place.end]}
