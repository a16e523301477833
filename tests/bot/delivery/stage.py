"""The stage of the delivery tests: a bot that talks to the fake server, and an outbox with rows in it."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from fake_telegram import TOKEN
from sqlalchemy import Engine
from sqlmodel import Session, select
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.commentary import Message
from bot.delivery import outbox
from bot.delivery.limiter import Limiter
from bot.delivery.outbox import Claimed
from bot.delivery.sender import Sender
from storage.database import reading, writing
from storage.tables import Delivery, FlipRow, Person, SignalRow

NOW = datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
#: as fast as it goes: what is tested is not the pace
FREE = {"overall": (10**6, 1.0), "private": (10**6, 1.0), "group": (10**6, 1.0)}
AT_ONCE = (timedelta(0),) * 8


class Telegram:
    """The fake server, and what it saw."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "accepted.jsonl"
        script = Path(__file__).with_name("fake_telegram.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(self.path)],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def close(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def reset(self) -> None:
        self.client.post("/reset", json=1)

    def set(self, **how: object) -> None:
        self.client.post("/set", json=how)

    def wait(self, accepted: int) -> int:
        """Return when so many were accepted."""
        return self.client.post("/wait", json=accepted).json()["result"]

    def requests(self) -> list[list]:
        """(chat, method, fault) of each send that came."""
        return self.client.post("/seen", json=1).json()["result"]["requests"]

    def early(self) -> int:
        """Sends that came while everybody was told to wait."""
        return self.client.post("/seen", json=1).json()["result"]["early"]

    def accepted(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def copies(self) -> Counter:
        """How often each delivery was accepted."""
        return Counter(uid(message) for message in self.accepted())


def uid(message: dict) -> int:
    """The delivery a message is about."""
    return int(message["text"].split("uid=")[1].split()[0])


def compose(claimed: Claimed) -> Message:
    return Message(f"<b>{claimed.subject}</b> uid={claimed.delivery_id} ")


def nothing_drawn(_: Message) -> bytes:
    raise AssertionError("there is no chart to draw")


def fill(engine: Engine, chats: Sequence[int], flips: int = 1, **more: object) -> int:
    """Queue `flips` alerts for each of `chats`, chat by chat; return how many deliveries that makes."""
    common = {"reason": "you watch it", "created_at": NOW, "valid_until": NOW + timedelta(days=1)} | more
    with writing(engine) as session:
        session.add_all(Person(chat_id=chat, joined_at=NOW) for chat in chats)
        told = [_flip(session, f"T{number}") for number in range(flips)]
        session.add_all(Delivery(chat_id=chat, flip_id=flip, **common) for chat in chats for flip in told)
    return len(chats) * flips


def _flip(session: Session, subject: str) -> int:
    common = {"indicator": "options_flow", "subject": subject, "as_of": NOW}
    signal = SignalRow(
        **common, computed_at=NOW, state="up", strength=0.5, quality="A", n=9, source="test", facts={}
    )
    session.add(signal)
    session.flush()
    flip = FlipRow(**common, signal_id=signal.id, after="up", loud=True, created_at=NOW)
    session.add(flip)
    session.flush()
    return flip.id


def rows(engine: Engine) -> list[Delivery]:
    with reading(engine) as session:
        return list(session.exec(select(Delivery).order_by(Delivery.id)))


def states(engine: Engine) -> dict[str, int]:
    """Deliveries by state, where there are any; nothing may be unaccounted for."""
    counts = outbox.counts(engine)
    assert counts.pop("created") == sum(counts.values())
    return {state: number for state, number in counts.items() if number}


def hurried(factor: float = 100.0, **how: object) -> Limiter:
    """A limiter whose clock runs `factor` times as fast."""
    return Limiter(
        clock=lambda: time.monotonic() * factor,
        sleep=lambda seconds: asyncio.sleep(seconds / factor),
        **(FREE | how),
    )


@asynccontextmanager
async def bot_of(url: str, limiter: Limiter, patience: float = 5.0) -> AsyncIterator[ExtBot]:
    request = HTTPXRequest(connection_pool_size=32, read_timeout=patience, httpx_kwargs={"trust_env": False})
    async with ExtBot(TOKEN, base_url=f"{url}/bot", request=request, rate_limiter=limiter) as bot:
        yield bot


@asynccontextmanager
async def sending(engine: Engine, url: str, limiter: Limiter | None = None, **how) -> AsyncIterator[Sender]:
    """A sender at work; `clock` stands at NOW."""
    patience = how.pop("patience", 5.0)
    async with bot_of(url, limiter or hurried(), patience) as bot:
        how = {"compose": compose, "draw": nothing_drawn, "clock": lambda: NOW, "repeats": AT_ONCE} | how
        sender = Sender(engine, bot, **how)
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            await sender.stop(how.get("grace", 0.2))
            await task


async def drained(sender: Sender, seconds: float = 30) -> None:
    await asyncio.wait_for(sender.drain(), seconds)
