"""Problems as text, JSON, GitHub annotations and SARIF."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import msgspec

from readout.problem import Problem, Rule
from readout.report.printing import escape_json, printable

_CARETS = 60


Style: TypeAlias = Callable[[str, str], str]


def _plain(text: str, role: str) -> str:
    return text


def format_text(problem: Problem, style: Style = _plain) -> str:
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


def format_fenced(problems: Iterable[Problem]) -> str:
    """Return all problems as one fenced block, in which no markup of a corpus takes effect."""
    text = "\n".join(format_text(problem) for problem in problems)
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
