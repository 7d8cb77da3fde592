"""Make a dataset with the items of the benchmark, and replies to them, to test the harnesses."""

import json
import shutil
from pathlib import Path

from msgspec.structs import replace

from readout.benchmark.harness.prompts import format_prompt
from readout.benchmark.harness.rows import read_items
from readout.benchmark.tasks import TASKS, build_all_items
from readout.corpus.files import write_generated
from readout.corpus.items import NO_RELEASE, Frozen, change_frozen, make_release
from readout.corpus.read import read_corpus
from readout.dataset.build import build_hub

CORPUS = Path(__file__).parent / "corpus"


def make_frozen():
    """Return the frozen items of the small corpus, one of which is not scored."""
    items = build_all_items(read_corpus(CORPUS)[0])
    partners = {partner for item in items["stance"] for partner in item.swap.values()}
    unsettled = next(
        item for item in items["stance"] if item.gold == "none" and item.id not in partners
    )
    items["stance"] = [
        replace(item, gold=None) if item == unsettled else item for item in items["stance"]
    ]
    return Frozen(make_release(NO_RELEASE, None, "", items, {}), items, {})


def build_frozen_hub(folder):
    """Build the small corpus with its frozen items below a folder, and return the dataset."""
    root = Path(shutil.copytree(CORPUS, folder / "corpus"))
    write_generated(root, change_frozen(root, make_frozen()))
    build_hub(root, folder / "hub")
    return folder / "hub"


# ---------------------------------------------------------------- a model


def answer_prompts(hub):
    """Return a reply to each prompt of all tasks.

    Of three replies, the first is right, the second is right and dressed up, and the third cannot
    be read.
    """
    replies = {}
    for task in TASKS:
        for number, item in enumerate(read_items(task, hub)):
            reply = to_reply(item)
            choices = (reply, f"```\n{reply}\n```", "I cannot say.")
            replies[format_prompt(item)] = choices[number % 3]
    return replies


def to_reply(item):
    """Return the right reply to an item; any label if it has no gold answer."""
    text = item.inputs["text"]

    def copy(spans):
        return [text[start:end] for start, end in spans]

    shape = TASKS[item.task].shape
    if shape == "label":
        return (item.gold or TASKS[item.task].labels[0]).upper()
    if shape == "spans":
        return json.dumps(copy(item.gold))
    if shape == "tuples":
        return json.dumps([{**each, "evidence": copy(each["evidence"])} for each in item.gold])

    quotations = []
    for each in item.gold:
        source = copy([each["source"]])[0] if each["source"] else None
        copied = {"content": copy(each["content"]), "cue": copy(each["cue"]), "source": source}
        quotations.append({**each, **copied})
    return json.dumps(quotations)
