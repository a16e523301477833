"""The chat page, really listening, and a real client of the Bot API.

A test file has one event loop, so that the browser can be started once.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from chat_stage import TOKEN, client
from starlette.applications import Starlette
from telegram import Bot

from bot.chat.room import Room
from bot.chat.server import build, listen


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    return build(tmp_path / "chat", TOKEN)


@pytest.fixture
def room(app: Starlette) -> Room:
    return app.state.room


@pytest_asyncio.fixture(loop_scope="module")
async def url(app: Starlette) -> AsyncIterator[str]:
    async with listen(app) as address:
        yield address
    app.state.room.close()


@pytest_asyncio.fixture(loop_scope="module")
async def bot(url: str) -> AsyncIterator[Bot]:
    async with client(url) as connected:
        yield connected
