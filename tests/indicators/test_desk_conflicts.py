"""Where sources disagree: a range, bounds, two kinds, a correction or a warning; never an average.

Every topic on which the sources of the fact base contradict each other or themselves is one row of `TOPICS`.
"""

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import pandas as pd
import pytest

from feeds import Raw
from feeds.facts import house, parse
from indicators import _desk_companies as companies
from indicators._desk_checks import Check, checks
from indicators._desk_conflicts import Conflict, conflicts
from indicators._desk_facts import Sourced, read
from storage.tables import Entity, Fact


def fact(ref: str, low: float | None, high: float | None = None, **changes: str | None) -> Sourced:
    """A fact of `low` to `high`, an exact amount of a month unless `changes` say otherwise."""
    bound = changes.get("bound") or "="
    ends = [None if end is None else Decimal(str(end)) for end in (low, low if high is None else high)]
    return Sourced(
        **{
            "ref": ref, "entity": "Example", "metric": "count", "said": None, "unit": "things",
            "currency": None, "as_of": "2025-12", "period": None, "basis": "unstated", "kind": "reported",
            "publisher": "A paper", "published": "2025-12-14", "note": None, "flag": None, "replaces": None,
            "bound": bound, "low": None if bound == "<=" else ends[0],
            "high": None if bound == ">=" else ends[1],
        } | changes
    )  # fmt: skip


def told(found: Iterable[Conflict]) -> list[tuple[str, str, list[str]]]:
    return [(each.rule, each.metric, [source.ref for source in each.sources]) for each in found]


# one rule at a time


@pytest.mark.parametrize(("other", "differs"), [(105, False), (105.1, True), (95.3, False), (95.2, True)])
def test_figures_within_five_percent_say_the_same(other: float, differs: bool) -> None:
    assert bool(conflicts([fact("A", 100), fact("B", other)])) is differs


def test_a_range_ends_at_the_outermost_figures_and_averages_nothing() -> None:
    (found,) = conflicts([fact("A", 10), fact("B", 14), fact("C", 11, 12), fact("D", 20, metric="other")])
    assert (found.rule, found.low, found.high) == ("range", 10, 14)
    assert [source.ref for source in found.sources] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("one", "other", "ends"),
    [
        (fact("A", 0.5), fact("B", 0.8, bound=">="), (Decimal("0.5"), None)),
        (fact("A", 0.5, bound=">="), fact("B", 0.8), (Decimal("0.5"), Decimal("0.8"))),
        (fact("A", 8500, bound="~"), fact("B", 10000, bound="<="), (8500, 10000)),
        (fact("A", 8500, bound="<="), fact("B", 10000), (None, 10000)),
    ],
)
def test_an_end_that_is_itself_a_bound_is_open(
    one: Sourced, other: Sourced, ends: tuple[Decimal | None, Decimal | None]
) -> None:
    (found,) = conflicts([one, other])
    assert (found.rule, found.low, found.high) == ("range", *ends)


def test_several_bounds_of_one_side_are_bounds() -> None:
    least = [fact("A", 25, bound=">="), fact("B", 30, bound=">="), fact("C", 30)]
    assert [(each.rule, each.low, each.high) for each in conflicts(least)] == [("bounds", 25, 30)]
    most = [fact("A", 25, bound="<="), fact("B", 30, bound="<=")]
    assert [(each.rule, each.low, each.high) for each in conflicts(most)] == [("bounds", 25, 30)]
    assert [each.rule for each in conflicts([*least, fact("D", 40)])] == ["range"]


def test_ranges_that_overlap_agree() -> None:
    assert conflicts([fact("A", 22, 24), fact("B", 23), fact("C", 24, 30)]) == []


