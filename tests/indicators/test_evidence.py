"""What followed such days: outcomes, means, how sure; and a published index whose windows overlap."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators._evidence import compare, episodes, forward_returns, mean_where, rank_ic, worst_returns


def test_a_return_runs_from_the_days_own_close_or_from_the_next() -> None:
    prices = [100.0, 110.0, 121.0, 60.5]
    assert forward_returns(prices, 1) == pytest.approx([0.1, 0.1, -0.5, np.nan], nan_ok=True)
    assert forward_returns(prices, 2) == pytest.approx([0.21, -0.45, np.nan, np.nan], nan_ok=True)
    assert forward_returns(prices, 1, wait=1) == pytest.approx([0.1, -0.5, np.nan, np.nan], nan_ok=True)
    assert np.isnan(forward_returns(prices, 9)).all()


def test_the_worst_return_is_the_lowest_close_of_the_window_and_needs_all_of_it() -> None:
    prices = [100.0, 90.0, 120.0, 60.0, np.nan, 70.0]
    assert worst_returns(prices, 2) == pytest.approx(
        [-0.1, -1 / 3, np.nan, np.nan, np.nan, np.nan], nan_ok=True
    )
    assert worst_returns(prices, 3)[0] == pytest.approx(-0.4)
    assert np.isnan(worst_returns(prices, 6)).all()
    assert np.isnan(worst_returns([], 3)).all()


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=40), st.integers(1, 6), st.integers(1, 39))
def test_an_outcome_never_changes_by_what_comes_after_its_window(
    prices: list[float], sessions: int, cut: int
) -> None:
    for outcome in (forward_returns, worst_returns):
        early, late = outcome(prices[:cut], sessions), outcome(prices, sessions)
        known = np.isfinite(early)
        assert np.array_equal(early[known], late[:cut][known])


def test_a_mean_counts_only_days_whose_outcome_is_known() -> None:
    assert mean_where([0.1, 0.3, np.nan, 9.0], [True, True, True, False]) == (pytest.approx(0.2), 2)
    mean, n = mean_where([np.nan], [True])
    assert np.isnan(mean)
    assert n == 0


def test_a_difference_of_one_day_has_no_t() -> None:
    found = compare([1.0, 2.0, 3.0], [True, False, False], 1)
    assert (found.mean, found.n, found.other_mean, found.other_n) == (1.0, 1, 2.5, 2)
    assert np.isnan(found.t)
    assert np.isnan(found.t_hac)


def test_days_without_overlap_have_the_t_of_unequal_variances() -> None:
    # means 2 and 5, variances (divided by n) 2/3 and 8/3: 3 / √(2/9 + 8/9)
    found = compare([3.0, 5.0, 7.0, 1.0, 2.0, 3.0], [True] * 3 + [False] * 3, 0)
    assert found.t == pytest.approx(3 / np.sqrt(10 / 9))
    assert found.t_hac == pytest.approx(found.t)


def test_a_rank_correlation_looks_at_order_and_at_known_days() -> None:
    assert rank_ic([1, 2, 3, 4], [10, 20, 25, 900]) == pytest.approx(1)
    assert rank_ic([1, 2, 3, np.nan], [3, 2, 1, 7]) == pytest.approx(-1)
    assert np.isnan(rank_ic([1, 2], [1, 2]))


def test_an_episode_begins_after_more_sessions_without() -> None:
    assert episodes([True, True, False, False, True], 3) == 1
    assert episodes([True, True, False, False, True], 2) == 2
    assert episodes([False], 2) == 0


@pytest.fixture(scope="module")
def dix(recordings: Path) -> pd.DataFrame:
    """SqueezeMetrics' index of short shares and the S&P 500, 2,408 days."""
    return pd.read_csv(recordings / "reference" / "DIX.csv", parse_dates=["date"])


def high(days: pd.DataFrame) -> np.ndarray:
    return days["dix"].to_numpy() >= 0.45


def within(days: pd.DataFrame, first: str, until: str) -> np.ndarray:
    return ((days["date"] >= first) & (days["date"] < until)).to_numpy()


def test_the_vendors_five_percent_is_in_its_data(dix: pd.DataFrame) -> None:
    early, returns = within(dix, "2011", "2018-03"), forward_returns(dix["price"], 60)
    assert mean_where(returns, early) == (pytest.approx(0.026428, abs=5e-7), 1719)
    assert mean_where(returns, early & high(dix)) == (pytest.approx(0.052953, abs=5e-7), 243)


def test_entered_at_the_next_close_overlap_makes_a_t_of_eleven_out_of_four(dix: pd.DataFrame) -> None:
    found = compare(forward_returns(dix["price"], 60, wait=1), high(dix), 60)
    assert (found.mean, found.n) == (pytest.approx(0.062581, abs=5e-7), 357)
    assert (found.other_mean, found.other_n) == (pytest.approx(0.020440, abs=5e-7), 1990)
    assert round(found.t, 2) == 11.16
    assert round(found.t_hac, 2) == 3.80
    assert episodes(high(dix), 60) == 6


@pytest.mark.parametrize(("until", "t", "n"), [("2030", 2.99, 628), ("2020", 0.44, 463)])
def test_after_it_was_published_little_is_left_and_less_without_2020(
    dix: pd.DataFrame, until: str, t: float, n: int
) -> None:
    chosen = within(dix, "2018-03", until)
    found = compare(forward_returns(dix["price"], 60, wait=1)[chosen], high(dix)[chosen], 60)
    assert round(found.t_hac, 2) == t
    assert found.n + found.other_n == n


def test_its_rank_correlation_grows_with_the_window(dix: pd.DataFrame) -> None:
    found = [rank_ic(dix["dix"], forward_returns(dix["price"], h, wait=1)) for h in (1, 5, 20, 60)]
    assert [round(each, 4) for each in found] == [0.0471, 0.0934, 0.2110, 0.2591]


def test_its_deciles_rise_only_at_the_top(dix: pd.DataFrame) -> None:
    returns = forward_returns(dix["price"], 60)
    tenth = pd.qcut(dix["dix"].where(np.isfinite(returns)), 10, labels=False)
    means = [round(mean_where(returns, tenth == place)[0], 4) for place in range(10)]
    assert means == [0.0224, 0.0119, 0.0168, 0.0203, 0.0150, 0.0209, 0.0209, 0.0295, 0.0414, 0.0691]
