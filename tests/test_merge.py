"""Merging: properties of random edits against git's own merge, real git, and files in conflict."""

import json
import os
import random
import subprocess
from collections import Counter

import pytest
from click.testing import CliRunner
from conftest import CORPUS, ROOT
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from readout.cli import main
from readout.corpus.canonical import encode, encode_layer
from readout.corpus.parse import parse_layer
from readout.model import Mention, Quote, Role, Span, Speaker, Stance
from readout.workbench.merge.driver import format_driver, merge_for_git
from readout.workbench.merge.markers import has_markers, split_sides
from readout.workbench.merge.records import merge_records
from readout.workbench.merge.sequences import merge_items
from readout.workbench.merge.versions import UnmergeableError, parse_version
from readout.workbench.merge.wording import describe_conflict

BRIEF = "annotations/gold/2030-01-harbour-brief.jsonl"
SPEAKERS = "annotations/speakers.jsonl"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# ---------------------------------------------------------------- random edits

IDS = [f"{letter}-{number}" for letter in "msq" for number in (1, 2, 3)]
NAMES = ("ada", "ben", "cleo")


def span_at(place):
    return Span(start=place, end=place + 3, exact=f"{place:03}")


def make_record(identity, rng):
    """Return a random annotation with an id that begins with the letter of its type."""
    spans = (span_at(rng.randrange(30)),)
    name = rng.choice(NAMES)
    if identity.startswith("m"):
        return Mention(id=identity, speaker=name, span=spans[0])
    if identity.startswith("s"):
        return Stance(
            id=identity,
            holder=name,
            target=rng.choice(NAMES),
            polarity=rng.choice(["favor", "against", "neutral"]),
            expression=rng.choice(["explicit", "implicit"]),
            evidence=spans,
            note=rng.choice([None, "a", "b"]),
        )
    return Quote(
        id=identity,
        form="direct",
        speaker=name,
        content=spans,
        addressees=tuple(rng.sample(NAMES, rng.randrange(4))),
        source=rng.choice([None, "m-1", "m-2", "m-3"]),
    )


def edit_layer(layer, rng):
    """Return a layer after some records were deleted or got another field, and some were added."""
    records = {}
    for old in layer:
        chance = rng.random()
        if chance < 0.1:
            continue
        records[old.id] = old
        if chance > 0.6:
            other = make_record(old.id, rng)
            field = rng.choice([name for name in old.__struct_fields__ if name != "id"])
            records[old.id] = replace(old, **{field: getattr(other, field)})
    for identity in rng.sample(IDS, rng.randrange(3)):
        records.setdefault(identity, make_record(identity, rng))
    return list(records.values())


def make_layer(rng):
    return [make_record(identity, rng) for identity in rng.sample(IDS, rng.randrange(2, 7))]


def make_fork(seed):
    """Return three versions of a layer in canonical form: the base and both sides."""
    rng = random.Random(seed)
    base = make_layer(rng)
    return tuple(map(encode_layer, (base, edit_layer(base, rng), edit_layer(base, rng))))


seeds = st.integers(0, 2**32)
forks = seeds.map(make_fork)


def line_of(entry):
    return None if entry is None else entry.line


def facts(merged, swapped=False):
    """Return what a merge says, in an order that does not depend on the sides."""
    conflicts = set()
    for each in merged.conflicts:
        sides = [line_of(each.ours), line_of(each.theirs)]
        fields = [(f.name, repr(f.base), (repr(f.ours), repr(f.theirs))) for f in each.fields]
        if swapped:
            sides.reverse()
            fields = [(name, base, values[::-1]) for name, base, values in fields]
        conflicts.add((each.key, line_of(each.base), *sides, tuple(fields)))
    return Counter(merged.raw.split(b"\n")), conflicts


