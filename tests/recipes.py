"""Pages that tell what to do step by step, followed to the letter.

A block of code under a comment is an edit. ``<!-- write: path -->`` puts its text into a new file,
``<!-- add: path -->`` at the end of a file, and ``<!-- edit: path -->`` is a diff whose old lines
occur once in the file. Every other block in ``sh`` is run."""

import os
import re
import subprocess
import sys
from pathlib import Path

STEP = re.compile(
    r"(?:<!-- (edit|add|write): (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def follow(page, folder, edited=None):
    """Run a page's commands in the folder of ``folder()``; edit files there or in ``edited``."""
    for verb, path, language, body in STEP.findall(page):
        if verb:
            make_edit((edited or folder()) / path, verb, body)
        elif language == "sh":
            run(body, folder())


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


def run(commands, folder):
    """Run shell commands with the Python of the tests, and show their output on failure."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
