"""Recorded sessions from files to figures: IBM and Bank of America, October 2013, every print and quote."""

from datetime import date
from pathlib import Path

import pytest
from dark_stage import frames

from feeds import Raw, unusual_whales
from feeds.equity_trades import FEED
from indicators import MARKET, Signal
from indicators._dark_days import past_of, read_sessions
from indicators.dark_pool import INDICATOR, compute
from storage import calendar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, Tape, TapeStore

SEVENTH, EIGHTH = date(2013, 10, 7), date(2013, 10, 8)


@pytest.fixture(scope="module")
def stored(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> TapeStore:
    """All recorded prints and quotes."""
    folder, tapes = recordings / "equity_ticks" / "lean_raw", TapeStore(tmp_path_factory.mktemp("tape"))
    for file in sorted(folder.glob("*.zip")):
        for tape, table in FEED.parse(Raw(file.name, file.read_bytes())).accepted.items():
            assert isinstance(tape, Tape)
            tapes.append(tape, table)
    return tapes


def read(stored: TapeStore, day: date, *subjects: str) -> list[Signal]:
    """The signals once all that belongs to `day` is known."""
    return list(compute(frames(stored, calendar.day_end(day)), subjects))


@pytest.mark.parametrize(
    ("symbol", "day", "share", "regular"),
    [("IBM", SEVENTH, 31.03, 32.11), ("IBM", EIGHTH, 34.33, 34.98), ("BAC", SEVENTH, 39.78, 41.44)],
)
def test_the_share_off_the_exchanges_is_that_of_the_file(
    symbol: str, day: date, share: float, regular: float, stored: TapeStore
) -> None:
    (signal,) = read(stored, day, symbol)
    assert round(signal.facts["off_exchange_share"] * 100, 2) == share
    assert round(signal.facts["off_exchange_share_regular"] * 100, 2) == regular
    assert signal.facts["grade"] == "B1"


@pytest.mark.parametrize(
    ("symbol", "day", "of_10000", "legal", "dark", "lit"),
    [
        ("IBM", SEVENTH, 4, 136, 3, 2),
        ("IBM", EIGHTH, 10, 168, 6, 6),
        ("BAC", SEVENTH, 564, 564, 7, 5),
    ],
)
def test_the_rule_of_blocks_fires_for_both_names_where_the_legal_one_fires_all_day(
    symbol: str, day: date, of_10000: int, legal: int, dark: int, lit: int, stored: TapeStore
) -> None:
    (signal,) = read(stored, day, symbol)
    told = signal.facts
    assert (told["prints_10000"], told["legal_blocks"]) == (of_10000, legal)
    assert (told["dark_blocks"], told["lit_blocks"], told["blocks"]) == (dark, lit, dark + lit)


def test_the_largest_off_exchange_prints_are_those_of_the_file(stored: TapeStore) -> None:
    (bac,) = read(stored, SEVENTH, "BAC")
    first = bac.facts["largest_blocks"][0]
    assert (first["size"], first["price"], first["venue"]) == (707_704, 13.83, "off_exchange")
    (ibm,) = read(stored, SEVENTH, "IBM")
    first = ibm.facts["largest_blocks"][0]
    assert (first["size"], first["price"], first["venue"]) == (15_516, 183.03, "off_exchange")


@pytest.mark.parametrize(("symbol", "day"), [("IBM", SEVENTH), ("IBM", EIGHTH), ("BAC", SEVENTH)])
def test_four_fifths_have_a_side_and_the_buckets_come_to_the_whole(
    symbol: str, day: date, stored: TapeStore
) -> None:
    (signal,) = read(stored, day, symbol)
    told = signal.facts
    assert told["coverage"] > 0.75
    parts = [told[name] for name in ("dark_buy_usd", "dark_sell_usd", "unknown_usd", "retail_usd")]
    assert sum(parts) == pytest.approx(told["off_exchange_usd"])
    assert told["imbalance_low"] < told["imbalance"] < told["imbalance_high"]
    assert signal.state in ("balanced", "unclear")
    assert signal.strength == 0


def test_the_market_of_both_is_their_sum(stored: TapeStore) -> None:
    market, *each = read(stored, SEVENTH, MARKET, "IBM", "BAC")
    for name in ("dark_buy_usd", "dark_sell_usd", "unknown_usd", "blocks", "trades"):
        assert market.facts[name] == pytest.approx(sum(signal.facts[name] for signal in each))


def test_the_first_day_is_the_same_seen_from_the_second(stored: TapeStore) -> None:
    early, late = calendar.day_end(SEVENTH), calendar.day_end(EIGHTH)
    pasts = []
    for as_of in (early, late):
        views = (
            stored.view(tape, as_of, as_of - INDICATOR.lookback) for tape in (EQUITY_TRADES, EQUITY_QUOTES)
        )
        pasts.append(past_of(read_sessions(*views, None)))
    for name in ("dark_buy", "dark_sell", "dark_unknown", "total"):
        first, second = (getattr(past, name)[:, 0].tolist() for past in pasts)
        assert first == second


def test_a_vendors_last_five_hundred_prints_are_no_day_and_claim_no_share(
    recordings: Path, tapes: TapeStore
) -> None:
    (file,) = (recordings / "api_json" / "unusual_whales_rest").glob("*darkpool*SPY*")
    parsed = unusual_whales.FEED.parse(Raw(file.name, file.read_bytes()))
    tapes.append(EQUITY_TRADES, parsed.accepted[EQUITY_TRADES])
    (signal,) = compute(frames(tapes, calendar.day_end(date(2025, 10, 3))), ["SPY"])
    told = signal.facts
    assert told["trades"] == 500
    assert told["off_exchange_usd"] == told["total_usd"] == 2_891_786_100.40
    assert [told[name] for name in ("off_exchange_share", "block_buy_usd", "block_sell_usd")] == [None] * 3
    # most of it after hours: large prints filled at the official close
    assert told["extended_usd"] > told["dark_buy_usd"] + told["dark_sell_usd"]
    assert signal.state == "unclear"
