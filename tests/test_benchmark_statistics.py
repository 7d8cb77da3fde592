"""Compare intervals and tests with scipy, statsmodels and brute force."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from benchmark import LABELS, make_score
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from readout.benchmark.board.boards import Entry, compare_entries
from readout.benchmark.scoring.scores import (
    IncomparableError,
    adjust_comparisons,
    compare_all,
    compare_scores,
    find_closest,
    rank_scores,
)
from readout.benchmark.scoring.statistics import (
    adjust_holm,
    count_resamples,
    detectable_difference,
    intraclass_correlation,
    mcnemar,
    rank,
    resample_all,
    swap_test,
)


def ratio(counts):
    return counts[..., 0] / counts[..., 1]


@pytest.mark.slow
@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_that_of_statsmodels(first, second):
    from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

    reference = (
        reference_mcnemar([[0, first], [second, 0]], exact=True).pvalue if first + second else 1.0
    )
    assert mcnemar(first, second) == pytest.approx(reference)


@pytest.mark.slow
@settings(max_examples=15)  # the reference takes a tenth of a second
@given(st.lists(st.integers(0, 1000).map(lambda n: n / 1000), max_size=8))
def test_holm_is_that_of_statsmodels(values):
    from statsmodels.stats.multitest import multipletests

    reference = multipletests(values, method="holm")[1] if values else []
    assert adjust_holm(values) == pytest.approx(list(reference))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=2, max_size=4))
def test_resamples_are_all_draws_with_replacement(rows):
    found = resample_all(np.array(rows), ratio)
    draws = list(product(rows, repeat=len(rows)))
    expected = Counter(round(sum(a for a, _ in d) / sum(b for _, b in d), 9) for d in draws)
    ours = Counter()
    for value, weight in zip(found.values, found.weights, strict=True):
        ours[round(float(value), 9)] += weight * len(draws)
    assert ours == pytest.approx(expected)
    assert len(found.values) == count_resamples(len(rows))
    values = sorted(sum(a for a, _ in d) / sum(b for _, b in d) for d in draws)
    low, high = found.interval
    assert low == pytest.approx(np.quantile(values, 0.025, method="inverted_cdf"))
    assert high == pytest.approx(np.quantile(values, 0.975, method="inverted_cdf"))


def test_too_few_or_too_many_clusters_have_no_resamples():
    assert resample_all(np.ones((10, 2)), ratio) is None
    assert resample_all(np.ones((1, 2)), ratio) is None
    assert count_resamples(5) == 126


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=7))
def test_the_swap_test_is_the_permutation_test_of_scipy(pairs):
    rows = np.array([[[a], [b]] for a, b in pairs])
    ours = swap_test(rows, lambda counts: counts[..., 0, 0] - counts[..., 1, 0])
    reference = stats.permutation_test(
        tuple(map(np.array, zip(*pairs, strict=True))),
        lambda a, b, axis: abs((a - b).sum(axis=axis)),
        permutation_type="samples", alternative="greater", vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert ours.p == pytest.approx(reference.pvalue)


def test_the_drawn_swap_test_is_near_the_listed_one():
    random = np.random.default_rng(3)
    rows = random.integers(1, 9, (16, 2, 1)) * [[2], [1]] + [[0], [40]]
    drawn = swap_test(rows, lambda counts: counts[..., 0, 0] - counts[..., 1, 0])
    changes = rows[:, 0, 0] - rows[:, 1, 0]
    signs = np.array(list(product([1, -1], repeat=16)))
    exact = (np.abs(signs @ changes) >= abs(changes.sum())).mean()
    assert drawn.p == pytest.approx(exact, abs=0.02)
    assert drawn.smallest == 1e-4


def test_identical_systems_are_never_different():
    score = make_score(["favor", "against"] * 4, ["favor"] * 8, list("aabbccdd"))
    found = compare_scores(score, score)
    assert (
        found.these_texts.permutation.p
        == found.these_texts.mcnemar
        == found.texts_like_these.swap.p
        == 1
    )
    assert found.texts_like_these.detectable is None
    assert found.texts_like_these.difference == (0, 0, 0)


@pytest.mark.parametrize(("units", "smallest"), [(2, 0.5), (5, 0.0625), (6, 0.03125)])
def test_the_smallest_possible_p_is_reached(units, smallest):
    golds, events = ["favor", "against"] * units, [f"e{n // 2}" for n in range(2 * units)]
    best, worst = (
        make_score(golds, golds, events),
        make_score(golds, ["neutral"] * len(golds), events),
    )
    swap = compare_scores(best, worst).texts_like_these.swap
    assert swap.p == swap.smallest == smallest


@pytest.mark.slow
@given(st.integers(2, 60), st.floats(0.01, 0.5))
def test_the_detectable_difference_is_that_of_statsmodels(count, error):
    from statsmodels.stats.power import TTestPower

    effect = (
        TTestPower().solve_power(effect_size=None, nobs=count, alpha=0.05, power=0.8)
        if count > 2
        else None
    )
    ours = detectable_difference(error, count)
    power = TTestPower().power(ours / error / np.sqrt(count), count, 0.05)
    assert power == pytest.approx(0.8, abs=1e-3)
    if effect and effect > 0.2:
        assert ours == pytest.approx(float(effect) * error * np.sqrt(count), rel=0.01)


@pytest.mark.slow
def test_intraclass_correlation_is_that_of_the_analysis_of_variance():
    import pandas
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    random = np.random.default_rng(5)
    names = [f"c{n % 4}" for n in range(40)]
    values = [float(random.normal() + int(name[1])) for name in names]
    table = anova_lm(
        ols("value ~ C(name)", pandas.DataFrame({"value": values, "name": names})).fit()
    )
    between, within = table["mean_sq"]
    assert intraclass_correlation(values, names) == pytest.approx(
        (between - within) / (between + 9 * within)
    )
    assert intraclass_correlation([1.0, 0.0], ["a", "b"]) is None
    assert intraclass_correlation([1.0, 1.0, 1.0], ["a", "a", "b"]) is None


def test_ranks_and_tie_groups():
    sure = {frozenset((0, 2)), frozenset((1, 2)), frozenset((0, 3)), frozenset((1, 3))}
    found = rank([0.9, 0.8, 0.5, 0.4], lambda i, j: 0.01 if frozenset((i, j)) in sure else 0.5)
    assert [tuple(each) for each in found] == [(1, 2, 1), (1, 2, 1), (3, 4, 2), (3, 4, 2)]
    assert [tuple(each) for each in rank([0.5, 0.5], lambda i, j: 1.0)] == [(1, 2, 1), (1, 2, 1)]


def test_with_five_events_all_systems_tie_on_texts_like_these(real):
    golds, events = list(LABELS) * 20, [f"e{n % 5}" for n in range(60)]
    scores = [
        make_score(golds, golds, events, name="gold"),
        make_score(golds, ["favor"] * 60, events, name="favor"),
        make_score(golds, ["neutral"] * 60, events, name="neutral"),
    ]
    found = compare_all(scores)
    assert {each.group for each in rank_scores(scores, found, lambda each: each.swap)} == {1}
    assert [each.group for each in rank_scores(scores, found, lambda each: each.permutation)] == [
        1,
        2,
        3,
    ]


def test_scores_of_other_data_are_not_compared():
    with pytest.raises(IncomparableError, match="data:"):
        compare_scores(
            make_score(["favor"] * 2, ["favor"] * 2), make_score(["against"] * 2, ["favor"] * 2)
        )


def test_the_floor_is_whichever_artefact_is_closest():
    golds, events = list(LABELS) * 6, [f"e{n % 6}" for n in range(18)]
    random = np.random.default_rng(1)
    answers = random.choice(LABELS, (5, 18)).tolist()
    scores = [make_score(golds, pred, events, name=f"s{n}") for n, pred in enumerate(answers)]
    systems, artefacts = scores[:2], scores[2:]

    compared = [[compare_scores(system, each) for each in artefacts] for system in systems]
    found = adjust_comparisons([find_closest(each) for each in compared])
    for system, each in zip(systems, found, strict=True):
        pairs = [compare_scores(system, artefact) for artefact in artefacts]
        far = [pair.texts_like_these for pair in pairs]
        assert each.comparison.texts_like_these.swap.p == max(pair.swap.p for pair in far)
        difference = each.comparison.texts_like_these.difference
        assert difference.value == min(pair.difference.value for pair in far)
        assert difference.low == min(pair.difference.low for pair in far)
        best = max(artefacts, key=lambda artefact: artefact.value())
        assert (each.comparison.first, each.comparison.second) == (system.name, best.name)

    raw = [each.comparison.texts_like_these.swap.p for each in found]
    assert [each.swap for each in found] == adjust_holm(raw)
    entries = [Entry(score.name, "system", "none", [score]) for score in systems]
    assert compare_entries(entries) == []


def test_more_systems_cost_less_than_more_pairs():
    """Systems are tested against the floor only, so p values are multiplied by fewer numbers."""
    golds, events = list(LABELS) * 4, [f"e{n % 12}" for n in range(12)]
    systems = [make_score(golds, golds, events, name=f"seed{n}") for n in range(5)]
    artefact = make_score(golds, ["neutral"] * 12, events, name="artefact")
    found = [compare_scores(system, artefact) for system in systems]
    against_floor = adjust_comparisons(found)
    all_pairs = compare_all([*systems, artefact])
    assert max(each.swap for each in against_floor) < min(
        each.swap for each in all_pairs if each.comparison.second == "artefact"
    )
