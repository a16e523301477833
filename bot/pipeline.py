"""Fetch → store → read → compute → flip → route → outbox, in that order, on one page.

`think` is the engine: what it decides is committed in one transaction, so a crash loses nothing and
doubles nothing. Sending is another loop's work (`bot/delivery`).
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.alerts import flips, route
from bot.commentary.stored import chart_to_json
from bot.freshness import is_old
from bot.rooms import Rooms
from feeds import Ask, Feed, FeedError, Raw, Window
from feeds._http import Http
from indicators import MARKET, Chart, Indicator, Signal
from storage import calendar, frames, journal, people
from storage.database import reading, writing
from storage.intake import Account, insert_new, known_names, store
from storage.tables import FeedRead, FlipRow

log = logging.getLogger("bellwether")


@dataclass
class Outcome:
    """What one engine run came to."""

    signals: int = 0
    flips: int = 0
    queued: int = 0
    suppressed: int = 0

    def __str__(self) -> str:
        return (
            f"{self.signals} signals, {self.flips} flips, "
            f"{self.queued} alerts queued, {self.suppressed} held back"
        )


@dataclass(frozen=True)
class Intake:
    """What one feed brought in."""

    accounts: list[Account] = field(default_factory=list)
    error: str | None = None

    @property
    def new(self) -> int:
        return sum(account.new for account in self.accounts)


def take_in(rooms: Rooms, feed: Feed, raw: Raw, now: datetime) -> Account:
    """Parse one body and store what it holds; a body that cannot be read at all counts as one bad row."""
    try:
        parsed = feed.parse(raw)
        accepted, bad = dict(parsed.accepted), [(each.reason, each.row) for each in parsed.bad]
    except FeedError as error:
        accepted, bad = {}, [(str(error)[:200], raw.body[:2000].decode("utf-8", "replace"))]
    return store(
        rooms.engine, rooms.tapes, feed=feed.name, name=raw.name, body=raw.body,
        accepted=accepted, bad=bad, now=now,
    )  # fmt: skip


async def fetch(
    rooms: Rooms, feed: Feed, http: Http, settings: Mapping[str, str], window: Window, now: datetime
) -> Intake:
    """Fetch what `feed` has for `window` and store it, body by body; a feed that fails is said aloud.

    Whatever a feed raises ends here, as its error: the others, and the engine, go on.
    """
    assert feed.fetch is not None
    with reading(rooms.engine) as session:
        symbols, members = people.tickers_watched(session), people.members(session)
    ask = Ask(
        http, settings, symbols, window, lambda names: known_names(rooms.engine, feed.name, names), members
    )
    accounts: list[Account] = []
    failure = None
    try:
        async for raw in feed.fetch(ask):
            try:
                accounts.append(await asyncio.to_thread(take_in, rooms, feed, raw, now))
            except (SQLAlchemyError, OSError):  # not the body's fault: the next would meet it too
                raise
            except Exception as error:  # a mistake of ours in `parse`: it must not bar the bodies behind
                failure = _bug(feed, error)
    except FeedError as error:
        failure = str(error)
    except Exception as error:
        failure = _bug(feed, error)
    if failure is not None:
        await asyncio.to_thread(_note_failure, rooms, feed.name, failure, now)
        log.warning("feed      %s failed: %s", feed.name, failure)
    intake = Intake(accounts, failure)
    if accounts:
        log.info(
            "feed      %s: %d received = %d accepted + %d quarantined, %d new",
            feed.name, sum(a.received for a in accounts), sum(a.accepted for a in accounts),
            sum(a.quarantined for a in accounts), intake.new,
        )  # fmt: skip
    return intake


def _bug(feed: Feed, error: Exception) -> str:
    """Log what no feed should raise, and say which it was: its text could hold anything."""
    log.error("feed      %s raised what it should not", feed.name, exc_info=error)
    return f"failed: {type(error).__name__}"


def _note_failure(rooms: Rooms, feed: str, message: str, now: datetime) -> None:
    row = FeedRead(
        feed=feed, name=f"failed {now.isoformat()}", digest="", read_at=now, received=0, accepted=0,
        quarantined=0, new=0, error=message[:300],
    )  # fmt: skip
    with writing(rooms.engine) as session:
        insert_new(session, FeedRead, [row.model_dump(exclude={"id"})])


def look(
    rooms: Rooms, indicator: Indicator, as_of: datetime, subjects: Sequence[str] | None = None
) -> frames.Frames:
    """What `indicator` may see as of a moment: of all subjects, or enough for some."""
    return frames.read(
        rooms.engine, rooms.tapes, indicator.inputs, as_of=as_of, lookback=indicator.lookback,
        symbols=None if subjects is None or MARKET in subjects else subjects,
    )  # fmt: skip


def draw(rooms: Rooms, indicator: Indicator, signal: Signal) -> Chart | None:
    """The picture behind a signal, as data, from what was known at its moment; None if that fails.

    A chart that cannot be made never holds back what is to be said.
    """
    try:
        return indicator.chart(look(rooms, indicator, signal.as_of, [signal.subject]), signal)
    except Exception:
        log.exception("chart     of %s %s failed", indicator.name, signal.subject)
        return None


def think(
    rooms: Rooms, indicator: Indicator, as_of: datetime, now: datetime, subjects: Sequence[str] | None = None
) -> Outcome:
    """Compute `indicator` as of a moment, store its signals and flips, and queue who is told.

    Of all subjects, or of some. Running it again for the same moment stores and queues nothing more.
    """
    signals = list(indicator.compute(look(rooms, indicator, as_of), subjects))
    with reading(rooms.engine) as session:
        before = journal.states_before(session, indicator.name, as_of)
        heard = set(people.watched(session))
    found = [_no_news_if_old(flip) for flip in flips.find(indicator, signals, before)]
    kept = _kept(indicator, signals, found, as_of) if before and subjects is None else signals
    told = [flip.signal for flip in found if flip.loud and flip.signal.subject in heard]
    charts = {signal.subject: draw(rooms, indicator, signal) for signal in told}
    outcome = Outcome(len(signals), len(found))
    if kept:
        with writing(rooms.engine) as session:
            rows = [_signal_row(signal, now, charts.get(signal.subject)) for signal in kept]
            keys = journal.record_signals(session, rows)
            insert_new(session, FlipRow, [_flip_row(flip, keys[flip.signal.subject], now) for flip in found])
            for state in _queue(session, indicator.name, as_of, now):
                outcome.queued += state == "queued"
                outcome.suppressed += state == "suppressed"
    for flip in found:
        log.info(
            "flip      %s %s: %s → %s%s", indicator.name, flip.signal.subject,
            flip.before or "new", flip.signal.state, "" if flip.loud else " (not told)",
        )  # fmt: skip
    log.info("engine    %s as of %s: %s", indicator.name, as_of.strftime("%Y-%m-%d %H:%M UTC"), outcome)
    return outcome


def _kept(
    indicator: Indicator, signals: Sequence[Signal], found: Sequence[flips.Flip], as_of: datetime
) -> list[Signal]:
    """What is stored: all at a close; within a session, where each slot has something on everything, and of
    an indicator whose signals seldom change, only what changed and what it asks for.
    """
    if indicator.moves is None and as_of >= calendar.settled(calendar.last_session(as_of)):
        return list(signals)
    changed = {flip.signal.subject for flip in found}
    moves = indicator.moves or (lambda _: False)
    return [signal for signal in signals if signal.subject in changed or moves(signal)]


def _queue(session: Session, indicator: str, as_of: datetime, now: datetime) -> list[str]:
    """Queue the loud flips of `indicator` at `as_of` for whoever asked; return the deliveries' states."""
    loud = journal.loud_flips(session, indicator, as_of)
    if not loud:
        return []
    statement = route.deliveries(loud, as_of=as_of, now=now, dialect=session.get_bind().dialect.name)
    return [state for (state,) in session.connection().execute(statement)]


