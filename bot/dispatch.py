"""What somebody typed becomes one answer: the right command, a usage line, or the nearest match."""

import difflib
import logging
from collections.abc import Mapping, Sequence
from html import escape

from bot.commands import Command, Context, UserError, shown
from bot.commentary import Message
from bot.commentary.languages import Translate, paired, translator

log = logging.getLogger("bellwether")


def read(text: str, username: str) -> tuple[str, str] | None:
    """Split `/name@bot words` into (name, words); None if it is meant for another bot.

    A text that is no command has the name "".
    """
    if not text.startswith("/"):
        return "", text
    first, _, words = text[1:].replace("\n", " ").partition(" ")
    name, _, bot = first.partition("@")
    if bot and bot.lower() != username.lower():
        return None
    return name.lower(), words.strip()


def answer(context: Context, name: str, words: str, commands: Mapping[str, Command]) -> Sequence[Message]:
    """The messages that answer `/name words`: always at least one, never a traceback."""
    _t = translator(context.language)
    command = commands.get(name)
    if command is None:
        return [Message(escape(_unknown(name, words, commands, _t), quote=False))]
    try:
        return command.answer(context, command.parse(words))
    except UserError as error:
        said = _t(error.sentence).format(**error.facts)
        usage = paired(_t("Usage"), f"/{command.name} {_t(command.usage)}".rstrip(), _t)
        return [Message(escape(f"{said}\n{usage}", quote=False))]
    except Exception:
        log.exception("command   /%s failed for %s", name, context.chat_id)
        return [Message(_t("Something went wrong here; nothing of yours was changed. Please try again."))]


def _unknown(name: str, words: str, commands: Mapping[str, Command], _t: Translate) -> str:
    if not name:
        said = _t("Commands begin with a slash: {example}. /help shows them all.")
        return said.format(example=_example(commands, words))
    near = difflib.get_close_matches(name, commands, n=1, cutoff=0.5)
    if not near:
        return _t("There is no command /{name}. /help shows them all.").format(name=shown(name))
    said = _t("There is no command /{name}. Did you mean {example}? /help shows them all.")
    return said.format(name=shown(name), example=commands[near[0]].example)


def _example(commands: Mapping[str, Command], words: str) -> str:
    typed = words.strip().removeprefix("$")
    if typed.isascii() and typed.isalpha() and len(typed) <= 5:
        return f"/flow {typed.upper()}"
    return commands["watch"].example if "watch" in commands else "/help"
