"""The only caller of `send_*`: one Message becomes one Telegram message, with its chart where it has one.

An alert is never lost for a chart or for our own markup: without the picture, or as plain text, it goes
out all the same.
"""

import asyncio
import html
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.commentary import Message
from bot.commentary.languages import N_, translator
from bot.commentary.lengths import CAPTION, visible
from bot.delivery.errors import classify

log = logging.getLogger("bellwether")

#: a Message's chart as PNG
Draw = Callable[[Message], bytes]

REPEAT = N_("↻ may be a repeat")
NO_CHART = N_("chart unavailable")
#: seconds a chart may take, its wait for others included
CHART_SECONDS = 10.0

_TAG = re.compile(
    r"</?(?:b|strong|i|em|u|ins|s|strike|del|span|tg-spoiler|tg-emoji|a|code|pre|blockquote)\b[^<>]*>"
)
#: one chart at a time, off the event loop and apart from the threads the database needs
_easel = ThreadPoolExecutor(1, thread_name_prefix="chart")


async def send(
    bot: ExtBot[Any],
    chat_id: int,
    message: Message,
    *,
    draw: Draw | None = None,
    language: str = "en",
    repeat: bool = False,
    lane: str | None = None,
) -> int:
    """Send `message` to the chat and return Telegram's message id.

    `draw` makes the picture of a Message with a chart; `repeat` marks it as possibly told before;
    `lane` is handed to the limiter. Raises TelegramError where Telegram did not confirm it.
    """
    _t = translator(language)
    text = f"{_t(REPEAT)}\n{message.text}" if repeat else message.text
    picture = await _picture(message, text, draw)
    if message.chart is not None and picture is None:
        text = f"{text}\n{_t(NO_CHART)}"
    markup: ParseMode | None = ParseMode.HTML
    while True:
        try:
            return await _post(bot, chat_id, text, picture, markup, _keyboard(message), lane)
        except TelegramError as error:
            verdict = classify(error)
            if verdict.kind == "markup" and markup is not None:
                text, markup = plain(text), None
            elif verdict.kind == "dead" and picture is not None:
                text, picture = f"{text}\n{_t(NO_CHART)}", None
            else:
                raise
            log.error("refused   by %s: %s; sending it plainer", chat_id, verdict.reason)


def plain(text: str) -> str:
    """The text people would read: Telegram's tags taken out, entities turned into characters."""
    return html.unescape(_TAG.sub("", text))


async def _picture(message: Message, text: str, draw: Draw | None) -> bytes | None:
    """The chart of `message`; None where it has none, or none that can go out with `text`."""
    if message.chart is None or draw is None:
        return None
    if visible(text) > CAPTION:
        log.error("chart     left out: its text is longer than a caption may be")
        return None
    drawing = asyncio.get_running_loop().run_in_executor(_easel, draw, message)
    try:
        return await asyncio.wait_for(drawing, CHART_SECONDS)
    except Exception as error:  # whatever drawing raises: the text goes out
        log.error("chart     not drawn (%s: %s)", type(error).__name__, error)
        return None


def _keyboard(message: Message) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(button.label, callback_data=button.data) for button in row]
        for row in message.buttons
    ]
    return InlineKeyboardMarkup(rows) if rows else None


async def _post(
    bot: ExtBot[Any],
    chat_id: int,
    text: str,
    picture: bytes | None,
    markup: ParseMode | None,
    keyboard: InlineKeyboardMarkup | None,
    lane: str | None,
) -> int:
    common: dict[str, Any] = {"parse_mode": markup, "reply_markup": keyboard, "rate_limit_args": lane}
    if picture is None:
        no_preview = LinkPreviewOptions(is_disabled=True)
        taken = await bot.send_message(chat_id, text, link_preview_options=no_preview, **common)
    else:
        taken = await bot.send_photo(chat_id, picture, caption=text, filename="chart.png", **common)
    return taken.message_id
