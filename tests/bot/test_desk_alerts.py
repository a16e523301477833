"""A new fact is news for whoever watches its company, within seconds, once, and for nobody else.

Over HTTP: people write and press on a Bot API server, the assembled bot answers and tells.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app import Clock, Running, running
from bot.chat.room import Room
from bot.chat.server import build, listen
from bot.commentary.desk_words import STAGES
from bot.commentary.languages import translator
from bot.commentary.lengths import CAPTION
from bot.settings import Settings
from storage import people
from storage.database import reading
from storage.tables import Delivery, Draft, Fact

TOKEN = "123456:a-token-of-the-right-form-for-this-test"
OWNER, READER, OTHER = 7, 1001, 1002
FACT = (
    "/admin fact SpaceX valuation $900B as_of=2026-01-08 basis=secondary from=Bloomberg published=2026-01-09"
)


@dataclass
class Town:
    """The bot, and the room in which people talk to it."""

    up: Running
    room: Room

    async def heard(self, chat: int, count: int) -> list[dict[str, Any]]:
        """What a chat has been sent, once it is at least so much."""
        await self.room.until(lambda: len(self.room.delivered(chat)) >= count, 30)
        return self.room.delivered(chat)

    async def says(self, chat: int, text: str, language: str = "en") -> dict[str, Any]:
        """Write, and get the next message in that chat."""
        count = len(self.room.delivered(chat))
        self.room.say(chat, text, language)
        return (await self.heard(chat, count + 1))[count]

    async def presses(self, chat: int, message: dict[str, Any], label: str) -> dict[str, Any]:
        """Press a button, see it acknowledged, and get the next message in that chat."""
        rows = message["reply_markup"]["inline_keyboard"]
        (data,) = [button["callback_data"] for row in rows for button in row if button["text"] == label]
        count = len(self.room.delivered(chat))
        query = self.room.press(chat, message["message_id"], data)
        assert await self.room.until(lambda: self.room.presses[query] is not None, 20)
        return (await self.heard(chat, count + 1))[count]

    async def stores(self, order: str) -> str:
        """The owner writes an order and presses Store it: what is answered."""
        stored = await self.presses(OWNER, await self.says(OWNER, order), "Store it")
        await self.up.sender.drain()
        return stored["text"]

    def told(self) -> list[tuple[int, str]]:
        """Chat and state of every alert there ever was."""
        with reading(self.up.rooms.engine) as session:
            return [(row.chat_id, row.state) for row in session.exec(select(Delivery).order_by(Delivery.id))]


@asynccontextmanager
async def town(folder: Path, **more: object) -> AsyncIterator[Town]:
    app = build(folder, TOKEN)
    async with listen(app) as url:
        given = {
            "telegram_bot_token": TOKEN, "telegram_api_url": url, "bellwether_data_dir": folder / "data",
            "feeds": ("bars",), "owner_ids": (OWNER,),
        }  # fmt: skip
        async with running(Settings(**(given | more), _env_file=None), Clock()) as up:
            yield Town(up, app.state.room)
    app.state.room.close()


async def test_a_new_mark_is_told_once_to_who_watches_and_to_nobody_else(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.says(READER, "/watch 太空探索技術公司", "zh-TW")
        await here.says(OTHER, "/watch open ai")
        with reading(here.up.rooms.engine) as session:
            assert people.watchlist(session, READER) == ["SpaceX"]
            assert people.watchlist(session, OTHER) == ["OpenAI"]
        stored = await here.stores(FACT)
        assert stored.startswith("Stored as F")
        assert stored.endswith("Alerts queued: 1.")
        _, alert = await here.heard(READER, 2)
        assert {"photo", "caption", "reply_markup"} <= alert.keys()
        assert "text" not in alert
        assert "US$8000億 → US$9000億" in alert["caption"]
        assert alert["caption"].startswith("🆕 ")
        assert "🔔" in alert["caption"]
        assert len(alert["caption"]) <= CAPTION
        # the same again is known before, and tells nobody
        assert "It was stored before" in await here.stores(FACT)
        assert here.told() == [(READER, "sent")]
        assert (len(here.room.delivered(READER)), len(here.room.delivered(OTHER))) == (2, 1)


async def test_a_correction_and_a_step_towards_an_offering_are_told(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.says(READER, "/watch SpaceX")
        ref = (await here.stores(FACT)).split()[2].rstrip(".")
        corrected = await here.stores(f"/admin correct {ref} $910B from=Reuters published=2026-01-10")
        assert corrected.endswith("Alerts queued: 1.")
        assert "$900B → $910B" in (await here.heard(READER, 3))[2]["caption"]
        staged = "/admin fact SpaceX ipo_stage filed as_of=2026-01-12 from=SEC published=2026-01-12"
        assert (await here.stores(staged)).endswith("Alerts queued: 1.")
        step = f"🆕 {STAGES['planned']} → {STAGES['filed']}"
        assert step in (await here.heard(READER, 4))[3]["caption"]
        # a number nobody's card rests on is stored, and is no news
        users = "/admin fact SpaceX users 9M as_of=2026-01-08 from=X published=2026-01-09"
        assert (await here.stores(users)).endswith("Alerts queued: 0.")
        assert here.told() == [(READER, "sent")] * 3


async def test_who_watches_no_more_is_not_told(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.says(READER, "/watch SpaceX")
        await here.says(READER, "/unwatch spacex")
        assert (await here.stores(FACT)).endswith("Alerts queued: 0.")
        assert here.told() == []


async def test_the_buttons_of_an_alert_answer_and_are_acknowledged(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.says(READER, "/watch SpaceX")
        await here.stores(FACT)
        alert = (await here.heard(READER, 2))[1]
        sources = await here.presses(READER, alert, "Sources")
        assert sources["text"].startswith("SpaceX · Sources")
        assert "2026-01-08 $900B" in sources["text"]
        history = await here.presses(READER, alert, "History")
        assert "● 2026-01-08 $900B" in history["text"]


async def test_who_owns_nothing_stores_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        refused = await here.says(READER, FACT)
        assert refused["text"].startswith("Only an owner of this bot can do this.")
        asked = await here.says(OWNER, FACT)
        key = asked["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        assert (await here.says(READER, key))["text"].startswith("Only an owner of this bot can do this.")
        with reading(here.up.rooms.engine) as session:
            assert session.exec(select(Fact).where(Fact.source == "owner")).all() == []
            assert [draft.chat_id for draft in session.exec(select(Draft))] == [OWNER]
        dropped = await here.presses(OWNER, asked, "Drop it")
        assert dropped["text"] == "Dropped; nothing was stored."


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans"])
async def test_an_alert_is_in_the_language_its_chat_chose(language: str, tmp_path: Path) -> None:
    async with town(tmp_path, default_language=language) as here:
        await here.says(READER, "/watch SpaceX", "fr")
        await here.stores(FACT)
        caption = (await here.heard(READER, 2))[1]["caption"]
        assert {"zh-Hant": "US$9000億", "zh-Hans": "US$9000亿"}[language] in caption
        assert translator(language)("quality") in caption
