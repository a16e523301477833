"""/eps — whether earnings carry the S&P 500."""

from bot.commands import Command, Context, nothing
from bot.commands._reading import tell
from bot.commentary import Message


def answer(context: Context, _: None) -> list[Message]:
    """The S&P 500 against the earnings expected for the next twelve months."""
    return tell(context, "eps_deviation", "SPX")


COMMAND = Command("eps", "", "Whether earnings carry the S&P 500", "/eps", nothing, answer)
