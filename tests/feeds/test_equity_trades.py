"""Stock prints and quotes in our own columns, CSV or Parquet: every row is accounted for."""

import io
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feeds import FeedError, Parsed, Raw
from feeds._sale_conditions import from_text
from feeds.equity_trades import parse
from storage.tape import EQUITY_QUOTES

TRADES = "executed_at,symbol,price,size,bid,ask,venue,condition"
PRINT = "2024-03-04T10:00:00.25-05:00,ACME,26.5,409,26.45,26.55,D,W"
QUOTES = "quoted_at,symbol,exchange,bid,bid_size,ask,ask_size"
QUOTE = "2024-03-04T10:00:00-05:00,ACME,P,26.45,300,26.55,200"


def read(header: str, *lines: str) -> Parsed:
    return parse(Raw("x.csv", "\n".join([header, *lines]).encode()))


def only(parsed: Parsed) -> dict[str, Any]:
    assert not parsed.bad
    ((row,),) = (table.to_pylist() for table in parsed.accepted.values())
    return row


def test_a_print_is_known_as_it_happens_and_keeps_what_the_file_says() -> None:
    at = datetime(2024, 3, 4, 15, 0, 0, 250_000, UTC)
    assert only(read(TRADES, PRINT)) == {
        "event_at": at, "known_at": at, "symbol": "ACME", "price_e4": 26_5000, "size": 409,
        "bid_e4": 26_4500, "ask_e4": 26_5500, "venue": "D", "condition": "W", "source": "equity_trades",
    }  # fmt: skip


def test_a_print_without_its_quote_has_none_and_zero_is_no_quote() -> None:
    for header, line in (
        ("executed_at,symbol,price,size,venue", "1709564400250,acme,26.5,409,Q"),
        (TRADES, "1709564400250,ACME,26.5,409,,,Q,@"),
        (TRADES, "1709564400250,ACME,26.5,409,0,0.00,Q,"),
    ):
        row = only(read(header, line))
        assert (row["bid_e4"], row["ask_e4"], row["condition"]) == (None, None, None)
        assert (row["symbol"], row["venue"]) == ("ACME", "Q")
    assert only(read(TRADES, PRINT.replace(",D,", ",,")))["venue"] is None  # not known is not lit


def test_parquet_and_csv_say_the_same() -> None:
    columns = dict(zip(TRADES.split(","), ([cell] for cell in PRINT.split(",")), strict=True))
    columns |= {"price": [26.5], "size": [409], "executed_at": [datetime(2024, 3, 4, 15, 0, 0, 250_000, UTC)]}
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    assert only(parse(Raw("x.parquet", body.getvalue()))) == only(read(TRADES, PRINT))


def test_quotes_of_our_own_columns() -> None:
    at = datetime(2024, 3, 4, 15, tzinfo=UTC)
    parsed = read(QUOTES, QUOTE)
    assert list(parsed.accepted) == [EQUITY_QUOTES]
    assert only(parsed) == {
        "event_at": at, "known_at": at, "symbol": "ACME", "exchange": "P", "bid_e4": 26_4500, "bid_size": 300,
        "ask_e4": 26_5500, "ask_size": 200, "source": "equity_trades",
    }  # fmt: skip
    row = only(read(QUOTES, "2024-03-04T10:00:00-05:00,ACME,,0,300,26.55,"))
    assert (row["exchange"], row["bid_e4"], row["bid_size"], row["ask_size"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("26.5,", "0,", "price is not positive"),
        ("26.5,", "NaN,", "price is not a number"),
        ("409", "0", "size is zero"),
        ("409", "1.5", "size is not a whole number"),
        ("409", "99999999999", "value is beyond a hundred billion dollars"),
        ("26.45", "-1", "bid is negative"),
        ("ACME", "ß", "symbol is not a ticker"),
        ("ACME", "", "symbol is missing"),
        ("-05:00", "", "executed_at has no time zone"),
        ("03-04T", "03-03T", "not on a session of the exchange"),
        (",W", ",W\0", "condition holds characters that are not text"),
    ],
)
def test_a_bad_cell_costs_its_row_and_says_why(old: str, new: str, reason: str) -> None:
    parsed = read(TRADES, PRINT, PRINT.replace(old, new, 1), PRINT)
    assert ([bad.reason for bad in parsed.bad], parsed.accepted_rows) == ([reason], 2)


def test_conditions_of_our_own_columns_leave_the_regular_out() -> None:
    assert [from_text(text) for text in ("@", "@,T", " W , 4 ", ",", "average_price_trade")] == [
        None, "T", "W,4", None, "average_price_trade",
    ]  # fmt: skip


def test_a_file_of_other_columns_is_one_sentence() -> None:
    for header in ("executed_at,symbol,price,size", "quoted_at,symbol,bid,ask", "a,b"):
        with pytest.raises(FeedError, match="expected like executed_at,symbol,price,size,venue"):
            read(header, "1,2,3,4")
