"""How long a text is to Telegram, and making it fit: what is counted is code points without tags."""

import re
from collections.abc import Sequence
from html import unescape

#: the longest text beside a picture, and alone
CAPTION = 1024
TEXT = 4096

_TAG = re.compile(r"<[^>]*>")
_TOKEN = re.compile(r"<[^>]*>|&#?\w+;|.", re.DOTALL)


def visible(html: str) -> int:
    """The length Telegram counts: tags count nothing, an entity counts one."""
    return len(unescape(_TAG.sub("", html)))


def fit(head: Sequence[str], body: Sequence[str], end: Sequence[str], limit: int, rest: str = "") -> str:
    """Join the lines, leaving out the last of `body` until they fit in `limit`.

    `head` and `end` always stay. `rest` may name `{count}`, how many lines were left out.
    """
    for kept in range(len(body), -1, -1):
        left_out = [rest.replace("{count}", str(len(body) - kept))] if rest and kept < len(body) else []
        text = "\n".join([*head, *body[:kept], *left_out, *end])
        if visible(text) <= limit:
            return text
    raise ValueError(f"the first and the last lines alone are longer than {limit} characters")


def split(html: str, limit: int = TEXT) -> list[str]:
    """Cut a long text into messages: between lines where it can, never inside a tag or an entity.

    A tag that is open at a cut is closed there and opened again in the next part.
    """
    parts, part, size = [], "", 0
    opened: list[str] = []
    for line in html.splitlines(keepends=True):
        for piece in [line] if visible(line) <= limit else _TOKEN.findall(line):
            length = visible(piece)
            # an opening tag stays with the first character after it
            if size + (length or not piece.startswith("</")) > limit:
                parts.append(part + _closing(opened))
                part, size = "".join(opened), 0
            part, size = part + piece, size + length
            _follow(piece, opened)
    return [each.strip() for each in [*parts, part] if _TAG.sub("", each).strip()]


def _follow(piece: str, opened: list[str]) -> None:
    for tag in _TAG.findall(piece):
        if tag.startswith("</"):
            opened.pop()
        else:
            opened.append(tag)


def _closing(opened: Sequence[str]) -> str:
    return "".join(f"</{re.split(r'[ >]', tag[1:])[0]}>" for tag in reversed(opened))
