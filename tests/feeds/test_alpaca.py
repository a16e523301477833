"""Alpaca: answers become rows by their keys, exactly, and every row is accounted for."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds import FeedError, Kind, Parsed, Raw
from feeds._values import opra
from feeds.alpaca import FEED, parse
from storage.intake import store
from storage.tables import Bar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES, TapeStore

PRINT = {"t": "2024-07-03T14:02:09.722539999Z", "x": "D", "p": 26.2958, "s": 100, "c": ["@", "T", " ", "I"],
         "i": 7, "z": "C"}  # fmt: skip
QUOTE = {"t": "2025-11-03T15:00:00.000059Z", "ax": "K", "ap": 26.5, "as": 300, "bx": "Q", "bp": 26.45,
         "bs": 4, "c": ["R"], "z": "C"}  # fmt: skip
BAR = {
    "t": "2024-07-03T04:00:00Z",
    "o": 26,
    "h": 27.5,
    "l": 25.5,
    "c": 27.0001,
    "v": 1234567,
    "n": 9,
    "vw": 26.4,
}
OPTION = "ACME240719P00025500"
OPTION_PRINT = {"t": "2024-07-03T14:02:43.651613184Z", "x": "M", "p": 0.06, "s": 3, "c": "I"}
OPTION_QUOTE = {"t": "2024-07-03T14:02:43.999999999Z", "ax": "N", "ap": 0.06, "as": 1593, "bx": "N",
                "bp": 0.05, "bs": 1344, "c": "B"}  # fmt: skip


def read(document: Any) -> Parsed:
    return parse(Raw("answer", document if isinstance(document, bytes) else json.dumps(document).encode()))


def rows(parsed: Parsed, kind: Kind) -> list[dict[str, Any]]:
    assert not parsed.bad
    assert set(parsed.accepted) == {kind}
    return parsed.accepted[kind].to_pylist()


def only(parsed: Parsed, kind: Kind) -> dict[str, Any]:
    (row,) = rows(parsed, kind)
    return row


def why(document: Any) -> list[str]:
    parsed = read(document)
    assert not parsed.accepted_rows
    return [bad.reason for bad in parsed.bad]


def test_a_stock_print_is_exact_and_known_fifteen_minutes_later() -> None:
    assert only(read({"trades": {"ACME": [PRINT]}, "next_page_token": "x"}), EQUITY_TRADES) == {
        "event_at": datetime(2024, 7, 3, 14, 2, 9, 722539, UTC),  # cut, not rounded to …540
        "known_at": datetime(2024, 7, 3, 14, 17, 9, 722539, UTC),
        "symbol": "ACME", "price_e4": 26_2958, "size": 100, "bid_e4": None, "ask_e4": None, "venue": "D",
        "condition": "T,I", "source": "alpaca",
    }  # fmt: skip


def test_a_regular_print_has_no_condition() -> None:
    for conditions in (["@"], [" "], [], None):
        row = only(read({"trades": {"ACME": [PRINT | {"c": conditions}]}}), EQUITY_TRADES)
        assert row["condition"] is None
    assert (
        only(read({"trades": {"ACME": PRINT | {"c": [" ", "7", "V"]}}}), EQUITY_TRADES)["condition"] == "7,V"
    )


def test_a_print_taken_back_is_quarantined_and_its_correction_is_not() -> None:
    for update, reason in (
        ("canceled", "cancelled by the vendor"),
        ("incorrect", "corrected by the vendor, another print stands for it"),
    ):
        assert why({"trades": {"ACME": [PRINT | {"u": update}]}}) == [reason]
    assert only(read({"trades": {"ACME": [PRINT | {"u": "corrected"}]}}), EQUITY_TRADES)["size"] == 100


def test_a_stock_quote_is_the_best_of_all_exchanges_in_shares() -> None:
    assert only(read({"quotes": {"ACME": [QUOTE]}}), EQUITY_QUOTES) == {
        "event_at": datetime(2025, 11, 3, 15, 0, 0, 59, UTC),
        "known_at": datetime(2025, 11, 3, 15, 15, 0, 59, UTC),
        "symbol": "ACME", "exchange": None, "bid_e4": 26_4500, "bid_size": 4, "ask_e4": 26_5000,
        "ask_size": 300, "source": "alpaca",
    }  # fmt: skip


def test_before_november_third_2025_of_new_york_a_stocks_sizes_are_round_lots() -> None:
    for at, sizes in (("2025-11-03T04:59:59.9Z", (400, 30_000)), ("2025-11-03T05:00:00Z", (4, 300))):
        row = only(read({"quotes": {"ACME": [QUOTE | {"t": at}]}}), EQUITY_QUOTES)
        assert (row["bid_size"], row["ask_size"]) == sizes


def test_a_price_of_zero_is_a_side_nobody_quotes_on() -> None:
    row = only(read({"quotes": {"ACME": [QUOTE | {"bp": 0, "bs": 0}]}}), EQUITY_QUOTES)
    assert (row["bid_e4"], row["bid_size"], row["ask_e4"], row["ask_size"]) == (None, None, 26_5000, 300)
    row = only(read({"quotes": {OPTION: OPTION_QUOTE | {"ap": 0, "as": 0}}}), OPTION_QUOTES)
    assert (row["bid_e4"], row["bid_size"], row["ask_e4"], row["ask_size"]) == (500, 1344, None, None)


def test_an_option_print_takes_its_contract_from_opras_symbol() -> None:
    assert only(read({"trades": {OPTION: [OPTION_PRINT]}}), OPTION_TRADES) == {
        "event_at": datetime(2024, 7, 3, 14, 2, 43, 651613, UTC),
        "known_at": datetime(2024, 7, 3, 14, 17, 43, 651613, UTC),
        "underlying": "ACME", "expiry": date(2024, 7, 19), "strike_e4": 25_5000, "is_call": False,
        "price_e4": 600, "size": 3, "multiplier": 100, "bid_e4": None, "ask_e4": None, "bid_size": None,
        "ask_size": None, "condition": "I", "exchange": "M", "underlying_price_e4": None,
        "open_interest": None, "vendor_side": None, "source": "alpaca",
    }  # fmt: skip


def test_an_option_quote_is_contracts_and_says_that_it_is_indicative() -> None:
    snapshot = {"latestQuote": OPTION_QUOTE, "latestTrade": OPTION_PRINT, "greeks": {"delta": -0.07}}
    for document in (
        {"quotes": {OPTION: OPTION_QUOTE}},
        {"snapshots": {OPTION: snapshot}, "next_page_token": None},
        {"snapshots": {OPTION: {"latestQuote": OPTION_QUOTE}}},
    ):
        assert only(read(document), OPTION_QUOTES) == {
            "event_at": datetime(2024, 7, 3, 14, 2, 43, 999999, UTC),
            "known_at": datetime(2024, 7, 3, 14, 17, 43, 999999, UTC),
            "symbol": OPTION, "exchange": None, "bid_e4": 500, "bid_size": 1344, "ask_e4": 600,
            "ask_size": 1593, "source": "alpaca, indicative",
        }  # fmt: skip


def test_a_daily_bar_is_known_at_its_sessions_close() -> None:
    assert only(read({"bars": {"ACME": [BAR]}}), Bar) == {
        "event_at": datetime(2024, 7, 3, 17, 0, tzinfo=UTC),  # a half day
        "known_at": datetime(2024, 7, 3, 17, 0, tzinfo=UTC),
        "source": "alpaca", "symbol": "ACME", "session": date(2024, 7, 3), "open_e4": 26_0000,
        "high_e4": 27_5000, "low_e4": 25_5000, "close_e4": 27_0001, "volume": 1_234_567,
    }  # fmt: skip
    winter = only(read({"bars": {"ACME": [BAR | {"t": "2024-01-02T05:00:00Z"}]}}), Bar)
    assert winter["known_at"] == datetime(2024, 1, 2, 21, 0, tzinfo=UTC)


def test_every_form_of_an_answer_is_read_alike() -> None:
    for what, key, row, kind in (
        ("trades", "trade", PRINT, EQUITY_TRADES),
        ("quotes", "quote", QUOTE, EQUITY_QUOTES),
        ("bars", "bar", BAR, Bar),
    ):
        expected = only(read({what: {"ACME": [row]}}), kind)
        for document in (
            {what: {"ACME": row}}, {key: {"ACME": row}}, {"symbol": "ACME", key: row},
            {"symbol": "ACME", what: [row], "next_page_token": None}, {what: {"ACME": [row], "BETA": []}},
            {what: {"ACME": [row], "BETA": None}},
        ):  # fmt: skip
            assert only(read(document), kind) == expected
    expected = only(read({"quotes": {"ACME": QUOTE}}), EQUITY_QUOTES)
    snapshot = {"latestQuote": QUOTE, "latestTrade": PRINT, "dailyBar": BAR, "prevDailyBar": BAR}
    for document in ({"ACME": snapshot}, {"symbol": "ACME"} | snapshot, {"snapshots": {"ACME": snapshot}}):
        assert only(read(document), EQUITY_QUOTES) == expected


def test_an_answer_without_rows_is_empty() -> None:
    for document in (
        {}, None, {"bars": {}}, {"trades": {}, "next_page_token": None}, {"quotes": None}, {"snapshots": {}},
        {"trades": {"ACME": None}}, {"symbol": "ACME", "trades": []}, {"symbol": "ACME", "bars": None},
    ):  # fmt: skip
        assert read(document).received == 0


ADJUSTED = "symbol is an adjusted contract, its premium multiplier is not known"
BEYOND = "premium is beyond a hundred billion dollars"
NOT_DAILY = "t is not midnight of New York, so this is no daily bar"


@pytest.mark.parametrize(
    ("what", "symbol", "row", "reason"),
    [
        ("trades", "ACME", PRINT | {"p": 0}, "p is not positive"),
        ("trades", "ACME", PRINT | {"p": True}, "p is not a number"),
        ("trades", "ACME", PRINT | {"p": [1]}, "p is not a number"),
        ("trades", "ACME", PRINT | {"s": 0}, "s is zero"),
        ("trades", "ACME", PRINT | {"s": 1.5}, "s is not a whole number"),
        ("trades", "ACME", PRINT | {"t": "2024-07-03T14:02:09"}, "t has no time zone"),
        ("trades", "ACME", PRINT | {"t": "1970-01-01T00:00:00Z"}, "t is outside 1999 to 2034"),
        ("trades", "ACME", PRINT | {"x": "a\x00"}, "x holds characters that are not text"),
        ("trades", "ACME", PRINT | {"x": "\ud800"}, "x holds characters that are not text"),
        ("trades", "ACME", PRINT | {"p": 10**8, "s": 10**6}, BEYOND),
        ("trades", "ß", PRINT, "symbol is not a ticker"),
        ("trades", "\ud800", PRINT, "symbol is not a ticker"),
        ("trades", "BTC/USD", PRINT, "symbol is not a ticker"),
        ("trades", "ACME", QUOTE, "p is missing"),
        ("trades", "ACME", 7, "not a kind this feed reads"),
        ("trades", OPTION, OPTION_PRINT | {"c": "II"}, "c is not one letter of OPRA's"),
        ("trades", OPTION, OPTION_PRINT | {"s": 10**7}, "s is ten million or more"),
        ("trades", OPTION, OPTION_PRINT | {"p": 10**6, "s": 10**6}, BEYOND),
        ("trades", OPTION, OPTION_PRINT | {"t": "2024-07-04T14:00:00Z"}, "not on a session of the exchange"),
        (
            "trades",
            OPTION,
            OPTION_PRINT | {"t": "2024-07-22T14:00:00Z"},
            "the contract expired before the trade",
        ),
        ("trades", "ACME1240719P00025500", OPTION_PRINT, ADJUSTED),
        ("quotes", "ACME1240719P00025500", OPTION_QUOTE, ADJUSTED),
        ("trades", "ACME240732P00025500", OPTION_PRINT, "symbol has no date as its expiry"),
        ("trades", "acme240719P00025500", OPTION_PRINT, "symbol is not an OPRA symbol"),
        ("quotes", "ACME", QUOTE | {"bp": -1}, "bp is negative"),
        ("quotes", "ACME", QUOTE | {"as": -1}, "as is negative"),
        ("quotes", "ACME", PRINT, "bp is missing"),
        ("snapshots", OPTION, {"latestTrade": OPTION_PRINT}, "a snapshot without a quote"),
        ("snapshots", OPTION, 7, "a snapshot without a quote"),
        ("bars", OPTION, BAR, "a bar of an option"),
        ("bars", "ACME", BAR | {"t": "2024-07-03T14:30:00Z"}, NOT_DAILY),
        ("bars", "ACME", BAR | {"t": "2024-07-03T00:00:00Z"}, NOT_DAILY),
        ("bars", "ACME", BAR | {"t": "2024-07-04T04:00:00Z"}, "not a session of the exchange"),
        ("bars", "ACME", BAR | {"h": 20}, "high is below low"),
        ("bars", "ACME", BAR | {"o": 25}, "open is outside low and high"),
        ("bars", "ACME", BAR | {"c": 28}, "close is outside low and high"),
        ("bars", "ACME", BAR | {"v": -1}, "v is negative"),
        ("bars", "ACME", BAR | {"c": None}, "c is missing"),
    ],
)
def test_a_bad_row_says_why_and_costs_no_other(what: str, symbol: str, row: Any, reason: str) -> None:
    assert why({what: {symbol: row}}) == [reason]
    good = {"trades": PRINT, "quotes": QUOTE, "bars": BAR, "snapshots": {"latestQuote": QUOTE}}[what]
    mixed = read({what: {symbol: [row, 7], "BETA": [good]}})
    assert (mixed.received, mixed.accepted_rows) == (3, 1)
    assert reason in [bad.reason for bad in mixed.bad]


def test_numbers_json_cannot_hold_cost_one_row() -> None:
    hostile = json.dumps(PRINT)
    for number in ("NaN", "-Infinity", "1e999", "9" * 5000):
        bad = hostile.replace("26.2958", number)
        parsed = read(f'{{"trades": {{"ACME": [{bad}, {hostile}]}}}}'.encode())
        assert (parsed.received, parsed.accepted_rows) == (2, 1)


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"<html>Too Many Requests</html>", b'{"trades": {"ACME": [', b"[" * 100_000,
     b'{"trades":' * 100_000, b"\xff\xfe\x00", b"Too Many Requests"],
)  # fmt: skip
def test_a_body_that_is_no_answer_is_one_sentence(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"^answer is not JSON\.$"):
        read(body)


@pytest.mark.parametrize(
    "document",
    [[], [1], 7, "x", {"message": "forbidden."}, {"trades": [PRINT]}, {"bars": "x"}, {"snapshots": [1]},
     {"next_page_token": None}, {"ACME": None}, {"news": []}],
)  # fmt: skip
def test_a_document_of_another_kind_is_one_quarantined_row(document: Any) -> None:
    assert why(document) == ["not a kind this feed reads"]


def test_an_opra_symbol_is_read_from_its_end() -> None:
    assert opra("SPY251003P00571000") == ("SPY", date(2025, 10, 3), False, 571_0000)
    assert opra("SPXW210104C03700000") == ("SPXW", date(2021, 1, 4), True, 3700_0000)
    assert opra("F240119C00012350")[3] == 12_3500
    assert [opra(f"{root}250117C00400000")[0] for root in ("BRKB", "BFB")] == ["BRK.B", "BF.B"]
    for text, reason in (
        ("XOM2241220P00280000", "is an adjusted contract, its premium multiplier is not known"),
        ("SPY251332P00571000", "has no date as its expiry"),
        ("SPY251003X00571000", "is not an OPRA symbol"),
        ("spy251003P00571000", "is not an OPRA symbol"),
        ("SPY251003P0057100", "is not an OPRA symbol"),
        ("SPY  251003P00571000", "is not an OPRA symbol"),
        ("ＳＰＹ251003P00571000", "is not an OPRA symbol"),
        ("SPY251003P00571000\n", "is not an OPRA symbol"),
        ("", "is not an OPRA symbol"),
    ):
        with pytest.raises(ValueError, match=f"^{reason}$"):
            opra(text)


@given(
    root=st.from_regex(r"[A-Z]{1,6}", fullmatch=True).filter(lambda root: root not in ("BRKB", "BFB")),
    expiry=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    call=st.booleans(),
    strike=st.integers(0, 99_999_999),
)
def test_an_opra_symbol_gives_back_what_it_was_made_of(
    root: str, expiry: date, call: bool, strike: int
) -> None:
    text = f"{root}{expiry:%y%m%d}{'C' if call else 'P'}{strike:08d}"
    assert opra(text) == (root, expiry, call, strike * 10)


@given(st.integers(0, 999_999_999))
def test_a_nanosecond_never_moves_a_row_into_the_future(nanosecond: int) -> None:
    row = only(
        read({"quotes": {"ACME": [QUOTE | {"t": f"2025-11-03T15:00:00.{nanosecond:09d}Z"}]}}), EQUITY_QUOTES
    )
    assert row["event_at"] == datetime(2025, 11, 3, 15, tzinfo=UTC) + timedelta(
        microseconds=nanosecond // 1000
    )


# -- recordings ---------------------------------------------------------------------------------------------

BODIES = "api_json/alpaca_py_test_bodies/*.json"
NONE = pa.table({})


def recorded(recordings: Path) -> Iterator[tuple[str, Any, Parsed]]:
    for path in sorted(recordings.glob(BODIES)):
        yield (
            path.name,
            json.loads(path.read_text(), parse_float=Decimal),
            parse(Raw(path.name, path.read_bytes())),
        )


def e4(value: Decimal | int) -> int | None:
    return int(value * 10_000) or None


def at(row: dict[str, Any]) -> datetime:
    """By another way than the feed's: seconds, and digits cut to six."""
    seconds, _, fraction = row["t"].rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00")


