"""Unusual option orders: large ones that also expire soon, are out of the money, open a position, or sweep.

Prints of one contract and side that follow each other within a second are one order. An order is scored by
how many of six criteria it meets; which ones, and which cannot be known, is said of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from indicators import Chart, Indicator, Panel, Quality, Row, Signal, State
from indicators._option_days import Session, read_sessions
from indicators._option_facts import freshness, told_orders, usd
from indicators._option_orders import CRITERIA, LARGE_E4, UNUSUAL_MET, Ints, column, criteria
from storage.frames import Frames
from storage.tables import OptionContract
from storage.tape import OPTION_QUOTES, OPTION_TRADES

#: how many orders a subject's facts list
LISTED = 10
#: an order opened a position if open interest grew by this share of it: an assumption
OPENED = 0.7


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """Yield a signal for each subject with kept orders in the newest session, or for the subjects asked for.

    A subject asked for is judged by its own newest session within the look-back; MARKET is everybody's.
    """
    sessions = read_sessions(frames.tape(OPTION_TRADES), frames.tape(OPTION_QUOTES))
    if not sessions:
        return
    contracts = frames[OptionContract]
    for name in sessions[-1].places if subjects is None else dict.fromkeys(subjects):
        own = next((each for each in reversed(sessions) if name in each.places), None)
        if own is not None:
            yield _signal(frames, own, name, contracts)


def _signal(frames: Frames, session: Session, name: str, contracts: pd.DataFrame) -> Signal:
    orders = session.orders_of(name)
    large = column(orders, "premium_e4") >= LARGE_E4
    unusual = orders[large & ((criteria(orders) == 1).sum(axis=1) >= UNUSUAL_MET)]
    listed = _largest_first(unusual if len(unusual) else orders)
    told = [_opening(order, session, contracts) for order in told_orders(session, listed[:LISTED])]
    legs = {
        f"{side}_usd": usd(_premium(unusual, bullish)) for side, bullish in (("bullish", 1), ("bearish", -1))
    }
    facts: dict[str, Any] = {
        "session": session.day.isoformat(),
        **freshness(session),
        "unusual": len(unusual),
        "unusual_usd": usd(column(unusual, "premium_e4").sum()),
        **legs,
        "side_not_known_usd": usd(_premium(unusual, 0)),
        "orders": told,
        **_top(told),
    }
    state, event = "usual", None
    if len(unusual):
        side = int(_opinion(listed[:1])[0])
        state = {1: "unusual_bullish", -1: "unusual_bearish", 0: "unusual"}[side]
        event = f"{told[0]['contract']} {told[0]['side']} {told[0]['at']}"
    known = all(order["side"] in ("buy", "sell") for order in told)
    quality: Quality = "B" if known else "C"
    strength = _strength(facts) if state.endswith(("bullish", "bearish")) else 0.0
    source = f"option prints and quotes ({session.source})"
    return Signal(
        "unusual_orders", name, frames.as_of, state, strength, quality, len(orders), source, facts, event
    )


def _largest_first(orders: Ints) -> Ints:
    return orders[np.lexsort([column(orders, "first"), -column(orders, "premium_e4")])]


def _opinion(orders: Ints) -> Ints:
    """+1 for a call bought or a put sold, −1 for the reverse, 0 without a side and for multi-leg orders."""
    side = column(orders, "side")
    return np.where(np.abs(side) == 1, side * np.where(column(orders, "is_call") == 1, 1, -1), 0)


def _premium(orders: Ints, opinion: int) -> int:
    return int(column(orders, "premium_e4")[_opinion(orders) == opinion].sum())


def _strength(facts: Mapping[str, Any]) -> float:
    """(bullish − bearish) over all unusual premium, what has no side included."""
    return float(round((facts["bullish_usd"] - facts["bearish_usd"]) / facts["unusual_usd"], 4))


def _opening(order: dict[str, Any], session: Session, contracts: pd.DataFrame) -> dict[str, Any]:
    """The order, and whether the open interest published the next morning says that it opened a position."""
    symbol, expiry, strike, right = order["contract"].rsplit(" ", 3)
    opra = f"{symbol}{date.fromisoformat(expiry):%y%m%d}{right}{round(float(strike) * 1000):08d}"
    rows = contracts[(contracts["contract"] == opra) & (contracts["session"] == session.day)]
    rows = rows.dropna(subset=["open_interest", "open_interest_before"])
    if rows.empty:
        return order | {"opened": None}
    newest = rows.iloc[-1]
    grew = newest["open_interest"] - newest["open_interest_before"]
    return order | {"opened": bool(grew >= OPENED * order["size"])}


def _top(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The largest of the listed orders, as facts of their own for the sentences."""
    keys = {"contract": "contract", "side": "side", "usd": "premium_usd", "size": "size", "price": "price",
            "days": "days"}  # fmt: skip
    top = told[0] if told else dict.fromkeys([*keys.values(), "met"])
    met = None if top["met"] is None else len(top["met"])
    return {f"top_{name}": top[key] for name, key in keys.items()} | {"top_met": met}


