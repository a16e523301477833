"""People, what they watch and what they asked to hear. Every function works in the caller's session."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, select

from storage.intake import insert_new
from storage.tables import Entity, Fact, Person, Rule, SectorMember, Watch

#: symbols on one watchlist
MOST = 100


def welcome(session: Session, chat_id: int, *, kind: str, language: str, now: datetime) -> bool:
    """Make the chat known, or active again; return whether it was unknown before.

    A new chat hears of every indicator for everything it watches: one rule, `*` for `*`.
    """
    row = {"chat_id": chat_id, "kind": kind, "language": language, "joined_at": now}
    added = insert_new(session, Person, [row])
    if added:
        insert_new(session, Rule, [{"chat_id": chat_id}])
    else:
        person = session.get_one(Person, chat_id)
        person.active, person.reason = True, None
        session.add(person)
    return bool(added)


def person(session: Session, chat_id: int) -> Person | None:
    """The chat, if it is known."""
    return session.get(Person, chat_id)


def speak(session: Session, chat_id: int, language: str) -> None:
    """Keep the language a known chat chose."""
    session.get_one(Person, chat_id).language = language


def watchlist(session: Session, chat_id: int) -> list[str]:
    """The symbols a chat watches, in the order of the alphabet."""
    query = select(Watch.symbol).where(Watch.chat_id == chat_id).order_by(Watch.symbol)
    return list(session.exec(query))


def watch(
    session: Session, chat_id: int, symbols: Sequence[str], now: datetime
) -> tuple[list[str], list[str]]:
    """Put `symbols` on the chat's list; return those added and those for which there is no room."""
    have = watchlist(session, chat_id)
    new = [symbol for symbol in dict.fromkeys(symbols) if symbol not in have]
    room = MOST - len(have)
    added, left_out = new[:room], new[room:]
    insert_new(session, Watch, [{"chat_id": chat_id, "symbol": s, "since": now} for s in added])
    return added, left_out


def unwatch(session: Session, chat_id: int, symbols: Sequence[str]) -> list[str]:
    """Take `symbols` off the chat's list; return those that were on it."""
    gone = [symbol for symbol in watchlist(session, chat_id) if symbol in symbols]
    session.exec(delete(Watch).where(col(Watch.chat_id) == chat_id, col(Watch.symbol).in_(gone)))
    return gone


def watched(session: Session) -> list[str]:
    """Every symbol that somebody active watches."""
    query = (
        select(Watch.symbol)
        .join(Person, col(Person.chat_id) == col(Watch.chat_id))
        .where(col(Person.active).is_(True))
        .distinct()
        .order_by(Watch.symbol)
    )
    return list(session.exec(query))


def themes(session: Session) -> dict[str, str]:
    """Every sector and theme that has members, by its name in small letters."""
    names = session.exec(select(SectorMember.sector).distinct())
    return {name.casefold(): name for name in names}


def companies(session: Session) -> dict[str, tuple[str, ...]]:
    """What it is to watch each company of the valuation desk, by each of its names in small letters: its
    name, and its ticker too once it has one.

    A company that only facts name goes by its name as it is written: RAMP is a ticker, Ramp is not.
    """
    query = select(Fact.entity).where(Fact.metric == "valuation").distinct()
    found: dict[str, tuple[str, ...]] = {
        name: (name,) for name in session.exec(query) if name != name.upper()
    }
    rows = select(Entity.name, Entity.aliases, Entity.ticker).order_by(col(Entity.known_at))
    for name, aliases, ticker in session.exec(rows):
        symbols = (*dict.fromkeys(symbol for symbol in (ticker, name) if symbol),)
        names = [each for each in (name, *aliases.split("|")) if each]
        found |= {each: symbols for each in names if each in found}
        found |= {each.casefold(): symbols for each in names}
    return found


def tickers_watched(session: Session) -> list[str]:
    """Every ticker that somebody active watches, and none of the themes and companies."""
    known = {symbols[-1] for symbols in companies(session).values()} | {*themes(session).values()}
    known -= {*session.exec(select(Entity.ticker))}
    return [symbol for symbol in watched(session) if symbol not in known]


def members(session: Session) -> list[str]:
    """The symbols of all sectors and themes, of the desk's listed companies and their peers, by alphabet."""
    found = {*session.exec(select(SectorMember.symbol).distinct())}
    for ticker, peers in session.exec(select(Entity.ticker, Entity.peers)):
        found |= {symbol for symbol in (ticker, *peers.split("|")) if symbol}
    return sorted(found)
