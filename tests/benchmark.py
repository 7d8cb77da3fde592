"""Build items, scores and submissions for the tests of the benchmark."""

import json
import re
import shutil
from pathlib import Path

import yaml
from click.testing import CliRunner

from readout.benchmark.board.boards import build_boards
from readout.benchmark.board.leaderboard import judge_submissions
from readout.benchmark.predictions import format_predictions
from readout.benchmark.scoring.scores import Score
from readout.cli import main
from readout.corpus.items import read_frozen
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


# ---------------------------------------------------------------- boards

NAMES = [
    "always-favor",
    "majority",
    "stance-lexicon",
    "nothing",
]


KEPT = {
    "attribution.event.jsonl",
    "evidence.event.jsonl",
    "polarity.event.jsonl",
    "polarity.zero-shot.jsonl",
    "stance.event.jsonl",
}
"""The predictions that are scored; more of them would only take time."""


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# Writing the files of a board takes several times as long as what these compute.


def find_board(root, task):
    """Return the board of one task, without the others and without its files."""
    frozen = read_frozen(root)
    asked = frozen._replace(items={task: frozen.items[task]})
    (board,) = build_boards(asked, judge_submissions(root, frozen).submissions)
    return board


def find_problems(root):
    """Return the problems of all submissions, without a board."""
    return judge_submissions(root, read_frozen(root)).problems


def codes_of(root):
    return {problem.code for problem in find_problems(root)}


def plant(root, name, answers=None):
    """Submit a system with the answers of another one, or with files of answers."""
    folder = Path(shutil.copytree(root / "submissions/nothing", root / "submissions" / name))
    (folder / "result.json").unlink()
    if re.fullmatch("[a-z-]+", name):
        own_card(root, name)
    if answers is not None:
        shutil.rmtree(folder / "predictions")
        (folder / "predictions").mkdir()
        for file, raw in answers.items():
            (folder / "predictions" / file).write_bytes(raw)
    return folder


def add_seeds(root, system, answers, seeds):
    """Submit a system with one file of predictions per seed, all with the same answers."""
    folder = plant(root, system) / "predictions"
    shutil.rmtree(folder)
    edit_card(root, system, seeds=seeds)
    for seed in seeds:
        (folder / f"seed-{seed}").mkdir(parents=True)
        for name, raw in answers.items():
            (folder / f"seed-{seed}" / name).write_bytes(raw)
    return folder


def read_answers(root, system):
    folder = root / "submissions" / system / "predictions"
    return {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}


def copy_gold(root, task="polarity"):
    items = read_frozen(root).items[task]
    return {f"{task}.event.jsonl": format_predictions(items, [item.gold for item in items])}
