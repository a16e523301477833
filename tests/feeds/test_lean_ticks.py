"""LEAN's tick zips: opened with care, read by New York's clock, every line accounted for."""

import io
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.pipeline import take_in
from bot.rooms import Rooms
from feeds import FeedError, Parsed, Raw
from feeds import _lean_ticks as lean_ticks
from feeds._sale_conditions import from_flags
from feeds.equity_trades import FEED, parse
from storage import calendar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, TapeStore

TRADE_TICK, QUOTE_TICK = "20240304_acme_Trade_Tick.csv", "20240304_acme_Quote_Tick.csv"


def zipped(*members: tuple[str, str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return packed.getvalue()


def ticks(member: str, *lines: str) -> Parsed:
    return parse(Raw("acme.zip", zipped((member, "\n".join(lines) + "\n"))))


def only(parsed: Parsed) -> dict[str, Any]:
    assert not parsed.bad
    ((row,),) = (table.to_pylist() for table in parsed.accepted.values())
    return row


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ("1", None), ("0", None), ("20000000", None), ("20", "F"), ("20000020", "F"), ("40", "O"),
        ("80", "6"), ("100", "5"), ("200", "4"), ("400", "T"), ("2000", "T"), ("2400", "T"),
        ("6000", "U"), ("4400", "U"), ("800", "L"), ("4000", "Z"), ("4800", "L,Z"), ("20000", "B"),
        ("20800", "G"), ("40000", "V"), ("100000", "W"), ("200080", "6,X"), ("400000", "H"),
        ("800000", "K"), ("1000000", "M"), ("2000000", "P"), ("4000000", "Q"), ("80000000", "I"),
        ("2", "C"), ("4", "N"), ("8", "R"), ("106000", "U,W"), ("20100200", "4,W"), ("6004", "N,U"),
    ],
)  # fmt: skip
def test_leans_flags_become_the_sips_characters(flags: str, kept: str | None) -> None:
    assert from_flags(flags) == from_flags(flags.lower()) == kept


def test_a_trade_tick_is_read_by_new_yorks_clock() -> None:
    row = only(ticks(TRADE_TICK, "34200123,265000,409,D,100000,0"))
    at = datetime(2024, 3, 4, 14, 30, 0, 123_000, UTC)
    assert at.replace(microsecond=0) == calendar.opening(at.date())
    assert row == {
        "event_at": at, "known_at": at, "symbol": "ACME", "price_e4": 26_5000, "size": 409, "venue": "D",
        "condition": "W", "source": "equity_trades",
    }  # fmt: skip
    summer = only(ticks(TRADE_TICK.replace("0304", "0703"), "0,265000,409,D,1,0"))
    assert summer["event_at"] == datetime(2024, 7, 3, 4, tzinfo=UTC)


def test_a_quote_tick_carries_on_the_other_side_whoever_set_it() -> None:
    parsed = ticks(
        QUOTE_TICK,
        "100,264500,300,0,0,P,1,0", "100,0,0,265500,200,Q,1,0", "200,0,0,265600,100,P,1,0",
        "300,264000,900,0,0,P,1,1",  # suspicious: neither kept nor carried on
        "300,x,900,0,0,P,1,0", "400,0,0,265700,500,P,1,0", "500,264400,700,0,0,Q,1,0",
    )  # fmt: skip
    names = ("bid_e4", "bid_size", "ask_e4", "ask_size")
    assert [tuple(row[name] for name in names) for row in parsed.accepted[EQUITY_QUOTES].to_pylist()] == [
        (264_500, 300, None, None), (264_500, 300, 265_500, 200), (264_500, 300, 265_600, 100),
        (264_500, 300, 265_700, 500), (264_400, 700, 265_700, 500),
    ]  # fmt: skip
    assert [bad.reason for bad in parsed.bad] == ["flagged as suspicious", "bid is not a number"]


side = st.tuples(st.integers(0, 3), st.sampled_from("PQ"), st.booleans(), st.integers(1, 3), st.booleans())


