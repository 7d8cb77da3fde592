"""Everything that is printed goes one way, on which nothing of a corpus is obeyed."""

import ast
import json
import shutil
import subprocess
import sys

import pytest
from cases import CORPUS
from conftest import ROOT

from readout.report.printing import escape_json, printable, safe_block

PACKAGE = ROOT / "src" / "readout"
OUTLET = "report/printing.py"
PRINTERS = {"print", "echo", "secho", "echo_via_pager", "Console", "print_json"}
STREAMS = {"stdout", "stderr"}

HOSTILE = "a\n::error::evil\x1b[31m\u202e ##[error]x [sic] [/b]"


def find_printers(path):
    """Yield the calls of a module that print by another way than the outlet."""
    text = path.read_text(encoding="utf-8")
    if not any(name in text for name in [*PRINTERS, "write"]):
        return  # no call has such a name, and to parse a module takes long
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id in PRINTERS - {"print_json"}:
            yield node.lineno
        elif isinstance(function, ast.Attribute):
            is_stream = isinstance(function.value, ast.Attribute) and function.value.attr in STREAMS
            if function.attr in PRINTERS or (is_stream and function.attr.startswith("write")):
                yield node.lineno


def test_no_module_prints_by_another_way():
    modules = [path for path in PACKAGE.rglob("*.py") if "template" not in path.parts]
    found = {path.relative_to(PACKAGE).as_posix(): list(find_printers(path)) for path in modules}
    assert found.pop(OUTLET)
    assert {path: lines for path, lines in found.items() if lines} == {}


def is_live(line):
    """Tell whether GitHub's runner or a terminal obeys something in a line."""
    controls = any(ord(char) < 32 or char in "\x7f\x9b\u202e" for char in line)
    return controls or line.lstrip().startswith("::") or "##[" in line


@pytest.mark.parametrize("text", [HOSTILE, "::error::x", "  ::x", "\t::x", "\x1b[1m::x", "##[x"])
def test_a_safe_block_has_nothing_live(text):
    for coloured in (False, True):
        lines = safe_block(text, coloured).replace("\x1b[31m", "").replace("\x1b[1m", "")
        assert not any(is_live(line.lstrip("\t")) for line in lines.split("\n"))
    assert not is_live("x" + printable(text))


def test_json_stays_equal():
    text = json.dumps([HOSTILE], ensure_ascii=False)
    escaped = escape_json(text)
    assert json.loads(escaped) == [HOSTILE]
    assert not is_live(escaped)


def run(folder, *arguments):
    command = [sys.executable, "-m", "readout", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return a corpus in which a file, a folder and a registry entry have hostile names."""
    root = tmp_path_factory.mktemp("hostile") / "corpus"
    shutil.copytree(CORPUS, root)
    for folder in ("annotations/by", "annotations/gold"):
        path = root / folder / "a\n::error::evil\x1b[31m"
        try:
            path.mkdir(parents=True)
        except OSError:
            pytest.skip("the file system has no such names")
        (path / "2030-01-harbour-talks.jsonl").write_text('{"a": 1,}\n', encoding="utf-8")

    speakers = root / "annotations/speakers.jsonl"
    text = speakers.read_text(encoding="utf-8")
    name = "[sic] [/b] \\u001b[31m \\u202e ##[error]x\\n::error::evil "
    speakers.write_text(text.replace('"name":"', f'"name":"{name}'), encoding="utf-8", newline="\n")
    return root


COMMANDS = [
    "check", "check --format markdown", "check --format json", "check --format sarif", "stats",
    "stats --format markdown", "stats --format latex", "stats --format json", "format --check",
    "diff . .", "agree", "reanchor --dry-run", "build", "bench score --task x ./no\n::error::file",
]  # fmt: skip


RUN_ALL = """\
import json, sys
from readout.cli import main

for number, command in enumerate(json.loads(sys.argv[1])):
    try:
        main(command)
    except SystemExit:
        pass
    for stream in (sys.stdout, sys.stderr):
        print("end of command", number, file=stream, flush=True)
"""


def test_no_command_obeys_a_hostile_name(hostile):
    """One process runs all commands, since starting one takes longer than most of them."""
    arguments = [command.split(" ") for command in COMMANDS]
    program = [sys.executable, "-c", RUN_ALL, json.dumps(arguments)]
    done = subprocess.run(program, cwd=hostile, capture_output=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr
    ends = [f"end of command {number}" for number in range(len(COMMANDS))]
    for output in (done.stdout, done.stderr):
        lines = output.split("\n")
        assert [line for line in lines if line.startswith("end of command")] == ends
        assert [line for line in lines if is_live(line)] == []


def test_markup_in_names_is_shown(hostile):
    shown = "".join(run(hostile, "stats", "--format", "text").stdout.split())
    assert "[sic]" in shown
    assert "[/b]" in shown
