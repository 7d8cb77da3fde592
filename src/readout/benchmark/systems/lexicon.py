"""Two systems that know words and no training data: VADER's sentiment lexicon, and a lexicon of stance verbs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from readout.benchmark.systems.system import Rules, undecided


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FAVOR = _split(
    """
accept acknowledg admir advanc affirm aid applaud appreciat approv assist authoriz back bolster celebrat
champion commend commit congratulat cooperat defend deepen deliver demand deserv encourag endors enhanc ensur
expand favor favour foster friend fund gratitud grateful guarantee help honor honour hope import ironclad
justif maintain necess need peac pleas pledg prais promis promot protect provid reaffirm reiterat replenish
safeguard salut stand strengthen strong success support thank uphold urg valu vital want welcom work
"""
)
"""Stems of words by which one sides with something."""

AGAINST = _split(
    """
abandon accus aggress alarm attack ban blame block boycott cancel combat concern condemn counter critic curb
cut danger declin denounc deny deplor destabili destroy deterr disagree disappoint disput doubt fail fear
fight halt harm hostil incit jab lament limit misguid object obstruct oppos prevent protest provoc provok
rebuff rebuk refus reject resent resist rift risk stop terror threat undermin unaccept unjust violat violen
warn weaken worr worsen wrong
"""
)
"""Stems of words by which one sides against something, or which name what is bad."""

NEGATIONS = _split(
    """
no not never nor neither without hardly cannot n't don't doesn't won't isn't lacks lack
"""
)
REACH = 4
"""A negation turns the words that follow it within this many tokens."""

_LEXICON_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")


def make_lexicon(task: str) -> Rules:
    """Return the lexicon of stance verbs as a system.

    The text sides with the proposition when both have the same sign: "the Iranian threat" is in favor of "Iran is a
    threat", and against "Iran's activity is acceptable". Without a sign no side is taken.
    """
    return Rules("stance-lexicon", lambda inputs: _name_polarity(_sign_of_stance(inputs), task))


def _sign_of_stance(inputs: Mapping[str, Any]) -> int:
    against = weigh(inputs["text"]) < 0
    return _sign_of(weigh(inputs["text"])) * (_proposition_sign(inputs["proposition"]) if against else 1)


def _proposition_sign(proposition: str) -> int:
    return -1 if weigh(proposition) < 0 else 1


def weigh(text: str) -> int:
    """Return the number of words of a text that side with something minus those that side against, negation heeded."""
    return sum(_iter_signs(text))


def _iter_signs(text: str) -> Iterator[int]:
    words = _LEXICON_WORD.findall(text.lower().replace("’", "'"))
    for index, word in enumerate(words):
        sign = any(map(word.startswith, FAVOR)) - any(map(word.startswith, AGAINST))
        negated = any(before in NEGATIONS or before.endswith("n't") for before in words[max(0, index - REACH) : index])
        yield -sign if negated else sign


def make_vader(task: str) -> Rules:
    """Return VADER (Hutto and Gilbert 2014) as a system; its authors' threshold of .05 parts the three classes."""
    return Rules("vader", lambda inputs: _name_polarity(_sign_of(_compound(inputs["text"]), 0.05), task))


def _compound(text: str) -> float:
    return float(_vader().polarity_scores(text)["compound"])


@cache
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _sign_of(value: float, threshold: float = 0.5) -> int:
    return (value >= threshold) - (value <= -threshold)


def _name_polarity(sign: int, task: str) -> str | None:
    return {1: "favor", -1: "against"}.get(sign) or undecided(task)
