"""Insider buying and selling: open-market dollars of Form 4, by the date the filings became public."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import fsum, isnan, nan
from typing import Any

import pandas as pd

from indicators import MARKET, Indicator, Signal, State
from indicators._insider_chart import chart
from indicators._insider_rows import WINDOW, judge
from indicators._insider_spikes import LEAST_FILINGS, PAST, spikes_of
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, InsiderTrade

SPIKE_Z, SPIKE_PCT = 2.5, 0.95
#: several insiders: this many officers or directors, within so many sessions, for so many USD
CLUSTER_PEOPLE, CLUSTER_SESSIONS, CLUSTER_USD = 3, 10, 250_000.0
#: what a sold dollar weighs against a bought one in `strength`, and the USD it is shrunk by
SELL_WEIGHT, SHRINK = 0.1, 250_000.0

#: a counted line as a named tuple of InsiderTrade's and `judge`'s columns; `usd` is 0 without a price
Line = Any


def npr(purchases: int, sales: int) -> float | None:
    """Net purchase ratio (P − S) / (P + S) on counts, −1…1; None without trades. Lakonishok & Lee 2001."""
    return (purchases - sales) / (purchases + sales) if purchases + sales else None


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """One Signal per ticker with insider rows, and one for MARKET; a ticker without rows has none."""
    if frames[InsiderTrade].empty:
        return
    rows = judge(frames[InsiderTrade])
    as_of = frames.as_of
    trades = rows[rows["rule"] == ""]
    now = rows[rows["ends"] > as_of]
    lines, left_out = _by_subject(now)
    newest = _newest(trades)
    spikes = spikes_of(trades, as_of)
    sources = rows.groupby("symbol")["source"].unique().map(set).to_dict() | {MARKET: set(rows["source"])}
    for subject in [*sorted(set(rows["symbol"]) - {""}), MARKET]:
        if subjects is None or subject in subjects:
            here = lines.get(subject, [])
            facts = _facts(here, spikes.get(subject)) | newest.get(subject, {}) | _largest(here)
            facts["excluded"] = left_out.get(subject, {})
            facts["clusters"] = sum(map(_is_cluster, _issuers(here)))
            facts["cluster"] = facts["clusters"] > 0
            facts["session"] = calendar.last_session(as_of).isoformat()
            yield _signal(subject, as_of, here, facts, sources[subject])


def _by_subject(now: pd.DataFrame) -> tuple[dict[str, list[Line]], dict[str, dict[str, int]]]:
    """The window's counted lines, and how many each rule left out, of every ticker and of MARKET."""
    lines: dict[str, list[Line]] = {}
    counted = now[now["rule"] == ""]
    counted = counted.assign(usd=counted["usd"].fillna(0.0), planned=counted["plan"].eq(True))
    for line in counted.itertuples(index=False):
        lines.setdefault(str(line.symbol), []).append(line)
        lines.setdefault(MARKET, []).append(line)
    left_out: dict[str, Counter[str]] = {}
    for symbol, rule in now.loc[now["rule"] != "", ["symbol", "rule"]].itertuples(index=False):
        left_out.setdefault(symbol, Counter())[rule] += 1
        left_out.setdefault(MARKET, Counter())[rule] += 1
    return lines, {subject: dict(sorted(rules.items())) for subject, rules in left_out.items()}


