"""/sentiment — the mood of the market in one number, and what it is made of."""

from bot.commands import Command, Context, nothing
from bot.commands._reading import tell
from bot.commentary import Message
from indicators import MARKET


def answer(context: Context, _: None) -> list[Message]:
    """The composite of option premium, insiders, valuation, off-exchange trades and sector breadth."""
    return tell(context, "sentiment", MARKET)


COMMAND = Command("sentiment", "", "The mood of the market, bull to bear", "/sentiment", nothing, answer)
