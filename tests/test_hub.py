"""The built folder is whole: its pages, links and metadata are what the Hub expects."""

import json
import re

import pytest
from conftest import ROOT
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard

from readout.benchmark.tasks import CANARY
from readout.dataset.build import build_hub
from readout.dataset.citation import format_bibtex, parse_authors
from readout.dataset.columns import COLUMNS, ROWS
from readout.dataset.companions import relink
from readout.dataset.features import FEATURES
from readout.dataset.glossary import LONGEST, format_columns, iter_fields

LINK = re.compile(r"\]\(([^()\s]+)\)")
TASKS = {"text-classification": ("multi-input-text-classification", "topic-classification")}
"""The identifiers of the Hub that the card uses, by category."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "hub"
    assert build_hub(ROOT, folder).infos
    return folder


def test_every_column_is_described():
    assert list(ROWS) == list(COLUMNS) == list(FEATURES)
    for columns in COLUMNS.values():
        for path, column in iter_fields(columns):
            assert re.fullmatch(r"[A-Z\W].*\.", column.meaning), path
            assert not column.null.endswith("."), path
            assert "|" not in column.meaning + column.null, path


def built_configs(hub):
    """Return the configs of the built folder, in order."""
    return [config for config in FEATURES if (hub / "data" / config).is_dir()]


def test_the_cards_have_a_row_per_column(hub):
    for page in (hub / "README.md", hub / "docs/glossary.md"):
        paths = [path for config in built_configs(hub) for path, _ in iter_fields(COLUMNS[config])]
        text = page.read_text(encoding="utf-8")
        described = re.findall(r"^\| `([^`]*)` \| (?:string|int32|float64|bool|l|s|t)", text, re.M)
        assert [path for path in described if path in set(paths)] == paths, page
    assert format_columns(built_configs(hub)) in (hub / "README.md").read_text(encoding="utf-8")


def test_the_glossary_shows_a_row_of_every_config(hub):
    text = (hub / "docs/glossary.md").read_text(encoding="utf-8")
    rows = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)]
    assert [list(row) for row in rows] == [list(FEATURES[config]) for config in built_configs(hub)]
    # Among the values are answers of the benchmark, whole texts and all targets.
    assert CANARY in text
    assert max(map(len, text.splitlines())) < 2 * LONGEST


def test_every_relative_link_leads_somewhere(hub):
    followed = 0
    for page in hub.rglob("*.md"):
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            if "://" not in target:
                to = page.parent / path if path else page
                assert to.is_file(), (page.name, target)
                if anchor and to.suffix == ".md":
                    assert anchor in find_anchors(to), (page.name, target)
                followed += 1
    assert followed


def find_anchors(page):
    """Return the anchors that sites make of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](b.md)", "[a](b.md)"),
        ("[a](c.md)", "a"),
        ("[a](../docs/b.md#c)", "[a](../docs/b.md#c)"),
        ("[a](../../outside)", "a"),
        ("[a](../DATACARD.md#uses)", "[a](../README.md#uses)"),
        ("[a](#b)", "[a](#b)"),
        ("[a](https://example.org/c.md)", "[a](https://example.org/c.md)"),
        ("![a](c.png)", "a"),
    ],
)
def test_links_to_what_is_absent_become_text(link, expected):
    assert relink(f"x {link} y", "docs/page.md", {"docs/b.md", "README.md"}) == f"x {expected} y"


def test_the_hub_reads_the_card(hub):
    data = DatasetCard.load(hub / "README.md").data
    assert data.license == "other"
    assert (hub / data.license_link).is_file()
    assert data.task_categories == ["text-classification", "token-classification"]
    assert set(data.task_ids) == {task for tasks in TASKS.values() for task in tasks}
    configs = MetadataConfigs.from_dataset_card_data(data)
    assert list(configs) == built_configs(hub)
    assert configs.get_default_config_name() == "stances"
    infos = DatasetInfosDict.from_dataset_card_data(data)
    for config in built_configs(hub):
        assert list(infos[config].features) == list(FEATURES[config])


def test_croissant_names_authors_citation_keys_and_references(hub):
    croissant = json.loads((hub / "croissant.json").read_bytes())
    assert [creator["@type"] for creator in croissant["creator"]] == ["sc:Organization"]
    assert croissant["citeAs"].startswith("@misc{")
    assert croissant["rai:dataCollection"].startswith("The five texts were supplied")
    assert "|" not in croissant["rai:dataAnnotationProtocol"]
    sets = {record_set["@id"]: record_set for record_set in croissant["recordSet"]}
    fields = {field["@id"] for each in sets.values() for field in each["field"]}
    referred = set()
    for name, record_set in sets.items():
        assert record_set["key"]["@id"].startswith(f"{name}/")
        for field in record_set["field"]:
            assert field["description"]
            if "references" in field:
                referred.add(field["references"]["field"]["@id"])
    assert referred <= fields
    assert {"documents-test/doc_id", "speakers-train/speaker_id"} <= referred


@pytest.mark.parametrize(
    "raw", [b"", b"- a\n", b"\xff", b"authors: 1\n", b"authors: [1]\n", b"a: b: c\n"]
)
def test_a_file_that_cites_nothing_gives_nothing(raw):
    assert format_bibtex(raw) == ""
    assert parse_authors(raw) == []


@pytest.mark.posix
def test_a_companion_that_leads_out_of_the_corpus_is_a_problem(small):
    (small / "CHANGELOG.md").symlink_to("/etc/hostname")
    built = build_hub(small, small / "build/hub")
    assert [(problem.code, problem.path) for problem in built.problems if not built.infos] == [
        ("outside-link", "CHANGELOG.md")
    ]
