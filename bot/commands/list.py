"""/list — the tickers you follow, each with its newest states."""

from datetime import timedelta
from html import escape

from bot.commands import Command, Context, nothing
from bot.commentary import Message
from bot.commentary.languages import paired, translator
from bot.commentary.numbers import fact_name
from storage import journal, people
from storage.database import reading


def answer(context: Context, _: None) -> list[Message]:
    """One line a ticker: the newest stored state of each indicator."""
    from bot.registry import all_indicators

    _t = translator(context.language)
    with reading(context.rooms.engine) as session:
        symbols = people.watchlist(session, context.chat_id)
        until = context.as_of + timedelta(seconds=1)
        states = [
            (indicator, journal.states_before(session, indicator.name, until, symbols))
            for indicator in all_indicators().values()
        ]
    if not symbols:
        return [Message(_t("Your list is empty. Add a ticker: /watch NVDA"))]
    lines = []
    for symbol in symbols:
        known = [
            paired(_t(indicator.title), _t(fact_name(str(found[symbol].state))), _t)
            for indicator, found in states
            if symbol in found
        ]
        lines.append(f"<b>{escape(symbol)}</b> — {escape(_t('; ').join(known) or _t('nothing known yet'))}")
    return [Message("\n".join(lines))]


COMMAND = Command("list", "", "The tickers you follow", "/list", nothing, answer)
