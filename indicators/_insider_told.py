"""What the filings say whatever the moment: kept until one comes or goes, or the month is another."""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from indicators import MARKET
from indicators._insider_months import months_of
from indicators._insider_rows import Seen
from storage import calendar
from storage.frames import Frames
from storage.shelf import keys_of

#: what is looked at of the lines that count
COLUMNS = (
    "rule", "symbol", "owner_ciks", "day", "known_at", "ends", "replaced_at", "usd", "buy", "discretionary"
)  # fmt: skip


class Told(NamedTuple):
    """What all lines say together. It is shared: never change it."""

    #: the feeds behind every ticker and MARKET
    sources: dict[str, set[str]]
    #: the lines that count
    trades: pd.DataFrame
    #: newest trade date and acceptance of each ticker and of MARKET
    newest: dict[str, dict[str, str]]
    months: list[dict[str, Any]]


def told_of(frames: Frames, seen: Seen) -> Told:
    """What the lines `seen` say."""
    as_of = frames.as_of
    month = as_of.astimezone(calendar.NEW_YORK).strftime("%Y-%m")

    def keys() -> bytes:
        return keys_of(pd.concat([seen.trades["id"], seen.others["id"]])) + month.encode()

    return frames.once("told of filings", keys, lambda: _told(seen, as_of))


def _told(seen: Seen, as_of: datetime) -> Told:
    rows, sources = seen.trades, _sources(seen.trades, seen.others)
    trades = rows.loc[(rows["rule"] == "").to_numpy(bool), [*COLUMNS]]
    return Told(sources, trades, _newest(trades), months_of(rows, as_of) if sources else [])


def _sources(rows: pd.DataFrame, others: pd.DataFrame) -> dict[str, set[str]]:
    """The feeds behind every ticker and MARKET."""
    both = pd.concat([rows[["symbol", "source"]], others[["symbol", "source"]]]).drop_duplicates()
    found: dict[str, set[str]] = defaultdict(set)
    for symbol, source in zip(both["symbol"].to_list(), both["source"].to_list(), strict=True):
        found[MARKET].add(source)
        if symbol:
            found[symbol].add(source)
    return found


def _newest(trades: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The newest trade date and acceptance of each ticker and of MARKET, inside the window or not."""
    last = trades.groupby("symbol")[["day", "known_at"]].max()
    if len(last):
        last.loc[MARKET] = last.max()
    return {
        str(symbol): {"newest_trade": day.date().isoformat(), "newest_filed": known_at.isoformat()}
        for symbol, day, known_at in zip(last.index, last["day"], last["known_at"], strict=True)
    }
