"""A small real HTTP server on 127.0.0.1 for feed tests: answers as told, remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request: `query` without repeats, header names in lower case."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """One answer. `promised` overrides Content-Length; `pause` is slept between single bytes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    pause: float | None = None


@dataclass
class Server:
    """A running server: its address and the requests so far."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@asynccontextmanager
async def serve(answer: Callable[[Asked], Answer]) -> AsyncIterator[Server]:
    """Serve on a free port until the block ends; `answer` decides each answer."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            target = urlsplit(first.split(" ")[1])
            headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            asked = Asked(target.path, dict(parse_qsl(target.query)), headers, first.split(" ")[0], body)
            server.asked.append(asked)
            await _write(writer, answer(asked))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has seen enough
        finally:
            writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}")
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    length = len(answer.body) if answer.promised is None else answer.promised
    headers = {"Content-Length": str(length), "Connection": "close"} | answer.headers
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {answer.status} X\r\n{head}\r\n".encode("latin-1"))
    if answer.pause is None:
        writer.write(answer.body)
        await writer.drain()
        return
    for byte in answer.body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(answer.pause)
