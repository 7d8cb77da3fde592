"""Fit tables to the width of a terminal: which columns are printed together, and where cells wrap.

No word is broken as long as it fits on a line. A table that is too wide becomes several tables,
each of which begins with the columns that identify its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Row = Sequence[str]
_BORDERS = 3
"""The width of a column's border and padding; the last border of a table is one more."""
# An interval such as "[.601, .827]" is one word.
_WORD = re.compile(r"\[[^\[\]]{1,24}\]\S*|\S+")
_TEXT = 60
"""Texts of more than so many characters are expected to wrap."""


class Part(NamedTuple):
    """Columns of a table that are printed side by side, and their widths."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]


def fit_columns(header: Row, rows: Sequence[Row], width: int) -> list[Part]:
    """Return the parts in which a table is printed on lines of ``width`` characters."""
    columns = list(zip(header, *rows, strict=True))
    wanted = [max(map(measure_width, cells)) for cells in columns]
    least = [_find_least_width(cells) for cells in columns]

    parts = []
    for group in _group_columns(_find_keys(rows, least, width), least, width):
        shares = _share_width([least[at] for at in group], [wanted[at] for at in group], width)
        parts.append(Part(tuple(group), tuple(shares)))
    return parts


def measure_width(text: str) -> int:
    """Return the number of terminal cells that a text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def _find_least_width(cells: Iterable[str]) -> int:
    """Return the width of the longest word of a column, or more if its texts are long."""
    longest = [max(map(measure_width, _WORD.findall(cell)), default=1) for cell in cells]
    texts = [min(measure_width(cell), _TEXT) // 3 for cell in cells]
    return max(*longest, *texts, 1)


def _cost(widths: Iterable[int]) -> int:
    return sum(width + _BORDERS for width in widths) + 1


def _find_keys(rows: Sequence[Row], least: Sequence[int], width: int) -> int:
    """Return how many of the first columns identify a row, if they leave room for others."""
    for number in range(1, len(least)):
        if _cost(least[:number]) > width // 2:
            break
        if len({tuple(row[:number]) for row in rows}) == len(rows):
            return number
    return 1


def _group_columns(keys: int, least: Sequence[int], width: int) -> list[list[int]]:
    """Return the columns of each part; each part begins with the ``keys`` first columns."""
    first = list(range(min(keys, len(least))))
    if _cost(least) <= width:
        return [list(range(len(least)))]

    groups = [list(first)]
    for column in range(len(first), len(least)):
        together = [*groups[-1], column]
        has_room = _cost(least[at] for at in together) <= width
        if has_room or groups[-1] == first:
            groups[-1] = together
        else:
            groups.append([*first, column])
    return groups


def _share_width(least: Sequence[int], wanted: Sequence[int], width: int) -> list[int]:
    """Return the widths of columns: the least ones, and what is left to those that want little."""
    shares = [min(pair) for pair in zip(least, wanted, strict=True)]
    while _cost(shares) > width and max(shares) > 1:
        widest = shares.index(max(shares))
        shares[widest] -= 1

    left = width - _cost(shares)
    while left > 0:
        missing = [want - share for share, want in zip(shares, wanted, strict=True)]
        open_columns = [at for at, more in enumerate(missing) if more > 0]
        if not open_columns:
            break
        # First the columns that then need no second line; the rest is for the longest text.
        nearest = min(open_columns, key=lambda at: missing[at])
        if missing[nearest] > left:
            nearest = max(open_columns, key=lambda at: missing[at])
        given = min(missing[nearest], left)
        shares[nearest] += given
        left -= given
    return shares


def wrap_cell(text: str, width: int) -> str:
    """Return a text with line feeds, so that no line is wider than ``width``.

    Only a word that is wider than the line is broken.
    """
    if measure_width(text) <= width:
        return text

    lines = [""]
    for word in _WORD.findall(text):
        for piece in _break_word(word, width):
            longer = f"{lines[-1]} {piece}".lstrip()
            if measure_width(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(piece)
    return "\n".join(filter(None, lines))


def _break_word(word: str, width: int) -> list[str]:
    """Return a word in pieces that fit a line."""
    pieces = [""]
    for sign in word:
        if pieces[-1] and measure_width(pieces[-1] + sign) > width:
            pieces.append("")
        pieces[-1] += sign
    return pieces
