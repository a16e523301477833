"""Directional option premium: calls bought and puts sold against puts bought and calls sold.

A print does not say who wanted it: its side is inferred from the quote, a large part of the premium has
no side at all, and the bounds of the ratio say how much that leaves open.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from indicators import MARKET, Chart, Indicator, Panel, Quality, Series, Signal, State
from indicators._option_days import Past, past_of_tape, past_of_vendor, read_sessions
from indicators._option_facts import share, tape_facts, vendor_facts
from indicators._stats import MAD_TO_SIGMA, madz, middle, pct_rank, slr
from storage.frames import Frames
from storage.tables import Bar, OptionDay
from storage.tape import OPTION_TRADES

#: assumptions, to be calibrated: below these no direction is claimed
LEAST_COVERAGE = 0.5
LEAST_USD = 1_000_000
LEAST_SIGNED = 25
#: assumption: a session this unusual against the subject's own past is a surge
SURGE_Z, SURGE_PCT = 4.0, 0.99
#: a subject's own past: this many sessions before the judged one
HISTORY = 60
CHART_SESSIONS = 60
#: assumption: half-width of the chart's band of the usual, in robust standard deviations
BAND = 2.0
#: assumption: the strength is smoothed by this share of the usual signed premium, in USD at least …
SMOOTHING, FLOOR_USD, MARKET_FLOOR_USD = 0.05, 1e5, 1e6


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """Yield a signal for each subject that traded in the newest session, or for the subjects asked for.

    A subject asked for is judged by its own newest session within the look-back. Prints come before a
    vendor's day totals of the same session; MARKET is all prints of its newest session.
    """
    sessions = {session.day: session for session in read_sessions(frames.tape(OPTION_TRADES))}
    rows = frames[OptionDay].drop_duplicates(["symbol", "session"], keep="last")
    tape, vendor = past_of_tape(list(sessions.values())), past_of_vendor(rows)
    totals = {(row.symbol, row.session): row for row in rows.itertuples()}
    for past, day, names in _choose(tape, vendor, subjects):
        for name, surge in zip(names, _surges(past, day, names), strict=True):
            if past is tape:
                facts, source = tape_facts(sessions[day], name), sessions[day].source
                source = f"option prints and quotes ({source})"
            else:
                row = totals[name, day]
                facts, source = vendor_facts(row), f"day totals of {row.source}"
            yield _signal(frames, name, facts | surge, source)


def _choose(
    tape: Past, vendor: Past, subjects: Sequence[str] | None
) -> Iterator[tuple[Past, date, list[str]]]:
    """Which past and which session judges which subjects."""
    everybody = dict.fromkeys([*tape.places, *vendor.places])
    newest = max([*tape.days[-1:], *vendor.days[-1:]], default=None)
    chosen: defaultdict[tuple[bool, date], list[str]] = defaultdict(list)
    for name in everybody if subjects is None else dict.fromkeys(subjects):
        printed, told = tape.newest(name), vendor.newest(name)
        days = [day for day in (printed, told) if day is not None]
        if days and (subjects is not None or max(days) == newest):
            chosen[printed == max(days), max(days)].append(name)
    for (by_tape, day), names in chosen.items():
        yield tape if by_tape else vendor, day, names


def _surges(past: Past, day: date, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The session's premium against each subject's own past, today not among it."""
    place, rows = past.days.index(day), [past.places[name] for name in names]
    before = slice(max(place - HISTORY, 0), place)
    today, history = past.total[rows, place], past.total[rows, before]
    z, degenerate = madz(np.log1p(today), np.log1p(history))
    usual, rank = middle(history)[0], pct_rank(today, history)
    signed = middle(past.signed[rows, before])[0]
    for i in range(len(names)):
        known = np.isfinite(z[i])
        yield {
            "surge": share(today[i], usual[i]) if known else None,
            "surge_z": round(float(z[i]), 4) if known else None,
            "surge_pct": round(float(rank[i]), 4) if known else None,
            "surge_degenerate": bool(degenerate[i]) if known else None,
            "history_sessions": int(np.isfinite(history[i]).sum()),
            "usual_signed_usd": round(float(signed[i]), 2) if np.isfinite(signed[i]) else None,
        }


def _signal(frames: Frames, subject: str, facts: Mapping[str, Any], source: str) -> Signal:
    state = _state(facts)
    quality: Quality = "B" if (facts["coverage"] or 0) >= LEAST_COVERAGE else "C"
    n = 1 if facts["trades"] is None else facts["trades"]
    claims = state.endswith(("bullish", "bearish"))
    strength = _strength(subject, facts) if claims else 0.0
    return Signal("options_flow", subject, frames.as_of, state, strength, quality, n, source, facts)


def _strength(subject: str, facts: Mapping[str, Any]) -> float:
    """Shrunk imbalance: tanh(slr / 2) = (bull − bear) / (bull + bear + 2k), where k holds what is unknown.

    The unknown premium stands half on either side, so nothing is claimed for it.
    """
    if facts["net_usd"] is None:
        return 0.0
    floor = MARKET_FLOOR_USD if subject == MARKET else FLOOR_USD
    k = max(floor, SMOOTHING * (facts["usual_signed_usd"] or 0.0)) + facts["unknown_usd"] / 2
    return round(float(np.tanh(slr(facts["bull_usd"], facts["bear_usd"], k) / 2)), 4)


