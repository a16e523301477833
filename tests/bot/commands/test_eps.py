"""/eps says what the S&P 500 costs, what led it and how old that is, with its picture."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from bot.commands import Context, UserError
from bot.commands.eps import COMMAND
from bot.commentary.charts import draw
from bot.pipeline import take_in
from bot.rooms import Rooms
from feeds import Raw
from feeds.index_eps import FEED
from storage import calendar
from storage.database import writing
from storage.intake import insert_new
from storage.tables import CompanyEps
from storage.tape import TapeStore

FRIDAY = date(2024, 3, 1)


def context(engine: Engine, tapes: TapeStore, asked: date) -> Context:
    at = calendar.day_end(asked)
    return Context(Rooms(engine, tapes), 1, "private", "en", at, at, False)


@pytest.fixture
def filled(engine: Engine, tapes: TapeStore) -> tuple[Engine, TapeStore]:
    """Seven years of Fridays: earnings grow by 7 % a year, the index by 12 % (in logs)."""
    days = [FRIDAY - timedelta(weeks=n) for n in range(7 * 52, -1, -1)]
    lines = [
        f"{day},{5100 * np.exp(0.12 * age):.2f},{240 * np.exp(0.07 * age):.2f},operating"
        for day in days
        for age in [(day - FRIDAY).days / 365.25]
    ]
    body = "\n".join(["published_at,index_close,forward_eps,basis", *lines])
    take_in(Rooms(engine, tapes), FEED, Raw("own.csv", body.encode()), calendar.day_end(FRIDAY))
    return engine, tapes


def test_it_tells_the_multiple_what_led_and_the_year(filled: tuple[Engine, TapeStore]) -> None:
    (message,) = COMMAND.answer(context(*filled, FRIDAY), COMMAND.parse(""))
    assert "S&amp;P 500: P/E among the highest of its history, and still rising" in message.text
    assert "closed at 5,100, 21.2× the earnings of $240" in message.text
    assert "19 % above the median of 7 years, 17.8×" in message.text
    assert "Since 2023-09-01: index 6.2 %, earnings estimates 3.6 %, P/E 2.5 %." in message.text
    assert "The P/E accounts for 42 % of the index's move" in message.text
    assert "quality A" in message.text
    assert "Stale" not in message.text
    assert draw(message).startswith(b"\x89PNG")


def test_an_old_estimate_is_said_to_be_stale(filled: tuple[Engine, TapeStore]) -> None:
    (message,) = COMMAND.answer(context(*filled, date(2024, 6, 3)), None)
    assert "Stale: as of 2024-03-01" in message.text


def test_it_finds_bars_of_the_index_although_it_is_asked_for_spx(engine: Engine, tapes: TapeStore) -> None:
    here = context(engine, tapes, FRIDAY)
    for name, body in (
        ("factset.csv", "report_date,fwd_eps_cur_plus3q\n2024-03-01,240"),
        (
            "gspc_daily_2024.csv",
            "Date,Open,High,Low,Close,Volume\n3/1/2024,5098.51,5140.33,5094.16,5137.08,1",
        ),
    ):
        take_in(here.rooms, FEED, Raw(name, body.encode()), here.now)
    (message,) = COMMAND.answer(here, None)
    assert "closed at 5,137, 21.4× the earnings of $240" in message.text


def test_from_companies_it_says_that_it_is_an_estimate(engine: Engine, tapes: TapeStore) -> None:
    here = context(engine, tapes, FRIDAY)
    rows = [company(n, FRIDAY, 2_000_000_000, 100, 4, 5) for n in range(50)]
    with writing(engine) as session:
        insert_new(session, CompanyEps, rows)
    (message,) = COMMAND.answer(here, None)
    # on March 1st ten months of this year are ahead, and two of the next
    assert "An estimate from 50 companies: a P/E of 24×" in message.text
    assert "quality C (estimate)" in message.text


def company(number: int, day: date, cap: int, price: int, this: int, following: int) -> dict[str, Any]:
    at = calendar.day_end(day)
    return {
        "event_at": at, "known_at": at, "source": "yahoo", "symbol": f"C{number}", "vintage": day,
        "year_end": date(day.year, 12, 31), "this_year_e4": this * 10_000, "next_year_e4": following * 10_000,
        "price_e4": price * 10_000, "market_cap_usd": cap,
    }  # fmt: skip


def test_without_estimates_it_says_that_nothing_is_known(engine: Engine, tapes: TapeStore) -> None:
    with pytest.raises(UserError, match="nothing is known of SPX"):
        COMMAND.answer(context(engine, tapes, FRIDAY), None)
