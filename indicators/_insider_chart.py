"""The picture of insider trades: on the price, where bars are known, and in dollars a session."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from indicators import MARKET, Chart, Panel, Series, Signal
from indicators._insider_rows import judge
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, InsiderTrade

CHART_SESSIONS = 120


def chart(frames: Frames, signal: Signal) -> Chart:
    """Trades by trade date over the last 120 sessions; amended lines as they were amended."""
    last = calendar.last_session(frames.as_of)
    days = calendar.sessions(last - timedelta(days=2 * CHART_SESSIONS), last)[-CHART_SESSIONS:]
    rows = judge(frames[InsiderTrade])
    rows = rows[(rows["rule"] == "") & (rows["replaced_at"].isna())]
    if signal.subject != MARKET:
        rows = rows[rows["symbol"] == signal.subject]
    # a trade on a day without session is drawn at the session before
    place = (
        np.searchsorted(np.array(days, "datetime64[D]"), rows["day"].to_numpy("datetime64[D]"), "right") - 1
    )
    signed = rows["usd"].fillna(0.0).to_numpy() * np.where(rows["buy"], 1.0, -1.0)
    shown = place >= 0
    dollars = [
        np.bincount(place[side], np.abs(signed[side]), len(days))
        for side in (shown & (signed > 0), shown & (signed < 0))
    ]
    net = Series("Bought minus sold", "bars", [float(usd) for usd in dollars[0] - dollars[1]])
    panels = [Panel("Insider dollars by trade date", "USD", [net])]
    price = _price(frames[Bar], signal.subject, days)
    if any(close is not None for close in price):
        at = [[close if usd else None for close, usd in zip(price, side, strict=True)] for side in dollars]
        marks = [Series("Bought", "up", at[0]), Series("Sold", "down", at[1])]
        panels.insert(0, Panel("Price", "USD", [Series("Close", "line", price), *marks]))
    title = "{subject}: what insiders bought and sold"
    return Chart(title, [day.isoformat() for day in days], panels, {"subject": signal.subject})


def _price(bars: pd.DataFrame, symbol: str, days: Sequence[date]) -> list[float | None]:
    closes = bars[bars["symbol"] == symbol].drop_duplicates("session", keep="last").set_index("session")
    known = closes["close_e4"].reindex(pd.Index(days))
    return [None if pd.isna(close) else float(close) / 1e4 for close in known]
