"""An adapter for chat models behind an OpenAI-compatible HTTP endpoint.

A reply must be exactly the JSON that the prompt asks for. Any other reply becomes None, which
counts as wrong, and ``refused`` records it with the item's id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from readout.benchmark.predictions import list_labels
from readout.benchmark.tasks import TASKS
from readout.model import Item
from readout.text.find import find_exact

LABEL_PROMPT = """{summary}

Text:
{text}

Holder: {holder_name}
Target: {target_label}. Proposition: {proposition}
favor means: {favor_means}
against means: {against_means}

Answer with one JSON object and nothing else: {{"label": LABEL}}, where LABEL is one of {labels}."""

SPEAKER_PROMPT = """{summary}

Document:
{document}

Content of the quote:
{text}

Speakers:
{speakers}

Answer with one JSON object and nothing else: {{"label": ID}}, where ID is the id of one of the \
speakers."""

EVIDENCE_PROMPT = """{summary}

Document:
{text}

Holder: {holder_name}
Target: {target_label}. Proposition: {proposition}

Answer with one JSON object and nothing else: {{"evidence": [PASSAGE, …]}}, where each PASSAGE is \
copied from the
document character for character and occurs there only once."""

PROMPTS: Mapping[str, str] = {
    "polarity": LABEL_PROMPT,
    "stance": LABEL_PROMPT,
    "attribution": SPEAKER_PROMPT,
    "evidence": EVIDENCE_PROMPT,
}
"""The prompts by task; quote them word for word in ``system.yaml``."""


def format_prompt(item: Item) -> str:
    """Return the prompt of an item."""
    values = dict(item.inputs)
    if "speakers" in values:
        values["speakers"] = "\n".join(
            f"{entry['speaker']}: {entry['name']}" for entry in values["speakers"]
        )
    labels = ", ".join(f'"{label}"' for label in TASKS[item.task].labels or ())
    return PROMPTS[item.task].format(summary=TASKS[item.task].summary, labels=labels, **values)


class Refused(NamedTuple):
    """A reply that is not the requested JSON, or the reason why there is none."""

    id: str
    reply: str


class Chat:
    """A chat model as a system.

    ``url`` is the address of the API without ``/chat/completions``. ``key_variable`` names the
    environment variable with the API key, if the endpoint needs one.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        seed: int = 0,
        key_variable: str = "OPENAI_API_KEY",
        timeout: float = 120,
        name: str | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"Got the address {url!r}. Expected http://… or https://….")
        self.name = name or model
        self.refused: list[Refused] = []
        self._url, self._model, self._seed = url.rstrip("/"), model, seed
        self._key = os.environ.get(key_variable)
        self._timeout = timeout

    def fit(self, items: Sequence[Item]) -> None:
        """Learn nothing: the prompts have no examples."""

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the model's answer to each item; None if the reply is not the requested JSON."""
        return [self._answer(item) for item in items]

    def _answer(self, item: Item) -> Any:
        try:
            reply = self._ask(format_prompt(item))
        except (URLError, TimeoutError, KeyError, IndexError, TypeError, ValueError) as error:
            self.refused.append(Refused(item.id, f"no reply: {error}"))
            return None
        answer = parse_reply(reply, item)
        if answer is None:
            self.refused.append(Refused(item.id, reply))
        return answer

    def _ask(self, prompt: str) -> str:
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "seed": self._seed,
            "response_format": {"type": "json_object"},
        }
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = Request(f"{self._url}/chat/completions", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=self._timeout) as response:
            content = json.load(response)["choices"][0]["message"]["content"]
        if not isinstance(content, str):
            raise TypeError("the message has no text")
        return content


def parse_reply(reply: str, item: Item) -> Any:
    """Return the answer in a reply; None unless the reply is exactly the requested JSON object."""
    try:
        record = json.loads(reply)
    except (ValueError, RecursionError):
        return None
    key, parse = _PARSERS[TASKS[item.task].shape]
    if not isinstance(record, dict) or set(record) != {key}:
        return None
    return parse(record[key], item)


def _parse_label(value: Any, item: Item) -> str | None:
    return value if isinstance(value, str) and value in list_labels(item) else None


def _parse_passages(value: Any, item: Item) -> list[list[int]] | None:
    """Return the spans of copied passages; None unless each occurs exactly once in the document."""
    if not isinstance(value, list):
        return None
    if not all(isinstance(passage, str) and passage for passage in value):
        return None

    spans = []
    for passage in dict.fromkeys(value):
        starts = find_exact(item.inputs["text"], passage)
        if len(starts) != 1:
            return None
        spans.append([starts[0], starts[0] + len(passage)])
    return sorted(spans)


_PARSERS: Mapping[str, tuple[str, Callable[[Any, Item], Any]]] = {
    "label": ("label", _parse_label),
    "spans": ("evidence", _parse_passages),
}
"""For each shape of task, the key of a reply and the function that reads its value."""
