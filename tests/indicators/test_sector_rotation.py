"""Sector rotation: worked by hand, from the day a member joined, in sessions, and never from the future."""

from dataclasses import asdict
from datetime import date
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from sector_stage import DAYS, NAMES, bars_of, everybody, frames, members_of, read, world

from indicators import MARKET
from indicators._sector_facts import top_share
from indicators._sector_lead import Leads, Rate, base_rate, leads_of, persistence, state_of, third
from indicators._sector_members import read_groups
from indicators._sector_prices import read_prices, year_returns
from indicators._sector_strength import Ranking, capped, flow_of, rank_themes, theme_of
from indicators.sectors import INDICATOR, compute
from storage import calendar

LAST = DAYS[-1]


def flat(symbols: list[str], last: dict[str, float]) -> dict[str, np.ndarray]:
    """Everything stands still at 100 USD (SPY too) until the last session, where it moves by `last`."""
    closes = {name: np.full(len(DAYS), 100.0) for name in ["SPY", *symbols]}
    # half a percent up and down, so that there is a usual deviation; together nothing
    for name in symbols:
        closes[name][:-1] *= 1 + 0.0025 * (-1.0) ** np.arange(len(DAYS) - 1)
        closes[name][-2] = 100.0
    for name, move in last.items():
        closes[name][-1] = 100.0 * (1 + move)
    return closes


def theme_on_the_last_day(moves: dict[str, float], volume: object = 1e6):  # type: ignore[no-untyped-def]
    closes = flat([*moves], moves)
    prices = read_prices(bars_of(closes, volume=volume))
    (group,) = read_groups(members_of([(name, "Space") for name in moves]), prices.days)
    return prices, theme_of(prices, group)


def test_five_measures_of_a_theme_worked_by_hand() -> None:
    """Equal volumes, a market that stands still: excess is the return."""
    moves = {"A": 0.10, "B": 0.02, "C": 0.001, "D": -0.02, "E": 0.05}
    _, theme = theme_on_the_last_day(moves)
    assert theme.weighted[-1] == pytest.approx(0.03, abs=1e-3)
    assert theme.median[-1] == pytest.approx(0.02)
    assert theme.breadth[-1] == pytest.approx(3 / 5)  # C is ahead by less than half of its own 0.5 %
    assert theme.least[-1] == pytest.approx(0.05 / 4, abs=1e-3)  # without A: (2 + 0 − 2 + 5) / 4 percent
    assert theme.members[-1] == theme.liquid[-1] == 5


def test_the_weight_is_usual_dollar_volume_and_at_most_a_quarter() -> None:
    weights = capped(np.array([[60.0, 20, 10, 10, 0], [5, 5, 5, 5, 5], [1, 0, 0, 0, 0], [3, 1, 1, 0, 0]]))
    # 60 is capped; of the other 75 % the next would get 37.5, so it is capped too; the rest share a half …
    assert weights[0].tolist() == pytest.approx([0.25, 0.25, 0.25, 0.25, 0])
    assert weights[1].tolist() == pytest.approx([0.2] * 5)
    assert weights[2].tolist() == pytest.approx([1, 0, 0, 0, 0])
    assert weights[3].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0])
    many = capped(np.array([[50.0, 10, 10, 10, 10, 10]]))[0]
    assert many.tolist() == pytest.approx([0.25, *[0.15] * 5])


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=12).filter(lambda sizes: max(sizes) > 1))
def test_weights_sum_to_one_and_none_is_above_the_cap(sizes: list[float]) -> None:
    weights = capped(np.array([sizes]))[0]
    n = sum(size > 0 for size in sizes)
    assert weights.sum() == pytest.approx(1)
    assert weights.max() <= max(0.25, 1 / n) + 1e-9


def test_one_stock_cannot_carry_a_theme() -> None:
    prices, theme = theme_on_the_last_day({"A": 0.30, "B": 0.0, "C": 0.0, "D": 0.0, "E": 0.01})
    assert theme.least[-1] == pytest.approx(0.01 / 4, abs=1e-4)
    share, top = top_share(theme, prices.excess[-1, theme.columns])
    assert share == pytest.approx(0.30 / 0.31, abs=1e-3)
    assert top == 0


