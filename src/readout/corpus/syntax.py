"""Why a line is not JSON, in the words of somebody who typed it by hand. No I/O.

The place where the parser stopped, and the characters around it, show which slip it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from readout.problem import Finding, skip_space


class _Stop(NamedTuple):
    """Where the parser stopped: ``at`` in ``line``."""

    line: str
    at: int

    @property
    def here(self) -> str:
        return self.line[self.at : self.at + 1]

    @property
    def before(self) -> str:
        return self.line[: self.at].rstrip()[-1:]


def explain_syntax(line: str) -> Finding | None:
    """Return the fault of a line that is not JSON, with column and remedy; None if it is.

    Raises:
        RecursionError, ValueError: the line is nested too deeply, or holds a number too long to be
        read.

    """
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        inside = _open_brackets(line[: error.pos])[1] is not None
        stop = _Stop(line, error.pos if inside else skip_space(line, error.pos))
        for explain in _SLIPS:
            if finding := explain(stop):
                return finding
        reason = error.msg[0].lower() + error.msg[1:]
        return _finding(
            f"The line is not JSON: {reason}.", stop.at, "compare the line with its neighbours."
        )
    return None


def _finding(message: str, at: int, hint: str) -> Finding:
    return Finding(message, column=at + 1, hint=hint)


def _open_brackets(line: str) -> tuple[str, int | None]:
    """Return the brackets still open at the end of a line, and the start of an open text."""
    stack: list[str] = []
    opened: int | None = None
    escaped = False
    for at, char in enumerate(line):
        if opened is not None:
            if not escaped and char == '"':
                opened = None
            escaped = char == "\\" and not escaped
        elif char == '"':
            opened = at
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif stack and char == stack[-1]:
            stack.pop()
    return "".join(reversed(stack)), opened


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- inside a text


def _control_character(stop: _Stop) -> Finding | None:
    if stop.here and stop.here < " ":
        written = "\\t" if stop.here == "\t" else f"\\u{ord(stop.here):04x}"
        message = f"The character U+{ord(stop.here):04X} is inside a text without an escape."
        return _finding(message, stop.at, f"write {written} in its place.")
    return None


def _backslash(stop: _Stop) -> Finding | None:
    if "\\" in stop.line[max(stop.at - 1, 0) : stop.at + 1]:
        hint = (
            'write \\\\ for a backslash; only a straight quotation mark needs one before it (\\").'
        )
        return _finding("A backslash begins a sign that JSON does not know.", stop.at, hint)
    return None


# ---------------------------------------------------------------- around the record


def _comments(stop: _Stop) -> Finding | None:
    if not (stop.here == "#" or stop.line.startswith(("//", "/*"), stop.at)):
        return None
    return _finding(
        "JSON has no comments.", stop.at, "say it in the field 'note', and remove the comment."
    )


def _not_a_record(stop: _Stop) -> Finding | None:
    if stop.line.lstrip().startswith("{"):
        return None
    at = skip_space(stop.line, 0)
    start = stop.line[at : at + 20]
    message = f"Got {start!r} at the beginning. Expected a record, which begins with '{{'."
    return _finding(
        message,
        at,
        "keep each record on a line of its own, whole, with nothing around the records.",
    )


def _after_the_record(stop: _Stop) -> Finding | None:
    rest = stop.line[stop.at :].strip()
    if not rest or not _is_json(stop.line[: stop.at]):
        return None
    if rest == ",":
        return _finding(
            "There is a comma after the record.",
            stop.at,
            "remove it: each record has its own line.",
        )
    if rest.startswith("{"):
        return _finding(
            "Two records are on one line.", stop.at, "begin a new line before the second '{'."
        )
    if set(rest) <= {"}", "]"}:
        return _finding(f"There is a {rest[0]!r} too many at the end.", stop.at, "remove it.")
    return _finding(
        "More follows where the record ends.", stop.at, "remove the brace that closes it too early."
    )


def _unfinished(stop: _Stop) -> Finding | None:
    """Find a record that ends too early: in a text, or before its braces are closed."""
    missing, opened = _open_brackets(stop.line)
    if opened is not None and stop.at >= opened:
        hint = (
            'close it with a straight quotation mark ("); inside it, write a straight mark as \\".'
        )
        return _finding("The text that begins here is not closed.", opened, hint)
    if stop.here or not missing:
        return None
    at = max(len(stop.line.rstrip()) - 1, 0)
    hint = f"write {missing} at the end, and keep the whole record on one line."
    return _finding(f"The record is not finished: {missing!r} is missing at the end.", at, hint)


# ---------------------------------------------------------------- marks, commas, words


_CURLY = frozenset("“”„‟«»‘’‚")


def _curly_marks(stop: _Stop) -> Finding | None:
    if stop.here not in _CURLY:
        return None
    return _finding(
        f"The curly quotation mark {stop.here} is used where JSON needs a straight one.",
        stop.at,
        'put names and values between straight marks ("); curly ones belong only inside a value, '
        "where the text has "
        "them. Turn off “smart quotes” in the editor.",
    )


def _single_marks(stop: _Stop) -> Finding | None:
    if stop.here != "'":
        return None
    hint = 'put names and values between double marks ("), not single ones.'
    return _finding("A single quotation mark is used where JSON needs a double one.", stop.at, hint)


def _trailing_comma(stop: _Stop) -> Finding | None:
    comma = stop.at
    if stop.here in ("}", "]") and stop.before == ",":
        comma = stop.line.rindex(",", 0, stop.at)
    elif stop.here != "," or stop.line[stop.at + 1 :].lstrip()[:1] not in ("}", "]"):
        return None
    closing = stop.line[comma + 1 :].lstrip()[0]
    return _finding(f"There is a comma before the closing {closing!r}.", comma, "remove the comma.")


def _missing_comma(stop: _Stop) -> Finding | None:
    if stop.before in (",", ":", "{", "[") or stop.here not in ('"', "{", "["):
        return None
    return _finding(
        "A comma is missing before this place.",
        stop.at,
        "write a comma between two fields or spans.",
    )


def _unescaped_mark(stop: _Stop) -> Finding | None:
    if stop.before != '"' or not stop.here or stop.here in '",:{}[]':
        return None
    mark = stop.line.rindex('"', 0, stop.at)
    hint = 'write \\" for a straight quotation mark inside a value.'
    return _finding("A straight quotation mark inside the text ends it too early.", mark, hint)


_WORD = re.compile(r"[^\s,:{}\[\]\"“”]+")
_FOREIGN_WORDS = {"None": "null", "True": "true", "False": "false", "NULL": "null", "Null": "null"}


def _bare_word(stop: _Stop) -> Finding | None:
    match = _WORD.match(stop.line, stop.at)
    if not match or stop.before not in (":", ",", "[", "{"):
        return None
    word = match.group()
    if word in _FOREIGN_WORDS:
        return _finding(f"JSON does not know {word!r}.", stop.at, f"write {_FOREIGN_WORDS[word]}.")
    return _finding(
        f"The word {word!r} has no quotation marks around it.", stop.at, f'write "{word}".'
    )


def _wrong_closing(stop: _Stop) -> Finding | None:
    missing, _ = _open_brackets(stop.line[: stop.at])
    if (
        stop.here not in ("}", "]")
        or not missing
        or missing[0] == stop.here
        or stop.before in (":", ",")
    ):
        return None
    return _finding(
        f"Got {stop.here!r}. Expected {missing[0]!r} first.",
        stop.at,
        f"write {missing[0]} before it.",
    )


def _missing_value(stop: _Stop) -> Finding | None:
    if stop.before == ":" and stop.here in (",", "}"):
        return _finding(
            "A value is missing after the colon.", stop.at, "write the value, or remove the field."
        )
    if stop.before == stop.here == ",":
        return _finding("Two commas follow each other.", stop.at, "remove one of them.")
    if stop.before == '"' and stop.here in (",", "}"):
        return _finding("A name has no value here.", stop.at, 'write the field as "name":"value".')
    return None


_SEPARATORS = {";": ",", "；": ",", "，": ",", "、": ",", "،": ",", "؛": ",", "=": ":", "：": ":"}


def _wrong_separator(stop: _Stop) -> Finding | None:
    if stop.here not in _SEPARATORS or not stop.before:
        return None
    begun, text_opened = _open_brackets(stop.line[: stop.at])
    if text_opened is not None or not begun:
        return None
    # In a record, what follows a name is a colon: '{"a"' or '{"a":1,"b"'.
    is_after_name = begun[0] == "}" and re.search(
        r'[{,]\s*"(?:[^"\\]|\\.)*"\s*$', stop.line[: stop.at]
    )
    expected = ":" if is_after_name else ","
    message = f"Got {stop.here!r}. Expected {expected!r}."
    return _finding(message, stop.at, f"write {expected} in its place.")


_SLIPS: tuple[Callable[[_Stop], Finding | None], ...] = (
    _control_character,
    _backslash,
    _wrong_separator,
    _comments,
    _not_a_record,
    _after_the_record,
    _trailing_comma,
    _curly_marks,
    _single_marks,
    _missing_comma,
    _unescaped_mark,
    _bare_word,
    _wrong_closing,
    _missing_value,
    _unfinished,
)
"""Slips: the first that fits explains the line."""
