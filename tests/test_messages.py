"""Slips of people who type by hand are explained; every format shows problems correctly."""

import json
import os
import re
import shutil
import subprocess
from difflib import SequenceMatcher, get_close_matches
from typing import get_args

import pytest
from cases import CASES, MISTAKES, check_mistake, find_problems
from hypothesis import given
from hypothesis import strategies as st

from readout import __version__
from readout.checks import CHECKS
from readout.corpus.schema import _PATTERN_WORDS, Kind, read_schema
from readout.corpus.syntax import explain_syntax
from readout.problem import Problem, find_close
from readout.report.printing import printable
from readout.report.problems import format_github, format_json, format_sarif


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_mistake_is_explained(path):
    lines, _, expected = path.read_text(encoding="utf-8").partition("---\n")
    assert check_mistake(lines) == expected
    assert "hint:" in expected
    assert "compare the line" not in expected, "an explanation that knows no better"


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=6,
)


similar = st.text("abc", min_size=3, max_size=6)


@given(similar, st.lists(similar, min_size=60, max_size=120, unique=True))
def test_the_word_proposed_is_as_near_as_any(word, words):
    found = find_close(word, words)
    best = get_close_matches(word, words, n=1, cutoff=0.6)
    ratios = [SequenceMatcher(None, each, word).ratio() for each in (found, *best) if each]
    assert bool(found) == bool(best)
    assert len(set(ratios)) <= 1


@given(st.dictionaries(st.text(max_size=3), json_values, min_size=1, max_size=3))
def test_json_has_no_slips(record):
    assert explain_syntax(json.dumps(record)) is None


@given(st.dictionaries(st.text(max_size=3), json_values, min_size=1, max_size=3), st.data())
def test_every_slip_is_explained_at_a_column_of_the_line(record, data):
    line = json.dumps(record, ensure_ascii=False)
    at = data.draw(st.integers(0, len(line)))
    slip = data.draw(st.sampled_from(['"', "“", "'", ",", "}", "]", "{", "#", "x", "\\", "\t", ""]))
    broken = line[:at] + slip + line[at + data.draw(st.integers(0, 2)) :]
    try:
        json.loads(broken)
    except ValueError:
        finding = explain_syntax(broken)
        assert 1 <= finding.column <= len(broken) + 1
        assert finding.message.endswith(".")
        assert finding.hint


def test_every_pattern_of_the_schemas_is_told_in_words():
    patterns = {match for kind in get_args(Kind) for match in find_patterns(read_schema(kind))}
    assert patterns <= set(_PATTERN_WORDS)
    for pattern, words in _PATTERN_WORDS.items():
        for example in re.findall("'([^']+)'", words):
            assert re.search(pattern, example), (pattern, example)


def find_patterns(schema):
    children = (
        schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    )
    if isinstance(schema, dict) and isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    for child in children:
        yield from find_patterns(child)


# ---------------------------------------------------------------- formats


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_github_annotations_can_be_read_back(path, message, hint):
    """A line is unescaped as the runner does it, in its order, to what a terminal shows."""
    line = format_github(
        Problem(
            code="schema", severity="error", path=path, line=3, column=2, message=message, hint=hint
        )
    )
    assert "\n" not in line
    assert "\r" not in line
    head, _, said = line.removeprefix("::error ").partition("::")
    fields = dict(field.split("=", 1) for field in head.split(","))
    assert unescape(fields["file"]) == printable(path)
    assert (fields["line"], fields["col"], fields["title"]) == ("3", "2", "schema")
    assert unescape(said) == printable(message) + (f"\nhint: {printable(hint)}" if hint else "")


def unescape(text):
    for char in ",:\n\r%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text


def test_json_says_what_a_terminal_does_not_obey():
    hostile = "a\x1b[31m\x85\u202e\u2028\n\u05d0"
    problem = Problem(code="schema", severity="error", path="x", message=hostile)
    shown = format_json([problem])
    assert json.loads(shown)[0]["message"] == hostile
    assert printable(shown.replace("\n", "")) == shown.replace("\n", "")


def all_problems():
    return [problem for case in CASES for problem in find_problems(case)]


def test_sarif_names_every_rule_and_every_place():
    problems = all_problems()
    log = json.loads(format_sarif(problems, CHECKS.values(), __version__))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert rules == set(CHECKS)
    assert len(run["results"]) == len(problems)
    for result, problem in zip(run["results"], problems, strict=True):
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"].startswith(problem.message)
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == problem.path
        region = location["physicalLocation"].get("region", {})
        assert region.get("startLine", 1) >= 1
        assert (
            region.get("endColumn", region.get("startColumn", 1))
            >= region.get("startColumn", 1)
            >= 1
        )


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("npx"),
    reason="npx, which brings the SARIF SDK's own validator, is not installed",
)
def test_sarif_satisfies_the_validator_of_the_sarif_sdk(tmp_path):
    (tmp_path / "problems.sarif").write_text(
        format_sarif(all_problems(), CHECKS.values(), __version__), "utf-8", newline="\n"
    )
    command = [
        "npx",
        "--yes",
        "@microsoft/sarif-multitool@5.7.0",
        "validate",
        "problems.sarif",
        "--output",
        "report",
    ]
    subprocess.run(
        command,
        cwd=tmp_path,
        check=True,
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )
    results = json.loads((tmp_path / "report").read_text("utf-8-sig"))["runs"][0]["results"]
    assert [result for result in results if result.get("level", "warning") == "error"] == []
