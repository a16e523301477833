"""What runs when, by the exchange's calendar: pure slots, claimed so that each runs once.

`Scheduler.tick` is called every minute by APScheduler through PTB's JobQueue. It looks at every job's
newest slot that is due: a slot nobody ran yet is claimed and run, also after a restart; of several
missed ones only the newest, since one run as of then knows everything the earlier ones would have.
What is due of several jobs runs in the order of the slots, so that nothing is decided before its past.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Engine

from storage import calendar, journal

log = logging.getLogger("bellwether")

#: a missed slot older than this is not caught up: its news is old
CATCH_UP = timedelta(days=4)
#: EDGAR accepts ownership forms between these hours of New York
EDGAR_OPENS, EDGAR_CLOSES = time(6, 0), time(22, 0)
EVERY = timedelta(minutes=10)
#: how often the option tape is looked at while it runs
FLOW_EVERY = timedelta(minutes=5)
#: how long after the day's figures a feed that failed then gets another try
LATE = timedelta(minutes=30)
#: FINRA publishes a session's short volume by 18:00 New York, and its weekly files on Mondays, at an hour
#: we do not know (noon is an assumption; the evening's look finds them too)
FINRA_DAILY = (time(18, 15), time(19, 15), time(21, 15))
FINRA_WEEKLY = time(12, 0)


@dataclass(frozen=True)
class Job:
    """A recurring piece of work: its slots on one session, and what runs at a slot."""

    name: str
    slots: Callable[[date], list[datetime]]
    run: Callable[[datetime], Awaitable[str]]
    #: a missed slot older than this is not caught up
    catch_up: timedelta = CATCH_UP


def flow(day: date) -> list[datetime]:
    """Every five minutes of the session, from five minutes after the opening to the close."""
    first, last = calendar.opening(day) + FLOW_EVERY, calendar.close(day)
    return [first + FLOW_EVERY * i for i in range((last - first) // FLOW_EVERY + 1)]


def after_close(day: date) -> list[datetime]:
    """The day's figures: 45 minutes after the close, 16:45 New York, 13:45 on a half day."""
    return [calendar.settled(day)]


def late(day: date) -> list[datetime]:
    """Half an hour after the day's figures."""
    return [calendar.settled(day) + LATE]


def finra(day: date) -> list[datetime]:
    """18:15 New York, 19:15 and 21:15; on a week's first session at noon too."""
    first_of_week = calendar.shift(day, -1).isocalendar()[:2] != day.isocalendar()[:2]
    times = (FINRA_WEEKLY, *FINRA_DAILY) if first_of_week else FINRA_DAILY
    return [calendar.new_york(day, at) for at in times]


def form4(day: date) -> list[datetime]:
    """Every ten minutes while EDGAR takes filings: 06:00 to 22:00 New York."""
    first, last = (calendar.new_york(day, at) for at in (EDGAR_OPENS, EDGAR_CLOSES))
    return [first + EVERY * i for i in range((last - first) // EVERY + 1)]


def due(job: Job, now: datetime) -> datetime | None:
    """The newest slot of `job` at or before `now`, unless it is too old to matter."""
    today = now.astimezone(calendar.NEW_YORK).date()
    recent = calendar.sessions(today - job.catch_up, today)
    past = [slot for day in recent for slot in job.slots(day) if now - job.catch_up <= slot <= now]
    return max(past, default=None)


def in_order(jobs: Sequence[Job], day: date) -> list[tuple[datetime, Job]]:
    """Every slot of every job on `day`, oldest first: what a replay runs."""
    slots = [(slot, job) for job in jobs for slot in job.slots(day)]
    return sorted(slots, key=lambda pair: (pair[0], pair[1].name))


@dataclass(frozen=True)
class Scheduler:
    """Runs each slot of each job once."""

    engine: Engine
    jobs: Sequence[Job]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def tick(self) -> None:
        """Run what is due and was not run, oldest slot first."""
        now = self.clock()
        waiting = [(slot, job) for job in self.jobs if (slot := due(job, now)) is not None]
        for slot, job in sorted(waiting, key=lambda pair: pair[0]):
            await self.run(job, slot)

    async def run(self, job: Job, slot: datetime) -> bool:
        """Run `job` at `slot` if nobody has; one that fails is said, and tried again in some minutes."""
        if not await asyncio.to_thread(journal.claim_slot, self.engine, job.name, slot, self.clock()):
            return False
        try:
            outcome = await job.run(slot)
        except Exception as error:
            log.exception("job       %s at %s failed", job.name, slot)
            failure = f"failed: {type(error).__name__}"
            await asyncio.to_thread(journal.fail_slot, self.engine, job.name, slot, failure)
            return False
        await asyncio.to_thread(journal.finish_slot, self.engine, job.name, slot, self.clock(), outcome)
        return True