@pytest.mark.parametrize(
    ("changes", "others"),
    [
        ({"as_of": "2025-12"}, {"as_of": "2025-11"}),
        ({"period": "2026"}, {"period": "2023-2028 cumulative"}),
        ({"period": "2025"}, {"period": "2026"}),
        ({"currency": "USD"}, {"currency": "CNY"}),
        ({"metric": "valuation", "as_of": "2025-10"}, {"metric": "valuation", "as_of": "2025-12"}),
        (
            {"metric": "price_per_share", "as_of": "2025-11"},
            {"metric": "price_per_share", "as_of": "2025-11-05"},
        ),
        ({"metric": "revenue", "period": "2025"}, {"metric": "forecast_revenue", "period": "2026"}),
        ({"metric": "revenue", "period": "2025-2029"}, {"metric": "revenue", "period": "2025-2029"}),
    ],
)
def test_figures_of_other_times_or_things_do_not_contradict(
    changes: dict[str, str | None], others: dict[str, str | None]
) -> None:
    assert conflicts([fact("A", 10, **changes), fact("B", 20, **others)]) == []


@pytest.mark.parametrize(
    ("changes", "others"),
    [
        ({"as_of": "2025-12"}, {"as_of": "2025-12-08"}),
        ({"as_of": "2025"}, {"as_of": "2025-12-08"}),
        ({"metric": "valuation", "as_of": "2025-12-01"}, {"metric": "market_cap", "as_of": "2025-12-31"}),
        (
            {"metric": "revenue", "period": "FY2025"},
            {"metric": "forecast_revenue", "period": "2025", "as_of": "2024"},
        ),
        ({"period": "IPO 2026"}, {"period": "IPO 2026H2"}),
        ({"period": "2026"}, {"period": None}),
        ({"period": "2022"}, {"period": "2020-2024"}),
    ],
)
def test_figures_of_one_moment_do(changes: dict[str, str | None], others: dict[str, str | None]) -> None:
    assert [each.rule for each in conflicts([fact("A", 10, **changes), fact("B", 20, **others)])] == ["range"]
    others = others | {"basis": "round"}
    assert [each.rule for each in conflicts([fact("A", 10, **changes), fact("B", 20, **others)])] == [
        "two_kinds"
    ]


def test_a_coarse_date_does_not_join_two_months_to_one_range() -> None:
    year, june, december = (
        fact(as_of, value, metric="valuation", as_of=as_of)
        for as_of, value in (("2024", 150), ("2024-06", 210), ("2024-12", 350))
    )
    assert sorted((each.low, each.high) for each in conflicts([year, june, december])) == [
        (150, 210),
        (150, 350),
    ]


def test_what_is_of_two_kinds_has_no_ends() -> None:
    (found,) = conflicts([fact("A", 800, basis="secondary"), fact("B", 1500, basis="ipo_target")])
    assert (found.rule, found.low, found.high) == ("two_kinds", None, None)
    (words,) = conflicts([fact("A", None, said="enough"), fact("B", None, said="not enough")])
    assert (words.rule, words.unit) == ("two_kinds", "things")
    assert conflicts([fact("A", None, said="enough"), fact("B", None, said="enough")]) == []
    same = conflicts(
        [fact("A", 43, metric="compute_reserve_required"), fact("B", 43, metric="earmarked_fund_rsi")]
    )
    assert told(same) == [("two_kinds", "reserve_or_fund", ["A", "B"])]


def test_what_is_corrected_or_flagged_takes_no_part() -> None:
    old, older = fact("A", 10), fact("B", 20)
    new = fact("C", 30, replaces="A|B|elsewhere")
    (found,) = conflicts([old, older, new])
    assert (found.rule, found.low, found.high) == ("replaced", 30, 30)
    assert [source.ref for source in found.sources] == ["A", "B", "C"]
    (found,) = conflicts([old, fact("D", 800, 1500, flag="merged")])
    assert (found.rule, found.low, found.high, len(found.sources)) == ("flagged", None, None, 1)


def parts(**changes: str | None) -> list[Sourced]:
    return [
        fact("carbon", 135, metric="carbon_fibre_cost", **changes),
        fact("steel", 3, metric="steel_304_cost", **changes),
    ]


