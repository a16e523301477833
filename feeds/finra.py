"""FINRA, free and without a key: off-exchange shares by session (short and total) and by week (ATS and OTC).

The Reg SHO daily file is on FINRA's file server from 18:00 New York; the weekly figures come two to four
weeks late from FINRA's API, which is asked for the watched symbols.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

from feeds import Ask, Feed, FeedError, Parsed, Raw, Setting
from feeds._finra_daily import is_whole, out_at, read_daily
from feeds._finra_rows import NAME
from feeds._finra_weekly import FIELDS, SUMMARIES, read_answer, read_table, rows_of
from feeds._http import HttpError
from storage import calendar
from storage.tables import OffExchangeWeek, ShortVolume

URL, API_URL = "FINRA_URL", "FINRA_API_URL"
#: the API allows 20 requests a second; the file server does not say
PER_SECOND = 2.0
#: a daily file that was missing is asked for again this long
CATCH_UP = timedelta(days=7)
#: weeks asked for at each fetch before the window: what is late, restated, or of a symbol newly watched [A]
WEEKS = timedelta(weeks=13)
#: no week is published sooner after its Monday
SOONEST = timedelta(days=18)
#: rows in one answer at most, FINRA's limit, and answers we ask for
PAGE, PAGES = 5000, 20


def parse(raw: Raw) -> Parsed:
    """Rows of a daily file, of a weekly table or of an answer of the API, told apart by content.

    Raises FeedError where `raw` is none of them.
    """
    text = raw.body.decode("utf-8-sig", "replace").strip()
    if text[:1] in ("[", "{"):
        return read_answer(raw.name, text)
    if "|" in text.partition("\n")[0] and not raw.body.startswith(b"PAR1"):
        return read_daily(raw.name, text)
    return read_table(raw)


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Yield the daily files of the window's sessions that were not read yet, then the weekly figures.

    What one host refuses does not stop the other; one FeedError at the end says what is missing.
    """
    failed: list[str] = []
    async for raw in _days(ask, failed):
        yield raw
    async for raw in _weeks(ask, failed):
        yield raw
    if failed:
        raise FeedError(f"{failed[0]}; it is asked for again")


async def _days(ask: Ask, failed: list[str]) -> AsyncIterator[Raw]:
    """The consolidated files. One that is not there is news only if it should be: not today's."""
    since, until = ask.window.since, ask.window.until
    today = until.astimezone(calendar.NEW_YORK).date()
    sessions = calendar.sessions((since - CATCH_UP).astimezone(calendar.NEW_YORK).date(), today)
    names = {f"CNMSshvol{day:%Y%m%d}.txt": day for day in sessions if out_at(day) <= until}
    known = ask.known(names)
    for name, day in names.items():
        if name in known:
            continue
        url = f"{ask.settings[URL].rstrip('/')}/equity/regsho/daily/{name}"
        try:
            body = await ask.http.get(url, source=NAME, per_second=PER_SECOND)
        except HttpError as error:
            if error.status not in (403, 404):  # FINRA's file server answers 403 for what is not there
                failed.append(str(error))
                return
            if out_at(day) > since and day < today:
                failed.append(f"FINRA has no daily file of {day}")
            continue
        if is_whole(body, day):
            yield Raw(name, body)
        else:
            failed.append(f"FINRA sent something else than the daily file of {day}")


async def _weeks(ask: Ask, failed: list[str]) -> AsyncIterator[Raw]:
    """The weekly figures of the watched symbols, page by page until one is empty."""
    symbols = [symbol for symbol in ask.symbols if not symbol.startswith("^")]
    first, last = (
        at.astimezone(calendar.NEW_YORK).date()
        for at in (ask.window.since - WEEKS, ask.window.until - SOONEST)
    )
    offset, before = 0, b""
    for page in range(PAGES if symbols else 0):
        question = {
            "fields": FIELDS,
            "domainFilters": [
                {"fieldName": "issueSymbolIdentifier", "values": symbols},
                {"fieldName": "summaryTypeCode", "values": [*SUMMARIES]},
            ],
            "dateRangeFilters": [
                {"fieldName": "weekStartDate", "startDate": str(first), "endDate": str(last)}
            ],
            "limit": PAGE,
            "offset": offset,
        }
        try:
            body = await ask.http.post(
                f"{ask.settings[API_URL].rstrip('/')}/data/group/otcMarket/name/weeklySummary",
                source=f"{NAME} API",
                json=question,
                headers={"Accept": "application/json"},
                per_second=PER_SECOND,
            )
        except HttpError as error:
            if error.status != 204:  # no rows, or none any more
                failed.append(str(error))
            return
        rows = rows_of(body.decode("utf-8-sig", "replace"))
        if rows is None:
            failed.append("FINRA sent something else than weekly figures")
            return
        if not rows or body == before:
            return
        yield Raw(f"weeklySummary {first} {last} {page}", body)
        offset, before = offset + len(rows), body


FEED = Feed(
    name=NAME,
    about="Off-exchange volume of US stocks from FINRA: short and total by day, dark pools by week; free.",
    gives=(ShortVolume, OffExchangeWeek),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting(URL, "https://cdn.finra.org", "root of FINRA's file server (Reg SHO daily files)"),
        Setting(API_URL, "https://api.finra.org", "root of FINRA's API (weekly figures)"),
    ),
)