def _no_news_if_old(flip: flips.Flip) -> flips.Flip:
    """A flip of figures that are old (`freshness.is_old`) is stored, but told to nobody."""
    return replace(flip, loud=False) if is_old(flip.signal) else flip


def _signal_row(signal: Signal, now: datetime, chart: Chart | None) -> dict[str, Any]:
    return {
        "indicator": signal.indicator, "subject": signal.subject, "as_of": signal.as_of,
        "computed_at": now, "state": signal.state, "strength": signal.strength,
        "quality": signal.quality, "n": signal.n, "source": signal.source, "facts": dict(signal.facts),
        "event": signal.event, "chart": None if chart is None else chart_to_json(chart),
    }  # fmt: skip


def _flip_row(flip: flips.Flip, signal_id: int, now: datetime) -> dict[str, Any]:
    signal = flip.signal
    return {
        "signal_id": signal_id, "indicator": signal.indicator, "subject": signal.subject,
        "as_of": signal.as_of, "before": flip.before, "after": signal.state, "loud": flip.loud,
        "event": signal.event, "created_at": now,
    }  # fmt: skip


def think_all(rooms: Rooms, indicators: Iterable[Indicator], as_of: datetime, now: datetime) -> list[str]:
    """Run several indicators; one that fails is logged and does not stop the rest. Returns failures."""
    failed = []
    for indicator in indicators:
        try:
            think(rooms, indicator, as_of, now)
        except Exception:
            log.exception("engine    %s failed as of %s", indicator.name, as_of)
            failed.append(indicator.name)
    return failed
