"""Insider buying and selling: open-market dollars of Form 4, by the date the filings became public."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import isnan, nan
from typing import Any, NamedTuple

from indicators import MARKET, Indicator, Signal, State
from indicators._insider_chart import chart
from indicators._insider_facts import (
    Line,
    clusters,
    counting,
    figures,
    largest,
    left_out,
    lines_of,
    people,
    rules,
    usd_of,
    variants,
)
from indicators._insider_facts import npr as npr
from indicators._insider_people import frequency, insiders
from indicators._insider_rows import WINDOW, read
from indicators._insider_spikes import LEAST_FILINGS, PAST, History, Spike, history_of, usable_windows
from indicators._insider_told import told_of
from indicators._stats import LEAST_HISTORY
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, InsiderTrade

SPIKE_Z, SPIKE_PCT = 2.5, 0.95
#: what a sold dollar weighs against a bought one in `strength`, and the USD it is shrunk by
SELL_WEIGHT, SHRINK = 0.1, 250_000.0


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """One Signal per ticker with insider rows, and one for MARKET; a ticker without rows has none."""
    seen, as_of = read(frames), frames.as_of
    told = told_of(frames, seen)
    if not told.sources:
        return
    lines = lines_of(seen.trades, as_of)
    excluded = left_out(lines, seen.others, as_of)
    often = frequency(told.trades, as_of)
    history = history_of(told.trades, usable_windows(seen.filings, as_of), as_of)
    nobody = _window([])
    for subject in [*sorted(set(told.sources) - {MARKET}), MARKET]:
        if subjects is not None and subject not in subjects:
            continue
        window = _window(lines[subject]) if subject in lines else nobody
        facts = window.figures | _history(history, subject) | told.newest.get(subject, _NEVER)
        facts |= window.largest
        facts["clusters"] = window.clusters
        facts["cluster"] = facts["clusters"] > 0
        outsold = round(facts["sells_usd"] - facts["buys_usd"], 2)
        of_cluster = facts["cluster"] and subject != MARKET and outsold > 0
        facts["cluster_outsold_usd"] = outsold if of_cluster else None
        facts["session"] = calendar.last_session(as_of).isoformat()
        own = _market(told.months, history) if subject == MARKET else _company(window.here, often)
        facts |= _NOTHING | own
        facts |= {"variants": window.variants, "rules": window.rules, "excluded": excluded.get(subject, {})}
        yield _signal(subject, as_of, window.here, facts, told.sources[subject])


class _Window(NamedTuple):
    """A subject's window of filings: the lines that count, and what is told of them."""

    here: list[Line]
    figures: dict[str, Any]
    largest: dict[str, Any]
    clusters: int
    variants: dict[str, dict[str, Any]]
    rules: dict[str, int]


def _window(lines: list[Line]) -> _Window:
    here = counting(lines)
    return _Window(here, figures(here), largest(here), clusters(here), variants(here), rules(lines))


_NEVER = {"newest_trade": None, "newest_filed": None}
#: named by sentences, and said of the market or of a company only
_NOTHING = dict.fromkeys(
    (
        "month", "month_raw_buys", "month_raw_sells", "month_buys", "month_sells", "thin_month",
        "most_active", "most_active_change", "most_active_days",
    )
)  # fmt: skip


def _history(history: History, subject: str) -> dict[str, Any]:
    """How unusual the window is. `too_little_history` says of how many months where they are too few."""
    _, z, pct = history.spikes.get(subject, Spike(nan, nan, nan))
    return {
        "spike_z": None if isnan(z) else round(z, 3),
        "spike_pct": None if isnan(z) else round(pct, 4),
        "history_months": history.windows,
        "too_little_history": history.windows if history.windows < LEAST_HISTORY else None,
    }


