"""The figures, against ones worked out by hand."""

import pytest

from agent.evaluation import figures as fig
from agent.evaluation.figures import Finding


def test_macro_f1_counts_each_label_alike() -> None:
    # a: precision 2/3, recall 1, F1 0.8. b: precision 1, recall 1/2, F1 2/3.
    assert fig.macro_f1(["a", "a", "b", "b"], ["a", "a", "a", "b"]) == pytest.approx((0.8 + 2 / 3) / 2, abs=1e-4)


def test_a_label_that_was_only_guessed_is_a_mistake_and_no_label() -> None:
    assert fig.macro_f1(["a", "a"], ["a", "z"]) == pytest.approx(2 / 3, abs=1e-4)


def test_calibration_error_is_the_weighted_distance_of_sureness_and_rightness() -> None:
    # Two at 0.9, of which one is right: 0.4 apart, half of the texts. Two at 0.5, both right: 0.5 apart, the other half.
    assert fig.ece([0.9, 0.9, 0.5, 0.5], [True, False, True, True]) == pytest.approx(0.45)


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    # Pairs: 3 over 2 and 1, 1.5 over 1 only, 2 over 1 and level with 2.
    assert fig.auroc([3.0, 1.5, 2.0], [2.0, 1.0]) == pytest.approx((2 + 1 + 1.5) / 6, abs=1e-4)


def test_ranks_give_recall_and_the_mean_reciprocal_rank() -> None:
    ranks = [1, 2, None, 4]

    assert fig.recall(ranks, 1) == 0.25
    assert fig.recall(ranks, 5) == 0.75
    assert fig.mean_reciprocal_rank(ranks) == pytest.approx((1 + 1 / 2 + 1 / 4) / 4, abs=1e-4)


def test_correlation_of_what_never_changes_is_none() -> None:
    assert fig.correlation([-1, 0, 1], [-2, 0, 2]) == 1.0
    assert fig.correlation([1, 1, 1], [0, 1, 2]) == 0.0


def test_latency_is_the_middle_and_the_slow_end() -> None:
    assert fig.latency([float(value) for value in range(1, 102)]) == {"p50": 51.0, "p95": 96.0}


def test_draws_are_averaged_and_the_first_one_is_timed() -> None:
    first = Finding(figures={"accuracy": 0.8, "precision_covered": 0.9}, milliseconds=(1.0,), lines=("first",))
    second = Finding(figures={"accuracy": 0.9}, milliseconds=(5.0,), lines=("second",))

    found = fig.mean_of([first, second])

    assert found.figures == {"accuracy": 0.85, "precision_covered": 0.9}
    assert found.milliseconds == (1.0,)
    assert found.lines[1:] == ("first",)


def test_figures_stand_in_one_order_and_the_first_of_two_holds() -> None:
    found = fig.together(
        [Finding(figures={"coverage": 0.5, "accuracy": 0.7}), Finding(figures={"mrr": 0.1, "coverage": 0.9})], count=3
    )

    assert list(found.figures.items()) == [("n", 3), ("accuracy", 0.7), ("coverage", 0.5), ("mrr", 0.1)]


def test_the_most_frequent_confusions_come_first() -> None:
    lines = fig.confusions(["a", "a", "b", "c"], ["b", "b", "a", "c"])

    assert [line.split() for line in lines[1:]] == [["2", "a", "taken", "for", "b"], ["1", "b", "taken", "for", "a"]]


def test_calibration_is_told_by_tenths() -> None:
    lines = fig.calibration([0.95, 0.91, 0.4], [True, False, True])

    assert [line.split()[:4] for line in lines[1:]] == [["0.4", "to", "0.5", "1"], ["0.9", "to", "1.0", "2"]]
    assert lines[2].split()[4:] == ["93.0", "%", "50.0", "%"]
