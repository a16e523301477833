"""What becomes of deliveries in every weather, against a strict server over real HTTP."""

import asyncio
import logging
import time
from collections import Counter

import pytest
from fake_telegram import TOKEN
from sqlalchemy import Engine
from sqlmodel import select
from stage import FREE, NOW, Telegram, bot_of, compose, drained, fill, hurried, rows, sending, states, uid

from bot.commentary import Message
from bot.delivery import outbox
from bot.delivery.limiter import Limiter
from bot.delivery.outbox import Claimed
from bot.delivery.sender import Sender
from indicators import Chart
from storage.database import reading
from storage.tables import Person

FORBIDDEN = [
    "Forbidden: bot was blocked by the user",
    "Forbidden: user is deactivated",
    "Forbidden: bot was kicked from the group chat",
    "Forbidden: bot was kicked from the supergroup chat",
    "Forbidden: bot can't initiate conversation with a user",
    "Forbidden: a text nobody has seen yet",
]


def active(engine: Engine) -> dict[int, bool]:
    with reading(engine) as session:
        return {person.chat_id: person.active for person in session.exec(select(Person))}


async def until(condition) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_each_delivery_arrives_once_and_each_has_its_line(
    engine: Engine, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bellwether")
    fill(engine, range(1001, 1041), 2)
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert states(engine) == {"sent": 80}
    assert Counter(telegram.copies().values()) == {1: 80}
    one = next(message for message in telegram.accepted() if uid(message) == 1)
    assert f"delivered  options_flow T0 → 1001 (message {one['message_id']})" in caplog.messages
    assert rows(engine)[0].message_id == one["message_id"]


async def test_faults_lose_nothing_and_copies_are_exactly_the_answers_lost_after_acceptance(
    engine: Engine, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bellwether")
    number = fill(engine, range(1, 1001 if engine.dialect.name == "sqlite" else 101))
    before = {"429": 0.10, "500": 0.05, "reset": 0.05, "timeout": 0.002, "garbage": 0.02}
    after = {"timeout": 0.006, "500": 0.03, "reset": 0.03, "garbage": 0.02}
    telegram.set(rates=False, faults={"seed": 20240304, "before": before, "after": after})
    async with sending(engine, telegram.url, patience=0.7) as sender:
        await drained(sender, 60)
    assert states(engine) == {"sent": number}
    lost_answers = Counter(uid(message) for message in telegram.accepted() if message["fault"])
    assert sum(lost_answers.values()) > number / 20
    assert telegram.copies() == {each: 1 + lost_answers[each] for each in range(1, number + 1)}
    seen: set[int] = set()
    for message in telegram.accepted():
        assert uid(message) not in seen or message["text"].startswith("↻")
        seen.add(uid(message))
    assert TOKEN not in caplog.text


async def test_without_a_lost_answer_there_is_no_copy(engine: Engine, telegram: Telegram) -> None:
    number = fill(engine, range(1, 81))
    faults = {"seed": 1, "before": {"429": 0.10, "500": 0.10, "reset": 0.10}}
    telegram.set(rates=False, faults=faults)
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert telegram.copies() == dict.fromkeys(range(1, number + 1), 1)


async def test_a_server_that_is_not_there_costs_nothing_but_time(engine: Engine, telegram: Telegram) -> None:
    number = fill(engine, range(1, 21))
    async with bot_of(telegram.url, hurried()) as bot:
        bot._base_url = f"http://127.0.0.1:9/bot{TOKEN}"  # nobody listens on the discard port
        sender = Sender(engine, bot, compose, lambda _: b"", clock=lambda: NOW)
        task = asyncio.create_task(sender.run())
        await until(lambda: sender._failures > 8)
        bot._base_url = f"{telegram.url}/bot{TOKEN}"
        await drained(sender)
        await sender.stop()
        await task
    assert states(engine) == {"sent": number}
    assert {row.attempts for row in rows(engine)} == {1}


async def test_a_chat_that_cannot_be_reached_gets_one_request(engine: Engine, telegram: Telegram) -> None:
    refuse = {str(chat): [403, text] for chat, text in enumerate(FORBIDDEN, 1)}
    refuse["7"] = [400, "Bad Request: chat not found"]
    fill(engine, range(1, 9), flips=6)
    telegram.set(rates=False, refuse=refuse)
    for _ in range(2):  # and none after a restart
        async with sending(engine, telegram.url) as sender:
            await drained(sender)
    assert Counter(request[0] for request in telegram.requests()) == dict.fromkeys(range(1, 8), 1) | {8: 6}
    assert active(engine) == dict.fromkeys(range(1, 8), False) | {8: True}
    assert states(engine) == {"sent": 6, "dead": 7, "suppressed": 35}
    assert {row.reason for row in rows(engine) if row.state == "suppressed"} == {"chat_blocked"}


async def test_another_refusal_ends_that_delivery_only(engine: Engine, telegram: Telegram) -> None:
    fill(engine, [7, 8])
    telegram.set(rates=False, refuse={"7": [400, "Bad Request: oops"]})
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert states(engine) == {"sent": 1, "dead": 1}
    assert rows(engine)[0].reason == "Oops"
    assert active(engine) == {7: True, 8: True}


@pytest.mark.parametrize("known", [False, True])
async def test_a_group_that_moved_is_followed(engine: Engine, telegram: Telegram, known: bool) -> None:
    fill(engine, [-5, -1005] if known else [-5], flips=3)
    telegram.set(rates=False, moved={"-5": -1005})
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert states(engine) == ({"sent": 3, "suppressed": 3} if known else {"sent": 3})
    assert Counter(message["chat"] for message in telegram.accepted()) == {-1005: 3}
    assert active(engine) == {-1005: True}


async def test_a_refused_token_stops_sending_and_loses_nothing(
    engine: Engine, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []
    async with sending(engine, telegram.url, on_fatal=lambda: calls.append(1)) as sender:
        telegram.set(rates=False, unknown=True)
        number = fill(engine, range(1, 51))
        sender.wake()
        await until(lambda: calls)
    assert calls == [1]
    assert states(engine) == {"queued": number}
    assert {row.attempts for row in rows(engine)} == {0}
    assert "Telegram does not know the bot token" in caplog.text
    assert TOKEN not in caplog.text
    telegram.set(rates=False)
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert states(engine) == {"sent": number}


async def test_a_text_that_cannot_be_written_is_given_up_after_three_times(
    engine: Engine, telegram: Telegram
) -> None:
    tries: list[int] = []

    def poisoned(claimed: Claimed) -> Message:
        if claimed.delivery_id == 3:
            tries.append(claimed.attempts)
            raise ZeroDivisionError
        return compose(claimed)

    fill(engine, range(1, 31))
    async with sending(engine, telegram.url, compose=poisoned) as sender:
        await drained(sender)
    assert tries == [1, 2, 3]
    assert states(engine) == {"sent": 29, "dead": 1}
    assert rows(engine)[2].reason == "its text could not be written: ZeroDivisionError"


async def test_a_chart_that_fails_does_not_hold_back_an_alert(engine: Engine, telegram: Telegram) -> None:
    def with_chart(claimed: Claimed) -> Message:
        return Message(compose(claimed).text, Chart("", [], []))

    fill(engine, [1])
    async with sending(engine, telegram.url, compose=with_chart) as sender:  # drawing raises
        await drained(sender)
    assert telegram.accepted()[0]["text"].endswith("chart unavailable")


async def test_a_delivery_that_stays_in_doubt_is_given_up_in_the_end(
    engine: Engine, telegram: Telegram
) -> None:
    fill(engine, [1])
    telegram.set(rates=False, faults={"after": {"500": 1.0}})
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert states(engine) == {"dead": 1}
    assert "in doubt after 9 requests" in rows(engine)[0].reason
    assert telegram.copies() == {1: 9}


async def test_what_is_no_longer_news_is_not_sent(engine: Engine, telegram: Telegram) -> None:
    fill(engine, [1], valid_until=NOW)
    async with sending(engine, telegram.url):
        await until(lambda: states(engine) == {"expired": 1})
    assert telegram.requests() == []


async def test_a_stop_lets_what_is_under_way_finish(engine: Engine, telegram: Telegram) -> None:
    fill(engine, range(1, 31))
    telegram.set(rates=False, hold=True)
    async with sending(engine, telegram.url, patience=10) as sender:
        await asyncio.to_thread(telegram.wait, 5)
        stopping = asyncio.create_task(sender.stop())
        await asyncio.sleep(0)
        telegram.set(rates=False)
        async with asyncio.timeout(10):
            await stopping
    assert states(engine) == {"sent": 5, "queued": 25}


async def test_a_stop_does_not_wait_for_an_answer_that_does_not_come(
    engine: Engine, telegram: Telegram
) -> None:
    fill(engine, range(1, 31))
    telegram.set(rates=False, hold=True)
    async with sending(engine, telegram.url, patience=10) as sender:
        await asyncio.to_thread(telegram.wait, 5)
        async with asyncio.timeout(10):
            await sender.stop(grace=0.1)
    assert states(engine) == {"in_doubt": 5, "queued": 25}
    telegram.set(rates=False)
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    assert states(engine) == {"sent": 30}
    assert sorted(telegram.copies().values()) == [1] * 25 + [2] * 5
    assert sum(message["text"].startswith("↻") for message in telegram.accepted()) == 5


async def test_replays_come_after_fresh_ones(engine: Engine, telegram: Telegram) -> None:
    fill(engine, range(1, 41))
    for _ in range(10):
        outbox.claim(engine, NOW)
    async with sending(engine, telegram.url) as sender:
        await drained(sender)
    messages = telegram.accepted()
    marked = [place for place, message in enumerate(messages) if message["text"].startswith("↻")]
    assert [uid(messages[place]) for place in marked] == list(range(1, 11))
    assert marked[0] >= 30 - 4  # four fresh ones may still be on the wire when the first repeat leaves


async def test_no_worker_sends_while_telegram_says_wait(engine: Engine, telegram: Telegram) -> None:
    fill(engine, range(1, 61))
    # the 31st is refused, however slow this machine is, and all that come within the next second
    telegram.set(rates=True, second=3600)
    async with sending(engine, telegram.url, Limiter(**FREE)) as sender:
        await drained(sender)
    assert states(engine) == {"sent": 60}
    assert telegram.early() <= 4  # what was on the wire already
    assert outbox.held_until(engine) > 0


async def test_at_our_own_pace_a_strict_server_never_objects(engine: Engine, telegram: Telegram) -> None:
    fill(engine, [*range(1, 31), -1])
    telegram.set(rates=True)
    async with sending(engine, telegram.url, Limiter()) as sender:
        await drained(sender)
    assert len(telegram.requests()) == len(telegram.accepted()) == 31


async def test_a_pause_outlives_a_restart(engine: Engine, telegram: Telegram) -> None:
    fill(engine, [1])
    outbox.hold(engine, time.time() + 3600)
    limiter = hurried(1)
    async with sending(engine, telegram.url, limiter):
        await until(lambda: limiter.paused_for() > 3000)
    assert states(engine) == {"queued": 1}
    assert telegram.requests() == []


async def test_a_reply_goes_through_the_same_door(engine: Engine, telegram: Telegram) -> None:
    fill(engine, [5, -5])
    outbox.expire(engine, NOW)
    refuse = {"5": [403, FORBIDDEN[0]]}
    async with bot_of(telegram.url, hurried()) as bot:
        sender = Sender(engine, bot, compose, lambda _: b"", clock=lambda: NOW)
        assert await sender.reply(9, Message("uid=0")) == 1
        telegram.set(rates=False, refuse=refuse, moved={"-5": -1005})
        assert await sender.reply(-5, Message("uid=0")) == 2
        assert await sender.reply(5, Message("uid=0")) is None
        telegram.set(rates=False, faults={"before": {"500": 1.0}})
        assert await sender.reply(9, Message("uid=0")) is None
    assert [message["chat"] for message in telegram.accepted()] == [9, -1005]
    assert active(engine) == {-1005: True, 5: False}
    assert len(telegram.requests()) == 5  # a reply whose answer was lost is not repeated
