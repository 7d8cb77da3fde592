"""Export results in the formats of other leaderboards: Every Eval Ever and Hub evaluation results.

Every Eval Ever files are JSON in version 0.2.1 of its schema (EvalEval Coalition). Hub files are
YAML and belong in the folder ``.eval_results`` of a model's repository; the Hub shows them once the
dataset is registered there as a benchmark.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from readout._version import __version__
from readout.benchmark.board.submissions import Run, Submission, encode_json
from readout.benchmark.scoring.scores import Score
from readout.corpus.outputs import write_folder
from readout.report.tables import round_number

EEE_VERSION = "0.2.1"
DATASET = "readout-corpus"
"""The name of the dataset; on the Hub, the name of its owner precedes it."""


def to_every_eval_ever(submission: Submission, timestamp: str = "0") -> dict[str, Any]:
    """Return a submission as one record of Every Eval Ever.

    ``timestamp`` is the time of the record in seconds since 1970, as a string. The default of 0
    means that it is unknown, so that the same predictions give the same bytes.
    """
    card = submission.card
    return {
        "schema_version": EEE_VERSION,
        "evaluation_id": f"{DATASET}/{card.system_id}/{timestamp}",
        "retrieved_timestamp": timestamp,
        "source_metadata": {
            "source_name": "Readout leaderboard",
            "source_type": "evaluation_run",
            "source_organization_name": ", ".join(card.authors),
            "evaluator_relationship": "other" if submission.kind == "system" else "first_party",
        },
        "eval_library": {"name": "readout", "version": __version__},
        "model_info": {
            "name": card.name,
            "id": card.model or card.system_id,
            "developer": ", ".join(card.authors),
            "additional_details": {
                "kind": submission.kind,
                "seen": card.exposure.badge,
                "exposure_training": card.exposure.training,
            },
        },
        "evaluation_results": [_to_result(run) for run in submission.runs],
    }


def _to_result(run: Run) -> dict[str, Any]:
    score = run.score
    seed = {} if run.seed is None else {"seed": str(run.seed)}
    return {
        "evaluation_name": f"{DATASET}/{score.task.name}/{score.folds}",
        "source_data": {
            "dataset_name": DATASET,
            "source_type": "other",
            "additional_details": {
                "data_hash": score.data,
                "folds": score.folds,
                **seed,
            },
        },
        "metric_config": {
            "evaluation_description": f"{score.official.name}: {score.task.summary}",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
        },
        "score_details": {
            "score": round_number(score.value()),
            "details": {"signature": score.signature},
            "uncertainty": _to_uncertainty(score),
        },
    }


def _to_uncertainty(score: Score) -> dict[str, Any]:
    uncertainty: dict[str, Any] = {"num_samples": len(score.items)}
    estimate = score.on_texts_like_these(score.official)
    if estimate.low is not None and estimate.high is not None:
        uncertainty["confidence_interval"] = {
            "lower": round_number(estimate.low),
            "upper": round_number(estimate.high),
            "confidence_level": 0.95,
            "method": _describe_method(score),
        }
    return uncertainty


def _describe_method(score: Score) -> str:
    """Return how the interval on texts like these was computed (:mod:`..scoring.intervals`)."""
    units = f"items and over {len(score.clusters)} events"
    if score.sums.targets is not None:
        units = f"items, over {len(score.clusters)} events, and over events and targets at once"
    method = (
        f"widest of the jackknife intervals (Student's t) over {units}, also on the logit scale"
    )
    if score.official.is_share:
        method = f"{method}, and of Wilson's interval"
    if score.official.combine == "min":
        parts = len(score.official.parts)
        return f"smallest lower and smallest upper bound of {parts} shares, each with the {method}"
    return method


def to_hub_results(submission: Submission, dataset: str = DATASET) -> list[dict[str, Any]]:
    """Return a submission as entries of the Hub's evaluation results.

    ``dataset`` is the id of the dataset on the Hub.
    """
    return [
        {
            "dataset": {"id": dataset, "task_id": f"{run.score.task.name}-{run.score.folds}"},
            "value": round_number(run.score.value()),
            "notes": f"{run.score.name}; {run.score.signature}",
        }
        for run in submission.runs
    ]


def write_exports(folder: Path, submissions: Sequence[Submission]) -> list[str]:
    """Write both formats for every submission; return the paths inside the folder."""
    import yaml

    files: dict[str, bytes] = {}
    for each in submissions:
        name = each.card.system_id
        files[f"every_eval_ever/{name}.json"] = encode_json(to_every_eval_ever(each))
        results = to_hub_results(each)
        text = yaml.safe_dump(results, sort_keys=False, allow_unicode=True, width=10_000)
        files[f"eval_results/{name}.yaml"] = text.encode()
    write_folder(folder, "bench board --export", files)
    return list(files)
