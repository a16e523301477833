"""What can go wrong with an answer that a fetch waits for, and what the owner is told then."""

import zlib
from datetime import datetime

from servers import Answer, Server

from feeds import Ask, Feed, Raw, Window
from feeds._http import LARGEST, TRIES, Http


def bomb() -> bytes:
    """A small body that unfolds to more than is allowed."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(bytes(2**20)) for _ in range((LARGEST >> 20) + 1)] + [packer.flush()])


#: the answer, part of the sentence, requests until it is given up, whether trying again is of no use
FAULTS = {
    "too often, for an hour": (Answer(b"", 429, {"Retry-After": "3600"}), "fewer requests", 1, False),
    "too often, for a second": (Answer(b"", 429, {"Retry-After": "1"}), "fewer requests", TRIES, False),
    "in trouble": (Answer(b"oops", 503), "answered 503", TRIES, False),
    "cut short": (Answer(b'{"data": [', promised=500), "could not be read", TRIES, False),
    "empty": (Answer(b""), "empty answer", TRIES, False),
    "a page": (Answer(b"<html>Sign in</html>", 200, {"Content-Type": "text/html"}), "not JSON", 1, False),
    "a bomb": (Answer(bomb(), headers={"Content-Encoding": "gzip"}), "more than 32 MB", 1, True),
    "no gzip": (Answer(b"hello", headers={"Content-Encoding": "gzip"}), "broken compressed", TRIES, False),
}


async def no_sleep(_: float) -> None:
    """Stands in for waiting."""


async def gather(
    feed: Feed, server: Server, settings: dict[str, str], symbols: list[str], since: datetime, until: datetime
) -> list[Raw]:
    """All that a fetch of `feed` brings from `server`."""
    assert feed.fetch is not None
    async with Http(sleep=no_sleep) as http:
        ask = Ask(http, settings, symbols, Window(since, until), lambda names: set())
        return [raw async for raw in feed.fetch(ask)]
