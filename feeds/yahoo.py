"""Yahoo Finance: option chains of watched symbols, all expirations, once a session is over.

No key, for personal use, and not a published API: it breaks often. Read are its JSON answers, bare or wrapped
by a recorder as `{request, response: {status, bodyJson}}`.
"""

import json
import logging
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from feeds import Ask, Bad, Feed, FeedError, Parsed, Raw, Setting, rows_to_table
from feeds._http import HttpError
from feeds._yahoo_options import NAME, Row, listed, read_chain
from feeds._yahoo_session import COOKIE_URL, URL, Yahoo
from storage import calendar
from storage.tables import OptionContract

log = logging.getLogger("bellwether")

#: expirations of one symbol we ask for at most
EXPIRATIONS = 100

#: our own request: `options BRK.B 2025-02-21`, `options BRK.B 2025-02-21 1741305600`
_ASKED = re.compile(r"options (?P<symbol>\S{1,16}) \d{4}-\d{2}-\d{2}( \d+)?")
_EPOCH = re.compile(r"\d{1,11}", re.ASCII)


def parse(raw: Raw) -> Parsed:
    """OptionContract rows of an option chain.

    A document of another kind, or an error, is one quarantined row. Raises FeedError where `raw` is not JSON.
    """
    text = raw.body.decode("utf-8-sig", "replace").strip()
    document = _document(text, raw.name)
    chains = _chains(document)
    if chains is None:
        return Parsed(bad=[Bad(_what_else(document), text[:2000])])
    asked = _ASKED.fullmatch(raw.name)
    rows: list[Row] = []
    bad: list[Bad] = []
    for chain in chains:
        found, refused = read_chain(chain, asked["symbol"] if asked else None)
        rows += found
        bad += refused
    return Parsed({OptionContract: rows_to_table(OptionContract, rows)} if rows else {}, bad)


def _document(text: str, name: str) -> Row:
    """The JSON object, out of its wrap. Numbers stay text: exact, and none is too long to read."""
    if "too many requests" in text[:200].lower() and not text.startswith("{"):
        raise FeedError(f"{name} is no data: Yahoo asked for fewer requests.")
    try:
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise FeedError(f"{name} is not JSON.") from None
    wrapped = document.get("response") if isinstance(document, dict) else None
    if isinstance(wrapped, dict) and "bodyJson" in wrapped:
        document = wrapped["bodyJson"]
    return document if isinstance(document, dict) else {}


def _chains(document: Row) -> list[Row] | None:
    """The chains in it; None where it is no answer of that kind, or one without any."""
    answer = document.get("optionChain")
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, list):
        return None
    return [chain for chain in result if isinstance(chain, dict)] or None


def _what_else(document: Row) -> str:
    errors = [answer.get("error") for answer in document.values() if isinstance(answer, dict)]
    return "an error of Yahoo's, not data" if any(errors) else "not a kind this feed reads"


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """For each symbol the chain of every expiration, if a session was settled within the window.

    Before that nothing is asked: volumes are of the day so far, and what is stored is never replaced. A
    symbol Yahoo does not know is logged and left out, since asking again would not help.
    """
    first, last = (at.astimezone(calendar.NEW_YORK).date() for at in (ask.window.since, ask.window.until))
    settled = [
        day
        for day in calendar.sessions(first, last)
        if ask.window.since < calendar.settled(day) <= ask.window.until
    ]
    if not settled:
        return
    yahoo = Yahoo(ask)
    for symbol in ask.symbols:
        try:
            async for raw in _symbol(yahoo, symbol, f"options {symbol} {settled[-1]}"):
                yield raw
        except HttpError as error:
            if error.status not in (400, 404, 422):
                raise
            log.warning("feed      %s does not know %s (%d)", NAME, symbol, error.status)


async def _symbol(yahoo: Yahoo, symbol: str, name: str) -> AsyncIterator[Raw]:
    """The nearest expiration, which also lists the others, then those."""
    path = f"v7/finance/options/{quote(symbol.replace('.', '-'))}"
    nearest = await yahoo.get(path, {"formatted": "false"})
    yield Raw(name, nearest)
    for expiration in _others(nearest, name):
        body = await yahoo.get(path, {"formatted": "false", "date": expiration})
        yield Raw(f"{name} {expiration}", body)


def _others(body: bytes, name: str) -> list[str]:
    """The expirations, as epoch seconds, that an answer lists and does not hold."""
    chain = (_chains(_document(body.decode("utf-8", "replace"), name)) or [{}])[0]
    held = {
        str(each.get("expirationDate")) for each in listed(chain.get("options")) if isinstance(each, dict)
    }
    found = dict.fromkeys(str(each) for each in listed(chain.get("expirationDates")))
    return [each for each in found if _EPOCH.fullmatch(each) and each not in held][:EXPIRATIONS]


FEED = Feed(
    name=NAME,
    about="Option chains of Yahoo Finance, premium estimated; no key, personal use, breaks often.",
    gives=(OptionContract,),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting(URL, "https://query2.finance.yahoo.com", "root of Yahoo Finance's API"),
        Setting(COOKIE_URL, "https://fc.yahoo.com", "where Yahoo gives the cookie its API asks for"),
    ),
)
