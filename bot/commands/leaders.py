"""/leaders — whose option premium leans most, on two boards that must not be mixed."""

from bot.commands import Command, Context, UserError, nothing
from bot.commands._reading import current, staleness
from bot.commentary import Message, ranked
from indicators import MARKET


def answer(context: Context, _: None) -> list[Message]:
    """A message a board, each with its chart; UserError where no session of prints is known."""
    found = current(context, "options_flow", MARKET)
    if found is None or "boards" not in found[1].facts:
        raise UserError("There are no boards yet: no option prints have been read.")
    signal = found[1]
    sample = "sample" in signal.source
    return ranked.leaders(signal, context.language, sample=sample, stale=staleness(context, signal))


COMMAND = Command("leaders", "", "Whose option premium leans most", "/leaders", nothing, answer)
