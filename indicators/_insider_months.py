"""The market by calendar month: what the filings say raw, and what is left of it after every rule."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators._insider_spikes import FLOOR_MARKET, LEAST_FILINGS, PAST, capped, smoothing
from indicators._stats import Floats, slr
from storage.calendar import NEW_YORK

#: a month with less than this share of the lines of a usual one is thin: an assumption
THIN = 0.25
#: of how many months before it a usual one is the median, and how many that must be
USUAL_OF, USUAL_LEAST = 12, 6
#: rules that keep a line out or out of the decisions, by the name people read
KEPT_OUT = {"repeat": "duplicate_lines", "joint_filer": "joint_filers", "implausible": "implausible"}
MARKS = {"planned": "plan", "exercised": "exercise_and_sell", "nonmarket": "nonmarket"}
RULES = (
    "duplicate_lines", "joint_filers", "amendments", "funds_10pct", "nonmarket", "implausible", "no_price",
    "plan", "exercise_and_sell",
)  # fmt: skip
Places = NDArray[np.int64]


def rules_of(trades: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Which lines of `judge` each rule is about; a line that counts may be under several."""
    rule = trades["rule"].to_numpy(object)
    counts = rule == ""
    found = {name: rule == why for why, name in KEPT_OUT.items()}
    found["amendments"] = counts & trades["replaced_at"].notna().to_numpy(bool)
    found["funds_10pct"] = counts & (trades["role"] == "ten_percent").to_numpy(bool)
    found["no_price"] = counts & trades["usd"].isna().to_numpy(bool)
    for column, name in MARKS.items():
        found[name] = counts & trades[column].to_numpy(bool)
    return {name: found[name] for name in RULES}


def months_of(trades: pd.DataFrame, as_of: datetime) -> list[dict[str, Any]]:
    """One entry a month, the newest first, 61 at most, from the first month on that has a line.

    `raw_…`: lines of code P and S of the non-derivative table by the month of the **transaction**, one of the
    same issuer, insider, day and code, and nothing else left out. All others by the month in which the filing
    was **accepted**, as amended since: decisions as insider-days (buys, sells), dollars, net-purchase ratio
    `npr`, `l_cap` (log ratio, each issuer at most 2 % of the month), `breadth` (issuers bought net), the
    `filings` that count, under `rules` how many lines each rule was about. `thin`: too few lines to say much.
    """
    last = _month(pd.Series([pd.Timestamp(as_of)]).dt.tz_convert(NEW_YORK))[0]
    traded = _month(trades["day"]) - last + PAST
    filed = _month(trades["known_at"].dt.tz_convert(NEW_YORK)) - last + PAST
    raw = _raw(trades, traded)
    clean, filings = _clean(trades, filed)
    both = raw | clean
    rules = {name: _count(filed[found]) for name, found in rules_of(trades).items()}
    lines = (raw["raw_buys"] + raw["raw_sells"]).astype(float)
    first = int(np.flatnonzero(lines + filings)[:1].sum()) if (lines + filings).any() else PAST
    found = []
    for place in range(PAST, first - 1, -1):
        year, month = divmod(int(last) - PAST + place, 12)
        before = lines[max(first, place - USUAL_OF) : place]
        little = len(before) >= USUAL_LEAST and place < PAST and lines[place] < THIN * np.median(before)
        entry: dict[str, Any] = {"month": f"{year}-{month + 1:02}"}
        entry |= {name: _plain(values[place], 2 if "usd" in name else 4) for name, values in both.items()}
        entry |= {"raw_ratio": _ratio(entry["raw_buys"], entry["raw_sells"])}
        entry |= {"ratio": _ratio(entry["buys"], entry["sells"]), "filings": int(filings[place])}
        entry |= {"usd_ratio": _ratio(entry["buys_usd"], entry["sells_usd"])}
        entry |= {"thin": bool(little or filings[place] < LEAST_FILINGS), "complete": place < PAST}
        entry["rules"] = {name: int(counts[place]) for name, counts in rules.items() if counts[place]}
        found.append(entry)
    return found


def _month(days: pd.Series) -> Places:
    return np.asarray(days.dt.year * 12 + days.dt.month - 1, np.int64)


def _count(places: Places, weights: Floats | None = None) -> NDArray[Any]:
    """How often each month is named, or the sum of its `weights`."""
    there = (places >= 0) & (places <= PAST)
    return np.bincount(places[there], None if weights is None else weights[there], PAST + 1)


def _raw(trades: pd.DataFrame, traded: Places) -> dict[str, NDArray[Any]]:
    lines = trades.assign(month=traded)[~trades["derivative"].astype(bool)]
    once = lines.drop_duplicates(["symbol", "owner_ciks", "day", "code"])
    found = {}
    for side, name in ((True, "raw_buys"), (False, "raw_sells")):
        here = once[once["buy"] == side]
        month = here["month"].to_numpy(np.int64)
        found[name] = _count(month)
        found[f"{name}_usd"] = _count(month, here["usd"].fillna(0.0).to_numpy(float))
    return found


def _clean(trades: pd.DataFrame, filed: Places) -> tuple[dict[str, NDArray[Any]], NDArray[Any]]:
    """What was decided, by month, and the distinct filings of all lines that count."""
    stands = ((trades["rule"] == "") & trades["replaced_at"].isna()).to_numpy(bool)
    stands = stands & (filed >= 0) & (filed <= PAST)
    counted = trades.assign(month=filed)[stands]
    filings = _count(counted.drop_duplicates(["filing", "month"])["month"].to_numpy(np.int64))
    decided = counted[counted["discretionary"].to_numpy(bool)]
    days = decided.drop_duplicates(["symbol", "owner_ciks", "day", "code", "month"])
    bought, sold = (
        _count(days.loc[days["buy"] == side, "month"].to_numpy(np.int64)) for side in (True, False)
    )
    place, issuers = pd.factorize(decided["symbol"])
    cell = place * (PAST + 1) + decided["month"].to_numpy(np.int64)
    usd, buy = decided["usd"].fillna(0.0).to_numpy(float), decided["buy"].to_numpy(bool)
    shape = (len(issuers), PAST + 1)
    buys, sells = (
        np.bincount(cell[side], usd[side], shape[0] * shape[1]).astype(float).reshape(shape)
        for side in (buy, ~buy)
    )
    active = (buys + sells > 0).sum(axis=0)
    both = (buys + sells).sum(axis=0)
    k = smoothing(np.where(both > 0, both, np.nan)[None], FLOOR_MARKET)
    with np.errstate(divide="ignore", invalid="ignore"):
        net = np.asarray((bought - sold) / (bought + sold))
        breadth = np.asarray((buys > sells).sum(axis=0) / active)
    clean = {"buys": bought, "sells": sold, "npr": net, "breadth": breadth}
    clean |= {"buys_usd": buys.sum(axis=0), "sells_usd": sells.sum(axis=0)}
    clean["l_cap"] = np.where(both > 0, slr(*capped(buys, sells), k)[0], np.nan)
    return clean, filings


def _ratio(buys: float, sells: float) -> float | None:
    return round(buys / sells, 6) if sells else None


def _plain(value: Any, digits: int) -> float | int | None:
    """A number for JSON; NaN is not known."""
    number = value.item()
    if isinstance(number, int):
        return number
    return None if np.isnan(number) else round(number, digits)
