"""Unusual Whales' totals: of a session, of its minutes, and of option contracts.

A vendor's figures count only once they are final, because what is stored is never replaced: a day's or a
snapshot's when the session is settled, a minute's when it is over. Open interest published in the morning
is that of the close before: it belongs to the session whose trades changed it.
"""

import re
from datetime import date, datetime, time, timedelta

from feeds import Bad
from feeds._cells import Cells
from feeds._values import count, day, moment, money, not_negative, number, opra, ticker
from feeds._whales_about import LATE, About, Row
from feeds._whales_shape import NAME, Shape
from storage import calendar
from storage.tables import OptionContract, OptionDay, OptionMinute

#: the subject of market-wide rows
MARKET = "MARKET"
#: rows of one contract and session that know less than the next morning's stand apart from those
LIVE, LISTED = f"{NAME}, live", f"{NAME}, listed"
#: New York's time by which open interest is out: OPRA sends it from about 06:30 on [A]
OPEN_INTEREST_OUT = time(9, 0)
MINUTE = timedelta(minutes=1)

#: what is wrong with an answer as a whole, not with a row of it
UNDATED, EARLY = "does not say of which session it is", "the session was not over when it was asked for"
WHOLE = frozenset({UNDATED, EARLY})
RUNNING = "was not over when it was asked for"

_CONTRACT_SNAPSHOT = frozenset({"option_symbol", "open_interest", "volume", "total_premium"})
_DAY = frozenset({"date", "call_premium", "put_premium", "call_volume", "put_volume"})
_TIDE = frozenset({"timestamp", "date", "net_call_premium", "net_put_premium", "net_volume"})
_TICK = frozenset({"tape_time", "date", "net_call_premium", "net_put_premium", "call_volume", "put_volume"})


def open_interest_out(session: date) -> datetime:
    """When the open interest published on `session`, that of the close before, is known; UTC."""
    return calendar.new_york(session, OPEN_INTEREST_OUT)


def _session(cells: Cells, name: str) -> date:
    session: date = cells.need(day, name)
    if not calendar.is_session(session):
        raise ValueError("not a session of the exchange")
    return session


def _settled(session: date, about: About) -> datetime:
    """When the session's figures were complete; refuses an answer from before."""
    settled = calendar.settled(session)
    if not about.is_over(settled):
        raise ValueError(EARLY)
    return settled


def _option_day(cells: Cells, about: About) -> Row:
    session = _session(cells, "date")
    premiums = {
        f"{name}_premium_e4": cells.maybe(money, f"{name}_premium")
        for name in ("bullish", "bearish", "net_call", "net_put")
    }
    return premiums | {
        "event_at": calendar.close(session),
        "known_at": _settled(session, about),
        "source": NAME,
        "symbol": cells.maybe(ticker, "ticker") or MARKET,
        "session": session,
        "call_premium_e4": cells.need(not_negative, "call_premium"),
        "put_premium_e4": cells.need(not_negative, "put_premium"),
        "call_volume": cells.maybe(count, "call_volume"),
        "put_volume": cells.maybe(count, "put_volume"),
    }


def _minute(cells: Cells, kind: str, at: str) -> Row:
    """What a tick of a ticker and a point of a tide have in common; `known_at` is still to come."""
    event: datetime = cells.need(moment, at)
    session = _session(cells, "date")
    if event.astimezone(calendar.NEW_YORK).date() != session:
        raise ValueError(f"{at} is not on the date")
    return {
        "event_at": event,
        "source": NAME,
        "symbol": cells.maybe(ticker, "ticker") or MARKET,
        "kind": kind,
        "session": session,
        "net_call_premium_e4": cells.need(money, "net_call_premium"),
        "net_put_premium_e4": cells.need(money, "net_put_premium"),
    }


def _tick(cells: Cells, about: About) -> Row:
    row = _minute(cells, "ticker", "tape_time")
    return row | {
        "known_at": known_when_over(row["event_at"], MINUTE, about),
        "call_volume": cells.maybe(count, "call_volume"),
        "put_volume": cells.maybe(count, "put_volume"),
    }


def _tide(cells: Cells, _: About) -> Row:
    return _minute(cells, "tide", "timestamp") | {"net_volume": cells.maybe(_signed, "net_volume")}


