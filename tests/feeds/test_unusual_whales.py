"""Unusual Whales: answers and recordings become rows by their shape, and every row is accounted for."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from sqlalchemy import Engine
from whales import ALERT, DARK, TOTALS, TRADE, only, read, recorded, why

from feeds import FeedError, Parsed, Raw
from feeds.unusual_whales import FEED, parse
from storage.intake import store
from storage.tables import FlowAlert, OptionContract, OptionDay, OptionMinute
from storage.tape import EQUITY_TRADES, OPTION_TRADES, TapeStore


def test_an_option_trade_is_known_when_the_vendor_had_it() -> None:
    row = only(read(TRADE), OPTION_TRADES)
    assert row == {
        "event_at": datetime(2024, 3, 4, 15, 0, 0, 500_000, UTC),
        "known_at": datetime(2024, 3, 4, 15, 0, 0, 900_000, UTC),
        "underlying": "ACME", "expiry": date(2024, 3, 15), "strike_e4": 25_0000, "is_call": False,
        "price_e4": 1000, "size": 3, "multiplier": 100, "bid_e4": 1000, "ask_e4": 1200, "condition": "a",
        "exchange": "XCBO", "underlying_price_e4": 26_5000, "open_interest": 410, "vendor_side": "sell",
        "source": "unusual_whales",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "kept"),
    [("auto", "I"), ("isoi", "S"), ("mlet", "f"), ("MLAT", "g"), ("cncl", "C"), ("new", None)],
)
def test_a_condition_becomes_opras_letter(said: str, kept: str | None) -> None:
    assert only(read(TRADE | {"trade_code": said}), OPTION_TRADES)["condition"] == kept
    rest = {name: value for name, value in TRADE.items() if name != "trade_code"}
    assert only(read(rest | {"upstream_condition_detail": said}), OPTION_TRADES)["condition"] == kept


def test_the_vendors_side_is_its_own_column_and_the_multiplier_comes_from_its_premium() -> None:
    for tags, side in ((["ask_side"], "buy"), (["mid_side"], "mid"), (["no_side", "etf"], "mid"), ([], None),
                       (["ask_side", "bid_side"], None), ("ask_side", None), ([{}], None)):  # fmt: skip
        assert only(read(TRADE | {"tags": tags}), OPTION_TRADES)["vendor_side"] == side
    for premium, multiplier in (("45", 150), ("30.01", 100), (None, 100)):
        assert only(read(TRADE | {"premium": premium}), OPTION_TRADES)["multiplier"] == multiplier


def test_a_dark_pool_print_is_off_exchange_and_its_words_become_the_sips_characters() -> None:
    row = only(read({"data": [DARK]}), EQUITY_TRADES)
    assert (row["venue"], row["symbol"], row["size"], row["price_e4"]) == ("D", "ACME", 409, 26_5000)
    assert row["condition"] == "W,T"
    plain = DARK | {"sale_cond_codes": None, "ext_hour_sold_codes": None, "nbbo_bid": None}
    row = only(read([plain]), EQUITY_TRADES)
    assert row["condition"] is row["bid_e4"] is None
    assert why({"data": [DARK | {"canceled": True}]}) == ["cancelled by the vendor"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (("average_price_trade", None, "derivative_priced", "regular"), "W,4"),
        (("contingent_trade", None, "qualified_contingent_trade", "regular"), "V"),
        (("prior_reference_price", "extended_hours_trade", None, "regular"), "P,T"),
        (("prio_reference_price", "extended_hours_trade_late_or_out_of_sequence", None, "regular"), "P,U"),
        (("odd_lot_execution", "sold_out_of_sequence", "intermarket_sweep", "seller"), "I,Z,F,R"),
        ((None, None, None, "cash"), "C"),
        ((None, None, None, "Next_Day_Settlement"), "N"),
        (("something_new", None, None, "regular_settlement"), "something_new"),
    ],
)
def test_each_word_of_a_print_has_its_character_and_an_unknown_one_stays(said: tuple, kept: str) -> None:
    names = ("sale_cond_codes", "ext_hour_sold_codes", "trade_code", "trade_settlement")
    print_ = DARK | dict(zip(names, said, strict=True))
    assert only(read([print_]), EQUITY_TRADES)["condition"] == kept


def test_an_alert_is_known_when_it_was_made() -> None:
    alert = only(read({"data": [ALERT]}), FlowAlert)
    figures = (alert["total_premium_e4"], alert["size"], alert["trades"], alert["sweep"])
    assert figures == (900_5000, 30, 4, True)
    assert alert["known_at"] == alert["event_at"] == datetime(2024, 3, 4, 18, 19, 56, 859291, UTC)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (TRADE | {"price": "0"}, "price is not positive"),
        (TRADE | {"size": 0}, "size is zero"),
        (TRADE | {"price": True}, "price is not a value"),
        (TRADE | {"executed_at": [1]}, "executed_at is not a value"),
        (TRADE | {"executed_at": "2024-03-04T10:00:00"}, "executed_at has no time zone"),
        (TRADE | {"executed_at": "2024-03-03T10:00:00Z"}, "not on a session of the exchange"),
        (TRADE | {"expiry": "2024-03-01"}, "the contract expired before the trade"),
        (TRADE | {"underlying_symbol": "ß"}, "underlying_symbol is not a ticker"),
        (TRADE | {"underlying_symbol": None}, "underlying_symbol is missing"),
        (TRADE | {"price": "99999999", "size": 9999999}, "premium is beyond a hundred billion dollars"),
        (DARK | {"size": "1e999"}, "size is not a number"),
        (DARK | {"size": 10**14}, "premium is beyond a hundred billion dollars"),
        (ALERT | {"option_chain": "A\0"}, "option_chain holds characters that are not text"),
        (TOTALS | {"ticker": "A", "date": "2024-07-04"}, "not a session of the exchange"),
        (TOTALS | {"ticker": "A", "call_premium": "-1"}, "call_premium is negative"),
    ],
)
def test_a_bad_row_says_why(row: dict[str, Any], reason: str) -> None:
    assert why([row]) == [reason]
    mixed = read([row, TRADE, {"other": 1}, 7])
    assert mixed.accepted[OPTION_TRADES].num_rows == 1
    assert [bad.reason for bad in mixed.bad] == [reason] + ["not a kind this feed reads"] * 2


def test_numbers_json_cannot_hold_cost_one_row() -> None:
    hostile = json.dumps(TRADE)
    for number in ("NaN", "Infinity", "1e999", "9" * 5000):
        parsed = read(f"[{hostile.replace(chr(34) + '0.10' + chr(34), number, 1)}, {hostile}]".encode())
        assert (parsed.received, parsed.accepted_rows) == (2, 1)


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"<html>Too Many Requests</html>", b'{"data": [{"a":', b"[" * 100_000, b'{"data":' * 100_000,
     b"\xff\xfe\x00", b"2025-05-16 13:19:51.885894|x"],
)  # fmt: skip
def test_a_body_that_is_no_answer_is_one_sentence(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"is not JSON|neither JSON nor a recording"):
        parse(Raw("answer", body))


def test_an_answer_without_rows_is_empty_and_an_error_is_a_document() -> None:
    assert read({"data": []}).received == 0
    for document in ({"error": "no"}, {"data": None}, {"data": "x"}, [1, 2], {"data": {"close": "1"}}):
        assert why(document) == ["not a kind this feed reads"]


def test_a_recorded_line_is_only_ever_data() -> None:
    start = "2025-05-16 13:19:51.885894|option_trades:ACME|"
    lines = [
        start + repr(TRADE), start + "{'response': {}, 'status': 'ok'}",
        start + "dict(a=__import__('os').getcwd())", start + "{'a': " + "9" * 6000 + "}", "# left out",
        start + "{'a': 1}", start + "(" * 5000, start + "{{}}", "",
    ]  # fmt: skip
    parsed = parse(Raw("wire.txt", "\n".join(lines).encode()))
    assert only(Parsed(parsed.accepted), OPTION_TRADES)["price_e4"] == 1000
    assert Counter(bad.reason for bad in parsed.bad) == {
        "an acknowledgement, not data": 1, "not a recorded message": 5, "not a kind this feed reads": 1,
    }  # fmt: skip


def test_the_recorded_dark_pool_prints_sum_to_the_cent(recordings: Path) -> None:
    parsed = recorded(recordings, "api_json/unusual_whales_rest/darkpool__SPY_*")
    table = parsed.accepted[EQUITY_TRADES]
    assert (table.num_rows, parsed.bad) == (500, [])
    assert pc.sum(pc.multiply(table["price_e4"], table["size"])).as_py() == 2_891_786_100_4000
    codes = Counter(code for codes in table["condition"].to_pylist() if codes for code in codes.split(","))
    assert codes == {"W": 53, "4": 2, "C": 1, "T": 148, "U": 1, "P": 6, "V": 1}


def test_the_recorded_websocket_gives_seventeen_prints_and_the_midpoint_agrees(recordings: Path) -> None:
    parsed = recorded(recordings, "options_tape/unusual_whales_ws/demo_optiontrades_*")
    rows = parsed.accepted[OPTION_TRADES].to_pylist()
    assert len(rows) == 17
    assert Counter(bad.reason for bad in parsed.bad) == {
        "an acknowledgement, not data": 1, "not a recorded message": 1,
    }  # fmt: skip
    for row in rows:
        off = 2 * row["price_e4"] - row["bid_e4"] - row["ask_e4"]
        assert row["vendor_side"] == ("mid" if off == 0 else "buy" if off > 0 else "sell")
        assert row["known_at"] >= row["event_at"]
    assert Counter(row["condition"] for row in rows) == {"I": 11, "g": 4, "a": 2}


REST, WS, WIRE = (
    "api_json/unusual_whales_rest/",
    "api_json/unusual_whales_ws/",
    "options_tape/unusual_whales_ws/",
)


@pytest.mark.parametrize(
    ("file", "kind", "accepted", "quarantined"),
    [
        (REST + "darkpool__", EQUITY_TRADES, 500, 0),
        (REST + "flow_alerts__", FlowAlert, 100, 0),
        (REST + "options_volume__", OptionDay, 1, 0),
        (REST + "market_total_options_volume__", OptionDay, 100, 0),
        (REST + "net_prem_ticks__", OptionMinute, 405, 0),
        (REST + "etf_tide__", OptionMinute, 390, 0),
        (REST + "market_tide__", OptionMinute, 79, 0),
        (REST + "oi_change__", OptionContract, 50, 0),
        (REST + "market_oi_change__", OptionContract, 100, 0),
        (REST + "option_chains__", OptionContract, 10_046, 0),
        (REST + "flow_per_expiry__", None, 0, 1),
        (REST + "greek_flow__", None, 0, 1),
        (REST + "iv_rank__", None, 0, 1),
        (REST + "market_top_net_impact__", None, 0, 1),
        (REST + "net_flow_expiry__", None, 0, 1),
        (REST + "nope__", None, 0, 1),
        (REST + "ohlc_1m__", None, 0, 1),
        (REST + "stock_state__", None, 0, 1),
        (WS + "quanticity_flow_alerts", FlowAlert, 1, 0),
        (WS + "quanticity_option_trade", OPTION_TRADES, 1, 0),
        (WS + "quanticity_gex_snapshot", None, 0, 1),
        (WS + "quanticity_gex_strike.", None, 0, 1),
        (WS + "quanticity_gex_strike_expiry", None, 0, 1),
        (WS + "quanticity_news", None, 0, 1),
        (WS + "quanticity_price_tick", None, 0, 1),
        (WIRE + "demo_optiontrades_", OPTION_TRADES, 17, 2),
        (WIRE + "demo_flowalerts_", FlowAlert, 17, 1),
        (WIRE + "demo_greeks_", None, 0, 24),
    ],
)
def test_every_recorded_file_is_accounted_for_to_the_row(
    recordings: Path, file: str, kind: Any, accepted: int, quarantined: int
) -> None:
    parsed = recorded(recordings, file + "*")
    assert {each: table.num_rows for each, table in parsed.accepted.items()} == (
        {kind: accepted} if kind else {}
    )
    assert len(parsed.bad) == quarantined
    if file.startswith(WIRE):
        (path,) = recordings.glob(file + "*")
        assert parsed.received == len([line for line in path.read_text().splitlines() if line.strip()])
    elif not kind:
        assert [bad.reason for bad in parsed.bad] == ["not a kind this feed reads"]


def test_no_recorded_file_is_left_out_of_that_table(recordings: Path) -> None:
    assert sum(len(list(recordings.glob(folder + "*"))) for folder in (REST, WS, WIRE)) == 28


def test_loading_a_recording_twice_stores_it_once(engine: Engine, tapes: TapeStore, recordings: Path) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    files = {"darkpool__*": 500, "options_volume__*": 1, "net_prem_ticks__*": 405, "market_oi_change__*": 100}
    for pattern, stored in files.items():
        (path,) = recordings.glob(f"api_json/unusual_whales_rest/{pattern}")
        accepted = dict(parse(Raw(path.name, path.read_bytes())).accepted)
        for new in (stored, 0):
            account = store(
                engine, tapes, feed=FEED.name, name=path.name, body=b"x", accepted=accepted, bad=[], now=now
            )
            assert account.new == new
