"""The page's modules that need no browser, run by Node where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
TESTS = Path(__file__).parent / "javascript"
WORKBENCH = Path(__file__).parent.parent / "src" / "readout" / "workbench"

pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node")


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """Return a copy of the modules in which Node reads `.js` as modules."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "package.json").write_text('{"type": "module"}')
    for part in ("page", "annotate/page"):
        shutil.copytree(WORKBENCH / part, folder / part)
    shutil.copytree(TESTS, folder / "tests" / "javascript")
    return folder


@pytest.mark.parametrize("name", sorted(path.name for path in TESTS.glob("*.test.js")))
def test_modules_pass_their_tests(modules, name):
    command = [NODE, "--test", str(modules / "tests" / "javascript" / name)]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("part", ["page", "annotate/page"])
def test_types_of_the_modules_agree(part):
    npx = shutil.which("npx")
    command = [npx, "--yes", "--package", "typescript@5", "tsc", "--version"]
    if npx is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("TypeScript cannot be fetched")
    command[-1:] = ["--project", str(WORKBENCH / part)]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stdout
