"""Annotations, code and texts have different rights, and everything that names one names all."""

import json
import re

import pytest
import yaml
from conftest import ROOT

from readout.dataset.companions import COMPANIONS
from readout.dataset.croissant import build_croissant

PARTS = ("Apache-2.0", "CC-BY-4.0", "LicenseRef-Readout-Texts")
CODE, ANNOTATIONS, TEXTS = PARTS


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def read_front():
    return yaml.safe_load(read("DATACARD.md").split("---\n")[1])


@pytest.mark.parametrize("name", ["LICENSE", "pyproject.toml", "CITATION.cff"])
def test_every_part_is_named_by_its_identifier(name):
    assert all(part in read(name) for part in PARTS)


def test_the_licence_of_the_package_joins_the_parts():
    (licence,) = re.findall(r'^license = "(.*)"$', read("pyproject.toml"), re.MULTILINE)
    assert sorted(licence.split(" AND ")) == sorted(PARTS)


def test_the_citation_offers_no_choice_of_licences():
    """The Citation File Format takes a list of licences for a choice, and knows no LicenseRef."""
    assert "license" not in yaml.safe_load(read("CITATION.cff"))


def test_the_card_names_annotations_and_texts_and_links_to_the_terms():
    front = read_front()
    assert front["license"] == "other"
    assert {ANNOTATIONS.lower(), TEXTS.lower()} == set(front["license_name"].split("-and-"))
    assert (ROOT / front["license_link"]).is_file()


@pytest.mark.slow
def test_the_metadata_of_the_built_dataset_name_and_link_the_terms(tmp_path):
    import mlcroissant

    front = read_front()
    assert front["license_link"] in COMPANIONS
    path = tmp_path / "croissant.json"
    path.write_text(json.dumps(build_croissant(front, [], {})), encoding="utf-8")

    (licence,) = mlcroissant.Dataset(jsonld=path).metadata.license
    assert (licence.name, licence.url) == (front["license_name"], "LICENSE")


@pytest.mark.parametrize("licence", ["cc-by-4.0", ["cc-by-4.0", "mit"]])
def test_licences_without_a_link_keep_their_identifiers(licence):
    assert build_croissant({"license": licence}, [], {})["license"] == licence
