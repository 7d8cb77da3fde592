"""Compare intervals with statsmodels and the plain jackknife, and test the widest of them."""

import numpy as np
import pytest
from benchmark import make_item, make_score
from hypothesis import given
from hypothesis import strategies as st

from readout.benchmark.scoring.intervals import (
    cross_spreads,
    find_lowest,
    iter_spreads,
    jackknife_items,
    jackknife_spread,
    jackknife_widest,
    subtract,
    sum_clusters,
    sum_rows,
    wilson_interval,
)
from readout.benchmark.scoring.measures import ACCURACY, F_FA
from readout.benchmark.scoring.scores import Score, compare_scores
from readout.report.intervals import Estimate, jackknife, leave_one_out

units = st.integers(2, 6).flatmap(
    lambda count: st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=count, max_size=count
    )
)


def ratio(counts):
    return counts[..., 0] / counts[..., 1]


def test_clusters_are_summed_in_the_order_they_occur():
    assert sum_clusters(np.array([[1], [2], [4]]), ["b", "a", "b"]).tolist() == [[5], [2]]


@pytest.mark.slow
@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_is_that_of_statsmodels(hits, more):
    from statsmodels.stats.proportion import proportion_confint

    total = hits + more
    ours = wilson_interval(hits / total, total)
    assert (ours.low, ours.high) == pytest.approx(
        proportion_confint(hits, total, method="wilson"), abs=1e-9
    )
    # With few clusters, the interval is wider.
    clustered = wilson_interval(hits / total, total, 5)
    assert clustered.low - 1e-12 <= ours.low < ours.high <= clustered.high + 1e-12


# ---------------------------------------------------------------- jackknives


@given(units)
def test_the_vectorised_jackknife_is_the_plain_one(rows):
    def share(part):
        return sum(a for a, _ in part) / sum(b for _, b in part)

    plain = jackknife(share(rows), leave_one_out(rows, share))
    assert jackknife_items(np.array(rows), ratio) == pytest.approx(plain)


@given(units, st.randoms(use_true_random=False))
def test_rows_that_occur_several_times_count_as_often(rows, random):
    times = [random.randint(1, 3) for _ in rows]
    repeated = np.repeat(np.array(rows), times, axis=0)
    plain = jackknife_spread(repeated, ratio)
    assert jackknife_spread(np.array(rows), ratio, np.array(times)) == pytest.approx(plain)


@pytest.mark.slow
def test_two_way_errors_are_those_of_statsmodels():
    """For a mean on a balanced grid, the jackknife is the sandwich times G / (G − 1)."""
    import statsmodels.api as sm
    from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

    random = np.random.default_rng(4)
    events, targets = (part.ravel().tolist() for part in np.indices((6, 4, 3))[:2])
    effects = random.normal(size=6)[events] + random.normal(size=4)[targets]
    values = effects + random.normal(size=len(effects))

    fit = sm.OLS(values, np.ones(len(values))).fit()
    found = cov_cluster_2groups(fit, np.array(events), np.array(targets))
    both, by_event, by_target = [part.item() for part in found]
    rows = np.stack([values, np.ones(len(values))], axis=1)
    sums = sum_rows(rows, events, targets)
    _, event_spread, crossed = iter_spreads(sums, ratio, np.array([0, 1]))
    assert event_spread.error**2 == pytest.approx(by_event)
    assert crossed.error**2 == pytest.approx(both)
    assert jackknife_spread(sums.targets, ratio).error ** 2 == pytest.approx(by_target)
    assert (event_spread.units, crossed.units) == pytest.approx((6, 4))


def test_two_way_variances_that_are_negative_count_as_zero():
    one, two = jackknife_spread(np.array([[1, 2], [1, 2]]), ratio), (0.5, 4)
    assert cross_spreads(one, one, one._replace(error=two[0])).error == 0


# ---------------------------------------------------------------- scores


def make_crossed(hits, events, targets):
    """Return the score of right and wrong answers to items with events and targets."""
    items = [
        make_item(f"d{n}", "polarity", event, {"holder": "h", "target": target}, "favor")
        for n, (event, target) in enumerate(zip(events, targets, strict=True))
    ]
    answers = {
        item.id: "favor" if hit else "against" for item, hit in zip(items, hits, strict=True)
    }
    return Score("system", items, answers, "event")


grids = st.lists(
    st.tuples(st.booleans(), st.sampled_from("uvwxy"), st.sampled_from("rst")),
    min_size=1,
    max_size=40,
)


@given(grids)
def test_no_interval_for_like_texts_is_narrower_than_that_for_these_texts(rows):
    hits, events, targets = zip(*rows, strict=True)
    score = make_crossed(hits, list(events), list(targets))
    for measure in score.measures:
        near, far = score.on_these_texts(measure), score.on_texts_like_these(measure)
        assert near.value == pytest.approx(far.value)
        if len(set(events)) > 1:
            assert far.low <= near.low + 1e-12
            assert near.high <= far.high + 1e-12
            assert near.low < near.high
        else:
            assert far.low is None


def test_errors_that_targets_share_widen_the_interval():
    targets = ["r", "s", "t", "u"] * 10
    events = [f"e{n // 8}" for n in range(40)]
    shared = make_crossed([target in "rs" for target in targets], events, targets)
    mixed = make_crossed([n % 2 == n // 4 % 2 for n in range(40)], events, targets)
    assert shared.value(ACCURACY) == mixed.value(ACCURACY) == 0.5
    widths = []
    for score in (shared, mixed):
        found = score.on_texts_like_these(ACCURACY)
        widths.append(found.high - found.low)
    assert widths[0] > 2 * widths[1]


@pytest.mark.parametrize("answer", ["gold", "neutral"])
def test_scores_of_one_and_zero_have_intervals_with_a_width(answer):
    golds, events = ["favor", "against"] * 10, [f"e{n % 5}" for n in range(20)]
    preds = golds if answer == "gold" else [answer] * 20
    score = make_score(golds, preds, events)
    for measure in (ACCURACY, F_FA):
        near, far = score.on_these_texts(measure), score.on_texts_like_these(measure)
        assert near.high - near.low > 0.1
        assert far.high - far.low > near.high - near.low

    other = make_score(golds, ["against" if answer == "gold" else "favor"] * 20, events)
    difference = compare_scores(score, other).texts_like_these.difference
    assert difference.low < difference.value < difference.high


def test_the_lowest_of_several_shares_is_between_their_lowest_bounds():
    found = find_lowest([Estimate(0.5, 0.4, 0.6), Estimate(0.55, 0.2, 0.9), Estimate(None)])
    assert found == (0.5, 0.2, 0.6)
    assert find_lowest([]) == (None, None, None)
    assert find_lowest([Estimate(0.5), Estimate(0.6, 0.4, 0.9)]) == (0.5, None, None)


def test_differences_of_independent_estimates_add_variances():
    found = subtract(Estimate(0.8, 0.5, 1.1), Estimate(0.5, 0.1, 0.9))
    assert found == pytest.approx((0.3, 0.3 - 0.5, 0.3 + 0.5))
    assert subtract(Estimate(0.5), Estimate(0.25, 0.1, 0.3)) == (0.25, None, None)


def test_the_widest_interval_of_items_without_targets_is_over_items_and_events():
    rows = np.array([[1, 1], [0, 1], [1, 1], [0, 1]])
    sums = sum_rows(rows, ["a", "a", "b", "b"], [None] * 4)
    assert (sums.targets, sums.cells) == (None, None)
    assert jackknife_widest(sums, ratio, np.array([0, 1])) == jackknife_items(rows, ratio)
