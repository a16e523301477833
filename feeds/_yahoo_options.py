"""Yahoo's option chains: one contract of one session each, with its premium estimated.

Yahoo shows each contract's newest trade and the volume of that trade's day. So the answer is of the newest
session at the quote's time, and only contracts that traded in it have figures of it. The premium is volume ×
last price × 100: every trade valued at the last one, an estimate (grade C).
"""

import json
from datetime import UTC, date, datetime
from typing import Any

from feeds import Bad
from feeds._cells import Cells
from feeds._values import LARGEST_E4, count, number, opra, price, ticker
from storage import calendar

NAME = "yahoo"
#: shares a regular contract delivers
MULTIPLIER = 100
STALE = "last traded before the newest session"
#: what tells one stale contract from another: kept alone, so that the same one is quarantined once
_OF_A_TRADE = ("contractSymbol", "lastTradeDate", "lastPrice", "volume")

Row = dict[str, Any]


def read_chain(chain: Row, asked: str | None) -> tuple[list[Row], list[Bad]]:
    """The OptionContract rows of one `result` of an answer, and what was refused.

    `asked` is the symbol our request named: an answer about another one is refused. An answer without
    contracts, of an open session or without a time is one refused row.
    """
    try:
        symbol, session, contracts = _head(chain, asked)
    except ValueError as error:
        return [], [Bad(str(error), json.dumps(chain)[:2000])]
    rows, bad = [], []
    for contract in contracts:
        cells = Cells(contract)
        try:
            rows.append(_contract(cells, symbol, session))
        except ValueError as error:
            kept = {name: contract.get(name) for name in _OF_A_TRADE} if str(error) == STALE else contract
            bad.append(Bad(str(error), json.dumps(kept)[:2000]))
    return rows, bad


def _head(chain: Row, asked: str | None) -> tuple[str, date, list[Row]]:
    """Whose contracts these are, of which session, and the contracts."""
    symbol: str = Cells(chain).need(ticker, "underlyingSymbol")
    if asked and _as_yahoo(asked) != symbol:
        raise ValueError("an answer about another symbol than was asked")
    contracts = [
        contract if isinstance(contract, dict) else {}
        for expiration in listed(chain.get("options"))
        for side in ("calls", "puts")
        for contract in listed(expiration.get(side) if isinstance(expiration, dict) else None)
    ]
    if not contracts:
        raise ValueError("no option contracts in it")
    quote = chain.get("quote")
    cells = Cells(quote if isinstance(quote, dict) else {})
    at: datetime = cells.need(_epoch, "regularMarketTime")
    session = calendar.last_session(at)
    state = cells.text("marketState")
    if state == "REGULAR" or (state is None and at < calendar.close(session)):
        raise ValueError("the session was still open")
    return asked or symbol, session, contracts


def _as_yahoo(symbol: str) -> str:
    """A ticker as Yahoo writes it: BRK-B for BRK.B."""
    return symbol.replace(".", "-")


def listed(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _contract(cells: Cells, symbol: str, session: date) -> Row:
    _, expiry, is_call, strike = cells.need(opra, "contractSymbol")
    traded = cells.need(_epoch, "lastTradeDate").astimezone(calendar.NEW_YORK).date()
    if traded < session:
        raise ValueError(STALE)
    if traded > session:
        raise ValueError("traded after the newest session")
    if expiry < session:
        raise ValueError("the contract expired before the session")
    if cells.text("currency") not in (None, "USD"):
        raise ValueError("currency is not USD")
    if cells.text("contractSize") not in (None, "REGULAR"):
        raise ValueError("contractSize is not a hundred shares")
    volume, last = cells.maybe(count, "volume"), cells.maybe(price, "lastPrice")
    return {
        "event_at": calendar.close(session),
        "known_at": calendar.settled(session),
        "source": NAME,
        "symbol": symbol,
        "contract": cells.text("contractSymbol"),
        "session": session,
        "expiry": expiry,
        "strike_e4": strike,
        "is_call": is_call,
        "volume": volume,
        # published in the morning; Yahoo also writes 0 where it does not know
        "open_interest_before": cells.maybe(count, "openInterest") or None,
        "premium_e4": None if volume is None or last is None else _premium(volume, last),
        "estimated": True,
    }


def _premium(volume: int, last_e4: int) -> int:
    premium = volume * last_e4 * MULTIPLIER
    if premium >= LARGEST_E4:
        raise ValueError("premium is beyond a hundred billion dollars")
    return premium


def _epoch(text: str) -> datetime:
    """UTC, from whole epoch seconds within the exchange's calendar."""
    seconds = number(text)
    if seconds != seconds.to_integral_value():
        raise ValueError("is not a time")
    # 2000 to 2034; milliseconds are far beyond
    if not 946_684_800 <= seconds < 2_051_222_400:
        raise ValueError("is outside 2000 to 2034")
    return datetime.fromtimestamp(int(seconds), UTC)
