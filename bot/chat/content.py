"""What the bot's messages are made of, checked as the real server checks it: text, caption, buttons."""

from pydantic import BaseModel

from bot.chat import markup
from bot.chat.errors import bad_request
from bot.chat.ledger import Json
from bot.chat.room import LONGEST_TEXT

LONGEST_CAPTION = 1024
LONGEST_RAW_BYTES = 2**15


class Button(BaseModel):
    """An InlineKeyboardButton."""

    text: str
    callback_data: str | None = None
    url: str | None = None


class Keyboard(BaseModel):
    """An InlineKeyboardMarkup."""

    inline_keyboard: list[list[Button]]


def text_of(raw: str, parse_mode: str | None) -> Json:
    """A text of 1 to 4,096 characters and its entities; Refused otherwise."""
    if len(raw.encode()) > LONGEST_RAW_BYTES:
        raise bad_request("text is too long")
    text, entities = markup.parse(raw, parse_mode)
    if not text:
        raise bad_request("message text is empty")
    if len(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return {"text": text, "entities": entities}


def caption_of(raw: str, parse_mode: str | None) -> Json:
    """A caption of at most 1,024 characters and its entities; Refused if it is longer."""
    text, entities = markup.parse(raw, parse_mode)
    if len(text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return {"caption": text, "caption_entities": entities}


def keyboard_of(given: Keyboard | None) -> Json | None:
    """Inline buttons, checked; None if there are none."""
    rows = [[_button(button) for button in row] for row in given.inline_keyboard if row] if given else []
    return {"inline_keyboard": rows} if rows else None


def _button(given: Button) -> Json:
    if given.callback_data is None and given.url is None:
        raise bad_request(
            "can't parse inline keyboard button: text buttons are unallowed in the inline keyboard"
        )
    if not given.text:
        raise bad_request('can\'t parse inline keyboard button: field "text" must be of type String')
    if given.callback_data is not None and not 1 <= len(given.callback_data.encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if given.url is not None and not markup.is_link(given.url):
        raise bad_request(f"inline keyboard button URL '{given.url}' is invalid: wrong HTTP URL")
    return given.model_dump(exclude_none=True)
