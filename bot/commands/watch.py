"""/watch NAME… — follow tickers, companies, sectors and themes."""

from bot.commands import Command, Context
from bot.commands._subjects import read, resolve
from bot.commentary import Message
from bot.commentary.languages import translator
from storage import people
from storage.database import writing

EXAMPLE = "/watch NVDA BRK.B"


def parse(words: str) -> str:
    """What to follow, as it was typed."""
    return read(words, EXAMPLE)


def answer(context: Context, words: str) -> list[Message]:
    """Put the tickers and themes on the chat's list and say what is on it now."""
    _t = translator(context.language)
    symbols = resolve(context.rooms, words, EXAMPLE, most=10_000)
    with writing(context.rooms.engine) as session:
        people.welcome(
            session, context.chat_id, kind=context.kind, language=context.language, now=context.now
        )
        added, left_out = people.watch(session, context.chat_id, symbols, context.now)
        everything = people.watchlist(session, context.chat_id)
    lines = []
    if added:
        lines.append(_t("Added: {tickers}.").format(tickers=_t(", ").join(added)))
    if left_out:
        lines.append(
            _t("{count} did not fit: a list holds {most}.").format(count=len(left_out), most=people.MOST)
        )
    if not added and not left_out:
        lines.append(_t("Already on your list."))
    lines.append(_t("You watch {tickers}.").format(tickers=_t(", ").join(everything)))
    return [Message("\n".join(lines))]


COMMAND = Command("watch", "NAME…", "Follow tickers, companies, sectors or themes", EXAMPLE, parse, answer)
