"""Yahoo: option chains of a session that is over, one contract a row, their premium estimated."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from chains import CLOSE, CONTRACT, QUOTE, SETTLED, chain
from sqlalchemy import Engine

from feeds import FeedError, Parsed, Raw
from feeds.yahoo import FEED, parse
from storage.intake import store
from storage.tables import OptionContract
from storage.tape import TapeStore


def read(document: Any, name: str = "chain.json") -> Parsed:
    return parse(Raw(name, document if isinstance(document, bytes) else json.dumps(document).encode()))


def only(parsed: Parsed) -> dict[str, Any]:
    assert not parsed.bad
    (row,) = parsed.accepted[OptionContract].to_pylist()
    return row


def why(parsed: Parsed) -> list[str]:
    assert not parsed.accepted_rows
    return [bad.reason for bad in parsed.bad]


@pytest.mark.parametrize("wrap", [False, True])
def test_a_contract_of_the_session_with_its_premium_estimated(wrap: bool) -> None:
    document = chain(CONTRACT)
    if wrap:
        document = {"request": {"url": "x"}, "response": {"status": 200, "bodyJson": document}}
    assert only(read(document)) == {
        "event_at": datetime(2024, 3, 4, 21, tzinfo=UTC), "known_at": SETTLED, "source": "yahoo",
        "symbol": "ACME", "contract": "ACME240315P00025000", "session": date(2024, 3, 4),
        "expiry": date(2024, 3, 15), "strike_e4": 25_0000, "is_call": False,
        # 12 contracts × $0.35 × 100 shares
        "volume": 12, "premium_e4": 420_0000, "estimated": True,
        # of this morning: this evening's is out tomorrow
        "open_interest_before": 40,
    }  # fmt: skip


def test_a_zero_of_open_interest_is_not_a_figure_and_a_missing_volume_no_premium() -> None:
    row = only(read(chain(CONTRACT | {"openInterest": 0, "volume": None})))
    assert row["open_interest_before"] is row["volume"] is row["premium_e4"] is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lastTradeDate": CLOSE - 86400 * 3}, "last traded before the newest session"),
        ({"lastTradeDate": CLOSE + 86400}, "traded after the newest session"),
        ({"lastTradeDate": CLOSE * 1000}, "lastTradeDate is outside 2000 to 2034"),
        ({"lastTradeDate": None}, "lastTradeDate is missing"),
        ({"lastTradeDate": {"raw": CLOSE}}, "lastTradeDate is not a value"),
        ({"contractSymbol": "ACME"}, "contractSymbol is not an OPRA symbol"),
        ({"contractSymbol": "ACME240301P00025000"}, "the contract expired before the session"),
        ({"currency": "GBp"}, "currency is not USD"),
        ({"contractSize": "MINI"}, "contractSize is not a hundred shares"),
        ({"volume": -1}, "volume is negative"),
        ({"volume": 1.5}, "volume is not a whole number"),
        ({"lastPrice": 0}, "lastPrice is not positive"),
        ({"lastPrice": 99_999_999, "volume": 10**9}, "premium is beyond a hundred billion dollars"),
    ],
)
def test_a_bad_contract_says_why_and_spoils_no_other(change: dict[str, Any], reason: str) -> None:
    parsed = read(chain(CONTRACT | change, CONTRACT))
    assert ([bad.reason for bad in parsed.bad], parsed.accepted_rows) == ([reason], 1)


def test_a_contract_that_does_not_trade_is_quarantined_once_however_its_quote_moves() -> None:
    stale = CONTRACT | {"lastTradeDate": CLOSE - 86400 * 3}
    kept = {bad.row for bid in (1, 2) for bad in read(chain(stale | {"bid": bid, "openInterest": bid})).bad}
    assert len(kept) == 1


def test_a_chain_of_an_open_session_is_refused_because_volumes_are_not_final() -> None:
    for quote in (
        QUOTE | {"marketState": "REGULAR"},
        {"regularMarketTime": CLOSE - 60},
    ):
        assert why(read(chain(CONTRACT, CONTRACT, quote=quote))) == ["the session was still open"]
    # a share that last traded before the close, and a session that is over
    assert only(read(chain(CONTRACT, quote=QUOTE | {"regularMarketTime": CLOSE - 600})))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (chain(), "no option contracts in it"),
        (chain(CONTRACT, options=[]), "no option contracts in it"),
        (chain(CONTRACT, options=[7, {"calls": 7}]), "no option contracts in it"),
        (chain(CONTRACT, quote=None), "regularMarketTime is missing"),
        (chain(CONTRACT, underlyingSymbol=None), "underlyingSymbol is missing"),
        ({"optionChain": {"result": [], "error": None}}, "not a kind this feed reads"),
        ({"optionChain": {"result": None, "error": {"code": "Not Found"}}}, "an error of Yahoo's, not data"),
        ({"finance": {"result": None, "error": {"code": "Unauthorized"}}}, "an error of Yahoo's, not data"),
        ({"quoteSummary": {"result": [{}], "error": None}}, "not a kind this feed reads"),
        ([1], "not a kind this feed reads"),
        ({"response": {"status": 500, "bodyJson": None}}, "not a kind this feed reads"),
    ],
)
def test_a_document_without_contracts_is_one_quarantined_row(document: Any, reason: str) -> None:
    assert why(read(document)) == [reason]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"Edge: Too Many Requests", b"[" * 50_000, b"{", b"\xff\xfe"]
)
def test_a_body_that_is_no_json_is_one_sentence(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"is not JSON|asked for fewer requests"):
        read(body)


def test_a_share_class_keeps_the_name_it_is_watched_by_and_another_symbol_is_refused() -> None:
    berkshire = CONTRACT | {"contractSymbol": "BRKB240315P00025000"}
    answer = chain(berkshire, underlyingSymbol="BRK-B")
    assert only(read(answer, "options BRK.B 2024-03-04 1710460800"))["symbol"] == "BRK.B"
    assert only(read(answer))["symbol"] == "BRK-B"
    refused = read(answer, "options ACME 2024-03-04")
    assert why(refused) == ["an answer about another symbol than was asked"]


RECORDED = {
    "options-AAPL.json": (80, 22, 341_317, 75_998_674),
    "options-ABBV.json": (30, 17, 3_528, 576_431),
    "options-CRON.json": (4, 7, 311, 5_637),
    "options-EBAY.json": (29, 18, 1_114, 189_198),
    "options-QQQ.json": (164, 16, 874_392, 179_774_916),
    "options-ADH.json": (0, 1, 0, 0),
    "options-AAPL-expire-2022-03-01.json": (0, 1, 0, 0),
}


@pytest.mark.parametrize("file", RECORDED)
def test_a_recorded_chain_is_of_fridays_session(recordings: Path, file: str) -> None:
    parsed = parse(Raw(file, (recordings / "api_json/yahoo" / file).read_bytes()))
    accepted, refused, volume, dollars = RECORDED[file]
    rows = parsed.accepted[OptionContract].to_pylist() if accepted else []
    assert (len(rows), len(parsed.bad)) == (accepted, refused)
    assert sum(row["volume"] for row in rows) == volume
    assert sum(row["premium_e4"] for row in rows) == dollars * 10_000
    assert {row["session"] for row in rows} <= {date(2025, 2, 21)}
    reason = "last traded before the newest session" if accepted else "no option contracts in it"
    assert {bad.reason for bad in parsed.bad} == {reason}


def test_the_recorded_answers_of_other_kinds_are_one_quarantined_row_each(recordings: Path) -> None:
    paths = {*recordings.glob("api_json/yahoo/quoteSummary-*")}
    paths -= {
        *recordings.glob("api_json/yahoo/*-earningsTrend-*"),
        *recordings.glob("api_json/yahoo/*-price-*"),
    }
    reasons = Counter(reason for path in paths for reason in why(parse(Raw(path.name, path.read_bytes()))))
    assert set(reasons) == {"an error of Yahoo's, not data", "not a kind this feed reads"}
    assert sum(reasons.values()) == len(paths)


def test_loading_a_chain_twice_stores_it_once(engine: Engine, tapes: TapeStore) -> None:
    for new in (1, 0):
        parsed = read(chain(CONTRACT))
        account = store(
            engine, tapes, feed=FEED.name, name="x", body=b"x", accepted=dict(parsed.accepted), bad=[],
            now=SETTLED,
        )  # fmt: skip
        assert account.new == new
