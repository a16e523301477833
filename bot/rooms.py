"""Where everything rests, opened once and handed from step to step."""

from dataclasses import dataclass

from sqlalchemy import Engine

from bot.settings import Settings
from storage.database import connect, migrate
from storage.tape import TapeStore


@dataclass(frozen=True)
class Rooms:
    """The database and the tape."""

    engine: Engine
    tapes: TapeStore


def open_rooms(settings: Settings) -> Rooms:
    """The database, migrated, and the tape; the data folder is made."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = connect(settings.url)
    migrate(engine)
    return Rooms(engine, TapeStore(settings.data_dir / "tape"))
