"""What was computed and told: signals, flips, job slots, handled updates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Engine, ScalarSelect, case, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select

from storage.database import reading, writing
from storage.intake import insert_new
from storage.tables import Delivery, FeedRead, FlipRow, JobRun, SeenUpdate, SignalRow

#: a slot begun so long ago and not finished was killed: it may be taken over (its work is idempotent)
TAKE_OVER = timedelta(minutes=5)


def claim_slot(engine: Engine, job: str, slot: datetime, now: datetime) -> bool:
    """Whether this call is the one that runs `job` at `slot`: true once, over restarts and processes."""
    with writing(engine) as session:
        if insert_new(session, JobRun, [{"job": job, "slot": slot, "started_at": now}]):
            return True
        stale = (
            update(JobRun)
            .where(
                col(JobRun.job) == job,
                col(JobRun.slot) == slot,
                col(JobRun.finished_at).is_(None),
                col(JobRun.started_at) < now - TAKE_OVER,
            )
            .values(started_at=now)
            .returning(col(JobRun.job))
        )
        return session.connection().execute(stale).first() is not None


def finish_slot(engine: Engine, job: str, slot: datetime, now: datetime, outcome: str) -> None:
    """Mark the slot done, with one line on what came of it."""
    with writing(engine) as session:
        run = session.get_one(JobRun, (job, slot))
        run.finished_at, run.outcome = now, outcome[:300]
        session.add(run)


def fail_slot(engine: Engine, job: str, slot: datetime, outcome: str) -> None:
    """Note why a slot did not finish; after TAKE_OVER it may be claimed again."""
    with writing(engine) as session:
        run = session.get_one(JobRun, (job, slot))
        run.outcome = outcome[:300]
        session.add(run)


def last_slot(engine: Engine, job: str, before: datetime | None = None) -> datetime | None:
    """The newest finished slot of `job`, or the newest `before` a moment."""
    query = select(func.max(JobRun.slot)).where(JobRun.job == job, col(JobRun.finished_at).is_not(None))
    if before is not None:
        query = query.where(JobRun.slot < before)
    with reading(engine) as session:
        return session.exec(query).one()


def last_runs(session: Session) -> list[JobRun]:
    """The newest finished slot of each job, in the order of their names."""
    finished = select(JobRun.job, func.max(JobRun.slot).label("slot")).where(
        col(JobRun.finished_at).is_not(None)
    )
    newest = finished.group_by(JobRun.job).subquery()
    found = (col(JobRun.job) == newest.c.job) & (col(JobRun.slot) == newest.c.slot)
    return list(session.exec(select(JobRun).join(newest, found).order_by(JobRun.job)))


def first_time(engine: Engine, update_id: int, now: datetime) -> bool:
    """Whether an update of Telegram's is seen for the first time; remembers that it was."""
    with writing(engine) as session:
        return bool(insert_new(session, SeenUpdate, [{"update_id": update_id, "seen_at": now}]))


def forget_updates(engine: Engine, before: datetime) -> None:
    """Drop the memory of updates older than `before`: Telegram redelivers for 24 hours at most."""
    with writing(engine) as session:
        session.exec(delete(SeenUpdate).where(col(SeenUpdate.seen_at) < before))


class Before(NamedTuple):
    """What a subject's newest signal said."""

    state: str | None
    event: str | None = None


def states_before(
    session: Session, indicator: str, as_of: datetime, subjects: Sequence[str] | None = None
) -> dict[str, Before]:
    """What the newest signal of each subject of `indicator` (or of some) before `as_of` said."""
    found, earlier = _subjects(indicator), aliased(SignalRow)
    last = select(func.max(earlier.as_of)).where(
        earlier.indicator == indicator, earlier.subject == found.c.subject, earlier.as_of < as_of
    )
    query = select(SignalRow.subject, SignalRow.state, SignalRow.event).join(
        found, (col(SignalRow.subject) == found.c.subject) & (col(SignalRow.as_of) == last.scalar_subquery())
    )
    if subjects is not None:
        query = query.where(col(SignalRow.subject).in_(subjects))
    rows = session.exec(query.where(SignalRow.indicator == indicator))
    return {subject: Before(state, event) for subject, state, event in rows}


