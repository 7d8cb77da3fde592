"""Generated corpora, which have several shards."""

import sys

from conftest import ROOT

from readout.scale.workers import Options

sys.path.append(str(ROOT / "benchmarks"))
from generate import iter_files

SMALL = Options(jobs=1, per_shard=5, small_corpus=10, slack=-1e9)
"""Small shards in one process; the times of files count however new they are."""
OLD = 1_000_000_000
"""A time in the past, in seconds since 1970."""


def make_corpus(folder, documents):
    """Write a generated corpus with this number of documents to a folder."""
    for path, raw in iter_files(documents):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
    return folder


def change(root, number=0):
    """Change one label of a document; the next call changes it back."""
    path = sorted((root / "annotations/gold").iterdir())[number]
    raw = path.read_bytes()
    before, after = b'"expression":"explicit"', b'"expression":"implicit"'
    path.write_bytes(
        raw.replace(before, after, 1) if before in raw else raw.replace(after, before, 1)
    )