@given(st.lists(side, max_size=12))
def test_what_is_carried_on_is_never_of_a_later_time(sides: list[tuple[int, str, bool, int, bool]]) -> None:
    lines = [
        f"{at},{price if is_bid else 0},1,{0 if is_bid else price},1,{exchange},1,{int(doubted)}"
        for at, exchange, is_bid, price, doubted in sides
    ]
    if not lines:
        return
    expected: dict[int, tuple[int | None, int | None]] = {}
    best: dict[bool, int] = {}
    for place, (_, _exchange, is_bid, price, doubted) in sorted(
        enumerate(sides), key=lambda each: each[1][0]
    ):
        if not doubted:
            best |= {is_bid: price}
            expected[place] = (best.get(True), best.get(False))
    table = ticks(QUOTE_TICK, *lines).accepted[EQUITY_QUOTES]
    got = [(row["bid_e4"], row["ask_e4"]) for row in table.to_pylist()]
    assert got == [expected[place] for place in sorted(expected)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("86400000,265000,409,D,1,0", "milliseconds are not within a day"),
        ("-1,265000,409,D,1,0", "milliseconds is negative"),
        ("1,0,409,D,1,0", "price is not positive"),
        ("1,26.5,409,D,1,0", "price is not a whole number"),
        ("1,265000,0,D,1,0", "size is zero"),
        ("1,265000,999999999999,D,1,0", "value is beyond a hundred billion dollars"),
        ("1,265000,409,d,1,0", "exchange is not a letter"),
        ("1,265000,409,,1,0", "exchange is missing"),
        ("1,265000,409,D,xyz,0", "condition is not a hexadecimal number"),
        ("1,265000,409,D,1,2", "suspicious is neither 0 nor 1"),
        ("1,265000,409,D,1,1", "flagged as suspicious"),
        ("1,265000,409,D,1", "not as many cells as the header"),
    ],
)
def test_a_bad_tick_costs_its_line_and_says_why(line: str, reason: str) -> None:
    good = "34200123,265000,409,D,1,0"
    parsed = ticks(TRADE_TICK, good, line, good)
    assert ([bad.reason for bad in parsed.bad], parsed.accepted_rows, parsed.received) == ([reason], 2, 3)
    neither = ticks(QUOTE_TICK, "1,0,0,0,0,P,1,0")
    assert [bad.reason for bad in neither.bad] == ["holds neither bid nor ask"]


LINE = "34200123,265000,409,D,1,0\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (zipped(), "holds 0 files"),
        (zipped((TRADE_TICK, LINE), (QUOTE_TICK, LINE)), "holds 2 files, one was expected"),
        (zipped(("../" + TRADE_TICK, LINE)), "no file of LEAN's ticks"),
        (zipped(("/etc/" + TRADE_TICK, LINE)), "no file of LEAN's ticks"),
        (zipped(("20240304_acme_Trade_Minute.csv", LINE)), "no file of LEAN's ticks"),
        (zipped((TRADE_TICK, LINE), method=zipfile.ZIP_BZIP2), "no file of LEAN's ticks"),
        (zipped(("20240303_acme_Trade_Tick.csv", LINE)), "not of a session"),
        (zipped(("20241399_acme_Trade_Tick.csv", LINE)), "not of a session"),
        (zipped((TRADE_TICK, LINE))[:-30], "not a readable zip"),
        (b"PK\x03\x04", "not a readable zip"),
        (b"PK", "not a readable zip"),
    ],
    ids=range(11),
)
def test_a_zip_that_is_none_of_leans_is_one_sentence(body: bytes, told: str) -> None:
    with pytest.raises(FeedError, match=told):
        parse(Raw("x.zip", body))


def test_a_bomb_is_refused_and_a_zip_that_lies_about_its_size_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert lean_ticks.LARGEST == 200 * 2**20
    monkeypatch.setattr(lean_ticks, "LARGEST", 2 * 2**20)
    bomb = zipped((TRADE_TICK, "0" * (3 * 2**20)))
    assert len(bomb) < 10_000
    with pytest.raises(FeedError, match="unfolds to more than 2 MB"):
        parse(Raw("x.zip", bomb))
    # the directory at the end says 25 bytes instead of three million
    size = (3 * 2**20).to_bytes(4, "little")
    with pytest.raises(FeedError, match="not a readable zip"):
        parse(Raw("x.zip", bomb.replace(size, (25).to_bytes(4, "little"))))


