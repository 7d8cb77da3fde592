"""Two systems without training: VADER's sentiment lexicon, and a lexicon of stance words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from readout.benchmark.systems.system import Rules, find_neutral_label


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FAVOR = _split(
    """
accept acknowledg admir advanc affirm aid applaud appreciat approv assist authoriz back bolster
celebrat champion commend commit congratulat cooperat defend deepen deliver demand deserv
encourag endors enhanc ensur expand favor favour foster friend fund gratitud grateful guarantee
help honor honour hope import ironclad justif maintain necess need peac pleas pledg prais promis
promot protect provid reaffirm reiterat replenish safeguard salut stand strengthen strong success
support thank uphold urg valu vital want welcom work
"""
)
"""Stems of words that take a position for something."""

AGAINST = _split(
    """
abandon accus aggress alarm attack ban blame block boycott cancel combat concern condemn counter
critic curb cut danger declin denounc deny deplor destabili destroy deterr disagree disappoint
disput doubt fail fear fight halt harm hostil incit jab lament limit misguid object obstruct
oppos prevent protest provoc provok rebuff rebuk refus reject resent resist rift risk stop terror
threat undermin unaccept unjust violat violen warn weaken worr worsen wrong
"""
)
"""Stems of words that take a position against something, or that name something bad."""

NEGATIONS = _split(
    """
no not never nor neither without hardly cannot n't don't doesn't won't isn't lacks lack
"""
)
REACH = 4
"""A negation reverses the sign of this many words after it."""

_LEXICON_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")


def make_lexicon(task: str) -> Rules:
    """Return the lexicon of stance words as a system.

    A text with a positive sign is in favor of any proposition. A text with a negative sign is in
    favor of a proposition that has a negative sign too, and against others: "the Iranian threat" is
    in favor of "Iran is a threat", and against "Iran's activity is acceptable". A text without a
    sign takes no side.
    """
    return Rules("stance-lexicon", lambda inputs: _name_polarity(_find_stance_sign(inputs), task))


def _find_stance_sign(inputs: Mapping[str, Any]) -> int:
    sign = _find_sign(score_words(inputs["text"]))
    if sign < 0 and score_words(inputs["proposition"]) < 0:
        return 1
    return sign


@lru_cache(maxsize=20_000)
def score_words(text: str) -> int:
    """Return the number of words for something minus the number of words against something.

    A negation before a word reverses its sign. Results are cached, because many questions are about
    the same text.
    """
    return sum(_iter_signs(text))


def _iter_signs(text: str) -> Iterator[int]:
    words = _LEXICON_WORD.findall(text.lower().replace("’", "'"))
    for index, word in enumerate(words):
        sign = any(map(word.startswith, FAVOR)) - any(map(word.startswith, AGAINST))
        preceding = words[max(0, index - REACH) : index]
        is_negated = any(each in NEGATIONS or each.endswith("n't") for each in preceding)
        yield -sign if is_negated else sign


def make_vader(task: str) -> Rules:
    """Return VADER (Hutto and Gilbert 2014) as a system, with its authors' threshold of .05."""

    def answer(inputs: Mapping[str, Any]) -> str | None:
        return _name_polarity(_find_sign(_measure_sentiment(inputs["text"]), 0.05), task)

    return Rules("vader", answer)


@lru_cache(maxsize=20_000)
def _measure_sentiment(text: str) -> float:
    return float(_load_vader().polarity_scores(text)["compound"])


@cache
def _load_vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _find_sign(value: float, threshold: float = 0.5) -> int:
    return (value >= threshold) - (value <= -threshold)


def _name_polarity(sign: int, task: str) -> str | None:
    return {1: "favor", -1: "against"}.get(sign) or find_neutral_label(task)
