"""One Message is one message of Telegram's, and it goes out even if its chart or its markup does not."""

import json
import threading
from collections.abc import Callable

import pytest
from stage import Telegram, bot_of, hurried
from telegram.error import BadRequest

from bot.commentary import Button, Message
from bot.delivery import send as sending
from bot.delivery.send import send
from indicators import Chart

CHART = Chart("title", [], [])
#: the smallest picture there is: one grey pixel
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001489aa4710000000049454e44ae426082"
)


async def told(telegram: Telegram, message: Message, draw: Callable = lambda _: PIXEL, **how) -> dict:
    async with bot_of(telegram.url, hurried()) as bot:
        assert await send(bot, 1001, message, draw=draw, **how) == 1
    (accepted,) = telegram.accepted()
    return accepted


async def test_text_goes_out_as_html_without_a_link_preview(telegram: Telegram) -> None:
    got = await told(telegram, Message("<b>A &amp; B</b> https://example.com"))
    assert (got["text"], got["html"], got["photo"]) == ("<b>A &amp; B</b> https://example.com", True, False)
    assert json.loads(got["preview"]) == {"is_disabled": True}


async def test_a_chart_and_its_text_are_one_message(telegram: Telegram) -> None:
    got = await told(telegram, Message("<b>" + "x" * 1024 + "</b>", CHART))
    assert got["photo"]
    assert telegram.requests() == [[1001, "sendPhoto", ""]]


async def test_buttons_come_in_their_rows(telegram: Telegram) -> None:
    buttons = ((Button("Why?", "why:1"), Button("Chart", "chart:A")), (Button("Mute", "mute:A"),))
    got = await told(telegram, Message("a", buttons=buttons))
    keyboard = json.loads(got["keyboard"])["inline_keyboard"]
    assert [[b["callback_data"] for b in row] for row in keyboard] == [["why:1", "chart:A"], ["mute:A"]]


async def test_a_repeat_says_so_in_the_language_of_the_chat(telegram: Telegram) -> None:
    assert (await told(telegram, Message("a"), repeat=True))["text"] == "↻ may be a repeat\na"


async def test_a_chart_that_cannot_be_drawn_does_not_hold_back_the_text(telegram: Telegram) -> None:
    def broken(_: Message) -> bytes:
        raise RecursionError("\\frac in \\frac")

    got = await told(telegram, Message("<b>a</b>", CHART), broken)
    assert (got["text"], got["photo"]) == ("<b>a</b>\nchart unavailable", False)


async def test_a_chart_that_takes_too_long_does_not_hold_back_the_text(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CHART_SECONDS", 0.05)
    finish = threading.Event()

    def slow(_: Message) -> bytes:
        finish.wait(10)
        return PIXEL

    got = await told(telegram, Message("a", CHART), slow)
    finish.set()
    assert got["text"] == "a\nchart unavailable"


async def test_a_picture_telegram_refuses_is_left_out(telegram: Telegram) -> None:
    got = await told(telegram, Message("a", CHART), lambda _: b"not a picture")
    assert (got["text"], got["photo"]) == ("a\nchart unavailable", False)


async def test_a_text_too_long_for_a_caption_goes_out_whole_without_the_chart(telegram: Telegram) -> None:
    got = await told(telegram, Message("x" * 1025, CHART))
    assert (got["text"], got["photo"]) == ("x" * 1025 + "\nchart unavailable", False)


async def test_markup_telegram_refuses_goes_out_as_plain_text(
    telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    got = await told(telegram, Message('<b>AT&amp;T</b> by <Smith> & a < b, <a href="x">more</a>'))
    assert (got["text"], got["html"]) == ("AT&T by <Smith> & a < b, more", False)
    assert len(telegram.requests()) == 2
    assert "can't parse entities" in caplog.text.lower()


async def test_another_refusal_is_the_callers_to_judge(telegram: Telegram) -> None:
    telegram.set(rates=False, refuse={"1001": [400, "Bad Request: oops"]})
    with pytest.raises(BadRequest, match="Oops"):
        await told(telegram, Message("a"))
    assert len(telegram.requests()) == 1
