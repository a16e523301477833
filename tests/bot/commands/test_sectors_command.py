"""/sectors says who leads, or one theme, and suggests the nearest name."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from bot.commands import Context, UserError
from bot.commands.sectors import COMMAND
from bot.commentary.charts import draw
from bot.rooms import Rooms
from storage import calendar
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar, SectorMember
from storage.tape import TapeStore

FRIDAY = date(2024, 11, 15)
DAYS = calendar.sessions(FRIDAY - timedelta(days=70), FRIDAY)
#: Space leads on the last session alone; the others stand between it and nothing
LAST = {"Space": 1.06, "Banks": 1.01, "Mines": 0.97}


def rows() -> tuple[list[dict], list[dict]]:
    dice = np.random.default_rng(3)
    since = calendar.opening(date(2015, 1, 2))
    bars, members = [], []
    for symbol, theme in [
        ("SPY", None),
        *((f"{theme[:3].upper()}{n}", theme) for theme in LAST for n in "ABC"),
    ]:
        closes = 100 * np.cumprod(1 + 0.004 * dice.standard_normal(len(DAYS)))
        if theme == "Space":
            closes[-2] = closes[-3] * 0.98
        closes[-1] = closes[-2] * LAST.get(str(theme), 1.0)
        for day, close in zip(DAYS, closes, strict=True):
            at, price = calendar.close(day), round(close * 10_000)
            prices = dict.fromkeys(("open_e4", "high_e4", "low_e4", "close_e4"), price)
            told = {"event_at": at, "known_at": at, "source": "bars", "symbol": symbol, "session": day}
            bars.append(told | prices | {"volume": 1_000_000})
        if theme:
            members.append(
                {
                    "event_at": since, "known_at": since, "source": "sectors", "symbol": symbol,
                    "sector": theme, "name": symbol, "since": date(2015, 1, 2), "until": None,
                }
            )  # fmt: skip
    return bars, members


@pytest.fixture
def context(engine: Engine, tapes: TapeStore) -> Context:
    """Three themes of three names over fifty sessions."""
    bars, members = rows()
    with writing(engine) as session:
        insert_new(session, Bar, bars)
        insert_new(session, SectorMember, members)
    as_of = calendar.settled(FRIDAY)
    return Context(Rooms(engine, tapes), 1, "private", "en", as_of, as_of, False)


def test_without_a_name_it_ranks_all_and_draws_the_board(context: Context) -> None:
    (message,) = COMMAND.answer(context, COMMAND.parse(""))
    lines = message.text.splitlines()
    assert lines[0] == "<b>US market · Sector rotation</b>"
    assert lines[2].startswith("1. Space 6")
    assert lines[2].endswith("100 % of 3; day 1; small sample")
    assert lines[4].startswith("3. Mines")
    assert "any theme on any day" in message.text
    assert "as of 2024-11-15" in message.footer
    assert draw(message).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["space", "SPACE", "  Space "])
def test_with_a_name_it_tells_that_theme_whatever_the_case(context: Context, name: str) -> None:
    (message,) = COMMAND.answer(context, COMMAND.parse(name))
    assert "Space: takes the lead, day 1" in message.text
    assert "A small sample: only 3 names" in message.text
    assert "Session 2024-11-15: rank 1 of 3" in message.text
    assert draw(message).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["Spcae", "spac", "bank"])
def test_of_an_unknown_name_it_suggests_the_nearest(context: Context, name: str) -> None:
    near = "Banks" if name == "bank" else "Space"
    with pytest.raises(UserError, match=f"no sector or theme “{name}”; near: {near}"):
        COMMAND.answer(context, COMMAND.parse(name))


def test_before_any_bar_it_says_what_is_missing(engine: Engine, tapes: TapeStore) -> None:
    as_of = calendar.settled(FRIDAY)
    nobody = Context(Rooms(engine, tapes), 1, "private", "en", as_of, as_of, False)
    with pytest.raises(UserError, match="no daily bars of members"):
        COMMAND.answer(nobody, COMMAND.parse("Space"))
