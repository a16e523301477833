"""Peers against numbers worked by hand: who is one, what is usual among them, what growth explains."""

import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators._desk_math import RefusedError
from indicators._desk_peers import Peer, build, growth_adjusted, summary

FRIDAY = date(2025, 12, 19)
#: 18:00 New York on that day
AS_OF = datetime(2025, 12, 19, 23, tzinfo=UTC)
DAY = timedelta(days=1)


def peer(symbol: str, multiple: float, **more) -> Peer:
    usual = Peer(
        symbol, round(multiple * 100), 100, multiple, FRIDAY, date(2025, 10, 31), date(2025, 9, 30),
        None, None, "a source",
    )  # fmt: skip
    return replace(usual, **more)


def peers(*multiples: float) -> list[Peer]:
    return [peer(f"P{place:02}", multiple) for place, multiple in enumerate(multiples)]


# what is usual


def test_median_quartiles_and_the_ninetieth_percentile_of_five() -> None:
    told = summary(peers(10, 2, 4, 6, 30))
    assert (told.n, told.q1, told.median, told.q3) == (5, 4, 6, 10)
    assert told.p90 == pytest.approx(22)  # 0.6 of the way from 10 to 30
    assert told.multiples == (2, 4, 6, 10, 30)
    assert (told.first_session, told.last_session) == (FRIDAY, FRIDAY)
    assert (told.left_out, told.reason) == ((), None)


def test_four_say_nothing_of_what_is_usual() -> None:
    told = summary(peers(1, 2, 3, 4))
    assert (told.n, told.median, told.q1, told.q3, told.p90) == (4, None, None, None, None)
    assert told.reason == "4 peers do not say what is usual: it takes 5."
    assert told.last_session == FRIDAY
    nobody = summary([])
    assert (nobody.n, nobody.median, nobody.first_session, nobody.last_session) == (0, None, None, None)
    assert nobody.z(3) is None


def test_a_price_ten_days_from_the_newest_counts_and_one_of_eleven_is_left_out_and_named() -> None:
    five = peers(1, 2, 3, 4, 5)
    near = replace(five[0], price_session=FRIDAY - 10 * DAY)
    far = peer("FAR", 1000, price_session=FRIDAY - 11 * DAY)
    told = summary([far, near, *five[1:]])
    assert (told.n, told.median, told.first_session) == (5, 3, FRIDAY - 10 * DAY)
    assert told.left_out == (("FAR", "Its price is of 2025-12-08, more than 10 days before 2025-12-19."),)


def test_the_robust_score_is_of_logs_and_needs_twenty_peers() -> None:
    # ln: median ln 4, MAD ln 2
    told = summary(peers(*[2, 4, 8] * 7))
    assert told.z(4) == pytest.approx(0)
    assert told.z(8) == pytest.approx(1 / 1.4826)
    assert told.z(2) == pytest.approx(-1 / 1.4826)
    assert summary(peers(*[2, 4, 8] * 6)).z(8) is None
    assert summary(peers(*[4] * 20)).z(8) is None
    with pytest.raises(RefusedError, match="not above 0"):
        told.z(0)


@given(st.lists(st.floats(0.1, 300), min_size=5, max_size=30), st.randoms())
def test_the_order_of_peers_does_not_matter_and_figures_lie_in_order(multiples, chance) -> None:
    every = peers(*multiples)
    told = summary(every)
    assert min(multiples) <= told.q1 <= told.median <= told.q3 <= told.p90 <= max(multiples) * (1 + 1e-12)
    chance.shuffle(every)
    assert summary(every) == told


# what growth and margin explain


def fitted(n: int) -> list[Peer]:
    """ln(P/S) = 1 + 2 · growth + 3 · margin exactly."""
    return [
        peer(f"P{place:02}", math.exp(1 + 2 * place / 20 + 3 * (place % 4) / 10), growth=place / 20,
             margin=(place % 4) / 10)
        for place in range(n)
    ]  # fmt: skip


def test_nothing_is_left_where_growth_and_margin_explain_all() -> None:
    told = growth_adjusted(fitted(12))
    assert (told.n, told.reason) == (12, None)
    assert told.residuals == {f"P{place:02}": pytest.approx(0, abs=1e-12) for place in range(12)}


def test_what_is_dearer_than_its_growth_explains_has_a_positive_residual() -> None:
    every = fitted(13)
    every[5] = replace(every[5], multiple=every[5].multiple * 2)
    told = growth_adjusted(every)
    # least squares: what is left of one doubled multiple is ln 2 times one minus its leverage
    known = np.array([(1, each.growth, each.margin) for each in every])
    leverage = (known @ np.linalg.pinv(known))[5, 5]
    assert told.residuals["P05"] == pytest.approx(math.log(2) * (1 - leverage))
    assert max(told.residuals, key=told.residuals.get) == "P05"
    assert sum(told.residuals.values()) == pytest.approx(0)
    random.Random(7).shuffle(every)
    assert growth_adjusted(every) == told


def test_eleven_with_both_are_too_few_and_those_without_one_or_far_are_not_among_them() -> None:
    eleven = fitted(11)
    others = [
        replace(eleven[0], symbol="A", growth=None), replace(eleven[0], symbol="B", margin=None),
        replace(eleven[0], symbol="C", price_session=FRIDAY - 11 * DAY),
    ]  # fmt: skip
    told = growth_adjusted([*eleven, *others])
    reason = "11 peers have a known growth and margin: it takes 12."
    assert told == (None, 11, reason)


def test_peers_of_one_margin_are_not_told_apart() -> None:
    told = growth_adjusted([replace(each, margin=0.1) for each in fitted(20)])
    assert told == (None, 20, "The peers' growth and margin do not tell them apart.")


# who is a peer


