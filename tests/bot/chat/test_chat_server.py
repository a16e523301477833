"""The chat page's server: who may talk to it, what survives a restart, how it stops."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_stage import ME, TOKEN, client, picture
from starlette.applications import Starlette
from telegram import Bot
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Keyboard

from bot.chat.room import Room
from bot.chat.server import listen, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def spoken(url: str, text: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.post(f"{url}/room/{ME}/say", json={"text": text}, headers={"Origin": url} | headers)


async def events(url: str, **options: Any) -> AsyncIterator[tuple[str, int, Any]]:
    """(event, id, data) of a stream until it ends."""
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("GET", f"{url}/room/{ME}/events", **options) as stream,
    ):
        event, number = "", 0
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "id":
                number = int(value)
            elif name == "data":
                yield event, number, json.loads(value)


async def test_a_restart_forgets_nothing_and_ids_go_on(tmp_path: Path) -> None:
    async with serve(tmp_path, 0, TOKEN) as url, client(url) as bot:
        await bot.set_my_commands([("flow", "Premium")])
        photo = await bot.send_photo(ME, picture(), caption="before")
        assert (await spoken(url, "read")).json()["message_id"] == 2
        (read,) = await bot.get_updates()
        await bot.get_updates(offset=read.update_id + 1)
        await spoken(url, "unread")
    async with serve(tmp_path, 0, TOKEN) as url, client(url) as bot:
        (waiting,) = await bot.get_updates()
        assert (waiting.message.text, waiting.update_id) == ("unread", read.update_id + 1)
        await bot.get_updates(offset=waiting.update_id + 1)
        assert (await bot.send_message(ME, "after")).message_id == 4
        assert (await bot.edit_message_caption(ME, photo.id, caption="edited")).caption == "edited"
        assert (await bot.get_my_commands())[0].command == "flow"
        again = await bot.get_file(photo.photo[-1].file_id)
        assert bytes(await again.download_as_bytearray()) == picture()
    # nobody waits in the queue: the next id must not begin anew
    async with serve(tmp_path, 0, TOKEN) as url, client(url) as bot:
        await spoken(url, "third")
        assert (await bot.get_updates())[0].update_id == waiting.update_id + 1


async def test_a_page_that_comes_back_gets_what_changed_and_nothing_twice(
    url: str, bot: Bot, room: Room
) -> None:
    for text in "abc":
        await bot.send_message(ME, text)
    await bot.edit_message_text("a, edited", ME, 1)
    stream = events(url)
    assert [await anext(stream) for _ in range(4)] == [
        ("hello", 0, {"room": room.name, "bot": "Bellwether", "commands": []}),
        *[("message", version, message) for version, message in room.ledger.messages(ME)],
    ]
    await bot.send_chat_action(ME, "typing")
    assert (await anext(stream))[0] == "action"
    await stream.aclose()
    room.say(ME, "while away")
    await bot.edit_message_text("b, edited", ME, 2)
    back = events(url, headers={"Last-Event-ID": "4"})
    assert [(e, n, d.get("text")) for e, n, d in [await anext(back) for _ in range(3)]] == [
        ("hello", 0, None), ("message", 5, "while away"), ("message", 6, "b, edited"),
    ]  # fmt: skip
    await back.aclose()


async def test_a_page_that_opens_gets_the_newest_messages_of_a_long_chat(url: str, room: Room) -> None:
    for number in range(310):
        room.post(ME, {"text": str(number)})
    stream = events(url)
    texts = [(await anext(stream))[2].get("text") for _ in range(301)]
    assert texts == [None, *map(str, range(10, 310))]
    await stream.aclose()


async def test_only_our_own_page_may_speak(url: str, room: Room) -> None:
    for headers, code in [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": url.replace("127.0.0.1", "localhost")}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ]:
        assert (await spoken(url, "x", **headers)).status_code == code
    async with httpx.AsyncClient(
        base_url=url, headers={"Origin": url, "Content-Type": "application/json"}
    ) as http:
        for path, body, code in [
            (f"room/{ME}/say", "[]", 400), (f"room/{ME}/say", "{", 400), (f"room/{ME}/say", "{}", 400),
            (f"room/{ME}/say", json.dumps({"text": "x" * 4097}), 400),
            (f"room/{ME}/press", json.dumps({"message_id": 10**30, "data": "x"}), 400),
            (f"room/{ME}/say", json.dumps({"text": "x" * 70000}), 413),
            (f"room/{ME}/press", '{"message_id":1,"data":"x"}', 400),
            (f"room/{ME}/press", '{"message_id":"1"}', 400),
        ]:  # fmt: skip
            answer = await http.post(path, content=body)
            assert (answer.status_code, list(answer.json())) == (code, ["error"]), (path, body)
        for chat in (0, 2**52, 10**30):
            assert (await http.post(f"room/{chat}/say", json={"text": "x"})).status_code == 404
            assert (await http.get(f"room/{chat}/events")).status_code == 404
        assert (await http.get(f"room/{ME}/say")).status_code == 405
    assert room.ledger.messages(ME) == []
    assert room.ledger.updates(10) == []
    assert (await spoken(url, "mine")).status_code == 200


async def test_a_foreign_host_name_gets_nothing(url: str) -> None:
    port = url.rpartition(":")[2]
    async with httpx.AsyncClient() as http:
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1"):
            assert (await http.get(url, headers={"Host": host})).status_code == 421
            assert (await http.get(f"{url}/bot{TOKEN}/getMe", headers={"Host": host})).status_code == 421
        page = await http.get(url, headers={"Host": f"localhost:{port}"})
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_files_outside_the_photos_cannot_be_read(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as http:
        for name in ("..%2Fchat.sqlite", "%2e%2e", "%2e%2e%2fchat.sqlite", "x%00.png", "%2Fetc%2Fpasswd"):
            assert (await http.get(f"/photos/{name}")).status_code == 404
        assert (await http.get("/static/..%2fserver.py")).status_code == 404


async def test_a_press_waits_for_the_answer_of_the_bot(url: str, bot: Bot, room: Room) -> None:
    sent = await bot.send_message(ME, "x", reply_markup=Keyboard([[Button("Why", callback_data="why")]]))
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as http:
        pressing = asyncio.create_task(
            http.post(f"/room/{ME}/press", json={"message_id": sent.id, "data": "why"})
        )
        (update,) = await bot.get_updates(timeout=20)
        await update.callback_query.answer("Because")
        assert (await pressing).json() == {"text": "Because", "show_alert": False}
    assert room.presses == {}


async def test_it_stops_at_once_with_polls_streams_and_presses_open(app: Starlette, room: Room) -> None:
    before, address, stop = signal.getsignal(signal.SIGTERM), asyncio.Future[str](), asyncio.Event()

    async def serving() -> None:
        async with listen(app) as url:
            address.set_result(url)
            await stop.wait()

    server = asyncio.create_task(serving())
    url = await address
    async with client(url) as bot, httpx.AsyncClient(base_url=url, headers={"Origin": url}) as http:
        assert signal.getsignal(signal.SIGTERM) is before
        await bot.send_message(ME, "x", reply_markup=Keyboard([[Button("Why", callback_data="why")]]))
        stream = events(url)
        assert [(await anext(stream))[0] for _ in range(2)] == ["hello", "message"]
        pressing = asyncio.create_task(http.post(f"/room/{ME}/press", json={"message_id": 1, "data": "why"}))
        polling = asyncio.create_task(bot.get_updates(offset=2, timeout=50))
        await room.until(lambda: room.poller and room.presses, 5)
        async with asyncio.timeout(2):
            stop.set()
            await server
        assert await polling == ()
        assert (await pressing).json() == {"text": None, "show_alert": None}
        assert [event async for event in stream] == []
    room.close()


async def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"The chat page cannot use port {port}: Address already in use"):
            async with serve(tmp_path, port, TOKEN):
                pass


async def test_the_token_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "uvicorn")
    async with serve(tmp_path, 0, TOKEN) as url, client(url) as bot:
        await bot.send_message(ME, "x")
    assert TOKEN not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")
    )