def test_flow_is_the_log_of_dollars_to_the_median_of_twenty_sessions_before() -> None:
    dollars = np.full((30, 2), 5.0)
    dollars[-1] = 15.0
    counted = np.ones((30, 2), bool)
    flow = flow_of(dollars, counted)
    assert np.isnan(flow[:20]).all()
    assert flow[-1] == pytest.approx(log(3))
    assert flow[25] == 0


def test_a_name_that_joins_is_no_new_money() -> None:
    dollars, counted = np.full((30, 2), 5.0), np.ones((30, 2), bool)
    counted[:25, 1] = False
    assert flow_of(dollars, counted)[20:].tolist() == [0.0] * 10


def test_beta_is_of_the_sessions_before_shrunk_and_one_where_too_few_are_known() -> None:
    dice = np.random.default_rng(1)
    market = 0.01 * dice.standard_normal(len(DAYS))
    closes = {"SPY": 400 * np.cumprod(1 + market), "A": 50 * np.cumprod(1 + 2 * market)}
    prices = read_prices(bars_of(closes))
    place = prices.places["A"]
    assert not prices.beta_known[240, place]
    assert prices.beta_known[-1, place]
    assert prices.excess[-1, place] == pytest.approx((2 - (0.66 * 2 + 0.33)) * market[-1], abs=2e-5)
    assert prices.excess[100, place] == pytest.approx((2 - 1) * market[100], abs=2e-5)


def test_the_market_is_spy_or_the_index_or_the_mean_of_all() -> None:
    closes = world()
    assert read_prices(bars_of(closes)).market == "SPY"
    index = {"^GSPC" if name == "SPY" else name: values for name, values in closes.items()}
    assert read_prices(bars_of(index)).market == "^GSPC"
    del closes["SPY"]
    mean = read_prices(bars_of({**closes, "^SMPL": closes["SPA0"] * 2}))
    assert mean.market == "equal-weighted mean of all symbols"
    stocks = [place for name, place in mean.places.items() if not name.startswith("^")]
    assert mean.market_returns[-1] == pytest.approx(mean.returns[-1, stocks].mean())


def test_a_missing_session_is_not_filled() -> None:
    closes = world()
    closes["SPA0"][-3] = np.nan
    prices = read_prices(bars_of(closes))
    assert np.isnan(prices.returns[-3:-1, prices.places["SPA0"]]).all()
    assert np.isfinite(prices.returns[-1, prices.places["SPA0"]])


def test_of_two_sources_the_longer_one_is_taken_and_the_other_fills() -> None:
    import pandas as pd

    long = bars_of({"A": [np.nan, *[10.0] * (len(DAYS) - 1)]}, source="bars")
    short = bars_of({"A": [12.0, 12.0, *[np.nan] * (len(DAYS) - 2)]}, source="alpaca")
    for both in (pd.concat([long, short]), pd.concat([short, long])):
        assert read_prices(both).close[:3, 0].tolist() == [12.0, 10.0, 10.0]


def test_scores_are_normal_ranks_and_ties_go_by_the_median() -> None:
    moves = {"SPA": 0.03, "BAN": 0.01, "MIN": -0.02}
    closes = flat(
        [name for names in NAMES.values() for name in names],
        {name: moves[name[:3]] for names in NAMES.values() for name in names},
    )
    signals = read(bars_of(closes), everybody())
    assert [signals[name].facts["rank"] for name in ("Space", "Banks", "Mines")] == [1, 2, 3]
    # four measures rank the same way; of breadth two share the first place, of flow all three the middle
    space = signals["Space"].facts
    assert space["breadth"] == signals["Banks"].facts["breadth"] == 1
    assert space["strength"] == pytest.approx((3 * ndtri(5 / 6) + ndtri(2 / 3) + ndtri(5 / 6)) / 5, abs=0.02)


def test_equal_strength_is_decided_by_the_median() -> None:
    prices = read_prices(bars_of(world()))
    themes = [theme_of(prices, group) for group in read_groups(everybody(), prices.days)]
    for name in ("breadth", "flow", "least"):
        for theme in themes:
            getattr(theme, name)[-1] = 0.5
    # Banks are first by one measure and second by the other, Mines the other way round
    for theme, weighted, median in zip(themes, (0.3, 0.2, 0.1), (0.2, 0.3, 0.1), strict=True):
        theme.weighted[-1], theme.median[-1] = weighted, median
    ranking = rank_themes(themes)
    assert ranking.strength[-1, 0] == ranking.strength[-1, 1]
    assert ranking.rank[-1].tolist() == [2, 1, 3]


