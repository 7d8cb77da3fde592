"""The benchmark's sections of the dataset card: its tasks, its limits, and a short leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from readout.benchmark.folds import SCHEMES, build_folds
from readout.benchmark.leakage import SEEN, report_leakage
from readout.benchmark.scoring.coverage import CORRELATIONS, HIT_RATES, coverage_table
from readout.benchmark.scoring.measures import list_measures
from readout.benchmark.scoring.power import plan_table
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.statistics import MAX_LISTED_CLUSTERS, count_resamples
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_bytes
from readout.model import Item
from readout.problem import RefusedError
from readout.report.tables import Table, format_markdown

BOARD_JSON = "submissions/LEADERBOARD.json"

# ---------------------------------------------------------------- the leaderboard


def format_board(root: Path) -> str:
    """Return the official boards of a corpus as one Markdown table.

    The numbers are those that ``readout bench board`` wrote.

    Raises:
        RefusedError: the file of the boards is malformed.

    """
    path = root / BOARD_JSON
    if not path.is_file():
        return "There is no board yet: run `readout bench board`."

    raw = read_bytes(root, BOARD_JSON)[0]
    try:
        rows = [_board_row(board) for board in msgspec.json.decode(raw or b"")["boards"]]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError) as error:
        message = f"{BOARD_JSON} is not a board. Run `readout bench board` to write it again."
        raise RefusedError(message) from error
    columns = (
        "task",
        "measure",
        "best system or baseline",
        "best artefact (floor)",
        "lift on these texts",
        "on texts like these",
        "annotators",
    )
    return format_markdown(Table("Leaderboard", columns, rows))


def _board_row(board: Mapping[str, Any]) -> tuple[Any, ...]:
    # Systems are listed in descending order of their score, those that have seen gold apart.
    systems = board["systems"]
    best = next((each for each in systems if each["kind"] != "artefact"), None)
    floor = next((each for each in systems if each["kind"] == "artefact"), None)

    lift = best["lift"] if best else None
    lifts = ["–", "–"]
    if lift:
        lifts = [_format_lift(lift, name) for name in ("on_these_texts", "on_texts_like_these")]

    return (
        board["task"],
        board["measure"],
        _format_system(best),
        _format_system(floor),
        *lifts,
        _format_range(board["annotators"]),
    )


def _format_system(system: Mapping[str, Any] | None) -> str:
    return f"{system['name']} {system['value']:.3f}" if system else "–"


def _format_lift(lift: Mapping[str, Any], estimand: str) -> str:
    difference = f"{lift['difference']:+.3f}"
    low, high = lift[estimand]["interval"] or (None, None)
    return difference if low is None else f"{difference} [{low:+.3f}, {high:+.3f}]"


def _format_range(annotators: Iterable[Mapping[str, Any]]) -> str:
    values = sorted(each["value"] for each in annotators)
    return f"{values[0]:.3f} to {values[-1]:.3f}" if values else "–"


# ---------------------------------------------------------------- the benchmark


def format_section(items: Mapping[str, Sequence[Item]]) -> str:
    """Return the benchmark's section of the card as Markdown."""
    if not items:
        return "The corpus has no annotations to ask about."

    events = len({item.event for value in items.values() for item in value})
    blocks = [
        format_markdown(_task_table(items)),
        "Overlap of training and test items, over all folds:",
        format_markdown(_leakage_table(items)),
        *_list_statements(events),
    ]
    for name, value in items.items():
        task = TASKS[name]
        if task.labels and task.is_ranked and events > 1:
            for table in (coverage_table(value, correlations=_ENDS), plan_table(value)):
                blocks += [f"**{table.title}**", format_markdown(table)]
    return "\n\n".join(blocks)


def _task_table(items: Mapping[str, Sequence[Item]]) -> Table:
    rows = []
    for name, value in items.items():
        task = TASKS[name]
        events = len({item.event for item in value})
        official = list_measures(task, value)[0].name
        rows.append((name, task.summary, len(value), events, _format_labels(name, value), official))

    columns = ("task", "question", "items", "events", "labels", "official measure")
    return Table("Tasks", columns, rows)


def _format_labels(task: str, items: Sequence[Item]) -> str:
    shares = []
    for label in TASKS[task].labels or ():
        number = sum(item.gold == label for item in items)
        shares.append(f"{label} {number}")
    return ", ".join(shares) or "–"


def _leakage_table(items: Mapping[str, Sequence[Item]]) -> Table:
    rows = []
    for name, value in items.items():
        for scheme in SCHEMES:
            folds = build_folds(scheme, value)
            if folds:
                overall = report_leakage(value, folds).rows[-1]
                rows.append((name, scheme, len(folds.test), *overall[2:]))
    return Table("Leakage", ("task", "folds by", "folds", *SEEN), rows)


_ALLOWED = (
    "The numbers show which of two systems answers these items better, how certain this is on "
    "these texts, and which differences are too small to detect. They do not show that a system "
    "is better at stance detection in general, and they do not rank systems whose ranges of ranks "
    "overlap. Numbers with different signatures cannot be compared."
)


_ENDS = (CORRELATIONS[0], CORRELATIONS[-1])
"""The correlations that the card simulates: the least and the largest, since others are between."""


def _name_rates() -> str:
    rates = [f"{rate:.0%}" for rate in HIT_RATES]
    return f"{', '.join(rates[:-1])} or {rates[-1]}"


def _list_statements(events: int) -> list[str]:
    """Return paragraphs on the two kinds of statement that the benchmark keeps apart."""
    resamples = ""
    if events <= MAX_LISTED_CLUSTERS:
        resamples = f", whose {count_resamples(events):,} distinct resamples are all enumerated"
    kinds = (
        "The benchmark keeps two statements apart. *On these texts* describes a system on the "
        "annotated items; intervals and tests are over items. *On texts like these* describes it "
        f"on other events; intervals and tests are over {events} events{resamples}."
    )
    coverage = (
        "The intervals on texts like these are the widest of those over items, over events, and "
        "over events and targets at once. Simulations on corpora with the same events, targets and "
        "labels show how often such a 95 % interval of the official measure contains the true "
        "value if a system is better on some events and targets than on others. Each number is the "
        f"least over systems that are right on {_name_rates()} of the items:"
    )
    return [kinds, " ".join(list_limits(events)), _ALLOWED, coverage]
