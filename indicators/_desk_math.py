"""Arithmetic of valuations: multiples as intervals, and what a price requires.

Source of the method: a ratio of two claims is the interval of all ratios they allow, of one basis only
(docs/indicators.md, valuation); what a price requires is V(1+r)^n, discounting turned round
(Damodaran, Investment Valuation).
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import mul, truediv
from typing import Any

from indicators._desk_facts import Sourced
from storage.fact_tables import REVENUE, VALUATION

Number = float | Decimal
#: from the strongest: a forecast names who answers for it, a rumour claims a fact that nobody answers for,
#: an opinion claims none
KINDS = ("reported", "forecast", "rumoured", "opinion")
_PART_OF_A_YEAR = re.compile(
    r"[HQ][1-4]|[1-4][HQ]|quarter|half|month|week|\bdays?\b|^\d{4}-\d\d$", re.IGNORECASE
)


class RefusedError(ValueError):
    """What cannot be computed with, and why; `sentence` is a gettext key, `facts` the values of its `{…}`."""

    def __init__(self, sentence: str, facts: Mapping[str, Any]) -> None:
        super().__init__(re.sub(r"\{(\w+)(?::\w+)?\}", lambda slot: written(facts[slot[1]]), sentence))
        self.sentence, self.facts = sentence, dict(facts)


@dataclass(frozen=True)
class Interval:
    """Everything from `low` to `high`; None: no bound on that side. Raises RefusedError for no interval."""

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if not all(math.isfinite(end) for end in ends):
            raise RefusedError("A number is not finite.", {})
        if ends != sorted(ends):
            raise RefusedError("{low} is above {high}.", {"low": self.low, "high": self.high})

    @classmethod
    def of(cls, claim: Sourced | Number) -> "Interval":
        """What a fact claims, or the point a number is."""
        low, high = (claim.low, claim.high) if isinstance(claim, Sourced) else (claim, claim)
        return cls(None if low is None else float(low), None if high is None else float(high))

    def __str__(self) -> str:
        """As a multiple is written: `65.4×`, `62.5–68.2×`, `≤ 41.5×`."""
        low, high = (
            "" if end is None else f"{end:.3g}" if end < 100 else f"{end:,.0f}"
            for end in (self.low, self.high)
        )
        if low and high:
            return f"{low}×" if low == high else f"{low}–{high}×"
        return f"≥ {low}×" if low else f"≤ {high}×" if high else "?"


def multiple(value: Interval, sales: Interval) -> Interval:
    """All quotients of two positive amounts, [V_low / R_high, V_high / R_low]: no bound where one is missing.

    Raises RefusedError where either may be 0 or less.
    """
    _above_zero(value, sales)
    return Interval(_of_both(truediv, value.low, sales.high), _of_both(truediv, value.high, sales.low))


def product(one: Interval, other: Interval) -> Interval:
    """All products of two positive amounts, as users × the share that pays; refuses as `multiple` does."""
    _above_zero(one, other)
    return Interval(_of_both(mul, one.low, other.low), _of_both(mul, one.high, other.high))


def total(parts: Iterable[Interval]) -> Interval:
    """All sums of one of each; no bound on a side where one part has none."""
    every = [*parts]
    lows, highs = [part.low for part in every], [part.high for part in every]
    return Interval(
        *(None if None in ends else sum(end for end in ends if end is not None) for ends in (lows, highs))
    )


def exceeds(one: Interval, other: Interval) -> bool | None:
    """Whether all of `one` is above all of `other`; None where the claims do not tell."""
    if one.low is not None and other.high is not None and one.low > other.high:
        return True
    return False if one.high is not None and other.low is not None and one.high <= other.low else None


def arpu(revenue: Interval, users: Interval, months: float = 12) -> Interval:
    """Revenue of `months` per user and month, in the revenue's currency; refuses as `multiple` does."""
    return multiple(revenue, product(users, Interval.of(months)))


def weaker(one: str, other: str) -> str:
    """The kind of a ratio of two facts: reported > forecast > rumoured > opinion; ValueError for another."""
    return max(one, other, key=KINDS.index)


def comparable(mark: Sourced, sales: Sourced, beside: Interval | None = None) -> None:
    """Raise RefusedError, with the reason, where a valuation and sales cannot be divided.

    Both must call their company the same. `beside`: the multiple of a year's revenue that a multiple of a
    run-rate would be read next to.
    """
    _claim(mark, VALUATION)
    _claim(sales, REVENUE)
    facts: dict[str, Any] = {
        "mark": mark.value, "mark_as_of": mark.as_of, "mark_currency": mark.currency, "company": mark.entity,
        "sales": sales.value, "as_of": sales.as_of, "currency": sales.currency, "entity": sales.entity,
        "period": sales.period,
    }  # fmt: skip
    if mark.entity.casefold() != sales.entity.casefold():
        raise RefusedError("{sales} {currency} of {as_of} are sales of {entity}, not of {company}.", facts)
    if mark.currency != sales.currency:
        raise RefusedError(
            "The valuation of {mark_as_of} is in {mark_currency}, the sales of {as_of} in {currency}.", facts
        )
    if mark.basis == "ev":
        raise RefusedError(
            "{mark} {mark_currency} of {mark_as_of} is an enterprise value, debt included: divided by sales "
            "it cannot stand beside multiples of equity.",
            facts,
        )
    if mark.basis == "hypothetical":
        raise RefusedError(
            "{mark} {mark_currency} of {mark_as_of} is hypothetical: nobody paid or asked for it.", facts
        )
    if sales.basis == "run_rate":
        facts["multiple"] = str(multiple(Interval.of(mark), Interval.of(sales)))
        if beside is None:
            raise RefusedError(
                "{sales} {currency} is an annualised run-rate of {as_of}, not the revenue of a fiscal year: "
                "dividing by it would give {multiple}, which cannot stand beside multiples of a year.",
                facts,
            )
        raise RefusedError(
            "{sales} {currency} is an annualised run-rate of {as_of}, not the revenue of a fiscal year: "
            "dividing by it would give {multiple}, which cannot stand beside {other}.",
            facts | {"other": str(beside)},
        )
    if sales.basis == "trailing":
        return
    if not sales.period:
        raise RefusedError("{sales} {currency} of {as_of} do not say of which year they are sales.", facts)
    if _PART_OF_A_YEAR.search(sales.period):
        raise RefusedError("{sales} {currency} of {as_of} are sales of {period}, less than a year.", facts)
    if sales.year is None:
        raise RefusedError("{sales} {currency} of {as_of} are sales of {period}, not of one year.", facts)


