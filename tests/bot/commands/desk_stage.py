"""The stage of the valuation desk: our own fact base on a winter's day, priced peers, and whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from bot import desk, dispatch
from bot.commands import Context
from bot.commentary import Message
from bot.registry import all_commands
from bot.rooms import Rooms
from storage import calendar
from storage.database import reading, writing
from storage.intake import insert_new
from storage.tables import Bar, CompanyFigure, Draft, Entity, Fact

NOW = datetime(2026, 1, 15, 21, 45, tzinfo=UTC)
CHAT = 1001
PRICED = date(2026, 1, 14)
#: market value in whole USD of 100 million shares, and sales of 2025: 2, 4, 6, 8, 10, 12 and 30 times them
PEERS = dict(zip(("RKLB", "LUNR", "PL", "NOC", "LHX", "RTX", "HWM"), (2, 4, 6, 8, 10, 12, 30), strict=True))
SALES = 1_000_000_000


@dataclass
class Desk:
    """Somebody in a chat of a bot that knows our facts."""

    rooms: Rooms

    def say(
        self, text: str, language: str = "en", *, now: datetime = NOW, owner: bool = True, chat: int = CHAT,
        sample: bool = False,
    ) -> list[Message]:  # fmt: skip
        """The messages that answer `text`, by the way the bot takes."""
        context = Context(self.rooms, chat, "private", language, now, now, sample, owner)
        meant = dispatch.read(text, "OurBot")
        assert meant is not None
        return [*dispatch.answer(context, *meant, all_commands())]

    def told(self, text: str, language: str = "en", **how: Any) -> str:
        """The one message that answers."""
        (message,) = self.say(text, language, **how)
        return message.text

    def counts(self) -> tuple[int, ...]:
        """How many facts, companies and drafts are stored."""
        with reading(self.rooms.engine) as session:
            return tuple(
                session.exec(select(func.count()).select_from(kind)).one() for kind in (Fact, Entity, Draft)
            )


def planted(rooms: Rooms, now: datetime = NOW) -> Desk:
    """The desk with our facts in it."""
    desk.plant(rooms, now)
    return Desk(rooms)


def price_peers(rooms: Rooms, symbols: Sequence[str] = tuple(PEERS), session: date = PRICED) -> None:
    """A close and a year's filing for each of `symbols`."""
    prices, figures = [], []
    for symbol in symbols:
        close = PEERS[symbol] * SALES // 100_000_000 * 10_000
        prices.append(
            {"event_at": calendar.close(session), "known_at": calendar.close(session), "symbol": symbol,
             "session": session, "volume": 1, "source": "test",
             **dict.fromkeys(("open_e4", "high_e4", "low_e4", "close_e4"), close)}
        )  # fmt: skip
        for figure, start, value in (
            ("shares", date(2025, 12, 31), 100_000_000),
            ("revenue", date(2025, 1, 1), SALES),
        ):
            filed = datetime(2026, 1, 10, tzinfo=UTC)
            figures.append(
                {"event_at": filed, "known_at": filed, "symbol": symbol, "figure": figure, "start": start,
                 "end": date(2025, 12, 31), "value": value, "form": "10-K", "accession": f"{symbol}-1",
                 "source": "test"}
            )  # fmt: skip
    with writing(rooms.engine) as opened:
        insert_new(opened, Bar, prices)
        insert_new(opened, CompanyFigure, figures)
