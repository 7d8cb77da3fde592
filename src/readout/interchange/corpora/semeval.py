"""Import SemEval-2016 Task 6: tab-separated tables of tweets with a target and a stance.

The first row names the columns ID, Target, Tweet and Stance, and in the later release also Opinion
towards and Sentiment (Mohammad et al. 2016). Each tweet becomes a document with one stance: its
author is the holder, and the whole tweet is the evidence. The name of a file tells its split:
``train…`` or ``trial…``, which was released for training, or ``test…``.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path

from readout.interchange.corpora.newcomers import CorpusInbox
from readout.interchange.graph import Graph, Node
from readout.interchange.inbox import decode_foreign, find_files
from readout.model import Span, Split
from readout.problem import nearest

TITLE = "SemEval-2016 Task 6"
LOSSES = (
    "NONE, used if neither position can be inferred, becomes neutral.",
    "A stance is explicit if the table says that the opinion is towards the target.",
    "Every other stance is implicit, so in the first release, which has no such column, all are.",
    "Sentiment is dropped; a target becomes a proposition to support it.",
    "Tweets have no date, so document ids start with 0000-00.",
)
_POLARITY = {"FAVOR": "favor", "AGAINST": "against", "NONE": "neutral"}
_TSV_COLUMNS = ("ID", "Target", "Tweet", "Stance")
_AUTHOR = "author of the tweet"


def import_semeval(inbox: CorpusInbox, path: Path) -> None:
    """Read tables in UTF-8 with one row per tweet and target.

    Other text files of the folder, such as those with the ids of the tweets, are left out.
    """
    for file in find_files(path, ".txt", ".tsv"):
        lines = file.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
        columns = lines[0].decode("utf-8", "replace").split("\t")
        columns = [name.strip() for name in columns]
        is_table = "Tweet" in columns or _is_row(columns)
        if file != path and not is_table:
            inbox.tell("A file that is no table of tweets is left out.", str(file))
        else:
            _read_table(inbox, file, columns, lines[1:])


def _is_row(cells: Sequence[str]) -> bool:
    """Return whether cells are those of a tweet, as in a table whose first row is missing."""
    return len(cells) >= len(_TSV_COLUMNS) and cells[_TSV_COLUMNS.index("Stance")] in _POLARITY


def _read_table(inbox: CorpusInbox, file: Path, columns: list[str], lines: list[bytes]) -> None:
    path = str(file)
    missing = [name for name in _TSV_COLUMNS if name not in columns]
    if missing:
        message = f"The table has no column {missing[0]!r}. Got {columns}."
        hint = f"give the columns {', '.join(_TSV_COLUMNS)} in the first row."
        inbox.report("foreign-syntax", path, message, hint, 1)
        return

    split = _find_split(file)
    if split is None:
        message = "The name of the file starts with none of train, trial and test."
        hint = "rename the file after the published split that its tweets belong to."
        inbox.report("foreign-document", path, message, hint)
        return

    for number, raw in enumerate(lines, 2):
        line = decode_foreign(inbox, path, raw.rstrip(b"\r"), "utf-8", number)
        if line is None or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != len(columns):
            message = f"Got {len(cells)} columns. Expected {len(columns)}."
            inbox.report("foreign-syntax", path, message, "correct the tabs of the row.", number)
        else:
            row = dict(zip(columns, cells, strict=True))
            _read_row(inbox, path, number, row, split)


def _find_split(file: Path) -> Split | None:
    """Return the split that the name of a file means; the trial data belong to training."""
    name = file.name.lower()
    if name.startswith(("train", "trial")):
        return "train"
    return "test" if name.startswith("test") else None


def _read_row(
    inbox: CorpusInbox, path: str, number: int, row: Mapping[str, str], split: Split
) -> None:
    text, label = row["Tweet"], row["Stance"].strip()
    stripped = text.strip()
    if not stripped:
        inbox.report("foreign-value", path, "The tweet is empty.", "remove the row.", number)
        return
    if label not in _POLARITY:
        message = f"Got the stance {label!r}."
        inbox.report("foreign-value", path, message, nearest(label, _POLARITY), number)
        return

    opinions = [value for column, value in row.items() if column.lower() == "opinion towards"]
    is_explicit = bool(opinions) and opinions[0].strip().upper().startswith("TARGET")
    values = {
        "holder": inbox.add_speaker(_AUTHOR),
        "target": inbox.add_target(row["Target"].strip()),
        "polarity": _POLARITY[label],
        "expression": "explicit" if is_explicit else "implicit",
    }

    start = text.index(stripped)
    span = Span(start, start + len(stripped), stripped)
    node = Node(f"row {number}", "stance", (span,), values, number)
    doc_id = inbox.add_document(path, f"tweet {row['ID']}", text, "0000-00", split)
    inbox.add_layer(path, doc_id, Graph([node], []))
