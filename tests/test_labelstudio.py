"""Export to a real Label Studio server, submit the annotations there, and import them unchanged.

Run with ``pytest -m labelstudio``. The test installs Label Studio (some 200 packages) into a new
environment, and starts its server with SQLite on loopback. READOUT_LABEL_STUDIO may name an
environment that has it already.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import CORPUS, ROOT
from layers import META, read_in, write_out

from readout.corpus.canonical import encode_layer
from readout.corpus.read import read_corpus
from readout.interchange.outbox import Outbox, Sheet, build_outbox
from readout.model import Quote, Span

pytestmark = pytest.mark.labelstudio
TRICKY = "👩‍👩‍👧 said:\r\n“e\u0301 – נועם לוי, 🚢”\r\nand “no”.\n"


class Client:
    """A client for the API of Label Studio."""

    def __init__(self, port, token):
        self.base, self.token = f"http://127.0.0.1:{port}", token

    def call(self, method, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    if given := os.environ.get("READOUT_LABEL_STUDIO"):
        return Path(given)
    folder = tmp_path_factory.mktemp("label-studio") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run(
        [folder / "bin/python", "-m", "pip", "install", "--quiet", "label-studio"], check=True
    )
    return folder


@pytest.fixture(scope="session")
def client(environment, tmp_path_factory):
    data = tmp_path_factory.mktemp("label-studio-data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(20)
    settings = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "DJANGO_DB": "sqlite",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    options = {
        "--internal-host": "127.0.0.1",
        "--port": str(port),
        "--data-dir": str(data),
        "--username": "ann@example.org",
        "--password": secrets.token_hex(8),
        "--user-token": token,
    }
    words = [word for option in options.items() for word in option]
    with open(data / "server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [environment / "bin/label-studio", "start", "--no-browser", *words],
            env={**os.environ, **settings},
            stdout=log,
            stderr=log,
        )
        try:
            yield wait_for(Client(port, token), server, data / "server.log")
        finally:
            server.terminate()
            server.wait()


def wait_for(client, server, log):
    while True:
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            client.call("GET", "/api/projects")
            return client
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)


def tricky_box():
    """Return a text with all that shifts offsets: astral characters, joiners, two scripts, CRLF."""
    corpus, _ = read_corpus(CORPUS)
    spans = [
        Span(at, at + len(words), words)
        for words in ("“e\u0301 – נועם לוי, 🚢”", "“no”")
        for at in [TRICKY.index(words)]
    ]
    cue = Span(TRICKY.index("said:"), TRICKY.index("said:") + 5, "said:")
    quote = Quote(
        id="q-1",
        form="direct",
        speaker="ada-quill",
        content=tuple(spans),
        cue=(cue,),
        note="Two\nlines.",
    )
    sheet = Sheet(META, TRICKY, "gold", (quote,), "generated", META.doc_id)
    return Outbox(corpus.registries, [sheet])


BOXES = {
    "small": lambda: build_outbox(read_corpus(CORPUS)[0]),
    "real": lambda: build_outbox(read_corpus(ROOT)[0]),
    "tricky": tricky_box,
}


@pytest.mark.parametrize("name", BOXES)
def test_nothing_moves_on_a_real_server(name, client, tmp_path):
    box = BOXES[name]()
    assert write_out("labelstudio", box.sheets, tmp_path, box.registries) == []
    configuration = (tmp_path / "config.xml").read_text(encoding="utf-8")
    tasks = json.loads((tmp_path / "tasks.json").read_bytes())
    settings = {"title": name, "label_config": configuration}
    project = client.call("POST", "/api/projects", settings)["id"]
    client.call("POST", f"/api/projects/{project}/validate", {"label_config": configuration})
    client.call("POST", f"/api/projects/{project}/import", tasks)
    listed = client.call("GET", f"/api/tasks?project={project}&fields=all&page_size=1000")["tasks"]
    assert len(listed) == len(tasks)
    for task in listed:
        (prediction,) = task["predictions"]
        submitted = {"result": prediction["result"]}
        client.call("POST", f"/api/tasks/{task['id']}/annotations/", submitted)
    exported = client.call("GET", f"/api/projects/{project}/export?exportType=JSON")
    (tmp_path / "back").mkdir()
    (tmp_path / "back/export.json").write_text(json.dumps(exported), encoding="utf-8", newline="\n")
    layers, problems = read_in("labelstudio", tmp_path / "back", box.sheets, box.registries)
    assert problems == []
    assert layers == {("ann", sheet.doc_id): encode_layer(sheet.records) for sheet in box.sheets}
