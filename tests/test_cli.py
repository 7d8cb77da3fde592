"""The commands as a person uses them: exit codes, no traceback, files only where they should be."""

import json
import os
import re
import shutil
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from conftest import ROOT

from readout.cli import main
from readout.cli.frame import GROUPS
from readout.interchange.formats import FORMATS


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def iter_leaves(group, context, name=""):
    """Yield the full name of each command, with the command."""
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        full = f"{name} {part}".strip()
        if isinstance(command, click.Group):
            yield from iter_leaves(command, context, full)
        else:
            yield full, command


LEAVES = dict(iter_leaves(main, click.Context(main)))


def test_help_shows_every_command_once_in_one_line():
    listed = [name for names in GROUPS.values() for name in names]
    grouped = ("add", "remove", "rename")
    shown = {name for name in LEAVES if not name.startswith(grouped)} | set(grouped)
    assert sorted(listed) == sorted(shown)
    lines = run("--help").stdout.splitlines()
    for name in listed:
        (line,) = [line for line in lines if line.startswith(f"  {name} ")]
        summary = line.removeprefix(f"  {name} ").strip()
        assert summary.endswith("."), "a whole sentence that is not cut off"
        assert not summary.endswith("...")


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_help_and_takes_the_corpus_folder(name):
    command = LEAVES[name]
    assert command.help
    assert "--corpus" in {option for param in command.params for option in param.opts}
    assert all(param.help for param in command.params if isinstance(param, click.Option))
    assert run(*name.split(), "--help").exit_code == 0


@pytest.mark.parametrize("command", ["check", "stats", "format", "bench items"])
def test_the_corpus_is_an_argument_or_an_option_and_one_of_them(small, tmp_path, command):
    words = command.split()
    same = small / "annotations" / ".."
    expected = run(*words, small)
    for arguments in (["--corpus", small], [small, "--corpus", small], [same, "--corpus", small]):
        done = run(*words, *arguments)
        assert (done.exit_code, done.stdout) == (expected.exit_code, expected.stdout)
    refused = run(*words, small, "--corpus", tmp_path)
    assert refused.exit_code == 2
    assert "named twice" in refused.stderr


@pytest.mark.parametrize("name", ["export", "import"])
def test_exchange_help_names_its_formats(name):
    way = {"export": lambda each: each.write, "import": lambda each: each.read or each.read_corpus}[
        name
    ]
    section = run(name, "--help").stdout.split("Formats:")[1].splitlines()
    shown = {line.split()[0] for line in section if line.strip()}
    assert shown == {key for key, each in FORMATS.items() if way(each)}


COMPLETIONS = [
    ("bench ", "p", ["power"]),
    ("bench power --task ", "pol", ["polarity"]),
    ("bench baseline ", "most", ["most-named"]),
    ("stats --table ", "la", ["labels"]),
    ("export ", "sp", ["spacy"]),
    ("import ", "pol", ["polnear"]),
    ("export brat --corpus {small} --document ", "2030-02", ["2030-02-toll-critics"]),
    ("reanchor {small} --document ", "2030-02", ["2030-02-toll-critics"]),
    ("export brat --corpus {small} --layer ", "g", ["gold"]),
    ("agree {small} --annotator ", "an", ["ann"]),
    ("agree {outside} --annotator ", "", []),
]


@pytest.mark.parametrize(("line", "begun", "expected"), COMPLETIONS)
def test_the_shell_completes_names(small, tmp_path, line, begun, expected):
    words = line.format(small=small, outside=tmp_path).split()
    found = ShellComplete(main, {}, "readout", "_READOUT_COMPLETE").get_completions(words, begun)
    assert [item.value for item in found] == expected


def test_check_is_clean(small):
    done = run("check", small)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "no problems" in done.stderr


