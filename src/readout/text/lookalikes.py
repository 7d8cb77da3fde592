"""How two texts differ that look alike. No I/O."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def describe_lookalikes(
    got: str, other: str, introduction: str = "the text has"
) -> tuple[str, ...]:
    """Return a line that names the characters in which two texts differ, if they look alike.

    They do if they differ only in composition, as "é" in one character or two, or in characters
    that are not visible. If not, return nothing.
    """
    plain = [_INVISIBLE.sub("", unicodedata.normalize("NFC", each)) for each in (got, other)]
    if got == other or plain[0] != plain[1]:
        return ()
    length = min(len(got), len(other))
    at = next((n for n in range(length) if got[n] != other[n]), length)
    ours, theirs = _name_characters(got[at : at + 2]), _name_characters(other[at : at + 2])
    return (f"these look alike: got {ours}; {introduction} {theirs}",)


def _name_characters(text: str) -> str:
    names = [f"U+{ord(char):04X} {unicodedata.name(char, 'without a name')}" for char in text]
    return ", ".join(names) or "nothing more"