def git_merge(base, ours, theirs, folder):
    """Return the lines as git merges them, and whether it found a conflict."""
    paths = [folder / each for each in ("ours", "base", "theirs")]
    for path, raw in zip(paths, (ours, base, theirs), strict=True):
        path.write_bytes(raw)
    command = ["git", "merge-file", "-p", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode < 128, done.stderr
    return done.stdout, done.returncode > 0


def is_right(raw):
    """Tell whether a merged layer is as ``check`` demands: canonical, and without loose ends."""
    layer, problems = parse_layer("x", raw, None)
    known = [record.id for record in layer.records]
    named = {getattr(record, "source", None) for record in layer.records} - {None}
    return (
        not problems
        and len(set(known)) == len(known)
        and encode_layer(layer.records) == raw
        and named <= set(known)
    )


@given(forks)
def test_the_sides_may_be_swapped(versions):
    base, ours, theirs = versions
    merged = merge_records(base, ours, theirs)
    other = merge_records(base, theirs, ours)
    assert facts(merged) == facts(other, swapped=True)
    if not merged.conflicts:
        assert merged.raw == other.raw


@given(forks)
def test_merging_again_changes_nothing(versions):
    base, ours, theirs = versions
    merged = merge_records(base, ours, theirs)
    if is_right(ours):
        assert merge_records(base, ours, ours).raw == ours
        assert merge_records(base, base, ours).raw == merge_records(base, ours, base).raw == ours
    if not merged.conflicts:
        assert merge_records(base, merged.raw, theirs).raw == merged.raw
        assert merge_records(base, ours, merged.raw).raw == merged.raw
    # A span that is in conflict may put the versions out of order, which only `format` mends.
    sides = split_sides(merged.raw)
    for known in (base, sides.base):
        assert facts(merge_records(known, sides.ours, sides.theirs)) == facts(merged)


def as_written(value):
    return None if value in (None, []) else value


@given(forks)
def test_every_change_is_in_the_result(versions):
    """A value of one side is in the result, unless the other side changed it and it did not."""
    base, ours, theirs = (parse_version("x", raw) for raw in versions)
    merged = merge_records(*versions)
    sides = split_sides(merged.raw)
    here, there = parse_version("x", sides.ours), parse_version("x", sides.theirs)
    disputed = {each.key: each for each in merged.conflicts}

    for key in {*ours, *theirs}:
        versions_of_key = [side[key].record for side in (here, there) if key in side]
        if not versions_of_key:
            kept = ours.get(key) or theirs.get(key)
            assert not (key in ours and key in theirs), "only one side can have deleted it"
            assert base[key].record == kept.record, "and the other side left it as it was"
            continue
        for side, result in ((ours, here), (theirs, there)):
            if key not in side:
                continue
            old = base[key].record if key in base else {}
            for field, value in side[key].record.items():
                if as_written(old.get(field)) != value and key not in disputed:
                    found = versions_of_key[0].get(field)
                    is_list = isinstance(value, list) and isinstance(value[0], str)
                    assert found == value or (
                        is_list and {*value} - {*old.get(field, [])} <= {*(found or [])}
                    )
                elif key in disputed and as_written(old.get(field)) != value:
                    assert result[key].record.get(field) is not None or field == "addressees"


@given(forks)
def test_the_result_is_that_of_git_if_git_has_a_right_one(tmp_path_factory, versions):
    folder = tmp_path_factory.mktemp("lines")
    raw, has_conflict = git_merge(*versions, folder)
    merged = merge_records(*versions)
    if has_conflict or not is_right(raw):
        return
    deleted = [each for each in merged.conflicts if each.ours is None or each.theirs is None]
    # Git does not see that a line that one side moved is the line that the other side deleted.
    assert len(deleted) == len(merged.conflicts)
    assert deleted or merged.raw == raw


@given(seeds)
def test_additions_are_never_in_conflict(seed):
    rng = random.Random(seed)
    base = make_layer(rng)
    known = {record.id for record in base}
    new = [record for record in make_layer(rng) if record.id not in known]
    here = [record for record in new if rng.random() < 0.6]
    there = [record for record in new if record not in here or rng.random() < 0.3]
    versions = map(encode_layer, (base, [*base, *here], [*base, *there]))
    merged = merge_records(*versions)
    assert not merged.conflicts
    assert merged.raw == encode_layer([*base, *new])


def test_the_properties_reach_conflicts_and_clean_merges(tmp_path):
    """The random edits would be no test if git or this program always or never merged them."""
    seen = Counter()
    for seed in range(80):
        versions = make_fork(seed)
        raw, has_conflict = git_merge(*versions, tmp_path)
        merged = merge_records(*versions)
        seen["git conflicts"] += has_conflict
        seen["git is right"] += not has_conflict and is_right(raw)
        seen["only git conflicts"] += has_conflict and not merged.conflicts
        for each in merged.conflicts:
            seen["fields" if each.fields else "named" if each.is_named else "deleted"] += 1
    kinds = {"git conflicts", "git is right", "only git conflicts", "fields", "named", "deleted"}
    assert {name for name, number in seen.items() if number >= 3} == kinds


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
odd_records = st.dictionaries(
    st.sampled_from(["id", "type", "doc_id", "span", "source", "aliases", "x", "annotation"]),
    json_values | st.sampled_from(["mention", "stance", "suggestion", "a"]),
    max_size=4,
)
odd_lines = odd_records.map(lambda record: json.dumps(record).encode()) | st.binary(max_size=6)
odd_files = st.lists(odd_lines, max_size=4).map(b"\n".join)


@given(odd_files, odd_files, odd_files)
def test_anything_else_is_refused_and_nothing_raises(base, ours, theirs):
    try:
        merged = merge_records(base, ours, theirs)
    except UnmergeableError:
        return
    for each in merged.conflicts:
        assert list(describe_conflict(each))
    assert merge_records(*split_sides(merged.raw)).raw == merged.raw


# ---------------------------------------------------------------- lists and order

short = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


@given(short, short, short)
def test_lists_are_merged_as_sets(base, ours, theirs):
    merged = merge_items(base, ours, theirs)
    assert merged == merge_items(base, theirs, ours)
    assert merge_items(base, ours, base) == ours
    assert merge_items(base, ours, ours) == ours
    if merged is not None:
        new = ({*ours} | {*theirs}) - {*base}
        assert len(set(merged)) == len(merged)
        assert {*merged} == ({*base} & {*ours} & {*theirs}) | new


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("abc", "abcx", "abcy", "abcxy"),
        ("abc", "axbc", "abcy", "axbcy"),
        ("abc", "ac", "abcx", "acx"),
        ("abc", "cba", "abcx", "cxba"),
        ("abc", "ac", "ab", "a"),
        ("abc", "axc", "ayc", None),  # what became of b?
        ("abc", "axc", "ac", "axc"),
        ("abc", "bac", "acb", None),
    ],
)
def test_a_list_is_merged_if_its_meaning_is_certain(base, ours, theirs, merged):
    found = merge_items(base, ours, theirs)
    assert found == (None if merged is None else list(merged))


