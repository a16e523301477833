"""The exchange's calendar decides, and every slot runs once."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
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
    ("day", "first", "last", "count"),
    [
        ("2024-11-27", "2024-11-27 14:35", "2024-11-27 21:00", 78),
        ("2024-11-29", "2024-11-29 14:35", "2024-11-29 18:00", 42),  # a half day: closes at 13:00
        ("2024-11-01", "2024-11-01 13:35", "2024-11-01 20:00", 78),  # the Friday before clocks go back
        ("2024-11-04", "2024-11-04 14:35", "2024-11-04 21:00", 78),  # and the Monday after
        ("2025-03-07", "2025-03-07 14:35", "2025-03-07 21:00", 78),
        ("2025-03-10", "2025-03-10 13:35", "2025-03-10 20:00", 78),  # clocks went forward on the 9th
    ],
)
def test_the_tape_is_looked_at_every_five_minutes_of_a_session(
    day: str, first: str, last: str, count: int
) -> None:
    slots = schedule.flow(date.fromisoformat(day))
    assert [f"{slot:%Y-%m-%d %H:%M}" for slot in (slots[0], slots[-1])] == [first, last]  # UTC
    assert {after - before for before, after in pairwise(slots)} == {timedelta(minutes=5)}
    assert len(slots) == count


def test_finra_is_asked_three_times_an_evening_and_at_noon_of_a_weeks_first_session() -> None:
    evening = [ny("2025-03-10 18:15"), ny("2025-03-10 19:15"), ny("2025-03-10 21:15")]
    assert schedule.finra(date(2025, 3, 10)) == [ny("2025-03-10 12:00"), *evening]
    assert schedule.finra(date(2025, 3, 11))[0] == ny("2025-03-11 18:15")
    assert schedule.finra(date(2024, 9, 3))[0] == ny("2024-09-03 12:00")  # Monday was Labor Day
    assert schedule.finra(date(2024, 11, 29))[0] == ny("2024-11-29 18:15")  # not earlier on a half day
    # 18:15 in New York is another UTC hour once the clocks have changed
    hours = [schedule.finra(date(2024, 11, day))[-3].hour for day in (1, 4)]
    assert hours == [22, 23]


def test_feeds_that_failed_at_the_close_get_another_try_half_an_hour_later() -> None:
    assert schedule.late(date(2024, 11, 27)) == [ny("2024-11-27 17:15")]
    assert schedule.late(date(2024, 11, 29)) == [ny("2024-11-29 14:15")]


def test_a_missed_look_at_the_tape_is_caught_up_only_until_the_days_figures_come() -> None:
    job = Job("flow", schedule.flow, never, calendar.SETTLE)
    assert schedule.due(job, ny("2024-11-27 11:07")) == ny("2024-11-27 11:05")
    assert schedule.due(job, ny("2024-11-27 16:44")) == ny("2024-11-27 16:00")
    assert schedule.due(job, ny("2024-11-27 16:46")) is None
    assert schedule.due(job, ny("2024-11-28 11:00")) is None  # Thanksgiving
    assert schedule.due(job, ny("2024-11-29 09:34")) is None


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


async def test_what_is_due_of_several_jobs_runs_in_the_order_of_the_slots(engine: Engine) -> None:
    ran = []

    def job(name: str, at: str) -> Job:
        async def run(slot: datetime) -> str:
            ran.append(name)
            return "ok"

        return Job(name, lambda day: [ny(at)] if day == date(2024, 11, 27) else [], run)

    jobs = [
        job("third", "2024-11-27 17:15"),
        job("first", "2024-11-27 16:00"),
        job("second", "2024-11-27 16:45"),
    ]
    await Scheduler(engine, jobs, lambda: ny("2024-11-27 18:00")).tick()
    assert ran == ["first", "second", "third"]


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


def test_a_slot_before_another_is_the_newest_before_it(engine: Engine) -> None:
    for at in ("2024-11-27 16:45", "2021-01-04 16:45"):  # a replay of an old day, after live ones
        assert journal.claim_slot(engine, "close", ny(at), ny(at))
        journal.finish_slot(engine, "close", ny(at), ny(at), "ok")
    assert journal.last_slot(engine, "close") == ny("2024-11-27 16:45")
    assert journal.last_slot(engine, "close", ny("2021-01-05 16:45")) == ny("2021-01-04 16:45")
    assert journal.last_slot(engine, "close", ny("2021-01-04 16:45")) is None


def test_a_day_ends_with_extended_trading_whatever_day_it_is() -> None:
    assert calendar.day_end(date(2024, 11, 27)) == ny("2024-11-27 20:00")
    assert calendar.day_end(date(2024, 11, 28)) == ny("2024-11-28 20:00")
    assert calendar.day_end(date(2025, 3, 9)) == datetime(2025, 3, 10, 0, 0, tzinfo=UTC)  # summer time


def test_the_calendar_knows_half_days_holidays_and_the_last_session() -> None:
    assert calendar.close(date(2015, 12, 24)) == ny("2015-12-24 13:00")
    assert not calendar.is_session(date(2024, 11, 28))
    assert calendar.last_session(ny("2024-11-27 09:29")) == date(2024, 11, 26)
    assert calendar.last_session(ny("2024-11-27 09:30")) == date(2024, 11, 27)
    with pytest.raises(ValueError, match="not a session"):
        calendar.shift(date(2024, 11, 28), 1)
