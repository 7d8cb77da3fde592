"""Score the answers of a run inside a harness, with the same code that scores submissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from readout.benchmark.harness.rows import keep_partners
from readout.benchmark.scoring.scores import Score
from readout.model import Item


class Answer(msgspec.Struct, frozen=True):
    """An item without its inputs, and the answer of a model; ``fault`` says why there is none."""

    item: Item
    prediction: Any
    fault: str | None = None


def make_answer(item: Item, prediction: Any, fault: str | None) -> dict[str, Any]:
    """Return an answer as plain data, as harnesses write it to their logs."""
    record = msgspec.to_builtins(Answer(replace(item, inputs={}), prediction, fault))
    return dict(record)


def score_answers(records: Sequence[Any]) -> Score:
    """Return the score of answers that :func:`make_answer` made, for all items or for some."""
    answers = [msgspec.convert(record, Answer) for record in records]
    items = keep_partners([answer.item for answer in answers])
    predictions = {answer.item.id: answer.prediction for answer in answers}
    return Score("run", items, predictions, "zero-shot")


def measure_answers(records: Sequence[Any]) -> dict[str, float]:
    """Return the value of each measure of a task by its name, the official one first."""
    score = score_answers(records)
    return {measure.name: score.value(measure) for measure in score.measures}
