"""Test the simulated coverage of the intervals against scores of whole sets of items."""

import numpy as np
import pytest
from benchmark import LABELS, make_item
from msgspec.structs import replace
from scipy.stats import multivariate_normal, norm

from readout.benchmark.scoring.coverage import (
    CLAIMED,
    CORRELATIONS,
    HIT_RATES,
    _find_bounds,
    coverage_table,
    find_latent,
    find_shape,
    is_possible,
    simulate_coverage,
)
from readout.benchmark.scoring.scores import Score

FAMILIES = ("holder", "paragraph", "target")


@pytest.mark.parametrize("hit_rate", HIT_RATES)
@pytest.mark.parametrize("icc", CORRELATIONS)
def test_latent_effects_give_answers_the_correlation(hit_rate, icc):
    latent, threshold = find_latent(hit_rate, icc), norm.ppf(hit_rate)
    both = multivariate_normal.cdf([threshold] * 2, cov=[[1, latent], [latent, 1]])
    variance = hit_rate * (1 - hit_rate)
    assert (both - hit_rate**2) / variance == pytest.approx(icc, abs=1e-4)


def test_effects_that_leave_no_variance_are_not_simulated():
    assert is_possible(0.5, 0.3, 0.3)
    assert not is_possible(0.9, 0.3, 0.3)


# ---------------------------------------------------------------- against scores of items


def make_polarity(random):
    """Return items with labels, of events and targets of unequal sizes, with predictions."""
    items, predictions = [], {}
    for number in range(60):
        event, target = (f"{name}{int(4 * random.random() ** 2)}" for name in "et")
        gold, pred = random.choice(LABELS, 2, p=[0.7, 0.2, 0.1])
        inputs = {"holder": "h", "target": target}
        items.append(make_item(f"d{number}", "polarity", event, inputs, str(gold)))
        predictions[f"d{number}"] = str(pred if random.random() < 0.5 else gold)
    kinds = [(item, item.gold, predictions[item.id]) for item in items]
    answers = {gold: (gold, *[other for other in LABELS if other != gold]) for gold in LABELS}
    return items, predictions, kinds, answers


def make_stance(random):
    """Return items that lead swap groups, with predictions, and the outcome of every group."""
    items, predictions, kinds = [], {}, []
    for number in range(40):
        event, target = (f"{name}{int(4 * random.random() ** 2)}" for name in "et")
        inputs = {"holder": "h", "target": target}
        other = make_item(f"n{number}", "stance", event, inputs, "none")
        item = make_item(f"p{number}", "stance", event, inputs, "favor")
        swap = {family: other.id for family in FAMILIES if random.random() < 0.7}
        item = replace(item, swap=swap)
        items += [item, other]
        predictions[item.id], predictions[other.id] = random.choice(["favor", "none"], 2).tolist()
        is_right = predictions[item.id] == "favor" and predictions[other.id] == "none"
        kinds += [(item, family, is_right) for family in swap]
    return items, predictions, kinds, dict.fromkeys(FAMILIES, (True, False))


def count_outcomes(shape, kinds, answers):
    """Return the outcomes of one run, in the order of the shape."""
    events = list(dict.fromkeys(item.event for item, _, _ in kinds))
    targets = list(dict.fromkeys(item.target for item, _, _ in kinds))
    columns = [(kind, answer) for kind, named in answers.items() for answer in named]
    outcomes = np.zeros((1, *shape.cells.shape[:2], len(columns)))
    for item, kind, answer in kinds:
        event, target = events.index(item.event), targets.index(item.target)
        outcomes[0, event, target, columns.index((kind, answer))] += 1
    return outcomes


@pytest.mark.parametrize("make", [make_polarity, make_stance])
@pytest.mark.parametrize("seed", range(8))
def test_simulated_intervals_are_those_of_scores(make, seed):
    items, predictions, kinds, answers = make(np.random.default_rng(seed))
    shape, score = find_shape(items), Score("system", items, predictions, "event")
    assert shape.cells.sum() == len(kinds)
    assert shape.measure == score.official

    outcomes = count_outcomes(shape, kinds, answers)
    expected = score.on_texts_like_these(score.official)
    assert shape.statistic(shape.measure, outcomes.sum(axis=(1, 2))) == pytest.approx(
        expected.value
    )
    low, high = _find_bounds(shape, outcomes)
    if shape.measure.combine == "mean":
        assert (low.item(), high.item()) == pytest.approx(expected[1:])
    else:
        # Items without a group count for the spread over items, but change it little.
        assert (low.item(), high.item()) == pytest.approx(expected[1:], abs=0.02)


# ---------------------------------------------------------------- coverage


def make_unequal_items():
    """Return items of five events, half of them in one event, and of 20 unequal targets."""
    random = np.random.default_rng(11)
    items = []
    for number in range(200):
        event, target = f"e{max(0, number % 10 - 5)}", f"t{int(20 * random.random() ** 2)}"
        inputs = {"holder": "h", "target": target}
        gold = str(random.choice(LABELS, p=[0.6, 0.3, 0.1]))
        items.append(make_item(f"d{number}", "polarity", event, inputs, gold))
    return items


@pytest.mark.parametrize("events", [5, 20])
def test_the_coverage_is_claimed_rightly_in_the_hardest_settings(events):
    shape = find_shape(make_unequal_items())
    for hit_rate, event_icc, target_icc in ((0.9, 0.3, 0.0), (0.9, 0.0, 0.3), (0.5, 0.3, 0.3)):
        found = simulate_coverage(shape, hit_rate, event_icc, target_icc, events)
        # Two standard errors of a simulated coverage are 2 points.
        assert found.share > CLAIMED - 0.02


def test_intervals_get_wider_as_answers_depend_on_events_and_targets():
    shape = find_shape(make_unequal_items())
    widths = []
    for event_icc, target_icc in ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3)):
        widths.append(simulate_coverage(shape, 0.5, event_icc, target_icc, 20, runs=200).width)
    assert widths == sorted(widths)


def test_the_table_has_a_number_for_every_pair_of_correlations():
    table = coverage_table(make_unequal_items(), runs=20)
    assert len(table.rows) == len(table.columns) - 1 == len(CORRELATIONS)
    assert all(cell.endswith("%") for row in table.rows for cell in row[1:])
