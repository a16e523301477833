"""The S&P 500 against forward earnings, worked by hand: what led, what is high, and what is not known."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path

import numpy as np
import pytest
from eps_stage import FRIDAY, bar, company, eps, frames, quarter, series, spx, weeks
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.commentary.numbers import slots
from bot.pipeline import look, take_in
from bot.rooms import Rooms
from feeds import Raw
from feeds.index_eps import FEED
from indicators._eps_lines import ntm, time_left
from indicators._eps_trend import trend
from indicators.eps_deviation import INDICATOR, chart, compute
from storage import calendar
from storage.calendar import is_session
from storage.tape import TapeStore

YEAR = 52
amounts = st.floats(1.0, 10_000.0)


def grown(rate_price: float, rate_eps: float, n: int = 60) -> list[dict]:
    """Weekly estimates that grow by a log rate a week, the index from 4000, earnings from 200."""
    return series((4000 * np.exp(rate_price * i), 200 * np.exp(rate_eps * i)) for i in range(n))


def test_the_newest_estimate_is_told_with_the_close_of_its_day() -> None:
    signal = spx([eps(FRIDAY - timedelta(7), 240, 5000), eps(FRIDAY, 250, 5200)])
    facts = signal.facts
    assert (signal.subject, signal.quality, signal.strength, signal.n) == ("SPX", "A", 0.0, 2)
    assert (facts["index_close"], facts["forward_eps"], facts["pe"]) == (5200.0, 250.0, 20.8)
    assert (facts["close_as_of"], facts["eps_as_of"]) == ("2024-03-01", "2024-03-01")
    assert facts["eps_known_at"] == "2024-03-02T01:00:00+00:00"
    assert (facts["vendor"], facts["basis"], facts["method"]) == ("factset", "adjusted", "ntm")
    assert facts["earnings_yield"] == pytest.approx(250 / 5200)
    assert signal.source == "forward earnings by FactSet (index_eps)"
    json.dumps(dict(facts), allow_nan=False)


@pytest.mark.parametrize(
    ("price", "earned", "state"),
    [
        (0.004, 0.002, "multiple_led"),
        (0.002, 0.004, "eps_led"),
        (0.003, 0.0, "multiple_led"),
        (0.004, -0.001, "earnings_cut"),
        (-0.004, 0.001, "de_rating"),
        (-0.004, -0.001, "priced_in"),
        (-0.001, -0.004, "priced_in"),
        (0.0, 0.0, "flat"),
        (0.0, 0.002, "de_rating"),
    ],
)
def test_what_led_is_told_from_the_signs_and_the_slopes(price: float, earned: float, state: str) -> None:
    signal = spx(grown(price, earned))
    assert signal.state == signal.facts["regime"] == state
    # 60 weeks of 5 sessions, less holidays: a slope by session is a fifth of one by week, and a bit more
    assert signal.facts["slope_price"] == pytest.approx(price * 52, rel=0.03, abs=1e-12)
    assert signal.facts["slope_eps"] == pytest.approx(earned * 52, rel=0.03, abs=1e-3)


def test_a_window_is_not_told_where_estimates_do_not_reach_back() -> None:
    facts = spx(grown(0.004, 0.002, 19)).facts
    assert spx(grown(0.004, 0.002, 19)).state == "unclear"
    assert facts["d_ln_price"] is facts["slope_eps"] is facts["gap"] is facts["multiple_share"] is None
    assert [each["points"] for each in facts["windows"]] == [14, 0, 0]
    # the base is the estimate nearest to 126 sessions ago; 141 are near enough, 160 are not
    two = [eps(date(2025, 4, 8), 100, 1790), eps(date(2025, 10, 29), 107.1, 1790 * 1.383)]
    assert spx(two).facts["multiple_share"] == pytest.approx(0.78846, abs=5e-6)
    assert spx([eps(date(2025, 3, 10), 100, 1790), two[1]]).facts["multiple_share"] is None


def test_a_small_move_has_no_share() -> None:
    up = [eps(FRIDAY - timedelta(weeks=26), 200, 4000), eps(FRIDAY, 200, 4000 * np.exp(0.0502))]
    assert spx(up).facts["multiple_share"] == pytest.approx(1.0, abs=1e-6)
    up[1] = eps(FRIDAY, 200, 4000 * np.exp(0.0498))
    assert spx(up).facts["multiple_share"] is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), min_size=26, max_size=60))
def test_in_logs_the_index_is_earnings_and_multiple_exactly(values: list[tuple[float, float]]) -> None:
    facts = spx(series(values)).facts
    assert facts["d_ln_price"] == pytest.approx(facts["d_ln_eps"] + facts["d_ln_pe"], abs=1e-12)
    for each in [facts, *facts["windows"]]:
        if each["gap"] is not None:
            size = max(1.0, abs(each["slope_price"]), abs(each["slope_eps"]))
            assert each["gap"] == pytest.approx(each["slope_price"] - each["slope_eps"], abs=1e-12 * size)


def history(years: float, pes: Sequence[float], newest: float) -> list[dict]:
    """Weeks of P/Es, repeated, on earnings of 100, and a newest one."""
    n = round(years * 365.25 / 7)
    return series([*((pes[i % len(pes)] * 100, 100.0) for i in range(n)), (newest * 100, 100.0)])


def test_the_multiple_is_compared_with_its_own_past_without_itself() -> None:
    facts = spx(history(6, [18, 20, 22], 24)).facts
    assert facts["median_pe"] == pytest.approx(20)
    assert facts["deviation"] == pytest.approx(log(1.2))
    assert (facts["deviation_percentile"], facts["above_median"]) == (1.0, pytest.approx(0.2))
    assert facts["below_median"] is None
    # the median absolute deviation of ln 18, ln 20, ln 22 from ln 20 is ln 1.1
    assert facts["z"] == pytest.approx(log(1.2) / (1.4826 * log(1.1)), rel=1e-6)
    assert (facts["history_years"], facts["history_points"]) == (6.0, 313)
    cheap = spx(history(6, [18, 20, 22], 19)).facts
    assert (cheap["below_median"], cheap["above_median"]) == (pytest.approx(0.05), None)
    assert cheap["deviation_percentile"] == pytest.approx(1 / 3, abs=0.01)


def test_what_is_older_than_ten_years_does_not_count() -> None:
    values = [(4000, 100.0)] * 30 + [(2000.0, 100.0)] * 521 + [(2000.0, 100.0)]
    facts = spx(series(values)).facts
    assert (facts["deviation_percentile"], facts["history_years"]) == (0.5, 10.0)
    assert facts["history_points"] == 521


def test_a_short_past_is_no_measure_and_is_said() -> None:
    facts = spx(history(4.9, [18, 20, 22], 24)).facts
    assert facts["deviation"] is facts["deviation_percentile"] is facts["z"] is facts["median_pe"] is None
    assert (facts["history_short"], facts["history_needed"]) == (4.9, 5)
    assert spx(history(5, [18, 20, 22], 24)).facts["history_short"] is None


def rising(noise: float) -> list[dict]:
    """Six years at a P/E of 20, then one in which it rises by 15 %, up and down by `noise` each quarter."""
    flat = [20 + (i % 3 - 1) * 0.5 for i in range(6 * YEAR)]
    up = [20 + 3 * i / YEAR + noise * (0.5 - (i // 13) % 2) for i in range(YEAR + 1)]
    return series((pe * 100, 100.0) for pe in [*flat, *up])


def test_stretched_is_high_for_ten_years_and_still_rising_beyond_chance() -> None:
    signal = spx(rising(0.0))
    assert (signal.state, signal.facts["regime"]) == ("stretched", "multiple_led")
    assert signal.facts["trend_low"] > 0
    assert signal.facts["trend_clear"] == pytest.approx(0.15, abs=0.02)
    assert signal.strength == 0.0  # a risk, not a signal to sell
    unsure = spx(rising(6.0))
    assert unsure.facts["deviation_percentile"] >= 0.9 > 0 > unsure.facts["trend_low"]
    assert unsure.facts["trend_unclear"] is not None
    assert (unsure.state, unsure.facts["trend_clear"]) == (unsure.facts["regime"], None)
    low = spx(series([(3000.0, 100.0)] * 3 * YEAR + [(2000.0, 100.0)] * 3 * YEAR) + rising_last())
    assert low.facts["trend_low"] > 0
    assert low.facts["deviation_percentile"] < 0.9
    assert low.state == "multiple_led"


def rising_last() -> list[dict]:
    return series(((2000 + 400 * i / YEAR, 100.0) for i in range(YEAR)), FRIDAY + timedelta(weeks=YEAR))


def test_a_trend_is_judged_by_errors_that_last() -> None:
    t = np.arange(0.0, 260, 5)
    walk = np.random.default_rng(7).normal(0, 0.02, len(t)).cumsum()
    low, high = trend(t, walk)
    assert high - low == pytest.approx(2 * 1.959964 * by_hand(t / 252, walk, 13), rel=1e-7)
    assert trend(t[:19], walk[:19]) is None


def by_hand(x: np.ndarray, y: np.ndarray, lags: int) -> float:
    """The standard error of a slope after Newey and West: Bartlett weights on the scores."""
    away = x - x.mean()
    residuals = y - y.mean() - away * (away @ y) / (away @ away)
    scores = away * residuals
    total = scores @ scores
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * (scores[lag:] @ scores[:-lag])
    return float(np.sqrt(total) / (away @ away))


def test_losses_have_no_multiple_but_a_yield() -> None:
    rows = [*grown(0.001, 0.001, 30)[:-1], eps(FRIDAY, -20, 4000)]
    signal = spx(rows)
    assert (signal.facts["pe"], signal.facts["forward_eps"]) == (None, -20.0)
    assert signal.facts["earnings_yield"] == -0.005
    assert (signal.state, signal.facts["deviation"], signal.facts["gap"]) == ("unclear", None, None)
    assert spx([eps(FRIDAY, 0, 4000)]).facts["pe"] is None


# --- where prices come from


def test_the_close_is_the_vendors_own_then_the_indexs_bar_of_that_session() -> None:
    rows = [eps(FRIDAY - timedelta(7), 240, 5000), eps(FRIDAY, 250)]
    bars = [bar("^GSPC", FRIDAY, 5200), bar("^GSPC", FRIDAY - timedelta(7), 1), bar("SPY", FRIDAY, 512)]
    assert spx(rows, bars=bars).facts["index_close"] == 5200.0
    assert spx(rows, bars=[bar("^SPX", FRIDAY, 5201)]).facts["index_close"] == 5201.0
    assert "bars" in spx(rows, bars=bars).source
    # a close of another day is not carried forward, and an estimate of a Sunday is of the Friday before
    assert spx(rows, bars=bars[1:2]).facts["pe"] is None
    assert spx([eps(FRIDAY + timedelta(2), 250)], bars=bars).facts["index_close"] == 5200.0


def test_a_close_told_without_earnings_counts_as_the_indexs() -> None:
    close = eps(FRIDAY, 0, 5200, kind="close", period="CLOSE", vendor="none", basis="none", estimated=False)
    signal = spx([eps(FRIDAY, 250), close])
    assert (signal.facts["pe"], signal.facts["vendor"], signal.n) == (20.8, "factset", 1)
    assert list(compute(frames([close]), None)) == []
    # the close a vendor tells beside its own estimate goes first
    assert spx([eps(FRIDAY, 250, 5150), close]).facts["pe"] == 20.6


def test_the_fund_stands_for_the_index_only_where_its_closes_lack_and_is_named() -> None:
    days = weeks(60)
    rows = [eps(day, 200 + i) for i, day in enumerate(days)]
    fund = [bar("SPY", day, 400 + 3 * i) for i, day in enumerate(days) if is_session(day)]
    signal = spx(rows, bars=fund)
    facts = signal.facts
    assert (facts["index_close"], facts["pe"], facts["median_pe"], facts["fund"]) == (None, None, None, "SPY")
    assert facts["forward_eps"] == facts["eps_alone"] == 259.0
    assert facts["d_ln_price"] == pytest.approx(log(577 / (400 + 3 * 33)), abs=0.01)
    assert (signal.state, signal.quality) == ("multiple_led", "B")
    told = spx(rows, bars=[*fund, bar("^GSPC", FRIDAY, 5200)])
    assert (told.facts["fund"], told.facts["index_close"]) == (None, 5200.0)


def test_without_any_close_the_earnings_are_told_alone() -> None:
    signal = spx([eps(FRIDAY, 250)])
    assert (signal.facts["forward_eps"], signal.facts["eps_alone"]) == (250.0, 250.0)
    assert (signal.facts["index_close"], signal.facts["close_as_of"], signal.state) == (None, None, "unclear")


# --- which earnings are forward


def test_forward_is_the_running_quarter_and_the_next_three_as_estimated_then() -> None:
    ahead = ["2024Q1", "2024Q2", "2024Q3", "2024Q4"]
    rows = [quarter(FRIDAY, period, value) for period, value in zip(ahead, (1, 2, 4, 8), strict=True)]
    around = [
        quarter(FRIDAY, "2023Q4", 100, estimated=False),
        quarter(FRIDAY, "2025Q1", 16),
    ]
    assert spx([*rows, *around]).facts["forward_eps"] == 15.0
    assert spx([*rows, *around]).facts["method"] == "quarter"
    # the quarter that ended is over on April 1st: the same estimates, another year ahead
    april = [row | {"vintage": date(2024, 4, 1)} for row in [*rows, *around]]
    assert spx(april).facts["forward_eps"] == 30.0
    assert list(compute(frames([*rows[:3], *around]), None)) == []
    # an actual of the same vintage, told much later, is not what was expected then
    actual = quarter(FRIDAY, "2024Q1", 50, estimated=False, known_at=datetime(2024, 7, 1, tzinfo=UTC))
    assert spx([*rows, actual], datetime(2025, 1, 1, tzinfo=UTC)).facts["forward_eps"] == 15.0


def test_what_the_vendor_calls_twelve_months_goes_before_its_quarters() -> None:
    rows = [quarter(FRIDAY, f"2024Q{number}", 50) for number in range(1, 5)]
    assert spx([*rows, eps(FRIDAY, 210)]).facts["forward_eps"] == 210.0


def test_fiscal_years_are_weighted_by_what_is_left_of_the_first() -> None:
    rows = [eps(date(2024, 10, 1), value, kind="year", period=period)
            for period, value in (("2024", 100.0), ("2025", 120.0), ("2026", 999.0))]  # fmt: skip
    signal = spx(rows)
    assert (signal.facts["forward_eps"], signal.quality) == (pytest.approx(115.0), "B")
    assert list(compute(frames(rows[:1]), None)) == []


@pytest.mark.parametrize(
    ("day", "year_end", "left"),
    [
        (date(2014, 10, 1), date(2015, 3, 31), 0.5),
        (date(2015, 1, 1), date(2015, 3, 31), 0.25),
        # all of February is over
        (date(2015, 3, 1), date(2015, 5, 31), 0.25),
        (date(2024, 1, 1), date(2024, 12, 31), 1.0),
        (date(2024, 2, 15), date(2024, 2, 29), 15 / 29 / 12),
        (date(2024, 12, 31), date(2024, 12, 31), 1 / 31 / 12),
        (date(2025, 1, 1), date(2024, 12, 31), 0.0),
        (date(2025, 3, 1), date(2024, 12, 31), 0.0),
        (date(2023, 12, 1), date(2024, 12, 31), 1.0),
    ],
)
def test_the_time_left_of_a_fiscal_year(day: date, year_end: date, left: float) -> None:
    assert time_left(day, year_end) == pytest.approx(left, abs=1e-12)


def test_the_published_example_of_two_fiscal_years() -> None:
    assert ntm(1.0, 1.17, time_left(date(2015, 3, 1), date(2015, 5, 31))) == pytest.approx(1.1275, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(2000, 2030), st.integers(1, 12), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_over_a_whole_year_weighting_alone_makes_no_jump(
    year: int, month: int, growth: float, later: float
) -> None:
    """Estimates stand still for two years, and a fiscal year ends in between.

    A day's step follows growth and the month's length: within a month it is like the day's before, and where
    one fiscal year gives way to the next not larger than on other days, within 1 bp.
    """
    ends = [date(each + month // 12, month % 12 + 1, 1) - timedelta(1) for each in range(year, year + 4)]
    value = [1.0, 1 + growth, (1 + growth) * (1 + later), (1 + growth) * (1 + later)]
    days = [ends[0] + timedelta(n) for n in range(-183, 184)]
    path = []
    for day in days:
        this = 0 if day <= ends[0] else 1
        path.append(ntm(value[this], value[this + 1], time_left(day, ends[this])))
    steps = np.diff(np.log(path))
    roll = days.index(ends[0])
    ordinary = np.abs(np.delete(steps, [roll - 1, roll])).max()
    assert np.abs(steps[roll - 1 : roll + 1]).max() <= ordinary + 1e-4
    same_month = [n for n in range(len(steps) - 1) if days[n].month == days[n + 2].month]
    assert np.abs(np.diff(steps)[same_month]).max() <= 1e-4


# --- one vendor and one basis at a time


def other(values: Sequence[tuple[float, float]], last: date, **more) -> list[dict]:
    return series(values, last, vendor="spdji", basis="operating", **more)


def test_two_vendors_are_never_mixed_and_the_longer_current_one_is_told() -> None:
    long = grown(0.004, 0.002, 60)
    short = other([(5000.0, 100.0)] * 30, FRIDAY)
    told, alone = spx([*long, *short]), spx(long)
    assert told.facts == alone.facts | {"eps_known_at": told.facts["eps_known_at"]}
    assert not told.facts["spliced"]
    # one that has ended is not told, however long it was
    ended = [row for row in long if row["vintage"] < FRIDAY - timedelta(40)]
    assert spx([*ended, *short]).facts["vendor"] == "spdji"


def test_another_vendors_past_is_scaled_by_the_ratio_where_both_are_known() -> None:
    own = series([(5000.0, 200.0)] * 40)
    older = other([(4500.0, 150.0)] * 40, FRIDAY - timedelta(weeks=30))
    signal = spx([*own, *older])
    (part,) = signal.facts["splices"]
    assert signal.facts["spliced"]
    assert part["ratio"] == pytest.approx(200 / 150)
    until = (weeks(40)[0] - timedelta(7)).isoformat()
    assert (part["vendor"], part["basis"], part["until"]) == ("spdji", "operating", until)
    assert (signal.facts["forward_eps"], signal.facts["vendor"], signal.quality) == (200.0, "factset", "B")
    assert signal.n == 70
    # nothing but the scale differs, so no jump in earnings at the seam
    assert spx([*own, *older]).facts["windows"][2]["slope_eps"] == pytest.approx(0.0, abs=1e-9)


def test_vendors_that_never_meet_are_not_joined() -> None:
    own = series([(5000.0, 200.0)] * 40)
    before = other([(4500.0, 150.0)] * 40, FRIDAY - timedelta(weeks=60))
    signal = spx([*own, *before])
    assert (signal.facts["spliced"], signal.n, signal.quality) == (False, 40, "A")
    # within 30 days but in another quarter: the year ahead is another one
    last = own[0]["vintage"]
    near = other([(4500.0, 150.0)], last - timedelta(14))
    assert (last.month, near[0]["vintage"].month) == (6, 5)
    assert spx([*own, *near]).facts["spliced"]
    across = series([(5000.0, 200.0)] * 40, date(2024, 4, 5))
    assert across[0]["vintage"] == date(2023, 7, 7)
    assert not spx([*across, *other([(4500.0, 150.0)], date(2023, 6, 30))]).facts["spliced"]


def test_of_a_vintage_that_was_corrected_the_last_known_counts() -> None:
    rows = [eps(FRIDAY, 250, 5200), eps(FRIDAY, 260, 5200)]
    assert spx(rows).facts["forward_eps"] == 260.0
    later = eps(FRIDAY, 240, 5200, known_at=calendar.day_end(FRIDAY + timedelta(3)))
    assert spx([*rows, later], calendar.day_end(FRIDAY)).facts["forward_eps"] == 260.0
    assert spx([*rows, later], calendar.day_end(FRIDAY + timedelta(3))).facts["forward_eps"] == 240.0


# --- from companies, where no index earnings are known


def companies(n: int, vintage: date = FRIDAY, **more) -> list[dict]:
    """Half earn 5 on a price of 100 and are worth 3 billion, half lose 1 on 10 and are worth one."""
    return [
        company(i, vintage, 3_000_000_000, 100, 5, 5, **more) if i % 2 else
        company(i, vintage, 1_000_000_000, 10, -1, -1, **more)
        for i in range(n)
    ]  # fmt: skip


def test_fifty_companies_give_an_aggregate_multiple_and_it_is_an_estimate() -> None:
    signal = spx([], companies=companies(50))
    # 25 × 4 billion of value; earnings 25 × (3 × 5 % − 1 × 10 %) = 25 × 0.05 billion
    assert signal.facts["pe"] == pytest.approx(80.0)
    assert (signal.quality, signal.facts["companies"], signal.facts["vendor"]) == ("C", 50, "companies")
    assert (signal.facts["forward_eps"], signal.facts["index_close"]) == (None, None)
    assert "yahoo" in signal.source
    with_index = spx([], companies=companies(50), bars=[bar("^GSPC", FRIDAY, 5200)])
    assert with_index.facts["forward_eps"] == pytest.approx(65.0)
    assert with_index.facts["pe"] == pytest.approx(80.0)


def test_fewer_companies_are_no_market_and_index_earnings_go_first() -> None:
    assert list(compute(frames([], companies=companies(49)), None)) == []
    unknown = [*companies(49), company(99, FRIDAY, 1, 10, 1, 1) | {"next_year_e4": None}]
    assert list(compute(frames([], companies=unknown), None)) == []
    both = spx(
        [eps(FRIDAY - timedelta(weeks=60), 250, 5200)], calendar.day_end(FRIDAY), companies=companies(50)
    )
    assert (both.facts["vendor"], both.quality) == ("factset", "A")


def test_a_company_counts_once_with_its_newest_estimate_of_a_week() -> None:
    rows = [*companies(50, FRIDAY - timedelta(7)), *companies(49)]
    # the fiftieth is eight days old on Friday: the last moment with fifty is a week ago
    assert spx([], companies=rows).facts["eps_as_of"] == "2024-02-23"
    rows = [*companies(50, FRIDAY - timedelta(6)), *companies(49)]
    assert spx([], companies=rows).facts["companies"] == 50


# --- by year, and as of when


def test_a_year_runs_from_its_first_to_its_last_report() -> None:
    days = [date(2022, 12, 30), *(date(2023, month, 13) for month in range(1, 13)), date(2024, 1, 12)]
    values = [(4000.0, 220.0), *((4000.0 + 50 * n, 200.0 + n) for n in range(12)), (5000.0, 230.0)]
    rows = [eps(day, earned, close) for day, (close, earned) in zip(days, values, strict=True)]
    (year,) = spx(rows).facts["years"]
    assert (year["year"], year["from"], year["to"]) == (2023, "2023-01-13", "2023-12-13")
    assert (year["index"], year["eps"]) == (pytest.approx(550 / 4000), pytest.approx(0.055))
    assert (year["ahead"], year["regime"], year["so_far"]) == ("index", "multiple_led", False)
    # half a year is no year, unless it is the one that runs
    half = rows[:7]
    assert spx(half, calendar.day_end(date(2024, 1, 2))).facts["years"] == []
    (running,) = spx(half).facts["years"]
    assert running["so_far"]
    assert (spx(half).facts["year"], spx(half).facts["year_eps"]) == ("2023", pytest.approx(0.025))


YEARS = {
    2017: (7.8, 17.9, "index"), 2018: (12.9, -13.3, "eps"), 2019: (-0.5, 27.2, "index"),
    2020: (-9.0, 14.7, "index"), 2021: (28.7, 23.2, "eps"), 2022: (1.0, -15.6, "eps"),
}  # fmt: skip


@pytest.mark.parametrize("table", ["factset_derived_forward_eps.csv", "factset_pit_quarterly_eps.csv"])
def test_the_recorded_years_come_out_as_published(
    table: str, recordings: Path, engine: Engine, tapes: TapeStore
) -> None:
    rooms, as_of = Rooms(engine, tapes), calendar.day_end(date(2022, 12, 30))
    for name in (table, "gspc_daily_1999_2018.csv", "gspc_daily_close_2019_2022.csv"):
        take_in(rooms, FEED, Raw(name, (recordings / "sp500_eps" / name).read_bytes()), as_of)
    (signal,) = compute(look(rooms, INDICATOR, as_of), None)
    found = {year["year"]: (year["eps"] * 100, year["index"] * 100) for year in signal.facts["years"]}
    # 2017's index, 17.85, is printed as 17.9
    assert found == {year: pytest.approx(values[:2], abs=0.055) for year, values in YEARS.items()}
    assert {year["year"]: year["ahead"] for year in signal.facts["years"]} == {
        year: ahead for year, (_, _, ahead) in YEARS.items()
    }
    assert (signal.facts["forward_eps"], signal.facts["index_close"]) == (225.88, 3934.38)
    panels = chart(look(rooms, INDICATOR, as_of), signal).panels
    assert [panel.title for panel in panels][1] == "Index against earnings estimates, year by year"


def test_nothing_that_was_known_later_changes_what_was_said() -> None:
    rows = [*grown(0.003, 0.002, 80), *other([(4500.0, 150.0)] * 40, FRIDAY - timedelta(weeks=60))]
    bars = [bar("^GSPC", day, 4000) for day in weeks(80) if is_session(day)]
    for moment in (weeks(80)[30], weeks(80)[55], weeks(80)[79]):
        as_of = calendar.day_end(moment)
        before = [row for row in rows if row["known_at"] <= as_of]
        seen = [each for each in bars if each["known_at"] <= as_of]
        assert spx(rows, as_of, bars=bars) == spx(before, as_of, bars=seen)
    assert list(compute(frames(rows, rows[-1]["known_at"] - timedelta(days=9000)), None)) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(27, 59), st.lists(st.tuples(amounts, amounts), min_size=60, max_size=60))
def test_later_estimates_never_change_an_earlier_signal(at: int, values: list[tuple[float, float]]) -> None:
    rows = series(values)
    as_of = calendar.day_end(rows[at]["vintage"])
    assert spx(rows, as_of) == spx(rows[: at + 1], as_of)
    # and none is seen a second before it was known
    before = spx(rows, as_of - timedelta(seconds=1))
    assert before.facts["eps_as_of"] == rows[at - 1]["vintage"].isoformat()


def test_old_estimates_are_said_to_be_old() -> None:
    rows = [eps(FRIDAY, 250, 5200)]
    assert "session" not in spx(rows, calendar.day_end(FRIDAY + timedelta(30))).facts
    assert spx(rows, calendar.day_end(FRIDAY + timedelta(31))).facts["session"] == "2024-03-01"


def test_of_nothing_or_another_subject_nothing_is_said() -> None:
    assert list(compute(frames([]), None)) == []
    rows = [eps(FRIDAY, 250, 5200)]
    assert list(compute(frames(rows), ["NVDA"])) == []
    assert len(list(compute(frames(rows), ["SPX"]))) == 1
    assert list(compute(frames([row | {"index": "NDX"} for row in rows]), None)) == []


# --- the picture


def test_the_picture_shows_the_multiple_in_its_range_and_who_was_ahead() -> None:
    rows = history(6, [18, 20, 22], 24)
    signal = spx(rows)
    drawn = chart(frames(rows, signal.as_of), signal)
    multiple, by_year = drawn.panels
    band, line, median = multiple.series
    assert (band.kind, band.values[0], band.upper[0]) == ("band", pytest.approx(18), pytest.approx(22))
    assert (line.label, line.values[-1]) == ("Forward P/E", pytest.approx(24))
    assert median.values == pytest.approx([20.0] * len(rows))
    assert len(drawn.days) == len(rows) == len(line.values)
    assert drawn.title.format(**drawn.words).endswith(
        "24.0 times the earnings expected in a year; its median is 20.0"
    )
    assert [row.name for row in by_year.rows][:2] == ["2024…", "2023"]
    for row, year in zip(by_year.rows, reversed(signal.facts["years"]), strict=False):
        assert row.right - row.left == pytest.approx(100 * (year["index"] - year["eps"]))


@pytest.mark.parametrize("known", ["index", "earnings alone", "companies"])
def test_every_fact_a_sentence_names_is_given_whatever_is_known(known: str) -> None:
    signal = {
        "index": lambda: spx(grown(0.004, 0.002)),
        "earnings alone": lambda: spx([eps(FRIDAY, 250)]),
        "companies": lambda: spx([], companies=companies(50)),
    }[known]()
    named = {fact for sentence in INDICATOR.sentences for fact, _ in slots(sentence)}
    assert named <= signal.facts.keys()


def test_without_a_past_the_picture_has_no_range() -> None:
    rows = grown(0.004, 0.002)
    signal = spx(rows)
    drawn = chart(frames(rows, signal.as_of), signal)
    assert [each.label for each in drawn.panels[0].series] == ["Forward P/E"]
