"""Yahoo Finance: daily bars, analysts' mean estimates and option chains of watched symbols, no key needed.

For personal use, and not a published API: it breaks often. Asked once a session is over; read are its JSON
answers, bare or wrapped by a recorder as `{request, response: {status, bodyJson}}`.
"""

import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import date, time, timedelta
from urllib.parse import quote

from feeds import Ask, Bad, Feed, Kind, Parsed, Raw, Setting, rows_to_table
from feeds._http import HttpError
from feeds._yahoo_answers import NAME, Answer, Row, as_yahoo, listed, mapped, read_answer
from feeds._yahoo_bars import read_bars
from feeds._yahoo_estimates import read_estimates
from feeds._yahoo_options import read_chain
from feeds._yahoo_session import COOKIE_URL, URL, Yahoo
from storage import calendar
from storage.tables import Bar, CompanyEps, OptionContract

log = logging.getLogger("bellwether")

#: whose bars are asked for whoever is watched: the S&P 500 and its fund
MARKET_SYMBOLS = ("^GSPC", "SPY")
#: how far back the bars of a symbol reach that is asked for the first time: two years
HISTORY = timedelta(days=731)
#: expirations of one symbol we ask for at most
EXPIRATIONS = 100

_EPOCH = re.compile(r"\d{1,11}", re.ASCII)
_READERS: Mapping[str, tuple[Kind, Callable[[Row, Answer], tuple[list[Row], list[Bad]]]]] = {
    "chart": (Bar, read_bars),
    "quoteSummary": (CompanyEps, read_estimates),
    "optionChain": (OptionContract, read_chain),
}
#: whose, what, and the answers once they are iterated
_Question = tuple[str, str, AsyncIterator[Raw]]


def parse(raw: Raw) -> Parsed:
    """Bar, CompanyEps or OptionContract rows of an answer.

    A document of another kind, or an error, is one quarantined row. Raises FeedError where `raw` is not JSON.
    """
    answer = read_answer(raw)
    for name, (kind, reader) in _READERS.items():
        if results := answer.results(name):
            rows: list[Row] = []
            bad: list[Bad] = []
            for result in results:
                found, refused = reader(result, answer)
                rows += found
                bad += refused
            return Parsed({kind: rows_to_table(kind, rows)} if rows else {}, bad)
    return Parsed(bad=[Bad(_what_else(answer.document), raw.body.decode("utf-8-sig", "replace")[:2000])])


def _what_else(document: Row) -> str:
    errors = [mapped(answer).get("error") for answer in document.values()]
    return "an error of Yahoo's, not data" if any(errors) else "not a kind this feed reads"


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Bars, estimates and option chains, if a session was settled within the window; bars come first.

    Before that nothing is asked: figures are of the day so far, and what is stored is never replaced. What
    Yahoo does not have of a symbol is logged and left out, since asking again would not help.
    """
    first, last = (at.astimezone(calendar.NEW_YORK).date() for at in (ask.window.since, ask.window.until))
    settled = [
        day
        for day in calendar.sessions(first, last)
        if ask.window.since < calendar.settled(day) <= ask.window.until
    ]
    unknown = set[str]()
    for symbol, what, answers in _questions(ask, settled) if settled else ():
        if symbol in unknown:
            continue
        try:
            async for raw in answers:
                yield raw
        except HttpError as error:
            if error.status not in (400, 404, 422):
                raise
            log.warning("feed      %s has no %s of %s (%d)", NAME, what, symbol, error.status)
            if what == "bars":
                unknown.add(symbol)


def _questions(ask: Ask, settled: list[date]) -> Iterator[_Question]:
    """Everything there is to ask after these sessions, the dearest last."""
    yahoo = Yahoo(ask)
    first, last = settled[0], settled[-1]
    priced = list(dict.fromkeys([*ask.symbols, *MARKET_SYMBOLS, *ask.members]))
    window = {f"bars {symbol} {first} {last}": symbol for symbol in priced}
    history = {f"bars {symbol} 2y": symbol for symbol in priced}
    known = ask.known([*window, *history])
    for name, symbol in window.items():
        if name not in known:
            yield symbol, "bars", _bars(yahoo, symbol, name, first, last + timedelta(days=1))
    for name, symbol in history.items():
        if name not in known:
            yield symbol, "history", _bars(yahoo, symbol, name, first - HISTORY, first)
    if any(_ends_week(day) for day in settled):
        name = f"{ask.window.until:%Y-%m-%dT%H:%M:%SZ}"
        for symbol in ask.symbols:
            if not symbol.startswith("^"):
                yield symbol, "estimates", _estimates(yahoo, symbol, f"estimates {symbol} {name}")
    for symbol in ask.symbols:
        yield symbol, "options", _options(yahoo, symbol, f"options {symbol} {last}")


def _ends_week(day: date) -> bool:
    """Whether the session is its week's last: Friday's, or Thursday's where Friday is a holiday."""
    return not calendar.sessions(day + timedelta(days=1), day + timedelta(days=6 - day.weekday()))


async def _bars(yahoo: Yahoo, symbol: str, name: str, first: date, end: date) -> AsyncIterator[Raw]:
    """Daily bars from `first` until before `end`."""
    since, until = (int(calendar.new_york(day, time()).timestamp()) for day in (first, end))
    params = {"interval": "1d", "period1": str(since), "period2": str(until)}
    yield Raw(name, await yahoo.get(f"v8/finance/chart/{quote(as_yahoo(symbol))}", params, crumb=False))


async def _estimates(yahoo: Yahoo, symbol: str, name: str) -> AsyncIterator[Raw]:
    params = {"formatted": "false", "modules": "earningsTrend,price"}
    yield Raw(name, await yahoo.get(f"v10/finance/quoteSummary/{quote(as_yahoo(symbol))}", params))


async def _options(yahoo: Yahoo, symbol: str, name: str) -> AsyncIterator[Raw]:
    """The nearest expiration, which also lists the others, then those."""
    path = f"v7/finance/options/{quote(as_yahoo(symbol))}"
    nearest = await yahoo.get(path, {"formatted": "false"})
    yield Raw(name, nearest)
    for expiration in _others(Raw(name, nearest)):
        body = await yahoo.get(path, {"formatted": "false", "date": expiration})
        yield Raw(f"{name} {expiration}", body)


def _others(nearest: Raw) -> list[str]:
    """The expirations, as epoch seconds, that an answer lists and does not hold."""
    chain = (read_answer(nearest).results("optionChain") or [{}])[0]
    held = {str(mapped(each).get("expirationDate")) for each in listed(chain.get("options"))}
    found = dict.fromkeys(str(each) for each in listed(chain.get("expirationDates")))
    return [each for each in found if _EPOCH.fullmatch(each) and each not in held][:EXPIRATIONS]


FEED = Feed(
    name=NAME,
    about=(
        "Daily bars, analysts' mean estimates and option chains (premium estimated) of Yahoo Finance; "
        "no key, personal use, breaks often."
    ),
    gives=(Bar, CompanyEps, OptionContract),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting(URL, "https://query2.finance.yahoo.com", "root of Yahoo Finance's API"),
        Setting(COOKIE_URL, "https://fc.yahoo.com", "where Yahoo gives the cookie its API asks for"),
    ),
)