def test_a_member_counts_from_the_day_it_joined_until_the_day_it_left() -> None:
    joined, left = DAYS[-3], DAYS[-2]
    rows = [(name, "Space", date(2015, 1, 2)) for name in NAMES["Space"][:4]]
    rows += [("SPA4", "Space", joined, left)]
    prices = read_prices(bars_of(world()))
    (group,) = read_groups(members_of(rows), prices.days)
    assert theme_of(prices, group).members[-5:].tolist() == [4, 4, 5, 5, 4]


def test_a_theme_is_not_judged_by_what_its_later_member_did_before() -> None:
    """SPA4 rises by 50 % and joins the day after: nothing of it is the theme's."""
    closes = world()
    closes["SPA4"][-2:] *= 1.5
    base = [(name, theme, date(2015, 1, 2)) for theme, names in NAMES.items() for name in names]
    later = [row if row[0] != "SPA4" else (*row[:2], LAST) for row in base]
    without = [row for row in base if row[0] != "SPA4"]
    bars = bars_of(closes)
    yesterday = DAYS[-2]
    assert read(bars, members_of(later), yesterday)["Space"].facts["excess_return"] == pytest.approx(
        read(bars, members_of(without), yesterday)["Space"].facts["excess_return"]
    )
    assert read(bars, members_of(base), yesterday)["Space"].facts["top1"] == "SPA4"
    prices = read_prices(bars)
    (group,) = [each for each in read_groups(members_of(later), prices.days) if each.name == "Space"]
    assert theme_of(prices, group).members[-2:].tolist() == [4, 5]


def test_a_row_that_says_since_when_comes_before_one_that_does_not() -> None:
    rows = members_of([("SPA0", "Space"), ("SPA0", "Space", DAYS[-2]), ("SPA1", "Space")])
    (group,) = read_groups(rows, list(DAYS))
    assert group.inside[-3:, 0].tolist() == [False, True, True]
    assert group.inside[:, 1].all()
    assert group.undated.tolist() == [False, True]


def test_hindsight_is_an_estimate_and_said() -> None:
    bars = bars_of(world())
    dated, undated = read(bars, everybody())["Space"], read(bars, everybody(None))["Space"]
    assert (dated.quality, dated.facts["undated"]) == ("A", 0)
    assert (undated.quality, undated.facts["undated"]) == ("C", 5)
    assert "sectors, undated" in undated.source


def ranking_of(ranks: list[list[float]], excess: float = 0.01, breadth: float = 1.0) -> Ranking:
    """A ranking by hand: all of twelve themes, of which the first few are looked at."""
    rank = np.array(ranks, float)
    shape = rank.shape
    return Ranking(
        [], np.zeros(shape), rank, np.full(len(rank), 12), np.full(shape, excess), np.full(shape, breadth)
    )


def test_a_third_leads_and_of_fewer_than_three_nobody() -> None:
    assert third(np.array([0, 2, 3, 5, 11, 12])).tolist() == [0, 0, 1, 1, 3, 4]


def test_a_streak_counts_sessions_in_a_row_and_ends_where_a_session_is_missing() -> None:
    leads = leads_of(ranking_of([[4], [1], [5], [2], [3], [np.nan], [1]]))
    assert leads.streak[:, 0].tolist() == [1, 2, 0, 1, 2, 0, 1]
    behind = leads_of(ranking_of([[1], [1]], excess=-0.01))
    assert behind.streak[:, 0].tolist() == [0, 0]  # first of all, and behind the market


def test_a_weekend_and_a_holiday_do_not_count() -> None:
    """Thanksgiving and a half day: Wednesday, Friday and Monday are three sessions in a row."""
    days = calendar.sessions(date(2023, 11, 22), date(2024, 12, 2))
    closes = {name: np.full(len(days), 100.0) for name in ["SPY", *(n for t in NAMES.values() for n in t)]}
    dice = np.random.default_rng(2)
    for name in closes:
        if name != "SPY":
            closes[name] = closes[name] * (1 + 0.001 * dice.standard_normal(len(days)))
    for name in NAMES["Space"]:
        closes[name][-4:] = 97 * 1.03 ** np.arange(4)
        closes[name][-5] = 100.0
    signals = read(bars_of(closes, days), everybody(), days[-1])
    assert days[-3:] == [date(2024, 11, 27), date(2024, 11, 29), date(2024, 12, 2)]
    assert signals["Space"].facts["streak"] == 3


