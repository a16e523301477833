"""A feed that is down, from its failed fetches to its owner's chat: told once, over every restart."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from stage import Telegram, drained, hurried, sending, states

from bot import jobs
from bot.compose import composer
from bot.registry import all_indicators
from bot.rooms import Rooms
from bot.schedule import Scheduler
from bot.sources import Sources
from feeds import Ask, Feed, FeedError, Parsed, Raw
from storage import people
from storage.database import reading, writing
from storage.tables import Delivery, Person
from storage.tape import OPTION_TRADES, TapeStore

OWNER, STRANGER = 7, 8
SLOT = datetime(2024, 3, 4, 16, 0, tzinfo=UTC)


class House:
    """A bot with one owner who wrote to it and one who never did, and a feed that fails while told to."""

    def __init__(self, engine: Engine, tapes: TapeStore) -> None:
        self.rooms, self.fails, self.slots = Rooms(engine, tapes), True, 0
        with writing(engine) as session:
            people.welcome(session, OWNER, kind="private", language="en", now=SLOT)
        feeds = [
            Feed("tape_feed", "A test.", (OPTION_TRADES,), lambda _: Parsed(), self.fetch),
            Feed("other", "A test.", (OPTION_TRADES,), lambda _: Parsed(), self.nothing),
        ]
        self.sources = Sources(None, feeds, owners=(OWNER, STRANGER))

    async def nothing(self, ask: Ask) -> AsyncIterator[Raw]:
        for raw in ():
            yield raw

    async def fetch(self, ask: Ask) -> AsyncIterator[Raw]:
        if self.fails:
            raise FeedError("its server answered <500> & went")
        for raw in ():
            yield raw

    async def pass_slots(self, count: int) -> None:
        """So many slots of the flow job; each time by a new process."""
        for _ in range(count):
            job = next(job for job in jobs.live(self.rooms, self.sources) if job.name == "flow")
            slot = SLOT + timedelta(minutes=5 * self.slots)
            assert await Scheduler(self.rooms.engine, []).run(job, slot)
            self.slots += 1

    async def send(self, telegram: Telegram) -> None:
        clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
        compose = composer(self.rooms, sample=False)
        async with sending(
            self.rooms.engine, telegram.url, hurried(), compose=compose, clock=clock
        ) as sender:
            await drained(sender)


@pytest.fixture
def house(engine: Engine, tapes: TapeStore, monkeypatch: pytest.MonkeyPatch) -> House:
    built = House(engine, tapes)
    monkeypatch.setattr("bot.health.all_feeds", lambda: {feed.name: feed for feed in built.sources.feeds})
    return built


def heard(telegram: Telegram, chat: int) -> list[list[str]]:
    return [message["text"].splitlines() for message in telegram.accepted() if message["chat"] == chat]


async def test_an_owner_hears_once_that_a_feed_is_down_and_once_that_it_is_back(
    house: House, telegram: Telegram
) -> None:
    await house.pass_slots(2)
    await house.send(telegram)
    assert heard(telegram, OWNER) == []  # weather
    await house.pass_slots(1)
    for _ in range(2):  # over restarts of the sender, and while it stays down
        await house.send(telegram)
        await house.pass_slots(2)
    (down,) = heard(telegram, OWNER)
    assert down[0] == "🔴 The feed tape_feed is down."
    assert down[1].startswith("It could not be read since 20")
    assert down[1].endswith(" ET, 3 times in a row.")
    assert down[2] == "It says: its server answered &lt;500&gt; &amp; went"
    assert down[3].startswith("Without it: ")
    assert all_indicators()["options_flow"].title in down[3]
    assert down[4:] == ["Everything else works.", "Feeds that are well: other.", "🔔 You own this bot"]
    house.fails = False
    await house.pass_slots(2)
    await house.send(telegram)
    _, back = heard(telegram, OWNER)
    assert back[0] == "🟢 The feed tape_feed is back."
    assert back[-1] == "🔔 You own this bot"
    assert len(back) == 3


async def test_an_owner_telegram_will_not_let_us_write_to_costs_one_request_and_ends_cleanly(
    house: House, telegram: Telegram, engine: Engine
) -> None:
    refusal = [403, "Forbidden: bot can't initiate conversation with a user"]
    telegram.set(rates=False, refuse={str(STRANGER): refusal})
    await house.pass_slots(3)
    await house.send(telegram)
    house.fails = False
    await house.pass_slots(1)
    await house.send(telegram)
    assert [chat for chat, _, _ in telegram.requests()].count(STRANGER) == 1
    assert len(heard(telegram, OWNER)) == 2
    assert states(engine) == {"sent": 2, "dead": 1, "suppressed": 1}
    with reading(engine) as session:
        assert not session.get_one(Person, STRANGER).active
        ends = session.exec(select(Delivery.reason).where(Delivery.chat_id == STRANGER)).all()
    assert sorted(ends) == ["Forbidden: bot can't initiate conversation with a user", "chat_inactive"]


async def test_a_notice_in_the_owners_language_is_the_language_of_their_chat(
    house: House, telegram: Telegram, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("bot.health.translator", lambda language: asked.append(language) or (lambda key: key))
    with writing(engine) as session:
        session.get_one(Person, OWNER).language = "zh-Hans"
    house.sources = Sources(None, house.sources.feeds, owners=(OWNER, STRANGER), language="zh-Hant")
    await house.pass_slots(3)
    await house.send(telegram)
    assert sorted(asked) == ["zh-Hans", "zh-Hant"]
