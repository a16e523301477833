"""Alpaca: what is asked for, in which order and how often, and what becomes of a source that misbehaves."""

import gzip
import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from servers import Answer, Asked, serve

import feeds._alpaca_pages as alpaca_pages
from feeds import Ask, FeedError, Raw, Window
from feeds._alpaca_pages import GIVE_UP, KEY_ID, SECRET_KEY, URL
from feeds._http import LARGEST, TRIES, Http
from feeds.alpaca import CONTRACTS, FEED, STOCKS, parse
from storage import calendar
from storage.tables import Bar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES, TapeStore

#: no key: whoever finds one of these somewhere has found a leak
KEYS = {KEY_ID: "AKCANARYCANARYCANARY", SECRET_KEY: "canary-canary-canary-canary-canary"}

PRINT = {"t": "2024-07-03T14:02:09.7Z", "x": "D", "p": 26.29, "s": 100, "c": ["@"], "i": 7, "z": "C"}
QUOTE = {"t": "2024-07-03T14:02:08Z", "ax": "K", "ap": 26.5, "as": 3, "bx": "Q", "bp": 26.45, "bs": 4}
BAR = {"t": "2024-07-03T04:00:00Z", "o": 26, "h": 27.5, "l": 25.5, "c": 27, "v": 12}
OPTION_PRINT = {"t": "2024-07-03T14:02:43.6Z", "x": "M", "p": 0.06, "s": 3, "c": "I"}
CALL = "ACME240719C00025500"

#: a half day: the session is 13:30 to 17:00 UTC, its figures are complete at 17:45
DAY = date(2024, 7, 3)
CLOSE = datetime(2024, 7, 3, 17, 45, tzinfo=UTC)
#: the same for the session before, a whole one
CLOSE_BEFORE = datetime(2024, 7, 2, 20, 45, tzinfo=UTC)