def test_what_lasted_is_of_the_next_five_sessions_and_only_where_they_are_over() -> None:
    ranks = [[1], [9], [9], [4], [4], [4], [9], [9]]
    lasted = leads_of(ranking_of(ranks)).lasted[:, 0]
    assert lasted[:3].tolist() == [1, 1, 1]  # three of the five sessions after each were in the top third
    assert np.isnan(lasted[3:]).all()
    two = leads_of(ranking_of([[1], [9], [9], [4], [4], [9]])).lasted[0, 0]
    behind = leads_of(ranking_of(ranks, excess=-0.01)).lasted[0, 0]
    assert (two, behind) == (0, 0)


def leads_by_hand(streaks: list[int], lasted: list[float]) -> Leads:
    streak = np.array([streaks]).T
    return Leads(streak > 0, streak < 0, streak, np.array([lasted]).T)


def test_three_of_four_make_five_eighths() -> None:
    leads = leads_by_hand([1, 1, 1, 1, 2, 0, 1], [1, 1, 1, 0, 1, 0, np.nan])
    ranking = ranking_of([[1]] * 7)
    assert persistence(leads, ranking, 0) == Rate(0.625, 4)
    assert base_rate(leads) == Rate(pytest.approx(4 / 6), 6)


def test_a_narrow_lead_is_not_counted_with_broad_ones() -> None:
    leads = leads_by_hand([1, 1, 1], [1, 1, np.nan])
    ranking = ranking_of([[1]] * 3)
    ranking.breadth[0] = 0.5
    assert persistence(leads, ranking, 0).n == 1


@pytest.mark.parametrize(
    ("streak", "breadth", "share", "n", "representative", "state"),
    [
        (1, 1.0, 0.9, 99, True, "leading_day1"),
        (2, 1.0, 0.9, 99, True, "leading"),
        (3, 1.0, 0.3, 20, True, "sustained"),
        (3, 0.59, 0.3, 20, True, "leading"),
        (3, 1.0, 0.29, 20, True, "leading"),
        (3, 1.0, 0.5, 19, True, "leading"),
        (3, 1.0, 0.9, 99, False, "leading"),
    ],
)
def test_a_trend_needs_length_breadth_cases_and_ten_points_above_the_base_rate(
    streak: int, breadth: float, share: float, n: int, representative: bool, state: str
) -> None:
    leads, ranking = leads_by_hand([0, streak], [0, np.nan]), ranking_of([[9], [1]], breadth=breadth)
    found = state_of(leads, ranking, 0, Rate(share, n), Rate(0.2, 500), representative=representative)
    assert found == state


def test_a_theme_that_led_on_most_days_fades() -> None:
    leads, ranking = leads_by_hand([1, 2, 3, 0], [0] * 4), ranking_of([[1], [1], [1], [9]])
    assert state_of(leads, ranking, 0, Rate(None, 0), Rate(0.2, 5), representative=True) == "fading"


def test_a_first_day_in_the_lead_is_called_day_one_and_a_small_sample_is_said() -> None:
    closes = world()
    for name in NAMES["Space"]:
        closes[name][-1] = closes[name][-2] * 1.1
        closes[name][-2] = closes[name][-2] * 0.97
    few = [(name, theme, date(2015, 1, 2)) for theme, names in NAMES.items() for name in names]
    few = [row for row in few if row[0] not in ("SPA3", "SPA4")]
    space = read(bars_of(closes), members_of(few))["Space"]
    assert (space.state, space.facts["streak"]) == ("leading_day1", 1)
    assert "day 1" in INDICATOR.states[space.state].headline
    assert space.facts["small_sample"]
    assert (space.facts["few_names"], space.quality, space.n) == (3, "C", 3)
    assert 0 < space.strength < 1
    assert [leader["symbol"] for leader in space.facts["leaders"]]
    assert all(leader["session"] == LAST.isoformat() for leader in space.facts["leaders"])


def test_a_name_that_trades_little_represents_nothing() -> None:
    volume = dict.fromkeys([*world()], 1e6) | {"SPA0": 1e3}
    space = read(bars_of(world(), volume=volume), everybody())["Space"]
    assert "SPA0" not in [leader["symbol"] for leader in space.facts["leaders"]]
    assert (space.facts["members"], space.facts["few_names"]) == (5, 4)


