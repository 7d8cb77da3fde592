"""The attacks: every command on every target, kills at every step, two at once, a full disk."""

import io
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from world import (
    CORPUS_COMMANDS,
    FOLDER_COMMANDS,
    GOLD,
    NEW,
    PAGE_COMMANDS,
    WRITTEN,
    find_litter,
    find_losses,
    make_world,
    prepare,
    run,
    scan,
    write,
)

from readout.corpus import outputs

COMMANDS = {**FOLDER_COMMANDS, **PAGE_COMMANDS, **NEW}
OWN_LITTER = (".lock", ".manifest", ".manifest-shards")
"""How the names end of what a build or an export leaves beside its target."""


class Tally(Counter):
    """How often something was attacked, the same by command, and the failures by description."""

    def __init__(self):
        super().__init__()
        self.by_command = {}
        self.failures = []

    def add(self, name, what, count=1):
        """Count what was done to a command."""
        self[what] += count
        self.by_command.setdefault(name, Counter())[what] += count

    def fail(self, *what):
        self.failures.append(" · ".join(map(str, what)))


# ---------------------------------------------------------------- targets


def _own(name, top):
    """Let a command write its target once; return the target."""
    target = top / "out" / "own"
    code, output = run(COMMANDS[name], top, target)
    assert code == 0, output
    return target


def _own_with_stranger(name, top):
    target = _own(name, top)
    write(target / "data/notes.txt" if target.is_dir() else target, "mine")
    return target


def _own_but_changed(name, top):
    target = _own(name, top)
    victim = target
    if target.is_dir():
        victim = sorted(path for path in target.rglob("*") if path.is_file())[-1]
    victim.write_bytes(victim.read_bytes() + b"mine")
    return target


def _own_with_link(name, top):
    target = _own(name, top)
    if not target.is_dir():
        target.rename(top / "out/page")
        target.symlink_to(top / "out/page")
        return target
    (target / "link").symlink_to(top / "foreign")
    return target


def _link(to):
    def make(name, top):
        (top / "out").mkdir()
        (top / "out/link").symlink_to(top / to)
        return top / "out/link"

    return make


def _read_only(name, top):
    (top / "locked").mkdir()
    (top / "locked").chmod(0o555)
    return top / "locked" / ("page.html" if name in PAGE_COMMANDS else "")


def _of_another_command(name, top):
    other = "preview" if name != "preview" else "export"
    run(COMMANDS[other], top, top / "out/other")
    return top / "out/other"


def _repository(name, top):
    write(top / "clone/.git/HEAD", "ref")
    return top / "clone"


def _existing(path):
    return lambda name, top: top / path


REFUSED = {
    "a file": _existing("foreign/index.html"),
    "a link to a file": _link("foreign/index.html"),
    "a link to a folder": _link("foreign"),
    "a link that leads nowhere": _link("nowhere"),
    "a link to an empty folder": _link("home/empty"),
    "a link out": _link("../../../../../../../../etc"),
    "a foreign folder": _existing("foreign"),
    "a read-only folder": _read_only,
    "a corpus": _existing("corpus"),
    "a corpus's texts": _existing("corpus/raw/text"),
    "a corpus's layers": _existing("corpus/annotations/gold"),
    "a registry": _existing("corpus/annotations/topics.jsonl"),
    "the folder of a corpus": _existing(""),
    "a repository": _repository,
    "own, with a stranger": _own_with_stranger,
    "own, but changed": _own_but_changed,
    "own, with a link": _own_with_link,
    "of another command": _of_another_command,
}
DANGEROUS = {
    "the current folder": lambda name, top: Path(),
    "its parent": lambda name, top: Path(".."),
    "the folder above": lambda name, top: Path("../.."),
    "home": lambda name, top: Path("~").expanduser(),
    "above home": lambda name, top: Path("~").expanduser().parent,
    "/": lambda name, top: Path("/"),
}
"""Targets that are attacked in a throw-away file system only."""
ALLOWED = {
    "a new folder": _existing("out/fresh"),
    "an empty folder": lambda name, top: _make_empty(top / "out/empty"),
    "own": _own,
    "beside a sibling": lambda name, top: _make_sibling(top / "out"),
}


def _make_empty(folder):
    folder.mkdir(parents=True)
    return folder


