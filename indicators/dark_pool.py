"""Off-exchange trades and blocks: what was bought and sold away from the exchanges, as far as that shows.

Every print has a buyer and a seller, and most off-exchange volume is market makers filling retail orders: a
lean is not an intent. Three grades of data stay apart: prints (B1), FINRA's short volume by session (B2) and
its weekly dark-pool shares (B3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from indicators import MARKET, Indicator, Quality, Signal, State
from indicators._dark_chart import chart
from indicators._dark_course import EPISODE_FACTS, course_of, episode_facts
from indicators._dark_days import Past, past_of, read_sessions
from indicators._dark_facts import PRINT_FACTS, print_facts
from indicators._dark_finra import SHORT, WEEK, day_of, short_facts, week_facts
from indicators._dark_selling import (
    FLOOR_USD,
    IMBALANCE,
    LEAST_COVERAGE,
    MARKET_FLOOR_USD,
    SMOOTHING,
    SPAN,
    Course,
)
from indicators._near_high import Closes, high_facts, read_closes
from indicators._stats import slr
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, OffExchangeWeek, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES

#: assumptions: with less signed and unsigned USD, or fewer signed prints, a session says nothing
LEAST_USD, LEAST_SIGNED = 1e6, 10
#: prints this much older than FINRA's newest session are no headline any more
LATE = timedelta(days=7)


@dataclass(frozen=True)
class Known:
    """All that is known, as of one moment."""

    as_of: datetime
    past: Past
    course: Course
    closes: Closes
    #: FINRA's facts by symbol
    short: Mapping[str, Mapping[str, Any]]
    weeks: Mapping[str, Mapping[str, Any]]


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """Yield a signal for each subject with prints in the newest session or rows in FINRA's newest files.

    A subject asked for is judged by its own newest session within the look-back; MARKET by all prints of the
    newest one. Where there are only FINRA's figures, they are told and no direction is claimed.
    """
    known = _read(frames, subjects)
    for subject in _everybody(known) if subjects is None else dict.fromkeys(subjects):
        printed = known.past.newest(subject)
        short, week = known.short.get(subject, {}), known.weeks.get(subject, {})
        told = day_of(short, "short_session")
        if printed is not None and (told is None or told - printed <= LATE):
            yield _of_prints(known, subject, printed)
        elif short or week:
            yield _of_finra(known, subject)


def _read(frames: Frames, subjects: Sequence[str] | None) -> Known:
    sessions = read_sessions(frames.tape(EQUITY_TRADES), frames.tape(EQUITY_QUOTES), subjects)
    short, weeks = short_facts(frames[ShortVolume]), week_facts(frames[OffExchangeWeek])
    past = past_of(sessions)
    closes = read_closes(frames[Bar], [*{**past.places, **short, **weeks}])
    return Known(frames.as_of, past, course_of(past, closes, frames.as_of), closes, short, weeks)


def _everybody(known: Known) -> list[str]:
    """Who is in the newest session of prints, or in FINRA's newest of either kind."""
    newest = known.past.days[-1] if known.past.sessions else None
    found = [name for name in known.past.places if newest and known.past.newest(name) == newest]
    for told, name in ((known.short, "short_session"), (known.weeks, "ats_week")):
        last = max((facts[name] for facts in told.values()), default=None)
        found += [symbol for symbol, facts in told.items() if facts[name] == last]
    return sorted(set(found))


def _of_prints(known: Known, subject: str, day: date) -> Signal:
    column = known.past.days.index(day)
    facts = print_facts(known.past, subject, column, known.as_of)
    facts |= high_facts(known.closes, subject, _today(known))
    facts |= episode_facts(known.past, known.course, known.closes, subject, column, facts["near_high"])
    state = _state(facts)
    source = f"stock prints and quotes ({known.past.sessions[column].source})"
    sure = (facts["coverage"] or 0) >= LEAST_COVERAGE and facts["block_sessions"] > 0
    quality: Quality = "B" if sure else "C"
    strength = _strength(known, subject, column, state)
    return _signal(known, subject, state, strength, quality, facts["trades"], source, facts | {"grade": "B1"})


