"""Run the Python blocks of a page, as a notebook runs its cells, and show what each one gives.

The pages of the repository have the code only: what it prints changes with every annotation.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

RUN_PAGES = ("docs/recipes", "docs/tutorial")
"""The pages whose blocks are run."""
_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def iter_blocks(page: str) -> Iterator[str]:
    """Yield the code of each Python block of a page."""
    for match in _BLOCK.finditer(page):
        yield match[1]


def run_block(code: str, names: dict[str, Any]) -> tuple[str, Any]:
    """Run code that uses and sets ``names``.

    Return what it prints, and the value of its last statement if that is an expression, else None.
    """
    tree = ast.parse(code)
    last = tree.body[-1]
    expression = last.value if isinstance(last, ast.Expr) else None
    if expression:
        tree.body.pop()
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(tree, "<block>", "exec"), names)
        if not expression:
            return printed.getvalue(), None
        value = eval(compile(ast.Expression(expression), "<block>", "eval"), names)
    return printed.getvalue(), value


def fill_outputs(page: str) -> str:
    """Return a page with the output of each block below it. The blocks share their names."""
    names: dict[str, Any] = {}

    def with_output(match: re.Match[str]) -> str:
        printed, value = run_block(match[1], names)
        parts = [match[0]]
        if printed:
            parts.append(f"```text\n{printed.rstrip()}\n```\n")
        if value is not None:
            parts.append(_format_value(value))
        return "\n".join(parts)

    return _BLOCK.sub(with_output, page)


def _format_value(value: Any) -> str:
    """Return a value as a notebook shows it: as HTML if it can, else as text."""
    draw = getattr(value, "_repr_html_", None)
    shown = draw() if draw else None
    if shown is None:
        return f"```text\n{value!r}\n```\n"
    return f'```{{raw}} html\n<div class="output">{shown}</div>\n```\n'
