"""Work on shards gives the problems, rows and bytes of the whole, in any number of processes."""

import pytest
from cases import CASES, break_corpus, judge_by_rules_alone
from conftest import run_python, tally_corpus
from generated import SMALL, make_corpus
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_build import snapshot

from readout import read_corpus
from readout.checks.folder import check_folder
from readout.dataset import statistics as stats
from readout.dataset.build import build_hub
from readout.dataset.load import load
from readout.problem import RefusedError
from readout.scale.shards import count_shards


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shards_have_the_problems_and_counts_of_the_whole(case, tmp_path):
    break_corpus(case, tmp_path)
    problems, tally = check_folder(tmp_path, SMALL)
    corpus, reference = judge_by_rules_alone(tmp_path)
    assert list(problems) == reference
    for make in stats.TABLES.values():
        assert make(tally, corpus.registries) == make(tally_corpus(corpus), corpus.registries)


@given(st.integers(0, 10**9))
def test_the_number_of_shards_grows_with_the_corpus(documents):
    assert 1 <= count_shards(documents) <= count_shards(2 * documents + 1) <= 4096


def test_shards_are_files_that_load(generated, tmp_path):
    hub = tmp_path / "hub"
    infos = build_hub(generated, hub, SMALL).infos
    names = [path.name for path in sorted((hub / "data/quotes").iterdir())]
    assert "train-00000-of-00008.parquet" in names
    assert len(names) == 10
    corpus, _ = read_corpus(generated)
    for info in infos:
        loaded = {split: len(rows) for split, rows in load(info.config, hub).items()}
        assert loaded == {split.name: split.num_examples for split in info.splits}
    loaded_ids = [row["doc_id"] for rows in load("documents", hub).values() for row in rows]
    assert sorted(loaded_ids) == sorted(document.meta.doc_id for document in corpus.documents)


@pytest.mark.slow
def test_croissant_reads_all_shards(generated, tmp_path):
    import mlcroissant

    hub = tmp_path / "hub"
    infos = build_hub(generated, hub, SMALL).infos
    dataset = mlcroissant.Dataset(jsonld=hub / "croissant.json")
    assert not dataset.metadata.issues.errors
    (quotes,) = (info for info in infos if info.config == "quotes")
    for split in quotes.splits:
        assert len(list(dataset.records(f"quotes-{split.name}"))) == split.num_examples


def test_bytes_do_not_depend_on_the_number_of_workers(generated, tmp_path):
    build_hub(generated, tmp_path / "one", SMALL)
    build_hub(generated, tmp_path / "three", replace(SMALL, jobs=3))
    build_hub(generated, tmp_path / "anew", replace(SMALL, jobs=2, large_corpus=0))
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "three") == snapshot(tmp_path / "anew")
    three = check_folder(generated, replace(SMALL, jobs=3, verify=True))
    assert three == check_folder(generated, SMALL)


@pytest.mark.slow
def test_dask_builds_the_same_bytes(generated, tmp_path):
    pytest.importorskip("distributed")
    build_hub(generated, tmp_path / "local", SMALL)
    build_hub(generated, tmp_path / "dask", replace(SMALL, jobs=2, engine="dask"))
    assert snapshot(tmp_path / "dask") == snapshot(tmp_path / "local")


def test_rows_too_large_for_a_column_are_refused(generated, tmp_path, monkeypatch):
    def check_size(size):
        if size > 1_000:
            raise OverflowError

    monkeypatch.setattr("readout.dataset.batch.check_size", check_size)
    with pytest.raises(RefusedError, match="'20"):
        build_hub(generated, tmp_path / "hub", replace(SMALL, jobs=2))
    assert list(tmp_path.glob("hub")) == []


# ru_maxrss starts at the value of the parent process, which is pytest with all its libraries.
PEAK = """
import sys
from pathlib import Path
from readout.dataset.build import build_hub
from readout.scale.workers import Options

assert build_hub(Path(sys.argv[1]), Path(sys.argv[2]), Options(jobs=1)).infos
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    peaks = []
    for documents in (1_500, 6_000):
        root = make_corpus(tmp_path / str(documents), documents)
        peaks.append(int(run_python(PEAK, root, tmp_path / f"hub-{documents}")))
    assert max(peaks) < 350
    assert peaks[1] - peaks[0] < 60
