"""Shards: the same verdict, rows and bytes as from the whole, whatever is done where, and whatever was done before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mlcroissant
import pytest
from cases import CASES, break_corpus
from conftest import CORPUS, ROOT
from fuzz import MUTATIONS, make_mutant
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from test_build import snapshot

from readout import check_corpus, read_corpus, stats
from readout.build import build_hub
from readout.checks import check_layer
from readout.checks.clean import find_clean_layer
from readout.checks.folder import CHECKED, check_folder
from readout.loading import load
from readout.parse import parse_layer
from readout.problem import RefusedError, is_failure
from readout.read import REGISTRY_FILES, parse_records, read_registries
from readout.scale.cache import Snapshot
from readout.scale.shards import count_shards
from readout.scale.workers import Options, map_tasks
from readout.tally import Tally, tally_corpus

sys.path.append(str(ROOT / "benchmarks"))
from generate import iter_files

OLD = 1_000_000_000


def make_corpus(folder, documents):
    for path, raw in iter_files(documents):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
    return folder


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A generated corpus that is put into several shards."""
    return make_corpus(tmp_path_factory.mktemp("generated"), 60)


@pytest.fixture
def compiled(monkeypatch):
    """The names of the shards that are compiled or checked, in order."""
    import readout.checks.folder
    import readout.shard

    names = []

    def spy(module, name):
        original = getattr(module, name)

        def record(shard, *arguments, **named):
            names.append(shard.name)
            return original(shard, *arguments, **named)

        monkeypatch.setattr(module, name, record)

    spy(readout.shard, "compile_shard")
    spy(readout.checks.folder, "check_shard")
    return names


SMALL = Options(jobs=1, per_shard=5, few=10, slack=-1e9)
"""Small shards, done in this process; times of files are trusted, however new they are."""
VERIFY = replace(SMALL, verify=True)


def change(root, number=0):
    path = sorted((root / "annotations/gold").iterdir())[number]
    raw = path.read_bytes()
    before, after = b'"expression":"explicit"', b'"expression":"implicit"'
    path.write_bytes(raw.replace(before, after, 1) if before in raw else raw.replace(after, before, 1))


# ---------------------------------------------------------------- one verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shards_come_to_the_same_verdict_as_the_whole(case, tmp_path):
    break_corpus(case, tmp_path)
    problems, tally = check_folder(tmp_path, SMALL)
    corpus, found = read_corpus(tmp_path)
    assert list(problems) == sorted([*found, *check_corpus(corpus)], key=lambda problem: problem.order)
    for make in stats.TABLES.values():
        assert make(tally, corpus.registries) == make(tally_corpus(corpus), corpus.registries)


def assert_clean_layers_are_clean(root):
    registries, _ = read_registries(root)
    corpus, _ = read_corpus(root)
    clean = 0
    for document in corpus.documents:
        for layer in (document.gold, *document.layers):
            found = find_clean_layer(layer.path, layer.raw, layer.annotator, document.text, registries)
            if found is not None:
                clean += 1
                reference, problems = parse_layer(layer.path, layer.raw, layer.annotator)
                assert [*problems, *check_layer(reference, document, registries)] == []
                assert found == reference
    return clean


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_no_rule_finds_anything_in_what_the_fast_path_accepts(seed, tmp_path_factory):
    root = tmp_path_factory.mktemp("mutant") / "corpus"
    make_mutant(seed, root)
    if (root / "raw/documents.jsonl").is_file():
        assert_clean_layers_are_clean(root)


def without_fast_path(path, raw):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readout.parse._find_clean_records", lambda *_: None)
        return parse_records(path, raw)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_the_fast_path_for_records_finds_what_the_other_one_finds(seed, tmp_path_factory):
    root = tmp_path_factory.mktemp("mutant") / "corpus"
    make_mutant(seed, root)
    for path in ("raw/documents.jsonl", *(f"annotations/{name}.jsonl" for name in REGISTRY_FILES)):
        if (root / path).is_file():
            raw = (root / path).read_bytes()
            assert parse_records(path, raw) == without_fast_path(path, raw)


def test_the_fast_path_accepts_what_is_clean(generated):
    for root in (CORPUS, generated, ROOT):
        documents = read_corpus(root)[0].documents
        assert assert_clean_layers_are_clean(root) == sum(1 + len(document.layers) for document in documents)


