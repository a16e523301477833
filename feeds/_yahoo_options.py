"""Yahoo's option chains: one contract of one session each, with its premium estimated.

Yahoo shows each contract's newest trade and the volume of that trade's day. So the answer is of the newest
session at the quote's time, and only contracts that traded in it have figures of it. The premium is volume ×
last price × 100: every trade valued at the last one, an estimate (grade C).
"""

import json
from datetime import date, datetime

from feeds import Bad
from feeds._cells import Cells
from feeds._values import LARGEST_E4, count, opra, price, ticker
from feeds._yahoo_answers import NAME, Answer, Row, epoch, listed, mapped
from storage import calendar

#: shares a regular contract delivers
MULTIPLIER = 100
STALE = "last traded before the newest session"
#: what tells one stale contract from another: kept alone, so that the same one is quarantined once
_OF_A_TRADE = ("contractSymbol", "lastTradeDate", "lastPrice", "volume")


def read_chain(chain: Row, answer: Answer) -> tuple[list[Row], list[Bad]]:
    """The OptionContract rows of one `result` of an answer, and what was refused.

    An answer about another symbol than was asked, without contracts, of an open session or without a time is
    one refused row.
    """
    try:
        symbol, session, contracts = _head(chain, answer)
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


def _head(chain: Row, answer: Answer) -> tuple[str, date, list[Row]]:
    """Whose contracts these are, of which session, and the contracts."""
    symbol = answer.symbol(Cells(chain).need(ticker, "underlyingSymbol"))
    contracts = [
        mapped(contract)
        for expiration in listed(chain.get("options"))
        for side in ("calls", "puts")
        for contract in listed(mapped(expiration).get(side))
    ]
    if not contracts:
        raise ValueError("no option contracts in it")
    cells = Cells(mapped(chain.get("quote")))
    at: datetime = cells.need(epoch, "regularMarketTime")
    session = calendar.last_session(at)
    state = cells.text("marketState")
    if state == "REGULAR" or (state is None and at < calendar.close(session)):
        raise ValueError("the session was still open")
    return symbol, session, contracts


def _contract(cells: Cells, symbol: str, session: date) -> Row:
    _, expiry, is_call, strike = cells.need(opra, "contractSymbol")
    traded = cells.need(epoch, "lastTradeDate").astimezone(calendar.NEW_YORK).date()
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
