"""A multiple that crosses the level a chat asked to hear of: decided from stored cards, told once.

The crossing is kept as a flip of its own indicator, with one delivery for each chat whose level lies between.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, delete, select

from bot.alerts.route import VALID
from bot.commentary.languages import N_
from bot.rooms import Rooms
from indicators.valuation import NAME as VALUATION
from storage import journal
from storage.database import reading, writing
from storage.intake import insert_new
from storage.tables import Delivery, FlipRow, Rule, SignalRow

NAME = "valuation_level"
ASKED = N_("you asked to hear of this level of {subject}")
CROSSED = N_("Price ÷ sales crossed your {level:x}: {before:x} → {now:x}")


def keep(session: Session, chat_id: int, company: str, level: Decimal | None) -> None:
    """Keep the level of a chat for a company in place of an earlier one; None forgets it."""
    session.exec(
        delete(Rule).where(
            col(Rule.chat_id) == chat_id, col(Rule.indicator) == NAME, col(Rule.subject) == company
        )
    )
    if level is not None:
        insert_new(
            session, Rule, [{"chat_id": chat_id, "indicator": NAME, "subject": company, "level": level}]
        )


def level_of(session: Session, chat_id: int, company: str) -> Decimal | None:
    """The level a chat asked for."""
    mine = select(Rule).where(Rule.chat_id == chat_id, Rule.indicator == NAME, Rule.subject == company)
    rule = session.exec(mine).first()
    return None if rule is None else rule.level


def price_to_sales(facts: Mapping[str, Any]) -> float | None:
    """The multiple a level is held against: on the exchange, else of the first mark; its upper end."""
    if facts["market"] is not None:
        return float(facts["market"]["multiple"])
    first = next(iter(facts["multiples"]), None)
    return None if first is None else first["high"] or first["low"]


def tell(rooms: Rooms, as_of: datetime, now: datetime) -> int:
    """Queue the crossings between the cards of `as_of` and those before them; return how many."""
    with reading(rooms.engine) as session:
        rules = session.exec(select(Rule).where(Rule.indicator == NAME, col(Rule.on).is_(True))).all()
    if not rules:
        return 0
    with writing(rooms.engine) as session:
        return sum(
            _cross(session, company, [rule for rule in rules if rule.subject == company], as_of, now)
            for company in sorted({rule.subject for rule in rules})
        )


def crossing(session: Session, company: str, as_of: datetime) -> tuple[SignalRow, float, float] | None:
    """The newest card up to `as_of`, the multiple before `as_of` and its own; None where one lacks.

    Where no card is of `as_of` both are the same: what crossed earlier is no news to who asked only since.
    """
    card = journal.newest_signal(session, VALUATION, company, as_of)
    earlier = journal.signal_before(session, VALUATION, company, as_of)
    if card is None or earlier is None:
        return None
    before, after = price_to_sales(earlier.facts), price_to_sales(card.facts)
    return None if before is None or after is None else (card, before, after)


def _cross(session: Session, company: str, rules: list[Rule], as_of: datetime, now: datetime) -> int:
    found = crossing(session, company, as_of)
    if found is None:
        return 0
    card, before, after = found
    hit = [rule.chat_id for rule in rules if rule.level and (before < rule.level) != (after < rule.level)]
    if not hit:
        return 0
    row = {
        "signal_id": card.id, "indicator": NAME, "subject": company, "as_of": card.as_of,
        "before": "below" if before < after else "above", "after": "above" if before < after else "below",
        "loud": True, "created_at": now,
    }  # fmt: skip
    insert_new(session, FlipRow, [row])
    key = select(FlipRow.id).where(
        FlipRow.indicator == NAME, FlipRow.subject == company, FlipRow.as_of == card.as_of
    )
    common = {
        "flip_id": session.exec(key).one(), "reason": ASKED, "created_at": now, "valid_until": now + VALID,
    }  # fmt: skip
    return insert_new(session, Delivery, [common | {"chat_id": chat} for chat in hit])
