"""EDGAR's lists are read, each filing is fetched once, and a failure loses nothing."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from filings import keep, line, read, wrapped, xml
from servers import Answer, Asked, Server, serve
from sqlalchemy import Engine

from feeds import Ask, FeedError, Raw, Window
from feeds._http import Http
from feeds.sec_form4 import fetch, parse
from storage.intake import known_names
from storage.pace import database_pace
from storage.tape import TapeStore

IDX = b"""Description:           Daily Index of EDGAR Dissemination Feed by Form Type

Form Type   Company Name                                                  CIK         Date Filed  File Name
------------------------------------------------------------------------------------------------------------
10-K        Other Inc                                                     9           20240301    edgar/data/9/0000000009-24-000009.txt
4           Acme & Co                                                     1234        20240301    edgar/data/1234/0000000001-24-000003.txt
4           DOE JANE                                                      11          20240301    edgar/data/11/0000000001-24-000003.txt
5/A         Roe, Inc. 4 U                                                 12          20240301    edgar/data/12/0000000001-24-000005.txt
"""  # noqa: E501


def atom(*entries: tuple[str, str, str]) -> bytes:
    """The current-filings feed: (form, accession, updated) each, once for issuer and once for owner."""
    twice = "".join(
        f'<entry><link href="https://x/Archives/edgar/data/{cik}/{accession.replace("-", "")}/'
        f'{accession}-index.htm"/>'
        f'<updated>{updated}</updated><category term="{form}"/></entry>'
        for form, accession, updated in entries
        for cik in (1234, 11)
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{twice}</feed>'.encode()


def number(n: int) -> str:
    return f"0000000001-24-{n:06d}"


class Edgar:
    """Answers like EDGAR; `broken` paths get that status."""

    def __init__(self, pages: list[bytes], broken: dict[str, int] | None = None) -> None:
        self.pages, self.broken = pages, broken or {}

    def __call__(self, asked: Asked) -> Answer:
        status = next((status for part, status in self.broken.items() if part in asked.path), None)
        if status:
            return Answer(b"<html>no</html>", status)
        if asked.path == "/cgi-bin/browse-edgar":
            page = int(asked.query["start"]) // 100
            return Answer(self.pages[page] if page < len(self.pages) else atom())
        if asked.path == "/Archives/edgar/daily-index/2024/QTR1/form.20240301.idx":
            return Answer(IDX)
        if asked.path.endswith(".txt"):
            accession = asked.path.rsplit("/", 1)[1].removesuffix(".txt")
            return Answer(wrapped(xml(line(shares=accession[-1])), accession=accession))
        return Answer(b"<Error/>", 404)


class Sleep:
    async def __call__(self, seconds: float) -> None:
        """Time passes at once."""


async def fetched(
    edgar: Callable[[Asked], Answer], engine: Engine, known: set[str] = frozenset()
) -> tuple[list[Raw], Exception | None, Server]:
    window = Window(datetime(2024, 3, 1, 12, tzinfo=UTC), datetime(2024, 3, 4, 22, tzinfo=UTC))
    pace = database_pace(engine, clock=lambda: float(next(CLOCK)))
    bodies: list[Raw] = []
    async with serve(edgar) as server, Http(pace, sleep=Sleep()) as http:
        settings = {"SEC_URL": server.url + "/", "SEC_CONTACT": "me@example.org"}
        ask = Ask(http, settings, (), window, lambda names: {name for name in names if name in known})
        try:
            async for raw in fetch(ask):
                bodies.append(raw)
        except FeedError as error:
            return bodies, error, server
    return bodies, None, server


NOW = "2024-03-04T16:30:00-05:00"
#: two seconds pass from request to request
CLOCK = itertools.count(1_709_600_000, 2)


async def test_each_filing_of_the_window_is_fetched_once_with_a_contact(engine: Engine) -> None:
    pages = [atom(("4", number(1), NOW), ("8-K", number(8), NOW), ("4/A", number(2), NOW))]
    bodies, error, server = await fetched(Edgar(pages), engine)
    assert error is None
    assert sorted(raw.name for raw in bodies) == [number(1), number(2), number(3), number(5)]
    assert sum(parse(raw).accepted_rows for raw in bodies) == 4
    assert {asked.headers["user-agent"] for asked in server.asked} == {"Bellwether me@example.org"}
    paths = [asked.path for asked in server.asked]
    assert len(paths) == len(set(paths))
    assert f"/Archives/edgar/data/11/{number(1).replace('-', '')}/{number(1)}.txt" in paths


async def test_what_was_read_is_not_fetched_again(engine: Engine) -> None:
    known = {number(1), number(3)}
    bodies, _, _ = await fetched(Edgar([atom(("4", number(1), NOW))]), engine, known)
    assert [raw.name for raw in bodies] == [number(5)]


async def test_paging_ends_where_entries_are_older_than_the_window_or_known(engine: Engine) -> None:
    def page(first: int, updated: str = NOW) -> bytes:
        return atom(*(("4", number(100 + first + n), updated) for n in range(50)))

    old = page(50, "2024-02-29T10:00:00-05:00")
    _, _, server = await fetched(Edgar([page(0), old, page(100)]), engine)
    assert [asked.query["start"] for asked in server.asked if asked.query] == ["0", "100"]
    known = {number(100 + n) for n in range(50)}
    _, _, server = await fetched(Edgar([page(0), page(50)]), engine, known)
    assert [asked.query["start"] for asked in server.asked if asked.query] == ["0"]


async def test_a_filing_that_fails_does_not_lose_the_others_and_comes_again(
    engine: Engine, tapes: TapeStore
) -> None:
    pages = [atom(("4", number(1), NOW), ("4", number(2), NOW))]
    bodies, error, _ = await fetched(Edgar(pages, {number(2): 500}), engine)
    assert sorted(raw.name for raw in bodies) == [number(1), number(3), number(5)]
    assert "1 request" in str(error)
    for raw in bodies:
        keep(engine, tapes, raw.name, raw.body)
    done = known_names(engine, "sec_form4", [number(n) for n in range(9)])
    bodies, error, _ = await fetched(Edgar(pages), engine, done)
    assert ([raw.name for raw in bodies], error) == ([number(2)], None)


@pytest.mark.parametrize("status", [403, 429])
async def test_a_refusal_stops_everything_for_ten_minutes(engine: Engine, status: int) -> None:
    pages = [atom(*(("4", number(n), NOW) for n in range(100, 120)))]
    bodies, error, server = await fetched(Edgar(pages, {".txt": status}), engine)
    assert bodies == []
    assert isinstance(error, FeedError)
    filings = [asked for asked in server.asked if asked.path.endswith(".txt")]
    assert len({asked.path for asked in filings}) == 1
    _, error, server = await fetched(Edgar(pages), engine)
    assert server.asked == []
    assert "paused" in str(error)


async def test_a_source_that_is_down_is_left_after_a_few_failures(engine: Engine) -> None:
    pages = [atom(*(("4", number(n), NOW) for n in range(100, 120)))]
    bodies, error, server = await fetched(Edgar(pages, {".txt": 404}), engine)
    assert bodies == []
    assert isinstance(error, FeedError)
    assert len([asked for asked in server.asked if asked.path.endswith(".txt")]) == 5


async def test_a_login_page_is_neither_a_list_nor_a_filing(engine: Engine) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(b"<html>Please log in</html>")

    bodies, error, _ = await fetched(answer, engine)
    assert bodies == []
    assert "something else" in str(error)


def test_lists_of_filings_hold_no_transactions() -> None:
    assert read(IDX)[1] == {"an index, not a filing": 1}
    assert read(IDX.replace(b"edgar/data/9/", b"edgar/"))[1] == {"malformed index": 1}
    assert read(IDX.split(b"10-K")[0])[1] == {"empty index": 1}
    assert read(atom(("4", number(1), NOW)))[1] == {"an index, not a filing": 1}
    assert read(atom(("4", number(1), "yesterday")))[1] == {"malformed index": 1}
    assert read(atom()[:-9])[1] == {"malformed index": 1}
    assert read(atom())[1] == {"empty index": 1}