def test_a_role_that_one_side_deletes_and_the_other_edits_is_a_conflict():
    roles = [(), (Role(title="Mayor"),), (Role(title="Mayor", start="2030"),)]
    deleted, base, edited = (
        Speaker(speaker_id="ada", name="Ada", kind="person", roles=each) for each in roles
    )
    assert disputed(merge_one(base, deleted, edited)) == [["roles"]]
    assert not merge_one(base, base, edited).conflicts


def test_lines_out_of_order_stay_after_the_line_that_they_follow():
    lines = [encode(Mention(id=f"m-{n}", speaker="ada", span=span_at(n))) + b"\n" for n in range(6)]
    base = lines[3] + lines[1] + lines[2]
    ours = lines[3] + lines[5] + lines[1] + lines[2]
    theirs = lines[3] + lines[1] + lines[2] + lines[0]
    assert merge_records(base, ours, theirs).raw == b"".join(lines[n] for n in (3, 5, 1, 2, 0))


def test_unchanged_lines_keep_their_bytes():
    loose = b'{"id": "m-1", "type":"mention","speaker":"ada","span":{"exact":"x"}}\n'
    added = [encode(Mention(id=f"m-{n}", speaker="ada", span=span_at(n))) + b"\n" for n in (2, 3)]
    merged = merge_records(loose, loose + added[0], added[1] + loose)
    assert merged.raw == added[1] + loose + added[0]


# ---------------------------------------------------------------- single records


def stance(**fields):
    values = {"holder": "ada", "target": "toll", "polarity": "favor", "expression": "explicit"}
    return Stance(**{"id": "s-1", "evidence": (span_at(4),), **values, **fields})


