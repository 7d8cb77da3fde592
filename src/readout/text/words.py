"""Whether a span ends inside a word, in scripts with and without spaces between words. No I/O."""

from __future__ import annotations

import re

from readout.text.find import is_inside_word

_CJK = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df"
_SPACELESS = re.compile(f"[{_CJK}{_SOUTH_EAST_ASIAN}\U00020000-\U0003ffff]")
"""Characters of scripts that put no space between words (Unicode Standard Annex 14, section 3.1):
Chinese, Japanese, Thai, Lao, Tibetan, Myanmar, Khmer and Tai."""

_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
"""Korean writes particles at the end of a noun without a space."""

_PREFIXES = re.compile("(?:[משהוכלב]{1,5}|[وف]?[بكلس]?(?:ال|ل)?)$")
"""Hebrew and Arabic write conjunctions, prepositions and articles before a word without a space."""
_LONGEST_PREFIX = 5


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e]")
"""Control characters, line breaks, and overrides of the writing direction."""


def to_one_line(text: str) -> str:
    """Return a text with a space in place of control characters and line breaks."""
    return CONTROL.sub(" ", text).strip()


def splits_word(text: str, start: int, end: int) -> bool:
    """Return whether a span starts or ends inside a word that should be taken whole."""
    return splits_at_start(text, start) or splits_at_end(text, end)


def splits_at_start(text: str, at: int) -> bool:
    """Return whether a span that starts here leaves out the beginning of a word."""
    if not is_inside_word(text, at) or _is_spaceless(text, at):
        return False
    begin = at
    while at - begin <= _LONGEST_PREFIX and is_inside_word(text, begin):
        begin -= 1
    return not _PREFIXES.fullmatch(text, begin, at)


def splits_at_end(text: str, at: int) -> bool:
    """Return whether a span that ends here leaves out the end of a word."""
    return is_inside_word(text, at) and not _is_spaceless(text, at) and not _HANGUL.match(text, at)


def _is_spaceless(text: str, at: int) -> bool:
    return bool(_SPACELESS.match(text, at - 1) or _SPACELESS.match(text, at))
