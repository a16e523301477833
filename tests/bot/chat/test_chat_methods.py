"""The Bot API as a real client library sees it: what is taken, what is refused, and in which words."""

import asyncio
import json
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from chat_stage import ME, TOKEN, client, picture
from telegram import Bot, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Keyboard
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError

from bot.chat import content, menu
from bot.chat.methods import METHODS
from bot.chat.room import Room

pytestmark = pytest.mark.asyncio(loop_scope="module")


def keys(*labels: str) -> Keyboard:
    return Keyboard([[Button(label, callback_data=label.lower()) for label in labels]])


async def test_the_bot_learns_who_it_is(bot: Bot) -> None:
    assert (bot.id, bot.first_name, bot.username, bot.bot.is_bot) == (
        4711,
        "Bellwether",
        "bellwether_bot",
        True,
    )
    chat = await bot.get_chat(ME)
    assert (chat.id, chat.type, chat.first_name) == (ME, "private", "You")


async def test_a_wrong_token_is_unauthorized_and_an_unknown_method_not_found(url: str) -> None:
    with pytest.raises(InvalidToken):
        async with client(url, "4711:wrong"):
            pass
    async with httpx.AsyncClient() as http:
        wrong = await http.get(f"{url}/bot4711:wrong/getMe")
        assert wrong.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
        unknown = await http.post(f"{url}/bot{TOKEN}/sendRocket")
        assert (unknown.status_code, unknown.json()["description"]) == (404, "Not Found: method not found")
        assert (await http.get(f"{url}/file/bot4711:wrong/photos/x.png")).status_code == 401


async def test_a_message_comes_back_with_text_marks_and_buttons(bot: Bot, room: Room) -> None:
    sent = await bot.send_message(
        ME, "🐑 <b>NVDA</b> &amp; co", parse_mode="HTML", reply_markup=keys("Why", "Mute")
    )
    assert (sent.message_id, sent.text, sent.from_user.id, sent.chat.id) == (1, "🐑 NVDA & co", bot.id, ME)
    assert sent.parse_entities() == {sent.entities[0]: "NVDA"}
    assert sent.reply_markup.inline_keyboard[0][1].callback_data == "mute"
    assert [message["text"] for message in room.delivered(ME)] == ["🐑 NVDA & co"]


async def test_what_the_real_server_refuses_is_refused_here(bot: Bot, room: Room) -> None:
    for call, reason in [
        (bot.send_message(77, "x"), "Chat not found"),
        (bot.send_message("@nobody", "x"), "Chat not found"),
        (bot.send_message(-1001, "x"), "Chat not found"),
        (bot.send_message(ME, ""), "Message text is empty"),
        (bot.send_message(ME, " <b> </b>\n", parse_mode="HTML"), "Message text is empty"),
        (bot.send_message(ME, "x" * 4097), "Message is too long"),
        (bot.send_message(ME, "<b></b>" * 5000, parse_mode="HTML"), "Text is too long"),
        (bot.send_message(ME, "<b>x", parse_mode="HTML"), "Can't parse entities"),
        (bot.send_message(ME, "x", reply_markup=keys("x" * 65)), "Button_data_invalid"),
        (bot.send_message(ME, "x", reply_markup=keys("é" * 33)), "Button_data_invalid"),
        (
            bot.send_message(ME, "x", reply_markup=Keyboard([[Button("x", url="http://localhost")]])),
            "Inline keyboard button url 'http://localhost' is invalid: wrong http url",
        ),
        (bot.send_photo(ME, picture(), caption="x" * 1025), "Message caption is too long"),
        (bot.send_photo(ME, picture(5001, 5000)), "Photo_invalid_dimensions"),
        (bot.send_photo(ME, picture(210, 10)), "Photo_invalid_dimensions"),
        (bot.send_photo(ME, b"GIF89a"), "Image_process_failed"),
        (bot.send_photo(ME, picture() + bytes(10 * 2**20)), "File of size"),
        (bot.send_photo(ME, "no-such-file"), "Wrong file identifier"),
        (bot.send_photo(ME, ".."), "Wrong file identifier"),
        (bot.send_chat_action(ME, "dancing"), "Wrong parameter action"),
        (bot.edit_message_text("x", ME, 99), "Message to edit not found"),
        (bot.answer_callback_query("12"), "Query is too old"),
        (bot.set_my_commands([("Flow", "x")]), "Bot_command_invalid"),
        (bot.set_my_commands([("flow", "x" * 257)]), "Bot_command_description_invalid"),
        (bot.get_file("nothing"), "Invalid file_id"),
    ]:
        with pytest.raises(BadRequest, match=reason):
            await call
    assert room.delivered(ME) == []