@given(st.permutations(range(6)), st.integers(0, 6))
def test_tallies_add_up_in_any_order(order, cut):
    documents = [document for root in (CORPUS, ROOT) for document in read_corpus(root)[0].documents][:6]
    parts = [Tally(), Tally()]
    for position, number in enumerate(order):
        parts[position < cut].add_documents([documents[number % len(documents)]])
    parts[0].add(parts[1])
    whole = Tally()
    whole.add_documents([documents[number % len(documents)] for number in range(6)])
    registries, _ = read_registries(ROOT)
    for make in stats.TABLES.values():
        assert make(parts[0], registries) == make(whole, registries)


# ---------------------------------------------------------------- shards


@given(st.integers(0, 10**9))
def test_the_number_of_shards_grows_with_the_corpus(documents):
    assert 1 <= count_shards(documents) <= count_shards(2 * documents + 1) <= 4096


def test_shards_are_files_that_load(generated, tmp_path):
    hub = tmp_path / "hub"
    infos = build_hub(generated, hub, SMALL).infos
    names = [path.name for path in sorted((hub / "data/quotes").iterdir())]
    assert "train-00000-of-00008.parquet" in names
    assert len(names) == 16
    corpus, _ = read_corpus(generated)
    for info in infos:
        loaded = load(info.config, hub)
        assert {split.name: split.num_examples for split in info.splits} == {s: len(rows) for s, rows in loaded.items()}
    assert sorted(row["doc_id"] for rows in load("documents", hub).values() for row in rows) == sorted(
        document.meta.doc_id for document in corpus.documents
    )


def test_croissant_reads_all_shards(generated, tmp_path):
    hub = tmp_path / "hub"
    infos = build_hub(generated, hub, SMALL).infos
    dataset = mlcroissant.Dataset(jsonld=hub / "croissant.json")
    assert not dataset.metadata.issues.errors
    (quotes,) = (info for info in infos if info.config == "quotes")
    for split in quotes.splits:
        assert len(list(dataset.records(f"quotes-{split.name}"))) == split.num_examples


def test_long_tables_of_the_card_are_cut(generated, tmp_path, monkeypatch):
    monkeypatch.setattr("readout.tally.LISTED", 7)
    _, tally = check_folder(generated, SMALL)
    registries, _ = read_registries(generated)
    table = stats.TABLES["documents"](tally, registries)
    assert len(table.rows) == 7
    assert [row[0] for row in table.rows] == sorted(path.stem for path in (generated / "raw/text").iterdir())[:7]
    assert stats.format_markdown(table).endswith("53 more are not listed.")


def test_bytes_do_not_depend_on_the_number_of_workers(generated, tmp_path):
    build_hub(generated, tmp_path / "one", SMALL)
    build_hub(generated, tmp_path / "three", replace(SMALL, jobs=3))
    build_hub(generated, tmp_path / "anew", replace(SMALL, jobs=2, many=0))
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "three") == snapshot(tmp_path / "anew")
    assert check_folder(generated, replace(VERIFY, jobs=3)) == check_folder(generated, SMALL)


def test_a_worker_that_dies_is_an_error_not_a_hang():
    with pytest.raises(OSError, match="worker"):
        list(map_tasks(os._exit, [1, 1], jobs=2))


@pytest.mark.slow
def test_dask_builds_the_same_bytes(generated, tmp_path):
    pytest.importorskip("distributed")
    build_hub(generated, tmp_path / "local", SMALL)
    build_hub(generated, tmp_path / "dask", replace(SMALL, jobs=2, engine="dask"))
    assert snapshot(tmp_path / "dask") == snapshot(tmp_path / "local")


@pytest.mark.slow
def test_dask_tries_failed_tasks_again(tmp_path):
    pytest.importorskip("distributed")
    failed = tmp_path / "failed"

    def double(number):
        if not failed.exists():
            failed.touch()
            raise OSError("a passing fault")
        return 2 * number

    assert dict(map_tasks(double, [1, 2, 3], jobs=1, engine="dask")) == {0: 2, 1: 4, 2: 6}


# ---------------------------------------------------------------- what has not changed