def test_a_figure_its_parts_contradict_is_computed() -> None:
    stated = fact("stated", 40, metric="material_cost_ratio")
    (found,) = conflicts([stated, *parts()])
    assert (found.rule, found.metric, found.low, found.high) == ("computed", "material_cost_ratio", 45, 45)
    assert [source.ref for source in found.sources] == ["stated", "carbon", "steel"]
    near = fact("stated", 43, metric="material_cost_ratio")
    assert conflicts([near, *parts()]) == []
    assert [(each.low, each.differs) for each in checks([near, *parts()])] == [(45, False)]


def test_with_a_part_missing_flagged_or_of_another_date_there_is_no_check() -> None:
    stated = fact("stated", 40, metric="material_cost_ratio")
    for changes in ({"flag": "wrong"}, {"as_of": "2025-11"}):
        assert checks([stated, *parts(**changes)]) == []
    for part in parts():
        assert checks([stated, part]) == []
    week = {"metric": "dark_plus_block_sell", "as_of": "1990-01-02", "period": "2 days"}
    assert checks([fact("stated", 5, **week)]) == []


def test_a_part_known_as_a_bound_leaves_an_end_open() -> None:
    years = [fact(f"{year}", 100, metric="satellites_deorbited", as_of=f"{year}") for year in (2020, 2021)]
    launched = fact("launched", 10000, metric="satellites_launched", bound=">=")
    stated = {"metric": "loss_rate", "period": "2020-2021"}
    (check,) = checks([fact("stated", 0.03, **stated), *years, launched])
    assert (check.low, check.high, check.differs) == (None, Decimal("0.02"), True)
    (check,) = checks([fact("stated", 0.01, **stated), *years, launched])
    assert not check.differs
    assert checks([fact("stated", 0.01, **stated), years[0], launched]) == []


def test_the_parts_of_two_sessions_may_have_a_weekend_between_them() -> None:
    sold = [
        fact(f"{metric} {day}", value, metric=metric, as_of=day)
        for day, metric, value in (
            ("2025-11-07", "dark_pool_sell", 1), ("2025-11-07", "block_sell", 2),
            ("2025-11-10", "dark_pool_sell", 3), ("2025-11-10", "block_sell", 4),
        )
    ]  # fmt: skip
    stated = fact("sum", 10, metric="dark_plus_block_sell", as_of="2025-11-10", period="2 days")
    other = fact("other", 99, metric="block_sell", as_of="2025-11-10", publisher="Another paper")
    (check,) = checks([stated, *sold, other])
    assert (check.low, check.high, len(check.parts)) == (10, 10, 4)


# the house fact base


@pytest.fixture(scope="module")
def desk() -> dict[str, list[Sourced]]:
    """The facts of the house by company, as the desk joins them."""
    parsed = parse(Raw("house", house()))
    rows = parsed.accepted[Fact].to_pandas()
    for name in ("value", "value_high"):
        rows[name] = [Decimal(cell) if isinstance(cell, str) else None for cell in rows[name]]
    facts = read(rows)
    entities: pd.DataFrame = parsed.accepted[Entity].to_pandas().reset_index(names="id")
    known = companies.read(entities, facts)
    return {name: companies.of(company, companies.by_name(facts)) for name, company in known.items()}


class Topic(NamedTuple):
    """A contradiction of the sources: how one company's card resolves it, and by which facts.

    `apart`: different metrics, dates or companies, so never in one range; `check`: computed, and near enough;
    `elsewhere`: no figure of the desk's, another indicator's subject.
    """

    number: int
    about: str
    company: str
    rule: str
    metric: str
    refs: str


