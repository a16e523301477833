"""The valuation desk's doors: our fact base at rest, cards as of a moment, and a new fact that is news.

A fact is stored and thought about at once, so whoever watches its company hears of it within seconds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches

from bot import levels
from bot.commands import UserError, shown
from bot.pipeline import Outcome, look, take_in, think, think_all
from bot.registry import all_feeds, all_indicators
from bot.rooms import Rooms
from feeds import Raw
from feeds._fact_lines import Row
from feeds.facts import NAME as FEED_NAME
from feeds.facts import house, house_name
from indicators import Indicator, Signal
from indicators._desk_companies import Company
from indicators._desk_facts import Sourced
from indicators.valuation import NAME, known
from storage import journal
from storage.database import reading, writing
from storage.intake import insert_new, known_names
from storage.tables import Fact

#: names suggested for one that is not known
SUGGESTED = 3
EXAMPLES = "SpaceX, OpenAI"
_MOMENT = timedelta(milliseconds=1)


def indicator() -> Indicator:
    """The indicator behind the desk."""
    return all_indicators()[NAME]


def plant(rooms: Rooms, now: datetime) -> None:
    """Store our own fact base, once for each version of it."""
    if not known_names(rooms.engine, FEED_NAME, [house_name()]):
        take_in(rooms, all_feeds()[FEED_NAME], Raw(house_name(), house()), now)


def look_again(rooms: Rooms, now: datetime) -> None:
    """Compute every card as of now: what the fact base gained while nothing ran is told, once."""
    think_all(rooms, [indicator()], now, now)
    levels.tell(rooms, now, now)


def cards(rooms: Rooms, as_of: datetime, names: Sequence[str] | None = None) -> list[Signal]:
    """The card of each company of `names`, or of all, as of a moment."""
    return list(indicator().compute(look(rooms, indicator(), as_of), names))


def library(rooms: Rooms, as_of: datetime) -> tuple[list[Sourced], dict[str, Company]]:
    """Every fact and every company known at a moment."""
    return known(look(rooms, indicator(), as_of))


def find(companies: Mapping[str, Company], typed: str) -> Company | None:
    """The company somebody means, by any of its names, its ticker among them, however it is spelled."""
    wanted = " ".join(typed.split()).casefold()
    return next((each for each in companies.values() if wanted in map(str.casefold, each.names)), None)


def meant(companies: Mapping[str, Company], typed: str) -> Company:
    """As `find`; UserError with the nearest names where there is none."""
    company = find(companies, typed)
    if company is None:
        names = {name.casefold(): each.name for each in companies.values() for name in each.names}
        found = get_close_matches(" ".join(typed.split()).casefold()[:60], names, SUGGESTED, cutoff=0.5)
        near = ", ".join(dict.fromkeys(names[each] for each in found)) or EXAMPLES
        raise UserError("No company “{word}” is known; near: {names}.", word=shown(typed), names=near)
    return company


def add(rooms: Rooms, row: Row, now: datetime) -> Outcome | None:
    """Store a fact and tell of it whoever is to hear; None where it was stored before."""
    with reading(rooms.engine) as session:
        known_before = journal.states_before(session, NAME, now)
    if not known_before:  # without a base line nothing would be news
        look_again(rooms, now - _MOMENT)
    with writing(rooms.engine) as session:
        if not insert_new(session, Fact, [row]):
            return None
    outcome = think(rooms, indicator(), now, now, [row["entity"]])
    outcome.queued += levels.tell(rooms, now, now)
    return outcome
