"""Yahoo: bars first, then the way in by cookie and crumb, and what is said when Yahoo refuses."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chains import CONTRACT, FRIDAY_OPENED, FRIDAY_SETTLED, MONDAY, OPENED, SETTLED, chain, chart, estimates
from faults import FAULTS, gather, no_sleep
from servers import Answer, Asked, serve
from sqlalchemy import Engine

from feeds import Ask, FeedError, Raw, Window
from feeds._http import Http
from feeds._yahoo_session import COOKIE_URL, URL
from feeds.yahoo import EXPIRATIONS, FEED, parse
from storage.pace import database_pace

COOKIE, CRUMB = "A3=cookie-of-a-test", "crUmb.of/Test"


#: an answer is told by its part of the address, its symbol, or both: `chart`, `ACME`, `chart ACME`
BODIES = {"chart": chart(MONDAY), "quoteSummary": estimates(), "options": chain(CONTRACT)}


class Yahoo:
    """Yahoo as others describe it: a 404 that sets a cookie, a crumb for it, and answers to both.

    Charts are given to anybody, unless it is `strict`.
    """

    def __init__(self, answers: dict[str, Answer] | None = None, strict: bool = False) -> None:
        self.answers = answers or {}
        self.strict = strict
        self.crumbs = 0

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/cookie":
            return Answer(b"", 404, {"Set-Cookie": f"{COOKIE}; Path=/"})
        if asked.path == "/v1/test/getcrumb":
            if COOKIE not in asked.headers.get("cookie", ""):
                return Answer(b"no cookie", 401)
            self.crumbs += 1
            return self.answers.get("crumb", Answer(CRUMB.encode()))
        part, symbol = asked.path.split("/")[3:]
        if (self.strict or part != "chart") and asked.query.get("crumb") != CRUMB:
            return Answer(b"no crumb", 401)
        part = "later" if "date" in asked.query else part
        for name in (f"{part} {symbol}", part, symbol):
            if name in self.answers:
                return self.answers[name]
        return Answer(json.dumps(BODIES.get(part, BODIES["options"])).encode())


async def fetched(
    answer: Callable[[Asked], Answer], since: datetime = OPENED, until: datetime = SETTLED, *symbols: str
) -> tuple[list[Raw], list[Asked]]:
    async with serve(answer) as server:
        settings = {URL: server.url + "/", COOKIE_URL: server.url + "/cookie"}
        return await gather(FEED, server, settings, list(symbols or ["ACME"]), since, until), server.asked


def of(part: str, asked: list[Asked]) -> list[Asked]:
    return [each for each in asked if f"/{part}/" in each.path]


def hides(error: BaseException) -> bool:
    text = f"{error!r} {error.__cause__!r} {error.__context__!r}"
    return CRUMB not in text and COOKIE not in text and "cookie-of" not in text


async def test_a_fetch_gets_a_cookie_a_crumb_and_then_every_expiration() -> None:
    listed = [1710460800, 1711065600, 1711670400]
    nearest = Answer(json.dumps(chain(CONTRACT, expirationDates=listed)).encode())
    raws, asked = await fetched(Yahoo({"options": nearest}))
    assert [raw.name for raw in raws][-3:] == [
        "options ACME 2024-03-04", "options ACME 2024-03-04 1711065600", "options ACME 2024-03-04 1711670400",
    ]  # fmt: skip
    assert [each.path for each in asked][-5:] == [
        "/cookie", "/v1/test/getcrumb", *["/v7/finance/options/ACME"] * 3,
    ]  # fmt: skip
    assert [each.query.get("date") for each in asked[-3:]] == [None, "1711065600", "1711670400"]
    assert sum(parse(raw).accepted_rows for raw in raws[-3:]) == 3
    assert all(CRUMB not in raw.name for raw in raws)


async def test_bars_of_the_watched_and_of_the_market_come_first_and_need_no_crumb() -> None:
    raws, asked = await fetched(Yahoo())
    symbols = ["ACME", "^GSPC", "SPY"]
    assert [raw.name for raw in raws] == [
        *(f"bars {symbol} 2024-03-04 2024-03-04" for symbol in symbols),
        *(f"bars {symbol} 2y" for symbol in symbols),
        "options ACME 2024-03-04",
    ]
    charts = of("chart", asked)
    assert asked[: len(charts)] == charts
    assert [each.path for each in charts] == [
        f"/v8/finance/chart/{symbol}" for symbol in ("ACME", "%5EGSPC", "SPY")
    ] * 2  # fmt: skip
    # midnight of New York: of Monday, and of Tuesday; then two years, to Monday
    window, history = charts[0].query, charts[3].query
    assert window == {"interval": "1d", "period1": "1709528400", "period2": "1709614800"}
    assert history == {"interval": "1d", "period1": "1646370000", "period2": "1709528400"}
    assert datetime.fromtimestamp(1646370000, UTC) == datetime(2022, 3, 4, 5, tzinfo=UTC)
    assert parse(raws[0]).accepted_rows == 1


async def test_two_years_are_asked_for_once_and_a_window_not_twice() -> None:
    known = {"bars ACME 2y", "bars ^GSPC 2y", "bars SPY 2y", "bars SPY 2024-03-04 2024-03-04"}
    async with serve(Yahoo()) as server, Http(sleep=no_sleep) as http:
        settings = {URL: server.url, COOKIE_URL: server.url + "/cookie"}
        ask = Ask(http, settings, ["ACME"], Window(OPENED, SETTLED), known.intersection, ["ACME", "RKLB"])
        assert FEED.fetch is not None
        names = [raw.name async for raw in FEED.fetch(ask)]
    assert names == [
        "bars ACME 2024-03-04 2024-03-04", "bars ^GSPC 2024-03-04 2024-03-04",
        "bars RKLB 2024-03-04 2024-03-04", "bars RKLB 2y", "options ACME 2024-03-04",
    ]  # fmt: skip


async def test_where_bars_want_a_crumb_too_it_is_got_for_them() -> None:
    yahoo = Yahoo(strict=True)
    raws, asked = await fetched(yahoo)
    assert (len(raws), yahoo.crumbs) == (7, 1)
    assert [each.path for each in asked[:4]] == [
        "/v8/finance/chart/ACME", "/cookie", "/v1/test/getcrumb", "/v8/finance/chart/ACME",
    ]  # fmt: skip


async def test_estimates_of_companies_are_asked_for_after_the_last_session_of_a_week() -> None:
    raws, asked = await fetched(Yahoo(), FRIDAY_OPENED, FRIDAY_SETTLED, "ACME", "^GSPC")
    names = [raw.name for raw in raws if raw.name.startswith("estimates")]
    assert names == ["estimates ACME 2024-03-01T21:45:00Z"]
    (question,) = of("quoteSummary", asked)
    assert question.path == "/v10/finance/quoteSummary/ACME"
    assert question.query == {"formatted": "false", "modules": "earningsTrend,price", "crumb": CRUMB}
    (raw,) = (raw for raw in raws if raw.name == names[0])
    assert parse(raw).accepted_rows == 1


@pytest.mark.parametrize(
    ("day", "times"),
    [
        (datetime(2024, 3, 28, 21, tzinfo=UTC), 1),  # Thursday before Good Friday
        (datetime(2024, 3, 21, 21, tzinfo=UTC), 0),  # any other Thursday
        (datetime(2024, 4, 1, 21, tzinfo=UTC), 0),
    ],
)
async def test_in_a_week_without_a_session_on_friday_thursday_is_the_last(day: datetime, times: int) -> None:
    _, asked = await fetched(Yahoo(), day - timedelta(hours=3), day)
    assert len(of("quoteSummary", asked)) == times


async def test_nothing_is_asked_before_the_session_is_settled_nor_after() -> None:
    for since, until in (
        (OPENED, datetime(2024, 3, 4, 21, 44, tzinfo=UTC)),
        (SETTLED, datetime(2024, 3, 5, 15, tzinfo=UTC)),
    ):
        assert await fetched(Yahoo(), since, until) == ([], [])


async def test_one_crumb_serves_all_symbols_and_an_old_one_is_replaced_once() -> None:
    yahoo = Yahoo()
    _, asked = await fetched(yahoo, OPENED, SETTLED, "ACME", "BRK.B")
    assert yahoo.crumbs == 1
    assert asked[-1].path == "/v7/finance/options/BRK-B"
    refusals = [Answer(json.dumps(chain(CONTRACT)).encode()), Answer(b"Invalid Crumb", 401)]

    def forgetful(asked: Asked) -> Answer:
        return refusals.pop(0) if "options" in asked.path and refusals else yahoo(asked)

    raws, _ = await fetched(forgetful, OPENED, SETTLED, "ACME", "ACME2")
    assert ([raw.name for raw in raws if "options" in raw.name], yahoo.crumbs) == (
        ["options ACME 2024-03-04", "options ACME2 2024-03-04"], 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("crumb", "sentence"),
    [
        (Answer(b"Too Many Requests\r\n"), "fewer requests"),
        (Answer(b"", 429, {"Retry-After": "3600"}), "fewer requests"),
        (Answer(b"<html>consent</html>"), "no crumb"),
        (Answer(b'{"finance": {"error": {"code": "Unauthorized"}}}', 401), "no crumb"),
        (Answer(b"x" * 200), "no crumb"),
        (Answer(b"not here", 404), "no crumb"),
        (Answer(b""), "empty answer"),
    ],
)
async def test_without_a_crumb_there_are_bars_and_nothing_else_is_asked(crumb: Answer, sentence: str) -> None:
    async with serve(Yahoo({"crumb": crumb})) as server:
        settings = {URL: server.url, COOKIE_URL: server.url + "/cookie"}
        with pytest.raises(FeedError, match=sentence) as caught:
            await gather(FEED, server, settings, ["ACME"], OPENED, SETTLED)
        assert (len(of("chart", server.asked)), of("options", server.asked)) == (6, [])
    assert hides(caught.value)


@pytest.mark.parametrize("part", ["chart", "quoteSummary", "options"])
async def test_a_crumb_that_is_never_taken_is_an_error_that_does_not_show_it(part: str) -> None:
    with pytest.raises(FeedError, match="answered 401") as caught:
        await fetched(Yahoo({part: Answer(CRUMB.encode(), 401)}), FRIDAY_OPENED, FRIDAY_SETTLED)
    assert caught.value.permanent
    assert hides(caught.value)


@pytest.mark.parametrize("place", ["chart", "quoteSummary", "options", "later"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_the_fetch_with_one_sentence(fault: str, place: str) -> None:
    broken, sentence, tries, permanent = FAULTS[fault]
    listed = Answer(json.dumps(chain(CONTRACT, expirationDates=[1710460800, 1711065600])).encode())
    yahoo = Yahoo({"options": listed} | {place: broken})
    async with serve(yahoo) as server:
        settings = {URL: server.url, COOKIE_URL: server.url + "/cookie"}
        with pytest.raises(FeedError, match=sentence) as caught:
            await gather(FEED, server, settings, ["ACME"], FRIDAY_OPENED, FRIDAY_SETTLED)
    assert caught.value.permanent is permanent
    # what came before it had come
    before = {"chart": 0, "quoteSummary": 6, "options": 7, "later": 8}[place]
    assert len([each for each in server.asked if "/finance/" in each.path]) == before + tries
    assert hides(caught.value)


@pytest.mark.parametrize(
    "body", [b"Too Many Requests", b'{"finance": {"error": {"code": "Too Many Requests"}}}']
)
async def test_too_many_requests_with_status_200_leaves_yahoo_alone_for_a_while(
    engine: Engine, body: bytes
) -> None:
    pace = database_pace(engine, clock=lambda: 1_700_000_000.0)
    async with serve(Yahoo({"chart": Answer(body)})) as server, Http(pace, sleep=no_sleep) as http:
        settings = {URL: server.url, COOKIE_URL: server.url + "/cookie"}
        ask = Ask(http, settings, ["ACME"], Window(OPENED, SETTLED), lambda names: set())
        assert FEED.fetch is not None
        with pytest.raises(FeedError, match="fewer requests"):
            [raw async for raw in FEED.fetch(ask)]
        seen = len(server.asked)
        with pytest.raises(FeedError, match="paused"):
            [raw async for raw in FEED.fetch(ask)]
        assert len(server.asked) == seen


async def test_a_symbol_yahoo_does_not_know_is_said_and_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    raws, asked = await fetched(Yahoo({"NONE": Answer(b"{}", 404)}), OPENED, SETTLED, "NONE", "ACME")
    assert [raw.name for raw in raws if "options" in raw.name] == ["options ACME 2024-03-04"]
    assert len([each for each in asked if "NONE" in each.path]) == 1
    assert said(caplog) == ["feed      yahoo has no bars of NONE (404)"]


async def test_a_fund_without_estimates_and_a_newcomer_without_history_keep_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    yahoo = Yahoo({"quoteSummary": Answer(b"{}", 404)})

    def newcomer(asked: Asked) -> Answer:
        # asked for the time before it was listed, Yahoo says that the data does not exist
        return Answer(b"{}", 400) if asked.query.get("period2") == "1709269200" else yahoo(asked)

    raws, _ = await fetched(newcomer, FRIDAY_OPENED, FRIDAY_SETTLED, "SPY")
    assert [raw.name for raw in raws] == [
        "bars SPY 2024-03-01 2024-03-01", "bars ^GSPC 2024-03-01 2024-03-01", "options SPY 2024-03-01",
    ]  # fmt: skip
    assert said(caplog) == [
        "feed      yahoo has no history of SPY (400)",
        "feed      yahoo has no history of ^GSPC (400)",
        "feed      yahoo has no estimates of SPY (404)",
    ]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "bellwether"]


@pytest.mark.parametrize(
    "more",
    [
        {"expirationDates": None}, {"expirationDates": ["x", [1], True, "1e9"]}, {"options": True},
        {"options": [{"expirationDate": [1]}]}, {"expirationDates": list(range(1, 1000))},
    ],
)  # fmt: skip
async def test_a_strange_list_of_expirations_is_not_followed_for_ever(more: dict[str, Any]) -> None:
    odd = Answer(json.dumps(chain(CONTRACT) | chain(CONTRACT, **more)).encode())
    raws, _ = await fetched(Yahoo({"options": odd}))
    assert 1 <= len([raw for raw in raws if "options" in raw.name]) <= EXPIRATIONS + 1


async def test_neither_cookie_nor_crumb_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for quiet in ("httpx", "httpcore"):  # `bot.logs` keeps them at warnings
        caplog.set_level(logging.WARNING, logger=quiet)
    await fetched(Yahoo(), FRIDAY_OPENED, FRIDAY_SETTLED)
    assert CRUMB not in caplog.text
    assert "cookie-of" not in caplog.text
