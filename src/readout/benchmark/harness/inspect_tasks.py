"""Tasks of the benchmark for Inspect, as ``readout/<task>``; an entry point names this module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import (
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    ci,
    mean,
    metric,
    scorer,
    stderr,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver

from readout.benchmark.harness.answers import make_answer, measure_answers, score_answers
from readout.benchmark.harness.prompts import format_prompt, read_reply
from readout.benchmark.harness.rows import read_items
from readout.benchmark.tasks import CANARY
from readout.corpus.items import hash_items
from readout.model import Item

ROLE = "annotator"
"""The role of the model that answers; without a model in this role, the model of the run does."""
SETTINGS = GenerateConfig(temperature=0)


@task
def stance(hub: str | None = None) -> Task:
    """Ask whether a holder is in favor of a proposition in a paragraph, against it, or neither."""
    return _make_task("stance", hub)


@task
def polarity(hub: str | None = None) -> Task:
    """Ask for the polarity of a stance that a paragraph shows."""
    return _make_task("polarity", hub)


@task
def counter(hub: str | None = None) -> Task:
    """Ask about propositions and their opposites; a probe, by which no board ranks systems."""
    return _make_task("counter", hub)


@task
def evidence(hub: str | None = None) -> Task:
    """Ask which words of a paragraph show a stance."""
    return _make_task("evidence", hub)


@task
def tuples(hub: str | None = None) -> Task:
    """Ask for all stances of a document."""
    return _make_task("tuples", hub)


@task
def attribution(hub: str | None = None) -> Task:
    """Ask who is the speaker of a quote."""
    return _make_task("attribution", hub)


@task
def quotations(hub: str | None = None) -> Task:
    """Ask for all quotes of a document."""
    return _make_task("quotations", hub)


def _make_task(name: str, hub: str | None) -> Task:
    items = _read_items(name, hub)
    samples = [_make_sample(item) for item in items.values()]
    return Task(
        dataset=MemoryDataset(samples, name=f"readout_{name}"),
        solver=ask(),
        scorer=compare(name, hub),
        config=SETTINGS,
        metadata={"task": name, "items": hash_items(items.values()), "canary": CANARY},
    )


@lru_cache(maxsize=8)
def _read_items(name: str, hub: str | None) -> Mapping[str, Item]:
    return {item.id: item for item in read_items(name, hub)}


def _make_sample(item: Item) -> Sample:
    target = item.gold if isinstance(item.gold, str) else json.dumps(item.gold)
    metadata = {"event": item.event, "doc_id": item.doc_id}
    return Sample(input=format_prompt(item), target=target, id=item.id, metadata=metadata)


@solver
def ask(role: str = ROLE) -> Solver:
    """Ask the model in a role, or else the model of the run."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model(role=role, config=SETTINGS)
        state.output = await model.generate(state.messages)
        state.messages.append(state.output.message)
        return state

    return solve


@metric
def measures() -> Metric:
    """Return the measures of the task; the first is the one that ranks systems."""

    def measure(scores: list[SampleScore]) -> dict[str, float]:
        if not scores:  # Inspect tries this before there is any
            return {}
        return measure_answers([each.score.metadata for each in scores])

    return measure


@scorer(metrics=[mean(), stderr(cluster="event"), ci(cluster="event"), measures()])
def compare(name: str, hub: str | None = None) -> Scorer:
    """Compare a reply with gold.

    The value of a label is 1 if it is right. Other answers have the value of the official measure.
    Items without a gold answer are asked and not scored.
    """

    async def score(state: TaskState, target: Target) -> Score:
        item = _read_items(name, hub)[str(state.sample_id)]
        reply = read_reply(item, state.output.completion)
        answer = make_answer(item, reply.prediction, reply.fault)
        shown = reply.prediction
        if shown is not None and not isinstance(shown, str):
            shown = json.dumps(shown)

        if item.gold is None:
            return Score.unscored(answer=shown, explanation=reply.fault, metadata=answer)
        value = score_answers([answer]).quality[0]
        return Score(value=value, answer=shown, explanation=reply.fault, metadata=answer)

    return score
