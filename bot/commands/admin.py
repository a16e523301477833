"""/admin … — owners add and correct facts; each is shown first and stored when it is confirmed."""

import hashlib
from datetime import timedelta
from html import escape

from sqlmodel import Session, col, delete

from bot.commands import Command, Context, UserError
from bot.commands.value import moment
from bot.commentary import Button, Message
from bot.commentary.desk_fact import one_line
from bot.commentary.languages import N_, translator
from bot.fact_orders import read_order, store_order
from bot.fact_words import EXAMPLE, LONGEST
from feeds._fact_lines import Row
from indicators._desk_facts import from_row
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Draft

_STORED = N_("Stored as {stored}. Alerts queued: {alerts}.")
_BEFORE = N_("It was stored before, as {stored}.")
#: a draft older than this is confirmed no more
LASTS = timedelta(minutes=10)


def parse(words: str) -> str:
    """The order, as it was typed."""
    if len(words) > LONGEST:
        raise UserError(
            "That is longer than {most} characters. For example: {example}", most=LONGEST, example=EXAMPLE
        )
    return words.strip()


def answer(context: Context, words: str) -> list[Message]:
    """Show what would be stored, or store what was shown."""
    if not context.owner:
        raise UserError("Only an owner of this bot can do this.")
    order, _space, key = words.partition(" ")
    if order in ("yes", "no"):
        return [_confirmed(context, key, store=order == "yes")]
    _ = translator(context.language)
    row = read_order(context.rooms, words, context.language, moment(context), context.now)
    draft = {"chat_id": context.chat_id, "words": words, "made_at": context.now}
    with writing(context.rooms.engine) as session:
        _forget(session, context.chat_id)
        insert_new(session, Draft, [draft])
    key = _key(words)
    buttons = ((Button(_("Store it"), f"/admin yes {key}"), Button(_("Drop it"), f"/admin no {key}")),)
    return [Message(f"{_('Store this?')}\n{_shown(row, context.language)}", buttons=buttons)]


def _shown(row: Row, language: str) -> str:
    if "metric" in row:
        return one_line(from_row(row), translator(language), language)
    told = ("name", "aliases", "ticker", "listed", "part_of", "peers")
    return escape(" · ".join(f"{name}: {row[name]}" for name in told if row[name]))


def _confirmed(context: Context, key: str, *, store: bool) -> Message:
    """Store the draft the button belongs to, once, or drop it."""
    _ = translator(context.language)
    with writing(context.rooms.engine) as session:
        draft = session.get(Draft, context.chat_id)
        if draft is None or _key(draft.words) != key or context.now - draft.made_at > LASTS:
            raise UserError("There is nothing to confirm any more: write it again.")
        words = draft.words
        _forget(session, context.chat_id)
    if not store:
        return Message(_("Dropped; nothing was stored."))
    row = read_order(context.rooms, words, context.language, moment(context), context.now)
    done = store_order(context.rooms, row, context.now)
    return Message(escape(_(_STORED if done["new"] else _BEFORE).format(**done)))


def _key(words: str) -> str:
    """What ties a button to its draft: a newer draft is not confirmed by an older button."""
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def _forget(session: Session, chat_id: int) -> None:
    session.exec(delete(Draft).where(col(Draft.chat_id) == chat_id))


COMMAND = Command("admin", "fact|correct|company …", "Owners: add and correct facts", EXAMPLE, parse, answer)
