"""The shared arithmetic against numbers worked by hand."""

import math

import numpy as np
import pytest

from indicators._stats import madz, middle, pct_rank, slr

HISTORY = [1, 2, 2, 3, 4, 4, 5, 9, 10, 50]  # median 4, MAD 2; twice the same has the same middle


def test_the_smoothed_log_ratio_shows_1510_times_thirty_million_as_30_times() -> None:
    assert slr(30.2e6, 2e4, 1e6) == pytest.approx(3.420615, abs=1e-6)
    assert math.exp(slr(30.2e6, 2e4, 1e6)) == pytest.approx(30.588, abs=1e-3)


def test_the_smoothed_log_ratio_of_small_money_is_small() -> None:
    assert slr(3e4, 20, 1e6) == pytest.approx(0.029539, abs=1e-6)
    assert slr(0, 0, 1e6) == 0
    assert slr(2, 1, 1) == pytest.approx(-float(slr(1, 2, 1)))
    assert slr(1.6, 5, 0.1) == pytest.approx(math.log(1.7 / 5.1))


def test_the_smoothed_log_ratio_refuses_no_smoothing() -> None:
    with pytest.raises(ValueError, match="above 0"):
        slr([1, 2], [1, 2], [1, 0])


def test_the_robust_score_of_20_in_a_history_of_median_4_and_mad_2() -> None:
    score = madz(20, HISTORY * 2)
    assert middle(HISTORY * 2) == (4, 2)
    assert score.z == pytest.approx(5.395926, abs=1e-6)
    assert not score.degenerate


def test_nineteen_points_of_history_are_too_few() -> None:
    assert np.isnan(madz(20, [*(HISTORY * 2)[:19], np.nan]).z)
    assert np.isnan(madz(20, []).z)
    assert not madz(20, []).degenerate


def test_a_history_that_never_moved_is_scored_by_five_percent_of_its_level_and_marked() -> None:
    score = madz(110, [100] * 20)
    assert score.z == pytest.approx(10 / (1.4826 * 5))
    assert score.degenerate
    assert np.isfinite(madz(1, [0] * 20).z)


def test_many_histories_are_scored_at_once_each_by_itself() -> None:
    histories = np.array([HISTORY * 2, [*(HISTORY * 2)[:19], np.nan], [100] * 20])
    z, degenerate = madz([20, 20, np.nan], histories)
    assert z[0] == pytest.approx(5.395926, abs=1e-6)
    assert np.isnan(z[1:]).all()
    assert not degenerate.any()
    np.testing.assert_array_equal(pct_rank([4, 60, 100], histories), [10 / 20, 1, 0.5])


def test_a_rank_counts_equals_by_half() -> None:
    assert pct_rank(2, [1, 2, 3, np.nan]) == 0.5
    assert pct_rank(9, [1, 2, 3]) == 1
    assert np.isnan(pct_rank(1, []))
    assert np.isnan(pct_rank(np.nan, [1]))
