"""Telegram HTML: strictly parsed into plain text and entities, as the Bot API server does it.

Offsets and lengths of entities count UTF-16 code units; limits elsewhere count code points.
"""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any, NoReturn
from urllib.parse import urlsplit

from bot.chat.errors import bad_request

Entity = dict[str, Any]

#: what each tag marks its text as
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "a": "text_link", "code": "code",
    "pre": "pre", "blockquote": "blockquote", "tg-spoiler": "spoiler",
}  # fmt: skip

_KNOWN_REFERENCE = re.compile(r"&(?:((?:lt|gt|amp|quot)(?![a-z])|#\d+|#x[0-9a-f]+);?)?", re.IGNORECASE)
_CONTROLS = {code: " " for code in range(32) if chr(code) != "\n"} | {ord("\r"): None}
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/<>])/\w{1,32}(?:@\w{3,32})?(?![\w/]))|(?P<url>https?://[^\s<>\"]*[^\s<>\".,;:!?)])",
    re.ASCII,
)
_MOST_ENTITIES = 100


def parse(raw: str, mode: str | None) -> tuple[str, list[Entity]]:
    """Return what is shown and its entities; Refused if `raw` is not proper Telegram HTML.

    `mode` None is plain text. Commands and links in the text are found and marked too.
    """
    raw = clean(raw)
    if mode and mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    text, entities = _Parser().read(raw) if mode else (raw, list[Entity]())
    text, entities = _trimmed(text, sorted(entities, key=_outermost_first))
    entities += [found for found in found_in(text) if not any(_clash(found, entity) for entity in entities)]
    return text, sorted(entities, key=_outermost_first)[:_MOST_ENTITIES]


def found_in(text: str) -> list[Entity]:
    """The entities that plain text has by itself: /commands and http links."""
    return [
        {
            "type": str(match.lastgroup),
            "offset": units(text[: match.start()]),
            "length": units(match.group()),
        }
        for match in _FOUND.finditer(text)
    ]


def clean(text: str) -> str:
    """`text` with a space for each control character but the line feed."""
    return text.translate(_CONTROLS)


def units(text: str) -> int:
    """How many UTF-16 code units `text` has."""
    return len(text.encode("utf-16-le")) // 2


class _Parser(HTMLParser):
    """HTMLParser forgives; whatever it would forgive is refused here."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.text = ""
        self.entities: list[Entity] = []
        #: tag, entity and where in `text` it begins
        self.open: list[tuple[str, Entity, int]] = []

    def read(self, raw: str) -> tuple[str, list[Entity]]:
        # only the references Telegram knows are decoded; any other & stands for itself
        self.feed(_KNOWN_REFERENCE.sub(lambda match: f"&{match[1] or 'amp'};", raw))
        if self.rawdata.startswith("<"):
            _refuse(f"Unclosed {'end' if self.rawdata.startswith('</') else 'start'} tag")
        self.close()
        if self.open:
            _refuse(f'Can\'t find end tag corresponding to start tag "{self.open[-1][0]}"')
        return self.text, self.entities

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            _refuse(f'Unsupported start tag "{tag}"')
        entity: Entity = {"type": TAGS[tag], "offset": units(self.text)}
        if tag == "a":
            entity["url"] = dict(attrs).get("href") or ""
        if tag == "blockquote" and ("expandable", None) in attrs:
            entity["type"] = "expandable_blockquote"
        self.open.append((tag, entity, len(self.text)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _refuse(f'Unsupported start tag "{tag}/"')

    def handle_endtag(self, tag: str) -> None:
        if not self.open:
            _refuse("Unexpected end tag")
        begun, entity, start = self.open.pop()
        if begun != tag:
            _refuse(f'Unmatched end tag, expected "</{begun}>", found "</{tag}>"')
        entity["length"] = units(self.text) - entity["offset"]
        if begun == "a":
            entity["url"] = entity["url"] or self.text[start:]
            if not is_link(entity["url"]):
                return  # the text stays, the link goes
        self.entities.append(entity)

    def handle_data(self, data: str) -> None:
        if "<" in data:
            _refuse('Unsupported start tag ""')
        self.text += data

    def handle_entityref(self, name: str) -> None:
        self.text += unescape(f"&{name.lower()};")

    def handle_charref(self, name: str) -> None:
        self.text += unescape(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        _refuse('Unsupported start tag "!--"')

    def handle_decl(self, decl: str) -> None:
        _refuse('Unsupported start tag "!"')

    def unknown_decl(self, data: str) -> None:
        _refuse('Unsupported start tag "!"')

    def handle_pi(self, data: str) -> None:
        _refuse('Unsupported start tag "?"')


def is_link(url: str) -> bool:
    """Whether Telegram takes `url` as a link: http or https, and a dot in the host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and "." in (parts.hostname or "").strip(".")
    except ValueError:
        return False


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Without space at either end; an entity that begins in the leading space holds it back."""
    text = text.rstrip()
    end = units(text)
    lead = min(len(text) - len(text.lstrip(" \n")), *(e["offset"] for e in entities), end)
    kept = [
        entity | {"offset": entity["offset"] - lead, "length": min(entity["length"], end - entity["offset"])}
        for entity in entities
    ]
    return text[lead:], [entity for entity in kept if entity["length"] > 0]


def _outermost_first(entity: Entity) -> tuple[int, int]:
    return entity["offset"], -entity["length"]


def _clash(found: Entity, other: Entity) -> bool:
    """Whether a found entity crosses the border of another, or lies where nothing is looked for."""
    begin, end = other["offset"], other["offset"] + other["length"]
    first, last = found["offset"], found["offset"] + found["length"]
    sealed = other["type"] in ("code", "pre", "text_link")
    nested = (begin <= first and last <= end) or (first <= begin and end <= last)
    return bool(first < end and begin < last and (sealed or not nested))


def _refuse(reason: str) -> NoReturn:
    raise bad_request(f"can't parse entities: {reason}")
