"""The recurring work itself: which feeds a job reads and which indicators it runs."""

import asyncio
import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import literal, select
from sqlmodel import col

from bot import schedule
from bot.pipeline import fetch, think_all
from bot.registry import all_indicators
from bot.rooms import Rooms
from bot.schedule import Job
from feeds import Feed, Window
from feeds._http import Http
from storage import journal
from storage.database import reading
from storage.tables import InsiderTrade

#: updates older than this are forgotten: Telegram redelivers for a day
REMEMBER = timedelta(days=3)


@dataclass(frozen=True)
class Sources:
    """The feeds that are on, each with its settings, and the client they share."""

    http: Http
    feeds: Sequence[Feed] = ()
    #: each feed's settings by its name
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def live(rooms: Rooms, sources: Sources) -> list[Job]:
    """The jobs of a running bot."""
    return [_after_close(rooms, sources), _form4(rooms, sources, schedule.form4)]


def recorded(rooms: Rooms, sources: Sources) -> list[Job]:
    """The same jobs over days that are past: Form 4 slots at which nothing became known are left out."""
    return [_after_close(rooms, sources), _form4(rooms, sources, lambda day: _slots_with_news(rooms, day))]


def _after_close(rooms: Rooms, sources: Sources) -> Job:
    async def run(slot: datetime) -> str:
        await _fetch(rooms, sources, sources.feeds, "close", slot)
        failed = await asyncio.to_thread(think_all, rooms, all_indicators().values(), slot, datetime.now(UTC))
        await asyncio.to_thread(journal.forget_updates, rooms.engine, datetime.now(UTC) - REMEMBER)
        return _outcome(failed)

    return Job("close", schedule.after_close, run)


def _form4(rooms: Rooms, sources: Sources, slots: Callable[[date], list[datetime]]) -> Job:
    feeds = [feed for feed in sources.feeds if feed.gives == (InsiderTrade,)]
    indicators = [each for each in all_indicators().values() if InsiderTrade in each.inputs]

    async def run(slot: datetime) -> str:
        since = await asyncio.to_thread(journal.last_slot, rooms.engine, "form4")
        await _fetch(rooms, sources, feeds, "form4", slot)
        if not await asyncio.to_thread(_became_known, rooms, since, slot):
            return "nothing new"
        return _outcome(await asyncio.to_thread(think_all, rooms, indicators, slot, datetime.now(UTC)))

    return Job("form4", slots, run)


async def _fetch(rooms: Rooms, sources: Sources, feeds: Sequence[Feed], job: str, slot: datetime) -> None:
    since = await asyncio.to_thread(journal.last_slot, rooms.engine, job)
    window = Window(since or slot - timedelta(days=1), slot)
    for feed in feeds:
        await fetch(rooms, feed, sources.http, sources.settings.get(feed.name, {}), window, datetime.now(UTC))


def _outcome(failed: list[str]) -> str:
    return "ok" if not failed else f"failed: {', '.join(failed)}"


def _became_known(rooms: Rooms, since: datetime | None, until: datetime) -> bool:
    """Whether an insider trade became known after `since`, up to `until`."""
    query = select(literal(1)).select_from(InsiderTrade).where(col(InsiderTrade.known_at) <= until)
    if since is not None:
        query = query.where(col(InsiderTrade.known_at) > since)
    with reading(rooms.engine) as session:
        return session.connection().execute(query.limit(1)).first() is not None


def _slots_with_news(rooms: Rooms, day: date) -> list[datetime]:
    """The Form 4 slots of `day` at which a filing is newly known, from the stored acceptance times."""
    slots, known_at = schedule.form4(day), col(InsiderTrade.known_at)
    query = (
        select(known_at)
        .where(
            col(InsiderTrade.known_at) > slots[0] - schedule.EVERY, col(InsiderTrade.known_at) <= slots[-1]
        )
        .distinct()
    )
    with reading(rooms.engine) as session:
        moments = session.connection().execute(query).scalars().all()
    return sorted({slots[bisect.bisect_left(slots, moment)] for moment in moments})
