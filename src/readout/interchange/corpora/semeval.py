"""SemEval-2016 Task 6: a table of tweets with a target and a stance, parted by tabs (Mohammad et al. 2016).

The first row names the columns: ID, Target, Tweet, Stance, and in the later release Opinion towards and Sentiment. A
tweet is a document, its author the holder of the stance, and all of it the evidence.
"""

from __future__ import annotations

from pathlib import Path

from readout.interchange.corpora.newcomers import CorpusInbox
from readout.interchange.graph import Graph, Node
from readout.interchange.inbox import find_files, read_foreign_text
from readout.model import Span
from readout.problem import nearest

TITLE = "SemEval-2016 Task 6"
LOSSES = (
    "NONE, by which neither position can be inferred, becomes neutral.",
    "A stance is explicit where the opinion is said to be towards the target, and implicit elsewhere.",
    "Where the table does not say whom the opinion is towards, as in its first release, every stance is implicit.",
    "Sentiment is not kept; a target becomes a proposition to support it.",
    "Tweets have no date, so document ids start with 0000-00.",
)
_POLARITY = {"FAVOR": "favor", "AGAINST": "against", "NONE": "neutral"}
_TSV_COLUMNS = ("ID", "Target", "Tweet", "Stance")
_AUTHOR = "author of the tweet"


def import_semeval(inbox: CorpusInbox, path: Path) -> None:
    """Read tables in UTF-8; a row a tweet and target."""
    for file in find_files(path, ".txt", ".tsv"):
        content = read_foreign_text(inbox, file)
        if content is not None:
            _read_table(inbox, str(file), [line.rstrip("\r") for line in content.split("\n")])


def _read_table(inbox: CorpusInbox, path: str, lines: list[str]) -> None:
    columns = [name.strip() for name in lines[0].split("\t")]
    missing = [name for name in _TSV_COLUMNS if name not in columns]
    if missing:
        message = f"The table lacks the column {missing[0]!r}. Got {columns}."
        inbox.report("foreign-syntax", path, message, "keep the first row with the names of the columns.", 1)
        return
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if not line.strip():
            continue
        if len(cells) != len(columns):
            message = f"Got {len(cells)} columns. Expected {len(columns)}."
            inbox.report("foreign-syntax", path, message, "correct the tabs of the row.", number)
        else:
            _read_row(inbox, path, number, dict(zip(columns, cells, strict=True)))


def _read_row(inbox: CorpusInbox, path: str, number: int, row: dict[str, str]) -> None:
    text, label = row["Tweet"], row["Stance"].strip()
    stripped = text.strip()
    if label not in _POLARITY or not stripped:
        message = f"Got the stance {label!r}." if stripped else "The tweet is empty."
        hint = nearest(label, _POLARITY) if stripped else "remove the row."
        inbox.report("foreign-value", path, message, hint, number)
        return
    start = text.index(stripped)
    toward = next((value for name, value in row.items() if name.lower() == "opinion towards"), "")
    values = {
        "holder": inbox.add_speaker(_AUTHOR),
        "target": inbox.add_target(row["Target"].strip()),
        "polarity": _POLARITY[label],
        "expression": "explicit" if toward.strip().upper().startswith("TARGET") else "implicit",
    }
    span = Span(start, start + len(stripped), stripped)
    doc_id = inbox.add_document(path, f"tweet {row['ID']}", text, "0000-00")
    inbox.add_layer(path, doc_id, Graph([Node(f"row {number}", "stance", (span,), values, number)], []))
