"""CONTRIBUTING.md works on the real corpus if it is followed to the letter, up to the merge.

The story has a hub, which merges line by line as hosting sites do, and clones of it. Run it with
``pytest -m slow -s tests/test_contributing.py`` to read the transcript."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from recipes import agrees, follow, run

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
FIRST = ("Set up once", "Begin a task")
MERGING = (
    "See what you did, and send it",
    "Merge the main branch into yours",
    "Merge without the driver",
    "Resolve a conflict",
)
TASKS = [title for title in SECTIONS if title not in (*FIRST, *MERGING)]
LEFT = shutil.ignore_patterns(".*_cache", ".hypothesis", ".git", ".venv", "build", "__pycache__")

BEN = "annotations/gold/2022-05-gantz-washington.jsonl"
LABEL = '"target":"iran-nuclear-program","polarity":'
BESIDE = (
    '{"type":"stance","holder":"benny-gantz","target":"iran-threat","polarity":"favor",'
    '"expression":"implicit","evidence":[{"exact":"Iran’s progression in its nuclear program"}],'
    '"quote":"q-xq33dz"}\n'
)
DECIDE = 'readout decide {} --section 9.4 --reason "Ben reads it so." --by ben-or'


class Hub:
    """A project and a fork of it, and the button that merges a branch of the fork into main."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "hub.git"
        work = shutil.copytree(ROOT, folder / "work", ignore=LEFT)
        run("git init -q -b main; git add --all; git commit -qm Begin", work)
        run(f"git clone -q --bare '{work}' '{self.path}'", folder)
        run(f"git clone -q --bare '{work}' fork.git", folder)
        run(f"git clone -q '{self.path}' site; git -C site remote add fork ../fork.git", folder)
        self.site = folder / "site"

    def clone(self, name):
        """Clone the project as the page says: read from it, and send to the fork."""
        run(f"git clone -q '{self.path}' {name}", self.folder)
        run(f"git remote set-url --push origin '{self.folder / 'fork.git'}'", self.folder / name)
        return self.folder / name

    def press_merge_button(self, branch):
        """Merge line by line; return whether there was no conflict."""
        run("git fetch -q fork; git switch -q main", self.site)
        merge = ["git", "merge", "--quiet", "--no-edit", f"fork/{branch}"]
        done = subprocess.run(merge, cwd=self.site, capture_output=True, check=False)
        if done.returncode == 0:
            run("git push -q origin main", self.site)
        else:
            run("git merge --abort", self.site)
        return done.returncode == 0


@pytest.fixture
def hub(tmp_path, monkeypatch):
    settings = {"user.name": "Noa Berg", "user.email": "noa@example.org", "core.editor": "true"}
    config = tmp_path / "gitconfig"
    for name, value in settings.items():
        subprocess.run(["git", "config", "--file", str(config), name, value], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return Hub(tmp_path)


def follow_section(title, clone, body=None):
    print(f"\n\n=== {title}\n")
    follow(body or SECTIONS[title], lambda: clone, show=print)


def without_output(body):
    """Return a section whose commands may print something else, since another clone runs them."""
    return body.replace("<!-- prints -->\n", "")


def check_pull_request(clone, monkeypatch, with_board=False):
    """Run the commands that the workflow runs on the data of a pull request."""
    text = (ROOT / ".github/workflows/check.yml").read_text(encoding="utf-8")
    commands = [
        step["run"] for step in yaml.safe_load(text)["jobs"]["corpus"]["steps"] if "run" in step
    ]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(clone.parent / "summary.md"))
    monkeypatch.setenv("BASE", "origin/main")
    assert any("bench board" in command for command in commands)
    for command in commands:
        is_board = "bench board" in command
        if not command.startswith("pip") and (with_board or not is_board):
            run(command, clone)
    shutil.rmtree(clone / "pages")
    assert run("git status --porcelain", clone) == "", "every change is committed"


