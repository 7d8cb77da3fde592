"""Make the prompt of an item, and read an answer from the reply of a model.

A reply that cannot be read gives no answer, with a sentence that says why. No answer is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from readout.benchmark.predictions import list_labels, prediction_value
from readout.benchmark.tasks import TASKS
from readout.model import Item
from readout.text.find import find_closest, find_exact

_QUESTION = """\
Text:
{text}

Holder: {holder_name} ({holder_kind})
Target: {target_label}
Proposition: {proposition}
favor_means: {favor_means}
against_means: {against_means}
"""

_LABEL = """\
{instructions}

%s
Answer with one of these labels and nothing else: {labels}.
"""

_PASSAGES = """\
Write a passage as a JSON string of its words, copied from the text character for character, in \
the place of a [start, end] list."""

_EVIDENCE = f"""\
{{instructions}}

{_QUESTION}
{_PASSAGES} Make each passage long enough to occur only once in the text. Answer with a JSON list \
of such strings and nothing else.
"""

_TUPLES = f"""\
{{instructions}}

Document:
{{text}}

Speakers:
{{speakers}}

Targets:
{{targets}}

{_PASSAGES} Make each passage long enough to occur only once in the text. Answer with a JSON list \
of objects with the keys "holder", "target", "polarity" and "evidence", and nothing else.
"""

_ATTRIBUTION = """\
{instructions}

Document:
{document}

Words of the quote:
{text}

Speakers:
{speakers}

Answer with the id of one speaker and nothing else.
"""

_QUOTATIONS = f"""\
{{instructions}}

Document:
{{text}}

Speakers:
{{speakers}}

{_PASSAGES} Make each passage of "content" long enough to occur only once in the text; words of \
"cue" and "source" are looked for close to it. Answer with a JSON list of objects with the keys \
"content", "cue", "source" and "speaker", and nothing else.
"""

PROMPTS: Mapping[str, str] = {
    "polarity": _LABEL % _QUESTION,
    "stance": _LABEL % _QUESTION,
    "counter": _LABEL % _QUESTION,
    "evidence": _EVIDENCE,
    "tuples": _TUPLES,
    "attribution": _ATTRIBUTION,
    "quotations": _QUOTATIONS,
}
"""The prompt of each task, with the names of inputs in braces."""


def format_prompt(item: Item) -> str:
    """Return the prompt of an item."""
    values = dict(item.inputs)
    if "speakers" in values:
        values["speakers"] = _list_entries("speaker", "name", values["speakers"])
    if "targets" in values:
        values["targets"] = _list_entries("target", "proposition", values["targets"])
    values["labels"] = ", ".join(TASKS[item.task].labels or ())
    return PROMPTS[item.task].format(**values)


def _list_entries(key: str, shown: str, entries: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join([f"{entry[key]}: {entry[shown]}" for entry in entries])


# ---------------------------------------------------------------- replies


SHOWN = 100
"""Of what is longer, a fault shows only the beginning and the end."""


class Reply(NamedTuple):
    """The answer in a reply, in the form of predictions; if it is None, ``fault`` says why."""

    prediction: Any
    fault: str | None = None


class _UnreadableError(Exception):
    """A reply is not an answer in the form that the prompt asks for."""


def read_reply(item: Item, text: str) -> Reply:
    """Return the answer to an item in a reply.

    Fences of Markdown, white space, and the case and marks around a label do not matter.
    """
    read = _READERS[TASKS[item.task].shape]
    try:
        prediction = read(_strip_fence(text), item)
    except _UnreadableError as error:
        return Reply(None, str(error))

    findings = list(prediction_value.find(prediction, item))
    if findings:
        return Reply(None, findings[0].message)
    return Reply(prediction)


def _shorten(value: Any) -> str:
    """Return how a value is written, without the middle of a long one."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN // 2]} … {shown[-SHOWN // 2 :]}"


def _strip_fence(text: str) -> str:
    fenced = re.fullmatch(r"\s*```\w*\n(.*?)\n?```\s*", text, re.DOTALL)
    return (fenced[1] if fenced else text).strip()


def _read_label(text: str, item: Item) -> str:
    word = re.sub(r"^(label|answer)\s*:", "", text.strip("*_` \n"), flags=re.IGNORECASE)
    word = word.strip("*_`\"'“”.,:;!() \n").casefold()
    for label in list_labels(item):
        if word == label.casefold():
            return label
    raise _UnreadableError(f"Got {_shorten(text)}. Expected a label.")


def _read_spans(text: str, item: Item) -> list[list[int]]:
    return _find_passages(_read_json(text, list), item)


def _read_tuples(text: str, item: Item) -> list[dict[str, Any]]:
    found = []
    for entry in _read_json(text, list):
        _check_keys(entry, {"holder", "target", "polarity", "evidence"})
        found.append({**entry, "evidence": _find_passages(entry["evidence"], item)})
    return found


def _read_quotations(text: str, item: Item) -> list[dict[str, Any]]:
    found = []
    for entry in _read_json(text, list):
        _check_keys(entry, {"content", "cue", "source", "speaker"})
        content = _find_passages(entry["content"], item)
        near = content[0][0] if content else 0
        cue = [_find_near(item, passage, near) for passage in _as_list(entry["cue"])]
        source = None
        if entry["source"] is not None:
            source = _find_near(item, entry["source"], near)
        quotation = {"content": content, "cue": sorted(cue), "source": source}
        found.append({**quotation, "speaker": entry["speaker"]})
    return found


_READERS: Mapping[str, Callable[[str, Item], Any]] = {
    "label": _read_label,
    "spans": _read_spans,
    "tuples": _read_tuples,
    "quotations": _read_quotations,
}


def _read_json(text: str, expected: type[Any]) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"The reply is not JSON: {error}") from error
    if not isinstance(value, expected):
        raise _UnreadableError(f"Got {_shorten(value)}. Expected a JSON {expected.__name__}.")
    return value


def _check_keys(entry: Any, keys: set[str]) -> None:
    if not isinstance(entry, dict) or set(entry) != keys:
        names = ", ".join(sorted(keys))
        raise _UnreadableError(f"Got {_shorten(entry)}. Expected an object with the keys {names}.")


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _UnreadableError(f"Got {_shorten(value)}. Expected a list of passages.")
    return value


def _find_passages(value: Any, item: Item) -> list[list[int]]:
    """Return the spans of copied passages, each of which must occur exactly once in the text."""
    spans = []
    for passage in _as_list(value):
        starts = find_exact(item.inputs["text"], _check_passage(passage))
        if len(starts) != 1:
            times = f"{len(starts)} times" if starts else "nowhere"
            message = (
                f"The passage {_shorten(passage)} occurs {times} in the text. Expected it once."
            )
            raise _UnreadableError(message)
        spans.append([starts[0], starts[0] + len(passage)])
    return sorted(spans)


def _find_near(item: Item, passage: Any, near: int) -> list[int]:
    """Return the span of the occurrence of a passage that is closest to an offset."""
    start = find_closest(item.inputs["text"], _check_passage(passage), near)
    if start is None:
        raise _UnreadableError(f"The passage {_shorten(passage)} occurs nowhere in the text.")
    return [start, start + len(passage)]


def _check_passage(passage: Any) -> str:
    if not isinstance(passage, str) or not passage:
        raise _UnreadableError(f"Got {_shorten(passage)}. Expected the words of a passage.")
    return passage
