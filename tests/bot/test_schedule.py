"""The exchange's calendar decides, and every slot runs once."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from bot import schedule
from bot.schedule import Job, Scheduler
from storage import calendar, journal

NEW_YORK = ZoneInfo("America/New_York")


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def test_a_days_figures_come_45_minutes_after_the_close_also_on_a_half_day() -> None:
    assert schedule.after_close(date(2024, 11, 27)) == [ny("2024-11-27 16:45")]
    assert schedule.after_close(date(2024, 11, 29)) == [ny("2024-11-29 13:45")]  # day after Thanksgiving


def test_filings_are_looked_for_every_ten_minutes_until_ten_at_night() -> None:
    slots = schedule.form4(date(2024, 11, 27))
    assert (slots[0], slots[1], slots[-1]) == (
        ny("2024-11-27 06:00"), ny("2024-11-27 06:10"), ny("2024-11-27 22:00"),
    )  # fmt: skip
    assert len(slots) == 97


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-11-27 16:44", "2024-11-26 16:45"),
        ("2024-11-27 16:45", "2024-11-27 16:45"),
        ("2024-11-28 20:00", "2024-11-27 16:45"),  # Thanksgiving: nothing of its own
        ("2024-11-29 13:50", "2024-11-29 13:45"),
        ("2024-12-02 09:00", "2024-11-29 13:45"),  # over the weekend
        ("2024-03-11 16:46", "2024-03-11 16:45"),  # the Monday after the clocks changed
    ],
)
def test_the_newest_slot_that_has_come_is_due(now: str, expected: str) -> None:
    job = Job("close", schedule.after_close, never)
    assert schedule.due(job, ny(now)) == ny(expected)


def test_a_slot_too_old_to_be_news_is_not_caught_up() -> None:
    job = Job("close", lambda day: schedule.after_close(day) if day == date(2024, 11, 20) else [], never)
    assert schedule.due(job, ny("2024-11-24 16:00")) == ny("2024-11-20 16:45")
    assert schedule.due(job, ny("2024-11-25 16:00")) is None


async def never(_: datetime) -> str:
    raise AssertionError("not to be run")


class Stage:
    """A job that notes the slots it ran, and a clock that stands where it is put."""

    def __init__(self, engine: Engine) -> None:
        self.ran: list[datetime] = []
        self.now = ny("2024-11-27 16:50")
        self.fail = False
        self.job = Job("close", schedule.after_close, self.run)
        self.schedulers = [Scheduler(engine, [self.job], lambda: self.now) for _ in range(2)]

    async def run(self, slot: datetime) -> str:
        if self.fail:
            raise RuntimeError("the disk is full")
        self.ran.append(slot)
        return "ok"


async def test_a_slot_runs_once_over_ticks_restarts_and_processes(engine: Engine) -> None:
    stage = Stage(engine)
    for scheduler in stage.schedulers * 2:
        await scheduler.tick()
    assert stage.ran == [ny("2024-11-27 16:45")]


async def test_of_missed_slots_the_newest_is_caught_up_once(engine: Engine) -> None:
    stage = Stage(engine)
    await stage.schedulers[0].tick()
    stage.now = ny("2024-12-02 10:00")  # the bot slept over the 29th
    await stage.schedulers[0].tick()
    await stage.schedulers[1].tick()
    assert stage.ran == [ny("2024-11-27 16:45"), ny("2024-11-29 13:45")]


async def test_a_slot_that_failed_is_tried_again_after_some_minutes(engine: Engine) -> None:
    stage = Stage(engine)
    stage.fail = True
    await stage.schedulers[0].tick()
    stage.fail = False
    await stage.schedulers[0].tick()
    assert stage.ran == []
    stage.now += journal.TAKE_OVER + timedelta(seconds=1)
    await stage.schedulers[1].tick()
    assert stage.ran == [ny("2024-11-27 16:45")]


def test_an_update_of_telegrams_is_handled_once(engine: Engine) -> None:
    now = ny("2024-11-27 16:50")
    assert [journal.first_time(engine, update, now) for update in (7, 8, 7)] == [True, True, False]
    journal.forget_updates(engine, now + timedelta(seconds=1))
    assert journal.first_time(engine, 7, now)


def test_the_calendar_knows_half_days_holidays_and_the_last_session() -> None:
    assert calendar.close(date(2015, 12, 24)) == ny("2015-12-24 13:00")
    assert not calendar.is_session(date(2024, 11, 28))
    assert calendar.last_session(ny("2024-11-27 09:29")) == date(2024, 11, 26)
    assert calendar.last_session(ny("2024-11-27 09:30")) == date(2024, 11, 27)
    with pytest.raises(ValueError, match="not a session"):
        calendar.shift(date(2024, 11, 28), 1)
