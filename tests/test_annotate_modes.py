"""Attacks on the three modes of the workbench: nothing is let in, and nothing is lost."""

import json
import random
import re
import shutil
import threading
import time
from collections import Counter
from http.client import HTTPException

import pytest
from conftest import CORPUS, LAYERS
from workbench import Server, copy_real, list_speaking, read_files

from readout.checks.folder import check_folder
from readout.corpus import files
from readout.problem import is_failure
from readout.workbench.annotate.modes import open_mode
from readout.workbench.annotate.server import build_app
from readout.workbench.format import format_corpus

MODES = ("annotate", "adjudicate", "review")
BRIEF = "2030-01-harbour-brief"
TOLL = "2030-02-toll-critics"
GOLD = f"annotations/gold/{TOLL}.jsonl"
HOST = "127.0.0.1:8000"
SAME = {"origin": f"http://{HOST}"}


class Window:
    """A window of the browser on one mode: what it reads, and the writes that it may send."""

    def __init__(self, root, mode, who="ann"):
        testclient = pytest.importorskip("starlette.testclient")
        opened = open_mode(root, who, mode, "gold" if mode == "annotate" else None)
        app = build_app(opened.session, "secret", 8000, opened.answers)
        base = f"http://{HOST}"
        self.mode = mode
        self.client = testclient.TestClient(app, base_url=base, raise_server_exceptions=False)

    def get(self, path, **headers):
        return self.client.get(f"/secret/api/{path}", headers=headers)

    def post(self, path, body, **headers):
        headers = {"content-type": "application/json", **SAME, **headers}
        return self.client.post(f"/secret/api/{path}", content=json.dumps(body), headers=headers)

    def list_writes(self):
        """Return writes that are possible now, each as a path and a body."""
        return list_writes(self.mode, lambda path: self.get(path).json())


READS = {"annotate": f"document/{TOLL}", "adjudicate": "places", "review": "reviews"}


def list_writes(mode, read, doc_id=TOLL):
    shown = read(READS[mode].replace(TOLL, doc_id))
    if mode == "annotate":
        return list_edits(shown)
    if mode == "review":
        return list_reviews(shown)
    return list_decisions(shown)


def list_edits(shown):
    path = f"document/{shown['meta']['doc_id']}/edits"
    grounds = {"version": shown["version"], "decision": {"section": "1.1", "reason": "So."}}
    edits = [{"remove": each["id"]} for each in shown["annotations"]]
    edits += [{"put": {**each, "note": "Sure."}} for each in shown["annotations"]]
    for word in re.finditer(r"\w+", shown["text"]):
        span = {"start": word.start(), "end": word.end(), "exact": word[0]}
        edits.append({"put": {"type": "mention", "speaker": "ada-quill", "span": span}})
    return [(path, {**grounds, "edits": [edit]}) for edit in edits]


def list_decisions(shown):
    writes = []
    for place in shown["places"]:
        body = {"doc_id": place["doc_id"], "refs": place["refs"], "section": "1.1"}
        for side in (*list_speaking(place), "gold", "neither"):
            choice = {"side": side}
            writes.append(("decide", {**body, "choice": choice, "reason": f"So says {side}."}))
    return writes


def list_reviews(shown):
    writes = []
    for item in shown["items"]:
        body = {"doc_id": item["doc_id"], "about": item["id"], "hash": item["hash"]}
        writes += [("review", {**body, "verdict": each}) for each in shown["verdicts"]]
    return writes


@pytest.fixture(params=MODES)
def window(request, undecided):
    return Window(undecided, request.param)


# ---------------------------------------------------------------- nothing is let in

STRANGERS = {
    "another-origin": ({"origin": "http://evil.example"}, 403),
    "another-port": ({"origin": "http://127.0.0.1:8001"}, 403),
    "null-origin": ({"origin": "null"}, 403),
    "another-host": ({"host": "evil.example:8000"}, 403),
    "rebound-host": ({"host": "127.0.0.1.evil.example:8000"}, 403),
    "form": ({"content-type": "application/x-www-form-urlencoded"}, 415),
}


def test_no_stranger_reads_or_writes(undecided, window):
    before = read_files(undecided)
    path, body = window.list_writes()[0]
    for headers, status in STRANGERS.values():
        refused = window.post(path, body, **headers)
        assert (refused.status_code, refused.content) == (status, b"")
        if "content-type" not in headers:
            refused = window.get(READS[window.mode], **headers)
            assert (refused.status_code, refused.content) == (status, b"")
    assert read_files(undecided) == before
    assert window.post(path, body).status_code == 200


