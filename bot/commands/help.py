"""/help — what the bot can do."""

from html import escape

from bot.commands import Command, Context, nothing
from bot.commentary import Message
from bot.commentary.languages import translator


def answer(context: Context, _: None) -> list[Message]:
    """List every command, as the registry knows them."""
    from bot.registry import all_commands

    _t = translator(context.language)
    lines = [
        f"/{command.name} {escape(_t(command.usage))}".rstrip() + f" — {escape(_t(command.about))}"
        for command in all_commands().values()
    ]
    return [Message("\n".join(lines))]


COMMAND = Command("help", "", "What the bot can do", "/help", nothing, answer)
