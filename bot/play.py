"""Past days as if live: a replay of recorded data, and the sample market that plays on and on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select

from bot import jobs, schedule
from bot.app import Running
from bot.errors import CannotError
from bot.pipeline import fetch
from bot.registry import all_feeds
from bot.schedule import Job, Scheduler
from bot.settings import SAMPLE
from bot.sources import Sources
from feeds import Window
from feeds.sample import FIRST_SESSION, HISTORY_SESSIONS
from storage import calendar, journal, people
from storage.database import reading
from storage.tables import Bar, IndexEps, InsiderTrade, OptionContract, OptionDay, OptionMinute, ShortVolume

log = logging.getLogger("bellwether")

#: seconds a session of the sample market lasts
SAMPLE_PACE = 3.0
#: the last session the sample market plays
SAMPLE_ENDS = date(2034, 12, 1)


async def play(
    up: Running, recurring: Sequence[Job], days: Sequence[date], pause: Callable[[date], Awaitable[None]]
) -> int:
    """Run every slot on `days`, oldest first, with the market's clock at the last that was completed.

    Returns how many slots ran; one that ran before, in an earlier replay or live, does not run again.
    """
    scheduler = Scheduler(up.rooms.engine, recurring)
    ran = 0
    for day in days:
        for slot, job in await asyncio.to_thread(schedule.in_order, recurring, day):
            if up.stop.is_set():
                return ran
            ran += await scheduler.run(job, slot)
            up.clock.moment = slot
            up.sender.wake()
        await pause(day)
    return ran


async def replay(up: Running, first: date, last: date, speed: float | None) -> int:
    """Play recorded days, wait until all that was decided is delivered, return the slots that ran.

    `speed` is how many times faster than the market's own time; None is as fast as it goes. On the
    chat page it waits for the first person to watch something.
    """
    up.clock.moment = calendar.new_york(first, time())
    if up.url is not None:
        await _first_watcher(up)

    async def pause(day: date) -> None:
        if speed:
            gap = calendar.settled(calendar.shift(day, 1)) - calendar.settled(day)
            await _wait(up, gap.total_seconds() / speed)

    ran = await play(up, jobs.recorded(up.rooms, Sources(up.http)), calendar.sessions(first, last), pause)
    if not up.stop.is_set():
        await up.sender.drain()
    return ran


async def _first_watcher(up: Running) -> None:
    def anybody() -> bool:
        with reading(up.rooms.engine) as session:
            return bool(people.watched(session))

    if not await asyncio.to_thread(anybody):
        log.info("replay    nobody watches anything yet: open %s and send /watch TICKER", up.url)
    while not up.stop.is_set() and not await asyncio.to_thread(anybody):
        await _wait(up, 1.0)


def holds_real_rows(engine: Engine) -> bool:
    """Whether the database has rows of a real market, which synthetic ones must not mix with."""
    with reading(engine) as session:
        kinds = (Bar, InsiderTrade, OptionDay, OptionMinute, OptionContract, ShortVolume, IndexEps)
        found = (session.exec(select(kind.id).where(kind.source != SAMPLE).limit(1)) for kind in kinds)
        return any(rows.first() is not None for rows in found)


async def sample(up: Running) -> None:
    """Play the synthetic market: its history at once, then one session every few seconds."""
    if await asyncio.to_thread(holds_real_rows, up.rooms.engine):
        raise CannotError(
            "this database holds a real market, the sample would mix with it: "
            "set TELEGRAM_BOT_TOKEN or FEEDS, or leave DATABASE_URL empty"
        )
    sources = Sources(up.http, (all_feeds()[SAMPLE],))
    recurring = jobs.recorded(up.rooms, sources)
    played = await asyncio.to_thread(journal.last_slot, up.rooms.engine, "close")
    if played is None:
        played = calendar.settled(calendar.shift(FIRST_SESSION, HISTORY_SESSIONS - 1))
        window = Window(calendar.opening(FIRST_SESSION), played)
        up.clock.moment = window.since
        history = fetch(up.rooms, sources.feeds[0], up.http, {}, window, datetime.now(UTC))
        if not await _unless_stopped(up, history):
            return
        close = next(job for job in recurring if job.name == "close")
        await Scheduler(up.rooms.engine, [close]).run(close, played)
    up.clock.moment = played
    log.info("sample    one session every %.0f s from here on: /watch a ticker to hear of it", SAMPLE_PACE)
    reached = played.astimezone(calendar.NEW_YORK).date()
    days = calendar.sessions(calendar.shift(reached, 1), SAMPLE_ENDS)
    await play(up, recurring, days, lambda _: _wait(up, SAMPLE_PACE))


async def _unless_stopped(up: Running, work: Coroutine[Any, Any, object]) -> bool:
    """Whether `work` came to its end; it is broken off where the program is told to stop."""
    task, stop = asyncio.create_task(work), asyncio.create_task(up.stop.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        return False
    task.result()
    return True


async def _wait(up: Running, seconds: float) -> None:
    """Wait, but not longer than until the program is told to stop."""
    try:
        await asyncio.wait_for(up.stop.wait(), seconds)
    except TimeoutError:
        return
