"""The picture of a subject's option premium: two rings of today, and net premium in its usual band."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from indicators import Chart, Panel, Ring, Series, Signal
from indicators._option_days import Past, past_of_tape, past_of_vendor, read_sessions
from indicators._option_past import HISTORY
from indicators._option_vendor import vendor_days
from indicators._stats import MAD_TO_SIGMA, middle
from storage.frames import Frames
from storage.tables import Bar, OptionContract, OptionDay
from storage.tape import OPTION_QUOTES, OPTION_TRADES

SESSIONS = 60
#: assumption: half-width of the band of the usual, in robust standard deviations
BAND = 2.0


def chart(frames: Frames, signal: Signal) -> Chart:
    """The session's two rings; up to 60 sessions up to it: the price, and net premium in its usual band."""
    day = date.fromisoformat(signal.facts["session"])
    past = _past(frames, signal, day)
    net = past.net[past.places[signal.subject]]
    known = [place for place in np.flatnonzero(np.isfinite(net)) if past.days[place] <= day]
    shown = known[-SESSIONS:]
    days = [past.days[place] for place in shown]
    panels = [Panel("Premium of the session", "USD", rings=_rings(signal.facts))]
    price = _price(frames[Bar], signal.subject, days)
    if any(close is not None for close in price):
        panels.append(Panel("Price", "USD", [Series("Close", "line", price)]))
    title = "{subject}: premium of calls and puts"
    if shown:
        usual = [middle(net[max(place - HISTORY, 0) : place]) for place in shown]
        low, high = ([_or_none(m + side * BAND * MAD_TO_SIGMA * s) for m, s in usual] for side in (-1, 1))
        judged = any(value is not None for value in low)
        flow = [Series("Usual range", "band", low, high)] if judged else []
        flow.append(Series("Bullish minus bearish premium", "bars", [float(net[place]) for place in shown]))
        panels.append(Panel("Net directional premium", "USD", flow))
        title = "{subject}: bullish minus bearish option premium by session"
        if judged:
            title = "{subject}: bars beyond the grey band are unusual for it"
    return Chart(title, [each.isoformat() for each in days], panels, {"subject": signal.subject})


def _past(frames: Frames, signal: Signal, day: date) -> Past:
    tape = past_of_tape(read_sessions(frames.tape(OPTION_TRADES), frames.tape(OPTION_QUOTES)))
    if tape.newest(signal.subject) == day:
        return tape
    return past_of_vendor(vendor_days(frames[OptionDay], frames[OptionContract]))


def _rings(facts: Any) -> list[Ring]:
    rings = []
    if facts["bull_usd"] is not None:
        sided = [("Bullish", facts["bull_usd"]), ("Bearish", facts["bear_usd"])]
        neither = facts["total_usd"] - facts["bull_usd"] - facts["bear_usd"]
        rings.append(Ring("Bullish − bearish", [*sided, ("Side not known", max(neither, 0.0))]))
    rings.append(Ring("Calls − puts", [("Calls", facts["call_usd"]), ("Puts", facts["put_usd"])]))
    return rings


def _price(bars: pd.DataFrame, symbol: str, days: Sequence[date]) -> list[float | None]:
    closes = bars[bars["symbol"] == symbol].drop_duplicates("session", keep="last").set_index("session")
    return [_or_none(close / 1e4) for close in closes["close_e4"].reindex(pd.Index(days))]


def _or_none(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
