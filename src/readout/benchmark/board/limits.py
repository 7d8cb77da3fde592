"""What the numbers of a corpus allow one to say, and what they do not: the benchmark's section of the dataset card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readout.benchmark.folds import SCHEMES, SEEN, make_folds, report_leakage
from readout.benchmark.scoring.measures import F_FA, list_measures
from readout.benchmark.scoring.power import coverage_table, plan_table
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.statistics import RESAMPLED, count_resamples
from readout.benchmark.tasks import TASKS, Item
from readout.dataset.statistics import Table, format_markdown
from readout.model import Corpus


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
