"""The outbox: deliveries as rows, claimed one by one, and each end of one with its reason.

A claim is committed before its request leaves, an outcome after; so a crash loses nothing, and what was
on the wire is found as `sending` and becomes `in_doubt`. One process at a time owns an outbox.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, delete, exists, func, or_, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.database import reading, writing
from storage.tables import Delivery, FlipRow, Pace, Person, Rule, Watch

STATES = ("queued", "sending", "in_doubt", "sent", "suppressed", "expired", "dead")
#: word for word the condition of the partial index, so that both databases use it
_OPEN = text("delivery.state IN ('queued', 'sending', 'in_doubt')")
_WAITING = col(Delivery.state).in_(("queued", "in_doubt"))
_TELEGRAM = "telegram"


@dataclass(frozen=True)
class Claimed:
    """A delivery that is being sent. `repeat`: an earlier request may have delivered it."""

    delivery_id: int
    flip_id: int
    chat_id: int
    indicator: str
    subject: str
    language: str
    reason: str
    #: requests that may have reached Telegram, and texts that could not be written, this one included
    attempts: int
    repeat: bool

    def __str__(self) -> str:
        return f"{self.indicator} {self.subject} → {self.chat_id}"


def claim(
    engine: Engine, now: datetime, *, doubt: bool = False, busy: Collection[int] = ()
) -> Claimed | None:
    """Take the oldest queued delivery that is due (of those in doubt, if `doubt`); none to a `busy` chat."""
    query = (
        select(Delivery, FlipRow, Person)
        .join(FlipRow, col(FlipRow.id) == col(Delivery.flip_id))
        .join(Person, col(Person.chat_id) == col(Delivery.chat_id))
        .where(_OPEN, col(Delivery.state) == ("in_doubt" if doubt else "queued"), _is_due(now))
        .where(col(Person.active).is_(True), col(Delivery.chat_id).not_in(busy))
        .order_by(col(Delivery.id))
        .limit(1)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    with writing(engine) as session:
        found = session.exec(query).first()
        if found is None:
            return None
        row, flip, person = found
        row.state, row.attempts = "sending", row.attempts + 1
        assert row.id is not None
        return Claimed(
            row.id, row.flip_id, row.chat_id, flip.indicator, flip.subject, person.language, row.reason,
            row.attempts, doubt,
        )  # fmt: skip


def _is_due(now: datetime) -> ColumnElement[bool]:
    hour_has_come = or_(col(Delivery.not_before).is_(None), col(Delivery.not_before) <= now)
    return and_(col(Delivery.valid_until) > now, hour_has_come)


def due(engine: Engine, now: datetime) -> int:
    """How many deliveries are being sent, or could be now."""
    open_now = or_(col(Delivery.state) == "sending", _is_due(now))
    query = select(func.count()).select_from(Delivery).where(_OPEN, open_now)
    with reading(engine) as session:
        return session.exec(query).one()


def recover(engine: Engine) -> int:
    """At start: what a crash left as `sending` is in doubt. Returns how many that were."""
    return _write(engine, update(Delivery).where(_OPEN, col(Delivery.state) == "sending"), state="in_doubt")


def sent(engine: Engine, delivery_id: int, message_id: int, now: datetime) -> None:
    """Telegram took it, whatever anybody decided meanwhile."""
    ours = update(Delivery).where(col(Delivery.id) == delivery_id)
    _write(engine, ours, state="sent", message_id=message_id, sent_at=now)


def requeue(engine: Engine, claimed: Claimed, *, burned: bool = False) -> None:
    """This request did not reach Telegram: back to where it was claimed from.

    The attempt counts only if `burned`.
    """
    attempts = claimed.attempts if burned else claimed.attempts - 1
    _write(engine, _ours(claimed), state="in_doubt" if claimed.repeat else "queued", attempts=attempts)


def doubt(engine: Engine, claimed: Claimed, not_before: datetime) -> None:
    """Nobody can know whether Telegram took it: it may be repeated from `not_before` on."""
    _write(engine, _ours(claimed), state="in_doubt", not_before=not_before)


def dead(engine: Engine, claimed: Claimed, reason: str) -> None:
    """It never will be taken."""
    _write(engine, _ours(claimed), state="dead", reason=reason[:100])


def _ours(claimed: Claimed) -> Any:
    """The claimed row, unless a command has withdrawn it meanwhile."""
    return update(Delivery).where(col(Delivery.id) == claimed.delivery_id, col(Delivery.state) == "sending")


def _write(engine: Engine, statement: Any, **values: Any) -> int:
    with writing(engine) as session:
        return session.connection().execute(statement.values(**values)).rowcount


def expire(engine: Engine, now: datetime) -> int:
    """End what is no longer news, and what waits for a chat that no longer listens."""
    listens = exists().where(col(Person.chat_id) == col(Delivery.chat_id), col(Person.active).is_(True))
    why = case(
        (col(Delivery.state) == "in_doubt", "in doubt until it was no longer news"),
        else_="no longer news",
    )
    late = update(Delivery).where(_OPEN, _WAITING, col(Delivery.valid_until) <= now)
    unheard = update(Delivery).where(_OPEN, _WAITING, ~listens)
    return _write(engine, late, state="expired", reason=why) + _write(
        engine, unheard, state="suppressed", reason="chat_inactive"
    )


def deactivate(engine: Engine, chat_id: int, reason: str, tried: Claimed | None = None) -> None:
    """The chat cannot be reached: tell it nothing more. `tried`, the delivery that found out, is dead."""
    rest = update(Delivery).where(_OPEN, col(Delivery.chat_id) == chat_id)
    person = update(Person).where(col(Person.chat_id) == chat_id)
    with writing(engine) as session:
        run = session.connection().execute
        if tried is not None:
            run(_ours(tried).values(state="dead", reason=reason[:100]))
        run(rest.values(state="suppressed", reason="chat_blocked"))
        run(person.values(active=False, reason=reason[:100]))


def move(engine: Engine, old: int, new: int) -> None:
    """The group `old` is the supergroup `new` now: everything it asked for and awaits goes with it.

    Where `new` is known already its own settings stay, and nothing is told twice.
    """
    if old == new:
        return
    with writing(engine) as session:
        person = session.get(Person, old)
        if person is not None and session.get(Person, new) is None:
            session.add(Person(**person.model_dump() | {"chat_id": new, "kind": "supergroup"}))
            session.flush()
        run = session.connection().execute
        for kind, key in ((Watch, ("symbol",)), (Rule, ("indicator", "subject")), (Delivery, ("flip_id",))):
            run(_follow(kind, key, old, new))
        told = update(Delivery).where(_OPEN, col(Delivery.chat_id) == old)
        run(told.values(state="suppressed", reason=f"told as {new}"))
        for kept in (Watch, Rule, Person):
            run(delete(kept).where(col(kept.chat_id) == old))


def _follow(kind: Any, key: tuple[str, ...], old: int, new: int) -> Any:
    """Give the rows of chat `old` to `new`, except those it has already by `key`."""
    there = aliased(kind)
    same = [getattr(there, name) == getattr(kind, name) for name in key]
    known = exists().where(there.chat_id == new, *same)
    return update(kind).where(kind.chat_id == old, ~known).values(chat_id=new)


def counts(engine: Engine) -> dict[str, int]:
    """Deliveries by state, all seven, and `created`, which is their sum."""
    query = select(Delivery.state, func.count()).group_by(col(Delivery.state))
    with reading(engine) as session:
        found = dict(session.exec(query).all())
        created = session.exec(select(func.count()).select_from(Delivery)).one()
    return {state: found.get(state, 0) for state in STATES} | {"created": created}


def hold(engine: Engine, until: float) -> None:
    """Remember over a restart that Telegram is to be left alone until the Unix time `until`."""
    with writing(engine) as session:
        session.merge(Pace(source=_TELEGRAM, next_us=int(until * 1_000_000)))


def held_until(engine: Engine) -> float:
    """The Unix time before which nothing may be sent; 0 where there never was a pause."""
    with reading(engine) as session:
        pace = session.get(Pace, _TELEGRAM)
        return 0.0 if pace is None else pace.next_us / 1_000_000
