"""Yahoo: the way in by cookie and crumb, every expiration, and what is said when Yahoo refuses."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from chains import CONTRACT, OPENED, SETTLED, chain
from faults import FAULTS, gather, no_sleep
from servers import Answer, Asked, serve
from sqlalchemy import Engine

from feeds import Ask, FeedError, Raw, Window
from feeds._http import Http
from feeds._yahoo_session import COOKIE_URL, URL
from feeds.yahoo import EXPIRATIONS, FEED, parse
from storage.pace import database_pace

COOKIE, CRUMB = "A3=cookie-of-a-test", "crUmb.of/Test"


class Yahoo:
    """Yahoo as others describe it: a 404 that sets a cookie, a crumb for it, and answers to both."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.crumbs = 0

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/cookie":
            return self.answers.get("cookie", Answer(b"", 404, {"Set-Cookie": f"{COOKIE}; Path=/"}))
        if COOKIE not in asked.headers.get("cookie", ""):
            return Answer(b"no cookie", 401)
        if asked.path == "/v1/test/getcrumb":
            self.crumbs += 1
            return self.answers.get("crumb", Answer(CRUMB.encode()))
        if asked.query.get("crumb") != CRUMB:
            return Answer(b"no crumb", 401)
        name = "later" if "date" in asked.query else asked.path.rsplit("/", 1)[1]
        return self.answers.get(name, Answer(json.dumps(chain(CONTRACT)).encode()))


async def fetched(
    answer: Callable[[Asked], Answer], since: datetime = OPENED, until: datetime = SETTLED, *symbols: str
) -> tuple[list[Raw], list[Asked]]:
    async with serve(answer) as server:
        settings = {URL: server.url + "/", COOKIE_URL: server.url + "/cookie"}
        return await gather(FEED, server, settings, list(symbols or ["ACME"]), since, until), server.asked


def hides(error: BaseException) -> bool:
    text = f"{error!r} {error.__cause__!r} {error.__context__!r}"
    return CRUMB not in text and COOKIE not in text and "cookie-of" not in text


async def test_a_fetch_gets_a_cookie_a_crumb_and_then_every_expiration() -> None:
    listed = [1710460800, 1711065600, 1711670400]
    nearest = Answer(json.dumps(chain(CONTRACT, expirationDates=listed)).encode())
    raws, asked = await fetched(Yahoo(ACME=nearest))
    assert [raw.name for raw in raws] == [
        "options ACME 2024-03-04", "options ACME 2024-03-04 1711065600", "options ACME 2024-03-04 1711670400",
    ]  # fmt: skip
    assert [each.path for each in asked] == [
        "/cookie", "/v1/test/getcrumb", *["/v7/finance/options/ACME"] * 3,
    ]  # fmt: skip
    assert [each.query.get("date") for each in asked[2:]] == [None, "1711065600", "1711670400"]
    assert sum(parse(raw).accepted_rows for raw in raws) == 3
    assert all(CRUMB not in raw.name for raw in raws)


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
    assert (len(raws), yahoo.crumbs) == (2, 3)


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
async def test_without_a_crumb_nothing_else_is_asked(crumb: Answer, sentence: str) -> None:
    async with serve(Yahoo(crumb=crumb)) as server:
        settings = {URL: server.url, COOKIE_URL: server.url + "/cookie"}
        with pytest.raises(FeedError, match=sentence) as caught:
            await gather(FEED, server, settings, ["ACME"], OPENED, SETTLED)
        assert not [each for each in server.asked if "options" in each.path]
    assert hides(caught.value)


async def test_a_crumb_that_is_never_taken_is_an_error_that_does_not_show_it() -> None:
    with pytest.raises(FeedError, match="answered 401") as caught:
        await fetched(Yahoo(ACME=Answer(CRUMB.encode(), 401)))
    assert caught.value.permanent
    assert hides(caught.value)


@pytest.mark.parametrize("place", ["ACME", "later"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_the_fetch_with_one_sentence(fault: str, place: str) -> None:
    broken, sentence, tries, permanent = FAULTS[fault]
    listed = Answer(json.dumps(chain(CONTRACT, expirationDates=[1710460800, 1711065600])).encode())
    yahoo = Yahoo(**({"ACME": listed} | {place: broken}))
    async with serve(yahoo) as server:
        settings = {URL: server.url, COOKIE_URL: server.url + "/cookie"}
        with pytest.raises(FeedError, match=sentence) as caught:
            await gather(FEED, server, settings, ["ACME"], OPENED, SETTLED)
    assert caught.value.permanent is permanent
    options = [each for each in server.asked if "options" in each.path]
    assert len(options) == tries + (place == "later")
    assert hides(caught.value)


@pytest.mark.parametrize(
    "body", [b"Too Many Requests", b'{"finance": {"error": {"code": "Too Many Requests"}}}']
)
async def test_too_many_requests_with_status_200_leaves_yahoo_alone_for_a_while(
    engine: Engine, body: bytes
) -> None:
    pace = database_pace(engine, clock=lambda: 1_700_000_000.0)
    async with serve(Yahoo(ACME=Answer(body))) as server, Http(pace, sleep=no_sleep) as http:
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
    raws, _ = await fetched(Yahoo(NONE=Answer(b"{}", 404)), OPENED, SETTLED, "NONE", "ACME")
    assert [raw.name for raw in raws] == ["options ACME 2024-03-04"]
    assert [record.getMessage() for record in caplog.records if record.name == "bellwether"] == [
        "feed      yahoo does not know NONE (404)"
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"expirationDates": None}, {"expirationDates": ["x", [1], True, "1e9"]}, {"options": True},
        {"options": [{"expirationDate": [1]}]}, {"expirationDates": list(range(1, 1000))},
    ],
)  # fmt: skip
async def test_a_strange_list_of_expirations_is_not_followed_for_ever(more: dict[str, Any]) -> None:
    odd = Answer(json.dumps(chain(CONTRACT) | chain(CONTRACT, **more)).encode())
    raws, _ = await fetched(Yahoo(ACME=odd))
    assert 1 <= len(raws) <= EXPIRATIONS + 1


async def test_neither_cookie_nor_crumb_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for quiet in ("httpx", "httpcore"):  # `bot.logs` keeps them at warnings
        caplog.set_level(logging.WARNING, logger=quiet)
    await fetched(Yahoo())
    assert CRUMB not in caplog.text
    assert "cookie-of" not in caplog.text
