"""/unwatch NAME… — stop following tickers, companies, sectors and themes."""

from bot.commands import Command, Context
from bot.commands._subjects import read, resolve
from bot.commentary import Message
from bot.commentary.languages import translator
from storage import people
from storage.database import writing

EXAMPLE = "/unwatch NVDA"


def parse(words: str) -> str:
    """What to drop, as it was typed."""
    return read(words, EXAMPLE)


def answer(context: Context, words: str) -> list[Message]:
    """Take the tickers and themes off the chat's list and say what is left."""
    _t = translator(context.language)
    symbols = resolve(context.rooms, words, EXAMPLE, most=people.MOST)
    with writing(context.rooms.engine) as session:
        gone = people.unwatch(session, context.chat_id, symbols)
        left = people.watchlist(session, context.chat_id)
    unknown = [symbol for symbol in symbols if symbol not in gone]
    lines = []
    if gone:
        lines.append(_t("Removed: {tickers}.").format(tickers=_t(", ").join(gone)))
    if unknown:
        lines.append(_t("Not on your list: {tickers}.").format(tickers=_t(", ").join(unknown)))
    lines.append(
        _t("You watch {tickers}.").format(tickers=_t(", ").join(left)) if left else _t("Your list is empty.")
    )
    return [Message("\n".join(lines))]


COMMAND = Command("unwatch", "NAME…", "Stop following them", EXAMPLE, parse, answer)
