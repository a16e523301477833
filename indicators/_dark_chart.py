"""The picture of off-exchange trades: the price under its 52-week high, net premium, and their share."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from indicators import Chart, Panel, Series, Signal
from indicators._dark_days import Past, past_of, read_sessions
from indicators._dark_selling import HISTORY
from indicators._near_high import NEAR_PERCENT, read_closes
from indicators._stats import MAD_TO_SIGMA, Floats, middle
from storage.frames import Frames
from storage.tables import Bar, OffExchangeWeek, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES

SESSIONS = 60
#: assumption: half-width of the band of the usual, in robust standard deviations
BAND = 2.0


def chart(frames: Frames, signal: Signal) -> Chart:
    """Up to 60 sessions up to the signal's; of what FINRA alone tells, its own share by session or week."""
    if signal.facts["grade"] != "B1":
        return _finra(frames, signal)
    day = date.fromisoformat(signal.facts["session"])
    prints, quotes = frames.tape(EQUITY_TRADES), frames.tape(EQUITY_QUOTES)
    past = past_of(read_sessions(prints, quotes, [signal.subject]))
    place = past.places[signal.subject]
    seen = [int(at) for at in np.flatnonzero(past.trades[place]) if past.days[at] <= day]
    shown = seen[-SESSIONS:]
    days = [past.days[at] for at in shown]
    panels = _price(frames[Bar], signal.subject, days)
    flow, judged = _flow(past.buy[place] - past.sell[place], shown)
    panels.append(Panel("Bought minus sold, off the exchanges and in blocks", "USD", flow))
    panels += _share(past, place, shown)
    title = "{subject}: what was bought and sold off the exchanges"
    if judged:
        title = "{subject}: off-exchange bars beyond the grey band are unusual for it"
    return Chart(title, [each.isoformat() for each in days], panels, {"subject": signal.subject})


def _price(bars: pd.DataFrame, symbol: str, days: Sequence[date]) -> list[Panel]:
    """The close, and the zone of 5 % under the highest of the year; nothing where no bars are known."""
    closes = read_closes(bars, [symbol])
    close, high = (closes.at(each, [symbol], days)[0] for each in (closes.close, closes.high))
    if not np.isfinite(close).any():
        return []
    series = [Series("Close", "line", _list(close))]
    if np.isfinite(high).any():
        low = high * (1 - NEAR_PERCENT / 100)
        series.insert(0, Series("Within 5 % of the 52-week high", "band", _list(low), _list(high)))
    return [Panel("Price", "USD", series)]


def _flow(net: Floats, shown: Sequence[int]) -> tuple[list[Series], bool]:
    usual = [middle(net[max(at - HISTORY, 0) : at]) for at in shown]
    low, high = ([_or_none(m + side * BAND * MAD_TO_SIGMA * s) for m, s in usual] for side in (-1, 1))
    judged = any(value is not None for value in low)
    series = [Series("Usual range", "band", low, high)] if judged else []
    return [*series, Series("Bought minus sold", "bars", _list(net[shown]))], judged


def _share(past: Past, place: int, shown: Sequence[int]) -> list[Panel]:
    """The off-exchange share of all shares; nothing where the tape holds only one kind of venue."""
    off, lit = (side[place, shown].astype(float) for side in (past.off, past.lit))
    known = (off > 0) & (lit > 0)
    if not known.any():
        return []
    percent = np.where(known, 100 * off / np.maximum(off + lit, 1), np.nan)
    return [
        Panel("Share traded off the exchanges", "%", [Series("Off-exchange share", "line", _list(percent))])
    ]


def _finra(frames: Frames, signal: Signal) -> Chart:
    """The share marked short by session, or, where only that is known, the dark pools' share by week."""
    words = {"subject": signal.subject}
    if signal.facts["grade"] == "B2":
        rows = frames[ShortVolume]
        rows = rows[rows["symbol"] == signal.subject]
        single = rows["market"].str.len() == 1
        rows = rows[single] if single.any() else rows
        rows = rows.sort_values("known_at", kind="stable").drop_duplicates(["session", "market"], keep="last")
        sums = rows.groupby("session")[["short_volume", "total_volume"]].sum().astype(float)[-SESSIONS:]
        values = 100 * sums["short_volume"] / sums["total_volume"].where(sums["total_volume"] > 0)
        title, label = "{subject}: off-exchange shares marked short by market makers", "Marked short"
    else:
        rows = frames[OffExchangeWeek]
        rows = rows[rows["symbol"] == signal.subject].groupby("week")[["ats_shares", "otc_shares"]].max()
        sums = rows.astype(float)[-SESSIONS:]
        both = sums["ats_shares"] + sums["otc_shares"]
        values = 100 * sums["ats_shares"] / both.where(both > 0)
        title, label = (
            "{subject}: share of dark pools (ATS) in off-exchange volume, by week",
            "Dark pools (ATS)",
        )
    series = Series(label, "line", _list(values.to_numpy(float)))
    days = [each.isoformat() for each in values.index]
    return Chart(title, days, [Panel("Share of off-exchange shares", "%", [series])], words)


def _list(values: Any) -> list[float | None]:
    return [_or_none(value) for value in values]


def _or_none(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
