"""/darkpool TICKER — what traded off the exchanges, and in blocks."""

from bot.commands import Command, Context, tickers
from bot.commands._reading import tell
from bot.commentary import Message

EXAMPLE = "/darkpool NVDA"


def parse(words: str) -> str:
    """The one ticker in `words`."""
    return tickers(words, EXAMPLE, most=1)[0]


def answer(context: Context, subject: str) -> list[Message]:
    """Off-exchange trades and blocks of one ticker, and how often a fall followed such days."""
    return tell(context, "dark_pool", subject)


COMMAND = Command("darkpool", "TICKER", "What traded off the exchanges, and blocks", EXAMPLE, parse, answer)
