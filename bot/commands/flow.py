"""/flow [TICKER] — what large option orders say."""

from bot.commands import Command, Context, one_or_market
from bot.commands._reading import tell
from bot.commentary import Message


def answer(context: Context, subject: str) -> list[Message]:
    """The directional premium of one ticker, or of the whole market."""
    return tell(context, "options_flow", subject)


COMMAND = Command("flow", "[TICKER]", "What large option orders say", "/flow NVDA", one_or_market, answer)
