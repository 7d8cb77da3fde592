"""All ways to load the dataset return the same rows."""

import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes

import pytest
from conftest import ROOT
from datasets import get_dataset_config_names, load_dataset

from readout import load
from readout.dataset import load as loading
from readout.dataset.build import build_hub
from readout.dataset.features import CONFIGS, DEFAULT_CONFIG


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "hub"
    assert build_hub(ROOT, folder).infos
    return folder


def rows_of(dataset):
    return {split: list(rows) for split, rows in dataset.items()}


def test_hub_folder_lists_its_configs(hub):
    assert get_dataset_config_names(str(hub)) == list(CONFIGS)
    assert rows_of(load_dataset(str(hub))) == rows_of(load(DEFAULT_CONFIG, hub))


@pytest.mark.parametrize("config", CONFIGS)
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
    expected = "Apache-2.0 AND CC-BY-4.0 AND LicenseRef-Readout-Texts"
    assert metadata["License-Expression"] == expected
    assert terms == (ROOT / "LICENSE").read_bytes()

    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True)
    code = "import readout; d = readout.load('stances'); print({s: len(r) for s, r in d.items()})"
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = {split: len(rows) for split, rows in load("stances", hub).items()}
    assert done.stdout.strip() == str(expected)
    subprocess.run([python, "-m", "readout", "check", ROOT], cwd=tmp_path, check=True)


def test_a_checkout_without_data_names_the_command_that_builds_them(monkeypatch, tmp_path):
    for name in ("_INSTALLED_DATA", "_BUILT_DATA"):
        monkeypatch.setattr(loading, name, tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="readout build"):
        load()


def test_the_data_of_the_checkout_are_loaded_by_default(monkeypatch, hub, tmp_path):
    monkeypatch.setattr(loading, "_INSTALLED_DATA", tmp_path / "none")
    monkeypatch.setattr(loading, "_BUILT_DATA", hub)
    assert rows_of(load()) == rows_of(load(DEFAULT_CONFIG, hub))
