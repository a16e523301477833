"""Insider buying and selling, worked by hand: who counts, from when, and how unusual it is."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insider_stage import AS_OF, DAY, acme, frames, signals, trade

from bot.commentary.languages import translator
from bot.commentary.numbers import write
from indicators import MARKET, Signal
from indicators._insider_rows import judge
from indicators._insider_spikes import windows_of
from indicators.insiders import INDICATOR, chart, compute, npr
from storage import calendar
from storage.tables import InsiderTrade


def test_purchases_and_sales_are_summed_over_the_window() -> None:
    rows = [trade(usd=600), trade(usd=400, owner_ciks="12"), trade("S", 500, owner_ciks="13", plan=True)]
    signal = acme(rows)
    facts = signal.facts
    assert (facts["buys_usd"], facts["sells_usd"], facts["ratio"]) == (1000.0, 500.0, 2.0)
    assert (facts["buyers"], facts["sellers"], facts["filings"], facts["window_days"]) == (2, 1, 3, 30)
    assert facts["plan_sells_usd"] == 500.0
    assert (signal.state, signal.n, signal.quality) == ("buying", 3, "A")
    assert (facts["largest_buyer"], facts["largest_buyer_role"], facts["largest_buyer_usd"]) == (
        "Doe Jane", "officer", 600.0,
    )  # fmt: skip
    assert facts["newest_trade"] == "2024-03-20"
    assert facts["newest_filed"] == "2024-03-21T16:00:00+00:00"


def test_without_sales_there_is_no_ratio() -> None:
    facts = acme([trade()]).facts
    assert (facts["sells_usd"], facts["ratio"]) == (0.0, None)


def test_a_trade_counts_from_the_second_it_is_known_for_thirty_days() -> None:
    rows = [trade(), trade("A", 1, day=date(2024, 1, 2))]
    known = rows[0]["known_at"]
    second = timedelta(seconds=1)
    seen = [
        acme(rows, at).facts["buys_usd"]
        for at in (known - second, known, known + timedelta(days=30) - second, known + timedelta(days=30))
    ]
    assert seen == [0.0, 1000.0, 1000.0, 0.0]


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("other_code", {"code": "A"}),
        ("other_code", {"code": "F"}),
        ("derivative", {"derivative": True}),
        ("swap", {"swap": True}),
        ("security", {"security": "Series B Preferred Stock"}),
        ("security", {"security": "Warrant to purchase Common Stock"}),
    ],
)
def test_what_is_no_open_market_trade_of_shares_is_left_out_and_counted(rule: str, more: dict) -> None:
    code = more.pop("code", "P")
    facts = acme([trade(usd=7), trade(code, 1000, **more)]).facts
    assert facts["buys_usd"] == 7.0
    assert facts["excluded"] == {rule: 1}


@pytest.mark.parametrize(
    "title",
    [
        "Common Shares, no par value",
        "Class A Stock",
        "Ordinary Shares",
        "ADS",
        "American Depositary Shares",
        "",
    ],
)
def test_shares_have_many_names(title: str) -> None:
    assert acme([trade(security=title)]).facts["buys_usd"] == 1000.0


def test_a_line_without_a_price_is_counted_but_not_in_dollars() -> None:
    signal = acme([trade(usd=None), trade(usd=5)])
    assert (signal.facts["buys_usd"], signal.facts["no_price_lines"], signal.n) == (5.0, 1, 2)
    assert signal.quality == "B"


def test_an_assumed_acceptance_time_makes_quality_b() -> None:
    assert acme([trade(), trade(usd=5, known_quality="B")]).quality == "B"


def test_a_joint_filing_is_one_person_and_two_entities_with_one_deal_are_one_deal() -> None:
    assert acme([trade(owner_ciks="11 12 13")]).facts["buyers"] == 1
    fund = {"role": "ten_percent", "ownership": "I"}
    rows = [trade(owner_ciks=cik, **fund) for cik in ("21", "22", "23")]
    facts = acme(rows).facts
    assert (facts["buys_usd"], facts["buyers"], facts["excluded"]) == (1000.0, 1, {"joint_filer": 2})
    # six days later it is another deal; and two directors may well pay the same
    later = trade(owner_ciks="24", known=rows[0]["known_at"] + timedelta(days=6), **fund)
    assert acme([*rows, later]).facts["buys_usd"] == 2000.0
    directors = [trade(owner_ciks=cik, role="director") for cik in ("31", "32")]
    assert acme(directors).facts["buys_usd"] == 2000.0


def test_a_line_another_filing_had_counts_once_but_equal_lots_of_one_filing_count_each() -> None:
    lots = [trade(filing="one", line=number) for number in range(3)]
    assert acme(lots).facts["buys_usd"] == 3000.0
    again = [trade(filing="two", line=number, known=AS_OF - timedelta(hours=1)) for number in range(3)]
    facts = acme([*lots, *again]).facts
    assert (facts["buys_usd"], facts["filings"], facts["excluded"]) == (3000.0, 1, {"repeat": 3})


def test_an_amendment_replaces_its_original_from_its_own_acceptance_on() -> None:
    original = trade(usd=1000)
    amended = trade(usd=400, form="4/A", original_filed=date(2024, 3, 21), known=AS_OF - timedelta(days=1))
    rows = [original, amended]
    before = amended["known_at"] - timedelta(seconds=1)
    assert acme(rows, before).facts["buys_usd"] == 1000.0
    assert acme(rows, amended["known_at"]).facts["buys_usd"] == 400.0
    # it corrects old news: it leaves the window with the original
    assert acme(rows, original["known_at"] + timedelta(days=30)).facts["buys_usd"] == 0.0


def test_the_history_sees_an_amendment_only_from_its_acceptance_on() -> None:
    known = AS_OF - timedelta(days=45)
    original = trade(usd=1000, day=date(2024, 2, 8), known=known)
    amended = {"form": "4/A", "day": date(2024, 2, 8), "original_filed": known.date()}
    in_time = trade(usd=400, known=known + timedelta(days=5), **amended)
    too_late = trade(usd=400, known=known + timedelta(days=20), **amended)
    # the window before this one ended 15 days after the original
    assert windows([original, in_time], AS_OF)(1) == {"ACME": (400.0, 0.0)}
    assert windows([original, too_late], AS_OF)(1) == {"ACME": (1000.0, 0.0)}


def test_an_unchanged_amendment_and_an_amendment_of_an_amendment_count_once() -> None:
    rows = [trade(usd=1000)]
    for days, usd in ((3, 1000), (2, 300), (1, 200)):
        rows.append(
            trade(usd=usd, form="4/A", original_filed=date(2024, 3, 21), known=AS_OF - timedelta(days=days))
        )
    assert [acme(rows[:size]).facts["buys_usd"] for size in (1, 2, 3, 4)] == [1000.0, 1000.0, 300.0, 200.0]


@pytest.mark.parametrize(
    "other",
    [{"original_filed": date(2024, 3, 1)}, {"owner_ciks": "99"}, {"day": date(2024, 3, 19)}, {"code": "S"}],
)
def test_an_amendment_of_something_else_is_a_new_line(other: dict) -> None:
    amended = {"form": "4/A", "original_filed": date(2024, 3, 21), "known": AS_OF} | other
    facts = acme([trade(usd=1000), trade(usd=400, **amended)]).facts
    assert facts["buys_usd"] + facts["sells_usd"] == 1400.0


def buyers(n: int, usd: float = 100_000, days: Sequence[date] = (DAY,), **more) -> list[dict]:
    return [
        trade(usd=usd + i, day=days[i % len(days)], owner_ciks=str(40 + i), **more) for i in range(n)
    ]  # fmt: skip


def test_three_insiders_who_buy_within_ten_sessions_are_a_cluster() -> None:
    signal = acme(buyers(3))
    assert (signal.state, signal.facts["cluster"]) == ("cluster", True)
    assert INDICATOR.states["cluster"].loud
    market = signals(buyers(3))[MARKET]
    assert (market.state, market.facts["clusters"]) == ("thin", 1)


def told(signal: Signal) -> list[str]:
    said = (write(each, signal.facts, translator("en"), "en") for each in INDICATOR.sentences)
    return [sentence for sentence in said if sentence]


def test_a_cluster_of_which_more_was_sold_says_so_and_is_not_bullish_by_decisions_to_sell() -> None:
    window = "In 30 days of filings insiders bought $300K and sold $500K."
    outsold = "A cluster of buyers, though $200K more was sold than bought."
    sold = trade("S", 500_003, owner_ciks="12")
    signal = acme([*buyers(3), sold])
    assert (signal.state, signal.strength, told(signal)[:2]) == ("cluster", 0.0, [outsold, window])
    # sold by a plan: dollars, but no opinion
    signal = acme([*buyers(3), sold | {"plan": True}])
    assert (signal.state, told(signal)[:2]) == ("cluster", [outsold, window])
    assert signal.strength > 0
    for rows in (buyers(3), [*buyers(2), sold]):
        assert not any("cluster" in sentence for sentence in told(acme(rows)))


@pytest.mark.parametrize(
    "rows",
    [
        buyers(2),
        buyers(3, usd=80_000),
        buyers(3, plan=True),
        buyers(3, nonmarket=True),
        buyers(3, role="ten_percent"),
        buyers(3, days=[date(2024, 3, 6), date(2024, 3, 6), date(2024, 3, 20)]),
        [*buyers(2), trade(usd=200_000, owner_ciks="40")],
    ],
    ids=["two", "too little", "plan", "private", "funds", "eleven sessions", "one of them twice"],
)
def test_less_than_that_is_no_cluster(rows: list[dict]) -> None:
    signal = acme(rows)
    assert not signal.facts["cluster"]
    assert signal.state != "cluster"


def test_ten_sessions_from_first_to_last_are_still_together() -> None:
    days = [calendar.shift(DAY, -9), DAY, DAY]
    assert acme(buyers(3, days=days)).facts["cluster"]


def test_states_look_at_decisions_only() -> None:
    other = {"owner_ciks": "12"}
    assert acme([trade(), trade(**other)]).state == "buying"
    assert acme([trade()]).state == "one_buyer"
    assert acme([trade(), trade("S", 2000, **other)]).state == "selling"
    assert acme([trade("A")]).state == "quiet"
    # bought in an offering: dollars, but no opinion
    private = acme([trade(nonmarket=True), trade(nonmarket=True, **other)])
    assert (private.state, private.facts["buys_usd"], private.facts["nonmarket_usd"]) == (
        "quiet",
        2000.0,
        2000.0,
    )
    # an exercise-and-sell is no decision to sell, but a sale
    exercised = acme(
        [trade("M", 1), trade("S", 5000, usd_e4=50_000_000), trade(**other), trade(owner_ciks="13")]
    )
    assert (exercised.state, exercised.facts["sells_usd"]) == ("buying", 5000.0)
    assert not INDICATOR.states["selling"].loud
    assert INDICATOR.rest == "quiet"


def test_strength_weighs_a_sold_dollar_a_tenth_and_is_shrunk() -> None:
    # (6,000,000 − 0.1 × 5,000,000) / (6,000,000 + 500,000 + 250,000)
    signal = acme([trade(usd=6e6), trade("S", 5e6, owner_ciks="12")])
    assert (signal.state, signal.strength) == ("one_buyer", round(5_500_000 / 6_750_000, 4))
    # who sold more is never called bullish: by the weights alone this would be +0.29
    signal = acme([trade(usd=1e6), trade("S", 5e6, owner_ciks="12")])
    assert (signal.state, signal.strength) == ("selling", 0.0)
    assert acme([trade("A")]).strength == 0.0


def test_who_has_no_rows_is_not_covered() -> None:
    assert list(compute(frames([]), None)) == []
    assert signals([trade()], subjects=["PDD"]) == {}
    assert list(signals([trade(), trade(symbol="NA")])) == ["ACME", "NA", MARKET]
    assert list(signals([trade(), trade(symbol="NA")], subjects=["NA"])) == ["NA"]


def test_an_issuer_that_is_not_listed_is_no_subject_and_not_in_the_market() -> None:
    found = signals([trade(), trade(symbol="", usd=9)])
    assert list(found) == ["ACME", MARKET]
    assert (found[MARKET].facts["buys_usd"], found[MARKET].facts["excluded"]) == (1000.0, {"not_listed": 1})


def test_net_purchase_ratio() -> None:
    assert npr(3, 9) == -0.5
    assert npr(0, 0) is None
    rows = [trade(owner_ciks=str(i)) for i in range(3)] + [trade("S", owner_ciks=str(i)) for i in range(9)]
    # the same insider's second lot of the day is not a second opinion
    assert acme([*rows, trade("S", usd=5, owner_ciks="3")]).facts["npr"] == -0.5


def months(n: int, buys_usd: float, sells_usd: float) -> list[dict]:
    """A market of ten sellers and three buyers, one issuer each, in each of `n` past windows."""
    rows = []
    for window in range(1, n + 1):
        known = AS_OF - timedelta(days=30 * window + 3)
        day = known.date() - timedelta(days=1)
        swing = 1 + window % 5 / 10
        for i in range(13):
            code, usd = ("P", buys_usd * swing) if i < 3 else ("S", sells_usd)
            rows.append(trade(code, usd, day, known, symbol=f"T{i}", owner_ciks=str(100 + i)))
    return rows


def now(buys_usd: float, sells_usd: float) -> list[dict]:
    return [
        trade(*(("P", buys_usd) if i < 3 else ("S", sells_usd)), symbol=f"T{i}", owner_ciks=str(100 + i))
        for i in range(13)
    ]  # fmt: skip


def test_a_spike_is_buying_far_above_the_same_subjects_past() -> None:
    usual = signals([*months(30, 1e6, 1e6), *now(1.2e6, 1e6)])
    assert usual[MARKET].state == "selling"
    assert abs(usual[MARKET].facts["spike_z"]) < 1
    spike = signals([*months(30, 1e6, 1e6), *now(9e6, 1e5)])
    assert spike[MARKET].state == "spike_buying"
    assert spike[MARKET].facts["spike_z"] > 2.5
    assert spike["T0"].state == "spike_buying"
    assert spike["T12"].facts["spike_z"] is None


def test_a_short_history_says_nothing_about_what_is_unusual() -> None:
    assert signals([*months(19, 1e6, 1e6), *now(9e6, 1e5)])[MARKET].facts["spike_z"] is None
    assert signals([*months(20, 1e6, 1e6), *now(9e6, 1e5)])[MARKET].facts["spike_z"] is not None


def test_one_founder_is_not_the_market() -> None:
    def market(window: int, swing: float) -> list[dict]:
        known = AS_OF - timedelta(days=30 * window + 3)
        day = known.date() - timedelta(days=1)
        sides = [("P", 1e6 * swing)] * 10 + [("S", 1e6)] * 90
        return [
            trade(code, usd, day, known, symbol=f"T{i}", owner_ciks=str(i))
            for i, (code, usd) in enumerate(sides)
        ]

    rows = [row for window in range(21) for row in market(window, 1 + window % 5 / 10)]
    # T0 buys for 15 % of all dollars: it counts as 2 %, so 11.3 million against a usual 10 to 14
    founder = signals([*rows, trade(usd=15e6, symbol="T0", owner_ciks="0")])[MARKET]
    assert founder.facts["buys_usd"] == 25e6
    assert founder.facts["spike_z"] < 1


def test_a_market_of_few_filings_is_thin() -> None:
    assert signals([trade()] * 1)[MARKET].state == "thin"
    assert signals(now(1.0, 1.0))[MARKET].state == "selling"


def test_the_chart_puts_trades_on_the_price_and_dollars_below() -> None:
    days = calendar.sessions(date(2024, 3, 1), date(2024, 3, 28))
    bars = [{"symbol": "ACME", "session": day, "close_e4": 10_0000 + i} for i, day in enumerate(days)]
    # a trade of a Saturday stands at the Friday before
    rows = [trade(usd=500), trade("S", 200, day=date(2024, 3, 23))]
    shown = frames(rows, bars=bars)
    signal = next(iter(compute(shown, ["ACME"])))
    picture = chart(shown, signal)
    assert (len(picture.days), picture.days[-1]) == (120, "2024-03-28")
    price, dollars = picture.panels
    at = {day: place for place, day in enumerate(picture.days)}
    line, bought, sold = (series.values for series in price.series)
    assert line[at["2024-03-01"]] == 10.0
    assert [day for day, value in zip(picture.days, bought, strict=True) if value] == ["2024-03-20"]
    assert [day for day, value in zip(picture.days, sold, strict=True) if value] == ["2024-03-22"]
    net = dollars.series[0].values
    assert (net[at["2024-03-20"]], net[at["2024-03-22"]], sum(net)) == (500.0, -200.0, 300.0)
    assert [panel.unit for panel in chart(frames(rows), signal).panels] == ["USD"]


def test_the_chart_names_the_dollars_of_the_window_the_text_speaks_of() -> None:
    # the last session has no trade, and a purchase filed longer ago than the window is only drawn
    rows = [trade(usd=495_000), trade("S", 920_000), trade(usd=1e6, day=date(2024, 2, 1))]
    shown = frames(rows)
    picture = chart(shown, next(iter(compute(shown, ["ACME"]))))
    (bars,) = picture.panels[-1].series
    assert bars.values[-1] == 0
    said = write(bars.label, picture.words, translator("en"), "en")
    assert said == "Bought minus sold; in 30 days of filings $495K − $920K"


LINES = st.lists(
    st.tuples(
        st.sampled_from("PSAM"), st.integers(0, 3), st.integers(0, 3), st.integers(1, 4), st.integers(0, 70),
        st.integers(0, 5), st.sampled_from(["4", "4", "4/A", "5"]), st.booleans(),
        st.sampled_from([True, False, None]),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(LINES, st.integers(0, 2))
def test_what_is_filed_later_never_changes_what_was_seen_before(lines: list[tuple], back: int) -> None:
    rows = []
    for code, symbol, owner, usd, ago, lag, form, fund, plan in lines:
        day = (AS_OF - timedelta(days=ago)).date()
        known = calendar.new_york(day + timedelta(days=lag), time(18, 0))
        more = {"symbol": f"T{symbol}", "owner_ciks": str(owner), "form": form, "plan": plan}
        rows.append(trade(code, usd * 1e5, day, known, **more, role="ten_percent" if fund else "officer"))
    then = AS_OF - timedelta(days=30 * back)
    # what the newest window was then is what that past window is now
    was, is_now = (windows(rows, at) for at in (then, AS_OF))
    assert was(0) == is_now(back)
    for signal in compute(frames(rows), None):
        assert json.loads(json.dumps(signal.facts)) == signal.facts
        dollars = sum(row["usd_e4"] for row in rows if row["known_at"] <= AS_OF) / 1e4
        assert 0 <= signal.facts["buys_usd"] + signal.facts["sells_usd"] <= dollars


def windows(rows: list[dict], at: datetime) -> Callable[[int], dict]:
    """Dollars bought and sold by issuer in the n-th window before `at`, issuers without any left out."""
    shown = frames(rows, at)[InsiderTrade]
    if shown.empty:
        return lambda n: {}
    judged = judge(shown)
    seen = windows_of(judged[judged["rule"] == ""], at)
    return lambda n: {
        issuer: (bought, sold)
        for issuer, bought, sold in zip(seen.issuers, seen.buys[:, n], seen.sells[:, n], strict=True)
        if bought or sold
    }


def test_published_worked_numbers(recordings: Path) -> None:
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text().splitlines()
    checks = {check["name"]: check for check in map(json.loads, lines)}
    check = checks["npr_example"]
    assert check["expr"] == "(3-9)/(3+9)"
    assert npr(3, 9) == pytest.approx(check["expected"], abs=check["tol"])
