"""How fast messages may leave: 25 a second in all, each chat at its own pace, one pause for everybody.

Every limit is an exact sliding window over the moments messages really left. Waiting is first come,
first served, for each chat and then for all; a chat that waits for its own turn holds up no other.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot.delivery.errors import classify

#: said of a request that rests in the outbox: it neither waits out a pause here nor is repeated here
ALERT = "alert"
#: seconds we wait longer than Telegram asks
MARGIN = 0.1
#: (messages, seconds): never more than so many in any stretch of so long
Rate = tuple[int, float]

Answer = bool | dict[str, Any] | list[dict[str, Any]]


class Window:
    """At most `limit` messages in any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.seconds = seconds
        self.left: deque[float] = deque(maxlen=limit)

    def wait(self, now: float) -> float:
        """Seconds until one more may leave."""
        full = len(self.left) == self.left.maxlen
        return max(0.0, self.left[0] + self.seconds - now) if full else 0.0

    def idle(self, now: float) -> bool:
        """Whether nothing that left still counts."""
        return not self.left or self.left[-1] + self.seconds <= now


class Turn:
    """One chat's window, and the queue of those who wait for it."""

    def __init__(self, rate: Rate) -> None:
        self.window = Window(*rate)
        self.queue = asyncio.Lock()


class Limiter(BaseRateLimiter[str]):
    """The pace of everything with a `chat_id`; calls without one pass.

    `clock` counts seconds and never runs backwards; `sleep` waits in the same seconds.
    """

    def __init__(
        self,
        *,
        overall: Rate = (25, 1.0),
        private: Rate = (3, 3.0),
        group: Rate = (20, 60.0),
        retries: int = 3,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self._overall, self._private, self._group = Window(*overall), private, group
        #: between two alerts to one chat, which need no burst
        self._spacing = private[1] / private[0]
        self._retries = retries
        self._gate = asyncio.Lock()
        self._turns: dict[int | str, Turn] = {}
        self._open_at = 0.0

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    def pause(self, seconds: float) -> None:
        """Let nothing leave for `seconds`; a pause can be prolonged, never cut short."""
        self._open_at = max(self._open_at, self.clock() + seconds)

    def paused_for(self) -> float:
        """Seconds until the pause is over."""
        return max(0.0, self._open_at - self.clock())

    def busy(self) -> dict[int | str, float]:
        """The chats no alert should go to now, and the seconds until one may."""
        now = self.clock()
        for chat in [chat for chat, turn in self._turns.items() if self._forgettable(turn, now)]:
            del self._turns[chat]
        waits = {chat: self._alert_wait(turn, now) for chat, turn in self._turns.items()}
        return {chat: wait for chat, wait in waits.items() if wait > 0}

    def _forgettable(self, turn: Turn, now: float) -> bool:
        return turn.window.idle(now) and not turn.queue.locked()

    def _alert_wait(self, turn: Turn, now: float) -> float:
        if turn.queue.locked():
            return self._spacing
        newest = turn.window.left[-1] if turn.window.left else now - self._spacing
        return max(turn.window.wait(now), newest + self._spacing - now)

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: str | None,
    ) -> Answer:
        """Make the request when it may leave; after a 429 make it again, unless it is an ALERT."""
        chat = data.get("chat_id")
        if chat is None:
            return await callback(*args, **kwargs)
        retries = 0 if rate_limit_args == ALERT else self._retries
        while True:
            await self._leave(chat, patient=rate_limit_args != ALERT)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                self.pause(classify(error).seconds + MARGIN)
                if not retries:
                    raise
                retries -= 1

    async def _leave(self, chat: int | str, *, patient: bool) -> None:
        """Wait for the chat's turn, then for everybody's; RetryAfter if paused and not patient."""
        in_group = isinstance(chat, str) or chat < 0
        turn = self._turns.setdefault(chat, Turn(self._group if in_group else self._private))
        async with turn.queue:
            while wait := turn.window.wait(self.clock()):
                await self.sleep(wait)
            while not await self._pass(turn):
                if not patient:
                    raise RetryAfter(timedelta(seconds=self.paused_for()))
                await self.sleep(self.paused_for())

    async def _pass(self, turn: Turn) -> bool:
        """Take a place among all messages; False if there is a pause."""
        async with self._gate:
            while not self.paused_for() and (wait := self._overall.wait(self.clock())):
                await self.sleep(wait)
            if self.paused_for():
                return False
            now = self.clock()
            turn.window.left.append(now)
            self._overall.left.append(now)
            return True