def _signed(text: str) -> int:
    """A whole number of any sign."""
    amount = number(text)
    if amount != amount.to_integral_value() or abs(amount) >= 10**15:
        raise ValueError("is not a whole number")
    return int(amount)


def known_when_over(begins: datetime, lasts: timedelta, about: About) -> datetime:
    """When a stretch of a session is complete; refuses one that was not when it was asked for."""
    known = begins + lasts + LATE
    if not about.is_over(known):
        raise ValueError(RUNNING)
    return known


def refused(error: ValueError, symbol: object, text: str) -> Bad:
    """The row with its reason. Each answer within a session ends in a minute that is still running: of those
    only the symbol is kept, so that they are one row in quarantine and not one a minute.
    """
    return Bad(str(error), f"a minute of {symbol}" if str(error) == RUNNING else text)


def _asked_session(about: About) -> date:
    """The newest session that had opened when a snapshot was asked for."""
    if about.asked is None:
        raise ValueError(UNDATED)
    return calendar.last_session(about.asked)


def _contract(cells: Cells, name: str, session: date) -> Row:
    root, expiry, is_call, strike = cells.need(opra, name)
    if expiry < session:
        raise ValueError("the contract expired before the session")
    return {
        "symbol": cells.maybe(ticker, "underlying_symbol", "ticker") or root,
        "contract": cells.text(name),
        "session": session,
        "expiry": expiry,
        "strike_e4": strike,
        "is_call": is_call,
    }


def _open_interest_change(cells: Cells, _: About) -> Row:
    """The trades of `last_date` and the open interest they led to, published on `curr_date`."""
    session, published = _session(cells, "last_date"), _session(cells, "curr_date")
    if published <= session:
        raise ValueError("curr_date is not after last_date")
    return _contract(cells, "option_symbol", session) | {
        "event_at": calendar.close(session),
        "known_at": open_interest_out(published),
        "source": NAME,
        "volume": cells.maybe(count, "volume"),
        "premium_e4": cells.maybe(not_negative, "prev_total_premium"),
        "open_interest": cells.need(count, "curr_oi"),
        "open_interest_before": cells.need(count, "last_oi"),
    }


def _contract_snapshot(cells: Cells, about: About) -> Row:
    """A contract after the close: its trades, and the open interest it began the session with."""
    session = _asked_session(about)
    return _contract(cells, "option_symbol", session) | {
        "event_at": calendar.close(session),
        "known_at": _settled(session, about),
        "source": LIVE,
        "volume": cells.need(count, "volume"),
        "premium_e4": cells.maybe(not_negative, "total_premium"),
        "open_interest_before": cells.maybe(count, "open_interest"),
    }


def _listed_contract(cells: Cells, about: About) -> Row:
    """A contract that was listed: of its trades nothing is said."""
    session = _asked_session(about)
    return _contract(cells, "", session) | {
        "event_at": calendar.opening(session),
        "known_at": about.asked,
        "source": LISTED,
    }


TIDES = (
    Shape(OptionMinute, _tide, _TIDE | {"ticker", "underlying_price"}),
    # a sector's tide has the same keys, so it must be called the market's
    Shape(OptionMinute, _tide, _TIDE, frozenset({"ticker", "underlying_price"}), named="market_tide"),
)
#: how each kind of total is known
TOTALS = (
    Shape(OptionDay, _option_day, _DAY | {"ticker"}, frozenset({"expiry", "strike", "timestamp"})),
    Shape(
        OptionDay,
        _option_day,
        _DAY,
        frozenset({"ticker", "expiry", "strike", "timestamp", "bullish_premium", "net_call_premium"}),
    ),
    Shape(OptionMinute, _tick, _TICK | {"ticker"}),
    *TIDES,
    Shape(OptionContract, _open_interest_change, frozenset({"option_symbol", "curr_date", "curr_oi"})),
    Shape(OptionContract, _contract_snapshot, _CONTRACT_SNAPSHOT, frozenset({"curr_date", "executed_at"})),
    Shape(OptionContract, _listed_contract, frozenset({""}), bare=re.compile(r"[A-Z0-9]{1,6}\d{6}[CP]\d{8}")),
)
