"""The functions that the tasks for the LM Evaluation Harness name, in the folder ``lm_eval``.

A label is the one with the largest likelihood after the prompt; other answers are generated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from readout.benchmark.harness.answers import make_answer, score_answers
from readout.benchmark.harness.prompts import format_prompt, read_reply
from readout.benchmark.harness.rows import read_items
from readout.benchmark.scoring.measures import COVERAGE
from readout.benchmark.tasks import CANARY, TASKS
from readout.corpus.items import hash_items
from readout.model import Item

if TYPE_CHECKING:
    from datasets import Dataset

METRICS = ("official", "official_low", "official_high", "quality", "coverage")
"""The names of the metrics in the YAML files; those that end in ``_stderr`` would not be shown."""


def load_items(task: str, hub: str | None = None, **_: Any) -> dict[str, Dataset]:
    """Return the documents of the harness, one per item of a task.

    The harness passes what ``--metadata`` gives; ``hub`` is a folder made by ``readout build``.
    """
    from datasets import Dataset

    items = read_items(task, hub)
    hash_ = hash_items(items)
    rows = [{**_make_document(item), "task": task, "items": hash_} for item in items]
    return {"test": Dataset.from_list(rows)}


def _make_document(item: Item) -> dict[str, Any]:
    """Return what the harness shows, and the item, which the functions below read again.

    Inputs are left out of the item if the answer is a label from a fixed list, so that logs with
    thousands of items stay small.
    """
    labels = list(TASKS[item.task].labels or ())
    prompt, kept = format_prompt(item), item
    if labels:
        prompt, kept = f"{prompt}Answer:", replace(item, inputs={})
    return {
        "id": item.id,
        "prompt": prompt,
        "choices": labels,
        # The harness wants a number; it is not used, and -1 shows that the item is not scored.
        "target": labels.index(item.gold) if item.gold in labels else -1,
        "item": msgspec.json.encode(kept).decode(),
        "canary": CANARY,
    }


def compare_choice(
    document: Mapping[str, Any], results: Sequence[tuple[float, bool]]
) -> dict[str, Any]:
    """Return the answer of one document with the likeliest label, under the name of each metric."""
    return compare_text(document, [choose_label(document["choices"], results)])


def choose_label(labels: Sequence[str], results: Sequence[Sequence[Any]]) -> str:
    """Return the label with the largest log-likelihood; the first of several.

    A model that overflows has none. Then the likelihoods are returned as text, which is no label.
    """
    likelihoods = [float(result[0]) for result in results]
    if any(map(isnan, likelihoods)) or not isfinite(max(likelihoods)):
        return f"log-likelihoods {', '.join(map(str, likelihoods))}"
    return labels[likelihoods.index(max(likelihoods))]


def compare_text(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """Return the answer of one document that a model wrote, under the name of each metric."""
    item = _read_item(document)
    reply = read_reply(item, results[0])
    return _compare(item, reply.prediction, reply.fault)


def _compare(item: Item, prediction: Any, fault: str | None) -> dict[str, Any]:
    """Return one answer for each metric, since the harness aggregates each on its own."""
    return dict.fromkeys(METRICS, make_answer(item, prediction, fault))


def _read_item(document: Mapping[str, Any]) -> Item:
    return msgspec.json.decode(document["item"], type=Item)


# ---------------------------------------------------------------- metrics


def measure_official(answers: Sequence[Any]) -> float:
    """Return the measure that ranks systems."""
    return score_answers(answers).value()


def measure_low(answers: Sequence[Any]) -> float:
    """Return the lower end of its 95 % interval, for texts like these."""
    return _find_interval(answers)[0]


def measure_high(answers: Sequence[Any]) -> float:
    """Return the upper end of its 95 % interval, for texts like these."""
    return _find_interval(answers)[1]


def _find_interval(answers: Sequence[Any]) -> tuple[float, float]:
    """Return an interval, which is not a number if there is none."""
    score = score_answers(answers)
    found = score.on_texts_like_these(score.official)
    if found.low is None or found.high is None:
        return nan, nan
    return found.low, found.high


def measure_quality(answers: Sequence[Any]) -> float:
    """Return the accuracy; for answers that are not labels, the mean of the items' values."""
    scored = [answer for answer in answers if answer["item"].get("gold") is not None]
    quality = score_answers(scored).quality
    return sum(quality) / len(quality)


def measure_coverage(answers: Sequence[Any]) -> float:
    """Return the share of items with an answer."""
    return score_answers(answers).value(COVERAGE)
