"""What is played: its clock, and that the sample market keeps to itself."""

import asyncio
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine

from bot import play
from bot.app import Clock
from bot.play import holds_real_rows
from bot.schedule import Job
from feeds.sample import FIRST_SESSION
from storage import calendar
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar

CLOSE = calendar.close(date(2024, 3, 4))


def test_the_sample_market_does_not_play_beside_a_real_one(engine: Engine) -> None:
    def stored(source: str) -> bool:
        row = {
            "event_at": CLOSE, "known_at": CLOSE, "source": source, "symbol": "ACME",
            "session": date(2024, 3, 4), "open_e4": 1, "high_e4": 1, "low_e4": 1, "close_e4": 1, "volume": 0,
        }  # fmt: skip
        with writing(engine) as session:
            insert_new(session, Bar, [row])
        return holds_real_rows(engine)

    assert not holds_real_rows(engine)
    assert not stored("sample")
    assert stored("bars")


def stage(engine: Engine) -> Any:
    """A bot of which only what a replay uses is up."""
    return SimpleNamespace(
        rooms=SimpleNamespace(engine=engine), clock=Clock(), stop=asyncio.Event(),
        sender=SimpleNamespace(wake=lambda: None, drain=lambda: asyncio.sleep(0)), http=None, url=None,
    )  # fmt: skip


async def test_while_a_slot_runs_the_market_is_at_the_last_one_that_was_completed(engine: Engine) -> None:
    up, seen = stage(engine), []
    monday = date(2024, 3, 4)
    slots = [calendar.settled(monday) + timedelta(hours=hours) for hours in (0, 1, 2)]

    async def run(slot: datetime) -> str:
        seen.append(up.clock.moment)
        return "ok"

    async def pause(day: date) -> None:
        seen.append(up.clock.moment)

    assert await play.play(up, [Job("close", lambda day: slots, run)], [monday], pause) == 3
    assert seen == [None, *slots]


async def test_a_replay_begins_before_its_first_slot_not_today(engine: Engine, monkeypatch: Any) -> None:
    up, seen = stage(engine), []
    saturday, monday = date(2024, 3, 2), date(2024, 3, 4)

    async def run(slot: datetime) -> str:
        seen.append(up.clock.moment)
        return "ok"

    close = Job("close", lambda day: [calendar.settled(day)], run)
    monkeypatch.setattr(play.jobs, "recorded", lambda rooms, sources: [close])
    assert await play.replay(up, saturday, monday, None) == 1
    assert seen == [calendar.new_york(saturday, time())]


async def test_nothing_is_known_of_the_sample_market_while_its_history_is_read(
    engine: Engine, monkeypatch: Any
) -> None:
    up, seen = stage(engine), []

    async def fetch(*_: Any) -> None:
        seen.append(up.clock.moment)
        up.stop.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(play, "fetch", fetch)
    await play.sample(up)
    assert seen == [calendar.opening(FIRST_SESSION)]
