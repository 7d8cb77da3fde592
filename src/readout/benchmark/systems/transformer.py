"""Adapters for models of ``transformers``: fine-tuning, and zero-shot natural language inference.

Both take a folder or the id of a model. They identify labels by name (``label2id``), because models
number labels differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readout.benchmark.systems.system import find_neutral_label
from readout.benchmark.tasks import TASKS
from readout.model import Item


def describe_question(inputs: Mapping[str, Any]) -> str:
    """Return the question as the second sentence of a pair: the holder and the proposition."""
    return f"{inputs['holder_name']}: {inputs['proposition']}"


class FineTuned:
    """A sequence classifier of pairs of text and question; each fold trains anew from the seed."""

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
        """Train on items, in a new random order per epoch that the seed determines."""
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
            labels = torch.tensor([self._model.config.label2id[item.gold] for item in batch])
            tokens = _tokenize(self._tokenizer, batch)
            optimizer.zero_grad()
            self._model(**tokens, labels=labels).loss.backward()
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
        best = (
            scores.argmax().item() for scores in _iter_scores(self._model, self._tokenizer, items)
        )
        return [self._model.config.id2label[int(number)] for number in best]


class ZeroShotInference:
    """A model of natural language inference, which judges whether a text entails a proposition.

    Raises:
        ValueError: the model has no labels named entailment and contradiction.

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
        """Return favor for entailment, against for contradiction, else the neutral label."""
        best = (
            scores.argmax().item() for scores in _iter_scores(self._model, self._tokenizer, items)
        )
        return [self._labels.get(int(number), self._labels[-1]) for number in best]


def map_inference(label2id: Mapping[str, int], task: str) -> dict[int, str | None]:
    """Return the stance label of each number of a model's labels; -1 has the neutral label.

    Raises:
        ValueError: the model has no labels named entailment and contradiction.

    """
    numbers = {name.lower(): number for name, number in label2id.items()}
    missing = sorted({"entailment", "contradiction"} - set(numbers))
    if missing:
        names = ", ".join(map(repr, label2id))
        raise ValueError(
            f"The model has no label {missing[0]!r}, only {names}. "
            "Use a model that was trained for natural language inference."
        )
    return {
        numbers["entailment"]: "favor",
        numbers["contradiction"]: "against",
        -1: find_neutral_label(task),
    }


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
