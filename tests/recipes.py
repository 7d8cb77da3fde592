"""Pages that tell what to do step by step, followed to the letter.

A comment before a block of code says what the block is. ``<!-- write: path -->`` puts its text
into a new file, ``<!-- add: path -->`` at the end of a file, and ``<!-- edit: path -->`` is a diff
whose old lines occur once in the file. Every other block in ``sh`` is run, and must succeed; the
last command of one under ``<!-- stops -->`` must fail. ``<!-- prints -->`` is what the commands
since the last such block print; ``…`` stands for anything there, and alone on its line for any
number of lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

STEP = re.compile(
    r"(?:<!-- (edit|add|write|stops|prints)(?:: (\S+))? -->\n)?^```(\w+)\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


def follow(page, folder, edited=None, show=None):
    """Run a page's commands in the folder of ``folder()``; edit files there or in ``edited``.

    ``show`` is called with each command, edit and output.
    """
    show = show or (lambda text: None)
    printed = ""
    for verb, path, language, body in STEP.findall(page):
        if path:
            show(f"[{verb} {path}]\n{body}")
            make_edit((edited or folder()) / path, verb, body)
        elif verb == "prints":
            assert agrees(printed, body), f"the page says:\n{body}\nbut it is:\n{printed}"
            printed = ""
        elif language == "sh":
            show("".join(f"$ {line}\n" for line in body.splitlines()))
            said = run(body, folder(), fails=verb == "stops")
            show(said)
            printed += said


def agrees(printed, told):
    """Return whether a text is as a page tells it."""
    lines = [re.escape(line).replace("…", ".*") for line in told.splitlines()]
    pattern = "".join("(?:.*\n)*" if line == ".*" else f"{line}\n" for line in lines)
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, text) is not None


def make_edit(file, verb, body):
    """Do what the page asks the reader to do in an editor."""
    if verb == "edit":
        lines = body.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        text = replace_once(file.read_text(encoding="utf-8"), old, new)
    elif verb == "add":
        text = file.read_text(encoding="utf-8") + body
    else:
        assert not file.exists(), file
        file.parent.mkdir(parents=True, exist_ok=True)
        text = body
    file.write_text(text, encoding="utf-8", newline="\n")


def replace_once(text, old, new):
    """Replace lines, or, if only part of a line is told, that part."""
    if text.count(old) != 1:
        old, new = old.removesuffix("\n"), new.removesuffix("\n")
    assert text.count(old) == 1, old
    return text.replace(old, new)


def run(commands, folder, fails=False):
    """Run shell commands with the Python of the tests, and return what they print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    printed = done.stdout.decode()
    assert (done.returncode != 0) == fails, printed
    return printed
