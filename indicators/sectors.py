"""Sector rotation: which sectors and themes are ahead of the market, how broadly and for how long.

What members did beyond beta times the market, ranked across themes session by session. A first day in the
lead is called day 1; how often such leads lasted is counted, and stands beside the rate of any theme.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from indicators import MARKET, Chart, Indicator, Quality, Signal, State
from indicators._sector_chart import board, course
from indicators._sector_facts import NAMES, table_of, theme_facts, year_facts
from indicators._sector_lead import Leads, base_rate, leads_of, persistence, state_of
from indicators._sector_members import FUNDS, Group, read_groups
from indicators._sector_prices import Prices, read_prices
from indicators._sector_strength import Ranking, rank_themes, theme_of
from storage.frames import Frames
from storage.tables import Bar, SectorMember

#: what is read of a bar
BAR = ("symbol", "session", "source", "close_e4", "volume")
#: names of the strongest and the weakest themes in one sentence
SHOWN = 3
DIRECTED = ("leading_day1", "leading", "sustained", "lagging")


@dataclass(frozen=True)
class Known:
    """All that is known, as of one moment."""

    prices: Prices
    ranking: Ranking
    leads: Leads
    #: baskets, for comparison
    funds: list[Group]
    source: str


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """Yield a signal for each theme with members in the newest session, and MARKET with the table of all.

    Names asked for match whatever their case.
    """
    known = _read(frames)
    if known is None:
        return
    wanted = None if subjects is None else {name.casefold() for name in subjects}
    told, signals = {}, []
    for place, theme in enumerate(known.ranking.themes):
        if theme.members[-1]:
            signal = _signal(frames, known, place)
            told[signal.subject] = {**signal.facts, "state": signal.state}
            signals.append(signal)
    for signal in [*signals, *([_market(frames, known, told)] if signals else [])]:
        if wanted is None or signal.subject.casefold() in wanted:
            yield signal


def _read(frames: Frames) -> Known | None:
    members = frames[SectorMember]
    bars = frames.some(Bar, BAR)
    if members.empty or bars.empty:
        return None
    prices = read_prices(bars)
    groups = read_groups(members, prices.days)
    themes = [theme_of(prices, group) for group in groups if group.name not in FUNDS]
    if not themes:
        return None
    ranking = rank_themes(themes)
    told, lists = (", ".join(sorted(rows["source"].unique())) for rows in (bars, members))
    source = f"daily bars ({told}); members ({lists})"
    funds = [group for group in groups if group.name in FUNDS]
    return Known(prices, ranking, leads_of(ranking), funds, source)


def _signal(frames: Frames, known: Known, place: int) -> Signal:
    theme = known.ranking.themes[place]
    rate, base = persistence(known.leads, known.ranking, place), base_rate(known.leads)
    facts = theme_facts(known.prices, known.ranking, known.leads, place, rate, base)
    representative = not facts["small_sample"] and not facts["one_stock"]
    state = state_of(known.leads, known.ranking, place, rate, base, representative=representative)
    # hindsight is an assumption, and so is a beta of one
    quality: Quality = "C" if facts["undated"] or facts["beta_assumed"] or facts["small_sample"] else "A"
    facts |= _common(known) | {
        "ahead": None,
        "behind": None,
        "trends": None,
        "years": year_facts(known.prices, theme.group),
    }
    strength = round(float(np.tanh(facts["strength"])), 4) if state in DIRECTED else 0.0
    return Signal(
        INDICATOR.name, theme.group.name, frames.as_of, state, strength, quality, facts["members"],
        known.source, facts,
    )  # fmt: skip


def _common(known: Known) -> dict[str, Any]:
    # a bar is the whole session: nothing of it is "so far"
    return {"session": known.prices.days[-1].isoformat(), "so_far": False, "market": known.prices.market}


def _market(frames: Frames, known: Known, told: Mapping[str, Mapping[str, Any]]) -> Signal:
    """The ranking of all themes; news where one of them becomes a trend."""
    table = table_of(told)
    ranked = [row["subject"] for row in table if row["rank"] is not None]
    trends = [row["subject"] for row in table if row["state"] == "sustained"]
    base = base_rate(known.leads)
    facts = dict.fromkeys(NAMES) | _common(known)
    facts |= {
        "of": len(ranked),
        "base_rate": None if base.share is None else round(base.share, 4),
        "base_n": base.n,
        "ahead": ", ".join(ranked[:SHOWN]) or None,
        "behind": ", ".join(ranked[-SHOWN:][::-1]) if len(ranked) >= 2 * SHOWN else None,
        "trends": ", ".join(trends) or None,
        "table": table,
        "years": {group.name: year_facts(known.prices, group) for group in known.funds},
    }
    quality: Quality = "C" if any(row["undated"] for row in told.values()) else "A"
    return Signal(
        INDICATOR.name, MARKET, frames.as_of, "trend" if trends else "ranking", 0.0, quality,
        sum(row["members"] for row in table), known.source, facts, event=facts["trends"],
    )  # fmt: skip


def chart(frames: Frames, signal: Signal) -> Chart:
    """The board of all themes, or one theme's course against the market."""
    if signal.subject == MARKET:
        return board(signal)
    known = _read(frames)
    assert known is not None  # or there would be no signal
    days = [day.isoformat() for day in known.prices.days]
    return course(known.ranking, days, signal.subject)


