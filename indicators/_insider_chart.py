"""The picture of insider trades: a company's on its price, the market's by month beside the index."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from indicators import MARKET, Chart, Panel, Series, Signal
from indicators._insider_months import months_of
from indicators._insider_rows import read
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar

CHART_SESSIONS = 120
#: what stands for the market, the first of which closes are known
INDEXES = ("^GSPC", "SPY")


def chart(frames: Frames, signal: Signal) -> Chart:
    """A company: trades by trade date over the last 120 sessions. The market: its months, 61 at most."""
    rows = read(frames).trades
    return _market(frames, rows) if signal.subject == MARKET else _company(frames, signal, rows)


def _market(frames: Frames, rows: pd.DataFrame) -> Chart:
    """The net-purchase ratio of each month of filings, and the index at its end.

    Thin months are left out, and those before the first that is not; where all are thin they are shown.
    """
    months = months_of(rows, frames.as_of)[::-1]
    full = [place for place, month in enumerate(months) if not month["thin"]]
    months = months[full[0] :] if full else months
    last = calendar.last_session(frames.as_of)
    days = [_month_end(month["month"], last) for month in months]
    ratios = [None if full and month["thin"] else _percent(month["npr"]) for month in months]
    net = Series("Decisions to buy minus to sell, of all", "bars", ratios)
    if full:
        panels = [Panel("Insiders by month of filing, thin months left out", "%", [net])]
    else:
        panels = [Panel("Insiders by month of filing, all of them thin", "%", [net])]
    bars = frames.some(Bar, ["symbol", "session", "close_e4"], symbol=INDEXES)
    for index in INDEXES:
        closes = _month_closes(bars[bars["symbol"] == index], days)
        if any(close is not None for close in closes):
            panels.append(Panel("The market at the end of the month", "USD", [Series(index, "line", closes)]))
            break
    return Chart("Do insiders buy or sell?", [day.isoformat() for day in days], panels)


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else 100 * ratio


def _month_end(month: str, last: date) -> date:
    """The last session of `month` ("2024-03") up to `last`."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    in_month = calendar.sessions(first, min(after - timedelta(days=1), last))
    return in_month[-1] if in_month else first


def _month_closes(bars: pd.DataFrame, days: Sequence[date]) -> list[float | None]:
    """The last close of each month that has one by its day in `days`."""
    closes = bars.drop_duplicates("session", keep="last").set_index("session")["close_e4"]
    closes.index = pd.DatetimeIndex(closes.index)
    closes = closes.sort_index()
    found: list[float | None] = []
    for day in days:
        here = closes[pd.Timestamp(day.replace(day=1)) : pd.Timestamp(day)]
        found.append(float(here.iloc[-1]) / 1e4 if len(here) else None)
    return found


def _company(frames: Frames, signal: Signal, rows: pd.DataFrame) -> Chart:
    """Amended lines as they were amended; the legend names the dollars the text does."""
    symbol = signal.subject
    last = calendar.last_session(frames.as_of)
    days = calendar.sessions(last - timedelta(days=2 * CHART_SESSIONS), last)[-CHART_SESSIONS:]
    rows = rows[
        ((rows["rule"] == "") & rows["replaced_at"].isna() & (rows["symbol"] == symbol)).to_numpy(bool)
    ]
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
    label = "Bought minus sold; in {window_days:int} days of filings {buys_usd:usd} − {sells_usd:usd}"
    net = Series(label, "bars", [float(usd) for usd in dollars[0] - dollars[1]])
    panels = [Panel("Insider dollars by trade date", "USD", [net])]
    price = _closes(frames.some(Bar, ["symbol", "session", "close_e4"]), symbol, days)
    if any(close is not None for close in price):
        at = [[close if usd else None for close, usd in zip(price, side, strict=True)] for side in dollars]
        marks = [Series("Bought", "up", at[0]), Series("Sold", "down", at[1])]
        panels.insert(0, Panel("Price", "USD", [Series("Close", "line", price), *marks]))
    title = "{subject}: what insiders bought and sold"
    words = {name: str(signal.facts[name]) for name in ("window_days", "buys_usd", "sells_usd")}
    return Chart(title, [day.isoformat() for day in days], panels, words | {"subject": symbol})


def _closes(bars: pd.DataFrame, symbol: str, days: Sequence[date]) -> list[float | None]:
    closes = bars[bars["symbol"] == symbol].drop_duplicates("session", keep="last").set_index("session")
    known = closes["close_e4"].reindex(pd.Index(days))
    return [None if pd.isna(close) else float(close) / 1e4 for close in known]
