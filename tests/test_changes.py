"""Changes between two states: an example of each kind, properties of all, and git revisions."""

import json
import os
import shutil
import subprocess

import pytest
from click.testing import CliRunner
from conftest import CORPUS, ROOT
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from readout.cli import main
from readout.corpus.read import UnreadableCorpusError
from readout.model import Layer, Mention, Span
from readout.text.alignment import Alignment
from readout.text.find import is_inside_word
from readout.workbench.diff import compare_states, states
from readout.workbench.diff.layers import compare_layers
from readout.workbench.diff.pairing import pair_by_meaning
from readout.workbench.diff.renderings import RENDERINGS, SUMMARY_LIMIT, format_changes_markdown
from readout.workbench.diff.states import read_state
from readout.workbench.diff.wording import Background

TALKS = "annotations/gold/2030-01-harbour-talks.jsonl"
CRITICS = "annotations/gold/2030-02-toll-critics.jsonl"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def edit(path, old, new):
    raw = path.read_text(encoding="utf-8")
    assert raw.count(old) == 1
    path.write_text(raw.replace(old, new), encoding="utf-8", newline="\n")


def compare(new, old=CORPUS):
    before, after = read_state(str(old)), read_state(str(new))
    return compare_states(before, after), Background(before.corpus, after.corpus)


def kinds(changes):
    return {
        (change.kind, change.current.id)
        for document in changes.documents
        for layer in document.layers
        for change in layer.changes
    }


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize("root", [CORPUS, ROOT], ids=["small", "real"])
def test_unchanged_corpora_have_an_empty_diff(root):
    changes, texts = compare(root, root)
    assert not changes
    assert changes.documents == changes.entries == changes.breaking == ()
    assert all(render(changes, texts) for render in RENDERINGS.values())


def test_each_kind_of_change_of_an_annotation(small):
    talks = small / TALKS
    edit(talks, '"id":"m-two","speaker":"quill-and-levi"', '"id":"m-two","speaker":"noam-levi"')
    edit(
        talks,
        '"start":356,"end":379,"exact":"discussed the new ferry"',
        '"start":366,"end":379,"exact":"the new ferry"',
    )
    edit(
        talks, '"exact":"Photo: City archive"}', '"exact":"Photo: City archive"},"note":"Why not."'
    )
    edit(
        talks,
        '{"type":"mention","id":"m-she","speaker":"ada-quill","span":{"start":143,"end":146,"exact":"She"}}\n',
        "",
    )
    (small / CRITICS).open("a").write(
        '{"type":"mention","id":"m-new","speaker":"noam-levi","span":{"start":0,"end":3,"exact":"The"}}\n'
    )
    changes, _ = compare(small)
    assert kinds(changes) == {
        ("relabelled", "m-two"),
        ("moved", "s-ferry"),
        ("edited", "b-j7j2ui"),
        ("removed", "m-she"),
        ("added", "m-new"),
    }
    assert changes.breaking == ("1 gold id is gone: '2030-01-harbour-talks#m-she'.",)
    relabelled = next(
        c for d in changes.documents for y in d.layers for c in y.changes if c.kind == "relabelled"
    )
    assert [(field.name, field.old, field.new) for field in relabelled.fields] == [
        ("speaker", "quill-and-levi", "noam-levi")
    ]


def test_a_new_id_is_an_edit_and_references_follow_it(small):
    talks = small / TALKS
    talks.write_text(
        talks.read_text(encoding="utf-8").replace('"m-two"', '"m-pair"'),
        encoding="utf-8",
        newline="\n",
    )
    changes, _ = compare(small)
    assert kinds(changes) == {("edited", "m-pair")}
    assert "m-two" in changes.breaking[0]


def test_drafts_count_as_what_format_makes_of_them(small):
    with (small / CRITICS).open("a") as file:
        file.write('{"type":"mention","speaker":"noam-levi","span":{"exact":"ferry"}}\n')
    changes, _ = compare(small)
    (document,) = changes.documents
    (change,) = document.layers[0].changes
    assert (change.kind, change.new.span.exact) == ("added", "ferry")
    assert changes.unread == (0, 0)


