"""Print to the terminal or to the log of a CI job; nothing else in the package prints.

What a corpus contains is printed as text: control characters, characters that change the direction
of writing, and commands of GitHub's runner are escaped, and no markup takes effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

# Control, direction, invisible and surrogate characters, and the bracket of "##[", which starts a
# command of GitHub's runner wherever it is in a line.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
    r"|(?<=##)\["
)
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
# The runner takes a line for a command if it starts with "::", after white space too.
_COMMAND = re.compile(r"^((?:\x1b\[[0-9;]*m|\s)*)(?=::)")


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char == "[":
        return "\\x5b"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def printable(text: str) -> str:
    """Return text as one line without characters that a terminal or a runner would obey."""
    return _UNSAFE.sub(_escape, text)


def escape_json(text: str) -> str:
    """Return equal JSON in which such characters are escaped; they occur only in strings."""

    def escape(match: re.Match[str]) -> str:
        char = match.group()
        return char if char == "\n" else f"\\u{ord(char):04x}"

    return _UNSAFE.sub(escape, text)


def _safe_line(line: str, coloured: bool = False) -> str:
    """Return a line that is safe to print; colours of a coloured line are kept."""
    parts = _COLOUR.split(line) if coloured else [line]
    safe = [part if coloured and index % 2 else printable(part) for index, part in enumerate(parts)]
    return _COMMAND.sub(r"\1\\", "".join(safe))


def safe_block(text: str, coloured: bool = False) -> str:
    """Return several lines that are safe to print; line feeds and tabs are kept."""
    lines = []
    for line in text.split("\n"):
        cells = [_safe_line(cell, coloured) for cell in line.split("\t")]
        lines.append(_COMMAND.sub(r"\1\\", "\t".join(cells)))
    return "\n".join(lines)


# ---------------------------------------------------------------- the ways out


def print_line(line: str, error: bool = False, **colours: Any) -> None:
    """Print one line to standard output or standard error; ``colours`` are those of click."""
    click.secho(_safe_line(line), err=error, **colours)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to standard output; a line feed inside of one is escaped."""
    for line in lines:
        print_line(line)


def print_block(text: str, coloured: bool = False) -> None:
    """Print several lines; of a coloured text, the parts must be printable already."""
    click.echo(safe_block(text, coloured))


def print_json(text: str) -> None:
    """Print indented JSON."""
    click.echo(escape_json(text))


def print_commands(commands: Iterable[str]) -> None:
    """Print commands for GitHub's runner, whose values are escaped already."""
    for command in commands:
        click.echo(command)


def print_grid(grid: Any) -> None:
    """Print a table of rich, wrapped to the width of the terminal."""
    console = make_console()
    with console.capture() as captured:
        console.print(grid)
    print_block(captured.get().removesuffix("\n"), coloured=True)


def make_console(error: bool = False) -> Console:
    """Return a console of rich that takes no text for markup."""
    from rich.console import Console

    return Console(stderr=error, markup=False, emoji=False, highlight=False)
