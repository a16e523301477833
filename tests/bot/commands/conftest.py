"""Two desks with our facts and priced peers: one that is only read, and one to write on."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from desk_stage import NOW, PEERS, Desk, planted, price_peers
from sqlalchemy import Engine

from bot.fact_orders import read_order, store_order
from bot.rooms import Rooms
from storage.database import connect, migrate
from storage.tape import TapeStore


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all we know."""
    folder = tmp_path_factory.mktemp("house")
    engine = connect(f"sqlite:///{folder / 'house.sqlite'}")
    migrate(engine)
    rooms = Rooms(engine, TapeStore(folder / "tape"))
    planted(rooms)
    before = NOW - timedelta(days=1)
    store_order(
        rooms, read_order(rooms, f"company SpaceX peers={','.join(PEERS)}", "en", before, before), before
    )
    price_peers(rooms)
    engine.dispose()
    return folder / "house.sqlite"


def _copied(house: Path, folder: Path) -> Iterator[Desk]:
    engine: Engine = connect(f"sqlite:///{shutil.copy(house, folder)}")
    yield Desk(Rooms(engine, TapeStore(folder / "tape")))
    engine.dispose()


@pytest.fixture(scope="module")
def reader(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk of which nothing is changed."""
    yield from _copied(house, tmp_path_factory.mktemp("reader"))


@pytest.fixture
def writer(house: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk of one's own."""
    yield from _copied(house, tmp_path)
