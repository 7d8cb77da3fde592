"""Items made by hand for the tests of the benchmark."""

from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import Item

LABELS = ("favor", "against", "neutral")


def make_items(golds, events=None, task="polarity", **inputs):
    """Return one item for each gold answer; without events, each is an event of its own."""
    events = events or [f"e{number}" for number in range(len(golds))]
    return [
        Item(f"d{number}", task, f"d{number}", event, inputs, gold)
        for number, (gold, event) in enumerate(zip(golds, events, strict=True))
    ]


def make_score(golds, preds, events=None, task="polarity", name="system", **inputs):
    """Return the score of predictions for items made by hand."""
    items = make_items(golds, events, task, **inputs)
    return Score(
        name, items, {item.id: pred for item, pred in zip(items, preds, strict=True)}, "event"
    )


def measure(score, name):
    """Return the value of one measure."""
    return score.value(next(each for each in score.measures if each.name == name))
