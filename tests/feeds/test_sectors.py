"""Memberships are dated, or marked as hindsight."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from feeds import Ask, Raw, Window
from feeds.sectors import FEED, fetch, parse
from indicators._sector_members import read_groups
from storage import calendar, frames
from storage.intake import store
from storage.tables import SectorMember
from storage.tape import TapeStore

BODY = b"""symbol,sector,name,from,to
RKLB,Space,Rocket Lab,2021-08-25,
BRK.B,Financials,"Berkshire Hathaway, B",,2024-06-28
A,Health Care,Agilent,2024-01-02,2023-01-01
B,,Barnes,2024-01-02,
"""
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_member_is_known_from_the_midnight_it_joins_and_undated_ones_say_so() -> None:
    parsed = parse(Raw("space.csv", BODY))
    dated, undated, left = parsed.accepted[SectorMember].to_pylist()
    midnight = datetime(2021, 8, 25, 4, tzinfo=UTC)  # New York, in summer
    assert dated == {
        "event_at": midnight, "known_at": midnight, "source": "sectors", "symbol": "RKLB", "sector": "Space",
        "name": "Rocket Lab", "since": date(2021, 8, 25), "until": None,
    }  # fmt: skip
    assert (undated["since"], undated["until"]) == (date(1970, 1, 1), None)
    assert undated["source"] == "sectors, undated"
    # its last day is over at midnight
    over = datetime(2024, 6, 29, 4, tzinfo=UTC)
    assert left == undated | {"event_at": over, "known_at": over, "until": date(2024, 6, 28)}
    assert [bad.reason for bad in parsed.bad] == ["it ends before it begins", "sector is missing"]


def test_members_are_stored_once(engine: Engine, tapes: TapeStore) -> None:
    accepted = dict(parse(Raw("space.csv", BODY)).accepted)
    new = [
        store(engine, tapes, feed=FEED.name, name="s", body=BODY, accepted=accepted, bad=[], now=NOW).new
        for _ in range(2)
    ]
    assert new == [3, 0]


def test_an_end_loaded_later_closes_the_member_and_changes_nothing_seen_before_it(
    engine: Engine, tapes: TapeStore
) -> None:
    days = [date(2024, 6, 27), date(2024, 6, 28), date(2024, 7, 1)]

    def load(until: str) -> int:
        body = f"symbol,sector,name,from,to\nRKLB,Space,Rocket Lab,2021-08-25,{until}\n".encode()
        accepted = dict(parse(Raw("space.csv", body)).accepted)
        return store(
            engine, tapes, feed=FEED.name, name="s", body=body, accepted=accepted, bad=[], now=NOW
        ).new

    def seen(day: date) -> Any:
        as_of, year = calendar.day_end(day), timedelta(days=365)
        return frames.read(engine, tapes, (SectorMember,), as_of=as_of, lookback=year)[SectorMember]

    def inside(day: date) -> list[bool]:
        (group,) = read_groups(seen(day), days)
        return group.inside[:, 0].tolist()

    assert load("") == 1
    before = seen(days[1])
    assert inside(days[2]) == [True, True, True]
    assert [load("2024-06-28"), load("2024-06-28"), load("")] == [1, 0, 0]
    assert seen(days[1]).equals(before)
    assert inside(days[2]) == [True, True, False]


def test_the_recorded_constituents_are_all_read(recordings: Path) -> None:
    body = (recordings / "prices/sp500_constituents_gics_2026-08.csv").read_bytes()
    parsed = parse(Raw("constituents", body))
    assert (parsed.accepted_rows, len(parsed.bad)) == (503, 0)
    assert set(parsed.accepted[SectorMember]["source"].to_pylist()) == {"sectors, undated"}


def ask(known: set[str]) -> Ask:
    moment = datetime(2026, 1, 2, tzinfo=UTC)

    def read(names: Iterable[str]) -> set[str]:
        return known & set(names)

    return Ask(None, {}, (), Window(moment, moment), read)  # type: ignore[arg-type]


async def test_our_own_themes_come_by_themselves_once() -> None:
    (raw,) = [raw async for raw in fetch(ask(set()))]
    parsed = parse(raw)
    assert not parsed.bad
    assert set(parsed.accepted[SectorMember]["source"].to_pylist()) == {"sectors, house themes"}
    assert [raw async for raw in fetch(ask({raw.name}))] == []


async def test_a_name_of_our_themes_counts_from_a_session_it_could_be_traded_on() -> None:
    (raw,) = [raw async for raw in fetch(ask(set()))]
    rows = {(row["sector"], row["symbol"]): row for row in parse(raw).accepted[SectorMember].to_pylist()}
    assert all(calendar.is_session(row["since"]) for row in rows.values())
    assert rows["Space", "RKLB"]["since"] == date(2021, 8, 25)
    assert rows["Space", "LUNR"]["known_at"] == datetime(2023, 2, 14, 5, tzinfo=UTC)
    assert rows["Space", "ASTR"]["until"] == date(2024, 7, 18)
    assert min(sum(sector == name for sector, _ in rows) for name, _ in rows) >= 5


def test_bars_that_carry_their_sector_are_undated_memberships() -> None:
    body = b"date,open,close,ticker,sector\n2024-01-02,1,1,RKLB,Space\n2024-01-03,1,1,RKLB,Space\n"
    parsed = parse(Raw("bars.csv", body))
    row, again = parsed.accepted[SectorMember].to_pylist()
    assert row == again
    assert (row["symbol"], row["sector"], row["source"]) == ("RKLB", "Space", "sectors, undated")
