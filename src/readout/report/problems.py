"""Problems as text, JSON, GitHub annotations and SARIF."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import msgspec

from readout.problem import Problem, Rule
from readout.report.printing import escape_json, printable

_CARETS = 60


Style: TypeAlias = Callable[[str, str], str]


def plain(text: str, role: str) -> str:
    """Return text without colours."""
    return text


def format_text(problem: Problem, style: Style = plain) -> str:
    """Return ``path:line:column: code: sentence`` and, below, excerpt, caret, context and hint.

    ``style(text, role)`` may colour the parts; roles are ``place``, ``error``, ``warning``,
    ``caret`` and ``hint``.
    """
    place = ":".join(
        str(part) for part in (problem.path, problem.line, problem.column) if part is not None
    )
    where = style(printable(place), "place")
    code = style(problem.code, problem.severity)
    head = f"{where}: {code}: {printable(problem.message)}"
    lines = [head]
    if excerpt := problem.excerpt:
        before = printable(excerpt.text[: excerpt.start])
        marked = printable(excerpt.text[excerpt.start : excerpt.end])
        lines.append("    " + before + marked + printable(excerpt.text[excerpt.end :]))
        lines.append(
            "    " + " " * len(before) + style("^" * min(max(len(marked), 1), _CARETS), "caret")
        )
    lines += ["    " + printable(line) for line in problem.context]
    if problem.hint:
        lines.append("    " + style("hint:", "hint") + " " + printable(problem.hint))
    return "\n".join(lines)


# ---------------------------------------------------------------- what is alike

_SAME = 3
_ALIKE = 10
_OF_ONE_CODE = 50
"""How many problems are shown of one kind with one hint, of one kind, and of one code."""
_PLACES = 3
"""How many places are named of the problems that are not shown."""


class Rest(NamedTuple):
    """Problems that are not shown, and one that is shown and is like them."""

    example: Problem
    problems: list[Problem]


def abridge(problems: Iterable[Problem]) -> tuple[list[Problem], list[Rest]]:
    """Return the problems to show, and the others by kind; every problem is in one of the two.

    Problems are of one kind if they have the same code, and their sentences and hints differ only
    in the values that they name. Of a kind, problems with other hints tell a reader more.
    """
    shown: list[Problem] = []
    rests: dict[tuple[str | None, ...], Rest] = {}
    examples: dict[tuple[str | None, ...], Problem] = {}
    counts: Counter[tuple[str | None, ...]] = Counter()
    for problem in problems:
        code = (problem.code,)
        kind = (*code, _leave_values_out(problem.message), _leave_values_out(problem.hint or ""))
        same = (*kind, problem.hint)
        if counts[code] < _OF_ONE_CODE and counts[kind] < _ALIKE and counts[same] < _SAME:
            counts.update((code, kind, same))
            examples.setdefault(code, problem)
            examples.setdefault(kind, problem)
            shown.append(problem)
            continue

        known = kind if kind in examples else code
        rest = rests.setdefault(known, Rest(examples[known], []))
        rest.problems.append(problem)
    return shown, list(rests.values())


# What a rule quotes, as repr or JSON writes it, then names of files and ids, and numbers. What is
# not closed ends with the sentence, so that no sentence is searched more than once.
_VALUE = re.compile(
    r"""(?<!\w)'(?:[^'\\]|\\.)*(?:'|$)"""
    r"""|"(?:[^"\\]|\\.)*(?:"|$)"""
    r"""|“[^”]*(?:”|$)"""
    r"""|\{[^}]*(?:\}|$)"""
    r"""|[^\s\d/]*[\d/]\S*""",
    re.DOTALL,
)
_SEVERAL = re.compile(r"\0(?:, \0)+")
_COMPARED = 400
"""How many characters of a sentence are compared, at most."""


def _leave_values_out(sentence: str) -> str:
    """Return a sentence in which every value, and every list of values, is one mark."""
    marked = _VALUE.sub("\0", sentence[:_COMPARED])
    return _SEVERAL.sub("\0", marked)


def iter_abridged(problems: Iterable[Problem], style: Style = plain) -> Iterator[str]:
    """Yield the text of the problems to show, then one line for each kind of the others."""
    shown, rests = abridge(problems)
    for problem in shown:
        yield format_text(problem, style)
    for rest in rests:
        yield _format_rest(rest)
    if rests:
        yield "To show every problem, add --all-problems."


def _format_rest(rest: Rest) -> str:
    example, problems = rest
    places = [_format_place(problem) for problem in problems[:_PLACES]]
    if len(problems) > _PLACES:
        places.append("…")
    count = f"{len(problems)} more `{example.code}` problem{'s' if len(problems) > 1 else ''}"
    return f"… and {count} like that at {_format_place(example)}: {', '.join(places)}"


def _format_place(problem: Problem) -> str:
    return printable(f"{problem.path}:{problem.line}" if problem.line else problem.path)


# ---------------------------------------------------------------- all problems


def format_fenced(blocks: Iterable[str]) -> str:
    """Return the text of problems as one fenced block, in which no markup takes effect."""
    text = "\n".join(blocks)
    if not text:
        return "No problems."

    ticks = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(ticks + 1, 3)
    return f"{fence}text\n{text}\n{fence}"


def format_json(problems: Iterable[Problem]) -> str:
    """Return all problems as one JSON array."""
    return escape_json(msgspec.json.format(msgspec.json.encode(list(problems)), indent=2).decode())


def format_github(problem: Problem) -> str:
    """Return a GitHub Actions command that shows the problem at its line."""
    message = printable(problem.message) + (
        f"\nhint: {printable(problem.hint)}" if problem.hint else ""
    )
    fields = {
        "file": printable(problem.path),
        "line": problem.line,
        "col": problem.column,
        "endColumn": problem.end_column,
        "title": problem.code,
    }
    properties = ",".join(
        f"{k}={_escape_github(str(v), ',:')}" for k, v in fields.items() if v is not None
    )
    return f"::{problem.severity} {properties}::{_escape_github(message)}"


def _escape_github(text: str, extra: str = "") -> str:
    for char in "%\r\n" + extra:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def format_sarif(problems: Iterable[Problem], rules: Iterable[Rule], version: str) -> str:
    """Return the problems as a SARIF 2.1.0 log (OASIS standard), columns in Unicode code points."""
    driver = {
        "name": "readout",
        "version": version,
        "rules": [
            {
                "id": each.code,
                "shortDescription": {"text": each.summary},
                "defaultConfiguration": {"level": each.severity},
            }
            for each in rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_to_sarif(problem) for problem in problems],
    }
    log = {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [run],
    }
    return escape_json(json.dumps(log, indent=2, ensure_ascii=False))


def _to_sarif(problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": problem.path}}
    if problem.line:
        region = {
            "startLine": problem.line,
            "startColumn": problem.column,
            "endColumn": problem.end_column,
        }
        location["region"] = {key: value for key, value in region.items() if value is not None}
    text = problem.message + (f" Hint: {problem.hint}" if problem.hint else "")
    return {
        "ruleId": problem.code,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }
