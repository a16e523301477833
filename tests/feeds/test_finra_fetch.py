"""FINRA's fetch against a server that is late, broken or something else: nothing is lost or invented."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from servers import Answer, Asked, Server, serve
from sqlalchemy import Engine

from bot.pipeline import fetch
from bot.rooms import Rooms
from feeds import Ask, FeedError, Raw, Window
from feeds._http import LARGEST, Http
from feeds.finra import API_URL, FEED, URL, parse
from storage.tables import OffExchangeWeek, ShortVolume
from storage.tape import TapeStore

HEADER = "Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market"
API = "/data/group/otcMarket/name/weeklySummary"
#: the evening of Tuesday 2 July 2024 to that of Wednesday 3 July; Thursday is a holiday
EVENING = Window(datetime(2024, 7, 2, 22, tzinfo=UTC), datetime(2024, 7, 3, 22, tzinfo=UTC))
WEDNESDAY = "CNMSshvol20240703.txt"


def daily(day: str, symbols: int = 2) -> bytes:
    lines = [f"{day}|ACME{chr(65 + i)}|600|10|1000|B,Q,N" for i in range(symbols)]
    return "\n".join([HEADER, *lines, str(symbols), ""]).encode()


def row(symbol: str = "ACME", **change: Any) -> dict[str, Any]:
    return {
        "issueSymbolIdentifier": symbol, "weekStartDate": "2024-06-10", "summaryTypeCode": "ATS_W_SMBL",
        "totalWeeklyShareQuantity": 150, "tierIdentifier": "T1", "initialPublishedDate": "2024-07-01",
        "lastUpdateDate": "2024-07-01", **change,
    }  # fmt: skip


def finra(asked: Asked) -> Answer:
    """FINRA on a good day: every daily file, one weekly row, then none."""
    if asked.path == API:
        return Answer(b"", 204) if json.loads(asked.body)["offset"] else Answer(json.dumps([row()]).encode())
    return Answer(daily(asked.path[-12:-4]))


class Clock:
    """Stands in for sleeping: remembers how long the client wanted to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


async def fetched(
    answer: Callable[[Asked], Answer],
    window: Window = EVENING,
    *,
    symbols: tuple[str, ...] = ("ACME",),
    known: Callable[[str], bool] = lambda name: name < WEDNESDAY,
) -> tuple[list[Raw], str | None, list[Asked], list[float]]:
    """What came, the error at the end if there was one, what the server was asked, the waits."""
    raws: list[Raw] = []
    clock = Clock()
    async with serve(answer) as server, Http(sleep=clock.sleep) as http:
        settings = {URL: server.url + "/", API_URL: server.url}
        ask = Ask(http, settings, symbols, window, lambda names: {name for name in names if known(name)})
        assert FEED.fetch is not None
        try:
            async for raw in FEED.fetch(ask):
                raws.append(raw)
        except FeedError as error:
            return raws, str(error), server.asked, clock.waits
        return raws, None, server.asked, clock.waits


def names(raws: list[Raw]) -> list[str]:
    return [raw.name for raw in raws]


async def test_a_session_is_asked_for_once_it_is_published_and_only_if_it_was_not_read() -> None:
    raws, error, asked, _ = await fetched(finra)
    assert (names(raws), error) == ([WEDNESDAY, "weeklySummary 2024-04-02 2024-06-15 0"], None)
    assert asked[0].path == f"/equity/regsho/daily/{WEDNESDAY}"
    assert [kind for raw in raws for kind in parse(raw).accepted] == [ShortVolume, OffExchangeWeek]
    # a minute earlier Wednesday's file is not out
    early = Window(EVENING.since, EVENING.until - timedelta(minutes=1))
    raws, _, asked, _ = await fetched(finra, early)
    assert [each.path for each in asked] == [API, API]
    # on Friday what is missing of the week before is asked for too; Thursday was no session
    friday = Window(datetime(2024, 7, 5, 20, tzinfo=UTC), datetime(2024, 7, 5, 23, tzinfo=UTC))
    raws, _, _, _ = await fetched(
        finra, friday, known=lambda name: name == "CNMSshvol20240702.txt", symbols=()
    )
    assert [name[9:17] for name in names(raws)] == ["20240628", "20240701", "20240703", "20240705"]


@pytest.mark.parametrize("status", [403, 404])
async def test_a_file_that_is_not_out_yet_is_no_error_and_one_that_should_be_is(status: int) -> None:
    def nothing(asked: Asked) -> Answer:
        return finra(asked) if asked.path == API else Answer(b"AccessDenied", status)

    raws, error, asked, _ = await fetched(nothing)
    assert (len(raws), error, len(asked)) == (1, None, 3)
    # the next afternoon it is still not there
    late = Window(EVENING.since, datetime(2024, 7, 5, 20, tzinfo=UTC))
    raws, error, _, _ = await fetched(nothing, late)
    assert error == "FINRA has no daily file of 2024-07-03; it is asked for again"
    assert len(raws) == 1  # the weekly figures came all the same
    # what is older than the window was told before
    old = Window(datetime(2024, 7, 5, 21, tzinfo=UTC), datetime(2024, 7, 5, 21, tzinfo=UTC))
    assert (await fetched(nothing, old))[1] is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Please log in</body></html>",
        b"<html>Date|Symbol|</html>",
        b'{"message": "busy"}',
        daily("20240702"),
        daily("20240703").replace(b"\n2\n", b"\n10563\n"),
        HEADER.encode(),
        (HEADER + "\n0\n").encode(),
    ],
    ids=["html", "html with pipes", "json", "yesterday's", "cut", "header only", "no lines"],
)
@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
async def test_something_else_than_the_file_becomes_no_row_and_is_asked_for_again(
    body: bytes, kind: str
) -> None:
    def answer(asked: Asked) -> Answer:
        return finra(asked) if asked.path == API else Answer(body, headers={"Content-Type": kind})

    raws, error, _, _ = await fetched(answer)
    assert names(raws) == ["weeklySummary 2024-04-02 2024-06-15 0"]
    assert error == "FINRA sent something else than the daily file of 2024-07-03; it is asked for again"


async def test_what_is_wrong_on_the_way_is_tried_again_and_then_told() -> None:
    bomb = gzip.compress(bytes(LARGEST + 1))
    for broken, told, tries in (
        (Answer(b"oops", 503), "answered 503", 4),
        (Answer(daily("20240703"), promised=500), "could not be read", 4),
        (
            Answer(gzip.compress(daily("20240703"))[:-4], headers={"Content-Encoding": "gzip"}),
            "compressed",
            4,
        ),
        (Answer(b""), "empty answer", 4),
        (Answer(bomb, headers={"Content-Encoding": "gzip"}), "more than 32 MB", 1),
        (Answer(b"", 302, {"Location": "http://127.0.0.1:9/"}), "another host", 1),
    ):
        raws, error, asked, _ = await fetched(
            lambda each, broken=broken: finra(each) if each.path == API else broken
        )
        assert error is not None
        assert told in error
        assert [each.path for each in asked].count(f"/equity/regsho/daily/{WEDNESDAY}") == tries
        assert len(raws) == 1  # the weekly figures: another host's trouble is not theirs
        raws, error, _, _ = await fetched(
            lambda each, broken=broken: broken if each.path == API else finra(each)
        )
        assert error is not None
        assert told in error
        assert names(raws) == [WEDNESDAY]


async def test_a_server_in_trouble_is_not_asked_for_every_session() -> None:
    _, error, asked, _ = await fetched(lambda _: Answer(b"", 500), known=lambda name: False, symbols=())
    assert error is not None
    assert len(asked) == 4


async def test_asked_for_fewer_requests_we_wait_as_long_as_told() -> None:
    answers = [Answer(b"", 429, {"Retry-After": "7"}), Answer(daily("20240703"))]
    raws, error, _, waits = await fetched(lambda _: answers.pop(0), symbols=())
    assert (names(raws), error, waits) == ([WEDNESDAY], None, [7])


async def test_the_weekly_question_names_the_watched_and_the_totals_only() -> None:
    _, _, asked, _ = await fetched(finra, symbols=("ACME", "BRK.B", "^SPX"))
    first = asked[1]
    assert (first.method, first.path, first.headers["accept"]) == ("POST", API, "application/json")
    question = json.loads(first.body)
    assert question["domainFilters"] == [
        {"fieldName": "issueSymbolIdentifier", "values": ["ACME", "BRK.B"]},
        {"fieldName": "summaryTypeCode", "values": ["ATS_W_SMBL", "OTC_W_SMBL"]},
    ]
    assert question["dateRangeFilters"] == [
        {"fieldName": "weekStartDate", "startDate": "2024-04-02", "endDate": "2024-06-15"}
    ]
    assert {*row()} == {*question["fields"]}
    assert (question["limit"], question["offset"]) == (5000, 0)
    for nobody in ((), ("^SPX",)):
        _, _, asked, _ = await fetched(finra, symbols=nobody)
        assert API not in [each.path for each in asked]


@pytest.mark.parametrize("end", [Answer(b"", 204), Answer(b"[]")])
async def test_pages_are_read_until_one_is_empty_however_short_they_are(end: Answer) -> None:
    # FINRA cuts an answer at its own limits of rows and bytes, so a short page need not be the last
    rows = [row(f"A{chr(65 + i)}") for i in range(7)]

    def answer(asked: Asked) -> Answer:
        offset = json.loads(asked.body)["offset"]
        return Answer(json.dumps(rows[offset : offset + 3]).encode()) if offset < 7 else end

    raws, error, asked, _ = await fetched(answer, known=lambda name: True)
    assert (len(raws), error, len(asked)) == (3, None, 4)
    symbols = [each["symbol"] for raw in raws for each in parse(raw).accepted[OffExchangeWeek].to_pylist()]
    assert symbols == [each["issueSymbolIdentifier"] for each in rows]
    assert len(set(names(raws))) == 3


async def test_a_server_that_gives_the_same_page_for_ever_is_left() -> None:
    raws, error, asked, _ = await fetched(
        lambda _: Answer(json.dumps([row()]).encode()), known=lambda name: True
    )
    assert (len(raws), error, len(asked)) == (1, None, 2)


@pytest.mark.parametrize(
    "body", [b"<html>a|b</html>", b'{"message": "no"}', b"null", b"[" * 100_000, b"\xff\xfe"]
)
async def test_something_else_than_weekly_figures_becomes_no_row(body: bytes) -> None:
    raws, error, _, _ = await fetched(lambda _: Answer(body), known=lambda name: True)
    assert (raws, error) == ([], "FINRA sent something else than weekly figures; it is asked for again")


async def test_a_refusal_for_good_is_told_without_the_answers_text() -> None:
    _, error, asked, _ = await fetched(lambda _: Answer(b"secret", 400), known=lambda name: True)
    assert error is not None
    assert "answered 400" in error
    assert "secret" not in error
    assert len(asked) == 1


async def test_a_failed_day_is_fetched_the_next_time_and_a_read_one_never_again(
    engine: Engine, tapes: TapeStore
) -> None:
    down = True

    def answer(asked: Asked) -> Answer:
        return Answer(b"<html>maintenance</html>") if down else Answer(daily(asked.path[-12:-4]))

    async def run(server: Server, http: Http, until: datetime) -> tuple[int, bool, list[str]]:
        before = len(server.asked)
        window = Window(until - timedelta(days=1), until)
        settings = {URL: server.url, API_URL: server.url}
        intake = await fetch(rooms, FEED, http, settings, window, until)
        paths = [each.path[-12:-4] for each in server.asked[before:]]
        return intake.new, intake.error is not None, paths

    rooms = Rooms(engine, tapes)
    # the week before Tuesday evening, its Tuesday included
    before = ["20240625", "20240626", "20240627", "20240628", "20240701", "20240702"]
    async with serve(answer) as server, Http(sleep=Clock().sleep) as http:
        assert await run(server, http, EVENING.until) == (0, True, [*before, "20240703"])
        down = False
        friday = datetime(2024, 7, 5, 20, tzinfo=UTC)
        # a week before Thursday: two lines each of five sessions
        assert await run(server, http, friday) == (10, False, [*before[2:], "20240703"])
        assert await run(server, http, friday + timedelta(hours=3)) == (2, False, ["20240705"])
