"""A small world to attack: a corpus, foreign files around it, and every command that writes.

Nothing here may endanger the tester: HOME and the current folder lie inside the world, and the
targets ``/``, parents and home are attacked only by ``driver.py`` in a namespace of its own.
"""

import json
import os
import shutil
import stat
from pathlib import Path

from click.testing import CliRunner

from readout.cli import main
from readout.problem import RefusedError
from readout.workbench.annotate.decisions import Deciding
from readout.workbench.annotate.edits import RefusedEditError
from readout.workbench.annotate.reviews import Reviewing
from readout.workbench.annotate.session import ConflictError, Session

CORPUS = Path(__file__).parent.parent / "corpus"
DOC = "2030-02-toll-critics"
OTHER = "2030-01-harbour-talks"
GOLD = f"annotations/gold/{DOC}.jsonl"


def make_world(top):
    """Make a folder with a corpus, an edited copy, a home, a current folder and foreign files."""
    shutil.copytree(CORPUS, top / "corpus", symlinks=True)
    shutil.copytree(CORPUS, top / "old", symlinks=True)
    edit_line(top / "old" / GOLD)
    card = "# Harbour\n\n<!-- generated: labels -->\n<!-- end: labels -->\n"
    (top / "corpus/DATACARD.md").write_text(card, encoding="utf-8", newline="\n")
    (top / "corpus/DATACARD.md").chmod(0o600)
    write(top / "home/.ssh/id", "secret")
    write(top / "here/now/letter.txt", "Dear")
    write(top / "here/letter.txt", "Dear")
    write(top / "foreign/deep/letter.txt", "Dear")
    write(top / "foreign/index.html", "<p>mine</p>")
    write(top / "new.txt", "The harbour stays open, Ada Quill said.\n")
    write(top / "old.txt", (CORPUS / f"raw/text/{OTHER}.txt").read_text(encoding="utf-8"))
    return top


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def edit_line(path):
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rest))
    return first


def correct_text(root):
    """Correct a raw text, so that spans move and one of them loses its place."""
    path = root / f"raw/text/{OTHER}.txt"
    text = path.read_text(encoding="utf-8")
    gold = (root / f"annotations/gold/{OTHER}.jsonl").read_text(encoding="utf-8").splitlines()
    exact = next(json.loads(line)["span"]["exact"] for line in gold if '"mention"' in line)
    path.write_bytes(("Corrected. " + text.replace(exact, "#", 1)).encode())


def unformat(root):
    for path in (root / "annotations/topics.jsonl", root / GOLD):
        lines = path.read_bytes().replace(b'":"', b'": "').splitlines(keepends=True)
        path.write_bytes(b"".join(lines))


# ---------------------------------------------------------------- commands


def edit_in_workbench(root):
    """Do what a click on "remove" does on the page of `readout annotate`."""
    session = Session(root, "ann")
    version = session.show_document(DOC)["version"]
    decision = {"section": "1.1", "reason": "He is not there."}
    session.edit(DOC, version, [{"remove": "m-levi"}], decision)


def decide_in_workbench(root):
    """Do what the page of `readout annotate --adjudicate` does."""
    deciding = Deciding(Session(root, "ann", None, "adjudicate"))
    found = [each for each in deciding.describe()["places"] if "s-iron" in each["refs"]]
    if not found:
        raise LookupError("the page shows no such place")
    deciding.decide(DOC, found[0]["refs"], {"side": "ann"}, "1.1", "The outlet mocks.")


def review_in_workbench(root):
    """Do what the page of `readout annotate --review` does."""
    reviewing = Reviewing(Session(root, "ann", None, "review"))
    items = {(each["doc_id"], each["id"]): each for each in reviewing.describe()["items"]}
    said = items[DOC, "s-iron"]["hash"]
    reviewing.review(DOC, "s-iron", said, "change", "Too long.")


