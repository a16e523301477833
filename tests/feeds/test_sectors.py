"""Memberships are dated, or marked as hindsight."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from feeds import Raw
from feeds.sectors import FEED, parse
from storage.intake import store
from storage.tables import SectorMember
from storage.tape import TapeStore

BODY = b"""symbol,sector,name,from,to
RKLB,Space,Rocket Lab,2021-08-25,
BRK.B,Financials,"Berkshire Hathaway, B",,2024-06-28
A,Health Care,Agilent,2024-01-02,2023-01-01
B,,Barnes,2024-01-02,
"""


def test_a_member_is_known_from_the_midnight_it_joins_and_undated_ones_say_so() -> None:
    parsed = parse(Raw("space.csv", BODY))
    dated, undated = parsed.accepted[SectorMember].to_pylist()
    midnight = datetime(2021, 8, 25, 4, tzinfo=UTC)  # New York, in summer
    assert dated == {
        "event_at": midnight, "known_at": midnight, "source": "sectors", "symbol": "RKLB", "sector": "Space",
        "name": "Rocket Lab", "since": date(2021, 8, 25), "until": None,
    }  # fmt: skip
    assert (undated["since"], undated["until"]) == (date(1970, 1, 1), date(2024, 6, 28))
    assert undated["source"] == "sectors, undated"
    assert [bad.reason for bad in parsed.bad] == ["it ends before it begins", "sector is missing"]


def test_members_are_stored_once(engine: Engine, tapes: TapeStore) -> None:
    accepted = dict(parse(Raw("space.csv", BODY)).accepted)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    new = [
        store(engine, tapes, feed=FEED.name, name="s", body=BODY, accepted=accepted, bad=[], now=now).new
        for _ in range(2)
    ]
    assert new == [2, 0]


def test_the_recorded_constituents_are_all_read(recordings: Path) -> None:
    body = (recordings / "prices/sp500_constituents_gics_2026-08.csv").read_bytes()
    parsed = parse(Raw("constituents", body))
    assert (parsed.accepted_rows, len(parsed.bad)) == (503, 0)
    assert set(parsed.accepted[SectorMember]["source"].to_pylist()) == {"sectors, undated"}
