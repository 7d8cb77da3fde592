"""Codes of languages, as in BCP 47 tags."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_PRIVATE = re.compile("q[a-t][a-z]")
"""Codes for private use, such as for a language without a code (RFC 5646, section 2.2.1)."""


def is_language(tag: str) -> bool:
    """Return whether a BCP 47 tag begins with the code of a language, or one for private use."""
    code = tag.partition("-")[0]
    return code in _read_codes() or _PRIVATE.fullmatch(code) is not None


@cache
def _read_codes() -> frozenset[str]:
    lines = (files("readout.text") / "languages.txt").read_text(encoding="ascii").splitlines()
    codes = [line for line in lines if not line.startswith("#")]
    return frozenset(" ".join(codes).split())
