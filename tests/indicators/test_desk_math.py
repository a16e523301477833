"""Multiples, refusals and what a price requires, against numbers worked by hand and for any number."""

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators._desk_facts import Sourced
from indicators._desk_math import (
    KINDS,
    Interval,
    RefusedError,
    arpu,
    cagr,
    comparable,
    exceeds,
    exit_multiple,
    growth,
    margin_route,
    multiple,
    product,
    required_revenue,
    runway,
    total,
    weaker,
    written,
)
from indicators._desk_offering import (
    float_share,
    implied_split,
    new_shares,
    offering_gains,
    parent_shares,
    proceeds,
)
from storage import fact_tables

MARK = Sourced(
    ref="S039", entity="OpenAI", metric="valuation", low=Decimal("830e9"), high=Decimal("830e9"), bound="=",
    said=None, unit="money", currency="USD", as_of="2025-12-18", period=None, basis="round", kind="rumoured",
    publisher="a paper", published="2025-12-20", note=None, flag=None, replaces=None,
)  # fmt: skip
SALES = replace(
    MARK, ref="S044", metric="forecast_revenue", low=Decimal("12.7e9"), high=Decimal("12.7e9"),
    as_of="2025-12", period="2025", basis="forecast", kind="forecast",
)  # fmt: skip
RUN_RATE = replace(
    SALES, metric="revenue_run_rate", low=Decimal("20e9"), high=None, bound=">=", as_of="2025-11-06",
    period="annualised at year-end 2025", basis="run_rate", kind="reported",
)  # fmt: skip
AMOUNTS = st.floats(1e-3, 1e13)
RATES = st.floats(0, 1)
YEARS = st.floats(0.25, 15)
BAD = [0, -1, math.nan, math.inf, -math.inf]


@st.composite
def intervals(draw) -> Interval:
    low, high = sorted([draw(AMOUNTS), draw(AMOUNTS)])
    return Interval(*(draw(st.sampled_from([end, None])) for end in (low, high)))


def inside(draw, interval: Interval) -> float:
    low, high = interval.low, interval.high
    return draw(st.floats(1e-3 if low is None else low, 1e14 if high is None else high))


def holds(interval: Interval, value: float) -> bool:
    """Up to the last digits of a float."""
    above = interval.low is None or value >= interval.low * (1 - 1e-9)
    return above and (interval.high is None or value <= interval.high * (1 + 1e-9))


def refusal(mark: Sourced, sales: Sourced, beside: Interval | None = None) -> str:
    with pytest.raises(RefusedError) as refused:
        comparable(mark, sales, beside)
    assert "{" not in str(refused.value)
    return str(refused.value)


# intervals


@given(st.data(), intervals(), intervals())
def test_every_ratio_product_and_sum_of_points_lies_in_the_interval(data, one, other) -> None:
    a, b = inside(data.draw, one), inside(data.draw, other)
    assert holds(multiple(one, other), a / b)
    assert holds(product(one, other), a * b)
    assert holds(total([one, other]), a + b)


@given(intervals(), intervals())
def test_the_ends_of_a_multiple_are_ratios_of_ends_and_one_without_a_bound_has_none(value, sales) -> None:
    found = multiple(value, sales)
    assert (found.low is None) == (value.low is None or sales.high is None)
    assert (found.high is None) == (value.high is None or sales.low is None)
    assert found.low is None or found.low == value.low / sales.high
    assert found.high is None or found.high == value.high / sales.low


def test_800_to_1500_on_22_to_24_is_33_to_68_times() -> None:
    found = multiple(Interval(800, 1500), Interval(22, 24))
    assert (found.low, found.high) == (pytest.approx(33.33, abs=0.005), pytest.approx(68.18, abs=0.005))
    assert str(found) == "33.3–68.2×"


def test_at_least_20_of_sales_is_at_most_41_and_a_half_times() -> None:
    assert str(multiple(Interval.of(MARK), Interval.of(RUN_RATE))) == "≤ 41.5×"
    assert str(multiple(Interval(1500, None), Interval.of(15))) == "≥ 100×"
    assert str(Interval.of(1234.5)) == "1,234×"
    assert str(Interval(None, None)) == "?"


