"""A fake Telegram, as new for each test."""

from collections.abc import Iterator

import pytest
from stage import Telegram


@pytest.fixture(scope="session")
def telegram_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    server = Telegram(tmp_path_factory.mktemp("telegram"))
    yield server
    server.close()


@pytest.fixture
def telegram(telegram_server: Telegram) -> Telegram:
    """The server with no fault and no limit; a test that wants one sets it."""
    telegram_server.reset()
    telegram_server.set(rates=False)
    return telegram_server