INDICATOR = Indicator(
    name="sectors",
    title="Sector rotation",
    inputs=(Bar, SectorMember),
    # a year of sessions for the betas, and a year and a half of leads to count; leads need no more
    lookback=timedelta(days=915),
    compute=compute,
    chart=chart,
    states={
        "sustained": State("{subject}: a lead that is broad and has lasted", loud=True),
        "leading_day1": State("{subject}: takes the lead, day 1", loud=True),
        "leading": State("{subject}: in the lead", loud=False),
        "fading": State("{subject}: led on most of the last days, not on this one", loud=False),
        "lagging": State("{subject}: among the weakest", loud=False),
        "quiet": State("{subject}: neither in the lead nor among the weakest", loud=False),
        "trend": State("{subject}: a sector or theme has a lasting, broad lead", loud=True),
        "ranking": State("{subject}: sectors and themes by strength", loud=False),
    },
    rest="quiet",
    sentences=(
        "Session {session}: rank {rank:int} of {of:int}, {excess_return:pct} against the market ({market}).",
        "Strongest on {session}: {ahead}.",
        "Weakest on {session}: {behind}.",
        "A small sample: only {few_names:int} names trade 5 million USD a day.",
        "One stock, {top1}, makes {one_stock_share:pct} of it.",
        "Day {lead_day:int} in the lead. Leads this long and broad lasted in {persistence:pct} of "
        "{persistence_n:int} overlapping cases, any theme on any day in {base_rate:pct}.",
        "{breadth:pct} of {members:int} names are clearly ahead; the middle one by {median_excess:pct}.",
        "{leader_1}: {leader_1_return:pct} on {leader_1_volume:x} its usual dollar volume.",
        "{leader_2}: {leader_2_return:pct} on {leader_2_volume:x} its usual dollar volume.",
        "{leader_3}: {leader_3_return:pct} on {leader_3_volume:x} its usual dollar volume.",
        "Dollars traded are {volume_multiple:x} the usual: turnover, not money coming in.",
        "Hindsight: {hindsight:int} of {members:int} names are today's members, applied to the past.",
        "Lasting, broad leads: {trends}.",
    ),
    method=(
        "Each member's return minus beta (252 sessions, 0.66 β + 0.33; 1 where fewer are known) times the "
        "market's. Five measures are ranked across themes and averaged: excess weighted by 20-day dollar "
        "volume (no market caps are stored; 25 % a name at most), median excess, share of names ahead by "
        "half their own deviation, dollars traded to their median, and the least excess without any one "
        "name. A lead: top third and ahead of the market; its days are sessions of the exchange. It lasted "
        "if over the next 5 sessions the theme was ahead, and in the top third of 3. A trend: 3 sessions, "
        "60 % of names ahead, 10 points above the base rate, no small sample. Undated members are today's, "
        "applied to the past: hindsight. No event is linked. Of 49 industries the top 7 of a month stayed "
        "there in 20.8 % (1963–95), then 18.7 % (to 2024), by chance 14.3 %, and fell to the bottom 7 in "
        "15.4 and 17.9 %; top minus bottom made 1.12 % a month (t 5.7), then 0.24 % (t 0.9): that is gone."
    ),
    source=(
        "Moskowitz & Grinblatt 1999; Grundy & Martin 2001; Blume 1975 (beta); French's 49 industries to 2024"
    ),
)
