"""/leaders and /unusual: every number says what it rests on, and each comes with its picture."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from bot.commands import Context, UserError, leaders, unusual
from bot.commentary.charts import draw
from bot.commentary.lengths import visible
from bot.rooms import Rooms
from storage import calendar
from storage.tape import OPTION_TRADES, TapeStore

MONDAY = date(2024, 3, 4)
AS_OF = calendar.settled(MONDAY)
COLUMNS = pa.schema([column for column in OPTION_TRADES.schema if column.name != "row_id"])


def order(number: int, underlying: str, usd: int, **cells: Any) -> dict[str, Any]:
    """A print at the ask of 2.50, minutes apart from the next, out of the money and expiring in 18 days."""
    when = calendar.opening(MONDAY) + timedelta(minutes=number)
    return {
        "event_at": when, "known_at": when, "underlying": underlying, "expiry": date(2024, 3, 22),
        "strike_e4": 1_010_000, "is_call": True, "price_e4": 25_000, "size": usd // 250, "multiplier": 100,
        "bid_e4": 24_000, "ask_e4": 25_000, "condition": "S", "underlying_price_e4": 1_000_000,
        "open_interest": None, "source": "test",
    } | cells  # fmt: skip


@pytest.fixture
def context(engine: Engine, tapes: TapeStore) -> Context:
    """MANY has a hundred calls for 300,000 USD; MRKX calls for 30.18 millions resting on one order."""
    prints = [order(n, "MANY", 300_000) for n in range(100)]
    prints += [order(1, "MRKX", 28_000_000), order(9, "MRKX", 2_180_000)]
    prints += [order(20, name, 20_000, is_call=False) for name in ("MANY", "MRKX")]
    tapes.append(OPTION_TRADES, pa.Table.from_pylist(prints, schema=COLUMNS))
    return Context(Rooms(engine, tapes), 1, "private", "en", AS_OF, AS_OF, False)


def test_the_boards_say_both_legs_the_orders_and_the_largest_ones_share(context: Context) -> None:
    sides, rights = leaders.COMMAND.answer(context, None)
    assert "bullish against bearish" in sides.text
    assert "calls against puts" in rights.text
    for message in (sides, rights):
        first, second = (line for line in message.text.splitlines() if "against $20K" in line)
        assert "MANY 1,500×: $30M against $20K, 101 orders, largest 1 %" in first
        assert "MRKX 1,509×: $30.2M against $20K, 3 orders, largest 93 %" in second
        assert visible(message.text) <= 1024
        assert draw(message).startswith(b"\x89PNG")
    assert "side known 100 %" in sides.text
    assert "side known" not in rights.text


def test_there_is_no_board_before_anything_was_read(engine: Engine, tapes: TapeStore) -> None:
    empty = Context(Rooms(engine, tapes), 1, "private", "en", AS_OF, AS_OF, False)
    with pytest.raises(UserError, match="no boards yet"):
        leaders.COMMAND.answer(empty, None)
    with pytest.raises(UserError, match="No option prints of NVDA"):
        unusual.COMMAND.answer(empty, "NVDA")


def test_unusual_orders_come_largest_first_with_what_is_met_and_what_nobody_knows(context: Context) -> None:
    (message,) = unusual.COMMAND.answer(context, unusual.COMMAND.parse(""))
    assert "US market: an unusual option order, bullish if its side is right" in message.text
    lines = [line for line in message.text.splitlines() if "MRKX" in line]
    assert lines == [
        "1. 09:31 ET MRKX 2024-03-22 101 C: bought, $28M (112,000 × $2.50) · ✓ ≥ $1M, &lt; 30 days, "
        "out of the money, sweep · ? size &gt; open interest",
        "2. 09:39 ET MRKX 2024-03-22 101 C: bought, $2.18M (8,720 × $2.50) · ✓ ≥ $1M, &lt; 30 days, "
        "out of the money, sweep · ? size &gt; open interest",
    ]
    assert draw(message).startswith(b"\x89PNG")


def test_a_ticker_without_unusual_orders_shows_its_largest_and_says_so(context: Context) -> None:
    (message,) = unusual.COMMAND.answer(context, "MANY")
    assert "MANY: no unusual option order" in message.text
    assert "No unusual order; the largest of the session:" in message.text
    assert message.text.count("MANY 2024-03-22 101 C: bought, $300K") >= 5
    assert visible(message.text) <= 1024
