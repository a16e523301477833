"""Unusual Whales: answers and recordings become rows by their shape, and every row is accounted for."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from servers import Answer, Asked, serve
from sqlalchemy import Engine

from feeds import Ask, FeedError, Kind, Parsed, Raw, Window
from feeds._http import Http
from feeds.unusual_whales import FEED, PAGE, TOKEN, URL, parse
from storage.intake import store
from storage.tables import FlowAlert, OptionDay
from storage.tape import EQUITY_TRADES, OPTION_TRADES, TapeStore

TRADE = {
    "underlying_symbol": "ACME", "executed_at": 1709564400500, "created_at": 1709564400900,
    "expiry": "2024-03-15", "option_type": "put", "strike": "25.0000000000", "price": "0.10", "size": 3,
    "premium": "30.00",
    "nbbo_bid": "0.10", "nbbo_ask": "0.12", "tags": ["bid_side", "bullish"], "trade_code": "slan",
    "exchange": "XCBO", "underlying_price": "26.5", "open_interest": 410,
}  # fmt: skip
DARK = {
    "ticker": "ACME", "price": "26.5", "size": 409, "executed_at": "2024-03-04T23:55:20Z",
    "nbbo_bid": "26.45", "nbbo_ask": "26.5", "market_center": "L", "canceled": False,
    "sale_cond_codes": "average_price_trade",
    "ext_hour_sold_codes": "extended_hours_trade", "trade_settlement": "regular", "trade_code": None,
}  # fmt: skip
ALERT = {
    "ticker": "ACME", "option_chain": "ACME240315P00025000", "alert_rule": "RepeatedHits",
    "total_premium": "900.5", "total_size": 30, "total_ask_side_prem": "0", "total_bid_side_prem": "900.5",
    "trade_count": 4,
    "open_interest": 410, "has_sweep": True, "created_at": "2024-03-04T18:19:56.859291Z",
}  # fmt: skip
TOTALS = {
    "date": "2024-07-03", "call_premium": "720216349.0000", "put_premium": "801271511.00", "call_volume": 39,
    "put_volume": 55, "bullish_premium": "5", "bearish_premium": "6.5", "net_call_premium": "-10.25",
    "net_put_premium": None,
}  # fmt: skip


def read(document: Any, name: str = "answer.json") -> Parsed:
    return parse(Raw(name, document if isinstance(document, bytes) else json.dumps(document).encode()))


def only(parsed: Parsed, kind: Kind) -> dict[str, Any]:
    assert not parsed.bad
    (row,) = parsed.accepted[kind].to_pylist()
    return row


def why(document: Any) -> list[str]:
    parsed = read(document)
    assert not parsed.accepted_rows
    return [bad.reason for bad in parsed.bad]


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


def test_a_dark_pool_print_is_off_exchange_and_keeps_its_codes() -> None:
    row = only(read({"data": [DARK]}), EQUITY_TRADES)
    assert (row["venue"], row["symbol"], row["size"], row["price_e4"]) == ("D", "ACME", 409, 26_5000)
    assert row["condition"] == "average_price_trade,extended_hours_trade"
    plain = DARK | {"sale_cond_codes": None, "ext_hour_sold_codes": None, "nbbo_bid": None}
    row = only(read([plain]), EQUITY_TRADES)
    assert row["condition"] is row["bid_e4"] is None
    assert why({"data": [DARK | {"canceled": True}]}) == ["cancelled by the vendor"]


def test_an_alert_and_a_days_totals() -> None:
    alert = only(read({"data": [ALERT]}), FlowAlert)
    assert (alert["total_premium_e4"], alert["size"], alert["trades"], alert["sweep"]) == (
        900_5000,
        30,
        4,
        True,
    )
    assert alert["known_at"] == alert["event_at"] == datetime(2024, 3, 4, 18, 19, 56, 859291, UTC)
    # a half day: closed at 13:00 New York, settled at 13:45
    for answer in (
        read({"metadata": {"ticker": "ACME"}, "data": {"data": [TOTALS]}}),
        read({"data": [TOTALS]}, name="options-volume ACME 2024-07-03"),
        read({"data": [TOTALS]}, name="files/options_volume__ACME_2024-07-04T19.json"),
    ):
        day = only(answer, OptionDay)
        assert (day["symbol"], day["call_premium_e4"], day["put_premium_e4"]) == (
            "ACME", 7_202_163_490_000, 8_012_715_110_000,
        )  # fmt: skip
        assert (day["net_call_premium_e4"], day["net_put_premium_e4"]) == (-10_2500, None)
        assert day["event_at"] == datetime(2024, 7, 3, 17, 0, tzinfo=UTC)
        assert day["known_at"] == datetime(2024, 7, 3, 17, 45, tzinfo=UTC)
    assert why({"data": [TOTALS]}) == ["not a kind this feed reads"]  # of whom?


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


def recorded(recordings: Path, pattern: str) -> Parsed:
    (path,) = recordings.glob(pattern)
    return parse(Raw(path.name, path.read_bytes()))


def test_the_recorded_dark_pool_prints_sum_to_the_cent(recordings: Path) -> None:
    parsed = recorded(recordings, "api_json/unusual_whales_rest/darkpool__SPY_*")
    table = parsed.accepted[EQUITY_TRADES]
    assert (table.num_rows, parsed.bad) == (500, [])
    assert pc.sum(pc.multiply(table["price_e4"], table["size"])).as_py() == 2_891_786_100_4000
    codes = Counter(code for codes in table["condition"].to_pylist() if codes for code in codes.split(","))
    assert (codes["average_price_trade"], codes["derivative_priced"], codes["cash"]) == (53, 2, 1)


def test_the_recorded_day_gives_the_vendors_totals(recordings: Path) -> None:
    day = only(recorded(recordings, "api_json/unusual_whales_rest/options_volume__SPY_*"), OptionDay)
    dollars = [day[f"{name}_premium_e4"] // 10_000 for name in ("call", "put", "bullish", "bearish")]
    assert dollars == [720_216_349, 801_271_511, 679_784_414, 694_928_109]
    assert (day["net_call_premium_e4"], day["net_put_premium_e4"]) == (-10_561_037_0000, 21_666_827_0000)
    assert (day["symbol"], day["session"]) == ("SPY", date(2025, 10, 3))


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


def test_every_recorded_file_is_accounted_for_to_the_row(recordings: Path) -> None:
    accepted = {}
    for path in sorted(recordings.glob("api_json/unusual_whales_*/*")):
        document = json.loads(path.read_bytes())
        while isinstance(document, dict) and "data" in document:
            document = document["data"]
        parsed = parse(Raw(path.name, path.read_bytes()))
        if parsed.accepted_rows:
            is_list = isinstance(document, list) and isinstance(document[0], dict)
            assert parsed.received == (len(document) if is_list else 1)
            accepted[path.name.split("__")[0]] = parsed.accepted_rows
        else:
            assert [bad.reason for bad in parsed.bad] == ["not a kind this feed reads"]
    assert accepted == {
        "darkpool": 500, "flow_alerts": 100, "options_volume": 1,
        "quanticity_flow_alerts.json": 1, "quanticity_option_trade.json": 1,
    }  # fmt: skip
    for path in recordings.glob("options_tape/unusual_whales_ws/*"):
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        assert parse(Raw(path.name, path.read_bytes())).received == len(lines)


def test_loading_a_recording_twice_stores_it_once(engine: Engine, tapes: TapeStore, recordings: Path) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    for pattern, stored in (("darkpool__SPY_*", 500), ("options_volume__SPY_*", 1)):
        (path,) = recordings.glob(f"api_json/unusual_whales_rest/{pattern}")
        accepted = dict(parse(Raw(path.name, path.read_bytes())).accepted)
        for new in (stored, 0):
            account = store(
                engine, tapes, feed=FEED.name, name=path.name, body=b"x", accepted=accepted, bad=[], now=now
            )
            assert account.new == new


async def fetched(answer, since: datetime, until: datetime) -> tuple[list[Raw], list[Asked]]:
    async with serve(answer) as server, Http() as http:
        settings = {URL: server.url + "/", TOKEN: "token-of-a-test"}
        ask = Ask(http, settings, ["ACME"], Window(since, until), lambda names: set())
        assert FEED.fetch is not None
        return [raw async for raw in FEED.fetch(ask)], server.asked


async def test_a_fetch_names_what_it_asked_for_and_says_who_asks() -> None:
    def answer(asked: Asked) -> Answer:
        row = {"darkpool": DARK, "flow-recent": TRADE, "flow-alerts": ALERT, "options-volume": TOTALS}
        return Answer(json.dumps({"data": [row[name] for name in row if name in asked.path]}).encode())

    day = date(2024, 7, 3)
    raws, asked = await fetched(
        answer, datetime(2024, 7, 3, 13, tzinfo=UTC), datetime(2024, 7, 3, 17, 45, tzinfo=UTC)
    )
    assert [raw.name for raw in raws] == [
        f"darkpool ACME {day} 0", f"flow-recent ACME {day}", f"flow-alerts ACME {day}",
        f"options-volume ACME {day}",
    ]  # fmt: skip
    assert [kind for raw in raws for kind in parse(raw).accepted] == [
        EQUITY_TRADES, OPTION_TRADES, FlowAlert, OptionDay,
    ]  # fmt: skip
    assert [each.path for each in asked][:2] == ["/api/darkpool/ACME", "/api/stock/ACME/flow-recent"]
    assert {each.headers["authorization"] for each in asked} == {"Bearer token-of-a-test"}


async def test_a_days_totals_are_not_asked_for_before_the_day_is_settled() -> None:
    morning = datetime(2024, 7, 3, 13, tzinfo=UTC)
    raws, _ = await fetched(
        lambda asked: Answer(b'{"data": []}'), morning, datetime(2024, 7, 3, 17, tzinfo=UTC)
    )
    assert [raw.name.split()[0] for raw in raws] == ["darkpool", "flow-recent", "flow-alerts"]
    raws, _ = await fetched(
        lambda asked: Answer(b'{"data": []}'), *[datetime(2024, 7, 4, 15, tzinfo=UTC)] * 2
    )
    assert raws == []  # a holiday


async def test_dark_pool_pages_meet_in_a_second_that_one_of_them_holds_whole() -> None:
    # 750 prints, one a second, newest first; `older_than` is exclusive
    prints = [DARK | {"executed_at": 1720015200000 + 1000 * second} for second in reversed(range(750))]

    def answer(asked: Asked) -> Answer:
        if "darkpool" not in asked.path:
            return Answer(b'{"data": []}')
        before = int(asked.query.get("older_than", "9999999999")) * 1000
        page = [row for row in prints if row["executed_at"] < before][:PAGE]
        return Answer(json.dumps({"data": page}).encode())

    raws, asked = await fetched(
        answer, datetime(2024, 7, 3, 13, tzinfo=UTC), datetime(2024, 7, 3, 15, tzinfo=UTC)
    )
    pages = [parse(raw).accepted[EQUITY_TRADES] for raw in raws if raw.name.startswith("darkpool")]
    assert [page.num_rows for page in pages] == [500, 251]
    assert len({moment for page in pages for moment in page["event_at"].to_pylist()}) == 750
    assert asked[1].query["older_than"] == str(1720015200 + 250 + 1)


async def test_a_refused_token_is_an_error_that_does_not_show_it() -> None:
    with pytest.raises(FeedError) as caught:
        await fetched(
            lambda asked: Answer(b"no", 401),
            datetime(2024, 7, 3, 13, tzinfo=UTC),
            datetime(2024, 7, 3, 15, tzinfo=UTC),
        )
    assert caught.value.permanent
    assert "token-of-a-test" not in f"{caught.value!r} {caught.value.__cause__!r}"
