"""What /flow, /insiders and /chart share: one indicator's signal of one subject, said with its chart."""

from datetime import date, timedelta

from bot.commands import Context, UserError
from bot.commentary import Message, phrases
from bot.commentary.languages import translator
from bot.pipeline import draw, look
from bot.registry import all_indicators
from indicators import Indicator, Signal
from storage import calendar


def current(context: Context, name: str, subject: str) -> tuple[Indicator, Signal] | None:
    """Compute the signal of `subject` as of the market's now; None where nothing is known of it."""
    indicator = all_indicators()[name]
    seen = look(context.rooms, indicator, context.as_of, [subject])
    for signal in indicator.compute(seen, [subject]):
        return indicator, signal
    return None


def tell(context: Context, name: str, subject: str) -> list[Message]:
    """Say the current signal of `subject` with its chart; UserError where nothing is known."""
    found = current(context, name, subject)
    if found is None:
        raise UserError(
            "{title}: nothing is known of {subject}, no rows of it have been read.",
            title=translator(context.language)(all_indicators()[name].title), subject=subject,
        )  # fmt: skip
    indicator, signal = found
    message = phrases.answer(
        indicator, signal, context.language, sample="sample" in signal.source,
        stale=_age(context, signal), chart=draw(context.rooms, indicator, signal),
    )  # fmt: skip
    return [message]


def _age(context: Context, signal: Signal) -> timedelta | None:
    """How far the newest session behind the signal lies back, where a newer one is already complete."""
    session = signal.facts.get("session")
    if session is None:
        return None
    day = calendar.last_session(context.as_of)
    if calendar.settled(day) > context.as_of:
        day = calendar.shift(day, -1)
    behind = day - date.fromisoformat(session)
    return behind if behind > timedelta(0) else None