def test_breaking_changes_are_named(small):
    index = small / "raw/documents.jsonl"
    lines = index.read_text(encoding="utf-8").splitlines(keepends=True)
    index.write_text(
        lines[0].replace('"split":"train"', '"split":"validation"') + lines[1],
        encoding="utf-8",
        newline="\n",
    )
    edit(small / "annotations/targets.jsonl", '"target_id":"ferry"', '"target_id":"new-ferry"')
    for side in (small, small.parent / "old"):
        (side / "schema").mkdir(parents=True)
        vocabulary = ["favor", "against"] if side == small else ["favor", "against", "neutral"]
        schema = {"$defs": {"stance": {"properties": {"polarity": {"enum": vocabulary}}}}}
        (side / "schema/annotation.schema.json").write_text(
            json.dumps(schema), encoding="utf-8", newline="\n"
        )
    for folder in ("raw", "annotations"):
        shutil.copytree(CORPUS / folder, small.parent / "old" / folder)
    changes, _ = compare(small, small.parent / "old")
    assert [sentence.split("'")[1] for sentence in changes.breaking] == [
        "2030-01-harbour-brief",
        "2030-02-toll-critics",
        "ferry",
        "neutral",
    ]


def test_registries_and_adjudication_are_compared(small):
    edit(small / "annotations/speakers.jsonl", '"country":"NZ"', '"country":"AU"')
    path = next((small / "annotations/adjudication").glob("*.jsonl"))
    path.write_text("", encoding="utf-8", newline="\n")
    changes, _ = compare(small)
    assert [(entry.kind, entry.path.split("/")[1]) for entry in changes.entries] == [
        ("removed", "adjudication"),
        ("removed", "adjudication"),
        ("changed", "speakers.jsonl"),
    ]


def test_a_corrected_text_carries_its_annotations_along(small):
    text = small / "raw/text/2030-02-toll-critics.txt"
    text.write_text("Dear all, " + text.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    changes, _ = compare(small)
    (document,) = changes.documents
    assert [(layer.changes, layer.carried) for layer in document.layers] == [((), 0)] * 3
    assert all(layer.misplaced for layer in document.layers)
    for path in small.glob("annotations/**/2030-02-toll-critics.jsonl"):
        lines = [json.loads(line) for line in path.open(encoding="utf-8")]
        for line in lines:
            for value in line.values():
                for span in value if isinstance(value, list) else [value]:
                    if isinstance(span, dict) and "start" in span:
                        span["start"] += 10
                        span["end"] += 10
        path.write_text(
            "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8", newline="\n"
        )
    changes, _ = compare(small)
    assert kinds(changes) == set()
    assert all(layer.carried and not layer.misplaced for layer in changes.documents[0].layers)


# ---------------------------------------------------------------- properties

WORDS = st.lists(
    st.sampled_from(["a", "bb", "שלום", "e\N{COMBINING ACUTE ACCENT}", "🚢", ".", "—"]), max_size=12
)
mentions = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8), st.sampled_from("ab")), max_size=7
).map(
    lambda items: [
        Mention(id=f"m{number}", speaker=who, span=Span(start, start + size, "x" * size))
        for number, (start, size, who) in enumerate(items)
    ]
)


def layer(records):
    return Layer(path="", records=tuple(records))


def cut(text, places):
    """Return a text without some stretches of it."""
    kept = [end for place in [(0, 0), *places, (len(text), 0)] for end in place][1:-1]
    return "".join(text[start:end] for start, end in zip(kept[::2], kept[1::2], strict=True))


@given(WORDS, WORDS)
def test_carried_words_are_the_same_words(old, new):
    old, new = " ".join(old), " ".join(new)
    alignment = Alignment(old, new)
    for start in range(len(old)):
        for end in range(start + 1, min(len(old), start + 6) + 1):
            there = alignment.locate(start, end)
            if there:
                assert new[slice(*there)] == old[start:end]
    lost, gained = alignment.removed_words(), alignment.inserted_words()
    assert cut(old, lost) == cut(new, gained)
    assert not any(is_inside_word(old, at) for place in lost for at in place)
    assert not any(is_inside_word(new, at) for place in gained for at in place)


@given(mentions, mentions)
def test_swapping_the_sides_swaps_added_and_removed(old, new):
    forth, back = compare_layers(layer(old), layer(new)), compare_layers(layer(new), layer(old))
    mirror = {"added": "removed", "removed": "added"}
    assert sorted(mirror.get(c.kind, c.kind) for c in forth.changes) == sorted(
        c.kind for c in back.changes
    )
    assert compare_layers(layer(old), layer(old)).changes == ()


