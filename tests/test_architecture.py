"""The file list is the architecture: imports run one way, and heavy ones come late."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT, run_python

STORY = [
    "_version", "model", "problem", "text", "corpus", "report", "scale", "checks", "dataset",
    "interchange", "agreement", "benchmark", "workbench", "cli",
]  # fmt: skip
PACKAGE = ROOT / "src" / "readout"


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] == "readout"
        ):
            parts = node.module.split(".")[1:]
            yield from (
                [parts[0]] if parts else [alias.name for alias in node.names if alias.name in STORY]
            )
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("readout.")
            )


def test_every_module_is_in_the_story():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} | packages
    assert modules - {"__init__", "__main__"} == set(STORY)


@pytest.mark.parametrize("module", STORY)
def test_imports_run_one_way(module):
    earlier = [*STORY[: STORY.index(module)], *([module] if (PACKAGE / module).is_dir() else [])]
    file = PACKAGE / f"{module}.py"
    files = (
        [file]
        if file.exists()
        else [
            path
            for path in sorted((PACKAGE / module).rglob("*.py"))
            if "template" not in path.parts
        ]
    )
    assert files
    assert [
        (path.name, name)
        for path in files
        for name in imported_modules(path)
        if name not in earlier
    ] == []


SIBLINGS = {"interchange", "agreement", "benchmark"}


@pytest.mark.parametrize("module", sorted(SIBLINGS & set(STORY)))
def test_siblings_do_not_know_each_other(module):
    files = [*PACKAGE.glob(f"{module}.py"), *(PACKAGE / module).rglob("*.py")]
    assert {name for path in files for name in imported_modules(path)}.isdisjoint(
        SIBLINGS - {module}
    )


@pytest.mark.parametrize("arguments", [["-c", "import readout"], ["-m", "readout", "check", "."]])
def test_nothing_heavy_is_imported_early(arguments):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {
        line.rsplit("|", 1)[-1].strip().split(".")[0]
        for line in done.stderr.splitlines()
        if "|" in line
    }
    assert loaded.isdisjoint(
        {"datasets", "pandas", "pyarrow", "jsonschema", "numpy", "rich", "yaml"}
    )


def test_a_build_imports_neither_pandas_nor_datasets(small, tmp_path):
    code = "import sys; from pathlib import Path; from readout.dataset.build import build_hub\n"
    code += "assert build_hub(Path(sys.argv[1]), Path(sys.argv[2])).infos\n"
    code += "print({'pandas', 'datasets', 'jsonschema', 'rich'} & set(sys.modules))"
    assert run_python(code, small, tmp_path / "hub").strip() == "set()"


def test_a_build_of_what_has_not_changed_imports_no_arrow(small, tmp_path):
    code = "import sys; from pathlib import Path; from readout.dataset.build import build_hub\n"
    code += "from readout.scale.workers import Options\n"
    code += "assert build_hub(Path(sys.argv[1]), Path(sys.argv[2]), Options(slack=-1e9)).infos\n"
    code += "print('pyarrow' in sys.modules)"
    assert [run_python(code, small, tmp_path / "hub").strip() for _ in range(2)] == [
        "True",
        "False",
    ]
