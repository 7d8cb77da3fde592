"""Test detectable differences, and the reports on scores."""

import pytest
from benchmark import LABELS, make_items, make_score
from msgspec.structs import replace

from readout.benchmark.scoring.power import (
    ClusterSizes,
    count_clusters,
    plan_error,
    plan_table,
)
from readout.benchmark.scoring.report import (
    find_needed_events,
    list_limits,
    report_comparisons,
    report_score,
)
from readout.benchmark.scoring.scores import compare_all
from readout.benchmark.scoring.statistics import smallest_p
from readout.report.intervals import Estimate
from readout.report.tables import (
    Report,
    Table,
    format_difference,
    format_latex,
    format_number,
    format_p,
    format_score,
)


def test_scored_items_are_counted_by_event():
    items = make_items(["favor", "favor", "against", None], ["a", "b", "a", "a"])
    assert count_clusters(items) == ClusterSizes((2, 1))


def test_swap_groups_are_counted_by_event_in_the_smallest_family():
    items = make_items(["favor", "none", "favor", "none"], ["a", "a", "b", "b"], task="stance")
    items[0] = replace(items[0], swap={"holder": items[1].id, "target": items[1].id})
    items[2] = replace(items[2], swap={"holder": items[3].id})
    assert count_clusters(items) == ClusterSizes((1, 0))
    assert "share of swap groups" in plan_table(items).title


def test_planned_errors_follow_the_design_effect():
    even = ClusterSizes((10, 10))
    assert plan_error(even, 2, 0.0) == pytest.approx((0.2 / 20) ** 0.5)
    assert plan_error(even, 2, 1.0) == pytest.approx((0.2 / 2) ** 0.5)
    assert ClusterSizes((1, 19)).effective > even.effective == even.mean


def test_more_events_detect_less():
    table = plan_table(make_items(["favor", "against"] * 20, [f"e{n % 4}" for n in range(40)]))
    found = [float(row[3]) for row in table.rows]
    assert found == sorted(found, reverse=True)
    assert [row[0] for row in table.rows] == sorted(row[0] for row in table.rows)
    for events, _, comparisons, *_ in table.rows:
        assert smallest_p(events) * comparisons < 0.05 <= smallest_p(events) * (comparisons + 1)


@pytest.mark.parametrize("comparisons", [1, 3, 12, 499])
def test_as_many_events_are_needed_as_make_a_test_significant(comparisons):
    needed = find_needed_events(comparisons)
    assert smallest_p(needed) * comparisons < 0.05 <= smallest_p(needed - 1) * comparisons
    assert (comparisons > 1) == (needed > 6)
    assert find_needed_events(501) is None


# ---------------------------------------------------------------- reports


@pytest.mark.parametrize(
    ("events", "comparisons", "can"),
    [(5, 1, False), (6, 1, True), (6, 3, False), (8, 3, True), (400, 9, True), (400, 900, False)],
)
def test_reports_give_the_limits_of_few_events(events, comparisons, can):
    sentences = list_limits(events, comparisons)
    assert len(sentences) == 3
    assert all(sentence.count(". ") == 0 for sentence in sentences)
    words = " ".join(sentences)
    assert ("no difference" not in words) == can
    assert format_p(smallest_p(events)) in words
    needed = find_needed_events(comparisons)
    assert (f"at least {needed} events" in words) == (not can and needed is not None)


def test_reports_contain_the_signature_and_both_statements():
    golds, events = list(LABELS) * 5, [f"e{n % 5}" for n in range(15)]
    first, second = (
        make_score(golds, golds, events),
        make_score(golds, ["favor"] * 15, events, name="other"),
    )
    report = report_score(second)
    assert any(second.signature in note for note in report.notes)
    assert report.tables[0].columns[1:] == (
        "on these texts",
        "on texts like these",
        "resampled events",
    )
    assert report.data["counts"]["items"] == 15
    assert report.data["measures"]["F_fa"]["value"] == 0.25
    found = report_comparisons([first, second], compare_all([first, second]))
    assert isinstance(found, Report)
    assert found.data["signature"] == first.signature
    (only,) = found.data["comparisons"]
    assert only["difference"] == 0.75
    assert only["on_texts_like_these"]["swap"] == {
        "p": 0.0625, "holm": 0.0625, "smallest": 0.0625, "method": "all 32 swaps",
    }  # fmt: skip


def test_number_formats():
    assert format_number(0.5) == ".500"
    assert format_number(-0.25, 2) == "-.25"
    assert format_number(None) == "–"
    assert format_p(0.00001) == "<.0001"
    assert format_score(Estimate(0.5, -0.1, 1.2)) == ".500 [.000, 1.000]"
    assert format_difference(Estimate(-0.5, -0.75, 0.25)) == "−.500 [−.750, +.250]"
    assert format_difference(Estimate(-0.0, 0.0, 0.0)) == "+.000 [+.000, +.000]"
    assert format_latex(Table("t", ("a_b", "n"), [("50 %", 1)])).splitlines()[3:6] == [
        r"a\_b & n \\", r"\midrule", r"50 \% & 1 \\",
    ]  # fmt: skip