def merge_one(base, ours, theirs, **named):
    versions = [
        b"" if record is None else encode(record) + b"\n" for record in (base, ours, theirs)
    ]
    return merge_records(*versions, **named)


def disputed(merged):
    return [[field.name for field in each.fields] for each in merged.conflicts]


def test_other_fields_of_one_record_are_merged():
    merged = merge_one(stance(), stance(polarity="against"), stance(note="Look."))
    assert merged.raw == encode(stance(polarity="against", note="Look.")) + b"\n"


def test_both_versions_of_a_conflict_have_what_one_side_changed():
    ours = stance(polarity="against", note="Look.")
    merged = merge_one(stance(), ours, stance(polarity="neutral", expression="implicit"))
    assert disputed(merged) == [["polarity"]]
    (conflict,) = merged.conflicts
    for entry, polarity in ((conflict.ours, "against"), (conflict.theirs, "neutral")):
        kept = stance(polarity=polarity, note="Look.", expression="implicit")
        assert entry.line == encode(kept)


def test_the_target_and_the_polarity_are_not_mixed():
    merged = merge_one(stance(), stance(target="ferry"), stance(polarity="against"))
    assert disputed(merged) == [["polarity", "target"]]
    both = stance(target="ferry", polarity="against")
    assert not merge_one(stance(), both, stance(polarity="against")).conflicts


def test_a_value_that_is_taken_away_is_a_change():
    merged = merge_one(stance(note="a"), stance(), stance(note="b"))
    assert disputed(merged) == [["note"]]
    assert merge_one(stance(note="a"), stance(), stance(note="a")).raw == encode(stance()) + b"\n"


@pytest.mark.parametrize("base", [None, stance(polarity="neutral")])
def test_the_words_name_the_record_the_field_and_all_values(base):
    merged = merge_one(base, stance(), stance(polarity="against"))
    (conflict,) = merged.conflicts
    text = "\n".join(describe_conflict(conflict))
    expected = {"s-1", "004", "polarity", "favor", "against"} | ({"neutral"} if base else set())
    assert {word for word in expected if word in text} == expected


@pytest.mark.parametrize("is_ours", [True, False])
def test_deleting_against_editing_is_a_conflict(is_ours):
    sides = (None, stance(polarity="against"))
    merged = merge_one(stance(), *(sides if is_ours else sides[::-1]))
    (conflict,) = merged.conflicts
    assert (conflict.ours is None, conflict.theirs is None) == (is_ours, not is_ours)
    assert any("deleted" in line for line in describe_conflict(conflict))
    assert merge_one(stance(), None, stance()).raw == b""


def test_a_deleted_record_that_is_named_elsewhere_is_a_conflict():
    mention = Mention(id="m-1", speaker="ada", span=span_at(1))
    quote = Quote(id="q-1", form="direct", speaker="ada", content=(span_at(5),), source="m-1")
    base, theirs = encode_layer([mention]), encode_layer([mention, quote])
    merged = merge_records(base, b"", theirs)
    assert [(each.key, each.is_named) for each in merged.conflicts] == [(("id", "m-1"), True)]
    assert encode(quote) in merged.raw


def test_aliases_of_two_branches_are_both_there():
    speakers = [
        Speaker(speaker_id="ada", name="Ada", kind="person", aliases=aliases)
        for aliases in (("A",), ("A", "Adi"), ("A.", "A"))
    ]
    merged = merge_one(*speakers)
    (line,) = merged.raw.splitlines()
    assert json.loads(line)["aliases"] == ["A.", "A", "Adi"]


def test_a_kept_side_is_no_conflict():
    versions = (stance(), stance(polarity="against"), stance(polarity="neutral"))
    merged = merge_one(*versions, keep={"s-1": "theirs"})
    assert (merged.raw, merged.conflicts) == (encode(versions[2]) + b"\n", ())


@pytest.mark.parametrize(
    "raw",
    [
        b"\n",
        b"[]\n",
        b'{"id":"a"}\r\n',
        b'\xef\xbb\xbf{"id":"a"}\n',
        b'{"id":"a"}\n{"id":"a"}\n',
        b"<<<<<<< ours\n",
        b'{"id":"\xff"}\n',
    ],
)
def test_a_file_that_is_not_one_record_per_line_is_refused(raw):
    with pytest.raises(UnmergeableError):
        merge_records(b"", raw, b"")


