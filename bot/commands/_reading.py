"""What /flow, /insiders and /chart share: one indicator's signal of one subject, said with its chart."""

import re

from bot import health
from bot.commands import Context, UserError
from bot.commentary import Message, phrases
from bot.commentary.languages import translator
from bot.freshness import Stale, stale
from bot.pipeline import draw, look
from bot.registry import all_indicators
from indicators import Indicator, Signal
from storage.database import reading


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
        stale=staleness(context, signal), chart=draw(context.rooms, indicator, signal),
    )  # fmt: skip
    return [message]


def staleness(context: Context, signal: Signal) -> Stale | None:
    """Why the answer is stale, if it is; a feed behind it may be failing, and its source names its feeds."""
    with reading(context.rooms.engine) as session:
        known = health.known(session).values()
    behind = set(re.findall(r"\w+", signal.source))
    failing = (each for each in known if each.fails and each.feed in behind and each.at <= context.as_of)
    first = next(failing, None)
    return stale(signal) if first is None else stale(signal, first.feed, first.since)