@given(mentions, st.randoms(use_true_random=False))
def test_order_and_ids_of_a_layer_mean_nothing_where_ids_are_not_trusted(old, rng):
    new = [replace(each, id=f"n{number}") for number, each in enumerate(rng.sample(old, len(old)))]
    changes = compare_layers(layer(old), layer(new), trust_ids=False).changes
    assert {change.kind for change in changes} <= {"edited"}


def test_the_same_words_elsewhere_are_a_move_only_with_the_same_label():
    old = [Mention(id="a", speaker="x", span=Span(0, 3, "Ann"))]
    assert pair_by_meaning(old, [Mention(id="b", speaker="x", span=Span(9, 12, "Ann"))])
    assert not pair_by_meaning(old, [Mention(id="b", speaker="y", span=Span(9, 12, "Ann"))])
    assert not pair_by_meaning(old, [Mention(id="b", speaker="x", span=Span(9, 12, "Bob"))])


# ---------------------------------------------------------------- renderings


def hostile(small):
    edit(
        small / CRITICS,
        "Scare quotes: nobody is quoted.",
        "<script>x</script> | @team `a` #1 \\u202e\\u001b[31m",
    )
    return compare(small)


def test_markdown_shows_hostile_words_as_words(small):
    report = format_changes_markdown(*hostile(small))
    assert "<script" not in report
    for sign in ("@team", "`a`", "#1 ", "\x1b", "\u202e"):
        assert sign not in report
    assert "&lt;script&gt;x&lt;/script&gt; &#124; &#64;team" in report


def test_no_rendering_steers_the_terminal(small):
    changes, texts = hostile(small)
    assert not any(
        set(render(changes, texts)) & {"\x1b", "\u202e"}
        for name, render in RENDERINGS.items()
        if name != "json"
    )


def test_markdown_fits_a_summary(small):
    for number in range(9000):
        with (small / CRITICS).open("a") as file:
            file.write(
                f'{{"type":"mention","id":"m-{number}","speaker":"noam-levi","span":{{"start":0,"end":1,"exact":"T"}}}}\n'
            )
    (small / TALKS).write_bytes(b"")
    report = format_changes_markdown(*compare(small))
    assert len(report.encode()) < SUMMARY_LIMIT + 500
    assert "This summary is cut" in report


def test_json_is_whole(small):
    edit(small / TALKS, '"polarity":"neutral"', '"polarity":"favor"')
    changes, texts = compare(small)
    data = json.loads(RENDERINGS["json"](changes, texts))
    (change,) = data["documents"][0]["layers"][0]["changes"]
    assert change["old"]["polarity"] == "neutral"
    assert change["fields"] == [{"name": "polarity", "old": "neutral", "new": "favor"}]


def test_a_decision_is_told_under_its_document_with_what_it_is_about(small):
    edit(small / "annotations/speakers.jsonl", '"country":"NZ"', '"country":"AU"')
    path = small / "annotations/adjudication/2030-02-toll-critics.jsonl"
    edit(path, "The outlet mocks the toll.", "It mocks.")
    changes, background = compare(small)
    for name in ("text", "markdown"):
        report = RENDERINGS[name](changes, background)
        _, _, told = report.partition("2030-02-toll-critics")
        assert "d-iron" in told
        assert "so-called “iron toll”" in told, "the words of the gold stance"
        assert "speakers.jsonl" in report
        assert "adjudication/" not in report


def test_a_change_has_names_the_proposition_and_the_reason_of_its_decision(small):
    edit(small / TALKS, '"polarity":"neutral"', '"polarity":"favor"')
    changes, _ = compare(small)
    ((_, changed),) = kinds(changes)
    decision = {
        "id": "d-new", "about": [changed], "section": "9.3", "reason": "She welcomes it.",
        "by": "adjudicator",
    }  # fmt: skip
    path = small / "annotations/adjudication/2030-01-harbour-talks.jsonl"
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(decision) + "\n")

    changes, background = compare(small)
    page = small / "diff.html"
    assert run("diff", CORPUS, small, "--html", page).exit_code == 0
    reports = [RENDERINGS[name](changes, background) for name in ("text", "markdown")]
    registries = read_state(str(small)).corpus.registries
    stance = changes.documents[0].layers[0].changes[0].new
    words = (
        "section 9.3",
        "She welcomes it.",
        registries.speakers[stance.holder].name,
        registries.targets[stance.target].proposition,
    )
    html = page.read_text(encoding="utf-8")
    for report in [*reports, html]:
        for word in words:
            assert word in report
    assert f'<div class="field">{changed}: decided' in html, "a decision is set apart from its path"


