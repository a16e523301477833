"""Daily bars: what is accepted, when it is known, and what the recordings must give."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from feeds import FeedError, Parsed, Raw
from feeds.bars import FEED, parse
from storage import calendar
from storage.intake import store
from storage.tables import Bar
from storage.tape import TapeStore

HEADER = "date,symbol,open,high,low,close,volume"


def read(*lines: str, header: str = HEADER, name: str = "bars.csv") -> Parsed:
    return parse(Raw(name, "\n".join([header, *lines]).encode()))


def test_a_bar_is_known_at_its_close_also_on_a_half_day() -> None:
    closes = datetime(2024, 11, 29, 18, tzinfo=UTC)
    (row,) = read("2024-11-29,NA,10,10.5,9.75,10.1234,0").accepted[Bar].to_pylist()
    assert row == {
        "event_at": closes, "known_at": closes,
        "source": "bars", "symbol": "NA", "session": date(2024, 11, 29),
        "open_e4": 100_000, "high_e4": 105_000, "low_e4": 97_500, "close_e4": 101_234, "volume": 0,
    }  # fmt: skip


def test_a_date_may_be_a_moment_and_means_new_yorks_date() -> None:
    summer = ["2020-07-27 04:00:00+00:00", "2020-07-27T00:00:00", "2020-07-27T00:00:00Z", "2020-07-27"]
    table = read(*(f"{stamp},XLK,1,1,1,1,86508.0" for stamp in summer)).accepted[Bar]
    assert set(table["session"].to_pylist()) == {date(2020, 7, 27)}
    (winter,) = read("2020-11-27 05:00:00+00:00,XLK,1,1,1,1,1").accepted[Bar].to_pylist()
    assert winter["session"] == date(2020, 11, 27)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2024-03-03,A,1,1,1,1,5", "not a session of the exchange"),
        ("1970-01-01,A,1,1,1,1,5", "not a session of the exchange"),
        ("2024-13-04,A,1,1,1,1,5", "date is not a date"),
        ("2024-03-04T10:00:00,A,1,1,1,1,5", "date is not a date"),
        ("0001-01-01T05:00:00+14:00,A,1,1,1,1,5", "date is out of range"),
        ("2024-03-04,A,1,0.9,1,1,5", "high is below low"),
        ("2024-03-04,A,nan,1,1,1,5", "open is not a number"),
        ("2024-03-04,A,1,1,1,,5", "close is missing"),
        ("2024-03-04,A,1,1,0,1,5", "low is not positive"),
        ("2024-03-04,A,1,1,1,1.01,5", "close is outside low and high"),
        ("2024-03-04,A,0.99,1,1,1,5", "open is outside low and high"),
        ("2024-03-04,A,1,1,1,1,-5", "volume is negative"),
        ('2024-03-04,A,"1,000",1,1,1,5', "open is not a number"),
    ],
)
def test_a_bad_bar_says_why(line: str, reason: str) -> None:
    parsed = read("2024-03-04,A,1,1,1,1,5", line)
    assert ([bad.reason for bad in parsed.bad], parsed.accepted_rows) == ([reason], 1)


def test_a_close_outside_by_the_rounding_of_a_32_bit_float_is_a_close() -> None:
    assert read("2024-03-04,A,100,100,99,100.0001,5").accepted_rows == 1


def test_a_file_without_symbols_is_of_the_symbol_it_is_named_after() -> None:
    header = "Date,Open,High,Low,Close,Volume"
    table = read("2024-03-04,1,1,1,1,5", header=header, name="some/folder/RKLB.csv").accepted[Bar]
    assert table["symbol"].to_pylist() == ["RKLB"]
    with pytest.raises(FeedError, match="not named after a ticker"):
        read("2024-03-04,1,1,1,1,5", header=header, name="my bars.csv")


@pytest.fixture(scope="module")
def yahoo(recordings: Path) -> pd.DataFrame:
    parsed = parse(Raw("yahoo", (recordings / "prices/yahoo_daily_ohlcv.parquet").read_bytes()))
    assert (parsed.received, parsed.accepted_rows) == (325_866, 325_866)
    return parsed.accepted[Bar].to_pandas()


def test_the_recorded_closes_give_the_years_they_gave(yahoo: pd.DataFrame) -> None:
    year = yahoo.assign(year=[day.year for day in yahoo.session]).groupby(["symbol", "year"]).close_e4.last()
    changes = {
        (symbol, year_): round((year[symbol, year_] / year[symbol, year_ - 1] - 1) * 100, 1)
        for symbol, year_ in [("SPY", 2022), ("XLK", 2022), ("RKLB", 2022), ("RKLB", 2024), ("LUNR", 2024)]
    }
    assert changes == {
        ("SPY", 2022): -19.5, ("XLK", 2022): -28.4, ("RKLB", 2022): -69.3,
        ("RKLB", 2024): 360.6, ("LUNR", 2024): 610.8,
    }  # fmt: skip


def test_the_recordings_are_accounted_for_to_the_row(yahoo: pd.DataFrame, recordings: Path) -> None:
    assert int((yahoo.volume == 0).sum()) == 161
    assert yahoo.symbol.nunique() == 137
    assert (yahoo.known_at == [calendar.close(day) for day in yahoo.session]).all()
    for name in ("prices/raw_csv/RKLB.csv", "prices/raw_csv/XLK.csv"):
        body = (recordings / name).read_bytes()
        assert parse(Raw(name, body)).accepted_rows == len(body.splitlines()) - 1
    iex = recordings / "prices/alpaca_iex_daily_sector_etfs_space.parquet"
    assert parse(Raw("iex", iex.read_bytes())).accepted_rows == 20_285


def test_bars_loaded_twice_are_stored_once(engine: Engine, tapes: TapeStore, recordings: Path) -> None:
    body = (recordings / "prices/raw_csv/RKLB.csv").read_bytes()
    accepted = dict(parse(Raw("RKLB.csv", body)).accepted)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    new = [
        store(
            engine, tapes, feed=FEED.name, name="RKLB.csv", body=body, accepted=accepted, bad=[], now=now
        ).new
        for _ in range(2)
    ]
    assert new == [1_383, 0]
