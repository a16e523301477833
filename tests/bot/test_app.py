"""The assembled bot against a real Bot API server over HTTP: answers, menus, access, once each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select
from telegram import Update

from bot import sources
from bot.app import Clock, running, start_schedule
from bot.chat.room import Room
from bot.chat.server import build, listen
from bot.commentary.languages import translator
from bot.errors import CannotError
from bot.registry import all_commands
from bot.settings import Settings
from storage.database import reading, writing
from storage.tables import Delivery, FlipRow, JobRun, Person, SignalRow, Watch

TOKEN = "123456:a-token-of-the-right-form-for-this-test"
YOU = 1001
EMPTY = "Your list is empty. Add a ticker: /watch NVDA"


@asynccontextmanager
async def telegram(folder: Path) -> AsyncIterator[tuple[str, Room]]:
    """A Bot API server, and the room behind it."""
    app = build(folder, TOKEN)
    async with listen(app) as url:
        yield url, app.state.room
    app.state.room.close()


def settings(folder: Path, url: str, **more: object) -> Settings:
    given = {"telegram_bot_token": TOKEN, "telegram_api_url": url, "bellwether_data_dir": folder / "data"}
    return Settings(**(given | {"feeds": ("bars",)} | more), _env_file=None)


async def heard(room: Room, count: int) -> list[str]:
    await room.until(lambda: len(room.delivered(YOU)) >= count, 20)
    return [message.get("text") or message["caption"] for message in room.delivered(YOU)]


async def test_a_person_is_answered_in_order_and_the_menu_is_set(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, room), running(settings(tmp_path, url), Clock()) as up:
        for text in ("/start", "/watch NVDA BRK.B", "/unwatch NVDA", "/list", "/wach X"):
            room.say(YOU, text)
        said = await heard(room, 5)
        menu = [command.command for command in await up.application.bot.get_my_commands()]
    assert menu == [*all_commands()]
    assert said[0].startswith("Bellwether watches US markets with you.")
    assert said[1:3] == [
        "Added: NVDA, BRK.B.\nYou watch BRK.B, NVDA.", "Removed: NVDA.\nYou watch BRK.B."
    ]  # fmt: skip
    assert said[3] == "BRK.B — nothing known yet"
    assert said[4].startswith("There is no command /wach. Did you mean /watch")


async def test_a_chat_is_answered_in_the_language_it_chose(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, room), running(settings(tmp_path, url), Clock()):
        room.say(YOU, "/list", "zh-TW")
        room.say(YOU, "/language zh-Hans", "zh-TW")
        room.say(YOU, "/list", "zh-TW")
        said = await heard(room, 3)
        room.say(YOU, "/language", "zh-TW")
        await heard(room, 4)
        shown = room.delivered(YOU)[-1]
        english = shown["reply_markup"]["inline_keyboard"][0][-1]
        room.press(YOU, shown["message_id"], english["callback_data"], "zh-TW")
        await heard(room, 5)
        room.say(YOU, "/list", "zh-TW")
        assert (await heard(room, 6))[-1] == EMPTY
    assert said[0] == translator("zh-Hant")(EMPTY)
    assert said[2] == translator("zh-Hans")(EMPTY)
    assert len({EMPTY, said[0], said[2]}) == 3


async def test_a_language_not_spoken_here_is_answered_in_the_default(tmp_path: Path) -> None:
    async with (
        telegram(tmp_path) as (url, room),
        running(settings(tmp_path, url, default_language="zh-Hans"), Clock()),
    ):
        room.say(YOU, "/list", "fr")
        assert await heard(room, 1) == [translator("zh-Hans")(EMPTY)]


@pytest.mark.parametrize(
    ("default", "menus"),
    [
        ("en", {"": "en", "en": "en", "zh": "zh-Hant"}),
        ("zh-Hans", {"": "zh-Hans", "en": "en", "zh": "zh-Hans"}),
    ],
)
async def test_the_menu_is_in_the_language_of_who_sees_it(
    tmp_path: Path, default: str, menus: dict[str, str]
) -> None:
    async with (
        telegram(tmp_path) as (url, _),
        running(settings(tmp_path, url, default_language=default), Clock()) as up,
    ):
        for code, language in menus.items():
            menu = await up.application.bot.get_my_commands(language_code=code)
            about = [translator(language)(command.about) for command in all_commands().values()]
            assert [command.description for command in menu] == about
    assert translator("zh-Hant")("Status") != translator("zh-Hans")("Status") != "Status"


async def test_what_was_asked_while_the_bot_was_down_is_answered_once(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, room):
        room.say(YOU, "/watch NVDA")
        for _ in range(2):
            async with running(settings(tmp_path, url), Clock()):
                await heard(room, 1)
        assert len(room.delivered(YOU)) == 1


async def test_an_update_that_comes_again_is_not_handled_again(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, room), running(settings(tmp_path, url), Clock()) as up:
        message = room.say(YOU, "/start")
        await heard(room, 1)
        again = {"update_id": 900, "message": message | {"text": "/watch NVDA"}}
        for _ in range(2):
            await up.application.process_update(Update.de_json(again, up.application.bot))
        assert len(await heard(room, 2)) == 2


async def test_a_private_bot_refuses_strangers(tmp_path: Path) -> None:
    async with (
        telegram(tmp_path) as (url, room),
        running(settings(tmp_path, url, access="owner", owner_ids=(7,)), Clock()) as up,
    ):
        room.say(YOU, "/watch NVDA")
        said = await heard(room, 1)
        with reading(up.rooms.engine) as session:
            assert session.exec(select(Person)).all() == []
    assert said == ["This bot is private: its owner decides who may use it."]


async def test_a_queued_alert_is_pushed_with_its_reason(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, room), running(settings(tmp_path, url), Clock()) as up:
        room.say(YOU, "/watch NVDA")
        await heard(room, 1)
        now = datetime.now(UTC)
        with writing(up.rooms.engine) as session:
            assert session.exec(select(Watch)).one().symbol == "NVDA"
            signal = SignalRow(
                indicator="insiders", subject="NVDA", as_of=now, computed_at=now, state="cluster",
                strength=0.5, quality="A", n=3, source="test", facts=FACTS,
            )  # fmt: skip
            session.add(signal)
            session.flush()
            flip = FlipRow(
                signal_id=signal.id, indicator="insiders", subject="NVDA", as_of=now, before="quiet",
                after="cluster", loud=True, created_at=now,
            )  # fmt: skip
            session.add(flip)
            session.flush()
            session.add(
                Delivery(
                    flip_id=flip.id, chat_id=YOU, reason="you watch {subject}", created_at=now,
                    valid_until=now.replace(year=now.year + 1),
                )
            )  # fmt: skip
        up.sender.wake()
        await up.sender.drain()
        said = await heard(room, 2)
        room.say(YOU, "/why")
        explained = (await heard(room, 3))[2]
    assert "NVDA: several insiders bought within days" in said[1]
    assert "You watch NVDA" in said[1]
    assert "Too few earlier alerts like this" in said[1]
    assert "Method" in explained
    assert "test" in explained


FACTS = {
    "window_days": 30, "buys_usd": 600000.0, "sells_usd": 0.0, "buyers": 3, "sellers": 0, "filings": 3,
    "ratio": None, "plan_sells_usd": 0.0, "largest_buyer": "Alice", "largest_buyer_usd": 300000.0,
    "spike_z": None, "newest_trade": "2024-03-04",
}  # fmt: skip


async def test_what_is_due_runs_once_after_the_start(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, _), running(settings(tmp_path, url), Clock()) as up:
        assert sources.live(up.settings, up.http).feeds == []  # bars reads files only
        start_schedule(up)
        (job,) = up.application.job_queue.jobs()
        for _ in range(2):
            await job.run(up.application)
        with reading(up.rooms.engine) as session:
            ran = session.exec(select(JobRun)).all()
    due = {run.job for run in ran} - {"flow"}  # due only while the exchange is open
    assert due == {"close", "finra", "form4", "late"}
    assert all(run.finished_at for run in ran)


async def test_a_refused_token_is_one_sentence(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (url, _):
        wrong = settings(tmp_path, url, telegram_bot_token="123456:another-token-of-the-right-form-here")
        with pytest.raises(CannotError, match="Telegram refused the token"):
            async with asyncio.timeout(20), running(wrong, Clock()):
                pass


@pytest.mark.parametrize(
    ("feeds", "says"), [(("bars", "nosuch"), "FEEDS names nosuch"), (("bars", "sample"), "plays alone")]
)
async def test_a_feed_that_cannot_be_on_is_one_sentence(tmp_path: Path, feeds: tuple, says: str) -> None:
    async with telegram(tmp_path) as (url, _), running(settings(tmp_path, url, feeds=feeds), Clock()) as up:
        with pytest.raises(CannotError, match=says):
            sources.live(up.settings, up.http)