TOPICS = [
    Topic(1, "when SpaceX was worth 400 billion", "SpaceX", "replaced", "valuation", "S134 V007"),
    Topic(2, "traded at 800 billion, hoped for 1.5 trillion", "SpaceX", "two_kinds", "valuation",
          "S001 S026 S108 S109 S125 S135 S190 V005"),
    Topic(2, "the two as one range", "SpaceX", "flagged", "valuation", "S025"),
    Topic(3, "which day of December", "SpaceX", "replaced", "valuation", "S123 V005"),
    Topic(4, "what Musk denied", "SpaceX", "apart", "fundraise_denied", "W004 S109"),
    Topic(5, "what the offering raises", "SpaceX", "bounds", "fundraise_ipo", "S099 S121 S124 S144"),
    Topic(6, "when the offering is", "SpaceX", "two_kinds", "time_of_offering", "S100 S122"),
    Topic(7, "Aramco's 1.7 trillion beside 1.5", "Saudi Aramco", "apart", "valuation", "S145 S146"),
    Topic(8, "launched, in orbit, at work", "Starlink", "two_kinds", "satellites",
          "S002 S101 S107 S136 W001 W002"),
    Topic(9, "one satellite in 15", "Starlink", "computed", "loss_rate",
          "S115 S110 S111 S112 S113 S114 S002 W001"),
    Topic(10, "Starlink's share of revenue", "Starlink", "range", "share_of_spacex_revenue",
          "S012 S104 S143"),
    Topic(11, "whether Starlink earns enough", "Starlink", "two_kinds", "profit_sufficiency", "S119 S120"),
    Topic(12, "shares of the proposal", "SpaceX SPARC proposal", "apart", "shares_total", "S033 S036"),
    Topic(13, "420 or 421 dollars", "SpaceX", "replaced", "price_per_share", "S147 V006"),
    Topic(14, "what banks earn", "SpaceX", "flagged", "ipo_hypothetical_underwriter_gain", "S029"),
    Topic(14, "what banks earn a share", "generic IPO example", "flagged", "underwriter_gain_per_share",
          "S031"),
    Topic(15, "how likely the proposal is", "SpaceX SPARC proposal", "flagged", "probability_adopted",
          "S037"),
    Topic(16, "when OpenAI was worth 500 billion", "OpenAI", "replaced", "valuation", "S040 V004"),
    Topic(16, "330 billion in two days", "OpenAI", "flagged", "valuation_change", "S041"),
    Topic(17, "loss, cash and spending", "OpenAI", "two_kinds", "loss_and_spending",
          "S086 S087 S095 S096 V003"),
    Topic(18, "rent above all revenue", "OpenAI", "flagged", "azure_rent", "S084"),
    Topic(19, "one sum, two uses", "OpenAI", "two_kinds", "reserve_or_fund", "S053 S081"),
    Topic(20, "Snowflake in 2021", "Snowflake", "two_kinds", "multiple_ps", "S046 V010"),
    Topic(20, "Snowflake before and after", "Snowflake", "apart", "multiple_ps", "W005 V011 V012"),
    Topic(21, "today's price over sales of 2029", "OpenAI", "apart", "multiple_forward_ps", "S045 S072"),
    Topic(22, "steel 40 times cheaper", "SpaceX", "computed", "material_cost_ratio", "S132 S130 S131"),
    Topic(23, "Tesla sold, one day", "Tesla", "check", "dark_plus_block_sell", "S180 S178 S179"),
    Topic(24, "Tesla sold, two days", "Tesla", "check", "dark_plus_block_sell", "S183 S178 S179 S181 S182"),
    Topic(25, "462 dollars a record", "Tesla", "apart", "price_per_share", "S184 W006 W007"),
    Topic(26, "389 dollars a week later", "Tesla", "apart", "price_per_share",
          "S184 S185 W008 W009 W010 W011"),
    Topic(27, "under 30 days, of 36", "PDD", "elsewhere", "option_expiry_days", "S168"),
    Topic(28, "before the opening and at the close", "PDD", "apart", "premarket_jump", "S172 W012 W013"),
    Topic(29, "calls over puts", "Merck", "elsewhere", "multiple_call_put_premium", "S160 S163"),
    Topic(30, "five of ten", "StockWe", "elsewhere", "indicator_count", "S194 S195"),
    Topic(31, "9 % a day or in all", "Rocket Lab", "elsewhere", "price_move", "S192"),
    Topic(32, "what off the exchanges means", "Tesla", "elsewhere", "dark_pool_sell", "S178 S181"),
    Topic(33, "Microsoft's 49 %", "Microsoft", "flagged", "openai_profit_share_right", "S098"),
]  # fmt: skip


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: f"{topic.number} {topic.about}")
def test_every_contradiction_of_the_sources_is_resolved(topic: Topic, desk: dict[str, list[Sourced]]) -> None:
    facts = desk[topic.company]
    refs = set(topic.refs.split())
    assert refs <= {fact.ref for fact in facts}
    assert topic.metric in {fact.metric for fact in facts if fact.ref in refs} | {
        each.metric for each in conflicts(facts)
    }
    found = conflicts(facts)
    if topic.rule == "apart":
        joined = [each for each in found if each.rule in ("range", "bounds", "computed")]
        assert not [each for each in joined if len(refs & {fact.ref for fact in each.sources}) > 1]
    elif topic.rule == "elsewhere":
        assert not [each for each in found if refs & {fact.ref for fact in each.sources}]
    elif topic.rule == "check":
        (check,) = (
            each for each in checks(facts) if {part.ref for part in (each.stated, *each.parts)} == refs
        )
        assert not check.differs
    else:
        matching = [
            set(kept) for rule, metric, kept in told(found) if (rule, metric) == (topic.rule, topic.metric)
        ]
        assert refs in matching


