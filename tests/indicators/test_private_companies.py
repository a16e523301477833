"""The desk over a recorded list of private companies: every row becomes a card or a reason."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot import desk
from bot.commentary.desk_card import brief, message
from bot.commentary.languages import LOCALES
from bot.pipeline import take_in
from bot.registry import all_feeds
from bot.rooms import Rooms
from feeds import Raw
from storage.tape import TapeStore

NOW = datetime(2022, 4, 1, 20, tzinfo=UTC)
NAME = "private_valuations/cbinsights_unicorns_2022-03_maven.csv"


def test_the_desk_runs_over_every_recorded_private_company(
    engine: Engine, tapes: TapeStore, recordings: Path
) -> None:
    rooms = Rooms(engine, tapes)
    file = recordings / NAME
    account = take_in(rooms, all_feeds()["facts"], Raw(file.name, file.read_bytes()), NOW)
    assert (account.received, account.accepted, account.new) == (1074, 1074, 1074)
    cards = {signal.subject: signal for signal in desk.cards(rooms, NOW)}
    assert len(cards) == 1074
    assert cards["SpaceX"].facts["marks"][0]["value_usd"] == 100_000_000_000
    assert cards["Stripe"].facts["marks"][0]["value_usd"] == 95_000_000_000
    # two companies are called Bolt: each keeps its own valuation
    assert {"Bolt (Estonia)", "Bolt (United States)"} <= cards.keys()
    for signal in cards.values():
        assert signal.facts["multiples"] == []
        assert signal.facts["stage"] == "private"
    for signal in [*cards.values()][::50]:
        for language in LOCALES:
            said = message(signal, language, sample=False, chart=None)
            assert "2022-03" in said.text
            assert "2022-03" in brief(signal.facts, language)


@pytest.mark.parametrize("before", [datetime(2022, 3, 15, tzinfo=UTC)])
def test_nothing_of_the_list_is_known_before_its_month_is_over(
    before: datetime, engine: Engine, tapes: TapeStore, recordings: Path
) -> None:
    rooms = Rooms(engine, tapes)
    file = recordings / NAME
    take_in(rooms, all_feeds()["facts"], Raw(file.name, file.read_bytes()), NOW)
    assert desk.cards(rooms, before) == []
