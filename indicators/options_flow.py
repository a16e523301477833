"""Directional option premium: calls bought and puts sold against puts bought and calls sold.

A print does not say who wanted it: its side is inferred from the quote, a large part of the premium has
no side at all, and the bounds of the ratio say how much that leaves open.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from indicators import MARKET, Indicator, Quality, Signal, State
from indicators._option_boards import boards
from indicators._option_chart import chart
from indicators._option_days import Past, past_of_tape, past_of_vendor, read_sessions
from indicators._option_facts import tape_facts
from indicators._option_past import months, surges
from indicators._option_vendor import vendor_days, vendor_facts
from indicators._stats import slr
from storage.frames import Frames
from storage.tables import Bar, OptionContract, OptionDay, OptionMinute
from storage.tape import OPTION_QUOTES, OPTION_TRADES

#: assumptions, to be calibrated: below these no direction is claimed
LEAST_COVERAGE = 0.5
LEAST_USD = 1_000_000
LEAST_SIGNED = 25
#: assumption: while more of the session is to come, a direction must outweigh the rest this many times
SO_FAR_MARGIN = 2
#: assumption: a session this unusual against the subject's own past is a surge
SURGE_Z, SURGE_PCT = 4.0, 0.99
#: assumption: the strength is smoothed by this share of the usual signed premium, in USD at least …
SMOOTHING, FLOOR_USD, MARKET_FLOOR_USD = 0.05, 1e5, 1e6


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """Yield a signal for each subject that traded in the newest session, or for the subjects asked for.

    A subject asked for is judged by its own newest session within the look-back. Prints come before a
    vendor's day totals of the same session; MARKET is all prints of its newest session.
    """
    read = read_sessions(frames.tape(OPTION_TRADES), frames.tape(OPTION_QUOTES))
    sessions = {session.day: session for session in read}
    rows = vendor_days(frames[OptionDay], frames[OptionContract])
    tape, vendor = past_of_tape(read), past_of_vendor(rows)
    totals = {(row.symbol, row.session): row for row in rows.itertuples()}
    for past, day, names in _choose(tape, vendor, subjects):
        for name, surge in zip(names, surges(past, day, names), strict=True):
            if past is tape:
                facts, source = tape_facts(sessions[day], name), sessions[day].source
                source = f"option prints and quotes ({source})"
            else:
                row = totals[name, day]
                facts, source = vendor_facts(row, frames[OptionMinute]), f"day totals of {row.source}"
            facts |= surge | _months(past, name, day)
            if name == MARKET and past is tape:
                facts["boards"] = boards(sessions[day], tape)
            yield _signal(frames, name, facts, source)


def _months(past: Past, name: str, day: date) -> dict[str, Any]:
    told = months(past, name, day)
    newest = told[0] if told else dict.fromkeys(("bull_usd", "bear_usd", "ratio", "sessions", "of"))
    return {f"month_{key}": value for key, value in newest.items() if key != "month"} | {"months": told}


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


def _signal(frames: Frames, subject: str, facts: Mapping[str, Any], source: str) -> Signal:
    state = _state(facts)
    sided = (facts["coverage"] or 0) >= LEAST_COVERAGE and not facts.get("estimated")
    quality: Quality = "B" if sided else "C"
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
    direction, margin = None, SO_FAR_MARGIN if facts["so_far"] else 1
    if enough and facts["bull_usd"] > margin * (facts["bear_usd"] + facts["unknown_usd"]):
        direction = "bullish"
    elif enough and facts["bear_usd"] > margin * (facts["bull_usd"] + facts["unknown_usd"]):
        direction = "bearish"
    unusual = (facts["surge_z"] or 0) >= SURGE_Z and facts["surge_pct"] >= SURGE_PCT
    if unusual and facts["total_usd"] >= LEAST_USD:
        return f"surge_{direction}" if direction else "surge"
    return direction or ("unclear" if enough else "thin")


INDICATOR = Indicator(
    name="options_flow",
    title="Large option orders",
    inputs=(OPTION_TRADES, OPTION_QUOTES, OptionDay, OptionMinute, OptionContract, Bar),
    # 20 Fridays to judge a monthly expiry by, and 60 sessions before the first of the last 60 on the chart
    lookback=timedelta(days=200),
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
        "{orders:int} orders; the largest, {top_order_usd:usd}, is {top_order_share:pct} of the premium.",
        "{surge:x} the median of its own last sessions (z = {surge_z}).",
        "Puts to calls by contracts: {put_call_volume:x}.",
        "Month so far ({month_sessions:int} of {month_of:int} sessions): bullish {month_bull_usd:usd}, "
        "bearish {month_bear_usd:usd}.",
        "Multi-leg orders, in neither direction: {complex_usd:usd}.",
    ),
    method=(
        "Premium is price × multiplier × contracts. A print above the midpoint of the quote before it "
        "counts as bought, below as sold. Where the sizes of the quote are known they come first: a print "
        "as large as the bid is bought, as the ask sold, and at the midpoint the larger size decides. Else "
        "a print at the midpoint has no side, nor has one without a quote, in a locked or crossed quote, or "
        "in a cross. Multi-leg and stock-tied prints are kept apart, cancelled ones taken out. Bullish is "
        "calls bought plus puts sold, bearish the reverse. A direction is claimed only if the premium "
        "without a side could not turn it, with half of the premium and 25 prints signed, from 1 million "
        "USD on; so far in a session it must outweigh the rest twice. A surge is 4 robust deviations above, "
        "and at the 99th percentile of, the subject's last 60 sessions. Such signs are right for 57 to 62 "
        "of 100 trades (66 with sizes): a large order is not an informed one. Of a vendor's day totals the "
        "split is the vendor's own; a chain's volume × last price is an estimate."
    ),
    source="Grauer et al. and Savickas & Wilson (how often signs are right); Manski (bounds)",
)
