"""A figure that follows from others, beside what those give: a ratio of two prices, a sum of parts.

It is computed as an interval from what its publisher tells of the parts, or else from all that is told. With
a part missing there is no check.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from indicators._desk_facts import Sourced, standing
from storage import calendar

#: assumption: figures nearer than this say the same
NEAR = Decimal("0.05")
#: figures that follow from others: what is summed up over its period, and what that is divided by
FORMULAS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "material_cost_ratio": (("carbon_fibre_cost",), "steel_304_cost"),
    "loss_rate": (("satellites_deorbited",), "satellites_launched"),
    "dark_plus_block_sell": (("dark_pool_sell", "block_sell"), None),
    "share_of_round_rsi": (("earmarked_fund_rsi",), "fundraise"),
}
_YEAR = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")
_SESSIONS = re.compile(r"([1-9]\d?) days?")

Ends = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True)
class Check:
    """A stated figure beside what its parts give."""

    stated: Sourced
    parts: tuple[Sourced, ...]
    low: Decimal | None
    high: Decimal | None

    @property
    def differs(self) -> bool:
        """Whether the parts cannot give what is stated."""
        return apart(printed(self.stated), (self.low, self.high))


def checks(facts: Sequence[Sourced]) -> list[Check]:
    """Each figure that follows from others beside what those give."""
    every = standing(facts)
    usable = [fact for fact in every if fact.usable]
    found = (_check(fact, usable) for fact in every if fact.metric in FORMULAS and fact.value is not None)
    return [each for each in found if each is not None]


def printed(fact: Sourced) -> Ends:
    """The figures a source names, whether bounds or not."""
    return (fact.high if fact.low is None else fact.low, fact.low if fact.high is None else fact.high)


def years(fact: Sourced) -> set[int]:
    """The years of its period, those between the first and the last it names among them."""
    named = [int(year) for year in _YEAR.findall(fact.period or "")]
    return {*range(min(named), max(named) + 1)} if named else set()


def apart(a: Ends, b: Ends) -> bool:
    """Whether between two intervals there is a gap of more than `NEAR` of its smaller end."""
    gaps = [(high, low) for high, low in ((a[1], b[0]), (b[1], a[0])) if high is not None and low is not None]
    return any(low - high > NEAR * min(abs(low), abs(high)) for high, low in gaps)


def _check(stated: Sourced, facts: Sequence[Sourced]) -> Check | None:
    over, under = FORMULAS[stated.metric]
    summed = [
        _told(stated, [fact for fact in facts if fact.metric == metric and fact.as_of == moment])
        for moment in _moments(stated)
        for metric in over
    ]
    divisor = _told(stated, [fact for fact in facts if fact.metric == under])
    if not summed or not all(summed) or (under and not divisor):
        return None
    low, high = (_closed(ends, _sum) for ends in zip(*map(_hull, summed), strict=True))
    if divisor:
        least, most = _hull(divisor)
        low, high = (
            None if low is None or not most else low / most,
            None if high is None or not least else high / least,
        )
    parts = dict.fromkeys(fact for each in (*summed, divisor) for fact in each)
    return Check(stated, tuple(parts), low, high)


def _told(stated: Sourced, found: Sequence[Sourced]) -> Sequence[Sourced]:
    """Of `found` what the publisher of the stated figure says, or else all."""
    return [fact for fact in found if fact.publisher == stated.publisher] or found


def _moments(stated: Sourced) -> list[str]:
    """The dates whose figures a stated one sums up: so many sessions, each of its years, or its own date."""
    if sessions := _SESSIONS.fullmatch(stated.period or ""):
        count = int(sessions[1])
        days = calendar.sessions(stated.day - timedelta(days=3 * count + 7), stated.day)
        return [day.isoformat() for day in days[-count:]]
    return [str(year) for year in sorted(years(stated))] or [stated.as_of]


def _hull(facts: Sequence[Sourced]) -> Ends:
    lows, highs = [fact.low for fact in facts], [fact.high for fact in facts]
    return _closed(lows, min), _closed(highs, max)


def _closed(ends: Iterable[Decimal | None], of: Callable[[list[Decimal]], Decimal]) -> Decimal | None:
    """What `of` makes of `ends`; None if one of them is open."""
    every = list(ends)
    known = [end for end in every if end is not None]
    return of(known) if len(known) == len(every) else None


def _sum(ends: list[Decimal]) -> Decimal:
    return sum(ends, Decimal(0))
