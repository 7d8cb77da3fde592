"""The card: generated sections are fresh, the authors' words are theirs."""

import pytest
import yaml
from conftest import ROOT

from readout.dataset.build import build_hub
from readout.dataset.card import fill_sections, find_sections, split_front_matter
from readout.dataset.features import CONFIGS, FEATURES
from readout.workbench.datacard import refresh_card


def test_the_card_is_not_stale():
    old, new, _ = refresh_card(ROOT)
    assert old == new, "run `readout card`"


@pytest.mark.slow
def test_the_slow_sections_are_not_stale():
    old, new, _ = refresh_card(ROOT, with_slow=True)
    assert old == new, "run `readout card --all`"


def test_only_generated_sections_change():
    labels = "<!-- generated: labels -->\nold\n<!-- end: labels -->\n"
    text = f"a\n{labels}b\n<!-- generated: other -->\nkept\n<!-- end: other -->\n"
    filled = fill_sections(text, {"labels": "new"})
    assert filled == text.replace("old", "new")
    assert fill_sections(filled, {"labels": "new"}) == filled
    assert find_sections(text) == ["labels", "other"]


def test_the_hub_card_declares_what_is_there(tmp_path):
    hub = tmp_path / "hub"
    infos = build_hub(ROOT, hub).infos
    front, body = split_front_matter((hub / "README.md").read_text(encoding="utf-8"))
    assert [entry["config_name"] for entry in front["configs"]] == list(CONFIGS)
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
    assert body == written[1]
    assert written[0].items() <= front.items()
    assert yaml.safe_load(yaml.safe_dump(front)) == front
