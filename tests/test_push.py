"""``readout push`` uploads what was built, and nothing stale, to a Hub that is faked here."""

import base64
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from readout.dataset.build import build_hub
from readout.dataset.push import plan_push
from readout.problem import RefusedError
from readout.scale.workers import Options

AT_ONCE = Options(slack=-1e9)
"""Trust the times of files that have just been written."""


class Hub(BaseHTTPRequestHandler):
    """The part of the Hub's interface that an upload uses; all files are sent in the commit."""

    def reply(self, data, status=200):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append(self.path)
        if "/tree/" in self.path:
            old = [
                {"type": "file", "path": path, "size": 1, "oid": "0"} for path in self.server.old
            ]
            self.reply(old)
        else:
            info = {"id": "o/r", "private": self.server.private, "siblings": [], "tags": []}
            self.reply({**info, "sha": "0" * 40})

    def do_POST(self):
        self.server.asked.append(self.path)
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != "Bearer hf_good":
            self.reply({"error": "Invalid token"}, 401)
        elif self.path == "/api/repos/create":
            self.server.made.append(json.loads(raw))
            self.reply({"url": f"{self.server.address}/datasets/o/r", "name": "o/r"})
        elif "/preupload/" in self.path:
            files = json.loads(raw)["files"]
            self.reply({"files": [{**each, "uploadMode": "regular", "shouldIgnore": False}
                                  for each in files]})  # fmt: skip
        elif "/commit/" in self.path:
            self.server.commit += [json.loads(line) for line in raw.splitlines()]
            url = f"{self.server.address}/datasets/o/r/commit/1"
            self.reply({"commitUrl": url, "commitOid": "1", "success": True})
        else:
            self.reply({"warnings": [], "errors": []})

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.address = f"http://127.0.0.1:{server.server_port}"
    server.asked, server.made, server.commit, server.old = [], [], [], []
    server.private = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def built(small):
    assert build_hub(small, small / "build/hub", AT_ONCE).infos
    return small


def push(server, root, *arguments, token="hf_good"):
    """Run the command in a process of its own, which reads the address of the Hub at its start."""
    code = "import sys; import readout.dataset.push as push\n"
    code += "from readout.scale.workers import Options\n"
    code += "is_current = push.is_current\n"
    code += (
        "push.is_current = lambda root, folder, _: is_current(root, folder, Options(slack=-1e9))\n"
    )
    code += "from readout.cli import main; main(sys.argv[1:])"
    environment = {
        **os.environ, "HF_ENDPOINT": server.address, "HF_TOKEN": token, "HF_HUB_OFFLINE": "0",
        "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HOME": str(root / "home"),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", code, "push", *arguments, "--corpus", root],
        env=environment,
        capture_output=True,
        text=True,
    )


def test_the_built_files_are_uploaded(server, built):
    server.old = ["data/stances/train-00007-of-00008.parquet", "mine.txt", "README.md"]
    done = push(server, built, "o/r", "--private")
    assert done.returncode == 0, done.stderr
    made = server.made[0]  # older versions of the library send a boolean
    assert made.get("private") is True or made.get("visibility") == "private"
    assert server.made[0]["type"] == "dataset"

    files = {
        line["value"]["path"]: base64.b64decode(line["value"]["content"])
        for line in server.commit
        if line["key"] == "file"
    }
    hub = built / "build/hub"
    expected = {
        path.relative_to(hub).as_posix(): path.read_bytes()
        for path in hub.rglob("*")
        if path.is_file()
    }
    assert files == expected
    deleted = [line["value"]["path"] for line in server.commit if line["key"] == "deletedFile"]
    assert deleted == ["data/stances/train-00007-of-00008.parquet"]
    assert "README.md" in done.stdout
    assert f"{server.address}/datasets/o/r/commit/1" in done.stdout


def test_a_public_dataset_gets_no_private_upload(server, built):
    server.private = False
    done = push(server, built, "o/r", "--private")
    assert done.returncode == 2
    assert "is public" in done.stderr
    assert server.commit == []


def test_who_may_not_write_is_told_to_log_in(server, built):
    done = push(server, built, "o/r", token="hf_other")
    assert done.returncode == 2
    assert "hf auth login" in done.stderr
    assert server.commit == []


def test_who_is_not_logged_in_is_told_so_before_the_hub_is_asked(server, built):
    done = push(server, built, "o/r", token="")
    assert done.returncode == 2
    assert "hf auth login" in done.stderr
    assert server.asked == []


def test_a_hub_out_of_reach_is_explained(server, built):
    server.address = "http://127.0.0.1:9"
    done = push(server, built, "o/r")
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_only_a_build_of_the_corpus_as_it_is_now_is_uploaded(built):
    hub = built / "build/hub"
    plan = plan_push(built, hub, "o/r", True, AT_ONCE)
    assert "README.md" in plan.files

    with pytest.raises(RefusedError, match="OWNER/NAME"):
        plan_push(built, hub, "o/r/s", True, AT_ONCE)
    with pytest.raises(RefusedError, match="no built dataset"):
        plan_push(built, built, "o/r", True, AT_ONCE)

    extra = hub / "notes.txt"
    extra.write_text("x", encoding="utf-8")
    with pytest.raises(RefusedError, match="readout build"):
        plan_push(built, hub, "o/r", True, AT_ONCE)
    extra.unlink()
    plan_push(built, hub, "o/r", True, AT_ONCE)

    path = built / "annotations/gold/2030-01-harbour-brief.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"polarity":"favor"', b'"polarity":"against"', 1))
    with pytest.raises(RefusedError, match="readout build"):
        plan_push(built, hub, "o/r", True, AT_ONCE)
