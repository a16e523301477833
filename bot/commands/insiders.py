"""/insiders [TICKER] — what company insiders bought and sold."""

from bot.commands import Command, Context, one_or_market
from bot.commands._reading import tell
from bot.commentary import Message


def answer(context: Context, subject: str) -> list[Message]:
    """Open-market insider trades of one company, or of the whole market."""
    return tell(context, "insiders", subject)


COMMAND = Command(
    "insiders", "[TICKER]", "What company insiders bought and sold", "/insiders NVDA", one_or_market, answer
)
