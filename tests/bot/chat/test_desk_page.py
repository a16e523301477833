"""The valuation desk on the chat page: a fact is typed and stored, and its alert comes with its picture."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from chat_stage import ME, TOKEN
from chromium import CHROMIUM, FLAGS, needs_chromium
from playwright.async_api import Page, async_playwright, expect

from bot.app import Clock, running
from bot.settings import Settings

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.browser, needs_chromium]
FACT = (
    "/admin fact SpaceX valuation $900B as_of=2026-01-08 basis=secondary from=Bloomberg published=2026-01-09"
)
#: the first answer of a bot that has just started, on a busy machine
PATIENCE = 30_000


@pytest_asyncio.fixture(loop_scope="module")
async def page(url: str) -> AsyncIterator[Page]:
    """A phone; any error in the page fails the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = await browser.new_page(viewport={"width": 400, "height": 800}, locale="en-US")
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.set_default_timeout(PATIENCE)
        await opened.goto(url)
        yield opened
        await browser.close()
    assert errors == []


async def type_in(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def test_a_fact_is_stored_by_a_button_and_its_alert_comes_with_its_picture(
    page: Page, url: str, tmp_path: Path
) -> None:
    settings = Settings(
        telegram_bot_token=TOKEN, telegram_api_url=url, bellwether_data_dir=tmp_path / "data",
        feeds=("bars",), owner_ids=(ME,), _env_file=None,
    )  # fmt: skip
    theirs = page.locator(".theirs")
    async with running(settings, Clock()):
        await type_in(page, "/watch SpaceX")
        await expect(theirs.locator(".words")).to_have_text(
            ["Added: SpaceX.\nYou watch SpaceX."], timeout=PATIENCE
        )
        await type_in(page, FACT)
        await expect(theirs.nth(1)).to_contain_text("Store this?", timeout=PATIENCE)
        await expect(theirs.nth(1)).to_contain_text("SpaceX valuation: $900B")
        await page.get_by_role("button", name="Store it").click()
        alert = theirs.filter(has_text="New mark: $800B → $900B")
        await expect(alert).to_have_count(1, timeout=PATIENCE)
        await expect(theirs.filter(has_text="Stored as F")).to_contain_text("Alerts queued: 1.")
        image = alert.get_by_role("img")
        await expect(image).to_be_visible()
        assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 400
        await expect(alert).to_contain_text("You watch SpaceX")
        await page.get_by_role("button", name="Peers").click()
        peers = theirs.filter(has_text="SpaceX · Peers")
        await expect(peers).to_have_count(1, timeout=PATIENCE)
        await expect(peers).to_contain_text("No recent close is known")
        await expect(theirs).to_have_count(5)
        width = await page.evaluate("document.querySelector('#scroller').scrollWidth")
        assert width <= 400