def closes(*rows: tuple[str, date, float]) -> pd.DataFrame:
    made = [(symbol, session, round(usd * 10_000)) for symbol, session, usd in rows]
    return pd.DataFrame(made, columns=["symbol", "session", "close_e4"])


def filed(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    """Rows `symbol, figure, start, end, value`, each known at 22:00 New York forty days after its end."""
    columns = ["symbol", "figure", "start", "end", "value", "form", "accession"]
    made = [
        (symbol, figure, date.fromisoformat(start), date.fromisoformat(end), value, "10-K", f"{place}")
        for place, (symbol, figure, start, end, value) in enumerate(rows)
    ]
    table = pd.DataFrame(made, columns=columns)
    known = pd.to_datetime(table["end"]).dt.tz_localize(UTC) + pd.Timedelta(days=41, hours=3)
    return table.assign(known_at=known, event_at=known)


CLOSES = closes(("AAA", FRIDAY - DAY, 24.0), ("AAA", FRIDAY, 25.5), ("BBB", FRIDAY, 1.0))
SHARES = ("AAA", "shares", "2025-10-24", "2025-10-24", 200)
YEAR = ("AAA", "revenue", "2024-10-01", "2025-09-30", 1000)
BEFORE = ("AAA", "revenue", "2023-10-01", "2024-09-30", 800)


def reason(prices: pd.DataFrame, *rows: tuple) -> str:
    found, ((symbol, told),) = build(prices, filed(*rows), ["AAA"], AS_OF)
    assert (found, symbol) == ([], "AAA")
    return str(told)


def test_a_peer_is_its_newest_close_times_its_shares_by_its_twelve_months() -> None:
    (found,), left_out = build(CLOSES, filed(SHARES, YEAR, BEFORE), ["AAA"], AS_OF)
    assert left_out == []
    assert found == Peer(
        "AAA", 5100, 1000, 5.1, FRIDAY, date(2025, 10, 24), date(2025, 9, 30), 0.25, None,
        "close of 2025-12-19; SEC filings up to 2025-12-03",
    )  # fmt: skip


def test_market_value_is_exact_to_the_dollar_and_rounded() -> None:
    prices = closes(("AAA", FRIDAY, 0.0075))
    for count, usd in [
        (9_007_199_254_740_993, 67_553_994_410_557),  # …557.4475
        (9_007_199_254_741_001, 67_553_994_410_558),  # …557.5075
    ]:
        (found,), _ = build(prices, filed((*SHARES[:4], count), YEAR), ["AAA"], AS_OF)
        assert found.market_cap_usd == usd


def test_growth_is_on_the_twelve_months_that_end_where_these_begin() -> None:
    gap = ("AAA", "revenue", "2023-09-01", "2024-08-31", 800)
    week = ("AAA", "revenue", "2023-09-24", "2024-09-24", 800)
    for rows, grown in [((YEAR, gap), None), ((YEAR, week), 0.25), ((YEAR,), None)]:
        (found,), _ = build(CLOSES, filed(SHARES, *rows), ["AAA"], AS_OF)
        assert found.growth == grown


def test_every_symbol_asked_for_is_a_peer_or_has_a_reason_with_its_date() -> None:
    found, left_out = build(CLOSES, filed(SHARES, YEAR), ["CCC", "AAA", "BBB", "AAA"], AS_OF)
    assert [each.symbol for each in found] == ["AAA"]
    assert [(symbol, str(error)) for symbol, error in left_out] == [
        ("CCC", "No recent close is known on 2025-12-19."),
        ("BBB", "No filing known on 2025-12-19 states its shares."),
    ]
    assert reason(CLOSES, SHARES) == "No twelve months of revenue are known on 2025-12-19."
    assert reason(CLOSES, (*SHARES[:4], 0), YEAR) == "No filing known on 2025-12-19 states its shares."


def test_shares_of_200_days_ago_count_and_of_201_may_have_been_split_since() -> None:
    def of(day: date) -> tuple:
        return ("AAA", "shares", day.isoformat(), day.isoformat(), 200)

    (found,), _ = build(CLOSES, filed(of(FRIDAY - 200 * DAY), YEAR), ["AAA"], AS_OF)
    assert found.shares_as_of == FRIDAY - 200 * DAY
    assert reason(CLOSES, of(FRIDAY - 201 * DAY), YEAR) == (
        "Its shares are of 2025-06-01, more than 200 days before 2025-12-19: a split would go unseen."
    )


def test_revenue_that_ended_long_ago_is_not_that_of_the_last_twelve_months() -> None:
    assert reason(CLOSES, SHARES, ("AAA", "revenue", "2023-08-01", "2024-07-31", 900)) == (
        "Its revenue ends on 2024-07-31, more than 500 days before 2025-12-19."
    )
    found, _ = build(
        CLOSES, filed(SHARES, ("AAA", "revenue", "2023-08-07", "2024-08-06", 900)), ["AAA"], AS_OF
    )
    assert len(found) == 1


def test_the_order_of_rows_does_not_matter() -> None:
    prices = closes(("AAA", FRIDAY, 25.5), ("AAA", FRIDAY, 25.4), ("AAA", FRIDAY - DAY, 99.0))
    figures = filed(SHARES, YEAR, BEFORE)
    found = build(prices, figures, ["AAA"], AS_OF)
    assert found[0][0].market_cap_usd == 5100
    assert build(prices.iloc[::-1], figures.iloc[::-1], ["AAA"], AS_OF) == found


def test_the_day_is_new_yorks() -> None:
    late = datetime(2025, 12, 20, 3, tzinfo=UTC)  # still Friday there
    ((symbol, error),) = build(closes(), filed(), ["AAA"], late)[1]
    assert (symbol, str(error)) == ("AAA", "No recent close is known on 2025-12-19.")
