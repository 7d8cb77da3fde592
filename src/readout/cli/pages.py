"""Write the pages of ``docs/`` that are generated from code.

``make docs`` runs this module: ``python -m readout.cli.pages``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from readout.benchmark.tasks import build_all_items
from readout.checks import CHECKS
from readout.cli.reference import format_commands
from readout.corpus.read import read_corpus
from readout.dataset.bench import build_bench_table, name_task
from readout.dataset.columns import Config
from readout.dataset.features import BENCH_CONFIGS, CONFIGS, config_splits
from readout.dataset.glossary import GLOSSARY, LoadedRow, format_glossary
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
writes nothing and exits with 1; an import that brings in no annotation is a problem too. Imported
annotations go to `annotations/by/`, never to gold.

Both commands print what the format cannot represent, as listed here under "Losses". Tests check
that an import after an export returns the same annotations, except for these losses.
`pytest -m labelstudio` repeats the test on a real Label Studio server: it installs the server into
a new environment and starts it on loopback.

## Files that others made

Other people's files have labels of their own. `--inspect` prints what files contain, as a mapping
in which somebody fills in what it means; `--map` imports with it:

```sh
readout import brat theirs --inspect > theirs.yaml     # labels, attributes, links, with counts
readout import brat theirs --map theirs.yaml --add --annotator them
readout import brat theirs --map theirs.yaml --add --annotator them --skip
```

- `--add` adds the texts, speakers, topics and targets that the corpus lacks; the corpus folder may
  be empty. A document gets the split of the file or folder named `train`, `dev`, `test` or similar,
  and an annotator whom the files name a layer of the own, such as `by/them-alice`. Without `--add`,
  a file belongs to the document that it names, or else to the one that has its text.
- `--skip` leaves out whatever has a problem, lists it and imports the rest. An annotation that is
  left out takes its links along.
- White space at the ends of a span is left out. With a mapping, pieces of a span are one if only
  white space separates them. The import counts both.
- `--offsets` says what offsets count: `code-points`, `utf-16` (JavaScript, Java), `graphemes` or
  `utf-8`. It is needed only if neither the words beside the offsets nor whole words tell.

A mapping is a YAML file. The names on the left are foreign; `*` matches any text and `?` any
character, and the first line that fits is taken. `drop` leaves something out, and the import lists
it with its count. Whatever no line fits is a problem.

```yaml
labels:
  Person*: {type: mention, speaker: "{words}"}
  NamedEntity[value=PER]: {type: mention, speaker: "{identifier}"}
  Quotation: {type: quote, form: inferred, speaker: ["{Speaker}", unstated-speaker]}
  Attribution: {type: quote, spans: Content, form: inferred, speaker: "{Source}"}
  Cue: cue
  Discuss: drop
values:
  Polarity: {field: polarity, values: {pos: favor, neg: against}}
  Quotation.Comment: note
  "*": drop
links:
  Source: source
  says: {link: source, reverse: true}
  "*": drop
```

- `labels` gives the type of an annotation, or `cue`, and defaults of its fields. In a default,
  `{words}` and `{label}` are those of the annotation; another name in braces is one of its
  attributes, or else the words at the other end of one of its links. Of a list of defaults, the
  first that can be filled is taken. `form: inferred` looks at the quotation marks in the content
  and right around it, also at those of the Penn Treebank, and at single marks around all of it.
- `[value=PER]` restricts a line to annotations whose attribute has this value.
- `spans` names the links that lead to the spans of an annotation, as in an event whose own words
  are only its trigger.
- `values` gives the field that an attribute becomes, for all labels or as `LABEL.NAME` for some.
- `links` gives the link that a foreign link becomes, perhaps reversed: `source`, `within`, `quote`,
  `cue` (from a quote to its cue), or `part` (from a piece to the next).
- Speakers, topics and targets may be named by id, name, label or alias.

## Formats

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


def format_rows(root: Path) -> str:
    """Return the glossary, with rows of the corpus of the tests as examples."""
    from readout.dataset.tables import build_split_table

    corpus, _ = read_corpus(root / CORPUS)
    rows: dict[Config, list[LoadedRow]] = {}
    for config in CONFIGS:
        rows[config] = []
        for split in config_splits(config):
            rows[config] += build_split_table(corpus, config, split).to_pylist()

    items = build_all_items(corpus)
    for config in BENCH_CONFIGS:
        asked = items[name_task(config)]
        rows[config] = build_bench_table(config, asked, corpus.index.records).to_pylist()
    return format_glossary(rows)


PAGES: Mapping[str, Callable[[Path], str]] = {
    "docs/problems.md": format_problems,
    "docs/interchange.md": format_interchange,
    GLOSSARY: format_rows,
    "docs/commands.md": lambda root: format_commands(),
}
"""The function that formats each generated page, by the path of the page."""


def write_pages(root: Path) -> None:
    """Write the generated pages of the repository at ``root``."""
    for name, format_page in PAGES.items():
        (root / name).write_text(format_page(root), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(Path(*sys.argv[1:]))
