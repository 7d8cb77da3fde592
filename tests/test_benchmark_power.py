"""Test detectable differences, the coverage of intervals, and the reports on them."""

import numpy as np
import pytest
from benchmark import LABELS, make_items, make_score

from readout.benchmark.board.card import format_section
from readout.benchmark.scoring.power import (
    CORRELATIONS,
    HIT_RATES,
    ClusterSizes,
    count_clusters,
    count_labels,
    plan_error,
    plan_table,
    simulate_all,
    simulate_coverage,
)
from readout.benchmark.scoring.report import list_limits, report_comparisons, report_score
from readout.benchmark.scoring.scores import compare_all
from readout.benchmark.scoring.statistics import smallest_p
from readout.benchmark.tasks import TASKS, build_all_items
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


def test_coverage_falls_as_events_differ(real):
    """Coverage is near 95 % if events do not differ, and lower the more they do."""
    items = TASKS["polarity"].build(real[0])
    found = {(each.hit_rate, each.icc): each.share for each in simulate_all(items, LABELS)}
    assert all(found[rate, 0.0] > 0.92 for rate in HIT_RATES)
    assert all(found[rate, icc] > 0.75 for rate in HIT_RATES for icc in CORRELATIONS)
    for rate in HIT_RATES:
        shares = [found[rate, icc] for icc in CORRELATIONS]
        assert shares == sorted(shares, reverse=True)


def test_coverage_is_nominal_for_many_events():
    assert simulate_coverage(
        np.full((40, 3), 4), LABELS, 0.7, 0.05, runs=2_000
    ).share == pytest.approx(0.95, abs=0.02)


def test_the_simulation_agrees_with_full_scoring():
    """Simulating items, predictions and scores one by one gives the same coverage."""
    shape = np.array([[6, 3, 1], [2, 2, 1], [12, 5, 2], [4, 1, 2]])
    fast = simulate_coverage(shape, LABELS, 0.6, 0.0)
    random = np.random.default_rng(7)
    expected = shape.sum(axis=0) * 1000
    golds = [
        label
        for label, number in zip(LABELS, shape.sum(axis=0), strict=True)
        for _ in range(number)
    ]
    big = [label for label, number in zip(LABELS, expected, strict=True) for _ in range(number)]
    truth = make_score(big, [_answer(random, label, 0.6) for label in big]).value()
    covered = 0
    for _ in range(400):
        golds, events = [], []
        for number, row in enumerate(shape[random.integers(0, 4, 4)]):
            chosen = [label for label, times in zip(LABELS, row, strict=True) for _ in range(times)]
            golds += chosen
            events += [f"e{number}"] * len(chosen)
        score = make_score(golds, [_answer(random, label, 0.6) for label in golds], events)
        estimate = score.on_texts_like_these(score.official)
        covered += estimate.low <= truth <= estimate.high
    assert covered / 400 == pytest.approx(fast.share, abs=0.04)


def _answer(random, label, hit_rate):
    others = [other for other in LABELS if other != label]
    return label if random.random() < hit_rate else others[random.integers(0, 2)]


def test_labels_and_items_are_counted_by_event():
    items = make_items(["favor", "favor", "against"], ["a", "b", "a"])
    assert count_labels(items, LABELS).tolist() == [[1, 1, 0], [1, 0, 0]]
    assert count_clusters(items) == ClusterSizes((2, 1))


def test_planned_errors_follow_the_design_effect():
    even = ClusterSizes((10, 10))
    assert plan_error(even, 2, 0.0) == pytest.approx((0.2 / 20) ** 0.5)
    assert plan_error(even, 2, 1.0) == pytest.approx((0.2 / 2) ** 0.5)
    assert ClusterSizes((1, 19)).effective > even.effective == even.mean


def test_more_events_detect_less(real):
    table = plan_table(TASKS["stance"].build(real[0]))
    found = [float(row[2]) for row in table.rows]
    assert found == sorted(found, reverse=True)
    assert [row[0] for row in table.rows] == sorted(row[0] for row in table.rows)


# ---------------------------------------------------------------- reports


@pytest.mark.parametrize(
    ("events", "comparisons", "can"),
    [(5, 1, False), (6, 1, True), (6, 3, False), (8, 3, True), (500, 9, True)],
)
def test_reports_give_the_limits_of_few_events(events, comparisons, can):
    words = " ".join(list_limits(events, comparisons))
    assert ("can be significant" not in words) == can
    assert format_p(smallest_p(events)) in words
    assert len(words) < 500


def test_the_card_quotes_the_coverage(real):
    corpus, _ = real
    section = format_section(build_all_items(corpus))
    coverage = next(iter(simulate_all(TASKS["polarity"].build(corpus), LABELS)))
    assert f"{coverage.share:.1%}" in section


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
