"""Asking Alpaca: requests answered page by page, and what went wrong on the way.

Every page is named after what was asked for and its number; the last is `last`: what was read to its end need
not be asked for again.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from feeds import Ask, FeedError, Raw
from feeds._alpaca_answers import as_list, load, when
from feeds._alpaca_rows import NAME
from feeds._http import HttpError

URL, KEY_ID, SECRET_KEY = "ALPACA_URL", "ALPACA_KEY_ID", "ALPACA_SECRET_KEY"
#: the free plan allows 200 requests a minute
PER_SECOND = 3.0
#: an answer of more pages has no end: a hundred million rows are no stock's session
PAGES = 10_000
#: failures in a row after which the rest is left alone
GIVE_UP = 5

Params = Mapping[str, str | int]
#: one page: as it came, and its rows by symbol
Page = tuple[Raw, Mapping[str, Any]]


class MissedError(FeedError):
    """What was asked for did not come, at least not whole. `status` is the answer's that said so."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        #: the source is well, it does not take this request: one of its symbols, mostly
        self.refused = status in (400, 404, 422)


class Pages:
    """Alpaca during one fetch: the address, the key, and what was missed so far."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._url = ask.settings[URL].rstrip("/")
        self._headers = {
            "APCA-API-KEY-ID": ask.settings[KEY_ID],
            "APCA-API-SECRET-KEY": ask.settings[SECRET_KEY],
        }
        self._missed: list[str] = []
        self._in_a_row = 0
        self._let_in = False

    def known(self, names: Iterable[str]) -> set[str]:
        """Of these names, those read to their end."""
        return {name.removesuffix(" last") for name in self._ask.known([f"{name} last" for name in names])}

    async def read(self, name: str, path: str, key: str, wanted: Sequence[Params]) -> AsyncIterator[Page]:
        """Yield the pages of requests that belong together, whose rows are under `key`, numbered on.

        Prints that a page's edge runs through come once more, together, as `{name} edge 2`. Raises
        MissedError, and FeedError where it is no use to go on asking.
        """
        number, before = 0, dict[str, Any]()
        for params in wanted:
            token, seen = "", set[str]()
            while token or not seen:
                seen.add(token)
                number += 1
                body, page = await self._page(path, key, {**params, "page_token": token} if token else params)
                rows, token = page[key] or {}, page.get("next_page_token") or ""
                if key == "trades" and (edge := _edge(before, rows)):
                    yield Raw(f"{name} edge {number}", edge), {}
                last = not token and params is wanted[-1]
                yield Raw(f"{name} {'last' if last else number}", body), rows
                if token and (token in seen or len(seen) == PAGES):
                    raise MissedError(f"Alpaca's pages of {key} do not end, {number} were read")
                before = rows

    async def _page(self, path: str, key: str, params: Params) -> tuple[bytes, Mapping[str, Any]]:
        try:
            body = await self._ask.http.get(
                self._url + path, source=NAME, params=params, headers=self._headers, per_second=PER_SECOND
            )
            page = load(body, "Alpaca's answer")
        except HttpError as error:
            raise self._missed_by(error) from None
        except FeedError as error:
            raise MissedError(str(error)) from None
        if not _is_page(page, key):
            raise MissedError(f"Alpaca sent something else than {key}")
        self._let_in, self._in_a_row = True, 0
        return body, page

    def _missed_by(self, error: HttpError) -> FeedError:
        if error.status == 401 or (error.status == 403 and not self._let_in):
            return FeedError(
                f"Alpaca refuses the key ({error.status}): look at {KEY_ID} and {SECRET_KEY}, "
                "and at what the plan permits",
                permanent=True,
            )
        if error.status == 403:
            return MissedError("Alpaca's plan does not permit what was asked for (403)", 403)
        return MissedError(str(error), error.status)

    def miss(self, error: MissedError) -> None:
        """Remember what did not come. Raises FeedError where it is no use to go on asking."""
        self._missed.append(str(error))
        self._in_a_row = 0 if error.refused else self._in_a_row + 1
        if error.status == 429 or self._in_a_row >= GIVE_UP:
            raise FeedError(f"Alpaca was left alone after {len(self._missed)} failures: {error}") from None

    def finish(self) -> None:
        """Raise the one FeedError about what was missed, if anything was."""
        if self._missed:
            raise FeedError(
                f"Alpaca did not give {len(self._missed)} of what was asked for: {self._missed[0]}"
            )


def _is_page(page: object, key: str) -> bool:
    return (
        isinstance(page, dict)
        and isinstance(page.get(key, ""), dict | None)
        and isinstance(page.get("next_page_token"), str | None)
    )


def _edge(before: Mapping[str, Any], after: Mapping[str, Any]) -> bytes | None:
    """An answer of the prints around a page's edge that share symbol and microsecond; None without any.

    Equal prints are told apart by their number within one body, so one body must have them all.
    """
    symbol = next(iter(after), None)
    if symbol is None or symbol != next(reversed(list(before)), None):
        return None
    ended, goes_on = as_list(before[symbol]), as_list(after[symbol])
    at = when(ended[-1]) if ended else None
    right = list(takewhile(lambda row: when(row) == at, goes_on))
    if at is None or not right:
        return None
    left = list(takewhile(lambda row: when(row) == at, reversed(ended)))
    return json.dumps({"trades": {symbol: [*reversed(left), *right]}}).encode()
