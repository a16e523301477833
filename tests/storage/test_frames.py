"""Some columns of some rows are the same rows, and hide what was not known as the whole does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from storage import frames
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar, InsiderTrade
from storage.tape import TapeStore

AS_OF = datetime(2024, 3, 28, 21, tzinfo=UTC)
COLUMNS = ["id", "event_at", "known_at", "symbol", "code", "shares", "price", "plan", "original_filed"]


def row(line: int, symbol: str, code: str, known: timedelta, **more) -> dict:
    at = AS_OF + known
    return {
        "event_at": at - timedelta(days=1), "known_at": at, "source": "test", "filing": "one", "line": line,
        "form": "4", "symbol": symbol, "issuer_cik": "1", "issuer_name": "Acme", "owner_ciks": "1",
        "owner_names": "Doe", "role": "officer", "derivative": False, "security": "", "code": code,
        "acquired": "A", "shares": Decimal("1.5"), **more,
    }  # fmt: skip


@pytest.fixture
def shown(engine: Engine, tapes: TapeStore):
    rows = [
        row(0, "ACME", "P", timedelta(0), price=Decimal("0.1"), plan=True),
        row(1, "ACME", "A", -timedelta(hours=1)),
        row(2, "OTHR", "S", -timedelta(hours=2), plan=False, original_filed=AS_OF.date()),
        row(3, "ACME", "S", timedelta(seconds=1)),
        row(4, "ACME", "S", -timedelta(days=40)),
    ]  # fmt: skip
    with writing(engine) as session:
        insert_new(session, InsiderTrade, rows)

    def read(symbols=None) -> frames.Frames:
        return frames.read(
            engine, tapes, [InsiderTrade], as_of=AS_OF, lookback=timedelta(days=30), symbols=symbols
        )

    return read


def test_some_columns_of_some_rows_are_those_of_the_whole(shown) -> None:
    narrow = shown().some(InsiderTrade, COLUMNS, code=("P", "S"))
    assert narrow["symbol"].to_list() == ["OTHR", "ACME"]
    assert narrow["known_at"].to_list() == [AS_OF - timedelta(hours=2), AS_OF]
    assert narrow["shares"].to_list() == [1.5, 1.5]
    assert (narrow["price"].isna().to_list(), narrow["price"].iloc[1]) == ([True, False], 0.1)
    assert [bool(plan) for plan in narrow["plan"]] == [False, True]
    whole = shown()
    assert len(whole[InsiderTrade]) == 3
    # a table that was read already is not read again
    again = whole.some(InsiderTrade, COLUMNS, code=("P", "S"))
    assert again["id"].to_list() == narrow["id"].to_list()
    assert again.dtypes[["event_at", "known_at", "shares", "price"]].equals(
        narrow.dtypes[["event_at", "known_at", "shares", "price"]]
    )


def test_frames_of_some_symbols_show_everybody_only_where_that_is_asked_for(shown) -> None:
    own = shown(["ACME"])
    assert own.some(InsiderTrade, ["symbol"])["symbol"].to_list() == ["ACME", "ACME"]
    everybody = own.some(InsiderTrade, ["symbol"], everybody=True)["symbol"].to_list()
    assert everybody == ["OTHR", "ACME", "ACME"]


def test_what_is_not_declared_is_not_read_and_nothing_is_an_empty_table(shown) -> None:
    with pytest.raises(KeyError):
        shown().some(Bar, ["symbol"])
    empty = shown().some(InsiderTrade, COLUMNS, code=("X",))
    assert (len(empty), empty["known_at"].dtype) == (0, shown()[InsiderTrade]["known_at"].dtype)


def test_a_shorter_look_back_cuts_older_events_and_a_longer_one_adds_none(shown) -> None:
    # of the trades of 24, 25 and 26 hours ago
    few = shown().some(InsiderTrade, COLUMNS, within=timedelta(hours=25))
    assert few["known_at"].to_list() == [AS_OF]
    assert len(shown().some(InsiderTrade, COLUMNS, within=timedelta(days=90))) == 3
    whole = shown()
    assert len(whole[InsiderTrade]) == 3
    assert whole.some(InsiderTrade, ["id"], within=timedelta(hours=25))["id"].to_list() == few["id"].to_list()
