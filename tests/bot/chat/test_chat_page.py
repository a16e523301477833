"""The chat page in a real browser, with a real bot on the other side."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chat_stage import ME, TOKEN, picture
from chromium import CHROMIUM, FLAGS, needs_chromium
from playwright.async_api import Browser, Page, async_playwright, expect
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Keyboard
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters

from bot.chat.room import Room
from bot.chat.server import build, listen

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    needs_chromium,
]
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A phone of 400 px; any error in the page fails the test."""
    opened = await browser.new_page(
        viewport={"width": 400, "height": 800}, locale="en-US", timezone_id="America/New_York"
    )
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
    await opened.goto(url)
    yield opened
    await opened.close()
    assert errors == []


async def echo(update: Update, _context: Any) -> None:
    buttons = Keyboard([[Button("Why", callback_data="why"), Button("Alert", callback_data="alert")]])
    await update.message.reply_html(f"You said <b>{update.message.text_html}</b>", reply_markup=buttons)


async def pressed(update: Update, _context: Any) -> None:
    await update.callback_query.answer(
        f"{update.callback_query.data}!", show_alert=update.callback_query.data == "alert"
    )


@pytest_asyncio.fixture(loop_scope="module")
async def echo_bot(url: str) -> AsyncIterator[Application]:
    """A bot that repeats what it hears and answers its buttons."""
    application = (
        Application.builder().token(TOKEN).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot").build()
    )
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.add_handler(CallbackQueryHandler(pressed))
    async with application:
        await application.start()
        await application.updater.start_polling(timeout=10)
        yield application
        await application.updater.stop()
        await application.stop()


async def type_in(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def test_start_is_answered_by_the_bot(page: Page, echo_bot: Application) -> None:
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator(".mine .words")).to_have_text("/start")
    await expect(page.locator(".theirs .words")).to_have_text("You said /start")
    await expect(page.locator(".theirs .words b")).to_have_text("/start")
    await type_in(page, "second line\n")
    await expect(page.locator(".theirs")).to_have_count(2)
    await expect(page.get_by_label("Message", exact=True)).to_have_value("")
    await expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")


