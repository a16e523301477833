"""What each job reads and runs, live and in a replay: by what feeds give and what became known."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from bot import health, jobs, schedule
from bot.pipeline import take_in
from bot.registry import all_indicators
from bot.rooms import Rooms
from bot.schedule import Job, Scheduler
from bot.sources import Sources
from feeds import Ask, Feed, FeedError, Parsed, Raw, rows_to_table, schema_of
from feeds.sample import FEED as SAMPLE_FEED
from feeds.sample import FIRST_SESSION
from indicators import Chart, Indicator, Signal, State
from storage import calendar
from storage.database import reading
from storage.frames import Frames
from storage.tables import Bar, FeedRead, InsiderTrade, JobRun, ShortVolume
from storage.tape import EQUITY_TRADES, OPTION_TRADES, TapeStore

MONDAY = date(2024, 3, 4)
STATES = {"rest": State("{subject}", False), "loud": State("{subject}!", True)}


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.NEW_YORK).astimezone(UTC)


def at(clock: str) -> datetime:
    return ny(f"2024-03-04 {clock}")


def prints(*moments: datetime, known: timedelta = timedelta()) -> Parsed:
    """An option print of ACME at each moment, known a while later."""
    common = {
        "underlying": "ACME", "expiry": date(2024, 4, 19), "strike_e4": 1_000_000, "is_call": True,
        "price_e4": 25_000, "size": 10, "multiplier": 100, "source": "tape_feed",
    }  # fmt: skip
    rows = [common | {"event_at": moment, "known_at": moment + known} for moment in moments]
    return Parsed({OPTION_TRADES: pa.Table.from_pylist(rows, schema=schema_of(OPTION_TRADES))})


def short_volume(session: date) -> Parsed:
    known = {"event_at": calendar.close(session), "known_at": calendar.new_york(session, schedule.time(18))}
    row = {
        "symbol": "ACME", "session": session, "market": "Q", "short_volume": 1, "short_exempt_volume": 0,
        "total_volume": 2, "source": "finra_feed", **known,
    }  # fmt: skip
    return Parsed({ShortVolume: rows_to_table(ShortVolume, [row])})


@dataclass
class Source:
    """A feed that gives what stands in `has`, fails while `error` is set, and notes what it was asked for."""

    name: str
    gives: tuple[Any, ...]
    has: list[Parsed] = field(default_factory=list)
    error: Exception | None = None
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def feed(self) -> Feed:
        return Feed(self.name, "A test.", self.gives, lambda raw: self.has[int(raw.name)], self.fetch)

    async def fetch(self, ask: Ask) -> AsyncIterator[Raw]:
        self.asked.append((ask.window.since, ask.window.until))
        if self.error is not None:
            raise self.error
        for place in range(len(self.has)):
            yield Raw(str(place), str(place).encode())


@dataclass
class Stage:
    """Rooms, sources of which each kind has one, and indicators that note when they ran."""

    rooms: Rooms
    sources: list[Source]
    ran: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Source:
        return next(source for source in self.sources if source.name == name)

    def indicators(self) -> dict[str, Indicator]:
        reads = {"flow": OPTION_TRADES, "short": ShortVolume, "insiders": InsiderTrade, "price": Bar}
        return {name: self.indicator(name, kind) for name, kind in reads.items()}

    def indicator(self, name: str, kind: Any) -> Indicator:
        def compute(frames: Frames, _: object) -> Iterator[Signal]:
            self.ran.append(f"{name} {frames.as_of.astimezone(calendar.NEW_YORK):%H:%M}")
            return iter(())

        def chart(*_: object) -> Chart:
            raise AssertionError("nothing to draw")

        return Indicator(name, name, (kind,), timedelta(30), compute, chart, STATES, "rest", (), "m", "s")

    def live(self) -> dict[str, Job]:
        feeds = [source.feed for source in self.sources]
        return {job.name: job for job in jobs.live(self.rooms, Sources(None, feeds))}

    async def run(self, name: str, slot: datetime) -> str | None:
        """What came of the job's slot."""
        await Scheduler(self.rooms.engine, [], lambda: slot).run(self.live()[name], slot)
        with reading(self.rooms.engine) as session:
            return session.get_one(JobRun, (name, slot)).outcome


