"""What people write or press becomes an answer: who asks, in which language, and whether they may."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telegram import CallbackQuery, Update
from telegram.error import TelegramError

from bot import dispatch
from bot.commands import Context
from bot.commentary import Message
from bot.commentary.languages import N_, normalise, translator
from bot.registry import all_commands
from storage import journal, people
from storage.database import reading

if TYPE_CHECKING:
    from bot.app import Running

log = logging.getLogger("bellwether")

_PRIVATE = N_("This bot is private: its owner decides who may use it.")


def listener(up: "Running") -> Callable[[Update, Any], Coroutine[Any, Any, None]]:
    """The handler of messages and of buttons that are pressed."""

    async def listen(update: Update, _: Any) -> None:
        chat, user, text = update.effective_chat, update.effective_user, _said(update)
        if chat is None or not text:
            return
        if not await asyncio.to_thread(
            journal.first_time, up.rooms.engine, update.update_id, datetime.now(UTC)
        ):
            return
        meant = dispatch.read(text, up.application.bot.username)
        if meant is None or (not meant[0] and chat.type != "private"):
            return
        language = await asyncio.to_thread(_language, up, chat.id, user.language_code if user else None)
        if update.callback_query is not None:
            await _acknowledge(update.callback_query)
        if not _allowed(up, user.id if user else None):
            await up.sender.reply(chat.id, Message(translator(language)(_PRIVATE)))
            return
        context = Context(
            up.rooms, chat.id, chat.type, language, up.clock.now(), datetime.now(UTC), up.settings.is_sample,
            owner=_owns(up, user.id if user else None),
        )  # fmt: skip
        answers = await asyncio.to_thread(dispatch.answer, context, *meant, all_commands())
        log.info("command   /%s from %s", meant[0] or "…", chat.id)
        for each in answers:
            await up.sender.reply(chat.id, each, language)
        up.sender.wake()

    return listen


def _said(update: Update) -> str | None:
    """What a person typed, or the command behind the button they pressed, written as it is typed."""
    if update.callback_query is not None:
        return update.callback_query.data
    return None if update.effective_message is None else update.effective_message.text


async def _acknowledge(query: CallbackQuery) -> None:
    """Let the button's clock end; one pressed too long ago needs no answer."""
    try:
        await query.answer()
    except TelegramError as error:
        log.info("button    not acknowledged: %s", type(error).__name__)


def _language(up: "Running", chat_id: int, code: str | None) -> str:
    """What a chat reads: the language kept for it, else what its Telegram speaks, else the default."""
    with reading(up.rooms.engine) as session:
        known = people.person(session, chat_id)
    return known.language if known else normalise(code, up.settings.default_language)


def _allowed(up: "Running", user_id: int | None) -> bool:
    """Whether a person may use the bot; without ACCESS=open only owners may."""
    return up.settings.access == "open" or (user_id is not None and user_id in up.settings.owner_ids)


def _owns(up: "Running", user_id: int | None) -> bool:
    """Whether a person owns the bot; on the local chat page, where nobody is named, whoever sits there."""
    owners = up.settings.owner_ids
    return user_id in owners if owners else up.url is not None