def test_a_field_that_is_given_twice_is_refused_where_it_would_be_lost():
    twice = b'{"id":"a","x":1,"x":2}\n'
    assert merge_records(b"", twice, b"").raw == twice
    with pytest.raises(UnmergeableError):
        merge_records(b'{"id":"a"}\n', twice, b'{"id":"a","y":1}\n')


def test_a_draft_that_both_sides_replace_is_refused():
    drafts = [f'{{"type":"mention","speaker":"{name}"}}\n'.encode() for name in NAMES]
    assert merge_records(drafts[0], drafts[0] + drafts[1], drafts[0]).raw == drafts[0] + drafts[1]
    assert merge_records(drafts[0], drafts[1], drafts[0]).raw == drafts[1]
    with pytest.raises(UnmergeableError):
        merge_records(*drafts)


# ---------------------------------------------------------------- real git

GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
ODD = "my \"co'rpus"
"""A folder whose name has a space and both kinds of quotation marks."""


class Repository:
    """A repository with the small corpus in a folder, and two branches."""

    def __init__(self, top, with_driver):
        self.root = top / ODD
        self.git("init", "-q", "-b", "main", ".", where=top)
        for path in ("annotations", "raw"):
            for file in sorted((CORPUS / path).rglob("*")):
                if file.is_file():
                    self.write(f"{path}/{file.relative_to(CORPUS / path)}", file.read_bytes())
        self.write(".gitattributes", (ROOT / ".gitattributes").read_bytes())
        if with_driver:
            assert run("merge", "--install", "--corpus", self.root).exit_code == 0
        self.commit("base")

    def git(self, *arguments, where=None, check=True):
        command = [*GIT, *arguments]
        environment = {**os.environ, "GIT_EDITOR": "true"}
        return subprocess.run(
            command,
            cwd=where or self.root,
            check=check,
            capture_output=True,
            text=True,
            env=environment,
        )

    def write(self, path, raw):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(raw)

    def read(self, path=BRIEF):
        return (self.root / path).read_bytes()

    def commit(self, message):
        self.git("add", ".")
        self.git("commit", "-qm", message)

    def branch(self, *edits, path=BRIEF):
        """Make a branch per edit, from the same commit; the last one is checked out."""
        for number, edit in enumerate(edits):
            self.git("checkout", "-q", "-B", f"branch-{number}", "main")
            self.write(path, edit(self.read(path)))
            self.commit(f"edit {number}")


def swap(old, new):
    def edit(raw):
        assert old.encode() in raw
        return raw.replace(old.encode(), new.encode(), 1)

    return edit


def insert(identity, polarity):
    """Return an edit that adds a stance after the last one, which both sides do at one place."""

    def edit(raw):
        layer, _ = parse_layer(BRIEF, raw, None)
        last = next(record for record in layer.records if record.id == "s-toll")
        values = {field: getattr(last, field) for field in last.__struct_fields__}
        values.update(id=identity, polarity=polarity, target="ferry")
        return encode_layer([*layer.records, Stance(**values)])

    return edit


def delete(identity):
    def edit(raw):
        lines = raw.splitlines(keepends=True)
        return b"".join(line for line in lines if f'"id":"{identity}"'.encode() not in line)

    return edit


FERRY = '"target":"ferry","polarity":"favor","expression":"explicit"'
SCENARIOS = {
    "opposite labels": (
        swap(FERRY, FERRY.replace("favor", "against")),
        swap(FERRY, FERRY.replace("favor", "neutral")),
        True,
    ),
    "two fields": (
        swap(FERRY, FERRY.replace("favor", "against")),
        swap(FERRY, FERRY.replace("explicit", "implicit")),
        False,
    ),
    "two stances": (insert("s-x1", "favor"), insert("s-x2", "neutral"), False),
    "edit and delete": (swap(FERRY, FERRY.replace("favor", "against")), delete("s-ferry"), True),
    "one stance twice": (insert("s-x1", "favor"), insert("s-x1", "favor"), False),
}
"""Two edits of one file, and whether they are a conflict of annotations."""