def test_the_market_has_the_table_of_all_and_no_direction() -> None:
    market = read(bars_of(world()), everybody())[MARKET]
    assert [row["rank"] for row in market.facts["table"]] == [1, 2, 3]
    assert (market.strength, market.n, market.facts["of"]) == (0.0, 15, 3)
    sentences = {name for name in market.facts if market.facts[name] is None}
    assert {"rank", "excess_return", "leader_1"} <= sentences


def test_a_name_asked_for_matches_whatever_its_case_and_funds_are_no_theme() -> None:
    members = members_of([*((name, "Space") for name in NAMES["Space"]), ("SPY", "ETF")])
    seen = frames(bars_of(world()), members, calendar.settled(LAST))
    assert [signal.subject for signal in compute(seen, ["SPACE", "etf"])] == ["Space"]
    (market,) = compute(seen, [MARKET])
    assert list(market.facts["years"]["ETF"]["2024"]["returns"]) == ["SPY"]


def test_nothing_is_said_without_bars_or_members_and_little_of_one_day() -> None:
    bars, members = bars_of(world()), everybody()
    assert read(bars[:0], members) == {}
    assert read(bars, members[:0]) == {}
    assert read(bars[bars["symbol"] == "SPY"], members) == {}
    assert read(bars[bars["session"] == LAST], members) == {}
    few = [DAYS[-3], DAYS[-2], LAST]
    assert read(bars[bars["session"].isin(few)], members) == {}
    month = bars[bars["session"] >= DAYS[-15]]
    assert {signal.facts["rank"] for signal in read(month, members).values()} == {None}


def test_two_themes_have_ranks_but_nobody_leads() -> None:
    members = everybody()
    signals = read(bars_of(world()), members[members["sector"] != "Mines"])
    assert {signals["Space"].facts["rank"], signals["Banks"].facts["rank"]} == {1, 2}
    assert {signal.state for signal in signals.values()} == {"quiet", "ranking"}


def test_a_year_is_last_close_over_the_last_of_the_year_before() -> None:
    days = [date(2022, 12, 29), date(2022, 12, 30), date(2023, 1, 3), date(2023, 12, 29), date(2024, 1, 2)]
    close = np.array([[9.0, 1], [10, np.nan], [11, 2], [15, 3], [12, 4]])
    years = year_returns(days, close)
    assert set(years) == {2023, 2024}
    assert years[2023][1][0] == pytest.approx(0.5)
    assert np.isnan(years[2023][1][1])
    assert (years[2024][0], years[2024][1][1]) == (4, pytest.approx(1 / 3))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(60, len(DAYS) - 1))
def test_what_comes_later_changes_no_signal(seed: int, cut: int) -> None:
    """Computed from all rows and from those known by then, an evening is the same."""
    bars = bars_of(world(seed % 1000))
    members = members_of(
        [
            *((n, t, date(2015, 1, 2)) for t, names in NAMES.items() for n in names),
            ("MIN0", "Space", DAYS[100]),
        ]
    )
    day = DAYS[cut]
    known = bars[bars["session"] <= day]
    everything, then = read(bars, members, day), read(known, members[members["since"] <= day], day)
    assert {name: asdict(each) for name, each in everything.items()} == {
        name: asdict(each) for name, each in then.items()
    }


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(60, len(DAYS) - 1))
def test_every_past_session_is_ranked_as_it_was_then(seed: int, cut: int) -> None:
    """f(data[:T]) == f(data)[:T], for ranks, strengths and streaks; an outcome known then stays."""
    bars = bars_of(world(seed))

    def course(rows):  # type: ignore[no-untyped-def]
        prices = read_prices(rows)
        ranking = rank_themes([theme_of(prices, group) for group in read_groups(everybody(), prices.days)])
        return ranking, leads_of(ranking)

    (now, led_now), (then, led_then) = course(bars), course(bars[bars["session"] <= DAYS[cut]])
    past = slice(0, cut + 1)
    np.testing.assert_array_equal(now.rank[past], then.rank)
    np.testing.assert_allclose(now.strength[past], then.strength)
    np.testing.assert_array_equal(led_now.streak[past], led_then.streak)
    np.testing.assert_array_equal(led_now.lasted[: cut - 4], led_then.lasted[: cut - 4])
    assert np.isnan(led_then.lasted[max(cut - 4, 0) :]).all()