def test_only_the_changed_shard_is_compiled(generated, tmp_path, compiled):
    hub = tmp_path / "hub"
    build_hub(generated, hub, SMALL)
    every = list(compiled)
    assert len(every) == len(set(every)) > 5
    compiled.clear()
    built = build_hub(generated, hub, SMALL)
    assert compiled == []
    assert built.infos
    change(generated)
    build_hub(generated, hub, SMALL)
    assert len(compiled) == 1
    build_hub(generated, tmp_path / "fresh", SMALL)
    assert snapshot(hub) == snapshot(tmp_path / "fresh")


def test_only_the_changed_shard_is_checked(generated, compiled):
    first = check_folder(generated, SMALL)
    compiled.clear()
    assert check_folder(generated, SMALL) == first
    assert compiled == []
    change(generated, 1)
    check_folder(generated, SMALL)
    assert len(compiled) == 1
    (generated / CHECKED).write_bytes(b"{")
    (generated / f"{CHECKED}-shards").write_bytes(b"\xff")
    check_folder(generated, SMALL)
    assert len(compiled) > 5


def test_times_that_are_too_new_are_not_trusted(generated, tmp_path, compiled):
    """A file that was changed just now may change again without a new time, so its bytes are compared."""
    new = replace(SMALL, slack=1e6)
    build_hub(generated, tmp_path / "hub", new)
    compiled.clear()
    build_hub(generated, tmp_path / "hub", new)
    assert compiled == []
    change(generated, 2)
    build_hub(generated, tmp_path / "hub", new)
    assert len(compiled) == 1


def write(root, path, raw=b"{}\n"):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(raw)


