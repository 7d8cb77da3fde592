"""Problems as values: what is wrong, where, and how to mend it; and their renderings.

A rule says *what* is wrong (a :class:`Finding`); the frame that runs it adds *where* (a
:class:`Problem`).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Literal, TypeAlias

import msgspec

from readout.model import Pointer, RecordFile

Severity: TypeAlias = Literal["error", "warning"]
Rung: TypeAlias = Literal["bytes", "json", "schema", "reference", "span", "guideline"]
RUNGS: tuple[Rung, ...] = ("bytes", "json", "schema", "reference", "span", "guideline")
"""The ladder of checks: a record that fails at one rung is not judged at the higher ones."""


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why and what to do."""


class Finding(msgspec.Struct, frozen=True):
    """What a rule found: one sentence, and where inside its input.

    ``pointer`` is a JSON pointer into the record, as a tuple. ``line`` is set by rules that look at
    whole files, ``index`` by rules that look at a layer: the number of the annotation. ``context``
    holds lines shown under the excerpt.
    """

    message: str
    pointer: Pointer = ()
    index: int | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    path: str | None = None
    context: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A rule of the corpus: its code, how bad a breach is, its rung, and what finds breaches.

    ``shortcut`` is optional and only saves time: a function that is true if it is certain that
    ``find`` yields nothing. It may be false for any reason, but must not be true if ``find`` yields
    anything; a property test checks this for every rule. A rule without a shortcut is always run.
    """

    code: str
    severity: Severity
    rung: Rung
    find: Callable[..., Iterator[Finding]]
    shortcut: Callable[..., bool] | None = None

    def is_silent(self, *known: Any) -> bool:
        """Tell whether the rule has a shortcut that is certain of no findings."""
        return self.shortcut is not None and self.shortcut(*known)

    @property
    def summary(self) -> str:
        """Return what the rule demands: the first line of its function's docstring."""
        return (self.find.__doc__ or "").strip().splitlines()[0]


def rule(
    code: str, rung: Rung, severity: Severity = "error", shortcut: Callable[..., bool] | None = None
) -> Callable[[Callable[..., Iterator[Finding]]], Rule]:
    """Make a :class:`Rule` of a generator function; its docstring starts with the demand."""
    return lambda find: Rule(code, severity, rung, find, shortcut)


class Excerpt(msgspec.Struct, frozen=True):
    """Part of the offending line, and the columns of it (0-based, end excluded) to underline."""

    text: str
    start: int
    end: int


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A located problem. ``line`` and ``column`` start at 1; columns count code points."""

    code: str
    severity: Severity
    path: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    message: str
    hint: str | None = None
    excerpt: Excerpt | None = None
    context: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sort key: file, line, column, code."""
        return self.path, self.line or 0, self.column or 0, self.code, self.message


_EXCERPT_WIDTH = 100


def locate(
    rule_: Rule, finding: Finding, path: str, line: int | None = None, raw_line: str | None = None
) -> Problem:
    """Turn a finding into a problem, with the columns of its pointer and an excerpt."""
    start, end = (finding.column - 1, finding.column) if finding.column else (0, 0)
    if raw_line is not None and not finding.column:
        start, end = find_value(raw_line, finding.pointer)
    shown = finding.path is None and raw_line is not None
    return Problem(
        code=rule_.code,
        severity=rule_.severity,
        path=_escape_bytes(finding.path or path),
        line=finding.line or line,
        column=start + 1 if shown or finding.column else finding.column,
        end_column=end + 1 if shown else None,
        message=_escape_bytes(finding.message),
        hint=_escape_bytes(finding.hint) if finding.hint else None,
        excerpt=_excerpt(raw_line, start, end) if raw_line is not None and shown else None,
        context=finding.context,
    )


def _escape_bytes(text: str) -> str:
    """Return text without surrogates, which represent bytes in names of files."""
    return text.encode(errors="backslashreplace").decode()


def locate_record(rule_: Rule, finding: Finding, file: RecordFile[Any]) -> Problem:
    """Turn a finding about a record or a line of a file into a problem."""
    number = finding.line if finding.index is None else file.lines[finding.index]
    return locate(rule_, finding, file.path, number, raw_line(file.raw, number))


def raw_line(raw: bytes, number: int | None) -> str | None:
    """Return one line of a file, for an excerpt; None where there is no such line."""
    if not number:
        return None
    return _decode_line(raw, number)


@lru_cache(maxsize=4)
def _decode_line(raw: bytes, number: int) -> str | None:
    """Return a line of a file, which is decoded once however many problems it has."""
    lines = _split_lines(raw)
    return lines[number - 1].decode(errors="replace") if number <= len(lines) else None


@lru_cache(maxsize=4)
def _split_lines(raw: bytes) -> list[bytes]:
    """Return the lines of a file, which is split once however many problems it has."""
    return raw.split(b"\n")


