"""Writes ``docs/problems.md`` from the registry of checks and the test cases, and its neighbour: ``make docs``."""

from pathlib import Path

from cases import CORPUS, TESTS, check_case
from interchange_page import write_page

from readout.checks import CHECKS

REFERENCE = TESTS.parent / "docs" / "problems.md"

HEAD = """# Problems

Every problem that `readout check` can report. Generated from the checks and their test
cases by `make docs`; do not edit.

An *error* fails the check and stops a build; a *warning* does not, unless `--strict` is given. Checks climb a ladder of
rungs (bytes, json, schema, reference, span, guideline): a record that fails on one rung is not judged on the next.

| code | severity | rung | what it demands |
| --- | --- | --- | --- |
"""


def format_reference() -> str:
    """Return the reference page."""
    rules = CHECKS.values()
    rows = "".join(f"| `{rule.code}` | {rule.severity} | {rule.rung} | {rule.summary} |\n" for rule in rules)
    return HEAD + rows + "".join(_section(TESTS / "cases" / rule.code) for rule in rules)


def _section(case: Path) -> str:
    rule = CHECKS[case.name]
    head = f"\n## {rule.code}\n\n{rule.summary}\n\n```text\n{check_case(case).strip()}\n```\n"
    files = sorted(path for path in case.rglob("*") if path.is_file() and path.name != "expected.txt")
    return head + "".join(_difference(case, path) for path in files)


def _difference(case: Path, path: Path) -> str:
    if path.name == "remove.txt":
        return ""
    name = path.relative_to(case / "files")
    if not (CORPUS / name).exists():
        return ""
    bad = path.read_bytes().decode(errors="replace").splitlines()
    good = (CORPUS / name).read_text(encoding="utf-8").splitlines()
    pairs = [line for line in bad if line not in good], [line for line in good if line not in bad]
    shown = [
        f"{title} (`{name}`):\n\n```json\n{_cut(lines[0])}\n```\n"
        for title, lines in zip(("Bad", "Good"), pairs, strict=True)
        if lines
    ]
    return "".join("\n" + text for text in shown)


def _cut(line: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in line)


if __name__ == "__main__":
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(format_reference(), encoding="utf-8", newline="\n")
    write_page()