def _of_finra(known: Known, subject: str) -> Signal:
    """What FINRA alone says: shares without a side."""
    short, week = known.short.get(subject, {}), known.weeks.get(subject, {})
    monday = day_of(week, "ats_week")
    session = short.get("short_session")
    if session is None and monday is not None:
        session = calendar.sessions(monday, monday + timedelta(days=6))[-1].isoformat()
    facts = {"session": session} | dict.fromkeys(PRINT_FACTS)
    facts |= high_facts(known.closes, subject, _today(known)) | dict.fromkeys(EPISODE_FACTS)
    facts |= {"grade": "B2" if short else "B3", "so_far": False}
    n = len(short.get("short_by_market", ())) or 1
    return _signal(known, subject, "prints_missing", 0.0, "C", n, "", facts)


def _signal(
    known: Known, subject: str, state: str, strength: float, quality: Quality, n: int, source: str, facts: Any
) -> Signal:
    short, week = known.short.get(subject, {}), known.weeks.get(subject, {})
    finra = {said["short_source"] for said in (short,) if said} | {
        said["ats_source"] for said in (week,) if said
    }
    sources = [source] * bool(source) + [f"FINRA's off-exchange totals ({', '.join(sorted(finra))})"] * bool(
        finra
    )
    facts = facts | dict.fromkeys((*SHORT, *WEEK)) | short | week
    return Signal("dark_pool", subject, known.as_of, state, strength, quality, n, "; ".join(sources), facts)


def _today(known: Known) -> date:
    return known.as_of.astimezone(calendar.NEW_YORK).date()


def _state(facts: Mapping[str, Any]) -> str:
    """The state: an episode while it lasts, else what this session alone says."""
    if facts["sustained_days"]:
        return "selling_near_high" if facts["begun_near_high"] else "selling"
    if facts["buying_days"]:
        return "buying"
    if facts["imbalance"] is None or facts["signed_trades"] < LEAST_SIGNED:
        return "thin"
    if facts["buy_usd"] + facts["sell_usd"] + facts["unknown_usd"] < LEAST_USD:
        return "thin"
    if facts["coverage"] < LEAST_COVERAGE:
        return "unclear"
    if abs(facts["imbalance"]) < -IMBALANCE:
        return "balanced"
    if facts["imbalance_low"] > 0:
        return "net_buying"
    return "net_selling" if facts["imbalance_high"] < 0 else "unclear"


def _strength(known: Known, subject: str, column: int, state: str) -> float:
    """Shrunk imbalance: tanh(slr / 2) = (buy − sell) / (buy + sell + 2k), where k holds what is unknown.

    Of an episode the last five sessions together; 0 where no direction is claimed.
    """
    sign = {"selling_near_high": -1, "selling": -1, "net_selling": -1, "buying": 1, "net_buying": 1}.get(
        state
    )
    if sign is None:
        return 0.0
    place, last = known.past.places[subject], 1 if state.startswith("net_") else SPAN
    shown = slice(max(column + 1 - last, 0), column + 1)
    buy, sell, unknown = (
        float(np.nansum(side[place, shown])) for side in (known.past.buy, known.past.sell, known.past.unknown)
    )
    floor = MARKET_FLOOR_USD if subject == MARKET else FLOOR_USD
    usual = known.course.usual[place, column]
    k = max(floor, SMOOTHING * last * float(np.nan_to_num(usual))) + unknown / 2
    lean = max(sign * float(np.tanh(slr(buy, sell, k) / 2)), 0.0)
    return round(sign * lean, 4) + 0.0  # minus nothing is nothing