def test_check_works_from_a_folder_inside(small, monkeypatch):
    monkeypatch.chdir(small / "annotations/gold")
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("check", "inner"),
        ("check", "--corpus", "inner"),
        ("format", "inner"),
        ("add", "topic", "--corpus", "inner", "x", "--label", "X", "--definition", "D"),
        ("bench", "baseline", "--corpus", "inner", "majority"),
        ("import", "brat", "inner", "--corpus", "inner", "--annotator", "ann"),
        ("diff", "inner", "."),
        ("diff", ".", "inner"),
    ],
)
def test_a_named_folder_inside_a_corpus_does_not_stand_for_it(small, monkeypatch, command):
    monkeypatch.chdir(small)
    (small / "inner").mkdir()
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    done = run(*command)
    assert done.exit_code == 2
    assert "'inner'" in done.stderr
    assert {path: path.read_bytes() for path in small.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("line", "better"),
    [
        (("--corpus", ".", "check"), "readout COMMAND --corpus"),
        (("--corpus=.", "check"), "readout COMMAND --corpus"),
        (("add", "--corpus", ".", "topic", "x"), "readout add COMMAND --corpus"),
        (("bench", "--task", "polarity", "power"), "readout bench COMMAND --task"),
        (("--nonsense", "check"), "No such option"),
    ],
)
def test_an_option_before_its_command_is_explained(line, better):
    done = CliRunner().invoke(main, line, prog_name="readout")
    assert done.exit_code == 2
    assert better in done.stderr.replace("\n", " ")


def test_an_export_that_is_refused_says_nothing_else(small, tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/letter.txt").write_text("Dear", encoding="utf-8")
    done = run("export", "brat", "--corpus", small, "--output", tmp_path / "foreign")
    assert done.exit_code == 2
    assert "brat:" not in done.output
    done = run("export", "brat", "--corpus", small, "--output", tmp_path / "new")
    assert done.exit_code == 0
    assert "brat:" in done.output


@pytest.mark.parametrize(
    "path",
    [
        "annotations/gold/2030-02-toll-critics.jsonl",
        "annotations/topics.jsonl",
        "raw/documents.jsonl",
        "raw/text/2030-02-toll-critics.txt",
    ],
)
def test_format_leaves_files_in_windows_1252(small, path):
    before = (small / path).read_bytes() + "\u201ccaf\u00e9\u201d\n".encode("cp1252")
    (small / path).write_bytes(before)
    done = run("format", small)
    assert done.exit_code == 1
    assert f"{path}: left as it is (encoding)" in done.output
    assert (small / path).read_bytes() == before


def test_warnings_fail_only_when_strict(small):
    path = small / "annotations/gold/2030-01-harbour-talks.jsonl"
    path.write_bytes(path.read_bytes().replace(b',"statement":"belongs-to-everyone"', b""))
    assert run("check", small).exit_code == 0
    assert run("check", small, "--strict").exit_code == 1


@pytest.mark.parametrize("output", ["text", "json", "markdown", "github", "sarif"])
def test_check_names_problems_in_every_format(small, output):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b'{"type":"mention"}\n')
    done = run("check", small, "--format", output)
    assert done.exit_code == 1
    assert "2030-02-toll-critics.jsonl" in done.stdout
    if output in ("json", "sarif"):
        json.loads(done.stdout)


def test_a_folder_that_is_no_corpus_is_wrong_usage(tmp_path):
    for command in ("check", "format", "build", "stats"):
        done = run(command, tmp_path)
        assert done.exit_code == 2
        assert "not a corpus folder" in done.stderr
    assert run("check", tmp_path / "nowhere").exit_code == 2


