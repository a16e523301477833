"""Market mood: five inputs, each against its own past, in one number from 0 (bearish) to 100 (bullish).

A description, not a forecast: the weights are equal and were chosen before anything was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from indicators import MARKET, Chart, Indicator, Quality, Signal, State
from indicators._mood_chart import picture
from indicators._mood_daily import off_exchange, options, read_market, sectors
from indicators._mood_index import LEAST_COVERAGE, SPAN, Composite, composite
from indicators._mood_inputs import INPUTS, SESSIONS, Course, axis
from indicators._mood_regime import BEAR, BULL, Regime, expected_delay, regimes
from indicators._mood_slow import FILINGS, insiders, valuation
from storage.frames import Frames
from storage.tables import Bar, CompanyEps, IndexEps, InsiderTrade, OptionDay, SectorMember, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES

#: plain words beside the number, by the whole number they go up to (bands as CNN's Fear & Greed Index has)
BANDS = {24: "extreme_fear", 44: "fear", 55: "balance", 75: "greed", 100: "extreme_greed"}


@dataclass(frozen=True)
class Known:
    """All that is known, as of one moment: the judged sessions and everything by them."""

    days: list[date]
    courses: dict[str, Course]
    composite: Composite
    regime: Regime


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """One Signal, of MARKET, for the newest session that has settled; none where no input was ever known."""
    if subjects is not None and MARKET not in subjects:
        return
    known = _read(frames)
    if known is None:
        return
    facts = _facts(known)
    index, state = facts["index"], "paused" if facts["index"] is None else known.regime.states[-1]
    here = [each for each in known.courses.values() if np.isfinite(each.z[-1])]
    sources = sorted(set().union(*(each.sources for each in here or known.courses.values())))
    # sides of trades are inferred; with an input missing it is another mixture than meant
    quality: Quality = "B" if len(here) == len(INPUTS) else "C"
    yield Signal(
        indicator=INDICATOR.name,
        subject=MARKET,
        as_of=frames.as_of,
        state=state,
        strength=0.0 if index is None else round((index - 50) / 50, 4),
        quality=quality,
        n=len(here),
        source=f"composite of {len(here)} inputs ({', '.join(sources)})",
        facts=facts,
    )


def _read(frames: Frames) -> Known | None:
    days = axis(frames.as_of)
    market = read_market(frames, days)
    courses = {
        "options": options(frames, days),
        "insiders": insiders(frames, days),
        "valuation": valuation(frames, days),
        "off_exchange": off_exchange(frames, days, market),
        "sectors": sectors(market, days),
    }
    if not any(np.isfinite(each.x).any() for each in courses.values()):
        return None
    found = composite(courses)
    return Known(days[-SESSIONS:], courses, found, regimes(found.index.tolist()))


def _facts(known: Known) -> dict[str, Any]:
    found, regime = known.composite, known.regime
    index = float(found.index[-1]) if np.isfinite(found.index[-1]) else None
    coverage = float(found.coverage[-1])
    judged = int(np.isfinite(found.index).sum())
    # a pause is no regime: what was before it is said by `regime`
    since = regime.switches[-1] if regime.switches and index is not None else None
    facts: dict[str, Any] = {
        "session": known.days[-1].isoformat(),
        "so_far": False,
        "index": index,
        "coverage": coverage,
        "coverage_needed": LEAST_COVERAGE,
        "paused_coverage": coverage if index is None else None,
        "trend": _or_none(found.trend[-1]) if index is not None else None,
        "contrarian": _or_none(found.contrarian[-1]) if index is not None else None,
        "regime": regime.states[-1],
        "state_since": None if since is None else known.days[since].isoformat(),
        "sessions_in_state": None if since is None else len(known.days) - since,
        "switches": len(regime.switches) if judged else None,
        "history_sessions": judged,
        "expected_delay": expected_delay(SPAN),
        "components": {each.name: _component(known, place) for place, each in enumerate(INPUTS)},
    }
    facts |= {f"{name}_points": each["contribution"] for name, each in facts["components"].items()}
    facts |= dict.fromkeys(BANDS.values())
    if index is not None:
        facts[next(word for most, word in BANDS.items() if round(index) <= most)] = index
    return facts


def _component(known: Known, place: int) -> dict[str, Any]:
    """One input: its value, how far that is from usual, and the points it adds to 50, smoothed.

    An input that is not known any more may still add what it did some sessions ago.
    """
    course = known.courses[INPUTS[place].name]
    z, points = _or_none(course.z[-1]), _or_none(known.composite.contributions[place, -1])
    return {
        "value": _or_none(course.x[-1]),
        "contribution": None if z is None and not points else points,
        "z": z,
        "score": _or_none(known.composite.scores[place, -1]),
        "weight": INPUTS[place].weight,
        "as_of": None if course.told is None else course.told.isoformat(),
        "measure": course.measure or None,
        "source": ", ".join(sorted(course.sources)) or None,
    }


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def chart(frames: Frames, signal: Signal) -> Chart:
    """The index with its bands and turns, and the board of what pushes it."""
    known = _read(frames)
    assert known is not None  # or there would be no signal
    return picture(known.days, known.composite, known.regime, signal.facts)


def _reasons() -> str:
    """Why + is bullish, input by input, as the table of inputs has it."""
    return "; ".join(f"{each.label}: {each.reason}" for each in INPUTS)


INDICATOR = Indicator(
    name="sentiment",
    title="Market mood",
    inputs=(
        OPTION_TRADES,
        OPTION_QUOTES,
        OptionDay,
        InsiderTrade,
        IndexEps,
        CompanyEps,
        EQUITY_TRADES,
        EQUITY_QUOTES,
        ShortVolume,
        Bar,
        SectorMember,
    ),
    # ten years of the slow inputs before the year that is judged; of the others less is read
    lookback=FILINGS + timedelta(days=10),
    compute=compute,
    chart=chart,
    states={
        "bull": State("{subject}: the mood is bullish", loud=True),
        "bear": State("{subject}: the mood is bearish", loud=True),
        "neutral": State("{subject}: the mood is neither bullish nor bearish", loud=True),
        "paused": State("{subject}: the mood is paused, too few inputs are known", loud=False),
    },
    rest="paused",
    sentences=(
        "Mood {extreme_fear:int} of 100: extreme fear.",
        "Mood {fear:int} of 100: fear.",
        "Mood {balance:int} of 100: neither fear nor greed.",
        "Mood {greed:int} of 100: greed.",
        "Mood {extreme_greed:int} of 100: extreme greed.",
        "Known of the inputs: {paused_coverage:pct}; {coverage_needed:pct} are needed.",
        "In this state since {state_since}, for {sessions_in_state:int} sessions.",
        "Going with the crowd (options, off-exchange, sectors): {trend:int}.",
        "Against the crowd (insiders, valuation): {contrarian:int}.",
        "A turn is told about {expected_delay:int} sessions late; {switches:int} turns in "
        "{history_sessions:int} judged sessions.",
        "A description: no forecast is proven.",
        "Points added to 50 by option premium: {options_points}.",
        "Points added to 50 by insiders: {insiders_points}.",
        "Points added to 50 by the forward P/E: {valuation_points}.",
        "Points added to 50 by trades off the exchanges: {off_exchange_points}.",
        "Points added to 50 by sector breadth: {sectors_points}.",
    ),
    method=(
        "Each input is measured against its own past: robust z by two years of sessions (at least one), of "
        "slow inputs by ten years of their own months (at least 24) or weeks (52); at most ±3; 100·Φ(z). "
        "The index is their mean with equal weights, chosen in advance and never fitted; under 60 % known it "
        f"pauses. Then a 5-day average. What + means was fixed before measuring. {_reasons()}. Months of "
        "insiders stand 31 days, weekly estimates 10; prints come before day totals and FINRA's figures. "
        f"Bullish from {BULL:.0f}, bearish from {BEAR:.0f}, for three sessions in a row; left beyond 50 for "
        "three; five sessions at least, from a year of sessions. No forecast is proven."
    ),
    source="CNN's Fear & Greed Index (equal weights, bands); Baker & Wurgler 2006 (why a composite)",
    at_close=True,
)
