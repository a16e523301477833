"""Option prints of our own columns, and of LEAN's bars, to the dollar."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds import FeedError, Parsed, Raw, schema_of
from feeds._values import moment, money, ticker
from feeds.option_trades import FEED, parse
from storage import calendar
from storage.intake import store
from storage.tape import OPTION_TRADES, TapeStore

HEADER = "executed_at,underlying,expiry,strike,right,price,size,bid,ask"
GOOD = "2024-03-04T10:00:00.5-05:00,AAPL,2024-03-15,170,C,1.25,3,1.20,1.30"


def read(*lines: str, header: str = HEADER) -> Parsed:
    return parse(Raw("prints.csv", "\n".join([header, *lines]).encode()))


def refusals(*lines: str, header: str = HEADER) -> list[str]:
    return [bad.reason for bad in read(*lines, header=header).bad]


def changed(**cells: str) -> str:
    row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | cells
    return ",".join(row.values())


def test_a_print_is_read_as_it_says() -> None:
    parsed = read(GOOD)
    table = parsed.accepted[OPTION_TRADES]
    assert table.schema == schema_of(OPTION_TRADES)
    at = datetime(2024, 3, 4, 15, 0, 0, 500_000, UTC)
    assert table.to_pylist() == [
        {
            "event_at": at, "known_at": at, "underlying": "AAPL", "expiry": date(2024, 3, 15),
            "strike_e4": 170_0000, "is_call": True, "price_e4": 1_2500, "size": 3, "multiplier": 100,
            "bid_e4": 1_2000, "ask_e4": 1_3000, "bid_size": None, "ask_size": None,
                "condition": None, "exchange": None,
            "underlying_price_e4": None, "open_interest": None, "vendor_side": None,
            "source": "option_trades",
        }
    ]  # fmt: skip


def test_optional_columns_are_read_and_a_condition_keeps_its_case() -> None:
    header = HEADER + ",multiplier,condition,exchange,underlying_price,open_interest,side"
    table = read(GOOD + ",150,a,C,171.5,900,BUY", GOOD + ",,,,,,", header=header).accepted[OPTION_TRADES]
    full, bare = table.to_pylist()
    assert [full[name] for name in ("multiplier", "condition", "exchange")] == [150, "a", "C"]
    assert [full[name] for name in ("underlying_price_e4", "open_interest", "vendor_side")] == [
        1715000,
        900,
        "buy",
    ]
    assert bare["multiplier"] == 100
    assert bare["condition"] is bare["open_interest"] is bare["vendor_side"] is None


def test_csv_and_parquet_and_epoch_milliseconds_say_the_same() -> None:
    cells = dict(zip(HEADER.split(","), ([cell] for cell in GOOD.split(",")), strict=True))
    typed = cells | {
        "executed_at": [1709564400500], "expiry": [date(2024, 3, 15)], "strike": [170.0], "price": [1.25],
        "size": [3.0], "bid": [Decimal("1.20")], "ask": [1.30],
    }  # fmt: skip
    zoned = typed | {"executed_at": pa.array([1709564400500], pa.timestamp("ms", tz="America/New_York"))}
    for columns in (cells, typed, zoned):
        sink = BytesIO()
        pq.write_table(pa.table(columns), sink)
        assert parse(Raw("x", sink.getvalue())).accepted == read(GOOD).accepted


@pytest.mark.parametrize("symbol", ["NA", "TRUE", "NULL", "INF", "nan", "BRK.B", "^SPX"])
def test_a_ticker_that_looks_like_something_else_stays_a_ticker(symbol: str) -> None:
    table = read(changed(underlying=symbol)).accepted[OPTION_TRADES]
    assert table["underlying"].to_pylist() == [symbol.upper()]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"price": "0"}, "price is not positive"),
        ({"price": "-1"}, "price is not positive"),
        ({"price": "0.00001"}, "price is not positive"),
        ({"price": "NaN"}, "price is not a number"),
        ({"price": "Infinity"}, "price is not a number"),
        ({"price": "1e999"}, "price is not a number"),
        ({"price": "1_000"}, "price is not a number"),
        ({"price": "٣"}, "price is not a number"),
        ({"price": "1e50"}, "price is out of range"),
        ({"price": ""}, "price is missing"),
        ({"size": "0"}, "size is zero"),
        ({"size": "-3"}, "size is negative"),
        ({"size": "1.5"}, "size is not a whole number"),
        ({"size": "10000000"}, "size is ten million or more"),
        ({"size": "9999999", "price": "99999"}, "premium is beyond a hundred billion dollars"),
        ({"right": "X"}, "right is neither C nor P"),
        ({"strike": "-1"}, "strike is negative"),
        ({"bid": "-0.01"}, "bid is negative"),
        ({"expiry": "2024-03-01"}, "the contract expired before the trade"),
        ({"expiry": "2024-02-30"}, "expiry is not a date"),
        ({"executed_at": "2024-03-04T10:00:00"}, "executed_at has no time zone"),
        ({"executed_at": "yesterday"}, "executed_at is not a time"),
        ({"executed_at": "1709564400"}, "executed_at is outside 1999 to 2034"),
        ({"executed_at": "2099-03-04T10:00:00Z"}, "executed_at is outside 1999 to 2034"),
        ({"executed_at": "2024-03-03T10:00:00-05:00"}, "not on a session of the exchange"),
        ({"underlying": "AAPL US"}, "underlying is not a ticker"),
        ({"underlying": "ß"}, "underlying is not a ticker"),
        ({"underlying": "ＡＡＰＬ"}, "underlying is not a ticker"),
        ({"underlying": "A\0"}, "underlying is not a ticker"),
        ({"underlying": "ABCDEFGHIJK"}, "underlying is not a ticker"),
    ],
)  # fmt: skip
def test_a_bad_cell_costs_its_row_and_says_why(cells: dict[str, str], reason: str) -> None:
    parsed = read(GOOD, changed(**cells), GOOD)
    assert [(bad.reason, bad.row) for bad in parsed.bad] == [(reason, changed(**cells))]
    assert (parsed.received, parsed.accepted_rows) == (3, 2)


def test_a_misshapen_line_spoils_no_other() -> None:
    assert refusals(GOOD, GOOD + ",7", "one", '"' + GOOD, GOOD, "") == [
        "a quote is not closed", "not as many cells as the header", "not as many cells as the header",
    ]  # fmt: skip
    assert refusals(GOOD + ",0", GOOD + ",-3", header=HEADER + ",multiplier") == [
        "multiplier is zero", "multiplier is negative",
    ]  # fmt: skip
    body = ("\ufeff" + HEADER + "\r\n" + GOOD + "\r\n").encode() + GOOD.replace("A", "\xc4").encode("latin-1")
    parsed = parse(Raw("windows.csv", body))
    assert (parsed.accepted_rows, [bad.reason for bad in parsed.bad]) == (1, ["underlying is not a ticker"])


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \n", b"<html>Too Many Requests</html>", b"PAR1 is no Parquet", b"\xff" * 9,
        HEADER.encode("utf-16"), HEADER.replace("price", "last").encode(), (HEADER + ",bid").encode(),
        HEADER.replace(",", ";").encode(),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_of_ours_is_one_sentence(body: bytes) -> None:
    told = "is empty|expected like executed_at,|not a readable|of the same name"
    with pytest.raises(FeedError, match=told):
        parse(Raw("x.csv", body))


@given(st.decimals(min_value=Decimal("0"), max_value=Decimal("1e10"), places=4))
def test_money_of_four_decimals_is_exact(amount: Decimal) -> None:
    assert money(str(amount)) == int(amount.scaleb(4))
    assert money(f"-{amount:f}") == -int(amount.scaleb(4))


@given(st.text() | st.text("0123456789.+-eE_ nafiInNT:Z"))
def test_no_text_is_read_as_a_value_it_is_not(text: str) -> None:
    for reader, right in ((money, lambda: int(round(Decimal(text), 4) * 10_000)), (ticker, text.upper)):
        try:
            assert reader(text) == right()
        except ValueError:
            continue
        assert text.isascii()
    with contextlib.suppress(ValueError):
        assert moment(text).utcoffset() == timedelta()


@pytest.fixture(scope="module")
def lean(recordings: Path) -> pd.DataFrame:
    body = (recordings / "options_tape/lean_minute_tape.parquet").read_bytes()
    parsed = parse(Raw("lean_minute_tape.parquet", body))
    assert (parsed.received, parsed.accepted_rows) == (28_150, 28_150)
    frame = parsed.accepted[OPTION_TRADES].to_pandas()
    frame["session"] = frame.event_at.dt.tz_convert("America/New_York").dt.date.astype(str)
    frame["usd"] = frame.price_e4 * frame["size"] * frame.multiplier // 10_000
    return frame


def test_the_recorded_tape_gives_its_premium_to_the_dollar(lean: pd.DataFrame) -> None:
    totals = lean.groupby(["underlying", "session", "is_call"], observed=True).usd.sum()
    assert {key: int(value) for key, value in totals.items()} == {
        ("AAPL", "2014-06-06", True): 254_489_228, ("AAPL", "2014-06-06", False): 49_144_961,
        ("GOOG", "2015-12-24", True): 2_597_502, ("GOOG", "2015-12-24", False): 765_288,
        ("SPXW", "2021-01-04", True): 21_773_958, ("SPXW", "2021-01-04", False): 67_273_020,
        ("SPXW", "2021-01-05", True): 30_868_901, ("SPXW", "2021-01-05", False): 26_471_925,
        ("SPXW", "2021-01-06", True): 31_644_269, ("SPXW", "2021-01-06", False): 17_130_893,
        ("SPY", "2023-08-03", True): 70_642, ("SPY", "2023-08-03", False): 795_798,
        ("TWX", "2014-06-05", True): 3_101_664, ("TWX", "2014-06-05", False): 42_333,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "session", "is_call", "sides"),
    [
        ("GOOG", "2015-12-24", True, (1_031_990, 260_620, 965_340, 339_512, 40)),
        ("GOOG", "2015-12-24", False, (287_230, 55_845, 264_196, 158_017, 0)),
        ("TWX", "2014-06-05", True, (1_503_894, 202, 1_557_802, 39_766, 0)),
        ("TWX", "2014-06-05", False, (2_337, 7_778, 29_957, 2_261, 0)),
        ("SPY", "2023-08-03", True, (17_560, 1_211, 51_013, 858, 0)),
        ("SPY", "2023-08-03", False, (268_206, 9_378, 516_870, 1_344, 0)),
        ("SPXW", "2021-01-04", True, (8_757_173, 513_215, 12_375_049, 11_888, 116_633)),
        ("SPXW", "2021-01-04", False, (30_859_901, 726_260, 35_680_240, 6_619, 0)),
        ("SPXW", "2021-01-06", True, (16_784_277, 360_720, 14_267_742, 170_827, 60_703)),
        ("SPXW", "2021-01-06", False, (5_888_476, 238_880, 10_725_592, 192_510, 85_435)),
    ],
)  # fmt: skip
def test_the_quotes_before_the_trades_sign_the_recorded_premium(
    lean: pd.DataFrame, symbol: str, session: str, is_call: bool, sides: tuple[int, ...]
) -> None:
    of = lean[(lean.underlying == symbol) & (lean.session == session) & (lean.is_call == is_call)]
    unquoted = of.bid_e4.isna() | of.ask_e4.isna()
    off = np.sign(2 * of.price_e4 - of.bid_e4 - of.ask_e4)
    side = np.select([unquoted, of.bid_e4 >= of.ask_e4, off > 0, off == 0], [3, 4, 0, 1], 2)
    assert tuple(int(of.usd[side == each].sum()) for each in range(5)) == sides


def test_a_bar_is_known_when_it_is_over_and_an_hours_own_quote_is_not_used(
    lean: pd.DataFrame, recordings: Path
) -> None:
    assert set(lean.known_at - lean.event_at) == {timedelta(minutes=1)}
    assert lean[lean.session == "2015-12-24"].event_at.min() == calendar.opening(date(2015, 12, 24))
    assert lean[lean.underlying == "AAPL"].bid_e4.isna().all()
    body = (recordings / "options_tape/aapl_hour_tape_2014-06-06.parquet").read_bytes()
    hours = parse(Raw("hours", body)).accepted[OPTION_TRADES].to_pandas()
    assert (len(hours), set(hours.known_at - hours.event_at)) == (4_238, {timedelta(hours=1)})
    assert hours.bid_e4.isna().all()
    assert hours.ask_e4.isna().all()


def test_the_recorded_tape_loaded_twice_is_stored_once(
    engine: Engine, tapes: TapeStore, recordings: Path
) -> None:
    body = (recordings / "options_tape/lean_minute_tape.parquet").read_bytes()
    parsed = FEED.parse(Raw("tape", body))
    new = [
        store(
            engine, tapes, feed=FEED.name, name="tape", body=body, accepted=dict(parsed.accepted), bad=[],
            now=datetime(2024, 1, 2, tzinfo=UTC),
        ).new
        for _ in range(2)
    ]  # fmt: skip
    assert new == [28_150, 0]
