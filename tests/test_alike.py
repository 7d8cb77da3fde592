"""Problems that are alike: a few are shown, and the others are counted."""

import inspect
import json
import re
from collections import Counter

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from readout.cli import main
from readout.cli.frame import GROUPS, find_command
from readout.problem import Problem
from readout.report.problems import abridge, format_fenced, format_text, iter_abridged

GOLD = "annotations/gold/2030-01-harbour-brief.jsonl"


def make_problem(number, code="schema", message="Got {}.", hint=None):
    text = message.format(repr(f"x{number}"))
    return Problem(
        code=code, severity="error", path="a.jsonl", line=number, message=text, hint=hint
    )


# Each is one of few kinds, with one of few hints.
problems = st.lists(
    st.builds(
        make_problem,
        st.integers(1, 99),
        st.sampled_from(["schema", "encoding"]),
        st.sampled_from(["Got {}.", "Expected {}.", "Got {}; it is 17."]),
        st.sampled_from([None, "did you mean 'a'?", "did you mean 'b'?", "remove it."]),
    ),
    max_size=80,
)


@given(problems)
def test_every_problem_is_shown_or_counted(given_problems):
    shown, rests = abridge(given_problems)
    hidden = [problem for rest in rests for problem in rest.problems]
    assert Counter(map(repr, [*shown, *hidden])) == Counter(map(repr, given_problems))
    for rest in rests:
        assert rest.example in shown
        assert {problem.code for problem in rest.problems} == {rest.example.code}

    lines = list(iter_abridged(given_problems))
    counted = [int(match[1]) for line in lines if (match := re.match(r"… and (\d+) more", line))]
    assert counted == [len(rest.problems) for rest in rests]
    assert lines[: len(shown)] == list(map(format_text, shown))


def test_three_problems_with_one_hint_are_shown():
    alike = [make_problem(number, hint="remove it.") for number in range(1, 206)]
    shown, (rest,) = abridge(alike)
    assert shown == alike[:3]
    assert rest == (alike[0], alike[3:])
    line = "… and 202 more `schema` problems like that at a.jsonl:1: a.jsonl:4, a.jsonl:5, "
    assert list(iter_abridged(alike))[3] == f"{line}a.jsonl:6, …"


def test_of_one_kind_more_is_shown_if_the_hints_differ():
    kind = [make_problem(n, hint=f"write {{'start': {n}}} for \"x{n}\".") for n in range(1, 41)]
    shown, (rest,) = abridge(kind)
    assert shown == kind[:10]
    assert rest.problems == kind[10:]


@pytest.mark.parametrize(
    ("message", "hint", "code"),
    [
        ("Got {}.", "remove it.", "encoding"),
        ("Expected {}.", "remove it.", "schema"),
        ("Got {}.", "add it.", "schema"),
    ],
)
def test_what_differs_in_code_sentence_or_hint_is_shown(message, hint, code):
    alike = [make_problem(number, hint="remove it.") for number in range(1, 100)]
    other = make_problem(100, code, message, hint)
    shown, (rest,) = abridge([*alike, other])
    assert shown == [*alike[:3], other]
    assert len(rest.problems) == 96


def test_many_kinds_of_one_code_are_bounded_and_counted():
    letters = [make_problem(n, message="w" * n) for n in range(1, 301)]
    shown, (rest,) = abridge(letters)
    assert len(shown) == 50
    assert rest == (letters[0], letters[50:])


def test_few_problems_are_shown_as_they_are():
    few = [make_problem(number) for number in range(1, 4)]
    assert list(iter_abridged(few)) == list(map(format_text, few))
    assert list(iter_abridged([])) == []
    assert format_fenced([]) == "No problems."


# ---------------------------------------------------------------- commands


def mislabel(root, count):
    """Give a gold file so many stances whose label is wrong."""
    path = root / GOLD
    lines = path.read_text(encoding="utf-8").splitlines()
    record = next(json.loads(line) for line in lines if '"stance"' in line)
    wrong = [json.dumps({**record, "id": f"x{n}", "polarity": "favour"}) for n in range(count)]
    path.write_text("\n".join([*lines, *wrong, ""]), encoding="utf-8", newline="\n")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_check_groups_only_what_people_read(small):
    mislabel(small, 205)
    done = run("check", small)
    assert done.exit_code == 1
    assert done.stdout.count(": schema: ") == 3
    assert "… and 202 more `schema` problems" in done.stdout
    assert "--all-problems" in done.stdout
    assert done.stderr == "205 errors.\n"

    everything = run("check", small, "--all-problems")
    assert everything.stdout.count(": schema: ") == 205
    assert "more `schema`" not in everything.stdout
    assert (everything.exit_code, everything.stderr) == (done.exit_code, done.stderr)

    assert run("check", small, "--format", "markdown").stdout.count(": schema: ") == 3
    assert len(json.loads(run("check", small, "--format", "json").stdout)) == 205
    assert run("check", small, "--format", "github").stdout.count("::error ") == 205
    sarif = json.loads(run("check", small, "--format", "sarif").stdout)
    assert len(sarif["runs"][0]["results"]) == 205


def test_import_prints_one_line_for_what_is_alike(small, tmp_path):
    text = (small / "raw/text/2030-01-harbour-brief.txt").read_text(encoding="utf-8")
    rows = [{"text": text, "spans": [{"start": 0, "end": 1, "label": f"x{n}"}]} for n in range(40)]
    source = tmp_path / "wrong.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = ("import", "prodigy", source, "--corpus", small, "--annotator", "ann", "--replace")
    done, everything = run(*arguments), run(*arguments, "--all-problems")
    assert done.exit_code == everything.exit_code == 1
    assert done.stderr == everything.stderr
    places = r"^\S+: [a-z-]+: "
    shown = len(re.findall(places, done.stdout, re.MULTILINE))
    counted = sum(map(int, re.findall(r"^… and (\d+) more", done.stdout, re.MULTILINE)))
    assert shown + counted == len(re.findall(places, everything.stdout, re.MULTILINE)) >= 40
    assert shown <= 10


def test_every_command_that_prints_problems_can_print_all():
    printing = (
        "print_problems",
        "_score_files",
        "report_decision",
        "read_valid_corpus",
        "_read_valid",
        "_finish_reanchoring",
        "_run",
        "_write_release",
        "_resolve_conflicts",
    )
    for name in (name for names in GROUPS.values() for name in names):
        command = find_command(name)
        if isinstance(command, click.Group):
            continue
        source = inspect.getsource(inspect.unwrap(command.callback))
        prints = any(f"{each}(" in source for each in printing)
        options = [option for each in command.params for option in each.opts]
        assert ("--all-problems" in options) == prints, name
