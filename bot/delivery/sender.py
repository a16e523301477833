"""The loop that empties the outbox: claim, write, send, record; and the same door for replies.

Fresh deliveries go first, several at a time; those in doubt after them, one at a time and marked as a
possible repeat. At most one request to a chat is under way, so its alerts keep their order and a chat
that blocked the bot gets one request.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from telegram.ext import ExtBot

from bot.commentary import Message
from bot.delivery import outbox
from bot.delivery.errors import Verdict, classify
from bot.delivery.limiter import ALERT, Limiter
from bot.delivery.outbox import Claimed
from bot.delivery.send import Draw, send

log = logging.getLogger("bellwether")
P = ParamSpec("P")
R = TypeVar("R")

#: after the first doubt a repeat waits so long, after the second so long …; then it is given up
REPEATS = tuple(timedelta(seconds=wait) for wait in (0, 30, 300, 3600, 14400))
#: times a text may fail to be written, and a reply to be sent
TRIES = 3
#: requests in a row that failed before we take it for an outage and slow down
WEATHER = 5
#: seconds between two looks for work nobody announced
LOOK = 1.0


class Sender:
    """Sends what the outbox holds until it is stopped.

    `compose` writes the Message of a delivery, `draw` its chart; both run in threads. `clock` is the
    time deliveries are due by. `on_fatal` is called once, when Telegram refuses the bot itself.
    """

    def __init__(
        self,
        engine: Engine,
        bot: ExtBot[Any],
        compose: Callable[[Claimed], Message],
        draw: Draw,
        *,
        concurrency: int = 5,
        repeats: Sequence[timedelta] = REPEATS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_fatal: Callable[[], object] = lambda: None,
    ) -> None:
        if not isinstance(bot.rate_limiter, Limiter):
            raise TypeError("the bot must be built with a bot.delivery.limiter.Limiter")
        self._engine, self._bot, self._limiter = engine, bot, bot.rate_limiter
        self._compose, self._draw, self._clock, self.on_fatal = compose, draw, clock, on_fatal
        self._concurrency, self._repeats = concurrency, repeats
        self._under_way: dict[asyncio.Task[None], Claimed] = {}
        self._woken, self._desk = asyncio.Event(), asyncio.Lock()
        self._stopping = False
        self._failures = 0
        self._rest_until = self._held = 0.0
        self._ended = asyncio.Event()
        self._ended.set()

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    async def run(self) -> None:
        """Send until `stop` is called or Telegram refuses the bot. What a crash left is in doubt."""
        self._ended.clear()
        try:
            await self._database(outbox.recover)
            held = await self._database(outbox.held_until) - time.time()
            self._limiter.pause(max(0.0, held))
            while not self._stopping:
                self._woken.clear()
                if wait := await self._step():
                    await self._wait(wait)
        finally:
            self._ended.set()

    async def stop(self, grace: float = 8.0) -> None:
        """Claim nothing more, and finish what is under way; what takes over `grace` seconds is in doubt."""
        self._stopping = True
        self.wake()
        await self._ended.wait()
        left = dict(self._under_way)
        late = (await asyncio.wait(left, timeout=grace))[1] if left else ()
        for task in late:
            task.cancel()
            await self._database(outbox.doubt, left[task], self._clock())
            log.warning("in doubt  %s: stopped before Telegram answered", left[task])

    async def drain(self) -> None:
        """Return when nothing is under way and nothing is due; what waits for a later hour may stay."""
        while not self._stopping:
            if await self._database(outbox.due, self._clock()) == 0:
                return
            self.wake()
            await asyncio.sleep(0.02)

    async def reply(self, chat_id: int, message: Message, language: str = "en") -> int | None:
        """Answer a chat; return the message id, or None where it could not be delivered."""
        for _ in range(TRIES):
            try:
                return await send(self._bot, chat_id, message, draw=self._draw, language=language)
            except Exception as error:  # whatever sending raises: a reply has nobody else to answer for it
                verdict = classify(error)
            log.warning("reply     to %s failed: %s", chat_id, verdict.reason)
            if verdict.kind == "moved":
                await self._database(outbox.move, chat_id, verdict.new_chat_id)
                chat_id = verdict.new_chat_id
            elif verdict.kind == "blocked":
                await self._database(outbox.deactivate, chat_id, verdict.reason)
            elif verdict.kind == "stop":
                self._refused(verdict)
            if verdict.kind not in ("moved", "retry"):
                break
        return None

    async def _step(self) -> float:
        """Start one delivery if one may start; return the seconds to wait before the next look."""
        if len(self._under_way) >= self._concurrency:
            return LOOK
        await self._remember_pause()
        hold = max(self._limiter.paused_for(), self._rest_until - self._limiter.clock())
        if hold > 0:
            return hold
        waits = self._limiter.busy()
        claimed = await self._claim(waits)
        if claimed is None:
            if ended := await self._database(outbox.expire, self._clock()):
                log.info("ended     %d alerts: no longer news, or nobody listens", ended)
            return min([LOOK, *waits.values()])
        task = asyncio.create_task(self._deliver(claimed))
        self._under_way[task] = claimed
        task.add_done_callback(self._done)
        return 0.0

    async def _claim(self, waits: Mapping[int | str, float]) -> Claimed | None:
        busy = {each.chat_id for each in self._under_way.values()}
        busy |= {chat for chat in waits if isinstance(chat, int)}
        fresh = await self._database(outbox.claim, self._clock(), busy=busy)
        if fresh is not None or any(each.repeat for each in self._under_way.values()):
            return fresh
        return await self._database(outbox.claim, self._clock(), doubt=True, busy=busy)

    async def _remember_pause(self) -> None:
        """A pause of Telegram's outlives a restart."""
        until = time.time() + self._limiter.paused_for()
        if self._limiter.paused_for() > 1 and until > self._held + 1:
            self._held = until
            await self._database(outbox.hold, until)

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless woken."""
        nap = asyncio.ensure_future(self._limiter.sleep(seconds))
        woken = asyncio.ensure_future(self._woken.wait())
        await asyncio.wait((nap, woken), return_when=asyncio.FIRST_COMPLETED)
        nap.cancel()
        woken.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self.wake()
        if not task.cancelled() and (error := task.exception()):
            log.error("delivery  left unfinished", exc_info=error)

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            message = await asyncio.to_thread(self._compose, claimed)
        except Exception as error:  # whatever writing raises: the others are not held up
            await self._unwritten(claimed, error)
            return
        try:
            message_id = await send(
                self._bot, claimed.chat_id, message, draw=self._draw, language=claimed.language,
                repeat=claimed.repeat, lane=ALERT,
            )  # fmt: skip
        except Exception as error:  # whatever sending raises has a verdict
            await self._judged(claimed, classify(error))
            return
        self._failures = 0
        await self._database(outbox.sent, claimed.delivery_id, message_id, self._clock())
        log.info("delivered  %s (message %d)", claimed, message_id)

    async def _unwritten(self, claimed: Claimed, error: Exception) -> None:
        log.error("unwritten %s", claimed, exc_info=error)
        if claimed.attempts < TRIES:
            await self._database(outbox.requeue, claimed, burned=True)
        else:
            await self._ended_dead(claimed, f"its text could not be written: {type(error).__name__}")

    async def _judged(self, claimed: Claimed, verdict: Verdict) -> None:
        """Record what became of a delivery Telegram did not confirm."""
        if verdict.kind == "doubt":
            await self._doubted(claimed, verdict)
        elif verdict.kind == "blocked":
            await self._database(outbox.deactivate, claimed.chat_id, verdict.reason, claimed)
            log.info("blocked   %s: %s", claimed, verdict.reason)
        elif verdict.kind in ("dead", "markup"):
            await self._ended_dead(claimed, verdict.reason)
        else:
            await self._unsent(claimed, verdict)

    async def _unsent(self, claimed: Claimed, verdict: Verdict) -> None:
        """It certainly did not arrive: back into the queue, and what the reason asks for."""
        await self._database(outbox.requeue, claimed)
        if verdict.kind == "pause":
            self._limiter.pause(verdict.seconds)
        elif verdict.kind == "moved":
            await self._database(outbox.move, claimed.chat_id, verdict.new_chat_id)
        elif verdict.kind == "stop":
            self._refused(verdict)
        else:
            self._failed()
        log.info("queued    %s again: %s", claimed, verdict.reason)

    async def _doubted(self, claimed: Claimed, verdict: Verdict) -> None:
        self._failed()
        if claimed.attempts > len(self._repeats):
            await self._ended_dead(claimed, f"in doubt after {claimed.attempts} requests: {verdict.reason}")
            return
        again = self._clock() + self._repeats[claimed.attempts - 1]
        await self._database(outbox.doubt, claimed, again)
        log.info("in doubt  %s: %s", claimed, verdict.reason)

    async def _ended_dead(self, claimed: Claimed, reason: str) -> None:
        await self._database(outbox.dead, claimed, reason)
        log.warning("dead      %s: %s", claimed, reason)

    def _failed(self) -> None:
        """A few failures are weather; many in a row are an outage, and we slow down to one look a minute."""
        self._failures += 1
        if self._failures > WEATHER:
            rest = min(60.0, 2.0 ** (self._failures - WEATHER - 1))
            self._rest_until = self._limiter.clock() + rest

    def _refused(self, verdict: Verdict) -> None:
        """Telegram refuses the bot itself: stop at once, say so once; everything stays queued."""
        if not self._stopping:
            self._stopping = True
            self.wake()
            log.critical("stopped   nothing is sent: %s", verdict.reason)
            self.on_fatal()

    async def _database(
        self, act: Callable[Concatenate[Engine, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Do database work in a thread; a disk that is full or locked is waited for, not given up on."""
        while True:
            try:
                async with self._desk:  # one at a time: SQLite makes writers that meet sleep
                    return await asyncio.to_thread(act, self._engine, *args, **kwargs)
            except OperationalError as error:
                if self._stopping:
                    raise
                log.error("outbox    cannot be used: %s", error.orig)
                await asyncio.sleep(LOOK)