@pytest.mark.parametrize("end", [0, -5])
def test_a_multiple_of_nothing_or_less_is_refused(end) -> None:
    for value, sales in [(Interval(end, 10), Interval.of(1)), (Interval.of(1), Interval(end, 10))]:
        with pytest.raises(RefusedError, match=rf"^{end} is not above 0\.$"):
            multiple(value, sales)
    with pytest.raises(RefusedError, match="not above 0"):
        product(Interval(None, end), Interval.of(1))


def test_no_interval_is_reversed_or_without_end() -> None:
    with pytest.raises(RefusedError, match=r"^2 is above 1\.$"):
        Interval(2, 1)
    for end in (math.nan, math.inf):
        with pytest.raises(RefusedError, match="not finite"):
            Interval(None, end)
    with pytest.raises(RefusedError, match="not finite"):
        multiple(Interval.of(1e308), Interval.of(1e-308))


def test_the_interval_of_a_fact_is_what_it_claims() -> None:
    assert Interval.of(SALES) == Interval(12.7e9, 12.7e9)
    assert Interval.of(RUN_RATE) == Interval(20e9, None)
    assert Interval.of(Decimal("0.05")) == Interval(0.05, 0.05)


def test_a_sum_has_no_bound_where_a_part_has_none() -> None:
    assert total([Interval(1, 2), Interval(3, None)]) == Interval(4, None)
    assert total([]) == Interval(0, 0)


def test_a_claim_exceeds_another_only_where_all_of_it_does() -> None:
    assert exceeds(Interval(30, None), Interval.of(29)) is True
    assert exceeds(Interval(25, None), Interval.of(29)) is None
    assert exceeds(Interval.of(29), Interval(29, 31)) is False
    assert exceeds(Interval(None, 28), Interval(29, None)) is False
    assert exceeds(Interval(None, 28), Interval(None, 29)) is None


def test_revenue_per_user_and_month_is_a_twelfth_of_the_years() -> None:
    assert arpu(Interval(120, 240), Interval.of(10)) == Interval(1, 2)
    assert arpu(Interval.of(120), Interval.of(10), months=1) == Interval(12, 12)


# what may be divided


def test_a_valuation_is_divided_by_a_years_sales_reported_forecast_or_trailing() -> None:
    trailing = replace(SALES, metric="revenue", basis="trailing", period="trailing twelve months")
    for sales in (SALES, replace(SALES, metric="revenue", basis="fiscal", period="FY2024"), trailing):
        comparable(MARK, sales)
    comparable(replace(MARK, metric="market_cap", basis="market", entity="openai"), SALES)
    comparable(replace(MARK, basis="ipo_target"), replace(SALES, unit="money/year"))


def test_a_run_rate_is_refused_with_what_it_would_give_and_what_that_would_stand_beside() -> None:
    assert refusal(MARK, RUN_RATE, multiple(Interval.of(MARK), Interval.of(SALES))) == (
        "20,000,000,000 USD is an annualised run-rate of 2025-11-06, not the revenue of a fiscal year: "
        "dividing by it would give ≤ 41.5×, which cannot stand beside 65.4×."
    )
    assert refusal(MARK, RUN_RATE).endswith(
        "would give ≤ 41.5×, which cannot stand beside multiples of a year."
    )


@pytest.mark.parametrize(
    ("mark", "sales", "said"),
    [
        ({}, {"currency": "CNY"}, "The valuation of 2025-12-18 is in USD, the sales of 2025-12 in CNY."),
        ({"basis": "ev"}, {}, "830,000,000,000 USD of 2025-12-18 is an enterprise value, debt included: "
         "divided by sales it cannot stand beside multiples of equity."),
        ({"basis": "hypothetical"}, {},
         "830,000,000,000 USD of 2025-12-18 is hypothetical: nobody paid or asked for it."),
        ({"flag": "implausible"}, {}, "The valuation of 2025-12-18 (a paper) is marked implausible."),
        ({}, {"flag": "wrong"}, "The forecast revenue of 2025-12 (a paper) is marked wrong."),
        ({"currency": None}, {}, "The valuation of 2025-12-18 (a paper) names no currency."),
        ({}, {"currency": None}, "The forecast revenue of 2025-12 (a paper) names no currency."),
        ({"low": None, "high": None}, {}, "The valuation of 2025-12-18 (a paper) names no figure."),
        ({"unit": "money/share"}, {},
         "The valuation of 2025-12-18 (a paper) is in money/share, not in money."),
        ({}, {"metric": "revenue_growth_yoy", "unit": "ratio"},
         "The revenue growth yoy of 2025-12 (a paper) is in ratio, not in money."),
        ({"metric": "price_per_share"}, {},
         "The price per share of 2025-12-18 (a paper) is neither a valuation nor sales."),
        ({}, {"metric": "users_mau"}, "The users mau of 2025-12 (a paper) is neither a valuation nor sales."),
        ({}, {"metric": "revenue_consumer_subscriptions"},
         "The revenue consumer subscriptions of 2025-12 (a paper) is a part of the company's sales."),
        ({"entity": "SpaceX"}, {"entity": "Starlink"},
         "12,700,000,000 USD of 2025-12 are sales of Starlink, not of SpaceX."),
        ({}, {"period": "2026-2030 cumulative"},
         "12,700,000,000 USD of 2025-12 are sales of 2026-2030 cumulative, not of one year."),
        ({}, {"period": "cumulative to 2025"},
         "12,700,000,000 USD of 2025-12 are sales of cumulative to 2025, not of one year."),
        ({}, {"period": None}, "12,700,000,000 USD of 2025-12 do not say of which year they are sales."),
    ],
)  # fmt: skip
def test_what_cannot_be_divided_is_refused_with_the_reason(mark, sales, said) -> None:
    assert refusal(replace(MARK, **mark), replace(SALES, **sales)) == said


