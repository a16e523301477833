"""The figures of one subject's window of filings, from the lines that count and those each rule kept out."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from math import fsum
from typing import Any, NamedTuple

import pandas as pd

from indicators import MARKET
from indicators._insider_months import KEPT_OUT, MARKS, RULES
from indicators._insider_rows import WINDOW
from storage import calendar

#: several insiders: this many officers or directors, within so many sessions, for so many USD
CLUSTER_PEOPLE, CLUSTER_SESSIONS, CLUSTER_USD = 3, 10, 250_000.0


class Line(NamedTuple):
    """A purchase or sale of the window. `usd` is 0 without a price; `routine` is None where nobody knows."""

    rule: str
    symbol: str
    owner_ciks: str
    owner_names: str
    role: str
    filing: str
    day: date
    buy: bool
    usd: float
    planned: bool
    exercised: bool
    nonmarket: bool
    discretionary: bool
    routine: bool | None
    replaced: bool
    known_quality: str
    shares: float
    held_after: float
    ownership: str | None


def lines_of(trades: pd.DataFrame, as_of: datetime) -> dict[str, list[Line]]:
    """The window's lines of every ticker and of MARKET, in order of `known_at`, those kept out too."""
    recent = trades[(trades["ends"] > as_of) | (trades["known_at"] > as_of - WINDOW)]
    recent = recent.assign(
        usd=recent["usd"].fillna(0.0),
        day=recent["day"].dt.date,
        replaced=recent["ends"] <= as_of,
    )
    columns = [recent[name].to_numpy(object) for name in Line._fields]
    lines: dict[str, list[Line]] = defaultdict(list)
    for cells in zip(*columns, strict=True):
        line = Line(*cells)
        lines[MARKET].append(line)
        if line.symbol:
            lines[line.symbol].append(line)
    return lines


def counting(lines: Iterable[Line]) -> list[Line]:
    """The lines that count now."""
    return [line for line in lines if line.rule == "" and not line.replaced]


def npr(purchases: int, sales: int) -> float | None:
    """Net purchase ratio (P − S) / (P + S) on counts, −1…1; None without trades. Lakonishok & Lee 2001."""
    return (purchases - sales) / (purchases + sales) if purchases + sales else None


def usd_of(lines: Iterable[Line]) -> float:
    """Dollars of the lines, to the cent."""
    return round(fsum(line.usd for line in lines), 2)


def people(lines: Iterable[Line]) -> int:
    """How many insiders; joint filers are one."""
    return len({line.owner_ciks for line in lines})


def figures(lines: Sequence[Line]) -> dict[str, Any]:
    """The figures of the lines that count. Dollars are of lines with a price; the others are counted."""
    bought, sold = _sides(lines)
    buys_usd, sells_usd = usd_of(bought), usd_of(sold)
    planned_usd = usd_of(line for line in sold if line.planned)
    return {
        "buys_usd": buys_usd,
        "sells_usd": sells_usd,
        "ratio": round(buys_usd / sells_usd, 6) if sells_usd else None,
        "buyers": people(bought),
        "sellers": people(sold),
        "filings": len({line.filing for line in lines}),
        "plan_sells_usd": planned_usd,
        # nothing known to be planned is not the same as nothing planned
        "planned_share": round(planned_usd / sells_usd, 4) if planned_usd else None,
        "nonmarket_usd": usd_of(line for line in lines if line.nonmarket),
        "holder10_usd": usd_of(line for line in lines if line.role == "ten_percent"),
        "no_price_lines": sum(line.usd == 0 for line in lines),
        "window_days": WINDOW.days,
        "npr": _npr(lines),
    }


