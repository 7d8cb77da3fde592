"""The server of the workbench lets nothing in, and loses nothing, whatever happens to it."""

import json
import re
import threading
import time
from pathlib import Path

import pytest
from conftest import CORPUS
from workbench import Server

from readout.corpus import files
from readout.workbench.annotate.server import Door, build_app
from readout.workbench.annotate.session import Session
from readout.workbench.format import format_corpus

BRIEF = "2030-01-harbour-brief"
GOLD = f"annotations/gold/{BRIEF}.jsonl"
HOST = "127.0.0.1:8000"
SAME = {"origin": f"http://{HOST}"}
REMOVAL = {"edits": [{"remove": "m-cafe"}]}


@pytest.fixture
def client(small):
    testclient = pytest.importorskip("starlette.testclient")
    app = build_app(Session(small, "ann"), "secret", 8000)
    return testclient.TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False)


def post(client, path, body, **headers):
    raw = json.dumps(body)
    headers = {"content-type": "application/json", **SAME, **headers}
    return client.post(f"/secret/api/{path}", content=raw, headers=headers)


def removal(client):
    version = client.get(f"/secret/api/document/{BRIEF}").json()["version"]
    return {"version": version, **REMOVAL}


# ---------------------------------------------------------------- nothing is let in


def test_the_address_that_a_browser_is_opened_with_leads_to_the_page_once(small):
    testclient = pytest.importorskip("starlette.testclient")
    app = Door(build_app(Session(small, "ann"), "secret", 8000), "ticket", f"http://{HOST}/secret/")
    client = testclient.TestClient(app, base_url=f"http://{HOST}")
    assert client.get("/other").status_code == 404
    first = client.get("/ticket")
    assert (first.status_code, str(first.url)) == (200, f"http://{HOST}/secret/")
    assert client.get("/ticket").status_code == 404


STRANGERS = {
    "another-origin": ({"origin": "http://evil.example"}, 403),
    "another-port": ({"origin": "http://127.0.0.1:8001"}, 403),
    "the-other-name": ({"origin": "http://localhost:8000"}, 403),
    "null-origin": ({"origin": "null"}, 403),
    "another-host": ({"host": "evil.example:8000"}, 403),
    "rebound-host": ({"host": "127.0.0.1.evil.example:8000"}, 403),
    "no-port": ({"host": "127.0.0.1"}, 403),
    "form": ({"content-type": "application/x-www-form-urlencoded"}, 415),
    "text": ({"content-type": "text/plain"}, 415),
    "multipart": ({"content-type": "multipart/form-data; boundary=x"}, 415),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_request_from_elsewhere_changes_nothing(small, client, name):
    headers, status = STRANGERS[name]
    before = (small / GOLD).read_bytes()
    answer = post(client, f"document/{BRIEF}/edits", removal(client), **headers)
    assert answer.status_code == status
    assert (answer.content, (small / GOLD).read_bytes()) == (b"", before)


@pytest.mark.parametrize("name", ["another-origin", "another-host", "no-port", "null-origin"])
def test_a_page_from_elsewhere_reads_nothing(client, name):
    headers, status = STRANGERS[name]
    answer = client.get("/secret/api/corpus", headers=headers)
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_post_without_origin_changes_nothing(small, client):
    body = json.dumps(removal(client))
    headers = {"content-type": "application/json"}
    answer = client.post(f"/secret/api/document/{BRIEF}/edits", content=body, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/corpus",
        "/wrong/api/corpus",
        "//secret/api/corpus",
        "/secre/",
        "/secret%2Fapi",
        "/é",
    ],
)
def test_without_the_token_there_is_nothing(client, path):
    answer = client.get(path, headers=SAME)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    "path",
    ["../server.py", "annotate/server.py", "%2e%2e/%2e%2e/add.py", "annotate/page/../server.py"],
)
def test_no_file_beside_the_pages_is_served(client, path):
    assert client.get(f"/secret/{path}").status_code == 404


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fspeakers", "gold%2Fx", "none"])
def test_only_documents_of_the_corpus_are_served(client, name):
    assert client.get(f"/secret/api/document/{name}").status_code == 404


