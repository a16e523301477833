"""What is asked of Unusual Whales, and when: what is final is asked for once, the rest since the last time.

The names of the answers hold the end of the window, so that `parse` knows which minutes and days were over.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, time
from urllib.parse import quote

from feeds import Ask, FeedError, Raw
from feeds._cells import Cells
from feeds._http import HttpError
from feeds._values import moment
from feeds._whales_about import read_answer
from feeds._whales_shape import NAME
from feeds._whales_totals import open_interest_out
from storage import calendar

log = logging.getLogger("bellwether")

URL, TOKEN = "UNUSUAL_WHALES_URL", "UNUSUAL_WHALES_TOKEN"
#: the plan allows 120 requests a minute
PER_SECOND = 2.0
#: dark-pool prints and alerts in one answer at most, and answers we ask for a symbol and session
PAGE, ALERTS, PAGES = 500, 200, 40
#: the largest changes of open interest of a symbol we ask for
CHANGES = 200
#: New York's times between which off-exchange trades are reported
REPORTING = time(4, 0), time(20, 0)
#: statuses that speak of one symbol, not of us
_OF_A_SYMBOL = (400, 404, 422)


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """The market's tide and totals, then for each symbol its prints, alerts, minutes and open interest.

    Prints, alerts and minutes are asked for while they come; totals and open interest only in the window in
    which they become final. A symbol the vendor does not know is logged and left out, since asking again
    would not help. Every other failure ends the fetch.
    """
    whales = _Whales(ask)
    async for raw in whales.market():
        yield raw
    for symbol in ask.symbols:
        try:
            async for raw in whales.symbol(symbol):
                yield raw
        except HttpError as error:
            if error.status not in _OF_A_SYMBOL:
                raise
            log.warning("feed      %s does not know %s (%d)", NAME, symbol, error.status)


class _Whales:
    """The vendor during one fetch: what of the window is of interest, and how to ask."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._since, self._until = ask.window.since, ask.window.until
        self._asked = self._until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        first, self._today = (at.astimezone(calendar.NEW_YORK).date() for at in (self._since, self._until))
        sessions = calendar.sessions(first, self._today)
        #: sessions of which trading, or reporting, falls into the window
        self._traded = [
            day for day in sessions if self._touches(calendar.opening(day), calendar.settled(day))
        ]
        self._reported = [
            day for day in sessions if self._touches(*(calendar.new_york(day, at) for at in REPORTING))
        ]
        self._settled = [day for day in sessions if self._since < calendar.settled(day) <= self._until]
        self._opened = [day for day in sessions if self._since < open_interest_out(day) <= self._until]

    def _touches(self, begins: datetime, ends: datetime) -> bool:
        return begins < self._until and self._since < ends

    async def market(self) -> AsyncIterator[Raw]:
        """What is of no symbol."""
        for day in self._traded:
            params = {"date": day.isoformat(), "interval_5m": "true"}
            yield await self._get(f"market-tide {day} {self._asked}", "market/market-tide", params)
        if self._settled:
            yield await self._get(
                f"total-options-volume {self._asked}", "market/total-options-volume", self._days()
            )

    async def symbol(self, symbol: str) -> AsyncIterator[Raw]:
        """What is of one symbol."""
        path = f"stock/{quote(symbol)}"
        for day in self._reported:
            params: dict[str, str | int] = {"date": day.isoformat(), "limit": PAGE}
            if self._since > calendar.new_york(day, time()):
                params |= self._newer()
            async for raw in self._pages(f"darkpool {symbol} {day}", f"darkpool/{quote(symbol)}", params):
                yield raw
        if self._traded:
            yield await self._get(f"flow-recent {symbol} {self._today}", f"{path}/flow-recent", {})
            name = f"flow-alerts {symbol} {self._today}"
            params = {"ticker_symbol": symbol, "limit": ALERTS, **self._newer()}
            async for raw in self._pages(name, "option-trades/flow-alerts", params):
                yield raw
        for day in self._traded:
            name = f"net-prem-ticks {symbol} {day} {self._asked}"
            yield await self._get(name, f"{path}/net-prem-ticks", {"date": day.isoformat()})
        for day in self._opened:
            params = {"date": day.isoformat(), "limit": CHANGES}
            yield await self._get(f"oi-change {symbol} {day}", f"{path}/oi-change", params)
        if self._settled:
            name = f"options-volume {symbol} {self._asked}"
            yield await self._get(name, f"{path}/options-volume", self._days())

    def _newer(self) -> dict[str, str | int]:
        """Only what is newer than the window's beginning, whose second is asked for whole."""
        return {"newer_than": int(self._since.timestamp()) - 1}

    def _days(self) -> dict[str, str | int]:
        """The newest days: those that were settled, and one that may have begun since."""
        return {"limit": len(self._settled) + 1}

    async def _pages(self, name: str, path: str, params: Mapping[str, str | int]) -> AsyncIterator[Raw]:
        """Rows newest first, page by page.

        Pages overlap by the second they meet in: equal prints are told apart by their number, so the
        whole second must be in one of them.
        """
        older_than: int | None = None
        for page in range(PAGES):
            older = {} if older_than is None else {"older_than": older_than}
            raw = await self._get(f"{name} {page}", path, {**params, **older})
            yield raw
            oldest = _oldest(raw, int(params["limit"]))
            if oldest is None or oldest + 1 == older_than:
                return
            older_than = oldest + 1

    async def _get(self, name: str, path: str, params: Mapping[str, str | int]) -> Raw:
        settings = self._ask.settings
        body = await self._ask.http.get(
            f"{settings[URL].rstrip('/')}/api/{path}",
            source=NAME,
            params=params,
            headers={"Authorization": f"Bearer {settings[TOKEN]}", "Accept": "application/json"},
            per_second=PER_SECOND,
        )
        if body.lstrip()[:1] not in (b"{", b"["):
            raise FeedError("Unusual Whales answered something that is not JSON")
        return Raw(name, body)


def _oldest(raw: Raw, size: int) -> int | None:
    """The oldest second of a full page; None where there is no further page."""
    rows, _ = read_answer(raw.body.decode("utf-8", "replace"), raw.name)
    if len(rows) < size:
        return None
    times = [_happened(Cells(row)) for row in rows]
    return min((int(at.timestamp()) for at in times if at), default=None)


def _happened(cells: Cells) -> datetime | None:
    """When a print or an alert happened; None where it cannot be read, which `parse` will say."""
    try:
        at: datetime | None = cells.maybe(moment, "executed_at", "created_at")
    except ValueError:
        return None
    return at
