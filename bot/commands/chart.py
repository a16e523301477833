"""/chart TICKER — every chart there is of a ticker."""

from bot.commands import Command, Context, UserError, tickers
from bot.commands._reading import tell
from bot.commentary import Message

EXAMPLE = "/chart NVDA"


def parse(words: str) -> str:
    """The one ticker to draw."""
    return tickers(words, EXAMPLE, most=1)[0]


def answer(context: Context, subject: str) -> list[Message]:
    """One message a chart; UserError where no indicator knows the ticker."""
    from bot.registry import all_indicators

    messages: list[Message] = []
    for name in all_indicators():
        try:
            messages += tell(context, name, subject)
        except UserError:
            continue
    if not messages:
        raise UserError(
            "There is nothing to draw of {subject}: no rows of it have been read.", subject=subject
        )
    return messages


COMMAND = Command("chart", "TICKER", "Every chart there is of a ticker", EXAMPLE, parse, answer)