async def test_a_pressed_button_shows_the_answer(page: Page, echo_bot: Application) -> None:
    await type_in(page, "NVDA")
    await page.get_by_role("button", name="Why").click()
    await expect(page.locator("#toast")).to_have_text("why!")
    await page.get_by_role("button", name="Alert").click()
    await expect(page.get_by_role("dialog")).to_contain_text("alert!")
    await page.get_by_role("button", name="OK").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_photo_and_its_caption_are_one_bubble(page: Page, bot: Any) -> None:
    await bot.send_photo(ME, picture(), caption="<b>NVDA</b> net premium\nas of the close", parse_mode="HTML")
    await expect(page.locator(".bubble")).to_have_count(1)
    image = page.locator(".bubble").get_by_role("img", name="NVDA net premium", exact=True)
    await expect(image).to_be_visible()
    await expect(page.locator(".bubble .words")).to_have_text("NVDA net premium\nas of the close")
    assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    await image.click()
    await expect(page.get_by_role("dialog", name="Photo")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Photo")).to_be_hidden()


async def test_hostile_text_is_shown_and_not_run(page: Page, bot: Any, room: Room) -> None:
    room.say(ME, HOSTILE)
    await bot.send_message(ME, HOSTILE, reply_markup=Keyboard([[Button(HOSTILE, callback_data="x")]]))
    await bot.send_photo(ME, picture(), caption=HOSTILE)
    await bot.set_my_commands([("flow", HOSTILE)])
    await expect(page.locator(".words")).to_have_text([HOSTILE] * 3)
    await expect(page.locator(".key")).to_have_text(HOSTILE)
    await page.get_by_role("button", name="Commands").click()
    await expect(page.locator(".command")).to_have_text(f"/flow{HOSTILE}")
    await expect(page.locator("article img")).to_have_count(1)
    assert await page.title() == "Bellwether"


async def test_every_mark_is_drawn(page: Page, bot: Any) -> None:
    html = (
        "🐑 <b>b<i>bi</i></b><u>u</u><s>s</s><code>c</code><pre>p</pre><blockquote>q</blockquote>"
        '<a href="https://a.example/x">link</a> <tg-spoiler>hidden</tg-spoiler> https://b.example /help'
    )
    await bot.send_message(ME, html, parse_mode="HTML")
    words = page.locator(".words")
    for selector, text in [
        ("b", "bbi"), ("b > i", "bi"), ("u", "u"), ("s", "s"), ("code", "c"), ("pre", "p"),
        ("blockquote", "q"),
        ('a[href="https://a.example/x"][rel~=noopener]', "link"), (".spoiler", "hidden"),
        ("button.link", "/help"),
        ('a[href="https://b.example/"], a[href="https://b.example"]', "https://b.example"),
    ]:  # fmt: skip
        await expect(words.locator(selector)).to_have_text(text)
    await words.get_by_role("button", name="/help").click()
    await expect(page.locator(".mine .words")).to_have_text("/help")


async def test_history_and_edits_are_there_after_a_reload_and_in_every_tab(
    page: Page, browser: Browser, url: str, bot: Any, room: Room
) -> None:
    other = await browser.new_page()
    await other.goto(url)
    await bot.send_message(ME, "one")
    await type_in(page, "two")
    await bot.send_message(ME, "three")
    await bot.edit_message_text("one, edited", ME, 1)
    for tab in (page, other):
        await expect(tab.locator(".words")).to_have_text(["one, edited", "two", "three"])
    await other.close()
    await page.reload()
    await expect(page.locator(".words")).to_have_text(["one, edited", "two", "three"])
    await expect(page.locator(".stamp").first).to_contain_text("edited")
    await expect(page.locator(".day")).to_have_text(["Today"])
    assert [message["text"] for _, message in room.ledger.messages(ME)] == ["two", "three", "one, edited"]


async def test_days_are_separated_in_order_whatever_order_the_messages_come_in(
    page: Page, room: Room
) -> None:
    for number, date in [(1, 1709488800), (2, 1709560800), (3, 1709571600), (4, 1709647200)]:
        message = room.post(ME, {"text": str(number)})
        room.ledger.put_message(message | {"date": date})
    # edited last, so they come last
    for number in (1, 2):
        room.edit(room.ledger.message(ME, number), {"text": f"{number}, edited"})
    await page.reload()
    await expect(page.locator(".day, .words")).to_have_text(
        ["Sun, March 3", "1, edited", "Mon, March 4", "2, edited", "3", "Tue, March 5", "4"]
    )


async def test_another_chat_is_another_person(page: Page, url: str, room: Room) -> None:
    await page.goto(f"{url}/?chat=2002")
    await type_in(page, "hello")
    await expect(page.locator(".mine .words")).to_have_text("hello")
    (update,) = room.ledger.updates(10)
    assert (update["message"]["chat"]["id"], update["message"]["from"]["first_name"]) == (2002, "Guest 2002")
    await page.goto(url)
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


async def test_the_menu_lists_the_commands_and_sends_or_writes_them(page: Page, bot: Any, room: Room) -> None:
    room.say(ME, "hello")
    await bot.set_my_commands([("flow", "Option premium"), ("watch", "Follow tickers")])
    await page.get_by_role("button", name="Commands").click()
    await expect(page.locator(".command b")).to_have_text(["/flow", "/watch"])
    await page.get_by_role("button", name="/flow Option premium").click()
    await expect(page.locator(".mine .words")).to_have_text(["hello", "/flow"])
    await expect(page.locator("#menu")).to_be_hidden()
    await page.get_by_label("Message", exact=True).press_sequentially("/wa")
    await expect(page.locator(".command b")).to_have_text(["/watch"])
    await page.keyboard.press("Tab")
    await page.keyboard.type("NVDA")
    await page.keyboard.press("Enter")
    await expect(page.locator(".mine .words")).to_have_text(["hello", "/flow", "/watch NVDA"])


async def test_typing_is_shown_until_the_message_comes(page: Page, bot: Any) -> None:
    await expect(page.locator("#status")).to_have_text("bot")
    await bot.send_chat_action(ME, "typing")
    await expect(page.locator("#status")).to_have_text("typing…")
    await bot.send_message(ME, "here")
    await expect(page.locator("#status")).to_have_text("bot")


async def test_the_newest_message_is_in_view_unless_one_reads_further_up(
    page: Page, bot: Any, room: Room
) -> None:
    for number in range(40):
        room.post(ME, {"text": f"line {number}"})
    await expect(page.get_by_text("line 39", exact=True)).to_be_in_viewport()
    await page.locator("#scroller").evaluate("scroller => { scroller.scrollTop = 0; }")
    await expect(page.get_by_role("button", name="Go to the newest message")).to_be_visible()
    await bot.send_message(ME, "newest")
    await expect(page.locator("#down")).to_have_attribute("data-unread", "1")
    await expect(page.get_by_text("newest", exact=True)).not_to_be_in_viewport()
    await page.get_by_role("button", name="Go to the newest message").click()
    await expect(page.get_by_text("newest", exact=True)).to_be_in_viewport()


async def test_the_page_comes_back_by_itself_after_a_restart(browser: Browser, tmp_path: Path) -> None:
    first = build(tmp_path, TOKEN)
    page = await browser.new_page()
    async with listen(first) as url:
        first.state.room.post(ME, {"text": "before"})
        await page.goto(url)
        await expect(page.locator(".words")).to_have_text(["before"])
    first.state.room.close()
    await expect(page.locator("#status")).to_have_text("connecting…")
    await type_in(page, "lost?")
    await expect(page.locator("#toast")).to_contain_text("cannot be reached")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("lost?")
    again = build(tmp_path, TOKEN)
    again.state.room.post(ME, {"text": "after"})
    async with listen(again, int(url.rpartition(":")[2])):
        await expect(page.locator(".words")).to_have_text(["before", "after"], timeout=15_000)
        await expect(page.locator("#status")).to_have_text("bot")
        await page.close()
    again.state.room.close()


async def test_nothing_is_wider_than_a_phone(page: Page, bot: Any, room: Room) -> None:
    room.say(ME, "W" * 300)
    rows = [[Button(f"A button with a long label {n}", callback_data=str(n)) for n in range(4)]]
    await bot.send_photo(ME, picture(1600, 400), caption="x" * 300, reply_markup=Keyboard(rows))
    await bot.send_message(ME, "<pre>" + "0123456789" * 20 + "</pre>", parse_mode="HTML")
    await expect(page.locator("article")).to_have_count(3)
    for width in (320, 400, 430, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        sizes = await page.evaluate(
            "[document.body.scrollWidth, document.querySelector('#scroller').scrollWidth]"
        )
        assert sizes[0] <= width
        assert sizes[1] <= min(width, 430)
