"""The sample market: the same whenever asked, loud on schedule, quiet between, nobody's real ticker."""

import csv
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from feeds import Ask, FeedError, Raw, Window, schema_of
from feeds import _sample_market as market
from feeds.sample import FEED, FIRST_SESSION, HISTORY_SESSIONS, SAMPLE_TICKERS, day, parse
from storage import calendar
from storage.intake import store
from storage.tables import Bar, InsiderTrade, SectorMember
from storage.tape import EQUITY_TRADES, OPTION_TRADES, TapeStore

LAST = calendar.shift(FIRST_SESSION, HISTORY_SESSIONS - 1)


async def bodies(since: datetime, until: datetime, known: set[str] = frozenset()) -> list[Raw]:
    ask = Ask(None, {}, [], Window(since, until), lambda names: known & set(names))
    return [raw async for raw in FEED.fetch(ask)]


async def test_a_session_comes_once_it_is_settled_and_is_not_read_twice() -> None:
    first, second = FIRST_SESSION, calendar.shift(FIRST_SESSION, 1)
    start = calendar.opening(first)
    assert await bodies(start, calendar.settled(first) - timedelta(seconds=1)) == []
    names = [raw.name for raw in await bodies(start, calendar.settled(second))]
    assert names == ["2024-01-02", "2024-01-03"]
    assert [raw.name for raw in await bodies(calendar.settled(first), calendar.settled(second))] == [
        "2024-01-03"
    ]
    assert [raw.name for raw in await bodies(start, calendar.settled(second), {"2024-01-03"})] == [
        "2024-01-02"
    ]


async def test_a_body_says_what_the_day_holds_and_says_the_same_each_time() -> None:
    session = date(2031, 11, 28)  # far ahead, and a half day
    window = (calendar.opening(session), calendar.settled(session))
    (once,), (again,) = await bodies(*window), await bodies(*window)
    assert once == again
    parsed = parse(once)
    assert (parsed.received, parsed.accepted_rows, list(parsed.bad)) == (
        parsed.accepted_rows,
        parsed.received,
        [],
    )
    assert parsed.accepted == day(session)
    for kind, table in parsed.accepted.items():
        assert set(table.column_names) <= set(schema_of(kind).names)
        assert set(table["source"].to_pylist()) <= {"sample"}
        moments = table.select(["event_at", "known_at"]).to_pandas()
        assert (moments.known_at >= moments.event_at).all()
    prints = parsed.accepted[OPTION_TRADES].to_pandas()
    assert prints.event_at.between(calendar.opening(session), calendar.close(session)).all()
    assert (prints.expiry >= session).all()
    assert all(calendar.is_session(expiry) for expiry in prints.expiry.unique())


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff" * 50, b"ARROW1\0\0"])
def test_what_is_not_a_session_of_it_is_one_sentence(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"is not a session of the sample market|is empty"):
        parse(Raw("x", body))


def test_every_ticker_has_an_event_every_six_sessions_and_every_fifth_is_a_cluster() -> None:
    for ticker in SAMPLE_TICKERS:
        events = [(place, kind) for place in range(120) if (kind := market.event(ticker, place))]
        assert {later - sooner for (sooner, _), (later, _) in pairwise(events)} == {6}
        kinds = [kind for _, kind in events[:5]]
        assert sorted(kinds) == ["bearish", "bearish", "bullish", "bullish", "insiders"]
    # staggered: something happens on every session
    assert all(any(market.event(ticker, place) for ticker in SAMPLE_TICKERS) for place in range(120))


@pytest.fixture(scope="module")
def premiums() -> pd.DataFrame:
    """USD of each opinion by session over the history, of one ticker in four."""
    rows = []
    for place, session in enumerate(calendar.sessions(FIRST_SESSION, LAST)):
        for ticker in list(SAMPLE_TICKERS)[::4]:
            of = market.option_prints(ticker, session)
            usd = of["price_e4"] * of["size"] * of["multiplier"] // 10_000
            off = np.sign(2 * of["price_e4"] - of["bid_e4"] - of["ask_e4"])
            opinion = np.where(of["condition"] == "f", 9, np.where(of["is_call"], off, -off))
            bull, bear, unknown = (int(usd[opinion == each].sum()) for each in (1, -1, 0))
            rows.append(
                (ticker, place, market.event(ticker, place) or "quiet", bull, bear, unknown, int(usd.sum()))
            )
    return pd.DataFrame(rows, columns=["ticker", "place", "event", "bull", "bear", "unknown", "total"])