def check_data_tests(clone):
    """Run the tests of the data that the project has, on the data of a clone."""
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_corpus.py"]
    env = {**os.environ, "PYTHONPATH": str(clone / "src")}
    done = subprocess.run(tests, cwd=clone, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def set_up(hub, name, body=None):
    """Follow the first sections in a new clone, and return it."""
    clone = hub.clone(name)
    follow_section("Set up once", clone, body)
    run("git push -q origin add-noa-berg", clone)
    assert hub.press_merge_button("add-noa-berg")
    follow_section("Begin a task", clone)
    return clone


def send_bens(hub, label=None):
    """Let Ben change the label that the page changes, or add a stance beside it; merge it."""
    ben = hub.clone("ben") if not (hub.folder / "ben").exists() else hub.folder / "ben"
    run("git fetch -q; git switch -q --force-create bens origin/main", ben)
    if "ben-or" not in (ben / "annotations/annotators.jsonl").read_text(encoding="utf-8"):
        run(
            "readout add annotator ben-or --kind human --name 'Ben Or' --saw gold "
            "--guidelines-version 3.0",
            ben,
        )
    gold = ben / BEN
    text = gold.read_text(encoding="utf-8")
    if label:
        gold.write_text(text.replace(f'{LABEL}"neutral"', f'{LABEL}"{label}"'), encoding="utf-8")
        name = re.search(rf'"id":"(s-\w+)"[^\n]*{LABEL}', text)[1]
    else:
        gold.write_text(text + BESIDE, encoding="utf-8")
        name = re.search(r"\((s-\w+)\)", run("readout format", ben))[1]
    run(DECIDE.format(name), ben)
    run("git commit -qam 'Say what Ben reads'; git push -q --force origin bens", ben)
    assert hub.press_merge_button("bens")


@pytest.mark.slow
@pytest.mark.posix
def test_every_recipe_ends_in_a_merged_pull_request(hub, monkeypatch):
    noa = set_up(hub, "noa")
    for title in TASKS:
        follow_section(title, noa)
        check_pull_request(noa, monkeypatch)

    follow_section("See what you did, and send it", noa)
    run("git push -q origin add-a-stance mark-words", noa)
    assert hub.press_merge_button("add-a-stance")
    assert hub.press_merge_button("mark-words")
    follow_section("Merge the main branch into yours", noa)
    check_pull_request(noa, monkeypatch)

    send_bens(hub, "favor")
    assert not hub.press_merge_button("fix-a-label")
    follow_section("Resolve a conflict", noa)
    check_pull_request(noa, monkeypatch)
    assert hub.press_merge_button("fix-a-label")

    merge_main = without_output(SECTIONS["Merge the main branch into yours"])
    branches = run("git branch --format='%(refname:short)' --sort=committerdate", noa).split()
    branches.remove("main")
    for branch in branches:
        run(f"git push -q --set-upstream origin {branch}", noa)
        if not hub.press_merge_button(branch):
            body = merge_main.replace("fix-a-label", branch)
            follow_section(f"Merge the main branch into {branch}", noa, body)
            assert hub.press_merge_button(branch)

    run("git switch -q main; git pull -q", noa)
    check_pull_request(noa, monkeypatch, with_board=True)
    check_data_tests(noa)


@pytest.mark.slow
@pytest.mark.posix
def test_without_the_driver_git_stops_and_the_page_helps(hub, monkeypatch):
    noa = set_up(
        hub, "noa", without_output(SECTIONS["Set up once"].replace("readout merge --install", ""))
    )
    follow_section("Fix a label", noa)
    run("git push -q --set-upstream origin fix-a-label", noa)

    send_bens(hub)
    assert not hub.press_merge_button("fix-a-label")
    assert "CONFLICT" in run("git fetch -q origin; git merge origin/main", noa, fails=True)
    follow_section("Merge without the driver", noa)
    check_pull_request(noa, monkeypatch)

    send_bens(hub, "favor")
    follow_section("Resolve a conflict", noa, without_output(SECTIONS["Resolve a conflict"]))
    check_pull_request(noa, monkeypatch)
    assert f'{LABEL}"against"' in (noa / BEN).read_text(encoding="utf-8")
    assert hub.press_merge_button("fix-a-label")
    check_data_tests(noa)


# ---------------------------------------------------------------- the page


def test_the_page_has_a_section_for_each_step_of_the_story():
    assert set(FIRST) | set(MERGING) <= set(SECTIONS)
    assert all("git commit" in SECTIONS[title] for title in TASKS if "```sh" in SECTIONS[title])


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", PAGE))))
def test_anchors_are_headings(anchor):
    names = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in SECTIONS]
    assert anchor in names


def test_an_ellipsis_stands_for_anything():
    assert agrees("a 1\nb\nc\n", "a …\n…\nc\n")
    assert agrees("a\n", "…\na\n…\n")
    assert not agrees("a\nb\n", "a\n")
