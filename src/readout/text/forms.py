"""Infer the form of a quote from its quotation marks, by the form rule of the guidelines. No I/O.

Other people's texts have marks that the texts of this corpus lack: those of the Penn Treebank,
and single marks. A single mark may be an apostrophe, so it counts only around a whole span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from readout.model import Form, Span
from readout.text.find import QUOTATION_MARKS

_DOUBLE = f"(?:[{''.join(sorted(QUOTATION_MARKS))}]|``|'')"
_MARK = re.compile(_DOUBLE)
_BEFORE = re.compile(rf"(?:{_DOUBLE}|(?:``|[“„«])\s)\Z")
_AFTER = re.compile(rf"(?:{_DOUBLE}|\s(?:''|[”»]))")
_SINGLE = re.compile(r"['‘‚`]\s?(?=\S).*\S\s?['’‘]", re.DOTALL)
_SINGLE_INSIDE = re.compile(r"\S\s?['’][\s,.;:]+(?:\S.*\s)?['‘`]\s?\w", re.DOTALL)
"""A single mark that closes a quotation, and after it one that opens another."""


def infer_form(spans: Iterable[Span], text: str = "") -> Form:
    """Return the form of a quote, inferred from the quotation marks of its content.

    A quote without marks is indirect. It is direct if marks surround every span: it starts with a
    mark and has no mark inside, or marks of the text enclose it. Otherwise it is mixed.
    """
    has_marks = False
    is_direct = True
    for span in spans:
        words = span.exact.strip()
        marks = list(_MARK.finditer(words))
        is_single = not _MARK.match(words) and bool(_SINGLE.fullmatch(words))
        is_enclosed = not marks and not is_single and _is_enclosed(span, text)
        has_marks = has_marks or bool(marks) or is_single or is_enclosed

        starts = any(mark.start() == 0 for mark in marks)
        has_inner_mark = any(mark.start() > 0 and mark.end() < len(words) for mark in marks)
        is_one_pair = is_single and not _SINGLE_INSIDE.search(words)
        is_surrounded = is_one_pair or (starts and not has_inner_mark)
        is_direct = is_direct and (is_surrounded or is_enclosed)

    if not has_marks:
        return "indirect"
    return "direct" if is_direct else "mixed"


def _is_enclosed(span: Span, text: str) -> bool:
    """Return whether a mark of the text opens right before a span, and one closes right after."""
    before = text[max(0, span.start - 3) : span.start]
    return bool(_BEFORE.search(before) and _AFTER.match(text, span.end))
