"""Yahoo's way in: a cookie, then a crumb that belongs to it, then questions that carry both.

Bars are given without. The cookie comes with whatever the cookie host answers, a 404 as a rule, and stays in
the client's jar. The crumb is a short word that goes into every address; it never stands in an error, a name
or a log.
"""

import re
from collections.abc import Mapping

from feeds import Ask, FeedError
from feeds._http import HttpError
from feeds._yahoo_answers import NAME

URL, COOKIE_URL = "YAHOO_URL", "YAHOO_COOKIE_URL"
#: requests a second: Yahoo publishes no limit, this is what others report to work [A]
PER_SECOND = 2.0
#: others report 429 for clients that do not call themselves like a browser; we still say who we are
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; Bellwether)"}
NO_CRUMB = "Yahoo gave no crumb, without which it answers nothing"
#: a crumb is about eleven of these; pages, sentences and JSON are none
_CRUMB = re.compile(rb"[A-Za-z0-9._/+=~-]{5,64}")


class Yahoo:
    """Yahoo during one fetch."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._url = ask.settings[URL].rstrip("/")
        self._crumb: str | None = None

    async def get(self, path: str, params: Mapping[str, str], *, crumb: bool = True) -> bytes:
        """The JSON at `path`. A crumb Yahoo no longer takes is replaced once.

        `crumb=False`: asked without one as long as there is none and Yahoo does not refuse that. Raises
        FeedError; HttpError with the status where Yahoo answered with one.
        """
        if self._crumb is not None or not crumb:
            try:
                return await self._question(path, params)
            except HttpError as error:
                if error.status not in (401, 403):
                    raise
        self._crumb = await self._new_crumb()
        return await self._question(path, params)

    async def _question(self, path: str, params: Mapping[str, str]) -> bytes:
        carried = {} if self._crumb is None else {"crumb": self._crumb}
        body = await self._bytes(f"{self._url}/{path}", {**params, **carried})
        if not body.lstrip().startswith(b"{") or _too_many(body):
            raise await self._refused(body, "Yahoo answered something that is not JSON")
        return body

    async def _new_crumb(self) -> str:
        try:
            await self._bytes(self._ask.settings[COOKIE_URL], {})
        except HttpError as error:
            if error.status is None or error.status == 429:
                raise
        try:
            crumb = (await self._bytes(f"{self._url}/v1/test/getcrumb", {})).strip()
        except HttpError as error:
            if not error.permanent:
                raise
            # not an HttpError: its status would be taken for that of an answer
            raise FeedError(NO_CRUMB, permanent=True) from None
        if not _CRUMB.fullmatch(crumb):
            raise await self._refused(crumb, NO_CRUMB)
        return crumb.decode("ascii")

    async def _bytes(self, url: str, params: Mapping[str, str]) -> bytes:
        return await self._ask.http.get(
            url, source=NAME, params=params, headers=HEADERS, per_second=PER_SECOND
        )

    async def _refused(self, body: bytes, otherwise: str) -> FeedError:
        """What an answer with status 200 means that is none; asked too often, Yahoo is left alone."""
        if _too_many(body):
            await self._ask.http.hold(NAME)
            return FeedError("Yahoo asks for fewer requests, it is left alone for a while")
        return FeedError(otherwise)


def _too_many(body: bytes) -> bool:
    """Whether a body says what status 429 would; Yahoo sends it with 200 too, also as a crumb."""
    return b"too many requests" in body[:200].lower()
