"""How often a source may be asked, counted over all processes: slots reserved in one table row."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import Engine
from sqlmodel import select

from storage.database import writing
from storage.intake import insert_new
from storage.tables import Pace

#: slots lie this much further apart than the rate allows, for the way from the slot to the wire
HEADROOM = 1.1
#: a slot further ahead than this is a clock that was set back, not a queue
FARTHEST_US = 15 * 60 * 1_000_000


def reserve(engine: Engine, source: str, per_second: float, now_us: int) -> int:
    """Take the next free slot of `source`; return its Unix time in microseconds, `now_us` or later.

    Slots of a source are at least 1.1 / `per_second` seconds apart, whoever takes them: any span of
    one second holds at most `per_second`.
    """
    with writing(engine) as session:
        insert_new(session, Pace, [{"source": source, "next_us": now_us}])
        row = session.exec(select(Pace).where(Pace.source == source).with_for_update()).one()
        waiting = now_us <= row.next_us <= now_us + FARTHEST_US
        slot = row.next_us if waiting else now_us
        row.next_us = slot + round(HEADROOM * 1_000_000 / per_second)
        session.add(row)
    return slot


def database_pace(
    engine: Engine, clock: Callable[[], float] = time.time
) -> Callable[[str, float], Awaitable[float]]:
    """An async `pace(source, per_second)` that returns the seconds to wait for one's slot."""

    async def pace(source: str, per_second: float) -> float:
        now_us = round(clock() * 1_000_000)
        slot = await asyncio.to_thread(reserve, engine, source, per_second, now_us)
        return max(0, slot - now_us) / 1_000_000

    return pace