def test_no_topic_is_left_out() -> None:
    assert {topic.number for topic in TOPICS} == set(range(1, 34))


def test_the_house_says_of_each_what_was_worked_out(desk: dict[str, list[Sourced]]) -> None:
    def ends(company: str, rule: str, metric: str) -> tuple[Decimal | None, Decimal | None]:
        (found,) = (each for each in conflicts(desk[company]) if (each.rule, each.metric) == (rule, metric))
        return found.low, found.high

    assert ends("SpaceX", "bounds", "fundraise_ipo") == (Decimal(25 * 10**9), Decimal(30 * 10**9))
    assert ends("SpaceX", "replaced", "price_per_share") == (421, 421)
    assert ends("SpaceX", "computed", "material_cost_ratio") == (45, 45)
    assert ends("Starlink", "range", "share_of_spacex_revenue") == (Decimal("0.5"), None)
    assert ends("Starlink", "computed", "loss_rate") == (None, Decimal("0.0583"))

    def sums(checked: Sequence[Check]) -> dict[str, Decimal | None]:
        return {check.stated.ref: check.low for check in checked}

    assert sums(checks(desk["Tesla"])) == {"S180": Decimal(262 * 10**7), "S183": Decimal(528 * 10**7)}


def test_nothing_of_spacex_spans_what_was_paid_and_what_is_hoped_for(desk: dict[str, list[Sourced]]) -> None:
    for each in conflicts(desk["SpaceX"]):
        if each.rule in ("two_kinds", "flagged"):
            assert (each.low, each.high) == (None, None)
        elif each.metric == "valuation":
            assert each.low == each.high
    usable = [fact for fact in desk["SpaceX"] if fact.metric == "valuation" and fact.usable]
    assert not [fact for fact in usable if fact.low and fact.high and fact.low < fact.high]


def test_the_order_of_facts_changes_nothing(desk: dict[str, list[Sourced]]) -> None:
    for facts in desk.values():
        expected = {(rule, metric, frozenset(refs)) for rule, metric, refs in told(conflicts(facts))}
        mixed = list(facts)
        random.Random(7).shuffle(mixed)
        assert {(rule, metric, frozenset(refs)) for rule, metric, refs in told(conflicts(mixed))} == expected