def _subjects(indicator: str) -> CTE:
    """The subjects of `indicator`: one look into the index each, however many years of signals there are."""

    def least(*above: ColumnElement[bool]) -> ScalarSelect[Any]:
        found = select(func.min(SignalRow.subject)).where(SignalRow.indicator == indicator, *above)
        return found.scalar_subquery()

    found = select(least().label("subject")).cte("subjects", recursive=True)
    following = select(least(col(SignalRow.subject) > found.c.subject)).where(found.c.subject.is_not(None))
    return found.union_all(following)


def signal_before(session: Session, indicator: str, subject: str, as_of: datetime) -> SignalRow | None:
    """The newest signal of a subject before `as_of`."""
    return newest_signal(session, indicator, subject, as_of - timedelta(microseconds=1))


def newest_signal(session: Session, indicator: str, subject: str, as_of: datetime) -> SignalRow | None:
    """The newest signal of a subject up to `as_of`."""
    query = select(SignalRow).where(
        SignalRow.indicator == indicator, SignalRow.subject == subject, SignalRow.as_of <= as_of
    )
    return session.exec(query.order_by(col(SignalRow.as_of).desc()).limit(1)).first()


def newest_signals(session: Session, indicator: str) -> list[SignalRow]:
    """The signal of each subject of `indicator` that was stored last."""
    newest = select(func.max(SignalRow.id).label("id")).where(SignalRow.indicator == indicator)
    found = newest.group_by(SignalRow.subject).subquery()
    return list(session.exec(select(SignalRow).join(found, col(SignalRow.id) == found.c.id)))


def record_signals(session: Session, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Store signals of one indicator and moment not stored yet; return the key of each subject's."""
    insert_new(session, SignalRow, rows)
    if not rows:
        return {}
    query = select(SignalRow.subject, SignalRow.id).where(
        SignalRow.indicator == rows[0]["indicator"], SignalRow.as_of == rows[0]["as_of"]
    )
    return {subject: key for subject, key in session.exec(query) if key is not None}


def loud_flips(session: Session, indicator: str, as_of: datetime) -> list[int]:
    """The keys of the flips of `indicator` at `as_of` that are worth a push."""
    query = select(FlipRow.id).where(
        FlipRow.indicator == indicator, FlipRow.as_of == as_of, col(FlipRow.loud).is_(True)
    )
    return [key for key in session.exec(query) if key is not None]


@dataclass(frozen=True)
class Told:
    """A flip somebody is told of, with the signal behind it."""

    signal: SignalRow
    flip: FlipRow


def told(session: Session, flip_id: int) -> Told:
    """The flip and its signal."""
    flip = session.get_one(FlipRow, flip_id)
    return Told(session.get_one(SignalRow, flip.signal_id), flip)


def last_told(
    session: Session, chat_id: int, indicators: Collection[str], subject: str | None = None
) -> Told | None:
    """The newest flip of `indicators` this chat was sent, of one subject or of all."""
    query = (
        select(FlipRow.id)
        .join(Delivery, col(Delivery.flip_id) == col(FlipRow.id))
        .where(Delivery.chat_id == chat_id, Delivery.state == "sent")
        .where(col(FlipRow.indicator).in_(indicators))
    )
    if subject is not None:
        query = query.where(FlipRow.subject == subject)
    found = session.exec(query.order_by(col(Delivery.sent_at).desc(), col(Delivery.id).desc())).first()
    return None if found is None else told(session, found)


class LastRead(NamedTuple):
    """When a feed was last read without an error, and the newest event it ever gave; None for never."""

    read_at: datetime | None
    newest: datetime | None


def last_reads(session: Session) -> dict[str, LastRead]:
    """Each feed's last read, by its name."""
    went_well = case((col(FeedRead.error).is_(None), col(FeedRead.read_at)))
    query = select(FeedRead.feed, func.max(went_well), func.max(FeedRead.newest)).group_by(FeedRead.feed)
    return {feed: LastRead(read_at, newest) for feed, read_at, newest in session.exec(query)}