@pytest.fixture
def stage(engine: Engine, tapes: TapeStore, monkeypatch: pytest.MonkeyPatch) -> Stage:
    built = Stage(
        Rooms(engine, tapes),
        [
            Source("tape_feed", (OPTION_TRADES, Bar)),
            Source("dark_feed", (EQUITY_TRADES,)),
            Source("finra_feed", (ShortVolume,)),
            Source("filings", (InsiderTrade,)),
            Source("bars", (Bar,)),
        ],
    )
    monkeypatch.setattr(jobs, "all_indicators", built.indicators)
    return built


@pytest.mark.parametrize(
    ("job", "slot", "expected"),
    [
        ("flow", "11:20", ["tape_feed", "dark_feed"]),
        ("close", "16:45", ["tape_feed", "dark_feed", "finra_feed", "filings", "bars"]),
        ("late", "17:15", []),
        ("finra", "18:15", ["finra_feed"]),
        ("form4", "11:20", ["filings"]),
    ],
)
async def test_a_job_reads_the_feeds_that_give_what_it_is_about(
    job: str, slot: str, expected: list[str], stage: Stage
) -> None:
    await stage.run(job, at(slot))
    assert [source.name for source in stage.sources if source.asked] == expected


async def test_the_tape_is_computed_when_something_became_known_and_not_otherwise(stage: Stage) -> None:
    assert await stage.run("flow", at("11:20")) == "nothing new"
    stage["tape_feed"].has = [prints(at("11:21"))]
    assert await stage.run("flow", at("11:25")) == "ok"
    assert await stage.run("flow", at("11:30")) == "nothing new"
    assert stage.ran == ["flow 11:25"]


async def test_a_look_at_the_tape_that_was_missed_is_no_news_the_next_morning(stage: Stage) -> None:
    flow = stage.live()["flow"]
    assert schedule.due(flow, at("16:20")) == at("16:00")
    assert schedule.due(flow, at("18:00")) is None
    assert schedule.due(stage.live()["close"], ny("2024-03-05 08:00")) == at("16:45")


async def test_a_print_that_is_known_only_after_the_slot_counts_at_the_next(stage: Stage) -> None:
    take_in(stage.rooms, stage["tape_feed"].feed, raw(stage, prints(at("11:26"))), at("11:26"))
    assert await stage.run("flow", at("11:25")) == "nothing new"
    assert await stage.run("flow", at("11:30")) == "ok"


async def test_a_print_that_came_late_is_computed_when_it_comes(stage: Stage) -> None:
    await stage.run("flow", at("11:25"))
    stage["tape_feed"].has = [prints(at("11:02"))]  # known since 11:02, had the feed not failed
    assert await stage.run("flow", at("11:30")) == "ok"


def raw(stage: Stage, parsed: Parsed) -> Raw:
    stage["tape_feed"].has = [parsed]
    return Raw("0", b"a print")


async def test_the_days_figures_run_everything(stage: Stage) -> None:
    assert await stage.run("close", at("16:45")) == "ok"
    assert stage.ran == ["flow 16:45", "short 16:45", "insiders 16:45", "price 16:45"]


async def test_finra_is_asked_again_until_its_file_of_the_day_is_there(stage: Stage) -> None:
    finra = stage["finra_feed"]
    assert await stage.run("finra", at("18:15")) == "nothing new"
    finra.has = [short_volume(MONDAY)]
    assert await stage.run("finra", at("19:15")) == "ok"
    assert await stage.run("finra", at("21:15")) == "nothing new"
    assert len(finra.asked) == 2
    assert stage.ran == ["short 19:15"]
    finra.has = [short_volume(date(2024, 3, 5))]
    assert await stage.run("finra", ny("2024-03-05 18:15")) == "ok"


