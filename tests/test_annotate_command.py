"""`readout annotate` asks who somebody is, once, and registers people as human annotators."""

import json
import os
import re
import socket

import pytest
from click.testing import CliRunner

from readout.checks.folder import check_folder
from readout.cli import main, workbench
from readout.problem import is_failure
from readout.workbench.annotate import identity, server


@pytest.fixture
def start(small, tmp_path, monkeypatch):
    """A function that runs the command with a stand-in for the server, and returns its result."""
    monkeypatch.setattr(workbench.click, "get_app_dir", lambda name: str(tmp_path / "home"))
    monkeypatch.setattr(server, "serve", lambda app, listening: listening.close())

    def run(*options, typed=None):
        monkeypatch.setattr(workbench, "_is_asked", lambda: typed is not None)
        command = ["annotate", str(small), "--no-browser", *options]
        return CliRunner().invoke(main, command, input=typed)

    return run


def people(root):
    lines = (root / "annotations/annotators.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return {record["annotator_id"]: record for record in records}


def test_a_person_is_asked_once_and_registered(small, start):
    done = start(typed="Dana Sole\n")
    assert (done.exit_code, "dana-sole edits dana-sole at http://127.0.0.1:" in done.output) == (
        0,
        True,
    )
    person = people(small)["dana-sole"]
    assert (person["kind"], person["name"], person["guidelines_version"]) == (
        "human",
        "Dana Sole",
        "1.0",
    )
    assert not is_failure(check_folder(small).problems)
    assert "dana-sole edits gold" in start("--layer", "gold").output


@pytest.mark.parametrize(
    ("options", "is_gold_shown"),
    [((), False), (("--layer", "gold"), True), (("--review",), True), (("--adjudicate",), True)],
)
def test_what_a_registered_person_saw_is_what_the_pages_show(small, start, options, is_gold_shown):
    start(*options, typed="Dana Sole\n")
    shown = people(small)["dana-sole"]["saw"].partition(" (")[0].split(", ")
    assert shown[:2] == ["raw texts", "registries"]
    assert ("gold" in shown) == is_gold_shown


def test_nobody_is_registered_without_a_name(small, start):
    before = people(small)
    assert start().exit_code == 2
    assert people(small) == before


@pytest.mark.parametrize("options", [["--as", "nobody"], ["--as", "ann", "--layer", "nobody"]])
def test_an_unknown_annotator_is_refused(start, options):
    done = start(*options)
    assert (done.exit_code, "nobody" in done.output) == (2, True)


def test_a_name_that_is_taken_is_refused(small, start):
    before = people(small)
    assert start(typed="Ann\n").exit_code == 2
    assert people(small) == before


def test_a_remembered_annotator_who_was_removed_is_asked_for_again(small, tmp_path):
    identity.remember(small, tmp_path / "home", "gone")
    assert identity.find_remembered(small, tmp_path / "home") is None


@pytest.mark.skipif(os.name != "posix", reason="other systems free the port at once")
def test_the_port_of_a_server_that_ended_is_taken_again():
    first = server.bind(0)
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        answering, _ = first.accept()
        answering.close()
        first.close()
        assert client.recv(1) == b""
    again = server.bind(port)
    again.close()


def test_a_port_that_is_taken_is_refused(start):
    taken = server.bind(0)
    try:
        done = start("--as", "ann", "--port", str(taken.getsockname()[1]))
        assert (done.exit_code, "--port" in done.output) == (2, True)
    finally:
        taken.close()


def test_the_command_line_of_the_browser_does_not_contain_the_token(small, monkeypatch):
    launched = []
    monkeypatch.setattr("click.launch", launched.append)
    monkeypatch.setattr(server, "serve", lambda app, listening: listening.close())
    done = CliRunner().invoke(main, ["annotate", str(small), "--as", "ann"])
    address = re.search(r"http://\S+", done.output)[0]
    assert len(launched) == 1
    assert address.split("/")[3] not in launched[0]
