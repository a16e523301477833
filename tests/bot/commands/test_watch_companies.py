"""Companies on a watchlist: by any name, a listed one with its ticker; feeds are asked for tickers."""

import pytest
from desk_stage import CHAT, Desk, planted
from sqlalchemy import Engine

from bot.rooms import Rooms
from storage import people
from storage.database import reading
from storage.tape import TapeStore


@pytest.fixture
def desk(engine: Engine, tapes: TapeStore) -> Desk:
    return planted(Rooms(engine, tapes))


def lists(desk: Desk) -> tuple[set[str], set[str]]:
    """The chat's list, and the tickers feeds are asked for."""
    with reading(desk.rooms.engine) as session:
        return {*people.watchlist(session, CHAT)}, {*people.tickers_watched(session)}


def test_a_listed_company_is_watched_with_its_ticker_and_a_private_one_by_its_name(desk: Desk) -> None:
    desk.told("/watch 特斯拉, 太空探索技術公司, nvda")
    assert lists(desk) == ({"NVDA", "SpaceX", "TSLA", "Tesla"}, {"NVDA", "TSLA"})
    desk.told("/unwatch Tesla")
    assert lists(desk) == ({"NVDA", "SpaceX"}, {"NVDA"})


def test_a_company_that_is_called_like_its_ticker_stays_a_ticker(desk: Desk) -> None:
    desk.told("/watch RTX")
    assert lists(desk) == ({"RTX"}, {"RTX"})


def test_feeds_are_asked_for_the_peers_too(desk: Desk) -> None:
    with reading(desk.rooms.engine) as session:
        assert {"TSLA", "RKLB", "MSFT"} <= {*people.members(session)}
