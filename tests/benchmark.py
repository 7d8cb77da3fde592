"""Build items and scores for the tests of the benchmark."""

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