def _state(facts: Mapping[str, Any]) -> str:
    """The state; a direction is claimed only where the unknown premium could not turn it."""
    enough = (facts["coverage"] or 0) >= LEAST_COVERAGE and facts["total_usd"] >= LEAST_USD
    if facts["trades"] is not None:
        enough = enough and facts["signed_trades"] >= LEAST_SIGNED
    direction = None
    if enough and facts["bull_usd"] > facts["bear_usd"] + facts["unknown_usd"]:
        direction = "bullish"
    elif enough and facts["bear_usd"] > facts["bull_usd"] + facts["unknown_usd"]:
        direction = "bearish"
    unusual = (facts["surge_z"] or 0) >= SURGE_Z and facts["surge_pct"] >= SURGE_PCT
    if unusual and facts["total_usd"] >= LEAST_USD:
        return f"surge_{direction}" if direction else "surge"
    return direction or ("unclear" if enough else "thin")


def chart(frames: Frames, signal: Signal) -> Chart:
    """Up to 60 sessions before and with the signal's: the price, and net premium in its usual band."""
    tape = past_of_tape(read_sessions(frames.tape(OPTION_TRADES)))
    day = date.fromisoformat(signal.facts["session"])
    past = tape if tape.newest(signal.subject) == day else past_of_vendor(frames[OptionDay])
    net = past.net[past.places[signal.subject]]
    known = [place for place in np.flatnonzero(np.isfinite(net)) if past.days[place] <= day]
    shown = known[-CHART_SESSIONS:]
    days = [past.days[place] for place in shown]
    usual = [middle(net[max(place - HISTORY, 0) : place]) for place in shown]
    low, high = ([_or_none(m + side * BAND * MAD_TO_SIGMA * s) for m, s in usual] for side in (-1, 1))
    flow = [Series("Usual range", "band", low, high)] if any(value is not None for value in low) else []
    flow.append(Series("Bullish minus bearish premium", "bars", [float(net[place]) for place in shown]))
    panels = [Panel("Net directional premium", "USD", flow)]
    price = _price(frames[Bar], signal.subject, days)
    if any(close is not None for close in price):
        panels.insert(0, Panel("Price", "USD", [Series("Close", "line", price)]))
    title = "{subject}: bars beyond the grey band are unusual for it"
    if len(flow) == 1:
        title = "{subject}: bullish minus bearish option premium by session"
    return Chart(title, [day.isoformat() for day in days], panels, {"subject": signal.subject})


def _price(bars: pd.DataFrame, symbol: str, days: Sequence[date]) -> list[float | None]:
    closes = bars[bars["symbol"] == symbol].drop_duplicates("session", keep="last").set_index("session")
    return [_or_none(close / 1e4) for close in closes["close_e4"].reindex(pd.Index(days))]


def _or_none(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


INDICATOR = Indicator(
    name="options_flow",
    title="Large option orders",
    inputs=(OPTION_TRADES, OptionDay, Bar),
    # 60 sessions to judge by before the first of the last 30 on the chart
    lookback=timedelta(days=132),
    compute=compute,
    chart=chart,
    states={
        "bullish": State("{subject}: option premium leans bullish", loud=True),
        "bearish": State("{subject}: option premium leans bearish", loud=True),
        "surge_bullish": State("{subject}: unusually much option premium, leaning bullish", loud=True),
        "surge_bearish": State("{subject}: unusually much option premium, leaning bearish", loud=True),
        "surge": State("{subject}: unusually much option premium, direction not identified", loud=True),
        "unclear": State("{subject}: direction of the option premium not identified", loud=False),
        "thin": State("{subject}: too few option prints with a side to judge", loud=False),
    },
    rest="thin",
    sentences=(
        "Session {session}: bullish {bull_usd:usd} (calls bought, puts sold), bearish {bear_usd:usd}.",
        "Premium of calls {call_usd:usd}, of puts {put_usd:usd}.",
        "Of {unknown_usd:usd} nobody can tell the side; {coverage:pct} of the premium has one.",
        "Bullish to bearish is {ratio:x}; the premium without a side leaves it between {ratio_low:x} and "
        "{ratio_high:x}.",
        "{surge:x} the median of its own last sessions (z = {surge_z}).",
        "Multi-leg orders, in neither direction: {complex_usd:usd}.",
        "Largest print: {top_order_usd:usd}, {top_order_share:pct} of the premium.",
    ),
    method=(
        "Premium is price × multiplier × contracts. A print above the midpoint of the quote before it counts "
        "as bought, below as sold; at the midpoint, without a quote, in a locked or crossed quote and in "
        "crosses or floor trades it has no side. Multi-leg and stock-tied prints are kept apart, cancelled "
        "prints are taken out. Bullish is calls bought plus puts sold, bearish is puts bought plus calls "
        "sold. A direction is claimed only if all premium without a side could not turn it, with half of "
        "the premium signed, 25 signed prints and 1 million USD. A surge is a session 4 robust deviations "
        "above, and at the 99th percentile of, the subject's own last 60 sessions. Such signs are right for "
        "about 57 to 62 of 100 trades: a large order is not an informed one. Where only a vendor's day "
        "totals are known, the split is the vendor's own."
    ),
    source="Grauer et al. and Savickas & Wilson (how often signs are right); Manski (bounds)",
)