async def test_limits_count_what_is_shown_and_code_points(bot: Bot) -> None:
    assert len((await bot.send_message(ME, "<b>" + "🐑" * 4096 + "</b>  ", parse_mode="HTML")).text) == 4096
    assert len((await bot.send_photo(ME, picture(200, 10), caption="🐑" * 1024)).caption) == 1024
    assert (await bot.send_message(ME, "x", reply_markup=keys("x" * 64))).reply_markup
    assert (await bot.send_photo(ME, picture(5000, 5000))).photo[0].width == 5000


async def test_a_photo_keeps_its_bytes_and_can_be_sent_again_by_its_id(bot: Bot) -> None:
    png, jpeg = picture(), picture(kind="JPEG")
    sent = await bot.send_photo(
        ME, png, caption="<i>NVDA</i> net premium", parse_mode="HTML", reply_markup=keys("Why")
    )
    size = sent.photo[-1]
    assert (size.width, size.height, size.file_size) == (320, 200, len(png))
    assert (sent.caption, sent.caption_entities[0].type, sent.text) == ("NVDA net premium", "italic", None)
    assert bytes(await (await size.get_file()).download_as_bytearray()) == png
    again = await bot.send_photo(ME, size.file_id)
    assert again.photo[-1].file_unique_id == size.file_unique_id
    assert (await bot.send_photo(ME, jpeg)).photo[-1].file_id.endswith(".jpeg")


async def test_edits_change_what_they_name_and_say_so_when_nothing_changes(bot: Bot, room: Room) -> None:
    text = await bot.send_message(ME, "1", reply_markup=keys("Go"))
    photo = await bot.send_photo(ME, picture(), caption="1")
    mine = room.say(ME, "hello")
    edited = await bot.edit_message_text("<b>2</b>", ME, text.id, parse_mode="HTML", reply_markup=keys("Go"))
    assert (edited.text, edited.entities[0].type, edited.date) == ("2", "bold", text.date)
    assert edited.edit_date is not None
    assert (await bot.edit_message_caption(ME, photo.id, caption="2")).caption == "2"
    assert (await bot.edit_message_reply_markup(ME, photo.id, reply_markup=keys("Go"))).caption == "2"
    assert (await bot.edit_message_text("3", ME, text.id)).reply_markup is None
    for call, reason in [
        (bot.edit_message_text("3", ME, text.id), "Message is not modified"),
        (bot.edit_message_reply_markup(ME, text.id), "Message is not modified"),
        (bot.edit_message_text("4", ME, photo.id), "There is no text in the message to edit"),
        (bot.edit_message_caption(ME, text.id, caption="4"), "There is no caption in the message to edit"),
        (bot.edit_message_text("4", ME, mine["message_id"]), "Message can't be edited"),
    ]:
        with pytest.raises(BadRequest, match=reason):
            await call
    assert [(m.get("text"), m.get("caption")) for m in room.delivered(ME)] == [("3", None), (None, "2")]


async def test_an_update_is_read_until_a_later_offset_confirms_it(bot: Bot, room: Room) -> None:
    room.say(ME, "/start now")
    room.say(2002, "hello", language="zh-TW")
    one, two = await bot.get_updates()
    assert [u.update_id for u in await bot.get_updates()] == [one.update_id, two.update_id]
    assert (one.message.text, one.message.entities[0].type, one.message.entities[0].length) == (
        "/start now",
        "bot_command",
        6,
    )
    assert (two.effective_user.language_code, two.effective_chat.id) == ("zh-TW", 2002)
    assert [u.update_id for u in await bot.get_updates(offset=two.update_id)] == [two.update_id]
    assert [u.update_id for u in await bot.get_updates(limit=1)] == [two.update_id]
    assert await bot.get_updates(offset=two.update_id + 1) == ()
    room.say(ME, "a"), room.say(ME, "b"), room.say(ME, "c")
    assert [u.message.text for u in await bot.get_updates(offset=-2)] == ["b", "c"]
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_a_long_poll_ends_when_somebody_speaks(bot: Bot, room: Room) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=50))
    await room.until(lambda: room.poller, 5)
    room.say(ME, "/flow NVDA")
    assert [u.message.text for u in await poll] == ["/flow NVDA"]


async def test_a_second_poller_ends_the_first(bot: Bot, room: Room, url: str) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=50))
    await room.until(lambda: room.poller, 5)
    async with client(url) as other:
        assert await other.get_updates(timeout=0) == ()
    with pytest.raises(Conflict, match="only one bot instance"):
        await first


