"""Build items, scores and submissions for the tests of the benchmark."""

import json

import yaml

from readout.benchmark.predictions import format_predictions
from readout.benchmark.scoring.scores import Score
from readout.model import Item

LABELS = ("favor", "against", "neutral")


def make_item(name, task, event, inputs, gold):
    """Return the item of a document of its own."""
    holder, target = inputs.get("holder"), inputs.get("target")
    return Item(name, task, name, event, holder, target, inputs, gold)


def make_items(golds, events=None, task="polarity", **inputs):
    """Return one item per gold answer; without events, each item has its own event."""
    events = events or [f"e{number}" for number in range(len(golds))]
    return [
        make_item(f"d{number}", task, event, inputs, gold)
        for number, (gold, event) in enumerate(zip(golds, events, strict=True))
    ]


def make_score(golds, preds, events=None, task="polarity", name="system", **inputs):
    """Return the score of predictions in the order of the gold answers."""
    items = make_items(golds, events, task, **inputs)
    return Score(
        name, items, {item.id: pred for item, pred in zip(items, preds, strict=True)}, "event"
    )


def measure(score, name):
    """Return the value of a measure by its name."""
    return score.value(next(each for each in score.measures if each.name == name))


def write_answers(items, answers, folds="event"):
    """Return the bytes of a file of predictions, with answers that may be invalid."""
    header = format_predictions(items, [None] * len(items), folds).partition(b"\n")[0]
    lines = [header]
    for item, answer in zip(items, answers, strict=True):
        lines.append(json.dumps({"id": item.id, "prediction": answer}).encode())
    return b"\n".join(lines) + b"\n"


def edit_card(root, system, **changes):
    """Change fields of the description of a submission; the value ``LEFT OUT`` removes one."""
    path = root / "submissions" / system / "system.yaml"
    card = {**yaml.safe_load(path.read_bytes()), **changes}
    kept = {key: value for key, value in card.items() if value != "LEFT OUT"}
    path.write_text(yaml.safe_dump(kept), encoding="utf-8", newline="\n")


def own_card(root, system, **changes):
    """Make the description of a copied submission that of a system of its own."""
    own = {
        "system_id": system,
        "name": f"The system {system}",
        "description": "Answers by rules of its own.",
        "authors": ["Ada Quill"],
        "code": "https://example.org/own",
        "exposure": {
            "badge": "none",
            "training": "training folds only",
            "pretraining": None,
            "people": "Ada Quill had read the documentation of the benchmark.",
        },
        "hardware": "One CPU core, a second.",
    }
    edit_card(root, system, **{**own, **changes})
