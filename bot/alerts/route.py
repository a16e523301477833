"""Who is told: loud flips × people who watch the subject × their rules, in one INSERT … SELECT.

Each delivery carries the reason it goes out or is held back. Nobody hears the same state (of the same
event, where there is one) of the same subject twice within a week.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, and_, case, exists, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col

from bot.commentary.languages import N_
from storage.tables import Delivery, FlipRow, Person, Rule, Watch
from storage.types import Utc

#: how long a state of a subject stays said
SAID = timedelta(days=7)
#: after this an alert is no longer news
VALID = timedelta(hours=24)

#: reasons, gettext keys; `{subject}` is filled when the reason is shown
WATCHED = N_("you watch {subject}")
SAID_BEFORE = N_("you heard this within the last 7 days")

#: deliveries that were said or will be
_SAID_STATES = ("queued", "sending", "in_doubt", "sent")


def deliveries(flips: Sequence[int], *, as_of: datetime, now: datetime, dialect: str) -> ReturningInsert[Any]:
    """The statement that writes one delivery for each of `flips` and each chat that asked for it.

    `flips` are keys of flips at the moment `as_of`. A repeat of what a chat heard within SAID is
    written as suppressed, with that reason. It returns the state of each delivery it wrote.
    """
    flip, earlier, said = aliased(FlipRow), aliased(FlipRow), aliased(Delivery)
    heard = exists(
        select(literal(1))
        .select_from(said)
        .join(earlier, col(earlier.id) == col(said.flip_id))
        .where(
            col(said.chat_id) == col(Watch.chat_id),
            col(said.state).in_(_SAID_STATES),
            col(earlier.indicator) == col(flip.indicator),
            col(earlier.subject) == col(flip.subject),
            col(earlier.after) == col(flip.after),
            col(earlier.event).is_not_distinct_from(col(flip.event)),
            col(earlier.as_of) < as_of,
            col(earlier.as_of) > as_of - SAID,
        )
    )
    asked = and_(
        col(Rule.chat_id) == col(Watch.chat_id),
        col(Rule.on).is_(True),
        or_(col(Rule.indicator) == "*", col(Rule.indicator) == col(flip.indicator)),
        or_(col(Rule.subject) == "*", col(Rule.subject) == col(flip.subject)),
    )
    rule = exists(select(literal(1)).select_from(Rule).where(asked))
    rows = (
        select(
            col(flip.id),
            col(Watch.chat_id),
            case((heard, "suppressed"), else_="queued"),
            case((heard, SAID_BEFORE), else_=WATCHED),
            literal(now, Utc),
            literal(now + VALID, Utc),
            literal(0),
        )
        .select_from(flip)
        .join(Watch, col(Watch.symbol) == col(flip.subject))
        .join(Person, and_(col(Person.chat_id) == col(Watch.chat_id), col(Person.active).is_(True)))
        .where(col(flip.id).in_(flips), col(flip.loud).is_(True), rule)
    )
    columns = ["flip_id", "chat_id", "state", "reason", "created_at", "valid_until", "attempts"]
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(Delivery)
    statement: Insert = insert.from_select(columns, rows).on_conflict_do_nothing()
    return statement.returning(col(Delivery.state))