def _market(months: list[dict[str, Any]], history: History) -> dict[str, Any]:
    """What is said of the market only: its log ratios, its months, and the last of them that is over."""
    over = next((month for month in months if month["complete"]), dict.fromkeys(months[0]))
    return {
        "log_ratio": round(history.log_ratio, 4),
        "log_ratio_capped": round(history.spikes[MARKET].log_ratio, 4),
        "month": over["month"],
        **{f"month_{name}": over[name] for name in _OF_MONTH},
        "thin_month": over["month"] if over["thin"] else None,
        "months": months,
    }


_OF_MONTH = ("raw_buys", "raw_sells", "buys", "sells", "npr", "breadth", "l_cap")


def _company(here: list[Line], often: dict[tuple[str, str], tuple[int, str]]) -> dict[str, Any]:
    """What is said of one company only."""
    who = insiders(here, often)
    first = (
        {}
        if not who
        else {
            "most_active": who[0]["name"],
            "most_active_change": who[0]["change"],
            "most_active_days": who[0]["days_traded"],
        }
    )
    return {**first, "insiders": who}


def _signal(
    subject: str, as_of: datetime, lines: list[Line], facts: dict[str, Any], sources: set[str]
) -> Signal:
    decided = [line for line in lines if line.discretionary]
    bought, sold = (usd_of(line for line in decided if line.buy == side) for side in (True, False))
    measured = all(line.known_quality == "A" for line in lines) and not facts["no_price_lines"]
    weighed = SELL_WEIGHT * sold
    strength = round((bought - weighed) / (bought + weighed + SHRINK), 4)
    state = _state(subject, facts, people(line for line in decided if line.buy), bought - sold)
    return Signal(
        indicator=INDICATOR.name,
        subject=subject,
        as_of=as_of,
        state=state,
        # who sold more is never called bullish, though a sale weighs little
        strength=min(strength, 0.0) if state in ("selling", "cluster") and bought <= sold else strength,
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
        "A cluster of buyers, though {cluster_outsold_usd:usd} more was sold than bought.",
        "In {window_days:int} days of filings insiders bought {buys_usd:usd} and sold {sells_usd:usd}.",
        "{buyers:int} insiders bought, {sellers:int} sold, in {filings:int} filings.",
        "Bought to sold: {ratio:x}.",
        "{month}: {month_raw_buys:int} purchases and {month_raw_sells:int} sales as filed, "
        "{month_buys:int} and {month_sells:int} decisions after cleaning.",
        "{thin_month} has too few filings to compare it with other months.",
        "{planned_share:pct} of the dollars sold were planned in advance (10b5-1).",
        "Too little history to say what is unusual: {too_little_history:int} past months.",
        "Against its own past this is z = {spike_z}.",
        "Largest buyer: {largest_buyer}, {largest_buyer_usd:usd}.",
        "{most_active} changed their direct holding by {most_active_change:pct}, and traded on "
        "{most_active_days:int} days within a year.",
        "Newest trade: {newest_trade}.",
    ),
    method=(
        "Open-market and private purchases (code P) and sales (S) of common stock from Forms 4, 4/A and 5, "
        "counted for 30 days from the moment EDGAR accepted the filing. Derivatives, awards, tax "
        "withholding, gifts and swaps are left out and counted. Joint filers and filings from two sources "
        "count once; an amendment replaces its original from its own acceptance on. The state looks at "
        "decisions only: not at 10b5-1 plans, private deals, exercise-and-sell or 10 % owners. Cluster: "
        "three or more officers or directors within 10 sessions for 250,000 USD. Spike: the log ratio of "
        "purchases to sales is 2.5 robust deviations above, and at the 95th percentile of, up to 60 past "
        "30-day windows, at least 20; for the market each company is capped at 2 % of the dollars. Routine "
        "is who traded in the same calendar month of each of the three past years. Sales say little: in the "
        "strength a sold dollar weighs a tenth of a bought one; where decisions to sell outweigh those to"
        " buy, a cluster of buyers is not called bullish."
    ),
    source="Lakonishok & Lee 2001; Jeng, Metrick & Zeckhauser 2003; Cohen, Malloy & Pomorski 2012",
)
