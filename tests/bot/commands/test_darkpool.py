"""/darkpool says what traded off the exchanges, of one ticker, with its picture."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from bot.commands import Context, UserError
from bot.commands.darkpool import COMMAND
from bot.commentary.charts import draw
from bot.rooms import Rooms
from storage import calendar
from storage.tape import EQUITY_TRADES, TapeStore

MONDAY = date(2024, 3, 4)
AS_OF = calendar.settled(MONDAY)
COLUMNS = pa.schema([column for column in EQUITY_TRADES.schema if column.name != "row_id"])


def trade(number: int, venue: str, price_e4: int) -> dict:
    when = calendar.opening(MONDAY) + timedelta(minutes=number)
    return {
        "event_at": when, "known_at": when, "symbol": "ACME", "price_e4": price_e4, "size": 10_000,
        "bid_e4": 100_000, "ask_e4": 100_200, "venue": venue, "condition": None, "source": "test",
    }  # fmt: skip


@pytest.fixture
def context(engine: Engine, tapes: TapeStore) -> Context:
    """Twenty prints off the exchanges, fifteen of them sold, and twenty on one."""
    prints = [trade(n, "D", 100_000 if n < 15 else 100_200) for n in range(20)]
    prints += [trade(n, "N", 100_200) for n in range(20, 40)]
    tapes.append(EQUITY_TRADES, pa.Table.from_pylist(prints, schema=COLUMNS))
    return Context(Rooms(engine, tapes), 1, "private", "en", AS_OF, AS_OF, False)


def test_it_tells_what_was_bought_sold_and_not_known(context: Context) -> None:
    (message,) = COMMAND.answer(context, COMMAND.parse("acme"))
    assert "ACME: more sold than bought off the exchanges" in message.text
    assert "bought $501K, sold $1.5M, side unknown $0" in message.text
    assert "50 % of its shares traded off the exchanges" in message.text
    assert draw(message).startswith(b"\x89PNG")


def test_of_an_unknown_ticker_it_says_that_nothing_is_known(context: Context) -> None:
    with pytest.raises(UserError, match="nothing is known of NONE"):
        COMMAND.answer(context, "NONE")


@pytest.mark.parametrize("words", ["", "  ", "NVDA TSLA", "ß"])
def test_it_wants_one_ticker(words: str) -> None:
    with pytest.raises(UserError):
        COMMAND.parse(words)