def _make_sibling(folder):
    for name in (".vscode-server/extension", ".vscode.manifest.bak", ".vscode-1/letter"):
        write(folder / name, "mine")
    return folder / "vscode"


def attack_targets(work, names, tally, dangerous=False):
    """Run every command on every target; only what is expected is written, and nothing is lost."""
    refused = {**REFUSED, **DANGEROUS} if dangerous else REFUSED
    cases = [(kind, make, False) for kind, make in refused.items()]
    cases += [(kind, make, True) for kind, make in ALLOWED.items()]
    for name in names:
        for kind, make, allowed in cases:
            if name in PAGE_COMMANDS and kind == "an empty folder":
                allowed = False
            if name == "new" and (kind.startswith("own") or kind == "of another command"):
                allowed = False  # a new corpus replaces nothing at all
            _attack_target(work, name, kind, make, allowed, tally)


def _attack_target(work, name, kind, make, allowed, tally):
    with FreshWorld(work) as top:
        prepare(name, top)
        (top / "home/empty").mkdir()
        target = make(name, top)
        before = scan(top)
        code, output = run(COMMANDS[name], top, target)
        after = scan(top)
        tally.add(name, "targets")
        own, litter = (), ()
        if allowed:
            path = (target if target.is_absolute() else Path.cwd() / target).relative_to(top)
            own = (path.as_posix(),)
            beside = path.with_name(f".{path.name}").as_posix()
            litter = ("out", *own, *[f"{beside}{end}" for end in OWN_LITTER])
        lost = find_losses(before, after, (*own, *litter[2:]))
        tally["bytes lost"] += sum(len(before[path][1]) for path in lost)
        if lost or (code != 0) == allowed or code == "traceback":
            tally.fail("target", name, kind, code, output.strip()[:200], lost[:3])
        left = find_litter(before, after, litter)
        if left:
            tally.fail("litter", name, kind, left[:5])


class FreshWorld:
    """A world of its own, with HOME and the current folder in it; removed at the end."""

    def __init__(self, work):
        self.top = Path(work).resolve() / "world"

    def __enter__(self):
        self.old = os.environ.get("HOME"), Path.cwd()
        make_world(self.top)
        os.environ["HOME"] = str(self.top / "home")
        os.chdir(self.top / "here/now")
        return self.top

    def __exit__(self, *_):
        home, folder = self.old
        os.chdir(folder)
        os.environ["HOME"] = home or "/"
        shutil.rmtree(self.top)


# ---------------------------------------------------------------- files that lead out


def _link_out(root, path):
    _replace(root, path, lambda file: file.symlink_to(root.parent / "foreign/index.html"))


def _link_folder_out(root, path):
    folder = (root / path).parent
    if folder == root:
        return False
    moved = root.parent / "moved"
    folder.rename(moved) if folder.exists() else moved.mkdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(moved)
    return True


def _read_only_file(root, path):
    if not (root / path).exists():
        return False
    (root / path).chmod(0o444)
    return True


def _folder_instead(root, path):
    _replace(root, path, lambda file: write(file / "letter.txt", "Dear"))


def _pipe(root, path):
    _replace(root, path, os.mkfifo)


def _replace(root, path, make):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    make(file)


OBSTACLES = {
    "a link out": _link_out,
    "a folder that is a link out": _link_folder_out,
    "a read-only file": _read_only_file,
    "a folder": _folder_instead,
    "a pipe": _pipe,
}


def attack_files(work, names, tally):
    """Put an obstacle in the place of every file that a command writes: nothing is lost."""
    for name in names:
        for path in WRITTEN[name]:
            for kind, put in OBSTACLES.items():
                with FreshWorld(work) as top:
                    prepare(name, top)
                    if put(top / "corpus", path) is False:
                        continue
                    before = scan(top)
                    code, output = run(CORPUS_COMMANDS[name], top)
                    after = scan(top)
                    own = [f"corpus/{each}" for each in WRITTEN[name] if each != path]
                    lost = find_losses(before, after, own if code in (0, 1) else ())
                    tally.add(name, "files")
                    tally["bytes lost"] += sum(len(before[each][1]) for each in lost)
                    if lost or code == "traceback":
                        tally.fail("file", name, path, kind, code, output.strip()[:300], lost[:3])


# ---------------------------------------------------------------- kills

