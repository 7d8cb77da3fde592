"""The leaderboard in short, for the dataset card: the best system of each task beside its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from readout.benchmark.folds import SCHEMES, make_folds
from readout.benchmark.leakage import SEEN, report_leakage
from readout.benchmark.scoring.measures import F_FA, list_measures
from readout.benchmark.scoring.power import coverage_table, plan_table
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.statistics import RESAMPLED, count_resamples
from readout.benchmark.tasks import TASKS, Item
from readout.model import Corpus
from readout.report.tables import Table, format_markdown

BOARD_JSON = "submissions/LEADERBOARD.json"


def format_board(root: Path) -> str:
    """Return the official boards of a corpus as one Markdown table, from what ``readout bench board`` wrote."""
    if not (root / BOARD_JSON).is_file():
        return "There is no board yet: run `readout bench board`."
    boards = msgspec.json.decode((root / BOARD_JSON).read_bytes())["boards"]
    columns = (
        "task",
        "measure",
        "best baseline",
        "best artefact",
        "lift on these texts",
        "on texts like these",
        "annotators",
    )
    return format_markdown(Table("Leaderboard", columns, [_row(board) for board in boards]))


def _row(board: Mapping[str, Any]) -> tuple[Any, ...]:
    systems = board["systems"]
    best = next((each for each in systems if each["kind"] != "artefact"), None)
    floor = next((each for each in systems if each["kind"] == "artefact"), None)
    lift = (best or {}).get("lift")
    intervals = [_lift(lift, name) for name in ("on_these_texts", "on_texts_like_these")] if lift else ["–", "–"]
    annotators = _lowest_to_highest(board["annotators"])
    return board["task"], systems[0]["measure"], _named(best), _named(floor), *intervals, annotators


def _named(system: Mapping[str, Any] | None) -> str:
    return f"{system['name']} {system['value']:.3f}" if system else "–"


def _lift(lift: Mapping[str, Any], estimand: str) -> str:
    low, high = lift[estimand]["interval"] or (None, None)
    bounds = "" if low is None else f" [{low:+.3f}, {high:+.3f}]"
    return f"{lift['difference']:+.3f}{bounds}"


def _lowest_to_highest(annotators: Iterable[Mapping[str, Any]]) -> str:
    values = sorted(each["value"] for each in annotators)
    return f"{values[0]:.3f} to {values[-1]:.3f}" if values else "–"


def format_section(corpus: Corpus) -> str:
    """Return the benchmark's section of the card as Markdown."""
    found = {name: task.build(corpus) for name, task in TASKS.items()}
    items = {name: value for name, value in found.items() if value}
    if not items:
        return "There is nothing annotated to ask about."
    events = len({item.event for value in items.values() for item in value})
    blocks = [
        format_markdown(_task_table(items)),
        "What training has shown of the test items, over all folds:",
        format_markdown(_leakage_table(items)),
        *_say(events),
    ]
    for name, value in items.items():
        if (labels := TASKS[name].labels) and events > 1:
            for table in (coverage_table(value, labels), plan_table(value)):
                blocks += [f"**{table.title}**", format_markdown(table)]
    return "\n\n".join(blocks)


def _task_table(items: Mapping[str, Sequence[Item]]) -> Table:
    rows = []
    for name, value in items.items():
        task = TASKS[name]
        labels = [sum(item.gold == label for item in value) for label in task.labels or ()]
        shares = ", ".join(f"{label} {number}" for label, number in zip(task.labels or (), labels, strict=True)) or "–"
        measures = list_measures(task, value)
        rows.append((name, task.summary, len(value), len({item.event for item in value}), shares, measures[0].name))
    return Table("Tasks", ("task", "question", "items", "events", "labels", "official measure"), rows)


def _leakage_table(items: Mapping[str, Sequence[Item]]) -> Table:
    rows = [
        (name, scheme, len(folds.test), *report_leakage(value, folds).rows[-1][2:])
        for name, value in items.items()
        for scheme in SCHEMES
        if (folds := make_folds(scheme, value))
    ]
    return Table("Leakage", ("task", "folds by", "folds", *SEEN), rows)


_ALLOWED = """The numbers allow one to say which of two systems answers these items better, how sure that is on these
texts, and which differences are too small to be seen. They do not allow one to say that a system is better at stance
detection in general, nor to rank systems whose ranges of ranks overlap, nor to compare numbers whose signatures
differ.""".replace("\n", " ")


def _say(events: int) -> list[str]:
    resamples = f", whose {count_resamples(events):,} distinct resamples are all listed" if events <= RESAMPLED else ""
    near = "*On these texts*: how a system does on the annotated items; intervals and tests go over items."
    far = "*On texts like these*: how it would do on other events; intervals and tests go over"
    promise = (
        "The intervals on texts like these are jackknifes over events with Student's t. How far they keep their "
        f"promise of 95 % was simulated for corpora of this very shape, with {F_FA.name}. Where the coverage is lower, "
        "the true interval is wider than the one that is shown:"
    )
    return [
        f"Two statements are kept apart. {near} {far} {events} events{resamples}.",
        " ".join(list_limits(events)),
        _ALLOWED,
        promise,
    ]