async def test_each_stretch_of_time_is_asked_for_once_whichever_job_asks(stage: Stage) -> None:
    for job, slot in (("close", ny("2024-03-01 16:45")), ("flow", at("09:35")), ("flow", at("16:00"))):
        await stage.run(job, slot)
    await stage.run("close", at("16:45"))
    assert stage["tape_feed"].asked[1:] == [
        (ny("2024-03-01 16:45"), at("09:35")), (at("09:35"), at("16:00")), (at("16:00"), at("16:45"))
    ]  # fmt: skip
    assert stage["bars"].asked[1:] == [(ny("2024-03-01 16:45"), at("16:45"))]
    assert stage["bars"].asked[0] == (ny("2024-02-29 16:45"), ny("2024-03-01 16:45"))  # at first, a day


async def test_a_feed_that_failed_is_asked_for_all_it_owes(stage: Stage) -> None:
    tape = stage["tape_feed"]
    await stage.run("flow", at("11:00"))
    tape.error = FeedError("it answered 500")
    for clock in ("11:05", "11:10"):
        await stage.run("flow", at(clock))
    tape.error = None
    for clock in ("11:15", "11:20"):
        await stage.run("flow", at(clock))
    assert [since for since, _ in tape.asked[1:]] == [at("11:00")] * 3 + [at("11:15")]
    assert stage["dark_feed"].asked[-1][0] == at("11:15")  # the others owe nothing


async def test_what_a_feed_owes_is_not_asked_for_beyond_some_days(stage: Stage) -> None:
    stage["bars"].error = FeedError("it answered 500")
    for day in calendar.sessions(date(2024, 3, 4), date(2024, 3, 15)):
        await stage.run("close", calendar.settled(day))
    since, until = stage["bars"].asked[-1]
    assert until - since == schedule.CATCH_UP


async def test_a_feed_that_failed_at_the_close_is_tried_again_and_brings_the_days_figures(
    stage: Stage,
) -> None:
    bars = stage["bars"]
    bars.error = FeedError("it answered 500")
    await stage.run("close", at("16:45"))
    bars.error, bars.has, stage.ran = None, [price()], []
    assert await stage.run("late", at("17:15")) == "ok"
    assert bars.asked[1] == (bars.asked[0][0], at("17:15"))
    assert [len(source.asked) for source in stage.sources] == [1, 1, 1, 1, 2]
    assert "price 17:15" in stage.ran


def price() -> Parsed:
    row = {
        "event_at": at("16:00"), "known_at": at("16:00"), "source": "bars", "symbol": "ACME",
        "session": MONDAY, "open_e4": 1, "high_e4": 1, "low_e4": 1, "close_e4": 1, "volume": 1,
    }  # fmt: skip
    return Parsed({Bar: rows_to_table(Bar, [row])})