def variants(lines: Sequence[Line]) -> dict[str, dict[str, Any]]:
    """Dollars and net-purchase ratio of all lines that count, of decisions, and of kinds of both.

    opportunistic and routine are decisions by the calendar of the insider's three past years; unclassified
    those of whom there are not three years; holder10 are 10 % owners, whoever decided.
    """
    decided = [line for line in lines if line.discretionary]
    kinds = {
        "all": lines,
        "discretionary": decided,
        "opportunistic": [line for line in decided if line.routine is False],
        "routine": [line for line in decided if line.routine is True],
        "unclassified": [line for line in decided if line.routine is None],
        "holder10": [line for line in lines if line.role == "ten_percent"],
    }
    found = {}
    for name, some in kinds.items():
        bought, sold = _sides(some)
        found[name] = {"buys_usd": usd_of(bought), "sells_usd": usd_of(sold), "npr": _npr(some)}
        found[name]["lines"] = len(some)
    return found


def rules(lines: Iterable[Line]) -> dict[str, int]:
    """How many of the window's lines each rule was about; a line that counts may be under several."""
    found: Counter[str] = Counter()
    for line in lines:
        if line.rule:
            found[KEPT_OUT.get(line.rule, "")] += 1
        else:
            found["amendments"] += line.replaced
            found["funds_10pct"] += line.role == "ten_percent"
            found["no_price"] += line.usd == 0
            for column, name in MARKS.items():
                found[name] += getattr(line, column)
    return {name: found[name] for name in RULES}


def left_out(
    lines: dict[str, list[Line]], others: pd.DataFrame, as_of: datetime
) -> dict[str, dict[str, int]]:
    """How many of the window's lines each rule kept out, by ticker and for MARKET."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for subject, here in lines.items():
        found[subject].update(line.rule for line in here if line.rule)
    recent = others[(others["known_at"] > as_of - WINDOW).to_numpy(bool)]
    for symbol, count in Counter(recent["symbol"].to_list()).items():
        found[MARKET]["other_code"] += count
        if symbol:
            found[symbol]["other_code"] += count
    return {subject: dict(sorted(each.items())) for subject, each in found.items()}


def largest(lines: Sequence[Line]) -> dict[str, Any]:
    """Who bought most in the window; nobody where no purchase has a price."""
    bought = [line for line in lines if line.buy and line.usd > 0]
    sums: dict[str, float] = {}
    for line in bought:
        sums[line.owner_ciks] = sums.get(line.owner_ciks, 0.0) + line.usd
    if not bought:
        return {"largest_buyer": None, "largest_buyer_role": None, "largest_buyer_usd": None}
    who = max(bought, key=lambda line: (sums[line.owner_ciks], line.owner_ciks))
    return {
        "largest_buyer": who.owner_names,
        "largest_buyer_role": who.role,
        "largest_buyer_usd": round(sums[who.owner_ciks], 2),
    }


def clusters(lines: Iterable[Line]) -> int:
    """At how many issuers several officers or directors bought of their own decision, together and much."""
    issuers: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.buy and line.discretionary and line.role in ("officer", "director"):
            issuers[line.symbol].append(line)
    return sum(map(_is_cluster, issuers.values()))


def _is_cluster(buys: list[Line]) -> bool:
    """Whether enough people bought for enough dollars within the sessions of a cluster."""
    if people(buys) < CLUSTER_PEOPLE:
        return False
    days = {line.day for line in buys}
    sessions = calendar.sessions(min(days) - timedelta(days=7), max(days))
    place = {day: bisect_right(sessions, day) for day in days}
    for last in place.values():
        near = [line for line in buys if 0 <= last - place[line.day] < CLUSTER_SESSIONS]
        if people(near) >= CLUSTER_PEOPLE and usd_of(near) >= CLUSTER_USD:
            return True
    return False


def _sides(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Bought, sold."""
    for side in (True, False):
        yield [line for line in lines if line.buy == side]


def _npr(lines: Iterable[Line]) -> float | None:
    """Of distinct insider-issuer-days."""
    days = [{(line.owner_ciks, line.symbol, line.day) for line in side} for side in _sides(lines)]
    return npr(*map(len, days))
