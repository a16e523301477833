"""The main job in one piece, as a person meets it: the real program, a real browser, a pushed alert."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import CHROMIUM, FLAGS, needs_chromium
from playwright.sync_api import sync_playwright

from feeds.sample import SAMPLE_TICKERS

BELLWETHER = [sys.executable, "-m", "bot"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def environment(folder: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM", "FEEDS"))}
    return clean | {"BELLWETHER_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"} | more


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`bellwether run` with nothing set, and the address it printed."""
    process = subprocess.Popen(
        [*BELLWETHER, "run"], env=environment(tmp_path, CHAT_PORT=str(free_port())), cwd=tmp_path,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    address = ""
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            address = found.group()
            break
    yield process, address
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.browser
@needs_chromium
def test_a_watched_sample_ticker_pushes_one_photo_with_a_caption_marked_sample(program) -> None:
    process, address = program
    ticker = next(iter(SAMPLE_TICKERS))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 400, "height": 800})
        page.goto(address)
        page.get_by_role("textbox").fill(f"/watch {ticker}")
        page.get_by_role("textbox").press("Enter")
        page.get_by_text(f"You watch {ticker}.").first.wait_for()
        page.get_by_role("img").first.wait_for(timeout=60_000)
        caption = page.locator("figure, .bubble", has=page.get_by_role("img")).first.inner_text()
        browser.close()
    assert "SAMPLE" in caption
    assert ticker in caption
    assert f"You watch {ticker}" in caption
    assert re.search(r"as of \d{4}-\d{2}-\d{2}", caption)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
