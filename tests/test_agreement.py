"""Agreement against outside references, worked examples and invariants."""

from collections import Counter
from statistics import mean

import krippendorff
import numpy as np
import pytest
from conftest import CORPUS
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from sklearn.metrics import cohen_kappa_score

from readout.agreement.coefficients import cohen_kappa, krippendorff_alpha, with_unmatched
from readout.agreement.counts import (
    UNMATCHED,
    AgreementCounts,
    add_counts,
    count_agreement,
    match_annotations,
)
from readout.agreement.pairs import compare_all_pairs, estimate_gamma
from readout.agreement.report import pair_to_json, to_tables, write_html
from readout.corpus.read import read_corpus
from readout.model import Layer, Mention, Span, Stance
from readout.report.intervals import jackknife, leave_one_out
from readout.text.matching import dice, match

labels = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40
)


@given(labels)
def test_kappa_is_that_of_scikit_learn(pairs):
    ours = cohen_kappa(Counter(pairs))
    if len({label for pair in pairs for label in pair}) == 1:
        assert ours is None
        return
    reference = cohen_kappa_score(*zip(*pairs, strict=True))
    assert ours == pytest.approx(reference)


@given(labels)
def test_alpha_is_that_of_krippendorff(pairs):
    ours = krippendorff_alpha(Counter(pairs))
    data = np.array(list(zip(*pairs, strict=True)))
    if len(set(data.ravel())) == 1:
        assert ours is None
        return
    reference = krippendorff.alpha(
        reliability_data=data, level_of_measurement="nominal", value_domain=["a", "b", "c"]
    )
    assert ours == pytest.approx(reference)


def test_alpha_of_a_worked_example():
    """Krippendorff (2011), section B: two observers, ten units, nominal data: α = .095."""
    first = "0100000000"
    second = "1110010010"
    assert krippendorff_alpha(Counter(zip(first, second, strict=True))) == pytest.approx(
        0.095, abs=0.0005
    )


def test_jackknife_of_a_mean_is_the_t_interval():
    values = [0.1, 0.5, 0.4, 0.9, 0.6]
    estimate = jackknife(mean(values), leave_one_out(values, mean))
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    half = student.ppf(0.975, len(values) - 1) * error
    assert (estimate.low, estimate.high) == pytest.approx(
        (np.mean(values) - half, np.mean(values) + half)
    )
    assert jackknife(1.0, leave_one_out([1.0], mean)) == (1.0, None, None)


def mention(start, end, speaker="a", name="x"):
    return Mention(id=name, speaker=speaker, span=Span(start, end, "x" * (end - start)))


mentions = st.lists(
    st.builds(
        lambda start, size, who: mention(start, start + size, who),
        st.integers(0, 30),
        st.integers(1, 10),
        st.sampled_from("ab"),
    ),
    max_size=8,
)


@given(mentions, mentions, st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_order_and_mirror(ours, theirs, rng):
    counts = count_agreement(ours, theirs, "mention", 50)
    shuffled = count_agreement(
        rng.sample(ours, len(ours)), rng.sample(theirs, len(theirs)), "mention", 50
    )
    assert counts == shuffled
    mirrored = count_agreement(theirs, ours, "mention", 50)
    assert (mirrored.matched, mirrored.shared_characters) == (
        counts.matched,
        counts.shared_characters,
    )
    assert counts.matched <= min(len(ours), len(theirs))


@given(mentions)
def test_a_layer_agrees_with_itself(ours):
    counts = count_agreement(ours, ours, "mention", 50)
    assert counts.matched == counts.exact == len(ours)
    assert counts.first_characters == counts.shared_characters
    assert all(a == b for a, b in counts.labels["speaker"])
    assert all(a == b for a, b in counts.characters)


@given(mentions, mentions)
def test_matching_is_one_to_one_and_overlapping(ours, theirs):
    pairs = match_annotations(ours, theirs, "mention")
    assert len({id(a) for a, _ in pairs}) == len({id(b) for _, b in pairs}) == len(pairs)
    assert all(dice([a.span], [b.span]) > 0 for a, b in pairs)


def test_matching_is_optimal_where_greedy_is_not():
    weights = {("a", "x"): 0.9, ("a", "y"): 0.8, ("b", "x"): 0.8, ("b", "y"): 0.0}
    assert match(["a", "b"], ["x", "y"], lambda p, q: weights[p, q]) == [(0, 1), (1, 0)]


def test_stances_of_one_passage_are_told_apart_by_holder_and_target_not_by_polarity():
    def stance(target, polarity, end):
        return Stance(
            id="s",
            holder="h",
            target=target,
            polarity=polarity,
            expression="explicit",
            evidence=(Span(0, end, "x"),),
        )

    first = [stance("t1", "favor", 9), stance("t2", "against", 9)]
    second = [stance("t2", "favor", 7), stance("t1", "favor", 4)]
    assert [(a.target, b.target) for a, b in match_annotations(first, second, "stance")] == [
        ("t1", "t1"),
        ("t2", "t2"),
    ]
    polarities = count_agreement(first, second, "stance", 9).labels["polarity"]
    assert polarities == {("favor", "favor"): 1, ("against", "favor"): 1}


def test_unmatched_items_count_against_alpha():
    counts = AgreementCounts(
        first=3, second=2, matched=2, labels={"speaker": Counter({("a", "a"): 2})}
    )
    assert with_unmatched(counts, "speaker") == {("a", "a"): 2, ("unmatched", UNMATCHED): 1}


def test_report_of_the_small_corpus_by_hand():
    corpus, _ = read_corpus(CORPUS)
    (pair,) = compare_all_pairs(corpus.documents)
    assert (pair.first, pair.second) == ("ann", "ben")
    stances, found = pair.types["stance"], pair.types["mention"]
    assert (
        stances.total.first,
        stances.total.second,
        stances.total.matched,
        stances.total.exact,
    ) == (2, 1, 1, 0)
    assert stances.total.labels["polarity"] == {("neutral", "against"): 1}
    assert (found.total.matched, found.total.exact) == (1, 1)
    assert stances.total.shared_characters == len("“iron toll”")
    assert add_counts([stances.total, AgreementCounts()]) == stances.total
    data = pair_to_json(pair)
    assert data["types"]["mention"]["measures"]["spans"]["exact F1"]["value"] == 1
    assert [table.title.split(":")[0] for table in to_tables(pair)] == [
        "Spans",
        "Labels of matched items",
        "Most frequent confusions",
    ]


@pytest.mark.slow
def test_gamma_is_one_for_equal_layers_and_lower_for_moved_ones():
    def layer(shift):
        return Layer(
            path="",
            records=tuple(
                mention(start + shift, start + 5 + shift, "ab"[start % 2])
                for start in range(0, 95, 12)
            ),
        )

    pytest.importorskip("pygamma_agreement")
    same = estimate_gamma([(layer(0), layer(0))], "mention")
    moved = estimate_gamma([(layer(0), layer(3))], "mention")
    assert same.value == pytest.approx(1)
    assert moved.value < same.value
    assert estimate_gamma([(layer(0), Layer(path=""))], "mention") is None


def test_page_escapes_and_shows_the_confusion(tmp_path):
    corpus, _ = read_corpus(CORPUS)
    write_html(tmp_path / "page.html", compare_all_pairs(corpus.documents))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'class="other"' in page
    assert "<script" not in page