def _excerpt(line: str, start: int, end: int) -> Excerpt:
    left = max(0, start - _EXCERPT_WIDTH // 3)
    text = line[left : left + _EXCERPT_WIDTH]
    return Excerpt(text, start - left, max(min(end - left, len(text)), start - left + 1))


def find_value(line: str, pointer: Pointer) -> tuple[int, int]:
    """Return the columns of a JSON pointer's value in a line (0-based, end excluded).

    Where the pointer leads nowhere, for example to a key that is missing, the columns of the
    innermost value that exists are returned; for a line that is not JSON, those of the whole line.
    """
    try:
        return _find_value(line, skip_space(line, 0), pointer)
    except (ValueError, IndexError, RecursionError):
        return 0, len(line)


_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


def skip_space(line: str, at: int) -> int:
    """Return where the white space that starts at an offset ends."""
    match = _SPACE.match(line, at)
    return match.end() if match else at


def _find_value(line: str, at: int, pointer: Pointer) -> tuple[int, int]:
    for part in pointer:
        start = _find_children(line, at).get(part) if line[at] in "{[" else None
        if start is None:
            break
        at = start
    return at, _find_end(line, at)


# Many problems may be in one line, which is then read once.
@lru_cache(maxsize=16)
def _find_end(line: str, at: int) -> int:
    """Return where the value that starts at an offset ends."""
    return _DECODER.raw_decode(line, at)[1]


@lru_cache(maxsize=16)
def _find_children(line: str, at: int) -> dict[str | int, int]:
    """Return the start of each value of a container by key or index; the first of equal keys."""
    children: dict[str | int, int] = {}
    for key, start in _iter_children(line, at):
        children.setdefault(key, start)
    return children


def _iter_children(line: str, at: int) -> Iterator[tuple[str | int, int]]:
    """Yield the key or index of each child of a container, and the start of its value."""
    closing = "}" if line[at] == "{" else "]"
    is_object = closing == "}"
    at = skip_space(line, at + 1)
    index = 0
    while line[at] != closing:
        key: str | int = index
        if is_object:
            key, at = scanstring(line, at + 1)
            at = skip_space(line, skip_space(line, at) + 1)
        yield key, at
        _, at = _DECODER.raw_decode(line, at)
        at = skip_space(line, at)
        if line[at] == ",":
            at = skip_space(line, at + 1)
        index += 1


def refuse_broken(path: str, problems: Sequence[Problem]) -> None:
    """Refuse to read or rewrite a file that has problems.

    The first is told in full: `readout check` does not read every file, so it may not list it.

    Raises:
        RefusedError: there are problems.

    """
    if problems:
        first = problems[0]
        place = path if first.line is None else f"{path}:{first.line}"
        raise RefusedError(
            f"{place} has a problem ({first.code}). {first.message} "
            "Mend it, and run the command again."
        )


def join_words(words: Sequence[str]) -> str:
    """Return one or more words as ``a, b and c``."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def format_count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"1 {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def list_first(names: Sequence[str], most: int) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def as_sentence(hint: str) -> str:
    """Return a hint with a capital letter, to follow another sentence."""
    return hint[:1].upper() + hint[1:]


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a hint with the allowed word nearest to ``word``, or all words if they are few."""
    allowed = _sort(words)
    if close := find_close(word, allowed):
        return f"did you mean {close!r}?"
    if 0 < len(allowed) <= 12:
        return (
            "use " + ("one of " if len(allowed) > 1 else "") + ", ".join(map(repr, allowed)) + "."
        )
    return ""


_FEW = 50
_MANY = 500
_WINDOW = 50
_LONGEST = 200
_BEST = 10


def find_close(word: str, words: Iterable[str]) -> str | None:
    """Return the word nearest to another one, or None if none is near.

    Of more than ``_MANY`` words only those are compared that are neighbours in the alphabet, read
    forwards or backwards: they share a beginning or an ending with the word. So the time does not
    grow with the number of words.
    """
    if len(word) > _LONGEST:
        return None

    allowed = _sort(words)
    if len(allowed) > _MANY:
        allowed = _find_neighbours(word, allowed)
    if len(allowed) > _FEW:
        from rapidfuzz import fuzz, process

        # This ratio counts the longest common subsequence. That of difflib counts one common
        # subsequence, so it is never higher, and no word that it accepts is below this cutoff.
        cutoff = 100 * _CLOSE - 1
        found = process.extract(word, allowed, scorer=fuzz.ratio, limit=_BEST, score_cutoff=cutoff)
        allowed = [each for each, _, _ in found]
    return next(iter(get_close_matches(word, allowed, n=1, cutoff=_CLOSE)), None)


_CLOSE = 0.6
"""The ratio from which on two words are near each other."""


def _sort(words: Iterable[str]) -> list[str]:
    return _sort_words(_Same(words)) if isinstance(words, Collection) else sorted(words)


def _find_neighbours(word: str, allowed: list[str]) -> list[str]:
    backwards = _reverse_words(_Same(allowed))
    nearby = set()
    for key, words in ((word, allowed), (word[::-1], backwards)):
        at = bisect_left(words, key)
        window = words[max(at - _WINDOW, 0) : at + _WINDOW]
        nearby.update(window if words is allowed else [each[::-1] for each in window])
    return sorted(nearby)


class _Same:
    """Words as the key of a cache; equal only if they are the same object, of the same size."""

    def __init__(self, words: Collection[str]) -> None:
        self.words = words
        self.size = len(words)

    def __hash__(self) -> int:
        return id(self.words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same):
            return NotImplemented
        return self.words is other.words and self.size == other.size


@lru_cache(maxsize=16)
def _sort_words(words: _Same) -> list[str]:
    return sorted(words.words)


@lru_cache(maxsize=16)
def _reverse_words(words: _Same) -> list[str]:
    return sorted(word[::-1] for word in words.words)


def is_failure(problems: Iterable[Problem]) -> bool:
    """Tell whether any problem is an error."""
    return any(problem.severity == "error" for problem in problems)
