"""/start — meet the bot."""

from bot.commands import Command, Context, nothing
from bot.commentary import Message
from bot.commentary.languages import translator
from storage import people
from storage.database import writing

GREETING = (
    "<b>Bellwether</b> watches US markets with you. It measures what large option orders and company "
    "insiders do, and says how sure it is.\n\n"
    "Put tickers on your list: /watch NVDA AAPL\n"
    "You get one message with one chart when something changes, and never the same twice.\n"
    "/help shows everything else."
)
SAMPLE_NOTE = (
    "\n\n<b>SAMPLE</b> — a synthetic market with fictional tickers, so that you can try the bot at "
    "once: /watch {first}. There are {all}."
)


def answer(context: Context, _: None) -> list[Message]:
    """Make the chat known, or active again, and greet it."""
    _t = translator(context.language)
    with writing(context.rooms.engine) as session:
        people.welcome(
            session, context.chat_id, kind=context.kind, language=context.language, now=context.now
        )
    text = _t(GREETING)
    if context.sample:
        from feeds.sample import SAMPLE_TICKERS

        names = list(SAMPLE_TICKERS)
        text += _t(SAMPLE_NOTE).format(first=names[0], all=" ".join(names))
    return [Message(text)]


COMMAND = Command("start", "", "Meet the bot", "/start", nothing, answer)
