"""The sample market keeps to itself."""

from datetime import date

from sqlalchemy import Engine

from bot.play import holds_real_rows
from storage import calendar
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar

CLOSE = calendar.close(date(2024, 3, 4))


def test_the_sample_market_does_not_play_beside_a_real_one(engine: Engine) -> None:
    def stored(source: str) -> bool:
        row = {
            "event_at": CLOSE, "known_at": CLOSE, "source": source, "symbol": "ACME",
            "session": date(2024, 3, 4), "open_e4": 1, "high_e4": 1, "low_e4": 1, "close_e4": 1, "volume": 0,
        }  # fmt: skip
        with writing(engine) as session:
            insert_new(session, Bar, [row])
        return holds_real_rows(engine)

    assert not holds_real_rows(engine)
    assert not stored("sample")
    assert stored("bars")