WAYS = {
    "merge": ("merge", "-q", "--no-edit", "branch-0"),
    "rebase": ("rebase", "-q", "branch-0"),
    "cherry-pick": ("cherry-pick", "branch-0"),
}


SLOW_WAY = pytest.param("cherry-pick", marks=pytest.mark.slow)


def scenario_path(name):
    return f"annotations/gold/{name.replace(' ', '-')}.jsonl"


def merge_scenarios(top, way, with_driver):
    """Merge two branches that edit one file per scenario; return the base and what git says."""
    repository = Repository(top, with_driver)
    base = repository.read()
    for name in SCENARIOS:
        repository.write(scenario_path(name), base)
    repository.commit("files")
    for number in (0, 1):
        repository.git("checkout", "-qb", f"branch-{number}", "main")
        for name, scenario in SCENARIOS.items():
            repository.write(scenario_path(name), scenario[number](base))
        repository.commit(f"edit {number}")
    done = repository.git(*WAYS[way], check=False)
    return repository, base, done.stdout + done.stderr


def judge(raw, edits, base):
    """Return what a file says: a conflict, both changes, or something that is silently wrong."""
    if has_markers(raw):
        return "conflict"
    expected = merge_records(base, *(edit(base) for edit in edits))
    return "right" if raw == expected.raw and not expected.conflicts else "wrong"


@pytest.mark.parametrize("way", ["merge", "rebase", SLOW_WAY])
def test_git_with_the_driver(tmp_path, way):
    repository, base, said = merge_scenarios(tmp_path, way, with_driver=True)
    for name, (*edits, is_conflict) in SCENARIOS.items():
        raw = repository.read(scenario_path(name))
        assert judge(raw, edits, base) == ("conflict" if is_conflict else "right")
        assert (f"{scenario_path(name)}: 1 conflict" in said) == is_conflict


@pytest.mark.parametrize("way", WAYS)
def test_git_without_the_driver_is_never_silently_wrong(tmp_path, way):
    repository, base, _ = merge_scenarios(tmp_path, way, with_driver=False)
    verdicts = set()
    for name, (*edits, _) in SCENARIOS.items():
        verdicts.add(judge(repository.read(scenario_path(name)), edits, base))
    assert verdicts == {"conflict", "right"}


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_conflicts_of_lines_are_resolved_afterwards(tmp_path, style):
    """The driver was not there; the base is that of git's index, whatever the markers say."""
    repository = Repository(tmp_path, with_driver=False)
    repository.git("config", "merge.conflictStyle", style)
    base = repository.read()
    for name in ("two fields", "two stances"):
        *edits, _ = SCENARIOS[name]
        repository.branch(*edits)
        repository.git(*WAYS["merge"], check=False)
        assert has_markers(repository.read())
        done = run("merge", "--corpus", repository.root)
        assert judge(repository.read(), edits, base) == "right", done.output
        repository.git("merge", "--abort")


def test_a_conflict_is_resolved_by_choosing_and_the_merge_goes_on(tmp_path):
    *edits, _ = SCENARIOS["opposite labels"]
    repository = Repository(tmp_path, with_driver=True)
    repository.branch(*edits)
    repository.git(*WAYS["merge"], check=False)

    left = run("merge", "--corpus", repository.root)
    assert (left.exit_code, "s-ferry" in left.output) == (1, True)
    assert run("merge", "--corpus", repository.root, "--ours", "s-fery").exit_code == 2
    done = run("merge", "--corpus", repository.root, "--ours", "s-ferry")
    assert (done.exit_code, b'"polarity":"neutral"' in repository.read()) == (0, True)
    repository.git("add", ".")
    repository.git("merge", "--continue")
    assert "No file is in conflict" in run("merge", "--corpus", repository.root).output


def test_edits_outside_of_the_markers_are_kept(tmp_path):
    *edits, _ = SCENARIOS["two stances"]
    repository = Repository(tmp_path, with_driver=False)
    repository.branch(*edits)
    repository.git(*WAYS["merge"], check=False)
    by_hand = swap('"form":"indirect"', '"form":"mixed"')(repository.read())
    repository.write(BRIEF, by_hand)
    run("merge", "--corpus", repository.root)
    merged = repository.read()
    assert not has_markers(merged)
    assert all(each in merged for each in (b'"s-x1"', b'"s-x2"', b'"form":"mixed"'))