@pytest.mark.parametrize(
    ("error", "noted"),
    [
        (FeedError("the source is down"), "the source is down"),
        (KeyError("a bug of ours"), "failed: KeyError"),
        (RecursionError("a secret of theirs"), "failed: RecursionError"),
    ],
)
async def test_whatever_one_feed_raises_the_others_and_the_engine_go_on(
    error: Exception, noted: str, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage["tape_feed"].error = error
    stage["bars"].has = [price()]
    assert await stage.run("close", at("16:45")) == "ok"
    assert len(stage.ran) == 4
    with reading(stage.rooms.engine) as session:
        reads = session.exec(select(FeedRead).order_by(FeedRead.id)).all()
        known = health.known(session)
    assert [(read.feed, read.error) for read in reads] == [("tape_feed", noted), ("bars", None)]
    assert {name: (each.state, each.error) for name, each in known.items()} == {
        "tape_feed": ("failing", noted)
    }
    assert "tape_feed failed" in caplog.text


async def test_a_body_that_breaks_the_parser_does_not_bar_those_behind_it(stage: Stage) -> None:
    bars = stage["bars"]
    bars.has = [price(), price()]
    broken = bars.feed

    def parse(body: Raw) -> Parsed:
        if body.name == "0":
            raise ZeroDivisionError
        return bars.has[1]

    stage.sources[-1] = Source("bars", (Bar,))
    feed = Feed("bars", "A test.", (Bar,), parse, broken.fetch)
    job = {job.name: job for job in jobs.live(stage.rooms, Sources(None, [feed]))}["close"]
    await Scheduler(stage.rooms.engine, [], lambda: at("16:45")).run(job, at("16:45"))
    with reading(stage.rooms.engine) as session:
        assert len(session.exec(select(Bar)).all()) == 1
        noted = [read.error for read in session.exec(select(FeedRead).order_by(FeedRead.id))]
        assert health.known(session)["bars"].state == "partly"
    assert noted == [None, "failed: ZeroDivisionError"]


def replayed(stage: Stage, name: str, day: date) -> list[str]:
    """The slots of a job that a replay of the day would run."""
    recorded = {job.name: job for job in jobs.recorded(stage.rooms, Sources(None))}
    return [f"{slot.astimezone(calendar.NEW_YORK):%H:%M}" for slot in recorded[name].slots(day)]


def test_a_replay_looks_at_the_tape_only_when_a_print_became_known(stage: Stage) -> None:
    tape = stage["tape_feed"]
    assert replayed(stage, "flow", MONDAY) == []
    tape.has = [prints(at("09:30"), at("09:35"), at("10:00:01"), at("10:04"), at("15:59"), at("16:02"))]
    take_in(stage.rooms, tape.feed, Raw("0", b"one"), at("18:00"))
    assert replayed(stage, "flow", MONDAY) == ["09:35", "10:05", "16:00"]  # 16:02 is for the day's figures
    tape.has = [prints(at("11:00"), known=timedelta(minutes=15))]
    take_in(stage.rooms, tape.feed, Raw("0", b"two"), at("18:00"))
    assert replayed(stage, "flow", MONDAY) == ["09:35", "10:05", "11:15", "16:00"]
    assert replayed(stage, "flow", date(2024, 3, 5)) == []


def test_a_replay_looks_at_finras_files_when_they_became_known(stage: Stage) -> None:
    source = stage["finra_feed"]
    source.has = [short_volume(MONDAY), short_volume(date(2024, 3, 5))]
    for place in (0, 1):
        take_in(stage.rooms, source.feed, Raw(str(place), b"x" * place), at("18:00"))
    assert replayed(stage, "finra", MONDAY) == ["18:15"]
    assert replayed(stage, "finra", date(2024, 3, 5)) == ["18:15"]
    assert replayed(stage, "finra", date(2024, 3, 6)) == []


async def test_a_replay_runs_what_the_market_ran(stage: Stage) -> None:
    tuesday = date(2024, 3, 5)
    stage["finra_feed"].has = [short_volume(MONDAY), short_volume(tuesday)]
    stage["tape_feed"].has = [prints(at("10:00"), at("10:01"))]
    for name, place in (("finra_feed", "0"), ("finra_feed", "1"), ("tape_feed", "0")):
        take_in(stage.rooms, stage[name].feed, Raw(place, (name + place).encode()), at("23:00"))
    recorded = jobs.recorded(stage.rooms, Sources(None))
    scheduler = Scheduler(stage.rooms.engine, recorded)
    for day in (MONDAY, tuesday):
        for slot, job in schedule.in_order(recorded, day):
            assert await scheduler.run(job, slot)
    evening = [f"{name} 16:45" for name in ("flow", "short", "insiders", "price")] + ["short 18:15"]
    assert stage.ran == ["flow 10:00", "flow 10:05", *evening, *evening]


async def test_the_sample_market_gives_whole_sessions_and_has_no_slots_within(stage: Stage) -> None:
    recorded = jobs.recorded(stage.rooms, Sources(None, (SAMPLE_FEED,)))
    await next(job for job in recorded if job.name == "close").run(calendar.settled(FIRST_SESSION))
    assert stage.rooms.tapes.view(OPTION_TRADES, at("18:00"), at("18:00") - timedelta(days=90)).sessions()
    assert "flow" not in {job.name for _, job in schedule.in_order(recorded, FIRST_SESSION)}


def test_beside_a_synthetic_market_nothing_made_of_real_facts_is_computed() -> None:
    played = {each.name for each in jobs.at_a_close(Sources(None, (SAMPLE_FEED,)))}
    live = {each.name for each in jobs.at_a_close(Sources(None))}
    assert live - played == {"valuation"}
    assert played == set(all_indicators()) - {"valuation"}
