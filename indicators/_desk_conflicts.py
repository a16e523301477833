"""Where what is told of one company does not agree, and how that may be shown. Nothing is averaged.

Two figures differ if the gap between them is more than 5 % of the smaller one. Figures of one metric, basis,
period and moment that differ are a range; of different bases they are lines of their own, never a range.
A figure that follows from others is set beside what they give (`_desk_checks`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from indicators._desk_checks import Ends, apart, checks, printed, years
from indicators._desk_facts import Sourced, standing
from storage.fact_tables import REVENUE, VALUATION

#: metrics that are taken for each other and count different things
ALIKE = {
    "satellites": (
        "satellites_launched", "satellites_in_orbit", "satellites_in_operation",
        "satellites_in_constellation",
    ),
    "loss_and_spending": ("loss", "cash_burn_cumulative", "compute_spend_cumulative", "compute_spend_peak"),
    "reserve_or_fund": ("compute_reserve_required", "earmarked_fund_rsi"),
    "time_of_offering": ("ipo_year", "ipo_window"),
}  # fmt: skip


@dataclass(frozen=True)
class Conflict:
    """Facts that do not agree.

    `rule`: `range` from the lowest to the highest figure told, an end open (None) where that figure is itself
    a bound; `bounds` from the lowest to the highest of several bounds; `computed` what the other sources give
    for the first; `replaced` the last source, which corrects the others. `two_kinds` and `flagged` have no
    ends: each source is a line of its own, and what is flagged is never computed with.
    """

    metric: str
    rule: str
    low: Decimal | None
    high: Decimal | None
    unit: str
    period: str | None
    sources: tuple[Sourced, ...]


def conflicts(facts: Sequence[Sourced]) -> list[Conflict]:
    """Every disagreement among the facts of one company: ranges first, warnings last."""
    every = standing(facts)
    sound = [fact for fact in every if fact.flag is None]
    wrong = [check for check in checks(facts) if check.differs]
    told = [check.stated for check in wrong]
    return [
        *_ranges(sound),
        *_kinds(sound),
        *(_conflict("computed", (each.stated, *each.parts), (each.low, each.high)) for each in wrong),
        *_corrections(facts),
        *(_conflict("flagged", [fact]) for fact in every if fact.flag is not None and fact not in told),
    ]


def _ranges(facts: Sequence[Sourced]) -> Iterator[Conflict]:
    """One metric, one basis, one period, one moment."""
    for group in _groups(facts, lambda a, b: a.basis == b.basis and _together(a, b)):
        told = [fact for fact in group if fact.value is not None]
        if not any(_differ(a, b) for a in told for b in told):
            continue
        figures = [end for fact in told for end in printed(fact) if end is not None]
        low, high = min(figures), max(figures)
        bounds = [[fact for fact in told if fact.bound == bound] for bound in (">=", "<=")]
        if any(all(any(not _differ(a, b) for b in each) for a in told) for each in bounds):
            yield _conflict("bounds", group, (low, high))
            continue
        no_low = any(fact.low is None and fact.high == low for fact in told)
        no_high = any(fact.high is None and fact.low == high for fact in told)
        yield _conflict("range", group, (None if no_low else low, None if no_high else high))


def _kinds(facts: Sequence[Sourced]) -> Iterator[Conflict]:
    """One metric and moment on different bases or in different words; metrics that look alike."""
    for group in _groups(facts, _together):
        mixed = any(a.basis != b.basis and _differ(a, b) for a in group for b in group)
        if mixed or len({fact.said for fact in group if fact.value is None}) > 1:
            yield _conflict("two_kinds", group)
    for name, metrics in ALIKE.items():
        family = [fact for fact in facts if fact.metric in metrics]
        if len({fact.metric for fact in family}) > 1:
            yield _conflict("two_kinds", family, name=name)


def _corrections(facts: Sequence[Sourced]) -> Iterator[Conflict]:
    by_ref = {fact.ref: fact for fact in facts}
    for fact in facts:
        old = [by_ref[ref] for ref in (fact.replaces or "").split("|") if ref in by_ref]
        if old:
            yield _conflict("replaced", [*old, fact], (fact.low, fact.high))


def _conflict(
    rule: str, sources: Sequence[Sourced], ends: Ends = (None, None), name: str | None = None
) -> Conflict:
    periods = {fact.period for fact in sources}
    period = periods.pop() if len(periods) == 1 else None
    unit = next((fact.unit for fact in sources if fact.value is not None), sources[0].unit)
    return Conflict(name or _topic(sources[0]), rule, *ends, unit, period, tuple(sources))


def _groups(facts: Sequence[Sourced], same: Callable[[Sourced, Sourced], bool]) -> list[list[Sourced]]:
    """Sets of facts of which each is the `same` as every other; one of a coarse date may be in several."""
    groups: list[list[Sourced]] = []
    for fact in sorted(facts, key=lambda fact: (-len(fact.as_of), fact.as_of, fact.ref)):
        homes = [group for group in groups if all(same(fact, each) for each in group)]
        for group in homes:
            group.append(fact)
        if not homes:
            groups.append([fact])
    return [[fact for fact in facts if fact in group] for group in groups]


def _together(a: Sourced, b: Sourced) -> bool:
    """Whether two facts are about one metric, stretch of time and moment, whatever their bases.

    Valuations: within a month. Revenues: of one year, whenever told. Prices of a share: as of the same date.
    All else: of dates and of periods that overlap.
    """
    if _topic(a) != _topic(b) or (a.currency and b.currency and a.currency != b.currency):
        return False
    if a.metric in VALUATION:
        return _overlap(a.as_of[:7], b.as_of[:7])
    if a.metric in REVENUE:
        return a.year is not None and a.year == b.year
    if a.metric == "price_per_share" or a.unit == "money/share":
        return a.as_of == b.as_of
    sums = {"cumulative" in (fact.period or "") for fact in (a, b)}
    same_years = not (years(a) and years(b)) or bool(years(a) & years(b))
    return _overlap(a.as_of, b.as_of) and len(sums) == 1 and same_years


def _topic(fact: Sourced) -> str:
    families = (family[0] for family in (VALUATION, REVENUE) if fact.metric in family)
    return next(families, fact.metric)


def _overlap(a: str, b: str) -> bool:
    """Whether one of two dates, each a day, a month or a year, is within the other."""
    return a.startswith(b) or b.startswith(a)


def _differ(a: Sourced, b: Sourced) -> bool:
    return a.value is not None and b.value is not None and apart(printed(a), printed(b))
