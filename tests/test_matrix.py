"""Old versions of `datasets`, each in its own environment, load the rows that this one loads.

These are the fewest that differ: the oldest, and the last and the first on either side of the end
of loading scripts. The version of the tests' own environment is normally the newest.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from readout.dataset.bench import list_bench_configs
from readout.dataset.build import build_hub
from readout.dataset.features import CONFIGS

pytestmark = pytest.mark.matrix
VERSIONS = {
    # Releases of this age do not limit the versions of their dependencies.
    "2.18.0": ["datasets==2.18.0", "huggingface_hub<1"],
    "3.6.0": ["datasets==3.6.0"],
    "4.0.0": ["datasets==4.0.0"],
}

LOAD = """
import hashlib, json, sys
import datasets
from datasets import get_dataset_config_names, load_dataset
hub, script = sys.argv[1:]

def digest(dataset):
    h = hashlib.sha256()
    for split in dataset:
        h.update(split.encode())
        for row in dataset[split]:
            h.update(json.dumps(row, ensure_ascii=False).encode())
    return h.hexdigest()

found = {}
for config in get_dataset_config_names(hub):
    hashes = {digest(load_dataset(hub, config))}
    hashes.add(digest(load_dataset(hub, config, streaming=True)))
    if int(datasets.__version__.split(".")[0]) < 4:
        hashes.add(digest(load_dataset(script, config, trust_remote_code=True)))
    else:
        sys.path.insert(0, script.rsplit("/", 1)[0])
        from load_readout import Readout
        builder = Readout(config_name=config)
        builder.download_and_prepare()
        hashes.add(digest(builder.as_dataset()))
    found[config] = sorted(hashes)
print(json.dumps([datasets.__version__, found]))
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A built dataset."""
    folder = tmp_path_factory.mktemp("built") / "hub"
    build_hub(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built once, which takes longer than installing it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, ROOT]
    subprocess.run(pip, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def expected(hub, tmp_path_factory):
    """The hashes of the rows of each config, as the version of the tests loads them."""
    _, found = load_all([sys.executable], hub, tmp_path_factory.mktemp("newest"))
    return found


def load_all(command, hub, folder):
    """Return the version of `datasets`, and the hashes of the rows by each way of loading."""
    # Run in a folder outside the checkout, so that the installed package is imported.
    environment = {**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [*command, "-c", LOAD, hub, ROOT / "load_readout.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def make_environment(folder, requirements):
    """Install packages in a new environment, and return its Python."""
    python = folder / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    # Most modules of the dependencies are never imported, so none are compiled in advance.
    install = ["--python", python, "install", "-q", "--no-compile", *requirements]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    return python


@pytest.mark.parametrize("name", VERSIONS)
def test_every_version_loads_the_same_rows(name, hub, wheel, expected, tmp_path):
    python = make_environment(tmp_path, [*VERSIONS[name], wheel])
    version, found = load_all([python, "-I"], hub, tmp_path)  # only what is installed in it
    assert version == name
    assert set(found) == {*CONFIGS, *list_bench_configs(ROOT)}
    assert all(len(hashes) == 1 for hashes in found.values())
    assert found == expected
    shutil.rmtree(tmp_path)