FOLDER_COMMANDS = {
    "build": ["build", "--corpus", "{top}/corpus", "--jobs", "1", "--output", "{target}"],
    "preview": ["preview", "--corpus", "{top}/corpus", "--output", "{target}"],
    "export": ["export", "brat", "--corpus", "{top}/corpus", "--output", "{target}"],
    "bench board --export": ["bench", "board", "--corpus", "{top}/corpus", "--export", "{target}"],
}
PAGE_COMMANDS = {
    "diff --html": ["diff", "{top}/old", "{top}/corpus", "--html", "{target}"],
    "agree --html": ["agree", "{top}/corpus", "--html", "{target}"],
}
NEW = {"new": ["new", "{target}"]}
CORPUS_COMMANDS = {
    "format": ["format", "{top}/corpus"],
    "reanchor": [
        *["reanchor", "{top}/corpus", "--old", "{top}/old.txt"],
        *["--document", OTHER],
    ],
    "add topic": [
        *["add", "topic", "--corpus", "{top}/corpus", "dredging"],
        *["--label", "Dredging", "--definition", "The depth of the harbour."],
    ],
    "add document": [
        *["add", "document", "--corpus", "{top}/corpus", "{top}/new.txt", "--doc-id"],
        *["2030-03-new", "--title", "New", "--split", "train"],
    ],
    "add suggestions": ["add", "suggestions", "--corpus", "{top}/corpus", DOC],
    "accept": [
        *["accept", "ann#s-iron", "--corpus", "{top}/corpus", "--replace", "s-iron"],
        *["--section", "1.1", "--reason", "The outlet mocks.", "--by", "ann"],
    ],
    "remove annotation": [
        *["remove", "annotation", "m-levi", "--corpus", "{top}/corpus", "--document", DOC],
        *["--section", "1.1", "--reason", "He is not there.", "--by", "ann"],
    ],
    "remove document": ["remove", "document", OTHER, "--corpus", "{top}/corpus"],
    "rename annotation": ["rename", "annotation", "s-iron", "s-new", "--corpus", "{top}/corpus"],
    "rename annotator": ["rename", "annotator", "ann", "zoe", "--corpus", "{top}/corpus"],
    "release": [
        *["release", "1.0.0", "--corpus", "{top}/corpus", "--date", "2030-03-01"],
    ],
    "bench items": ["bench", "items", "--freeze", "{top}/corpus"],
    "bench baseline": ["bench", "baseline", "--corpus", "{top}/corpus", "majority", "--jobs", "1"],
    "bench board": ["bench", "board", "{top}/corpus"],
    "import": [
        *["import", "brat", "{top}/brat", "--corpus", "{top}/corpus"],
        *["--annotator", "ann", "--replace"],
    ],
    "annotate": edit_in_workbench,
    "annotate --adjudicate": decide_in_workbench,
    "annotate --review": review_in_workbench,
}
"""Commands by name, each as arguments or, if a person gives it in the browser, as a function."""
WRITTEN = {
    "format": [GOLD, "annotations/topics.jsonl"],
    "reanchor": [
        "raw/documents.jsonl",
        f"annotations/gold/{OTHER}.jsonl",
        f"annotations/unplaced/gold/{OTHER}.jsonl",
    ],
    "add topic": ["annotations/topics.jsonl"],
    "add document": [
        "raw/documents.jsonl",
        "raw/text/2030-03-new.txt",
        "annotations/gold/2030-03-new.jsonl",
        "annotations/suggestions/2030-03-new.jsonl",
    ],
    "add suggestions": [f"annotations/suggestions/{DOC}.jsonl"],
    "accept": [GOLD, f"annotations/adjudication/{DOC}.jsonl"],
    "remove annotation": [GOLD, f"annotations/adjudication/{DOC}.jsonl"],
    "remove document": [
        "raw/documents.jsonl",
        f"raw/text/{OTHER}.txt",
        f"annotations/gold/{OTHER}.jsonl",
    ],
    "rename annotation": [GOLD, f"annotations/adjudication/{DOC}.jsonl"],
    "rename annotator": [
        "annotations/annotators.jsonl",
        f"annotations/by/ann/{DOC}.jsonl",
        f"annotations/by/zoe/{DOC}.jsonl",
        f"annotations/adjudication/{DOC}.jsonl",
        "raw/documents.jsonl",
    ],
    "release": ["DATACARD.md", "submissions/items/release.json"],
    "bench items": ["submissions/items/release.json"],
    "bench baseline": ["submissions/majority/system.yaml"],
    "bench board": ["submissions/LEADERBOARD.md"],
    "import": [f"annotations/by/ann/{DOC}.jsonl"],
    "annotate": [GOLD, f"annotations/adjudication/{DOC}.jsonl"],
    "annotate --adjudicate": [GOLD, f"annotations/adjudication/{DOC}.jsonl"],
    "annotate --review": [f"annotations/reviews/ann/{DOC}.jsonl"],
}
"""Files that a command of a corpus writes, by command."""


def prepare(name, top):
    """Change a world so that a command of a corpus has something to write."""
    root = top / "corpus"
    if name == "format":
        unformat(root)
    elif name == "reanchor":
        correct_text(root)
    elif name == "import":
        run(
            ["export", "brat", "--corpus", "{top}/corpus", "--output", "{target}"],
            top,
            top / "brat",
        )
    elif name == "bench baseline":
        run(CORPUS_COMMANDS["bench items"], top)
    elif name.startswith("bench board"):
        run(CORPUS_COMMANDS["bench items"], top)
        run(CORPUS_COMMANDS["bench baseline"], top)
        if name == "bench board --export":
            run(CORPUS_COMMANDS["bench board"], top)


def run(command, top, target=""):
    """Run a command in this process; return its exit code and what it printed."""
    if callable(command):
        return _call(command, top / "corpus")
    filled = [part.format(top=top, target=target) for part in command]
    done = CliRunner().invoke(main, filled)
    traceback = done.exception is not None and not isinstance(done.exception, SystemExit)
    return ("traceback" if traceback else done.exit_code), done.output + repr(done.exception)


def _call(command, root):
    """Do what the workbench does; return 2 for what its server answers with a refusal."""
    try:
        command(root)
    except (RefusedError, RefusedEditError, ConflictError, LookupError, OSError) as error:
        return 2, repr(error)
    except Exception as error:
        return "traceback", repr(error)
    return 0, ""


# ---------------------------------------------------------------- before and after


def scan(top):
    """Return everything below a folder: kind, mode and content by path."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            content = b""
            if stat.S_ISLNK(mode):
                content = str(path.readlink()).encode()
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            found[path.relative_to(top).as_posix()] = (mode, content)
    return found


def find_losses(before, after, own=()):
    """Return the paths that are gone or changed, apart from those that a command may change."""
    own = tuple(own)
    return [
        path
        for path, was in before.items()
        if after.get(path) != was and not any(path == o or path.startswith(f"{o}/") for o in own)
    ]


def find_litter(before, after, own=()):
    """Return what is new beside what a command may make."""
    own = tuple(own)
    return [
        path
        for path in sorted(set(after) - set(before))
        if not any(path == o or path.startswith(f"{o}/") for o in own)
    ]