INDICATOR = Indicator(
    name="dark_pool",
    title="Off-exchange trades and blocks",
    inputs=(EQUITY_TRADES, EQUITY_QUOTES, ShortVolume, OffExchangeWeek, Bar),
    # of bars a year before each of the days of a year that say how often a fall followed
    lookback=timedelta(days=760),
    compute=compute,
    chart=chart,
    states={
        "selling_near_high": State(
            "{subject}: sustained off-exchange selling, begun near its 52-week high", loud=True
        ),
        "selling": State("{subject}: sustained off-exchange selling", loud=True),
        "buying": State("{subject}: sustained off-exchange buying", loud=True),
        "net_selling": State("{subject}: more sold than bought off the exchanges", loud=False),
        "net_buying": State("{subject}: more bought than sold off the exchanges", loud=False),
        "balanced": State("{subject}: off-exchange buying and selling balance", loud=False),
        "unclear": State("{subject}: direction of off-exchange trades not identified", loud=False),
        "thin": State("{subject}: too few off-exchange prints with a side to judge", loud=False),
        "prints_missing": State("{subject}: FINRA's off-exchange totals only, without a side", loud=False),
    },
    rest="prints_missing",
    sentences=(
        "Session {session}, off the exchanges: bought {dark_buy_usd:usd}, sold {dark_sell_usd:usd}, "
        "side unknown {unknown_usd:usd}.",
        "Sustained net selling for {sustained_days:int} sessions, since {selling_since}.",
        "Sustained net buying for {buying_days:int} sessions, since {buying_since}.",
        "Close {close_usd:usd} ({close_session}), {below_high:pct} below the highest close of 52 weeks, "
        "{high_close_usd:usd} ({high_session}).",
        "Near that high for {near_high_days:int} sessions. After such days it fell by 10 % within 20 "
        "sessions in {drawdown_near:pct} of {drawdown_near_n:int} cases, after all days in "
        "{drawdown_any:pct}.",
        "{off_exchange_share:pct} of its shares traded off the exchanges, market makers' own fills included.",
        "Risk level {risk_level:int} of 3: after days of this level it fell by 10 % within 20 sessions in "
        "{drawdown_level:pct} of {drawdown_level_n:int} cases, after all days in {drawdown_any:pct}.",
        "Blocks on exchanges: bought {block_buy_usd:usd}, sold {block_sell_usd:usd}.",
        "Bought to sold is {ratio:x}; what has no side leaves it between {ratio_low:x} and {ratio_high:x}.",
        "Left out as retail by its price: {retail_usd:usd}.",
        "Of {short_total:int} off-exchange shares on {short_session} market makers marked {short_share:pct} "
        "short: mostly to fill buyers.",
        "Dark pools (ATS) had {ats_share:pct} of the off-exchange shares in the week of {ats_week}.",
    ),
    method=(
        "Prints off the exchanges (TRF: dark pools, and market makers filling retail orders) and blocks on "
        "exchanges. Above the midpoint of the quote before it a print counts as bought, below as sold; "
        "within a tenth of the spread of it, without a fair quote, late, after hours or at an average price "
        "it has no side. Sub-penny prices are left out as retail. A block has 1 million USD and is as large "
        "as one print in a thousand of the name's last 20 sessions. Sustained: the 5-day average of z, of "
        "the log ratio of bought to sold against its own 60 sessions, is 2 below usual, and 3 of 5 days "
        "lean by a fifth with half of the dollars signed and 2 % of a usual day's volume; it is over when "
        "the average is above −0.5. Near the high: within 5 % of the highest close of 252 sessions. Risk: 1 "
        "near the high, 2 sustained selling, 3 both. FINRA's figures stand apart. Dark trades are less "
        "informed than displayed ones; nearness to the high by itself drifts up."
    ),
    source=(
        "Lee & Ready (midpoint); Boehmer, Jones, Zhang & Zhang and Barber et al. (retail); George & Hwang "
        "(52-week high); Comerton-Forde & Putniņš and Zhu (what dark trades know); Manski (bounds)"
    ),
)
