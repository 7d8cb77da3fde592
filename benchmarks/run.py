"""Measure whole processes side by side: ``python benchmarks/run.py --documents 2000 --rounds 5``.

The peers run in turn, so that other load on the machine slows all of them alike. Compare medians
and ratios, not single times. The results are written to ``results/<documents>.json``, with a
Markdown table and a plot beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).parent
PACKAGES = (
    "readout-corpus",
    "pyarrow",
    "msgspec",
    "orjson",
    "jsonschema",
    "datasets",
    "spacy",
    "dkpro-cassis",
    "dask",
)
SLOW = 2_000
"""The most documents for the slow peers ``jsonschema`` and ``cassis``; ratios are scaled."""
TITLES = {
    "floor": "floor: read, SHA-256, orjson, write the same Parquet, one process",
    "build": "readout build, two processes",
    "build-1": "readout build, one process",
    "check": "readout check, two processes",
    "check-1": "readout check, one process",
    "datasets": "datasets, JSON of the sources with Features (validates nothing)",
    "datasets-rows": "datasets, JSON of the rows of all configs with Features",
    "docbin": "spaCy DocBin, load",
    "cassis": "dkpro-cassis, load XMI",
    "jsonschema": "jsonschema, one record after another",
    "nothing": "readout build, nothing changed",
    "changed": "readout build, one document changed",
    "help": "readout --help",
    "real": "readout check, the corpus of this repository",
}
FIXED = {"help": 0, "real": 5}
"""The number of documents for peers that do not read the generated corpus."""

RATIOS = (
    (
        "build speed with two processes, against `datasets` on the sources",
        "datasets",
        "build",
        "wall",
    ),
    ("the same, against `datasets` on the rows of a build", "datasets-rows", "build", "wall"),
    ("the same, against spaCy", "docbin", "build", "wall"),
    ("CPU time of the floor, against a build with one process", "floor", "build-1", "cpu"),
    ("CPU time of `jsonschema`, against a check with one process", "jsonschema", "check-1", "cpu"),
    ("check speed with two processes, against `jsonschema`", "jsonschema", "check", "wall"),
    ("time of a build after one change, against a full one", "changed", "build", "wall"),
    ("time of a build after no change, against a full one", "nothing", "build", "wall"),
)
"""The published ratios: the first peer's measure per document, divided by the second peer's."""


def measure(command: list[str]) -> dict[str, float]:
    """Return wall time (s), CPU time (s) and peak memory (MB) of a process.

    CPU time includes the children of the process; peak memory is that of the largest process.
    """
    started = time.perf_counter()
    # wait4(2) reports the process and those children that it has waited for.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = status
    if status:
        raise SystemExit(f"{' '.join(command)} failed.")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def settle(command: list[str]) -> None:
    """Build once more, unmeasured, when all files are older than the slack of their times."""
    time.sleep(2.5)
    measure(command)


def find_corpus(folder: Path, documents: int) -> Path:
    """Return the folder of a corpus of this size, and generate it if it does not exist."""
    corpus = folder / f"corpus-{documents}"
    if not (corpus / "raw/documents.jsonl").is_file():
        command = [sys.executable, str(HERE / "generate.py"), str(corpus)]
        subprocess.run([*command, "--documents", str(documents)], check=True)
    return corpus


def prepare_peer(name: str, folder: Path, documents: int) -> list[str]:
    """Write the input of a peer, and return the command that runs it."""
    count = documents if name in FIXED else count_documents(name, documents)
    corpus = find_corpus(folder, count)
    arguments = [name, str(corpus), str(folder / f"work-{count}")]
    command = [sys.executable, str(HERE / "peers.py")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, "prepare", *arguments], check=True, **quiet)
    return [*command, *arguments]


Measures: TypeAlias = dict[str, list[dict[str, float]]]
"""The measures of every peer in every round."""


def run_rounds(names: list[str], folder: Path, documents: int, rounds: int) -> Measures:
    """Run every peer once in every round, in random order, and return the measures."""
    commands = {name: prepare_peer(name, folder, documents) for name in (*names, "nothing")}
    measures: Measures = {name: [] for name in names}
    order = random.Random(0)
    for number in range(rounds):
        for name in order.sample(names, len(names)):
            if name in ("nothing", "changed"):
                settle(commands["nothing"])
            found = measure(commands[name])
            measures[name].append(found)

            result = f"{found['wall']:8.2f} s {found['peak_mb']:6.0f} MB"
            print(f"{number + 1}/{rounds} {name:12} {result}", flush=True)
    return measures


def count_documents(name: str, documents: int) -> int:
    """Return the number of documents that a peer gets."""
    if name in ("jsonschema", "cassis"):
        return min(documents, SLOW)
    return FIXED.get(name, documents)


def compare(measures: Measures, documents: int) -> list[dict[str, Any]]:
    """Return the median and the spread over rounds of every ratio whose peers were measured."""
    ratios = []
    for title, above, below, unit in RATIOS:
        if above in measures and below in measures:
            share = count_documents(below, documents) / count_documents(above, documents)
            pairs = zip(measures[above], measures[below], strict=True)
            found = [share * first[unit] / second[unit] for first, second in pairs]
            spread = [min(found), max(found)]
            ratios.append({"title": title, "median": statistics.median(found), "spread": spread})
    return ratios


def summarise(name: str, measures: list[dict[str, float]], documents: int) -> dict[str, Any]:
    """Return the medians and the spread of one peer, and its documents per second."""
    count = count_documents(name, documents)
    walls = [each["wall"] for each in measures]
    median = statistics.median(walls)
    return {
        "title": TITLES[name],
        "documents": count,
        "wall": median,
        "spread": [min(walls), max(walls)],
        "cpu": statistics.median(each["cpu"] for each in measures),
        "peak_mb": max(each["peak_mb"] for each in measures),
        "per_second": count / median,
        "walls": walls,
    }


COLUMNS = (
    "whole process",
    "documents",
    "median s",
    "spread s",
    "CPU s",
    "peak MB",
    "documents/s",
    "against `datasets`",
)


def format_table(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    peers = results["peers"]
    base = peers["datasets"]["per_second"] if "datasets" in peers else 1
    versions = ", ".join([f"{name} {number}" for name, number in results["versions"].items()])
    setting = f"{results['documents']} documents, {results['rounds']} interleaved rounds, "
    setting += f"{results['cores']} cores, Python {results['python']}; {versions}."
    lines = [
        f"# Measurements on {results['documents']} documents",
        "",
        setting,
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"| --- |{' ---: |' * (len(COLUMNS) - 1)}",
    ]
    for each in peers.values():
        low, high = each["spread"]
        cells = (
            each["title"],
            str(each["documents"]),
            f"{each['wall']:.2f}",
            f"{low:.2f}–{high:.2f}",
            f"{each['cpu']:.2f}",
            f"{each['peak_mb']:.0f}",
            f"{each['per_second']:.0f}",
            f"{each['per_second'] / base:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")

    lines += ["", "| ratio | median | spread |", "| --- | ---: | ---: |"]
    for each in results["ratios"]:
        low, high = each["spread"]
        lines.append(f"| {each['title']} | {each['median']:.3g} | {low:.3g}–{high:.3g} |")
    return "\n".join(lines) + "\n"


def plot(results: dict[str, Any], path: Path) -> None:
    """Write a plot of the documents per second of every peer, with their spread."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "readout"
    import matplotlib.pyplot as plt

    peers = sorted(
        [each for each in results["peers"].values() if each["documents"] > 10],
        key=lambda each: each["per_second"],
    )
    figure, axes = plt.subplots(figsize=(10, 0.42 * len(peers) + 1.3), layout="constrained")
    for position, each in enumerate(peers):
        low, high = (each["documents"] / wall for wall in reversed(each["spread"]))
        colour = "#004488" if each["title"].startswith("readout") else "#997700"
        axes.plot([low, high], [position, position], color=colour, linewidth=2)
        axes.plot(each["per_second"], position, "o", color=colour)
        axes.annotate(
            f"{each['per_second']:,.0f}",
            (high, position),
            (8, -3),
            textcoords="offset points",
            color=colour,
        )
    axes.set_yticks(range(len(peers)), [each["title"] for each in peers])
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("documents per second (log scale): median and spread")
    axes.set_title(
        f"Whole processes on {results['documents']:,} documents, {results['cores']} cores",
        loc="left",
    )
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure the peers and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=SLOW)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, default=HERE / "data", help="The folder for generated corpora."
    )
    parser.add_argument("--peers", nargs="*", default=list(TITLES), choices=list(TITLES))
    arguments = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
    measures = run_rounds(arguments.peers, arguments.folder, arguments.documents, arguments.rounds)
    peers = {name: summarise(name, found, arguments.documents) for name, found in measures.items()}
    results = {
        "documents": arguments.documents,
        "rounds": arguments.rounds,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "versions": {name: version(name) for name in PACKAGES},
        "ratios": compare(measures, arguments.documents),
        "peers": peers,
    }
    target = HERE / "results" / str(arguments.documents)
    target.parent.mkdir(exist_ok=True)
    target.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(format_table(results), encoding="utf-8")
    plot(results, target.with_suffix(".svg"))
    print(format_table(results))


if __name__ == "__main__":
    main()
