"""Shares outstanding and revenues of US filers: the SEC's company facts, live or from files.

An answer is one company's whole history and does not name its ticker: our own request does, as
`facts RKLB CIK0001819994 2024-W51`, and a file must (`companyfacts_RKLB.json`, `RKLB.json`). Only the day of
a filing is given: a figure counts as known at 22:00 New York of that day.
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import PurePath

from feeds import Ask, Feed, FeedError, Parsed, Raw, Setting, rows_to_table
from feeds._http import HttpError
from feeds._sec_figures import NAME, read_figures
from feeds._values import ticker
from feeds._yahoo_answers import Row, mapped
from feeds.sec_form4 import FEED as LIVE
from feeds.sec_form4 import GIVE_UP, PER_SECOND
from storage.calendar import NEW_YORK
from storage.tables import CompanyFigure

log = logging.getLogger("bellwether")

#: companies read at a time: each is some megabytes, and the evening's figures wait behind them
AT_A_TIME = 120

_ASKED = re.compile(r"facts (?P<symbol>\S{1,16}) CIK(?P<cik>\d{10}) \d{4}-W\d\d", re.ASCII)


def parse(raw: Raw) -> Parsed:
    """CompanyFigure rows of a company's facts. Received is each figure a filing gives for a period or day.

    Raises FeedError where `raw` holds no company's facts, another's than was asked, or no ticker is named.
    """
    asked = _ASKED.fullmatch(raw.name)
    rows, bad = read_figures(
        asked["symbol"] if asked else _symbol(raw.name), _facts(raw, asked and asked["cik"])
    )
    return Parsed({CompanyFigure: rows_to_table(CompanyFigure, rows)} if rows else {}, bad)


def _facts(raw: Raw, cik: str | None) -> Row:
    """The facts `raw` holds, of the company with that CIK if one was asked for."""
    document = _load(raw)
    if not isinstance(document.get("facts"), dict):
        raise FeedError(f"{raw.name} does not hold the facts of a company.", permanent=True)
    if cik and str(document.get("cik")).zfill(10) != cik:
        raise FeedError(f"{raw.name} is about another company than was asked.", permanent=True)
    return mapped(document["facts"])


def _symbol(name: str) -> str:
    try:
        return ticker(PurePath(name).stem.removeprefix("companyfacts_"))
    except ValueError:
        raise FeedError(
            f"{name} is not named after a ticker, as companyfacts_RKLB.json is.", permanent=True
        ) from None


def _load(raw: Raw) -> Row:
    """A JSON object. Numbers stay text: exact, and none is too long to read."""
    text = raw.body.decode("utf-8-sig", "replace")
    try:
        return mapped(json.loads(text, parse_float=str, parse_int=str, parse_constant=str))
    except (ValueError, RecursionError):
        raise FeedError(f"{raw.name} is not JSON.", permanent=True) from None


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Yield the facts of each symbol asked for that has a CIK, once in a week of the calendar.

    Who is watched comes first, and the rest another evening where there are many. A company without facts (a
    fund) is logged and left out. What fails does not stop the rest; one FeedError at the end says so. A 403
    or 429 ends the run and pauses this source for ten minutes.
    """
    sec = _Sec(ask)
    week = f"{ask.window.until.astimezone(NEW_YORK):%G-W%V}"
    ciks = await sec.ciks() if ask.symbols or ask.members else {}
    names = {
        f"facts {symbol} CIK{ciks[symbol]} {week}": symbol
        for symbol in dict.fromkeys([*ask.symbols, *ask.members])
        if symbol in ciks
    }
    known = ask.known(names)
    given = 0
    for name, symbol in names.items():
        if name not in known and given < AT_A_TIME:
            raw = await sec.facts(name, symbol, ciks[symbol])
            if raw is not None:
                given += 1
                yield raw
    sec.finish()


class _Sec:
    """The SEC during one fetch: its two addresses, who we are, and what went wrong so far."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._failed: list[str] = []
        self._in_a_row = 0

    async def ciks(self) -> dict[str, str]:
        """The CIK, ten digits, of each ticker as we write it: BRK.B for the SEC's BRK-B."""
        url = f"{self._ask.settings['SEC_URL'].rstrip('/')}/files/company_tickers.json"
        try:
            document = _load(Raw("The SEC's list of tickers", await self._get(url)))
        except HttpError as error:
            raise FeedError(f"the SEC's list of tickers could not be read: {error}") from None
        rows = [mapped(row) for row in document.values()]
        found = {
            str(row["ticker"]).replace("-", "."): str(row["cik_str"]).zfill(10)
            for row in rows
            if "ticker" in row and str(row.get("cik_str")).isdecimal()
        }
        if not found:
            raise FeedError("the SEC sent something else than its list of tickers")
        return found

    async def facts(self, name: str, symbol: str, cik: str) -> Raw | None:
        """The facts of one company; None where there are none, or where they could not be read."""
        url = f"{self._ask.settings['SEC_DATA_URL'].rstrip('/')}/api/xbrl/companyfacts/CIK{cik}.json"
        try:
            raw = Raw(name, await self._get(url))
        except HttpError as error:
            if error.status == 404:
                log.info("feed      %s has no facts of %s", NAME, symbol)
            else:
                self._fail(f"the facts of {symbol} could not be read: {error}")
            return None
        try:
            await asyncio.to_thread(_facts, raw, cik)
        except FeedError:
            self._fail(f"the SEC sent something else than the facts of {symbol}")
            return None
        self._in_a_row = 0
        return raw

    async def _get(self, url: str) -> bytes:
        headers = {"User-Agent": f"Bellwether {self._ask.settings['SEC_CONTACT']}"}
        try:
            # the pace is EDGAR's: one house, one limit
            return await self._ask.http.get(url, source=LIVE.name, headers=headers, per_second=PER_SECOND)
        except HttpError as error:
            if error.status == 403:
                await self._ask.http.hold(LIVE.name)
            if error.status in (403, 429):
                raise FeedError(f"the SEC was left alone: {error}") from None
            raise

    def _fail(self, reason: str) -> None:
        self._failed.append(reason)
        self._in_a_row += 1
        if self._in_a_row >= GIVE_UP:
            raise FeedError(f"the SEC was left alone after {len(self._failed)} failures: {reason}")

    def finish(self) -> None:
        """Raise the one FeedError about what failed, if anything did."""
        if self._failed:
            raise FeedError(f"{self._failed[0]}; {len(self._failed)} such answers are asked for again")


FEED = Feed(
    name=NAME,
    about="Shares outstanding and revenues as companies file them, from the SEC's company facts, free",
    gives=(CompanyFigure,),
    parse=parse,
    fetch=fetch,
    settings=(
        *LIVE.settings,
        Setting("SEC_DATA_URL", "https://data.sec.gov", "Root of the SEC's data as JSON"),
    ),
    needs=LIVE.needs,
)
