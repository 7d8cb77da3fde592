"""All ways to load the dataset return the same rows."""

import os
import pydoc
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from conftest import ROOT
from datasets import Split, get_dataset_config_names, load_dataset

import readout
from readout import load
from readout.dataset import load as loading
from readout.dataset.bench import list_bench_configs
from readout.dataset.build import build_hub
from readout.dataset.citation import format_bibtex
from readout.dataset.features import CONFIGS, DEFAULT_CONFIG


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "hub"
    assert build_hub(ROOT, folder).infos
    return folder


def rows_of(dataset):
    return {split: list(rows) for split, rows in dataset.items()}


def test_hub_folder_lists_its_configs(hub):
    assert get_dataset_config_names(str(hub)) == [*CONFIGS, *list_bench_configs(ROOT)]
    assert rows_of(load_dataset(str(hub))) == rows_of(load(DEFAULT_CONFIG, hub))


# Each other config takes a second, and the three routes read all of them by the same code.
USUAL = ("quotes", "stances")
SLOWER = [pytest.param(name, marks=pytest.mark.slow) for name in CONFIGS if name not in USUAL]


@pytest.mark.parametrize("config", [*USUAL, *SLOWER])
def test_the_three_routes_give_equal_rows(hub, config, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from load_readout import Readout

    plain = load_dataset(str(hub), config)
    direct = load(config, hub)
    builder = Readout(config_name=config, cache_dir=str(tmp_path))
    builder.download_and_prepare()
    compiled = builder.as_dataset()
    assert rows_of(plain) == rows_of(direct) == rows_of(compiled)
    assert {s: d.features for s, d in plain.items()} == {s: d.features for s, d in direct.items()}
    streamed = load_dataset(str(hub), config, streaming=True)
    assert rows_of(streamed) == rows_of(plain)


def test_the_script_returns_the_rows_of_changed_sources(small, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from load_readout import Readout

    def labels():
        builder = Readout(
            config_name="stances", base_path=str(small), cache_dir=str(tmp_path / "cache")
        )
        builder.download_and_prepare()
        return builder.as_dataset()["train"]["polarity"][:]

    before = labels()
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"polarity":"favor"', b'"polarity":"against"', 1))
    assert labels() != before


def test_the_script_names_the_problems_of_a_broken_corpus(small, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from load_readout import Readout

    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b"{\n")
    builder = Readout(config_name="stances", base_path=str(small), cache_dir=str(tmp_path))
    with pytest.raises(ValueError, match="json-syntax"):
        builder.download_and_prepare()


@pytest.mark.slow
def test_a_script_that_is_alone_says_what_it_lacks(tmp_path):
    shutil.copy(ROOT / "load_readout.py", tmp_path)
    block = "import sys; sys.modules['readout'] = None; import load_readout"
    alone = "import load_readout; load_readout.Readout(config_name='stances')"
    for code, expected in ((block, "pip install readout-corpus"), (alone, "no corpus in")):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert expected in done.stderr.splitlines()[-1]


def test_a_checkout_is_no_dataset(tmp_path):
    """Without its settings, `datasets` would load the texts of the tests."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test.txt").write_text("a test\n", encoding="utf-8")
    assert load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    shutil.copy(ROOT / ".huggingface.yaml", tmp_path)
    for names in ((), ("stances",)):
        with pytest.raises(FileNotFoundError, match="build/hub"):
            load_dataset(str(tmp_path), *names, cache_dir=str(tmp_path / "cache"))


def test_unknown_names_are_explained(hub, tmp_path):
    with pytest.raises(ValueError, match="'stances'"):
        load("stance", hub)
    with pytest.raises(FileNotFoundError, match="no split 'train'"):
        load("stances", tmp_path)


def list_expected(hub, about):
    """Return the paths in a wheel: the package, its data, and metadata in the folder ``about``."""
    metadata = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    expected = {f"{about}/{name}" for name in metadata}
    sources = {"": ROOT / "src/readout", "_data/hub/": hub, "_data/schema/": ROOT / "schema"}
    for name in ("raw", "annotations"):
        sources[f"_data/corpus/{name}/"] = ROOT / name
    for prefix, folder in sources.items():
        paths = [path for path in folder.rglob("*") if path.is_file()]
        expected |= {prefix + path.relative_to(folder).as_posix() for path in paths}
    surplus = ("__pycache__", ".d.ts", "tsconfig.json", ".DS_Store")
    return {name for name in expected if not any(part in name for part in surplus)}


@pytest.mark.slow
def test_the_wheel_contains_the_data(hub, tmp_path):
    """Install the wheel into an empty environment, and load offline from another folder."""
    pip_wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps"]
    subprocess.run([*pip_wheel, "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        (info,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(packed.read(info))
        terms = packed.read(info.replace("METADATA", "licenses/LICENSE"))
        names = {name.removeprefix("readout/") for name in packed.namelist()}
    expected = "Apache-2.0 AND CC-BY-4.0 AND LicenseRef-Readout-Texts"
    assert metadata["License-Expression"] == expected
    assert terms == (ROOT / "LICENSE").read_bytes()
    assert names == list_expected(hub, Path(info).parent.name)

    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True)
    code = "import readout; d = readout.load('stances'); print({s: len(r) for s, r in d.items()})"
    code += "\nfound = [each for text in readout.documents() for each in text.stances]"
    code += "\nassert len(found) == sum(map(len, d.values()))"
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = {split: len(rows) for split, rows in load("stances", hub).items()}
    assert done.stdout.strip() == str(expected)
    subprocess.run([python, "-m", "readout", "check", ROOT], cwd=tmp_path, check=True)
    for command in (["stats"], ["search", "Iran"]):  # outside a corpus: on the installed one
        done = subprocess.run(
            [python, "-m", "readout", *command], cwd=tmp_path, capture_output=True
        )
        assert done.returncode == 0
        assert done.stdout


def test_sources_are_compiled_without_the_current_folder(hub, tmp_path, monkeypatch):
    """In a checkout, the rows are those of its sources, wherever Python is started."""
    (tmp_path / "build").mkdir()
    monkeypatch.chdir(tmp_path)
    assert rows_of(load()) == rows_of(load(DEFAULT_CONFIG, ROOT)) == rows_of(load("stances", hub))


def test_changed_sources_are_never_stale(small):
    before = load("stances", small, split="train")["polarity"][:]
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"polarity":"favor"', b'"polarity":"against"', 1))
    assert load("stances", small, split="train")["polarity"][:] != before


def test_the_data_of_a_wheel_come_first(hub, monkeypatch):
    monkeypatch.setattr(loading, "_PACKED", hub)
    monkeypatch.setattr(loading, "find_installed", lambda: pytest.fail("looked for sources"))
    assert rows_of(load()) == rows_of(load(DEFAULT_CONFIG, hub))


@pytest.mark.parametrize("config", ["quotes", "speakers"])
def test_one_split_is_one_dataset(hub, config):
    for location in (hub, ROOT):
        one = load(config, location, split="train")
        assert list(one) == list(load(config, location)["train"])
        assert one.split == "train"


def test_unknown_splits_are_explained(hub):
    with pytest.raises(ValueError, match="'validation'"):
        load("quotes", hub, split="validatoin")
    with pytest.raises(ValueError, match="'train'"):
        load("speakers", hub, split="test")


def test_the_info_tells_licence_citation_and_version(hub):
    for location in (hub, ROOT):
        info = load("stances", location, split="test").info
        assert "news texts" in info.description
        assert info.license == "cc-by-4.0-and-licenseref-readout-texts"
        assert info.citation.startswith("@misc{readout,")
        assert str(info.version)
        assert info.config_name == "stances"
        assert info.features["polarity"].names == ["favor", "against", "neutral"]


@pytest.mark.parametrize("location", [Path("nobody/nothing"), "./nothing", "a/b/c", "../x"])
def test_what_must_be_a_folder_is_never_looked_up(location, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.load_dataset", lambda *_: pytest.fail("asked the Hub"))
    with pytest.raises(FileNotFoundError, match="no folder"):
        load("stances", location)


def test_a_name_is_looked_up_on_the_hub(hub, tmp_path, monkeypatch):
    asked = []

    def load_fake(*arguments):
        asked.append(arguments)
        return load("stances", hub)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.load_dataset", load_fake)
    assert set(load("stances", "owner/readout")) == {"train", "validation", "test"}
    assert len(load("stances", "owner/readout", split="test")) == len(load("stances", hub)["test"])
    assert set(asked) == {("owner/readout", "stances")}


def test_what_is_neither_a_folder_nor_on_the_hub_is_called_so(tmp_path, monkeypatch):
    def load_fake(*_):
        raise ConnectionError("Couldn't reach it")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.load_dataset", load_fake)
    with pytest.raises(FileNotFoundError, match=r"no folder 'build/hub'.*Couldn't reach"):
        load("stances", "build/hub")


def test_an_empty_location_is_not_the_current_folder(hub, monkeypatch):
    monkeypatch.chdir(hub)
    with pytest.raises(FileNotFoundError, match="empty"):
        load("stances", "")


def test_a_split_may_be_an_object_of_the_library(hub):
    assert len(load("stances", hub, split=Split.TEST)) == len(load("stances", hub, split="test"))


def test_sources_with_problems_are_refused(small):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b"{\n")
    with pytest.raises(ValueError, match="json-syntax"):
        load("stances", small)


def test_a_citation_names_people_and_groups():
    raw = b"title: Toy\nauthors: [{family-names: Ray, given-names: Ada}, {name: The group}]\n"
    lines = format_bibtex(raw).splitlines()
    assert lines[0] == "@misc{toy,"
    assert "  author = {Ray, Ada and {The group}}," in lines
    assert format_bibtex(b"") == format_bibtex(b"- a\n") == ""


def test_the_public_names_are_listed():
    public = set(readout.__all__)
    assert {"load", "document", "documents"} <= public
    assert public <= set(dir(readout))
    shown = pydoc.plain(pydoc.render_doc(readout))
    assert all(name in shown for name in public - {"__version__"})


@pytest.mark.slow
def test_type_checkers_know_what_load_returns(tmp_path):
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "import readout\n"
        "text = readout.document('x')\n"
        "name: str | None = text.quotes[0].speaker.name\n"
        "readout.load('stances', split='test')\n"
        "readout.load('stance')\n"
        "number: int = text.title\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--strict", snippet],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    found = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert found == ["5", "6"], done.stdout + done.stderr