def utc(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-07-03T{clock}:00+00:00")


def what(asked: Asked) -> str:
    return "chain" if "snapshots" in asked.path else asked.path.removeprefix("/v2/stocks/").split("/")[-1]


def content(asked: Asked) -> dict[str, Any]:
    """A healthy answer with one row of each symbol."""
    if "snapshots" in asked.path:
        quote = QUOTE | {"c": "A"}
        return {
            "snapshots": {CALL: {"latestQuote": quote, "latestTrade": OPTION_PRINT}},
            "next_page_token": None,
        }
    rows = {"bars": BAR, "quotes": QUOTE, "trades": OPTION_PRINT if "options" in asked.path else PRINT}
    key = asked.path.rsplit("/")[-1]
    return {
        key: {symbol: [rows[key]] for symbol in asked.query["symbols"].split(",")},
        "next_page_token": None,
    }


def well(asked: Asked) -> Answer:
    return Answer(json.dumps(content(asked)).encode())


@dataclass
class Fetched:
    """What one fetch came to."""

    raws: list[Raw] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    error: FeedError | None = None

    @property
    def names(self) -> list[str]:
        return [raw.name for raw in self.raws]

    def count(self) -> Counter[str]:
        return Counter(
            what(asked) + (" of options" if "options/trades" in asked.path else "") for asked in self.asked
        )


async def fetch(
    answer: Callable[[Asked], Answer] = well,
    since: datetime = CLOSE_BEFORE,
    until: datetime = CLOSE,
    symbols: Sequence[str] = ("ACME",),
    known: Sequence[str] = (),
) -> Fetched:
    found = Fetched()

    async def sleep(seconds: float) -> None:
        found.waits.append(seconds)

    assert FEED.fetch is not None
    async with serve(answer) as server, Http(sleep=sleep) as http:
        settings = {URL: server.url + "/"} | KEYS
        ask = Ask(http, settings, symbols, Window(since, until), lambda names: set(names) & set(known))
        try:
            async for raw in FEED.fetch(ask):
                found.raws.append(raw)
        except FeedError as error:
            found.error = error
        found.asked = server.asked
    for kept in (*found.names, f"{found.error!r} {found.error.__cause__!r}" if found.error else ""):
        assert not any(key in kept for key in KEYS.values())
    return found


async def test_a_close_asks_for_the_days_bar_options_prints_and_quotes_in_this_order() -> None:
    found = await fetch()
    assert found.error is None
    assert [asked.path for asked in found.asked] == [
        "/v2/stocks/bars", "/v1beta1/options/snapshots/ACME", "/v1beta1/options/trades", "/v2/stocks/trades",
        "/v2/stocks/trades", "/v2/stocks/quotes",
    ]  # fmt: skip
    bars, chain, options, trades, night, quotes = (asked.query for asked in found.asked)
    assert bars == {
        "symbols": "ACME", "timeframe": "1Day", "adjustment": "split", "feed": "sip", "limit": "10000",
        "start": "2024-07-03T04:00:00Z", "end": "2024-07-03T04:00:00Z",
    }  # fmt: skip
    assert chain == {"feed": "indicative", "limit": "1000"}
    assert options == {
        "symbols": CALL, "limit": "10000", "start": "2024-07-03T13:29:00Z", "end": "2024-07-03T17:30:00Z",
    }  # fmt: skip
    # what came after the last close, too; quotes only while prints can be signed
    assert trades == {
        "symbols": "ACME", "feed": "sip", "limit": "10000",
        "start": "2024-07-03T04:00:00Z", "end": "2024-07-03T17:30:00Z",
    }  # fmt: skip
    assert night == trades | {"start": "2024-07-02T20:30:00Z", "end": "2024-07-03T04:00:00Z"}
    assert quotes == trades | {"start": "2024-07-03T13:00:00Z", "end": "2024-07-03T17:00:00Z"}
    for asked in found.asked:
        assert asked.headers["apca-api-key-id"] == KEYS[KEY_ID]
        assert asked.headers["apca-api-secret-key"] == KEYS[SECRET_KEY]


async def test_every_body_is_read_and_says_in_its_name_what_it_answers() -> None:
    found = await fetch()
    assert found.names == [
        "bars 2024-07-03 2024-07-03 ACME last",
        "chain ACME 2024-07-03T17:45:00Z last",
        "option-trades ACME 2024-07-03T13:30:00Z 2024-07-03T17:30:00Z last",
        "trades ACME 2024-07-03T04:00:00Z 2024-07-03T17:30:00Z last",
        "trades ACME 2024-07-02T20:30:00Z 2024-07-03T04:00:00Z last",
        "quotes ACME 2024-07-03T13:00:00Z 2024-07-03T17:00:00Z last",
    ]
    parsed = [parse(raw) for raw in found.raws]
    assert [kind for each in parsed for kind in each.accepted] == [
        Bar, OPTION_QUOTES, OPTION_TRADES, EQUITY_TRADES, EQUITY_TRADES, EQUITY_QUOTES,
    ]  # fmt: skip
    assert not [bad for each in parsed for bad in each.bad]


async def test_nothing_is_asked_for_that_is_younger_than_fifteen_minutes() -> None:
    for until in (CLOSE, utc("14:00"), utc("14:17"), datetime(2024, 7, 3, 14, 15, 30, tzinfo=UTC)):
        for asked in (await fetch(until=until)).asked:
            if "end" in asked.query:
                assert datetime.fromisoformat(asked.query["end"]) <= until - timedelta(minutes=15)


async def test_a_bar_is_asked_for_once_its_session_is_settled() -> None:
    assert "bars" not in (await fetch(until=CLOSE - timedelta(minutes=1))).count()
    assert "bars" not in (await fetch(since=CLOSE, until=CLOSE + timedelta(hours=2))).count()
    week = await fetch(since=datetime(2024, 6, 27, 12, tzinfo=UTC))
    assert week.asked[0].query["start"] == "2024-06-27T04:00:00Z"
    assert week.count()["bars"] == 1


async def test_what_was_read_is_not_asked_for_again_by_another_job() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(well(asked).body.replace(b"14:02:43.6Z", b"16:59:00Z"))  # the contract trades all day

    names: list[str] = []
    since, counts = CLOSE_BEFORE, Counter[str]()
    for slot in (calendar.opening(DAY) + timedelta(minutes=5 * i) for i in range(1, 43)):
        found = await fetch(answer, since=since, until=slot, known=names)
        names, since, counts = names + found.names, slot, counts + found.count()
    # options of 13:30 to 16:45 every five minutes; the night, the morning and half hours to 16:30 of stocks
    assert counts == {"chain": 42, "trades of options": 39, "trades": 2 + 6, "quotes": 1 + 6}
    last = await fetch(answer, since=CLOSE_BEFORE, until=CLOSE, known=names)
    # what ripened since comes as one run each
    assert [name for name in last.names if not name.startswith("bars")] == [
        "chain ACME 2024-07-03T17:45:00Z last",
        "option-trades ACME 2024-07-03T16:45:00Z 2024-07-03T17:30:00Z last",
        "trades ACME 2024-07-03T16:30:00Z 2024-07-03T17:30:00Z last",
        "quotes ACME 2024-07-03T16:30:00Z 2024-07-03T17:00:00Z last",
    ]
    once_more = await fetch(since=CLOSE_BEFORE, until=CLOSE, known=names + last.names)
    assert once_more.count() == {"chain": 1}  # its quotes are new each time


async def test_whoever_is_watched_later_gets_the_day_at_its_close() -> None:
    first = await fetch()
    found = await fetch(symbols=["ACME", "BETA"], known=first.names)
    assert all(
        "BETA" in name for name in found.names if name.startswith(("trades", "quotes", "option-trades"))
    )
    assert found.count()["quotes"] == 1


async def test_a_weekend_and_an_empty_list_ask_for_nothing() -> None:
    saturday = datetime(2024, 7, 6, 15, tzinfo=UTC)
    assert (await fetch(since=saturday, until=saturday + timedelta(hours=5))).asked == []
    assert (await fetch(symbols=[])).asked == []


async def test_an_index_or_what_is_no_stocks_name_is_not_asked_for() -> None:
    found = await fetch(symbols=["^SPX", "BRK.B", "BRK-B", "A1", "TOOLONG"])
    assert {asked.query.get("symbols", asked.path[-5:]) for asked in found.asked} == {"BRK.B", CALL}


async def test_bars_of_many_stocks_are_few_requests_with_names_that_fit() -> None:
    symbols = [f"{a}{b}XYZ.WSA" for a in "ABCDE" for b in "ABCDE"]
    found = await fetch(symbols=symbols)
    bars = [asked.query["symbols"].split(",") for asked in found.asked if what(asked) == "bars"]
    assert [len(each) for each in bars] == [STOCKS, 5]
    assert [symbol for chunk in bars for symbol in chunk] == symbols
    assert max(map(len, found.names)) <= 300  # what is kept of a name


# -- pages ---------------------------------------------------------------------------------------------------


def paged(pages: Sequence[dict[str, Any]], of: str = "/v2/stocks/trades") -> Callable[[Asked], Answer]:
    """Gives `pages` one after the other, by tokens; everything else is empty."""

    def answer(asked: Asked) -> Answer:
        if asked.path != of:
            key = "snapshots" if "snapshots" in asked.path else asked.path.rsplit("/")[-1]
            return Answer(json.dumps({key: {}, "next_page_token": None}).encode())
        place = int(asked.query.get("page_token", "page 0").split()[1])
        token = f"page {place + 1}" if place + 1 < len(pages) else None
        return Answer(json.dumps(pages[place] | {"next_page_token": token}).encode())

    return answer


def later(microseconds: int, **more: Any) -> dict[str, Any]:
    at = utc("14:02") + timedelta(microseconds=microseconds)
    return PRINT | {"t": at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "500Z"} | more


async def test_pages_are_followed_to_the_last_and_come_one_by_one() -> None:
    pages = [{"trades": {"ACME": [later(3 * i + j) for j in range(3)]}} for i in range(4)]
    found = await fetch(paged(pages), since=utc("13:45"), until=utc("14:15"))
    tokens = [asked.query.get("page_token") for asked in found.asked if what(asked) == "trades"]
    assert tokens == [None, "page 1", "page 2", "page 3"]
    assert [name.split()[-1] for name in found.names if name.startswith("trades")] == ["1", "2", "3", "last"]
    assert [parse(raw).received for raw in found.raws if raw.name.startswith("trades")] == [3] * 4


@pytest.mark.parametrize(("symbol", "path", "tape"), [
    ("ACME", "/v2/stocks/trades", EQUITY_TRADES), (CALL, "/v1beta1/options/trades", OPTION_TRADES),
])  # fmt: skip
async def test_equal_prints_on_both_sides_of_a_pages_edge_are_all_kept(
    symbol: str, path: str, tape: Any, tapes: TapeStore
) -> None:
    row = OPTION_PRINT if tape is OPTION_TRADES else PRINT
    same = [
        row | {"t": f"2024-07-03T14:02:09.000001{rest}Z"} for rest in ("", "1", "12", "999")
    ]  # one microsecond
    other = [row | {"t": "2024-07-03T14:02:09Z"}, row | {"t": "2024-07-03T14:02:09.000002Z"}]
    pages = [{"trades": {symbol: [other[0], *same[:2]]}}, {"trades": {symbol: [*same[2:], other[1]]}}]

    def answer(asked: Asked) -> Answer:
        return well(asked) if "snapshots" in asked.path else paged(pages, path)(asked)

    found = await fetch(answer, since=utc("13:45"), until=utc("14:20"))
    names = [name for name in found.names if "trades" in name]
    assert [name.split()[-2:] for name in names if "edge" in name] == [["edge", "2"]]
    for _ in range(2):
        new = [
            tapes.append(tape, parse(raw).accepted[tape])
            for raw in found.raws
            if raw.name in names and b'"p"' in raw.body
        ]
    assert sum(new) == 0  # the second time
    view = tapes.view(tape, datetime(2025, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
    assert sum(batch.num_rows for batch in view.batches(DAY)) == 6


async def test_a_token_that_comes_again_stops_the_request_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alpaca_pages, "PAGES", 50)

    def answer(asked: Asked) -> Answer:
        return Answer(json.dumps(content(asked) | {"next_page_token": "again"}).encode())

    found = await fetch(answer, since=utc("13:45"), until=utc("14:15"))
    assert found.count() == {"chain": 2, "trades": 2, "quotes": 2}
    assert not [name for name in found.names if name.endswith("last")]
    assert str(found.error) == (
        "Alpaca did not give 3 of what was asked for: Alpaca's pages of snapshots do not end, 2 were read"
    )


async def test_pages_without_an_end_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpaca_pages, "PAGES", 7)
    tokens = iter(range(10_000))

    def answer(asked: Asked) -> Answer:
        return Answer(json.dumps(content(asked) | {"next_page_token": str(next(tokens))}).encode())

    found = await fetch(answer, since=utc("13:45"), until=utc("14:15"))
    assert found.count() == {"chain": 7, "trades": 7, "quotes": 7}
    assert "do not end, 7 were read" in str(found.error)


# -- options -------------------------------------------------------------------------------------------------


async def test_prints_are_asked_for_of_the_contracts_that_traded_and_no_other() -> None:
    fresh, just_before, old = "2024-07-03T14:02:43Z", "2024-07-03T13:59:10Z", "2024-07-03T13:50:00Z"
    chain: dict[str, Any] = {
        "ACME240719C00000000": {"latestQuote": QUOTE, "latestTrade": OPTION_PRINT | {"t": fresh}},
        "ACME240719C00000001": {"latestQuote": QUOTE, "latestTrade": OPTION_PRINT | {"t": just_before}},
        "ACME240719C00000002": {"latestQuote": QUOTE, "latestTrade": OPTION_PRINT | {"t": old}},
        "ACME240719C90000000": {"latestQuote": QUOTE},  # never traded
        "ACME240719C91000000": {"latestTrade": {"t": "?"}},  # who knows
        "ACME1240719C00000000": {"latestQuote": QUOTE, "latestTrade": OPTION_PRINT},  # adjusted
        "ACME240719C92000000": None,
    }

    def answer(asked: Asked) -> Answer:
        return Answer(json.dumps({"snapshots": chain}).encode()) if "snapshots" in asked.path else well(asked)

    found = await fetch(answer, since=utc("14:15"), until=utc("14:20"))  # the cell of 14:00 to 14:05
    (asked,) = (asked.query for asked in found.asked if "options/trades" in asked.path)
    assert asked["symbols"].split(",") == [
        "ACME240719C00000000", "ACME240719C00000001", "ACME240719C91000000",
    ]  # fmt: skip
    assert (asked["start"], asked["end"]) == ("2024-07-03T13:59:00Z", "2024-07-03T14:05:00Z")


async def test_contracts_are_asked_for_by_the_hundred_and_only_the_very_last_page_is_the_last() -> None:
    chain = {f"ACME240719C{i:08d}": {"latestTrade": OPTION_PRINT} for i in range(2 * CONTRACTS + 1)}

    def answer(asked: Asked) -> Answer:
        return Answer(json.dumps({"snapshots": chain}).encode()) if "snapshots" in asked.path else well(asked)

    found = await fetch(answer, since=utc("14:15"), until=utc("14:20"))
    sizes = [len(a.query["symbols"].split(",")) for a in found.asked if "options/trades" in a.path]
    assert sizes == [CONTRACTS, CONTRACTS, 1]
    assert [name.split()[-1] for name in found.names if name.startswith("option-trades")] == [
        "1",
        "2",
        "last",
    ]


async def test_a_stretch_in_which_no_contract_traded_counts_as_read() -> None:
    found = await fetch(paged([]), since=utc("14:15"), until=utc("14:20"))
    (mark,) = (raw for raw in found.raws if raw.name.startswith("option-trades"))
    assert mark.name.endswith("last")
    assert parse(mark).received == 0
    assert "trades of options" not in found.count()


async def test_a_chain_that_breaks_off_marks_nothing_as_read() -> None:
    def answer(asked: Asked) -> Answer:
        if "snapshots" not in asked.path:
            return well(asked)
        if "page_token" in asked.query:
            return Answer(b"", 500)
        return Answer(json.dumps(content(asked) | {"next_page_token": "more"}).encode())

    found = await fetch(answer, since=utc("14:15"), until=utc("14:20"))
    assert [name.split()[-1] for name in found.names if name.startswith("chain")] == ["1"]
    assert not [name for name in found.names if name.startswith("option-trades")]
    assert "answered 500" in str(found.error)


# -- a source that misbehaves --------------------------------------------------------------------------------


def broken(bad: Callable[[Asked], Answer], of: str = "trades") -> Callable[[Asked], Answer]:
    """Well but for one kind of answer."""
    return lambda asked: bad(asked) if what(asked) == of and "options" not in asked.path else well(asked)


@pytest.mark.parametrize(
    ("bad", "reason", "tries"),
    [
        (Answer(b"<html>Please log in</html>"), "Alpaca's answer is not JSON.", 1),
        (Answer(b"<html>Please log in</html>", headers={"Content-Type": "text/html"}), "not JSON", 1),
        (Answer(b'{"trades": {"ACME": ['), "not JSON", 1),
        (Answer(b"[" * 100_000), "not JSON", 1),
        (Answer(b'{"trades": {"ACME": [', promised=90), "could not be read", TRIES),
        (Answer(b""), "sent an empty answer", TRIES),
        (Answer(b"", 500), "answered 500", TRIES),
        (Answer(b"", 503), "answered 503", TRIES),
        (Answer(b'{"message": "no"}', 400), "answered 400", 1),
        (Answer(b'{"message": "no"}'), "something else than trades", 1),
        (Answer(b"[]"), "something else than trades", 1),
        (Answer(b"null"), "something else than trades", 1),
        (Answer(b'{"trades": [], "next_page_token": null}'), "something else than trades", 1),
        (Answer(b'{"trades": {}, "next_page_token": ["x"]}'), "something else than trades", 1),
        (Answer(b'{"quotes": {}, "next_page_token": null}'), "something else than trades", 1),
        (Answer(gzip.compress(bytes(LARGEST + 1)), headers={"Content-Encoding": "gzip"}), "32 MB", 1),
        (Answer(b"\x1f\x8b\x08broken", headers={"Content-Encoding": "gzip"}), "broken compressed", TRIES),
        (Answer(b"", 302, {"Location": "http://169.254.169.254/"}), "another host", 1),
    ],
)
async def test_a_broken_answer_is_one_sentence_and_stops_nothing_else(
    bad: Answer, reason: str, tries: int
) -> None:
    found = await fetch(broken(lambda asked: bad))
    assert str(found.error).startswith("Alpaca did not give 2 of what was asked for: ")
    assert reason in str(found.error)
    assert found.count() == {"bars": 1, "chain": 1, "trades of options": 1, "trades": 2 * tries, "quotes": 1}
    assert not [name for name in found.names if name.startswith("trades")]


async def test_the_body_counts_and_not_what_its_label_says() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(json.dumps(content(asked)).encode(), headers={"Content-Type": "text/html"})

    found = await fetch(answer)
    assert found.error is None
    assert sum(parse(raw).accepted_rows for raw in found.raws) == 6


async def test_too_many_requests_wait_as_long_as_the_source_says_and_go_on() -> None:
    refusals = [Answer(b"", 429, {"Retry-After": "17"}), Answer(b"", 429, {"Retry-After": "3"})]
    found = await fetch(lambda asked: refusals.pop(0) if refusals else well(asked))
    assert found.error is None
    assert found.waits == [17, 3]
    assert len(found.names) == 6


async def test_a_source_that_keeps_refusing_for_haste_is_left_alone() -> None:
    found = await fetch(lambda asked: Answer(b"", 429, {"Retry-After": "1"}), symbols=["ACME", "BETA"])
    assert len(found.asked) == TRIES
    assert "left alone" in str(found.error)
    assert "429" in str(found.error)


async def test_a_source_that_is_down_is_left_alone_after_some_failures() -> None:
    found = await fetch(
        lambda asked: Answer(b"", 500), symbols=["ACME", "BETA", "GAMA", "DELT", "EPSI", "ZETA"]
    )
    assert len(found.asked) == GIVE_UP * TRIES
    assert str(found.error).startswith(f"Alpaca was left alone after {GIVE_UP} failures: ")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_ends_the_run_and_names_the_settings(status: int) -> None:
    found = await fetch(lambda asked: Answer(b'{"message": "forbidden."}', status), symbols=["ACME", "BETA"])
    assert len(found.asked) == 1
    assert found.error is not None
    assert found.error.permanent
    assert str(found.error) == (
        f"Alpaca refuses the key ({status}): look at ALPACA_KEY_ID and ALPACA_SECRET_KEY, "
        "and at what the plan permits"
    )


async def test_what_the_plan_does_not_permit_is_said_and_the_rest_is_read() -> None:
    found = await fetch(lambda asked: Answer(b"", 403) if "options" in asked.path else well(asked))
    assert found.count() == {"bars": 1, "chain": 1, "trades": 2, "quotes": 1}
    assert "does not permit" in str(found.error)


async def test_a_stock_alpaca_does_not_know_costs_no_other_its_bar() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(b"", 400) if "WRONG" in asked.query.get("symbols", "") else well(asked)

    symbols = ["ACME", "BETA", "WRONG", "GAMA", "DELT"]
    found = await fetch(answer, symbols=symbols)
    bars = (parse(raw).accepted[Bar]["symbol"].to_pylist() for raw in found.raws if "bars" in raw.name)
    assert sorted(symbol for chunk in bars for symbol in chunk) == ["ACME", "BETA", "DELT", "GAMA"]
    # its own bar, prints of two stretches and quotes
    assert str(found.error).startswith("Alpaca did not give 4 of what was asked for: ")


async def test_no_key_is_in_a_log_a_name_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "httpx", "httpcore"):  # another test may have turned these down
        caplog.set_level(logging.DEBUG, logger=name)
    elsewhere = Answer(b"", 302, {"Location": "http://169.254.169.254/"})
    bad = (Answer(b"", 401), Answer(b"", 429), Answer(b"", 500), Answer(b"<html>"), elsewhere)
    answers = (well, *(lambda _, each=each: each for each in bad))
    for answer in answers:
        await fetch(answer)  # which looks at names and errors
    assert "/v2/stocks/bars" in caplog.text  # the log was on
    assert not any(key in caplog.text for key in KEYS.values())