def listed(document: Any, *keys: str) -> list[tuple[str, dict[str, Any]]]:
    found = next((document[key] for key in keys if key in document), {})
    return [
        (name, row) for name, each in found.items() for row in (each if isinstance(each, list) else [each])
    ]


def of(parsed: Parsed, *kinds: Kind) -> list[dict[str, Any]]:
    return [row for kind in kinds for row in parsed.accepted.get(kind, NONE).to_pylist()]


def name_of(row: dict[str, Any]) -> str:
    if "symbol" in row:
        return row["symbol"]
    right = "C" if row["is_call"] else "P"
    return f"{row['underlying']}{row['expiry']:%y%m%d}{right}{row['strike_e4'] // 10:08d}"


def letters(row: dict[str, Any]) -> str | None:
    return ",".join(letter for letter in row["c"] if letter != "@") or None


def test_every_recorded_print_comes_out_as_it_went_in(recordings: Path) -> None:
    seen = 0
    for name, document, parsed in recorded(recordings):
        place = "venue" if "stock" in name else "exchange"
        trades = listed(document, "trades", "trade")
        assert [
            (name_of(row), row["event_at"], row["price_e4"], row["size"], row[place], row["condition"])
            for row in of(parsed, EQUITY_TRADES, OPTION_TRADES)
        ] == [(symbol, at(row), e4(row["p"]), row["s"], row["x"], letters(row)) for symbol, row in trades]
        seen += len(trades)
    assert seen == 9 + 7  # of options, of stocks


