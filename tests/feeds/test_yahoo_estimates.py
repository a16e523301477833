"""Yahoo: analysts' means of the fiscal year that runs and the next, dated by when they were asked for."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from chains import CLOSE, FRIDAY_SETTLED, PRICE, SETTLED, TREND, estimates, year
from sqlalchemy import Engine

from feeds import Parsed, Raw
from feeds.yahoo import FEED, parse
from storage.intake import store
from storage.tables import CompanyEps
from storage.tape import TapeStore

ASKED = "estimates ACME 2024-03-01T21:45:00Z"


def read(document: Any, name: str = ASKED) -> Parsed:
    return parse(Raw(name, json.dumps(document).encode()))


def only(parsed: Parsed) -> dict[str, Any]:
    assert not parsed.bad
    (row,) = parsed.accepted[CompanyEps].to_pylist()
    return row


def why(parsed: Parsed) -> list[str]:
    assert not parsed.accepted_rows
    return [bad.reason for bad in parsed.bad]


def test_both_years_with_price_and_market_cap_are_of_the_session_they_were_asked_after() -> None:
    assert only(read(estimates())) == {
        "event_at": datetime(2024, 3, 1, 21, tzinfo=UTC), "known_at": FRIDAY_SETTLED, "source": "yahoo",
        "symbol": "ACME", "vintage": date(2024, 3, 1), "year_end": date(2024, 12, 31),
        "this_year_e4": 1_2500, "next_year_e4": 1_5000, "price_e4": 25_3500, "market_cap_usd": 5_070_000_000,
    }  # fmt: skip


def test_without_the_price_module_there_is_neither_price_nor_market_cap() -> None:
    row = only(read(estimates(price=None)))
    assert (row["symbol"], row["this_year_e4"]) == ("ACME", 1_2500)
    assert row["price_e4"] is row["market_cap_usd"] is None


def test_numbers_with_their_formatted_twins_are_read_too() -> None:
    formatted = PRICE | {"regularMarketPrice": {"raw": 25.35, "fmt": "25.35"}, "marketCap": {"raw": 0}}
    row = only(read(estimates(price=formatted)))
    assert (row["price_e4"], row["market_cap_usd"]) == (25_3500, None)


@pytest.mark.parametrize(
    ("name", "more", "vintage", "known"),
    [
        # asked on Saturday: Friday's session, known on Saturday
        ("estimates ACME 2024-03-02T14:00:00Z", {}, date(2024, 3, 1), datetime(2024, 3, 2, 14, tzinfo=UTC)),
        # before the opening on Monday, as the pre-market shows
        (ASKED, {"preMarketTime": CLOSE - 25_200}, date(2024, 3, 1), datetime(2024, 3, 4, 14, tzinfo=UTC)),
        # within Monday's session: not before that is settled
        (ASKED, {"regularMarketTime": CLOSE - 60}, date(2024, 3, 4), SETTLED),
        # a file of somebody's: as old as its price
        ("file.json", {}, date(2024, 3, 1), FRIDAY_SETTLED),
    ],
)
def test_estimates_are_never_known_before_they_were_given(
    name: str, more: dict[str, Any], vintage: date, known: datetime
) -> None:
    row = only(read(estimates(price=PRICE | more), name))
    assert (row["vintage"], row["known_at"]) == (vintage, known)
    assert row["event_at"] <= row["known_at"]


def test_a_year_no_analyst_estimates_is_missing_not_zero() -> None:
    nobody = year("+1y", "2025-12-31", 0, numberOfAnalysts={"raw": 0}, earningsCurrency=None)
    row = only(read(estimates(TREND[1], nobody)))
    assert (row["this_year_e4"], row["next_year_e4"]) == (1_2500, None)
    assert only(read(estimates(TREND[1], year("+1y", "2025-12-31", -0.307))))["next_year_e4"] == -3070
    assert only(read(estimates(TREND[1], year("+1y", "2025-12-31", 0))))["next_year_e4"] == 0


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (estimates(year("0q", "2024-03-31", 0.31)), "no estimates in it"),
        (estimates(year("0y", "2024-12-31", None)), "no estimates in it"),
        (estimates(year("0y", "2024-12-31", 1, earningsCurrency="CAD")), "earningsCurrency is not USD"),
        (estimates(year("0y", "2024-12-31", "x")), "avg is not a number"),
        (estimates(year("0y", "2024-12-31", [1])), "avg is not a value"),
        (estimates(year("0y", "31.12.2024", 1)), "endDate is not a date"),
        (estimates(year("0y", "2022-12-31", 1)), "endDate is not of the fiscal year that runs"),
        (estimates(year("0y", "2026-12-31", 1)), "endDate is not of the fiscal year that runs"),
        (estimates(TREND[2]), "endDate is missing"),
        (estimates(price=PRICE | {"currency": "GBp"}), "currency is not USD"),
        (estimates(price=PRICE | {"symbol": "OTHER"}), "an answer about another symbol than was asked"),
        (estimates(price=PRICE | {"regularMarketPrice": 0}), "regularMarketPrice is not positive"),
        (estimates(price=PRICE | {"marketCap": -5}), "marketCap is negative"),
        ({"quoteSummary": {"result": [{"price": PRICE}]}}, "no estimates in it"),
        ({"quoteSummary": {"result": [{"earningsTrend": 7}]}}, "no estimates in it"),
        ({"quoteSummary": {"result": [{"earningsTrend": {"trend": [7, {"period": "0y", "endDate": 1}]}}]}},
         "no estimates in it"),
        ({"quoteSummary": {"result": None, "error": {"code": "Not Found"}}}, "an error of Yahoo's, not data"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_quarantined_row_with_its_reason(document: Any, reason: str) -> None:
    assert why(read(document)) == [reason]


@pytest.mark.parametrize(
    "date_", ["yesterday", "Fri, 01 Mar 2024 21:45:00", None, 7, "Fri, 01 Mar 9999 1:1:1 GMT"]
)
def test_estimates_that_do_not_say_whose_or_of_when_are_refused(date_: Any) -> None:
    assert why(read(estimates(price=None), "file.json")) == ["it does not say which symbol it is about"]
    wrapped = {
        "request": {"url": "https://example.com/quoteSummary/ACME?x"},
        "response": {"headers": {"date": date_}, "bodyJson": estimates(price=None)},
    }
    assert why(read(wrapped, "file.json")) == ["it does not say when it was asked"]


#: recorded before the opening of Monday, 2025-02-24: of Friday's session
RECORDED = {
    "AAPL": (date(2025, 9, 30), 7_3157, 8_1961, datetime(2025, 2, 24, 9, 35, 0, tzinfo=UTC)),
    "ABBV": (date(2025, 12, 31), 12_2639, 13_8107, datetime(2025, 2, 24, 9, 35, 3, tzinfo=UTC)),
}


@pytest.mark.parametrize("symbol", RECORDED)
def test_recorded_estimates_are_of_fridays_session(recordings: Path, symbol: str) -> None:
    body = (recordings / f"api_json/yahoo/quoteSummary-earningsTrend-{symbol}.json").read_bytes()
    year_end, this_year, next_year, known = RECORDED[symbol]
    assert only(parse(Raw("file.json", body))) == {
        "event_at": datetime(2025, 2, 21, 21, tzinfo=UTC), "known_at": known, "source": "yahoo",
        "symbol": symbol, "vintage": date(2025, 2, 21), "year_end": year_end, "this_year_e4": this_year,
        "next_year_e4": next_year, "price_e4": None, "market_cap_usd": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "price", "cap", "known"),
    [
        ("AAPL", 245_5500, 3_688_676_720_640, datetime(2025, 2, 24, 9, 34, 49, tzinfo=UTC)),
        ("ABBV", 202_0800, 356_741_939_200, datetime(2025, 2, 24, 9, 33, 8, tzinfo=UTC)),
    ],
)
def test_both_recorded_modules_in_one_answer_as_it_is_asked_for_live(
    recordings: Path, symbol: str, price: int, cap: int, known: datetime
) -> None:
    modules: dict[str, Any] = {}
    for module in ("earningsTrend", "price"):
        path = recordings / f"api_json/yahoo/quoteSummary-{module}-{symbol}.json"
        modules |= json.loads(path.read_bytes())["response"]["bodyJson"]["quoteSummary"]["result"][0]
    answer = {"quoteSummary": {"result": [modules], "error": None}}
    row = only(read(answer, f"estimates {symbol} 2025-02-21T21:45:00Z"))
    assert (row["price_e4"], row["market_cap_usd"], row["vintage"]) == (price, cap, date(2025, 2, 21))
    # when the pre-market price in it was made
    assert row["known_at"] == known


def test_recorded_answers_without_estimates_in_dollars_say_why(recordings: Path) -> None:
    reasons = {}
    for name in ("earningsTrend-CRON", "earningsTrend-ADH", "earningsTrend-QQQ", "price-AAPL", "price-ADH"):
        body = (recordings / f"api_json/yahoo/quoteSummary-{name}.json").read_bytes()
        (reasons[name],) = why(parse(Raw(name, body)))
    assert reasons == {
        # one analyst, in Canadian dollars
        "earningsTrend-CRON": "earningsCurrency is not USD",
        "earningsTrend-ADH": "an error of Yahoo's, not data",
        "earningsTrend-QQQ": "an error of Yahoo's, not data",
        "price-AAPL": "no estimates in it",
        "price-ADH": "no estimates in it",
    }


def test_loading_estimates_twice_stores_them_once(engine: Engine, tapes: TapeStore) -> None:
    for new in (1, 0):
        accepted = dict(read(estimates()).accepted)
        account = store(
            engine, tapes, feed=FEED.name, name="x", body=b"x", accepted=accepted, bad=[], now=SETTLED
        )
        assert account.new == new
