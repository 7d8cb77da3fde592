"""The card: generated sections are fresh, the authors' words are theirs."""

import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT, tally_corpus

from readout.cli import main
from readout.corpus.items import NO_RELEASE, read_release
from readout.corpus.read import read_corpus, read_registries
from readout.corpus.settings import parse_settings
from readout.dataset.bench import list_bench_configs
from readout.dataset.build import build_hub, composition_sections
from readout.dataset.card import (
    data_card,
    fill_sections,
    find_sections,
    split_front_matter,
    tell_canary,
    tell_release,
)
from readout.dataset.citation import format_citation
from readout.dataset.companions import relink
from readout.dataset.features import CONFIGS, FEATURES
from readout.problem import RefusedError
from readout.report.tables import Table, format_markdown
from readout.workbench.datacard import refresh_card

RELEASE = ["release", "1.0.0", "--date", "2030-01-01"]


def test_only_generated_sections_change():
    labels = "<!-- generated: labels -->\nold\n<!-- end: labels -->\n"
    text = f"a\n{labels}b\n<!-- generated: other -->\nkept\n<!-- end: other -->\n"
    filled = fill_sections(text, {"labels": "new"})
    assert filled == text.replace("old", "new")
    assert fill_sections(filled, {"labels": "new"}) == filled
    assert find_sections(text) == ["labels", "other"]


def test_sections_that_no_build_fills_are_of_a_release():
    labels = "<!-- generated: labels -->\nnew\n<!-- end: labels -->\n"
    text = f"{labels}<!-- generated: other -->\nkept\n<!-- end: other -->\n"
    told = tell_release(text, {"labels"}, "of release 1.0.0")
    before, after = told.split("kept")
    assert before.startswith(labels)
    assert "of release 1.0.0" in before.removeprefix(labels)
    assert after == text.partition("kept")[2]


def test_the_hub_card_declares_what_is_there(tmp_path):
    hub = tmp_path / "hub"
    infos = build_hub(ROOT, hub).infos
    front, body = split_front_matter((hub / "README.md").read_text(encoding="utf-8"))
    bench = list_bench_configs(ROOT)
    assert [entry["config_name"] for entry in front["configs"]] == [*CONFIGS, *bench]
    assert [entry["config_name"] for entry in front["configs"] if entry.get("default")] == [
        "stances"
    ]
    for info, entry in zip(infos, front["dataset_info"], strict=True):
        assert info.content_hash in entry["description"]
        assert [feature["name"] for feature in entry["features"]] == list(FEATURES[info.config])
        assert {s["name"]: s["num_examples"] for s in entry["splits"]} == {
            s.name: s.num_examples for s in info.splits
        }
    for config in front["configs"]:
        for files in config["data_files"]:
            assert list(hub.glob(files["path"]))
    written = split_front_matter((ROOT / "DATACARD.md").read_text(encoding="utf-8"))
    tally = tally_corpus(read_corpus(ROOT)[0])
    sections = composition_sections(tally, read_registries(ROOT)[0], bench)
    sections["citation"] = format_citation((ROOT / "CITATION.cff").read_bytes())
    filled = fill_sections(written[1], sections)
    release = read_release(ROOT)
    when = f"of release {release.version}"
    if release.version == NO_RELEASE:
        when = "from before the first release"
    told = tell_canary(tell_release(filled, sections, when), release.canary)
    present = {path.relative_to(hub).as_posix() for path in hub.rglob("*")}
    assert body == relink(told, "README.md", present)
    assert written[0].items() <= front.items()
    assert yaml.safe_load(yaml.safe_dump(front)) == front


# ---------------------------------------------------------------- cards that cannot be used


BAD_CARDS = {
    "latin-1": b"---\nlicense: caf\xe9\n---\nx\n",
    "list": b"---\n- a\n---\nx\n",
    "alias": b"---\na: &a [x]\nb: [*a, *a]\n---\nx\n",
    "syntax": b"---\na: b: c\n---\nx\n",
    "repeated": b"---\nlicense: a\nlicense: b\n---\nx\n",
    "number as name": b"---\n1: a\n---\nx\n",
    "long number": b"---\na: " + b"9" * 5000 + b"\n---\nx\n",
    "deep": b"---\na: " + b"[" * 5000 + b"\n---\nx\n",
    "type": b"---\ntags:\n  a: b\n---\nx\n",
    "large": b"---\na: " + b"x" * 300_000 + b"\n---\nx\n",
}


@pytest.mark.parametrize("name", BAD_CARDS)
def test_a_bad_card_is_a_located_problem(name):
    found = list(data_card.find(BAD_CARDS[name]))
    assert len(found) == 1
    assert found[0].line in (1, 2, 3)
    assert found[0].hint


@pytest.mark.parametrize("command", [["build"], RELEASE])
def test_commands_report_a_bad_card(small, command):
    (small / "DATACARD.md").write_bytes(BAD_CARDS["list"])
    done = CliRunner().invoke(main, [*command, "--corpus", str(small)])
    assert done.exit_code == 1, done.output
    assert "DATACARD.md:2" in done.stdout
    assert not (small / "build/hub").exists()


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_every_byte_outside_the_sections_is_kept(small, start, newline):
    lines = (b"# Mine ", b"<!-- generated: labels -->", b"<!-- end: labels -->", b" mine")
    before = start + newline.join(lines)
    (small / "DATACARD.md").write_bytes(before)
    refreshed = refresh_card(small)
    assert refreshed.problems == []
    (small / "DATACARD.md").write_bytes(refreshed.new)

    after = (small / "DATACARD.md").read_bytes()
    head, _, tail = before.partition(lines[2])
    assert after.startswith(head)
    assert after.endswith(lines[2] + tail)
    assert len(after) > len(before)
    assert after.count(b"\n") == after.count(newline)
    assert refresh_card(small).new == after


@pytest.mark.posix
@pytest.mark.parametrize("command", [["build"], RELEASE])
@pytest.mark.parametrize(
    ("to", "code"), [("/etc/hostname", "outside-link"), ("nowhere", "missing-file")]
)
def test_a_card_that_is_a_link_out_is_not_read(small, command, to, code):
    (small / "DATACARD.md").unlink(missing_ok=True)
    (small / "DATACARD.md").symlink_to(to)
    done = CliRunner().invoke(main, [*command, "--corpus", str(small)])
    assert done.exit_code == 1
    assert f"DATACARD.md: {code}:" in done.stdout


def test_a_date_without_quotation_marks_is_a_text():
    assert parse_settings(b"note: 2024-01-01\n") == {"note": "2024-01-01"}


def test_a_name_cannot_end_a_section():
    marker = "<!-- end: labels -->"
    table = format_markdown(Table("t", ("name",), [(f"a {marker}",)]))
    assert marker not in table
    text = "<!-- generated: labels -->\n<!-- end: labels -->\nkept\n"
    once = fill_sections(text, {"labels": f"| a {marker} |"})
    assert fill_sections(once, {"labels": f"| a {marker} |"}) == once
    assert once.endswith("kept\n")


def test_a_malformed_board_is_refused(small):
    (small / "DATACARD.md").write_text("x\n", encoding="utf-8")
    (small / "submissions").mkdir(exist_ok=True)
    for raw in (b"[]", b"{", b'{"boards": [1]}', b'{"boards": [{}]}', b"[" * 100_000):
        (small / "submissions/LEADERBOARD.json").write_bytes(raw)
        with pytest.raises(RefusedError, match="readout bench board"):
            refresh_card(small)
