"""Arithmetic of an offering, each as steps that can be shown: its float, shares, proceeds, split and gains.

Source of the method: money left on the table is Loughran and Ritter (2002), fees Chen and Ritter (2000).
All refuse (RefusedError) numbers that are not finite or not above 0.
"""

from dataclasses import dataclass
from operator import add, mul, sub, truediv

from indicators._desk_math import Number, positive, written

#: underwriters' share of an offering: Alibaba's in 2014, and what most offerings in the US pay
FEES = (0.012, 0.07)


@dataclass(frozen=True)
class Step:
    """One line of an arithmetic: `name` is a gettext key, `formula` has its numbers filled in.

    `unit`: `money` (of the inputs' currency), `shares`, `rights`, `ratio` or `x`.
    """

    name: str
    formula: str
    value: float
    unit: str


def float_share(raised: Number, valuation: Number) -> list[Step]:
    """The share of the company an offering sells. As all offerings, refuses what is not above 0."""
    return [Step("Share of the company that is sold", *_shown(raised, "÷", valuation), "ratio")]


def new_shares(rights: Number, per_right: Number) -> list[Step]:
    """Shares that all rights together buy."""
    return [Step("New shares", *_shown(rights, "×", per_right), "shares")]


def proceeds(shares: Number, price: Number, committed: Number = 0.0) -> list[Step]:
    """What is paid in: shares × price per share, and then with the capital committed besides, if any."""
    paid = Step("Paid for the new shares", *_shown(shares, "×", price), "money")
    if not committed:
        return [paid]
    return [paid, Step("With the committed capital", *_shown(paid.value, "+", committed), "money")]


def implied_split(valuation: Number, price: Number, mark: Number, mark_price: Number) -> list[Step]:
    """New shares for each old one, if an offer's price per share and the last mark's are both true."""
    after = Step("Shares at the offer", *_shown(valuation, "÷", price), "shares")
    before = Step("Shares at the last mark", *_shown(mark, "÷", mark_price), "shares")
    return [after, before, Step("New shares for each old one", *_shown(after.value, "÷", before.value), "x")]


def parent_shares(rights: Number, outstanding: Number, per_share: Number) -> list[Step]:
    """The parent's shares that handing out rights implies: those not yet outstanding ÷ rights per share."""
    given = Step("Rights for holders of the parent", *_shown(rights, "−", outstanding), "rights")
    return [given, Step("Shares of the parent", *_shown(given.value, "÷", per_share), "shares")]


def offering_gains(
    valuation: Number, sold: Number, gain: Number, fees: tuple[Number, Number] = FEES
) -> list[Step]:
    """Size of an offering, its underwriters' fees (low, high) and its investors' first day.

    `sold`, `gain` and `fees` are fractions. The gain goes to the investors who were allocated shares, the
    fees to the underwriters: neither is the other.
    """
    size = Step("Size of the offering", *_shown(valuation, "×", sold), "money")
    low, high, left = (_shown(size.value, "×", share) for share in (*fees, gain))
    return [
        size,
        Step("Fees of the underwriters, low", *low, "money"),
        Step("Fees of the underwriters, high", *high, "money"),
        Step("First-day gain of the investors who were allocated shares", *left, "money"),
    ]


_SIGNS = {"÷": truediv, "×": mul, "+": add, "−": sub}


def _shown(one: Number, sign: str, other: Number) -> tuple[str, float]:
    """A formula with its numbers, and what it gives."""
    value = positive(_SIGNS[sign](positive(one), positive(other)))
    return f"{written(one)} {sign} {written(other)}", value
