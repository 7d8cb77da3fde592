"""Systems for those who have models of ``transformers``: fine-tuning, and zero-shot by natural language inference.

Both take a folder or the id of a model, name labels by their names (``label2id``), and never by their numbers, which
every model orders its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readout.benchmark.systems.system import undecided
from readout.benchmark.tasks import TASKS, Item


def describe_question(inputs: Mapping[str, Any]) -> str:
    """Return the question as the sentence that stands beside the text: who, and which proposition."""
    return f"{inputs['holder_name']}: {inputs['proposition']}"


class FineTuned:
    """A sequence classifier trained on pairs of text and question, anew for each fold, from the same seed."""

    def __init__(
        self,
        model: str,
        task: str,
        *,
        seed: int = 0,
        epochs: int = 5,
        learning_rate: float = 2e-5,
        batch_size: int = 16,
        name: str | None = None,
    ) -> None:
        self.name = name or f"fine-tuned {model}"
        self.labels = list(TASKS[task].labels or ())
        self._path, self._seed, self._epochs = model, seed, epochs
        self._learning_rate, self._batch_size = learning_rate, batch_size
        self._tokenizer: Any = None
        self._model: Any = None

    def fit(self, items: Sequence[Item]) -> None:
        """Train on items, whose order is drawn anew in each epoch from the seed."""
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        torch.manual_seed(self._seed)
        self._tokenizer = AutoTokenizer.from_pretrained(self._path)
        self._model = AutoModelForSequenceClassification.from_pretrained(
            self._path,
            num_labels=len(self.labels),
            label2id={label: number for number, label in enumerate(self.labels)},
            id2label=dict(enumerate(self.labels)),
            ignore_mismatched_sizes=True,
        )
        optimizer = torch.optim.AdamW(self._model.parameters(), lr=self._learning_rate)
        self._model.train()
        for batch in self._iter_shuffled(items):
            numbers = torch.tensor([self._model.config.label2id[item.gold] for item in batch])
            optimizer.zero_grad()
            self._model(**_tokenize(self._tokenizer, batch), labels=numbers).loss.backward()
            optimizer.step()

    def _iter_shuffled(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        import torch

        random = torch.Generator().manual_seed(self._seed)
        for _ in range(self._epochs):
            order = torch.randperm(len(items), generator=random).tolist()
            for start in range(0, len(order), self._batch_size):
                yield [items[position] for position in order[start : start + self._batch_size]]

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the name of the most probable label of each item."""
        best = (scores.argmax().item() for scores in _iter_scores(self._model, self._tokenizer, items))
        return [self._model.config.id2label[int(number)] for number in best]


class ZeroShotInference:
    """A model of natural language inference, asked whether a text entails a proposition or contradicts it.

    Raises:
        ValueError: the model does not name labels for entailment and contradiction.

    """

    def __init__(self, model: str, task: str, *, name: str | None = None) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.name = name or f"zero-shot {model}"
        self._tokenizer = AutoTokenizer.from_pretrained(model)
        self._model = AutoModelForSequenceClassification.from_pretrained(model)
        self._labels = map_inference(self._model.config.label2id, task)

    def fit(self, items: Sequence[Item]) -> None:
        """Learn nothing."""

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return favor for entailment, against for contradiction, and otherwise the label that takes no side."""
        best = (scores.argmax().item() for scores in _iter_scores(self._model, self._tokenizer, items))
        return [self._labels.get(int(number), self._labels[-1]) for number in best]


def map_inference(label2id: Mapping[str, int], task: str) -> dict[int, str | None]:
    """Return the stance label of each number of a model's labels; that of -1 takes no side."""
    numbers = {name.lower(): number for name, number in label2id.items()}
    if missing := {"entailment", "contradiction"} - set(numbers):
        names = ", ".join(map(repr, label2id))
        raise ValueError(f"The model has no label {sorted(missing)[0]!r}, only {names}. Use one trained for inference.")
    return {numbers["entailment"]: "favor", numbers["contradiction"]: "against", -1: undecided(task)}


def _tokenize(tokenizer: Any, items: Sequence[Item]) -> Any:
    return tokenizer(
        [item.inputs["text"] for item in items],
        [describe_question(item.inputs) for item in items],
        truncation="only_first",
        padding=True,
        return_tensors="pt",
    )


def _iter_scores(model: Any, tokenizer: Any, items: Sequence[Item]) -> Iterator[Any]:
    import torch

    model.eval()
    for start in range(0, len(items), 16):
        with torch.no_grad():
            yield from model(**_tokenize(tokenizer, items[start : start + 16])).logits
