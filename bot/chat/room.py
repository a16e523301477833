"""The room people and the bot meet in: chats, messages, button presses, and who waits for what.

A Room lives in one event loop. `say` and `press` are what a person does; `post` and `edit` are what the
bot does; `until` waits for something to become true.
"""

import asyncio
import hashlib
import io
import secrets
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from bot.chat import markup
from bot.chat.errors import bad_request
from bot.chat.ledger import Json, Ledger

T = TypeVar("T")

#: the chat a visitor gets who asks for no other
FIRST_CHAT = 1001
#: a chat id fits 52 bits
LARGEST_CHAT = 2**52 - 1
LONGEST_TEXT = 4096
LARGEST_PHOTO = 10 * 2**20


class Room:
    """Everything the chat page knows, kept under `folder`; `bot_id` is the number the token begins with."""

    def __init__(self, folder: Path, bot_id: int = 1) -> None:
        self.photos = folder / "photos"
        self.photos.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(folder / "chat.sqlite")
        self.ledger.open_chat(FIRST_CHAT)
        if self.ledger.note("room") is None:
            self.ledger.put_note("room", secrets.token_hex(8))
        #: tells a page that the history it holds is of another room
        self.name: str = self.ledger.note("room")
        self.bot = {"id": bot_id, "is_bot": True, "first_name": "Bellwether", "username": "bellwether_bot"}
        self.closed = False
        #: button presses by callback query id, and the bot's answer once there is one
        self.presses: dict[str, Json | None] = {}
        #: how often the bot has said "typing" in a chat
        self.actions: dict[int, int] = {}
        #: who polls now; a newer poll ends the older one
        self.poller = 0
        self._bell = asyncio.Event()

    def release(self) -> None:
        """End every wait, now and from now on."""
        self.closed = True
        self.ring()

    def close(self) -> None:
        """End every wait and close the file; calling it again changes nothing."""
        self.release()
        self.ledger.close()

    def ring(self) -> None:
        """Something changed: everybody who waits looks again."""
        self._bell.set()
        self._bell = asyncio.Event()

    async def until(self, ready: Callable[[], T], seconds: float) -> T | None:
        """Return `ready()` once it is true; what it is after `seconds`; None if the room closes."""
        ends = asyncio.get_running_loop().time() + seconds
        while not self.closed:
            value, bell = ready(), self._bell
            left = ends - asyncio.get_running_loop().time()
            if value or left <= 0:
                return value
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), left)
        return None

    # what a person does

    def say(self, chat_id: int, text: str, language: str = "en") -> Json:
        """A person writes to the bot; opens the chat if it is new. Refused if empty or too long."""
        if not 1 <= chat_id <= LARGEST_CHAT:
            raise bad_request("chat not found")
        text = markup.clean(text).strip()
        if not text:
            raise bad_request("message text is empty")
        if len(text) > LONGEST_TEXT:
            raise bad_request("message is too long")
        self.ledger.open_chat(chat_id)
        said = {"from": person(chat_id, language), "text": text, "entities": markup.found_in(text)}
        message = self._add(chat_id, said)
        self._update("message", message)
        return message

    def press(self, chat_id: int, message_id: int, data: str, language: str = "en") -> str:
        """A person presses an inline button; returns the id its answer will come under (`presses`)."""
        message = self.ledger.message(chat_id, message_id)
        rows = (message or {}).get("reply_markup", {}).get("inline_keyboard", [])
        if message is None or data not in [button.get("callback_data") for row in rows for button in row]:
            raise bad_request("this button is no longer there")
        query_id = str(secrets.randbits(62))
        self.presses[query_id] = None
        query = {"id": query_id, "from": person(chat_id, language), "message": message, "data": data}
        self._update("callback_query", {**query, "chat_instance": str(chat_id)})
        return query_id

    # what the bot does

    def post(self, chat_id: int, content: Json) -> Json:
        """The bot's message, its content being `text` or `photo` with what belongs to it."""
        return self._add(chat_id, {"from": self.bot, **content})

    def edit(self, message: Json, content: Json) -> Json:
        """Give a message of the bot's new content; Refused if that is what it has."""
        kept = {key: value for key, value in message.items() if key not in content}
        edited = kept | {key: value for key, value in content.items() if value}
        if edited == message:
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message"
            )
        edited["edit_date"] = int(datetime.now(UTC).timestamp())
        self.ledger.put_message(edited)
        self.ring()
        return edited

    def keep_photo(self, content: bytes) -> list[Json]:
        """Keep a PNG or JPEG as a file named by its content; return its one PhotoSize."""
        if len(content) > LARGEST_PHOTO:
            raise bad_request(f"file of size {len(content)} bytes is too big for a photo")
        kind, width, height = _measure(content)
        name = hashlib.sha256(content).hexdigest()[:32]
        file = self.photos / f"{name}-{width}x{height}.{kind}"
        if not file.exists():
            # whole or absent: a crash leaves no half photo under its name
            half = file.with_suffix(".part")
            half.write_bytes(content)
            half.replace(file)
        return [photo_size(file)]

    def kept_photo(self, file_id: str) -> Path | None:
        """The file of a photo by its file id."""
        file = self.photos / Path(file_id).name
        return file if file.is_file() else None

    # what is there

    def chat(self, chat_id: int) -> Json:
        """The Chat of this id; Refused if there is none."""
        if not self.ledger.has_chat(chat_id):
            raise bad_request("chat not found")
        return {"id": chat_id, "type": "private", "first_name": person(chat_id)["first_name"]}

    def delivered(self, chat_id: int) -> list[Json]:
        """The bot's messages in this chat, as they stand now, in order."""
        messages = [message for _, message in self.ledger.messages(chat_id) if message["from"]["is_bot"]]
        return sorted(messages, key=lambda message: int(message["message_id"]))

    def _add(self, chat_id: int, content: Json) -> Json:
        message = {
            "message_id": self.ledger.next_message_id(chat_id),
            "date": int(datetime.now(UTC).timestamp()),
            "chat": self.chat(chat_id),
            **{key: value for key, value in content.items() if value},
        }
        self.ledger.put_message(message)
        self.ring()
        return message

    def _update(self, kind: str, content: Json) -> None:
        allowed = self.ledger.note("allowed_updates")
        if not allowed or kind in allowed:
            self.ledger.put_update({kind: content})
            self.ring()


def person(chat_id: int, language: str = "en") -> Json:
    """The User behind a private chat."""
    name = "You" if chat_id == FIRST_CHAT else f"Guest {chat_id}"
    return {"id": chat_id, "is_bot": False, "first_name": name, "language_code": language}


def photo_size(file: Path) -> Json:
    """The PhotoSize of a kept photo, whose name says what it measures."""
    unique, _, size = file.stem.partition("-")
    width, height = map(int, size.split("x"))
    return {
        "file_id": file.name, "file_unique_id": unique, "width": width, "height": height,
        "file_size": file.stat().st_size,
    }  # fmt: skip


def _measure(content: bytes) -> tuple[str, int, int]:
    """Format, width and height from the header; nothing is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                kind, (width, height) = str(image.format).lower(), image.size
    except (UnidentifiedImageError, OSError, SyntaxError):
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    except Image.DecompressionBombError:
        raise bad_request("PHOTO_INVALID_DIMENSIONS") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return kind, width, height