async def test_only_the_kinds_of_updates_asked_for_are_kept(bot: Bot, room: Room) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    room.say(ME, "unheard")
    sent = await bot.send_message(ME, "x", reply_markup=keys("Go"))
    room.press(ME, sent.id, "go")
    assert [u.callback_query.data for u in await bot.get_updates()] == ["go"]


async def test_a_press_reaches_the_bot_and_its_answer_the_presser(bot: Bot, room: Room) -> None:
    sent = await bot.send_photo(ME, picture(), caption="NVDA", reply_markup=keys("Why"))
    query_id = room.press(ME, sent.id, "why")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert (query.id, query.data, query.message.caption, query.from_user.id) == (query_id, "why", "NVDA", ME)
    assert await query.answer("Because", show_alert=True)
    assert room.presses[query_id] == {"text": "Because", "show_alert": True}
    with pytest.raises(BadRequest, match="Message_too_long"):
        await query.answer("x" * 201)


async def test_the_menu_of_the_narrowest_scope_and_own_language_is_shown(bot: Bot, room: Room) -> None:
    await bot.set_my_commands([("flow", "Premium"), ("why", "Reasons")])
    await bot.set_my_commands([("flow", "權利金")], language_code="zh")
    assert [c.command for c in await bot.get_my_commands()] == ["flow", "why"]
    assert menu.shown(room.ledger, ME, "zh-TW") == [{"command": "flow", "description": "權利金"}]
    await bot.set_my_commands([("list", "Yours")], scope=BotCommandScopeAllPrivateChats())
    await bot.set_my_commands([("admin", "Owner")], scope=BotCommandScopeChat(ME))
    assert [menu.shown(room.ledger, chat, "en")[0]["command"] for chat in (ME, 5)] == ["admin", "list"]
    assert await bot.get_my_commands(scope=BotCommandScopeChat(5)) == ()


async def test_unreadable_parameters_are_refused_and_unknown_ones_ignored(url: str) -> None:
    async with httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}/") as http:
        message = {"chat_id": ME, "text": "x"}
        for name, given, reason in [
            ("sendMessage", {}, "chat_id is empty"),
            ("sendMessage", message | {"reply_markup": "{"}, "can't parse parameter reply_markup"),
            ("sendMessage", message | {"reply_markup": "[1]"}, "can't parse parameter reply_markup"),
            ("sendMessage", message | {"reply_markup": '{"inline_keyboard":[[{"text":"x"}]]}'},
             "can't parse inline keyboard button: text buttons are unallowed in the inline keyboard"),
            ("sendMessage", {"chat_id": "9" * 400, "text": "x"}, "chat not found"),
            ("sendPhoto", {"chat_id": ME}, "there is no photo in the request"),
            ("getUpdates", {"offset": 10**30}, "a number is out of range"),
            ("editMessageText", message | {"message_id": 10**30}, "a number is out of range"),
            ("getUpdates", {"limit": "many"}, "can't parse parameter limit"),
            ("setMyCommands", {}, 'parameter "commands" is required'),
            ("setMyCommands", {"commands": '[{"command": "x"}]'}, "can't parse parameter commands"),
            ("getMyCommands", {"language_code": "english"}, "invalid language code specified"),
        ]:  # fmt: skip
            answer = (await http.post(name, data=given)).json()
            assert (answer["ok"], answer["description"]) == (False, f"Bad Request: {reason}"), name
        assert (await http.get("SENDMESSAGE", params={"chat_id": ME, "text": "x", "rocket": 1})).json()["ok"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", "{"),
        ("application/json", '{"chat_id": 1001, "text": "half a sheep: \\ud83d"}'),
        ("application/json", "[" * 100_000),
        ("multipart/form-data", "no boundary"),
    ],
)
async def test_an_unreadable_body_is_a_bad_request(url: str, room: Room, kind: str, body: str) -> None:
    async with httpx.AsyncClient() as http:
        call = await http.post(f"{url}/bot{TOKEN}/sendMessage", content=body, headers={"Content-Type": kind})
    assert (call.status_code, call.json()["description"]) == (
        400,
        "Bad Request: can't parse the request body",
    )
    assert room.delivered(ME) == []


async def test_more_than_fifty_megabytes_are_not_read(url: str) -> None:
    async with client(url) as bot:
        with pytest.raises(NetworkError, match="Request Entity Too Large"):
            await bot.send_photo(ME, bytes(50 * 2**20), read_timeout=30, write_timeout=30)


