"""/why [TICKER] — what stands behind the last alert you got."""

from bot.commands import Command, Context, UserError, ticker
from bot.commentary import Message, phrases
from bot.commentary.languages import translator
from bot.commentary.stored import from_row
from storage import journal
from storage.database import reading


def parse(words: str) -> str | None:
    """The ticker asked about, or None for the last alert of all."""
    return ticker(words.split()[0]) if words.strip() else None


def answer(context: Context, subject: str | None) -> list[Message]:
    """The stored snapshot behind the alert: method, every figure, quality, source."""
    from bot.registry import all_indicators

    _t = translator(context.language)
    with reading(context.rooms.engine) as session:
        told = journal.last_told(session, context.chat_id, all_indicators(), subject)
    if told is None:
        raise UserError(
            "You were sent no alert of {subject} yet. What is known now: /flow NVDA or /insiders NVDA.",
            subject=subject or _t("anything"),
        )
    signal = from_row(told.signal)
    indicator = all_indicators()[signal.indicator]
    text = phrases.why(indicator, signal, told.flip.before, context.language)
    return [Message(part) for part in phrases.split(text)]


COMMAND = Command("why", "[TICKER]", "What stands behind the last alert", "/why", parse, answer)