def test_nobody_without_the_token_reads_or_writes(undecided, window):
    before = read_files(undecided)
    path, body = window.list_writes()[0]
    headers = {"content-type": "application/json", **SAME}
    for token in ("wrong/", "", "secre/", "secrets/"):
        for answer in (
            window.client.get(f"/{token}api/{READS[window.mode]}", headers=SAME),
            window.client.post(f"/{token}api/{path}", content=json.dumps(body), headers=headers),
        ):
            assert (answer.status_code, answer.content) == (404, b"")
    assert read_files(undecided) == before


def test_each_mode_answers_for_itself_alone(undecided):
    writes = {mode: Window(undecided, mode).list_writes()[0] for mode in MODES}
    before = read_files(undecided)
    for mode in MODES:
        for other in {"adjudicate", "review"} - {mode}:
            assert Window(undecided, mode).post(*writes[other]).status_code in (404, 405)
    assert read_files(undecided) == before


WRONG = {
    "no-json": "{",
    "nothing": "{}",
    "numbers": '{"doc_id": 1, "refs": 1, "about": 1, "version": 1}',
    "no-such-document": '{"doc_id": "../gold", "refs": [], "choice": {}, "section": "1.1",'
    ' "reason": "So.", "about": "s-ferry", "hash": "", "verdict": "keep"}',
    "surrogate": '{"doc_id": "\\ud800"}',
}


@pytest.mark.parametrize("name", WRONG)
def test_a_request_of_another_shape_writes_nothing(undecided, window, name):
    before = read_files(undecided)
    path, _ = window.list_writes()[0]
    headers = {"content-type": "application/json", **SAME}
    answer = window.client.post(f"/secret/api/{path}", content=WRONG[name], headers=headers)
    assert answer.status_code in (400, 404, 422)
    assert read_files(undecided) == before


# ---------------------------------------------------------------- nothing is lost


def test_a_full_disk_leaves_everything_as_it_was(undecided, window, monkeypatch):
    before = read_files(undecided)
    path, body = window.list_writes()[0]

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    answer = window.post(path, body)
    assert answer.status_code == 507
    assert answer.json()["problems"][0]["code"] == "not-saved"
    assert read_files(undecided) == before
    assert not (undecided / files.PENDING).exists()

    monkeypatch.undo()
    assert window.post(path, body).status_code == 200


def test_what_an_editor_writes_meanwhile_is_kept(undecided, window, monkeypatch):
    """A program that takes no lock changes gold between the reading and the writing."""
    path, body = window.list_writes()[0]
    gold = undecided / GOLD
    write, calls = files._write, []

    def write_late(root, changes):
        if not calls:
            calls.append(1)
            raw = gold.read_bytes()
            record = json.loads(raw.splitlines()[-1])
            assert "note" not in record
            gold.write_bytes(raw[:-2] + b',"note":"from the editor"}\n')
        write(root, changes)

    monkeypatch.setattr(files, "_write", write_late)
    assert window.post(path, body).status_code in (200, 422)
    assert calls
    assert b"from the editor" in gold.read_bytes()
    assert not [each for each in format_corpus(undecided) if each == GOLD]


def test_two_windows_at_one_place_leave_one_answer(undecided):
    """The second window sent what it saw before the first one saved: no mix of both is written."""
    for mode, folder in (("adjudicate", "adjudication"), ("review", "reviews")):
        windows = [Window(undecided, mode), Window(undecided, mode)]
        writes = windows[0].list_writes()
        path, one = writes[0]
        other = next(body for _, body in writes[1:] if _is_at(one, body))
        assert windows[0].post(path, one).status_code == 200
        first = read_files(undecided)
        status = windows[1].post(path, other).status_code
        assert status in (200, 422)
        if status == 422:
            assert read_files(undecided) == first
        saved = sorted((undecided / "annotations" / folder).rglob("*.jsonl"))
        assert [len(each.read_bytes().splitlines()) for each in saved] == [1]
        assert format_corpus(undecided) == {}


def _is_at(one, other):
    return all(one.get(name) == other.get(name) for name in ("refs", "about", "doc_id"))


