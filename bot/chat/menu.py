"""The command menu: one per scope and language, and which of them a person is shown."""

import re

from pydantic import BaseModel

from bot.chat.errors import bad_request
from bot.chat.ledger import Json, Ledger


class BotCommand(BaseModel):
    """A line of the command menu."""

    command: str
    description: str


class Scope(BaseModel):
    """A BotCommandScope: which chats a menu is for."""

    type: str
    chat_id: int | str | None = None


def keep(ledger: Ledger, commands: list[BotCommand], scope: Scope | None, language_code: str) -> None:
    """Keep the menu of a scope and a language; Refused if a command is not one."""
    for entry in commands:
        if not re.fullmatch("[a-z0-9_]{1,32}", entry.command):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(entry.description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    ledger.put_note(_name(scope, language_code), [entry.model_dump() for entry in commands])


def kept(ledger: Ledger, scope: Scope | None, language_code: str) -> list[Json]:
    """The menu of exactly this scope and language."""
    return list(ledger.note(_name(scope, language_code)) or [])


def shown(ledger: Ledger, chat_id: int, language: str) -> list[Json]:
    """The commands one person's menu shows: the narrowest scope first, the own language before none."""
    for scope in (Scope(type="chat", chat_id=chat_id), Scope(type="all_private_chats"), None):
        for code in (language[:2].lower(), ""):
            if commands := kept(ledger, scope, code):
                return commands
    return []


def _name(scope: Scope | None, language_code: str) -> str:
    if not re.fullmatch("([a-z]{2})?", language_code):
        raise bad_request("invalid language code specified")
    scope = scope or Scope(type="default")
    return f"commands {scope.type} {scope.chat_id or ''} {language_code}"