def test_every_recorded_quote_comes_out_as_it_went_in(recordings: Path) -> None:
    seen = 0
    for name, document, parsed in recorded(recordings):
        chain = document.get("snapshots", document)
        quotes = listed(document, "quotes") + [
            (symbol, each["latestQuote"])
            for symbol, each in chain.items()
            if isinstance(each, dict) and "latestQuote" in each
        ]
        lot = 100 if "stock" in name else 1  # all of them are older than the change to shares
        assert [
            tuple(row[key] for key in ("symbol", "event_at", "bid_e4", "bid_size", "ask_e4", "ask_size"))
            for row in of(parsed, EQUITY_QUOTES, OPTION_QUOTES)
        ] == [
            (symbol, at(row), e4(row["bp"]), row["bs"] * lot, e4(row["ap"]), row["as"] * lot)
            for symbol, row in quotes
        ]
        seen += len(quotes)
    assert seen == 6 + 6


def test_every_recorded_daily_bar_comes_out_and_no_other_bar(recordings: Path) -> None:
    seen: Counter[str] = Counter()
    for name, document, parsed in recorded(recordings):
        bars = listed(document, "bars")
        daily = [(symbol, row) for symbol, row in bars if row["t"][10:] in ("T05:00:00Z", "T04:00:00Z")]
        assert [
            (each["symbol"], each["session"].isoformat(), each["open_e4"], each["high_e4"], each["low_e4"],
             each["close_e4"], each["volume"])
            for each in parsed.accepted.get(Bar, NONE).to_pylist()
        ] == [
            (symbol, row["t"][:10], *(e4(row[key]) for key in "ohlc"), row["v"]) for symbol, row in daily
        ]  # fmt: skip
        reason = "a bar of an option" if "option" in name else NOT_DAILY
        assert [bad.reason for bad in parsed.bad] == [reason] * (len(bars) - len(daily))
        seen += Counter(daily=len(daily), other=len(bars) - len(daily))
    assert seen == {"daily": 7, "other": 8}


def test_every_recorded_body_is_accounted_for_to_the_row(recordings: Path) -> None:
    received = Counter({name: parsed.received for name, _, parsed in recorded(recordings)})
    assert len(received) == 43
    assert sum(1 for count in received.values() if not count) == 17
    assert received.total() == 16 + 12 + 7 + 8
    assert all("empty" in name or "not_found" in name for name, count in received.items() if not count)


def test_loading_the_recordings_twice_stores_them_once(
    engine: Engine, tapes: TapeStore, recordings: Path
) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)

    def load() -> int:
        return sum(
            store(
                engine, tapes, feed=FEED.name, name=name, body=name.encode(), accepted=dict(parsed.accepted),
                bad=[(bad.reason, bad.row) for bad in parsed.bad], now=now,
            ).new
            for name, _, parsed in recorded(recordings)
        )  # fmt: skip

    assert load() > 0
    assert load() == 0
