"""Who belonged to which sector or theme on which session: a member counts from the day it joined on."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

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
    said: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    columns = ("sector", "symbol", "since", "until", "name")
    for name, *row in zip(*(members[column].to_list() for column in columns), strict=True):
        said[name].append(tuple(row))
    groups = []
    for name, rows in sorted(said.items()):
        dated = {symbol for symbol, since, *_ in rows if since > ALWAYS}
        rows = [row for row in rows if row[1] > ALWAYS or row[0] not in dated]
        symbols = sorted({row[0] for row in rows})
        titles = {row[0]: row[-1] for row in rows}
        inside = np.zeros((len(days), len(symbols)), np.bool_)
        for (symbol, since), until in {row[:2]: row[2] for row in rows}.items():
            held = axis >= np.datetime64(since)
            if not pd.isna(until):
                held &= axis <= np.datetime64(until)
            inside[:, symbols.index(symbol)] |= held
        undated = np.array([symbol not in dated for symbol in symbols])
        groups.append(Group(name, symbols, [titles[each] for each in symbols], inside, undated))
    return groups