@given(st.data())
@settings(max_examples=200)
def test_a_damaged_zip_is_a_sentence_or_its_rows_never_a_traceback(data: st.DataObject) -> None:
    body = bytearray(zipped((TRADE_TICK, LINE * 3)))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(2, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        parsed = parse(Raw("x.zip", bytes(body)))
    except FeedError:
        return
    assert parsed.received == parsed.accepted_rows + len(parsed.bad)


def recorded(recordings: Path, name: str) -> pd.DataFrame:
    path = recordings / "equity_ticks/lean_raw" / f"{name}.zip"
    parsed = parse(Raw(path.name, path.read_bytes()))
    with zipfile.ZipFile(path) as archive:
        assert parsed.received == len(archive.read(archive.namelist()[0]).splitlines())
    assert Counter(bad.reason for bad in parsed.bad) <= Counter({"flagged as suspicious": 1})
    ((_, table),) = parsed.accepted.items()
    return table.to_pandas()


@pytest.mark.parametrize(
    ("name", "rows", "all_day", "session", "blocks"),
    [
        ("ibm_20131007_trade", 24_293, 31.03, 32.11, 4),
        ("ibm_20131008_trade", 33_381, 34.33, 34.98, 10),
        ("bac_20131007_trade", 88_172, 39.78, 41.44, 564),
    ],
)
def test_the_recorded_off_exchange_share(
    recordings: Path, name: str, rows: int, all_day: float, session: float, blocks: int
) -> None:
    frame = recorded(recordings, name)
    assert len(frame) == rows
    of = frame.groupby(frame.venue == "D")["size"].sum()
    assert round(100 * of[True] / of.sum(), 2) == all_day
    day = frame.event_at.iloc[0].date()
    within = frame[(frame.event_at >= calendar.opening(day)) & (frame.event_at < calendar.close(day))]
    of = within.groupby(within.venue == "D")["size"].sum()
    assert round(100 * of[True] / of.sum(), 2) == session
    assert (frame["size"] >= 10_000).sum() == blocks
    assert (frame.known_at == frame.event_at).all()


def test_the_largest_recorded_off_exchange_prints_and_the_conditions(recordings: Path) -> None:
    for name, size, price in (
        ("bac_20131007_trade", 707_704, 138_300),
        ("ibm_20131007_trade", 15_516, 1_830_300),
    ):
        frame = recorded(recordings, name)
        dark = frame[frame.venue == "D"]
        largest = dark.loc[dark["size"].idxmax()]
        assert (largest["size"], largest.price_e4) == (size, price)
    ibm = Counter(frame.condition.dropna())
    assert ibm == {
        "F": 10_620, "T": 106, "F,T": 70, "4,W": 35, "T,W": 10, "W": 9, "4": 7, "4,V": 4, "L,Z": 3, "C": 2,
        "Q": 1, "O": 1, "M": 1, "6": 1, "N,U": 1,
    }  # fmt: skip
    # official open and close have shares in this file
    assert frame[frame.condition.isin(["Q", "M"])]["size"].gt(0).all()


def test_the_recorded_quotes_are_whole(recordings: Path) -> None:
    for name, rows in (
        ("ibm_20131007_quote", 109_066), ("ibm_20131008_quote", 125_749), ("bac_20131007_quote", 476_855)
    ):  # fmt: skip
        frame = recorded(recordings, name)
        assert len(frame) == rows
        whole = frame.bid_e4.notna() & frame.ask_e4.notna()
        # once both sides have been shown there are both from then on
        assert whole.cummax().eq(whole).all()
        assert whole.mean() > 0.99
        assert frame.bid_e4.isna().eq(frame.bid_size.isna()).all()
        # the best quotes of a day cross each other seldom
        assert (frame.bid_e4 < frame.ask_e4)[whole].mean() > 0.97
    first = frame.iloc[2]
    assert (first.bid_e4, first.bid_size, first.ask_e4, first.ask_size) == (138_400, 700, 139_500, 20_000)


def test_loading_a_recording_twice_stores_it_once(engine: Engine, tapes: TapeStore, recordings: Path) -> None:
    rooms, now = Rooms(engine, tapes), datetime(2026, 1, 2, tzinfo=UTC)
    for name, new, bad in (("ibm_20131007_trade", 24_293, 0), ("ibm_20131007_quote", 109_066, 1)):
        path = recordings / "equity_ticks/lean_raw" / f"{name}.zip"
        accounts = [take_in(rooms, FEED, Raw(path.name, path.read_bytes()), now) for _ in range(2)]
        assert [account.new for account in accounts] == [new, 0]
        assert [account.quarantined for account in accounts] == [bad, bad]
    stored = tapes.view(EQUITY_TRADES, now, datetime(2013, 10, 1, tzinfo=UTC))
    assert sum(batch.num_rows for batch in stored.batches(date(2013, 10, 7))) == 24_293
