"""/unusual [TICKER] — the largest unusual option orders, and what makes each unusual."""

from bot.commands import Command, Context, UserError, one_or_market
from bot.commands._reading import current, staleness
from bot.commentary import Message, ranked
from bot.pipeline import draw


def answer(context: Context, subject: str) -> list[Message]:
    """The orders of one ticker, or of the whole market; UserError where no prints of it are known."""
    found = current(context, "unusual_orders", subject)
    if found is None:
        raise UserError(
            "No option prints of {subject} have been read lately. Try /unusual alone.", subject=subject
        )
    indicator, signal = found
    message = ranked.unusual(
        signal, indicator.states[signal.state].headline, context.language,
        sample="sample" in signal.source, stale=staleness(context, signal),
        chart=draw(context.rooms, indicator, signal),
    )  # fmt: skip
    return [message]


COMMAND = Command(
    "unusual", "[TICKER]", "Large and unusual option orders", "/unusual NVDA", one_or_market, answer
)
