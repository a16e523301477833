"""kill -9 at any moment loses no alert, and repeats at most what was on the wire, marked as a repeat."""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from multiprocessing.context import BaseContext

import drain
import pytest
from sqlalchemy import Engine
from stage import Telegram, fill, states, uid

SEED = 20240304
KILLS = 10
CONCURRENCY = 5


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> BaseContext:
    """Processes forked from one that has imported everything."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["drain"])
    return context


def test_kills_lose_nothing_and_repeat_only_what_was_on_the_wire(
    engine: Engine, telegram: Telegram, processes: BaseContext
) -> None:
    kills = KILLS if engine.dialect.name == "sqlite" else KILLS // 3
    number = fill(engine, range(1, 31 + 30 * kills))
    telegram.set(rates=False, delay=0.01)
    address = (engine.url.render_as_string(hide_password=False), telegram.url)
    dice, seen = random.Random(SEED), 0
    for kill in range(kills):
        worker = processes.Process(target=drain.main, args=address)
        worker.start()
        seen = telegram.wait(seen + dice.randint(1, 35))
        time.sleep(dice.random() / 100)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        print(f"kill {kill + 1} (seed {SEED}): after {seen} accepted, {states(engine)}")  # noqa: T201
    worker = processes.Process(target=drain.main, args=address)
    worker.start()
    worker.join(30)
    assert worker.exitcode == 0
    assert states(engine) == {"sent": number}
    copies = telegram.copies()
    assert set(copies) == set(range(1, number + 1))
    print("copies:", Counter(copies.values()))  # noqa: T201
    assert sum(copies.values()) - number <= kills * CONCURRENCY
    told: set[int] = set()
    for message in telegram.accepted():
        assert uid(message) not in told or message["text"].startswith("↻")
        told.add(uid(message))
