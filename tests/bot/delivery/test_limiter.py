"""The pace, second by second, in time that only passes when somebody waits."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from telegram.error import RetryAfter

from bot.delivery.limiter import ALERT, Limiter


class StillClock(asyncio.SelectorEventLoop):
    """A loop whose time jumps to the next thing that is due."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


def play(scene: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=StillClock) as runner:
        return runner.run(scene)


class Wire:
    """What leaves, and when; each request takes `takes` seconds, and answers[n] is the n-th's answer."""

    def __init__(self, takes: float = 0.1, answers: dict[int, Exception] | None = None) -> None:
        self.takes, self.refused_after, self.answers = takes, takes, answers or {}
        self.left: list[tuple[float, int]] = []

    def limiter(self) -> Limiter:
        return Limiter(clock=asyncio.get_running_loop().time)

    async def request(self, limiter: Limiter, chat: int | None, lane: str | None = None) -> Any:
        async def callback() -> bool:
            self.left.append((asyncio.get_running_loop().time(), chat))
            number = len(self.left)
            error = self.answers.get(number)
            await asyncio.sleep(self.refused_after if error else self.takes)
            if error:
                raise error
            return True

        data = {} if chat is None else {"chat_id": chat}
        return await limiter.process_request(callback, (), {}, "sendMessage", data, lane)

    def times(self, chat: int | None = None) -> list[float]:
        return [at for at, whom in self.left if chat is None or whom == chat]


def crowded(times: Sequence[float], seconds: float) -> int:
    """The most that left in any stretch of so many seconds (half open)."""
    return max(sum(start <= at < start + seconds - 1e-9 for at in times) for start in times)


def broadcast(chats: Sequence[int]) -> Wire:
    wire = Wire()

    async def scene() -> None:
        limiter = wire.limiter()
        await asyncio.gather(*(wire.request(limiter, chat) for chat in chats))

    play(scene())
    return wire


def test_no_second_sees_more_than_25_messages() -> None:
    wire = broadcast(range(1, 1001))
    assert crowded(wire.times(), 1) == 25
    assert max(wire.times()) == pytest.approx(39)  # 1,000 ÷ 25, the first 25 at once


def test_a_private_chat_gets_a_burst_of_three_and_then_one_a_second() -> None:
    wire = broadcast([7] * 30)
    assert crowded(wire.times(), 3) == 3
    assert max(wire.times()) == pytest.approx(27)


def test_a_group_gets_twenty_a_minute() -> None:
    wire = broadcast([-7] * 45)
    assert crowded(wire.times(), 60) == 20
    assert max(wire.times()) == pytest.approx(120)


def test_a_chat_with_a_long_queue_holds_up_no_other() -> None:
    wire = broadcast([-7] * 100 + list(range(1, 101)))
    assert max(at for at, chat in wire.left if chat > 0) < 6


def test_a_chat_is_served_in_the_order_it_asked() -> None:
    order: list[int] = []

    async def scene() -> None:
        limiter = Wire().limiter()

        async def one(number: int) -> None:
            async def callback() -> bool:
                order.append(number)
                return True

            await limiter.process_request(callback, (), {}, "sendMessage", {"chat_id": 5}, None)

        await asyncio.gather(*map(one, range(20)))

    play(scene())
    assert order == list(range(20))


def test_nothing_leaves_during_a_pause_though_other_requests_finish_in_it() -> None:
    # the second of five alerts on the wire is told after 2 s to wait 30; the others end well after 3 s
    wire = Wire(takes=3.0, answers={2: RetryAfter(30)})
    wire.refused_after = 2.0

    async def scene() -> None:
        limiter = wire.limiter()
        first = [asyncio.create_task(wire.request(limiter, chat, ALERT)) for chat in range(1, 6)]
        assert (
            sum(isinstance(each, RetryAfter) for each in await asyncio.gather(*first, return_exceptions=True))
            == 1
        )
        await asyncio.gather(*(wire.request(limiter, chat) for chat in range(10, 60)))

    play(scene())
    assert wire.times()[:5] == [0.0] * 5
    assert min(wire.times()[5:]) == pytest.approx(32.1)
    assert crowded(wire.times(), 1) == 25


def test_a_shorter_pause_does_not_cut_a_longer_one_short() -> None:
    async def scene() -> float:
        limiter = Wire().limiter()
        limiter.pause(30)
        limiter.pause(1)
        return limiter.paused_for()

    assert play(scene()) == 30


def test_a_reply_is_made_again_three_times_and_then_given_up() -> None:
    wire = Wire(answers=dict.fromkeys(range(1, 9), RetryAfter(1)))

    async def scene() -> None:
        with pytest.raises(RetryAfter):
            await wire.request(wire.limiter(), 1)

    play(scene())
    assert len(wire.left) == 4


def test_an_alert_waits_out_no_pause_here_but_goes_back_to_the_outbox() -> None:
    wire = Wire(answers={1: RetryAfter(30)})

    async def scene() -> float:
        limiter = wire.limiter()
        for chat in (1, 2):
            with pytest.raises(RetryAfter):
                await wire.request(limiter, chat, ALERT)
        return asyncio.get_running_loop().time()

    assert play(scene()) < 1
    assert len(wire.left) == 1


def test_calls_without_a_chat_pass_even_in_a_pause() -> None:
    wire = Wire()

    async def scene() -> None:
        limiter = wire.limiter()
        limiter.pause(60)
        await asyncio.gather(*(wire.request(limiter, None) for _ in range(100)))

    play(scene())
    assert set(wire.times()) == {0.0}


def test_a_chat_is_busy_for_a_second_after_each_message_and_forgotten_when_idle() -> None:
    wire = Wire(takes=0)

    async def scene() -> list[dict]:
        limiter = wire.limiter()
        await wire.request(limiter, 1)
        seen = [limiter.busy()]
        await asyncio.sleep(0.75)
        seen.append(limiter.busy())
        await asyncio.sleep(0.25)
        seen.append(limiter.busy())
        await asyncio.sleep(2)
        limiter.busy()
        return [*seen, limiter._turns]

    assert play(scene()) == [{1: 1.0}, {1: 0.25}, {}, {}]
