"""A fake Telegram for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Telegram


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Telegram]:
    server = Telegram(tmp_path)
    server.set(rates=False)
    yield server
    server.close()
