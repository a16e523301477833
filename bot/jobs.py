"""The recurring work itself: which feeds a job reads and which indicators it runs.

Both follow from what a feed gives and what an indicator reads, never from names.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import literal, select
from sqlmodel import col

from bot import health, levels, schedule
from bot.news import became_known, slots_with_news
from bot.pipeline import fetch, think_all
from bot.registry import all_indicators
from bot.rooms import Rooms
from bot.schedule import Job
from bot.settings import SAMPLE
from bot.sources import Sources
from feeds import Feed, Kind, Window
from indicators import Indicator
from storage import calendar, journal
from storage.database import reading
from storage.tables import Fact, InsiderTrade, OffExchangeWeek, ShortVolume
from storage.tape import EQUITY_TRADES, OPTION_TRADES

#: updates older than this are forgotten: Telegram redelivers for a day
REMEMBER = timedelta(days=3)
#: what FINRA publishes, and the SEC, and what comes while the market is open
FINRA: frozenset[Kind] = frozenset((ShortVolume, OffExchangeWeek))
FILINGS: frozenset[Kind] = frozenset((InsiderTrade,))
PRINTS: frozenset[Kind] = frozenset((OPTION_TRADES, EQUITY_TRADES))
OPTIONS: frozenset[Kind] = frozenset((OPTION_TRADES,))
#: whether a job reads a feed, by the job's name
READS: Mapping[str, Callable[[Feed], bool]] = {
    "flow": lambda feed: not PRINTS.isdisjoint(feed.gives),
    "close": lambda feed: True,
    "finra": lambda feed: FINRA.issuperset(feed.gives),
    "form4": lambda feed: FILINGS.issuperset(feed.gives),
}

Slots = Callable[[date], list[datetime]]


def live(rooms: Rooms, sources: Sources) -> list[Job]:
    """The jobs of a running bot."""
    return [
        _flow(rooms, sources, schedule.flow),
        _after_close(rooms, sources),
        _late(rooms, sources),
        _finra(rooms, sources, schedule.finra),
        _form4(rooms, sources, schedule.form4),
    ]


def recorded(rooms: Rooms, sources: Sources) -> list[Job]:
    """The same jobs over days that are past: slots at which nothing became known are left out.

    A market that is played from a feed gives each session whole, at its close: it has no slots within.
    """
    jobs = [
        _after_close(rooms, sources),
        _finra(rooms, sources, slots_with_news(rooms, FINRA, schedule.finra)),
        _form4(rooms, sources, slots_with_news(rooms, FILINGS, schedule.form4)),
    ]
    if not sources.feeds:
        jobs.append(_flow(rooms, sources, slots_with_news(rooms, OPTIONS, schedule.flow)))
    return jobs


def _after_close(rooms: Rooms, sources: Sources) -> Job:
    """Everything, once a session."""

    async def run(slot: datetime) -> str:
        await _fetch(rooms, sources, _read_by("close", sources), slot)
        outcome = await _think(rooms, at_a_close(sources), slot)
        await asyncio.to_thread(journal.forget_updates, rooms.engine, datetime.now(UTC) - REMEMBER)
        return outcome

    return Job("close", schedule.after_close, run)


def _late(rooms: Rooms, sources: Sources) -> Job:
    """Another try for the feeds that failed at the close, and everything again if that brought something."""

    async def run(slot: datetime) -> str:
        owing = await asyncio.to_thread(_owing, rooms)
        feeds = [feed for feed in sources.feeds if feed.name in owing]
        if not await _fetch(rooms, sources, feeds, slot):
            return "nothing new"
        return await _think(rooms, at_a_close(sources), slot)

    return Job("late", schedule.late, run)


def at_a_close(sources: Sources) -> list[Indicator]:
    """What is computed at a close: on a synthetic market nothing that is made of facts of the real world."""
    synthetic = any(feed.name == SAMPLE for feed in sources.feeds)
    return [each for each in all_indicators().values() if not (synthetic and Fact in each.inputs)]


def _flow(rooms: Rooms, sources: Sources, slots: Slots) -> Job:
    """The option tape while it runs; dark-pool prints are collected with it."""
    # a missed slot is news only until the day's own figures come
    return Job("flow", slots, _on_news(rooms, sources, "flow", OPTIONS), calendar.SETTLE)


def _form4(rooms: Rooms, sources: Sources, slots: Slots) -> Job:
    return Job("form4", slots, _on_news(rooms, sources, "form4", FILINGS))


def _finra(rooms: Rooms, sources: Sources, slots: Slots) -> Job:
    """FINRA's files; the later looks of an evening are spared once the day's file is known."""
    look = _on_news(rooms, sources, "finra", FINRA)

    async def run(slot: datetime) -> str:
        before = await asyncio.to_thread(journal.last_slot, rooms.engine, "finra", slot)
        session = slot.astimezone(calendar.NEW_YORK).date()
        if before is None or not await asyncio.to_thread(_has_short_volume, rooms, session, before):
            return await look(slot)
        return "nothing new"

    return Job("finra", slots, run)


def _on_news(
    rooms: Rooms, sources: Sources, job: str, kinds: Collection[Kind]
) -> Callable[[datetime], Awaitable[str]]:
    """Read the job's feeds, and run the indicators that read `kinds` if a row became known since its last
    slot. One that came late, known before that slot but stored only now, counts too.
    """
    indicators = [
        each for each in all_indicators().values() if set(kinds) & set(each.inputs) and not each.at_close
    ]

    async def run(slot: datetime) -> str:
        since = await asyncio.to_thread(journal.last_slot, rooms.engine, job, slot)
        new = await _fetch(rooms, sources, _read_by(job, sources), slot)
        if not new and not await asyncio.to_thread(became_known, rooms, kinds, since, slot):
            return "nothing new"
        return await _think(rooms, indicators, slot)

    return run


def _read_by(job: str, sources: Sources) -> list[Feed]:
    return [feed for feed in sources.feeds if READS[job](feed)]


async def _fetch(rooms: Rooms, sources: Sources, feeds: Sequence[Feed], slot: datetime) -> int:
    """Read `feeds`, whatever becomes of each, and note how it went; return how many rows were new."""
    owing = await asyncio.to_thread(_owing, rooms)
    new = 0
    for feed in feeds:
        since = await asyncio.to_thread(_read_until, rooms, feed, slot)
        asked_from = max(min(since, owing.get(feed.name, since)), slot - schedule.CATCH_UP)
        window, settings = Window(asked_from, slot), sources.settings.get(feed.name, {})
        intake = await fetch(rooms, feed, sources.http, settings, window, datetime.now(UTC))
        await asyncio.to_thread(
            health.note, rooms.engine, sources, feed, intake.error,
            read=bool(intake.accounts), asked_from=asked_from, now=datetime.now(UTC),
        )  # fmt: skip
        new += intake.new
    return new


def _read_until(rooms: Rooms, feed: Feed, slot: datetime) -> datetime:
    """Up to when `feed` was asked before `slot`, by whichever job: each stretch of time is asked for once."""
    jobs = [job for job, reads in READS.items() if reads(feed)]
    asked = [journal.last_slot(rooms.engine, job, slot) for job in jobs]
    return max((at for at in asked if at), default=slot - timedelta(days=1))


def _owing(rooms: Rooms) -> dict[str, datetime]:
    """The feeds that fail, and from when on they owe rows."""
    with reading(rooms.engine) as session:
        return {name: each.asked_from for name, each in health.known(session).items() if each.fails}


async def _think(rooms: Rooms, indicators: Iterable[Indicator], slot: datetime) -> str:
    failed = await asyncio.to_thread(think_all, rooms, indicators, slot, datetime.now(UTC))
    await asyncio.to_thread(levels.tell, rooms, slot, datetime.now(UTC))
    return "ok" if not failed else f"failed: {', '.join(failed)}"


def _has_short_volume(rooms: Rooms, session: date, until: datetime) -> bool:
    """Whether FINRA's file of `session` was known by `until`."""
    query = select(literal(1)).where(col(ShortVolume.session) == session, col(ShortVolume.known_at) <= until)
    with reading(rooms.engine) as database:
        return database.connection().execute(query.limit(1)).first() is not None