# ---------------------------------------------------------------- the command and git


GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


@pytest.fixture
def repository(small, monkeypatch):
    """The small corpus in a git repository: a commit with the tag ``first``, and a change."""

    def git(*arguments):
        subprocess.run([*GIT, *arguments], cwd=small.parent, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "First.")
    git("tag", "first")
    edit(small / TALKS, '"polarity":"neutral"', '"polarity":"favor"')
    (small / "raw/text/link.txt").symlink_to("/etc/hostname")
    git("add", ".")
    git("commit", "-qm", "Second.")
    monkeypatch.chdir(small)
    return small


def test_revisions_folders_and_defaults(repository):
    for sides in (("first", "HEAD"), ("HEAD~1", "."), ("first", repository), (CORPUS, "HEAD")):
        done = run("diff", *sides)
        assert done.exit_code == 0, done.output
        assert "polarity: neutral → favor" in done.stdout
    assert run("diff").stdout.endswith("Nothing changed.\n")
    assert run("diff", "--exit-code").exit_code == 0
    assert run("diff", "first", "--exit-code").exit_code == 1


@pytest.mark.posix
def test_no_attribute_hides_a_layer_from_a_review(repository):
    path = repository / ".gitattributes"
    path.write_text("annotations/gold/** export-ignore\n", encoding="utf-8")
    for command in (("add", "."), ("commit", "-qm", "Third.")):
        subprocess.run([*GIT, *command], cwd=repository, check=True, capture_output=True)
    done = run("diff", "first", "HEAD")
    assert done.exit_code == 0, done.output
    assert "polarity: neutral → favor" in done.stdout


def test_the_corpus_may_be_elsewhere(repository, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = run("diff", "first", "--corpus", repository)
    assert done.exit_code == 0, done.output
    assert "polarity: neutral → favor" in done.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("frist", "did you mean 'first'"),
        ("--output=x", "no git revision"),
        ("HEAD:raw", "no git revision"),
    ],
)
def test_an_unknown_revision_is_wrong_usage(repository, name, message):
    done = run("diff", "--", name, ".")
    assert done.exit_code == 2
    assert message in done.stderr.lower()
    assert not (repository / "x").exists()


def test_a_revision_without_a_corpus_and_a_folder_without_a_repository(
    repository, tmp_path, monkeypatch
):
    (repository / "raw/documents.jsonl").unlink()
    subprocess.run([*GIT, "commit", "-qam", "Third."], check=True)
    done = run("diff", "HEAD", CORPUS)
    assert done.exit_code == 2
    assert "contains no corpus" in done.stderr
    monkeypatch.chdir("/")
    done = run("diff", "HEAD", CORPUS)
    assert done.exit_code == 2
    assert "no git repository" in done.stderr


def test_a_folder_that_git_ignores_is_compared_with_another_folder_only(repository):
    (repository.parent / ".gitignore").write_text("drafts/\n", encoding="utf-8")
    drafts = repository.parent / "drafts"
    shutil.copytree(CORPUS, drafts)
    done = run("diff", "--corpus", drafts)
    assert done.exit_code == 2
    assert "contains no corpus" in done.stderr
    done = run("diff", repository, drafts)
    assert done.exit_code == 0
    assert "polarity: favor → neutral" in done.stdout


def test_a_revision_is_read_in_parts_that_fit_into_memory(repository, monkeypatch):
    whole = read_state("first", repository)
    sizes = [path.stat().st_size for path in repository.rglob("*") if path.is_file()]
    monkeypatch.setattr(states, "_LARGEST", max(sizes) + 100)
    assert read_state("first", repository) == whole


@pytest.mark.parametrize("limit", ["_LARGEST", "_LARGEST_REVISION"])
def test_a_huge_revision_is_refused(repository, monkeypatch, limit):
    monkeypatch.setattr(states, limit, 2000)
    with pytest.raises(UnreadableCorpusError):
        read_state("first", repository)