def _newest(trades: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The newest trade date and acceptance of each ticker and of MARKET, inside the window or not."""
    last = trades.groupby("symbol")[["day", "known_at"]].max()
    if len(last):
        last.loc[MARKET] = last.max()
    return {
        str(symbol): {"newest_trade": day.date().isoformat(), "newest_filed": known_at.isoformat()}
        for symbol, day, known_at in zip(last.index, last["day"], last["known_at"], strict=True)
    }


def _usd(lines: Iterable[Line]) -> float:
    return round(fsum(line.usd for line in lines), 2)


def _people(lines: Iterable[Line]) -> int:
    return len({line.owner_ciks for line in lines})


def _facts(lines: list[Line], spike: tuple[float, float] | None) -> dict[str, Any]:
    """The figures of one subject's window. Dollars are of lines with a price; the others are counted."""
    bought, sold = ([line for line in lines if line.buy == side] for side in (True, False))
    days = [len({(line.owner_ciks, line.symbol, line.day) for line in side}) for side in (bought, sold)]
    z, pct = spike or (nan, nan)
    return {
        "buys_usd": _usd(bought),
        "sells_usd": _usd(sold),
        "ratio": round(_usd(bought) / _usd(sold), 6) if _usd(sold) else None,
        "buyers": _people(bought),
        "sellers": _people(sold),
        "filings": len({line.filing for line in lines}),
        "plan_sells_usd": _usd(line for line in sold if line.planned),
        "nonmarket_usd": _usd(line for line in lines if line.nonmarket),
        "holder10_usd": _usd(line for line in lines if line.role == "ten_percent"),
        "no_price_lines": sum(line.usd == 0 for line in lines),
        "window_days": WINDOW.days,
        "spike_z": None if isnan(z) else round(z, 3),
        "spike_pct": None if isnan(z) else round(pct, 4),
        "npr": npr(*days),
        "newest_trade": None,
        "newest_filed": None,
    }


def _largest(lines: list[Line]) -> dict[str, Any]:
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


def _issuers(lines: list[Line]) -> Iterable[list[Line]]:
    """What officers and directors bought of their own decision, issuer by issuer."""
    issuers: dict[str, list[Line]] = {}
    for line in lines:
        if line.buy and line.discretionary and line.role in ("officer", "director"):
            issuers.setdefault(line.symbol, []).append(line)
    return issuers.values()


def _is_cluster(buys: list[Line]) -> bool:
    """Whether enough people bought for enough dollars within the sessions of a cluster."""
    if _people(buys) < CLUSTER_PEOPLE:
        return False
    days = {line.day.date() for line in buys}
    sessions = calendar.sessions(min(days) - timedelta(days=7), max(days))
    place = {day: bisect_right(sessions, day) for day in days}
    for last in place.values():
        near = [line for line in buys if 0 <= last - place[line.day.date()] < CLUSTER_SESSIONS]
        if _people(near) >= CLUSTER_PEOPLE and _usd(near) >= CLUSTER_USD:
            return True
    return False


def _signal(
    subject: str, as_of: datetime, lines: list[Line], facts: dict[str, Any], sources: set[str]
) -> Signal:
    decided = [line for line in lines if line.discretionary]
    bought, sold = (_usd(line for line in decided if line.buy == side) for side in (True, False))
    measured = all(line.known_quality == "A" for line in lines) and not facts["no_price_lines"]
    weighed = SELL_WEIGHT * sold
    return Signal(
        indicator=INDICATOR.name,
        subject=subject,
        as_of=as_of,
        state=_state(subject, facts, _people(line for line in decided if line.buy), bought - sold),
        strength=round((bought - weighed) / (bought + weighed + SHRINK), 4),
        quality="A" if measured else "B",
        n=len(lines),
        source=f"SEC Form 4 ({', '.join(sorted(sources))})",
        facts=facts,
    )


def _state(subject: str, facts: Mapping[str, Any], buyers: int, net: float) -> str:
    """The state; `buyers` and `net` USD are of decisions only: no plans, private deals, 10 % owners."""
    z = facts["spike_z"]
    if subject == MARKET and facts["filings"] < LEAST_FILINGS:
        return "thin"
    if subject != MARKET and facts["cluster"]:
        return "cluster"
    if z is not None and z >= SPIKE_Z and facts["spike_pct"] >= SPIKE_PCT and buyers:
        return "spike_buying"
    if net > 0:
        return "buying" if buyers >= 2 else "one_buyer"
    return "selling" if facts["sells_usd"] > 0 else "quiet"


INDICATOR = Indicator(
    name="insiders",
    title="Insider trades",
    inputs=(InsiderTrade, Bar),
    # the past windows, the newest one, and trades reported up to a year late
    lookback=(PAST + 1) * WINDOW.to_pytimedelta() + timedelta(days=366),
    compute=compute,
    chart=chart,
    states={
        "cluster": State("{subject}: several insiders bought within days", loud=True),
        "spike_buying": State("{subject}: insiders buy unusually much for this company", loud=True),
        "buying": State("{subject}: insiders bought more than they sold", loud=True),
        "one_buyer": State("{subject}: one insider bought", loud=False),
        "selling": State("{subject}: insiders sold more than they bought", loud=False),
        "quiet": State("{subject}: no open-market trade by insiders", loud=False),
        "thin": State("{subject}: too few insider filings to judge", loud=False),
    },
    rest="quiet",
    sentences=(
        "In {window_days:int} days of filings insiders bought {buys_usd:usd} and sold {sells_usd:usd}.",
        "{buyers:int} insiders bought, {sellers:int} sold, in {filings:int} filings.",
        "Bought to sold: {ratio:x}.",
        "Of the sales {plan_sells_usd:usd} were planned in advance (10b5-1).",
        "Largest buyer: {largest_buyer}, {largest_buyer_usd:usd}.",
        "Against its own past this is z = {spike_z}.",
        "Newest trade: {newest_trade}.",
    ),
    method=(
        "Open-market and private purchases (code P) and sales (S) of common stock from Forms 4, 4/A and 5, "
        "counted for 30 days from the moment EDGAR accepted the filing. Derivatives, awards, tax "
        "withholding, gifts and swaps are left out and counted. Joint filers count once; an amendment "
        "replaces its original from its own acceptance on. The state looks at decisions only: not at 10b5-1 "
        "plans, private deals, exercise-and-sell or 10 % owners. Cluster: three or more officers or "
        "directors within 10 sessions for 250,000 USD. Spike: the log ratio of purchases to sales is 2.5 "
        "robust deviations above, and at the 95th percentile of, up to 60 past 30-day windows; for the "
        "market each company is capped at 2 % of the dollars. Sales say little: in the strength a sold "
        "dollar weighs a tenth of a bought one."
    ),
    source="Lakonishok & Lee 2001; Jeng, Metrick & Zeckhauser 2003; Cohen, Malloy & Pomorski 2012",
)