def test_two_windows_at_once_lose_no_review(small):
    """Two servers write to one file at the same time; every verdict that was answered is there."""
    windows = [Window(small, "review"), Window(small, "review")]
    writes = windows[0].list_writes()[::4]
    statuses = []

    def review(number):
        for path, body in writes[number::2]:
            statuses.append(windows[number].post(path, body).status_code)

    threads = [threading.Thread(target=review, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * len(writes)
    lines = []
    for path in (small / "annotations/reviews").rglob("*.jsonl"):
        lines += [json.loads(line) for line in path.read_bytes().splitlines()]
    given = {(body["about"], body["hash"]) for _, body in writes}
    assert {(each["about"], each["hash"]) for each in lines} == given
    assert len(lines) == len(writes)
    assert format_corpus(small) == {}


# ---------------------------------------------------------------- kills

OPTIONS = {"annotate": ["--layer", "gold"], "adjudicate": ["--adjudicate"], "review": ["--review"]}


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_kill_loses_at_most_the_last_action(undecided, mode):
    attack_with_kills(undecided, mode, actions=8, kills=2)


@pytest.mark.posix
@pytest.mark.attack
@pytest.mark.parametrize(("mode", "actions"), [("annotate", 200), ("review", 60)])
def test_many_kills_lose_at_most_the_last_action(small, mode, actions):
    attack_with_kills(small, mode, actions, kills=20)


@pytest.mark.posix
@pytest.mark.attack
def test_many_kills_lose_at_most_the_last_decision(tmp_path):
    """The real corpus has hundreds of places to decide."""
    root = copy_real(tmp_path / "corpus")
    for path in (root / "annotations/adjudication").glob("*.jsonl"):
        path.unlink()
    attack_with_kills(root, "adjudicate", 60, kills=20, who=LAYERS[0])


def attack_with_kills(root, mode, actions, kills, who="ann", seed=14):
    """Do random actions and kill the server during some: each is done as a whole, or not at all.

    What was answered is on disk after the kill. Otherwise all files are as they were before the
    action, or byte for byte as the same action leaves them in a copy that nobody kills.
    """
    rng = random.Random(seed)
    fatal = sorted(rng.sample(range(1, actions), kills))
    outcomes = Counter()
    duration = 0.0
    number = 0
    for last in (*fatal, actions):
        with Server(root, *OPTIONS[mode], who=who) as server:
            while number < last:
                path, body = rng.choice(list_writes(mode, _reader(server), BRIEF))
                before = read_files(root)
                began = time.monotonic()
                status, _ = server.request(f"api/{path}", body)
                duration = time.monotonic() - began
                assert status in (200, 422)
                assert status == 200 or read_files(root) == before
                outcomes["saved" if status == 200 else "refused"] += 1
                number += 1
            if number < actions:
                path, body = rng.choice(list_writes(mode, _reader(server), BRIEF))
                outcomes[_kill(server, root, mode, path, body, who, rng.uniform(0, duration))] += 1
                number += 1

    assert outcomes["saved"] > 0
    assert format_corpus(root) == {}
    # What is not yet decided is an error of its own; nothing else may be.
    errors = [each for each in check_folder(root).problems if is_failure([each])]
    assert {each.code for each in errors} <= {"undecided", "annotated-status"}
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    print(f"\n{mode}: {actions} actions: {counts}")


def _kill(server, root, mode, path, body, who, delay):
    """Kill a server during an action, and return what became of the action."""
    before = read_files(root)
    killer = threading.Timer(delay, server.kill)
    killer.start()
    try:
        status, _ = server.request(f"api/{path}", body)
    except (OSError, ValueError, HTTPException):
        status = None
    killer.join()
    files.recover_corpus(root)
    assert not (root / files.PENDING).exists()
    after = read_files(root)
    wanted = _replay(root, before, mode, path, body, who)
    assert after in ([wanted] if status == 200 else [before, wanted])
    return "killed and done" if after == wanted else "killed and not done"


def _reader(server):
    def read(path):
        status, answer = server.request(f"api/{path}")
        assert status == 200
        return answer

    return read


def _replay(root, before, mode, path, body, who):
    """Return what the files say after an action that nobody disturbs."""
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    for each in read_files(copy).keys() - before.keys():
        (copy / each).unlink()
    for each, raw in before.items():
        (copy / each).parent.mkdir(parents=True, exist_ok=True)
        (copy / each).write_bytes(raw)
    window = Window(copy, mode, who)
    assert window.post(path, body).status_code in (200, 422)
    after = read_files(copy)
    shutil.rmtree(copy)
    return after


def test_there_is_something_to_attack(undecided):
    assert format_corpus(CORPUS) == {}
    assert all(Window(undecided, mode).list_writes() for mode in MODES)
