"""The recorded market of 2015–2024: calendar years by sector, and Space in November 2024."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sector_stage import frames

from feeds import Raw
from feeds import bars as bars_feed
from feeds import sectors as sectors_feed
from indicators import MARKET, Signal
from indicators._sector_prices import read_prices, year_returns
from indicators.sectors import compute
from storage import calendar
from storage.tables import Bar, SectorMember

NOVEMBER = calendar.sessions(date(2024, 11, 1), date(2024, 11, 29))
Reading = Callable[[date], dict[str, Signal]]


@pytest.fixture(scope="module")
def bars(recordings: Path) -> pd.DataFrame:
    parsed = bars_feed.parse(Raw("yahoo", (recordings / "prices/yahoo_daily_ohlcv.parquet").read_bytes()))
    return parsed.accepted[Bar].to_pandas()


@pytest.fixture(scope="module")
def reading(recordings: Path, bars: pd.DataFrame) -> Reading:
    """Every signal as of an evening; what each evening says is computed once."""
    body = (recordings / "prices/yahoo_daily_ohlcv.parquet").read_bytes()
    parsed = sectors_feed.parse(Raw("yahoo", body))
    assert (parsed.accepted_rows, len(parsed.bad)) == (325_866, 0)
    members = parsed.accepted[SectorMember].to_pandas().drop_duplicates(["symbol", "sector"])
    assert len(members) == 137
    told: dict[date, dict[str, Signal]] = {}

    def read(day: date) -> dict[str, Signal]:
        if day not in told:
            seen = frames(bars, members, calendar.settled(day))
            told[day] = {signal.subject: signal for signal in compute(seen, None)}
        return told[day]

    return read


def years(signals: dict[str, Signal], year: str) -> dict[str, tuple[float, int]]:
    """Mean return of the year in percent, and of how many names, by sector."""
    told = {name: each.facts["years"][year] for name, each in signals.items() if name != MARKET}
    return {
        name: (round(100 * of_year["mean_return"], 1), of_year["names"])
        for name, of_year in told.items()
        if of_year["names"]
    }


def test_calendar_years_by_sector_are_those_of_the_recordings(reading: Reading) -> None:
    of_2022 = years(reading(date(2022, 12, 30)), "2022")
    assert max(of_2022, key=of_2022.__getitem__) == "Energy"
    assert min(of_2022, key=of_2022.__getitem__) == "Communication Services"
    assert of_2022["Energy"] == (58.3, 5)
    assert of_2022["Communication Services"][0] == -35.6
    assert of_2022["Space"] == (-31.6, 3)
    of_2020 = years(reading(date(2020, 12, 31)), "2020")
    assert max(of_2020, key=of_2020.__getitem__) == "Consumer Discretionary"
    assert min(of_2020, key=of_2020.__getitem__) == "Energy"
    assert (of_2020["Consumer Discretionary"][0], of_2020["Energy"][0]) == (63.1, -33.1)
    of_2024 = years(reading(date(2024, 12, 31)), "2024")
    assert round(of_2024["Space"][0]) == 345
    assert (of_2024["Financials"][0], of_2024["Health Care"][0]) == (49.5, -7.7)


def test_years_of_single_names_and_of_funds_are_told_too(reading: Reading) -> None:
    of_2022, of_2024 = reading(date(2022, 12, 30)), reading(date(2024, 12, 31))
    funds = of_2022[MARKET].facts["years"]["ETF"]["2022"]["returns"]
    assert (round(100 * funds["SPY"], 1), round(100 * funds["XLK"], 1)) == (-19.5, -28.4)
    assert round(100 * of_2022["Space"].facts["years"]["2022"]["returns"]["RKLB"], 1) == -69.3
    space = of_2024["Space"].facts["years"]["2024"]["returns"]
    assert (round(100 * space["RKLB"], 1), round(100 * space["LUNR"], 1)) == (360.6, 610.8)


def test_all_ten_years_come_from_one_function(bars: pd.DataFrame) -> None:
    prices = read_prices(bars)
    returns = year_returns(prices.days, prices.close)
    assert set(returns) == set(range(2016, 2025))
    assert round(100 * float(returns[2022][1][prices.places["SPY"]]), 1) == -19.5


def test_in_november_2024_space_leads_as_a_small_sample_and_its_first_days_are_day_one(
    reading: Reading,
) -> None:
    course = [reading(day)["Space"] for day in NOVEMBER]
    assert all(each.facts["small_sample"] and each.quality == "C" for each in course)
    assert {each.facts["few_names"] for each in course} <= {2, 3}
    ranks = [each.facts["rank"] for each in course]
    assert sum(rank == 1 for rank in ranks) >= 9
    streak = 0
    for each in course:
        streak = each.facts["streak"]
        assert (each.state == "leading_day1") == (streak == 1)
        assert each.state != "sustained"
    # Wednesday and Friday around Thanksgiving are two sessions in a row
    assert [each.facts["streak"] for each in course[-2:]] == [1, 2]
    by_day = dict(zip(NOVEMBER, course, strict=True))
    before = [
        by_day[day].facts["streak"] for day in calendar.sessions(date(2024, 11, 20), date(2024, 11, 25))
    ]
    assert before == [0, 1, 2, 3]


def test_a_streak_is_the_same_told_evening_by_evening_or_at_once(reading: Reading) -> None:
    for yesterday, today in pairwise(NOVEMBER):
        for name, signal in reading(today).items():
            if name != MARKET and signal.facts["streak"] > 1:
                assert signal.facts["streak"] == reading(yesterday)[name].facts["streak"] + 1


def test_rates_are_shares_of_many_cases(reading: Reading) -> None:
    facts = reading(NOVEMBER[-1])["Space"].facts
    assert 0.1 < facts["base_rate"] < 0.3
    assert facts["base_n"] > 5_000
    assert np.isfinite(facts["persistence"])
