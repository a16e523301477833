"""The chat page's server: the Bot API for the bot, the page for a browser, on this machine only."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.chat import page, wire
from bot.chat.room import Room

HERE = "127.0.0.1"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build(data_dir: Path, token: str) -> Starlette:
    """The application; its Room, kept under `data_dir`, is `app.state.room`.

    `token` is `<number>:<secret>` like a real one; the number becomes the bot's id.
    """
    routes = [
        Route("/", page.index),
        Mount("/static", StaticFiles(directory=page.STATIC)),
        Route("/room/{chat:int}/events", page.events),
        Route("/room/{chat:int}/say", page.say, methods=["POST"]),
        Route("/room/{chat:int}/press", page.press, methods=["POST"]),
        Route("/photos/{name}", page.photo),
        Route("/bot{token}/{method}", wire.call, methods=["GET", "POST"]),
        Route("/file/bot{token}/photos/{name}", wire.download),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(_Guard)])
    app.state.token = token
    app.state.room = Room(data_dir, int(token.partition(":")[0]))
    return app


@asynccontextmanager
async def serve(data_dir: Path, port: int, token: str) -> AsyncIterator[str]:
    """Serve until the block ends; yields the URL. OSError with a plain sentence if the port is taken."""
    app = build(data_dir, token)
    try:
        async with listen(app, port) as url:
            yield url
    finally:
        app.state.room.close()


@asynccontextmanager
async def listen(app: Starlette, port: int = 0) -> AsyncIterator[str]:
    """Serve an application that `build` made, in this event loop; port 0 takes a free one."""
    try:
        listener = socket.create_server((HERE, port))
    except OSError as error:
        raise OSError(error.errno, f"The chat page cannot use port {port}: {error.strerror}.") from None
    # no access log: the token is part of every path
    config = uvicorn.Config(
        app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
        proxy_headers=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Server(config)
    # the socket listens already: who connects before the server runs waits a moment
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://{HERE}:{listener.getsockname()[1]}"
    finally:
        app.state.room.release()
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """Leaves signals to the program it is part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Guard:
    """Answers only to this machine's own names, so that no foreign name resolves to us, and sets headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        port = scope["server"][1]
        if Headers(scope=scope).get("host") not in (f"{HERE}:{port}", f"localhost:{port}"):
            await PlainTextResponse("This page answers on 127.0.0.1 only.", 421)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive, guarded)