HOSTILE_SCHEMAS = {
    "deep": b'{"$defs":' * 100_000,
    "deep but whole": b'{"$defs":{"a":' * 400 + b"{}" + b"}}" * 400,
    "lists": b'{"properties":[1],"$defs":[2]}',
    "texts": b'{"properties":{"a":"b","c":{"enum":"d"}},"$defs":{"e":"f"}}',
    "no record": b"[[]]",
    "numbers": b'{"properties":{"a":{"enum":[' + b"9" * 5000 + b"]}}}",
    "latin-1": b'{"properties":{"a":{"enum":["\xe9"]}}}',
    "huge": b" " * (64 << 20),
    "empty": b"",
}


@pytest.mark.posix
@pytest.mark.parametrize("side", ["folder", "revision"])
def test_no_schema_of_a_stranger_stops_a_diff(repository, side):
    before = run("diff", "first", "--format", "json").stdout
    folder = repository / "schema"
    folder.mkdir()
    for name, raw in HOSTILE_SCHEMAS.items():
        (folder / f"{name}.schema.json").write_bytes(raw)
    secret = '{"properties":{"a":{"enum":["secret"]}}}'
    (repository.parent / "secret.json").write_text(secret, encoding="utf-8")
    (folder / "link.schema.json").symlink_to("../../secret.json")
    (folder / "nowhere.schema.json").symlink_to("nowhere")
    (folder / "device.schema.json").symlink_to("/dev/zero")
    (folder / "circle.schema.json").symlink_to("circle.schema.json")
    (folder / "folder.schema.json").mkdir()
    if side == "revision":
        subprocess.run([*GIT, "add", "."], check=True)
        subprocess.run([*GIT, "commit", "-qm", "Third."], check=True)
    else:
        os.mkfifo(folder / "pipe.schema.json")

    done = run("diff", "first", *(["HEAD"] if side == "revision" else []), "--format", "json")
    assert done.exit_code == 0, done.output
    assert "secret" not in done.stdout
    found, expected = json.loads(done.stdout), json.loads(before)
    assert {**found, "new": ""} == {**expected, "new": ""}
    assert found["documents"]


@pytest.mark.posix
def test_a_schema_folder_that_leads_out_is_not_read(repository, tmp_path):
    (tmp_path / "schemas").mkdir()
    secret = '{"properties":{"a":{"enum":["secret"]}}}'
    (tmp_path / "schemas/x.schema.json").write_text(secret, encoding="utf-8")
    (repository / "schema").symlink_to(tmp_path / "schemas")
    state = read_state(str(repository))
    assert state.vocabularies == {}


@pytest.mark.parametrize("output", sorted(RENDERINGS))
def test_every_format_of_the_command(small, output):
    edit(small / TALKS, '"polarity":"neutral"', '"polarity":"favor"')
    done = run("diff", CORPUS, small, "--format", output)
    assert done.exit_code == 0
    assert "2030-01-harbour-talks" in done.stdout


def test_the_changelog_tells_of_documents_entries_and_breaking_changes(small):
    edit(small / "annotations/targets.jsonl", '"target_id":"ferry"', '"target_id":"new-ferry"')
    index = small / "raw/documents.jsonl"
    first, *_ = index.read_text(encoding="utf-8").splitlines(keepends=True)
    index.write_text(first, encoding="utf-8", newline="\n")
    brief = small / "raw/text/2030-01-harbour-brief.txt"
    brief.write_text(
        "Dear all, " + brief.read_text(encoding="utf-8"), encoding="utf-8", newline="\n"
    )

    lines = run("diff", CORPUS, small, "--format", "changelog").stdout.splitlines()
    assert [line for line in lines if not line.startswith("- ")] == [
        "## Next (unreleased)", "", "Breaking for users of the data:", "", "", "The data:", "",
    ]  # fmt: skip
    news = [line for line in lines if line.startswith("- ")]
    assert any("2030-02-toll-critics" in line and "gone" in line for line in news)
    assert any("raw text" in line for line in news)
    assert any("annotations/targets.jsonl" in line and "`ferry`" in line for line in news)


def test_without_git_a_revision_is_wrong_usage(small, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("diff", "main", small)
    assert (done.exit_code, "git is not installed" in done.stderr) == (2, True)
