"""How far a company is on its way to the exchange, and the arithmetic of an offering, every step shown.

Source of the method: float = raise ÷ valuation; proceeds = shares × price a share + committed capital; the
split an offer implies is what makes its price and the last mark's both true (docs/indicators.md, valuation).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from indicators import _desk_marks as marks
from indicators._desk_companies import Company
from indicators._desk_facts import Sourced, standing
from indicators._desk_math import RefusedError
from indicators._desk_offering import Step, float_share, implied_split, new_shares, parent_shares, proceeds

#: from a company nobody can buy to one everybody can
STAGES = ("private", "planned", "filed", "priced", "listed")
#: what is only said of a company that means to be listed
_PLANS = ("fundraise_ipo", "ipo_year", "ipo_window")


def stage(company: Company, facts: Sequence[Sourced], today: date) -> str:
    """The stage on `today`: what the newest fact says, or what ticker and plans imply."""
    if company.ticker and (company.listed is None or company.listed <= today):
        return "listed"
    stood = [fact for fact in standing(facts) if fact.flag is None]
    said = [fact.said for fact in stood if fact.metric == "ipo_stage" and fact.said in STAGES]
    if said:
        return said[-1] or STAGES[0]
    planned = any(fact.metric in _PLANS for fact in stood) or any(
        mark.basis == "ipo_target" for mark in marks.current(facts)
    )
    return STAGES[planned]


def offering(facts: Sequence[Sourced], parts: Sequence[Sourced]) -> list[dict[str, Any]]:
    """The steps of what is said of an offering, each with the refs of the facts it is made of.

    `parts`: the facts of what belongs to the company, such as a proposal to list it. A step whose input is
    not known, or cannot be computed with, is left out.
    """
    return [{**asdict(step), "refs": refs} for step, refs in _steps(facts, parts)]


def _steps(facts: Sequence[Sourced], parts: Sequence[Sourced]) -> Iterator[tuple[Step, list[str]]]:
    target = next((mark for mark in marks.current(facts) if mark.basis == "ipo_target"), None)
    paid = _newest(facts, "price_per_share")
    # the mark that price was paid at: of another day it would be another number of shares
    traded = next((mark for mark in marks.history(facts) if paid and mark.as_of == paid.as_of), None)
    for raised in _all(facts, "fundraise_ipo"):
        yield from _try(float_share, raised, target)
    rights, each = _newest(parts, "spar_total"), _newest(parts, "shares_per_spar")
    outstanding = _newest(parts, "spar_already_outstanding")
    yield from _try(parent_shares, rights, outstanding, _newest(parts, "spar_per_tesla_share"))
    made = list(_try(new_shares, rights, each))
    yield from made
    committed = _newest(parts, "committed_capital")
    for price in _all(parts, "exercise_price"):
        for step, refs in made:
            for come, more in _try(proceeds, step.value, price, committed):
                yield come, [*refs, *more]
        yield from _try(implied_split, target, price, traded, paid)


def _try(
    steps: Callable[..., list[Step]], *inputs: Sourced | float | None
) -> Iterator[tuple[Step, list[str]]]:
    if any(each is None for each in inputs):
        return
    refs = [each.ref for each in inputs if isinstance(each, Sourced)]
    figures = [each.value if isinstance(each, Sourced) else each for each in inputs]
    try:
        found = steps(*figures)
    except RefusedError:
        return
    yield from ((step, refs) for step in found)


def _all(facts: Sequence[Sourced], metric: str) -> list[Sourced]:
    """One fact of each value the metric is said to have."""
    found = {fact.value: fact for fact in standing(facts) if fact.metric == metric and fact.usable}
    return [found[value] for value in sorted(value for value in found if value is not None)]


def _newest(facts: Sequence[Sourced], metric: str) -> Sourced | None:
    """The fact of the metric that is true of the latest moment."""
    return next((f for f in reversed(standing(facts)) if f.metric == metric and f.usable), None)
