"""Make a submission of predictions that were read from logs, with a description to complete."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from readout.benchmark.board.cards import CARD, SUBMISSIONS, format_card_record
from readout.benchmark.board.submissions import predictions_path
from readout.benchmark.harness.logs import FOLDS, Imported
from readout.benchmark.harness.prompts import PROMPTS
from readout.corpus.files import Change, FileBytes, FileChanges, check_name
from readout.corpus.read import read_bytes


def change_submission(
    root: Path, system: str, imported: Mapping[str, Imported], seed: int | None = None
) -> FileChanges:
    """Return the changes of files that put predictions into the folder of a system.

    A run with a seed has a folder of its own. If there is no ``system.yaml`` yet, a draft is made.

    Raises:
        RefusedError: the name of the system cannot be that of a folder.

    """
    folder = f"{SUBMISSIONS}/{check_name('system', system)}"
    files: FileBytes = {}
    for task, each in imported.items():
        files[predictions_path(system, task, FOLDS, seed)] = each.raw
    if read_bytes(root, f"{folder}/{CARD}")[0] is None:
        files[f"{folder}/{CARD}"] = format_draft(system, imported, seed)
    return {path: Change(read_bytes(root, path)[0], raw) for path, raw in files.items()}


def format_draft(system: str, imported: Mapping[str, Imported], seed: int | None) -> bytes:
    """Return a ``system.yaml`` with what a log tells.

    What it does not tell is empty, so that the file is refused until somebody has completed it.
    """
    models = sorted({each.model for each in imported.values() if each.model})
    draft = {
        "system_id": system,
        "name": system,
        "description": "",
        "authors": [],
        "code": "",
        "model": ", ".join(models),
        "exposure": {"badge": "", "training": "nothing", "pretraining": "", "people": ""},
        "seeds": [] if seed is None else [seed],
        "selection": "none",
        "hardware": "",
        "prompts": list(dict.fromkeys(PROMPTS[task] for task in imported)),
    }
    return format_card_record(draft)