@pytest.mark.parametrize(
    "period", ["2025 Q3", "2H 2025", "third quarter of 2025", "2025-09", "9 months of 2025"]
)
def test_less_than_a_years_sales_are_refused(period) -> None:
    assert refusal(MARK, replace(SALES, period=period)).endswith(f"sales of {period}, less than a year.")


def test_a_refusal_carries_its_sentence_and_the_values_of_its_slots() -> None:
    refused = RefusedError("{low:usd} is more than {word}.", {"low": Decimal("1000.50"), "word": "that"})
    assert str(refused) == "1,000.5 is more than that."
    assert refused.sentence == "{low:usd} is more than {word}."
    assert refused.facts == {"low": Decimal("1000.50"), "word": "that"}


def test_a_ratio_is_of_the_weaker_kind() -> None:
    assert weaker("reported", "forecast") == weaker("forecast", "reported") == "forecast"
    assert weaker("rumoured", "forecast") == "rumoured"
    assert weaker("rumoured", "opinion") == "opinion"
    assert weaker("reported", "reported") == "reported"
    assert set(KINDS) == set(fact_tables.KINDS)
    with pytest.raises(ValueError, match="not in tuple"):
        weaker("guess", "reported")


# what a price requires


def test_what_a_price_requires_by_hand() -> None:
    # 1000 · 1.1² = 1210; twice 2 % more shares: · 1.0404
    assert required_revenue(1000, 10, 0.10, 2) == pytest.approx(121)
    assert required_revenue(1000, 10, 0.10, 2, 0.02) == pytest.approx(125.8884)
    assert required_revenue(Decimal(1000), 10, 0, 2) == pytest.approx(100)
    # 1210 ÷ (0.2 · 25)
    assert margin_route(1000, 0.10, 2, 0.2, 25) == pytest.approx(242)
    assert cagr(100, 121, 2) == pytest.approx(0.1)
    assert growth(100, 75) == pytest.approx(-0.25)
    assert runway(115, 23) == 5


@given(AMOUNTS, st.floats(0.1, 200), RATES, YEARS, RATES)
def test_required_revenue_and_exit_multiple_are_inverses(value, times, rate, years, dilution) -> None:
    revenue = required_revenue(value, times, rate, years, dilution)
    assert exit_multiple(value, revenue, rate, years, dilution) == pytest.approx(times)


@given(AMOUNTS, st.floats(-0.9, 3), YEARS)
def test_growing_at_the_cagr_arrives(first, rate, years) -> None:
    assert cagr(first, first * (1 + rate) ** years, years) == pytest.approx(rate, abs=1e-9)


@given(AMOUNTS, st.floats(0.1, 200), RATES, RATES, YEARS, RATES)
def test_a_higher_return_never_requires_less(value, times, one, other, years, dilution) -> None:
    low, high = sorted([one, other])
    assert required_revenue(value, times, low, years, dilution) <= required_revenue(
        value, times, high, years, dilution
    )
    assert exit_multiple(value, times, low, years) <= exit_multiple(value, times, high, years)