def test_a_driver_that_cannot_run_leaves_no_side_out(tmp_path):
    """Git would take our file for the result, without any marker."""
    *edits, _ = SCENARIOS["opposite labels"]
    repository = Repository(tmp_path, with_driver=False)
    base = repository.read()
    for command in (str(tmp_path / "no where/readout"), "false"):
        repository.git("config", "merge.readout.driver", format_driver(command))
        repository.branch(*edits)
        repository.git(*WAYS["merge"], check=False)
        assert judge(repository.read(), edits, base) == "conflict"
        repository.git("merge", "--abort")


def test_branches_with_two_bases_that_differ_stay_in_conflict_and_are_resolved(tmp_path):
    """Each branch merged the other one and took its own value, so git merges their bases first."""
    *edits, _ = SCENARIOS["opposite labels"]
    repository = Repository(tmp_path, with_driver=True)
    repository.branch(*edits)
    for number in (0, 1):
        repository.git("checkout", "-qb", f"cross-{number}", f"branch-{number}")
        repository.git("merge", f"branch-{1 - number}", check=False)
        run("merge", "--corpus", repository.root, "--ours", "s-ferry")
        repository.commit(f"cross {number}")

    assert repository.git("merge", "cross-0", check=False).returncode == 1
    done = run("merge", "--corpus", repository.root, "--theirs", "s-ferry")
    assert done.exit_code == 0, done.output
    assert b'"ferry","polarity":"against"' in repository.read()
    assert not has_markers(repository.read())


def test_a_record_with_two_bases_is_in_conflict_unless_both_sides_agree():
    lines = [encode(stance(polarity=each)) + b"\n" for each in ("favor", "against", "neutral")]
    base = merge_records(lines[2], lines[0], lines[1]).raw
    for ours, theirs in ((lines[0], lines[1]), (lines[0], b""), (b"", lines[2])):
        assert len(merge_records(base, ours, theirs).conflicts) == 1
    assert merge_records(base, lines[1], lines[1]).raw == lines[1]
    assert merge_records(base, b"", b"").raw == b""


def test_a_file_that_one_side_deleted_is_left_to_a_person(tmp_path):
    repository = Repository(tmp_path, with_driver=True)
    repository.branch(swap(FERRY, FERRY.replace("favor", "against")))
    repository.git("checkout", "-qb", "gone", "main")
    repository.git("rm", "-q", BRIEF)
    repository.git("commit", "-qm", "delete")
    repository.git(*WAYS["merge"], check=False)
    before = repository.read()
    done = run("merge", "--corpus", repository.root)
    assert (done.exit_code, "git rm" in done.output, repository.read()) == (1, True, before)


