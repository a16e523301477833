"""What FINRA publishes of off-exchange volume: unsigned, by session (grade B2) and by week (grade B3).

The daily file's short volume is mostly market makers who sold to a buyer before they had the shares. It is no
short interest, and is never added to what prints say.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from indicators._option_facts import share

SHORT = (
    "short_session", "short_volume", "short_total", "short_share", "short_by_market", "short_source"
)  # fmt: skip
WEEK = ("ats_week", "ats_shares", "otc_shares", "ats_share", "ats_source")


def short_facts(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The newest session of each symbol in rows of `ShortVolume`: shares marked short, and of how many."""
    newest = rows[rows["session"] == rows.groupby("symbol")["session"].transform("max")]
    found: dict[str, dict[str, Any]] = {}
    told = _lines(_newest_known(newest))
    for symbol, counts in _lines(counted(newest).sort_values("market", kind="stable")).items():
        lines = told[symbol]
        whole = [line for line in lines if len(line.market) > 1]
        short, total = (
            sum(int(getattr(line, name)) for line in counts) for name in ("short_volume", "total_volume")
        )
        found[symbol] = {
            "short_session": counts[0].session.isoformat(),
            "short_volume": short,
            "short_total": total,
            "short_share": share(short, total),
            "short_by_market": {line.market: _market(line) for line in lines if line not in whole}
            or {line.market: _market(line) for line in counts},
            "short_source": ", ".join(sorted({line.source for line in counts})),
        }
    return found


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `ShortVolume` that count, of each symbol and session.

    The consolidated file; the facilities' own, to be summed, where it is not there, since one of them may be
    missing. Of a file posted anew the newest counts.
    """
    newest = _newest_known(rows)
    whole = newest[newest["market"].astype("str").str.len() > 1].drop_duplicates(_DAY, keep="last")
    alone = ~pd.MultiIndex.from_frame(newest[_DAY]).isin(pd.MultiIndex.from_frame(whole[_DAY]))
    return pd.concat([whole, newest[alone]])


def _newest_known(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("known_at", kind="stable").drop_duplicates([*_DAY, "market"], keep="last")


_DAY = ["symbol", "session"]


def _market(line: Any) -> dict[str, Any]:
    short, total = int(line.short_volume), int(line.total_volume)
    return {"short": short, "total": total, "share": share(short, total)}


def week_facts(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The newest week of each symbol in rows of `OffExchangeWeek`: shares in dark pools and elsewhere."""
    newest = rows[rows["week"] == rows.groupby("symbol")["week"].transform("max")]
    found: dict[str, dict[str, Any]] = {}
    for symbol, lines in _lines(newest.sort_values("known_at", kind="stable")).items():
        said = {
            name: int(value)
            for line in lines
            for name, value in (("ats", line.ats_shares), ("otc", line.otc_shares))
            if pd.notna(value)
        }
        ats, otc = said.get("ats"), said.get("otc")
        found[symbol] = {
            "ats_week": lines[0].week.isoformat(),
            "ats_shares": ats,
            "otc_shares": otc,
            "ats_share": None if ats is None or otc is None else share(ats, ats + otc),
            "ats_source": ", ".join(sorted({line.source for line in lines})),
        }
    return found


def _lines(rows: pd.DataFrame) -> Mapping[str, list[Any]]:
    lines: dict[str, list[Any]] = {}
    for line in rows.itertuples(index=False):
        lines.setdefault(str(line.symbol), []).append(line)
    return lines


def day_of(facts: Mapping[str, Any], name: str) -> date | None:
    """The date of a fact, None where it is not known."""
    said = facts.get(name)
    return None if said is None else date.fromisoformat(said)


def weighted_short_share(short: ArrayLike, total: ArrayLike, usd: ArrayLike) -> float:
    """The short share of many names, weighted by the dollars that traded in each, as the DIX index does.

    NaN where nothing traded; a name without off-exchange shares has no weight.
    """
    short, total, usd = (np.asarray(values, np.float64) for values in (short, total, usd))
    known = (total > 0) & (usd > 0)
    if not known.any():
        return np.nan
    return float(np.average(short[known] / total[known], weights=usd[known]))