def _matches(annotation: Any, spec: list[str]) -> bool:
    """Whether a Python parameter takes what the spec says it takes."""
    plain = {int: "Integer", str: "String", bool: "Boolean", bytes: "InputFile"}
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    if str(annotation).startswith("list"):
        return spec[0].startswith("Array of")
    return all(plain[kind] in spec if kind in plain else spec[0][0].isupper() for kind in kinds)


async def test_each_method_has_the_name_and_required_parameters_of_the_bot_api(recordings: Path) -> None:
    api = json.loads((recordings / "telegram_bot_api_spec" / "api.json").read_text())
    spec = {name.lower(): method for name, method in api["methods"].items()}
    for name, method in METHODS.items():
        fields = {field["name"]: field for field in spec[name].get("fields", [])}
        ours = dict(list(signature(method).parameters.items())[1:])
        assert ours.keys() <= fields.keys(), name
        required = {key for key, parameter in ours.items() if parameter.default is Parameter.empty}
        assert required == {key for key, field in fields.items() if field["required"]}, name
        for key, parameter in ours.items():
            assert _matches(parameter.annotation, fields[key]["types"]), (name, key)
    for model, kind in [
        (content.Keyboard, "InlineKeyboardMarkup"), (content.Button, "InlineKeyboardButton"),
        (menu.BotCommand, "BotCommand"), (menu.Scope, "BotCommandScopeChat"),
    ]:  # fmt: skip
        fields = {field["name"]: field["required"] for field in api["types"][kind]["fields"]}
        ours = {key: field.is_required() for key, field in model.model_fields.items()}
        assert ours.keys() <= fields.keys()
        assert {key for key in ours if ours[key]} <= {key for key in fields if fields[key]}


async def test_every_object_returned_is_what_the_bot_api_says_it_is(
    recordings: Path, url: str, room: Room
) -> None:
    types = json.loads((recordings / "telegram_bot_api_spec" / "api.json").read_text())["types"]

    def check(value: Any, kind: str) -> None:
        if kind.startswith("Array of "):
            for item in value:
                check(item, kind.removeprefix("Array of "))
        elif kind == "MaybeInaccessibleMessage":
            check(value, "Message")
        elif kind in types:
            fields = {field["name"]: field for field in types[kind]["fields"]}
            assert value.keys() <= fields.keys(), kind
            assert {name for name, field in fields.items() if field["required"]} <= value.keys(), kind
            for name, part in value.items():
                check(part, fields[name]["types"][0])
        else:
            expected = {"Integer": int, "String": str, "Boolean": bool}[kind]
            assert type(value) is expected, (value, kind)

    async with httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}/") as http:

        async def result(name: str, kind: str, files: Any = None, **given: Any) -> Any:
            answer = (await http.post(name, data=given, files=files)).json()
            assert answer["ok"], answer
            check(answer["result"], kind)
            return answer["result"]

        markup = (
            '{"inline_keyboard":[[{"text":"x","callback_data":"x"},{"text":"y","url":"https://a.example"}]]}'
        )
        await result("getMe", "User")
        await result("getChat", "ChatFullInfo", chat_id=ME)
        html = "<a href='https://a.example'>a</a> <tg-spoiler>b</tg-spoiler> /help"
        text = await result(
            "sendMessage", "Message", chat_id=ME, text=html, parse_mode="HTML", reply_markup=markup
        )
        upload = {"photo": ("chart.png", picture())}
        photo = await result(
            "sendPhoto", "Message", upload, chat_id=ME, caption="<b>x</b>", parse_mode="HTML"
        )
        await result("getFile", "File", file_id=photo["photo"][0]["file_id"])
        await result(
            "editMessageText",
            "Message",
            chat_id=ME,
            message_id=text["message_id"],
            text="y",
            reply_markup=markup,
        )
        await result("editMessageCaption", "Message", chat_id=ME, message_id=photo["message_id"], caption="y")
        await result(
            "editMessageReplyMarkup",
            "Message",
            chat_id=ME,
            message_id=photo["message_id"],
            reply_markup=markup,
        )
        room.say(ME, "/start")
        query = room.press(ME, text["message_id"], "x")
        assert len(await result("getUpdates", "Array of Update")) == 2
        await result("answerCallbackQuery", "Boolean", callback_query_id=query, text="x")
        await result("setMyCommands", "Boolean", commands='[{"command":"flow","description":"Premium"}]')
        assert await result("getMyCommands", "Array of BotCommand")
        await result("sendChatAction", "Boolean", chat_id=ME, action="typing")
        await result("deleteWebhook", "Boolean")
