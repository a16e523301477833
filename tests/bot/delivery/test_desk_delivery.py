"""The desk's alerts against a strict server: markup, lengths, picture and buttons are as Telegram wants."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from stage import Telegram, drained, sending, states

from bot import desk
from bot.commentary.charts import draw
from bot.compose import composer
from bot.fact_orders import read_order, store_order
from bot.rooms import Rooms
from storage import people
from storage.database import writing
from storage.tape import TapeStore

NOW = datetime(2026, 1, 15, 21, 45, tzinfo=UTC)
READERS = {1: "en", 2: "zh-Hant", 3: "zh-Hans"}
MONEY = {1: "$900B", 2: "US$9000億", 3: "US$9000亿"}
#: as long as names may be, and of signs that markup is made of
LONG = "<b>&" + "長" * 56


def watched(rooms: Rooms, *companies: str) -> None:
    with writing(rooms.engine) as session:
        for chat, language in READERS.items():
            people.welcome(session, chat, kind="private", language=language, now=NOW)
            people.watch(session, chat, companies, NOW)


def order(rooms: Rooms, words: str, now: datetime) -> dict:
    return store_order(rooms, read_order(rooms, words, "en", now, now), now)


async def test_a_mark_is_accepted_in_every_language_with_its_picture(
    engine: Engine, tapes: TapeStore, telegram: Telegram
) -> None:
    rooms = Rooms(engine, tapes)
    desk.plant(rooms, NOW)
    watched(rooms, "SpaceX")
    words = "fact SpaceX valuation $900B as_of=2026-01-08 basis=secondary from=Bloomberg"
    assert order(rooms, words, NOW)["alerts"] == len(READERS)
    again = order(rooms, words, NOW + timedelta(hours=1))
    assert (again["new"], again["alerts"]) == (False, 0)
    # printed again the next day it is another fact, and no news
    repeated = order(rooms, words, NOW + timedelta(days=1))
    assert (repeated["new"], repeated["alerts"]) == (True, 0)
    async with sending(engine, telegram.url, compose=composer(rooms, sample=False), draw=draw) as sender:
        await drained(sender)
    assert states(engine) == {"sent": len(READERS)}
    accepted = {message["chat"]: message for message in telegram.accepted()}
    assert accepted.keys() == READERS.keys()
    assert len(telegram.requests()) == len(READERS)  # none was refused and sent plainer
    for chat, message in accepted.items():
        assert message["photo"]
        assert message["html"]
        assert MONEY[chat] in message["text"]
        rows = json.loads(message["keyboard"])["inline_keyboard"]
        assert [[button["callback_data"] for button in row] for row in rows] == [
            ["/value SpaceX peers", "/value SpaceX must"], ["/value SpaceX sources", "/value SpaceX history"],
        ]  # fmt: skip


async def test_a_name_as_long_as_names_may_be_and_full_of_signs_goes_out_whole(
    engine: Engine, tapes: TapeStore, telegram: Telegram
) -> None:
    rooms = Rooms(engine, tapes)
    desk.plant(rooms, NOW)
    order(rooms, f"company {LONG}", NOW)
    watched(rooms, LONG)
    words = f"fact {LONG} valuation $900B-$950B as_of=2026-01-08 basis=round from={'<i>' * 40}"
    assert order(rooms, words, NOW + timedelta(seconds=1))["alerts"] == len(READERS)
    async with sending(engine, telegram.url, compose=composer(rooms, sample=False), draw=draw) as sender:
        await drained(sender)
    assert states(engine) == {"sent": len(READERS)}
    assert len(telegram.requests()) == len(READERS)
    for message in telegram.accepted():
        assert message["photo"]
        assert "&lt;b&gt;&amp;長" in message["text"]
        assert message["keyboard"] is None  # a button holds 64 bytes