STEPS = ("rename", "replace", "mkdir", "unlink", "rmdir", "fsync", "chmod", "link")


def kill_at(number, with_opening):
    """Make this process kill itself before step ``number`` of all that change a file system.

    With ``with_opening``, a step is also the moment after a file was opened for writing: it is
    there, and is empty.
    """
    count = 0

    def step(function):
        def counted(*arguments, **named):
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return counted

    for name in STEPS:
        setattr(os, name, step(getattr(os, name)))
    outputs._exchange = step(outputs._exchange)
    if not with_opening:
        return
    really_open, opened = io.open, step(lambda: None)

    def open_counted(file, mode="r", *arguments, **named):
        stream = really_open(file, mode, *arguments, **named)
        if set(mode) & set("wxa+"):
            opened()
        return stream

    io.open = open_counted


def fork(work):
    """Run a function in a child process; return the process's id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        os._exit(work())
    finally:
        os._exit(99)


def was_killed(child):
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def attack_steps(work, names, tally):
    """Kill commands before every step, and run the next command."""
    for name in names:
        with FreshWorld(work) as top:
            old, new = _find_states(name, top)
            number, killed = 0, True
            while killed:
                number += 1
                _restore(top)
                killed = was_killed(fork(partial(_run_until, number, name, top)))
                if killed:
                    _judge_kill(name, top, number, old, new, tally)


def attack_moments(work, names, tally, rng, kills=8):
    """Kill commands at random moments, and run the next command."""
    for name in names:
        with FreshWorld(work) as top:
            old, new = _find_states(name, top)
            _restore(top)
            began = time.monotonic()
            was_killed(fork(partial(_run_once, name, top)))
            duration = time.monotonic() - began

            killed = 0
            for _ in range(4 * kills):  # one that ended before it was killed proves nothing
                _restore(top)
                moment = rng.uniform(0, duration)
                child = fork(partial(_run_once, name, top))
                time.sleep(moment)
                os.kill(child, signal.SIGKILL)
                if was_killed(child):
                    killed += 1
                    _judge_kill(name, top, f"{moment:.3f} s", old, new, tally)
                if killed == kills:
                    break
            if not killed:
                tally.fail("never killed", name)


def _command(name):
    return {**COMMANDS, **CORPUS_COMMANDS}[name]


def _find_states(name, top):
    """Return what the command finds and what it leaves; keep a copy of the former."""
    prepare(name, top)
    if name in COMMANDS and name != "new":  # an earlier output, of an earlier corpus
        earlier = _read_earlier(name, top / "corpus")
        raws = {path: path.read_bytes() for path in earlier}
        for path, raw in earlier.items():
            path.write_bytes(raw)
        run(_command(name), top, top / "out/own")
        for path, raw in raws.items():
            path.write_bytes(raw)
    saved = top.parent / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    shutil.copytree(top, saved, symlinks=True)
    old = _look(top)
    code, output = run(_command(name), top, top / "out/own")
    assert code in (0, 1), output
    new = _look(top)
    assert new != old, name
    return old, new


def _read_earlier(name, root):
    """Return files of a corpus as they were when an earlier output was made of them."""
    if name == "bench board --export":  # the board shows systems, and no live annotation
        card = root / WRITTEN["bench baseline"][0]
        return {card: card.read_bytes().replace(b"\nname: ", b"\nname: Old ", 1)}
    paths = [root / GOLD, root / WRITTEN["import"][0]]
    return {path: b"".join(path.read_bytes().splitlines(keepends=True)[:-1]) for path in paths}


def _look(top):
    """Return the content of the corpus and of the output, without lock files and caches."""
    found = {}
    for path, (_, content) in scan(top).items():
        name = path.rsplit("/", 1)[-1]
        if not name.startswith(".own") or "readout" in name:
            if not (top / path).is_dir():
                found[path] = content
    return found


def _restore(top):
    saved = top.parent / "saved"
    for entry in top.iterdir():
        if entry.name not in ("here", "home"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for entry in saved.iterdir():
        if entry.name not in ("here", "home"):
            is_folder = entry.is_dir()
            copy = shutil.copytree if is_folder else shutil.copy2
            copy(entry, top / entry.name, **({"symlinks": True} if is_folder else {}))


def _run_until(number, name, top):
    # An output has dozens of files, all in a folder that is not yet in its place.
    kill_at(number, with_opening=name in CORPUS_COMMANDS)
    return _run_once(name, top)


def _run_once(name, top):
    return 0 if run(_command(name), top, top / "out/own")[0] in (0, 1, 2) else 1


def _judge_kill(name, top, number, old, new, tally):
    tally.add(name, "kills")
    now = _look(top)
    torn = [
        path
        for path, raw in now.items()
        if "readout-" not in path and raw not in (old.get(path), new.get(path))
    ]
    missing = [path for path in old if path in new and path not in now]
    if torn or (missing and name in CORPUS_COMMANDS):
        tally.fail("torn", name, number, torn[:3], missing[:3])
    if name in CORPUS_COMMANDS:
        run(["check", "{top}/corpus"], top)
        recovered = _look(top)
        if recovered not in (old, new):
            tally.fail("mixed", name, number, _differences(recovered, old, new))
        if recovered == old:
            run(_command(name), top)
    else:
        run(_command(name), top, top / "out/own")
    if _look(top) == new:
        tally.add(name, "recovered")
    else:
        tally.fail("not recovered", name, number, _differences(_look(top), old, new))


def _differences(now, old, new):
    paths = {*now, *old, *new}
    return sorted(path for path in paths if now.get(path) != new.get(path))[:4]


# ---------------------------------------------------------------- two at once


def attack_races(work, tally, count=6):
    """Run commands at the same time: no update is lost, and every output is whole."""
    with FreshWorld(work) as top:
        add = CORPUS_COMMANDS["add topic"]
        children = []
        for number in range(count):
            own = [part.replace("dredging", f"topic-{number}") for part in add]
            own = [part.replace("Dredging", f"Topic {number}") for part in own]
            children.append(fork(lambda own=own: 0 if run(own, top)[0] == 0 else 1))
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        text = (top / "corpus/annotations/topics.jsonl").read_text(encoding="utf-8")
        kept = sum(f'"topic-{number}"' in text for number in range(count))
        tally.add("add topic", "races")
        if codes != [0] * count or kept != count:
            tally.fail("race", "add topic", codes, kept)

    for name in (*FOLDER_COMMANDS, *PAGE_COMMANDS, "reanchor", "format", "bench items"):
        with FreshWorld(work) as top:
            _, new = _find_states(name, top)
            for _ in range(3):
                _restore(top)
                children = [fork(partial(_run_once, name, top)) for _ in range(2)]
                codes = [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in children]
                tally.add(name, "races")
                if codes != [0, 0] or _look(top) != new:
                    tally.fail("race", name, codes, _differences(_look(top), {}, new))


# ---------------------------------------------------------------- a full disk


def attack_disk(disk, names, tally):
    """Run commands on a disk that is full, or nearly; ``disk`` is a small file system.

    Each output and the corpus are then as they were, or new as a whole. A command that never told
    of the full disk was not attacked, which is a failure of the attack.
    """
    for name in names:
        with FreshWorld(disk) as top:
            saved = Path(disk) / "saved"
            old, new = _find_states(name, top)
            for spare in (0, 1, 2, 4, 16, 64, 256):
                _restore(top)
                ballast = Path(disk) / "ballast"
                free = shutil.disk_usage(disk).free - spare * 1024
                ballast.write_bytes(b"x" * max(free, 0))
                code, output = run(_command(name), top, top / "out/own")
                now = _look(top)
                ballast.unlink()
                tally.add(name, "full disks")
                tally.add(name, "told of", "No space left" in output)
                torn = [
                    part
                    for part in ("corpus/", "out/")
                    if _part(now, part) not in (_part(old, part), _part(new, part))
                ]
                is_lie = code in (0, 1) and now != new
                if torn or is_lie or code == "traceback":
                    tally.fail(
                        "disk", name, spare, code, output[-200:], _differences(now, old, old)
                    )
                run(_command(name), top, top / "out/own")
                if _look(top) != new:
                    tally.fail("disk, afterwards", name, spare, _differences(_look(top), old, new))
            shutil.rmtree(saved)
        if not tally.by_command[name]["told of"]:
            tally.fail("disk, never full", name)


def _part(found, start):
    return {path: content for path, content in found.items() if path.startswith(start)}


RNG = random.Random(int(os.environ.get("READOUT_SEED", "7")))
