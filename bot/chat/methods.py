"""The Bot API methods the bot calls, each checking its parameters as the real server does.

A method is a function of this module named in snake_case: its signature is its parameter table, and a
parameter without a default is one the Bot API requires. Parameters not listed are ignored, as there.
"""

from bot.chat import menu
from bot.chat.content import Keyboard, caption_of, keyboard_of, text_of
from bot.chat.errors import Refused, bad_request
from bot.chat.ledger import Json
from bot.chat.menu import BotCommand, Scope
from bot.chat.room import Room, photo_size

ACTIONS = (
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
)  # fmt: skip

ChatId = int | str


async def get_me(room: Room) -> Json:
    """The bot itself."""
    more = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
    return room.bot | dict.fromkeys(more, False)


async def get_updates(
    room: Room,
    offset: int = 0,
    limit: int = 100,
    timeout: int = 0,  # noqa: ASYNC109 (the Bot API's name)
    allowed_updates: list[str] | None = None,
) -> list[Json]:
    """Unread updates from `offset` on; those before it are confirmed. Waits up to `timeout` seconds.

    A negative offset keeps that many of the newest. A second poller ends the first.
    """
    if allowed_updates is not None:
        room.ledger.put_note("allowed_updates", allowed_updates)
    if offset > 0:
        room.ledger.forget_updates(before=offset)
    elif offset < 0:
        room.ledger.forget_updates(keep=-offset)
    room.poller += 1
    mine, most = room.poller, min(max(limit, 1), 100)
    room.ring()
    await room.until(lambda: room.poller != mine or room.ledger.updates(1), min(max(timeout, 0), 50))
    if room.poller != mine:
        raise Refused(
            409,
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running",
        )
    return room.ledger.updates(most)


async def delete_webhook(room: Room, drop_pending_updates: bool = False) -> bool:
    """There is no webhook here; drops unread updates if asked to."""
    if drop_pending_updates:
        room.ledger.forget_updates()
    return True


async def send_message(
    room: Room,
    chat_id: ChatId,
    text: str,
    parse_mode: str | None = None,
    reply_markup: Keyboard | None = None,
) -> Json:
    """A text of 1 to 4,096 characters."""
    chat = _known(room, chat_id)
    return room.post(chat, text_of(text, parse_mode) | {"reply_markup": keyboard_of(reply_markup)})


async def send_photo(
    room: Room,
    chat_id: ChatId,
    photo: bytes | str,
    caption: str = "",
    parse_mode: str | None = None,
    reply_markup: Keyboard | None = None,
) -> Json:
    """A PNG or JPEG, uploaded or by the file_id of an earlier one, with a caption of at most 1,024."""
    chat = _known(room, chat_id)
    content = caption_of(caption, parse_mode) | {"reply_markup": keyboard_of(reply_markup)}
    if isinstance(photo, bytes):
        return room.post(chat, {"photo": room.keep_photo(photo), **content})
    file = room.kept_photo(photo)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return room.post(chat, {"photo": [photo_size(file)], **content})


async def edit_message_text(
    room: Room,
    chat_id: ChatId | None = None,
    message_id: int | None = None,
    text: str = "",
    parse_mode: str | None = None,
    reply_markup: Keyboard | None = None,
) -> Json:
    """Another text, and other buttons: left out, they go."""
    message = _own(room, chat_id, message_id)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return room.edit(message, text_of(text, parse_mode) | {"reply_markup": keyboard_of(reply_markup)})


async def edit_message_caption(
    room: Room,
    chat_id: ChatId | None = None,
    message_id: int | None = None,
    caption: str = "",
    parse_mode: str | None = None,
    reply_markup: Keyboard | None = None,
) -> Json:
    """Another caption under a photo, and other buttons: left out, they go."""
    message = _own(room, chat_id, message_id)
    if "photo" not in message:
        raise bad_request("there is no caption in the message to edit")
    return room.edit(message, caption_of(caption, parse_mode) | {"reply_markup": keyboard_of(reply_markup)})


async def edit_message_reply_markup(
    room: Room,
    chat_id: ChatId | None = None,
    message_id: int | None = None,
    reply_markup: Keyboard | None = None,
) -> Json:
    """Other buttons, or none."""
    return room.edit(_own(room, chat_id, message_id), {"reply_markup": keyboard_of(reply_markup)})


async def answer_callback_query(
    room: Room, callback_query_id: str, text: str = "", show_alert: bool = False
) -> bool:
    """Tell who pressed a button; up to 200 characters."""
    if callback_query_id not in room.presses:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    room.presses[callback_query_id] = {"text": text, "show_alert": show_alert}
    room.ring()
    return True


async def set_my_commands(
    room: Room, commands: list[BotCommand], scope: Scope | None = None, language_code: str = ""
) -> bool:
    """The command menu of a scope and a language."""
    menu.keep(room.ledger, commands, scope, language_code)
    room.ring()
    return True


async def get_my_commands(room: Room, scope: Scope | None = None, language_code: str = "") -> list[Json]:
    """The command menu of exactly this scope and language."""
    return menu.kept(room.ledger, scope, language_code)


async def send_chat_action(room: Room, chat_id: ChatId, action: str) -> bool:
    """Say that something is on its way."""
    chat = _known(room, chat_id)
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    room.actions[chat] = room.actions.get(chat, 0) + 1
    room.ring()
    return True


async def get_chat(room: Room, chat_id: ChatId) -> Json:
    """The full Chat."""
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    full = {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    return room.chat(_known(room, chat_id)) | full


async def get_file(room: Room, file_id: str) -> Json:
    """Where a photo can be downloaded."""
    file = room.kept_photo(file_id)
    if file is None:
        raise bad_request("invalid file_id")
    size = photo_size(file)
    kept = {key: size[key] for key in ("file_id", "file_unique_id", "file_size")}
    return kept | {"file_path": f"photos/{file.name}"}


#: by lower-case name: the real server does not care about case either
METHODS = {
    method.__name__.replace("_", ""): method
    for method in (
        get_me, get_updates, delete_webhook, send_message, send_photo, edit_message_text,
        edit_message_caption, edit_message_reply_markup, answer_callback_query, set_my_commands,
        get_my_commands, send_chat_action, get_chat, get_file,
    )
}  # fmt: skip


def _known(room: Room, chat_id: ChatId | None) -> int:
    """The id of a chat that exists."""
    try:
        return int(room.chat(int(chat_id or 0))["id"])
    except (ValueError, OverflowError):
        raise bad_request("chat not found") from None


def _own(room: Room, chat_id: ChatId | None, message_id: int | None) -> Json:
    """A message of the bot's in a chat that exists."""
    message = room.ledger.message(_known(room, chat_id), message_id or 0)
    if message is None:
        raise bad_request("message to edit not found")
    if not message["from"]["is_bot"]:
        raise bad_request("message can't be edited")
    return message