def _claim(fact: Sourced, metrics: tuple[str, ...]) -> None:
    """Refuse a fact that is no amount of money, of one of `metrics`, that can be computed with."""
    told = {name: getattr(fact, name) or "?" for name in ("as_of", "publisher", "unit", "flag")}
    told["metric"] = fact.metric.replace("_", " ")
    if fact.flag is not None:
        raise RefusedError("The {metric} of {as_of} ({publisher}) is marked {flag}.", told)
    if fact.value is None:
        raise RefusedError("The {metric} of {as_of} ({publisher}) names no figure.", told)
    if fact.unit not in ("money", "money/year"):
        raise RefusedError("The {metric} of {as_of} ({publisher}) is in {unit}, not in money.", told)
    if fact.metric not in metrics and "revenue" in metrics and "revenue" in fact.metric:
        raise RefusedError("The {metric} of {as_of} ({publisher}) is a part of the company's sales.", told)
    if fact.metric not in metrics:
        raise RefusedError("The {metric} of {as_of} ({publisher}) is neither a valuation nor sales.", told)
    if not fact.currency:
        raise RefusedError("The {metric} of {as_of} ({publisher}) names no currency.", told)


def required_revenue(
    value: Number, multiple: Number, annual_return: Number, years: Number, dilution: Number = 0.0
) -> float:
    """Revenue in `years` at which today's price earns `annual_return` a year: V(1+r)^n (1+d)^n / m.

    Money in the currency of `value`; `dilution` is new shares a year as a share of the old ones. Raises
    RefusedError for what is not finite or not above 0; a return or a dilution may be 0.
    """
    rates = [float(rate) for rate in (annual_return, dilution)]
    if any(rate < 0 for rate in rates):
        raise RefusedError("A return or a dilution of {rate:pct} a year is below 0.", {"rate": min(rates)})
    grown = positive(value) * _power((1 + rates[0]) * (1 + rates[1]), positive(years))
    return runway(grown, multiple)


def exit_multiple(
    value: Number, sales: Number, annual_return: Number, years: Number, dilution: Number = 0.0
) -> float:
    """The multiple of `sales` in `years` at which today's price earns that return; see `required_revenue`."""
    return required_revenue(value, sales, annual_return, years, dilution)


def margin_route(value: Number, annual_return: Number, years: Number, margin: Number, pe: Number) -> float:
    """Revenue in `years` that earns that return at a net `margin` and a P/E: V(1+r)^n / (margin · PE)."""
    return required_revenue(value, positive(margin) * positive(pe), annual_return, years)


def cagr(first: Number, last: Number, years: Number) -> float:
    """Growth a year, as a fraction, from `first` to `last`; refuses what is not above 0."""
    return _power(runway(last, first), 1 / positive(years)) - 1


def growth(before: Number, after: Number) -> float:
    """Change as a fraction of `before`; refuses what is not above 0."""
    return runway(after, before) - 1


def runway(cash: Number, burn: Number) -> float:
    """How long `cash` lasts, in the unit of time of `burn`; refuses what is not above 0."""
    return positive(positive(cash) / positive(burn))


def written(value: Any) -> str:
    """A number with six decimals at most, and none from a million on; anything else as it is."""
    if not isinstance(value, int | float | Decimal):
        return str(value)
    number = float(value)
    text = f"{number:,.6f}".rstrip("0").rstrip(".") if abs(number) < 1e6 else f"{number:,.0f}"
    return text if float(text.replace(",", "")) or not number else f"{number:g}"


def positive(number: Number) -> float:
    """`number` as a float; RefusedError where it is not finite or not above 0."""
    value = float(number)
    if not math.isfinite(value):
        raise RefusedError("A number is not finite.", {})
    if value <= 0:
        raise RefusedError("{number} is not above 0.", {"number": value})
    return value


def _above_zero(*intervals: Interval) -> None:
    for end in (end for each in intervals for end in (each.low, each.high) if end is not None):
        positive(end)


def _of_both(of: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else of(one, other)


def _power(base: float, exponent: float) -> float:
    try:
        return positive(base**exponent)
    except OverflowError:
        raise RefusedError("A number is not finite.", {}) from None
