"""The valuation desk on the command line: cards, and facts an owner adds."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bot import desk
from bot.commands import UserError
from bot.commentary.desk import texts
from bot.commentary.desk_card import message, view
from bot.commentary.languages import LOCALES
from bot.commentary.numbers import moment
from bot.delivery.send import plain
from bot.errors import CannotError
from bot.fact_orders import read_order, store_order
from bot.rooms import Rooms, open_rooms
from bot.settings import Settings
from indicators import Signal


def value(
    settings: Settings, names: Sequence[str], as_of: datetime | None, *, as_json: bool
) -> Iterator[str]:
    """The cards of `names` (`list`: of all), as JSON or as they are read in chat.

    Raises CannotError, with the nearest names, for one nobody knows.
    """
    rooms = _open(settings)
    at = as_of or datetime.now(UTC)
    _, companies = desk.library(rooms, at)
    try:
        wanted = None if [*names] == ["list"] else [desk.meant(companies, name).name for name in names]
    except UserError as error:
        raise CannotError(str(error)) from None
    found = {signal.subject: signal for signal in desk.cards(rooms, at, wanted)}
    for name in found if wanted is None else wanted:
        if name not in found:
            raise CannotError(f"no valuation of {name} is known as of {moment(at)}")
        if as_json:
            yield json.dumps(as_json_card(found[name]), ensure_ascii=False)
        else:
            language = settings.default_language
            said = message(found[name], language, sample=False, chart=None).text
            behind = (view(found[name].facts, each, language) for each in ("peers", "sources"))
            yield plain("\n\n".join([said, *behind]))


def as_json_card(signal: Signal) -> dict[str, Any]:
    """A card with its moment, its quality and its commentary in every language."""
    return {
        **signal.facts, "as_of": signal.as_of.isoformat(), "quality": signal.quality, "n": signal.n,
        "source": signal.source, "commentary": texts(signal.facts, [*LOCALES]),
    }  # fmt: skip


def fact(settings: Settings, words: str, *, as_json: bool) -> str:
    """Store what `words` state and queue the alerts it makes; raises CannotError where they state nothing."""
    rooms, now = _open(settings), datetime.now(UTC)
    try:
        row = read_order(rooms, words, settings.default_language, now, now)
    except UserError as error:
        raise CannotError(str(error)) from None
    done = store_order(rooms, row, now)
    return json.dumps(done) if as_json else "; ".join(f"{name} {value}" for name, value in done.items())


def _open(settings: Settings) -> Rooms:
    rooms = open_rooms(settings)
    desk.plant(rooms, datetime.now(UTC))
    return rooms