def chart(frames: Frames, signal: Signal) -> Chart:
    """The listed orders, largest first: bullish to the right, bearish to the left, grey without a side."""
    rows = []
    for order in signal.facts["orders"]:
        bullish = _SIDES.get((order["side"], order["contract"][-1]))
        right, left = order["premium_usd"], 0.0
        if bullish is False:
            right, left = left, right
        note = f"{len(order['met'])}/{len(CRITERIA)}"
        rows.append(Row(order["contract"], right, left, note, neither=bullish is None))
    panel = Panel(
        "Largest orders of the session", "USD", rows=rows, sides=("Bullish", "Bearish", "Side not known")
    )
    words = {"subject": signal.subject, "session": signal.facts["session"]}
    return Chart("{subject}: the largest option orders of {session}", (), [panel], words)


#: whether an order is bullish, by its side and the right of its contract
_SIDES = {("buy", "C"): True, ("sell", "P"): True, ("buy", "P"): False, ("sell", "C"): False}

INDICATOR = Indicator(
    name="unusual_orders",
    title="Unusual option orders",
    inputs=(OPTION_TRADES, OPTION_QUOTES, OptionContract),
    lookback=timedelta(days=7),
    compute=compute,
    chart=chart,
    states={
        "unusual_bullish": State(
            "{subject}: an unusual option order, bullish if its side is right", loud=True
        ),
        "unusual_bearish": State(
            "{subject}: an unusual option order, bearish if its side is right", loud=True
        ),
        "unusual": State("{subject}: unusual option order, side not known", loud=True),
        "usual": State("{subject}: no unusual option order", loud=False),
    },
    rest="usual",
    sentences=(
        "Session {session}: the largest is {top_contract}, {top_side}: {top_usd:usd} for {top_size:int} "
        "contracts at {top_price}, {top_days:int} days to expiry.",
        "It meets {top_met:int} of 6 criteria.",
        "Unusual orders of the session: {unusual:int}, {unusual_usd:usd} in all.",
        "Bullish {bullish_usd:usd} (calls bought, puts sold), bearish {bearish_usd:usd}, side not known "
        "{side_not_known_usd:usd}.",
    ),
    method=(
        "Prints of one contract and one side that follow each other within a second, and within five "
        "seconds of the first, are one order; prints below 10,000 USD stand alone. Six criteria: premium "
        "from 1 million USD on; under 30 days to expiry; strike out of the money when it traded; more "
        "contracts than were open the evening before; a sweep over several exchanges; a side that is right "
        "at least 65 times in 100. An order is unusual with the premium and at least two of the others. "
        "What cannot be known (no price of the underlying, no open interest) is said, not guessed. Whether "
        "it opened a position shows the next morning: open interest must have grown by 70 % of it. A new "
        "alert comes only with a larger unusual order. A large order is not an informed one: hedges and "
        "spreads look the same."
    ),
    source="OPRA prints; criteria after the research house, as a score; Grauer et al. for sides",
)
