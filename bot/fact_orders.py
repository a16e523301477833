"""What an owner orders in words, in chat or on the command line: read to a row, and stored."""

from datetime import datetime
from typing import Any

from bot import desk
from bot.commands import UserError
from bot.fact_words import COMPANY, CORRECT, EXAMPLE, read_company, read_correction, read_fact
from bot.rooms import Rooms
from feeds._fact_lines import Row
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Entity

ORDERS = ("fact", "correct", "company")


def read_order(rooms: Rooms, words: str, language: str, as_of: datetime, now: datetime) -> Row:
    """The row `words` make, against what the desk knows at `as_of`; UserError with one sentence else."""
    order, _, rest = words.strip().partition(" ")
    if order.lower() not in ORDERS:
        raise UserError(
            "Owners write {fact} or {correct} or {company}", fact=EXAMPLE, correct=CORRECT, company=COMPANY
        )
    facts, companies = desk.library(rooms, as_of)
    if order.lower() == "fact":
        return read_fact(rest, companies, language, now)
    if order.lower() == "correct":
        return read_correction(rest, facts, language, now)
    return read_company(rest, companies, now)


def store_order(rooms: Rooms, row: Row, now: datetime) -> dict[str, Any]:
    """Store a row of `read_order`: what it is called, whether it is new, and how many alerts it makes."""
    if "metric" not in row:
        with writing(rooms.engine) as session:
            new = bool(insert_new(session, Entity, [row]))
        return {"stored": row["name"], "new": new, "alerts": 0}
    outcome = desk.add(rooms, row, now)
    return {
        "stored": row["ref"],
        "new": outcome is not None,
        "alerts": 0 if outcome is None else outcome.queued,
    }
