"""The insiders of one company: what each did to what they held, how often they trade, when they last did."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from indicators._insider_facts import Line, usd_of

#: insiders told of, those of the most dollars
MOST = 5
YEAR = pd.Timedelta(days=365)


def frequency(trades: pd.DataFrame, as_of: datetime) -> dict[tuple[str, str], tuple[int, str]]:
    """Of each ticker's insiders: distinct trade days within a year before `as_of`, and the newest one."""
    start = pd.Timestamp(as_of).tz_localize(None) - YEAR
    stands = (trades["rule"] == "") & trades["replaced_at"].isna() & (trades["day"] > start)
    days = trades.loc[stands, ["symbol", "owner_ciks", "day"]].drop_duplicates()
    each = days.groupby(["symbol", "owner_ciks"], sort=False)["day"].agg(["size", "max"])
    newest = np.datetime_as_string(each["max"].to_numpy("datetime64[D]")).tolist()
    return dict(zip(each.index, zip(each["size"].tolist(), newest, strict=True), strict=True))


def insiders(lines: Sequence[Line], often: dict[tuple[str, str], tuple[int, str]]) -> list[dict[str, Any]]:
    """The insiders with the most dollars in the window's `lines` of one ticker.

    `held_before` and `held_after` are shares held directly before the first and after the last trade, None
    where a filing does not say; `change` is their relative change; `days_traded` counts a year's.
    """
    each: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        each[line.owner_ciks].append(line)
    most = sorted(each.values(), key=lambda own: (-usd_of(own), own[0].owner_ciks))[:MOST]
    return [_insider(own, often) for own in most]


def _insider(own: list[Line], often: dict[tuple[str, str], tuple[int, str]]) -> dict[str, Any]:
    last = own[-1]
    days_traded, newest = often.get((last.symbol, last.owner_ciks), (0, None))
    return {
        "name": last.owner_names,
        "role": last.role,
        "bought_usd": usd_of(line for line in own if line.buy),
        "sold_usd": usd_of(line for line in own if not line.buy),
        **_holding([line for line in own if line.ownership != "I"]),
        "days_traded": days_traded,
        "last_trade": newest,
    }


def _holding(direct: list[Line]) -> dict[str, float | None]:
    """What was held directly before the first and after the last of the trades."""
    if not direct:
        return {"held_before": None, "held_after": None, "change": None}
    in_order = sorted(direct, key=lambda line: line.day)
    first, last = in_order[0], in_order[-1]
    before = first.held_after - first.shares if first.buy else first.held_after + first.shares
    change = last.held_after / before - 1 if before > 0 else float("nan")
    figures = {"held_before": before, "held_after": last.held_after, "change": change}
    return {name: None if value != value else round(value, 4) for name, value in figures.items()}
