"""Say how much of gold people have reviewed, by whom, and with what result."""

from __future__ import annotations

from pathlib import Path

from readout.corpus.read import read_corpus
from readout.corpus.tally import Tally
from readout.dataset.statistics import report_tables
from readout.report.tables import Report, format_markdown

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "No person has reviewed gold yet."


def report_reviews(root: Path = ROOT) -> tuple[list[str], Report]:
    """Return sentences about the reviews that people gave, and the tables of all reviews."""
    corpus, _ = read_corpus(root)
    tally = Tally()
    tally.add_documents(corpus.documents)
    report = report_tables(("reviews", "samples"), tally, corpus.registries)
    total = sum(tally.annotations.values())

    rows, samples = report.data["reviews"], report.data["samples"]
    (people,) = [row for row in rows if row["reviewer"] == "all people"]
    if not people["reviewed"]:
        return [NOBODY], report

    annotators = corpus.registries.annotators
    names = [row["reviewer"] for row in rows if row["kind"] == "human"]
    humans = [annotators[name].name for name in names if name in annotators]
    extent = f"{people['reviewed']} of the {total} annotations of gold ({people['share of gold']})"
    sentences = [f"{', '.join(humans)} reviewed {extent}."]
    for row in samples:
        if row["kind"] == "human" and row["rate"] != "—":
            name, interval = annotators[row["reviewer"]].name, row["95 % interval"]
            sample = f"In a random sample of {row['reviewed']}, {name} found {row['rate']}"
            sentences.append(f"{sample} to be changed or dropped (95 % interval {interval}).")
    return sentences, report


def format_reviews(root: Path = ROOT) -> str:
    """Return the sentences and, if anybody reviewed gold, the tables, as Markdown."""
    sentences, report = report_reviews(root)
    reviews, samples = report.tables
    blocks = [" ".join(sentences)]
    # The first two rows are sums.
    if len(reviews.rows) > 2:
        blocks.append(format_markdown(reviews))
    if samples.rows:
        blocks.append(format_markdown(samples))
    return "\n\n".join(blocks)
