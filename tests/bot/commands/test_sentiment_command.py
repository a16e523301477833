"""/sentiment tells the mood of the market, its parts and how late it is; or that too little is known."""

from datetime import date, time, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from bot.commands import Context, UserError
from bot.commands.sentiment import COMMAND
from bot.commentary.charts import draw
from bot.pipeline import take_in
from bot.rooms import Rooms
from feeds import Raw
from feeds.index_eps import FEED
from storage import calendar
from storage.database import writing
from storage.intake import insert_new
from storage.tables import InsiderTrade, OptionDay
from storage.tape import TapeStore

LAST = date(2024, 6, 28)
DAYS = calendar.sessions(date(2021, 6, 1), LAST)


def context(engine: Engine, tapes: TapeStore) -> Context:
    at = calendar.day_end(LAST)
    return Context(Rooms(engine, tapes), 1, "private", "en", at, at, False)


@pytest.fixture
def filled(engine: Engine, tapes: TapeStore) -> Context:
    """Three of five inputs: option totals and estimates that swing, and insiders who bought much in May."""
    here = context(engine, tapes)
    with writing(engine) as session:
        insert_new(session, OptionDay, [total(day, place) for place, day in enumerate(DAYS)])
        insert_new(session, InsiderTrade, [row for month in range(36) for row in filed(month)])
    lines = ["published_at,index_close,forward_eps,basis"]
    lines += [f"{day},{5000 + 300 * np.sin(n / 9):.0f},240,operating" for n, day in enumerate(DAYS[::5])]
    take_in(here.rooms, FEED, Raw("own.csv", "\n".join(lines).encode()), here.now)
    return here


def total(day: date, place: int) -> dict:
    """As many dollars bullish as bearish on most days, clearly more on the last ten."""
    bull = round(1e13 * (1 + 0.1 * np.sin(place / 7) + 0.3 * (place >= len(DAYS) - 10)))
    return {
        "symbol": "MARKET", "session": day, "call_premium_e4": 10**13, "put_premium_e4": 10**13,
        "bullish_premium_e4": bull // 2, "bearish_premium_e4": 10**13 - bull // 2, "source": "unusual_whales",
        "event_at": calendar.close(day), "known_at": calendar.settled(day),
    }  # fmt: skip


def filed(month: int) -> list[dict]:
    """Twelve filings of one month; two to five purchases among them, in May 2024 eleven."""
    first = date(2021 + (5 + month) // 12, (5 + month) % 12 + 1, 3)
    buys = 11 if first == date(2024, 5, 3) else 2 + month % 4
    known = calendar.new_york(first, time(12))
    return [
        {
            "event_at": known - timedelta(days=1), "known_at": known, "source": "sec_form4",
            "filing": f"{month} {n}", "line": 0, "form": "4", "symbol": f"C{n}", "issuer_cik": "1",
            "issuer_name": "C", "owner_ciks": str(n), "owner_names": "Doe", "role": "officer",
            "derivative": False, "security": "", "code": "P" if n < buys else "S",
            "acquired": "A" if n < buys else "D", "shares": 10, "price": 1, "usd_e4": 100_000,
        }
        for n in range(12)
    ]  # fmt: skip


def test_it_tells_the_number_its_parts_and_that_nothing_is_proven(filled: Context) -> None:
    (message,) = COMMAND.answer(filled, COMMAND.parse(""))
    assert "US market: the mood is bullish" in message.text
    assert "of 100: extreme greed" in message.text
    assert "In this state since 2024-04-10, for 56 sessions" in message.text
    assert "Going with the crowd (options, off-exchange, sectors): 9" in message.text
    assert "A turn is told about 4 sessions late" in message.text
    assert "no forecast is proven" in message.text
    assert "quality C" in message.text
    assert "Stale" not in message.text
    assert draw(message).startswith(b"\x89PNG")


def test_it_says_that_it_is_paused_and_how_much_is_known(engine: Engine, tapes: TapeStore) -> None:
    here = context(engine, tapes)
    with writing(engine) as session:
        insert_new(session, OptionDay, [total(day, place) for place, day in enumerate(DAYS)])
    (message,) = COMMAND.answer(here, None)
    assert "the mood is paused, too few inputs are known" in message.text
    assert "Known of the inputs: 20 %; 60 % are needed." in message.text
    assert "of 100:" not in message.text
    assert draw(message).startswith(b"\x89PNG")


def test_where_nothing_was_read_it_says_so(engine: Engine, tapes: TapeStore) -> None:
    with pytest.raises(UserError, match="nothing is known"):
        COMMAND.answer(context(engine, tapes), None)
