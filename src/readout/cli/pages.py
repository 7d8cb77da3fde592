"""Write the pages of ``docs/`` that are generated from code.

``make docs`` runs this module: ``python -m readout.cli.pages``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from readout.checks import CHECKS
from readout.cli.reference import format_commands
from readout.interchange.formats import format_reference
from readout.problem import Rule

CASES = "tests/cases"
CORPUS = "tests/corpus"

PROBLEMS_HEAD = """# Problems

Every problem that `readout check` can report. Generated from the checks and their test
cases by `make docs`; do not edit.

An *error* fails the check and stops a build. A *warning* fails the check only with `--strict`.
Checks have levels, called rungs: bytes, json, schema, reference, span, guideline. A record that
fails on one rung is not checked on the next.

Of problems with the same code, whose sentences and hints differ at most in the values that they
name, the first ten are shown, and the first three with the same hint; of one code, at most fifty.
One line per kind counts the others and names their first places. `--all-problems` prints them all,
as `--format json`, `github` and `sarif` always do.

| code | severity | rung | demand |
| --- | --- | --- | --- |
"""

INTERCHANGE_HEAD = """# Import and export

Generated from the formats by `make docs`; do not edit. Install the libraries with
`pip install "readout-corpus[interchange]"`.

```sh
readout export brat --output out                                  # gold, every document
readout export labelstudio --output out --layer ann --layer ben   # the layers of two annotators
readout import brat out --annotator ann                           # to annotations/by/ann/
readout import labelstudio export.json --annotator 1=ann --annotator 2=ben
mkdir corpus && readout import polnear data/dev --corpus corpus --annotator polnear
```

Offsets in a corpus are Unicode code points. If a format counts in another unit, the export and the
import convert the offsets. An import compares every span with its text. If it finds any problem, it
writes nothing and exits with 1. Imported annotations go to `annotations/by/`, never to gold.

Both commands print what the format cannot represent, as listed here under "Losses". Tests check
that an import after an export returns the same annotations, except for these losses.
`pytest -m labelstudio` repeats the test on a real Label Studio server: it installs the server into
a new environment and starts it on loopback.

"""


def format_problems(root: Path) -> str:
    """Return the page of all problems, with the test cases of the repository as examples."""
    rows = [
        f"| `{rule.code}` | {rule.severity} | {rule.rung} | {rule.summary} |\n"
        for rule in CHECKS.values()
    ]
    cases, corpus = root / CASES, root / CORPUS
    sections = [_format_rule(rule, cases / rule.code, corpus) for rule in CHECKS.values()]
    return "".join([PROBLEMS_HEAD, *rows, *sections])


def _format_rule(rule: Rule, case: Path, corpus: Path) -> str:
    """Return the section of a rule: its demand, a message, and a bad and a good line."""
    expected = (case / "expected.txt").read_text(encoding="utf-8").strip()
    blocks = [f"\n## {rule.code}\n\n{rule.summary}\n\n```text\n{expected}\n```\n"]
    for name in _iter_replaced(case, corpus):
        blocks += _iter_examples(name, case, corpus)
    return "".join(blocks)


def _iter_replaced(case: Path, corpus: Path) -> Iterator[str]:
    """Yield the path of each file of the corpus that a case replaces."""
    files = case / "files"
    for path in sorted(files.rglob("*")):
        name = path.relative_to(files).as_posix()
        if path.is_file() and (corpus / name).is_file():
            yield name


def _iter_examples(name: str, case: Path, corpus: Path) -> Iterator[str]:
    """Yield the first line that only the case has, then the first that only the corpus has."""
    bad = (case / "files" / name).read_bytes().decode(errors="replace").splitlines()
    good = (corpus / name).read_text(encoding="utf-8").splitlines()

    for title, lines, others in (("Bad", bad, good), ("Good", good, bad)):
        line = next((line for line in lines if line not in others), None)
        if line is not None:
            yield f"\n{title} (`{name}`):\n\n```json\n{_escape_unprintable(line)}\n```\n"


def _escape_unprintable(line: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in line)


def format_interchange(root: Path) -> str:
    """Return the page of all formats; it does not depend on the folder."""
    return INTERCHANGE_HEAD + format_reference()


PAGES: Mapping[str, Callable[[Path], str]] = {
    "docs/problems.md": format_problems,
    "docs/interchange.md": format_interchange,
    "docs/commands.md": lambda root: format_commands(),
}
"""The function that formats each generated page, by the path of the page."""


def write_pages(root: Path) -> None:
    """Write the generated pages of the repository at ``root``."""
    for name, format_page in PAGES.items():
        (root / name).write_text(format_page(root), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(Path(*sys.argv[1:]))
