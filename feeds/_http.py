"""The one HTTP client: every request of every feed leaves here, paced, bounded and retried.

An error says which host and what happened; it never holds a URL, a query, a header or an answer's
text, because any of them may hold a secret.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from feeds import FeedError

#: the largest answer, decompressed, in bytes
LARGEST = 32 * 2**20
#: seconds one answer may take, from the request to its last byte
LONGEST = 30.0
#: seconds we wait at most because a source (Retry-After) or its pace says so; beyond, it is an error
PATIENCE = 60.0
#: seconds a paced source is left alone after it kept refusing us for asking too often
HOLD = 600.0
TRIES = 4
REDIRECTS = 5

#: (source, requests a second) → seconds until this request may leave; counts over all processes
Pace = Callable[[str, float], Awaitable[float]]


class HttpError(FeedError):
    """A request that came to nothing. `status` is the answer's, None if there was none."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        permanent: bool = False,
        again: bool = True,
        after: float | None = None,
    ) -> None:
        super().__init__(message, permanent=permanent)
        self.status = status
        #: worth another try right now, after `after` seconds if the source said so
        self.again = again and not permanent
        self.after = after


class Http:
    """One client for all feeds; use it as `async with Http(...) as http`."""

    def __init__(
        self,
        pace: Pace | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        longest: float = LONGEST,
    ) -> None:
        self._pace, self._sleep, self._longest = pace, sleep, longest
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(longest, connect=min(10.0, longest)),
            headers={"User-Agent": "Bellwether", "Accept-Encoding": "gzip, deflate"},
        )

    async def __aenter__(self) -> "Http":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(
        self,
        url: str,
        *,
        source: str,
        params: Mapping[str, str | int | float] | None = None,
        headers: Mapping[str, str] | None = None,
        per_second: float | None = None,
    ) -> bytes:
        """Return the body of `url`, decompressed and never empty. `source` names the pace to keep.

        Timeouts, broken connections, 429 and 5xx are tried again a few times. Raises HttpError (a
        FeedError); permanent for other 4xx, a redirect to another host and answers over 32 MB.
        """
        return await self._patiently("GET", url, source, per_second, params=params, headers=headers)

    async def post(
        self,
        url: str,
        *,
        source: str,
        json: object,
        headers: Mapping[str, str] | None = None,
        per_second: float | None = None,
    ) -> bytes:
        """As `get`, for a question put as JSON. It may be sent more than once: it must change nothing."""
        return await self._patiently("POST", url, source, per_second, json=json, headers=headers)

    async def _patiently(
        self, method: str, url: str, source: str, per_second: float | None, **content: Any
    ) -> bytes:
        """Send one request, a few times if need be."""
        try:
            request = self._client.build_request(method, url, **content)
        except (httpx.InvalidURL, ValueError):
            raise HttpError(f"the address of {source} is not a URL", permanent=True) from None
        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            retry=retry_if_exception(lambda error: isinstance(error, HttpError) and error.again),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(self._once, request, source, per_second)
        except HttpError as error:
            if error.status == 429 and per_second:
                await self.hold(source)
            raise

    async def hold(self, source: str, seconds: float = HOLD) -> None:
        """Let no request to a paced `source` leave for `seconds`, in any process."""
        if self._pace:
            await self._pace(source, 1 / seconds)

    async def _once(self, request: httpx.Request, source: str, per_second: float | None) -> bytes:
        await self._turn(source, per_second)
        host = request.url.host
        try:
            async with asyncio.timeout(self._longest):
                return await self._exchange(request)
        except TimeoutError:
            raise HttpError(f"{host} did not finish its answer in {self._longest:g} s") from None
        except httpx.TransportError as error:
            raise HttpError(f"{host} could not be read: {type(error).__name__}") from None

    async def _turn(self, source: str, per_second: float | None) -> None:
        """Wait for this request's slot."""
        if self._pace is None or per_second is None:
            return
        wait = await self._pace(source, per_second)
        if wait > PATIENCE:
            raise HttpError(f"{source} is paused for {wait:.0f} s, it was asked too often", again=False)
        if wait > 0:
            await self._sleep(wait)

    async def _exchange(self, request: httpx.Request) -> bytes:
        """Send `request`, follow redirects that stay on the host, return the body."""
        home = request.url
        for _ in range(REDIRECTS):
            response = await self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return await _answer(response)
                request = response.next_request
            finally:
                await response.aclose()
            if request.url.copy_with(raw_path=b"/") != home.copy_with(raw_path=b"/"):
                raise HttpError(f"{home.host} redirects to another host", permanent=True)
        raise HttpError(f"{home.host} redirects in a circle", permanent=True)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, HttpError) and error.after is not None:
        return error.after
    return wait_random_exponential(multiplier=1, max=20)(state)


async def _answer(response: httpx.Response) -> bytes:
    host, status = response.url.host, response.status_code
    if status == 429:
        after = _retry_after(response.headers.get("retry-after", ""))
        patient = after is None or after <= PATIENCE
        raise HttpError(f"{host} asks for fewer requests (429)", status=429, again=patient, after=after)
    if status != 200:
        permanent = status < 500 and status != 408
        raise HttpError(f"{host} answered {status}", status=status, permanent=permanent)
    body = await _body(response)
    if not body:
        raise HttpError(f"{host} sent an empty answer", status=status)
    return body


def _retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, which is a number or an HTTP date; None where it is neither."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


async def _body(response: httpx.Response) -> bytes:
    """Read and decompress the body piece by piece, so that a small bomb cannot fill the memory."""
    host = response.url.host
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "deflate"):
        raise HttpError(f"{host} sent an encoding we did not ask for", permanent=True)
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=47)
    body = bytearray()
    try:
        async for piece in response.aiter_raw():
            body += unpack.decompress(piece, LARGEST + 1 - len(body)) if unpack else piece
            if len(body) > LARGEST:
                raise HttpError(f"{host} sent more than {LARGEST >> 20} MB", permanent=True)
    except zlib.error:
        raise HttpError(f"{host} sent a broken compressed answer") from None
    if unpack and (not unpack.eof or unpack.unused_data):
        raise HttpError(f"{host} sent a compressed answer that does not end where it should")
    return bytes(body)