def test_no_other_method_is_answered(client):
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = client.request(method, "/secret/api/corpus", headers=SAME)
        assert answer.status_code in (404, 405)
        assert "access-control-allow-origin" not in answer.headers


def test_every_answer_forbids_all_that_the_page_does_not_need(client):
    for path in ("/secret/api/corpus", "/secret/", "/wrong/"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_a_websocket_is_refused(small):
    testclient = pytest.importorskip("starlette.testclient")
    app = build_app(Session(small, "ann"), "secret", 8000)
    client = testclient.TestClient(app, base_url=f"http://{HOST}")
    with pytest.raises(testclient.WebSocketDisconnect), client.websocket_connect("/secret/"):
        pass


BODIES = {
    "no-json": "{",
    "no-object": "[]",
    "no-version": '{"edits": []}',
    "wrong-type": '{"version": 1, "edits": []}',
    "no-edit": '{"version": "x", "edits": [1]}',
    "unknown-edit": '{"version": "x", "edits": [{"delete": "m-cafe"}]}',
    "list-as-id": '{"version": "x", "edits": [{"remove": ["m-cafe"]}]}',
    "surrogate": '{"version": "\\ud800", "edits": []}',
    "deep": '{"version": "x", "edits": ' + "[" * 5000 + "]" * 5000 + "}",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_request_of_another_shape_is_refused(client, name):
    headers = {"content-type": "application/json", **SAME}
    path = f"/secret/api/document/{BRIEF}/edits"
    answer = client.post(path, content=BODIES[name].encode(), headers=headers)
    assert answer.status_code in (400, 409, 422)


# ---------------------------------------------------------------- answers


def test_an_edit_is_on_disk_before_the_answer(small, client):
    answer = post(client, f"document/{BRIEF}/edits", removal(client))
    assert answer.status_code == 200
    assert b"m-cafe" not in (small / GOLD).read_bytes()
    assert post(client, f"document/{BRIEF}/undo", {}).json()["redo"] == 1
    assert b"m-cafe" in (small / GOLD).read_bytes()


def test_a_registry_entry_is_made_on_the_spot(small, client):
    client.get(f"/secret/api/document/{BRIEF}")
    fields = {"name": "Dana Sole", "kind": "person"}
    answer = post(client, "registry/speaker", {"fields": fields, "document": BRIEF})
    assert (answer.status_code, answer.json()["entry"]["speaker_id"]) == (200, "dana-sole")
    assert "dana-sole" in [each["speaker_id"] for each in answer.json()["registries"]["speakers"]]
    undone = post(client, f"document/{BRIEF}/undo", {}).json()
    assert "dana-sole" not in json.dumps(undone["registries"])

    for bad in ({"name": "Quill", "kind": "king"}, {"kind": "person"}, {"name": "Ada Quill"}):
        answer = post(client, "registry/speaker", {"fields": bad})
        assert answer.status_code == 422
    assert post(client, "registry/annotator", {"fields": fields}).status_code == 404


def test_a_refused_edit_says_what_check_would_say(client):
    version = client.get(f"/secret/api/document/{BRIEF}").json()["version"]
    record = {"type": "mention", "speaker": "ada-quil", "span": {"exact": "Mayor"}}
    body = {"version": version, "edits": [{"put": record}]}
    answer = post(client, f"document/{BRIEF}/edits", body)
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["code"]) == (422, "unknown-reference")
    assert "ada-quill" in problem["sentence"] + problem["hint"]


def test_a_conflict_shows_both_versions_and_the_document(client):
    shown = client.get(f"/secret/api/document/{BRIEF}").json()
    record = next(each for each in shown["annotations"] if each["id"] == "s-ferry")
    answers = []
    for polarity in ("neutral", "against"):
        edits = [{"put": {**record, "polarity": polarity}}]
        body = {"version": shown["version"], "edits": edits}
        answers.append(post(client, f"document/{BRIEF}/edits", body))
    assert [answer.status_code for answer in answers] == [200, 409]
    (conflict,) = answers[1].json()["conflict"]
    assert conflict["id"] == "s-ferry"
    assert (conflict["ours"]["polarity"], conflict["theirs"]["polarity"]) == ("against", "neutral")
    assert [field["name"] for field in conflict["fields"]] == ["polarity"]
    assert answers[1].json()["document"]["version"] != shown["version"]


# ---------------------------------------------------------------- a real process


@pytest.mark.posix
def test_a_real_server_answers_this_machine_only(small):
    with Server(small, "--layer", "gold") as server:
        status, corpus = server.request("api/corpus")
        assert (status, corpus["layer"], corpus["annotator"]) == (200, "gold", "ann")
        assert server.request("api/corpus", Host="evil.example")[0] == 403
        assert server.request("../wrong/api/corpus")[0] == 404
        assert _listening(server.process.pid) in ({"0100007F"}, None)


def _listening(pid):
    """Return the addresses on which the sockets of a process listen; None if nobody can tell."""
    try:
        folder = Path("/proc", str(pid))
        table = (folder / "net/tcp").read_text(encoding="ascii").splitlines()[1:]
        links = [str(each.readlink()) for each in (folder / "fd").iterdir()]
    except OSError:
        return None
    inodes = {link[8:-1] for link in links if link.startswith("socket:")}
    rows = [row.split() for row in table]
    return {row[1].split(":")[0] for row in rows if row[9] in inodes and row[3] == "0A"}


@pytest.mark.posix
def test_two_windows_and_an_editor_at_once_lose_nothing(small):
    """Two windows add mentions while an editor rewrites another line; all of it is there."""
    text = (CORPUS / f"raw/text/{BRIEF}.txt").read_text(encoding="utf-8")
    words = [match for match in re.finditer(r"\w+", text) if match.start() > 60][:12]
    answers = []

    def add(server, version, part):
        for word in part:
            span = {"start": word.start(), "end": word.end(), "exact": word[0]}
            record = {"type": "mention", "speaker": "noam-levi", "span": span, "note": "window"}
            body = {"version": version, "edits": [{"put": record}]}
            status, answer = server.request(f"api/document/{BRIEF}/edits", body)
            answers.append(status)
            version = answer["version"] if status == 200 else version

    with Server(small, "--layer", "gold") as server:
        _, shown = server.request(f"api/document/{BRIEF}")
        windows = []
        for number in (0, 1):
            arguments = (server, shown["version"], words[number::2])
            windows.append(threading.Thread(target=add, args=arguments))
            windows[-1].start()
        for number in range(5):
            with files.locked_corpus(small) as write:
                raw = (small / GOLD).read_bytes()
                line = rb'("id":"s-ferry".*?)(?:,"note":"e[0-9]")?}\n'
                new = re.sub(line, b'\\1,"note":"e%d"}\n' % number, raw)
                write({GOLD: files.Change(raw, new)})
            time.sleep(0.05)
        for window in windows:
            window.join()
    assert set(answers) == {200}
    raw = (small / GOLD).read_bytes()
    assert raw.count(b'"note":"window"') == len(words)
    assert b'"note":"e4"' in raw
    assert format_corpus(small) == {}


# ---------------------------------------------------------------- brief answers


def test_a_brief_answer_says_what_changed_in_the_annotations(client):
    address = f"document/{BRIEF}"
    before = client.get(f"/secret/api/{address}").json()
    brief = {"version": before["version"], "brief": True}
    answer = post(client, f"{address}/edits", {**brief, **REMOVAL}).json()
    after = client.get(f"/secret/api/{address}").json()
    assert "annotations" not in answer
    assert splice(before, answer) == after["annotations"] != before["annotations"]

    undone = post(client, f"{address}/undo", {**brief, "version": answer["version"]}).json()
    assert splice(after, undone) == before["annotations"]


def test_of_an_unknown_version_a_brief_answer_is_whole(client):
    address = f"document/{BRIEF}"
    before = client.get(f"/secret/api/{address}").json()
    answer = post(client, f"{address}/undo", {"version": "unknown", "brief": True}).json()
    assert answer["annotations"] == before["annotations"]


def splice(before, answer):
    """Return the annotations after a brief answer."""
    annotations, changed = list(before["annotations"]), answer["changed"]
    end = changed["start"] + changed["gone"]
    annotations[changed["start"] : end] = changed["new"]
    return annotations
