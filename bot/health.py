"""Is a feed down? Noted at every fetch; the owners hear of it once when it is, and once when it is back.

A feed's health is kept as a signal, of how reading it goes instead of what the market does. What changes is
stored with the deliveries it causes in one transaction, so a crash neither loses nor doubles them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from bot.alerts.route import VALID
from bot.commentary import Message
from bot.commentary.languages import N_, translator
from bot.commentary.numbers import fill
from bot.registry import all_feeds, all_indicators
from bot.sources import Sources
from feeds import Feed
from storage import journal, people
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Delivery, FlipRow, SignalRow

NAME = "feed_health"
#: assumptions: fewer failures in a row than this, and for less long, are weather
IN_A_ROW, LASTING = 3, timedelta(minutes=30)
WELL, PARTLY, FAILING, DOWN, BACK = "well", "partly", "failing", "down", "back"
#: why somebody is told
OWNER = N_("you own this bot")
_DOWN = (
    N_("🔴 The feed {feed} is down."),
    N_("It could not be read since {since:time}, {failures:int} times in a row."),
    N_("It says: {error}"),
    N_("Without it: {without}. Answers say how old their data is, and nobody is alerted by old data."),
    N_("Everything else works."),
    N_("Feeds that are well: {well}."),
)
_BACK = (
    N_("🟢 The feed {feed} is back."),
    N_("It could not be read from {since:time} to {at:time}. What it owes is asked for."),
)


@dataclass(frozen=True)
class Health:
    """How reading a feed goes, as of the fetch that last changed it."""

    feed: str
    state: str
    at: datetime
    #: of what is wrong, or was last: the first such fetch, and from when on that one asked for rows
    since: datetime
    asked_from: datetime
    #: failures in a row, and what the newest said
    failures: int
    error: str
    #: the other feeds that were well
    well: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether the newest fetch ended without an error."""
        return self.state in (WELL, BACK)

    @property
    def fails(self) -> bool:
        """Whether the newest fetch brought nothing but an error."""
        return self.state in (FAILING, DOWN)


def after(
    before: Health | None, feed: str, error: str | None, *, read: bool, asked_from: datetime, now: datetime
) -> Health | None:
    """The health of `feed` after a fetch; None where it stays as it was.

    `error` is what went wrong, None for nothing; `read`, whether anything came all the same: a symbol the
    source does not know is no outage.
    """
    fresh = Health(feed, PARTLY if read else FAILING, now, now, asked_from, 1, error or "")
    if error is not None and not read:
        return fresh if before is None or not before.fails else _once_more(before, error, now)
    if before is not None and before.fails:
        return replace(before, state=BACK if before.state == DOWN else WELL, at=now)
    if error is not None:
        same = before is not None and before.state == PARTLY and before.error == error
        return None if same else fresh
    return replace(before, state=WELL, at=now) if before is not None and before.state == PARTLY else None


def _once_more(before: Health, error: str, now: datetime) -> Health | None:
    """A feed that failed has failed again."""
    if before.state == DOWN and before.error == error:
        return None
    failures = before.failures + 1
    down = before.state == DOWN or failures >= IN_A_ROW or now - before.since >= LASTING
    return replace(before, state=DOWN if down else FAILING, at=now, failures=failures, error=error)


def known(session: Session) -> dict[str, Health]:
    """The health of each feed that ever failed, by its name."""
    return {row.subject: from_row(row) for row in journal.newest_signals(session, NAME)}


def note(
    engine: Engine,
    sources: Sources,
    feed: Feed,
    error: str | None,
    *,
    read: bool,
    asked_from: datetime,
    now: datetime,
) -> None:
    """Note how a fetch that asked for rows from `asked_from` on ended (see `after`).

    When the feed goes down or comes back, a delivery for each owner is queued. An owner who never wrote is
    made known for that: whether the bot may write to them, Telegram says, and a refusal ends it.
    """
    with writing(engine) as session:
        all_known = known(session)
        before = all_known.get(feed.name)
        health = after(before, feed.name, error, read=read, asked_from=asked_from, now=now)
        if health is None:
            return
        others = [each.name for each in sources.feeds if each.name != feed.name]
        sick = {name for name, each in all_known.items() if each.fails}
        health = replace(health, well=tuple(name for name in others if name not in sick))
        key = journal.record_signals(session, [_row(health)])[feed.name]
        if before is not None and health.state in (DOWN, BACK) and health.state != before.state:
            _tell_owners(session, sources, key, before, health)


def _tell_owners(session: Session, sources: Sources, signal_id: int, before: Health, health: Health) -> None:
    flip = FlipRow(
        signal_id=signal_id, indicator=NAME, subject=health.feed, as_of=health.at, before=before.state,
        after=health.state, loud=True, created_at=health.at,
    )  # fmt: skip
    session.add(flip)
    session.flush()
    for owner in sources.owners:
        if people.person(session, owner) is None:
            people.welcome(session, owner, kind="private", language=sources.language, now=health.at)
    common = {"flip_id": flip.id, "reason": OWNER, "created_at": health.at, "valid_until": health.at + VALID}
    insert_new(session, Delivery, [common | {"chat_id": owner} for owner in sources.owners])


def say(row: SignalRow, reason: str, language: str) -> Message:
    """What an owner reads of a feed that went down or came back."""
    _ = translator(language)
    health = from_row(row)
    gives = all_feeds()[health.feed].gives if health.feed in all_feeds() else ()
    without = [_(each.title) for each in all_indicators().values() if set(each.inputs) & set(gives)]
    facts = {
        "feed": health.feed, "since": health.since, "at": health.at, "failures": health.failures,
        "error": health.error, "without": "; ".join(without) or None, "well": ", ".join(health.well) or None,
    }  # fmt: skip
    lines = [fill(each, facts, _, language) for each in (_BACK if health.state == BACK else _DOWN)]
    told = _(reason)
    return Message("\n".join([*(each for each in lines if each), f"🔔 {told[:1].upper()}{told[1:]}"]))


def _row(health: Health) -> dict[str, Any]:
    facts = {
        "since": health.since.isoformat(), "asked_from": health.asked_from.isoformat(),
        "error": health.error, "well": health.well,
    }  # fmt: skip
    return {
        "indicator": NAME, "subject": health.feed, "as_of": health.at, "computed_at": health.at,
        "state": health.state, "strength": 0.0, "quality": "A", "n": health.failures,
        "source": health.feed, "facts": facts,
    }  # fmt: skip


def from_row(row: SignalRow) -> Health:
    """The health a row holds."""
    since, asked_from = (datetime.fromisoformat(row.facts[name]) for name in ("since", "asked_from"))
    return Health(
        row.subject, row.state, row.as_of, since, asked_from, row.n, row.facts["error"],
        tuple(row.facts["well"]),
    )  # fmt: skip
