"""Who belonged to which sector or theme on which session: a member counts from the day it joined on."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from indicators._sector_prices import Flags

#: rows that do not say since when hold since this day: hindsight, today's members applied to the past
ALWAYS = date(1970, 1, 1)
#: baskets, in no sector
FUNDS = ("ETF", "ETFs", "Fund", "Funds", "Index")


@dataclass(frozen=True)
class Group:
    """A sector or theme: its symbols and companies' names, and who was in it by [session, symbol]."""

    name: str
    symbols: list[str]
    titles: list[str]
    inside: Flags
    #: which symbols do not say since when
    undated: Flags


def read_groups(members: pd.DataFrame, days: list[date]) -> list[Group]:
    """The groups of rows of `SectorMember`, by name; a symbol stays in it on its last day.

    A row that says since when comes before one that does not, of the same symbol and group; of those that
    say the same the newest counts: it tells the end.
    """
    axis = np.array(days, "datetime64[D]")
    groups = []
    for name, rows in members.groupby("sector", sort=True):
        dated = set(rows.loc[rows["since"] > ALWAYS, "symbol"])
        rows = rows[(rows["since"] > ALWAYS) | ~rows["symbol"].isin(dated)]
        rows = rows.drop_duplicates(["symbol", "since"], keep="last")
        symbols = sorted(rows["symbol"].unique())
        titles = dict(zip(rows["symbol"], rows["name"], strict=True))
        inside = np.zeros((len(days), len(symbols)), np.bool_)
        for symbol, since, until in zip(rows["symbol"], rows["since"], rows["until"], strict=True):
            held = axis >= np.datetime64(since)
            if not pd.isna(until):
                held &= axis <= np.datetime64(until)
            inside[:, symbols.index(symbol)] |= held
        undated = np.array([symbol not in dated for symbol in symbols])
        groups.append(Group(str(name), symbols, [titles[each] for each in symbols], inside, undated))
    return groups