CHANGES = {
    "an unplaced annotation": lambda root: write(root, "annotations/unplaced/by/somebody/astray.jsonl"),
    "another one": lambda root: write(root, "annotations/unplaced/gold/before.jsonl", b"{}\n{}\n"),
    "a folder among the texts": lambda root: (root / "raw/text/folder").mkdir(),
    "a folder among the layers": lambda root: (root / "annotations/gold/folder").mkdir(),
    "a folder of an annotator": lambda root: (root / "annotations/by/somebody").mkdir(parents=True),
    "a layer of an annotator": lambda root: write(root, "annotations/by/somebody/astray.jsonl"),
    "a file beside the annotators": lambda root: write(root, "annotations/by/astray.jsonl"),
    "a layer of no document": lambda root: write(root, "annotations/gold/astray.jsonl"),
    "an adjudication of no document": lambda root: write(root, "annotations/adjudication/astray.jsonl"),
    "a text that is gone": lambda root: next((root / "raw/text").iterdir()).unlink(),
    "a file in place of a folder": lambda root: (
        (root / "annotations/gold/was-folder").rmdir() or write(root, "annotations/gold/was-folder")
    ),
    "a registry": lambda root: write(root, "annotations/targets.jsonl"),
    "topic codes": lambda root: write(root, "annotations/topics.jsonl"),
    "guidelines": lambda root: (root / "annotations/GUIDELINES.md").mkdir(),
    "metadata": lambda root: write(root, "raw/documents.jsonl"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_check_sees_every_change_of_what_it_looks_at(name, tmp_path):
    root = make_corpus(tmp_path, 12)
    write(root, "annotations/unplaced/gold/before.jsonl")
    (root / "annotations/gold/was-folder").mkdir()
    before = check_folder(root, SMALL)
    assert check_folder(root, SMALL) == before
    CHANGES[name](root)
    corpus, found = read_corpus(root)
    expected = sorted([*found, *check_corpus(corpus)], key=lambda problem: problem.order)
    assert list(check_folder(root, SMALL).problems) == expected


def test_a_link_that_leads_nowhere_hides_no_change(generated, tmp_path, compiled):
    for folder in ("raw/text", "annotations/gold"):
        (generated / folder / "astray").symlink_to("nowhere")
    try:
        build_hub(generated, tmp_path / "hub", SMALL)
        compiled.clear()
        change(generated, 4)
        build_hub(generated, tmp_path / "hub", SMALL)
        assert len(compiled) == 1
    finally:
        for folder in ("raw/text", "annotations/gold"):
            (generated / folder / "astray").unlink()


def test_linked_folders_are_seen_and_not_left(tmp_path):
    root = make_corpus(tmp_path / "corpus", 12)
    (root / "raw/text").rename(tmp_path / "elsewhere")
    (root / "raw/text").symlink_to(tmp_path / "elsewhere")
    (root / "annotations/gold/loop").symlink_to(tmp_path)
    folders = Snapshot(root, slack=-1e9).folders
    assert not [folder for folder in folders if "loop" in folder]
    before = check_folder(root, SMALL)
    assert check_folder(root, SMALL) == before
    text = next((tmp_path / "elsewhere").iterdir())
    text.write_bytes(text.read_bytes() + b"\n")
    codes = {problem.code for problem in check_folder(root, SMALL).problems}
    assert "checksum" in codes


def test_surroundings_are_judged_again_when_they_change(generated):
    """What was found in ``documents.jsonl`` and the registries is taken over only while their bytes are the same."""
    index = generated / "raw/documents.jsonl"
    raw = index.read_bytes()
    check_folder(generated, SMALL)
    change(generated, 5)
    reference, found = read_corpus(generated)
    expected = sorted([*found, *check_corpus(reference)], key=lambda problem: problem.order)
    assert list(check_folder(generated, SMALL).problems) == expected
    first, *rest = raw.splitlines(keepends=True)
    index.write_bytes(b"".join([first, first, *rest]))
    assert "duplicate-id" in {problem.code for problem in check_folder(generated, SMALL).problems}
    change(generated, 5)
    assert "duplicate-id" in {problem.code for problem in check_folder(generated, SMALL).problems}
    index.write_bytes(raw)
    assert list(check_folder(generated, SMALL).problems) == expected


def test_names_of_files_that_are_no_text(small):
    """Names are bytes: they are shown, and neither stop a check nor a build nor what they remember."""
    (small / "annotations/unplaced").mkdir()
    (small / os.fsdecode(b"annotations/by/\xff")).mkdir()
    (small / os.fsdecode(b"annotations/gold/\xff.jsonl")).write_bytes(b"")
    (small / os.fsdecode(b"annotations/unplaced/\xff.jsonl")).write_bytes(b"{}\n")
    problems = build_hub(small, small / "build/hub", SMALL).problems
    assert [(problem.code, problem.path) for problem in problems] == [
        ("unexpected-file", r"annotations/by/\xff"),
        ("unexpected-file", r"annotations/gold/\xff.jsonl"),
        ("unplaced-annotation", r"annotations/unplaced/\udcff.jsonl"),
    ]
    assert build_hub(small, small / "build/hub", SMALL).problems == problems


def test_verify_sees_what_times_do_not_show(generated, tmp_path, compiled, monkeypatch):
    hub = tmp_path / "hub"
    monkeypatch.setattr("readout.scale.cache._to_stamp", lambda *_: (1, 1, 1, 1))  # times that show nothing
    build_hub(generated, hub, SMALL)
    change(generated, 3)
    compiled.clear()
    build_hub(generated, hub, SMALL)
    assert compiled == []
    build_hub(generated, hub, VERIFY)
    assert len(compiled) == 1
    victim = hub / "data/quotes/train-00001-of-00008.parquet"
    raw, times = victim.read_bytes(), victim.stat()
    victim.write_bytes(raw[:-1] + b"x")
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    build_hub(generated, hub, VERIFY)
    assert victim.read_bytes() == raw


def test_verify_takes_over_what_a_fresh_checkout_made_newer(generated, tmp_path, compiled):
    build_hub(generated, tmp_path / "hub", SMALL)
    for path in generated.rglob("*.txt"):
        os.utime(path, (OLD, OLD))
    compiled.clear()
    build_hub(generated, tmp_path / "hub", VERIFY)
    assert compiled == []


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_damaged_output_is_built_again(generated, tmp_path, damage):
    hub = tmp_path / "hub"
    build_hub(generated, hub, SMALL)
    whole = snapshot(hub)
    for path in (hub / "data/tokens/train-00000-of-00008.parquet", hub / "README.md"):
        path.unlink() if damage == "remove" else path.write_bytes(b"x")
        build_hub(generated, hub, SMALL)
        assert snapshot(hub) == whole


def test_a_change_of_registries_or_code_is_a_change_of_all(generated, tmp_path, compiled, monkeypatch):
    build_hub(generated, tmp_path / "hub", SMALL)
    every = len(compiled)
    path = generated / "annotations/targets.jsonl"
    path.write_bytes(path.read_bytes().replace(b"wants it", b"likes it"))
    build_hub(generated, tmp_path / "hub", SMALL)
    assert len(compiled) == 2 * every
    monkeypatch.setattr("readout.scale.cache.hash_environment", lambda: "another version")
    build_hub(generated, tmp_path / "hub", SMALL)
    assert len(compiled) == 3 * every


def test_documents_that_come_and_go(generated, tmp_path):
    hub = tmp_path / "hub"
    build_hub(generated, hub, SMALL)
    index = generated / "raw/documents.jsonl"
    line, *rest = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join(rest))
    doc_id = json.loads(line)["doc_id"]
    (generated / f"raw/text/{doc_id}.txt").rename(tmp_path / "text")
    (generated / f"annotations/gold/{doc_id}.jsonl").rename(tmp_path / "gold")
    build_hub(generated, hub, SMALL)
    build_hub(generated, tmp_path / "fresh", SMALL)
    assert snapshot(hub) == snapshot(tmp_path / "fresh")
    (tmp_path / "text").rename(generated / f"raw/text/{doc_id}.txt")
    (tmp_path / "gold").rename(generated / f"annotations/gold/{doc_id}.jsonl")
    index.write_bytes(b"".join([line, *rest]))


def test_problems_are_remembered_with_their_lines(generated):
    path = sorted((generated / "annotations/gold").iterdir())[5]
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"start":', b'"start":1', 1))
    first = check_folder(generated, SMALL).problems
    assert is_failure(first)
    assert check_folder(generated, SMALL).problems == first
    path.write_bytes(raw)
    assert not is_failure(check_folder(generated, SMALL).problems)


def test_a_corpus_that_cannot_be_written_is_checked(generated):
    (generated / "build").mkdir(exist_ok=True)
    (generated / "build").chmod(0o555)
    try:
        assert not is_failure(check_folder(generated, SMALL).problems)
    finally:
        (generated / "build").chmod(0o755)


def test_rows_that_no_column_can_hold_are_refused_by_name(generated, tmp_path, monkeypatch):
    def check_size(size):
        if size > 1_000:
            raise OverflowError

    monkeypatch.setattr("readout.batch.check_size", check_size)
    with pytest.raises(RefusedError, match=r"'20.*broken into lines"):
        build_hub(generated, tmp_path / "hub", replace(SMALL, jobs=2))
    assert list(tmp_path.glob("hub")) == []


# ---------------------------------------------------------------- start-up and memory


def run_python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


def test_a_build_imports_neither_pandas_nor_datasets(small, tmp_path):
    code = "import sys; from pathlib import Path; from readout.build import build_hub\n"
    code += "assert build_hub(Path(sys.argv[1]), Path(sys.argv[2])).infos\n"
    code += "print({'pandas', 'datasets', 'jsonschema', 'rich'} & set(sys.modules))"
    assert run_python(code, small, tmp_path / "hub").strip() == "set()"


def test_a_build_of_what_has_not_changed_imports_no_arrow(small, tmp_path):
    code = "import sys; from pathlib import Path; from readout.build import build_hub\n"
    code += "from readout.scale.workers import Options\n"
    code += "assert build_hub(Path(sys.argv[1]), Path(sys.argv[2]), Options(slack=-1e9)).infos\n"
    code += "print('pyarrow' in sys.modules)"
    assert [run_python(code, small, tmp_path / "hub").strip() for _ in range(2)] == ["True", "False"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    code = "import sys; from pathlib import Path; from readout.build import build_hub\n"
    code += "from readout.scale.workers import Options\n"
    code += "assert build_hub(Path(sys.argv[1]), Path(sys.argv[2]), Options(jobs=1)).infos\n"
    # Not ru_maxrss: a child begins with that of the process which started it, here pytest with all its libraries.
    code += "print(int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024)"
    peaks = []
    for documents in (1_500, 6_000):
        root = make_corpus(tmp_path / str(documents), documents)
        peaks.append(int(run_python(code, root, tmp_path / f"hub-{documents}")))
    assert max(peaks) < 350
    assert peaks[1] - peaks[0] < 60


def test_the_mutations_are_all_in_use():
    import fuzz

    assert {each.__name__ for each in MUTATIONS} == {name for name in dir(fuzz) if name.startswith("mutate_")}
    assert Path(fuzz.CORPUS) == CORPUS
