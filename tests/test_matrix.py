"""Old and new versions of `datasets`, each in its own environment, load the same rows."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from readout.dataset.build import build_hub
from readout.dataset.features import CONFIGS

VERSIONS = {
    # Releases of this age do not limit the versions of their dependencies.
    "2.18.0": ["datasets==2.18.0", "huggingface_hub<1"],
    "3.6.0": ["datasets==3.6.0"],
    "4.0.0": ["datasets==4.0.0"],
    "4.8.5": ["datasets==4.8.5"],
    "5": ["datasets>=5"],
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


def run_in_fresh_environment(folder, requirements, *arguments):
    python = folder / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *requirements, ROOT], check=True)
    # Run in a folder outside the checkout, so that the installed package is imported.
    environment = {**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, "-c", LOAD, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.matrix
def test_every_version_loads_the_same_rows(tmp_path):
    build_hub(ROOT, tmp_path / "hub")
    results = {}
    for name, requirements in VERSIONS.items():
        folder = tmp_path / name
        folder.mkdir()
        arguments = (str(tmp_path / "hub"), str(ROOT / "load_readout.py"))
        version, found = run_in_fresh_environment(folder, requirements, *arguments)
        assert version.startswith(name)
        results[version] = found
        shutil.rmtree(folder)

    first = next(iter(results.values()))
    assert set(first) == set(CONFIGS)
    for version, found in results.items():
        assert found == first, version
        assert all(len(hashes) == 1 for hashes in found.values()), version
