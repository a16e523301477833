"""What the tests of the chat page share: a token, a real client library, a picture."""

import io

from PIL import Image
from telegram import Bot

TOKEN = "4711:local-chat-page"
ME = 1001


def client(url: str, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot")


def picture(width: int = 320, height: int = 200, color: str = "#2b5fb3", kind: str = "PNG") -> bytes:
    page = io.BytesIO()
    Image.new("RGB", (width, height), color).save(page, kind)
    return page.getvalue()
