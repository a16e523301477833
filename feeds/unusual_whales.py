"""Unusual Whales: option prints with NBBO, flow alerts, day totals, dark-pool prints.

Reads its REST answers, bare or wrapped by a recorder, and recorded websocket lines. Rows are recognised by
their keys, because an answer does not say what it is an answer to. Numbers come as strings and stay exact.
"""

import ast
import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import PurePath
from urllib.parse import quote

from feeds import Ask, Bad, Feed, FeedError, Kind, Parsed, Raw, Setting, rows_to_table
from feeds._values import moment
from feeds._whales_rows import NAME, Cells, Row, shape_of
from storage import calendar
from storage.tables import FlowAlert, OptionDay
from storage.tape import EQUITY_TRADES, OPTION_TRADES

URL, TOKEN = "UNUSUAL_WHALES_URL", "UNUSUAL_WHALES_TOKEN"
#: the plan allows 120 requests a minute
PER_SECOND = 2.0
#: prints in one dark-pool answer at most, and answers we ask for a symbol and session
PAGE, PAGES = 500, 40

_WIRE = re.compile(r"(?P<at>\d{4}-\d{2}-\d{2}[ T][\d:.]+)\|(?P<channel>[^|]{1,60})\|(?P<payload>.*)")
#: a file or request that names its ticker: `options_volume__SPY_2025-…`, `options-volume SPY 2025-…`
_NAMED = re.compile(r"(?:__| )(?P<ticker>[A-Z][A-Z0-9.\-]{0,9})(?:_| )")
_LONGEST_LINE = 100_000


def parse(raw: Raw) -> Parsed:
    """Rows of an answer or a recording. A document without a row we know is one quarantined document.

    Raises FeedError where `raw` is neither JSON nor a recording.
    """
    text = raw.body.decode("utf-8-sig", "replace").strip()
    if text[:1] in ("{", "["):
        rows = _answer(text, raw.name)
        if rows and not any(shape_of(row) for row in rows):
            return Parsed(bad=[Bad("not a kind this feed reads", text[:2000])])
        return _sort([(row, None) for row in rows], [])
    lines = [line for line in text.splitlines() if line.strip()]
    if not any(_WIRE.fullmatch(line) for line in lines):
        raise FeedError(f"{raw.name} is neither JSON nor a recording of a websocket.")
    return _recording(lines)


def _answer(text: str, name: str) -> list[Row]:
    """The rows of an answer: a list, one object, or either wrapped in `data`."""
    try:
        # numbers stay text: exact, and none is too long to read
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise FeedError(f"{name} is not JSON.") from None
    symbol = None
    while isinstance(document, dict) and "data" in document:
        about = document.get("metadata")
        symbol = symbol or (about.get("ticker") if isinstance(about, dict) else None)
        document = document["data"]
    if isinstance(document, list) and len(document) == 2 and isinstance(document[0], str):
        document = document[1]  # a websocket message: channel, payload
    rows = document if isinstance(document, list) else [document]
    rows = [row if isinstance(row, dict) else {"": row} for row in rows]
    named = _NAMED.search(PurePath(name).name)
    symbol = symbol or (named["ticker"] if named else None)
    return [{"ticker": symbol} | row if symbol else row for row in rows]


def _recording(lines: list[str]) -> Parsed:
    rows: list[tuple[Row, str | None]] = []
    bad = []
    for line in lines:
        wire = _WIRE.fullmatch(line)
        payload = _payload(wire["payload"]) if wire else None
        if payload is None:
            bad.append(Bad("not a recorded message", line[:2000]))
        elif "response" in payload and "status" in payload:
            bad.append(Bad("an acknowledgement, not data", line))
        else:
            rows.append((payload, line))
    return _sort(rows, bad)


def _payload(text: str) -> Row | None:
    if len(text) > _LONGEST_LINE:
        return None
    try:
        payload = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
    return payload if isinstance(payload, dict) else None


def _sort(rows: list[tuple[Row, str | None]], bad: list[Bad]) -> Parsed:
    """Read each row by its shape. With it stands how it came, None for JSON."""
    accepted: dict[Kind, list[Row]] = {}
    for row, text in rows:
        shape = shape_of(row)
        try:
            if shape is None:
                raise ValueError("not a kind this feed reads")
            if row.get("canceled") is True:
                raise ValueError("cancelled by the vendor")
            accepted.setdefault(shape.kind, []).append(shape.read(Cells(row)))
        except ValueError as error:
            bad.append(Bad(str(error), (text or json.dumps(row))[:2000]))
    return Parsed({kind: rows_to_table(kind, found) for kind, found in accepted.items()}, bad)


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """For each symbol and session of the window: dark-pool prints, recent option prints, alerts, totals.

    Day totals are asked for only once the session is settled: before that they are not the day's.
    """
    first, last = (at.astimezone(calendar.NEW_YORK).date() for at in (ask.window.since, ask.window.until))
    sessions = calendar.sessions(first, last)
    for symbol in ask.symbols if sessions else ():
        for session in sessions:
            async for raw in _dark_pool(ask, symbol, session):
                yield raw
        body = await _get(ask, f"stock/{quote(symbol)}/flow-recent", {})
        yield Raw(f"flow-recent {symbol} {last}", body)
        body = await _get(ask, "option-trades/flow-alerts", {"ticker_symbol": symbol, "limit": 200})
        yield Raw(f"flow-alerts {symbol} {last}", body)
        if any(ask.window.since < calendar.settled(each) <= ask.window.until for each in sessions):
            body = await _get(ask, f"stock/{quote(symbol)}/options-volume", {"limit": len(sessions)})
            yield Raw(f"options-volume {symbol} {last}", body)


async def _dark_pool(ask: Ask, symbol: str, session: date) -> AsyncIterator[Raw]:
    """The prints of a session, newest first, page by page.

    Pages overlap by the second they meet in: equal prints are told apart by their number, so the
    whole second must be in one of them.
    """
    older_than: int | None = None
    for page in range(PAGES):
        params: dict[str, str | int] = {"date": session.isoformat(), "limit": PAGE}
        if older_than is not None:
            params["older_than"] = older_than
        body = await _get(ask, f"darkpool/{quote(symbol)}", params)
        raw = Raw(f"darkpool {symbol} {session} {page}", body)
        yield raw
        oldest = _oldest(raw)
        if oldest is None or oldest + 1 == older_than:
            return
        older_than = oldest + 1


def _oldest(raw: Raw) -> int | None:
    """The oldest second of a full page; None where there is no further page."""
    rows = _answer(raw.body.decode("utf-8", "replace"), raw.name)
    if len(rows) < PAGE:
        return None
    times = [Cells(row).maybe(moment, "executed_at") for row in rows]
    return min((int(at.timestamp()) for at in times if at), default=None)


async def _get(ask: Ask, path: str, params: Mapping[str, str | int]) -> bytes:
    return await ask.http.get(
        f"{ask.settings[URL].rstrip('/')}/api/{path}",
        source=NAME,
        params=params,
        headers={"Authorization": f"Bearer {ask.settings[TOKEN]}", "Accept": "application/json"},
        per_second=PER_SECOND,
    )


FEED = Feed(
    name=NAME,
    about="Option prints, flow alerts, day totals and dark-pool prints of Unusual Whales (paid).",
    gives=(OPTION_TRADES, EQUITY_TRADES, FlowAlert, OptionDay),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting(URL, "https://api.unusualwhales.com", "root of the Unusual Whales API"),
        Setting(TOKEN, "", "token of a paid Unusual Whales plan", secret=True),
    ),
    needs=(TOKEN,),
)