def test_a_surge_has_a_direction_that_unknown_prints_cannot_turn_and_a_quiet_day_has_none(
    premiums: pd.DataFrame,
) -> None:
    low = premiums.bull / (premiums.bear + premiums.unknown)
    high = (premiums.bull + premiums.unknown) / premiums.bear
    assert (low[premiums.event == "bullish"] > 2).all()
    assert (high[premiums.event == "bearish"] < 0.5).all()
    quiet = premiums.event.isin(["quiet", "insiders"])
    assert ((low[quiet] < 1) & (high[quiet] > 1)).all()
    assert ((premiums.bull + premiums.bear) / premiums.total >= 0.5).all()
    assert (premiums.total >= 1_000_000).all()


def test_a_surge_stands_out_of_sixty_sessions_and_a_quiet_day_does_not(premiums: pd.DataFrame) -> None:
    for _, of in premiums.groupby("ticker"):
        x = np.log1p(of.sort_values("place").total.to_numpy())
        events = of.sort_values("place").event.to_numpy()
        for place in range(60, HISTORY_SESSIONS):
            history = x[place - 60 : place]
            spread = 1.4826 * np.median(np.abs(history - np.median(history)))
            stands_out = (x[place] - np.median(history)) / spread >= 4 and (history < x[place]).all()
            assert stands_out == (events[place] in ("bullish", "bearish"))


def test_a_cluster_is_three_insiders_over_a_quarter_million_known_in_the_evening() -> None:
    clusters = 0
    for session in calendar.sessions(FIRST_SESSION, calendar.shift(FIRST_SESSION, 29)):
        lines = defaultdict(list)
        for line in day(session)[InsiderTrade].to_pylist():
            lines[line["symbol"], line["code"]].append(line)
            assert line["event_at"] < calendar.opening(session)
            assert calendar.close(session) < line["known_at"] < calendar.opening(calendar.shift(session, 1))
        for (_, code), of in lines.items():
            if code == "P":
                clusters += 1
                assert len({line["owner_ciks"] for line in of}) == 3
                assert sum(line["usd_e4"] for line in of) > 250_000_0000
                assert all(
                    line["usd_e4"] == round(float(line["price"]) * int(line["shares"]) * 1e4) for line in of
                )
    assert clusters == len(SAMPLE_TICKERS)  # five events in thirty sessions, one of them a cluster


def test_bars_members_and_stock_prints_are_there() -> None:
    tables = day(FIRST_SESSION)
    bars = tables[Bar].to_pandas()
    assert set(bars.symbol) == {*SAMPLE_TICKERS, "^SMPL"}
    inside = (bars.low_e4 <= bars[["open_e4", "close_e4"]].min(axis=1)) & (
        bars.high_e4 >= bars[["open_e4", "close_e4"]].max(axis=1)
    )
    assert inside.all()
    members = tables[SectorMember].to_pandas()
    assert members.groupby("sector").symbol.nunique().to_dict() == {
        "Energy": 5,
        "Health Care": 5,
        "Technology": 5,
    }
    prints = tables[EQUITY_TRADES].to_pandas()
    assert (prints.groupby("symbol", observed=True).venue.apply(lambda of: (of == "D").mean()) == 0.5).all()
    tomorrow = day(calendar.shift(FIRST_SESSION, 1))[Bar].to_pandas()
    assert (tomorrow.open_e4 == bars.close_e4).all()


def test_no_sample_ticker_is_a_real_one(recordings: Path) -> None:
    with (recordings / "prices/sp500_constituents_gics_2026-08.csv").open(newline="") as file:
        real = {row["Symbol"] for row in csv.DictReader(file)}
    real |= set(pd.read_parquet(recordings / "prices/yahoo_daily_ohlcv.parquet", columns=["ticker"]).ticker)
    assert not real & set(SAMPLE_TICKERS)
    assert all(ticker.isalpha() and len(ticker) == 5 for ticker in SAMPLE_TICKERS)


async def test_sessions_are_stored_once(engine: Engine, tapes: TapeStore) -> None:
    until = calendar.settled(calendar.shift(FIRST_SESSION, 4))
    raws = await bodies(calendar.opening(FIRST_SESSION), until)
    counts = []
    for raw in [*raws, *raws]:
        accepted = dict(parse(raw).accepted)
        now = datetime(2025, 1, 1, tzinfo=UTC)
        account = store(
            engine, tapes, feed="sample", name=raw.name, body=raw.body, accepted=accepted, bad=[], now=now
        )
        counts.append((account.received == account.accepted == account.new, account.new))
    assert [whole for whole, _ in counts[:5]] == [True] * 5
    assert [new for _, new in counts[5:]] == [0] * 5