def test_format_check_writes_nothing(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    raw = path.read_bytes().replace(b',"start"', b', "start"').replace(b'{"start"', b'{ "start"')
    path.write_bytes(raw)
    assert run("format", "--check", small).exit_code == 1
    assert path.read_bytes() == raw
    assert run("format", small).exit_code == 0
    assert path.read_bytes() != raw
    assert run("format", "--check", small).exit_code == 0


def test_format_names_what_it_could_not_mend_and_mends_the_rest(small):
    broken, loose = (
        small / "annotations/gold/2030-02-toll-critics.jsonl",
        small / "annotations/topics.jsonl",
    )
    broken.write_bytes(b'{"type":"mention","speaker":"noam-levi","span":{"exact":"e"}}\n')
    loose.write_bytes(loose.read_bytes().replace(b'","', b'", "'))
    done = run("format", small)
    assert done.exit_code == 1
    assert "toll-critics.jsonl: left as it is (exact-not-found)" in done.stdout
    assert "topics.jsonl: put keys" in done.stdout


@pytest.mark.slow
def test_build_says_what_it_built_and_how_to_load_it(small, tmp_path):
    done = run("build", small, "--output", tmp_path / "hub")
    assert done.exit_code == 0
    assert re.search(r"stances +4 train", done.stdout)
    code = "\n".join(line.strip() for line in done.stdout.splitlines()[-3:])
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def _empty_gold(root, lines_left=()):
    """Keep only gold annotations of these types, and say that the documents are not finished."""
    index = root / "raw/documents.jsonl"
    metas = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    for meta in metas:
        meta["annotated"] = "partial" if lines_left else "none"
        meta.pop("adjudicated", None)
        if not lines_left:
            meta.pop("outlet", None)
            meta["outlet_basis"] = "unknown"
        gold = root / f"annotations/gold/{meta['doc_id']}.jsonl"
        lines = gold.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["type"] in lines_left]
        gold.write_text("".join(kept), encoding="utf-8", newline="\n")
    text = "".join(json.dumps(meta, ensure_ascii=False) + "\n" for meta in metas)
    index.write_text(text, encoding="utf-8", newline="\n")
    for folder in ("by", "adjudication"):
        shutil.rmtree(root / "annotations" / folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("left", "config"), [((), "documents"), (("mention", "quote", "topic"), "quotes")]
)
def test_the_load_line_of_a_build_without_stances_works(small, tmp_path, left, config):
    _empty_gold(small, left)
    if not left:
        for name in ("speakers", "topics", "targets", "annotators"):
            (small / f"annotations/{name}.jsonl").write_bytes(b"")
    done = run("build", small, "--output", tmp_path / "hub", "--jobs", "1")
    assert done.exit_code == 0, done.output

    _, shown = done.stdout.split("Load it:\n")
    lines = [line.strip() for line in shown.splitlines()]
    names = {}
    exec("\n".join(lines), names)
    assert len(names[config]["train"]) > 0


def test_build_of_a_broken_corpus_fails(small):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b"[]\n")
    done = run("build", small)
    assert done.exit_code == 1
    assert not (small / "build/hub").exists()


def test_stats_prints_the_tables_asked_for(small):
    done = run("stats", small, "--table", "labels")
    assert done.exit_code == 0
    assert "polarity" in done.stdout
    assert run("stats", small, "--table", "label").exit_code == 2


def test_stats_prints_rows_as_objects_and_as_markdown(small):
    done = run("stats", small, "--table", "topics", "--table", "targets", "--format", "json")
    tables = json.loads(done.stdout)
    assert list(tables) == ["topics", "targets"]
    assert {"topic", "passages"} <= set(tables["topics"][0])
    assert run("stats", small, "--table", "topics", "--format", "markdown").stdout.startswith(
        "**Topics**\n\n| topic |"
    )


