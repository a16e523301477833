"""The main job in one piece, as a person meets it: the real program, a real browser, a pushed alert."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
def test_a_watched_sample_ticker_pushes_one_photo_with_a_caption_marked_sample(program, browser) -> None:
    process, address = program
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto(address)
    say = page.get_by_role("textbox")
    from feeds.sample import SAMPLE_TICKERS

    ticker = next(iter(SAMPLE_TICKERS))
    say.fill(f"/watch {ticker}")
    say.press("Enter")
    page.get_by_text(f"You watch {ticker}.").first.wait_for()
    page.locator("img").first.wait_for(timeout=60_000)
    bubble = page.locator(".message", has=page.locator("img")).first
    caption = bubble.inner_text()
    assert "SAMPLE" in caption
    assert ticker in caption
    assert f"You watch {ticker}" in caption
    assert re.search(r"as of \d{4}-\d{2}-\d{2}", caption)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    page.close()


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BELLWETHER, *words], env=environment(folder), cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_line_says_what_it_cannot_do_in_one_sentence(tmp_path: Path) -> None:
    for words, says in {
        ("load", "no_such_feed", "x"): "there is no feed no_such_feed",
        ("load", "bars", "absent.csv"): "absent.csv is not there",
        ("read", "no_such_indicator"): "there is no indicator no_such_indicator",
        ("read", "--subject", "NVDA", "--as-of", "2024-03-04"): "nothing is known of NVDA",
        ("replay", "--from", "2024-03-05", "--to", "2024-03-04"): "is after",
    }.items():
        done = run(tmp_path, *words)
        assert done.returncode == 1
        assert done.stderr.startswith("bellwether: ")
        assert says in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_wrong_usage_is_exit_code_two(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 2
    assert run(tmp_path, "read", "--as-of", "2024-03-04T16:00:00").returncode == 2  # no time zone


def test_loading_prints_an_account_per_file_and_twice_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(
        "date,symbol,open,high,low,close,volume\n"
        "2024-03-04,NA,1.00,2.00,0.50,1.50,10\n"
        "2024-03-05,NA,1.00,x,0.50,1.50,10\n"
    )
    first, second = (json.loads(run(tmp_path, "load", "bars", str(file), "--json").stdout) for _ in range(2))
    assert (first["file"], first["received"], first["accepted"], first["quarantined"]) == (
        "bars.csv",
        2,
        1,
        1,
    )
    assert sum(first["reasons"].values()) == 1
    assert (first["new"], second["new"]) == (1, 0)


def test_the_doctor_finds_a_fresh_house_healthy_and_names_what_is_wrong(tmp_path: Path) -> None:
    healthy = run(tmp_path, "doctor", "--json")
    assert healthy.returncode == 0, healthy.stdout
    assert all(json.loads(line)["ok"] for line in healthy.stdout.splitlines())
    sick = subprocess.run(
        [*BELLWETHER, "doctor"], env=environment(tmp_path, FEEDS="nosuch"), cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert sick.returncode == 1
    assert "FEEDS names nosuch" in sick.stdout


def test_a_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [*BELLWETHER, "doctor"], env=environment(tmp_path, CHAT_PORT="none"), cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "CHAT_PORT" in done.stderr
    assert "Traceback" not in done.stderr
