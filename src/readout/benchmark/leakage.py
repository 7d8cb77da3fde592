"""Measure the overlap between training and test items of each fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from readout.benchmark.folds import SCHEMES, Folds, build_folds
from readout.model import Item
from readout.report.tables import Report, Table, to_records
from readout.text.tokens import iter_tokens

NGRAM_LENGTH = 8
"""Tokens per n-gram that counts as seen text, as in contamination reports of language models."""

Traits: TypeAlias = Mapping[str, frozenset[Any]]
"""What training items may share with an item, by the flag that says so."""
SEEN: tuple[str, ...] = ("seen_holder", "seen_target", "seen_pair", "seen_text")


def flag_seen(items: Sequence[Item], folds: Folds) -> dict[str, dict[str, bool]]:
    """Return, by item id, whether the holder, target, pair and text occur in the training fold.

    A text counts as seen if eight consecutive tokens of it occur in a training text. A shorter text
    counts as seen if a training text consists of the same tokens. Flags that do not apply to the
    task are left out.
    """
    traits = {item.id: _list_traits(item) for item in items}
    flags: dict[str, dict[str, bool]] = {}
    for _, train, test in folds.split(items):
        shown = _collect_traits([traits[item.id] for item in train])
        for item in test:
            flags[item.id] = {
                name: not values.isdisjoint(shown[name])
                for name, values in traits[item.id].items()
                if values
            }
    return flags


def find_holder(item: Item) -> str | None:
    """Return the speaker whose stance or words an item asks about.

    Return None for items that ask about a whole document. The holder of an attribution item is its
    gold answer, so no column of the items shows it.
    """
    return item.gold if item.task == "attribution" else item.holder


def _collect_traits(traits: Iterable[Traits]) -> dict[str, set[Any]]:
    # Many items have the same text, whose n-grams are joined only once.
    distinct: dict[str, set[frozenset[Any]]] = {name: set() for name in SEEN}
    for each in traits:
        for name, values in each.items():
            distinct[name].add(values)
    return {name: set().union(*values) for name, values in distinct.items()}


def _list_traits(item: Item) -> Traits:
    holder, target = find_holder(item), item.target
    pair = (holder, target) if holder and target else None
    return {
        "seen_holder": _one_or_none(holder),
        "seen_target": _one_or_none(target),
        "seen_pair": _one_or_none(pair),
        "seen_text": _ngrams(item.inputs["text"]),
    }


def _one_or_none(value: Any) -> frozenset[Any]:
    return frozenset([value]) if value else frozenset()


@lru_cache(maxsize=4096)
def _ngrams(passage: str) -> frozenset[tuple[str, ...]]:
    text = passage.lower()
    words = [text[start:end] for start, end in iter_tokens(text)]
    count = max(len(words) - NGRAM_LENGTH + 1, 1)
    return frozenset(tuple(words[i : i + NGRAM_LENGTH]) for i in range(count))


# ---------------------------------------------------------------- reports


def report_leakage(items: Sequence[Item], folds: Folds) -> Table:
    """Return the share of test items with each flag of :data:`SEEN`, per fold and overall."""
    flags = flag_seen(items, folds)
    rows = []
    for name, ids in folds.test.items():
        tested = [flags[id_] for id_ in ids]
        rows.append(_leakage_row(name, tested))
    rows.append(_leakage_row("all", list(flags.values())))

    title = f"Seen in training: {folds.task}, folds by {folds.scheme}"
    return Table(title, ("fold", "items", *SEEN), rows)


def _leakage_row(name: str, flags: Sequence[Mapping[str, bool]]) -> tuple[Any, ...]:
    shares = []
    for flag in SEEN:
        values = [each[flag] for each in flags if flag in each]
        shares.append(_format_share(values))
    return name, len(flags), *shares


def _format_share(values: Sequence[bool]) -> str:
    return f"{sum(values) / len(values):.2f}" if values else "–"


def summarize_overlap(items: Mapping[str, Sequence[Item]]) -> Table:
    """Return the overlap of training and test items over all folds, per task and kind of folds.

    Zero-shot folds are left out, since they have no training items.
    """
    rows = []
    for task, asked in items.items():
        for scheme in SCHEMES:
            folds = build_folds(scheme, asked)
            if folds and scheme != "zero-shot":
                overall = report_leakage(asked, folds).rows[-1]
                rows.append((task, scheme, len(folds.test), *overall[2:]))

    title = "Share of the test items that also occur in training"
    return Table(title, ("task", "folds by", "folds", *SEEN), rows)


def report_overlap(items: Mapping[str, Sequence[Item]]) -> Report:
    """Return the overlap of training and test items in all folds of some tasks."""
    tables = {}
    for task, asked in items.items():
        for scheme in SCHEMES:
            folds = build_folds(scheme, asked)
            if folds:
                tables[f"{task}.{scheme}"] = report_leakage(asked, folds)

    data = {name: to_records(each) for name, each in tables.items()}
    return Report((), tuple(tables.values()), data)