@given(AMOUNTS, st.floats(0.1, 200), RATES, YEARS, st.floats(0.001, 1))
def test_more_shares_require_more(value, times, rate, years, dilution) -> None:
    assert required_revenue(value, times, rate, years, dilution) > required_revenue(value, times, rate, years)


POSITIVE = {
    required_revenue: (830, 10, 0.1, 4), exit_multiple: (830, 100, 0.1, 4), cagr: (1, 2, 3), growth: (1, 2),
    runway: (1, 2), margin_route: (830, 0.1, 4, 0.2, 25), float_share: (1, 2), new_shares: (1, 2),
    proceeds: (1, 2), implied_split: (1, 2, 3, 4), parent_shares: (2, 1, 3), offering_gains: (1, 0.2, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("of", POSITIVE, ids=lambda of: of.__name__)
@pytest.mark.parametrize("bad", BAD)
def test_what_is_not_above_0_or_not_finite_is_refused(of, bad) -> None:
    inputs = POSITIVE[of]
    of(*inputs)
    for place, usual in enumerate(inputs):
        if usual == 0.1 and bad == 0:
            continue  # a return of nothing is one
        with pytest.raises(RefusedError):
            of(*inputs[:place], bad, *inputs[place + 1 :])


def test_refusals_say_what_is_wrong() -> None:
    with pytest.raises(RefusedError, match=r"^-5 is not above 0\.$"):
        runway(-5, 1)
    with pytest.raises(RefusedError, match="not finite"):
        growth(math.nan, 1)
    with pytest.raises(RefusedError, match=r"^A return or a dilution of -0.02 a year is below 0\.$"):
        required_revenue(1, 1, 0.1, 1, -0.02)
    for years in (1e6, 1e300):
        with pytest.raises(RefusedError, match="not finite"):
            required_revenue(1, 1, 0.5, years)
    with pytest.raises(RefusedError, match="not finite"):
        cagr(1, 10, 1e-9)


# offerings


def test_an_offering_is_shown_step_by_step() -> None:
    (sold,) = float_share(Decimal(30_000_000_000), 1.5e12)
    assert (sold.formula, sold.value, sold.unit) == ("30,000,000,000 ÷ 1,500,000,000,000", 0.02, "ratio")
    (shares,) = new_shares(1.723e9, 2)
    assert (shares.formula, shares.value, shares.unit) == ("1,723,000,000 × 2", 3.446e9, "shares")
    paid, raised = proceeds(shares.value, 11.03, 4e9)
    assert [step.formula for step in (paid, raised)] == [
        "3,446,000,000 × 11.03",
        "38,009,380,000 + 4,000,000,000",
    ]
    assert raised.value == pytest.approx(42_009_380_000)
    assert {step.unit for step in (paid, raised)} == {"money"}


def test_both_prices_are_true_after_a_split_of_72() -> None:
    after, before, split = implied_split(1.5e12, 11.03, 800e9, 421)
    assert (after.formula, before.formula) == ("1,500,000,000,000 ÷ 11.03", "800,000,000,000 ÷ 421")
    assert split.formula == "135,992,747,053 ÷ 1,900,237,530"
    assert (split.value, split.unit) == (pytest.approx(71.566, abs=5e-4), "x")


def test_the_parents_shares_are_those_not_outstanding_by_rights_a_share() -> None:
    given_out, shares = parent_shares(1.723e9, 61.1e6, 0.5)
    assert given_out.formula == "1,723,000,000 − 61,100,000"
    assert (shares.formula, shares.unit) == ("1,661,900,000 ÷ 0.5", "shares")
    assert shares.value == pytest.approx(3.3238e9)


def test_the_first_days_gain_is_the_investors_and_the_fee_the_underwriters() -> None:
    steps = {step.name: step.value for step in offering_gains(1e12, 0.2, 0.5)}
    assert steps == {
        "Size of the offering": 200e9,
        "Fees of the underwriters, low": pytest.approx(2.4e9),
        "Fees of the underwriters, high": pytest.approx(14e9),
        "First-day gain of the investors who were allocated shares": 100e9,
    }


def test_numbers_are_written_with_the_digits_that_say_something() -> None:
    told = [written(each) for each in (0, 5, 0.0611, 11.03, 1e-9, 1234567.5, Decimal("2.50"), "word", -0.5)]
    assert told == ["0", "5", "0.0611", "11.03", "1e-09", "1,234,568", "2.5", "word", "-0.5"]