def test_markdown_of_problems_is_one_block_that_no_text_can_leave(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    path.write_text(
        '{"type":"mention","speaker":"````@all","span":{"exact":"Levi"}}\n', encoding="utf-8"
    )
    lines = run("check", small, "--format", "markdown").stdout.splitlines()
    assert any("````@all" in line for line in lines)
    assert lines[0] == "`````text"
    assert lines[-1] == "`````"
    assert [line for line in lines if line.startswith("```")] == [lines[0], lines[-1]]


def test_check_of_a_clean_corpus_says_so_in_markdown(small):
    assert run("check", small, "--format", "markdown").stdout == "No problems.\n"


def test_new_refuses_the_current_folder_unless_it_is_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("new").exit_code == 0
    assert run("check").exit_code == 0
    assert run("new").exit_code == 2


def test_baselines_are_listed_outside_a_corpus_too(tmp_path):
    from readout.benchmark.systems.baselines import BASELINES

    done = run("bench", "baseline", "--corpus", tmp_path, "--format", "json")
    assert [row["name"] for row in json.loads(done.stdout)] == list(BASELINES)
    assert run("bench", "baseline", "majority", "--corpus", tmp_path).exit_code == 2


def test_hostile_names_are_printed_escaped(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    path.write_text(
        '{"type":"mention","speaker":"\\u001b[31mred","span":{"exact":"Levi"}}\n',
        encoding="utf-8",
        newline="\n",
    )
    done = run("check", small)
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_the_script_at_the_top_builds(tmp_path):
    done = subprocess.run(
        [sys.executable, "build_dataset.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 'load_dataset("' in done.stdout


@pytest.fixture
def predictions(small, tmp_path):
    """Two systems that submit predictions for the small corpus: gold, and always favor."""
    from readout.benchmark.predictions import format_predictions
    from readout.corpus.items import read_frozen

    assert run("bench", "items", small, "--freeze").exit_code == 0
    items = read_frozen(small).items["polarity"]
    paths = []
    for name, answers in (
        ("echo", [item.gold for item in items]),
        ("favor", ["favor"] * len(items)),
    ):
        path = tmp_path / name / "predictions" / "polarity.event.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(format_predictions(items, answers))
        paths.append(path)
    return paths


@pytest.mark.parametrize("output", ["text", "json", "markdown", "latex"])
def test_score_and_compare_print_every_format(small, predictions, output):
    for arguments in (["bench", "score", predictions[1]], ["bench", "compare", *predictions]):
        done = run(*arguments, "--corpus", small, "--format", output)
        assert done.exit_code == 0, done.output
        assert "favor" in done.stdout
        assert "task:polarity|folds:event" in done.stdout
        if output == "json":
            json.loads(done.stdout)


def test_score_refuses_what_does_not_fit(small, predictions):
    path = predictions[0]
    path.write_bytes(path.read_bytes().replace(b'"favor"', b"0"))
    done = run("bench", "score", path, "--corpus", small)
    assert done.exit_code == 1
    assert "0 = 'favor'" in done.stdout
    path.write_bytes(path.read_bytes().replace(b'"event"', b'"moon"', 1))
    done = run("bench", "score", path, "--corpus", small)
    assert done.exit_code == 1
    assert "prediction-header" in done.stdout


def test_predictions_for_other_items_are_refused_with_both_releases(small, predictions):
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"favor"', b'"against"', 1))
    old = read_hash(small)
    assert run("bench", "items", small, "--freeze").exit_code == 0
    assert old != read_hash(small)
    done = run("bench", "score", predictions[0], "--corpus", small)
    assert done.exit_code == 1
    assert "prediction-items" in done.stdout
    assert old in done.stdout
    assert read_hash(small) in done.stdout


def read_hash(root):
    """Return the hash of the frozen items of a task."""
    release = json.loads((root / "submissions/items/release.json").read_bytes())
    return release["tasks"]["polarity"]["hash"]


def test_without_frozen_items_the_benchmark_says_what_to_run(small, tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"{}")
    for command in (["score", path], ["compare", path, path], ["power"], ["board"], ["items"]):
        done = run("bench", *command, "--corpus", small)
        assert done.exit_code == 2
        assert "readout bench items --freeze" in done.stderr
    assert run("bench", "baseline", "majority", "--corpus", small).exit_code == 2


def test_scores_of_different_folds_are_not_compared(small, predictions):
    other = predictions[1]
    other.write_bytes(other.read_bytes().replace(b'"event"', b'"target"', 1))
    done = run("bench", "compare", predictions[0], other, "--corpus", small)
    assert done.exit_code == 2
    assert "cannot be compared" in done.stderr
    assert run("bench", "compare", predictions[0], "--corpus", small).exit_code == 2


def test_power_says_what_two_events_cannot(small):
    assert run("bench", "items", small, "--freeze").exit_code == 0
    done = run("bench", "power", small, "--format", "markdown", "--coverage")
    assert done.exit_code == 0, done.output
    assert "no difference, however large" in done.stdout
    assert run("bench", "power", small, "--task", "polarty").exit_code == 2


def test_items_are_frozen_and_printed_whole(small):
    assert run("bench", "items", small, "--freeze").exit_code == 0
    done = run("bench", "items", small, "--task", "polarity", "--format", "json")
    printed = json.loads(done.stdout)
    assert printed["hash"] == read_hash(small)
    assert {"id", "event", "holder", "target", "inputs", "gold"} <= set(printed["items"][0])
    assert isinstance(printed["items"][0]["inputs"]["text"], str)
    done = run("bench", "items", small, "--leakage", "--task", "polarity")
    assert done.exit_code == 0
    assert "seen_holder" in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_a_stream_of_any_encoding_takes_any_text(small, encoding):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    path.write_text(
        '{"type":"mention","id":"m","speaker":"מ𝄞","span":{"exact":"x"}}\n',
        encoding="utf-8",
        newline="\n",
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "readout", "check", str(small)]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert ("מ𝄞" in done.stdout.decode(encoding)) == (encoding == "utf-8")


def test_a_missing_library_is_named_with_the_extra_that_installs_it(small, monkeypatch):
    pytest.importorskip("jinja2")
    monkeypatch.setitem(sys.modules, "pygamma_agreement", None)
    done = run("agree", small, "--gamma")
    assert done.exit_code == 2
    assert re.search(r'pip install "readout-corpus\[\w+\]"', done.stderr)