def test_installing_adds_attributes_once_and_needs_a_repository(small):
    assert run("merge", "--install", "--corpus", small).exit_code == 2
    subprocess.run([*GIT, "init", "-q", str(small)], check=True)
    (small / ".gitattributes").write_bytes(b"*.txt -text")
    for _ in range(2):
        assert run("merge", "--install", "--corpus", small).exit_code == 0
    lines = (small / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*.txt -text"
    assert len(lines) == len(set(lines)) == 3


@pytest.mark.parametrize("root", [ROOT, ROOT / "src/readout/workbench/template"])
def test_the_attributes_name_every_kind_of_file(root, tmp_path):
    subprocess.run([*GIT, "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitattributes").write_bytes((root / ".gitattributes").read_bytes())
    paths = ["raw/documents.jsonl", SPEAKERS, BRIEF, "annotations/by/ann/x.jsonl"]
    command = [*GIT, "check-attr", "merge", "--", *paths, "raw/text/x.txt", "annotations/README.md"]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    drivers = [line.rsplit(": ", 1)[1] for line in listed.stdout.splitlines()]
    assert drivers == [*["readout"] * len(paths), "unspecified", "unspecified"]


# ---------------------------------------------------------------- the driver and files by hand


def drive(folder, base, ours, theirs):
    paths = [folder / name for name in ("base", "ours", "theirs")]
    for path, raw in zip(paths, (base, ours, theirs), strict=True):
        path.write_bytes(raw)
    report = merge_for_git(*paths, "x.jsonl")
    return report.has_conflict, paths[1].read_bytes()


def test_the_driver_leaves_nothing_beside_its_files(tmp_path):
    raw = encode_layer([stance()])
    assert drive(tmp_path, b"", raw, raw) == (False, raw)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "ours", "theirs"]


def test_lines_that_are_no_records_are_merged_by_git(tmp_path):
    base = b"".join(f"{number}\n".encode() for number in range(9))
    ours, theirs = base.replace(b"1\n", b"one\n"), base.replace(b"7\n", b"seven\n")
    assert drive(tmp_path, base, ours, theirs) == (False, ours.replace(b"7\n", b"seven\n"))
    conflict, raw = drive(tmp_path, base, ours, base.replace(b"1\n", b"uno\n"))
    assert (conflict, has_markers(raw)) == (True, True)


def put_conflict(root, ours, theirs, base=None):
    """Put a conflict in the place of the line about the ferry; return the file without it."""
    raw = (root / BRIEF).read_bytes()
    (line,) = [each for each in raw.splitlines(keepends=True) if b'"id":"s-ferry"' in each]
    middle = b"" if base is None else b"||||||| base\n" + base
    block = b"<<<<<<< HEAD\n" + ours + middle + b"=======\n" + theirs + b">>>>>>> topic\n"
    (root / BRIEF).write_bytes(raw.replace(line, block))
    return raw, line


def test_markers_alone_are_enough_if_the_base_is_among_them(small):
    raw = (small / BRIEF).read_bytes()
    (line,) = [each for each in raw.splitlines(keepends=True) if b'"id":"s-ferry"' in each]
    ours = line.replace(b'"favor"', b'"against"')
    theirs = line.replace(b'"explicit"', b'"implicit"')
    put_conflict(small, ours, theirs, line)
    run("merge", small / BRIEF, "--corpus", small)
    both = ours.replace(b'"explicit"', b'"implicit"')
    assert (small / BRIEF).read_bytes() == raw.replace(line, both)


def test_without_a_base_a_difference_stays_and_an_addition_is_named(small):
    raw = (small / BRIEF).read_bytes()
    (line,) = [each for each in raw.splitlines(keepends=True) if b'"id":"s-ferry"' in each]
    put_conflict(small, line, line.replace(b'"favor"', b'"against"'))
    before = parse_sides(small)
    assert run("merge", "--corpus", small).exit_code == 1
    assert parse_sides(small) == before

    (small / BRIEF).write_bytes(raw)
    put_conflict(small, line, line.replace(b'"s-ferry"', b'"s-ferry-2"'))
    done = run("merge", "--corpus", small)
    assert not has_markers((small / BRIEF).read_bytes())
    assert "s-ferry-2" in done.output


def parse_sides(root):
    return split_sides((root / BRIEF).read_bytes())


@pytest.mark.parametrize("extra", [b"<<<<<<< HEAD\n", b"=======\n", b">>>>>>> x\n"])
def test_a_marker_without_a_partner_is_left(small, extra):
    raw = (small / BRIEF).read_bytes() + extra
    (small / BRIEF).write_bytes(raw)
    assert run("merge", "--corpus", small).exit_code == 1
    assert (small / BRIEF).read_bytes() == raw


def test_other_files_are_refused(small, tmp_path):
    outside = tmp_path / "x.jsonl"
    outside.write_bytes(b"")
    text = small / "raw/text/2030-01-harbour-brief.txt"
    for file in (outside, text):
        assert run("merge", file, "--corpus", small).exit_code == 2


def test_a_shuffled_large_file_is_merged(tmp_path):
    records = [stance(id=f"s-{n:05}", evidence=(span_at(n),)) for n in range(3000)]
    base = encode_layer(records)
    lines = base.splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    theirs = base.replace(b'"favor"', b'"against"')
    merged = merge_records(base, b"".join(lines), theirs)
    assert merged.raw == b"".join(lines).replace(b'"favor"', b'"against"')
